"""Reading a journal beside the process that has it open, or after that process died."""

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.stores.opening import open_journal
from policies.journal import Change, Journal, JournalRefused, JournalUnavailable
from support.journals import fact, operation, step


async def _reader(path: Path) -> Journal:
    return await open_journal(f"sqlite:{path}", ephemeral=True, only_reads=True)


async def test_a_reader_sees_what_the_gateway_stores_meanwhile(tmp_path: Path) -> None:
    """Without taking its lock, and without being in its way."""
    gateway = await open_journal("sqlite:journal.db", ephemeral=True, folder=tmp_path)
    reader = await _reader(tmp_path / "journal.db")
    claimed = await gateway.claim(operation())
    assert await reader.get(claimed.id) == claimed
    assert await gateway.update(replace(claimed, state="sending", version=1), Change((fact(),), (step(),)))
    assert await reader.steps(claimed.id) == [step()]
    await reader.close()
    assert (await gateway.claim(operation(2))).id == operation(2).id
    await gateway.close()


async def test_a_reader_sees_what_a_dead_gateway_left(tmp_path: Path) -> None:
    """Everything that was acknowledged, also what no checkpoint brought into the file; and it leaves it all there."""
    gateway = await open_journal("sqlite:journal.db", ephemeral=True, folder=tmp_path)
    claimed = await gateway.claim(operation())
    left = _copy(tmp_path / "journal.db", tmp_path / "left.db")
    await gateway.close()
    for _ in range(2):
        reader = await _reader(tmp_path / "left.db")
        assert await reader.get(claimed.id) == claimed
        await reader.close()
    assert _contents(tmp_path / "left.db") == left


def _copy(path: Path, copy: Path) -> list[bytes]:
    """Copy a file and its log as a killed process would leave them, and return what they hold."""
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
    return _contents(copy)


def _contents(path: Path) -> list[bytes]:
    return [Path(f"{path}{suffix}").read_bytes() for suffix in ("", "-wal")]


async def test_a_reader_changes_nothing(tmp_path: Path) -> None:
    """What would change something is refused, and reading goes on."""
    await (await open_journal("sqlite:journal.db", ephemeral=True, folder=tmp_path)).close()
    reader = await _reader(tmp_path / "journal.db")
    with pytest.raises(JournalUnavailable):
        await reader.claim(operation())
    await reader.close()
    reader = await _reader(tmp_path / "journal.db")
    assert await reader.search(None) == []
    await reader.close()


async def test_a_reader_says_why_there_is_nothing_to_read(tmp_path: Path) -> None:
    """No file, another's database, another schema, no database."""
    path = tmp_path / "journal.db"
    with pytest.raises(JournalRefused, match=r"journal\.db is no file"):
        await _reader(path)
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE theirs (x)")
    database.commit()
    with pytest.raises(JournalRefused, match=r"journal\.db is no journal"):
        await _reader(path)
    database.execute("DROP TABLE theirs")
    database.commit()
    await (await open_journal(f"sqlite:{path}", ephemeral=True)).close()
    database.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalRefused, match="it has 99"):
        await _reader(path)
    database.close()
    _spoil(path)
    with pytest.raises(JournalRefused, match=r"journal\.db is corrupt"):
        await _reader(path)


def _spoil(path: Path) -> None:
    path.write_bytes(b"no database at all" * 500)
