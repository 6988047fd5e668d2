"""What a run prints."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from gateway.proof.accounts import ACCOUNTS
from gateway.proof.board import PLACES, Board
from gateway.proof.fleet import AT_RANDOM, Fleet, Restart
from gateway.proof.plan import HORIZON, LAG, LATE_ERRORS, LOGINS, SETTLE, SLOW, Plan
from gateway.proof.scaling import SCALED
from gateway.proof.truth import Truth
from gateway.proof.verdict import KINDS, Kind, Verdict
from policies.journal import Operation

_STATES = ("succeeded", "partial", "failed", "cancelled", "parked", "never claimed")
_SHORT: Mapping[Kind, str] = {
    "duplicate": "dup",
    "told placed, and none exists": "lie+",
    "recorded placed, and none exists": "lie+",
    "told not placed, and one exists": "lie-",
    "recorded not placed, and one exists": "lie-",
    "flipped": "flip",
    "lost": "lost",
    "stuck": "stuck",
    "sent without a record": "sent",
    "answered outside the contract": "bad",
    "crashed": "bad",
}
_MOST_STORIES = 5


def scaling_text(plan: Plan) -> str:
    """Say with which times a run goes, and with which faults."""
    scaled = ", ".join(f"{module.rpartition('.')[2]}.{name} {value}" for module, name, value in SCALED)
    faults = ", ".join(f"{kind} {probability:g}" for kind, probability in plan.faults.items())
    mutant = "" if plan.mutant is None else f", with the fault {plan.mutant} in every gateway"
    return (
        f"seed {plan.seed}, {plan.kills} kills, {plan.journals} journal(s) side by side with {plan.instances}"
        f" gateway(s) each, store {_store(plan)}, on_absent: {plan.profile}{mutant}\n"
        f"scaled down to the simulators (seconds): requests 1, settle {SETTLE:g} after that, visibility lag {LAG:g}"
        f" (gelato), slow answers {SLOW:g}, horizon {HORIZON:g}, {LOGINS[0]} logins (bol) in {LOGINS[1]:g};"
        f" {scaled}\n"
        f"{plan.orders_per_second:.0f} orders a second; faults: {faults}; of the answers lost after the deed"
        f" {LATE_ERRORS:.0%} are a 500"
    )


def _store(plan: Plan) -> str:
    """Name the store without the password that its URL may hold."""
    scheme, _, rest = plan.store.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}" if rest else plan.store or "a new file of SQLite"


def show(console: Console, verdict: Verdict, truth: Truth, fleet: Fleet, board: Board) -> None:
    """Print what happened where, and which promises were broken."""
    console.print(_matrix(verdict, truth))
    console.print(_places(fleet, board))
    for (account, cause, really), count in sorted(verdict.parked.items()):
        console.print(f"parked  {account}: {cause}: {count}, really {really}", highlight=False)
    if verdict.overdue:
        console.print(f"\nONE OF THOSE NOT FOUND OUT IN TIME\n{verdict.overdue}", highlight=False, markup=False)
    for one in verdict.violations[:_MOST_STORIES]:
        console.print(f"\n{one.kind.upper()}\n{one.story}", highlight=False, markup=False)


def remarks(folder: Path) -> Counter[str]:
    """Return what gateways logged as errors, or of a journal that was not available, with how often."""
    found: Counter[str] = Counter()
    for file in folder.glob("gateway-*.log"):
        for line in file.read_bytes().splitlines():
            try:
                event = msgspec.json.decode(line)
            except msgspec.DecodeError:
                # The last line of one that was killed while writing it.
                continue
            if event.get("event") != "operation parked" and (
                event.get("level") == "error" or str(event.get("event")).startswith("journal unavailable")
            ):
                detail = event.get("reason") or f"{event.get('exception', '')} {event.get('frames', [''])[-1]}"
                found[f"{event['event']}: {detail}"] += 1
    return found


def _matrix(verdict: Verdict, truth: Truth) -> Table:
    shorts = tuple(dict.fromkeys(_SHORT.values()))
    table = Table("account", "trait", "keys", *_STATES, "requests/placed", *shorts, box=None)
    for account in ACCOUNTS:
        outcomes = verdict.outcomes.get(account.name, Counter())
        placed = verdict.placed[account.name]
        ratio = truth.requests[account.name] / placed if placed else math.nan
        broken = [
            sum(verdict.broken(kind, account.name) for kind, name in _SHORT.items() if name == short)
            for short in shorts
        ]
        cells = [str(outcomes[state]) for state in _STATES]
        table.add_row(
            account.name, account.trait, str(sum(outcomes.values())), *cells, f"{ratio:.2f}", *map(str, broken)
        )
    return table


def _places(fleet: Fleet, board: Board) -> Table:
    table = Table("killed", "times", "reached", box=None)
    for place in (*PLACES, AT_RANDOM):
        reached = "" if place == AT_RANDOM else str(board.hits(place))
        table.add_row(place, str(fleet.kills[place]), reached)
    return table


def settling_times(rows: Iterable[Operation], restarts: Iterable[Restart]) -> list[float]:
    """Return how long after the restart each operation of a journal took to end that a kill there had left open."""
    found = []
    in_order = sorted(restarts, key=lambda one: one.died)
    for row in rows:
        ended = row.evidence[-1].at if row.evidence else row.updated_at
        first = bisect_right(in_order, row.created_at, key=lambda one: one.died)
        if first < len(in_order) and in_order[first].died < ended:
            found.append(max(0.0, (ended - in_order[first].ready).total_seconds()))
    return found


def restart_time(restarts: Sequence[Restart]) -> float:
    """Return the median of seconds from a kill until the gateway served again."""
    return percentile(sorted((one.ready - one.died).total_seconds() for one in restarts), 0.5)


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which `part` of the sorted values lie."""
    return values[min(len(values) - 1, int(part * len(values)))] if values else math.nan


def summary(verdict: Verdict, times: Sequence[float], seconds: float, writes: int, kills: int) -> str:
    """Say it all in a few lines."""
    counts = ", ".join(f"{kind}: {verdict.broken(kind)}" for kind in KINDS)
    settled = f"{len(times)} left open by a kill; settled after the restart in p50 {percentile(times, 0.5):.2f} s"
    return (
        f"{writes} writes, {kills} kills, {seconds:.0f} s. {settled}, p95 {percentile(times, 0.95):.2f} s, longest"
        f" {percentile(times, 1.0):.2f} s\n{counts}"
    )
