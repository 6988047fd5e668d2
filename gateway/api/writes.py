"""What every write has in common: the key, the claim, the wait, and the answer for each state."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from gateway.api.body import ApiError, refuse
from gateway.api.context import Answer, Call
from gateway.api.keys import KeyInvalid, KeyMissing, parse_key
from gateway.api.problems import MEDIA_TYPE, Problem, ProviderWords, Retry, problem
from gateway.api.views import operation_view
from gateway.errors import describe
from gateway.operations.answers import of_doubt, operation_path, order_path
from gateway.operations.engine import WRITE_SECONDS
from gateway.operations.intents import Intent
from gateway.operations.twins import said
from gateway.operations.write import Write
from gateway.providers.provider import Provider
from policies.errors import CircuitOpen, DuplicateReference, KeyReused, WritesPaused
from policies.idempotency import fingerprint
from policies.journal import JournalUnavailable, Operation, StoredAnswer
from policies.operation import FINAL, PLACED

DEFAULT_WAIT = 10.0
MAX_WAIT = 25.0


@dataclass(frozen=True, slots=True)
class Preference:
    """How long the caller waits for the outcome, and whether `later` (202) will do; `applied` is told back."""

    wait: float = DEFAULT_WAIT
    applied: str | None = None
    later: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """The caller's key and what the request means."""

    value: str
    fingerprint: str
    prefer: Preference


def read_key(call: Call, kind: str, subject: Sequence[str], content: Any) -> Key:
    """Return the key of a write. Raises ApiError when it is missing or cannot be read, or `Prefer` is not known."""
    try:
        value = parse_key(call.http.headers.getall("Idempotency-Key", []))
    except KeyMissing:
        refuse("idempotency-key-missing")
    except KeyInvalid as error:
        refuse("idempotency-key-invalid", str(error))
    return Key(value, fingerprint(kind, subject, content), preference(call.http.headers.getall("Prefer", [])))


def preference(lines: Sequence[str]) -> Preference:
    """Read `Prefer: respond-async` and `wait=N` (RFC 7240). Raises ApiError for anything else, which may matter.

    Both together: wait so long, then answer that it goes on. The first one alone: answer at once.
    """
    later, wait = False, None
    for part in (part.strip() for line in lines for part in line.split(",")):
        if part.lower() == "respond-async":
            later = True
        elif (match := re.fullmatch(r"wait=(\d{1,4})", part, re.IGNORECASE)) is not None:
            wait = min(float(match[1]), MAX_WAIT)
        elif part:
            refuse(
                "malformed-request", "Prefer takes respond-async and wait=N (seconds); other preferences are not known."
            )
    applied = ["respond-async"] * later + ([f"wait={wait:.0f}"] if wait is not None else [])
    default = 0.0 if later else DEFAULT_WAIT
    return Preference(default if wait is None else wait, ", ".join(applied) or None, later=later)


def twin_allowed(call: Call) -> bool:
    """Read `Ordergate-Allow-Twin: true`. Raises ApiError for any other value."""
    lines = call.http.headers.getall("Ordergate-Allow-Twin", [])
    if lines not in ([], ["true"]):
        refuse("malformed-request", "Ordergate-Allow-Twin is `true`, or left out.")
    return bool(lines)


async def earlier(call: Call, key: Key) -> Answer | None:
    """Return the answer of an earlier request with the same key and content, or None when this is the first."""
    try:
        operation = await call.context.engine.known(call.caller.name, key.value, key.fingerprint)
    except KeyReused as error:
        raise await _conflict(call, "idempotency-key-reused", error.operation_id) from error
    return None if operation is None else await _told(call, operation, key, first=False)


async def carried_out(
    call: Call,
    key: Key,
    provider: Provider,
    intent: Intent,
    *,
    reference: str | None = None,
    twin: str | None = None,
    subject: str | None = None,
    valid_until: datetime | None = None,
) -> Answer:
    """Submit a write and answer with its outcome, as far as it is known when the wait is over."""
    write = Write(
        caller=call.caller.name,
        key=key.value,
        fingerprint=key.fingerprint,
        provider=provider,
        intent=intent,
        trip=call.trip(_seconds(valid_until), key.value),
        reference=reference,
        twin=twin,
        twin_allowed=twin is not None and twin_allowed(call),
        subject=subject,
        valid_until=valid_until,
        wait=key.prefer.wait,
    )
    try:
        operation, first = await call.context.engine.submit(write)
    except KeyReused as error:
        raise await _conflict(call, "idempotency-key-reused", error.operation_id) from error
    except DuplicateReference as error:
        raise await _conflict(call, "duplicate-order-reference", error.operation_id) from error
    except (CircuitOpen, WritesPaused) as error:
        # Which provider it is the caller may not know: a rule may have chosen it.
        told = describe(error, provider.name)
        raise ApiError(msgspec.structs.replace(told, placed="no", retry="same-key")) from error
    return await _told(call, operation, key, first=first)


