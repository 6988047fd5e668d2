"""Finds out what became of an operation that was left open: by the provider's own means, as its traits say.

What to do is decided by `policies.operation.next_move`; here it is done: send again, look up, poll, or park.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
import structlog

from adapters.contract.adapter import ProcessState, WriteContext
from adapters.contract.errors import AdapterError
from adapters.contract.models.requests import NewOrder
from adapters.contract.models.resources import Order, OrderChange
from adapters.contract.traits import Trait
from gateway.errors import AdapterFault
from gateway.operations import answers
from gateway.operations.engine import PAUSED_SECONDS, WRITE_SECONDS, Engine
from gateway.operations.intents import Intent
from gateway.operations.owners import Undecided, is_overtaken, owns_order
from gateway.operations.processes import given_up, overall, processes, settled
from gateway.operations.run import Run
from gateway.operations.second_looks import adopted, has_to_show, held_against, in_doubt, is_shown, was_sent_again
from gateway.operations.silence import replayed
from gateway.operations.situations import ANOTHERS, asked_only, sent_since, situation_of, was_restored
from gateway.points import reach
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip, within
from policies.errors import PolicyError
from policies.journal import Evidence, Operation
from policies.operation import FINAL, Next, State, next_move, pause
from policies.queueing import Priority, Standing

NOT_SHOWN = "not shown"
"""The verdict of a poll after which a found process is done, and what was wanted is not to be seen."""
SHOWN_TRIES = 5
"""How often more it is looked for then, over a minute or two."""
ID_TRIES = 12
"""How often the id of a placed order is looked for, over some half an hour."""
_NONE = Trait("none", source="no trait was declared")

log = structlog.get_logger("ordergate.resolver")


_PRIORITIES: Mapping[State, Priority] = {"accepted": Priority.COMMIT, "pending": Priority.STATUS}


class Resolver:
    """Works on operations that were claimed from the journal. After `horizon` seconds of doubt a person has to look."""

    def __init__(self, engine: Engine, *, horizon: float) -> None:
        self._engine = engine
        self._horizon = horizon

    async def resolve(self, operation: Operation) -> None:
        """Take the next step with an operation that this worker holds, or put it back until its time comes."""
        provider = self._engine.providers[operation.account]
        steps = await self._engine.journal.steps(operation.id)
        standing = Standing(_PRIORITIES.get(operation.state, Priority.RESOLVE), operation.caller)
        trip = Trip(within(WRITE_SECONDS), request_id=operation.id, idempotency_key=operation.key, standing=standing)
        run = Run(self._engine.journal, provider, operation, steps, trip, attended=within(0.0))
        intent = Intent.decoded(operation.kind, operation.content)
        if operation.state in FINAL:
            await self._look_for_id(run, intent)
            return
        now = datetime.now(UTC)
        step = next(iter(run.recorder.doubtful()), None)
        trait = provider.adapter.traits().get(step.name, _NONE) if step is not None else self._trait(provider, intent)
        if was_restored(operation):
            trait = asked_only(trait)
        following = next_move(situation_of(operation, provider, trait, self._horizon), trait, now)
        if following.at > now:
            await self._put_back(run, following.at, following.cause)
            return
        await self._move(run, intent, trait, following)

    async def _move(self, run: Run, intent: Intent, trait: Trait, following: Next) -> None:
        log.info("resolving", operation=run.operation.id, move=following.move, cause=following.cause)
        if following.move in {"look-up", "poll"}:
            run.trip.purpose = "find-out"
            reach(following.move)
        match following.move:
            case "send" if run.provider.writes_paused or self._engine.quarantined:
                await self._put_back(run, datetime.now(UTC) + timedelta(seconds=PAUSED_SECONDS), "writes are paused")
            case "send" if await is_overtaken(run):
                await run.park("a later change of the same was sent since")
            case "send":
                if not await self._engine.twins.stop(run):
                    await self._engine.carry_out(run, intent)
            case "poll":
                await self._poll(run, intent)
            case "look-up" if trait.kind == "async":
                await self._look_for_processes(run, intent)
            case "look-up":
                await self._look_up(run, intent)
            case "park":
                await run.park(following.cause)
            case _:
                await self._end_unexecuted(run, following)

    def _trait(self, provider: Provider, intent: Intent) -> Trait:
        """Return the trait for an operation without a doubtful step: it decides nothing but what to call it."""
        return next(iter(provider.adapter.traits().values()), _NONE) if intent.kind == "orders.place" else _NONE

    # Ways to find out -------------------------------------------------------------------------------------------

    async def _look_for_id(self, run: Run, intent: Intent) -> None:
        """Look for the id of an order whose answer said yes and could not be read: nothing else comes of it."""
        found, verdict = None, "absent"
        try:
            found = await self._found(run, intent)
            if found is not None and not await owns_order(run, found):
                found, verdict = None, ANOTHERS
        except (AdapterError, PolicyError, AdapterFault, Undecided) as error:
            verdict = type(error).__name__
        now, tries = datetime.now(UTC), run.operation.probes + 1
        members: dict[str, object] = {"probes": tries, "owner": None, "lease_until": None}
        if found is not None:
            verdict = "found"
            members |= {"subject": found.id, "answer": answers.of_result(found, run.operation), "due": None}
        else:
            members["due"] = now + timedelta(seconds=pause(tries)) if tries < ID_TRIES else None
        evidence = Evidence(now, "look-up", verdict, detail=None if found is None else found.id)
        await run.store(run.operation.state, evidence, **members)

    async def _found(self, run: Run, intent: Intent) -> Order | None:
        """Return the order that was placed, if it is there. Raises AdapterError, PolicyError, AdapterFault."""
        operation = run.operation
        assert isinstance(intent.content, NewOrder)  # noqa: S101 - only placing is looked up so
        context = WriteContext(operation.id, operation.created_at)
        since = sent_since(operation)
        run.trip.recorder = None
        return await run.provider.run(run.provider.adapter.find_order(intent.content, since, context), run.trip)

    async def _look_up(self, run: Run, intent: Intent) -> None:
        try:
            found = await self._found(run, intent)
            ours = found is not None and await owns_order(run, found)
        except (AdapterError, PolicyError, AdapterFault, Undecided) as error:
            await self._told_nothing(run, "look-up", type(error).__name__)
            return
        reach("looked-up")
        if found is None or not ours:
            await self._told_nothing(run, "look-up", "absent" if found is None else ANOTHERS)
            return
        await run.store("unknown", Evidence(datetime.now(UTC), "look-up", "found", detail=found.id))
        await run.end(found, found_out=True)

    async def _look_for_processes(self, run: Run, intent: Intent) -> None:
        """Adopt the provider's processes for parts whose answer was lost."""
        change = await replayed(run, intent)
        if change is None:
            await self._told_nothing(run, "look-up", "unreadable")
            return
        step = next(iter(run.recorder.doubtful()))
        try:
            parts = [
                part if part.state != "unknown" else await adopted(run, part, step.name) for part in change.parts or ()
            ]
        except Undecided as error:
            if not error.passing:
                await run.park(str(error))
                return
            await self._told_nothing(run, "look-up", "undecided")
            return
        except (AdapterError, PolicyError, AdapterFault) as error:
            # No answer is no absence.
            await self._told_nothing(run, "look-up", type(error).__name__)
            return
        reach("looked-up")
        if any(part.state == "unknown" for part in parts):
            await self._told_nothing(run, "look-up", "absent")
            return
        states = [part.state for part in parts]
        change = msgspec.structs.replace(change, parts=tuple(parts), state=overall(states))
        await run.store("unknown", Evidence(datetime.now(UTC), "look-up", "found"))
        await run.end(change, found_out=True)

    async def _poll(self, run: Run, intent: Intent) -> None:
        change = answers.change_in(run.operation)
        if change is None:
            await run.park("the processes are not known any more")
            return
        run.trip.recorder = None
        states: tuple[ProcessState, ...] = ()
        verdict = "pending"
        try:
            states = await run.provider.run(run.provider.adapter.poll(processes(change)), run.trip)
        except (AdapterError, PolicyError, AdapterFault) as error:
            verdict = type(error).__name__
        reach("polled")
        before, title = change, run.provider.adapter.title
        change = settled(change, states, provider=title)
        if change.state == "pending" and not self._too_long(run.operation):
            await self._wait_longer(run, change, verdict)
            return
        if change.state == "pending":
            change = given_up(change, provider=title)
        await self._look_again(run, intent, before, change)

    async def _look_again(self, run: Run, intent: Intent, before: OrderChange, change: OrderChange) -> None:
        """Store what became of a change whose processes have ended, once what else is to be seen was looked at."""
        shown = True
        try:
            change = await held_against(run, change)
            if change.state != "pending" and has_to_show(run, intent, change):
                shown = await is_shown(run, intent)
        except (AdapterError, PolicyError, AdapterFault, Undecided) as error:
            # No answer is no failure.
            if not self._too_long(run.operation):
                await self._wait_longer(run, before, type(error).__name__)
                return
            change = in_doubt(change) if was_sent_again(run) else change
            shown = not has_to_show(run, intent, change)
        if change.state == "pending":
            await self._wait_longer(run, change, "another process")
            return
        if not shown:
            await self._not_shown(run, before)
            return
        lost = any(part.state == "unknown" and part.process is None for part in change.parts or ())
        if change.state == "unknown" and not (lost and run.recorder.doubtful()):
            answer = answers.of_failed_change(change, run.operation, None, "unknown")
            await run.store("pending", Evidence(datetime.now(UTC), "poll", "unknown"))
            await run.park("a process ended without saying what it did", answer)
            return
        # Where a part's own answer was lost, its process is still to be looked for.
        await run.end(change, found_out=True)

    # What is stored of it ---------------------------------------------------------------------------------------

    async def _told_nothing(self, run: Run, kind: str, verdict: str) -> None:
        """Store a try that did not settle it, and when to try again."""
        now = datetime.now(UTC)
        tries = run.operation.probes + 1
        due = now + timedelta(seconds=pause(0 if verdict in {"absent", ANOTHERS} else tries))
        await run.store("unknown", Evidence(now, kind, verdict), probes=tries, due=due, owner=None, lease_until=None)

    async def _wait_longer(self, run: Run, change: OrderChange, verdict: str) -> None:
        now = datetime.now(UTC)
        tries = run.operation.probes + 1
        due = now + timedelta(seconds=min(pause(tries), 60.0))
        answer = answers.of_change(change, run.operation)
        evidence = Evidence(now, "poll", verdict)
        await run.store("pending", evidence, probes=tries, due=due, answer=answer, owner=None, lease_until=None)

    async def _not_shown(self, run: Run, change: OrderChange) -> None:
        """Look again a few times for what a found process should have done; then it was another's, or was done over."""
        tries = sum(one.kind == "poll" and one.verdict == NOT_SHOWN for one in run.operation.evidence)
        if tries < SHOWN_TRIES and not self._too_long(run.operation):
            await self._wait_longer(run, change, NOT_SHOWN)
        else:
            await run.park("a process that was found is done, and what was wanted is not to be seen")

    async def _put_back(self, run: Run, at: datetime, cause: str) -> None:
        state: State = "unknown" if run.operation.doubt else run.operation.state
        evidence = Evidence(datetime.now(UTC), "waiting", cause)
        answer = run.operation.answer or (answers.of_doubt(run.operation) if state == "unknown" else None)
        await run.store(state, evidence, due=at, owner=None, lease_until=None, answer=answer)

    async def _end_unexecuted(self, run: Run, following: Next) -> None:
        """Store that nothing was executed: refused and not there, or never sent and no longer wanted."""
        state: State = "failed" if following.move == "fail" else "cancelled"
        answer = answers.of_nothing(run.operation, state)
        evidence = Evidence(datetime.now(UTC), "ended", following.cause)
        await run.store(
            state, evidence, cause=following.cause, answer=answer, doubt=False, due=None, owner=None, lease_until=None
        )
        self._engine.tell(run.operation.id)

    def _too_long(self, operation: Operation) -> bool:
        first = operation.first_sent_at or operation.created_at
        return datetime.now(UTC) > first + timedelta(seconds=self._horizon)
