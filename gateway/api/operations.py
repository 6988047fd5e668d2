"""Operations: the fate of every write, as its caller sees it."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Literal, NoReturn

from pydantic import Field

from adapters.contract.models.requests import Identifier, Reference, Request, ShortText
from gateway.api.body import ApiError, refuse, refuse_violations
from gateway.api.catalog import Limit
from gateway.api.context import Answer, Call, Query
from gateway.api.lists import Listing
from gateway.api.problems import ProblemViolation, problem
from gateway.api.views import operation_view
from gateway.api.writes import read_key
from gateway.operations.answers import operation_path
from gateway.operations.engine import Engine
from gateway.operations.situations import surely_over
from policies.errors import InProgress, Withdrawn
from policies.journal import Operation
from policies.operation import PLACED, State


class Resolution(Request):
    """A person's verdict: `placed: yes` with the order's id, or `placed: no`; of a held one also `release: true`."""

    placed: Literal["yes", "no"] | None = None
    order_id: Identifier | None = None
    release: Literal[True] | None = None

    def violations(self) -> Iterator[ProblemViolation]:
        """Yield what is missing beside what is there, or does not go with it."""
        if self.placed is None and self.release is None:
            yield ProblemViolation(name="placed", reason="required unless release is given")
        if self.placed is not None and self.release is not None:
            yield ProblemViolation(name="release", reason="not allowed beside placed")
        if self.placed == "yes" and self.order_id is None:
            yield ProblemViolation(name="orderId", reason="required when placed is yes")
        if self.placed != "yes" and self.order_id is not None:
            yield ProblemViolation(name="orderId", reason="only allowed when placed is yes")


class OperationsQuery(Query):
    """Which of the caller's operations."""

    state: State | None = None
    provider: ShortText | None = None
    reference: Reference | None = None
    limit: Limit = 50
    cursor: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")] | None = None


async def list_operations(call: Call) -> Answer:
    """List the caller's operations, newest first. The cursor is the last operation's id."""
    query = call.query(OperationsQuery)
    found = await call.context.journal.search(
        call.caller.name,
        state=query.state,
        account=query.provider,
        reference=query.reference,
        before=query.cursor,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    cursor = page[-1].id if len(found) > query.limit else None
    return Answer(Listing(items=tuple(operation_view(one, call.caller) for one in page), next_cursor=cursor))


async def get_operation(call: Call) -> Answer:
    """Read one operation."""
    return Answer(operation_view(await _own(call), call.caller))


async def withdraw_operation(call: Call) -> Answer:
    """Withdraw an operation of which nothing was sent; 409 when something was."""
    operation = await _own(call)
    read_key(call, "operations.withdraw", (operation.id,), None)
    if operation.state == "cancelled":
        return Answer(operation_view(operation, call.caller))
    try:
        withdrawn = await call.context.engine.withdraw(operation)
    except Withdrawn:
        await _too_late(call, operation, "Something was sent already, or the operation has ended; read it again.")
    return Answer(operation_view(withdrawn, call.caller))


async def resolve_operation(call: Call) -> Answer:
    """Enter a person's verdict: on one in doubt placed, or not placed; a held one is released, or not placed."""
    operation = await _own(call)
    content = await call.content()
    key = read_key(call, "operations.resolve", (operation.id,), content)
    verdict = call.validated(Resolution, content)
    if wrong := list(verdict.violations()):
        refuse_violations(wrong)
    by = f"{call.caller.name} {key.fingerprint[:16]} {key.value}"
    if any(one.kind == "human" and one.detail == by for one in operation.evidence):
        return Answer(operation_view(operation, call.caller), headers={"idempotency-replayed": "true"})
    if verdict.order_id is not None:
        provider, _ = call.split(verdict.order_id, "orderId")
        if provider.name != operation.account:
            refuse_violations([ProblemViolation(name="orderId", reason=f"not an order at {operation.account}")])
    try:
        settled = await _settled(call.context.engine, operation, verdict, by)
    except Withdrawn:
        await _too_late(call, operation, "The outcome is not in doubt, and it is not held; read the operation again.")
    except InProgress as error:
        over = surely_over(operation, call.context.providers.get(operation.account))
        seconds = max(1, math.ceil((over - datetime.now(UTC)).total_seconds()))
        told = problem(
            "request-in-progress",
            "The last request may still arrive at the provider; look there again after that, then enter what you see.",
            placed="unknown",
            retry="same-key",
            retry_after=seconds,
            operation=operation_path(operation.id),
        )
        raise ApiError(told, {"retry-after": str(seconds)}) from error
    return Answer(operation_view(settled, call.caller))


async def _settled(engine: Engine, operation: Operation, verdict: Resolution, by: str) -> Operation:
    """Return the operation after a person's verdict. Raises Withdrawn when it does not wait for such a one."""
    if verdict.release:
        return await engine.release(operation, by=by)
    if operation.state == "held" and verdict.placed == "no":
        return await engine.withdraw(operation, by)
    return await engine.settle(operation, placed=verdict.placed == "yes", subject=verdict.order_id, by=by)


async def _too_late(call: Call, operation: Operation, detail: str) -> NoReturn:
    """Refuse what an operation's state no longer allows, with its own fate. Raises ApiError."""
    now = await call.context.journal.get(operation.id) or operation
    refuse("not-cancellable", detail, placed=PLACED[now.state], retry="never", operation=operation_path(now.id))


async def _own(call: Call) -> Operation:
    """Return the operation in the path; another caller's is as unknown as one that never was.

    Whoever may resolve operations sees those of all callers, at the providers that are theirs to use.
    """
    operation_id = call.http.match_info["id"]
    if len(operation_id) > 64 or not operation_id.isprintable():
        refuse_violations([ProblemViolation(name="id", reason="not an operation id")])
    operation = await call.context.journal.get(operation_id)
    operator = call.caller.may("operations:resolve") and operation is not None and call.caller.uses(operation.account)
    if operation is None or (operation.caller != call.caller.name and not operator):
        # Of an operation that is not known here, nothing is known: it may have placed an order.
        refuse("not-found", "There is no such operation.", placed="unknown" if call.http.method == "DELETE" else None)
    return operation
