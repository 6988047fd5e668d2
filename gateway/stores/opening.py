"""Which store a URL names."""

import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from gateway.stores import sqlite_file
from gateway.stores.sealing import Sealing
from gateway.stores.sqlite import SqliteJournal
from gateway.stores.sqlite_permits import SqlitePermits
from policies.journal import Journal, JournalRefused
from policies.local_permits import LocalPermits
from policies.permits import SHORT_SECONDS, Permits

FORMS = "memory:, sqlite:PATH, sqlite:///ABSOLUTE/PATH or postgres://…"


async def open_journal(
    url: str,
    *,
    ephemeral: bool = False,
    keys: Sequence[bytes] = (),
    folder: Path | None = None,
    only_reads: bool = False,
) -> Journal:
    """Open the journal that a URL names; the first of `keys` (32 bytes each) seals bodies, all open them.

    `ephemeral`: it may be forgotten at a restart. A relative path starts at `folder`. `only_reads`: a file is read
    beside the process that has it open. Raises JournalRefused for what must not be used, JournalUnavailable for what
    cannot be used now.
    """
    journal = _journal(url, ephemeral, Sealing(keys), folder or Path(), only_reads)
    await journal.open()
    return journal


def look_at_place(url: str, *, ephemeral: bool, folder: Path) -> str | None:
    """Return why a journal there may be forgotten, where that is accepted; makes nothing and asks no database.

    Raises JournalRefused where `open_journal` would, as far as that can be seen without opening one.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        return sqlite_file.look_at_place(folder / _path(rest), ephemeral=ephemeral)
    _journal(url, ephemeral, Sealing(()), folder, only_reads=True)
    return None


async def look_at_database(url: str) -> None:
    """See whether the database that a URL names, where it names one, can hold a journal; changes nothing.

    Raises JournalRefused, JournalUnavailable.
    """
    if url.partition(":")[0] in {"postgres", "postgresql"}:
        await import_module("gateway.stores.postgres_look").look(url)


def permits_beside(journal: Journal, url: str, *, cold: bool) -> Permits:
    """Return the permits, not open yet, that are kept where a journal is that was opened by `open_journal`.

    `cold`: what the process before has sent may still count, so short windows that are not remembered begin closed.
    """
    if not isinstance(journal, SqliteJournal):
        shared: Permits = import_module("gateway.stores.postgres_permits").PostgresPermits(url)
        return shared
    if url == "memory:":
        return LocalPermits(time.monotonic, cold=SHORT_SECONDS if cold else 0.0)
    return SqlitePermits(journal.lane, LocalPermits(time.monotonic), cold=cold)


def spool_place(url: str, spool: Path | None, folder: Path) -> Path | None:
    """Return where answers wait while the journal is away: `spool`, else beside a journal's file, else nowhere."""
    if spool is not None:
        return folder / spool
    scheme, _, rest = url.partition(":")
    if scheme != "sqlite":
        return None
    place = folder / _path(rest)
    return place.with_name(f"{place.name}.spool")


def _journal(url: str, ephemeral: bool, sealing: Sealing, folder: Path, only_reads: bool) -> Journal:
    scheme, _, rest = url.partition(":")
    if url == "memory:":
        if not ephemeral:
            raise JournalRefused("memory: forgets everything at a restart: name a file, or write `ephemeral: true`")
        return SqliteJournal(None, sealing=sealing)
    if scheme == "sqlite":
        return SqliteJournal(folder / _path(rest), ephemeral=ephemeral, sealing=sealing, only_reads=only_reads)
    if scheme in {"postgres", "postgresql"}:
        return _postgres(url, sealing, only_reads)
    raise JournalRefused(f"no store is named so; write {FORMS}")


def _path(rest: str) -> Path:
    name = rest.removeprefix("//") if rest.startswith("///") else rest
    if not name or name == ":memory:" or name.startswith("//") or "\0" in name:
        raise JournalRefused(f"no file is named so; write {FORMS}")
    return Path(name)


def _postgres(url: str, sealing: Sealing, only_reads: bool) -> Journal:
    try:
        module = import_module("gateway.stores.postgres")
    except ModuleNotFoundError as error:
        raise JournalRefused(
            f"PostgreSQL needs a package that is not installed ({error.name}): pip install 'ordergate[postgres]'"
        ) from error
    journal: Journal = module.PostgresJournal(url, sealing=sealing, only_reads=only_reads)
    return journal
