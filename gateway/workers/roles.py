"""A process that there is to be: the one that is it now, what belongs to it for good, and when it is to begin again."""

import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.listeners import Sockets
from gateway.workers.forking import Child
from gateway.workers.sockets import SharedAddress

PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before a process that ended is started again, by how often it did so in a row; the last one for ever."""
SETTLED_SECONDS = 60.0
"""A process that lived so long has not ended in a row with the one before."""
START_SECONDS = 60.0
"""How long a process may take to be ready; then it is killed."""


@dataclass(slots=True)
class Role:
    """`work` is given its sockets and the pipe to report on. `address`: where it shares the callers with others."""

    name: str
    work: Callable[[Sockets, int], int]
    admin: Sequence[socket.socket] = ()
    address: SharedAddress | None = None
    public: Sequence[socket.socket] = ()
    child: Child | None = None
    is_ready: bool = False
    failures: int = 0
    since: float = 0.0
    due: float | None = None

    def sockets(self) -> Sockets:
        """Return the sockets of its next process. Raises OSError."""
        if self.address is not None and not self.public:
            self.public = self.address.sockets()
        return Sockets(self.public, self.admin)

    def begun(self, child: Child, now: float) -> None:
        """Take note of its new process."""
        self.child, self.is_ready, self.since, self.due = child, False, now, None

    def ended(self, child: Child, now: float) -> tuple[int, float | None]:
        """Bury its process; return the exit status and the pause before the next, None when it does not come up.

        What was not ready yet does not keep callers waiting: its connections are closed, and others get the next.
        """
        status, was_ready = child.buried(), self.is_ready
        self.child, self.is_ready = None, False
        self.failures = 1 if now - self.since >= SETTLED_SECONDS else self.failures + 1
        if not was_ready:
            self.close_public()
            if self.failures > len(PAUSES):
                return status, None
        pause = PAUSES[min(self.failures, len(PAUSES)) - 1]
        self.due = now + pause
        return status, pause

    def is_late(self, now: float) -> bool:
        """Tell whether it has taken too long to be ready."""
        return self.child is not None and not self.is_ready and now >= self.since + START_SECONDS

    def send(self, number: signal.Signals) -> None:
        """Send its process a signal, if there is one."""
        if self.child is not None:
            with suppress(ProcessLookupError):
                os.kill(self.child.pid, number)

    def close_public(self) -> None:
        """Keep its sockets for callers no longer; its process may have them still."""
        for one in self.public:
            one.close()
        self.public = ()

    def let_go(self) -> None:
        """Close, in another process, all that is this role's."""
        self.close_public()
        for one in self.admin:
            one.close()
        if self.child is not None:
            os.close(self.child.report)
