"""What can be seen of a database without changing it: that it answers, remembers, and holds nothing we do not know."""

from gateway.stores.postgres_connection import Connection
from gateway.stores.postgres_pool import Pool, require_memory
from gateway.stores.postgres_schema import require_known, require_ours

_SESSION = """
SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
  pg_is_in_recovery() AS read_only
"""


async def look(url: str) -> None:
    """Connect once. Raises JournalRefused for a database that must not be used, JournalUnavailable for one away."""
    pool = Pool(url, most=1, only_reads=True)

    async def prepare(connection: Connection) -> None:
        require_memory(await connection.fetchrow(_SESSION), pool.place)
        version, _ = await require_known(connection, pool.place)
        if version == 0:
            await require_ours(connection, pool.place)

    await pool.open(prepare)
    await pool.close()
