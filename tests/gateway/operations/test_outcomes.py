"""What becomes of a write of one request, and of its key. Expected values: the table of certainty in the API's text."""

from typing import Any

import pytest

from adapters.contract.errors import AdapterError, InvalidOrder, ProviderError, Violation
from adapters.contract.flow import Flow
from adapters.contract.wire import HttpRequest
from policies.errors import KeyReused
from support.scripted_provider import (
    BUGGY,
    COMMIT,
    READ,
    LoggingIn,
    Network,
    Script,
    ScriptedAdapter,
    lost,
    placing,
    provider_of,
    reply,
)
from support.written import WritingTo, problem_of, status, told


def broken(*before: HttpRequest) -> Flow[Any]:
    """Make these requests, then fail with an exception that an adapter must not raise."""
    for request in before:
        _ = yield request
    raise KeyError("a fault of the adapter's")


def resolute(*before: HttpRequest) -> Flow[Any]:
    """Make these requests, whatever they are answered, then fail with a fault of the adapter's own."""
    for request in before:
        try:
            yield request
        except ProviderError:
            continue
    raise KeyError("a fault of the adapter's")


def nonsense() -> Flow[Any]:
    """Place an order and return something that is none."""
    yield COMMIT
    return "surprise"


@pytest.mark.parametrize(
    ("answer", "state", "code", "problem"),
    [
        (reply(422), "failed", 422, "rejected-by-provider"),
        (reply(423), "failed", 422, "out-of-stock"),
        (reply(404), "failed", 404, "not-found"),
        (reply(409), "failed", 409, "not-cancellable"),
        (reply(429), "cancelled", 503, "provider-capacity"),
        (reply(401), "cancelled", 503, "provider-credentials"),
        (reply(403), "cancelled", 503, "provider-account"),
        (reply(405), "cancelled", 503, "adapter-fault"),
        (lost("not-sent", "connect"), "cancelled", 503, "provider-unavailable"),
        (lost("not-sent", "timeout"), "cancelled", 503, "provider-unavailable"),
        (lost("not-sent", "invalid"), "cancelled", 502, "adapter-fault"),
        (lost("partly-sent"), "unknown", 504, "outcome-unknown"),
        (lost("sent", "timeout"), "unknown", 504, "outcome-unknown"),
        (lost("answered-partly", status=500), "unknown", 504, "outcome-unknown"),
        (lost("answered-partly", status=422), "cancelled", 503, "provider-unavailable"),
        (lost("answered-partly", status=BUGGY), "unknown", 504, "outcome-unknown"),
        (reply(500), "unknown", 504, "outcome-unknown"),
        (reply(503), "unknown", 504, "outcome-unknown"),
        (reply(302), "unknown", 504, "outcome-unknown"),
        (reply(BUGGY), "unknown", 504, "outcome-unknown"),
    ],
)
async def test_the_status_is_the_certainty(
    answer: Script, state: str, code: int, problem: str, writing_to: WritingTo
) -> None:
    """Not placed and final, not placed and free to repeat, or 504: never a 500 or 502 once a byte was sent."""
    writing = writing_to(provider_of(Network(answer)))
    operation = await writing.written(placing)
    assert (operation.state, status(operation), problem_of(operation)) == (state, code, problem)
    body = told(operation)
    assert body["placed"] == {"failed": "no", "cancelled": "no", "unknown": "unknown"}[state]
    assert body["retry"] == ("new-key" if state == "failed" else "same-key")
    assert body["operation"] == body["instance"] == f"/v1/operations/{operation.id}"


@pytest.mark.parametrize("answer", [reply(429), lost("not-sent", "connect"), reply(405)])
async def test_what_was_not_done_says_when_to_come_back(answer: Script, writing_to: WritingTo) -> None:
    """503 with Retry-After of at least a second, in the header and the body."""
    operation = await writing_to(provider_of(Network(answer))).written(placing)
    assert operation.answer is not None
    assert int(operation.answer.fields["retry-after"]) == told(operation)["retryAfter"] >= 1


@pytest.mark.parametrize(
    ("answer", "state"), [(reply(422), "failed"), (reply(500), "unknown"), (reply(id="1"), "succeeded")]
)
async def test_what_was_decided_or_is_in_doubt_is_never_sent_again(
    answer: Script, state: str, writing_to: WritingTo
) -> None:
    """The same key gets the same operation, other content is refused, and the network sees nothing more."""
    network = Network(answer)
    writing = writing_to(provider_of(network))
    first = await writing.written(placing)
    assert first.state == state
    assert await writing.written(placing) == first
    with pytest.raises(KeyReused):
        await writing.submit(placing, content="other")
    assert len(network.requests) == 1


@pytest.mark.parametrize("answer", [reply(404), reply(422), reply(500), lost(), reply(BUGGY)])
async def test_a_refusal_of_a_read_before_the_order_uses_nothing_up(answer: Script, writing_to: WritingTo) -> None:
    """Nothing was committed: the key may be used again, also for mended content, and the reference too."""
    network = Network(answer)
    writing = writing_to(provider_of(network))
    refused = await writing.written(lambda: placing(READ), reference="PO-1")
    assert refused.state == "cancelled"
    assert refused.attempts == 0
    assert (told(refused)["placed"], told(refused)["retry"]) == ("no", "same-key")
    mended = await writing.written(placing, content="mended", reference="PO-1")
    assert (mended.state, status(mended)) == ("succeeded", 201)
    assert network.steps() == ["read", "place"]


