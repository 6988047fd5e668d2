"""What one operation did is never told of another: a look-up that finds it passes it over, or leaves it to a person.

Expected values: what the simulated providers really did. bol keeps no key and no caller's name with a process, so that
of two writes on one item or shipment only what is known here says which of them began it.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from adapters import registry
from adapters.contract.adapter import WriteContext
from adapters.contract.flow import Flow
from adapters.contract.models.requests import DeliveryChange, NewOrder, NewShipment, ShipmentChange
from adapters.contract.models.resources import Order
from adapters.contract.traits import Trait
from adapters.contract.wire import HttpRequest, HttpResponse
from conformance.subjects import GELATO
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip, within
from policies.journal import Journal, Operation
from support.journals import STORES, store_of
from support.moved_clock import MovedClock
from support.scripted_provider import Network, ScriptedAdapter, lost, placing, provider_of, reply
from support.simulated_shop import SimulatedShop
from support.written import WritingTo

EAN = "0000007740404"
IN_MEMORY = pytest.mark.parametrize("journal", ["memory"], indirect=True)


@pytest.fixture
def clock() -> Iterator[MovedClock]:
    """The clock of the gateway and of the simulator."""
    made = MovedClock()
    with made.asked():
        yield made


@pytest.fixture(params=STORES)
async def journal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Journal]:
    """An open, empty journal of each kind."""
    store = store_of(request.param, tmp_path)
    opened = await store.open()
    yield opened
    await opened.close()
    await store.remove()


class Bol(SimulatedShop):
    """bol, and an order of two of one item."""

    def __init__(self, clock: MovedClock, journal: Journal) -> None:
        bol = registry.load("bol")
        simulator = bol.simulator(now=lambda: clock.present, seed=7, pace=2.0)
        credentials = bol.adapter.Credentials.model_validate(dict(bol.simulator.credentials))
        settings = bol.adapter.Settings.model_validate(dict(bol.simulator.settings))
        super().__init__(bol.adapter("bol", settings, credentials, None), simulator, clock, journal)
        made = self.asked("POST", "/_simulator/orders", f'{{"lines": [{{"ean": "{EAN}", "quantity": 2}}]}}'.encode())
        self.order, self.item = str(made["id"]), str(made["items"][0]["id"])

    async def ship(self, tracking_code: str, **loss: Any) -> Operation:
        """Ship one of the item."""
        wanted = {"lines": [{"id": self.item, "quantity": 1}], "carrier": "TNT", "trackingCode": tracking_code}
        return await self.write("shipments.confirm", NewShipment.model_validate(wanted), self.order, **loss)

    async def shipped(self, tracking_code: str) -> str:
        """Ship one of the item, wait until that is done, and return the shipment's id."""
        done = await self.later(await self.ship(tracking_code), 60)
        assert done.state == "succeeded"
        return str(self.shipments()[-1]["id"])

    async def change(self, shipment: str, tracking_code: str, **loss: Any) -> Operation:
        """Give a shipment another tracking code."""
        change = ShipmentChange(tracking_code=tracking_code)
        return await self.write("shipments.change", change, self.order, shipment, **loss)

    async def change_elsewhere(self, shipment: str, tracking_code: str) -> None:
        """Change the code of a shipment as other software of the retailer's would."""
        change, context = ShipmentChange(tracking_code=tracking_code), WriteContext("elsewhere", self.clock.present)
        flow = self.adapter.change_shipment(self.order, shipment, change, context)
        await self.provider.run(flow, Trip(within(60.0), "elsewhere"))

    def shipments(self) -> list[dict[str, Any]]:
        """Return what was really shipped of the order."""
        return [one for one in self.truth()["shipments"] if one["order"] == self.order]

    def codes(self) -> list[str]:
        """Return the tracking codes of what was really shipped of the order, the oldest first."""
        return [str(one["trackAndTrace"]) for one in self.shipments()]


@pytest.fixture
def bol(clock: MovedClock, journal: Journal) -> Bol:
    """A gateway before bol."""
    return Bol(clock, journal)


async def test_a_shipment_that_never_arrived_does_not_take_the_process_of_the_one_before(bol: Bol) -> None:
    """One of two is shipped, the other one's request is lost a moment later: nobody is told that it was shipped."""
    await bol.shipped("3S-FIRST")
    second = await bol.ship("3S-SECOND", lose="request")
    assert second.state == "unknown"
    assert (await bol.later(second, 120)).state == "unknown"
    parked = await bol.later(second, 4 * 3600, step=600)
    assert (parked.state, bol.codes()) == ("parked", ["3S-FIRST"])


