"""The admin listener: is the process alive, is it ready to serve, and what was measured in it."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from gateway.config.addresses import is_loopback
from gateway.operations.quarantine import Quarantine
from gateway.telemetry.exposition import MEDIA_TYPE, exposition
from gateway.telemetry.metrics import Metrics

OPEN = frozenset({"/livez", "/readyz"})


class Readiness:
    """Whether the gateway serves: not before it has started, no more once it drains."""

    def __init__(self) -> None:
        self.ready = False


def application(
    readiness: Readiness, token: str | None, metrics: Metrics | None = None, quarantine: Quarantine | None = None
) -> web.Application:
    """Return the admin application; with a token, everything but health needs it as a bearer token.

    Without `metrics` there is no /metrics, without `quarantine` no /quarantine: GET tells, DELETE ends it.
    """
    app = web.Application(middlewares=[guarded(token)])

    async def livez(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(request: web.Request) -> web.Response:
        return web.Response(text="ready\n") if readiness.ready else web.Response(text="not ready\n", status=503)

    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    if metrics is not None:

        async def scraped(request: web.Request) -> web.Response:
            headers = {"Content-Type": MEDIA_TYPE}
            return web.Response(body=exposition(await metrics.collect()).encode(), headers=headers)

        app.router.add_get("/metrics", scraped)
    if quarantine is not None:

        async def told(request: web.Request) -> web.Response:
            return web.json_response(await quarantine.told())

        async def ended(request: web.Request) -> web.Response:
            if token is None and not is_loopback(request.url.host or ""):
                # A page that had its name resolved to this machine could ask for it.
                return web.Response(text="call a loopback address\n", status=403)
            await quarantine.end("an operator")
            return await told(request)

        app.router.add_get("/quarantine", told)
        app.router.add_delete("/quarantine", ended)
    return app


def guarded(token: str | None) -> Any:
    """Return a middleware that asks for the token, where there is one, for all but health."""

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if token is None or request.path in OPEN or _is_known(request, token):
            try:
                response = await handler(request)
            except web.HTTPException as error:
                allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
                response = web.Response(text=f"{error.reason}\n", status=error.status, headers=allowed)
        else:
            headers = {"WWW-Authenticate": "Bearer"}
            response = web.Response(text="the admin token is required\n", status=401, headers=headers)
        response.headers["Server"] = "ordergate"
        return response

    return guard


def _is_known(request: web.Request, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    # Bytes that are no UTF-8 are a wrong token like any other.
    return scheme.lower() == "bearer" and hmac.compare_digest(given.encode(errors="surrogateescape"), token.encode())
