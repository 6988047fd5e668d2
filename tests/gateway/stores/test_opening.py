"""Which store a URL names."""

import sqlite3
from pathlib import Path
from uuid import uuid4

import pytest

from gateway.stores.opening import open_journal, permits_beside
from policies.journal import JournalRefused
from policies.permits import Budget, Wait
from support.journals import operation
from support.postgres_store import server_url


async def test_memory_is_a_journal_for_who_accepts_that_it_forgets() -> None:
    """Not otherwise."""
    journal = await open_journal("memory:", ephemeral=True)
    assert await journal.claim(operation()) == operation()
    await journal.close()
    with pytest.raises(JournalRefused, match="ephemeral: true"):
        await open_journal("memory:")


async def test_a_path_is_relative_to_the_folder_or_absolute(tmp_path: Path) -> None:
    """`sqlite:PATH` and `sqlite:///absolute/path`, with any characters in it."""
    for url, path in [
        ("sqlite:a.db", tmp_path / "a.db"),
        (f"sqlite:{tmp_path}/b.db", tmp_path / "b.db"),
        (f"sqlite://{tmp_path}/c.db", tmp_path / "c.db"),
        ("sqlite:odd ?mode=memory&#% name.db", tmp_path / "odd ?mode=memory&#% name.db"),
    ]:
        journal = await open_journal(url, ephemeral=True, folder=tmp_path)
        await journal.claim(operation())
        assert await journal.get(operation().id) == operation()
        await journal.close()
        database = sqlite3.connect(path)
        assert database.execute("SELECT count(*) FROM operation").fetchone() == (1,)
        database.close()


async def test_rates_are_remembered_where_the_journal_is(tmp_path: Path) -> None:
    """What one start has used of an hour is used for the next, unless everything is forgotten."""
    hour, minute = Budget("acme/hour", 1, 3600.0), Budget("acme/minute", 1, 60.0)
    for url, remembers in [("sqlite:a.db", True), ("memory:", False)]:
        for start in range(2):
            journal = await open_journal(url, ephemeral=True, folder=tmp_path)
            permits = permits_beside(journal, url, cold=False)
            await permits.open()
            taken = await permits.take([(hour, 1)], 10.0)
            assert isinstance(taken, Wait) == (remembers and start == 1)
            await permits.close()
            await journal.close()
    forgetting = permits_beside(await open_journal("memory:", ephemeral=True), "memory:", cold=True)
    await forgetting.open()
    assert isinstance(await forgetting.take([(minute, 1)], 10.0), Wait)


async def test_a_fleet_shares_rates_in_its_database() -> None:
    """Each instance asks the same."""
    url = server_url()
    journal = await open_journal(url)
    hour = Budget(f"acme/{uuid4()}", 1, 3600.0)
    instances = [permits_beside(journal, url, cold=True) for _ in range(2)]
    for permits in instances:
        await permits.open()
    answers = [await permits.take([(hour, 1)], 10.0) for permits in instances]
    assert [isinstance(answer, Wait) for answer in answers] == [False, True]
    for permits in instances:
        await permits.close()
    await journal.close()


async def test_keys_seal(tmp_path: Path) -> None:
    """A journal opened with a key is refused without it."""
    await (await open_journal("sqlite:a.db", ephemeral=True, keys=[b"k" * 32], folder=tmp_path)).close()
    journal = await open_journal("sqlite:a.db", ephemeral=True, keys=[b"k" * 32], folder=tmp_path)
    await journal.claim(operation())
    await journal.close()
    with pytest.raises(JournalRefused, match="key"):
        await open_journal("sqlite:a.db", ephemeral=True, folder=tmp_path)


@pytest.mark.parametrize(
    "url", ["", "redis://x", "sqlite:", "sqlite::memory:", "sqlite://host/x", "mysql:x", "journal.db"]
)
async def test_anything_else_is_refused_with_the_forms_there_are(url: str) -> None:
    """The refusal says what to write; it does not repeat a URL, which may hold a password."""
    with pytest.raises(JournalRefused, match="memory:, sqlite:PATH"):
        await open_journal(url, ephemeral=True)
