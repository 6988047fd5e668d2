"""What becomes of a process's work: its exit code, and what it says on stderr."""

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
