"""Memory that processes share, and points that are nothing without it."""

import os
import signal

from gateway import points
from gateway.points import POINTS
from gateway.proof.board import PLACES, Board


def test_a_point_is_nothing_unless_somebody_watches() -> None:
    """Production reaches them all, and nothing happens."""
    for name in POINTS:
        points.reach(name)


def test_every_point_is_a_place_where_gateways_are_killed() -> None:
    """And two more, at the provider."""
    assert set(POINTS) < set(PLACES)


def test_a_process_ends_at_the_place_it_is_armed_for_and_others_see_it() -> None:
    """The armed place, after so many times, in the instance meant; what was reached is counted across processes."""
    board = Board(2)
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    board.born(1, pid)
    board.arm(1, "answered", skip=1)
    board.reached(0, "answered")
    board.reached(1, "ended")
    board.reached(1, "answered")
    assert os.waitpid(pid, os.WNOHANG) == (0, 0)
    board.reached(1, "answered")
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert board.buried(1) == "answered"
    assert board.buried(0) is None
    assert (board.hits("answered"), board.hits("ended")) == (3, 1)
