"""What the journal costs: the same orders with it in a file of SQLite and in memory, in turns, in the same minutes.

    make bench ARGS="--only journal"

Every order has a key, a reference and a recipient of its own, and goes to the prepared provider. Then the journal
alone: the three changes of an order (claimed, about to leave, ended), by 64 callers at once, without HTTP around them.
Last, strace counts the syncs of the file against the transactions that were committed: fewer fail the run.
"""

import asyncio
import math
import os
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bench.durable import CELLS, counted
from bench.load import Measured, fetched, measure
from bench.processes import Child, served
from gateway.stores.sqlite import SqliteJournal
from policies.journal import Change, Evidence, Operation, Step, StoredAnswer

CONNECTIONS = (1, 64)
TARGET = 1000.0
"""Durable orders a second that the journal alone is to take."""
DRAIN_SECONDS = 30.0
SCRIPT = Path(__file__).with_name("orders.lua")


@dataclass(frozen=True, slots=True)
class Cost:
    """Orders with the journal and without it at one number of connections; `ratio` is of neighbours' throughput."""

    connections: int
    ratio: float
    durable: Measured
    forgetful: Measured
    changes_per_commit: float


@dataclass(frozen=True, slots=True)
class JournalReport:
    """Costs by connections, what the journal alone takes in a second, and syncs against commits (None: no strace)."""

    costs: tuple[Cost, ...]
    alone: "Alone"
    syncs: int | None
    commits: int

    @property
    def failed(self) -> int:
        """Return what makes the figures worthless: wrong answers, and commits that were not synced."""
        wrong = sum(cost.durable.failed + cost.forgetful.failed for cost in self.costs)
        return wrong + (max(0, self.commits - self.syncs) if self.syncs is not None else 0)


@dataclass(frozen=True, slots=True)
class Alone:
    """What a journal takes with nothing around it: orders in a second, and in a second of CPU."""

    rate: float
    per_cpu_second: float
    changes_per_commit: float


@dataclass(frozen=True, slots=True)
class _Server:
    child: Child
    cells: memoryview


def journal(seconds: int, rounds: int) -> JournalReport:
    """Measure. Raises RuntimeError for a process that does not come up."""
    # Beside the sources, and not where temporary files may be kept in memory.
    with TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as name, served("bench.provider") as provider:
        folder = Path(name)
        alone = asyncio.run(_alone(folder / "alone.db", seconds))
        with (
            _gateway(folder, "durable", f"sqlite:{folder / 'journal.db'}", provider) as durable,
            _gateway(folder, "forgetful", "memory:", provider) as forgetful,
        ):
            costs = tuple(_cost(durable, forgetful, connections, seconds, rounds) for connections in CONNECTIONS)
            syncs, commits = _syncs(durable, seconds, folder)
    return JournalReport(costs, alone, syncs, commits)


@contextmanager
def _gateway(folder: Path, name: str, store: str, provider: Child) -> Iterator[_Server]:
    numbers = folder / name
    numbers.write_bytes(bytes(CELLS * 8))
    with ExitStack() as changed:
        for variable, value in {"STORE": store, "COUNTED": str(numbers)}.items():
            before = os.environ.get(variable)
            os.environ[variable] = value
            changed.callback(_restore, variable, before)
        server = changed.enter_context(served("bench.durable", provider.url))
        yield _Server(server, counted(numbers))


def _restore(variable: str, before: str | None) -> None:
    if before is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = before


def _cost(durable: _Server, forgetful: _Server, connections: int, seconds: int, rounds: int) -> Cost:
    pairs: list[tuple[Measured, Measured]] = []
    for server in (durable, forgetful):
        _measured(server, connections, 1)
    commits, changes = durable.cells[0], durable.cells[1]
    for _ in range(rounds):
        without = _measured(forgetful, connections, seconds)
        pairs.append((_measured(durable, connections, seconds), without))
    commits, changes = durable.cells[0] - commits, durable.cells[1] - changes
    return Cost(
        connections=connections,
        ratio=statistics.median(ours.rate / theirs.rate if theirs.rate else math.nan for ours, theirs in pairs),
        durable=Measured.median([ours for ours, _ in pairs]),
        forgetful=Measured.median([theirs for _, theirs in pairs]),
        changes_per_commit=changes / max(commits, 1),
    )


def _measured(server: _Server, connections: int, seconds: int) -> Measured:
    _drained(server.child)
    prefix = f"B{time.monotonic_ns()}x"
    return measure(server.child, "/v1/orders", connections, seconds, script=(str(SCRIPT), prefix))


