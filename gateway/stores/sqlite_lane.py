"""A thread that owns one connection to SQLite and runs commands on it, those that wait together in one transaction.

    loop:    put ──► queue ──► … the commit under way is what others wait for; no delay is added
    thread:            └─► BEGIN ─ command ─ command ─ … ─ COMMIT ──► results, all at once

A command that fails by itself is taken back alone. What fails for all is told to all: nothing happened, unless it was
the COMMIT itself. A connection that failed so is used no more: a fresh one is tried every few seconds.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import structlog

from gateway.stores.ballast import Ballast
from gateway.stores.sqlite_trouble import trouble_of
from policies.journal import JournalFull, JournalRefused, JournalUnavailable

BATCH = 64
"""The most commands in one transaction."""
WAITING = 10_000
"""The most commands that may wait; more are refused."""
HEAL_SECONDS = 2.0
"""How long after a failure, and after each trial, a fresh connection is tried."""

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
log = structlog.get_logger("ordergate.stores")


class Connections(Protocol):
    """Where a lane gets its connection from. All are called in the lane's thread."""

    def first(self) -> sqlite3.Connection:
        """Open what was never opened. Raises JournalRefused."""
        ...

    def again(self) -> sqlite3.Connection:
        """Open a fresh connection after the last one failed. Raises JournalRefused, OSError, sqlite3.Error."""
        ...

    def closed(self) -> None:
        """Give up what belongs to the connection, which is closed."""
        ...


@dataclass(frozen=True, slots=True)
class _Command:
    work: Work[Any]
    future: asyncio.Future[Any]
    new: bool


@dataclass(frozen=True, slots=True)
class _Outcome:
    command: _Command
    result: Any = None
    error: Exception | None = None


