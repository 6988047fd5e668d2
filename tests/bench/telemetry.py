"""What telemetry costs: the same gateway without and with it, in turns, each beside the other."""

import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from bench.load import Measured, measure
from bench.processes import Child, served

MODES = {
    "metrics": "metrics for Prometheus",
    "tenth": "metrics, and a tenth of the traces exported",
    "all": "metrics, and all traces exported",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """One mode against none: medians of the ratios of neighbours."""

    mode: str
    connections: int
    ratio: float
    lowest_ratio: float
    highest_ratio: float
    cpu_ratio: float
    failed: int


def costs(
    provider: Child, path: str, connections: int, options: "Rounds", check: Callable[[Child], None]
) -> list[Cost]:
    """Measure one path in every mode; the provider stands in for the collector too."""
    with ExitStack() as stack:
        plain = stack.enter_context(served("bench.unlimited", provider.url))
        modes = {mode: stack.enter_context(served("bench.unlimited", provider.url, TELEMETRY=mode)) for mode in MODES}
        for server in (plain, *modes.values()):
            check(server)
            measure(server, path, connections, 1)
        rounds = [
            {
                mode: (
                    measure(plain, path, connections, options.seconds),
                    measure(server, path, connections, options.seconds),
                )
                for mode, server in modes.items()
            }
            for _ in range(options.rounds)
        ]
    return [_cost(mode, connections, [one[mode] for one in rounds]) for mode in MODES]


@dataclass(frozen=True, slots=True)
class Rounds:
    """How long and how often."""

    seconds: int
    rounds: int


def _cost(mode: str, connections: int, rounds: list[tuple[Measured, Measured]]) -> Cost:
    ratios = [watched.rate / plain.rate for plain, watched in rounds]
    return Cost(
        mode,
        connections,
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        statistics.median(watched.cpu / plain.cpu for plain, watched in rounds),
        sum(one.failed for both in rounds for one in both),
    )


def report(taken: list[Cost], case: str) -> None:
    """Print what it costs."""
    print(f"\ntelemetry, {case}, against the same gateway without:    throughput (range)       cpu")
    for one in taken:
        ratio = f"{one.ratio:.2f} ({one.lowest_ratio:.2f}-{one.highest_ratio:.2f})"
        print(f"  {MODES[one.mode]:<44}{one.connections:>4} connections  {ratio:<22}{one.cpu_ratio:>6.2f}")
