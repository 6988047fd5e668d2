"""What becomes of a write of one request, and of its key. Expected values: the table of certainty in the API's text."""

from collections.abc import MutableMapping
from typing import Any

import pytest

from adapters.contract.errors import AdapterError, InvalidOrder, ProviderError, Violation
from adapters.contract.flow import Flow
from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpRequest
from gateway.operations import engine as engine_module
from gateway.stores.memory import MemoryJournal
from policies.errors import DuplicateReference, KeyReused, Overloaded
from policies.journal import JournalFull, Operation
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
from support.written import Writing, problem_of, status, told


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
async def test_the_status_is_the_certainty(answer: Script, state: str, code: int, problem: str) -> None:
    """Not placed and final, not placed and free to repeat, or 504: never a 500 or 502 once a byte was sent."""
    writing = Writing(provider_of(Network(answer)))
    operation = await writing.written(placing)
    assert (operation.state, status(operation), problem_of(operation)) == (state, code, problem)
    body = told(operation)
    assert body["placed"] == {"failed": "no", "cancelled": "no", "unknown": "unknown"}[state]
    assert body["retry"] == ("new-key" if state == "failed" else "same-key")
    assert body["operation"] == body["instance"] == f"/v1/operations/{operation.id}"


@pytest.mark.parametrize("answer", [reply(429), lost("not-sent", "connect"), reply(405)])
async def test_what_was_not_done_says_when_to_come_back(answer: Script) -> None:
    """503 with Retry-After of at least a second, in the header and the body."""
    operation = await Writing(provider_of(Network(answer))).written(placing)
    assert operation.answer is not None
    assert int(operation.answer.fields["retry-after"]) == told(operation)["retryAfter"] >= 1


@pytest.mark.parametrize(
    ("answer", "state"), [(reply(422), "failed"), (reply(500), "unknown"), (reply(id="1"), "succeeded")]
)
async def test_what_was_decided_or_is_in_doubt_is_never_sent_again(answer: Script, state: str) -> None:
    """The same key gets the same operation, other content is refused, and the network sees nothing more."""
    network = Network(answer)
    writing = Writing(provider_of(network))
    first = await writing.written(placing)
    assert first.state == state
    assert await writing.written(placing) == first
    with pytest.raises(KeyReused):
        await writing.submit(placing, content="other")
    assert len(network.requests) == 1


@pytest.mark.parametrize("answer", [reply(404), reply(422), reply(500), lost(), reply(BUGGY)])
async def test_a_refusal_of_a_read_before_the_order_uses_nothing_up(answer: Script) -> None:
    """Nothing was committed: the key may be used again, also for mended content, and the reference too."""
    network = Network(answer)
    writing = Writing(provider_of(network))
    refused = await writing.written(lambda: placing(READ), reference="PO-1")
    assert refused.state == "cancelled"
    assert refused.attempts == 0
    assert (told(refused)["placed"], told(refused)["retry"]) == ("no", "same-key")
    mended = await writing.written(placing, content="mended", reference="PO-1")
    assert (mended.state, status(mended)) == ("succeeded", 201)
    assert network.steps() == ["read", "place"]


async def test_content_that_the_adapter_refuses_after_a_read_is_named() -> None:
    """422 with the violations; nothing was placed."""

    def picky() -> Flow[Any]:
        yield READ
        raise InvalidOrder(Violation("lines[0].quantity", "at most 3"))

    writing = Writing(provider_of(Network()))
    operation = await writing.written(picky)
    assert (operation.state, status(operation), problem_of(operation)) == ("cancelled", 422, "validation-failed")
    assert told(operation)["violations"] == [{"name": "lines[0].quantity", "reason": "at most 3"}]
    assert (await writing.written(placing, content="mended")).state == "succeeded"


@pytest.mark.parametrize("requests", [(), (READ,)])
async def test_an_adapter_that_fails_before_the_order_placed_nothing(requests: tuple[HttpRequest, ...]) -> None:
    """502 adapter-fault, and the key is not used up."""
    writing = Writing(provider_of(Network()))
    operation = await writing.written(lambda: broken(*requests))
    assert (operation.state, status(operation), problem_of(operation)) == ("cancelled", 502, "adapter-fault")
    assert told(operation)["placed"] == "no"
    assert (await writing.written(placing)).state == "succeeded"


async def test_an_adapter_that_fails_before_its_flow_begins_is_at_fault_too() -> None:
    """An exception of a method that is no generator is the adapter's all the same."""

    def immediately() -> Flow[Any]:
        raise KeyError("a fault of the adapter's")

    operation = await Writing(provider_of(Network())).written(immediately)
    assert (status(operation), problem_of(operation)) == (502, "adapter-fault")


@pytest.mark.parametrize("flow", [lambda: broken(COMMIT), nonsense, placing])
async def test_what_fails_after_the_provider_said_yes_was_placed(flow: Any) -> None:
    """202 with the operation: placed, its id is still to be found."""
    operation = await Writing(provider_of(Network(reply(surprise=1)))).written(flow)
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
    answer: Script, state: str, code: int, problem: str
) -> None:
    """The fault comes too late to change what the provider said, or did not."""
    operation = await Writing(provider_of(Network(answer))).written(lambda: resolute(COMMIT))
    assert (operation.state, status(operation), problem_of(operation)) == (state, code, problem)


