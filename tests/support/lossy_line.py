"""A line between a caller and the gateway that loses requests and answers, in an order that the test states."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

Loss = Literal["request", "answer", "nothing"]


@dataclass(slots=True)
class LossyLine:
    """A line from `url` to `target`: what each connection loses, first to last, and then nothing."""

    url: str
    target: str
    losses: list[Loss] = field(default_factory=list)

    def lose(self, losses: Sequence[Loss]) -> None:
        """State what the next connections lose: the request before it arrives, or the answer on its way back."""
        self.losses = list(losses)


@asynccontextmanager
async def lossy_line(target: str) -> AsyncIterator[LossyLine]:
    """Serve a line to the gateway at `target`: one request for each connection."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loss: Loss = line.losses.pop(0) if line.losses else "nothing"
        try:
            request = await _message(reader)
            if loss != "request":
                answer = await _asked(line.target, request)
                if loss != "answer":
                    writer.write(answer)
                    await writer.drain()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    line = LossyLine(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", target)
    async with server:
        yield line


async def _asked(target: str, request: bytes) -> bytes:
    """Return the whole answer to a request, asked for on a connection of its own and closed after it."""
    reader, writer = await asyncio.open_connection(urlsplit(target).hostname, urlsplit(target).port)
    head, separator, body = request.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    writer.write(b"\r\n".join([*lines, b"Connection: close"]) + separator + body)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Return one request: its head and as much body as it says."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    return head + await reader.readexactly(int(fields.get(b"content-length", b"0")))
