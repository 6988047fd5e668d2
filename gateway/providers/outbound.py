"""The network edge towards providers: sends one request once, and knows how much of it left.

What a failure means for an order hangs on one question, how far the request got, and no exception's type answers it.
What was written and read does (`gateway.providers.evidence`):

    not-sent         the connection was not there yet, or was not fit for it: no byte can have left
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
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.metadata import version
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage, StreamWriter

from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.providers.channel import Channel, channel
from gateway.providers.evidence import Evidence, FailureKind, SendFailed, WirePhase
from gateway.providers.head import Destination, destination, head

__all__ = ["Channel", "FailureKind", "Outbound", "SendFailed", "WirePhase", "channel", "user_agent"]

MIB = 1024 * 1024

LIST_HEADERS = frozenset(
    "allow cache-control deprecation link ratelimit ratelimit-policy vary warning www-authenticate".split()
)
"""Response headers whose several lines are one list (RFC 9110, section 5.3). Of any other, the first line counts."""

_PIECE = 65536
"""Bytes of a large body that are written at once, so that writing it does not hold up the loop."""
_NO_BODY = frozenset({101, 204, 304})


class Outbound:
    """Every connection to providers. An async context manager, or `open` and `close`.

    `max_body` caps a response's body, counted while it is read and after it was decompressed. `connections` caps
    open connections, `connections_per_host` those to one host; bulkheads keep below them. `keepalive` is how long
    (seconds) an unused connection is kept: well under what providers do.

    aiohttp's connectors and its parser are used without its `ClientSession`, which would send some requests again by
    itself, follow redirects, keep cookies and look for passwords (gateway/README.md has what it costs).
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
        self._destination = lru_cache(maxsize=256)(destination)
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
        going, written = self._prepared(request, channel)
        evidence = Evidence()
        try:
            async with asyncio.timeout(timeout):
                connection = await _connected(connector, going, channel)
                return await self._exchange(connection, written, request, evidence)
        except SendFailed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, how far the request got must not be lost
            raise evidence.failed(error) from evidence.plain_cause(error)

    def _prepared(self, request: HttpRequest, channel: Channel) -> tuple[Destination, bytes]:
        """Return where a request goes, and its head. Raises SendFailed."""
        try:
            going = self._destination(channel, request.origin, self._agent)
            return going, head(request, going)
        except UnicodeError:
            reason = "it holds a character that no request may hold"  # the error holds all of them
        except (ValueError, LookupError) as error:
            reason = str(error)
        raise SendFailed("not-sent", "invalid", reason)

    async def _exchange(
        self, connection: Connection, written: bytes, request: HttpRequest, evidence: Evidence
    ) -> HttpResponse:
        """Send a request over a connection and return the whole response."""
        upload, reusable = None, False
        try:
            protocol = connection.protocol
            if protocol is None or protocol.transport is None or protocol.transport.is_closing():
                raise aiohttp.ClientConnectionResetError("the connection was closed")
            # A provider that speaks before it was asked may do so once more when it is. What it said is in the protocol
            # before the parser has it, and if it is a whole answer, after.
            silent = not protocol.should_close
            protocol.set_response_params(skip_payload=request.method == "HEAD", read_until_eof=True)
            reusable = silent and not protocol.should_close
            if request.effect == "commit" and not reusable:
                raise evidence.failure("protocol", "the provider answered before it was asked")
            evidence.begun = True
            if request.body and len(request.body) > _PIECE:
                upload = asyncio.create_task(_uploaded(protocol, written, request.body, evidence))
            else:
                protocol.transport.write(written + request.body if request.body else written)
                evidence.uploaded = True
            message, content = await _answered(protocol)
            evidence.status = message.code
            evidence.headers = _response_headers(message.headers)
            body = b"" if message.code in _NO_BODY else await self._body(content, evidence)
            evidence.whole = True
            return HttpResponse(message.code, evidence.headers, body)
        finally:
            if upload is not None:
                upload.cancel()
            over = evidence.whole and evidence.uploaded
            if not over and connection.transport is not None:
                # Closing would wait until the rest has left, which a provider that reads nothing never lets happen.
                connection.transport.abort()
            if over and reusable:
                connection.release()
            else:
                connection.close()

    async def _body(self, content: aiohttp.StreamReader, evidence: Evidence) -> bytes:
        """Read the body. Raises SendFailed as soon as it is known to be longer than `max_body`."""
        chunks: list[bytes] = []
        size = 0
        while not content.at_eof():
            chunk = await content.readany()
            size += len(chunk)
            if size > self.max_body:
                raise evidence.failure("too-large", f"the response's body is longer than {self.max_body} bytes")
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _connected(connector: aiohttp.TCPConnector, going: Destination, channel: Channel) -> Connection:
    """Return a connection on which no answer lies: what came on an idle one would be taken for this request's."""
    connection = await connector.connect(going.dialled, [], channel.timeout)
    # Only one that was used before can hold any, so this ends.
    while connection.protocol is not None and len(connection.protocol):
        connection.close()
        connection = await connector.connect(going.dialled, [], channel.timeout)
    return connection


async def _uploaded(protocol: ResponseHandler, written: bytes, body: bytes, evidence: Evidence) -> None:
    """Hand over a request with a large body piece by piece, while its answer is waited for: it may come before."""
    writer = StreamWriter(protocol, asyncio.get_running_loop())
    try:
        await writer.write(written + body[:_PIECE])
        for start in range(_PIECE, len(body), _PIECE):
            await asyncio.sleep(0)
            await writer.write(body[start : start + _PIECE])
    except OSError:
        return  # whoever waits for the answer meets it
    evidence.uploaded = True


async def _answered(protocol: ResponseHandler) -> tuple[RawResponseMessage, aiohttp.StreamReader]:
    """Return the head of the answer and where its body comes, having passed over those that only say "go on"."""
    message, content = await protocol.read()
    while 100 <= message.code < 200 and message.code != 101:
        message, content = await protocol.read()
    return message, content


@cache
def user_agent() -> str:
    """Return what we call ourselves towards providers."""
    return f"ordergate/{version('ordergate')}"


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
