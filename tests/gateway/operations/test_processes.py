"""Asynchronous changes: polled with growing intervals, until their processes end or the time for it is over.

Expected values: bol's Retailer API ("all processes will reach a final state within a maximum of three hours"), and what
TIMEOUT and a forgotten process do not say.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.contract.adapter import ProcessState
from adapters.contract.models.resources import ChangedPart, OrderChange, PartState
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.operations.processes import given_up, overall, processes, settled
from policies.journal import Operation
from support.scripted_provider import Network, WorkingLater, cancelling, lost, provider_of, reply
from support.written import WritingTo, problem_of, status, told

Polled = Callable[..., Awaitable[Operation]]


@pytest.fixture
def polled(writing_to: WritingTo) -> Polled:
    """Cancels lines, each a process of its own, and follows them to their end in no time."""

    async def run(network: Network, lines: int, *, horizon: float = 3600.0) -> Operation:
        for number in range(lines):
            network.answers.append(reply(202, process=f"p{number}"))
        writing = writing_to(provider_of(network, WorkingLater()), horizon=horizon)
        return await writing.followed(lambda: cancelling(f"l{number}" for number in range(lines)))

    return run


def ending(*rounds: dict[str, str] | Exception | HttpResponse) -> Any:
    """Return a script for polls: what each is answered, the last one again and again."""
    left = list(rounds)

    def answered(request: HttpRequest) -> Any:
        now = left.pop(0) if len(left) > 1 else left[0]
        return reply(states=now) if isinstance(now, dict) else now

    return answered


async def test_a_process_is_asked_at_growing_intervals_until_it_ends(writing_to: WritingTo) -> None:
    """1, 2, 5, 10, 30, then 60 s after the last time; nothing after the end."""
    pending = {"p0": "pending"}
    network = Network(reply(202, process="p0"), by_step={"poll": ending(*[pending] * 7, {"p0": "succeeded"})})
    writing = writing_to(provider_of(network, WorkingLater()))
    operation = await writing.written(lambda: cancelling(["l0"]))
    pauses = []
    while operation.due is not None:
        pauses.append(round((operation.due - operation.updated_at).total_seconds()))
        assert await writing.looked() == 1
        operation = await writing.stored(operation)
    assert pauses == [1, 2, 5, 10, 30, 60, 60, 60]
    assert (operation.state, status(operation), told(operation)["state"]) == ("succeeded", 200, "done")
    assert await writing.looked() == 0
    assert network.steps().count("poll") == 8


async def test_a_process_is_not_asked_before_its_time(writing_to: WritingTo) -> None:
    """A worker that looks at once finds nothing due."""
    network = Network(reply(202, process="p0"))
    writing = writing_to(provider_of(network, WorkingLater()))
    await writing.written(lambda: cancelling(["l0"]))
    assert await writing.worker.look() == 0
    assert network.steps() == ["cancel"]


async def test_a_poll_asks_only_for_what_has_not_ended(polled: Polled) -> None:
    """The second poll leaves out the process that the first one saw end."""
    network = Network(by_step={"poll": ending({"p0": "succeeded", "p1": "pending"}, {"p1": "succeeded"})})
    await polled(network, 2)
    assert [request.body for request in network.requests if request.step == "poll"] == [b'["p0","p1"]', b'["p1"]']


@pytest.mark.parametrize(
    ("states", "state", "code", "problem"),
    [
        (["succeeded", "succeeded"], "succeeded", 200, ""),
        (["succeeded", "failed"], "partial", 200, ""),
        (["failed", "failed"], "failed", 422, "rejected-by-provider"),
        (["succeeded", "timeout"], "parked", 504, "outcome-unknown"),
        (["failed", "timeout"], "parked", 504, "outcome-unknown"),
        (["gone", "succeeded"], "parked", 504, "outcome-unknown"),
        (["gone", "gone"], "parked", 504, "outcome-unknown"),
    ],
)
async def test_the_ends_of_processes_make_the_fate_of_the_change(
    states: list[str], state: str, code: int, problem: str, polled: Polled
) -> None:
    """Too slow or forgotten is not "not done"; some of them is partial; each line that went wrong is named."""
    network = Network(by_step={"poll": ending({f"p{index}": one for index, one in enumerate(states)})})
    operation = await polled(network, len(states))
    assert (operation.state, status(operation)) == (state, code)
    wrong = [f"l{index}" for index, one in enumerate(states) if one != "succeeded"]
    if problem:
        assert problem_of(operation) == problem
        assert told(operation)["placed"] == ("no" if state == "failed" else "unknown")
    parts = told(operation)["parts"]
    assert [part["id"] for part in parts if part["state"] != "done"] == wrong


async def test_a_poll_that_fails_is_made_again(polled: Polled) -> None:
    """A lost answer, a 500, a 429 and junk say nothing about the process."""
    rounds: list[Any] = [
        lost(),
        reply(500),
        reply(429),
        reply(surprise=1),
        lost("not-sent", "connect"),
        {"p0": "succeeded"},
    ]
    network = Network(by_step={"poll": ending(*rounds)})
    operation = await polled(network, 1)
    assert operation.state == "succeeded"
    assert network.steps().count("poll") == len(rounds)
    told_nothing = [evidence.verdict for evidence in operation.evidence if evidence.kind == "poll"]
    assert told_nothing == ["NoAnswer", "Unavailable", "RateLimited", "AdapterFault", "NoAnswer"]


@pytest.mark.parametrize("last", [{"p0": "succeeded", "p1": "pending"}, lost()])
async def test_a_process_that_never_ends_is_left_to_a_person_at_last(last: Any, polled: Polled) -> None:
    """After the horizon nobody knows: 504, the lines named; also where the provider does not answer any more."""
    network = Network(by_step={"poll": ending(last)})
    operation = await polled(network, 2, horizon=0.0)
    assert (operation.state, status(operation), problem_of(operation)) == ("parked", 504, "outcome-unknown")
    left = ["l1"] if isinstance(last, dict) else ["l0", "l1"]
    assert [part["id"] for part in told(operation)["parts"] if part["state"] == "unknown"] == left
    assert (told(operation)["placed"], operation.due) == ("unknown", None)
    assert network.steps().count("poll") == 1


async def test_a_write_that_was_taken_on_is_unknown_when_its_answer_cannot_be_read(
    writing_to: WritingTo,
) -> None:
    """A success status of a provider that works later is no success."""

    def junk() -> Any:
        yield from cancelling(["l0"])
        raise KeyError("a fault of the adapter's")

    network = Network(reply(202, process="p0"))
    operation = await writing_to(provider_of(network, WorkingLater())).written(junk)
    assert (operation.state, status(operation)) == ("unknown", 504)


def change_of(*states: PartState) -> OrderChange:
    """Return a pending change whose lines are in these states."""
    parts = tuple(
        ChangedPart(id=f"l{number}", state=state, process=f"p{number}") for number, state in enumerate(states)
    )
    return OrderChange(order_id="shop:7", state="pending", parts=parts)


def test_a_process_that_carries_several_lines_is_asked_once() -> None:
    """Bol ships all lines of a shipment in one process; its end is the end of each line."""
    parts = tuple(ChangedPart(id=line, state="pending", process="p") for line in ("a", "b"))
    change = OrderChange(order_id="shop:7", state="pending", parts=parts)
    assert processes(change) == ("p",)
    after = settled(change, [ProcessState(id="p", state="succeeded")], provider="Shop")
    assert [part.state for part in after.parts or ()] == ["done", "done"]


def test_what_has_ended_stays_as_it_was() -> None:
    """A late word about a line that is done, or about nothing that was asked, changes nothing."""
    change = change_of("done", "pending")
    after = settled(
        change, [ProcessState(id="p0", state="failed"), ProcessState(id="p9", state="failed")], provider="Shop"
    )
    assert after == change


def test_a_change_that_is_given_up_is_unknown_where_it_was_pending() -> None:
    """What is known of the other lines is kept."""
    after = given_up(change_of("done", "failed", "pending"), provider="Shop")
    assert (after.state, [part.state for part in after.parts or ()]) == ("unknown", ["done", "failed", "unknown"])


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (["done"], "done"),
        (["done", "pending", "failed", "unknown"], "pending"),
        (["done", "failed", "unknown"], "unknown"),
        (["done", "failed"], "partial"),
        (["failed"], "failed"),
    ],
)
def test_the_whole_is_as_sure_as_its_least_sure_part(states: list[PartState], whole: str) -> None:
    """Pending and unknown first, then done, failed or partial."""
    assert overall(states) == whole
