"""Carries out writes: one claim for each key, one run at a time for each operation, an answer that is kept.

    submit ── claim ──► run the flow ──► done, refused, or not executed: ended, answer kept
                │  │                 ├─► pending: the worker polls the provider's processes
                │  │                 └─► unknown: the worker finds out (operations.resolver)
                │  └─ a twin: held until a person lets it go, or refused (operations.twins)
                └─ lost to an earlier request: wait for its outcome, replay it

The intent is durable before the first byte of a commit leaves. The caller's disconnect cancels nothing: a run is a
task of its own, and the request only waits for it.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from adapters.contract.errors import AdapterError
from gateway.errors import AdapterFault
from gateway.operations import answers
from gateway.operations.intents import Intent
from gateway.operations.recorder import FlowChanged
from gateway.operations.repetition import may_begin, repeated
from gateway.operations.run import Run
from gateway.operations.situations import surely_over
from gateway.operations.twins import Twins
from gateway.operations.write import Write
from gateway.points import reach
from gateway.providers.provider import Provider
from gateway.providers.trip import within
from policies.errors import (
    DuplicateReference,
    InProgress,
    KeyReused,
    LeaseLost,
    Overloaded,
    PolicyError,
    Quarantined,
    Withdrawn,
    WritesPaused,
)
from policies.journal import Change, Evidence, Journal, JournalUnavailable, Operation
from policies.operation import ENDED, State
from policies.retry import Try

WRITE_SECONDS = 60.0
"""The longest a write may take from its claim to the provider's answer, queueing included."""
LEASE_SECONDS = WRITE_SECONDS + 10.0
VALID_SECONDS = 900.0
"""How long an order is wanted when the caller does not say: what was not sent by then is not sent any more."""
MAX_LIVE = 2_000
"""Operations under way at once; more are refused before anything is sent."""
PAUSED_SECONDS = 60.0
"""When to ask again whether writes to a provider are still paused."""
QUARANTINE_SECONDS = 30.0
"""When to ask again while a restored journal is reconciled."""
LOOK_SECONDS = 0.25
"""How often a request waiting for an operation that another instance runs looks at the journal."""

log = structlog.get_logger("ordergate.operations")


