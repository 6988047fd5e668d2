"""Carries out writes: one claim for each key, one task for each operation, and an answer that is kept.

    submit ── claim ──► run the flow ──► done: answer kept
                │                    ├─► pending: poll the provider's processes until they end
                │                    └─► failed, cancelled or unknown (policies.operation says which)
                └─ lost to an earlier request: wait for its outcome, replay it

The caller's disconnect cancels nothing: the operation runs in a task of its own, and the request only waits for it.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from adapters.contract.adapter import ProcessState, WriteContext
from adapters.contract.errors import AdapterError
from adapters.contract.flow import Flow
from adapters.contract.models.resources import Order, OrderChange
from adapters.contract.wire import HttpRequest
from gateway.errors import AdapterFault
from gateway.operations import answers
from gateway.operations.processes import POLL_SECONDS, given_up, processes, settled
from gateway.providers.provider import Provider, Trip
from policies.errors import DuplicateReference, KeyReused, Overloaded, PolicyError, Withdrawn
from policies.journal import Evidence, Journal, JournalFull, Operation
from policies.operation import State

WRITE_SECONDS = 60.0
"""The longest a write may take from its claim to the provider's answer, queueing included."""
MAX_LIVE = 2_000
"""Operations under way at once; more are refused before anything is sent."""

log = structlog.get_logger("ordergate.operations")


@dataclass(frozen=True, slots=True)
class Write:
    """One intended write: whose, with which key and content, and the flow that carries it out."""

    kind: str
    caller: str
    key: str
    fingerprint: str
    provider: Provider
    flow: Callable[[WriteContext], Flow[Order | OrderChange]]
    trip: Trip
    reference: str | None = None
    subject: str | None = None


@dataclass(slots=True)
class _Run:
    """The live part of an operation: its record as last stored, and the task that carries it out."""

    write: Write
    operation: Operation
    task: asyncio.Task[None] | None = None
    ended: Operation | None = None


