"""The benchmark: Ordergate beside a bare pass-through proxy, in the same minutes, on the same machine.

    make bench                                five seconds for each measurement
    make bench BENCH_SECONDS=1                a short one
    make bench ARGS="--only page --rounds 9"  what it can be told: ARGS=--help

Both get the same answers from the same provider and the same load from wrk, in turns: only the ratio of two
neighbours is worth anything on a shared machine. Timing never fails the run; a wrong answer does.
"""

import argparse
import os
import shutil
import statistics
import sys
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from bench import answers
from bench.footprint import REAL, SIMULATED, Footprint, footprint
from bench.journal import journal, lines
from bench.load import Measured, fetched, measure
from bench.processes import Child, served
from bench.telemetry import Cost, Rounds, costs
from bench.telemetry import report as report_costs

CONNECTIONS = (1, 32)


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked for, the part of the yardstick's throughput that is aimed at, and whether the cache is on.

    The yardstick has no cache: what is kept is compared with a request to the provider.
    """

    name: str
    path: str
    target: float
    kept: bool = False


PAGE = f"/v1/products?provider=reseller&limit={answers.PRODUCTS}"
CASES = (
    Case("order", f"/v1/orders/gelato:{answers.ORDER_ID}", 0.5),
    Case("page", PAGE, 0.3),
    Case("kept", PAGE, 0.5, kept=True),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One case at one number of connections: medians over all rounds, and the ratios of neighbours."""

    case: str
    connections: int
    target: float
    ratio: float
    lowest_ratio: float
    highest_ratio: float
    cpu_ratio: float
    ordergate: Measured
    yardstick: Measured


def main() -> int:
    """Run the benchmark; 1 when an answer was wrong, 0 whatever the figures."""
    options = _options()
    if shutil.which("wrk") is None:
        print("wrk is not installed (Debian: apt-get install wrk)", file=sys.stderr)
        return 1
    compared = [] if options.only in {"journal", "telemetry"} else _compare(options)
    taken = _costs(options) if options.only in {None, "telemetry"} else []
    durable = journal(options.seconds, options.rounds) if options.only in {None, "journal"} else None
    kinds = {} if options.only else {"real": footprint(REAL, starts=5), "simulated": footprint(SIMULATED, starts=1)}
    if options.json:
        told = {"seconds": options.seconds, "rounds": options.rounds, "compared": [asdict(one) for one in compared]}
        told["telemetry"] = [asdict(one) for one in taken]
        told["journal"] = None if durable is None else asdict(durable)
        told["footprint"] = {name: asdict(one) for name, one in kinds.items()}
        print(msgspec.json.encode(told).decode())
    else:
        _report(compared, kinds)
        if taken:
            report_costs(taken, CASES[0].name)
        for line in () if durable is None else lines(durable):
            print(line)
    failed = sum(one.ordergate.failed + one.yardstick.failed for one in compared) + sum(one.failed for one in taken)
    failed += durable.failed if durable is not None else 0
    if failed:
        print(f"{failed} requests failed: the figures are worth nothing", file=sys.stderr)
    return 1 if failed else 0


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="make bench", description="Compare Ordergate with a bare proxy.")
    seconds = int(os.environ.get("BENCH_SECONDS") or 5)
    parser.add_argument("--seconds", type=int, default=seconds, help="of one measurement (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of each comparison (default: %(default)s)")
    cases = [*(case.name for case in CASES), "telemetry", "journal"]
    parser.add_argument("--only", choices=cases, help="one case, and no memory")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


def _compare(options: Any) -> list[Compared]:
    with (
        served("bench.provider") as provider,
        served("bench.yardstick", provider.url) as yardstick,
        served("bench.unlimited", provider.url) as ordergate,
        served("bench.unlimited", provider.url, CACHE_BYTES="16777216") as keeping,
    ):
        for one in (ordergate, keeping):
            _check(yardstick, one)
        return [
            _case(case, connections, keeping if case.kept else ordergate, yardstick, options)
            for case in CASES
            if options.only in {None, case.name}
            for connections in CONNECTIONS
        ]


