"""A full disk: what is refused, what goes on, and how it heals."""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.stores.sqlite import SqliteJournal
from policies.journal import Change, JournalFull, JournalUnavailable
from support.journals import ACCOUNT, PAST, fact, operation, step


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    """Return an open journal in a file, with one operation that is under way."""
    opened = SqliteJournal(tmp_path / "journal.db", ephemeral=True)
    await opened.open()
    await opened.claim(operation(1, due=PAST))
    yield opened
    await opened.close()


async def _limit(journal: SqliteJournal, pages: int) -> None:
    """Let the database grow by no more than some pages, as if its disk were full."""

    def limit(connection: sqlite3.Connection) -> None:
        (now,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {now + pages}")

    await journal._writing.run(limit)


async def test_on_a_full_disk_a_claim_did_not_happen_and_reads_go_on(journal: SqliteJournal) -> None:
    """The caller is told so, without doubt; what is there is still read."""
    await _limit(journal, 0)
    with pytest.raises(JournalFull) as refused:
        await journal.claim(operation(2, content=bytes(200_000)))
    assert not refused.value.in_doubt
    assert await journal.get(operation(2).id) is None
    assert await journal.find("shop", "key-1") is not None


async def test_what_is_under_way_goes_first_on_a_full_disk(journal: SqliteJournal) -> None:
    """Of a claim and an update that came together, the update is stored."""
    await _limit(journal, 1)
    large = operation(2, content=bytes(200_000))
    claimed, updated = await asyncio.gather(
        journal.claim(large),
        journal.update(operation(1, version=1, state="sending"), Change((fact(),))),
        return_exceptions=True,
    )
    assert isinstance(claimed, JournalFull)
    assert updated is True


async def test_an_update_that_has_no_room_did_not_happen(journal: SqliteJournal) -> None:
    """Neither its state nor a part of it is there."""
    await _limit(journal, 0)
    change = Change((fact(),), (step(request=bytes(200_000)),))
    with pytest.raises(JournalUnavailable) as refused:
        await journal.update(operation(1, version=1, state="sending"), change)
    assert not refused.value.in_doubt
    found = await journal.get(operation(1).id)
    assert found is not None
    assert (found.version, found.state, len(found.evidence)) == (0, "accepted", 1)
    assert await journal.steps(found.id) == []


async def test_a_full_disk_heals_when_there_is_room(journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a restart, and all at once."""
    await _limit(journal, 0)
    large = operation(2, content=bytes(200_000))
    with pytest.raises(JournalFull):
        await journal.claim(large)
    await _limit(journal, 1000)
    ballast: Any = journal._writing._room
    monkeypatch.setattr(ballast, "_looked_at", -1000.0)
    assert await journal.claim(large) == large


async def test_below_the_floor_claims_are_refused_and_all_else_goes_on(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Live operations are updated, taken, and given facts; the claim is told that nothing happened."""
    ballast: Any = journal._writing._room
    monkeypatch.setattr(ballast, "_floor", 1 << 60)
    monkeypatch.setattr(ballast, "_looked_at", -1000.0)
    with pytest.raises(JournalFull, match="MiB are free"):
        await journal.claim(operation(2))
    (taken,) = await journal.take_due("w", 60, [ACCOUNT], 1)
    assert await journal.update(replace(taken, version=2, state="sending"), Change())
    await journal.append(taken.id, [fact()])
    monkeypatch.undo()
    monkeypatch.setattr(ballast, "_looked_at", -1000.0)
    assert await journal.claim(operation(2)) == operation(2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 72 MiB, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=72m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False, timeout=10).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True, timeout=10)


def _fill(path: Path, leave: int) -> None:
    """Take all the free space but some."""
    free = os.statvfs(path.parent).f_bavail * os.statvfs(path.parent).f_frsize
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - leave)


async def test_a_disk_that_really_fills_up(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims are refused first; what is under way is finished with the ballast's room; then it heals."""
    journal = SqliteJournal(small_disk / "journal.db", ephemeral=True)
    await journal.open()
    ballast: Any = journal._writing._room
    first = await journal.claim(operation(1))
    assert (small_disk / "journal.db.ballast").exists()
    filler = small_disk / "filler"
    _fill(filler, 0)
    monkeypatch.setattr(ballast, "_looked_at", -1000.0)
    with pytest.raises(JournalFull):
        await journal.claim(operation(2))

    async def update(version: int) -> None:
        large = Change((fact(),), (step(version, answer=bytes(3_000_000)),))
        assert await journal.update(replace(first, version=version, state="sending"), large)

    await update(1)
    assert not (small_disk / "journal.db.ballast").exists()
    told = await asyncio.gather(*(update(version) for version in range(2, 20)), return_exceptions=True)
    refused = [error for error in told if isinstance(error, JournalUnavailable)]
    assert refused
    assert not any(error.in_doubt for error in refused)
    assert await journal.get(first.id) is not None
    filler.unlink()
    monkeypatch.setattr(ballast, "_looked_at", -1000.0)
    assert await journal.claim(operation(2)) == operation(2)
    assert (small_disk / "journal.db.ballast").exists()
    await journal.close()


async def test_a_journal_in_memory_that_is_full_says_so() -> None:
    """It does not eat the machine; what is under way may still end."""
    journal = SqliteJournal(None, ephemeral=True, memory_bytes=1 << 20)
    await journal.open()
    await journal.claim(operation(1))
    claims = (journal.claim(operation(number, content=bytes(20_000))) for number in range(2, 201))
    told = await asyncio.gather(*claims, return_exceptions=True)
    assert any(isinstance(each, JournalFull) for each in told)
    assert await journal.update(operation(1, version=1, state="sending"), Change())
    await journal.close()