def _seconds(valid_until: datetime | None) -> float:
    """Return for how long a request may leave: as long as a write may take, and as it is wanted."""
    if valid_until is None:
        return WRITE_SECONDS
    return min(WRITE_SECONDS, max(0.0, (valid_until - datetime.now(UTC)).total_seconds()))


async def _told(call: Call, operation: Operation, key: Key, *, first: bool) -> Answer:
    try:
        operation = await call.context.engine.outcome(operation.id, key.prefer.wait)
    except JournalUnavailable:
        # Claimed, and maybe sent: 503 would say that nothing was. Whoever reads the journal next can tell.
        return _as_stored(call, of_doubt(operation), {})
    headers = {} if first else {"idempotency-replayed": "true"}
    if key.prefer.applied is not None:
        headers["preference-applied"] = key.prefer.applied
    headers |= await _about_its_twin(call, operation)
    if operation.state == "cancelled" and operation.cause == "twin":
        raise await _conflict(call, "twin-order", await _first_twin(call, operation))
    if operation.state in {"accepted", "sending"} and not first and not key.prefer.later:
        raise await _conflict(call, "request-in-progress", operation.id)
    stored = operation.answer
    if stored is None and operation.state in FINAL:
        return _without_its_answer(call, operation, headers)
    if operation.state in {"accepted", "held", "sending", "pending"} or stored is None or stored.status == 202:
        # A person takes longer than a provider.
        wait = "60" if operation.state == "held" else "1"
        headers |= {"location": operation_path(operation.id), "retry-after": wait}
        return Answer(operation_view(operation, call.caller), 202, headers)
    return _as_stored(call, stored, headers)


def _as_stored(call: Call, stored: StoredAnswer, headers: Mapping[str, str]) -> Answer:
    """Return a stored answer as one to this request."""
    media_type = stored.fields.get("content-type", "application/json")
    kept = {name: value for name, value in stored.fields.items() if name != "content-type"}
    body = stored.body if stored.status < 400 else _asked_by(stored.body, call.request_id)
    return Answer(body, stored.status, {**kept, **headers}, media_type)


def _without_its_answer(call: Call, operation: Operation, headers: dict[str, str]) -> Answer:
    """Return what is still known of a write whose answer retention has let go: its fate, for it is never repeated."""
    if operation.state != "failed":
        if operation.subject is not None:
            headers = headers | {"location": order_path(operation.subject)}
        return Answer(operation_view(operation, call.caller), 200, headers)
    told = problem(
        "rejected-by-provider",
        "The provider's words were let go 30 days after the end.",
        placed="no",
        retry="new-key",
        operation=operation_path(operation.id),
        provider=ProviderWords(name=operation.account),
        response_purged=True,
        request_id=call.request_id,
    )
    return Answer(told.encoded(), told.status, headers, MEDIA_TYPE)


async def _about_its_twin(call: Call, operation: Operation) -> dict[str, str]:
    """Return the headers that say that the order looks like another, with a link to that one if it is the caller's."""
    fact = said(operation)
    if fact is None or fact.verdict == "allowed":
        return {}
    first = await _first_twin(call, operation)
    link = {} if first is None else {"link": f'<{operation_path(first)}>; rel="related"'}
    return {"ordergate-twin": fact.verdict} | link


async def _first_twin(call: Call, operation: Operation) -> str | None:
    """Return the id of the operation that this one is a twin of, for the same caller only."""
    fact = said(operation)
    first = None if fact is None or fact.detail is None else await call.context.journal.get(fact.detail)
    return None if first is None or first.caller != call.caller.name else first.id


def _asked_by(body: bytes, request_id: str) -> bytes:
    """Return a stored problem as an answer to this request, which may not be the one that met it."""
    return msgspec.structs.replace(msgspec.json.decode(body, type=Problem), request_id=request_id).encoded()


_RETRY: dict[str, Retry] = {
    "request-in-progress": "same-key",
    "idempotency-key-reused": "new-key",
    # The reference stays taken, whatever the key.
    "duplicate-order-reference": "never",
    "twin-order": "never",
}


async def _conflict(call: Call, name: str, operation_id: str | None) -> ApiError:
    """Return the problem of a write that another operation stands in the way of, with that operation's fate."""
    operation = None if operation_id is None else await call.context.journal.get(operation_id)
    told = problem(
        name,
        placed=None if operation is None else PLACED[operation.state],
        retry=_RETRY[name],
        retry_after=1 if name == "request-in-progress" else None,
        operation=None if operation is None else operation_path(operation.id),
    )
    headers = {"link": '</v1/idempotency>; rel="describedby"'}
    if operation is not None:
        headers["location"] = operation_path(operation.id)
    if name == "request-in-progress":
        headers["retry-after"] = "1"
    return ApiError(told, headers)
