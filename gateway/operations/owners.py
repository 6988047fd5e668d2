"""Whose it is that a look-up found: an order or a process that another operation brought about is not this one's.

    processes   those of other operations on the same order are known by facts (kind `process`), and are passed over; so
                is what began before one of them did whose answer was here before this operation's request left
    orders      the one that another operation placed is passed over
    the rest    belongs to the first operation that adopts it; the journal gives it to one only

Where an operation whose processes are not known may have begun what was found, or more was found than this one's
requests can have begun, nothing is adopted: that is for a person.
"""

from collections.abc import Sequence
from datetime import datetime

from adapters.contract.adapter import ProcessState
from adapters.contract.models.requests import NewCancellation, NewShipment
from adapters.contract.models.resources import ChangedPart, Order
from gateway.operations.answers import change_in
from gateway.operations.intents import Intent
from gateway.operations.run import Run
from gateway.operations.situations import CLOCK_SKEW, FOUND_BY, sent_since, surely_over
from policies.journal import Operation

MOST = 200
"""The most operations about one order that are looked through."""
_HOPE = {"succeeded": 0, "pending": 1, "timeout": 2}
"""Which of several processes for one part is adopted first; the others did not do it."""
_LATEST_COUNTS = {"shipments.change", "orders.changeDelivery"}
"""Writes that set what a later one sets anew."""


class Undecided(Exception):
    """Something was found, and whose it is cannot be told; `passing` when it may be told soon."""

    def __init__(self, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.passing = passing


async def owns_order(run: Run, found: Order) -> bool:
    """Tell whether an order is the operation's to take for its own, and give it to it. Raises JournalUnavailable."""
    operation = run.operation
    placed = [
        one
        for one in await _about(run, found.id)
        if one.kind == operation.kind and one.caller != FOUND_BY and one.state not in {"failed", "cancelled"}
    ]
    return not placed and await _adopted(run, found.id)


async def own_process(run: Run, part: ChangedPart, found: Sequence[ProcessState], sends: int) -> ProcessState | None:
    """Return the process that carried out a part, or is the likeliest to, of those found; None without any.

    `sends` is how often the part was sent at most. Raises Undecided, JournalUnavailable.
    """
    operation = run.operation
    others = [one for one in await _others(run) if _is_about(one, operation, part.id)]
    earliest = sent_since(operation)
    theirs: set[str] = set()
    for other in others:
        for name, known_at in _processes_of(other).items():
            theirs.add(name)
            if known_at <= (operation.first_sent_at or operation.created_at):
                # By the provider's own clock: what began before this one did so before our request left.
                began = [one.created_at for one in found if one.id == name and one.created_at is not None]
                earliest = max([earliest, *began])
    left = [one for one in found if one.id not in theirs and (one.created_at is None or one.created_at >= earliest)]
    rivals = [one for one in others if any(_may_have_begun(run, one, process) for process in left)]
    if rivals:
        passing = any(one.state == "sending" for one in rivals)
        raise Undecided("another operation in doubt may have done it", passing=passing)
    if len(left) > sends:
        raise Undecided("more processes than requests: which is this one's is not known")
    for process in left:
        if not await _adopted(run, process.id):
            raise Undecided("another operation has adopted it", passing=True)
    run.note_processes([process.id for process in left], "adopted")
    return min(left, key=lambda one: _HOPE.get(one.state, len(_HOPE)), default=None)


async def is_overtaken(run: Run) -> bool:
    """Tell whether a later operation has set, or may have, what sending this one again would set back."""
    if run.operation.kind not in _LATEST_COUNTS or not run.operation.attempts:
        return False
    try:
        others = await _others(run)
    except Undecided:
        return True
    return any(
        one.attempts and one.created_at > run.operation.created_at and _is_about(one, run.operation, None)
        for one in others
        if one.state not in {"failed", "cancelled"}
    )


async def _others(run: Run) -> list[Operation]:
    """Return the other operations that did, or may have done, the same to the same order. Raises Undecided."""
    subject = run.operation.subject
    found = [] if subject is None else await _about(run, subject)
    return [one for one in found if one.kind == run.operation.kind]


async def _about(run: Run, order_id: str) -> list[Operation]:
    operation = run.operation
    found = await run.journal.search(None, account=operation.account, subject=order_id, limit=MOST)
    if len(found) == MOST:
        raise Undecided("too many operations on one order")
    return [one for one in found if one.id != operation.id]


async def _adopted(run: Run, name: str) -> bool:
    return await run.journal.adopt(run.operation.id, name) == run.operation.id


def _is_about(other: Operation, operation: Operation, line: str | None) -> bool:
    """Tell whether another operation on the order is about the same shipment, or about this line of it as well."""
    if not other.content:
        return True
    theirs, ours = Intent.decoded(other.kind, other.content), Intent.decoded(operation.kind, operation.content)
    if theirs.shipment_id != ours.shipment_id:
        return False
    content = theirs.content
    if not isinstance(content, NewCancellation | NewShipment) or content.lines is None or line is None:
        return True
    return any(one.id == line for one in content.lines)


def _processes_of(operation: Operation) -> dict[str, datetime]:
    """Return the processes that are known to be an operation's, and since when."""
    known: dict[str, datetime] = {}
    for fact in operation.evidence:
        if fact.kind in {"process", "late process"} and fact.detail is not None:
            known.setdefault(fact.detail, fact.at)
    change = change_in(operation)
    for part in (change.parts if change is not None else None) or ():
        if part.process is not None:
            known.setdefault(part.process, operation.updated_at)
    return known


def _may_have_begun(run: Run, other: Operation, process: ProcessState) -> bool:
    """Tell whether a process may be another operation's, of whose requests not all are known to have begun none."""
    if not other.attempts or other.state in {"failed", "cancelled"}:
        return False
    known = len(_processes_of(other))
    if known >= other.attempts or (known and not other.doubt and other.state != "sending"):
        return False
    if process.created_at is None:
        return True
    return sent_since(other) <= process.created_at <= surely_over(other, run.provider) + CLOCK_SKEW
