"""Runs a coroutine as a process's whole work: on the fastest loop there is, until it ends or a signal says so."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from policies.journal import JournalRefused, JournalUnavailable

STOPS = (signal.SIGTERM, signal.SIGINT)


def run(work: Coroutine[Any, Any, int]) -> int:
    """Run `work` to its end; return what it returns, or 130 where the keyboard interrupted it."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            return runner.run(work)
        except KeyboardInterrupt:
            return 130


async def until_stopped(
    work: Coroutine[Any, Any, int | None], *, stopped: int = 0, stops: Sequence[signal.Signals] = STOPS
) -> int:
    """Run `work` until it ends or one of the signals comes; it is cancelled then, and may take its time to end.

    Only the first signal counts: one that is sent again does not cut short what has to end, as a write under way.
    Returns the exit code: what `work` returns, `stopped` when it was told to stop, 1 when it could not go on.
    """
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if not task.cancelling():
            task.cancel()

    for number in stops:
        loop.add_signal_handler(number, stop)
    try:
        return await task or 0
    except asyncio.CancelledError:
        return stopped
    except (JournalRefused, JournalUnavailable) as error:
        return fail(f"the journal cannot be used: {error}")
    except (OSError, RuntimeError, ValueError) as error:
        return fail(error)


def fail(why: Exception | str) -> int:
    """Say on stderr why the process cannot go on; return its exit code."""
    sys.stderr.write(f"ordergate: {why}\n")
    sys.stderr.flush()
    return 1


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - there is none for Windows

    return uvloop.new_event_loop
