"""Permits that processes share in a PostgreSQL, beside its journal and off the journal's connections.

A transaction locks every key of a request in one order, reads the server's clock after that, counts and takes: one
round trip. Permits of windows up to a minute are leased some at a time (`leases`), and stand in a table that is not
written to the log: a server that crashed has forgotten them, so each of their keys that was in use stays closed for
the longest hold and a window. Those of longer windows survive it.

What is given back goes to the server behind the answer, with what else is given back then: late is safe.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from uuid import UUID, uuid4

from typing_extensions import override

from gateway.stores.leases import Given, Leases
from gateway.stores.postgres_pool import Pool, Work
from gateway.stores.postgres_schema import migrate
from policies.journal import JournalUnavailable
from policies.permits import SHORT_SECONDS, Budget, Permit, PermitsUnavailable, Usage, Wait

CONNECTIONS = 2
"""One that takes and one that gives back: whoever waits for a lock keeps neither from the journal."""

T = TypeVar("T")
_TAKE = "SELECT * FROM gw.take_permits($1, $2, $3, $4, $5, $6, $7, $8)"
_GIVE_BACK = "SELECT gw.give_back_permits($1, $2, $3, $4, $5, $6, $7)"
_PURGE = "SELECT gw.purge_permits()"
_BLOCK = """
INSERT INTO gw.permit_block AS b (key, beyond, until)
  VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
  ON CONFLICT (key, beyond) DO UPDATE SET until = greatest(b.until, excluded.until)
"""
_USAGE = "SELECT * FROM gw.permits_usage($1)"


class PostgresPermits(Leases):
    """Permits in the database that `url` names, whose journal's schema they share.

    `short`: the longest window, in seconds, that a crash of the server may forget.
    """

    def __init__(self, url: str, *, short: float = SHORT_SECONDS, connections: int = CONNECTIONS) -> None:
        self._store = PostgresSlots(url, short, connections)
        super().__init__(self._store, short)

    async def open(self) -> None:
        """Connect, and bring the schema to this release's. Raises JournalRefused too, as the journal does."""
        await self._store.open()

    @override
    async def close(self) -> None:
        await super().close()
        await self._store.close()


class PostgresSlots:
    """The slots of budgets, as the server counts them."""

    def __init__(self, url: str, short: float, connections: int) -> None:
        self._short = short
        self._pool = Pool(url, most=connections)

    async def open(self) -> None:
        """Connect, and bring the schema to this release's."""
        try:
            await self._pool.open(lambda connection: migrate(connection, self._pool.place))
        except JournalUnavailable as error:
            raise PermitsUnavailable(str(error)) from error

    async def close(self) -> None:
        """End the connections."""
        await self._pool.close()

    async def lease(self, budgets: Sequence[tuple[Budget, int]], hold: float, count: int) -> list[Permit] | Wait:
        ids = [uuid4() for _ in range(count)]
        keys = [budget.key for budget, _ in budgets]
        values = (
            keys,
            [budget.requests for budget, _ in budgets],
            [budget.seconds for budget, _ in budgets],
            [self._is_long(budget) for budget, _ in budgets],
            [budget.reserve for budget, _ in budgets],
            [cost for _, cost in budgets],
            hold,
            ids,
        )
        # Once more after a cut: slots taken twice have the same permits, and are given back together.
        taken = await self._run(lambda connection: connection.fetchrow(_TAKE, *values))
        if not taken["granted"]:
            return Wait(taken["wait"], taken["held_up_by"])
        in_force = tuple(
            (Budget(budget.key, requests, budget.seconds, budget.reserve), cost)
            for (budget, cost), requests in zip(budgets, taken["in_force"], strict=True)
        )
        return [Permit(str(one), in_force) for one in ids[: taken["granted"]]]

    async def give_back(self, given: Sequence[Given]) -> None:
        rows = [(back, budget, cost) for back in given for budget, cost in back.permit.budgets]
        values = (
            [budget.key for _, budget, _ in rows],
            [budget.seconds for _, budget, _ in rows],
            [self._is_long(budget) for _, budget, _ in rows],
            [cost for _, _, cost in rows],
            [UUID(back.permit.id) for back, _, _ in rows],
            [back.sent for back, _, _ in rows],
            [back.linger for back, _, _ in rows],
        )
        await self._run(lambda connection: connection.execute(_GIVE_BACK, *values))

    async def block(self, key: str, seconds: float, beyond: int) -> None:
        await self._run(lambda connection: connection.execute(_BLOCK, key, beyond, seconds))

    async def usage(self, keys: Sequence[str]) -> Mapping[str, Usage]:
        rows = await self._run(lambda connection: connection.fetch(_USAGE, list(keys)))
        return {row["key"]: Usage(row["used"], row["in_force"], row["free_in"], row["blocked_for"]) for row in rows}

    async def purge(self) -> None:
        await self._run(lambda connection: connection.execute(_PURGE))

    def _is_long(self, budget: Budget) -> bool:
        return budget.seconds > self._short

    async def _run(self, work: Work[T]) -> T:
        try:
            return await self._pool.read(work)
        except JournalUnavailable as error:
            raise PermitsUnavailable(str(error)) from error
