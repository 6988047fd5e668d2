"""Serves an application on an address; what aiohttp's parser refuses gets a bare 400 and is not logged.

Nobody holds a connection for nothing: a header section that is not there in time ends it, and so does silence.
"""

import asyncio
import logging
import socket
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest
from typing_extensions import override

from gateway.api.router import Handler, received

KEEPALIVE_SECONDS = 75.0
HEADER_SECONDS = 10.0
"""How long a header section may take to arrive, from the opening of the connection or from its first byte."""
LINGER_SECONDS = 2.0
"""How long the rest of a body is listened to that nobody reads any more, so that its sender can hear the answer."""

_TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nServer: ordergate\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def _silent() -> logging.Logger:
    """Return a logger that keeps what aiohttp would print of received bytes to itself."""
    logger = logging.getLogger("ordergate.silent")
    logger.propagate = False
    logger.handlers = [logging.NullHandler()]
    return logger


class _BareRequestHandler(RequestHandler):
    """Answers without a body what no application sees: aiohttp repeats received bytes, in the answer and in its log.

    aiohttp has no limit of its own to how long a header section may take.
    """

    _header_timer: asyncio.TimerHandle | None = None
    _has_begun: bool = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._arm()

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._messages:
            self._disarm()
        elif self._awaits_header():
            self._has_begun = True
            self._arm()

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    @override
    def close(self) -> None:
        # aiohttp would leave an idle connection open, with nobody to answer what comes on it.
        if self._waiter is not None and not self._waiter.done():
            self.force_close()
        else:
            super().close()

    def _awaits_header(self) -> bool:
        """Tell whether the next bytes belong to a header section, not to the body of what is being answered."""
        return self._request_count == 0 or (self._waiter is not None and not self._waiter.done())

    def _arm(self) -> None:
        if self._header_timer is None:
            self._header_timer = self._loop.call_later(HEADER_SECONDS, self._header_late)

    def _disarm(self) -> None:
        self._has_begun = False
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _header_late(self) -> None:
        self._header_timer = None
        if self._awaits_header() and not self._messages and self.transport is not None:
            if self._has_begun:
                self.transport.write(_TOO_LATE)
            self.force_close()

    @override
    def finish_response(
        self, request: BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> Coroutine[Any, Any, tuple[web.StreamResponse, bool]]:
        if self._close:
            # The listener drains: whoever is told so sends its next request elsewhere, not into a closing connection.
            resp.force_close()
        # aiohttp's own (an unknown Expect), which are exceptions as well: their text repeats what was received.
        if isinstance(resp, Exception):
            resp = self.handle_error(request, 400)
        return super().finish_response(request, resp, start_time)

    @override
    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the answer was sent already")
        response = web.Response(status=status, headers={"Server": "ordergate"})
        response.force_close()
        return response


class _Server(web.Server):
    """Makes a protocol of ours for each connection."""

    @override
    def __call__(self) -> RequestHandler:
        return _BareRequestHandler(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    """Runs aiohttp's application on our server; it has no public place to name the protocol."""

    __slots__ = ()

    @override
    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        server.__class__ = _Server
        return server


@dataclass(frozen=True, slots=True)
class Sockets:
    """Sockets, bound already, that a gateway is to listen on: for callers, and for the admin listener."""

    public: Sequence[socket.socket]
    admin: Sequence[socket.socket]


class Listener:
    """What answers requests, on one address, or on sockets that are bound already. `url` is known after `start`.

    That is one of aiohttp's applications, or a handler that finds its own routes.
    """

    def __init__(
        self, app: web.Application | Handler, host: str, port: int, sockets: Sequence[socket.socket] = ()
    ) -> None:
        options: dict[str, Any] = {
            "access_log": None,
            "logger": _silent(),
            "keepalive_timeout": KEEPALIVE_SECONDS,
            "lingering_time": LINGER_SECONDS,
            "auto_decompress": False,
            "handler_cancellation": False,
        }
        self._runner: web.BaseRunner
        if isinstance(app, web.Application):
            self._runner = _Runner(app, **options)
        else:
            server = _Server(app, request_factory=received, **options)  # type: ignore[arg-type]  # gets no others
            self._runner = web.ServerRunner(server)
        self._host = host
        self._port = port
        self._sockets = sockets
        self._sites: list[web.BaseSite] = []
        self.url = ""

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        await self._runner.setup()
        given: list[web.BaseSite] = [web.SockSite(self._runner, one) for one in self._sockets]
        for site in given or [web.TCPSite(self._runner, self._host, self._port)]:
            await site.start()
            self._sites.append(site)
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def drain(self) -> None:
        """Take no more connections, close the idle ones, and each other one when it has been answered."""
        if self._sites and self._runner.server is not None:
            for site in self._sites:
                await site.stop()
            self._sites = []
            # What has been received is begun before idle connections are told from others.
            await asyncio.sleep(0)
            self._runner.server.pre_shutdown()

    async def stop(self) -> None:
        """Stop listening and end the connections, those under way when they have been answered."""
        await self._runner.cleanup()
