"""Writes that are withdrawn, left by their callers, or met by the end of the gateway."""

import asyncio
from typing import Any

import pytest

from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpRequest
from gateway.providers.pacing import Pacer
from policies.errors import Overloaded, Withdrawn
from policies.journal import Operation
from policies.local_permits import LocalPermits
from support.pacing import now, pacer_of
from support.scripted_provider import (
    READ,
    Network,
    ScriptedAdapter,
    WorkingLater,
    cancelling,
    placing,
    provider_of,
    reply,
)
from support.written import Writing, WritingTo, problem_of, status, told, until

SLOW = RateLimit("POST", "/orders", 1, 3600.0, source="a test")


class Gate:
    """Answers that wait until they are let go; whether the provider does its work is decided there."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    def __call__(self, request: HttpRequest) -> Any:
        return self._answered()

    async def _answered(self) -> Any:
        await self.open.wait()
        return reply(id="1")


Held = tuple[Pacer, LocalPermits, Network, Writing]


@pytest.fixture
async def held(writing_to: WritingTo) -> Held:
    """A provider whose pacer lets no order through for a while."""
    permits, network = LocalPermits(now), Network()
    pacer = pacer_of(SLOW, permits=permits)
    await permits.block("shop/post-orders-3600s", 20.0)
    return pacer, permits, network, writing_to(provider_of(network, ScriptedAdapter(), pacer=pacer))


async def test_an_operation_that_waits_for_its_turn_can_be_withdrawn(
    held: Held,
) -> None:
    """It is cancelled at once, for whoever waits for it too; it is never sent and its key is free."""
    pacer, permits, network, writing = held
    operation = await writing.submit(placing)
    waiting = asyncio.create_task(writing.engine.outcome(operation.id, 20.0))
    await until(lambda: pacer._room.waiting("shop/post-orders-3600s") > 0)
    withdrawn = await writing.engine.withdraw(operation)
    assert (withdrawn.state, told(withdrawn)["placed"], told(withdrawn)["retry"]) == ("cancelled", "no", "same-key")
    assert await asyncio.wait_for(waiting, 10) == withdrawn
    permits._slots.clear()
    again = await writing.written(placing, content="mended")
    assert again.state == "succeeded"
    assert len(network.requests) == 1


async def test_an_operation_that_is_withdrawn_while_it_reads_is_not_sent(writing_to: WritingTo) -> None:
    """Reading is not sending: the order that would have followed never leaves."""
    gate = Gate()
    network = Network(by_step={"read": gate})
    writing = writing_to(provider_of(network))
    operation = await writing.submit(lambda: placing(READ))
    await until(lambda: network.steps() == ["read"])
    withdrawn = await writing.engine.withdraw(operation)
    gate.open.set()
    assert await writing.engine.outcome(operation.id, 10.0) == withdrawn
    await writing.idle()
    assert network.steps() == ["read"]


async def test_an_operation_that_was_sent_cannot_be_withdrawn(writing_to: WritingTo) -> None:
    """It goes on, and its outcome stands."""
    gate = Gate()
    network = Network(by_step={"place": gate})
    writing = writing_to(provider_of(network))
    early = await writing.submit(placing)
    await until(lambda: bool(network.requests))
    late = await writing.engine.outcome(early.id, 0.0)
    for operation in (early, late):
        with pytest.raises(Withdrawn):
            await writing.engine.withdraw(operation)
    gate.open.set()
    assert (await writing.engine.outcome(early.id, 10.0)).state == "succeeded"


async def test_an_operation_that_has_ended_cannot_be_withdrawn(writing_to: WritingTo) -> None:
    """What was placed stays placed."""
    writing = writing_to(provider_of(Network()))
    operation = await writing.written(placing)
    with pytest.raises(Withdrawn):
        await writing.engine.withdraw(operation)
    assert await writing.journal.get(operation.id) == operation


async def test_who_waits_learns_the_outcome_though_the_key_is_claimed_anew(writing_to: WritingTo) -> None:
    """A released key may be taken within the same breath: its first operation is forgotten, not its waiters."""
    network = Network(reply(429))
    writing = writing_to(provider_of(network))
    first = await writing.submit(placing)
    waiting = asyncio.create_task(writing.engine.outcome(first.id, 10.0))
    while (await writing.stored(first)).state != "cancelled":
        assert not waiting.done()
    second = await writing.submit(placing)
    assert (await writing.stored(first)).id == second.id
    outcome = await waiting
    assert (outcome.id, outcome.state) == (first.id, "cancelled")
    await writing.idle()


async def test_those_who_do_not_wait_are_told_how_it_stands(writing_to: WritingTo) -> None:
    """Without waiting the operation is as it was stored last."""
    gate = Gate()
    writing = writing_to(provider_of(Network(by_step={"place": gate})))
    operation = await writing.submit(placing)
    assert (await writing.engine.outcome(operation.id, 0.0)).state == "accepted"
    gate.open.set()
    assert (await writing.engine.outcome(operation.id, 10.0)).state == "succeeded"


# The end of the gateway ----------------------------------------------------------------------------------------------


async def test_closing_lets_what_is_under_way_end(writing_to: WritingTo) -> None:
    """Within its grace nothing is cut off, and nothing new is taken."""
    gate = Gate()
    network = Network(by_step={"place": gate})
    writing = writing_to(provider_of(network))
    operation = await writing.submit(placing)
    await until(lambda: bool(network.requests))
    closing = asyncio.create_task(writing.engine.close(10.0))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await writing.submit(placing, "late")
    gate.open.set()
    await closing
    stored = await writing.journal.get(operation.id)
    assert stored is not None
    assert stored.state == "succeeded"


async def closed(writing: Writing, operation: Operation) -> Operation:
    """Close without grace, and return how the operation is recorded."""
    await writing.engine.close(0.0)
    assert not writing.engine._tasks
    stored = await writing.journal.get(operation.id)
    assert stored is not None
    return stored


async def test_an_order_that_is_cut_off_on_its_way_may_have_been_placed(writing_to: WritingTo) -> None:
    """Bytes left and no answer will be read: unknown, 504."""
    network = Network(by_step={"place": Gate()})
    writing = writing_to(provider_of(network))
    operation = await writing.submit(placing)
    await until(lambda: bool(network.requests))
    stored = await closed(writing, operation)
    assert (stored.state, status(stored), problem_of(stored)) == ("unknown", 504, "outcome-unknown")


async def test_an_order_that_never_left_was_not_placed(held: Held) -> None:
    """It waited for its turn when the gateway ended: 503, its key is free."""
    pacer, _, network, writing = held
    operation = await writing.submit(placing)
    await until(lambda: pacer._room.waiting("shop/post-orders-3600s") > 0)
    stored = await closed(writing, operation)
    assert (stored.state, status(stored), problem_of(stored)) == ("cancelled", 503, "overloaded")
    assert (told(stored)["placed"], told(stored)["retry"]) == ("no", "same-key")
    assert network.requests == []


async def test_an_order_that_was_placed_is_so_though_its_flow_is_cut_off(writing_to: WritingTo) -> None:
    """The provider said yes; what would have been read after it is not needed to know that."""

    def reading_after() -> Any:
        yield from placing()
        yield READ

    network = Network(by_step={"read": Gate()})
    writing = writing_to(provider_of(network))
    operation = await writing.submit(reading_after)
    await until(lambda: "read" in network.steps())
    stored = await closed(writing, operation)
    assert (stored.state, status(stored)) == ("succeeded", 202)


async def test_what_the_provider_still_works_on_stays_pending(writing_to: WritingTo) -> None:
    """Its end was not seen: neither done nor failed, and where to look is kept."""
    network = Network(reply(202, process="p0"), by_step={"poll": lambda request: reply(states={"p0": "pending"})})
    writing = writing_to(provider_of(network, WorkingLater()))
    operation = await writing.submit(lambda: cancelling(["l0"]))
    await writing.idle()
    stored = await closed(writing, operation)
    assert (stored.state, told(stored)["state"]) == ("pending", "pending")
    assert stored.due is not None


async def test_closing_twice_or_with_nothing_under_way_is_quick(writing_to: WritingTo) -> None:
    """Nothing to wait for."""
    writing = writing_to(provider_of(Network()))
    await writing.engine.close(10.0)
    await writing.engine.close(10.0)
