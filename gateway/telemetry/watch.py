"""Watches one account's requests on the wire: how long each took, how far it got, what was answered."""

import time
from functools import lru_cache
from typing import TYPE_CHECKING

from yarl import URL

from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.providers.channel import Channel
from gateway.providers.evidence import SendFailed
from gateway.providers.outbound import Outbound
from gateway.providers.trip import Place, Trip
from gateway.telemetry.catalogue import CLIENT_ACTIVE, CLIENT_DURATION
from gateway.telemetry.metrics import OTHER, Metrics

if TYPE_CHECKING:
    from gateway.telemetry.traces import Traced, Tracing

STATUSES = range(100, 600)
"""A status beyond these is a provider's invention, and no label."""


class Watch:
    """Sends for one account, and measures it."""

    def __init__(self, provider: str, outbound: Outbound, metrics: Metrics, tracing: "Tracing | None") -> None:
        self._provider = provider
        self._outbound = outbound
        self.metrics = metrics
        self._tracing = tracing

    async def send(
        self,
        request: HttpRequest,
        channel: Channel,
        timeout: float,  # noqa: ASYNC109 - as `Outbound.send`
        trip: Trip,
        place: Place,
    ) -> HttpResponse:
        """Send a request as `Outbound.send` does, below a span of its own where the trip is traced."""
        traced = None if self._tracing is None else self._begun(self._tracing, request, channel, trip, place)
        if traced is not None:
            request = request.with_headers(traced.place.headers())
        started = time.perf_counter()
        self.metrics.add(CLIENT_ACTIVE, self._provider)
        status, phase, failure = "", "", "cancelled"
        try:
            response = await self._outbound.send(request, channel, timeout)
            status = str(response.status) if response.status in STATUSES else OTHER
            phase, failure = "answered", status if response.status >= 400 else ""
            return response
        except SendFailed as error:
            status = "" if error.status not in STATUSES else str(error.status)
            phase, failure = error.phase, error.kind
            raise
        finally:
            seconds = time.perf_counter() - started
            self.metrics.add(CLIENT_ACTIVE, self._provider, amount=-1)
            labels = (self._provider, request.step, request.method, status, failure, phase)
            self.metrics.observe(CLIENT_DURATION, seconds, *labels)
            if traced is not None:
                _end(traced, *labels[-3:])

    def _begun(
        self, tracing: "Tracing", request: HttpRequest, channel: Channel, trip: Trip, place: Place
    ) -> "Traced | None":
        tries = trip.tries[place] = trip.tries.get(place, 0) + 1
        attributes: dict[str, str | int] = {
            "http.request.method": request.method,
            "url.template": request.route,
            "ordergate.provider": self._provider,
            "ordergate.step": request.step,
            "ordergate.effect": request.effect,
            "ordergate.attempt": tries,
            **dict(_server_of(request.origin or channel.base)),
        }
        if tries > 1:
            attributes["http.request.resend_count"] = tries - 1
        return tracing.child(f"{request.method} {request.route}", "client", attributes)


def _end(traced: "Traced", status: str, failure: str, phase: str) -> None:
    attributes: dict[str, str | int] = {"ordergate.wire_phase": phase or OTHER}
    if status.isdecimal():
        attributes["http.response.status_code"] = int(status)
    if failure:
        attributes["error.type"] = failure
    traced.end(attributes, failed=bool(failure))


@lru_cache(maxsize=256)
def _server_of(origin: str) -> tuple[tuple[str, str | int], ...]:
    """Return the attributes that name the server at an origin."""
    url = URL(origin, encoded=True)
    return ("server.address", url.raw_host or ""), ("server.port", url.port or 0)
