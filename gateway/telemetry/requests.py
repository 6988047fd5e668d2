"""Measures callers' requests from the outside: what the application makes of them, whatever it is."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from gateway.telemetry.catalogue import SERVER_ACTIVE, SERVER_DURATION
from gateway.telemetry.metrics import OTHER, Metrics

METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT".split())
"""Any other word is a caller's own, and no label."""


def middleware(metrics: Metrics) -> Any:
    """Return the outermost middleware of an application that is measured."""

    @web.middleware
    async def measured(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        started = time.perf_counter()
        method = request.method if request.method in METHODS else OTHER
        metrics.add(SERVER_ACTIVE, method)
        status = "499"  # nobody was there any more to be answered
        try:
            response = await handler(request)
            status = str(response.status)
            return response
        finally:
            metrics.add(SERVER_ACTIVE, method, amount=-1)
            metrics.observe(SERVER_DURATION, time.perf_counter() - started, method, route_of(request), status)

    return measured


def route_of(request: web.Request) -> str:
    """Return the template that a request's path matched, or "" where none did."""
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical
