"""The commands that change operations, as SQL inside a transaction that holds the write lock."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway.stores.rows import CHANGING, EVIDENCE, OPERATION, STEP, Rows
from gateway.stores.sqlite_reads import Reads, listed, number_of
from gateway.stores.sqlite_times import to_micros
from policies.journal import Change, Evidence, Operation, Step
from policies.operation import ENDED, FINAL

_INSERT = """
INSERT INTO operation (id, caller, key, fingerprint, kind, account, created_at, reference, twin, updated_at, state,
  subject, attempts, doubt, probes, first_sent_at, last_sent_at, valid_until, due, owner, lease_until, cause, version,
  ended_at)
VALUES (:id, :caller, :key, :fingerprint, :kind, :account, :created_at, :reference, :twin, :updated_at, :state,
  :subject, :attempts, :doubt, :probes, :first_sent_at, :last_sent_at, :valid_until, :due, :owner, :lease_until, :cause,
  :version, :ended_at)
ON CONFLICT DO NOTHING
"""
_REPLACE = """
UPDATE operation SET id = :id, fingerprint = :fingerprint, kind = :kind, account = :account, created_at = :created_at,
  reference = :reference, twin = :twin, updated_at = :updated_at, state = :state, subject = :subject,
  attempts = :attempts, doubt = :doubt, probes = :probes, first_sent_at = :first_sent_at, last_sent_at = :last_sent_at,
  valid_until = :valid_until, due = :due, owner = :owner, lease_until = :lease_until, cause = :cause,
  version = :version, answer_status = NULL, ended_at = :ended_at, purged = 0
WHERE number = :number
"""
_UPDATE = """
UPDATE operation SET updated_at = :updated_at, state = :state, subject = :subject, attempts = :attempts, doubt = :doubt,
  probes = :probes, first_sent_at = :first_sent_at, last_sent_at = :last_sent_at, valid_until = :valid_until,
  due = :due, owner = :owner, lease_until = :lease_until, cause = :cause, version = :version,
  answer_status = :answer_status, ended_at = :ended_at, purged = 0
WHERE number = :number
"""
_STORED = "SELECT number, version, state, ended_at, answer_status FROM operation WHERE id = ?"
_ADD_EVIDENCE = """
INSERT INTO evidence (operation, at, kind, verdict, phase, status, detail) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_PUT_CONTENT = "INSERT INTO content (operation, body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"
_PUT_ANSWER = """
INSERT INTO answer (operation, fields, body) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET fields = excluded.fields, body = excluded.body
"""
_PUT_STEP = """
INSERT INTO step (operation, "index", part, name, effect, digest, phase, request, answer)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET name = excluded.name, effect = excluded.effect, digest = excluded.digest,
  phase = excluded.phase, request = excluded.request, answer = coalesce(excluded.answer, answer)
"""
_ADD_EVENT = """
INSERT INTO event (subject, version, operation, state, at)
VALUES (:subject, (SELECT coalesce(max(version), 0) + 1 FROM event WHERE subject = :subject), :operation, :state, :at)
"""
_ADOPT = """
INSERT INTO adopted (account, kind, name, operation)
SELECT account, kind, :name, number FROM operation WHERE id = :id ON CONFLICT DO NOTHING
"""
_ADOPTED_BY = """
SELECT o.id FROM operation AS asking
JOIN adopted AS a ON a.account = asking.account AND a.kind = asking.kind AND a.name = :name
JOIN operation AS o ON o.number = a.operation
WHERE asking.id = :id
"""
_TAKE = """
UPDATE operation SET owner = :owner, lease_until = :until, version = version + 1 WHERE number IN (
  SELECT number FROM operation
  WHERE due IS NOT NULL AND due <= :now AND (lease_until IS NULL OR lease_until <= :now)
    AND account IN (SELECT value FROM json_each(:accounts))
  ORDER BY due, number LIMIT :limit)
RETURNING number
"""