class Engine:
    """Runs writes against the journal. `new_id` makes ids that grow with time; `worker` names this process.

    While it is `quarantined`, nothing new begins and nothing is sent again.
    """

    def __init__(
        self,
        journal: Journal,
        providers: Mapping[str, Provider],
        new_id: Callable[[], str],
        worker: str,
        twins: Twins | None = None,
    ) -> None:
        self.journal = journal
        self.twins = twins or Twins(journal)
        self.providers = providers
        self.worker = worker
        self.quarantined = False
        self.new_id = new_id
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ended: dict[str, asyncio.Event] = {}
        self._runs: dict[str, Run] = {}
        self._claiming = 0
        self._stopping = asyncio.Event()

    async def known(self, caller: str, key: str, fingerprint: str) -> Operation | None:
        """Return the caller's earlier operation with that key, unless its key is not used up. Raises KeyReused."""
        operation = await self.journal.find(caller, key)
        if operation is None or operation.state == "cancelled":
            return None
        if operation.fingerprint != fingerprint:
            raise KeyReused(operation.id)
        return operation

    async def submit(self, write: Write) -> tuple[Operation, bool]:
        """Claim and start a write; return its operation and True, or the earlier one with that key and False.

        Raises KeyReused, DuplicateReference, WritesPaused, Quarantined, Overloaded, CircuitOpen, JournalUnavailable;
        nothing was sent then.
        """
        if self.quarantined:
            raise Quarantined(QUARANTINE_SECONDS)
        if write.provider.writes_paused:
            raise WritesPaused(PAUSED_SECONDS)
        if self._stopping.is_set() or self.room <= 0:
            raise Overloaded(1.0)
        write.provider.guard.circuit.admit("call")
        wanted = write.operation(self.new_id(), self.worker, seconds=VALID_SECONDS, lease=LEASE_SECONDS)
        reach("before-claim")
        self._claiming += 1
        try:
            async with self.twins.turn(wanted.twin):
                claimed = await self.journal.claim(wanted)
                reach("after-claim")
                if claimed.id != wanted.id:
                    return self._lost(claimed, write), False
                run = Run(self.journal, write.provider, claimed, [], write.trip, attended=within(write.wait))
                if await self.twins.stop(run):
                    return run.operation, True
        finally:
            self._claiming -= 1
        self._runs[claimed.id] = run
        self.start(claimed.id, self.carry_out(run, write.intent))
        return run.operation, True

    def start(self, operation_id: str, work: Coroutine[object, object, None]) -> None:
        """Run work for an operation in a task of its own."""
        self._ended.setdefault(operation_id, asyncio.Event())
        task = asyncio.create_task(work, name=f"operation {operation_id}")
        self._tasks[operation_id] = task
        task.add_done_callback(lambda done: self._done(operation_id, done))

    @property
    def room(self) -> int:
        """Return how many more operations may be worked on here at once."""
        return MAX_LIVE - len(self._tasks) - self._claiming

    def runs_here(self, operation_id: str) -> bool:
        """Tell whether this process works on the operation now."""
        return operation_id in self._tasks

    async def outcome(self, operation_id: str, wait: float) -> Operation:
        """Return the operation when it has ended or is in doubt, or as it stands after `wait` seconds."""
        deadline = time.monotonic() + wait
        run = self._runs.get(operation_id)
        if run is not None and wait > 0:
            # It runs here: until it has ended the journal has nothing to say, and then the run knows what was stored.
            await self._until_told(operation_id, wait)
            if run.operation.state in ENDED:
                return run.operation
        while True:
            operation = await self.journal.get(operation_id)
            assert operation is not None  # noqa: S101 - an operation never disappears while it is asked for
            if operation.id != operation_id and run is not None:
                # Its key was not used up, and somebody has claimed it anew already.
                return run.operation
            left = deadline - time.monotonic()
            if self._stopping.is_set() and not self.runs_here(operation_id):
                return operation
            if left <= 0 or operation.state in ENDED or operation.state in {"held", "unknown", "parked"}:
                return operation
            await self._until_told(operation_id, left)

    async def _until_told(self, operation_id: str, seconds: float) -> None:
        """Wait until those who wait for an operation are woken; a moment at most where another instance runs it."""
        ended = self._ended.get(operation_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, LOOK_SECONDS) if ended is None else seconds):
                await (ended or asyncio.Event()).wait()

    async def withdraw(self, operation: Operation, by: str | None = None) -> Operation:
        """Cancel an operation of which nothing was sent, on its caller's wish or `by` a person's.

        Raises Withdrawn when something was sent, or it has ended.
        """
        if operation.state not in {"accepted", "held"}:
            raise Withdrawn
        now = datetime.now(UTC)
        evidence = (
            Evidence(now, "withdrawn", "not sent") if by is None else Evidence(now, "human", "dropped", detail=by)
        )
        cancelled = replace(
            operation, state="cancelled", updated_at=now, version=operation.version + 1, due=None, owner=None
        )
        cancelled = replace(cancelled, answer=answers.of_withdrawal(cancelled))
        if not await self.journal.update(cancelled, Change((evidence,))):
            raise Withdrawn
        # The run's own record is a version behind now: whatever it still tries to store, and so to send, is refused.
        cancelled = replace(cancelled, evidence=(*operation.evidence, evidence))
        if (run := self._runs.get(operation.id)) is not None:
            run.operation = cancelled
        if (task := self._tasks.get(operation.id)) is not None:
            task.cancel()
        return cancelled

    async def release(self, operation: Operation, *, by: str) -> Operation:
        """Let a held operation go: a worker sends it next. Raises Withdrawn when it is not held any more."""
        if operation.state != "held":
            raise Withdrawn
        now = datetime.now(UTC)
        evidence = Evidence(now, "human", "released", detail=by)
        until = now + timedelta(seconds=VALID_SECONDS)
        until = min(operation.valid_until or until, until)
        accepted = replace(operation, state="accepted", updated_at=now, version=operation.version + 1, cause=None)
        accepted = replace(accepted, due=now, valid_until=until)
        if not await self.journal.update(accepted, Change((evidence,))):
            raise Withdrawn
        return replace(accepted, evidence=(*operation.evidence, evidence))

    async def settle(self, operation: Operation, *, placed: bool, subject: str | None, by: str) -> Operation:
        """Enter a person's verdict on an operation in doubt.

        Raises Withdrawn when it is in doubt no more, InProgress where "not placed" is said of what may still arrive.
        """
        if operation.state not in {"unknown", "parked"}:
            raise Withdrawn
        now = datetime.now(UTC)
        if not placed and now < surely_over(operation, self.providers.get(operation.account)):
            raise InProgress(operation.id)
        evidence = Evidence(now, "human", "placed" if placed else "not placed", detail=by)
        state: State = "succeeded" if placed else "failed"
        ended = replace(operation, state=state, updated_at=now, version=operation.version + 1, due=None, owner=None)
        ended = replace(ended, doubt=False, subject=subject or operation.subject, cause="a person's verdict")
        ended = replace(ended, answer=answers.of_verdict(ended))
        if not await self.journal.update(ended, Change((evidence,))):
            raise Withdrawn
        self.tell(operation.id)
        return replace(ended, evidence=(*operation.evidence, evidence))

    async def close(self, grace: float) -> None:
        """Let what is under way end within `grace` seconds and nothing else begin; the rest stays in the journal."""
        self._stopping.set()
        tasks = set(self._tasks.values())
        if tasks:
            _, pending = await asyncio.wait(tasks, timeout=grace)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    def tell(self, operation_id: str) -> None:
        """Wake those who wait for an operation."""
        if (event := self._ended.get(operation_id)) is not None:
            event.set()

    async def carry_out(self, run: Run, intent: Intent) -> None:
        """Run an operation's flow, from its start or from where it stopped, and store what came of it."""
        try:
            await self._run_flow(run, intent)
        except LeaseLost:
            log.warning("operation is somebody else's now", operation=run.operation.id)
        except asyncio.CancelledError:
            with suppress(LeaseLost, JournalUnavailable):
                await run.cut_off()
            raise
        except JournalUnavailable as error:
            log.warning("journal unavailable in mid-operation", operation=run.operation.id, reason=str(error))
        finally:
            self.tell(run.operation.id)

    async def _run_flow(self, run: Run, intent: Intent) -> None:
        following: Try = "now" if await may_begin(run) else "later"
        while following == "now":
            try:
                await run.end(await run.provider.run(run.flow(intent), run.trip))
                return
            except (LeaseLost, JournalUnavailable):
                raise
            except FlowChanged:
                await run.park("flow-changed")
                return
            except Exception as error:
                if not isinstance(error, AdapterError | PolicyError | AdapterFault):
                    log.exception("operation failed", operation=run.operation.id)
                following = await repeated(run, error, self._stopping)
                if following == "end":
                    await run.end_in_error(error)

    def _lost(self, claimed: Operation, write: Write) -> Operation:
        if (claimed.caller, claimed.key) != (write.caller, write.key):
            raise DuplicateReference(claimed.id if claimed.caller == write.caller else None)
        if claimed.fingerprint != write.fingerprint:
            raise KeyReused(claimed.id)
        return claimed

    def _done(self, operation_id: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(operation_id) is not task:
            return
        del self._tasks[operation_id]
        self._runs.pop(operation_id, None)
        if (event := self._ended.pop(operation_id, None)) is not None:
            event.set()
