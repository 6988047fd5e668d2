"""Makes a process out of this one, which must have neither loop nor thread: it shares with it all that is imported."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

from gateway.running import STOPS

ORPHANED = 3
"""The exit status of a process whose parent is gone."""
REPORT_BYTES = 65536

log = structlog.get_logger("ordergate.workers")


@dataclass(slots=True)
class Child:
    """A process that was made. `report` is a pipe from it, which ends when it does."""

    pid: int
    report: int
    rest: bytes = field(default=b"")

    def heard(self) -> list[bytes] | None:
        """Return the lines that it has said since; None when it is gone."""
        received = os.read(self.report, REPORT_BYTES)
        if not received:
            return None
        *lines, self.rest = (self.rest + received).split(b"\n")
        return lines

    def buried(self) -> int:
        """Take leave of it once it is gone; return its exit status, negative for the signal that killed it."""
        os.close(self.report)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Lifeline:
    """A pipe that only the parent can write to: its end tells the children that the parent is gone."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()

    def hold(self) -> None:
        """Have this process, a child, end when its parent has; also when its loop is stuck."""
        os.close(self._writing)
        threading.Thread(target=self._end, name="lifeline", daemon=True).start()

    def _end(self) -> None:
        os.read(self._reading, 1)
        os._exit(ORPHANED)


def fork(work: Callable[[int], int], become: Callable[[], None]) -> Child:
    """Make a process that does `work`, given the pipe it may report to, and ends with the status that this returns.

    It first calls `become`, to let go of what is its parent's alone. Ctrl-C at a terminal reaches it too, and is the
    parent's to judge: it ends on SIGTERM. Raises OSError.
    """
    reading, writing = os.pipe()
    # A signal for the child, before it has handlers of its own, would be taken by those of its parent.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _live(work, become, writing)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.close(writing)
    return Child(pid, reading)


def _live(work: Callable[[int], int], become: Callable[[], None], report: int) -> NoReturn:
    """Be the child, and never return into the code of the parent."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        become()
        status = work(report)
    except BaseException:
        log.exception("process failed")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
