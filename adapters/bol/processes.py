"""bol's asynchronous processes: what a 202 started, and what became of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from typing_extensions import override

from adapters.bol import mapping
from adapters.bol.account import BolAccount
from adapters.contract.adapter import ProcessState
from adapters.contract.errors import (
    MalformedResponse,
    NoAnswer,
    NotFound,
    ProviderError,
    Unavailable,
    UnsupportedOperation,
)
from adapters.contract.flow import Answer, Flow
from adapters.contract.models import values
from adapters.contract.models.resources import ChangedPart, OrderChange, PartProblem, PartState
from adapters.contract.wire import HttpResponse

MOST_IN_BULK = 1000  # Retailer API v10 spec, BulkProcessStatusRequest

EVENT_TYPES: Mapping[str, str] = {
    "cancel": "CANCEL_ORDER",
    "confirm_shipment": "CREATE_SHIPMENT",
    "change_shipment": "CHANGE_TRANSPORT",
}
_STATES: Mapping[str, Literal["pending", "succeeded", "failed", "timeout"]] = {
    "PENDING": "pending",
    "SUCCESS": "succeeded",
    "FAILURE": "failed",
    "TIMEOUT": "timeout",  # what it waited for was too slow: not said to mean "not executed"
}
_NOT_DONE = "bol could not carry it out."
_NO_ANSWER = "bol's answer is missing, or does not say whether it was done."
_PARTS: Mapping[str, PartState] = {"pending": "pending", "succeeded": "done", "failed": "failed", "timeout": "unknown"}


def state_of(raw: Mapping[str, Any], process_id: str) -> ProcessState:
    """Read a ProcessStatus.

    `final` stays False: bol says in words alone ("unless the error message clearly specifies that this will not
    succeed") when trying again is pointless, and words are not searched. A status that is not listed is `pending`:
    neither an end nor a failure, and worth another look.
    """
    return ProcessState(
        id=process_id,
        state=_STATES.get(values.text(raw.get("status"), 100) or "", "pending"),
        entity_id=values.text(raw.get("entityId"), 200),
        message=values.text(raw.get("errorMessage")),
        created_at=values.timestamp(raw.get("createTimestamp")),
    )


def started(part_id: str, answer: Answer) -> ChangedPart | ProviderError:
    """Return what the answer to a write says of one part, or the error it is."""
    if isinstance(answer, ProviderError):
        return answer
    try:
        raw = answer.object()
        process_id = values.text(raw.get("processStatusId"), 200)
        status = mapping.required(raw, "status")
    except MalformedResponse as error:
        return error
    state = state_of(raw, process_id or "")
    if process_id is None and state.state == "pending":
        # Accepted, but nothing to ask for by id: to be found by its entity.
        return ChangedPart(id=part_id, state="unknown")
    problem = None
    if state.state in {"failed", "timeout"}:
        problem = PartProblem(title=_NOT_DONE, code=status, message=state.message)
    return ChangedPart(id=part_id, state=_PARTS[state.state], process=process_id, problem=problem)


def is_unknown(error: ProviderError) -> bool:
    """Tell whether a write answered with this error may have been carried out all the same."""
    return isinstance(error, Unavailable | MalformedResponse) or (isinstance(error, NoAnswer) and error.sent)


def change_of(order_id: str, answers: Sequence[tuple[str, Answer]]) -> OrderChange:
    """Put the answers to the parts of one change together, each with its part's id.

    Raises the first error where no part was accepted and none is left unknown.
    """
    parts = [(part_id, started(part_id, answer)) for part_id, answer in answers]
    errors = [part for _, part in parts if isinstance(part, ProviderError)]
    if len(errors) == len(parts) and not any(map(is_unknown, errors)):
        raise errors[0]
    told = tuple(_failed(part_id, part) if isinstance(part, ProviderError) else part for part_id, part in parts)
    return OrderChange(order_id=order_id, state=_together({part.state for part in told}), parts=told)


def _failed(part_id: str, error: ProviderError) -> ChangedPart:
    state: PartState = "unknown" if is_unknown(error) else "failed"
    title = _NO_ANSWER if state == "unknown" else _NOT_DONE
    problem = PartProblem(title=title, code=error.code, message=values.text(error.message))
    return ChangedPart(id=part_id, state=state, problem=problem)


def _together(states: set[PartState]) -> Literal["done", "pending", "partial", "failed", "unknown"]:
    if "unknown" in states:
        return "unknown"
    if "pending" in states:
        return "pending"  # whatever failed meanwhile: the change has not ended
    if states == {"done"}:
        return "done"
    return "failed" if states == {"failed"} else "partial"


class BolProcesses(BolAccount):
    """Process statuses, of the Shared API."""

    @override
    def poll(self, processes: Sequence[str]) -> Flow[tuple[ProcessState, ...]]:
        """Ask by id where there is one, in bulk where there are more. What bol no longer knows is `gone`."""
        wanted = list(dict.fromkeys(processes))
        if len(wanted) == 1:
            found = yield from self._one(wanted[0])
        else:
            found = {}
            for start in range(0, len(wanted), MOST_IN_BULK):
                found |= yield from self._many(wanted[start : start + MOST_IN_BULK])
        return tuple(found.get(process, ProcessState(id=process, state="gone")) for process in processes)

    def _one(self, process_id: str) -> Flow[dict[str, ProcessState]]:
        try:
            response: HttpResponse = yield self._read("/shared/process-status/{process_id}", {"process_id": process_id})
        except NotFound:
            return {}
        return {process_id: state_of(response.object(), process_id)}

    def _many(self, process_ids: Sequence[str]) -> Flow[dict[str, ProcessState]]:
        body = {"processStatusQueries": [{"processStatusId": process_id} for process_id in process_ids]}
        response: HttpResponse = yield self._search("/shared/process-status", body)
        return _states_in(response)

    @override
    def find_processes(self, part_id: str, step: str) -> Flow[tuple[ProcessState, ...]]:
        """Ask by entity and event type. The part is an order item, or for `change_shipment` a shipment."""
        event_type = EVENT_TYPES.get(step)
        if event_type is None:
            raise UnsupportedOperation(f"No step {step} starts a process at bol.")
        entity = part_id
        if step == "change_shipment":
            shipment: HttpResponse = yield self._read("/retailer/shipments/{shipment_id}", {"shipment_id": part_id})
            entity = values.text(mapping.member(shipment.object(), "transport").get("transportId"), 200) or part_id
        # Newest first, 50 a page: one item has no more than a few.
        query = (("entity-id", entity), ("event-type", event_type))
        response: HttpResponse = yield self._read("/shared/process-status", query=query)
        return tuple(_states_in(response).values())


def _states_in(response: HttpResponse) -> dict[str, ProcessState]:
    found = {}
    for raw in mapping.objects(response.object(), "processStatuses"):
        process_id = values.text(raw.get("processStatusId"), 200)
        if process_id is not None:  # without an id it cannot be asked for again
            found[process_id] = state_of(raw, process_id)
    return found