def _drained(child: Child) -> None:
    """Wait until nothing is under way: what callers who hung up have left would take the places of the next ones."""
    until = time.monotonic() + DRAIN_SECONDS
    for state in ("accepted", "sending"):
        while msgspec.json.decode(fetched(f"{child.url}/v1/operations?state={state}&limit=1")[1])["items"]:
            if time.monotonic() > until:
                raise RuntimeError(f"orders were still {state} after {DRAIN_SECONDS} s")
            time.sleep(0.05)


def _syncs(server: _Server, seconds: int, folder: Path) -> tuple[int | None, int]:
    """Return how often files were synced under load, and how many transactions were committed meanwhile."""
    program = shutil.which("strace")
    if program is None:
        return None, 0
    trace = folder / "syncs"
    command = [program, "-f", "-e", "trace=fsync,fdatasync", "-o", str(trace), "-p", str(server.child.pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        if "attached" not in strace.stderr.readline():
            strace.kill()
            return None, 0
        before = server.cells[0]
        _measured(server, 64, seconds)
        commits = server.cells[0] - before
        strace.terminate()
    # A call that another thread's line comes between is told in two.
    return len(re.findall(r"^\d+ +f(?:data)?sync\(", trace.read_text(), re.MULTILINE)), commits


async def _alone(path: Path, seconds: int) -> Alone:
    """Let 64 callers store orders as fast as a journal takes them."""
    durable = SqliteJournal(path, ephemeral=True)
    await durable.open()
    until = time.monotonic() + seconds
    done = 0

    async def caller(number: int) -> None:
        nonlocal done
        order = 0
        while time.monotonic() < until:
            await _order(durable, f"{number}-{order}")
            order += 1
            done += 1

    began, worked = time.monotonic(), time.process_time()
    lane = durable._writing
    commits = changes = 0
    transaction = lane._transaction

    def counting(batch: list[object]) -> object:
        nonlocal commits, changes
        commits += 1
        changes += len(batch)
        return transaction(batch)  # type: ignore[arg-type]

    lane._transaction = counting  # type: ignore[method-assign,assignment]
    try:
        await asyncio.gather(*(caller(number) for number in range(64)))
    finally:
        await durable.close()
    took, worked = time.monotonic() - began, time.process_time() - worked
    return Alone(done / took, done / worked, changes / max(commits, 1))


async def _order(durable: SqliteJournal, name: str) -> None:
    """Make the changes that an order makes when all goes well, with bodies of a usual size."""
    now = datetime.now(UTC)
    operation = Operation(
        id=name, caller="local", key=name, fingerprint="f" * 64, kind="orders.place", account="gelato",
        created_at=now, updated_at=now, reference=name, content=b"c" * 700, due=now, owner="bench",
        evidence=(Evidence(now, "claimed", "accepted"),),
    )  # fmt: skip
    await durable.claim(operation)
    step = Step(0, 0, "place", "commit", "d" * 64, b"r" * 1200, phase="partly-sent")
    operation = replace(operation, state="sending", version=operation.version + 1, doubt=True, attempts=1)
    await durable.update(operation, Change((Evidence(now, "sending", "place"),), (step,)))
    answer = StoredAnswer(201, {"content-type": "application/json"}, b"a" * 900)
    operation = replace(operation, state="succeeded", version=operation.version + 1, doubt=False, answer=answer)
    facts = (Evidence(now, "answer", "executed"), Evidence(now, "ended", "succeeded"))
    await durable.update(operation, Change(facts, (replace(step, answer=b"b" * 4000, phase="answered"),)))


def lines(report: JournalReport) -> Iterator[str]:
    """Say it for people."""
    yield "\norders with a journal in a file of SQLite (synchronous=FULL), and with one in memory"
    yield "                     durable                        in memory"
    heads = "   orders/s  p50 ms  p99 ms  cpu µs" * 2
    yield f"connections{heads}   throughput  added p50, p99"
    for cost in report.costs:
        ours, theirs = cost.durable, cost.forgetful
        added = f"{ours.p50 - theirs.p50:+.2f}, {ours.p99 - theirs.p99:+.2f} ms"
        yield f"{cost.connections:>11}{_figures(ours)} {_figures(theirs)}   {cost.ratio:>10.2f}  {added}"
    alone = report.alone
    below = "" if alone.rate >= TARGET else f"  below {TARGET:.0f}"
    rate = f"{alone.rate:.0f} orders/s{below}, {alone.per_cpu_second:.0f} in a second of CPU"
    yield f"the journal alone, 64 callers: {rate}, {alone.changes_per_commit:.0f} changes a commit"
    if report.syncs is None:
        yield "no strace that may watch: syncs were not counted"
    else:
        yield f"strace: {report.syncs} syncs for {report.commits} commits"


def _figures(one: Measured) -> str:
    return f"{one.rate:>11.0f}{one.p50:>8.2f}{one.p99:>8.2f}{one.cpu:>8.0f}"
