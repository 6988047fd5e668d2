"""What an answer, or the lack of one, says: by the adapter's word, its text made harmless."""

from typing import Any

import structlog

from adapters.contract.adapter import Adapter
from adapters.contract.errors import ProviderError
from adapters.contract.limits import ToldLimit
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.errors import AdapterFault, judgement
from gateway.providers.evidence import SendFailed
from gateway.providers.redaction import Redaction
from policies.operation import Attempt

log = structlog.get_logger("ordergate.provider")


class Judge:
    """Judges for one account what its provider answers."""

    def __init__(self, adapter: Adapter[Any, Any], redaction: Redaction) -> None:
        self._adapter = adapter
        self._redaction = redaction

    def error(self, request: HttpRequest, response: HttpResponse) -> ProviderError | None:
        """Return what the adapter says of a response. Raises AdapterFault."""
        try:
            return self._redaction.applied(self._adapter.error(request, response), request)
        except Exception as fault:
            log.exception("adapter failed", provider=self._adapter.name)
            raise AdapterFault from fault

    def cut_short(self, request: HttpRequest, failure: SendFailed) -> Attempt:
        """Return what a failed commit proves: where the head of an answer was read, its status may."""
        status = failure.status
        if status is None:
            return Attempt(failure.phase)
        try:
            error = self.error(request, HttpResponse(status, failure.headers))
        except AdapterFault:
            return Attempt(failure.phase, "unclear", status)
        if 200 <= status < 300:
            return Attempt(failure.phase, "unclear" if self._adapter.success_in_body else "executed", status)
        return Attempt(failure.phase, judgement(error), status)

    def told(self, response: HttpResponse) -> tuple[ToldLimit, ...]:
        """Return what a response tells about limits; an adapter that fails at it must not cost us the response."""
        try:
            return self._adapter.told_limits(response)
        except Exception:
            log.exception("adapter failed", provider=self._adapter.name)
            return ()
