"""When a process that ended is started again, and when no more."""

from typing import Any

import pytest

from gateway.workers.roles import PAUSES, SETTLED_SECONDS, START_SECONDS, Role


class Dead:
    """A child that has ended."""

    def buried(self) -> int:
        return 7


def died(role: Role, *, after: float, ready: bool) -> tuple[int, float | None]:
    """Let its next process die so many seconds after its begin."""
    child: Any = Dead()
    role.begun(child, 100.0)
    role.is_ready = ready
    return role.ended(child, 100.0 + after)


@pytest.fixture
def role() -> Role:
    """One that has never run."""
    return Role("worker 0", lambda sockets, report: 0)


def test_the_first_death_costs_no_pause_and_each_further_one_a_longer(role: Role) -> None:
    """Half a minute at most: a process that serves is never given up, however often it dies."""
    pauses = [died(role, after=1.0, ready=True)[1] for _ in range(10)]
    assert pauses == [0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0, 30.0]
    assert role.due == 131.0


def test_what_does_not_come_up_is_given_up(role: Role) -> None:
    """After a minute of trying; what it says at its end is told each time."""
    ends = [died(role, after=1.0, ready=False) for _ in range(len(PAUSES) + 1)]
    assert ends == [(7, pause) for pause in PAUSES] + [(7, None)]


def test_who_has_lived_for_a_while_begins_anew(role: Role) -> None:
    """Deaths that are far from one another have nothing to do with one another."""
    for _ in range(5):
        died(role, after=1.0, ready=True)
    assert died(role, after=SETTLED_SECONDS, ready=True) == (7, 0.0)


def test_a_start_has_its_time(role: Role) -> None:
    """Late is who is not ready then; who is ready is not, and neither is who does not run."""
    assert not role.is_late(1e9)
    child: Any = Dead()
    role.begun(child, 100.0)
    assert not role.is_late(100.0 + START_SECONDS - 1)
    assert role.is_late(100.0 + START_SECONDS)
    role.is_ready = True
    assert not role.is_late(1e9)
