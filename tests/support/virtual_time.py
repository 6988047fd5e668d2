"""An event loop whose clock jumps to the next timer as soon as nothing else is to be done: hours pass in no time."""

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class StuckError(Exception):
    """Nothing is ready and no timer is set: what is waited for will never happen."""


class _Selector(selectors.DefaultSelector):
    """Waits for nothing: the time it was to wait is added to the clock, and a nanosecond for the work done.

    A clock that stood still would let timers run a rounding error too early for ever (aiolimiter does so).
    """

    elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise StuckError
        self.elapsed += 1e-9 + (0.0 if ready else max(0.0, timeout or 0.0))
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that starts at 0 and has a clock of its own."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.elapsed

    def call_exception_handler(self, context: Mapping[str, Any]) -> None:
        raise AssertionError(context)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time, and check that it leaves no task behind."""
    loop = VirtualLoop()
    try:
        result = loop.run_until_complete(main)
        left = asyncio.all_tasks(loop)
        assert not left, left
        return result
    finally:
        loop.close()