async def test_a_corrected_tracking_code_that_never_arrived_is_sent_again(bol: Bol) -> None:
    """The process of the change before is not taken for its own: it is sent again, and then it is what bol shows."""
    shipment = await bol.shipped("3S-FIRST")
    assert (await bol.later(await bol.change(shipment, "3S-TYPO"), 60)).state == "succeeded"
    second = await bol.change(shipment, "3S-SECOND", lose="request")
    assert (second.state, bol.codes()) == ("unknown", ["3S-TYPO"])
    second = await bol.later(second, 300)
    assert (second.state, bol.codes()) == ("succeeded", ["3S-SECOND"])


@IN_MEMORY
async def test_a_shipment_whose_answer_is_lost_finds_its_own_process(bol: Bol) -> None:
    """Beside the process of an earlier operation there is one more, and that is this one's."""
    await bol.shipped("3S-FIRST")
    second = await bol.ship("3S-SECOND", lose="answer")
    assert second.state == "unknown"
    second = await bol.later(second, 300)
    assert (second.state, bol.codes()) == ("succeeded", ["3S-FIRST", "3S-SECOND"])


@IN_MEMORY
async def test_a_process_that_bol_does_not_list_is_in_nobodys_way(bol: Bol) -> None:
    """A creation that failed is listed under no item: the one after it finds its own all the same."""
    wanted = {"lines": [{"id": bol.item, "quantity": 1}], "labelId": "no such label"}
    failed = await bol.write("shipments.confirm", NewShipment.model_validate(wanted), bol.order)
    assert (await bol.later(failed, 60)).state == "failed"
    second = await bol.later(await bol.ship("3S-SECOND", lose="answer"), 300)
    assert (second.state, bol.codes()) == ("succeeded", ["3S-SECOND"])


@IN_MEMORY
async def test_what_began_before_a_process_that_was_known_is_not_what_was_sent_after(bol: Bol) -> None:
    """Somebody else changed the code a moment before our change that was done: theirs is not our next one's process."""
    shipment = await bol.shipped("3S-FIRST")
    await bol.change_elsewhere(shipment, "3S-THEIRS")
    bol.clock.move(5.0)
    assert (await bol.later(await bol.change(shipment, "3S-TYPO"), 60)).state == "succeeded"
    second = await bol.change(shipment, "3S-SECOND", lose="request")
    second = await bol.later(second, 300)
    assert (second.state, bol.codes()) == ("succeeded", ["3S-SECOND"])


@IN_MEMORY
async def test_what_other_software_did_meanwhile_is_not_told_as_done_here(bol: Bol) -> None:
    """Its process is all that is there; but the shipment shows its code, not the one that was asked for."""
    shipment = await bol.shipped("3S-FIRST")
    second = await bol.change(shipment, "3S-SECOND", lose="request")
    await bol.change_elsewhere(shipment, "3S-THEIRS")
    second = await bol.later(second, 900)
    assert (second.state, bol.codes()) == ("parked", ["3S-THEIRS"])


@IN_MEMORY
async def test_of_two_changes_in_doubt_neither_takes_the_one_process(bol: Bol) -> None:
    """One was carried out, the other lost on its way; each may have begun the process, and so a person has to look."""
    shipment = await bol.shipped("3S-FIRST")
    first = await bol.change(shipment, "3S-SECOND", lose="answer")
    second = await bol.change(shipment, "3S-THIRD", lose="request")
    second = await bol.later(second, 600)
    first = await bol.later(first, 10)
    assert (first.state, second.state) == ("parked", "parked")
    assert bol.codes() == ["3S-SECOND"]


@IN_MEMORY
async def test_a_change_in_doubt_is_not_sent_again_after_a_later_one(bol: Bol) -> None:
    """Sending the mistyped code again would put it over the right one, which was entered since."""
    shipment = await bol.shipped("3S-FIRST")
    typo = await bol.change(shipment, "3S-TYPO", lose="request")
    right = await bol.change(shipment, "3S-RIGHT")
    typo = await bol.later(typo, 600)
    right = await bol.later(right, 10)
    assert (typo.state, right.state, bol.codes()) == ("parked", "succeeded", ["3S-RIGHT"])


@IN_MEMORY
async def test_the_process_of_a_write_that_is_under_way_is_not_taken(bol: Bol) -> None:
    """Who looks while another one's answer is on its way sees what that one has just begun, and waits."""
    shipment = await bol.shipped("3S-FIRST")
    typo = await bol.change(shipment, "3S-TYPO", lose="request")
    bol.clock.move(40.0)
    bol.wire.meanwhile = lambda: bol.look_at(typo)
    right = await bol.change(shipment, "3S-RIGHT")
    looked = await bol.later(typo, 0)
    assert (looked.state, looked.evidence[-1].kind, looked.evidence[-1].verdict) == ("unknown", "look-up", "undecided")
    typo, right = await bol.later(typo, 600), await bol.later(right, 10)
    assert (typo.state, right.state, bol.codes()) == ("parked", "succeeded", ["3S-RIGHT"])


