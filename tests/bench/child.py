"""A child process of the benchmark, from within: says its URL, and ends when whoever started it does."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import uvloop


def serve(start: Callable[[], Awaitable[str]]) -> None:
    """Run `start` in a uvloop, print the URL it returns, and serve until stdin closes or a signal comes."""
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_closed(start))


async def _until_closed(start: Callable[[], Awaitable[str]]) -> None:
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin)
            closed.set()

    print(await start(), flush=True)
    loop.add_reader(sys.stdin, read)
    await closed.wait()
