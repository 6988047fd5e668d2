"""The thread that owns a connection: what is taken is done, whoever waits for it, and one failure is one's own."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from gateway.stores import sqlite_lane
from gateway.stores.sqlite_lane import Lane
from policies.journal import Change, JournalUnavailable
from support.journals import Store, fact, operation


class Counting:
    """A database in memory that counts transactions."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.is_closed = False

    def first(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.execute("CREATE TABLE number (value INTEGER UNIQUE)")
        connection.set_trace_callback(self.statements.append)
        return connection

    def again(self) -> sqlite3.Connection:
        raise OSError("gone")

    def closed(self) -> None:
        self.is_closed = True


@pytest.fixture
def counting() -> Counting:
    """Return what the lane's connection comes from."""
    return Counting()


@pytest.fixture
async def lane(counting: Counting) -> AsyncIterator[Lane]:
    """Return an open lane."""
    opened = Lane("test", counting, writes=True)
    await opened.open()
    yield opened
    await opened.close()


def _insert(value: int) -> Callable[[sqlite3.Connection], int]:
    def insert(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO number VALUES (?)", (value,))
        return value

    return insert


def _all(connection: sqlite3.Connection) -> list[int]:
    return [value for (value,) in connection.execute("SELECT value FROM number ORDER BY rowid").fetchall()]


async def test_commands_that_wait_together_share_a_transaction(lane: Lane, counting: Counting) -> None:
    """In the order they came, at most 64 at a time."""
    assert await asyncio.gather(*(lane.run(_insert(value)) for value in range(500))) == list(range(500))
    assert await lane.run(_all) == list(range(500))
    commits = counting.statements.count("COMMIT")
    assert 500 / 64 <= commits < 250


async def test_a_command_that_fails_takes_back_only_its_own(lane: Lane) -> None:
    """Its neighbours in the transaction are stored, and who asked is told the error."""

    def half(connection: sqlite3.Connection) -> None:
        _insert(7)(connection)
        raise ZeroDivisionError

    told = await asyncio.gather(
        lane.run(_insert(1)), lane.run(half), lane.run(_insert(1)), lane.run(_insert(2)), return_exceptions=True
    )
    assert [type(each) for each in told] == [int, ZeroDivisionError, sqlite3.IntegrityError, int]
    assert await lane.run(_all) == [1, 2]


async def test_a_wait_that_is_cancelled_undoes_nothing(lane: Lane) -> None:
    """The command was taken: it is done, and its neighbours are told as ever."""
    waiting = [asyncio.create_task(lane.run(_insert(value))) for value in range(6)]
    await asyncio.sleep(0)
    for task in waiting[::2]:
        task.cancel()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(each, asyncio.CancelledError) for each in told] == [True, False] * 3
    assert await lane.run(_all) == [0, 1, 2, 3, 4, 5]


async def test_closing_does_what_was_taken_and_takes_no_more(lane: Lane, counting: Counting) -> None:
    """Everyone who waits is answered before the connection is closed."""
    waiting = [asyncio.create_task(lane.run(_insert(value))) for value in range(300)]
    await asyncio.sleep(0)
    await lane.close()
    assert counting.is_closed
    assert await asyncio.gather(*waiting) == list(range(300))
    with pytest.raises(JournalUnavailable, match="closed"):
        await lane.run(_all)


async def test_no_more_wait_than_the_bound(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it a command is refused at once, and it is taken again when there is room."""
    monkeypatch.setattr(sqlite_lane, "WAITING", 10)
    told = await asyncio.gather(*(lane.run(_insert(value)) for value in range(15)), return_exceptions=True)
    assert [type(each) for each in told] == [int] * 10 + [JournalUnavailable] * 5
    assert await lane.run(_insert(99)) == 99


async def test_whatever_goes_wrong_in_the_thread_everybody_is_told(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of our own too: nobody waits for ever."""

    def broken(*_: object) -> None:
        raise AssertionError("a mistake")

    monkeypatch.setattr(sqlite_lane, "_outcome", broken)
    told = await asyncio.gather(lane.run(_all), lane.run(_all), return_exceptions=True)
    assert [type(each) for each in told] == [JournalUnavailable] * 2


async def test_a_journal_closed_in_the_middle_keeps_what_was_accepted(store: Store) -> None:
    """Claims and updates that were taken before the close are there afterwards."""
    if not store.durable:
        return
    journal = await store.open()
    claims = [asyncio.create_task(journal.claim(operation(number))) for number in range(1, 101)]
    await asyncio.sleep(0)
    await journal.close()
    claimed = await asyncio.gather(*claims)
    journal = await store.open()
    assert len(await journal.search(None, limit=200)) == 100
    assert await journal.update(replace(claimed[0], version=1), Change((fact(),)))
    await journal.close()
