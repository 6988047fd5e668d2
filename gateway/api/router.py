"""Which handler a request is for: its path is walked segment by segment, however many endpoints there are."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from gateway.api.body import MAX_BYTES

if TYPE_CHECKING:
    from gateway.api.context import Call


class Request(web.BaseRequest):
    """A caller's request: where it goes (`route` is None where no path matches), and what became known of it."""

    route: "Route | None" = None
    match_info: Mapping[str, str]
    request_id: str
    call: "Call | None" = None

    @property
    def template(self) -> str | None:
        """Return the path of its route for logs and metrics, None where nobody answers the method there."""
        return self.route.path if self.route is not None and self.method in self.route.handlers else None


Handler = Callable[[Request], Awaitable[web.StreamResponse]]


def received(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: RequestHandler,
    writer: AbstractStreamWriter,
    task: "asyncio.Task[None]",
) -> Request:
    """Return a request of what the parser made; its body has at most `MAX_BYTES`."""
    return Request(message, payload, protocol, writer, task, task.get_loop(), client_max_size=MAX_BYTES)


@dataclass(frozen=True, slots=True)
class Route:
    """A path, in which `{name}` stands for one segment, and who answers each method there."""

    path: str
    handlers: dict[str, Handler] = field(default_factory=dict)


@dataclass(slots=True)
class _Branch:
    """What paths that begin alike go on with: a certain segment, or any one, whose name is in `variable`."""

    fixed: dict[str, "_Branch"] = field(default_factory=dict)
    variable: "_Variable | None" = None
    route: Route | None = None


class _Variable(NamedTuple):
    name: str
    branch: _Branch


class Router:
    """The paths that are served. Where a segment is one of a path's own, no `{name}` is tried for it."""

    def __init__(self) -> None:
        self._root = _Branch()

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Have requests of this method and path answered. Raises ValueError where another path names a segment else.

        RFC 9110, section 9.1: who answers GET answers HEAD, with the same headers and no body.
        """
        branch = self._root
        for segment in path.split("/"):
            if not segment.startswith("{"):
                branch = branch.fixed.setdefault(segment, _Branch())
                continue
            name = segment.strip("{}")
            if branch.variable is None:
                branch.variable = _Variable(name, _Branch())
            if branch.variable.name != name:
                raise ValueError(f"{path}: another path has {branch.variable.name} there")
            branch = branch.variable.branch
        if branch.route is None:
            branch.route = Route(path)
        branch.route.handlers[method] = handler
        if method == "GET":
            branch.route.handlers["HEAD"] = handler

    def find(self, path: str) -> tuple[Route | None, Mapping[str, str]]:
        """Return the route of a path, None where no path is like that, and the values of its names.

        `path` is decoded but for `%2F` and `%25`, so that a value may hold a slash. None holds a brace.
        """
        branch = self._root
        values: dict[str, str] = {}
        for segment in path.split("/"):
            following = branch.fixed.get(segment)
            if following is None:
                if branch.variable is None or not segment or "{" in segment or "}" in segment:
                    return None, values
                name, following = branch.variable
                values[name] = segment.replace("%2F", "/").replace("%25", "%")
            branch = following
        return branch.route, values

    def routed(self, answer: Handler) -> Handler:
        """Return what finds the route of each request and has it answered, also those without a route."""

        async def routed(request: Request) -> web.StreamResponse:
            request.route, request.match_info = self.find(request.rel_url.path_safe)
            if hdrs.EXPECT in request.headers:
                await _expected(request)
            return await answer(request)

        return routed


async def _expected(request: Request) -> None:
    """Tell a client that waits for it to go on and send the body. Raises HTTPExpectationFailed for what is unknown."""
    expectation = request.headers[hdrs.EXPECT].lower()
    if not expectation or request.version != HttpVersion11:
        return
    if expectation != "100-continue":
        raise web.HTTPExpectationFailed
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    # No part of the answer, which may still become another one.
    request.writer.output_size = 0
    await request.writer.drain()
