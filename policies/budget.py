"""The limits of one account: which of them count a request, and what each allows.

rule "orders-60s"   GET /retailer/orders   25 in 60 s   ┐
rule "all-1s"       * *                    100 in 1 s   ┘ both count (combine: all), or the first alone
                                                          (most_specific); rules as specific as each other all count
"""

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import floor
from typing import Literal

from policies.permits import Budget

Combine = Literal["all", "most_specific"]
Mode = Literal["strict", "fast"]

CLOCK_RATE = 1.01
"""A window is a percent longer than documented: the provider's clock may run slower than ours."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit: `requests` in `seconds` for requests whose method and path template match.

    id
        names it in keys, in headers and in the configuration
    method, path
        `*` is any; a `*` segment, or a `{name}`, is any one segment, a last `**` is the rest
    cost
        how many of `requests` one request counts
    partition
        `credential`: accounts with the same credentials share it; a JSON pointer: each value in the body has its own
    spacing
        seconds between two requests, for a provider that looks at less than the whole window
    mode
        `strict` counts a request until T after its answer; `fast` lets a read count from its departure, for T and
        `transit` seconds, which is as long as it may take to arrive: for providers that answer slowly
    ceiling
        what the provider says may raise `requests` so far; without, it can only lower it
    """

    id: str
    method: str
    path: str
    requests: int
    seconds: float
    cost: int = 1
    partition: str | None = None
    spacing: float = 0.0
    mode: Mode = "strict"
    transit: float = 1.0
    ceiling: int | None = None
    source: str = ""

    def matches(self, method: str, path: str) -> bool:
        """Tell whether a request with this method and path template counts."""
        if self.method not in {"*", method}:
            return False
        if self.path == "*":
            return True
        wanted, given = _segments(self.path), _segments(path)
        if wanted[-1] == "**":
            wanted = wanted[:-1]
            given = given[: len(wanted)]
        return len(wanted) == len(given) and all(
            part in {"*", segment} or (_is_name(part) and _is_name(segment))
            for part, segment in zip(wanted, given, strict=True)
        )

    @property
    def specificity(self) -> tuple[int, int, bool, bool]:
        """Return how specific this is, to be compared: literal segments, those at its beginning, no rest, a method."""
        parts = [] if self.path == "*" else _segments(self.path)
        literal = [part not in {"*", "**"} and not _is_name(part) for part in parts]
        prefix = next((index for index, one in enumerate(literal) if not one), len(literal))
        return sum(literal), prefix, bool(parts) and parts[-1] != "**", self.method != "*"

    def budget(self, key: str, *, fast: bool = False) -> Budget:
        """Return the budget under a key, for a request that counts `fast` or not."""
        return Budget(key, self.requests, self.seconds * CLOCK_RATE + (self.transit if fast else 0.0))


def rule_id(method: str, path: str, seconds: float) -> str:
    """Return the id of a rule that has no name: `get-retailer-orders-60s`."""
    words = re.findall(r"[a-z0-9]+", f"{'' if method == '*' else method} {path}".lower().replace("**", "any"))
    return "-".join([*(words or ["all"]), f"{seconds:g}s"])


def hashed(secret: bytes, value: str) -> str:
    """Return what stands for a value in a key: 16 hexadecimal digits of its HMAC, for it may be an e-mail address.

    Case and surrounding spaces do not make another customer.
    """
    return hmac.digest(secret, value.strip().casefold().encode(), "sha256").hex()[:16]


class Limits:
    """The rules of one account. Raises ValueError for one that allows nothing, and for two with one id."""

    def __init__(self, rules: Iterable[Rule], combine: Combine = "all") -> None:
        self.rules = tuple(rules)
        self.combine = combine
        self._matching: dict[tuple[str, str], tuple[Rule, ...]] = {}
        for rule in self.rules:
            if rule.requests < 1 or rule.seconds <= 0 or rule.cost < 1:
                raise ValueError(f"a limit of {rule.requests} requests in {rule.seconds} s allows nothing")
        if len({rule.id for rule in self.rules}) < len(self.rules):
            raise ValueError("two limits have the same id")

    def of(self, method: str, path: str) -> tuple[Rule, ...]:
        """Return the rules that count requests with this method and path template."""
        # Paths are templates of the adapter: there are some dozens.
        found = self._matching.get((method, path))
        if found is None:
            found = tuple(rule for rule in self.rules if rule.matches(method, path))
            if found and self.combine == "most_specific":
                most = max(rule.specificity for rule in found)
                found = tuple(rule for rule in found if rule.specificity == most)
            self._matching[method, path] = found
        return found

    def shared(self, share: float) -> "Limits":
        """Return these with a part of each, for others use the account too; at least one request of each is left."""
        if share >= 1:
            return self
        return Limits(
            [replace(rule, requests=max(1, floor(rule.requests * share))) for rule in self.rules], self.combine
        )

    def learned(self, told: Sequence[Rule]) -> "Limits":
        """Return these with what the provider publishes: lower ones count, higher ones as far as a ceiling allows.

        A published limit belongs to the rules whose path template it matches. With another window it counts besides.
        """
        published = Limits([replace(rule, id=str(index)) for index, rule in enumerate(told)], "most_specific")
        rules: dict[str, Rule] = {}
        for rule in self.rules:
            found = () if "*" in {rule.method, rule.path} else published.of(rule.method, rule.path)
            same = [one.requests for one in found if one.seconds == rule.seconds]
            rules[rule.id] = replace(rule, requests=lower(rule, min(same))) if same else rule
            for other in found:
                name = f"{rule.id}-{other.seconds:g}s"
                if other.seconds != rule.seconds and (name not in rules or other.requests < rules[name].requests):
                    rules[name] = replace(rule, id=name, requests=other.requests, seconds=other.seconds, ceiling=None)
        return Limits(rules.values(), self.combine)


def lower(rule: Rule, told: int) -> int:
    """Return how many requests a rule allows when the provider tells a number: the lower, or up to its ceiling."""
    told = max(1, told)
    if told <= rule.requests:
        return told
    return min(told, rule.ceiling) if rule.ceiling is not None and rule.ceiling > rule.requests else rule.requests


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def _is_name(segment: str) -> bool:
    return segment.startswith("{") and segment.endswith("}")
