"""What comes before the first byte of an order: a record of its own, that is durable, and room for it."""

import asyncio
from typing import Any

import pytest
from typing_extensions import override

from adapters.contract.traits import RateLimit
from gateway.operations import engine as engine_module
from policies.errors import DuplicateReference, Overloaded
from policies.journal import Change, JournalFull, JournalUnavailable, Operation
from support.scripted_provider import Network, ScriptedAdapter, lost, placing, provider_of, reply
from support.written import QuickJournal, WritingTo, problem_of, status


async def test_an_order_is_recorded_as_sending_before_it_is_sent(writing_to: WritingTo) -> None:
    """Whoever looks while the request is on its way sees that something may have left."""
    writing = writing_to(provider_of(Network(by_step={"place": lambda request: looked()})))

    async def looked() -> Any:
        seen.append(await writing.journal.get("operation-0000"))
        return reply(id="1")

    seen: list[Operation | None] = []
    await writing.written(placing)
    assert [one and (one.state, one.attempts) for one in seen] == [("sending", 1)]


class Unwritable(QuickJournal):
    """A journal that cannot record that an order is about to leave, nor anything after that, while it is `broken`."""

    broken = True

    @override
    async def update(self, operation: Operation, change: Change) -> bool:
        if self.broken:
            raise JournalUnavailable("the disk is gone")
        return await super().update(operation, change)


async def test_nothing_is_sent_when_the_journal_cannot_record_it(writing_to: WritingTo) -> None:
    """A store that fails before the first byte stops the order: it goes on, once, when it can be recorded."""
    network, journal = Network(), Unwritable()
    writing = writing_to(provider_of(network), journal)
    operation = await writing.written(placing)
    assert network.requests == []
    assert (operation.state, operation.doubt, operation.attempts) == ("accepted", False, 0)
    assert await writing.worker.look() == 0, "somebody works on it until its lease ends"
    journal.broken = False
    await writing.looked()
    assert (await writing.stored(operation)).state == "succeeded"
    assert network.steps() == ["place"]


async def test_too_much_at_once_is_refused_before_anything_is_claimed(
    monkeypatch: pytest.MonkeyPatch, writing_to: WritingTo
) -> None:
    """503 with the time to come back: no record, nothing sent, and room again when one has ended."""
    monkeypatch.setattr(engine_module, "MAX_LIVE", 1)
    network = Network()
    writing = writing_to(provider_of(network))
    first = await writing.submit(placing, "first")
    with pytest.raises(Overloaded):
        await writing.submit(placing, "second")
    assert await writing.journal.find("caller", "second") is None
    await writing.engine.outcome(first.id, 10.0)
    await writing.idle()  # its outcome is told a moment before its place is free
    assert (await writing.written(placing, "second")).state == "succeeded"
    assert len(network.requests) == 2


async def test_too_much_at_once_is_refused_while_claims_are_under_way(
    monkeypatch: pytest.MonkeyPatch, writing_to: WritingTo
) -> None:
    """A burst is counted when it arrives, not when it is stored."""
    monkeypatch.setattr(engine_module, "MAX_LIVE", 1)
    network = Network()
    writing = writing_to(provider_of(network))
    burst = [writing.submit(placing, f"key-{number}") for number in range(5)]
    results = await asyncio.gather(*burst, return_exceptions=True)
    assert [type(one) for one in results] == [Operation, *[Overloaded] * 4]
    await writing.idle()
    assert len(network.requests) == 1


async def test_a_full_journal_takes_no_order(writing_to: WritingTo) -> None:
    """No record, no order."""

    class Full(QuickJournal):
        @override
        async def claim(self, operation: Operation) -> Operation:
            raise JournalFull("no room")

    network = Network()
    writing = writing_to(provider_of(network), Full())
    with pytest.raises(JournalFull):
        await writing.submit(placing)
    assert network.requests == []


async def test_a_reference_belongs_to_one_order(writing_to: WritingTo) -> None:
    """Live, placed or in doubt: another key with the same reference is refused, and told of its own caller's only."""
    writing = writing_to(provider_of(Network(reply(500))))
    first = await writing.written(placing, "one", reference="PO-1")
    with pytest.raises(DuplicateReference) as refused:
        await writing.submit(placing, "two", reference="PO-1")
    assert refused.value.operation_id == first.id


async def test_no_slot_is_used_by_an_order_that_never_left(writing_to: WritingTo) -> None:
    """A connection that was refused does not count against the provider's rate."""
    limit = RateLimit("POST", "/orders", 1, 3600.0, source="a test")
    writing = writing_to(provider_of(Network(lost("not-sent", "connect")), ScriptedAdapter(limits=[limit])))
    assert (await writing.written(placing)).state == "cancelled"
    assert (await writing.written(placing)).state == "succeeded"
    refused = await writing.written(placing, "another")
    assert (status(refused), problem_of(refused)) == (503, "provider-capacity")
