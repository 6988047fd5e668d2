"""What a PostgreSQL must not be to hold a journal, and what a refusal says."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from gateway.stores.opening import look_at_database, open_journal
from gateway.stores.postgres import PostgresJournal
from gateway.stores.postgres_schema import migrations
from policies.journal import Change, JournalRefused, JournalUnavailable
from support.journals import operation
from support.postgres import NoPostgres, made_empty, own_server
from support.postgres_store import server_url


@pytest.fixture
def url() -> Iterator[str]:
    """Return an empty database of the test's own."""
    with made_empty(server_url(), "ordergate_refusals") as made:
        yield made


@pytest.fixture
async def administrator(url: str) -> AsyncIterator[Any]:
    """Return a connection to that database."""
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


async def _opened(url: str) -> None:
    journal = PostgresJournal(url)
    await journal.open()
    await journal.close()


async def test_a_newer_schema_is_refused_with_the_way_out(url: str, administrator: Any) -> None:
    """The refusal names the database and both versions; nothing is changed."""
    await _opened(url)
    newer = max(await asyncio.to_thread(migrations)) + 1
    await administrator.execute("INSERT INTO gw.migration (number) VALUES ($1)", newer)
    with pytest.raises(JournalRefused, match=rf"ordergate_refusals has schema {newer}.*newer release.*--restored"):
        await _opened(url)


async def test_a_look_at_a_database_changes_nothing(url: str, administrator: Any) -> None:
    """One that is new, ours or somebody else's: it says what opening would say, and makes no schema."""
    await look_at_database(url)
    assert await administrator.fetchval("SELECT to_regnamespace('gw') IS NULL")
    await _opened(url)
    await look_at_database(url)
    newer = max(await asyncio.to_thread(migrations)) + 1
    await administrator.execute("INSERT INTO gw.migration (number) VALUES ($1)", newer)
    with pytest.raises(JournalRefused, match=rf"has schema {newer}.*newer release"):
        await look_at_database(url)
    await administrator.execute("DROP SCHEMA gw CASCADE; CREATE SCHEMA gw; CREATE TABLE gw.thing (id integer)")
    with pytest.raises(JournalRefused, match="schema gw of something else"):
        await look_at_database(url)
    await administrator.execute("ALTER DATABASE ordergate_refusals SET synchronous_commit = off")
    with pytest.raises(JournalRefused, match="synchronous_commit = off"):
        await look_at_database(url)
    await look_at_database("sqlite:nowhere/at/all.db")


async def test_somebody_else_s_schema_is_refused(url: str, administrator: Any) -> None:
    """A schema of that name without our versions is another program's."""
    await administrator.execute("CREATE SCHEMA gw; CREATE TABLE gw.thing (id integer)")
    with pytest.raises(JournalRefused, match="schema gw of something else"):
        await _opened(url)
    assert await administrator.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'gw'") == 1


