"""One operation under way here: what was last stored of it, and what is stored next."""

import asyncio
import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import structlog

from adapters.contract.adapter import WriteContext
from adapters.contract.errors import AdapterError
from adapters.contract.flow import Flow
from adapters.contract.models.resources import Order, OrderChange
from gateway.errors import AdapterFault
from gateway.operations import answers
from gateway.operations.intents import Intent
from gateway.operations.processes import processes
from gateway.operations.recorder import OperationRecorder, Sent
from gateway.points import reach
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip
from policies.deadline import Deadline
from policies.errors import DeadlineExceeded, LeaseLost, Overloaded
from policies.journal import Change, Evidence, Journal, Operation, Step, StoredAnswer
from policies.operation import ENDED, State, none_executed, pause

log = structlog.get_logger("ordergate.operations")


_SEEN = frozenset({"answer", "no-answer", "look-up", "poll", "process"})
"""Kinds of evidence that say what was seen at the provider, and not what was made of it here."""


class Run:
    """One operation under way here: its record as last stored, its recorder, and what carries it out.

    `attended` is until when a caller waits for it; once that is over, the caller was told that it goes on.
    """

    def __init__(
        self,
        journal: Journal,
        provider: Provider,
        operation: Operation,
        steps: list[Step],
        trip: Trip,
        attended: Deadline,
    ) -> None:
        self.journal = journal
        self.provider = provider
        self.operation = operation
        self.trip = trip
        self.attended = attended
        self._facts: tuple[Evidence, ...] = ()
        self.recorder = OperationRecorder(steps, self._store_steps)
        trip.recorder = self.recorder

    async def _store_steps(self, sent: Sent) -> None:
        """Make steps durable: the intent before a commit leaves, and what came back after it."""
        now = datetime.now(UTC)
        attempt = sent.attempt
        if attempt is None:
            reach("before-sending")
            if not self.operation.doubt and self.wanted_seconds() <= 0:
                raise DeadlineExceeded
            evidence = Evidence(now, "sending", sent.step.name, detail=sent.step.digest[:16])
            await self.store(
                "sending",
                evidence,
                attempts=self.operation.attempts + 1,
                doubt=True,
                probes=0,
                first_sent_at=self.operation.first_sent_at or now,
                last_sent_at=now,
            )
            reach("after-sending")
            return
        reach("answered")
        kind = "answer" if attempt.judgement is not None else "no-answer"
        verdict = attempt.judgement or ("not-executed" if attempt.phase == "not-sent" else "unclear")
        evidence = Evidence(now, kind, verdict, attempt.phase, attempt.status)
        if sent.more:
            await self.store("sending", evidence, doubt=bool(self.recorder.doubtful()))
        else:
            # The last answer of a flow is stored with what follows from it, in one commit.
            self._facts = (*self._facts, evidence)

    async def store(self, state: State, evidence: Evidence, **members: object) -> None:
        """Store the next version of the operation. Raises LeaseLost when it is not the next any more."""
        following = replace(
            self.operation,
            state=state,
            updated_at=evidence.at,
            version=self.operation.version + 1,
            **members,  # type: ignore[arg-type]
        )
        facts = (*self._facts, evidence)
        steps = self.recorder.unstored()
        storing = asyncio.ensure_future(self.journal.update(following, Change(facts, steps)))
        try:
            stored = await asyncio.shield(storing)
        except asyncio.CancelledError:
            # The journal goes on with it all the same, and who is stopped has to know what is stored.
            if await storing:
                self._stored(following, facts, steps)
            raise
        if not stored:
            # What was seen is a fact, whoever may change the state now.
            late = tuple(replace(one, kind=f"late {one.kind}") for one in facts if one.kind in _SEEN)
            if late:
                await self.journal.append(self.operation.id, late)
            raise LeaseLost
        self._stored(following, facts, steps)
        if state in ENDED:
            reach("ended")

    def _stored(self, operation: Operation, facts: tuple[Evidence, ...], steps: tuple[Step, ...]) -> None:
        self._facts = ()
        self.recorder.stored(steps)
        self.operation = replace(operation, evidence=(*self.operation.evidence, *facts))

    def note_processes(self, names: Iterable[str], verdict: str) -> None:
        """Keep, with the next change, that these processes of the provider's are the operation's."""
        known = {one.detail for one in (*self.operation.evidence, *self._facts) if one.kind == "process"}
        now = datetime.now(UTC)
        new = [name for name in dict.fromkeys(names) if name not in known]
        self._facts = (*self._facts, *(Evidence(now, "process", verdict, detail=name) for name in new))

    def flow(self, intent: Intent) -> Flow[Order | OrderChange]:
        """Return the write's flow, from its start. Raises AdapterError, and AdapterFault for any other exception."""
        try:
            return intent.flow(self.provider.adapter, WriteContext(self.operation.id, self.operation.created_at))
        except AdapterError:
            raise
        except Exception as error:
            log.exception("adapter failed", provider=self.provider.name)
            raise AdapterFault from error

    @property
    def tries(self) -> int:
        """Return how often it was put back to be tried again."""
        facts = [one.kind for one in self.operation.evidence]
        begun = max((index for index, kind in enumerate(facts) if kind == "claimed"), default=-1)
        return facts[begun + 1 :].count("again")

    def wanted_seconds(self) -> float:
        """Return for how long it is still wanted."""
        until = self.operation.valid_until
        return math.inf if until is None else (until - datetime.now(UTC)).total_seconds()

    def is_unexecuted(self, error: Exception) -> bool:
        """Tell whether it is proven that nothing was executed by a flow that ended in an error."""
        state = answers.state_after(error, self.trip, self.provider)
        return state == "cancelled" and none_executed(self.trip.attempts) and not self.recorder.doubtful()

    async def put_back(self, cause: str, due: datetime | None = None) -> None:
        """Store that nothing was executed and that it is tried again: by this run, or when it is `due` by any.

        Raises RuntimeError where something may have been.
        """
        if self.recorder.doubtful():
            raise RuntimeError("what may have been executed is not put back")
        evidence = Evidence(datetime.now(UTC), "again", cause)
        released = {} if due is None else {"due": due, "owner": None, "lease_until": None}
        await self.store("accepted", evidence, doubt=False, **released)
        self.trip.anew()

    async def cut_off(self) -> None:
        """Store how far it got that is stopped: what was sent is told, what was not is left to another or given up.

        Where its caller was told that it goes on it does, here or elsewhere; where the caller waits it is told.
        """
        if self.operation.state not in {"accepted", "sending"}:
            return
        stopped = Overloaded(1.0)
        if self.attended.left() <= 0 and self.is_unexecuted(stopped):
            await self.put_back("stopped", datetime.now(UTC))
        else:
            await self.end_in_error(stopped)

    async def end(self, result: Order | OrderChange, *, found_out: bool = False) -> None:
        """Store what a flow returned, or what was `found_out` of it later.

        A flow that was sent again tells what became of the last try; while an earlier one is open, "no" is not sure.
        """
        if isinstance(result, OrderChange) and result.state == "unknown" and processes(result):
            # One part is in doubt and another under way: first that one is followed to its end.
            result = msgspec.structs.replace(result, state="pending")
        if isinstance(result, OrderChange):
            self.note_processes([part.process for part in result.parts or () if part.process is not None], "started")
        state = answers.state_of(result, self.trip.attempts)
        if found_out and state == "cancelled":
            # The requests are long answered: what the provider took on and then refused is final.
            state = "failed"
        if not found_out and self.recorder.doubtful() and state in {"failed", "cancelled", "partial"}:
            state = "unknown"
        now = datetime.now(UTC)
        subject = result.id if isinstance(result, Order) else result.order_id
        if isinstance(result, OrderChange) and state == "pending":
            answer = answers.of_change(result, self.operation)
        elif state in {"succeeded", "partial"}:
            answer = answers.of_result(result, self.operation)
        else:
            answer = answers.of_failed_change(result, self.operation, self.trip.last_error, state)
        open_still = state in {"pending", "unknown"}
        await self.store(
            state,
            Evidence(now, "ended" if not open_still else state, state),
            answer=answer,
            subject=subject,
            cause="refused" if self.recorder.rejected and open_still else self.operation.cause,
            doubt=state == "unknown" or (state == "pending" and bool(self.recorder.doubtful())),
            probes=self._tries() if open_still else 0,
            due=now + timedelta(seconds=pause(self._tries())) if open_still else None,
            owner=None,
            lease_until=None,
        )

    async def end_in_error(self, error: Exception) -> None:
        """Store that a flow ended in an error, in the state that its attempts prove."""
        state = answers.state_after(error, self.trip, self.provider)
        if self.recorder.doubtful() and state != "succeeded":
            state = "unknown"
        error = answers.telling(error, self.trip)
        now = datetime.now(UTC)
        ended = replace(self.operation, state=state, evidence=(*self.operation.evidence, *self._facts))
        await self.store(
            state,
            Evidence(now, "ended" if state != "unknown" else "unknown", type(error).__name__),
            answer=answers.of_error(error, ended, self.trip.last_error),
            cause="refused" if self.recorder.rejected else type(error).__name__,
            doubt=state == "unknown",
            probes=self._tries() if state == "unknown" else 0,
            due=now + timedelta(seconds=pause(self._tries())) if state == "unknown" or self._lacks_id(state) else None,
            owner=None,
            lease_until=None,
        )
        log.info(
            "operation ended",
            operation=ended.id,
            state=state,
            error=type(error).__name__,
            idempotency_key=ended.key,
            provider=ended.account,
        )

    def _lacks_id(self, state: State) -> bool:
        """Tell whether an order was placed whose id is still to be asked for."""
        return (
            state == "succeeded" and self.operation.kind == "orders.place" and self.provider.adapter.has("find_order")
        )

    def _tries(self) -> int:
        """Return how often it was tried to find out; a run that sent nothing, only played back, was one more try."""
        return self.operation.probes + 1 if self.operation.state == "unknown" else 0

    async def park(self, cause: str, answer: StoredAnswer | None = None) -> None:
        """Leave an operation to a person."""
        evidence = Evidence(datetime.now(UTC), "parked", cause)
        parked = replace(self.operation, state="parked")
        answer = answer or answers.of_doubt(parked)
        await self.store("parked", evidence, cause=cause, answer=answer, due=None, owner=None, lease_until=None)
        log.error("operation parked", operation=parked.id, cause=cause, provider=parked.account)
