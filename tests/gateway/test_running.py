"""What becomes of a process's work: its exit code, and what it says on stderr."""

import asyncio
import os
import signal

import pytest

from gateway.running import until_stopped
from policies.journal import JournalRefused, JournalUnavailable


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError("no room"), "no room"),
        (RuntimeError("no simulators"), "no simulators"),
        (
            JournalUnavailable("PostgreSQL: connection refused"),
            "the journal cannot be used: PostgreSQL: connection refused",
        ),
        (JournalRefused("it is newer"), "the journal cannot be used: it is newer"),
    ],
)
async def test_what_cannot_go_on_says_why_in_a_line(
    error: Exception, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """And the exit code is 1; no traceback."""

    async def work() -> None:
        raise error

    assert await until_stopped(work(), stops=()) == 1
    assert capfd.readouterr() == ("", f"ordergate: {said}\n")


async def test_what_ends_by_itself_has_its_own_exit_code() -> None:
    """Nothing is zero."""

    async def work(code: int | None) -> int | None:
        return code

    assert [await until_stopped(work(code), stops=()) for code in (None, 0, 3)] == [0, 0, 3]


async def test_a_signal_that_is_repeated_does_not_cut_the_end_short() -> None:
    """Supervisors tell a process and its group, people press a key twice: what is being sent ends all the same."""
    told, ended = asyncio.Event(), asyncio.Event()

    async def work() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            told.set()
            await asyncio.wait_for(again.wait(), 5)
            ended.set()
        return 0

    again = asyncio.Event()
    running = asyncio.create_task(until_stopped(work(), stopped=7, stops=(signal.SIGUSR1,)))
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(told.wait(), 5)
    os.kill(os.getpid(), signal.SIGUSR1)
    asyncio.get_running_loop().call_later(0.05, again.set)
    assert await running == 7
    assert ended.is_set()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)
