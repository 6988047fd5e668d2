"""Which store a URL names."""

import sqlite3
from pathlib import Path

import pytest

from gateway.stores.opening import open_journal
from policies.journal import JournalRefused
from support.journals import operation


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
