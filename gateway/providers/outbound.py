"""The network edge towards providers: sends one request once, and knows how much of it left.

What a failure means for an order hangs on one question, how far the request got, and no exception's type answers it.
The request itself does (`gateway.providers.evidence`):

    not-sent         the connection was not there yet: no byte can have left
    partly-sent      the first byte may have left, the last one has not
    sent             the whole request was handed to the connection
    answered-partly  status and headers were read, the body was not whole
    answered         the whole response was read

Where this is not exact it errs towards "more was sent", never towards "not sent".

Why commits get a connection of their own: a provider may close a kept-alive connection at the very moment a request
is written to it, which leaves a write in doubt although nothing is wrong. A fresh connection costs a round trip or
two, once for each order. Everything else shares kept-alive connections.
"""

import asyncio
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.metadata import version
from io import BytesIO
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.connector import Connection
from multidict import CIMultiDict
from yarl import URL

from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.providers.channel import Channel, channel, checked_origin
from gateway.providers.evidence import Evidence, FailureKind, SendFailed, WirePhase, WitnessedRequest

__all__ = ["Channel", "FailureKind", "Outbound", "SendFailed", "WirePhase", "channel", "user_agent"]

MIB = 1024 * 1024

OWN_HEADERS = frozenset(
    "host connection content-length transfer-encoding accept-encoding expect te trailer upgrade".split()
)
"""Headers that say how bytes travel. They are the client's to set: an adapter that sets one is wrong."""

LIST_HEADERS = frozenset(
    "allow cache-control deprecation link ratelimit ratelimit-policy vary warning www-authenticate".split()
)
"""Response headers whose several lines are one list (RFC 9110, section 5.3). Of any other, the first line counts."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"/[!-\"$-~]*")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_NO_BODY = frozenset({101, 204, 304})


class Outbound:
    """Every connection to providers. An async context manager, or `open` and `close`.

    `max_body` caps a response's body, counted while it is read and after it was decompressed. `connections` caps
    open connections, `connections_per_host` those to one host; bulkheads keep below them. `keepalive` is how long
    (seconds) an unused connection is kept: well under what providers do.

    aiohttp's connectors, requests and responses are used without its `ClientSession`, which would send some requests
    again by itself, follow redirects, keep cookies and look for passwords (gateway/README.md has what it costs).
    There are two connectors, because one keeps all of its connections alive or none: one for commits, whose
    connections are never used again, and one for everything else.
    """

    def __init__(
        self,
        *,
        max_body: int = 8 * MIB,
        connections: int = 256,
        connections_per_host: int = 64,
        keepalive: float = 15.0,
    ) -> None:
        self.max_body = max_body
        self._connections = connections
        self._connections_per_host = connections_per_host
        self._keepalive = keepalive
        self._agent = ""
        self._kept_alive: aiohttp.TCPConnector | None = None
        self._fresh: aiohttp.TCPConnector | None = None

    async def open(self) -> None:
        """Make ready to send. Must be called in the running loop that sends."""
        self._agent = await asyncio.to_thread(user_agent)  # reads a file
        limit, per_host = self._connections, self._connections_per_host
        self._kept_alive = aiohttp.TCPConnector(limit=limit, limit_per_host=per_host, keepalive_timeout=self._keepalive)
        self._fresh = aiohttp.TCPConnector(limit=limit, limit_per_host=per_host, force_close=True)

    async def close(self) -> None:
        """Close every connection. Doing it twice does no harm."""
        for connector in (self._kept_alive, self._fresh):
            if connector is not None:
                await connector.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def send(self, request: HttpRequest, channel: Channel, timeout: float) -> HttpResponse:  # noqa: ASYNC109
        """Send a request once and return the whole response, whatever its status.

        `timeout` (seconds) covers everything from the look-up of the name to the last byte of the body.
        Raises SendFailed, whose `phase` says how far the request got. A cancelled caller gets its CancelledError.
        """
        connector = self._fresh if request.effect == "commit" else self._kept_alive
        if connector is None:
            raise RuntimeError("the outbound client is not open")
        if connector.closed:
            raise SendFailed("not-sent", "closed", "the outbound client is closed")
        evidence = Evidence()
        try:
            outgoing = self._outgoing(request, channel)
        except (ValueError, LookupError) as error:
            raise SendFailed("not-sent", "invalid", str(error)) from None
        outgoing.evidence = evidence
        try:
            async with asyncio.timeout(timeout):
                return await self._exchange(connector, outgoing, channel, evidence)
        except SendFailed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, how far the request got must not be lost
            raise evidence.failed(error) from evidence.plain_cause(error)

    def _outgoing(self, request: HttpRequest, channel: Channel) -> WitnessedRequest:
        """Return aiohttp's request. Raises ValueError or LookupError for what must not, or cannot, be sent."""
        # A compressed answer to a commit is one more way to lose it; commits have small answers.
        encoding = "identity" if request.effect == "commit" else "gzip, deflate"
        headers = CIMultiDict({"User-Agent": self._agent, "Accept-Encoding": encoding})
        for name, value in request.headers.items():
            if _FORBIDDEN.search(value):
                raise ValueError(f"the header {name!r} holds a character that no header may hold")
            headers[_header(name)] = value
        return WitnessedRequest(
            request.method,
            _url(request, channel),
            headers=headers,
            # Else aiohttp calls every body, and the lack of one, `application/octet-stream`.
            skip_auto_headers=None if request.method == "GET" and not request.body else ("Content-Type",),
            data=_data(request.body),
            loop=asyncio.get_running_loop(),
            proxy=None if channel.proxy is None else URL(channel.proxy),
            ssl=channel.ssl or True,
        )

    async def _exchange(
        self, connector: aiohttp.TCPConnector, outgoing: WitnessedRequest, channel: Channel, evidence: Evidence
    ) -> HttpResponse:
        connection = await connector.connect(outgoing, [], channel.timeout)
        try:
            response = await _answered(outgoing, connection)
        except BaseException:
            connection.close()
            raise
        try:
            evidence.status = response.status
            evidence.headers = _response_headers(response.headers)
            body = b"" if response.status in _NO_BODY else await self._body(response, evidence)
            evidence.whole = True
        finally:
            # With the last byte of an answer its connection went back to be used again. Any other is of no use.
            if not response.closed:
                response.close()
        return HttpResponse(response.status, evidence.headers, body)

    async def _body(self, response: aiohttp.ClientResponse, evidence: Evidence) -> bytes:
        """Read the body. Raises SendFailed as soon as it is known to be longer than `max_body`."""
        chunks: list[bytes] = []
        size = 0
        while chunk := await response.content.readany():
            size += len(chunk)
            if size > self.max_body:
                raise evidence.failure("too-large", f"the response's body is longer than {self.max_body} bytes")
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _answered(outgoing: WitnessedRequest, connection: Connection) -> aiohttp.ClientResponse:
    """Send a request over a connection; return the response as soon as its head is read."""
    protocol = connection.protocol
    if protocol is None:
        raise aiohttp.ClientConnectionError("the connection was closed")
    protocol.set_response_params(skip_payload=outgoing.method == "HEAD", read_until_eof=True)
    response = await outgoing.send(connection)
    try:
        return await response.start(connection)
    except BaseException:
        response.close()
        raise


