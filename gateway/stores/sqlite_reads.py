"""The commands that only read, as SQL inside one snapshot."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from gateway.stores.rows import OPERATION, AnswerRow, Rows
from gateway.stores.sqlite_times import to_micros
from policies.journal import Event, Evidence, Open, Operation, Step
from policies.operation import OPEN

# Columns in the order of rows.OPERATION, then what stands apart.
_OPERATIONS = """
SELECT o.id, o.caller, o.key, o.fingerprint, o.kind, o.account, o.created_at, o.reference, o.twin,
  o.updated_at, o.state, o.subject, o.attempts, o.doubt, o.probes, o.first_sent_at, o.last_sent_at, o.valid_until,
  o.due, o.owner, o.lease_until, o.cause, o.version, o.number, c.body, o.answer_status, a.fields, a.body
FROM operation AS o
LEFT JOIN content AS c ON c.operation = o.number
LEFT JOIN answer AS a ON a.operation = o.number
"""
_LISTED = "(SELECT value FROM json_each(?))"
_BY_NUMBER = _OPERATIONS + "WHERE o.number IN " + _LISTED
_BY_ID = _OPERATIONS + "WHERE o.id = ?"
_BY_FORMER_ID = _OPERATIONS + "JOIN replaced AS r ON r.operation = o.number WHERE r.id = ?"
_BY_KEY = _OPERATIONS + "WHERE o.caller = ? AND o.key = ?"
_BY_REFERENCE = _OPERATIONS + (
    "WHERE o.account = ? AND o.kind = ? AND o.reference = ? AND o.reference IS NOT NULL"
    " AND o.state NOT IN ('failed', 'cancelled')"
)
_TWINS = _OPERATIONS + (
    "WHERE o.account = ? AND o.twin = ? AND o.twin IS NOT NULL AND o.created_at >= ?"
    " AND o.state NOT IN ('failed', 'cancelled') ORDER BY o.id LIMIT 10"
)
_NUMBER = """
SELECT number FROM operation WHERE id = :id
UNION ALL SELECT operation FROM replaced WHERE id = :id
"""
_EVIDENCE = """
SELECT operation, at, kind, verdict, phase, status, detail FROM evidence
WHERE operation IN (SELECT value FROM json_each(?)) ORDER BY sequence
"""
_STEPS = """
SELECT o.id, s."index", s.part, s.name, s.effect, s.digest, s.phase, s.request, s.answer
FROM step AS s JOIN operation AS o ON o.number = s.operation
WHERE s.operation = ? ORDER BY s."index", s.part
"""
_EVENTS = """
SELECT sequence, subject, version, operation, state, at FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?
"""
_OPEN = """
SELECT account, state, count(*), min(created_at) FROM operation WHERE state IN (SELECT value FROM json_each(?))
GROUP BY account, state
"""


class Reads:
    """Reads operations and what belongs to them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def by_id(self, connection: sqlite3.Connection, operation_id: str) -> Operation | None:
        """Return the operation with this id, or the one that replaced it."""
        found = self._read(connection, _BY_ID, (operation_id,)) or self._read(
            connection, _BY_FORMER_ID, (operation_id,)
        )
        return next(iter(found), None)

    def by_key(self, connection: sqlite3.Connection, caller: str, key: str) -> Operation | None:
        """Return the caller's operation with that key."""
        return next(iter(self._read(connection, _BY_KEY, (caller, key))), None)

    def by_reference(self, connection: sqlite3.Connection, operation: Operation) -> Operation | None:
        """Return the live or placed operation with another's account, kind and reference."""
        where = (operation.account, operation.kind, operation.reference)
        return next(iter(self._read(connection, _BY_REFERENCE, where)), None)

    def by_number(self, connection: sqlite3.Connection, numbers: Iterable[int]) -> list[Operation]:
        """Return the operations of these rows, in no order."""
        return self._read(connection, _BY_NUMBER, (listed(numbers),))

    def twins(self, connection: sqlite3.Connection, account: str, twin: str, since: datetime) -> list[Operation]:
        """Return live or placed operations with that business fingerprint, oldest first, at most ten."""
        return self._read(connection, _TWINS, (account, twin, to_micros(since)))

    def search(
        self,
        connection: sqlite3.Connection,
        wanted: dict[str, str],
        before: str | None,
        limit: int,
    ) -> list[Operation]:
        """Return operations with the wanted values, newest first."""
        conditions = [_CONDITIONS[name] for name in wanted]
        values: list[Any] = list(wanted.values())
        if before is not None:
            conditions.append("o.id < ?")
            values.append(before)
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        return self._read(connection, f"{_OPERATIONS}{where}ORDER BY o.id DESC LIMIT ?", (*values, limit))

    def steps(self, connection: sqlite3.Connection, operation_id: str) -> list[Step]:
        """Return the steps of an operation in order."""
        number = number_of(connection, operation_id)
        found = [] if number is None else connection.execute(_STEPS, (number,)).fetchall()
        return [self._rows.step(row[0], row[1:-2], row[-2], row[-1]) for row in found]

    def events(self, connection: sqlite3.Connection, after: int, limit: int) -> list[Event]:
        """Return events after a sequence number."""
        return [self._rows.event(row) for row in connection.execute(_EVENTS, (after, limit)).fetchall()]

    def still_open(self, connection: sqlite3.Connection) -> list[Open]:
        """Return what has not ended or waits for a person, by account and state."""
        return [self._rows.open(row) for row in connection.execute(_OPEN, (listed(OPEN),)).fetchall()]

    def _read(self, connection: sqlite3.Connection, sql: str, values: Sequence[Any]) -> list[Operation]:
        found = connection.execute(sql, values).fetchall()
        if not found:
            return []
        width = len(OPERATION)
        facts: dict[int, list[Evidence]] = {row[width]: [] for row in found}
        for number, *fact in connection.execute(_EVIDENCE, (listed(facts),)).fetchall():
            facts[number].append(self._rows.evidence(fact))
        operations = []
        for row in found:
            number, content, status, fields, body = row[width:]
            answer = None if fields is None else AnswerRow(status, fields, body)
            operations.append(self._rows.operation(row[:width], content, answer, tuple(facts[number])))
        return operations


_CONDITIONS = {
    "caller": "o.caller = ?",
    "account": "o.account = ?",
    "reference": "o.reference = ?",
    "key": "o.key = ?",
    "subject": "o.subject = ?",
    "state": "o.state = ?",
}


def number_of(connection: sqlite3.Connection, operation_id: str) -> int | None:
    """Return the row of the operation with this id, or of the one that replaced it."""
    row = connection.execute(_NUMBER, {"id": operation_id}).fetchone()
    return None if row is None else int(row[0])


def listed(values: Iterable[Any]) -> str:
    """Return values as one parameter, for json_each."""
    return msgspec.json.encode(list(values)).decode()
