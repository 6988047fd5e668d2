"""A line to a server that can be cut when it matters most: before a request arrives, or before its answer does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

Cut = Literal["request", "at once", "answer", "silence"]
"""Cut instead of carrying the next request; after carrying it, without waiting; once it was answered; or never: swallow
the answer, and say nothing."""


class CutLine:
    """Carries bytes between its callers and a server on the loopback."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._cut: Cut | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.refuses = False
        self.refuses_after_cut = False
        self.cuts = 0
        self.port = 0

    def cut(self, which: Cut) -> None:
        """Cut the connection on which something is asked next."""
        self._cut = which

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.refuses:
                return
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._to)
            answers = asyncio.create_task(_pump(from_server, writer))
            try:
                await self._requests(reader, to_server, from_server, answers)
            finally:
                answers.cancel()
                await asyncio.gather(answers, return_exceptions=True)
                await _closed(to_server)
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            self._tasks.discard(task)
            await _closed(writer)

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        from_server: asyncio.StreamReader,
        answers: asyncio.Task[None],
    ) -> None:
        while data := await reader.read(65536):
            cut, self._cut = self._cut, None
            if cut is not None:
                self.cuts += 1
                self.refuses = self.refuses_after_cut
                if cut in {"answer", "silence"}:
                    answers.cancel()
                    await asyncio.gather(answers, return_exceptions=True)
                if cut != "request":
                    to_server.write(data)
                    await to_server.drain()
                if cut in {"answer", "silence"}:
                    await from_server.read(65536)
                if cut == "silence":
                    await reader.read()
                return
            to_server.write(data)
            await to_server.drain()

    async def end(self) -> None:
        """End every connection."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def cut_line(port: int) -> AsyncIterator[CutLine]:
    """Serve a line to the server at `port`."""
    line = CutLine(port)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        await line.end()
        await server.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
