"""A provider that answers everything wrong, and repeats all that it was told wherever errors are read from."""

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote

import msgspec
from aiohttp import web

from gateway.listeners import Listener

MEMBERS = "message msg detail title error error_description code errorCode errorMessage reason status".split()
STATUSES = (400, 401, 403, 404, 409, 410, 415, 422, 500, 502, 503, 504)
WRITINGS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: text.replace("/", "\\/"),
    lambda text: "".join(f"\\u{ord(character):04x}" for character in text),
    lambda text: quote(text, safe=""),
)
"""Ways in which programs write a text into JSON."""


class Adversary:
    """Counts the requests that it failed. `tokens` are what it gave out; with `closed` it gives out no more."""

    def __init__(self) -> None:
        self.url = ""
        self.failed = 0
        self.tokens: list[str] = []
        self.closed = False
        self._turns = itertools.count()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        body = (await request.read()).decode(errors="replace")
        words = " ".join([*request.headers.values(), request.path_qs, body])
        if not self.closed and any(word in request.path.lower() for word in ("token", "login")):
            return self._token()
        self.failed += 1
        turn = next(self._turns)
        written = WRITINGS[turn // 16 % len(WRITINGS)](words.replace("\\", "").replace('"', ""))
        headers = {"X-Request-Id": words.encode("ascii", "replace").decode().replace("\n", " ")[:2000]}
        kind = turn % 16
        if kind < len(STATUSES):
            return _told(STATUSES[kind], written, headers)
        if kind == 12:
            return _told(200, written, headers)
        if kind == 13:
            return web.Response(body=f'{{"id": "{written}", broken'.encode(), headers=headers, content_type="text/json")
        if kind == 14:
            return web.Response(status=502, text=f"<html>{written}</html>", headers=headers, content_type="text/html")
        return await _cut(request, written)

    def _token(self) -> web.Response:
        token = f"canary-token-{len(self.tokens)}-7261/+"
        self.tokens.append(token)
        content = {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "success": True}
        content["data"] = {"token": token, "expiration": "2099-12-31T00:00:00Z"}
        return web.Response(body=msgspec.json.encode(content), content_type="application/json")


def _told(status: int, written: str, headers: dict[str, str]) -> web.Response:
    members = [f'"{name}": "{written}"' for name in MEMBERS]
    members += ['"success": false', f'"violations": [{{"name": "{written}", "reason": "{written}"}}]']
    members += [f'"errors": [{{"field": "{written}", "message": "{written}"}}]', f'"data": {{"message": "{written}"}}']
    body = f"{{{', '.join(members)}}}".encode()
    return web.Response(status=status, body=body, headers=headers, content_type="application/problem+json")


async def _cut(request: web.Request, written: str) -> web.StreamResponse:
    """Begin an answer that breaks off."""
    response = web.StreamResponse(status=200, headers={"Content-Length": "100000"})
    await response.prepare(request)
    await response.write(written.encode())
    if request.transport is not None:
        request.transport.abort()
    return response


@asynccontextmanager
async def attacking() -> AsyncIterator[Adversary]:
    """Serve it on loopback."""
    adversary = Adversary()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", adversary.answer)
    listener = Listener(app, "127.0.0.1", 0)
    await listener.start()
    adversary.url = listener.url
    try:
        yield adversary
    finally:
        await listener.stop()
