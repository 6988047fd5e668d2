"""Asynchronous changes: polled with growing intervals, until their processes end or the time for it is over.

Expected values: bol's Retailer API ("all processes will reach a final state within a maximum of three hours"), and what
TIMEOUT and a forgotten process do not say.
"""

from itertools import pairwise
from typing import Any

import pytest

from adapters.contract.adapter import ProcessState
from adapters.contract.models.resources import ChangedPart, OrderChange, PartState
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.operations.processes import POLL_SECONDS, given_up, overall, processes, settled
from policies.journal import Operation
from support import virtual_time
from support.scripted_provider import Network, WorkingLater, cancelling, lost, provider_of, reply
from support.written import Writing, problem_of, status, told


def polled(network: Network, lines: int) -> Operation:
    """Cancel lines, each a process of its own, and follow them to their end in no time."""
    for number in range(lines):
        network.answers.append(reply(202, process=f"p{number}"))
    writing = Writing(provider_of(network, WorkingLater()))
    return virtual_time.run(writing.written(lambda: cancelling(f"l{number}" for number in range(lines))))


def ending(*rounds: dict[str, str] | Exception | HttpResponse) -> Any:
    """Return a script for polls: what each is answered, the last one again and again."""
    left = list(rounds)

    def answered(request: HttpRequest) -> Any:
        now = left.pop(0) if len(left) > 1 else left[0]
        return reply(states=now) if isinstance(now, dict) else now

    return answered


def test_intervals_grow_and_cover_three_hours() -> None:
    """1, 2, 5, 10, 30 s …, never shorter again, a little over three hours in all."""
    assert POLL_SECONDS[:5] == (1, 2, 5, 10, 30)
    assert all(before <= after for before, after in pairwise(POLL_SECONDS))
    assert 3 * 3600 < sum(POLL_SECONDS) < 4 * 3600


def test_a_process_is_asked_at_those_intervals_until_it_ends() -> None:
    """Nothing is asked before its time, and nothing after the end."""
    pending = {"p0": "pending"}
    network = Network(by_step={"poll": ending(pending, pending, pending, pending, {"p0": "succeeded"})})
    operation = polled(network, 1)
    times = [time for time, step in zip(network.times, network.steps(), strict=True) if step == "poll"]
    assert [round(time) for time in times] == [1, 3, 8, 18, 48]
    assert (operation.state, status(operation), told(operation)["state"]) == ("succeeded", 200, "done")
    assert operation.next_check_at is None


def test_a_poll_asks_only_for_what_has_not_ended() -> None:
    """The second poll leaves out the process that the first one saw end."""
    network = Network(by_step={"poll": ending({"p0": "succeeded", "p1": "pending"}, {"p1": "succeeded"})})
    polled(network, 2)
    assert [request.body for request in network.requests if request.step == "poll"] == [b'["p0","p1"]', b'["p1"]']


@pytest.mark.parametrize(
    ("states", "state", "code", "problem"),
    [
        (["succeeded", "succeeded"], "succeeded", 200, ""),
        (["succeeded", "failed"], "partial", 200, ""),
        (["failed", "failed"], "failed", 422, "rejected-by-provider"),
        (["succeeded", "timeout"], "unknown", 504, "outcome-unknown"),
        (["failed", "timeout"], "unknown", 504, "outcome-unknown"),
        (["gone", "succeeded"], "unknown", 504, "outcome-unknown"),
        (["gone", "gone"], "unknown", 504, "outcome-unknown"),
    ],
)
def test_the_ends_of_processes_make_the_fate_of_the_change(
    states: list[str], state: str, code: int, problem: str
) -> None:
    """Too slow or forgotten is not "not done"; some of them is partial; each line that went wrong is named."""
    network = Network(by_step={"poll": ending({f"p{index}": one for index, one in enumerate(states)})})
    operation = polled(network, len(states))
    assert (operation.state, status(operation)) == (state, code)
    wrong = [f"l{index}" for index, one in enumerate(states) if one != "succeeded"]
    if problem:
        assert problem_of(operation) == problem
        assert [one["name"] for one in told(operation)["violations"]] == [f"lines[{line}]" for line in wrong]
        assert told(operation)["placed"] == ("no" if state == "failed" else "unknown")
    else:
        parts = told(operation)["parts"]
        assert [part["id"] for part in parts if part["state"] == "failed"] == wrong


def test_a_poll_that_fails_is_made_again() -> None:
    """A lost answer, a 500, a 429 and junk say nothing about the process."""
    rounds: list[Any] = [
        lost(),
        reply(500),
        reply(429),
        reply(surprise=1),
        lost("not-sent", "connect"),
        {"p0": "succeeded"},
    ]
    operation = polled(Network(by_step={"poll": ending(*rounds)}), 1)
    assert operation.state == "succeeded"
    assert sum(evidence.kind == "poll" for evidence in operation.evidence) == len(rounds)


def test_a_process_that_never_ends_is_unknown_at_last() -> None:
    """After the last interval nobody knows: 504, the lines named, the key joins the operation."""
    network = Network(by_step={"poll": ending({"p0": "succeeded", "p1": "pending"})})
    operation = polled(network, 2)
    assert (operation.state, status(operation), problem_of(operation)) == ("unknown", 504, "outcome-unknown")
    assert [one["name"] for one in told(operation)["violations"]] == ["lines[l1]"]
    assert network.steps().count("poll") == len(POLL_SECONDS)


def test_a_write_that_was_taken_on_is_unknown_when_its_answer_cannot_be_read() -> None:
    """A success status of a provider that works later is no success."""

    def junk() -> Any:
        yield from cancelling(["l0"])
        raise KeyError("a fault of the adapter's")

    network = Network(reply(202, process="p0"))
    operation = virtual_time.run(Writing(provider_of(network, WorkingLater())).written(junk))
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