async def test_a_success_that_only_the_body_tells_is_in_doubt_when_it_cannot_be_read() -> None:
    """A provider that answers 200 to failures too has said nothing."""

    class InBody(ScriptedAdapter):
        success_in_body = True

    operation = await Writing(provider_of(Network(reply(surprise=1)), InBody())).written(placing)
    assert (operation.state, status(operation)) == ("unknown", 504)


async def test_a_login_that_fails_sends_no_order() -> None:
    """Whatever the login host says or does not say, nothing was placed and the key is free."""
    for answer in (reply(401), reply(500), lost(), lost("sent", "timeout"), reply(403), reply(BUGGY)):
        network = Network(by_step={"login": answer})
        operation = await Writing(provider_of(network, LoggingIn())).written(placing)
        assert operation.state == "cancelled"
        assert told(operation)["placed"] == "no"
        assert status(operation) in {502, 503}
        assert network.steps() == ["login"]


async def test_the_fate_is_evidenced_in_order() -> None:
    """Claimed, sent, answered, ended: each with what it says, the phase and the status."""
    operation = await Writing(provider_of(Network(reply(422)))).written(placing)
    told_as = [(one.kind, one.verdict, one.phase, one.status) for one in operation.evidence]
    assert told_as == [
        ("claimed", "accepted", None, None),
        ("sending", "place", None, None),
        ("answer", "rejected", "answered", 422),
        ("ended", "Rejected", None, None),
    ]
    assert operation.attempts == 1


async def test_an_order_is_recorded_as_sending_before_it_is_sent() -> None:
    """Whoever looks while the request is on its way sees that something may have left."""
    writing = Writing(provider_of(Network(by_step={"place": lambda request: looked()})))

    async def looked() -> Any:
        seen.append(await writing.journal.get("operation-0000"))
        return reply(id="1")

    seen: list[Operation | None] = []
    await writing.written(placing)
    assert [one and (one.state, one.attempts) for one in seen] == [("sending", 1)]


async def test_nothing_is_sent_when_the_journal_cannot_record_it(logged: list[MutableMapping[str, Any]]) -> None:
    """A store that fails before the first byte stops the order."""

    class Failing(MemoryJournal):
        async def update(self, operation: Operation) -> bool:
            if operation.state == "sending":
                raise JournalFull
            return await super().update(operation)

    network = Network()
    operation = await Writing(provider_of(network), Failing()).written(placing)
    assert network.requests == []
    assert (operation.state, status(operation), problem_of(operation)) == ("cancelled", 503, "journal-unavailable")


async def test_too_much_at_once_is_refused_before_anything_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with the time to come back: no record, nothing sent, and room again when one has ended."""
    monkeypatch.setattr(engine_module, "MAX_LIVE", 1)
    network = Network()
    writing = Writing(provider_of(network))
    first = await writing.submit(placing, "first")
    with pytest.raises(Overloaded):
        await writing.submit(placing, "second")
    assert await writing.journal.find("caller", "second") is None
    await writing.engine.outcome(first.id, 10.0)
    assert (await writing.written(placing, "second")).state == "succeeded"
    assert len(network.requests) == 2


async def test_a_full_journal_takes_no_order() -> None:
    """No record, no order."""
    network = Network(lost())
    writing = Writing(provider_of(network), MemoryJournal(limit=1))
    await writing.written(placing, "in doubt")
    with pytest.raises(JournalFull):
        await writing.submit(placing, "another")
    assert len(network.requests) == 1


async def test_a_reference_belongs_to_one_order() -> None:
    """Live, placed or in doubt: another key with the same reference is refused, and told of its own caller's only."""
    writing = Writing(provider_of(Network(reply(500))))
    first = await writing.written(placing, "one", reference="PO-1")
    with pytest.raises(DuplicateReference) as refused:
        await writing.submit(placing, "two", reference="PO-1")
    assert refused.value.operation_id == first.id


@pytest.mark.parametrize("kind", [AdapterError, ProviderError])
async def test_errors_without_a_row_of_their_own_are_told_too(kind: type[AdapterError]) -> None:
    """The nearest class above decides."""

    def raising() -> Flow[Any]:
        yield from ()
        raise ProviderError(status=500) if kind is ProviderError else AdapterError

    operation = await Writing(provider_of(Network())).written(raising)
    assert (operation.state, told(operation)["placed"]) == ("cancelled", "no")


async def test_no_slot_is_used_by_an_order_that_never_left() -> None:
    """A connection that was refused does not count against the provider's rate."""
    limit = RateLimit("POST", "/orders", 1, 3600.0, source="a test")
    writing = Writing(provider_of(Network(lost("not-sent", "connect")), ScriptedAdapter(limits=[limit])))
    assert (await writing.written(placing)).state == "cancelled"
    assert (await writing.written(placing)).state == "succeeded"
    refused = await writing.written(placing, "another")
    assert (status(refused), problem_of(refused)) == (503, "provider-capacity")
