"""A client that sends the very bytes it is told to, and reads every answer that comes until the server hangs up."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

_LENGTH = re.compile(r"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """One answer as it came."""

    status: int
    head: str
    body: bytes

    def header(self, name: str) -> str | None:
        """Return a header's value."""
        found = re.search(rf"^{re.escape(name)}: *(.*?)\r?$", self.head, re.IGNORECASE | re.MULTILINE)
        return None if found is None else found[1]

    @property
    def problem(self) -> Any:
        """Return the decoded problem, or {} where the answer is none."""
        is_problem = self.header("Content-Type") == "application/problem+json"
        return msgspec.json.decode(self.body) if is_problem and self.body else {}

    @property
    def problem_name(self) -> str:
        """Return the problem type's name, or ""."""
        return str(self.problem.get("type", "")).rpartition("/")[2]


async def exchanged(port: int, *pieces: bytes, seconds: float = 10.0, method: str = "") -> list[RawAnswer]:
    """Send the pieces, and return the answers when the server has closed the connection.

    Raises TimeoutError when it does not within `seconds`: a hang.
    """
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            received = asyncio.create_task(_everything(reader))
            try:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
            except ConnectionError:
                pass  # it refuses to hear the rest: what it said counts
            return answers(await received, bodiless=method == "HEAD")
        finally:
            writer.close()


async def _everything(reader: asyncio.StreamReader) -> bytes:
    received = bytearray()
    try:
        while piece := await reader.read(65536):
            received += piece
    except ConnectionError:
        pass
    return bytes(received)


def answers(received: bytes, *, bodiless: bool = False) -> list[RawAnswer]:
    """Return the answers in a stream of bytes. Raises ValueError for anything that is not HTTP."""
    found = []
    while received:
        head, separator, rest = received.partition(b"\r\n\r\n")
        line = re.match(rb"HTTP/\d\.\d (\d{3}) ", head)
        if not separator or line is None:
            raise ValueError(f"not an answer: {received[:200]!r}")
        text = head.decode("latin-1")
        length = _LENGTH.search(text)
        size = 0 if length is None or bodiless or int(line[1]) in {204, 304} else int(length[1])
        if len(rest) < size:
            raise ValueError(f"cut off: {received[:200]!r}")
        if not 100 <= int(line[1]) < 200:
            found.append(RawAnswer(int(line[1]), text, rest[:size]))
        received = rest[size:]
    return found


def request(
    method: str,
    target: str,
    body: bytes | None = None,
    headers: Sequence[tuple[str, str]] = (),
    *,
    host: str = "127.0.0.1",
) -> bytes:
    """Return a request with a right Content-Length that asks to close the connection."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")
