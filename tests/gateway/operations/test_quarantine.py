"""A journal that was restored from a backup: what may have been done since is looked for, and nothing is sent."""

from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from adapters.contract.adapter import WriteContext
from adapters.contract.errors import UnsupportedOperation
from adapters.contract.flow import Flow
from adapters.contract.models.requests import NewOrder, OrderQuery
from adapters.contract.models.resources import Order, Page
from adapters.contract.traits import Trait
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.operations import quarantine as module
from gateway.operations.quarantine import Quarantine
from policies.errors import DuplicateReference, Quarantined
from policies.journal import Change, Operation
from policies.operation import State
from support.scripted_provider import Network, Script, ScriptedAdapter, placing, provider_of, reply
from support.written import Writing, WritingTo, until

Logged = list[MutableMapping[str, Any]]


class Asked(ScriptedAdapter):
    """A provider that can be asked for one order (`find`) and for all of them (`list`)."""

    traits_told: ClassVar[Mapping[str, Trait]] = {
        "place": Trait("native_key", "a test", retention=1e9, probes=1, on_absent="resend")
    }

    @override
    def find_order(self, order: NewOrder, since: datetime, context: WriteContext) -> Flow[Order | None]:
        response: HttpResponse = yield HttpRequest("GET", "/find", step="find")
        found = response.object().get("id")
        return None if found is None else there(str(found))

    @override
    def list_orders(self, query: OrderQuery) -> Flow[Page[Order]]:
        response: HttpResponse = yield HttpRequest("GET", "/list", step="list")
        return Page(items=tuple(there(name, reference=name) for name in response.object()["there"]))


class AskedForOne(Asked):
    """The same without a list."""

    @override
    def list_orders(self, query: OrderQuery) -> Flow[Page[Order]]:
        raise UnsupportedOperation("no list")


def there(name: str, **members: Any) -> Order:
    """Return an order at the provider."""
    return Order(
        id=f"shop:{name}", provider="shop", kind="purchase", status="pending", created_at=datetime.now(UTC), **members
    )


def network(found: str | None = None, listed: tuple[str, ...] = (), **steps: Script) -> Network:
    """Return a provider at which one order is found, and these are listed."""
    answers: dict[str, Script] = {"find": reply(id=found) if found else reply(), "list": reply(there=[*listed])}
    return Network(by_step=answers | steps)


async def backed_up(writing: Writing, state: State = "accepted", **members: Any) -> Operation:
    """Have the backup hold an operation in this state."""
    placed = await writing.written(placing, "template", reference="template")
    held = replace(placed, id="left", key="left", reference="PO-1", version=0, evidence=(), answer=None, subject=None)
    claimed = await writing.journal.claim(replace(held, state="accepted"))
    left = replace(claimed, state=state, version=1, attempts=0, first_sent_at=None, last_sent_at=None, **members)
    assert await writing.journal.update(left, Change())
    return left


async def reconciled(writing: Writing, quarantine: Quarantine) -> None:
    """Let the worker look while the quarantine reconciles, until it ends."""
    quarantine.start()
    for _ in range(20):
        await writing.looked()
        if not writing.engine.quarantined:
            break
    await until(lambda: not writing.engine.quarantined)
    await quarantine.stop()