@IN_MEMORY
async def test_changes_of_two_shipments_are_nothing_to_each_other(bol: Bol) -> None:
    """Another shipment of the order is another thing: what is in doubt about one stops nothing about the other."""
    first, second = await bol.shipped("3S-FIRST"), await bol.shipped("3S-SECOND")
    one = await bol.change(first, "3S-ONE", lose="answer")
    two = await bol.change(second, "3S-TWO", lose="answer")
    one, two = await bol.later(one, 600), await bol.later(two, 10)
    assert (one.state, two.state, bol.codes()) == ("succeeded", "succeeded", ["3S-ONE", "3S-TWO"])


@IN_MEMORY
async def test_a_delivery_in_doubt_is_not_changed_back_after_a_later_one(clock: MovedClock, journal: Journal) -> None:
    """Doing it twice is doing it once, but not with another address in between."""
    shop = SimulatedShop(
        GELATO.adapter(), GELATO.registration().simulator(now=lambda: clock.present, seed=7), clock, journal
    )
    placed = await shop.write("orders.place", GELATO.new_order("A-1"))
    assert placed.subject is not None
    native = placed.subject.partition(":")[2]
    address = GELATO.new_order("A-1").ship_to
    assert address is not None
    old, new = (DeliveryChange(ship_to=address.model_copy(update={"line1": line})) for line in ("Old 1", "New 2"))
    first = await shop.write("orders.changeDelivery", old, native, lose="request")
    second = await shop.write("orders.changeDelivery", new, native)
    first = await shop.later(first, 300)
    assert (first.state, second.state, shop.wire.commits) == ("parked", "succeeded", 2)


class Confusing(ScriptedAdapter):
    """A provider whose look-up shows some order, whoever placed it."""

    traits_told: ClassVar[Mapping[str, Trait]] = {"place": Trait("lookup", "a test", probes=2, on_absent="resend")}

    @override
    def find_order(self, order: NewOrder, since: datetime, context: WriteContext) -> Flow[Order | None]:
        response: HttpResponse = yield HttpRequest("GET", "/find", step="find")
        found = response.object()["id"]
        return None if found is None else Order(id=f"shop:{found}", provider="shop", kind="purchase", status="pending")


@pytest.fixture
def no_try_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A try is surely over as soon as it was made."""
    monkeypatch.setattr(Provider, "order_seconds", 0.0)


@pytest.mark.usefixtures("no_try_lasts")
async def test_the_order_of_another_operation_is_passed_over(writing_to: WritingTo) -> None:
    """It neither is this one's nor proves that this one's is absent: nothing is sent again, a person has to look."""
    network = Network(reply(id="10"), lost(), by_step={"find": reply(id="10")})
    writing = writing_to(provider_of(network, Confusing()))
    first = await writing.written(placing, "S-10")
    second = await writing.written(placing, "S-11")
    await writing.looked(4)
    second = await writing.stored(second)
    assert (first.subject, second.state, second.subject) == ("shop:10", "parked", None)
    assert network.steps().count("place") == 2


@pytest.mark.usefixtures("no_try_lasts")
async def test_the_order_that_shows_up_later_is_this_ones(writing_to: WritingTo) -> None:
    """First another one's is all that is to be seen."""
    finds = iter([reply(id="10"), reply(id="11")])
    network = Network(reply(id="10"), lost(), by_step={"find": lambda _: next(finds)})
    writing = writing_to(provider_of(network, Confusing()))
    await writing.written(placing, "S-10")
    second = await writing.written(placing, "S-11")
    await writing.looked(2)
    second = await writing.stored(second)
    assert (second.state, second.subject) == ("succeeded", "shop:11")


@pytest.mark.usefixtures("no_try_lasts")
async def test_one_order_is_not_found_for_two(writing_to: WritingTo) -> None:
    """Both lost their answers, and one order is there: the first to look has it, and the other is a person's."""
    network = Network(lost(), lost(), by_step={"find": reply(id="10")})
    writing = writing_to(provider_of(network, Confusing()))
    both = [await writing.written(placing, key) for key in ("S-10", "S-11")]
    await writing.looked(4)
    assert sorted([(await writing.stored(one)).state for one in both]) == ["parked", "succeeded"]


async def test_the_id_of_anothers_order_is_not_the_one_that_was_not_read(writing_to: WritingTo) -> None:
    """It was placed, and its id is still not known."""
    network = Network(reply(id="10"), reply(nothing="readable"), by_step={"find": reply(id="10")})
    writing = writing_to(provider_of(network, Confusing()))
    await writing.written(placing, "S-10")
    second = await writing.written(placing, "S-11")
    await writing.looked(2)
    second = await writing.stored(second)
    assert (second.state, second.subject) == ("succeeded", None)