def _costs(options: Any) -> list[Cost]:
    """Return what telemetry costs of reading an order."""

    def check(server: Child) -> None:
        if fetched(server.url + CASES[0].path)[0] != 200:
            raise RuntimeError("the order is wrong where telemetry is on")

    rounds = Rounds(options.seconds, options.rounds)
    with served("bench.provider") as provider:
        return costs(provider, CASES[0].path, CONNECTIONS[-1], rounds, check)


def _check(yardstick: Child, ordergate: Child) -> None:
    """Raise RuntimeError unless both answer what they should."""
    order, page, _ = (fetched(ordergate.url + case.path) for case in CASES)
    if order[0] != 200 or msgspec.json.decode(order[1])["id"] != f"gelato:{answers.ORDER_ID}":
        raise RuntimeError(f"the order is wrong: {order}")
    if page[0] != 200 or len(msgspec.json.decode(page[1])["items"]) != answers.PRODUCTS:
        raise RuntimeError(f"the page is wrong: {page}")
    expected = (answers.gelato_order(), answers.reseller_page(), answers.reseller_page())
    for case, body in zip(CASES, expected, strict=True):
        if fetched(yardstick.url + case.path) != (200, body):
            raise RuntimeError("the yardstick does not pass on what the provider says")


def _case(case: Case, connections: int, ordergate: Child, yardstick: Child, options: Any) -> Compared:
    rounds: list[tuple[Measured, Measured]] = []
    for server in (ordergate, yardstick):
        measure(server, case.path, connections, 1)
    for _ in range(options.rounds):
        theirs = measure(yardstick, case.path, connections, options.seconds)
        rounds.append((measure(ordergate, case.path, connections, options.seconds), theirs))
    ratios = [ours.rate / theirs.rate for ours, theirs in rounds]
    return Compared(
        case=case.name,
        connections=connections,
        target=case.target,
        ratio=statistics.median(ratios),
        lowest_ratio=min(ratios),
        highest_ratio=max(ratios),
        cpu_ratio=statistics.median(ours.cpu / theirs.cpu for ours, theirs in rounds),
        ordergate=Measured.median([ours for ours, _ in rounds]),
        yardstick=Measured.median([theirs for _, theirs in rounds]),
    )


def _report(compared: list[Compared], footprints: dict[str, Footprint]) -> None:
    if not compared:
        return
    order, page = len(answers.gelato_order()) / 1000, len(answers.reseller_page()) / 1000
    print(f"order: one Gelato order of {order:.1f} KB; page: {answers.PRODUCTS} reseller products, {page:.1f} KB.")
    print("Cache: off for order and page (each asks the provider), on for kept, which is the same page asked for once.")
    print("The providers' documented rate limits are switched off: they would be all that is measured.\n")
    print("                        Ordergate                      yardstick                     Ordergate / yardstick")
    print("      connections  req/s  p50 ms  p99 ms  cpu µs   req/s  p50 ms  p99 ms  cpu µs   throughput (range)  cpu")
    for one in compared:
        ratio = f"{one.ratio:.2f} ({one.lowest_ratio:.2f}-{one.highest_ratio:.2f})"
        verdict = "" if one.ratio >= one.target else f"  below {one.target}"
        ours, theirs = _figures(one.ordergate), _figures(one.yardstick)
        print(f"{one.case:<6}{one.connections:>11}{ours}  {theirs}   {ratio:<18}{one.cpu_ratio:>5.2f}{verdict}")
    for name, taken in footprints.items():
        print(f"\nordergate serve, five {name} providers: ready in {taken.ready:.2f} s; idle, RSS / PSS in MB:")
        print(f"  main process {taken.main.rss:.0f} / {taken.main.pss:.0f}", end="")
        print("".join(f", simulators {one.rss:.0f} / {one.pss:.0f}" for one in taken.simulators) or ", no other")


def _figures(one: Measured) -> str:
    return f"{one.rate:>7.0f}{one.p50:>8.2f}{one.p99:>8.2f}{one.cpu:>8.0f}"


if __name__ == "__main__":
    sys.exit(main())
