"""Which files and places are refused, and what the refusal says."""

import asyncio
import os
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from gateway.stores import sqlite_file
from gateway.stores.sqlite import SqliteJournal
from policies.journal import Journal, JournalRefused, JournalUnavailable
from support.journals import operation


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a journal may be made."""
    return tmp_path / "journal.db"


async def _opened(path: Path, *, ephemeral: bool = True) -> Journal:
    journal = SqliteJournal(path, ephemeral=ephemeral)
    await journal.open()
    return journal


async def _make(path: Path, count: int = 3) -> None:
    journal = await _opened(path)
    for number in range(count):
        await journal.claim(operation(number))
    await journal.close()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _read(path: Path) -> bytes:
    return path.read_bytes()


async def test_a_journal_is_opened_again_with_what_it_holds(path: Path) -> None:
    """After a clean close one file holds everything."""
    await _make(path)
    assert not path.with_name("journal.db-wal").exists()
    journal = await _opened(path)
    assert len(await journal.search(None)) == 3
    await journal.close()


async def test_it_is_readable_by_its_owner_alone(path: Path) -> None:
    """Orders hold names and addresses: the file and those beside it are private."""
    journal = await _opened(path)
    await journal.claim(operation())
    files = [file for file in path.parent.iterdir() if file.name.startswith("journal.db")]
    assert {"journal.db", "journal.db-wal", "journal.db.lock", "journal.db.ballast"} <= {file.name for file in files}
    assert [file.name for file in files if stat.S_IMODE(file.stat().st_mode) & 0o077] == []
    await journal.close()


async def test_a_second_process_is_refused_and_told_who_was_first(path: Path) -> None:
    """The refusal names file and process; the first goes on, and the file is free when it closes."""
    first = await _opened(path)
    with pytest.raises(JournalRefused, match=rf"journal\.db is in use by process {os.getpid()},"):
        await _opened(path)
    await first.claim(operation())
    await first.close()
    await (await _opened(path)).close()


async def test_the_lock_of_a_dead_process_is_no_obstacle(path: Path) -> None:
    """What it wrote into the lock file means nothing once it is gone."""
    path.with_name("journal.db.lock").write_text("4194304\n")
    await (await _opened(path)).close()


async def test_a_newer_schema_is_refused_with_the_way_out(path: Path) -> None:
    """The refusal names the file, both schemas, and what to do."""
    await _make(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalRefused, match=r"journal\.db has schema 99, .*restore a backup .*--restored"):
        await _opened(path)


async def test_another_s_database_is_refused(path: Path) -> None:
    """A database with tables that we did not make is left as it is."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(JournalRefused, match="something else"):
        await _opened(path)


@pytest.mark.parametrize(
    "content", [b"this is a text file, and long enough to be no empty database" * 40, b"\x00" * 5000]
)
async def test_a_file_that_is_no_database_is_refused_with_the_way_out(path: Path, content: bytes) -> None:
    """It is named, and left as it is."""
    _write(path, content)
    with pytest.raises(JournalRefused, match=r"journal\.db is corrupt .*restore a backup .*--restored"):
        await _opened(path)
    assert _read(path) == content


async def test_a_corrupt_file_is_refused_with_the_way_out(path: Path) -> None:
    """Pages overwritten in the middle are found at the start, not at the first unlucky read."""
    await _make(path, 50)
    content = bytearray(_read(path))
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096 * 3] = os.urandom(4096 * 3)
    _write(path, bytes(content))
    with pytest.raises(JournalRefused, match=r"journal\.db is corrupt .*restore a backup .*--restored"):
        await _opened(path)


async def test_an_empty_file_is_a_new_journal(path: Path) -> None:
    """Somebody may have made it with the right owner."""
    _write(path, b"")
    await (await _opened(path)).close()


async def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    """It is not made, the second time either: a mistyped mount point would hide a place that forgets."""
    for _ in range(2):
        with pytest.raises(JournalRefused, match="nowhere is not a folder"):
            await _opened(tmp_path / "nowhere" / "journal.db")


@pytest.mark.skipif(sys.platform == "win32", reason="permissions differ")
async def test_a_folder_that_cannot_be_written_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal needs more than its own file."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(JournalRefused, match="cannot be written"):
        await _opened(path)


async def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    """Named as what cannot be written."""
    with pytest.raises(JournalRefused, match=r"cannot be written"):
        await _opened(tmp_path)


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a memory file system")
async def test_a_place_that_forgets_is_refused_unless_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The real list of mounts says what a shared memory folder is."""
    path = Path("/dev/shm") / f"ordergate-test-{os.getpid()}.db"
    try:
        with pytest.raises(JournalRefused, match=r"lies on tmpfs .*`ephemeral: true`"):
            await _opened(path, ephemeral=False)
        assert not path.exists()
        await (await _opened(path)).close()
    finally:
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()


async def test_what_is_not_open_is_unavailable(path: Path) -> None:
    """Before it is opened, after it is closed, and after it was refused; closing twice is no mistake."""
    journal = SqliteJournal(path, ephemeral=True)
    with pytest.raises(JournalUnavailable):
        await journal.get("x")
    await journal.open()
    await journal.close()
    await journal.close()
    with pytest.raises(JournalUnavailable):
        await journal.claim(operation())
    await journal.open()
    await journal.claim(operation())
    await journal.close()


async def test_an_old_sqlite_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal names both versions."""
    monkeypatch.setattr(sqlite_file, "OLDEST", (99, 0, 0))
    with pytest.raises(JournalRefused, match=r"needs 99\.0\.0"):
        await _opened(path)


async def test_a_cancelled_opening_leaves_the_file_free(path: Path) -> None:
    """Whoever gave up waiting for it holds no lock."""
    opening = asyncio.create_task(_opened(path))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    for _ in range(1000):
        try:
            journal = await _opened(path)
        except JournalRefused:
            await asyncio.sleep(0.005)
        else:
            await journal.close()
            return
    pytest.fail("the lock is still held")
