"""The journal in PostgreSQL, in the schema `gw`: for a fleet of instances.

Every change is one statement, and so one transaction and one round trip: a caller that is cancelled or a connection
that is cut leaves all of it or nothing. Leases are on the database's clock. Events appear once every transaction of the
server that began before theirs has ended: one that has written and stays open, in any database, holds them back.

Connections may go through a pooler in session mode. A database that is replicated must be failed over to a synchronous
standby only: any other has forgotten what was acknowledged.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from gateway.stores.postgres_changes import Changes
from gateway.stores.postgres_connection import Connection
from gateway.stores.postgres_keys import remember_keys
from gateway.stores.postgres_pool import MOST, Pool
from gateway.stores.postgres_purge import purge
from gateway.stores.postgres_reads import Reads
from gateway.stores.postgres_schema import migrate, require_newest
from gateway.stores.rows import Rows
from gateway.stores.sealing import Sealing
from policies.journal import Change, Event, Evidence, Open, Operation, Step
from policies.operation import State


class PostgresJournal:
    """A journal in the database that `url` names. With `only_reads` it is used as it is and changes are refused."""

    def __init__(
        self, url: str, *, sealing: Sealing | None = None, only_reads: bool = False, connections: int = MOST
    ) -> None:
        self._sealing = sealing or Sealing()
        self._only_reads = only_reads
        self._pool = Pool(url, most=connections, only_reads=only_reads)
        rows = Rows(self._sealing, _to_utc, _to_utc)
        self._reads = Reads(rows)
        self._changes = Changes(rows, self._reads)

    async def open(self) -> None:
        await self._pool.open(self._prepare)

    async def close(self) -> None:
        await self._pool.close()

    async def claim(self, operation: Operation) -> Operation:
        async def claim(connection: Connection) -> Operation:
            return await self._changes.claim(connection, operation)

        return await self._pool.change(claim, claim)

    async def update(self, operation: Operation, change: Change) -> bool:
        change_id = uuid4()
        return await self._pool.change(
            lambda connection: self._changes.update(connection, operation, change, change_id),
            lambda connection: self._changes.update_again(connection, operation, change, change_id),
            patient=True,
        )

    async def append(self, operation_id: str, evidence: Sequence[Evidence]) -> None:
        await self._pool.change(
            lambda connection: self._changes.append(connection, operation_id, evidence),
            lambda connection: self._changes.append_again(connection, operation_id, evidence),
            patient=True,
        )

    async def adopt(self, operation_id: str, name: str) -> str | None:
        async def adopt(connection: Connection) -> str | None:
            return await self._changes.adopt(connection, operation_id, name)

        return await self._pool.change(adopt, adopt)

    async def take_due(self, worker: str, lease_seconds: float, accounts: Sequence[str], limit: int) -> list[Operation]:
        change_id = uuid4()
        return await self._pool.change(
            lambda connection: self._changes.take_due(connection, worker, lease_seconds, accounts, limit, change_id),
            lambda connection: self._reads.taken(connection, worker, change_id),
        )

    async def get(self, operation_id: str) -> Operation | None:
        return await self._pool.read(lambda connection: self._reads.by_id(connection, operation_id))

    async def steps(self, operation_id: str) -> list[Step]:
        return await self._pool.read(lambda connection: self._reads.steps(connection, operation_id))

    async def find(self, caller: str, key: str) -> Operation | None:
        return await self._pool.read(lambda connection: self._reads.by_key(connection, caller, key))

    async def twins(self, account: str, twin: str, since: datetime) -> list[Operation]:
        return await self._pool.read(lambda connection: self._reads.twins(connection, account, twin, since))

    async def search(
        self,
        caller: str | None,
        *,
        state: State | None = None,
        account: str | None = None,
        reference: str | None = None,
        subject: str | None = None,
        key: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[Operation]:
        named = {"caller": caller, "account": account, "reference": reference, "subject": subject, "key": key}
        named["state"] = state
        wanted = {name: value for name, value in named.items() if value is not None}
        return await self._pool.read(lambda connection: self._reads.search(connection, wanted, before, limit))

    async def events(self, after: int, limit: int) -> list[Event]:
        return await self._pool.read(lambda connection: self._reads.events(connection, after, limit))

    async def still_open(self) -> list[Open]:
        return await self._pool.read(self._reads.still_open)

    async def purge(self, now: datetime, limit: int = 1000) -> int:
        async def take(connection: Connection) -> int:
            return await purge(connection, now, limit)

        return await self._pool.change(take, take)

    async def _prepare(self, connection: Connection) -> None:
        """Bring the schema to this release's, and see that every sealed body can be opened."""
        if self._only_reads:
            await require_newest(connection, self._pool.place)
            return
        await migrate(connection, self._pool.place)
        await remember_keys(connection, self._sealing)


def _to_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
