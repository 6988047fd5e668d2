"""A gateway's engine that dies at a named place, as a killed process would: nothing of it does anything any more."""

import asyncio
import itertools
from contextvars import ContextVar
from typing import Any, Literal, TypeVar

from adapters.contract.models.requests import NewLine, NewOrder
from gateway import points
from gateway.config.resilience import Resilience
from gateway.operations.engine import Engine
from gateway.operations.intents import Intent
from gateway.operations.resolver import Resolver
from gateway.operations.worker import Worker
from gateway.operations.write import Write
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip, within
from policies.journal import Journal, JournalUnavailable, Operation
from policies.retry import RetryBudget
from support.pretended_shop import ORDER_SECONDS, TRAITS, Line, Shop, ShopAdapter
from support.scripted_provider import provider_of

T = TypeVar("T")
Trouble = Literal["refused", "in doubt"]
"""What becomes of a change: it is not made, or it is made and nobody is told."""

CHANGES = frozenset({"claim", "update", "append", "adopt", "take_due"})
_numbers = itertools.count()


class Killed(BaseException):
    """The process ended here."""


class MortalJournal:
    """A journal as a process sees it: it fails when `trouble` says so, and is of no use to the dead."""

    def __init__(self, journal: Journal, gateway: "MortalGateway") -> None:
        self.journal = journal
        self.trouble: list[Trouble] = []
        self.stands_after: int | None = None
        """After how many updates more the process stands still, just before the next."""
        self.standing: asyncio.Event | None = None
        """Set when the process goes on, where it stands still before an update."""
        self._gateway = gateway

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.journal, name)

        async def call(*arguments: Any, **named: Any) -> Any:
            if self._gateway.dead:
                raise Killed
            trouble = self.trouble.pop(0) if self.trouble and name in CHANGES else None
            if trouble == "refused":
                raise JournalUnavailable("a test")
            if name == "update" and self.stands_after is not None:
                await self._stand()
            result = await method(*arguments, **named)
            if self._gateway.dead:
                raise Killed
            if trouble == "in doubt":
                raise JournalUnavailable("a test", in_doubt=True)
            return result

        return call

    async def _stand(self) -> None:
        assert self.stands_after is not None
        self.stands_after -= 1
        if self.stands_after >= 0:
            return
        self.stands_after = None
        self.standing = asyncio.Event()
        self._gateway.paused = True
        self._gateway.shop.changed.set()
        await self.standing.wait()
        if self._gateway.dead:
            raise Killed

    def go_on(self) -> None:
        """Let the change be made that the process stood still before."""
        if self.standing is not None:
            self.standing.set()
            self.standing = None


class MortalGateway:
    """An engine with its worker and every account of the shop. Dies when it reaches the place it is `armed` for."""

    def __init__(self, shop: Shop, journal: Journal, horizon: float) -> None:
        self.dead = False
        self.paused = False
        self.armed: str | None = None
        self.journal = MortalJournal(journal, self)
        self.shop = shop
        mortal: Any = self.journal
        providers = {name: self._provider(name) for name in TRAITS}
        number = next(_numbers)
        self.engine = Engine(mortal, providers, lambda: f"{next(_numbers):012}", worker=f"worker-{number}")
        self.worker = Worker(self.engine, Resolver(self.engine, horizon=horizon))

    async def submit(self, account: str, reference: str, product: str, wait: float) -> Operation:
        """Ask for an order of a product, with a key of its own; return how its operation stands then.

        Its caller waits for so long. Raises Killed, JournalUnavailable, DuplicateReference.
        """
        HERE.set(self)
        key = key_of(reference, product)
        found = await self.engine.known("caller", key, key)
        if found is None:
            order = NewOrder(reference=reference, lines=[NewLine(product_id=f"{account}:{product}", quantity=1)])
            provider = self.engine.providers[account]
            intent = Intent("orders.place", order)
            write = Write(
                "caller", key, key, provider, intent, Trip(within(60.0), "request", key), reference, wait=wait
            )
            found, _ = await self.engine.submit(write)
        await self.settle()
        return await self.engine.outcome(found.id, 0.0)

    async def withdraw(self, operation: Operation) -> None:
        """Cancel an operation of which nothing was sent. Raises Killed, JournalUnavailable, Withdrawn."""
        HERE.set(self)
        await self.engine.withdraw(operation)

    async def look(self) -> None:
        """Let the worker look, and do what it finds. Raises Killed, JournalUnavailable."""
        HERE.set(self)
        await self.worker.look()
        await self.settle()

    def go_on(self) -> None:
        """Stand still no more."""
        self.paused = False
        self.journal.go_on()

    async def settle(self) -> None:
        """Wait until everything under way has ended or waits for the provider."""
        while True:
            tasks = [task for task in self.engine._tasks.values() if not task.done()]
            waiting = self.shop.waiting()
            busy = [task for task in tasks if task not in waiting]
            if not busy or self.journal.standing is not None:
                return
            self.shop.changed.clear()
            hung = asyncio.create_task(self.shop.changed.wait())
            await asyncio.wait([*busy, hung], timeout=10, return_when=asyncio.FIRST_COMPLETED)
            hung.cancel()

    async def die(self) -> None:
        """End every task; what the provider was sent is under way all the same."""
        self.dead = True
        self.journal.go_on()
        tasks = list(self.engine._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def reached(self, place: str) -> None:
        """Die here, if this is the place."""
        if self.armed == place and not self.dead:
            self.dead = True
        if self.dead:
            raise Killed

    def _provider(self, name: str) -> Provider:
        line, adapter = Line(self.shop, name, self.reached), ShopAdapter(name)
        provider = provider_of(line, adapter, resilience=PERSISTENT, order=ORDER_SECONDS)
        # Tries follow each other at once, as many as the settings allow: the clock of pauses and budgets is not moved.
        provider.guard.chance = lambda: 0.0
        provider.guard.budget = RetryBudget(spare=1e9)
        return provider


def key_of(reference: str, product: str) -> str:
    """Return the key with which a product is ordered under a reference."""
    return f"{reference}/{product}"


PERSISTENT = Resilience(read_retries=0, order_retries=2, breaker_failures=0)
"""Tries writes again of which nothing was executed."""


HERE: ContextVar[MortalGateway] = ContextVar("gateway")
"""Whose work this is: points know no instance."""


def watch_points() -> None:
    """Have every point of the engine tell the gateway that reached it."""
    points.watch(lambda name: HERE.get().reached(name))
