"""What one run of the proof does: how many kills, where the journal is, how times are scaled down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Profile = Literal["resend", "park"]

LAG = 1.5
"""Seconds that an order takes to show up in a simulator's list, where its provider says nothing against that."""
SETTLE = 1.0
"""Seconds to settle, counted from the end of a request's own time: 1 s later than it was sent at the earliest."""
SLOW = 1.3
"""Seconds after which a slow answer comes: later than the request waits."""
HORIZON = 120.0
"""Seconds of doubt after which a person has to look."""

FAULTS: Mapping[str, float] = MappingProxyType(
    {
        "lost-reply-before": 0.03,
        "lost-reply-after": 0.05,
        "reset": 0.02,
        "truncated": 0.02,
        "slow": 0.02,
        "429": 0.01,
        "500": 0.02,
        "503": 0.02,
    }
)
"""How often a simulator deals each fault."""
LATE_ERRORS = 0.3
"""The part of the answers lost after the order was executed that are a server error instead of silence."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `store` is a URL, or "" for a file of the run's own; `orders` is the least number of them."""

    kills: int = 100
    seed: int = 0
    store: str = ""
    instances: int = 1
    profile: Profile = "resend"
    orders: int = 60
    mutant: str | None = None
    rate: float = 14.0
    faults: Mapping[str, float] = field(default_factory=lambda: FAULTS)
    settling_seconds: float = 130.0
    """How long the journal may take to become quiet after the last kill."""

    @property
    def kill_seconds(self) -> float:
        """Return how long all kills may take together."""
        return 30.0 + 5.0 * self.kills / self.instances
