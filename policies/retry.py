"""When something that failed is tried again: how often, after which pause, and how much of it an account bears.

There is one place that tries again for reads and one for writes; nothing below them does, so tries never multiply.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Repeat = Literal["never", "soon", "later"]
"""What a failure says about another try, where nothing was executed: it helps not at all; it may after a pause; or
only later, for there was no room or no time, and who waits is better told at once."""

Try = Literal["now", "later", "end"]


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses with full jitter: somewhere between nothing and `base` seconds doubled for each try, up to `cap`.

    `most` is how many tries follow the first while somebody waits; 0 means that nothing is ever tried again.
    """

    base: float
    cap: float
    most: int

    def pause(self, tries: int, chance: Callable[[], float]) -> float:
        """Return the seconds before the next try, after `tries` others; `chance` gives numbers from 0 to 1."""
        return chance() * min(self.cap, self.base * 2.0 ** min(tries, 30))


def next_try(repeat: Repeat, *, again: bool, wait: float, attended: float, wanted: float) -> Try:
    """Return what follows for a write of which nothing was executed. Times in seconds from now.

    `wait` is the pause before the next try; `again` says that the number and the budget of tries allow one; `attended`
    is how long the caller still waits (0: it was told that the operation goes on); `wanted` how long the order is.

        a failure that no try helps              end
        the caller waits                         now, after the pause, where both fit in; else end: told at once
        the caller was told that it goes on      later, while the order is wanted; else end
    """
    if repeat == "never" or wait >= wanted:
        return "end"
    if attended <= 0:
        return "later"
    return "now" if repeat == "soon" and again and wait < attended else "end"


class RetryBudget:
    """Bounds an account's tries after the first: a `share` of its requests, and `spare` besides, once.

    Without it every failure would come back as more load, just when there is too much of it. `spare` is there from the
    start, for an account where little goes on; what was used of it requests earn again with their share, of which no
    more is kept than those of `WINDOW` seconds earn. Where they earn less than `trickle` a second, that is earned: what
    waits in the journal to be tried again must not wait for others' requests.
    """

    WINDOW = 10

    def __init__(self, share: float = 0.1, spare: float = 10.0, trickle: float = 0.05) -> None:
        self._share = share
        self._spare = spare
        self._trickle = trickle
        self._left = spare
        self._advanced = 0.0
        self._at: float | None = None
        self._seconds: deque[list[int]] = deque()

    def request(self, now: float) -> None:
        """Count a request that was asked for (not a try after it)."""
        self._second(now)[1] += 1
        self._left += self._share - self._advanced
        self._advanced = 0.0

    def take(self, now: float) -> bool:
        """Take one more try out of the budget; tell whether there was one."""
        second = self._second(now)
        most = sum(one[1] for one in self._seconds) * self._share + self._spare
        self._left = min(self._left, most)
        if sum(one[2] for one in self._seconds) + 1 > most or self._left < 1 - 1e-9:
            return False
        second[2] += 1
        self._left -= 1
        return True

    def _second(self, now: float) -> list[int]:
        """Return the counts of this second, with what time has earned: when it began, requests, tries after them."""
        if self._at is not None:
            earned = (now - self._at) * self._trickle
            self._left += earned
            # The next request has earned it in advance.
            self._advanced = min(self._share, self._advanced + earned)
        self._at = now
        begun = int(now)
        if not self._seconds or self._seconds[-1][0] != begun:
            self._seconds.append([begun, 0, 0])
            while self._seconds[0][0] <= begun - self.WINDOW:
                self._seconds.popleft()
        return self._seconds[-1]
