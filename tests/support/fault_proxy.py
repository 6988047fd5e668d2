"""A TCP proxy that breaks what passes through it, at the byte it is told to."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from support.raw_server import listening

Side = Literal["request", "response"]


@dataclass(frozen=True)
class Fault:
    """What goes wrong.

    After `request_bytes` of what the client sends, or `response_bytes` of what the server answers, were passed on, the
    connection ends as `ending` says: `close` (FIN), `reset` (RST) or `hang` (neither ever again a byte, nor an end).
    0 strikes at the first byte, which is not passed on; None never strikes. `latency` (seconds) goes before each
    chunk, `trickle` before each byte of the answer from its byte `trickle_from` on.
    """

    request_bytes: int | None = None
    response_bytes: int | None = None
    ending: Literal["close", "reset", "hang"] = "close"
    latency: float = 0.0
    trickle: float = 0.0
    trickle_from: int = 0


NO_FAULT = Fault()
REPLY_LOST = Fault(response_bytes=0)
BLACK_HOLE = Fault(request_bytes=0, ending="hang")


class Struck(Exception):
    """The fault strikes now."""


class FaultProxy:
    """One proxy in front of one server.

    Setting `fault` starts to count bytes anew, on open connections too. `struck` is set once one has struck,
    or has begun to.
    """

    def __init__(self, upstream: int) -> None:
        self.port = 0
        self.struck = asyncio.Event()
        self._upstream = upstream
        self._fault = NO_FAULT
        self._passed: dict[Side, int] = {"request": 0, "response": 0}

    @property
    def url(self) -> str:
        """Return where the proxy listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def fault(self) -> Fault:
        """Return what goes wrong at present."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self._fault = fault
        self._passed = {"request": 0, "response": 0}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        there = asyncio.create_task(self._pump(reader, upstream_writer, "request"))
        back = asyncio.create_task(self._pump(upstream_reader, writer, "response"))
        try:
            done, _ = await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            if any(isinstance(task.exception(), Struck) for task in done):
                await self._end(writer)
        finally:
            there.cancel()
            back.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            upstream_writer.transport.abort()
            # What was passed on still has to arrive before the end does.
            writer.close()
            await writer.wait_closed()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, side: Side) -> None:
        while chunk := await source.read(65536):
            fault = self._fault
            if fault.latency:
                self.struck.set()
            await asyncio.sleep(fault.latency)
            limit = fault.request_bytes if side == "request" else fault.response_bytes
            left = len(chunk) if limit is None else limit - self._passed[side]
            await self._pass(chunk[:left], target, side)
            self._passed[side] += len(chunk[:left])
            if limit is not None and self._passed[side] >= limit:
                self.struck.set()
                raise Struck

    async def _pass(self, data: bytes, target: asyncio.StreamWriter, side: Side) -> None:
        fault = self._fault
        whole = len(data)
        if fault.trickle and side == "response":
            whole = max(0, fault.trickle_from - self._passed[side])
        target.write(data[:whole])
        await target.drain()
        for byte in data[whole:]:
            self.struck.set()
            await asyncio.sleep(fault.trickle)
            target.write(bytes([byte]))
            await target.drain()

    async def _end(self, writer: asyncio.StreamWriter) -> None:
        match self._fault.ending:
            case "hang":
                await asyncio.Event().wait()
            case "reset":
                connection = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()


@asynccontextmanager
async def fault_proxy(upstream: int) -> AsyncIterator[FaultProxy]:
    """Run a proxy in front of a port of this machine."""
    proxy = FaultProxy(upstream)
    async with listening(proxy.serve) as port:
        proxy.port = port
        yield proxy
