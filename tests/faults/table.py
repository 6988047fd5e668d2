"""What a provider that fails costs: `python -m faults.table` prints it, fault by fault, in virtual time.

One account is asked for 20 reads and 2 orders a second through the whole of provider, guard, engine and journal; the
network is scripted. After ten good seconds the fault begins, after a minute of it the provider heals.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import structlog
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.contract.errors import ProviderError
from adapters.contract.flow import Flow
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.config.resilience import Resilience
from gateway.errors import describe
from gateway.providers.channel import Channel
from gateway.providers.evidence import FailureKind, SendFailed, WirePhase
from gateway.providers.outbound import Outbound
from gateway.providers.trip import Trip, within
from policies.errors import PolicyError
from support import virtual_time
from support.scripted_provider import ScriptedAdapter, placing, provider_of, reply
from support.written import Writing, status

GOOD, BAD, AFTER = 10.0, 60.0, 80.0
"""Seconds before the fault, of it, and after it: the longest pause of a circuit that was open for all of it is 40 s."""
READS, ORDERS = 20, 2
"""How many of each a second."""

Fault = Callable[[float, float], Awaitable[HttpResponse | None]]
"""Given how long the fault lasts and the request may take: raises, answers, or lets the provider answer (None)."""


def failing(phase: WirePhase, kind: FailureKind, *, after: float = 0.0) -> Fault:
    async def fault(since: float, seconds: float) -> HttpResponse | None:
        await asyncio.sleep(min(after, seconds))
        raise SendFailed(phase, kind)

    return fault


async def flapping(since: float, seconds: float) -> HttpResponse | None:
    """Five seconds down, five up."""
    if int(since / 5) % 2 == 0:
        raise SendFailed("not-sent", "connect")
    return None


async def storming(since: float, seconds: float) -> HttpResponse | None:
    return HttpResponse(429, {"retry-after": "5"})


FAULTS: Mapping[str, Fault] = {
    "down": failing("not-sent", "connect"),
    "slow": failing("sent", "timeout", after=1e9),
    "flapping": flapping,
    "resetting": failing("partly-sent", "closed"),
    "429 storm": storming,
    "DNS gone": failing("not-sent", "dns", after=1.0),
    "TLS broken": failing("not-sent", "tls", after=0.1),
}


class Provided(ScriptedAdapter):
    """The scripted adapter with a cheapest read."""

    @override
    def cheap_read(self) -> Flow[Any]:
        return (yield HttpRequest("GET", "/account", step="probe"))


class Line(Outbound):
    """The way to the provider: takes 20 ms, or what the fault makes of it; counts what was sent and what was done."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()
        self.placed = 0
        self._fault = fault

    @override
    async def send(self, request: HttpRequest, channel: Channel, timeout: float) -> HttpResponse:
        now = asyncio.get_running_loop().time()
        if GOOD <= now < GOOD + BAD:
            self.calls[request.step] += 1
            answer = await self._fault(now - GOOD, timeout)
            if answer is not None:
                return answer
        await asyncio.sleep(0.02)
        self.placed += request.effect == "commit"
        return reply(id="1")


@dataclass
class Row:
    """What came of one fault: answers by status while it lasted, calls made then, seconds until all was well again."""

    fault: str
    reads: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    probes: int = 0
    slowest: float = 0.0
    recovery: float = 0.0
    lies: int = 0

    @property
    def ratio(self) -> float:
        """Return the calls made for each request asked for while the fault lasted."""
        return self.calls / (self.reads.total() + self.orders.total())


class _Trial:
    def __init__(self, name: str, *, pace: float) -> None:
        self.row = Row(name)
        self._line = Line(FAULTS[name])
        self._pace = pace
        self._told_placed = 0
        self._open = 0
        provider = provider_of(self._line, Provided(), resilience=Resilience())
        self._writing = Writing(provider)

    def run(self) -> Row:
        with closing(self._writing), capture_logs():
            virtual_time.run(self._run())
        self.row.calls = sum(self._line.calls.values())
        self.row.probes = self._line.calls["probe"]
        # What is neither told as placed nor open is told as not placed.
        self.row.lies = max(0, self._line.placed - self._told_placed - self._open)
        self.row.lies += max(0, self._told_placed - self._line.placed)
        return self.row

    async def _run(self) -> None:
        asked: list[asyncio.Task[None]] = []
        number = 0
        while (now := asyncio.get_running_loop().time()) < GOOD + BAD + AFTER:
            order = number % (READS // ORDERS + 1) == 0
            asked.append(asyncio.create_task(self._order(number, now) if order else self._read(now)))
            number += 1
            await asyncio.sleep(self._pace / (READS + ORDERS))
        await asyncio.gather(*asked)
        self._writing.provider.close()

    async def _read(self, began: float) -> None:
        def flow() -> Flow[HttpResponse]:
            response: HttpResponse = yield HttpRequest("GET", "/orders", step="read")
            return response

        try:
            await self._writing.provider.run(flow(), Trip(within(15.0), "read"))
            told = "200"
        except (ProviderError, PolicyError) as error:
            told = f"{describe(error, 'shop').status}"
        self._note(self.row.reads, told, began)

    async def _order(self, number: int, began: float) -> None:
        try:
            operation = await self._writing.submit(placing, f"key-{number}")
        except PolicyError as error:
            self._note(self.row.orders, f"{describe(error, 'shop').status}", began)
            return
        for _ in range(40):
            if operation.state not in {"accepted", "sending"}:
                break
            await asyncio.sleep(0.25)
            operation = await self._writing.stored(operation)
        self._told_placed += operation.state == "succeeded"
        self._open += operation.state in {"accepted", "sending", "unknown"}
        self._note(self.row.orders, "202" if operation.answer is None else f"{status(operation)}", began)

    def _note(self, told: Counter[str], outcome: str, began: float) -> None:
        healed = GOOD + BAD
        now = asyncio.get_running_loop().time()
        if GOOD <= began < healed:
            told[outcome] += 1
            self.row.slowest = max(self.row.slowest, now - began)
        if began >= healed and outcome not in {"200", "201"}:
            self.row.recovery = max(self.row.recovery, began - healed)


def trial(fault: str, *, pace: float = 1.0) -> Row:
    """Return the row of one fault; `pace` is how much thinner the load is."""
    return _Trial(fault, pace=pace).run()


def printed(row: Row) -> str:
    """Return a row of the table, in Markdown."""
    reads = ", ".join(f"{count} x {code}" for code, count in sorted(row.reads.items()))
    orders = ", ".join(f"{count} x {code}" for code, count in sorted(row.orders.items()))
    return (
        f"| {row.fault} | {reads} | {orders} | {row.slowest:.1f} s | {row.calls} ({row.probes}) | {row.ratio:.2f} "
        f"| {row.recovery:.1f} s | {row.lies} |"
    )


def main() -> int:
    """Print the table; return 1 where a promise was broken."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    print("| fault | reads | orders | slowest | calls (probes) | per request | until all was well | lies |")
    print("|---|---|---|---|---|---|---|---|")
    table = [trial(fault) for fault in FAULTS]
    for row in table:
        print(printed(row))
    return int(any(row.lies or row.ratio > 1.1 for row in table))


if __name__ == "__main__":
    raise SystemExit(main())
