"""Callers: each wants one thing, asks with one key until it is sure, and writes down every answer before it thinks."""

import asyncio
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec

from gateway.proof.accounts import ACCOUNTS, Account
from gateway.proof.fleet import Fleet
from gateway.proof.plan import Plan
from gateway.proof.told import Told, Wanted
from gateway.proof.truth import parcel_mark

GOODS = ("0000007740404", "2000000099026", "2000000099040", "2000000099033")
"""bol: what sells well; of which every change fails; which is slow and done; which is slow and not done."""
PATIENCE = 12
"""How often a caller asks before it waits for the end of the run."""
LONGER = 1.4
"""How much longer than the last a caller's pause is, up to LONGEST_SECONDS."""
LONGEST_SECONDS = 2.0
LAST_SECONDS = 4.0
"""For how long callers go on asking after the last kill."""


@dataclass
class Load:
    """Everything that callers want in one run."""

    fleet: Fleet
    plan: Plan
    session: aiohttp.ClientSession
    wanted: list[Wanted] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.plan.seed + 7)  # noqa: S311 - chooses orders, hides nothing
        self._began = f"{datetime.now(UTC):%H%M%S%f}"[:9]
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._patient_until = math.inf

    async def run(self, enough: asyncio.Event) -> None:
        """Send callers at the plan's rate until there are enough orders and `enough` is set; wait for all of them."""
        weights = [account.share for account in ACCOUNTS]
        while len(self.wanted) < self.plan.orders or not enough.is_set():
            account = self.chance.choices(ACCOUNTS, weights)[0]
            self._send(account)
            await asyncio.sleep(self.chance.expovariate(self.plan.orders_per_second))
            if len(self._tasks) > 300:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        self._patient_until = time.monotonic() + LAST_SECONDS
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=30.0)
        for task in self._tasks:
            task.cancel()

    def _send(self, account: Account) -> None:
        task = asyncio.create_task(self._caller(account))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _caller(self, account: Account) -> None:
        self._number += 1
        reference = f"P{self._began}{self._number:06d}"
        journal = self.chance.randrange(self.plan.journals)
        while journal in self.fleet.behind:  # noqa: ASYNC110 - several set it
            await asyncio.sleep(0.1)
        if account.order is None:
            await self._changes(account, journal, reference)
            return
        body = {"provider": account.name, "reference": reference, **account.order(account.name, reference)}
        one = Wanted(account, journal, f"key-{reference}", reference, "/v1/orders", body, (reference,))
        one.hangs_up = self.chance.uniform(0.01, 0.6) if self.chance.random() < 0.06 else None
        one.gives_up = self.chance.random() < 0.3
        self.wanted.append(one)
        if self.chance.random() < 0.06:
            twin = Wanted(account, journal, f"twin-{reference}", reference, one.path, body, one.marks, first=one)
            self.wanted.append(twin)
            await asyncio.gather(self.insist(one), self.insist(twin))
        elif self.chance.random() < 0.06:
            # Two at once with the same key: one order, one answer.
            one.asked_at_once = True
            await asyncio.gather(self.insist(one), self.insist(one))
        else:
            await self.insist(one)

    async def _changes(self, account: Account, journal: int, reference: str) -> None:
        """Have a customer of bol order something, and want its cancellation, or three parcels of it."""
        several = account.name == "bol" and self.chance.random() < 0.5
        eans = self.chance.choices(GOODS, (12, 2, 2, 1 if account.name == "bol" else 0), k=2 if several else 1)
        order = {"lines": [{"ean": ean, "quantity": 3} for ean in eans]}
        url = f"{self.fleet.simulators[account.name]}/_simulator/orders"
        async with self.session.post(url, data=msgspec.json.encode(order)) as response:
            made = msgspec.json.decode(await response.read())
        if response.status != 201:
            raise RuntimeError(f"the simulator takes no order: {made}")
        lines = tuple(item["id"] for item in made["items"])
        path = f"/v1/orders/{account.name}:{quote(made['id'])}"
        if account.name == "bol":
            body: dict[str, Any] = {"reason": "outOfStock"}
            one = Wanted(account, journal, f"key-{reference}", reference, f"{path}/cancellation", body, lines)
            self.wanted.append(one)
            await self.insist(one)
            return
        parcels = [_parcel(account, journal, path, lines, f"{reference}{letter}") for letter in "ABC"]
        self.wanted += parcels
        if self.chance.random() < 0.1:
            await asyncio.gather(*(self.insist(one) for one in parcels))
            return
        # Mostly each follows when the one before is done: its process must not be taken for the next one's.
        for one in parcels:
            await self.insist(one)

    async def insist(self, one: Wanted) -> None:
        """Ask again with the same key until the answer is sure, or patience is at its end."""
        pause = 0.3
        for _ in range(PATIENCE):
            told = await self.ask(one, hangs_up=one.hangs_up)
            one.hangs_up = None
            if one.sure:
                return
            if told is None:
                await asyncio.sleep(self.chance.uniform(0.02, 0.15))
                continue
            if told.parked or told.retry == "new-key" or (told.status in {429, 503} and one.gives_up):
                return
            await asyncio.sleep(pause * self.chance.uniform(0.3, 1.7))
            pause = min(LONGER * pause, LONGEST_SECONDS)
            if time.monotonic() > self._patient_until:
                return

    async def ask(self, one: Wanted, *, wait: int = 2, hangs_up: float | None = None) -> Told | None:
        """Ask once; write down what was answered, and return it, or None where nothing came."""
        url = await self._somewhere(one.journal)
        if url is None:
            return None
        headers = {
            "Idempotency-Key": one.key,
            "Content-Type": "application/json",
            "Prefer": f"wait={wait}",
        }
        one.silent = True
        try:
            async with asyncio.timeout(hangs_up or wait + 4.0):
                async with self.session.post(
                    url + one.path, data=msgspec.json.encode(one.body), headers=headers
                ) as got:
                    raw = await got.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None
        told = Told(datetime.now(UTC), got.status, _read(raw))
        one.told.append(told)
        one.silent = False
        return told

    async def _somewhere(self, journal: int) -> str | None:
        """Return the address of a gateway of a journal as soon as one serves, or None when none does for long."""
        for _ in range(200):
            url = self.fleet.anywhere(journal, self.chance)
            if url is not None:
                return url
            await asyncio.sleep(0.05)
        return None

    async def ask_everybody_again(self, several: Sequence[Wanted]) -> None:
        """Ask once more with each key, at the end: what was final must be so still."""
        for start in range(0, len(several), 50):
            await asyncio.gather(*(self.ask(one, wait=1) for one in several[start : start + 50]))

    async def quiet(self, journal: int) -> bool:
        """Tell whether a gateway says that every operation in its journal has ended or is parked."""
        return await self.backlog(journal, 1) == 0

    async def backlog(self, journal: int, most: int) -> int:
        """Return how many operations a gateway says are open in its journal, or `most` where more are or none says."""
        url = self.fleet.anywhere(journal, self.chance)
        found = 0
        try:
            for state in ("unknown", "pending", "sending", "accepted"):
                async with asyncio.timeout(5.0):
                    async with self.session.get(f"{url}/v1/operations?state={state}&limit={most}") as got:
                        found += len(msgspec.json.decode(await got.read())["items"])
                if found >= most:
                    return most
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError):
            return most
        return found


def _parcel(account: Account, journal: int, path: str, lines: Sequence[str], reference: str) -> Wanted:
    """Return the wish to ship one of each line."""
    wanted = [{"id": line, "quantity": 1} for line in lines]
    body = {"lines": wanted, "carrier": "TNT", "trackingCode": reference}
    marks = tuple(parcel_mark(line, reference) for line in lines)
    return Wanted(account, journal, f"key-{reference}", reference, f"{path}/shipments", body, marks)


def _read(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return raw[:200].decode(errors="replace")
