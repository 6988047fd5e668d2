"""Any sequence of orders, faults, crashes and hours: no second order, no lie, no change of mind, nothing forgotten."""

import asyncio
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from gateway import points
from gateway.operations import resolver
from gateway.operations.recorder import OperationRecorder
from gateway.proof.board import PLACES
from gateway.proof.mutants import MUTANTS
from policies import operation
from policies.journal import JournalUnavailable, Operation
from policies.operation import FINAL, LIVE
from support.journals import SqliteStore, Store
from support.mortal_gateway import Killed, MortalGateway, Trouble, watch_points
from support.moved_clock import MovedClock, MovedPostgres
from support.pretended_shop import FATES, TRAITS, Fate, Shop

HORIZON = 3600.0
STEPS = 25
EXAMPLES = int(os.environ.get("ORDERGATE_FATE_STEPS", "250")) // STEPS
LONG = pytest.mark.skipif(not os.environ.get("ORDERGATE_PROVE"), reason="many seconds long: `make prove` runs it")
accounts = st.sampled_from(["keyed", *sorted(TRAITS)])
numbers = st.integers(0, 1)
fates = st.sampled_from(FATES)
doubts: st.SearchStrategy[Fate] = st.sampled_from(["error-before", "error-after", "lost-before", "lost-after", "hangs"])
instances = st.integers(0, 1)
second_fates: st.SearchStrategy[Fate] = st.sampled_from([*FATES, "refused", "refused"])
pauses = st.sampled_from([0.0, 1.0, 12.0, 40.0, 75.0, 75.0, 300.0, 1000.0])


