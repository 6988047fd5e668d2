"""The statements that only read: each sees one moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.stores.postgres_connection import Connection
from gateway.stores.rows import OPERATION, AnswerRow, Rows
from policies.journal import Event, Open, Operation, Step
from policies.operation import OPEN

# Columns in the order of rows.OPERATION, then what stands apart; facts in the order of rows.EVIDENCE.
_COLUMNS = """
SELECT o.id, o.caller, o.key, o.fingerprint, o.kind, o.account, o.created_at, o.reference, o.twin,
  o.updated_at, o.state, o.subject, o.attempts, o.doubt, o.probes, o.first_sent_at, o.last_sent_at, o.valid_until,
  o.due, o.owner, o.lease_until, o.cause, o.version, c.body, o.answer_status, a.fields, a.body,
  ARRAY(SELECT ROW(e.at, e.kind, e.verdict, e.phase, e.status, e.detail) FROM gw.evidence AS e
    WHERE e.operation = o.number ORDER BY e.sequence)
"""
_OPERATIONS = f"""{_COLUMNS}
FROM gw.operation AS o
LEFT JOIN gw.content AS c ON c.operation = o.number
LEFT JOIN gw.answer AS a ON a.operation = o.number
"""
_NAMED = """
WHERE o.number = (SELECT number FROM gw.operation WHERE id = $1 UNION ALL
  SELECT operation FROM gw.replaced WHERE id = $1 LIMIT 1)
"""
_BY_ID = _OPERATIONS + _NAMED
_BY_KEY = f"{_OPERATIONS} WHERE o.caller = $1 AND o.key = $2"
_BY_REFERENCE = f"""{_OPERATIONS}
WHERE o.account = $1 AND o.kind = $2 AND o.reference = $3 AND o.state NOT IN ('failed', 'cancelled')
"""
_TAKEN = f"{_OPERATIONS} WHERE o.due IS NOT NULL AND o.owner = $1 AND o.change = $2 ORDER BY o.due, o.id"
_TWINS = f"""{_OPERATIONS}
WHERE o.account = $1 AND o.twin = $2 AND o.created_at >= $3 AND o.state NOT IN ('failed', 'cancelled') ORDER BY o.id
LIMIT 10
"""
_STEPS = """
SELECT o.id, s.index, s.part, s.name, s.effect, s.digest, s.phase, s.request, s.answer
FROM gw.step AS s JOIN gw.operation AS o ON o.number = s.operation
WHERE o.number = (SELECT number FROM gw.operation WHERE id = $1 UNION ALL
  SELECT operation FROM gw.replaced WHERE id = $1 LIMIT 1)
ORDER BY s.index, s.part
"""
_EVENTS = """
SELECT sequence, subject, version, operation, state, at FROM gw.event
WHERE sequence > $1
  AND sequence < (SELECT base FROM gw.numbering) + pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY sequence LIMIT $2
"""
_OPEN = """
SELECT account, state, count(*), min(created_at) FROM gw.operation WHERE state = ANY($1) GROUP BY account, state
"""
_CONDITIONS = {
    "caller": "o.caller",
    "account": "o.account",
    "reference": "o.reference",
    "key": "o.key",
    "subject": "o.subject",
    "state": "o.state",
}


class Reads:
    """Reads operations and what belongs to them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def by_id(self, connection: Connection, operation_id: str) -> Operation | None:
        """Return the operation with this id, or the one that replaced it."""
        return next(iter(await self._read(connection, _BY_ID, operation_id)), None)

    async def by_key(self, connection: Connection, caller: str, key: str) -> Operation | None:
        """Return the caller's operation with that key."""
        return next(iter(await self._read(connection, _BY_KEY, caller, key)), None)

    async def by_reference(self, connection: Connection, operation: Operation) -> Operation | None:
        """Return the live or placed operation with another's account, kind and reference."""
        if operation.reference is None:
            return None
        where = (operation.account, operation.kind, operation.reference)
        return next(iter(await self._read(connection, _BY_REFERENCE, *where)), None)

    async def taken(self, connection: Connection, worker: str, change: UUID) -> list[Operation]:
        """Return what a worker took with one change and still has, the longest due first."""
        return await self._read(connection, _TAKEN, worker, change)

    async def twins(self, connection: Connection, account: str, twin: str, since: datetime) -> list[Operation]:
        """Return live or placed operations with that business fingerprint, oldest first."""
        return await self._read(connection, _TWINS, account, twin, since)

    async def search(
        self, connection: Connection, wanted: dict[str, str], before: str | None, limit: int
    ) -> list[Operation]:
        """Return operations with the wanted values, newest first."""
        conditions = [f"{_CONDITIONS[name]} = ${place}" for place, name in enumerate(wanted, 1)]
        values: list[object] = list(wanted.values())
        if before is not None:
            values.append(before)
            conditions.append(f"o.id < ${len(values)}")
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        sql = f"{_OPERATIONS}{where}ORDER BY o.id DESC LIMIT ${len(values) + 1}"
        return await self._read(connection, sql, *values, limit)

    async def steps(self, connection: Connection, operation_id: str) -> list[Step]:
        """Return the steps of an operation in order."""
        found = [] if _cannot_be(operation_id) else await connection.fetch(_STEPS, operation_id)
        return [self._rows.step(row[0], tuple(row)[1:-2], row[-2], row[-1]) for row in found]

    async def events(self, connection: Connection, after: int, limit: int) -> list[Event]:
        """Return events after a sequence number that no other can come before any more."""
        return [self._rows.event(tuple(row)) for row in await connection.fetch(_EVENTS, after, limit)]

    async def still_open(self, connection: Connection) -> list[Open]:
        """Return what has not ended or waits for a person, by account and state."""
        return [self._rows.open(tuple(row)) for row in await connection.fetch(_OPEN, list(OPEN))]

    async def _read(self, connection: Connection, sql: str, *values: object) -> list[Operation]:
        if any(_cannot_be(value) for value in values):
            return []
        return [self._operation(tuple(row)) for row in await connection.fetch(sql, *values)]

    def _operation(self, row: Sequence[Any]) -> Operation:
        width = len(OPERATION)
        content, status, fields, body, facts = row[width:]
        answer = None if fields is None else AnswerRow(status, fields, body)
        evidence = tuple(self._rows.evidence(tuple(fact)) for fact in facts)
        return self._rows.operation(row[:width], content, answer, evidence)


def _cannot_be(value: object) -> bool:
    """Tell whether PostgreSQL cannot store a text: nothing has such a name, and asking for it is an error."""
    return isinstance(value, str) and "\0" in value