class Lane:
    """Runs commands in the order they came. With `writes`, each transaction takes the write lock first."""

    def __init__(self, name: str, connections: Connections, *, writes: bool, room: Ballast | None = None) -> None:
        self._name = name
        self._connections = connections
        self._writes = writes
        self._room = room
        self._queue: queue.SimpleQueue[_Command | None] = queue.SimpleQueue()
        self._waiting = 0
        self._connection: sqlite3.Connection | None = None
        self._committing = False
        self._reason = "the journal is closed"
        self._heal_at = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Start the thread and open its connection. Raises JournalRefused, JournalUnavailable."""
        self._loop = loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = loop.create_future()
        self._ended = loop.create_future()
        self._queue = queue.SimpleQueue()
        threading.Thread(target=self._live, args=(opened, self._ended), name=self._name, daemon=True).start()
        try:
            await asyncio.shield(opened)
        except BaseException:
            self._loop = None
            # A thread that could not open it has ended; one that still opens it ends next.
            self._queue.put(None)
            raise

    async def run(self, work: Work[T], *, new: bool = False) -> T:
        """Run a command and return its result once it is committed. Cancelling the wait does not cancel the command.

        `new`: it begins something, and refused where room is short. Raises JournalUnavailable, and what `work` raises.
        """
        if self._loop is None:
            raise JournalUnavailable("the journal is closed")
        if self._waiting >= WAITING:
            raise JournalUnavailable("too many changes wait for the journal")
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting += 1
        self._queue.put(_Command(work, future, new))
        return await future

    async def close(self) -> None:
        """Run what was taken, then close the connection."""
        if self._loop is not None:
            self._loop = None
            self._queue.put(None)
        if self._ended is not None:
            await asyncio.shield(self._ended)

    # ------------------------------------------------------------------------------------------ in the lane's thread

    def _live(self, opened: asyncio.Future[None], ended: asyncio.Future[None]) -> None:
        failure: Exception | None = None
        try:
            self._connection = self._connections.first()
            self._settle(opened, None)
            while self._turn():
                pass
        except (OSError, sqlite3.Error) as error:
            failure = JournalUnavailable(f"the journal cannot be opened: {error}")
        except Exception as error:  # noqa: BLE001 - it is told to who opens
            failure = error
        # Whoever is told that it is over may open it again at once.
        self._drop()
        self._connections.closed()
        self._settle(opened, failure)
        self._settle(ended, None)

    def _settle(self, future: asyncio.Future[None], error: Exception | None) -> None:
        def settle() -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self._in_loop(future.get_loop(), settle)

    def _turn(self) -> bool:
        """Run what waits; tell whether to go on."""
        first = self._queue.get()
        if first is None:
            return False
        batch, go_on = [first], True
        while len(batch) < BATCH and not self._queue.empty():
            command = self._queue.get()
            if command is None:
                go_on = False
                break
            batch.append(command)
        outcomes = self._outcomes(batch)
        self._in_loop(first.future.get_loop(), lambda: self._tell(outcomes))
        return go_on

    @staticmethod
    def _in_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(call)

    def _tell(self, outcomes: list[_Outcome]) -> None:
        self._waiting -= len(outcomes)
        for outcome in outcomes:
            future = outcome.command.future
            if future.done():
                continue
            if outcome.error is None:
                future.set_result(outcome.result)
            else:
                future.set_exception(outcome.error)

    def _outcomes(self, batch: list[_Command]) -> list[_Outcome]:
        told: list[_Outcome] = []
        self._committing = False
        try:
            if not self._heal():
                return _all_fail(batch, JournalUnavailable(self._reason))
            if self._room is not None and any(command.new for command in batch):
                shortage = self._room.shortage()
                if shortage is not None:
                    told = _all_fail([command for command in batch if command.new], JournalFull(shortage))
                    batch = [command for command in batch if not command.new]
            return told + self._transact(batch)
        except Exception as error:
            log.exception("journal failed", lane=self._name)
            self._fail(repr(error))
            return told + _all_fail(batch, JournalUnavailable(repr(error), in_doubt=self._committing))

    def _transact(self, batch: list[_Command]) -> list[_Outcome]:
        """Run commands in one transaction; where the disk is full, what is under way comes first."""
        if not batch:
            return []
        try:
            return self._transaction(batch)
        except sqlite3.Error as error:
            trouble = trouble_of(error)
            self._roll_back()
            if trouble == "full":
                return self._when_full(batch, str(error))
            if trouble == "broken":
                self._fail(str(error))
            in_doubt = trouble == "broken" and self._committing and self._writes
            return _all_fail(batch, JournalUnavailable(f"the journal failed: {error}", in_doubt=in_doubt))

    def _when_full(self, batch: list[_Command], reason: str) -> list[_Outcome]:
        released = self._room is not None and self._room.release()
        refused = _all_fail([command for command in batch if command.new], JournalFull(reason))
        rest = [command for command in batch if not command.new]
        if not rest:
            return refused
        if released or refused:
            try:
                return refused + self._transaction(rest)
            except sqlite3.Error as error:
                if trouble_of(error) != "full":
                    raise
                self._roll_back()
        return refused + _all_fail(rest, JournalUnavailable(reason))

    def _transaction(self, batch: list[_Command]) -> list[_Outcome]:
        """Run commands in one transaction; only where one failed, all once more with a savepoint for each."""
        assert self._connection is not None  # noqa: S101 - `_heal` came before
        connection = self._connection
        self._committing = False
        connection.execute("BEGIN IMMEDIATE" if self._writes else "BEGIN")
        outcomes = [_outcome(connection, command) for command in batch]
        if self._writes and any(outcome.error is not None for outcome in outcomes):
            connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
            outcomes = [_outcome_alone(connection, command) for command in batch]
        self._committing = True
        connection.execute("COMMIT")
        self._committing = False
        return outcomes

    def _roll_back(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _fail(self, reason: str) -> None:
        """Use the connection no more."""
        log.error("journal unavailable", lane=self._name, reason=reason, next_trial_seconds=HEAL_SECONDS)
        self._reason = f"the journal failed ({reason}); a fresh connection is tried every {HEAL_SECONDS:g} s"
        self._heal_at = time.monotonic() + HEAL_SECONDS
        self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error as error:
                log.warning("journal not closed cleanly", lane=self._name, reason=str(error))

    def _heal(self) -> bool:
        """Tell whether there is a connection, after trying for a fresh one where it is time."""
        if self._connection is None and time.monotonic() >= self._heal_at:
            try:
                self._connection = self._connections.again()
            except (OSError, sqlite3.Error, JournalRefused) as error:
                self._fail(str(error))
            else:
                log.info("journal available again", lane=self._name)
        return self._connection is not None


def _outcome(connection: sqlite3.Connection, command: _Command) -> _Outcome:
    """Run one command. Raises sqlite3.Error where that is everybody's trouble."""
    try:
        return _Outcome(command, command.work(connection))
    except Exception as error:
        if isinstance(error, sqlite3.Error) and (trouble_of(error) != "own" or not connection.in_transaction):
            raise
        return _Outcome(command, error=error)


def _outcome_alone(connection: sqlite3.Connection, command: _Command) -> _Outcome:
    """Run one command so that nothing of it is left when it fails."""
    connection.execute("SAVEPOINT command")
    outcome = _outcome(connection, command)
    if outcome.error is not None:
        connection.execute("ROLLBACK TO command")
    connection.execute("RELEASE command")
    return outcome


def _all_fail(commands: list[_Command], error: JournalUnavailable) -> list[_Outcome]:
    return [_Outcome(command, error=type(error)(str(error), in_doubt=error.in_doubt)) for command in commands]
