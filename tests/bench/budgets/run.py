"""The proof of shared budgets: processes on one PostgreSQL against a provider whose windows know nothing of ours.

    make prove-budgets                              every limit, 1, 3 and 8 processes
    make prove-budgets ARGS="--processes 3 --only bol"

Each line is two runs. In the first every process always has something to send: that gives the utilisation of N/(T+rtt).
In the second they send in bursts and everything goes wrong: connections are slow or fail, permits are lost while their
requests are still sent, requests arrive after they were given up, a process is killed, another restarted, and the
database is killed and started again. No window may be exceeded in either: a violation ends the program with 1.
"""

import argparse
import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import msgspec

from bench.budgets.client import Work
from bench.budgets.provider import Provider
from bench.budgets.windows import utilisation, violations
from gateway.stores.postgres_permits import PostgresPermits
from support.postgres import Server, own_server

LEAST_UTILISATION = 0.9
START_SECONDS = 20.0
TESTS = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Limit:
    """A provider's limit as it is run: what it stands for, and the longest window that counts as short."""

    name: str
    requests: int
    seconds: float
    answer_seconds: float
    short: float
    windows: int

    @property
    def hold(self) -> float:
        """Return for how long a request may take."""
        return max(0.5, self.seconds / 3)


LIMITS = (
    Limit("gelato: 100 in 1 s", 100, 1.0, 0.1, 61.0, 8),
    Limit("bol: 7 in 3 min, as 1.8 s", 7, 1.8, 0.05, 61.0, 6),
    Limit("reusely: 5 in 1 h, as 3.6 s", 5, 3.6, 0.05, 0.0, 4),
)
"""Reusely's stands for a long window, so it is kept durably however short it is here."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one limit with so many processes."""

    limit: str
    processes: int
    utilisation: float
    steady_requests: int
    hurt_requests: int
    violations: dict[str, int]

    @property
    def is_good(self) -> bool:
        """Tell whether it is as promised."""
        return not any(self.violations.values()) and self.utilisation >= LEAST_UTILISATION


class Fleet:
    """Processes that use one account."""

    def __init__(self, server: Server, provider: Provider, limit: Limit, name: str, *, hurt: bool, early: bool) -> None:
        self._server = server
        self._provider = provider
        self._limit = limit
        self._name = name
        self._hurt = hurt
        self._early = early
        self._processes: list[asyncio.subprocess.Process] = []
        self._born = 0
        self._answered = [0, 0.0]

    @property
    def answer_seconds(self) -> float:
        """Return how long a request took on average, of processes that ended in order."""
        return self._answered[1] / self._answered[0]

    async def grow(self) -> None:
        """Start one more process."""
        self._born += 1
        limit = self._limit
        given = Work(
            url=self._server.url,
            port=self._provider.port,
            key=self._name,
            requests=limit.requests,
            seconds=limit.seconds,
            short=limit.short,
            hold=limit.hold,
            seed=self._born,
            hurt=self._hurt,
            early=self._early,
        )
        text = msgspec.json.encode(asdict(given)).decode()
        command = (sys.executable, "-m", "bench.budgets.client", text)
        self._processes.append(await asyncio.create_subprocess_exec(*command, cwd=TESTS, stdout=PIPE))

    async def end(self, number: signal.Signals) -> None:
        """End the oldest process."""
        process = self._processes.pop(0)
        process.send_signal(number)
        told, _ = await asyncio.wait_for(process.communicate(), START_SECONDS)
        for index, value in enumerate(msgspec.json.decode(told or b"[]")):
            self._answered[index] += value

    async def end_all(self) -> None:
        """End every process."""
        while self._processes:
            with suppress(ProcessLookupError):
                await self.end(signal.SIGTERM)


async def run(server: Server, limit: Limit, processes: int, windows: int, *, early: bool = False) -> Outcome:
    """Use a limit with so many processes, for so many windows each time. `early`: give permits back too soon."""
    steady, answer_seconds = await _arrivals(server, limit, processes, windows, hurt=False, early=early)
    hurt, _ = await _arrivals(server, limit, processes, windows, hurt=True, early=early)
    random = Random(processes)
    found = [violations(limit.requests, limit.seconds, arrivals, random) for arrivals in (steady, hurt)]
    return Outcome(
        limit.name,
        processes,
        utilisation(limit.requests, limit.seconds, answer_seconds, steady),
        len(steady),
        len(hurt),
        {name: sum(one[name] for one in found) for name in found[0]},
    )


async def _arrivals(
    server: Server, limit: Limit, processes: int, windows: int, *, hurt: bool, early: bool
) -> tuple[list[float], float]:
    """Return when requests arrived at the provider, and how long an answer took."""
    provider = Provider(limit.answer_seconds)
    await provider.start()
    fleet = Fleet(server, provider, limit, f"proof/{time.time_ns()}", hurt=hurt, early=early)
    try:
        for _ in range(processes):
            await fleet.grow()
        async with asyncio.timeout(START_SECONDS + limit.requests * limit.seconds):
            await provider.reached(limit.requests)
        if hurt:
            await _mishaps(server, fleet, limit.seconds * windows / 4)
        else:
            await asyncio.sleep(limit.seconds * windows)
    finally:
        await fleet.end_all()
        await provider.stop()
    return provider.arrivals, fleet.answer_seconds


async def _mishaps(server: Server, fleet: Fleet, pause: float) -> None:
    """Kill one, restart one, and kill the database, with a pause before each."""
    await asyncio.sleep(pause)
    await fleet.end(signal.SIGKILL)
    await fleet.grow()
    await asyncio.sleep(pause)
    await fleet.end(signal.SIGTERM)
    await fleet.grow()
    await asyncio.sleep(pause)
    await asyncio.to_thread(_restart, server)
    await asyncio.sleep(2 * pause)


def _restart(server: Server) -> None:
    server.kill()
    server.start()


async def _all(server: Server, limits: list[Limit], counts: list[int], given: argparse.Namespace) -> list[Outcome]:
    permits = PostgresPermits(server.url)
    await permits.open()
    await permits.close()
    outcomes = []
    print(f"{'limit':30}{'processes':>10}{'utilisation':>12}{'requests':>10}{'mishaps':>9}  violations", flush=True)
    for limit in limits:
        for processes in counts:
            outcome = await run(server, limit, processes, given.windows or limit.windows, early=given.early)
            outcomes.append(outcome)
            told = ", ".join(f"{name} {count}" for name, count in outcome.violations.items())
            print(
                f"{outcome.limit:30}{processes:>10}{outcome.utilisation:>12.1%}{outcome.steady_requests:>10}"
                f"{outcome.hurt_requests:>9}  {told}",
                flush=True,
            )
    return outcomes


def main() -> int:
    """Run the proof; 1 when a window was exceeded or the limit is not made use of."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", help="a part of the names of the limits")
    parser.add_argument("--processes", type=int, action="append", help="how many; may be given several times")
    parser.add_argument("--windows", type=int, help="how many windows each run lasts")
    parser.add_argument("--early", action="store_true", help="give permits back too soon: the proof has to find that")
    given = parser.parse_args()
    limits = [limit for limit in LIMITS if given.only in limit.name]
    with own_server() as server:
        outcomes = asyncio.run(_all(server, limits, given.processes or [1, 3, 8], given))
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
