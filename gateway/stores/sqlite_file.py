"""A journal's database: a file that one process opens, with a connection that writes and one that reads; or memory."""

import errno
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import structlog

from gateway.stores import placement
from gateway.stores.lock_file import HeldError, LockFile
from gateway.stores.sqlite_schema import look_at_schema, migrate
from gateway.stores.sqlite_trouble import is_corrupt
from policies.journal import JournalRefused

BUSY_SECONDS = 5.0
"""How long to wait for a lock that somebody else's tool holds on the file."""
OLDEST = (3, 38, 0)
"""The SQLite that has all we use: STRICT tables, RETURNING, JSON."""
WAL_BYTES = 64 << 20
"""What the write-ahead log keeps of the disk when it is emptied."""

log = structlog.get_logger("ordergate.stores")


class Writing:
    """The connection that writes. It takes the lock, looks at the place and the file, and makes the schema.

    `prepare` runs once, in a transaction of its own, when all that is done.
    """

    def __init__(self, path: Path, prepare: Callable[[sqlite3.Connection], None], *, ephemeral: bool) -> None:
        self._path = path
        self._prepare = prepare
        self._ephemeral = ephemeral
        self._lock = LockFile(path.with_name(f"{path.name}.lock"))

    def first(self) -> sqlite3.Connection:
        """Open the file, making it where there is none. Raises JournalRefused."""
        _look_at_sqlite()
        self._look_at_place()
        self._take_lock()
        connection = self._open()
        try:
            in_one_transaction(connection, self._prepare)
        except BaseException:
            connection.close()
            raise
        return connection

    def again(self) -> sqlite3.Connection:
        """Open the file again after a failure, once it is seen to be whole."""
        return self._open()

    def closed(self) -> None:
        """Let others open the file."""
        self._lock.give_up()

    def _open(self) -> sqlite3.Connection:
        try:
            # SQLite would make it readable to all; the files beside it get its permissions.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=256)
        except OSError as error:
            raise JournalRefused(f"{self._path} cannot be written: {error.strerror}") from error
        try:
            _settings(connection)
            self._look_at_mode(connection)
            self._look_at_pages(connection)
            migrate(connection, str(self._path))
        except sqlite3.DatabaseError as error:
            connection.close()
            if is_corrupt(error):
                raise _corrupt(self._path, str(error)) from error
            raise
        except BaseException:
            connection.close()
            raise
        return connection

    def _look_at_place(self) -> None:
        if not sys.platform.startswith("linux"):
            log.warning("place of the journal not looked at", path=str(self._path), platform=sys.platform)
        objection = look_at_place(self._path, ephemeral=self._ephemeral)
        if objection is not None:
            log.warning("the journal may be forgotten", reason=objection)

    def _take_lock(self) -> None:
        try:
            self._lock.take()
        except HeldError as error:
            raise JournalRefused(
                f"{self._path} is in use by process {error.pid}, and only one may open it."
                " End that one, or use PostgreSQL."
            ) from None
        except OSError as error:
            raise JournalRefused(f"{self._path} cannot be locked: {os.strerror(error.errno or errno.EIO)}") from error

    def _look_at_mode(self, connection: sqlite3.Connection) -> None:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise JournalRefused(f"{self._path} cannot have a write-ahead log where it lies (mode {mode})")

    def _look_at_pages(self, connection: sqlite3.Connection) -> None:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise _corrupt(self._path, verdict)


class Reading:
    """The connection that reads while another writes. It cannot write, so it never takes part in a checkpoint."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def first(self) -> sqlite3.Connection:
        """Open the file that a writing connection has made. Raises JournalRefused where it is none of ours."""
        if not self._path.is_file():
            raise JournalRefused(f"{self._path} is no file: no gateway has opened a journal there yet")
        connection = self.again()
        try:
            look_at_schema(connection, str(self._path))
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.Error) and is_corrupt(error):
                raise _corrupt(self._path, str(error)) from error
            raise
        return connection

    def again(self) -> sqlite3.Connection:
        """Open the file again after a failure."""
        uri = f"file:{quote(str(self._path))}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA mmap_size = 0")
        return connection

    def closed(self) -> None:
        """Nothing belongs to it."""


class Memory:
    """A database in memory, for one connection that reads and writes: nothing is left when it closes."""

    def __init__(self, prepare: Callable[[sqlite3.Connection], None], *, most_bytes: int) -> None:
        self._prepare = prepare
        self._most_bytes = most_bytes

    def first(self) -> sqlite3.Connection:
        """Make the database."""
        _look_at_sqlite()
        connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=256)
        _settings(connection)
        connection.execute("PRAGMA synchronous = OFF")
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute(f"PRAGMA max_page_count = {self._most_bytes // page}")
        migrate(connection, "the journal in memory")
        in_one_transaction(connection, self._prepare)
        return connection

    def again(self) -> sqlite3.Connection:
        """Refuse: what failed is lost, and to go on without would repeat what was done."""
        raise JournalRefused("the journal in memory is lost: restart")

    def closed(self) -> None:
        """Nothing belongs to it."""


def look_at_place(path: Path, *, ephemeral: bool) -> str | None:
    """Return why a journal at `path` may be forgotten, where that is accepted, making nothing.

    Raises JournalRefused for a place where none can be written, or where none must be.
    """
    folder = path.parent
    if not folder.is_dir():
        raise JournalRefused(f"{folder} is not a folder: make it, and give {path} a place that stays")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise JournalRefused(f"{folder} cannot be written: the journal needs files beside {path.name} too")
    if path.exists() and not (path.is_file() and os.access(path, os.R_OK | os.W_OK)):
        raise JournalRefused(f"{path} cannot be written: it is no file, or there is no right to it")
    if not sys.platform.startswith("linux"):
        return None
    mountinfo = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    objection = placement.objection(PurePosixPath(folder.resolve()), mountinfo)
    if objection is not None and not ephemeral:
        raise JournalRefused(
            f"{objection}. Name a file on a volume that persists, or write `ephemeral: true` to accept that."
        )
    return objection


def in_one_transaction(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], None]) -> None:
    """Do something wholly or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        work(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _corrupt(path: Path, verdict: str) -> JournalRefused:
    told = " ".join(verdict.split())
    return JournalRefused(
        f"{path} is corrupt ({told}). Keep it, restore a backup in its place and start with --restored."
    )


def _settings(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA mmap_size = 0")
    connection.execute("PRAGMA trusted_schema = OFF")
    # What retention lets go is overwritten, not only unlinked.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA cache_size = -16384")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")


def _look_at_sqlite() -> None:
    if sqlite3.sqlite_version_info < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise JournalRefused(
            f"this Python has SQLite {sqlite3.sqlite_version}, and the journal needs {needed} or newer"
        )
