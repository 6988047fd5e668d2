"""`RateLimit-Policy` and `RateLimit`: how the providers' budgets stand that an answer has met (IETF draft, httpapi)."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import ceil
from typing import Any

import http_sf

from gateway.providers.needs import UNLIMITED, Need
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip
from policies.permits import PermitsUnavailable

MOST = 4
"""How many budgets are told at most: those nearest to their end."""
_HASH = re.compile(r"[0-9a-f]{16}")


async def budget_fields(trips: Iterable[Trip], providers: Mapping[str, Provider]) -> dict[str, str]:
    """Return the header fields of an answer; none where no budget was met, or nobody can tell.

    What a provider says itself is not passed on. The partition is told as a hash, never as the value.
    """
    met = {key: need for trip in trips for key, need in trip.limits.items() if need.rule.requests != UNLIMITED}
    told = []
    for key, need in met.items():
        provider = providers.get(key.partition("/")[0])
        try:
            usage = None if provider is None else (await provider.pacer.stands([key])).get(key)
        except PermitsUnavailable:
            return {}
        if usage is not None and usage.limit:
            told.append((max(0, usage.limit - usage.used), usage.limit, usage.free_in, need))
    if not told:
        return {}
    told.sort(key=lambda one: one[0] / one[1])
    policies, states = [], []
    for left, limit, free_in, need in told[:MOST]:
        hashed = _hash(need) if need.partitioned else None
        name = need.key if hashed is None else need.key.rpartition("/")[0]
        policies.append(_policy(name, limit, max(1, ceil(need.rule.seconds)), hashed))
        again = free_in if free_in > 0 else need.rule.seconds
        states.append(f"{_name(name)};r={0 if free_in > 0 else left};t={max(1, ceil(again))}")
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(states)}


@lru_cache(maxsize=1024)
def _name(name: str) -> str:
    return http_sf.ser(name)


@lru_cache(maxsize=1024)
def _policy(name: str, limit: int, window: int, hashed: str | None) -> str:
    parameters: dict[str, Any] = {"q": limit, "w": window}
    if hashed is not None:
        parameters["pk"] = bytes.fromhex(hashed)
    return http_sf.ser((name, parameters))


def _hash(need: Need) -> str | None:
    last = need.key.rpartition("/")[2]
    return last if _HASH.fullmatch(last) else None
