"""Carries out a proof: processes, callers, kills, quiet, verdict."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from rich.console import Console

from gateway.proof import report, truth
from gateway.proof.board import Board
from gateway.proof.fleet import Fleet, FleetLost, Killer, fork_nursery
from gateway.proof.load import Load
from gateway.proof.plan import Plan
from gateway.proof.told import Wanted
from gateway.proof.truth import Truth
from gateway.proof.verdict import Verdict, Violation, judge
from gateway.stores.opening import open_journal
from policies.journal import Operation

NURSERY_SECONDS = 10.0
PROGRESS_SECONDS = 60.0


def prove(plan: Plan, console: Console) -> int:
    """Run the proof and print what came of it; return 0 when no promise was broken, 1 when one was, 2 for no proof.

    Must be called where there is neither a loop nor another thread, because it forks.
    """
    if sys.platform == "win32":
        console.print("ordergate prove forks its gateways, which this system cannot.")
        return 2
    console.print(report.scaling_text(plan), highlight=False)
    board = Board(plan.gateways)
    with TemporaryDirectory(prefix="ordergate-proof-") as name:
        folder = Path(name)
        pid, control = fork_nursery(plan, board, folder)
        # Told to end, it takes its processes and files with it.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        try:
            proof = _Proof(plan, board, Fleet(plan, board, control), folder, console)
            asyncio.run(proof.act())
        except FleetLost:
            _crashes(folder, console)
            console.print("a process of the proof itself ended: no verdict")
            return 2
        finally:
            control.close()
            _bury(pid)
        return asyncio.run(proof.judge())


def _bury(pid: int) -> None:
    """Wait until the nursery, whose input has ended, is gone; kill it when it does not go."""
    deadline = time.monotonic() + NURSERY_SECONDS
    while time.monotonic() < deadline:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _crashes(folder: Path, console: Console) -> None:
    for file in sorted(folder.glob("crash-*.log"))[:3]:
        console.print(file.read_text(), highlight=False, markup=False)


class _Proof:
    def __init__(self, plan: Plan, board: Board, fleet: Fleet, folder: Path, console: Console) -> None:
        self._plan = plan
        self._board = board
        self._fleet = fleet
        self._folder = folder
        self._console = console
        self._began = time.monotonic()
        self._wanted: list[Wanted] = []
        self._truth = Truth()

    async def act(self) -> None:
        """Do everything that needs gateways and simulators. Raises FleetLost."""
        timeout = aiohttp.ClientTimeout(total=15)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            try:
                await self._fleet.open()
                load = Load(self._fleet, self._plan, session, self._wanted)
                await self._strike(load)
                self._tell(
                    f"{self._fleet.kills.total()} kills, {len(self._wanted)} writes, restarts in"
                    f" {report.restart_time(self._fleet.restarts):.2f} s; the simulators heal"
                )
                await truth.heal(session, self._fleet.simulators)
                if await self._quiet(load):
                    self._tell("quiet; everybody asks again")
                    await load.ask_everybody_again([one for one in load.wanted if _may_ask_again(one)])
                    await self._quiet(load)
                self._truth = await truth.read(session, self._fleet.simulators)
            finally:
                await self._fleet.close()

    async def judge(self) -> int:
        """Judge, when no gateway has the journal open any more; return the exit status."""
        rows: dict[str, Operation] = {}
        gone: set[str] = set()
        times: list[float] = []
        for journal in range(self._plan.journals):
            found = await self._read_journal(journal, gone)
            rows |= found
            times += report.settling_times(
                found.values(), [one for one in self._fleet.restarts if one.journal == journal]
            )
        verdict = judge(self._wanted, rows, gone, self._truth)
        self._show(verdict, sorted(times))
        if verdict.violations:
            return 1
        return 0 if self._fleet.kills.total() >= self._plan.kills else 2

    def _tell(self, text: str) -> None:
        self._console.print(f"{time.monotonic() - self._began:6.1f} s  {text}", highlight=False)

    async def _strike(self, load: Load) -> None:
        """Have callers ask while gateways are killed, until there were enough kills or the time for them is over."""
        enough = asyncio.Event()

        async def strike() -> None:
            try:
                await Killer(self._fleet, self._plan, load.backlog).run()
            finally:
                enough.set()
            if self._fleet.kills.total() < self._plan.kills:
                self._console.print("the time for kills is over: too few of them for a proof")

        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(strike())
                tasks.create_task(load.run(enough))
                tasks.create_task(self._tell_progress(enough))
        except BaseExceptionGroup as several:
            if several.subgroup(FleetLost) is not None:
                raise FleetLost from several
            raise

    async def _tell_progress(self, enough: asyncio.Event) -> None:
        """Say now and then how far it is."""
        while not enough.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(enough.wait(), PROGRESS_SECONDS)
            if not enough.is_set():
                self._tell(f"{self._fleet.kills.total()} kills, {len(self._wanted)} writes")

    async def _quiet(self, load: Load) -> bool:
        """Wait until every operation has ended or is parked; tell whether that came in time."""
        try:
            async with asyncio.timeout(self._plan.settling_seconds):
                for journal in range(self._plan.journals):
                    while not await load.quiet(journal):  # noqa: ASYNC110 - other processes are asked
                        await asyncio.sleep(0.2)
        except TimeoutError:
            return False
        return True

    async def _read_journal(self, number: int, gone: set[str]) -> dict[str, Operation]:
        """Return a journal's operations by key; add to `gone` those that were told of and that it does not know."""
        journal = await open_journal(self._plan.store_url(number, self._folder), ephemeral=True)
        try:
            rows: dict[str, Operation] = {}
            for one in self._wanted:
                if one.journal != number:
                    continue
                row = await journal.find(CALLER, one.key)
                if row is not None:
                    rows[one.key] = row
                others = one.operations - {row.id if row is not None else None}
                gone |= {told for told in others if await journal.get(told) is None}
            return rows
        finally:
            await journal.close()

    def _show(self, verdict: Verdict, times: Sequence[float]) -> None:
        verdict.violations += [Violation("crashed", "", crash) for crash in self._fleet.crashes]
        report.show(self._console, verdict, self._truth, self._fleet, self._board)
        _crashes(self._folder, self._console)
        for remark, count in report.remarks(self._folder).most_common(8):
            self._console.print(f"logged {count} times  {remark}", highlight=False, markup=False)
        seconds = time.monotonic() - self._began
        text = report.summary(verdict, times, seconds, len(self._wanted), self._fleet.kills.total())
        self._console.print(text, highlight=False)


def _may_ask_again(one: Wanted) -> bool:
    """Tell whether asking again cannot begin anything: the key was used, and not given back."""
    return bool(one.told) and all(one.told[-1].belief(mark) != "not yet" for mark in one.marks)


CALLER = "local"
"""Who calls a gateway that knows no callers."""
