"""A few connections to a PostgreSQL, and what is certain when one breaks.

    read     one command on one connection, every wait bounded; once more when the connection broke
    change   likewise, and when it broke, a second form of the command that says what became of the first

A database that is gone is told within seconds and tried again by every next call: it heals by itself.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncpg

from gateway.stores.postgres_connection import Connection
from gateway.stores.postgres_trouble import reason_of, trouble_of
from policies.journal import JournalFull, JournalRefused, JournalUnavailable

MOST = 4
"""Connections of one instance: commits of all of them together share the disk's syncs."""
CONNECT_SECONDS = 2.0
WAIT_SECONDS = 3.0
"""How long a command waits for a connection, connecting included."""
PATIENT_SECONDS = 15.0
"""How long one does that must not fail because others are many: what a provider answered is not to be lost."""
STATEMENT_SECONDS = 5.0
"""How long the database works on a statement, waits for others' locks included."""
ANSWER_SECONDS = 7.0
"""How long a command takes, answer included; what is slower is cut off."""
SETTLE_SECONDS = 2.0
"""How long it is tried to find out what became of a command that was cut off."""
PAUSE_SECONDS = 0.05
CLOSE_SECONDS = 5.0
RELEASE_SECONDS = 1.0
PREPARE_SECONDS = 120.0
"""How long preparing a database may take, waiting for another instance that does it included."""
FORM = "postgresql://user@host/database"

T = TypeVar("T")
Work = Callable[[Connection], Awaitable[T]]

# Isolation: the statements here are written for it, whatever the role's default is.
_SESSION = """
SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $1, false),
  set_config('idle_in_transaction_session_timeout', $1, false),
  set_config('default_transaction_isolation', 'read committed', false),
  set_config('application_name', coalesce(nullif(current_setting('application_name'), ''), 'ordergate'), false),
  current_database() AS database, current_setting('fsync') AS fsync,
  current_setting('synchronous_commit') AS synchronous_commit,
  pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS read_only
"""
_NUMBERED = "SELECT to_regclass('gw.numbering') IS NOT NULL"
# Where transactions are counted anew, after a dump was restored: events go on after the last one.
_RENUMBER = """
UPDATE gw.numbering SET base = (SELECT max(sequence) FROM gw.event) + 1
WHERE base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint <= (SELECT max(sequence) FROM gw.event)
"""


class Lost(Exception):
    """A connection broke, or its answer is overdue: what the command did is not known."""


