"""Writes of several independent requests: what is told of each part, and of the whole."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from adapters.contract.errors import ProviderError
from adapters.contract.flow import Flow
from adapters.contract.traits import RateLimit
from policies.journal import Operation
from support import virtual_time
from support.scripted_provider import (
    BUGGY,
    READ,
    LoggingIn,
    Network,
    Script,
    ScriptedAdapter,
    cancelling,
    lost,
    provider_of,
    reply,
)
from support.written import WritingTo, problem_of, status, told

DONE = reply(id="1")
NEVER_LEFT = lost("not-sent", "connect")


def parts_of(body: dict[str, Any]) -> dict[str, str]:
    """Return the state of each part."""
    return {part["id"]: part["state"] for part in body["parts"]}


@pytest.fixture
def cancelled(writing_to: WritingTo) -> Callable[..., Operation]:
    """Cancels a line for each answer."""

    def run(*answers: Script, adapter: ScriptedAdapter | None = None) -> Operation:
        writing = writing_to(provider_of(Network(*answers), adapter))
        return virtual_time.run(writing.written(lambda: cancelling(f"l{number}" for number in range(len(answers)))))

    return run


@pytest.mark.parametrize("refusal", [reply(422), reply(409), reply(429), reply(403), NEVER_LEFT])
def test_some_done_and_some_not_is_partial_and_final(refusal: Script, writing_to: WritingTo) -> None:
    """200 with the state of each line; it is replayed and never run again."""
    network = Network(DONE, refusal, DONE)
    writing = writing_to(provider_of(network))
    operation = virtual_time.run(writing.written(lambda: cancelling(["a", "b", "c"])))
    assert (operation.state, status(operation), told(operation)["state"]) == ("partial", 200, "partial")
    assert parts_of(told(operation)) == {"a": "done", "b": "failed", "c": "done"}
    assert virtual_time.run(writing.written(lambda: cancelling(["a", "b", "c"]))) == operation
    assert len(network.requests) == 3


@pytest.mark.parametrize("doubt", [lost(), reply(500), reply(BUGGY), lost("partly-sent")])
def test_one_line_in_doubt_leaves_the_whole_in_doubt(doubt: Script, cancelled: Callable[..., Operation]) -> None:
    """504 with the state of each line, and no member of the request at fault; the lines after it are still sent."""
    operation = cancelled(DONE, doubt, DONE)
    assert (operation.state, status(operation), problem_of(operation)) == ("unknown", 504, "outcome-unknown")
    assert parts_of(told(operation)) == {"l0": "done", "l1": "unknown", "l2": "done"}
    assert "violations" not in told(operation)
    assert operation.attempts == 3


@pytest.mark.parametrize(
    ("answers", "state", "code"),
    [
        ((reply(422), reply(422)), "failed", 422),
        ((reply(429), reply(429)), "cancelled", 503),
        ((NEVER_LEFT, NEVER_LEFT), "cancelled", 503),
        ((reply(422), reply(429)), "failed", 422),
        ((reply(429), reply(422)), "cancelled", 503),
        ((NEVER_LEFT, reply(422)), "cancelled", 503),
        ((reply(422), lost()), "unknown", 504),
    ],
)
def test_nothing_done_is_told_by_one_error_and_its_own_certainty(
    answers: tuple[Script, ...], state: str, code: int, cancelled: Callable[..., Operation]
) -> None:
    """A 503 is always free to be repeated with its key, a verdict always final, whichever line came last."""
    operation = cancelled(*answers)
    assert (operation.state, status(operation)) == (state, code)
    assert told(operation)["retry"] == ("new-key" if state == "failed" else "same-key")


def test_lines_that_the_rate_leaves_no_room_for_were_not_done(cancelled: Callable[..., Operation]) -> None:
    """The first line is done, the second had to wait too long: partial, not a success."""
    limit = RateLimit("PUT", "*", 1, 3600.0, source="a test")
    operation = cancelled(DONE, DONE, adapter=ScriptedAdapter(limits=[limit]))
    assert (operation.state, parts_of(told(operation))) == ("partial", {"l0": "done", "l1": "failed"})
    assert operation.attempts == 1


async def test_lines_that_no_login_was_had_for_were_not_done(writing_to: WritingTo) -> None:
    """The token is refused after the first line and the login host is silent: partial."""
    tokens = [reply(token="t1"), lost()]
    network = Network(DONE, reply(401), by_step={"login": lambda request: tokens.pop(0)})
    provider = provider_of(network, LoggingIn())
    clock = iter([0.0, 0.0, 10.0])
    provider._tokens._now = lambda: next(clock, 20.0)
    operation = await writing_to(provider).written(lambda: cancelling(["a", "b"]))
    assert network.steps() == ["login", "cancel", "cancel", "login"]
    assert (operation.state, parts_of(told(operation))) == ("partial", {"a": "done", "b": "failed"})


async def test_a_fault_after_some_lines_were_done_leaves_the_rest_in_doubt(writing_to: WritingTo) -> None:
    """Something was done, and nobody tells what of the whole: not a success."""

    def failing() -> Flow[Any]:
        yield from cancelling(["a", "b"])
        raise KeyError("a fault of the adapter's")

    operation = await writing_to(provider_of(Network(DONE, reply(422)))).written(failing)
    assert (operation.state, status(operation)) == ("unknown", 504)
    operation = await writing_to(provider_of(Network(DONE, DONE))).written(failing)
    assert (operation.state, status(operation)) == ("succeeded", 202)


async def test_an_error_that_a_flow_met_before_is_not_told_of_lines(writing_to: WritingTo) -> None:
    """What a read was refused has nothing to do with why no line was cancelled."""

    def reading_first() -> Flow[Any]:
        with suppress(ProviderError):
            yield READ
        return (yield from cancelling(["a"]))

    operation = await writing_to(provider_of(Network(reply(404), NEVER_LEFT))).written(reading_first)
    assert (status(operation), problem_of(operation)) == (503, "provider-unavailable")
