"""`writes: paused`: nothing new leaves for the provider, and what became of earlier writes is still found out."""

from collections.abc import Mapping
from typing import Any

import pytest
from typing_extensions import override

from adapters.contract.flow import Flow
from adapters.contract.models.resources import Order
from adapters.contract.traits import Trait
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.errors import describe
from gateway.providers.provider import Provider
from policies.errors import WritesPaused
from policies.journal import Change, JournalUnavailable, Operation
from support.scripted_provider import Network, ScriptedAdapter, lost, placing, provider_of
from support.written import QuickJournal, WritingTo


class Knowing(ScriptedAdapter):
    """A provider that can be asked for an order, and has it."""

    @override
    def traits(self) -> Mapping[str, Trait]:
        return {"place": Trait("lookup", source="a test")}

    @override
    def find_order(self, *_: Any) -> Flow[Order | None]:
        _answer: HttpResponse = yield HttpRequest("GET", "/orders", step="look")
        return Order(id="shop:7", provider="shop", kind="purchase", status="pending")


async def test_a_write_is_refused_before_its_key_is_used(writing_to: WritingTo) -> None:
    """503 `writes-paused` with the time to ask again: no record, nothing sent."""
    network = Network()
    writing = writing_to(provider_of(network))
    writing.provider.writes_paused = True
    with pytest.raises(WritesPaused) as refused:
        await writing.submit(placing)
    told = describe(refused.value, "shop")
    assert (told.name, told.status, told.retry_after) == ("writes-paused", 503, 60)
    assert await writing.journal.find("caller", "key") is None
    writing.provider.writes_paused = False
    assert (await writing.written(placing)).state == "succeeded"
    assert network.steps() == ["place"]


class Unwritable(QuickJournal):
    """A journal that cannot record that an order is about to leave while it is `broken`."""

    broken = True

    @override
    async def update(self, operation: Operation, change: Change) -> bool:
        if self.broken:
            raise JournalUnavailable("the disk is gone")
        return await super().update(operation, change)


async def test_an_accepted_write_that_is_left_over_waits(writing_to: WritingTo) -> None:
    """A restart with writes paused sends nothing of what was accepted before, and keeps it."""
    network, journal = Network(), Unwritable()
    writing = writing_to(provider_of(network), journal)
    operation = await writing.written(placing)
    journal.broken = False
    writing.provider.writes_paused = True
    await writing.looked(2)
    waiting = await writing.stored(operation)
    assert (waiting.state, waiting.doubt, network.requests) == ("accepted", False, [])
    writing.provider.writes_paused = False
    await writing.looked()
    assert (await writing.stored(operation)).state == "succeeded"
    assert network.steps() == ["place"]


async def test_a_lost_answer_is_still_looked_up(writing_to: WritingTo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding out only reads."""
    monkeypatch.setattr(Provider, "order_seconds", 0.0)
    network = Network(lost())
    writing = writing_to(provider_of(network, Knowing()))
    operation = await writing.written(placing)
    assert operation.state == "unknown"
    writing.provider.writes_paused = True
    await writing.looked()
    found = await writing.stored(operation)
    assert (found.state, found.subject) == ("succeeded", "shop:7")
    assert network.steps() == ["place", "look"]
