"""The admin listener: is the process alive, and is it ready to serve."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

OPEN = frozenset({"/livez", "/readyz"})


class Readiness:
    """Whether the gateway serves: not before it has started, no more once it drains."""

    def __init__(self) -> None:
        self.ready = False


def application(readiness: Readiness, token: str | None) -> web.Application:
    """Return the admin application; with a token, everything but health needs it as a bearer token."""
    app = web.Application(middlewares=[_guarded(token)])

    async def livez(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(request: web.Request) -> web.Response:
        return web.Response(text="ready\n") if readiness.ready else web.Response(text="not ready\n", status=503)

    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    return app


def _guarded(token: str | None) -> Any:
    @web.middleware
    async def guarded(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if (
            token is not None
            and request.path not in OPEN
            and not hmac.compare_digest(given.encode(errors="surrogateescape"), token.encode())
        ):
            return web.Response(
                text="the admin token is required\n", status=401, headers={"WWW-Authenticate": "Bearer"}
            )
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = web.Response(text=f"{error.reason}\n", status=error.status)
        response.headers["Server"] = "ordergate"
        return response

    return guarded
