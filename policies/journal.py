"""The journal of writes: one record for each intended write, and what a store must promise about it.

A store does atomic things and says what was there; it decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from policies.operation import Phase, State


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact about an operation: when, what kind (`claimed`, `sending`, `answer`, `poll`, …), what it says."""

    at: datetime
    kind: str
    verdict: str
    phase: Phase | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What the caller was answered, kept to be given again: a status, named fields, a body (in no `repr`)."""

    status: int
    fields: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """One intended write of one caller. `version` counts its changes; a store takes only the next one."""

    id: str
    caller: str
    key: str
    fingerprint: str
    kind: str
    account: str
    created_at: datetime
    updated_at: datetime
    state: State = "accepted"
    reference: str | None = None
    subject: str | None = None
    attempts: int = 0
    evidence: tuple[Evidence, ...] = ()
    next_check_at: datetime | None = None
    answer: StoredAnswer | None = None
    version: int = 0


class JournalFull(Exception):
    """No room for another operation; nothing was claimed."""


class Journal(Protocol):
    """Where operations are kept. Every method is atomic."""

    async def claim(self, operation: Operation) -> Operation:
        """Insert the operation, or return the one it loses to: with its key, or live or placed with its reference.

        An operation in state `cancelled` with the same key gives way and is replaced. Raises JournalFull.
        """
        ...

    async def update(self, operation: Operation) -> bool:
        """Store the operation if its version is the stored one's plus one; tell whether it was."""
        ...

    async def get(self, operation_id: str) -> Operation | None:
        """Return one operation."""
        ...

    async def find(self, caller: str, key: str) -> Operation | None:
        """Return the caller's operation with that key."""
        ...

    async def list(
        self,
        caller: str,
        *,
        state: State | None = None,
        account: str | None = None,
        reference: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[Operation]:
        """Return a caller's operations, newest first, after the one with id `before`."""
        ...
