"""An order that was placed and whose id could not be read: the provider is asked for it later."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import pytest
from typing_extensions import override

from adapters.contract.adapter import WriteContext
from adapters.contract.flow import Flow
from adapters.contract.models.requests import NewOrder
from adapters.contract.models.resources import Order
from adapters.contract.traits import Trait
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.operations import resolver
from support.scripted_provider import Network, Script, ScriptedAdapter, placing, provider_of, reply
from support.written import WritingTo, status, told


class Asked(ScriptedAdapter):
    """A provider that can be asked for an order."""

    traits_told: ClassVar[Mapping[str, Trait]] = {"place": Trait("lookup", "a test", on_absent="resend")}

    @override
    def find_order(self, order: NewOrder, since: datetime, context: WriteContext) -> Flow[Order | None]:
        response: HttpResponse = yield HttpRequest("GET", "/find", step="find")
        found = response.object().get("id")
        return None if found is None else Order(id=f"shop:{found}", provider="shop", kind="purchase", status="pending")


async def test_its_id_is_found_and_the_answer_is_the_order(writing_to: WritingTo) -> None:
    """First it is not there yet; nothing is sent again for that."""
    finds = iter([reply(), reply(503), reply(id="7")])
    network = Network(reply(nothing="readable"), by_step={"find": lambda _: next(finds)})
    writing = writing_to(provider_of(network, Asked()))
    placed = await writing.written(placing)
    assert (placed.state, status(placed), placed.subject) == ("succeeded", 202, None)
    await writing.looked(4)
    found = await writing.stored(placed)
    assert (found.state, status(found), found.subject) == ("succeeded", 201, "shop:7")
    assert told(found)["id"] == "shop:7"
    assert found.due is None
    assert network.steps() == ["place", "find", "find", "find"]


@pytest.mark.parametrize("answer", [reply(), reply(503)])
async def test_it_is_asked_for_a_bounded_number_of_times(
    answer: Script, writing_to: WritingTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is placed whatever comes of that, and never sent again."""
    monkeypatch.setattr(resolver, "ID_TRIES", 3)
    network = Network(reply(nothing="readable"), by_step={"find": answer})
    writing = writing_to(provider_of(network, Asked()))
    placed = await writing.written(placing)
    await writing.looked(6)
    found = await writing.stored(placed)
    assert (found.state, status(found), found.due) == ("succeeded", 202, None)
    assert network.steps() == ["place", "find", "find", "find"]


async def test_a_provider_that_cannot_be_asked_is_not(writing_to: WritingTo) -> None:
    """Nobody has to look at it again."""
    writing = writing_to(provider_of(Network(reply(nothing="readable"))))
    placed = await writing.written(placing)
    assert (placed.state, placed.due) == ("succeeded", None)
