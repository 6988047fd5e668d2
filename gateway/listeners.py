"""Serves an application on an address; what aiohttp's parser refuses gets a bare 400 and is not logged."""

import logging

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest
from typing_extensions import override

KEEPALIVE_SECONDS = 75.0


def _silent() -> logging.Logger:
    """Return a logger that keeps what aiohttp would print of received bytes to itself."""
    logger = logging.Logger("ordergate.silent")
    logger.addHandler(logging.NullHandler())
    return logger


class _BareRequestHandler(RequestHandler):
    """Answers what cannot be parsed without a body: aiohttp repeats received bytes, in the answer and in its log."""

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
    """Runs an application on our server; aiohttp has no public place to name the protocol."""

    __slots__ = ()

    @override
    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        server.__class__ = _Server
        return server


class Listener:
    """One application on one address. `url` is known after `start`."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._runner = _Runner(
            app,
            access_log=None,
            logger=_silent(),
            keepalive_timeout=KEEPALIVE_SECONDS,
            handler_cancellation=False,
            handle_signals=False,
        )
        self._host = host
        self._port = port
        self.url = ""

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop listening and end the connections."""
        await self._runner.cleanup()
