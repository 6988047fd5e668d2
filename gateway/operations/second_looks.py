"""Looks again at parts of a change that no answer, or no process of theirs, has settled.

A part that was sent twice has two processes, and the second fails because the first did it: so what failed then is held
against the part's other processes and, of a line to cancel, against the line itself.
"""

from msgspec.structs import replace

from adapters.contract.adapter import ProcessState
from adapters.contract.errors import NotFound
from adapters.contract.models.requests import NewShipment, ShipmentChange
from adapters.contract.models.resources import ChangedPart, Order, OrderChange
from gateway.operations.intents import Intent
from gateway.operations.owners import own_process
from gateway.operations.processes import overall
from gateway.operations.run import Run


async def adopted(run: Run, part: ChangedPart, step: str) -> ChangedPart:
    """Return a part without an answer with its process, if there is one.

    Raises Undecided, and what asking the provider does.
    """
    found = await _process_of(run, part, step)
    return part if found is None else replace(part, state="pending", process=found.id, problem=None)


async def held_against(run: Run, change: OrderChange) -> OrderChange:
    """Return the change with what else is to be seen of parts whose process failed or does not say what it did.

    Raises AdapterError, PolicyError or AdapterFault where the provider cannot be asked, Undecided where it cannot be
    told whose a process is: nothing follows from that.
    """
    again = was_sent_again(run)
    open_to_doubt = {"unknown", "failed"} if again else {"unknown"}

    def is_open(part: ChangedPart) -> bool:
        # Where no answer came, there is no process: that is looked for first.
        return part.state in open_to_doubt and part.process is not None

    parts = change.parts or ()
    if again:
        step = next(one.name for one in run.recorder.steps.values() if one.effect == "commit")
        parts = tuple([await _under_another_process(run, part, step) if is_open(part) else part for part in parts])
    if run.operation.kind == "orders.cancel" and any(is_open(part) for part in parts):
        cancelled = await _cancelled_lines(run, change)
        parts = tuple(
            replace(part, state="done", problem=None) if is_open(part) and part.id in cancelled else part
            for part in parts
        )
    return replace(change, parts=parts or None, state=overall([part.state for part in parts]))


def has_to_show(run: Run, intent: Intent, change: OrderChange) -> bool:
    """Tell whether the provider has to show what was wanted: a process that was found did it, and may be anybody's."""
    found = {one.detail for one in run.operation.evidence if one.kind == "process" and one.verdict == "adopted"}
    done = any(part.state == "done" and part.process in found for part in change.parts or ())
    wanted = intent.content
    return done and run.provider.adapter.has("has_shipment") and isinstance(wanted, NewShipment | ShipmentChange)


async def is_shown(run: Run, intent: Intent) -> bool:
    """Tell whether the provider shows the shipment as it was wanted. Raises what asking the provider does."""
    wanted = intent.content
    assert isinstance(wanted, NewShipment | ShipmentChange)  # noqa: S101 - nothing else has to be shown
    run.trip.recorder = None
    looking = run.provider.adapter.has_shipment(intent.order_id or "", intent.shipment_id, wanted)
    return await run.provider.run(looking, run.trip)


def was_sent_again(run: Run) -> bool:
    """Tell whether more requests left than there are: some parts have one each, others share one."""
    return run.operation.attempts > _requests(run)


def _requests(run: Run) -> int:
    return sum(step.effect == "commit" for step in run.recorder.steps.values())


def in_doubt(change: OrderChange) -> OrderChange:
    """Return a change whose failed parts were sent again, and could not be held against anything."""
    parts = tuple(replace(part, state="unknown") if part.state == "failed" else part for part in change.parts or ())
    return replace(change, parts=parts or None, state="unknown")


async def _under_another_process(run: Run, part: ChangedPart, step: str) -> ChangedPart:
    found = await _process_of(run, part, step)
    if found is None or found.id == part.process or found.state not in {"succeeded", "pending"}:
        return part
    return replace(part, state="pending", process=found.id, problem=None)


async def _process_of(run: Run, part: ChangedPart, step: str) -> ProcessState | None:
    """Return the process that did it, or is the likeliest to, of those that are this operation's."""
    run.trip.recorder = None
    found = await run.provider.run(run.provider.adapter.find_processes(part.id, step), run.trip)
    # Any request beyond one of each may have been this part's.
    return await own_process(run, part, found, sends=1 + max(0, run.operation.attempts - _requests(run)))


async def _cancelled_lines(run: Run, change: OrderChange) -> set[str | None]:
    """Return the lines that the order itself shows as cancelled; none of an order that is not there."""
    run.trip.recorder = None
    try:
        order: Order = await run.provider.run(
            run.provider.adapter.get_order(change.order_id.partition(":")[2]), run.trip
        )
    except NotFound:
        return set()
    return {line.id for line in order.lines if line.status == "cancelled"}
