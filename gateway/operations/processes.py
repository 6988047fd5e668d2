"""Asynchronous changes: which processes are open, and what their ends make of the change."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from adapters.contract.adapter import ProcessState
from adapters.contract.models.resources import ChangedPart, OrderChange, PartProblem, PartState

_STATES: dict[str, PartState] = {
    "pending": "pending",
    "succeeded": "done",
    "failed": "failed",
    # Too slow downstream, or no longer known: neither says that it was not done.
    "timeout": "unknown",
    "gone": "unknown",
}


def processes(change: OrderChange) -> tuple[str, ...]:
    """Return the ids of the processes that have not ended, each once."""
    open_parts = [part.process for part in change.parts or () if part.state == "pending" and part.process is not None]
    return tuple(dict.fromkeys(open_parts))


def settled(change: OrderChange, states: Sequence[ProcessState], *, provider: str) -> OrderChange:
    """Return the change with what the processes say; a process that was not asked about stays as it was."""
    by_id = {state.id: state for state in states}
    parts = tuple(_part(part, by_id.get(part.process or ""), provider) for part in change.parts or ())
    return msgspec.structs.replace(change, parts=parts, state=overall([part.state for part in parts]))


def given_up(change: OrderChange, *, provider: str) -> OrderChange:
    """Return the change as unknown: its processes should have ended long ago, and what became of them is not known."""
    problem = PartProblem(title=f"{provider} did not end the process in time")
    parts = tuple(
        msgspec.structs.replace(part, state="unknown", problem=problem) if part.state == "pending" else part
        for part in change.parts or ()
    )
    return msgspec.structs.replace(change, state="unknown", parts=parts or None)


def overall(states: Sequence[PartState]) -> Literal["done", "pending", "partial", "failed", "unknown"]:
    """Return the state of a change from its parts': pending and unknown first, then done, failed or partial."""
    kinds = set(states)
    if "pending" in kinds:
        return "pending"
    if "unknown" in kinds:
        return "unknown"
    if kinds == {"failed"}:
        return "failed"
    return "partial" if "failed" in kinds else "done"


def _part(part: ChangedPart, state: ProcessState | None, provider: str) -> ChangedPart:
    if state is None or part.state != "pending":
        return part
    problem = None
    if state.state in {"failed", "timeout", "gone"}:
        title = {"failed": f"{provider} refused", "timeout": f"{provider} gave up waiting"}.get(
            state.state, f"{provider} no longer knows the process"
        )
        problem = PartProblem(title=title, code=state.code, message=state.message)
    return msgspec.structs.replace(part, state=_STATES[state.state], problem=problem)
