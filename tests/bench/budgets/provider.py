"""A provider on the loopback that answers after a while, and notes when each request arrived."""

import asyncio
import time
from contextlib import suppress

ANSWER = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


class Provider:
    """A server that never refuses: it is judged afterwards what windows would have."""

    def __init__(self, answer_seconds: float) -> None:
        self._answer_seconds = answer_seconds
        self._server: asyncio.Server | None = None
        self._arrived = asyncio.Condition()
        self.arrivals: list[float] = []
        self._serving: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1000)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End."""
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    async def reached(self, requests: int) -> None:
        """Wait until so many requests have arrived."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.arrivals) >= requests)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.arrivals.append(time.monotonic())
            async with self._arrived:
                self._arrived.notify_all()
            await asyncio.sleep(self._answer_seconds)
            writer.write(ANSWER)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever asked was killed
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
