"""The simulated bol's rate limits: fixed windows per method and path, as its public list has them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

SECONDS = {"SECONDS": 1, "MINUTES": 60, "HOURS": 3600}


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `capacity` requests in each time unit, for these methods on paths of this form."""

    path: str
    methods: tuple[str, ...]
    capacity: int
    unit: str

    def matches(self, method: str, segments: Sequence[str]) -> bool:
        """Tell whether a request counts here; `*` stands for one segment."""
        form = self.path.strip("/").split("/")
        return (
            method in self.methods
            and len(form) == len(segments)
            and all(part in {"*", segment} for part, segment in zip(form, segments, strict=True))
        )


RULES = (
    Rule("/retailer/orders", ("GET", "OPTIONS", "HEAD"), 25, "MINUTES"),
    Rule("/retailer/orders/*", ("GET", "OPTIONS", "HEAD"), 25, "SECONDS"),
    Rule("/retailer/shipments", ("GET", "OPTIONS", "HEAD"), 25, "MINUTES"),
    Rule("/retailer/shipments", ("POST",), 25, "SECONDS"),
    Rule("/retailer/shipments/*", ("GET", "OPTIONS", "HEAD"), 50, "MINUTES"),
    Rule("/retailer/products/list", ("POST", "OPTIONS", "HEAD"), 50, "MINUTES"),
    Rule("/retailer/products/categories", ("GET",), 1, "MINUTES"),
    Rule("/retailer/products/*/assets", ("GET", "OPTIONS", "HEAD"), 50, "MINUTES"),
    Rule("/retailer/products/*/offers", ("GET",), 900, "MINUTES"),
    Rule("/retailer/content/catalog-products/*", ("GET",), 10, "SECONDS"),
    Rule("/shared/process-status", ("POST",), 2, "SECONDS"),
    Rule("/shared/process-status/*", ("GET",), 100, "SECONDS"),
)


@dataclass(frozen=True, slots=True)
class Count:
    """Where a request stands in its window. `reset` is in milliseconds since the epoch (API Conventions, Table 3)."""

    limit: int
    remaining: int
    reset: int
    retry_after: int

    @property
    def exceeded(self) -> bool:
        """Tell whether the request is one too many."""
        return self.remaining < 0

    def headers(self) -> dict[str, str]:
        """Return the headers of an answer: bol tells its limits on good answers, and the wait on a 429."""
        if self.exceeded:
            return {"retry-after": str(self.retry_after)}
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-reset": str(self.reset),
            "x-ratelimit-remaining": str(self.remaining),
        }


class Windows:
    """Counts requests in the current window of each rule."""

    def __init__(self) -> None:
        self.exceeded = 0
        self._counts: dict[Rule, tuple[int, int]] = {}

    def count(self, method: str, segments: Sequence[str], now: datetime) -> Count | None:
        """Count a request; None where no limit is known."""
        rule = next((rule for rule in RULES if rule.matches(method, segments)), None)
        if rule is None:
            return None
        length, moment = SECONDS[rule.unit], now.timestamp()
        window = math.floor(moment / length)
        last, used = self._counts.get(rule, (window, 0))
        used = used + 1 if last == window else 1
        self._counts[rule] = (window, min(used, rule.capacity + 1))
        end = (window + 1) * length
        if used > rule.capacity:
            self.exceeded += 1
        return Count(rule.capacity, rule.capacity - used, end * 1000, max(1, math.ceil(end - moment)))


def published() -> list[dict[str, str]]:
    """Return the public list of limits: numbers as text, as it has been seen."""
    return [
        {
            "path": rule.path,
            "methods": ", ".join(rule.methods),
            "maxCapacity": str(rule.capacity),
            "timeToLive": "1",
            "timeUnit": rule.unit,
        }
        for rule in RULES
    ]
