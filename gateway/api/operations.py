"""Operations: the fate of every write, as its caller sees it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from adapters.contract.models.requests import Identifier, Reference, Request, ShortText
from gateway.api.body import refuse, refuse_violations
from gateway.api.catalog import Limit
from gateway.api.context import Answer, Call, Query
from gateway.api.lists import Listing
from gateway.api.problems import ProblemViolation
from gateway.api.views import operation_view
from gateway.api.writes import read_key
from gateway.operations.answers import operation_path
from policies.errors import Withdrawn
from policies.journal import Operation
from policies.operation import PLACED, State


class Resolution(Request):
    """A person's verdict: `placed: yes` with the order's id, or `placed: no`."""

    placed: Literal["yes", "no"]
    order_id: Identifier | None = None

    @model_validator(mode="after")
    def _with_the_order(self) -> Self:
        if (self.placed == "yes") != (self.order_id is not None):
            raise ValueError("orderId belongs to placed: yes")
        return self


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
        detail = "Something was sent already, or the operation has ended; read it again."
        now = await call.context.journal.get(operation.id) or operation
        refuse("not-cancellable", detail, placed=PLACED[now.state], retry="never", operation=operation_path(now.id))
    return Answer(operation_view(withdrawn, call.caller))


async def resolve_operation(call: Call) -> Answer:
    """Enter a person's verdict on an operation in doubt: placed, with the order's id, or not placed."""
    operation = await _own(call)
    content = await call.content()
    key = read_key(call, "operations.resolve", (operation.id,), content)
    verdict = call.validated(Resolution, content)
    by = f"{call.caller.name} {key.fingerprint[:16]} {key.value}"
    told = next((one for one in operation.evidence if one.kind == "human"), None)
    if told is not None and told.detail == by:
        return Answer(operation_view(operation, call.caller), headers={"idempotency-replayed": "true"})
    if verdict.order_id is not None:
        provider, _ = call.split(verdict.order_id, "orderId")
        if provider.name != operation.account:
            refuse_violations([ProblemViolation(name="orderId", reason=f"not an order at {operation.account}")])
    try:
        settled = await call.context.engine.settle(
            operation, placed=verdict.placed == "yes", subject=verdict.order_id, by=by
        )
    except Withdrawn:
        refuse("not-cancellable", "The outcome is not in doubt; read the operation again.")
    return Answer(operation_view(settled, call.caller))


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
