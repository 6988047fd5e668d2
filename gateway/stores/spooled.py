"""A journal whose loss between a request and its answer loses no answer: that goes to a spool, and to the caller.

Only what was seen at a provider is spooled. The intent to send is not: without the journal nothing is sent.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import structlog

from gateway.stores.spool import Spool
from policies.journal import Change, Evidence, Journal, JournalUnavailable, Operation
from policies.operation import ENDED, FINAL

_SEEN = frozenset({"answer", "no-answer", "process"})

log = structlog.get_logger("ordergate.stores")


@dataclass(frozen=True, slots=True)
class _Record:
    """A change that could not be stored."""

    operation: Operation
    change: Change


class SpooledJournal:
    """Does what `journal` does; while that is away, answers wait in `spool`, and are told from here meanwhile."""

    def __init__(self, journal: Journal, spool: Spool) -> None:
        self._journal = journal
        self._spool = spool
        self._records: list[_Record] = []
        self._waiting: dict[str, Operation] = {}
        self._turn = asyncio.Lock()
        self.close, self.claim, self.append, self.adopt = journal.close, journal.claim, journal.append, journal.adopt
        self.steps, self.twins, self.search = journal.steps, journal.twins, journal.search
        self.events, self.still_open, self.purge = journal.events, journal.still_open, journal.purge

    async def open(self) -> None:
        """Read what a process before this one left in the spool; the journal itself is open. Raises OSError."""
        for body in await asyncio.to_thread(self._spool.read):
            record = msgspec.json.decode(body, type=_Record)
            self._wait(record)
        if self._records:
            log.warning("answers wait in the spool", operations=len(self._records))

    async def update(self, operation: Operation, change: Change) -> bool:
        if operation.id in self._waiting:
            await self._give_back()
        if operation.id not in self._waiting:
            try:
                return await self._journal.update(operation, change)
            except JournalUnavailable as error:
                if not _was_answered(change):
                    raise
                reason = str(error)
        elif not _was_answered(change) and operation.state == "sending":
            raise JournalUnavailable("answers wait in the spool")
        else:
            reason = "answers wait in the spool"
        await self._keep(_Record(replace(operation, content=b""), change), reason)
        return True

    async def take_due(self, worker: str, lease_seconds: float, accounts: Sequence[str], limit: int) -> list[Operation]:
        await self._give_back()
        return await self._journal.take_due(worker, lease_seconds, accounts, limit)

    async def get(self, operation_id: str) -> Operation | None:
        return self._waiting.get(operation_id) or await self._journal.get(operation_id)

    async def find(self, caller: str, key: str) -> Operation | None:
        waiting = (one for one in self._waiting.values() if (one.caller, one.key) == (caller, key))
        return next(waiting, None) or await self._journal.find(caller, key)

    async def _keep(self, record: _Record, reason: str) -> None:
        """Spool a change. Raises JournalUnavailable where that cannot be done either."""
        async with self._turn:
            try:
                await asyncio.to_thread(self._spool.append, msgspec.json.encode(record))
            except OSError as error:
                log.error("answer not spooled", operation=record.operation.id, reason=str(error))  # noqa: TRY400
                raise JournalUnavailable(reason) from error
            self._wait(record)
        log.warning("answer spooled", operation=record.operation.id, state=record.operation.state, reason=reason)

    def _wait(self, record: _Record) -> None:
        self._records.append(record)
        operation = record.operation
        known = self._waiting.get(operation.id, operation).evidence
        facts = (*(known if len(known) > len(operation.evidence) else operation.evidence), *record.change.evidence)
        self._waiting[operation.id] = replace(operation, evidence=facts)

    async def _give_back(self) -> None:
        """Store what waits, in its order; what cannot be stored yet goes on waiting."""
        if not self._records:
            return
        async with self._turn:
            try:
                while self._records:
                    await self._store(self._records[0])
                    del self._records[0]
            except JournalUnavailable:
                return
            self._waiting.clear()
            try:
                await asyncio.to_thread(self._spool.clear)
            except OSError as error:
                # What is stored already is found to be so when it is read again.
                log.warning("spool not cleared", path=str(self._spool.path), reason=str(error))
        log.info("answers in the spool are stored")

    async def _store(self, record: _Record) -> None:
        """Store a change as it would have been, or as far as others have left room for it: as facts at least."""
        operation, change = record.operation, record.change
        if await self._journal.update(operation, change):
            return
        stored = await self._journal.get(operation.id)
        if stored is None or stored.id != operation.id or set(change.evidence) <= set(stored.evidence):
            return
        # Somebody looked after it meanwhile; nothing was sent again, so what was answered still decides.
        decides = operation.state in ENDED or (operation.state == "pending" and stored.state in {"sending", "unknown"})
        if decides and stored.state not in FINAL and stored.attempts == operation.attempts:
            following = replace(operation, version=stored.version + 1, created_at=stored.created_at)
            if await self._journal.update(following, change):
                return
        late = [replace(one, kind=f"late {one.kind}") for one in change.evidence if one.kind in _SEEN]
        if late:
            await self._journal.append(operation.id, late)


def _was_answered(change: Change) -> bool:
    """Tell whether a change says what came back, and does not precede another request."""
    facts: tuple[Evidence, ...] = change.evidence
    return any(one.kind in {"answer", "no-answer"} for one in facts) and facts[-1].kind != "sending"