class Engine:
    """Runs writes against the journal. `new_id` makes ids that grow with time."""

    def __init__(self, journal: Journal, new_id: Callable[[], str]) -> None:
        self._journal = journal
        self._new_id = new_id
        self._runs: dict[str, _Run] = {}
        self._closing = False

    async def known(self, caller: str, key: str, fingerprint: str) -> Operation | None:
        """Return the caller's earlier operation with that key, unless its key is not used up. Raises KeyReused."""
        operation = await self._journal.find(caller, key)
        if operation is None or operation.state == "cancelled":
            return None
        if operation.fingerprint != fingerprint:
            raise KeyReused(operation.id)
        return operation

    async def submit(self, write: Write) -> tuple[Operation, bool]:
        """Claim and start a write; return its operation and True, or the earlier one with that key and False.

        Raises KeyReused, DuplicateReference, Overloaded, JournalFull; nothing was sent then.
        """
        if self._closing or len(self._runs) >= MAX_LIVE:
            raise Overloaded(1.0)
        now = datetime.now(UTC)
        wanted = Operation(
            id=self._new_id(),
            caller=write.caller,
            key=write.key,
            fingerprint=write.fingerprint,
            kind=write.kind,
            account=write.provider.name,
            reference=write.reference,
            subject=write.subject,
            created_at=now,
            updated_at=now,
            evidence=(Evidence(now, "claimed", "accepted"),),
        )
        claimed = await self._journal.claim(wanted)
        if claimed.id != wanted.id:
            return self._lost(claimed, write), False
        run = _Run(write, claimed)
        self._runs[claimed.id] = run
        run.task = asyncio.create_task(self._carry_out(run), name=f"operation {claimed.id}")
        return claimed, True

    async def outcome(self, operation_id: str, wait: float) -> Operation:
        """Return the operation when it has ended, or as it stands after `wait` seconds."""
        run = self._runs.get(operation_id)
        if run is not None and run.task is not None and wait > 0:
            await asyncio.wait({run.task}, timeout=wait)
        operation = await self._journal.get(operation_id)
        if operation is None and run is not None:
            # Its key was not used up, and somebody has claimed it anew already.
            operation = run.ended
        assert operation is not None  # noqa: S101 - live and ended operations are kept
        return operation

    async def withdraw(self, operation: Operation) -> Operation:
        """Cancel an operation of which nothing was sent. Raises Withdrawn when something was, or it has ended."""
        if operation.state != "accepted":
            raise Withdrawn
        now = datetime.now(UTC)
        cancelled = self._next(operation, "cancelled", Evidence(now, "withdrawn", "not sent"))
        cancelled = replace(cancelled, answer=answers.of_withdrawal(cancelled))
        if not await self._journal.update(cancelled):
            raise Withdrawn
        # The run's own record is a version behind now: whatever it still tries to store, and so to send, is refused.
        run = self._runs.get(operation.id)
        if run is not None and run.task is not None:
            run.ended = cancelled
            run.task.cancel()
        return cancelled

    async def close(self, grace: float) -> None:
        """Take no more writes and let those under way end within `grace` seconds."""
        self._closing = True
        tasks = {run.task for run in self._runs.values() if run.task is not None}
        if tasks:
            _, pending = await asyncio.wait(tasks, timeout=grace)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    def _lost(self, claimed: Operation, write: Write) -> Operation:
        if (claimed.caller, claimed.key) != (write.caller, write.key):
            raise DuplicateReference(claimed.id if claimed.caller == write.caller else None)
        if claimed.fingerprint != write.fingerprint:
            raise KeyReused(claimed.id)
        return claimed

    async def _carry_out(self, run: _Run) -> None:
        try:
            await self._run_flow(run)
        except asyncio.CancelledError:
            # What the provider works on stays pending; of anything else it is told how far it got.
            if run.operation.state != "pending":
                await self._end_without_result(run, Overloaded(1.0))
            raise
        finally:
            self._runs.pop(run.operation.id, None)

    async def _run_flow(self, run: _Run) -> None:
        write, operation = run.write, run.operation
        write.trip.before_commit = lambda request: self._sending(run, request)
        context = WriteContext(operation.id, operation.created_at)
        try:
            result = await write.provider.run(_begun(write, context), write.trip)
            self._note_attempts(run)
            if isinstance(result, OrderChange) and result.state == "pending":
                result = await self._poll(run, result)
            await self._end(run, result)
        except Withdrawn:
            return
        except Exception as error:
            if not isinstance(error, AdapterError | PolicyError | AdapterFault | JournalFull):
                log.exception("operation failed", operation=operation.id)
            await self._end_without_result(run, error)

    async def _sending(self, run: _Run, request: HttpRequest) -> None:
        """Record the intent before the first byte of a commit may leave. Raises Withdrawn."""
        now = datetime.now(UTC)
        self._note_attempts(run)
        stored = self._next(run.operation, "sending", Evidence(now, "sending", request.step))
        await self._store(run, replace(stored, attempts=stored.attempts + 1))

    def _note_attempts(self, run: _Run) -> None:
        """Turn the attempts that were seen since the last look into evidence."""
        told = sum(1 for evidence in run.operation.evidence if evidence.kind in {"answer", "no-answer"})
        now = datetime.now(UTC)
        new = tuple(
            Evidence(
                now,
                "answer" if attempt.judgement else "no-answer",
                attempt.judgement or ("not-executed" if attempt.phase == "not-sent" else "unclear"),
                attempt.phase,
                attempt.status,
            )
            for attempt in run.write.trip.attempts[told:]
        )
        run.operation = replace(run.operation, evidence=run.operation.evidence + new)

    async def _poll(self, run: _Run, change: OrderChange) -> OrderChange:
        """Ask the provider's processes until they end or the last interval is over; return what came of the change."""
        started = time.monotonic()
        for seconds in POLL_SECONDS:
            at = datetime.now(UTC) + timedelta(seconds=seconds)
            polled = replace(
                self._next(run.operation, "pending", Evidence(datetime.now(UTC), "poll", change.state)),
                next_check_at=at.replace(microsecond=0),
                answer=answers.of_change(change, run.operation),
            )
            await self._store(run, polled)
            await asyncio.sleep(seconds)
            states = await self._states(run, processes(change))
            change = settled(change, states, provider=run.write.provider.adapter.title)
            if change.state != "pending":
                break
        if change.state == "pending":
            change = given_up(change, provider=run.write.provider.adapter.title)
        log.info("processes ended", operation=run.operation.id, state=change.state, seconds=time.monotonic() - started)
        return change

    async def _states(self, run: _Run, ids: tuple[str, ...]) -> tuple[ProcessState, ...]:
        trip = Trip(time.monotonic() + WRITE_SECONDS, run.write.trip.request_id, idempotency_key=run.write.key)
        try:
            return await run.write.provider.run(run.write.provider.adapter.poll(ids), trip)
        except (AdapterError, PolicyError, AdapterFault) as error:
            log.warning("poll failed", operation=run.operation.id, error=type(error).__name__)
            return ()

    async def _end(self, run: _Run, result: Order | OrderChange) -> None:
        state = answers.state_of(result, run.write.trip.attempts)
        if state in {"succeeded", "partial"}:
            answer = answers.of_result(result, run.operation)
        else:
            answer = answers.of_failed_change(result, run.operation, run.write.trip.last_error, state)
        subject = result.id if isinstance(result, Order) else result.order_id
        ended = self._next(run.operation, state, Evidence(datetime.now(UTC), "ended", state))
        await self._store(run, replace(ended, answer=answer, subject=subject, next_check_at=None))

    async def _end_without_result(self, run: _Run, error: BaseException) -> None:
        state = answers.state_after(error, run.write.trip, run.write.provider)
        self._note_attempts(run)
        verdict = type(error).__name__
        ended = self._next(run.operation, state, Evidence(datetime.now(UTC), "ended", verdict))
        answer = answers.of_error(answers.telling(error, run.write.trip), ended)
        ended = replace(ended, answer=answer, next_check_at=None)
        if await self._journal.update(ended):
            run.ended = ended
            log.info("operation ended", operation=ended.id, state=state, error=verdict, idempotency_key=ended.key)

    def _next(self, operation: Operation, state: State, evidence: Evidence) -> Operation:
        return replace(
            operation,
            state=state,
            updated_at=evidence.at,
            evidence=(*operation.evidence, evidence),
            version=operation.version + 1,
        )

    async def _store(self, run: _Run, operation: Operation) -> None:
        """Store the next version. Raises Withdrawn when the operation was changed by somebody else meanwhile."""
        if not await self._journal.update(operation):
            raise Withdrawn
        run.operation = operation


def _begun(write: Write, context: WriteContext) -> Flow[Order | OrderChange]:
    """Return the write's flow. Raises AdapterError, and AdapterFault for any other exception."""
    try:
        return write.flow(context)
    except AdapterError:
        raise
    except Exception as error:
        log.exception("adapter failed", provider=write.provider.name)
        raise AdapterFault from error
