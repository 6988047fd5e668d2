"""The journal of writes: what is kept of each intended write, and what a store must promise.

    operation   one row for each (caller, key): who wants what, how far it is, who works on it until when
    step        one row for each request of its flow: the frozen bytes, and what came back
    evidence    append-only facts, also from those who may no longer change the state
    event       one row for each change of state, in the same transaction: what others are told
    adopted     what look-ups found at a provider, each for one operation only

A store does atomic things and says what was there; it decides nothing. `version` is the fence: every change names the
version it is based on, every claim by a worker makes a new one, and a store takes only the next. So who lost its claim
cannot change the state any more; what it saw is still evidence.
"""

from collections.abc import Mapping, Sequence
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
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What the caller was answered, kept to be given again: a status, named fields, a body (in no `repr`)."""

    status: int
    fields: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One request of an operation's flow. `index` counts what the flow yielded, `part` the requests of one list.

    `request` is frozen before it leaves and sent again byte for byte; it holds no credentials. `digest` is its hash.
    `answer` is what came back, None while that is not known; `phase` is how far the last try got.
    """

    index: int
    part: int
    name: str
    effect: str
    digest: str
    request: bytes = field(repr=False)
    answer: bytes | None = field(default=None, repr=False)
    phase: Phase | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One intended write of one caller.

    `content` is what it wants, enough to build its flow again after a restart. `doubt` says that a request may have
    been executed without our knowing; only evidence clears it. `probes` counts look-ups that found nothing. `due` is
    when the next worker is to look at it (None: nobody has to), `owner` and `lease_until` who works on it now.
    """

    id: str
    caller: str
    key: str
    fingerprint: str
    kind: str
    account: str
    created_at: datetime
    updated_at: datetime
    state: State = "accepted"
    content: bytes = field(default=b"", repr=False)
    reference: str | None = None
    twin: str | None = None
    subject: str | None = None
    attempts: int = 0
    doubt: bool = False
    probes: int = 0
    first_sent_at: datetime | None = None
    last_sent_at: datetime | None = None
    valid_until: datetime | None = None
    due: datetime | None = None
    owner: str | None = None
    lease_until: datetime | None = None
    cause: str | None = None
    answer: StoredAnswer | None = None
    version: int = 0
    evidence: tuple[Evidence, ...] = ()
    """The facts, oldest first, as read; `update` and `append` add to them, nothing changes them."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one atomic change of an operation stores beside its row: new facts, new or answered steps."""

    evidence: tuple[Evidence, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One change of an operation's state, in the order of commits. `subject` is the order, or the operation without.

    `version` counts the events of one subject from 1: several operations may change the same order.
    """

    sequence: int
    subject: str
    version: int
    operation: str
    state: State
    at: datetime


@dataclass(frozen=True, slots=True)
class Open:
    """How many operations of one account stand in one state that is no end, and when the oldest was created."""

    account: str
    state: State
    count: int
    oldest: datetime


class JournalUnavailable(Exception):
    """The journal cannot take or give anything now. What was asked for did not happen, unless `in_doubt`."""

    def __init__(self, reason: str, *, in_doubt: bool = False) -> None:
        super().__init__(reason)
        self.in_doubt = in_doubt


class JournalFull(JournalUnavailable):
    """No room for another operation; nothing was claimed."""


class Journal(Protocol):
    """Where operations are kept. Every method is atomic and durable when it returns; all raise JournalUnavailable."""

    async def open(self) -> None:
        """Make ready, migrating an older schema. Raises JournalRefused for what must not be used."""
        ...

    async def close(self) -> None:
        """End everything that runs; what was accepted before is stored."""
        ...

    async def claim(self, operation: Operation) -> Operation:
        """Insert the operation with its evidence, or return the one it loses to.

        It loses to the one with its (caller, key), and to one that is live or placed with its (account, kind,
        reference). An operation in state `cancelled` with the same key gives way and is replaced: its facts stay before
        those of the new one, and its id names the new one for `get`, `steps` and `append`, never for `update`.
        Raises JournalFull.
        """
        ...

    async def update(self, operation: Operation, change: Change) -> bool:
        """Store the operation with what belongs to the change, if its version is the stored one's plus one.

        Tells whether it was stored. A final state is never left. A change of state adds an event. What the claim fixed
        (whose it is, key, fingerprint, kind, account, reference, twin, content, `created_at`) stays as it is. A step
        replaces the one stored with its index and part, but an answer stays where the new step has none.
        """
        ...

    async def append(self, operation_id: str, evidence: Sequence[Evidence]) -> None:
        """Add facts whoever saw them, whatever the version."""
        ...

    async def adopt(self, operation_id: str, name: str) -> str | None:
        """Give what a look-up found to an operation; return the id of the operation whose it is now.

        Among those of its account and kind it is the first one's that asks, for good, however many ask at once. None
        where there is no such operation.
        """
        ...

    async def take_due(self, worker: str, lease_seconds: float, accounts: Sequence[str], limit: int) -> list[Operation]:
        """Claim operations of these accounts that are due and that nobody works on; their version is one more.

        Time is the store's. Each is given to one worker only, until `lease_seconds` from now.
        """
        ...

    async def get(self, operation_id: str) -> Operation | None:
        """Return one operation with its evidence."""
        ...

    async def steps(self, operation_id: str) -> list[Step]:
        """Return the steps of an operation in order."""
        ...

    async def find(self, caller: str, key: str) -> Operation | None:
        """Return the caller's operation with that key."""
        ...

    async def twins(self, account: str, twin: str, since: datetime) -> list[Operation]:
        """Return live or placed operations with the same business fingerprint, created at or after `since`.

        The oldest ten: whoever orders the same again and again is not to make each order slower than the last.
        """
        ...

    async def search(
        self,
        caller: str | None,
        *,
        state: State | None = None,
        account: str | None = None,
        reference: str | None = None,
        subject: str | None = None,
        key: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[Operation]:
        """Return operations (of one caller, or of all for None), newest first, after the one with id `before`."""
        ...

    async def events(self, after: int, limit: int) -> list[Event]:
        """Return events after a sequence number, without gaps: none that commits later comes before one returned."""
        ...

    async def still_open(self) -> list[Open]:
        """Return what has not ended or waits for a person, by account and state."""
        ...

    async def purge(self, now: datetime, limit: int = 1000) -> int:
        """Forget what retention lets go: bodies first, then what remains of old ended operations; return how many.

        Frozen requests go 7 days after the end, answers 30 days, tombstones (key, fingerprint, state, id) 400 days.
        What is not ended stays. A tombstone still answers `claim`: it never executes again. Each call takes at most one
        of these things from at most `limit` operations; nothing is left to forget when it returns 0.
        """
        ...


class JournalRefused(Exception):
    """The store must not be used as it is: a schema that is newer, a file that is corrupt, a place that forgets.

    The text names the place and the way out.
    """
