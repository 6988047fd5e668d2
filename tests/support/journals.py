"""Operations for the tests of journals, and the stores that the one suite runs against."""

import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from gateway.stores.sealing import Sealing
from gateway.stores.sqlite import SqliteJournal
from policies.journal import Evidence, Journal, Operation, Step, StoredAnswer
from support.postgres_store import PostgresStore

CREATED = datetime(2026, 11, 20, 10, 0, 0, 123456, UTC)
PAST = datetime(2020, 1, 1, tzinfo=UTC)
FUTURE = datetime(2099, 1, 1, tzinfo=UTC)
ACCOUNT = "acme"


def operation_id(number: int) -> str:
    """Return an id; ids of larger numbers are later."""
    return f"01900000-0000-7000-8000-{number:012x}"


def operation(number: int = 1, **values: Any) -> Operation:
    """Return an operation as it is claimed, with a key of its own unless `values` say otherwise."""
    given: dict[str, Any] = {
        "id": operation_id(number),
        "caller": "shop",
        "key": f"key-{number}",
        "fingerprint": "f" * 64,
        "kind": "order",
        "account": ACCOUNT,
        "created_at": CREATED,
        "updated_at": CREATED,
        "content": b'{"lines": []}',
        "evidence": (fact("claimed", "accepted"),),
    }
    return Operation(**given | values)


def fact(kind: str = "answer", verdict: str = "unclear", **values: Any) -> Evidence:
    """Return a fact."""
    return Evidence(CREATED, kind, verdict, **values)


def step(index: int = 0, part: int = 0, **values: Any) -> Step:
    """Return a step whose request is frozen."""
    given: dict[str, Any] = {"name": "place", "effect": "commit", "digest": "d" * 64, "request": b"POST /orders"}
    return Step(index, part, **given | values)


def answer(body: bytes = b'{"id": "1"}', status: int = 201) -> StoredAnswer:
    """Return an answer for the caller."""
    return StoredAnswer(status, {"Location": "/v1/orders/1", "Content-Type": "application/json"}, body)


class Store(Protocol):
    """A place for a journal, empty at first, that can be opened again and again."""

    durable: bool
    """Whether what was committed is there when it is opened again."""
    leases_end: bool
    """Whether opening ends the leases of those who had it open before."""

    async def open(self, keys: Sequence[bytes] = ()) -> Journal:
        """Open a journal here; the one before was closed."""
        ...

    async def crash(self, journal: Journal) -> Journal:
        """End a journal as a killed process would, and open it again."""
        ...

    async def stored_bytes(self) -> bytes:
        """Return every byte that is kept, once the journal is closed."""
        ...

    async def remove(self) -> None:
        """Leave nothing behind."""
        ...


class MemoryStore:
    """A journal in memory: gone when it is closed."""

    durable = False
    leases_end = True

    async def open(self, keys: Sequence[bytes] = ()) -> Journal:
        journal = SqliteJournal(None, ephemeral=True, sealing=Sealing(keys))
        await journal.open()
        return journal

    async def crash(self, journal: Journal) -> Journal:
        return journal

    async def stored_bytes(self) -> bytes:
        return b""

    async def remove(self) -> None:
        return


class SqliteStore:
    """A journal in a file below a folder of the test's own."""

    durable = True
    leases_end = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._crashes = 0

    @property
    def path(self) -> Path:
        """Return where the journal lies now."""
        return self._folder / f"{self._crashes}.db"

    async def open(self, keys: Sequence[bytes] = ()) -> Journal:
        journal = SqliteJournal(self.path, ephemeral=True, sealing=Sealing(keys))
        await journal.open()
        return journal

    async def crash(self, journal: Journal) -> Journal:
        """Go on with a copy of the files as they are: what a process that is killed now would leave."""
        left = self.path
        self._crashes += 1
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{left}{suffix}", f"{self.path}{suffix}")
        await journal.close()
        return await self.open()

    async def stored_bytes(self) -> bytes:
        return b"".join(file.read_bytes() for file in self._folder.iterdir() if file.suffix != ".ballast")

    async def remove(self) -> None:
        return


STORES = ("memory", "sqlite", "postgres")
"""What the suite runs against, by name."""


def store_of(name: str, folder: Path) -> Store:
    """Return an empty store. Skips the test where there is no PostgreSQL, or fails it where that is required."""
    stores: dict[str, Callable[[], Store]] = {
        "memory": MemoryStore,
        "sqlite": lambda: SqliteStore(folder),
        "postgres": PostgresStore,
    }
    return stores[name]()
