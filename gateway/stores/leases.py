"""Permits of short windows, leased from a shared store some at a time, so that most requests wait for no round trip.

    take ──► shelf of these budgets ──► a permit that lies there
                     └─► lease: for all who wait, and some ahead of need

What is given back is collected while the store is busy with the batch before. It is told again until the store is there
or has taken it back by itself.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from gateway.stores.permit_shelf import Shelf, Wanted, ended
from policies.permits import SHORT_SECONDS, Budget, Permit, PermitsUnavailable, Usage, Wait

BATCH = 64
"""The most permits given back at once."""
WAITING = 10_000
"""How many permits may wait to be given back; one more is left to its hold."""
PAUSE_SECONDS = 0.5
"""How long after a failure giving back is tried again."""
PURGE_SECONDS = 600.0

log = structlog.get_logger("ordergate.stores")


@dataclass(frozen=True, slots=True)
class Given:
    """A permit on its way back; after `until`, on the loop's clock, the store has taken it back by itself."""

    permit: Permit
    sent: bool
    linger: float
    until: float


class Store(Protocol):
    """What leases are taken from. Every method raises PermitsUnavailable when it cannot answer."""

    async def lease(self, budgets: Sequence[tuple[Budget, int]], hold: float, count: int) -> list[Permit] | Wait:
        """Take up to `count` permits, each with slots of every budget; Wait where there is not one."""
        ...

    async def give_back(self, given: Sequence[Given]) -> None:
        """Let slots rest or free them, from now on. Harmless when repeated."""
        ...

    async def block(self, key: str, seconds: float, beyond: int) -> None:
        """As in the port."""
        ...

    async def usage(self, keys: Sequence[str]) -> Mapping[str, Usage]:
        """As in the port."""
        ...

    async def purge(self) -> None:
        """Forget what counts no more."""
        ...


class Leases:
    """Takes permits from a store for the callers of one process. Belongs to one event loop."""

    def __init__(self, store: Store, short: float = SHORT_SECONDS) -> None:
        self._leased_from = store
        self._short = short
        self._shelves: dict[Wanted, Shelf] = {}
        self._held: dict[str, float] = {}
        self._returning: deque[Given] = deque()
        self._returner: asyncio.Task[None] | None = None
        self._purge_at = 0.0

    async def close(self) -> None:
        """Give back what lies unused and what waits for it, within seconds."""
        for shelf in list(self._shelves.values()):
            await shelf.close()
        self._shelves.clear()
        if self._returner is not None:
            await ended(self._returner)
        self._returning.clear()
        self._held.clear()

    async def take(self, budgets: Sequence[tuple[Budget, int]], hold: float) -> Permit | Wait:
        """Take a permit, as in the port."""
        wanted = tuple(budgets)
        if not all(budget.seconds <= self._short for budget, _ in wanted):
            return await self._take_alone(wanted, hold)
        shelf = self._shelves.get(wanted)
        if shelf is None:
            shelf = self._shelves[wanted] = Shelf(self, wanted)
        return await shelf.take(hold)

    async def give_back(self, permit: Permit, sent: bool, linger: float = 0.0) -> None:
        """Give a permit back behind the caller's back: no answer waits for the store."""
        self.returned([permit], sent=sent, linger=linger)

    async def block(self, key: str, seconds: float, beyond: int = 0) -> None:
        """Block a key, as in the port; elsewhere it is heard of within `SHELF_SECONDS`."""
        self._clear(key)
        try:
            await self._leased_from.block(key, seconds, beyond)
        finally:
            self._clear(key)

    async def usage(self, keys: Sequence[str]) -> Mapping[str, Usage]:
        """Return how budgets stand, as in the port."""
        return await self._leased_from.usage(keys)

    async def lease(self, wanted: Wanted, hold: float, count: int) -> list[Permit] | Wait:
        """Lease permits to be held for so long; remembers until when each is this process's."""
        until = _now() + hold
        leased = await self._leased_from.lease(wanted, hold, count)
        if not isinstance(leased, Wait):
            self._held.update((permit.id, until) for permit in leased)
        return leased

    def returned(self, permits: Sequence[Permit], *, sent: bool, linger: float = 0.0) -> None:
        """Give permits back with the next batch."""
        for permit in permits:
            until = self._held.pop(permit.id, None)
            if until is None or len(self._returning) >= WAITING:
                continue
            self._returning.append(Given(permit, sent, linger, until))
        if self._returning and self._returner is None:
            self._returner = asyncio.get_running_loop().create_task(self._return())

    def _clear(self, key: str) -> None:
        for wanted, shelf in self._shelves.items():
            if any(budget.key == key for budget, _ in wanted):
                shelf.clear()

    def forget(self, wanted: Wanted) -> None:
        """Let go of a shelf that is empty and that nobody waits at."""
        self._shelves.pop(wanted, None)

    async def _take_alone(self, wanted: Wanted, hold: float) -> Permit | Wait:
        # The lease goes on when who waits for it is cancelled, for it has to be given back then.
        lease = asyncio.ensure_future(self.lease(wanted, hold, 1))
        try:
            leased = await asyncio.shield(lease)
        except asyncio.CancelledError:
            lease.add_done_callback(self._unwanted)
            raise
        return leased if isinstance(leased, Wait) else leased[0]

    def _unwanted(self, lease: "asyncio.Task[list[Permit] | Wait]") -> None:
        if not lease.cancelled() and lease.exception() is None and not isinstance(leased := lease.result(), Wait):
            self.returned(leased, sent=False)

    async def _return(self) -> None:
        """Give back until nothing is left to be. What the store has taken back by itself meanwhile is let go."""
        failed = False
        try:
            while self._returning:
                batch = [self._returning.popleft() for _ in range(min(BATCH, len(self._returning)))]
                try:
                    await self._leased_from.give_back(batch)
                    failed = False
                    await self._purge()
                except PermitsUnavailable as error:
                    if not failed:
                        log.warning("permits not given back", reason=str(error), next_trial_seconds=PAUSE_SECONDS)
                    failed = True
                    self._returning.extendleft(given for given in reversed(batch) if given.until > _now())
                    await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._returner = None

    async def _purge(self) -> None:
        if _now() >= self._purge_at:
            self._purge_at = _now() + PURGE_SECONDS
            self._held = {permit: until for permit, until in self._held.items() if until > _now()}
            await self._leased_from.purge()


def _now() -> float:
    return asyncio.get_running_loop().time()
