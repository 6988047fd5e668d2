"""Memory that all processes of a proof share: which place is to end which gateway, and how often each was reached."""

import mmap
import os
import signal

from gateway.points import POINTS

PLACES = (*POINTS[:4], "arrived", "executed", *POINTS[4:])
"""Every place at which a gateway is killed: its own, and two at the provider, between request and answer."""

_NUMBER = {name: index for index, name in enumerate(PLACES)}
_PID, _ARMED, _SKIP, _DIED, _HITS = range(5)
_WIDTH = _HITS + len(PLACES)


class Board:
    """Made before processes are forked; they see the same memory. Gateways are numbered from 0."""

    def __init__(self, instances: int) -> None:
        self._memory = mmap.mmap(-1, instances * _WIDTH * 4)
        self._cells = memoryview(self._memory).cast("I")
        self.instances = instances

    def born(self, instance: int, pid: int) -> None:
        """Note a gateway's process."""
        start = instance * _WIDTH
        self._cells[start + _PID] = pid
        self._cells[start + _ARMED] = self._cells[start + _DIED] = 0

    def buried(self, instance: int) -> str | None:
        """Note that a gateway's process is gone; return the place at which it ended itself, if it did."""
        start = instance * _WIDTH
        self._cells[start + _PID] = self._cells[start + _ARMED] = 0
        died = self._cells[start + _DIED]
        return PLACES[died - 1] if died else None

    def arm(self, instance: int, place: str, skip: int) -> None:
        """Have a gateway killed at a place, the first `skip` times left out."""
        start = instance * _WIDTH
        self._cells[start + _SKIP] = skip
        self._cells[start + _ARMED] = _NUMBER[place] + 1

    def reached(self, instance: int, place: str) -> None:
        """Count a place that a gateway reached, and kill its process when it is to end here."""
        start, number = instance * _WIDTH, _NUMBER[place]
        self._cells[start + _HITS + number] += 1
        pid = self._cells[start + _PID]
        if self._cells[start + _ARMED] != number + 1 or not pid:
            return
        if self._cells[start + _SKIP]:
            self._cells[start + _SKIP] -= 1
            return
        self._cells[start + _DIED] = number + 1
        os.kill(pid, signal.SIGKILL)

    def hits(self, place: str) -> int:
        """Return how often a place was reached, by all gateways."""
        return sum(self._cells[instance * _WIDTH + _HITS + _NUMBER[place]] for instance in range(self.instances))
