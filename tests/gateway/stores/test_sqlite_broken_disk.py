"""A broken disk, and somebody else's lock: what is told, what goes on, and how it heals."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.stores import sqlite_file, sqlite_lane
from gateway.stores.sqlite import SqliteJournal
from policies.journal import Change, JournalUnavailable
from support.journals import ACCOUNT, PAST, fact, operation


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    """Return an open journal in a file, with one operation that is under way."""
    opened = SqliteJournal(tmp_path / "journal.db", ephemeral=True)
    await opened.open()
    await opened.claim(operation(1, due=PAST))
    yield opened
    await opened.close()


class Faults:
    """What a test lets go wrong: a statement that begins so fails with this code, before or after it was done."""

    def __init__(self) -> None:
        self.statement = ""
        self.code = sqlite3.SQLITE_IOERR
        self.afterwards = False

    def error(self) -> sqlite3.OperationalError:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = self.code
        return error


class FaultyConnection(sqlite3.Connection):
    """A connection on a disk that fails when told."""

    faults: Faults

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        faults = self.faults
        if not faults.statement or not sql.strip().startswith(faults.statement):
            return super().execute(sql, parameters)
        if faults.afterwards:
            super().execute(sql, parameters)
        raise faults.error()


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    """Give every connection opened from here on a disk that can fail, and trials to heal at every command."""
    found = Faults()
    monkeypatch.setattr(FaultyConnection, "faults", found, raising=False)
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=FaultyConnection))
    monkeypatch.setattr(sqlite_lane, "HEAL_SECONDS", 0.0)
    return found


def together(journal: SqliteJournal, *commands: Coroutine[Any, Any, Any]) -> list[asyncio.Task[Any]]:
    """Have the journal's thread wait until all of these are queued, so that one transaction takes them."""
    queued, writing = threading.Event(), journal._writing
    started = [asyncio.create_task(writing.run(lambda _: queued.wait(5))), *map(asyncio.create_task, commands)]

    def release() -> None:
        if writing._waiting < len(started):
            asyncio.get_running_loop().call_soon(release)
        else:
            queued.set()

    release()
    return started[1:]


@pytest.mark.parametrize("afterwards", [False, True])
async def test_a_commit_that_failed_is_in_doubt_and_reading_tells(
    faults: Faults, journal: SqliteJournal, afterwards: bool
) -> None:
    """Only the journal itself can say whether it happened, once it is healed; all that waited are told the same."""
    faults.statement, faults.afterwards = "COMMIT", afterwards
    claims = (journal.claim(operation(number)) for number in (2, 3))
    told = await asyncio.gather(*together(journal, *claims), return_exceptions=True)
    assert [(type(error), error.in_doubt) for error in told if isinstance(error, JournalUnavailable)] == [
        (JournalUnavailable, True)
    ] * 2
    faults.statement = ""
    await journal.append(operation(1).id, [fact()])
    there = [await journal.get(operation(number).id) is not None for number in (2, 3)]
    assert there == [afterwards, afterwards]
    assert await journal.claim(operation(2)) == operation(2)


async def test_a_failure_before_the_commit_is_no_doubt(faults: Faults, journal: SqliteJournal) -> None:
    """Nothing happened, for nobody in the same transaction."""
    faults.statement = "UPDATE operation"
    told = await asyncio.gather(
        *together(journal, journal.claim(operation(2)), journal.update(operation(1, version=1), Change())),
        return_exceptions=True,
    )
    assert [error.in_doubt for error in told if isinstance(error, JournalUnavailable)] == [False, False]
    faults.statement = ""
    assert await journal.claim(operation(2)) == operation(2)
    assert await journal.update(operation(1, version=1), Change())


async def test_a_journal_that_failed_stays_so_until_a_fresh_connection_is_whole(
    faults: Faults, journal: SqliteJournal
) -> None:
    """While the disk fails, writes are refused; reads go on through their own connection; leases stay as they were."""
    (taken,) = await journal.take_due("w", 3600, [ACCOUNT], 1)
    faults.statement = "BEGIN IMMEDIATE"
    for _ in range(3):
        with pytest.raises(JournalUnavailable, match="disk I/O error"):
            await journal.claim(operation(2))
    assert await journal.get(taken.id) == taken
    faults.statement = "PRAGMA quick_check"
    with pytest.raises(JournalUnavailable):
        await journal.claim(operation(2))
    faults.statement = ""
    assert await journal.claim(operation(2)) == operation(2)
    assert await journal.get(taken.id) == taken


async def test_no_fresh_connection_is_tried_before_its_time(
    faults: Faults, journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing disk is not hammered: the next trial is seconds away, whoever asks."""
    monkeypatch.setattr(sqlite_lane, "HEAL_SECONDS", 3600.0)
    faults.statement = "BEGIN IMMEDIATE"
    with pytest.raises(JournalUnavailable):
        await journal.claim(operation(2))
    faults.statement = ""
    with pytest.raises(JournalUnavailable, match="a fresh connection is tried every"):
        await journal.claim(operation(2))


async def test_a_read_that_failed_is_unavailable_and_heals(faults: Faults, journal: SqliteJournal) -> None:
    """Reads have their own connection, and their own trials."""
    faults.statement, faults.code = "SELECT", sqlite3.SQLITE_CORRUPT
    with pytest.raises(JournalUnavailable) as refused:
        await journal._reading.run(lambda connection: connection.execute("SELECT 1").fetchone())
    assert not refused.value.in_doubt
    faults.statement = ""
    assert await journal.get(operation(1).id) == operation(1, due=PAST)


async def test_a_lock_of_another_tool_is_waited_for_and_then_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing happened; reads go on; when the lock is gone, writes do."""
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.01)
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path, ephemeral=True)
    await journal.open()
    tool = sqlite3.connect(path, isolation_level=None)
    tool.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalUnavailable, match="locked") as refused:
        await journal.claim(operation(1))
    assert not refused.value.in_doubt
    assert await journal.get(operation(1).id) is None
    tool.execute("ROLLBACK")
    tool.close()
    assert await journal.claim(operation(1)) == operation(1)
    await journal.close()