@cache
def user_agent() -> str:
    """Return what we call ourselves towards providers."""
    return f"ordergate/{version('ordergate')}"


def _url(request: HttpRequest, channel: Channel) -> URL:
    """Return where a request goes, its path and query exactly as encoded.

    Raises ValueError for an origin, method or path that is none, KeyError for a path without its values.
    """
    path = request.path
    if not _TOKEN.fullmatch(request.method) or not _TARGET.fullmatch(path):
        raise ValueError("the method or path holds a character that it may not hold")
    scheme, authority, prefix = _origin(channel.base, request.origin, simulator=channel.simulator)
    # Put together, not parsed: there are as many paths as orders, and a few origins.
    return URL.build(
        scheme=scheme, authority=authority, path=prefix + path, query_string=request.query_string, encoded=True
    )


@lru_cache(maxsize=256)
def _origin(base: str, other: str | None, *, simulator: bool) -> tuple[str, str, str]:
    """Return scheme, authority and path prefix of the account's `base`, or of the `other` origin that a request names.

    A simulator stands for every origin. Raises ValueError where there is neither, or `other` is none.
    """
    origin = base
    if other is not None:
        named = checked_origin(other)
        origin = base + URL(named, encoded=True).raw_path.rstrip("/") if simulator else named
    if not origin:
        raise ValueError("the request names no origin, and the provider has no base URL")
    url = URL(origin, encoded=True)
    return url.scheme, url.raw_authority, url.raw_path.rstrip("/")


@lru_cache(maxsize=256)
def _header(name: str) -> str:
    """Return the name of a header that an adapter may set. Raises ValueError."""
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"the header {name!r} holds a character that no header may hold")
    if name.lower() in OWN_HEADERS:
        raise ValueError(f"the header {name!r} is not the adapter's to set")
    return name


def _data(body: bytes | None) -> bytes | BytesIO | None:
    """Return what aiohttp is to send. A large body goes in pieces, so that writing it does not hold up the loop."""
    if not body:
        return None
    return BytesIO(body) if len(body) > MIB else body


def _response_headers(received: Mapping[str, str]) -> dict[str, str]:
    """Return lower-case names with their first value, or all values where the header is a list. No cookies."""
    headers: dict[str, str] = {}
    for name, value in received.items():
        lower = name.lower()
        if lower not in headers:
            headers[lower] = value
        elif lower in LIST_HEADERS:
            headers[lower] = f"{headers[lower]}, {value}"
    headers.pop("set-cookie", None)
    return headers