class Pool:
    """Connections to the database that a URL names."""

    def __init__(self, url: str, *, most: int = MOST, only_reads: bool = False) -> None:
        self._url = url
        self._only_reads = only_reads
        self._most = most
        self._pool: Any = None
        self._prepared = False
        self._under_way = 0
        self._idle = asyncio.Event()
        # Until it says its name: a URL may hold a password, and one with a mistake may hold it anywhere.
        self.place = "PostgreSQL"

    async def open(self, prepare: Work[None]) -> None:
        """Connect and prepare the database. Raises JournalRefused, JournalUnavailable."""
        self._prepared = False
        self._pool = asyncpg.create_pool(
            self._url, min_size=0, max_size=self._most, timeout=CONNECT_SECONDS, init=self._begin, reset=_keep
        )
        try:
            await self._pool
            await self._run(self._pool, prepare, seconds=PREPARE_SECONDS)
            self._prepared = True
        except Lost as error:
            raise JournalUnavailable(str(error)) from error
        finally:
            if not self._prepared:
                await self.close()

    async def close(self) -> None:
        """Take no more commands, let those that were taken end within seconds, and end the connections."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._under_way:
                    self._idle.clear()
                    await self._idle.wait()
                await pool.close()
        except TimeoutError:
            pool.terminate()

    async def read(self, work: Work[T]) -> T:
        """Return what a command reads."""
        async with self._command() as pool:
            try:
                return await self._run(pool, work)
            except Lost:
                try:
                    return await self._run(pool, work)
                except Lost as error:
                    raise JournalUnavailable(str(error)) from error

    async def change(self, work: Work[T], again: Work[T], *, patient: bool = False) -> T:
        """Return what a command changes; `again` finds out, on another connection, what one that was cut off did.

        `patient`: it waits longer for a connection when all are busy.
        """
        async with self._command() as pool:
            try:
                return await self._run(pool, work, wait=PATIENT_SECONDS if patient else None)
            except Lost as error:
                return await self._settle(pool, again, error)

    @asynccontextmanager
    async def _command(self) -> AsyncIterator[Any]:
        """Take a command, unless closed: `close` waits for its end."""
        if self._pool is None:
            raise JournalUnavailable("the journal is closed")
        self._under_way += 1
        try:
            yield self._pool
        finally:
            self._under_way -= 1
            self._idle.set()

    async def _run(self, pool: Any, work: Work[T], *, wait: float | None = None, seconds: float | None = None) -> T:
        """Run a command on a connection. Raises Lost when what it did is not known, JournalUnavailable, JournalFull."""
        connection = await self._acquire(pool, WAIT_SECONDS if wait is None else wait)
        try:
            async with asyncio.timeout(ANSWER_SECONDS if seconds is None else seconds):
                return await work(connection)
        except (JournalUnavailable, JournalRefused):
            raise
        except Exception as error:
            trouble = trouble_of(error)
            if trouble == "own":
                raise
            if trouble in {"lost", "stale"}:
                _cut(connection)
            reason = f"{self.place}: {reason_of(error)}"
            if trouble == "lost":
                raise Lost(reason) from error
            raise (JournalFull if trouble == "full" else JournalUnavailable)(reason) from error
        finally:
            await _release(pool, connection)

    async def _settle(self, pool: Any, again: Work[T], lost: Lost) -> T:
        until = time.monotonic() + SETTLE_SECONDS
        pause = PAUSE_SECONDS
        while True:
            try:
                return await self._run(pool, again)
            except (Lost, JournalUnavailable) as error:
                if time.monotonic() + pause > until:
                    raise JournalUnavailable(f"{lost}; it is not known what was stored", in_doubt=True) from error
            await asyncio.sleep(pause)
            pause *= 2

    async def _acquire(self, pool: Any, seconds: float) -> Any:
        """Return a connection that is ready. Raises JournalRefused while it is not open yet."""
        try:
            async with asyncio.timeout(seconds):
                return await pool.acquire()
        except TimeoutError as error:
            raise JournalUnavailable(f"{self.place}: no connection within {seconds:g} seconds") from error
        except JournalRefused as error:
            if self._prepared:
                raise JournalUnavailable(str(error)) from error
            raise
        except (ValueError, LookupError):  # the address, or the name of the user, cannot be made out
            raise JournalRefused(f"the address is not one of PostgreSQL; write {FORM}") from None
        except Exception as error:
            if trouble_of(error) == "own":
                raise
            raise JournalUnavailable(f"{self.place}: {reason_of(error)}") from error

    async def _begin(self, connection: Connection) -> None:
        """Prepare a new connection. Raises JournalRefused for a server that forgets what it acknowledged."""
        session = await connection.fetchrow(_SESSION, f"{STATEMENT_SECONDS * 1000:.0f}ms")
        self.place = f"the PostgreSQL database {session['database']}"
        if self._only_reads:
            await connection.execute("SET default_transaction_read_only = on")
            return
        require_memory(session, self.place)
        if await connection.fetchval(_NUMBERED):
            await connection.execute(_RENUMBER)


def require_memory(session: Mapping[str, Any], place: str) -> None:
    """Raise JournalRefused for a server that forgets, by what its settings are; JournalUnavailable for a standby."""
    for setting in ("fsync", "synchronous_commit"):
        if session[setting] == "off":
            raise JournalRefused(
                f"{place} has {setting} = off: it may forget what it acknowledged, and an order would be placed again."
                f" Set {setting} = on, for the role or for the server."
            )
    if session["read_only"]:
        raise JournalUnavailable(f"{place} takes no changes: it is a standby, or read-only")


async def _keep(connection: object) -> None:
    """Leave a session as it is for its next user: no command changes it."""


async def _release(pool: Any, connection: Any) -> None:
    """Give a connection back, waiting a moment for a statement that is being cancelled."""
    try:
        await pool.release(connection, timeout=RELEASE_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        _cut(connection)


def _cut(connection: Any) -> None:
    """End a connection, unless it ended by itself."""
    with suppress(asyncpg.InterfaceError):
        connection.terminate()
