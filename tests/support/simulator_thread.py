"""Simulators in a thread of this process: a gateway under test need not start another interpreter for them."""

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from gateway.simulation import build, served

T = TypeVar("T")


class SimulatorThread:
    """What `gateway.simulation.SimulatorProcess` is, with a thread for the process."""

    def __init__(self) -> None:
        self.urls: Mapping[str, str] = {}
        self._served = AsyncExitStack()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulators")

    async def start(self, names: Sequence[str], seed: int, faults: Mapping[str, float] | None, pace: float) -> None:
        """Serve these providers' simulators. Raises KeyError for an unknown name, ValueError for bad faults."""
        # Importing a simulator reads files.
        built = await asyncio.to_thread(
            lambda: {name: build(name, seed=seed, faults=faults, pace=pace) for name in names}
        )
        self._thread.start()
        self.urls = await self._there(self._served.enter_async_context(served(built)))

    async def stop(self) -> None:
        """Return when nothing is served and the thread has ended."""
        await self._there(self._served.aclose())
        await self._there(self._loop.shutdown_default_executor())
        await asyncio.to_thread(self._end)

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()


async def start_thread(
    names: Sequence[str], *, seed: int = 0, faults: Mapping[str, float] | None = None, pace: float = 1.0
) -> SimulatorThread:
    """Do what `gateway.simulation.start_process` does, in a thread."""
    started = SimulatorThread()
    await started.start(names, seed, faults, pace)
    return started
