"""Providers' ways of counting requests, written from what "N requests in T seconds" may mean: none knows of ours."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from math import floor


def refused_by_fixed_window(arrivals: Sequence[float], requests: int, seconds: float, phase: float) -> int:
    """Return how many are too many in windows that begin at `phase` and follow one another."""
    counts = Counter(floor((arrival - phase) / seconds) for arrival in arrivals)
    return sum(max(0, count - requests) for count in counts.values())


def refused_by_first_hit(arrivals: Sequence[float], requests: int, seconds: float) -> int:
    """Return how many are too many in windows that begin with the first request after the last window's end."""
    refused, begin, count = 0, float("-inf"), 0
    for arrival in sorted(arrivals):
        if arrival >= begin + seconds:
            begin, count = arrival, 0
        count += 1
        refused += count > requests
    return refused


def refused_by_sliding_log(arrivals: Sequence[float], requests: int, seconds: float) -> int:
    """Return how many are too many for a provider that looks back T from each request, refused ones included."""
    times = sorted(arrivals)
    return sum(index - bisect_left(times, time - seconds + 1e-9) >= requests for index, time in enumerate(times))


def refused(arrivals: Sequence[float], requests: int, seconds: float, phase: float) -> dict[str, int]:
    """Return how many each way of counting would refuse."""
    return {
        "fixed": refused_by_fixed_window(arrivals, requests, seconds, phase),
        "first hit": refused_by_first_hit(arrivals, requests, seconds),
        "log": refused_by_sliding_log(arrivals, requests, seconds),
    }
