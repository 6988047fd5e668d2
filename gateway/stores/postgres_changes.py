"""The commands that change operations.

Each has a second form for when a connection was cut while the first was under way: it says what became of that, by
doing it again where that does nothing twice. It is conclusive: both wait for each other at the same row.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from gateway.stores import postgres_statements as statements
from gateway.stores.postgres_connection import Connection
from gateway.stores.postgres_reads import Reads
from gateway.stores.rows import CHANGING, EVIDENCE, OPERATION, STEP, Rows
from policies.journal import Change, Evidence, JournalUnavailable, Operation, Step
from policies.operation import ENDED

TRIES = 50
"""How often a claim or an update that meets others at the same moment is tried."""


class Changes:
    """Changes operations and what belongs to them."""

    def __init__(self, rows: Rows, reads: Reads) -> None:
        self._rows = rows
        self._reads = reads

    async def claim(self, connection: Connection, operation: Operation) -> Operation:
        """Insert the operation, or return the one it loses to. Doing it again returns what it did."""
        values = self._claimed(operation)
        for _ in range(TRIES):
            if await connection.fetchval(statements.INSERT, *values):
                return operation
            held = await self._reads.by_key(connection, operation.caller, operation.key)
            if held is not None and (held.state != "cancelled" or held.id == operation.id):
                return held
            owner = await self._reads.by_reference(connection, operation)
            if owner is not None:
                return owner
            if held is None:
                # Whoever it lost to is gone, or is not in its way any more; unless only its id was.
                await self._refuse_taken_id(connection, operation)
            elif await self._replace(connection, held, values):
                replaced = await self._reads.by_id(connection, operation.id)
                if replaced is not None:
                    return replaced
        raise JournalUnavailable("too many want the same at once")

    async def update(self, connection: Connection, operation: Operation, change: Change, change_id: UUID) -> bool:
        """Store the next version of an operation, if it is the next and no final state is left."""
        values = self._updated(operation, change, change_id)
        for _ in range(TRIES):
            try:
                return bool(await connection.fetchval(statements.UPDATE, *values))
            except asyncpg.UniqueViolationError as error:
                # Meanwhile the reference is another operation's; or another event of the subject was first.
                if error.constraint_name == "operation_reference":
                    return False
                if error.constraint_name != "event_version":
                    raise
        raise JournalUnavailable("too many change the same at once")

    async def update_again(self, connection: Connection, operation: Operation, change: Change, change_id: UUID) -> bool:
        """Store it, or tell whether it is stored already."""
        if await self.update(connection, operation, change, change_id):
            return True
        stored = await connection.fetchrow(statements.STORED, operation.id)
        if stored is not None and stored["version"] <= operation.version:
            return bool(stored["change"] == change_id)
        if not change.evidence:
            raise JournalUnavailable("others have changed the operation since", in_doubt=True)
        return bool(await connection.fetchval(statements.ALL_THERE, operation.id, *self._facts(change.evidence)))

    async def append(self, connection: Connection, operation_id: str, evidence: Sequence[Evidence]) -> None:
        """Add facts to the operation with this id, or to the one that replaced it."""
        await connection.execute(statements.APPEND, operation_id, *self._facts(evidence))

    async def append_again(self, connection: Connection, operation_id: str, evidence: Sequence[Evidence]) -> None:
        """Add those facts that are not there."""
        await connection.execute(statements.APPEND_MISSING, operation_id, *self._facts(evidence))

    async def adopt(self, connection: Connection, operation_id: str, name: str) -> str | None:
        """Give what was found to an operation unless it is another's; return whose it is."""
        await connection.execute(statements.ADOPT, operation_id, name)
        # Not in the statement that gives: what another gave a moment before is not in what that one sees.
        owner = await connection.fetchval(statements.ADOPTED_BY, operation_id, name)
        return None if owner is None else str(owner)

    async def take_due(
        self,
        connection: Connection,
        worker: str,
        lease_seconds: float,
        accounts: Sequence[str],
        limit: int,
        change_id: UUID,
    ) -> list[Operation]:
        """Give operations that are due to a worker, the longest due first."""
        values = (list(accounts), limit, worker, lease_seconds, change_id)
        if not await connection.fetchval(statements.TAKE, *values):
            return []
        # Not in the statement that takes: it reads what belongs to a row as it was before it waited for that row.
        return await self._reads.taken(connection, worker, change_id)

    async def _replace(self, connection: Connection, held: Operation, values: Sequence[Any]) -> bool:
        """Put an operation in the place of a cancelled one with its key, if that is still as it was read."""
        try:
            return bool(await connection.fetchval(statements.REPLACE, *values, held.id, held.version))
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != "operation_reference":
                raise
            return False

    async def _refuse_taken_id(self, connection: Connection, operation: Operation) -> None:
        other = await self._reads.by_id(connection, operation.id)
        if other is not None and (other.caller, other.key) != (operation.caller, operation.key):
            raise ValueError(f"the id {operation.id} is another operation's")

    def _claimed(self, operation: Operation) -> list[Any]:
        ended_at = operation.updated_at if operation.state in ENDED else None
        return [
            *self._rows.values(operation, OPERATION),
            ended_at,
            uuid4(),
            *self._answer(operation),
            self._rows.content(operation),
            *self._facts(operation.evidence),
        ]

    def _updated(self, operation: Operation, change: Change, change_id: UUID) -> list[Any]:
        return [
            operation.id,
            *self._rows.values(operation, CHANGING),
            change_id,
            *self._answer(operation),
            *self._facts(change.evidence),
            *self._steps(operation.id, change.steps),
        ]

    def _answer(self, operation: Operation) -> tuple[int | None, str | None, bytes | None]:
        if operation.answer is None:
            return None, None, None
        answer = self._rows.answer(operation.id, operation.answer)
        return answer.status, answer.fields, answer.body

    def _facts(self, evidence: Iterable[Evidence]) -> list[list[Any]]:
        return _columns([self._rows.values(fact, EVIDENCE) for fact in evidence], len(EVIDENCE))

    def _steps(self, operation_id: str, steps: Iterable[Step]) -> list[list[Any]]:
        rows: dict[tuple[int, int], list[Any]] = {}
        for step in steps:
            row = [*self._rows.values(step, STEP), *self._rows.step_bodies(operation_id, step)]
            # One statement writes a row once: what stands twice is put together here, as one after the other would be.
            before = rows.get((step.index, step.part))
            if before is not None and row[-1] is None:
                row[-1] = before[-1]
            rows[step.index, step.part] = row
        return _columns(list(rows.values()), len(STEP) + 2)


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Return rows as columns."""
    return [[row[column] for row in rows] for column in range(width)]
