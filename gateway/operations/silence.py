"""Runs a write's flow on what was kept of it, without sending: what it makes of the silence where nothing was kept."""

from collections.abc import Sequence

from adapters.contract.adapter import WriteContext
from adapters.contract.errors import AdapterError, NoAnswer
from adapters.contract.flow import Answer
from adapters.contract.models.resources import OrderChange
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.errors import AdapterFault
from gateway.operations.intents import Intent
from gateway.operations.recorder import FlowChanged, OperationRecorder
from gateway.operations.run import Run
from gateway.providers.trip import Place, Trip
from policies.operation import Attempt

_NOTHING = "No answer is kept that says something for sure."


async def replayed(run: Run, intent: Intent) -> OrderChange | None:
    """Return the change that the flow tells of itself, or None where it can tell none."""
    context = WriteContext(run.operation.id, run.operation.created_at)
    trip = Trip(run.trip.deadline, run.trip.request_id, recorder=Silence(run.recorder))
    try:
        result = await run.provider.run(intent.flow(run.provider.adapter, context), trip)
    except (AdapterError, AdapterFault, FlowChanged):
        return None
    return result if isinstance(result, OrderChange) else None


class Silence:
    """Plays back what was kept of an operation; everything else meets silence, and nothing leaves."""

    def __init__(self, kept: OperationRecorder) -> None:
        self._kept = kept

    def recall(self, place: Place, request: HttpRequest) -> Answer | None:
        """Return the kept answer, or that none came. Raises FlowChanged."""
        step = self._kept.steps.get(place)
        sent = step is None or step.phase not in {None, "not-sent"}
        return self._kept.recall(place, request) or NoAnswer(_NOTHING, sent=sent)

    async def freeze(self, index: int, requests: Sequence[HttpRequest]) -> None:
        """Keep nothing: it is kept already."""

    async def before(self, place: Place, request: HttpRequest) -> None:
        """Let nothing leave."""
        raise NoAnswer(_NOTHING, sent=True)

    async def after(self, place: Place, request: HttpRequest, response: HttpResponse | None, attempt: Attempt) -> None:
        """Keep nothing."""
