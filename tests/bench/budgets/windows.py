"""How providers count requests: each window independent of ours, and of when we began."""

from collections.abc import Callable, Iterable
from random import Random


def fixed(requests: int, seconds: float, arrivals: Iterable[float], phase: float) -> int:
    """Return how many requests a window that begins every `seconds` at `phase` has one too many of."""
    counts: dict[int, int] = {}
    over = 0
    for arrival in arrivals:
        window = int((arrival - phase) // seconds)
        counts[window] = counts.get(window, 0) + 1
        over += counts[window] > requests
    return over


def first_hit(requests: int, seconds: float, arrivals: Iterable[float]) -> int:
    """Return the same for a window that begins with the first request after the one before has ended."""
    began, count, over = float("-inf"), 0, 0
    for arrival in arrivals:
        if arrival - began >= seconds:
            began, count = arrival, 0
        count += 1
        over += count > requests
    return over


def sliding_log(requests: int, seconds: float, arrivals: Iterable[float]) -> int:
    """Return the same for a log of the last `seconds`, which holds the requests it refused too."""
    log: list[float] = []
    over = 0
    for arrival in arrivals:
        log = [*(one for one in log if arrival - one < seconds), arrival]
        over += len(log) > requests
    return over


PHASES = 20
"""How many phases of a fixed window are tried, one of them at the first request."""


def violations(requests: int, seconds: float, arrivals: Iterable[float], random: Random) -> dict[str, int]:
    """Return how many requests each kind of window would have refused."""
    times = sorted(arrivals)
    start = times[0] if times else 0.0
    phases = [start, *(start + random.random() * seconds for _ in range(PHASES - 1))]
    judged: dict[str, Callable[[], int]] = {
        "fixed": lambda: max(fixed(requests, seconds, times, phase) for phase in phases),
        "first hit": lambda: first_hit(requests, seconds, times),
        "sliding log": lambda: sliding_log(requests, seconds, times),
    }
    return {name: judge() for name, judge in judged.items()}


def utilisation(requests: int, seconds: float, answer_seconds: float, arrivals: Iterable[float]) -> float:
    """Return the throughput as a part of N/(T + rtt): how long it took on average until a slot was used again.

    Of an account that always had something to send. Raises ValueError when no slot was used twice.
    """
    times = sorted(arrivals)
    cycles = [later - earlier for earlier, later in zip(times, times[requests:], strict=False)]
    if not cycles:
        raise ValueError("no slot was used twice")
    return (seconds + answer_seconds) / (sum(cycles) / len(cycles))