async def test_a_failed_migration_leaves_nothing(url: str, administrator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it or nothing: the next start begins anew."""
    first = {1: (await asyncio.to_thread(migrations))[1]}
    monkeypatch.setattr(
        "gateway.stores.postgres_schema.migrations",
        lambda: first | {2: "CREATE TABLE gw.half (id integer); SELECT 1 / 0;"},
    )
    with pytest.raises(asyncpg.DivisionByZeroError):
        await _opened(url)
    assert await administrator.fetchval("SELECT to_regnamespace('gw') IS NULL")
    monkeypatch.setattr("gateway.stores.postgres_schema.migrations", lambda: first)
    await _opened(url)


async def test_a_role_without_rights_is_told_what_to_ask_for(url: str, administrator: Any) -> None:
    """And a schema that an administrator made for it is enough."""
    await administrator.execute("DROP ROLE IF EXISTS ordergate_plain; CREATE ROLE ordergate_plain LOGIN PASSWORD 'pw'")
    plain = url.replace(url.partition("//")[2].partition("@")[0], "ordergate_plain:pw", 1)
    try:
        with pytest.raises(JournalRefused, match="CREATE SCHEMA gw AUTHORIZATION"):
            await _opened(plain)
        await administrator.execute("CREATE SCHEMA gw AUTHORIZATION ordergate_plain")
        await _opened(plain)
    finally:
        await administrator.execute("DROP SCHEMA IF EXISTS gw CASCADE; DROP ROLE ordergate_plain")


async def test_a_database_that_does_not_wait_for_its_disk_is_refused(url: str, administrator: Any) -> None:
    """`synchronous_commit = off`, for the role, the database or the server, forgets what was acknowledged."""
    await _opened(url)
    await administrator.execute("ALTER DATABASE ordergate_refusals SET synchronous_commit = off")
    with pytest.raises(JournalRefused, match=r"synchronous_commit = off.*Set synchronous_commit = on"):
        await _opened(url)


async def test_a_server_without_fsync_is_refused() -> None:
    """It keeps nothing over a loss of power."""
    try:
        with own_server(fsync="off") as server, pytest.raises(JournalRefused, match="fsync = off"):
            await _opened(server.url)
    except NoPostgres as missing:
        pytest.skip(str(missing))


async def test_a_server_that_turns_forgetful_is_not_used_any_more(url: str, administrator: Any) -> None:
    """A new connection looks again: what is claimed is refused, and it heals when it is mended."""
    journal = PostgresJournal(url)
    await journal.open()
    try:
        await administrator.execute("ALTER DATABASE ordergate_refusals SET synchronous_commit = off")
        await _cut_others(administrator)
        # The first command may still find its connection as it was, and cannot tell what became of it.
        with pytest.raises(JournalUnavailable):
            await journal.claim(operation())
        with pytest.raises(JournalUnavailable, match="synchronous_commit = off"):
            await journal.claim(operation())
        await administrator.execute("ALTER DATABASE ordergate_refusals RESET synchronous_commit")
        assert await journal.claim(operation()) == operation()
    finally:
        await journal.close()


async def test_a_read_only_database_is_unavailable(url: str, administrator: Any) -> None:
    """As a standby is: another moment it may be the primary."""
    await _opened(url)
    await administrator.execute("ALTER DATABASE ordergate_refusals SET default_transaction_read_only = on")
    with pytest.raises(JournalUnavailable, match="takes no changes"):
        await _opened(url)


async def test_only_reads_changes_nothing(url: str) -> None:
    """A look at the journal neither makes a schema nor takes a change, also from a database that takes none."""
    with pytest.raises(JournalRefused, match="Start the gateway"):
        await open_journal(url, only_reads=True)
    journal = PostgresJournal(url)
    await journal.open()
    claimed = await journal.claim(operation())
    reading = await open_journal(url, only_reads=True)
    try:
        assert await reading.get(claimed.id) == claimed
        with pytest.raises(JournalUnavailable):
            await reading.update(replace(claimed, state="sending", version=1), Change())
        assert await journal.get(claimed.id) == claimed
    finally:
        await reading.close()
        await journal.close()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:s3cr3t/p@127.0.0.1/database",
        "postgresql://user:s3cr3t#p@127.0.0.1/database",
        "postgresql://user:s3cr3t@127.0.0.1:port/database",
        "postgres://user:s3cr3t@127.0.0.1/database?sslmode=s3cr3t",
        "postgresql://user:s3cr3t@127.0.0.1:1/database?sslmode=disable",
    ],
)
async def test_no_refusal_tells_a_password(address: str) -> None:
    """Nor does an address with a mistake, in which the password may stand anywhere."""
    with pytest.raises((JournalRefused, JournalUnavailable)) as refused:
        await open_journal(address)
    assert "s3cr3t" not in str(refused.value)
    assert "s3cr3t" not in repr(PostgresJournal(address))


async def _cut_others(connection: Any) -> None:
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
