"""Watches callers' requests from the outside: what the application makes of them, whatever it is."""

import time
from typing import TYPE_CHECKING

from aiohttp import web

from gateway.api.router import Handler, Request
from gateway.telemetry.catalogue import SERVER_ACTIVE, SERVER_DURATION
from gateway.telemetry.metrics import OTHER, Metrics
from gateway.telemetry.trace_context import CURRENT, received

if TYPE_CHECKING:
    from gateway.telemetry.traces import Traced, Tracing

METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT".split())
"""Any other word is a caller's own, and no label."""
GONE = "499"
"""What stands for the status where nobody was there any more to be answered."""


def watched(handler: Handler, metrics: Metrics, tracing: "Tracing | None") -> Handler:
    """Return what answers as `handler` does, and is watched."""

    async def answered(request: Request) -> web.StreamResponse:
        started = time.perf_counter()
        method = request.method if request.method in METHODS else OTHER
        route = request.template or ""
        traced = None
        if tracing is not None:
            traced = tracing.root(f"{method} {route}".rstrip(), "server", received(request.headers))
        # A connection's task goes on with the next request: what is current must not stay.
        token = None if traced is None else CURRENT.set(traced.place)
        metrics.add(SERVER_ACTIVE, method)
        response: web.StreamResponse | None = None
        try:
            response = await handler(request)
            return response
        finally:
            status = GONE if response is None else str(response.status)
            metrics.add(SERVER_ACTIVE, method, amount=-1)
            metrics.observe(SERVER_DURATION, time.perf_counter() - started, method, route, status)
            if token is not None:
                CURRENT.reset(token)
            if traced is not None:
                _end(traced, method, route, response)

    return answered


def _end(traced: "Traced", method: str, route: str, response: web.StreamResponse | None) -> None:
    attributes: dict[str, str | int] = {"http.request.method": method, "url.scheme": "http"}
    if route:
        attributes["http.route"] = route
    if response is None:
        traced.end({**attributes, "error.type": "cancelled"}, failed=True)
        return
    attributes["http.response.status_code"] = response.status
    attributes["ordergate.request_id"] = response.headers.get("X-Request-ID", "")
    if response.status >= 500:
        attributes["error.type"] = str(response.status)
    traced.end(attributes, failed=response.status >= 500)
