"""Operations: the fate of every write, as its caller sees it."""

from typing import Annotated

from pydantic import Field

from adapters.contract.models.requests import Reference, ShortText
from gateway.api.body import refuse, refuse_violations
from gateway.api.catalog import Limit
from gateway.api.context import Answer, Call, Query
from gateway.api.lists import Listing
from gateway.api.problems import ProblemViolation
from gateway.api.views import operation_view
from gateway.api.writes import read_key
from policies.errors import Withdrawn
from policies.journal import Operation
from policies.operation import State


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
        refuse("not-cancellable", "Something was sent already, or the operation has ended; read it again.")
    return Answer(operation_view(withdrawn, call.caller))


async def _own(call: Call) -> Operation:
    """Return the operation in the path; another caller's is as unknown as one that never was."""
    operation_id = call.http.match_info["id"]
    if len(operation_id) > 64 or not operation_id.isprintable():
        refuse_violations([ProblemViolation(name="id", reason="not an operation id")])
    operation = await call.context.journal.get(operation_id)
    if operation is None or operation.caller != call.caller.name:
        refuse("not-found", "There is no such operation.")
    return operation