class Changes:
    """Changes operations and what belongs to them."""

    def __init__(self, rows: Rows, reads: Reads) -> None:
        self._rows = rows
        self._reads = reads

    def claim(self, connection: sqlite3.Connection, operation: Operation) -> Operation:
        """Insert the operation, or return the one it loses to."""
        values = self._values(operation, OPERATION)
        values["ended_at"] = values["updated_at"] if operation.state in ENDED else None
        inserted = connection.execute(_INSERT, values)
        if inserted.rowcount == 1:
            self._add_parts(connection, int(inserted.lastrowid or 0), operation)
            return operation
        held = self._reads.by_key(connection, operation.caller, operation.key)
        if held is not None and held.state != "cancelled":
            return held
        owner = self._reads.by_reference(connection, operation)
        if owner is not None:
            return owner
        if held is None:
            raise ValueError(f"the id {operation.id} is another operation's")
        return self._replace(connection, held, operation, values)

    def update(self, connection: sqlite3.Connection, operation: Operation, change: Change) -> bool:
        """Store the next version of an operation, if it is the next and no final state is left."""
        stored = connection.execute(_STORED, (operation.id,)).fetchone()
        if stored is None:
            return False
        number, version, state, ended_at, answer_status = stored
        if version + 1 != operation.version or (state in FINAL and operation.state != state):
            return False
        values = self._values(operation, CHANGING)
        if operation.state in ENDED:
            values["ended_at"] = ended_at if state in ENDED else values["updated_at"]
        else:
            values["ended_at"] = None
        values["answer_status"] = None if operation.answer is None else operation.answer.status
        try:
            connection.execute(_UPDATE, values | {"number": number})
        except sqlite3.IntegrityError:  # meanwhile the reference is another operation's
            return False
        if operation.answer is not None:
            self._put_answer(connection, number, operation)
        elif answer_status is not None:
            connection.execute("DELETE FROM answer WHERE operation = ?", (number,))
        self._add_evidence(connection, number, change.evidence)
        self._put_steps(connection, number, operation.id, change.steps)
        if operation.state != state:
            event = {"subject": operation.subject or operation.id, "operation": operation.id, "state": operation.state}
            connection.execute(_ADD_EVENT, event | {"at": values["updated_at"]})
        return True

    def append(self, connection: sqlite3.Connection, operation_id: str, evidence: Sequence[Evidence]) -> None:
        """Add facts to the operation with this id, or to the one that replaced it."""
        number = number_of(connection, operation_id)
        if number is not None:
            self._add_evidence(connection, number, evidence)

    def adopt(self, connection: sqlite3.Connection, operation_id: str, name: str) -> str | None:
        """Give what was found to an operation unless it is another's; return whose it is."""
        values = {"id": operation_id, "name": name}
        connection.execute(_ADOPT, values)
        owner = connection.execute(_ADOPTED_BY, values).fetchone()
        return None if owner is None else str(owner[0])

    def take_due(
        self,
        connection: sqlite3.Connection,
        worker: str,
        now: datetime,
        lease: timedelta,
        accounts: Sequence[str],
        limit: int,
    ) -> list[Operation]:
        """Give operations that are due to a worker, the longest due first."""
        values = {
            "owner": worker,
            "now": to_micros(now),
            "until": to_micros(now + lease),
            "accounts": listed(accounts),
            "limit": limit,
        }
        numbers = [number for (number,) in connection.execute(_TAKE, values).fetchall()]
        taken = self._reads.by_number(connection, numbers)
        return sorted(taken, key=lambda operation: (operation.due or now, operation.id))

    def _replace(
        self, connection: sqlite3.Connection, held: Operation, operation: Operation, values: dict[str, Any]
    ) -> Operation:
        """Put an operation in the place of a cancelled one with its key."""
        number = number_of(connection, held.id)
        assert number is not None  # noqa: S101 - it was read in this transaction
        connection.execute(_REPLACE, values | {"number": number})
        connection.execute("INSERT INTO replaced (id, operation) VALUES (?, ?)", (held.id, number))
        connection.execute("DELETE FROM step WHERE operation = ?", (number,))
        connection.execute("DELETE FROM answer WHERE operation = ?", (number,))
        self._add_parts(connection, number, operation)
        (replaced,) = self._reads.by_number(connection, [number])
        return replaced

    def _add_parts(self, connection: sqlite3.Connection, number: int, operation: Operation) -> None:
        connection.execute(_PUT_CONTENT, (number, self._rows.content(operation)))
        if operation.answer is not None:
            self._put_answer(connection, number, operation)
            status = operation.answer.status
            connection.execute("UPDATE operation SET answer_status = ? WHERE number = ?", (status, number))
        self._add_evidence(connection, number, operation.evidence)

    def _put_answer(self, connection: sqlite3.Connection, number: int, operation: Operation) -> None:
        assert operation.answer is not None  # noqa: S101 - the caller looked
        answer = self._rows.answer(operation.id, operation.answer)
        connection.execute(_PUT_ANSWER, (number, answer.fields, answer.body))

    def _add_evidence(self, connection: sqlite3.Connection, number: int, evidence: Iterable[Evidence]) -> None:
        for fact in evidence:
            connection.execute(_ADD_EVIDENCE, (number, *self._rows.values(fact, EVIDENCE)))

    def _put_steps(self, connection: sqlite3.Connection, number: int, operation_id: str, steps: Iterable[Step]) -> None:
        for step in steps:
            bodies = self._rows.step_bodies(operation_id, step)
            connection.execute(_PUT_STEP, (number, *self._rows.values(step, STEP), *bodies))

    def _values(self, operation: Operation, columns: tuple[str, ...]) -> dict[str, Any]:
        return dict(zip(columns, self._rows.values(operation, columns), strict=True))
