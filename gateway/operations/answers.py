"""What the caller of a write is answered in each state, and what of it is kept for replays."""

from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote

import msgspec

from adapters.contract import codec
from adapters.contract.errors import AdapterError, NoAnswer, ProviderError
from adapters.contract.models.resources import Order, OrderChange
from gateway.api.problems import MEDIA_TYPE, Problem, ProviderWords, Retry, problem
from gateway.errors import describe, rule, words_of
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip
from policies.journal import Operation, StoredAnswer
from policies.operation import PLACED, Attempt, Judgement, State, after_failure

_STATES: dict[str, State] = {"done": "succeeded", "partial": "partial", "pending": "pending", "unknown": "unknown"}
_SAID: dict[Judgement, State] = {"rejected": "failed", "not-executed": "cancelled"}
_RETRY: dict[State, Retry] = {"failed": "new-key", "cancelled": "same-key", "unknown": "same-key", "parked": "same-key"}


def operation_path(operation_id: str) -> str:
    """Return the operation's path."""
    return f"/v1/operations/{operation_id}"


def order_path(order_id: str) -> str:
    """Return the order's path, its id encoded as one segment."""
    return f"/v1/orders/{quote(order_id, safe=':')}"


def state_of(result: Order | OrderChange, attempts: Sequence[Attempt]) -> State:
    """Return the operation's state for what a flow returned."""
    if isinstance(result, Order):
        return "succeeded"
    if result.state == "failed":
        state = after_failure(attempts)
        return state if state in {"failed", "cancelled"} else "failed"
    return _STATES[result.state]


def state_after(error: BaseException, trip: Trip, provider: Provider) -> State:
    """Return the operation's state for a flow that ended in an error.

    `after_failure` knows single commits. Of several, one that was executed says nothing about the others; a success
    status is no success where the provider works asynchronously, or tells success in a body that could not be read.
    Where nothing was executed, the state is the one that goes with the error that is told.
    """
    if provider.adapter.success_in_body:
        trip.doubt()
    state = after_failure(trip.attempts)
    if state == "succeeded":
        executed = sum(attempt.judgement == "executed" for attempt in trip.attempts)
        later = any(trait.kind == "async" for trait in provider.adapter.traits().values())
        return "unknown" if later or executed < trip.commits else "succeeded"
    if state in {"failed", "cancelled"} and trip.attempts and isinstance(error, ProviderError):
        told: Judgement | None = "not-executed" if isinstance(error, NoAnswer) else rule(error).judgement
        return _SAID.get(told or "unclear", state)
    return state


def telling(error: Exception, trip: Trip) -> Exception:
    """Return the error to tell: a commit's verdict, where something else (a fault of ours) came after it."""
    return error if isinstance(error, AdapterError) or trip.last_error is None else trip.last_error


def of_result(result: Order | OrderChange, operation: Operation) -> StoredAnswer:
    """Return 201 with the placed order, or 200 with what came of a change."""
    if isinstance(result, OrderChange):
        return of_change(result, operation)
    body = codec.encode(msgspec.structs.replace(without_goods(result), operation=operation.id))
    return StoredAnswer(201, {"content-type": "application/json", "location": order_path(result.id)}, body)


def without_goods(order: Order) -> Order:
    """Return the order without deliverables: they are goods, and are neither kept nor replayed."""
    if all(line.deliverables is None for line in order.lines):
        return order
    lines = tuple(msgspec.structs.replace(line, deliverables=None) for line in order.lines)
    return msgspec.structs.replace(order, lines=lines)


def of_change(change: OrderChange, operation: Operation) -> StoredAnswer:
    """Return 200 with a change as it stands."""
    body = codec.encode(msgspec.structs.replace(change, operation=operation.id))
    return StoredAnswer(200, {"content-type": "application/json"}, body)


def of_failed_change(
    result: Order | OrderChange, operation: Operation, error: ProviderError | None, state: State
) -> StoredAnswer:
    """Return the problem for a change of which every part failed, or whose fate is not known, with every part."""
    if state == "unknown":
        told = problem("outcome-unknown", provider=last_words(operation, error))
    elif error is not None and (state != "failed" or rule(error).judgement == "rejected"):
        told = describe(error, operation.account)
    else:
        told = problem("rejected-by-provider", provider=ProviderWords(name=operation.account))
    parts = result.parts if isinstance(result, OrderChange) else None
    return _stored(msgspec.structs.replace(told, parts=parts or None), operation, state)


