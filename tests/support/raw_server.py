"""A server that answers with the very bytes it is told to, and remembers the very bytes it received."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    """Return a response with a right Content-Length."""
    lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class RawServer:
    """What one server did: its answers in turn (the last one again and again), and what came."""

    answers: list[bytes | Answer]
    url: str = ""
    port: int = 0
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    """Each whole request."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            self.requests.append(head + body)
            answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)

    @property
    def methods(self) -> list[str]:
        """Return the method of each request."""
        return [request.split(b" ", 1)[0].decode() for request in self.requests]


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    *,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """Listen on a free port of loopback and yield it; every connection is over when this is left."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(OSError, EOFError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await serve(reader, writer)
        finally:
            writer.transport.abort()
            tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context, limit=1 << 20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def raw_server(*answers: bytes | Answer, context: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Serve `answers`, and close what is left when done."""
    server = RawServer(list(answers) or [http(200, b"{}")])
    async with listening(server.serve, context=context) as port:
        server.port = port
        server.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
        yield server