@pytest.fixture(autouse=True)
def looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks nobody waits; a request is over as soon as it began."""
    monkeypatch.setattr(module, "INTERVAL", 0.0)
    monkeypatch.setattr(module, "pause", lambda tries: 0.0)


def restored(writing_to: WritingTo, at: Network, adapter: ScriptedAdapter | None = None) -> Writing:
    """Return an engine at a provider that can be asked."""
    return writing_to(provider_of(at, adapter or Asked(), order=1.0))


@pytest.mark.parametrize("state", ["accepted", "held", "sending", "unknown"])
async def test_what_had_not_ended_may_have_been_done_since(state: State, writing_to: WritingTo) -> None:
    """Also what the backup says was never sent, or waits for a person: it may have left after the backup was made."""
    writing = restored(writing_to, network())
    left = await backed_up(writing, state)
    await Quarantine(writing.engine).begin()
    doubted = await writing.stored(left)
    assert (doubted.state, doubted.doubt) == ("unknown", True)
    assert (doubted.evidence[-1].kind, doubted.evidence[-1].verdict) == ("restored", state)


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled", "parked", "pending"])
async def test_what_had_ended_or_waits_for_its_process_stays(state: State, writing_to: WritingTo) -> None:
    """A process is polled on; a person's case stays a person's."""
    writing = restored(writing_to, network())
    left = await backed_up(writing, state)
    await Quarantine(writing.engine).begin()
    assert (await writing.stored(left)).state == state


async def test_nothing_new_begins_and_replays_go_on(writing_to: WritingTo) -> None:
    """Whose order is in the backup is answered from it; whose is not may have placed it already."""
    at = network()
    writing = restored(writing_to, at)
    placed = await writing.written(placing, "known")
    await Quarantine(writing.engine).begin()
    with pytest.raises(Quarantined):
        await writing.submit(placing, "new")
    assert await writing.engine.known("caller", "known", "content") == placed
    assert await writing.journal.find("caller", "new") is None
    assert at.steps() == ["place"]


async def test_what_was_placed_since_the_backup_is_found(writing_to: WritingTo) -> None:
    """By a look-up, although the provider would recognise our key: it may have forgotten it."""
    at = network(found="7")
    writing = restored(writing_to, at)
    left = await backed_up(writing)
    quarantine = Quarantine(writing.engine)
    await quarantine.begin()
    await reconciled(writing, quarantine)
    found = await writing.stored(left)
    assert (found.state, found.subject) == ("succeeded", "shop:7")
    assert at.steps().count("place") == 1


async def test_what_is_not_there_is_left_to_a_person_also_after_the_end(writing_to: WritingTo) -> None:
    """`on_absent: resend` is for a journal that knows what it sent."""
    at = network()
    writing = restored(writing_to, at)
    left = await backed_up(writing, "unknown", doubt=True)
    quarantine = Quarantine(writing.engine)
    await quarantine.begin()
    await quarantine.end("a person")
    await writing.looked(5)
    parked = await writing.stored(left)
    assert (parked.state, parked.doubt) == ("parked", True)
    assert at.steps().count("place") == 1


async def test_an_order_that_the_backup_does_not_know_is_recorded_and_told(
    writing_to: WritingTo, logged: Logged
) -> None:
    """Its reference is taken from then on: who orders it again with another key, or the same, is refused."""
    at = network(listed=("1", "gap"))
    writing = restored(writing_to, at)
    await writing.written(placing, "known")
    quarantine = Quarantine(writing.engine)
    await quarantine.begin()
    await reconciled(writing, quarantine)
    assert quarantine.found == ["shop:gap"]
    told = [line for line in logged if line["event"] == "order unknown to the restored journal"]
    assert [line["order"] for line in told] == quarantine.found
    with pytest.raises(DuplicateReference) as taken:
        await writing.submit(placing, "again", reference="gap")
    assert taken.value.operation_id is None
    again = Quarantine(writing.engine)
    await again.begin()
    await reconciled(writing, again)
    assert again.found == []


async def test_a_provider_without_a_list_is_told(writing_to: WritingTo, logged: Logged) -> None:
    """Nobody is to believe that nothing was placed there."""
    writing = restored(writing_to, network(), AskedForOne())
    quarantine = Quarantine(writing.engine)
    await quarantine.begin()
    await reconciled(writing, quarantine)
    assert quarantine.not_listed == {"shop"}
    ends = next(line for line in logged if line["event"] == "quarantine ends")
    assert ends["not_listed"] == ["shop"]


async def test_a_provider_that_does_not_answer_is_asked_again_and_given_up_in_the_end(
    writing_to: WritingTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every wait has an end; what was not listed is told."""
    monkeypatch.setattr(module, "TRIES", 3)
    at = network(list=reply(503))
    writing = restored(writing_to, at)
    quarantine = Quarantine(writing.engine)
    await quarantine.begin()
    assert (await quarantine.told())["stillToList"] == ["shop"]
    await reconciled(writing, quarantine)
    assert at.steps() == ["list"] * 3
    assert quarantine.unlisted == {"shop"}
