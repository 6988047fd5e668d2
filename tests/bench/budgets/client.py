"""A process that uses an account as a gateway does: a permit from the shared store, a request, the permit back.

`python -m bench.budgets.client JSON` runs until SIGTERM; with `hurt` it meets everything that can go wrong on the way.
"""

import asyncio
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec
import structlog

from gateway.stores.postgres_permits import PostgresPermits
from policies.permits import Budget, Permit, PermitsUnavailable, Wait

MARGIN = 1.01
"""Clocks may differ by a percent, as every budget of the gateway allows for."""
REQUEST = b"GET / HTTP/1.1\r\nHost: provider\r\n\r\n"
AGAIN_SECONDS = 0.1
"""How soon a store that cannot answer is asked again."""
START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Work:
    """What a process has to do. Times in seconds; `short` as for the store of permits.

    `hurt`: in bursts, and with everything that can go wrong. `early`: wrongly, permits go back before the answer.
    """

    url: str
    port: int
    key: str
    requests: int
    seconds: float
    short: float
    hold: float
    seed: int
    hurt: bool
    early: bool

    @property
    def budget(self) -> Budget:
        """Return the budget as the gateway has it."""
        return Budget(self.key, self.requests, self.seconds * MARGIN)


async def work(given: Work) -> None:
    """Send requests until told to stop."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    permits = PostgresPermits(given.url, short=given.short)
    await _opened(permits)
    account = Account(permits, given)
    sending = asyncio.ensure_future(account.send())
    await stopped.wait()
    sending.cancel()
    with suppress(asyncio.CancelledError):
        await sending
    await permits.close()
    print(msgspec.json.encode(account.answered).decode())


async def _opened(permits: PostgresPermits) -> None:
    """Open, once the database is there."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            with suppress(PermitsUnavailable):
                return await permits.open()
            await asyncio.sleep(AGAIN_SECONDS)


class Account:
    """One account, with more to send than it may."""

    def __init__(self, permits: PostgresPermits, given: Work) -> None:
        self._permits = permits
        self._given = given
        self._random = Random(given.seed)
        self._under_way: set[asyncio.Task[None]] = set()
        self._burst_until = 0.0
        self.answered = [0, 0.0]
        """How many requests were answered, and how long all of them together took from permit to answer."""

    async def send(self) -> None:
        """Send one after the other as permits come, all the time or in bursts."""
        try:
            while True:
                if self._given.hurt:
                    await self._rest()
                permit = await self._permit()
                task = asyncio.ensure_future(self._request(permit))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _rest(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._burst_until:
            await asyncio.sleep(self._random.random() * self._given.seconds)
            self._burst_until = asyncio.get_running_loop().time() + self._random.random() * self._given.seconds

    async def _permit(self) -> Permit:
        while True:
            try:
                answer = await self._permits.take([(self._given.budget, 1)], self._given.hold)
            except PermitsUnavailable:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if not isinstance(answer, Wait):
                return answer
            await asyncio.sleep(answer.seconds)

    async def _request(self, permit: Permit) -> None:
        """Send what the permit is for. Some requests are lost, late, or never sent."""
        fate = self._random.random() if self._given.hurt else 1.0
        hold = self._given.hold
        if fate < 0.03:  # it could not connect
            await self._permits.give_back(permit, sent=False)
        elif fate < 0.05:  # whoever had it is gone, and its request arrives as late as it may
            await self._sent_after(self._random.random() * hold * 0.9)
        elif fate < 0.1:  # it was given up, and arrives all the same
            linger = hold / 2
            await self._permits.give_back(permit, sent=True, linger=linger)
            await self._sent_after(self._random.random() * linger * 0.9)
        else:
            if self._given.early:
                await self._permits.give_back(permit, sent=True)
            if fate < 0.3:  # a slow connection
                await asyncio.sleep(self._random.random() * hold / 2)
            began = asyncio.get_running_loop().time()
            await self._sent_after(0.0)
            self.answered[0] += 1
            self.answered[1] += asyncio.get_running_loop().time() - began
            await self._permits.give_back(permit, sent=True)

    async def _sent_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._given.port)
        try:
            writer.write(REQUEST)
            await reader.read()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def main(arguments: list[str]) -> None:
    """Run a process."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    given: dict[str, Any] = msgspec.json.decode(arguments[0])
    asyncio.run(work(Work(**given)))


if __name__ == "__main__":
    main(sys.argv[1:])
