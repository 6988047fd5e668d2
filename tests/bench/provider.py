"""The provider both compete for: answers any request at once with bytes prepared before.

A bare asyncio protocol, because what it spends is taken from what is measured beside it.
"""

import asyncio

from typing_extensions import override

from bench import answers
from bench.child import serve


def _answer(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class PreparedAnswers(asyncio.Protocol):
    """One connection, kept alive; requests come one after the other."""

    def __init__(self, prepared: tuple[tuple[bytes, bytes], ...], otherwise: bytes) -> None:
        self._prepared = prepared
        self._otherwise = otherwise
        self._received = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        _, _, length = head.lower().partition(b"content-length:")
        if len(rest) < int(length.partition(b"\r\n")[0] or 0):
            return
        self._received = b""
        target = head.split(b" ", 2)[1].lower()
        self._transport.write(next((body for word, body in self._prepared if word in target), self._otherwise))


async def start() -> str:
    """Listen; return the URL."""
    prepared = ((b"login", _answer(answers.reseller_token())), (b"products", _answer(answers.reseller_page())))
    otherwise = _answer(answers.gelato_order())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: PreparedAnswers(prepared, otherwise), "127.0.0.1", 0)
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


if __name__ == "__main__":
    serve(start)
