"""What one run of the proof does: how many kills, where the journals are, how times are scaled down."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

Profile = Literal["resend", "park"]

LAG = 1.5
"""Seconds that an order takes to show up in a simulator's list, where its provider says nothing against that."""
SETTLE = 1.0
"""Seconds to settle, counted from the end of a request's own time: 1 s later than it was sent at the earliest."""
SLOW = 1.3
"""Seconds after which a slow answer comes: later than the request waits."""
LOGINS = (6, 2.0)
"""Logins and seconds in which so many are let through at bol, instead of a minute: each restart logs in anew."""
HORIZON = 180.0
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
    """One run. `store` is a URL, or "" for files of the run's own; `orders` is the least number of them.

    Several `journals` side by side, each with its own `instances` of gateways, give as many kills in less time.
    """

    kills: int = 100
    seed: int = 0
    store: str = ""
    journals: int = 1
    instances: int = 1
    profile: Profile = "resend"
    orders: int = 60
    mutant: str | None = None
    rate: float = 9.0
    faults: Mapping[str, float] = field(default_factory=lambda: FAULTS)
    backlog: int = 20
    """How many operations may be open, for each gateway of a journal, for one of these to be killed."""
    settling_seconds: float = 190.0
    """How long the journal may take to become quiet after the last kill."""

    @property
    def gateways(self) -> int:
        """Return how many gateways there are; they are numbered from 0, journal by journal."""
        return self.journals * self.instances

    @property
    def orders_per_second(self) -> float:
        """Return how many orders callers begin in a second: more with more gateways, which share the processors."""
        return self.rate * math.sqrt(self.gateways)

    @property
    def kill_seconds(self) -> float:
        """Return how long all kills may take together."""
        return 60.0 + 3.0 * self.kills

    def journal_of(self, gateway: int) -> int:
        """Return the number of the journal that a gateway works with."""
        return gateway // self.instances

    def store_url(self, journal: int, folder: Path) -> str:
        """Return where a journal is; a file of the run's own is in `folder`, others are beside the one named."""
        url = self.store or f"sqlite:{folder / 'journal.db'}"
        return f"{url}-{journal + 1}" if journal else url
