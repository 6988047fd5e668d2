"""Writes that are tried again because it is proven that nothing was executed, and those that never are."""

import asyncio
from typing import Any

import pytest

from adapters.contract.flow import Flow
from adapters.contract.wire import HttpResponse
from support.repetition import BUSY, NOT_SENT, evidence, paused, written
from support.scripted_provider import (
    READ,
    Network,
    cancelling,
    lost,
    placing,
    reply,
)
from support.written import Writing, problem_of, status, told

# While the caller waits ----------------------------------------------------------------------------------------------


def test_an_order_that_did_not_leave_is_tried_again_while_its_caller_waits() -> None:
    """Two refused connections cost the caller some seconds, not the order; the journal tells each step."""

    async def main(writing: Writing) -> None:
        operation = await writing.written(placing)
        assert (operation.state, status(operation), operation.attempts) == ("succeeded", 201, 3)
        tried = [("sending", "place"), ("no-answer", "not-executed"), ("again", "NoAnswer")]
        placed = [("sending", "place"), ("answer", "executed"), ("ended", "succeeded")]
        assert evidence(operation) == [("claimed", "accepted"), *tried, *tried, *placed]
        assert network.requests == [network.requests[0]] * 3, "the same bytes"

    network = Network(NOT_SENT, NOT_SENT, reply(id="1"))
    written(main, network)


def test_between_two_tries_the_journal_knows_that_nothing_was_executed() -> None:
    """A crash in the pause leaves an order that was not sent, and not one in doubt; its claim is kept."""

    async def main(writing: Writing) -> None:
        operation = await writing.submit(placing)
        stored = await paused(writing, operation)
        assert (stored.state, stored.doubt, stored.owner) == ("accepted", False, "worker")
        assert [step.phase for step in await writing.journal.steps(operation.id)] == ["not-sent"]
        await writing.idle()
        assert (await writing.stored(operation)).state == "succeeded"

    written(main, Network(BUSY))


@pytest.mark.parametrize("trouble", [NOT_SENT, lost("not-sent", "timeout"), HttpResponse(429)])
def test_after_three_tries_more_the_caller_is_told(trouble: Any) -> None:
    """503, not placed, and the key is free."""

    async def main(writing: Writing) -> None:
        operation = await writing.written(placing, wait=25.0)
        assert (operation.state, status(operation)) == ("cancelled", 503)
        assert (told(operation)["placed"], told(operation)["retry"]) == ("no", "same-key")
        assert len(network.requests) == 4
        network.by_step.clear()
        assert (await writing.written(placing)).state == "succeeded"

    network = Network(by_step={"place": trouble})
    written(main, network)


def test_a_provider_that_asks_for_a_pause_gets_it() -> None:
    """Retry-After before the next try, where the caller still waits then."""

    async def main(writing: Writing) -> None:
        assert (await writing.written(placing)).state == "succeeded"
        assert 3.0 <= network.times[1] - network.times[0] < 3.1

    network = Network(BUSY)
    written(main, network)


def test_a_pause_longer_than_the_caller_waits_is_told_at_once() -> None:
    """503 with the provider's own Retry-After; nobody is kept waiting for nothing."""

    async def main(writing: Writing) -> None:
        operation = await writing.written(placing, wait=10.0)
        assert (operation.state, problem_of(operation), told(operation)["retryAfter"]) == (
            "cancelled",
            "provider-capacity",
            60,
        )
        assert asyncio.get_running_loop().time() < 0.1

    written(main, Network(HttpResponse(429, {"retry-after": "60"})))


def test_without_a_budget_for_it_nothing_is_tried_again() -> None:
    """When everything fails, tries would only be more load."""

    async def main(writing: Writing) -> None:
        while writing.provider.guard.takes_retry():
            pass
        operation = await writing.written(placing)
        assert (operation.state, status(operation)) == ("cancelled", 503)
        assert len(network.requests) == 1

    network = Network(NOT_SENT)
    written(main, network)


def test_a_try_is_judged_by_itself() -> None:
    """The one that was placed and whose answer cannot be read is placed, whatever came before it."""

    async def main(writing: Writing) -> None:
        operation = await writing.written(placing)
        assert (operation.state, status(operation)) == ("succeeded", 202)

    written(main, Network(NOT_SENT, reply(surprise=1)))


def test_a_read_before_the_order_is_made_again_and_what_was_answered_is_not() -> None:
    """The flow goes on where nothing was known: its failed read is no part of what it was told."""

    async def main(writing: Writing) -> None:
        operation = await writing.written(lambda: placing(READ))
        assert operation.state == "succeeded"
        assert network.steps() == ["read", "read", "place", "place"]

    network = Network(reply(500), reply(), NOT_SENT, reply(id="1"))
    written(main, network, read_retries=0)


# What is never tried again -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (lost("partly-sent"), "unknown"),
        (lost("sent", "timeout"), "unknown"),
        (reply(500), "unknown"),
        (reply(503), "unknown"),
        (reply(422), "failed"),
        (reply(409), "failed"),
        (reply(401), "cancelled"),
        (reply(403), "cancelled"),
        (reply(405), "cancelled"),
        (lost("not-sent", "invalid"), "cancelled"),
    ],
)
@pytest.mark.parametrize("wait", [10.0, 0.0])
def test_what_may_have_left_or_was_decided_is_not_tried_again(answer: Any, state: str, wait: float) -> None:
    """Neither while the caller waits nor later; nor after a try that is proven not to have left."""

    async def main(writing: Writing) -> None:
        operation = await writing.followed(placing, wait=wait)
        assert operation.state == state
        assert len(network.requests) == 2

    network = Network(NOT_SENT, answer)
    written(main, network)


def test_a_list_of_which_a_part_was_done_is_not_run_again() -> None:
    """The second line met a 429: the first is done, and stays the only thing that is."""

    async def main(writing: Writing) -> None:
        operation = await writing.followed(lambda: cancelling(["a", "b"]), wait=0.0)
        assert operation.state == "partial"
        assert len(network.requests) == 2

    network = Network(reply(id="1"), HttpResponse(429))
    written(main, network)


def test_a_fault_of_our_own_is_not_tried_again() -> None:
    """It would only happen again."""

    async def main(writing: Writing) -> None:
        def broken() -> Flow[Any]:
            _ = yield READ
            raise KeyError("a fault of the adapter's")

        operation = await writing.followed(broken, wait=0.0)
        assert (operation.state, problem_of(operation)) == ("cancelled", "adapter-fault")

    written(main, Network())
