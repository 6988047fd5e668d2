"""Any sequence of calls, crashes included: a journal answers as a plain dictionary would."""

import asyncio
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from policies.journal import Change, Evidence, Journal, Operation, Step
from policies.operation import ENDED, FINAL, State
from support.journals import (
    ACCOUNT,
    CREATED,
    FUTURE,
    PAST,
    STORES,
    answer,
    fact,
    operation,
    operation_id,
    step,
    store_of,
)

STATES: tuple[State, ...] = (
    "accepted",
    "sending",
    "pending",
    "succeeded",
    "partial",
    "failed",
    "unknown",
    "parked",
    "cancelled",
)
FREE = {"failed", "cancelled"}
KEPT_DAYS = (7, 30, 400)

numbers = st.integers(1, 6)
facts = st.lists(st.sampled_from([fact("answer"), fact("poll", "pending", status=202), fact("ended", "x")]), max_size=2)
references = st.sampled_from([None, "PO-1", "PO-2"])
dues = st.one_of(st.none(), st.just(FUTURE), st.integers(0, 50).map(lambda days: PAST + timedelta(days=days)))
bodies = st.binary(max_size=20)
steps = st.lists(
    st.builds(
        lambda index, part, request, reply: step(index, part, request=request, answer=reply, digest=request.hex()),
        st.integers(0, 1),
        st.integers(0, 1),
        bodies,
        st.one_of(st.none(), bodies),
    ),
    max_size=2,
)


class Model:
    """What the port says, on dictionaries."""

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        self.steps: dict[str, dict[tuple[int, int], Step]] = {}
        self.former: dict[str, str] = {}
        self.ended: dict[str, tuple[Any, int]] = {}
        """When each ended operation ended, and how many things retention took from it."""
        self.events: list[tuple[str, int, str, State]] = []

    def named(self, name: str) -> Operation | None:
        return self.operations.get(self.former.get(name, name))

    def claim(self, wanted: Operation) -> Operation:
        held = next((each for each in self.operations.values() if each.key == wanted.key), None)
        if held is not None and held.state != "cancelled":
            return held
        for each in self.operations.values():
            same = each.reference is not None and each.reference == wanted.reference
            if same and each.kind == wanted.kind and each.state not in FREE:
                return each
        if held is not None:
            wanted = replace(wanted, evidence=held.evidence + wanted.evidence)
            self._forget(held.id)
            self.former = {old: wanted.id if new == held.id else new for old, new in self.former.items()}
            self.former[held.id] = wanted.id
        self.operations[wanted.id] = wanted
        self.steps[wanted.id] = {}
        return wanted

    def update(self, changed: Operation, change: Change) -> bool:
        stored = self.operations.get(changed.id)
        if stored is None or stored.version + 1 != changed.version:
            return False
        if stored.state in FINAL and changed.state != stored.state:
            return False
        if stored.state in FREE and changed.state not in FREE and stored.reference is not None:
            rivals = (each for each in self.operations.values() if each.id != stored.id and each.state not in FREE)
            if any((each.reference, each.kind) == (stored.reference, stored.kind) for each in rivals):
                return False
        self.operations[changed.id] = replace(
            changed, content=stored.content, evidence=stored.evidence + change.evidence
        )
        for each in change.steps:
            before = self.steps[changed.id].get((each.index, each.part))
            kept = before.answer if before is not None and each.answer is None else each.answer
            self.steps[changed.id][each.index, each.part] = replace(each, answer=kept)
        if changed.state != stored.state:
            subject = changed.subject or changed.id
            version = sum(1 for event in self.events if event[0] == subject) + 1
            self.events.append((subject, version, changed.id, changed.state))
        if changed.state not in ENDED:
            self.ended.pop(changed.id, None)
        else:
            since = (
                self.ended[changed.id][0] if stored.state in ENDED and changed.id in self.ended else changed.updated_at
            )
            self.ended[changed.id] = (since, 0)
        return True

    def purge(self, now: Any) -> None:
        for name, (since, taken) in list(self.ended.items()):
            due = sum(now - since >= timedelta(days=days) for days in KEPT_DAYS)
            if due <= taken:
                continue
            kept = self.operations[name]
            self.operations[name] = replace(kept, content=b"", answer=kept.answer if due < 2 else None)
            for place, each in self.steps[name].items():
                self.steps[name][place] = replace(each, request=b"", answer=each.answer if due < 2 else None)
            self.ended[name] = (since, due)
            if due == 3:
                gone = {name} | {old for old, new in self.former.items() if new == name}
                self.events = [event for event in self.events if event[2] not in gone]
                self._forget(name)
                self.former = {old: new for old, new in self.former.items() if new != name}

    def end_leases(self) -> None:
        for name, each in self.operations.items():
            self.operations[name] = replace(each, owner=None, lease_until=None)

    def _forget(self, name: str) -> None:
        del self.operations[name], self.steps[name]
        self.ended.pop(name, None)