async def test_content_that_the_adapter_refuses_after_a_read_is_named(writing_to: WritingTo) -> None:
    """422 with the violations; nothing was placed."""

    def picky() -> Flow[Any]:
        yield READ
        raise InvalidOrder(Violation("lines[0].quantity", "at most 3"))

    writing = writing_to(provider_of(Network()))
    operation = await writing.written(picky)
    assert (operation.state, status(operation), problem_of(operation)) == ("cancelled", 422, "validation-failed")
    assert told(operation)["violations"] == [{"name": "lines[0].quantity", "reason": "at most 3"}]
    assert (await writing.written(placing, content="mended")).state == "succeeded"


@pytest.mark.parametrize("requests", [(), (READ,)])
async def test_an_adapter_that_fails_before_the_order_placed_nothing(
    requests: tuple[HttpRequest, ...], writing_to: WritingTo
) -> None:
    """502 adapter-fault, and the key is not used up."""
    writing = writing_to(provider_of(Network()))
    operation = await writing.written(lambda: broken(*requests))
    assert (operation.state, status(operation), problem_of(operation)) == ("cancelled", 502, "adapter-fault")
    assert told(operation)["placed"] == "no"
    assert (await writing.written(placing)).state == "succeeded"


async def test_an_adapter_that_fails_before_its_flow_begins_is_at_fault_too(writing_to: WritingTo) -> None:
    """An exception of a method that is no generator is the adapter's all the same."""

    def immediately() -> Flow[Any]:
        raise KeyError("a fault of the adapter's")

    operation = await writing_to(provider_of(Network())).written(immediately)
    assert (status(operation), problem_of(operation)) == (502, "adapter-fault")


@pytest.mark.parametrize("flow", [lambda: broken(COMMIT), nonsense, placing])
async def test_what_fails_after_the_provider_said_yes_was_placed(flow: Any, writing_to: WritingTo) -> None:
    """202 with the operation: placed, its id is still to be found."""
    operation = await writing_to(provider_of(Network(reply(surprise=1)))).written(flow)
    assert (operation.state, status(operation)) == ("succeeded", 202)
    assert operation.answer is not None
    assert operation.answer.fields["location"] == f"/v1/operations/{operation.id}"


@pytest.mark.parametrize(
    ("answer", "state", "code", "problem"),
    [
        (reply(500), "unknown", 504, "outcome-unknown"),
        (lost(), "unknown", 504, "outcome-unknown"),
        (reply(422), "failed", 422, "rejected-by-provider"),
        (reply(429), "cancelled", 503, "provider-capacity"),
    ],
)
async def test_an_adapter_that_fails_after_an_answer_does_not_hide_it(
    answer: Script, state: str, code: int, problem: str, writing_to: WritingTo
) -> None:
    """The fault comes too late to change what the provider said, or did not."""
    operation = await writing_to(provider_of(Network(answer))).written(lambda: resolute(COMMIT))
    assert (operation.state, status(operation), problem_of(operation)) == (state, code, problem)


async def test_a_success_that_only_the_body_tells_is_in_doubt_when_it_cannot_be_read(
    writing_to: WritingTo,
) -> None:
    """A provider that answers 200 to failures too has said nothing."""

    class InBody(ScriptedAdapter):
        success_in_body = True

    operation = await writing_to(provider_of(Network(reply(surprise=1)), InBody())).written(placing)
    assert (operation.state, status(operation)) == ("unknown", 504)


async def test_a_login_that_fails_sends_no_order(writing_to: WritingTo) -> None:
    """Whatever the login host says or does not say, nothing was placed and the key is free."""
    for answer in (reply(401), reply(500), lost(), lost("sent", "timeout"), reply(403), reply(BUGGY)):
        network = Network(by_step={"login": answer})
        operation = await writing_to(provider_of(network, LoggingIn())).written(placing)
        assert operation.state == "cancelled"
        assert told(operation)["placed"] == "no"
        assert status(operation) in {502, 503}
        assert network.steps() == ["login"]


async def test_the_fate_is_evidenced_in_order(writing_to: WritingTo) -> None:
    """Claimed, sent, answered, ended: each with what it says, the phase and the status."""
    operation = await writing_to(provider_of(Network(reply(422)))).written(placing)
    told_as = [(one.kind, one.verdict, one.phase, one.status) for one in operation.evidence]
    assert told_as == [
        ("claimed", "accepted", None, None),
        ("sending", "place", None, None),
        ("answer", "rejected", "answered", 422),
        ("ended", "Rejected", None, None),
    ]
    assert operation.attempts == 1


@pytest.mark.parametrize("kind", [AdapterError, ProviderError])
async def test_errors_without_a_row_of_their_own_are_told_too(kind: type[AdapterError], writing_to: WritingTo) -> None:
    """The nearest class above decides."""

    def raising() -> Flow[Any]:
        yield from ()
        raise ProviderError(status=500) if kind is ProviderError else AdapterError

    operation = await writing_to(provider_of(Network())).written(raising)
    assert (operation.state, told(operation)["placed"]) == ("cancelled", "no")
