"""A circuit breaker: a provider that only fails is left alone for a while, then asked by one read whether it works.

    closed ── enough trouble ──► open ── the pause is over ──► half-open: one read of ours asks
      ▲                           ▲                               │            │
      │                           └────────── it failed ──────────┘            │
      └──────────────────────────────── it was answered ───────────────────────┘

Trouble is what a provider that is down or failing does: no connection, no answer, a server error. A refusal is none,
and neither is a 429: whoever says no, works. Nobody's order ever finds out whether the provider is back.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Circuit = Literal["closed", "open", "half-open"]


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """When a circuit opens, and for how long; times in seconds.

    failures
        so many in a row open it; 0: it never opens
    share, least, window
        it opens too when this share of at least so many requests within the window failed
    pause, longest
        how long it stays open, doubled each time it opens again soon, and the most that comes of it
    """

    failures: int = 5
    share: float = 0.5
    least: int = 20
    window: int = 30
    pause: float = 10.0
    longest: float = 300.0


LOOK_EVERY = 1.0
"""Seconds between look-ups that pass an open circuit: what is in doubt has to be found out during an outage too."""
PROBE_SECONDS = 1.0
"""What a caller is told to wait while the provider is being asked whether it works again."""


class Breaker:
    """One account's circuit. Every method is told the time (monotonic, seconds); `chance` gives numbers from 0 to 1.

    `generation` changes each time the circuit opens or closes: what was sent before says nothing about it after.
    """

    def __init__(self, settings: BreakerSettings, chance: Callable[[], float]) -> None:
        self.settings = settings
        self.generation = 0
        self.open_until: float | None = None
        self._chance = chance
        self._in_a_row = 0
        self._seconds: deque[list[int]] = deque()
        self._reopened = 0
        self._closed_at: float | None = None
        self._looked_at: float | None = None

    def state(self, now: float) -> Circuit:
        """Return how the circuit stands."""
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half-open"

    def refused_for(self, now: float) -> float:
        """Return 0.0 where requests pass, else the seconds after which it is worth asking again."""
        if self.open_until is None:
            return 0.0
        return max(PROBE_SECONDS, self.open_until - now)

    def may_look(self, now: float) -> bool:
        """Tell whether a look-up of an operation in doubt passes: always, or once in a while where it is open."""
        if self.open_until is not None:
            if self._looked_at is not None and now - self._looked_at < LOOK_EVERY:
                return False
            self._looked_at = now
        return True

    def seen(self, *, trouble: bool, generation: int, now: float) -> bool:
        """Count what came of a request sent in `generation`; tell whether the circuit opened by it."""
        if generation != self.generation or self.open_until is not None or not self.settings.failures:
            return False
        self._in_a_row = self._in_a_row + 1 if trouble else 0
        second = self._second(now)
        second[1] += 1
        second[2] += trouble
        if not trouble or not self._is_too_much():
            return False
        self._open(now)
        return True

    def answered(self, now: float) -> None:
        """Close the circuit: the provider answered a read."""
        self.open_until = None
        self.generation += 1
        self._closed_at = now
        self._in_a_row = 0
        self._seconds.clear()

    def failed(self, now: float) -> None:
        """Leave the circuit open for longer: the provider did not answer when it was asked again."""
        self._open(now)

    def _is_too_much(self) -> bool:
        requests = sum(one[1] for one in self._seconds)
        troubles = sum(one[2] for one in self._seconds)
        settings = self.settings
        return self._in_a_row >= settings.failures or (
            requests >= settings.least and troubles >= settings.share * requests
        )

    def _open(self, now: float) -> None:
        """Open for a pause of its own: of several instances not all ask at once."""
        settings = self.settings
        soon = self.open_until is not None or (self._closed_at is not None and now - self._closed_at < settings.window)
        self._reopened = self._reopened + 1 if soon else 0
        pause = min(settings.longest, settings.pause * 2.0 ** min(self._reopened, 30))
        self.open_until = now + pause * (0.8 + 0.2 * self._chance())
        self.generation += 1
        self._looked_at = None

    def _second(self, now: float) -> list[int]:
        """Return the counts of this second: when it began, requests, those with trouble."""
        begun = int(now)
        if not self._seconds or self._seconds[-1][0] != begun:
            self._seconds.append([begun, 0, 0])
            while self._seconds[0][0] <= begun - self.settings.window:
                self._seconds.popleft()
        return self._seconds[-1]