class JournalMachine(RuleBasedStateMachine):
    """Does the same to a journal and to the model."""

    store_name = ""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = store_of(self.store_name, Path(self.folder.name))
        self.runner = asyncio.Runner()
        self.journal: Journal = self.run(self.store.open())
        self.model = Model()
        self.claims = 0
        self.now = CREATED

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    def teardown(self) -> None:
        self.run(self.journal.close())
        self.run(self.store.remove())
        self.runner.close()
        self.folder.cleanup()

    def chosen(self, number: int) -> Operation | None:
        ids = sorted(self.model.operations)
        return self.model.operations[ids[number % len(ids)]] if ids else None

    @rule(key=numbers, reference=references, due=dues, content=bodies, kind=st.sampled_from(["order", "cancel"]))
    def claim(self, key: int, reference: str | None, due: Any, content: bytes, kind: str) -> None:
        self.claims += 1
        wanted = operation(
            self.claims,
            key=f"key-{key}",
            reference=reference,
            due=due,
            content=content,
            kind=kind,
            created_at=self.now,
            updated_at=self.now,
        )
        assert self.run(self.journal.claim(wanted)) == self.model.claim(wanted)

    @precondition(lambda self: self.model.operations)
    @rule(
        number=numbers,
        late=st.sampled_from([0, 0, 0, 0, -1, 1]),
        state=st.sampled_from(STATES),
        due=dues,
        subject=st.sampled_from([None, "order-1", "order-2"]),
        body=st.one_of(st.none(), bodies),
        facts=facts,
        steps=steps,
    )
    def update(
        self,
        number: int,
        late: int,
        state: State,
        due: Any,
        subject: str | None,
        body: bytes | None,
        facts: list[Evidence],
        steps: list[Step],
    ) -> None:
        stored = self.chosen(number)
        assert stored is not None
        changed = replace(
            stored,
            state=state,
            due=due,
            subject=subject,
            answer=None if body is None else answer(body),
            updated_at=self.now,
            version=stored.version + 1 + late,
            owner=None,
            lease_until=None,
            doubt=not stored.doubt,
            attempts=stored.attempts + 1,
        )
        # One request for each place: what a list freezes together is different.
        change = Change(tuple(facts), tuple({(each.index, each.part): each for each in steps}.values()))
        assert self.run(self.journal.update(changed, change)) == self.model.update(changed, change)

    @rule(number=st.integers(0, 40), facts=facts)
    def append(self, number: int, facts: list[Evidence]) -> None:
        self.run(self.journal.append(operation_id(number), facts))
        found = self.model.named(operation_id(number))
        if found is not None:
            self.model.operations[found.id] = replace(found, evidence=found.evidence + tuple(facts))

    @rule(limit=st.integers(1, 4), lease=st.sampled_from([0.0, 10_000.0]))
    def take_due(self, limit: int, lease: float) -> None:
        now = datetime.now(UTC)
        due = [
            each
            for each in self.model.operations.values()
            if each.due is not None and each.due != FUTURE and (each.lease_until is None or each.lease_until <= now)
        ]
        taken = self.run(self.journal.take_due("worker", lease, [ACCOUNT], limit))
        assert len(taken) == min(limit, len(due))
        assert [each.due for each in taken] == sorted(each.due for each in due if each.due)[:limit]
        for each in taken:
            before = self.model.operations[each.id]
            assert before in due
            assert each == replace(before, owner="worker", lease_until=each.lease_until, version=before.version + 1)
            self.model.operations[each.id] = each

    @rule(days=st.sampled_from([1, 6, 8, 31, 401]), limit=st.sampled_from([1, 1000]))
    def purge(self, days: int, limit: int) -> None:
        self.now += timedelta(days=days)
        while self.run(self.journal.purge(self.now, limit)):
            pass
        self.model.purge(self.now)

    @rule()
    def crash(self) -> None:
        self.journal = self.run(self.store.crash(self.journal))
        if self.store.durable and self.store.leases_end:
            self.model.end_leases()

    @invariant()
    def the_journal_says_what_the_model_says(self) -> None:
        found = {each.id: each for each in self.run(self.journal.search(None, limit=1000))}
        assert found == self.model.operations
        owned = [(each.kind, each.reference) for each in found.values() if each.reference and each.state not in FREE]
        assert len(owned) == len(set(owned))
        for name in found:
            kept = {(each.index, each.part): each for each in self.run(self.journal.steps(name))}
            assert kept == self.model.steps[name]

    @invariant()
    def events_are_in_order_and_complete(self) -> None:
        events = self.run(self.journal.events(0, 1000))
        assert [event.sequence for event in events] == sorted({event.sequence for event in events})
        told = [(event.subject, event.operation, event.state) for event in events]
        assert told == [(subject, name, state) for subject, _, name, state in self.model.events]


@pytest.mark.long
@pytest.mark.parametrize("name", STORES)
def test_a_journal_does_what_a_dictionary_would(name: str) -> None:
    """Claims, updates, leases, facts, purges and crashes in any order."""
    machine = type("Machine", (JournalMachine,), {"store_name": name})
    examples = max(8, settings.default.max_examples // 12 if settings.default else 0)
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=20))
