"""The whole story of a write, for people: what was wanted, where it went, each request and answer, every verdict."""

import base64
from collections.abc import Iterator, Sequence

import msgspec

from adapters.contract import codec
from gateway.operations.answers import change_in, problem_in
from policies.journal import Journal, Operation, Step
from policies.operation import PLACED

BODY_LIMIT = 2000
_TOLD = frozenset({"idempotency-key", "content-type", "accept", "h-region-code", "customer-reference-id"})
"""Headers worth showing; the others are standing ones, and credentials are never kept."""
_TOLD_BY_THE_SENDER = ("answer", "no-answer", "late ", "unknown", "ended", "parked")
"""What follows a request that left when the process that sent it tells more of it."""


async def found(journal: Journal, name: str) -> list[Operation]:
    """Return the operations that `name` means: an operation's id, an idempotency key, a reference, or an order's id."""
    by_id = await journal.get(name)
    if by_id is not None:
        return [by_id]
    return (
        await journal.search(None, key=name, limit=20)
        or await journal.search(None, reference=name, limit=20)
        or await journal.search(None, subject=name, limit=20)
    )


def table(operations: Sequence[Operation]) -> str:
    """Return a line for each operation."""
    lines = [f"{'operation':36}  {'created':20}  {'kind':22} {'provider':10} {'state':10} {'placed':8} reference"]
    lines += [
        f"{one.id:36}  {one.created_at:%Y-%m-%dT%H:%M:%SZ}  {one.kind:22} {one.account:10} {one.state:10} "
        f"{PLACED[one.state]:8} {one.reference or one.subject or ''}"
        for one in operations
    ]
    return "\n".join(lines)


def story(operation: Operation, steps: Sequence[Step]) -> str:
    """Return everything that is known of an operation. Bodies are shown; deliverables and credentials are not kept."""
    return "\n".join(_told(operation, steps))


def _told(operation: Operation, steps: Sequence[Step]) -> Iterator[str]:
    yield f"operation   {operation.id}"
    yield f"what        {operation.kind} at {operation.account}, asked for by {operation.caller}, key {operation.key}"
    if operation.reference:
        yield f"reference   {operation.reference}"
    if operation.subject:
        yield f"order       {operation.subject}"
    # What once was in the way of a write that was done in the end is told by its evidence.
    cause = None if PLACED[operation.state] == "yes" else operation.cause
    yield f"state       {operation.state}, placed: {PLACED[operation.state]}" + (f" ({cause})" if cause else "")
    yield from _said(operation)
    yield f"created     {operation.created_at:%Y-%m-%dT%H:%M:%SZ}"
    if operation.due is not None:
        # Who works on it now has it to itself that long.
        look = max(operation.due, operation.lease_until or operation.due)
        yield f"next look   {look:%Y-%m-%dT%H:%M:%SZ}"
    if (change := change_in(operation)) is not None:
        for part in change.parts or ():
            yield f"part        {part.id}: {part.state}" + (f", process {part.process}" if part.process else "")
    yield ""
    for before, one in zip((None, *operation.evidence), operation.evidence, strict=False):
        if before is not None and before.kind == "sending" and not one.kind.startswith(_TOLD_BY_THE_SENDER):
            yield f"{'':27}  taken over   the process that sent it told no more of it"
        more = ", ".join(str(word) for word in (one.phase, one.status, one.detail) if word is not None)
        yield f"{one.at:%Y-%m-%dT%H:%M:%S.%f}Z  {one.kind:12} {one.verdict}" + (f"  ({more})" if more else "")
    for step in steps:
        yield ""
        yield from _exchange(step)


def _said(operation: Operation) -> Iterator[str]:
    """Tell what the provider said last of a write that was not done, or may not have been."""
    told = problem_in(operation)
    words = None if told is None else told.provider
    if words is not None and words.status is not None:
        named = (("code", words.code), ("request id", words.request_id))
        more = "".join(f", {name} {value}" for name, value in named if value)
        yield f"said        {words.status}{more}" + (f": {words.message}" if words.message else "")


def _exchange(step: Step) -> Iterator[str]:
    if not step.request:
        yield f"request {step.index}.{step.part}  {step.name}  [{step.effect}]: let go, as retention says"
        return
    request = codec.decode(step.request)
    path = request.get("route", "?")
    for name, value in request.get("pathValues", {}).items():
        path = path.replace(f"{{{name}}}", value)
    query = "&".join(f"{name}={value}" for name, value in request.get("query", ()))
    target = f"{path}?{query}" if query else path
    yield f"request {step.index}.{step.part}  {request.get('method', '')} {target}  [{step.effect}]"
    for name, value in request.get("headers", {}).items():
        if name in _TOLD:
            yield f"    {name}: {value}"
    yield from _body(request.get("body"))
    if step.answer is None:
        yield f"  no answer that says something for sure (got as far as: {step.phase or 'not begun'})"
        return
    answer = codec.decode(step.answer)
    yield f"  answered {answer['status']}"
    yield from _body(answer.get("body"))


def _body(encoded: str | None) -> Iterator[str]:
    if not encoded:
        return
    body = base64.b64decode(encoded)
    try:
        text = msgspec.json.format(body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = body.decode(errors="replace")
    for line in text[:BODY_LIMIT].splitlines():
        yield f"    {line}"