def of_error(error: BaseException, operation: Operation, said: ProviderError | None = None) -> StoredAnswer:
    """Return what a write that ended in an error is answered, by the state it ended in.

    `said` is what its last commit was answered, where that was an error: it goes before an error that came after it.
    """
    if operation.state == "succeeded":
        # The provider said yes, and the rest of its answer could not be read: placed, its id is still to be found.
        return StoredAnswer(202, {"location": operation_path(operation.id)}, b"")
    if operation.state == "unknown":
        return of_doubt(operation, said, error)
    told = describe(error, operation.account) if isinstance(error, Exception) else problem("internal")
    return _stored(told, operation, operation.state)


def of_doubt(operation: Operation, *errors: BaseException | None) -> StoredAnswer:
    """Return the problem of an operation that may have been executed, with the provider's last words (`last_words`)."""
    return _stored(problem("outcome-unknown", provider=last_words(operation, *errors)), operation, "unknown")


def of_nothing(operation: Operation, state: State) -> StoredAnswer:
    """Return the problem of an operation that was found not to have been executed."""
    name = "rejected-by-provider" if state == "failed" else "deadline-exceeded"
    return _stored(problem(name, provider=last_words(operation)), operation, state)


def last_words(operation: Operation, *errors: BaseException | None) -> ProviderWords:
    """Return what the provider said of a write: in the first of these errors that has an answer behind it, else before.

    What it said before stands in the answer that is kept. There it outlives a restart, is sealed like any answer, and
    goes when retention lets that go.
    """
    for error in errors:
        if isinstance(error, ProviderError) and error.status is not None:
            return words_of(error, operation.account)
    kept = problem_in(operation)
    return (kept and kept.provider) or ProviderWords(name=operation.account)


def problem_in(operation: Operation) -> Problem | None:
    """Return the problem that an operation was answered with last, or None where it was none."""
    if operation.answer is None or operation.answer.status < 400:
        return None
    try:
        return msgspec.json.decode(operation.answer.body, type=Problem)
    except msgspec.DecodeError:
        return None


def of_verdict(operation: Operation) -> StoredAnswer:
    """Return what a person's verdict is answered as: the operation, or that nothing was placed."""
    if operation.state == "failed":
        told = problem("rejected-by-provider", "A person found that nothing was placed.")
        return _stored(told, operation, "failed")
    return StoredAnswer(202, {"location": operation_path(operation.id)}, b"")


def change_in(operation: Operation) -> OrderChange | None:
    """Return the change that a pending operation was answered with, or None where there is none."""
    if operation.answer is None or operation.answer.status != 200:
        return None
    try:
        return msgspec.json.decode(operation.answer.body, type=OrderChange)
    except msgspec.DecodeError:
        return None


def of_withdrawal(operation: Operation) -> StoredAnswer:
    """Return what those who wait for a withdrawn operation are answered."""
    told = problem("not-found", "The operation was withdrawn before anything was sent.")
    return _stored(told, operation, "cancelled")


def of_twin(operation: Operation) -> StoredAnswer:
    """Return the problem of an order that was not placed because it looks like another."""
    return _stored(problem("twin-order", provider=ProviderWords(name=operation.account)), operation, "cancelled")


def _stored(told: Problem, operation: Operation, state: State) -> StoredAnswer:
    placed: Literal["yes", "no", "unknown", "pending"] = PLACED[state]
    retry = _RETRY.get(state)
    path = operation_path(operation.id)
    told = _certain(told, operation)
    told = msgspec.structs.replace(told, placed=placed, retry=retry, operation=path, instance=path)
    headers = {"content-type": MEDIA_TYPE}
    if state == "unknown":
        headers |= {"location": path, "retry-after": str(told.retry_after or 5)}
    elif told.status in {429, 503}:
        retry_after = told.retry_after or 1
        told = msgspec.structs.replace(told, retry_after=retry_after)
        headers["retry-after"] = str(retry_after)
    return StoredAnswer(told.status, headers, told.encoded())


def _certain(told: Problem, operation: Operation) -> Problem:
    """Return the problem with a status that says whether the write was done: here, always, that it was not.

    504 is for what may have been done, and 500 and 502 are repeated by software that knows no better.
    """
    if told.name == "provider-timeout":
        return problem("provider-unavailable", told.detail, retry_after=told.retry_after, provider=told.provider)
    if told.status in {500, 502} and any(one.phase not in {None, "not-sent"} for one in operation.evidence):
        return msgspec.structs.replace(told, status=503)
    return told