class FateMachine(RuleBasedStateMachine):
    """Gateways that share a journal and a shop, both of which know more than callers are told."""

    store_name = "sqlite"

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.clock = MovedClock()
        for name, module in sys.modules.items():
            ours = name.startswith("gateway.operations") or name == "gateway.stores.sqlite"
            if ours and getattr(module, "datetime", None) is datetime:
                self.patch.setattr(module, "datetime", self.clock)
        watch_points()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.store: Store = MovedPostgres() if self.store_name == "postgres" else SqliteStore(Path(self.folder.name))
        self.shop = Shop(lambda: self.clock.now(UTC))
        self.gateways: list[MortalGateway] = []
        self.told: dict[str, set[str]] = {}
        """The final answers that callers got, by key."""
        self.known: dict[str, str] = {}
        """The operations that callers were told of, by key."""

    @initialize()
    def begin(self) -> None:
        for _ in range(2 if self.store_name == "postgres" else 1):
            journal = self.run(self.store.open())
            self.gateways.append(MortalGateway(self.shop, journal, HORIZON))

    @override
    def teardown(self) -> None:
        try:
            if self.gateways:
                self.nothing_is_stuck_when_all_is_well_again()
        finally:
            for one in self.gateways:
                self.run(one.die())
                self.run(one.journal.journal.close())
            self.run(self.store.remove())
            points.watch(lambda name: None)
            self.patch.undo()
            self.runner.close()
            self.folder.cleanup()

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    # What happens --------------------------------------------------------------------------------------------------

    @rule(instance=instances, account=accounts, number=numbers, fate=fates)
    def ask(self, instance: int, account: str, number: int, fate: Fate) -> None:
        """Ask for an order, for the first time or once more."""
        self.shop.fates[:0] = [fate]
        reference = f"{account}-{number}"
        found = self.work(instance, lambda gateway: gateway.submit(account, reference))
        self.shop.fates.clear()
        if found is not None:
            self.hear(reference, found)

    @rule(instance=instances, seconds=pauses, fates=st.lists(fates, max_size=2))
    def look(self, instance: int, seconds: float, fates: list[Fate]) -> None:
        """Let time pass and a worker look; what it sends again may meet these fates."""
        self.pass_time(seconds)
        self.shop.fates[:] = fates
        self.work(instance, lambda gateway: gateway.look())
        self.shop.fates.clear()

    @rule(instance=instances, account=accounts, number=numbers, doubt=doubts, seconds=pauses, fate=second_fates)
    def ask_in_vain(self, instance: int, account: str, number: int, doubt: Fate, seconds: float, fate: Fate) -> None:
        """Get no sure answer, and then another one: most stories begin so."""
        self.ask(instance, account, number, doubt)
        self.look(instance, seconds, [fate])

    @rule(count=st.integers(1, 3))
    def look_ups_fail(self, count: int) -> None:
        """The shop does not answer the next look-ups."""
        self.shop.blind_looks = count

    @precondition(lambda self: self.shop.travelling)
    @rule(number=st.integers(0, 5), arrives=st.booleans(), answered=st.booleans())
    def travel(self, number: int, arrives: bool, answered: bool) -> None:
        """A request under way arrives late, or is answered, or is lost."""
        one = self.shop.travelling[number % len(self.shop.travelling)]
        if arrives:
            self.shop.arrive(one)
        if answered:
            one.answered.set()
            self.settle()

    @rule(instance=instances, place=st.sampled_from([None, *PLACES]))
    def crash(self, instance: int, place: str | None) -> None:
        """End a gateway now, or where it comes to a place."""
        gateway = self.gateways[instance % len(self.gateways)]
        gateway.armed = place
        if place is None:
            gateway.dead = True
            self.bury()

    @rule(instance=instances, trouble=st.lists(st.sampled_from(["refused", "in doubt"]), min_size=1, max_size=2))
    def the_journal_fails(self, instance: int, trouble: list[Trouble]) -> None:
        """The next changes are not made, or made without a word."""
        self.gateways[instance % len(self.gateways)].journal.trouble = list(trouble)

    @precondition(lambda self: len(self.gateways) > 1)
    @rule(instance=instances)
    def pause(self, instance: int) -> None:
        """Stop a process in its tracks, or let it go on with what it believes."""
        gateway = self.gateways[instance]
        gateway.paused = not gateway.paused
        if not gateway.paused:
            self.time_out()

    @rule(number=st.integers(0, 5))
    def a_person_looks(self, number: int) -> None:
        """Somebody asks the shop about a parked operation, and says what is true."""
        parked = [row for row in self.rows() if row.state == "parked"]
        gateway = next((one for one in self.gateways if not one.paused), None)
        if not parked or gateway is None or gateway.journal.trouble:
            return
        row = parked[number % len(parked)]
        placed = self.shop.count(row.account, row.key) > 0
        self.run(gateway.engine.settle(row, placed=placed, subject=None, by="ada"))

    # What it takes -------------------------------------------------------------------------------------------------

    def work(self, instance: int, what: Any) -> Any:
        """Have a gateway do something, unless it stands still; return None when it died or could not."""
        gateway = self.gateways[instance % len(self.gateways)]
        if gateway.paused:
            return None
        try:
            return self.run(what(gateway))
        except (Killed, JournalUnavailable):
            return None
        finally:
            self.settle()

    def settle(self) -> None:
        for gateway in self.gateways:
            self.run(gateway.settle())
        self.bury()

    def bury(self) -> None:
        """Take dead gateways away, and start others in their places."""
        for index, gateway in enumerate(self.gateways):
            if gateway.dead:
                self.run(gateway.die())
                journal = self.run(self.store.crash(gateway.journal.journal))
                self.gateways[index] = MortalGateway(self.shop, journal, HORIZON)

    def pass_time(self, seconds: float) -> None:
        self.clock.ahead += timedelta(seconds=seconds)
        if isinstance(self.store, MovedPostgres):
            self.run(self.store.move(self.clock.ahead))
        self.time_out()

    def time_out(self) -> None:
        """Requests have their time, unless who waits stands still."""
        standing = {id(task) for one in self.gateways if one.paused for task in one.engine._tasks.values()}
        for one in self.shop.travelling:
            if self.shop.now() > one.until and id(one.task) not in standing:
                one.answered.set()
        self.settle()

    def hear(self, key: str, found: Operation) -> None:
        """Note what a caller is told."""
        self.known[key] = found.id
        if found.state in FINAL:
            assert found.answer is not None
            body = msgspec.json.decode(found.answer.body)
            self.told.setdefault(key, set()).add("yes" if found.answer.status == 201 else body["placed"])

    def rows(self) -> list[Operation]:
        found: list[Operation] = self.run(self.gateways[0].journal.journal.search(None, limit=100))
        return found

    # What always holds ---------------------------------------------------------------------------------------------

    @invariant()
    def every_promise_is_kept(self) -> None:
        if not self.gateways:
            return
        rows = {row.key: row for row in self.rows()}
        for (account, reference), requests in self.shop.requests.items():
            count = self.shop.count(account, reference)
            assert count <= 1, f"{reference} was placed {count} times"
            assert reference in rows, f"{reference} was sent and is not in the journal"
            recorded = sum(fact.kind == "sending" for fact in rows[reference].evidence)
            assert requests <= recorded, f"{reference} was sent {requests} times, and recorded {recorded} times"
        for key, row in rows.items():
            count = self.shop.count(row.account, key)
            assert row.state != "succeeded" or count == 1, f"{key} is recorded as placed, and there is none"
            assert row.state not in {"failed", "cancelled"} or count == 0, f"{key} is recorded as {row.state}"
            assert row.state not in LIVE or row.due is not None, f"nobody will ever look at {key}"
        for key, answers in self.told.items():
            count = self.shop.count(rows[key].account, key)
            assert answers == ({"yes"} if count else {"no"}), f"callers were told {answers} of {key}: {count}"
        for name in set(self.known.values()) - {row.id for row in rows.values()}:
            assert self.run(self.gateways[0].journal.journal.get(name)) is not None, f"{name} is lost"

    def nothing_is_stuck_when_all_is_well_again(self) -> None:
        self.shop.blind_looks = 0
        for gateway in self.gateways:
            gateway.paused, gateway.armed, gateway.journal.trouble = False, None, []
        for _ in range(6):
            self.pass_time(900.0)
            for instance in range(len(self.gateways)):
                self.work(instance, lambda gateway: gateway.look())
            self.every_promise_is_kept()
        assert not [row for row in self.rows() if row.state in LIVE]


def prove(store: str, examples: int = EXAMPLES, **chosen: Any) -> None:
    """Try sequences until one breaks a promise."""
    machine = type("Machine", (FateMachine,), {"store_name": store})
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=STEPS, **chosen))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_whatever_happens_every_promise_is_kept(store: str) -> None:
    """ORDERGATE_FATE_STEPS=20000 tries so many steps."""
    prove(store)


@pytest.mark.parametrize(
    "mutant",
    [
        "orphan-sent-again",
        "sending-stored-late",
        pytest.param("doubt-ignored", marks=LONG),
        pytest.param("absence-believed-at-once", marks=LONG),
    ],
)
def test_a_fault_in_the_engine_is_found(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that could not fail would show nothing."""
    for owner, name in ((resolver, "situation_of"), (OperationRecorder, "__init__"), (OperationRecorder, "before")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(operation, "_looked_up", operation._looked_up)
    MUTANTS[mutant].apply()
    with pytest.raises(AssertionError, match=r"times|recorded as|told"):
        prove("sqlite", 600, phases=[Phase.generate], derandomize=True)
