"""What retention lets go, a batch at a time: frozen requests, then answers, then what remains.

Several instances may do it at once: each takes what no other has.
"""

from datetime import datetime, timedelta

from gateway.stores.postgres_connection import Connection
from gateway.stores.rows import ANSWER_DAYS, REQUEST_DAYS, TOMBSTONE_DAYS

_REQUESTS = """
WITH old AS MATERIALIZED (
  SELECT number FROM gw.operation WHERE purged = 0 AND ended_at <= $1 ORDER BY ended_at LIMIT $2
  FOR NO KEY UPDATE SKIP LOCKED
), content AS (
  DELETE FROM gw.content USING old WHERE operation = old.number
), step AS (
  UPDATE gw.step SET request = NULL FROM old WHERE operation = old.number
), gone AS (
  UPDATE gw.operation AS o SET purged = 1 FROM old WHERE o.number = old.number RETURNING o.number
)
SELECT count(*) FROM gone
"""
_ANSWERS = """
WITH old AS MATERIALIZED (
  SELECT number FROM gw.operation WHERE purged = 1 AND ended_at <= $1 ORDER BY ended_at LIMIT $2
  FOR NO KEY UPDATE SKIP LOCKED
), answer AS (
  DELETE FROM gw.answer USING old WHERE operation = old.number
), step AS (
  UPDATE gw.step SET answer = NULL FROM old WHERE operation = old.number
), gone AS (
  UPDATE gw.operation AS o SET purged = 2, answer_status = NULL FROM old WHERE o.number = old.number RETURNING o.number
)
SELECT count(*) FROM gone
"""
_REST = """
WITH old AS MATERIALIZED (
  SELECT number, id FROM gw.operation WHERE purged = 2 AND ended_at <= $1 ORDER BY ended_at LIMIT $2
  FOR UPDATE SKIP LOCKED
), event AS (
  DELETE FROM gw.event WHERE operation IN
    (SELECT id FROM old UNION ALL SELECT r.id FROM gw.replaced AS r JOIN old ON old.number = r.operation)
), gone AS (
  DELETE FROM gw.operation AS o USING old WHERE o.number = old.number RETURNING o.number
)
SELECT count(*) FROM gone
"""
# What goes, after how many days; what goes last comes first here, so that one call takes one thing from an operation.
_STAGES = ((TOMBSTONE_DAYS, _REST), (ANSWER_DAYS, _ANSWERS), (REQUEST_DAYS, _REQUESTS))


async def purge(connection: Connection, now: datetime, limit: int) -> int:
    """Take the next thing from at most `limit` ended operations, the oldest first; return from how many."""
    count = 0
    for days, statement in _STAGES:
        if count < limit:
            count += int(await connection.fetchval(statement, now - timedelta(days=days), limit - count))
    return count
