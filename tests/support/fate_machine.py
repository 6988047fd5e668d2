"""Any sequence of orders, faults, crashes and hours: no second order, no lie, no change of mind, nothing forgotten."""

from contextlib import suppress
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from typing_extensions import override

from gateway.proof.board import PLACES
from policies.errors import DuplicateReference, InProgress, Withdrawn
from policies.journal import JournalUnavailable, Operation
from policies.operation import FINAL, LIVE, PLACED
from support.fate_choices import (
    accounts,
    doubts,
    fates,
    instances,
    moments,
    more_fates,
    numbers,
    pauses,
    products,
    second_fates,
    waits,
)
from support.fate_ground import Ground
from support.mortal_gateway import Killed, MortalGateway, Trouble, key_of
from support.pretended_shop import Fate, Shop

HORIZON = 3600.0


class FateMachine(RuleBasedStateMachine):
    """Gateways that share a journal and a shop, both of which know more than callers are told."""

    ground: Ground

    def __init__(self) -> None:
        super().__init__()
        self.store = self.ground.begin()
        self.shop = Shop(lambda: self.ground.clock.present)
        self.gateways: list[MortalGateway] = []
        self.steps = 0
        self.told: dict[str, set[str]] = {}
        """The final answers that callers got, by key."""
        self.known: dict[str, str] = {}
        """The operations that callers were told of, by key."""

    @initialize()
    def begin(self) -> None:
        for _ in range(self.ground.instances):
            self.gateways.append(MortalGateway(self.shop, self.run(self.store.open()), HORIZON))
        self.steps = -1

    @override
    def teardown(self) -> None:
        self.ground.tally["steps"] += max(0, self.steps)
        try:
            if self.gateways:
                self.nothing_is_stuck_when_all_is_well_again()
                self.ground.tally.update(row.state for row in self.rows())
        finally:
            for one in self.gateways:
                self.run(one.die())
            self.ground.end([one.journal.journal for one in self.gateways])

    def run(self, coroutine: Any) -> Any:
        return self.ground.run(coroutine)

    # What happens --------------------------------------------------------------------------------------------------

    @rule(
        instance=instances, account=accounts, number=numbers, product=products, wait=waits, fate=fates, more=more_fates
    )
    def ask(
        self, instance: int, account: str, number: int, product: str, wait: float, fate: Fate, more: list[Fate]
    ) -> None:
        """Ask for an order, for the first time or once more; what is sent again at once may meet other fates."""
        self.shop.fates[:] = [fate, *more]
        reference = f"{account}-{number}"
        found = self.work(instance, lambda gateway: gateway.submit(account, reference, product, wait))
        self.shop.fates.clear()
        if found is not None:
            self.hear(key_of(reference, product), found)

    @rule(instance=instances, seconds=pauses, fates=more_fates)
    def look(self, instance: int, seconds: float, fates: list[Fate]) -> None:
        """Let time pass and a worker look; what it sends again may meet these fates."""
        self.pass_time(seconds)
        self.shop.fates[:] = fates
        self.work(instance, lambda gateway: gateway.look())
        self.shop.fates.clear()

    @rule(instance=instances, account=accounts, number=numbers, doubt=doubts, seconds=pauses, fate=second_fates)
    def ask_in_vain(self, instance: int, account: str, number: int, doubt: Fate, seconds: float, fate: Fate) -> None:
        """Get no sure answer, and then another one: most stories begin so."""
        self.ask(instance, account, number, "1", 10.0, doubt, [])
        self.look(instance, seconds, [fate])

    @rule(instance=instances, account=accounts, number=numbers, arrives=st.booleans(), seconds=moments)
    def ask_and_look(self, instance: int, account: str, number: int, arrives: bool, seconds: tuple[float, ...]) -> None:
        """Lose sight of a request that arrives late, if it does, and look at the moments at which that matters."""
        self.ask(instance, account, number, "1", 10.0, "strays", [])
        self.look(instance, seconds[0], [])
        for one in self.shop.under_way()[-1:]:
            if arrives:
                self.shop.arrive(one)
        for following in seconds[1:]:
            self.look(instance, following, [])

    @rule(count=st.integers(1, 3))
    def look_ups_fail(self, count: int) -> None:
        """The shop does not answer the next look-ups."""
        self.shop.blind_looks = count

    @precondition(lambda self: self.shop.under_way())
    @rule(number=st.integers(0, 5), arrives=st.sampled_from([True, False, None]), answered=st.booleans())
    def travel(self, number: int, arrives: bool | None, answered: bool) -> None:
        """A request under way arrives late, or is refused (None), or answered, or lost."""
        under_way = self.shop.under_way()
        one = under_way[number % len(under_way)]
        if arrives:
            self.shop.arrive(one)
        if arrives is None:
            self.shop.refuse(one)
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
    @rule(instance=instances, reads=st.booleans())
    def pause(self, instance: int, reads: bool) -> None:
        """Stop a process in its tracks, or let it go on with what it believes; it reads what came meanwhile, or not."""
        gateway = self.gateways[instance]
        if not gateway.paused:
            gateway.paused = True
            return
        gateway.go_on()
        self.time_out(reads=reads)

    @precondition(lambda self: len(self.gateways) > 1)
    @rule(
        instance=instances,
        account=accounts,
        number=numbers,
        fate=fates,
        after=st.integers(0, 1),
        seconds=pauses,
        other=more_fates,
        goes_on=st.booleans(),
    )
    def stand_still(
        self,
        instance: int,
        account: str,
        number: int,
        fate: Fate,
        after: int,
        seconds: float,
        other: list[Fate],
        goes_on: bool,
    ) -> None:
        """Stop a process before it records that a request leaves, or what came of it; the other may take over."""
        journal = self.gateways[instance].journal
        journal.stands_after = after
        self.ask(instance, account, number, "1", 0.0, fate, [])
        journal.stands_after = None
        self.look(1 - instance, seconds, other)
        if goes_on and self.gateways[instance].paused:
            self.pause(instance, reads=True)

    @rule(number=st.integers(0, 5))
    def a_person_looks(self, number: int) -> None:
        """Somebody asks the shop about an operation in doubt, and says what is to be seen there."""
        doubtful = [row for row in self.rows() if row.state in {"parked", "unknown"}]
        gateway = next((one for one in self.gateways if not one.paused), None)
        if not doubtful or gateway is None or gateway.journal.trouble:
            return
        row = doubtful[number % len(doubtful)]
        with suppress(InProgress, Withdrawn):
            self.run(gateway.engine.settle(row, placed=self.placed(row) > 0, subject=None, by="ada"))

    @rule(instance=instances, number=st.integers(0, 5))
    def withdraw(self, instance: int, number: int) -> None:
        """A caller does not want an order any more."""
        rows = [row for row in self.rows() if row.state in {"accepted", "sending"}]
        if rows:
            self.work(instance, lambda gateway: gateway.withdraw(rows[number % len(rows)]))

    # What it takes -------------------------------------------------------------------------------------------------

    def work(self, instance: int, what: Any) -> Any:
        """Have a gateway do something, unless it stands still; return None when it died or could not."""
        gateway = self.gateways[instance % len(self.gateways)]
        if gateway.paused:
            return None
        try:
            return self.run(what(gateway))
        except (Killed, JournalUnavailable, DuplicateReference, Withdrawn):
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
        self.ground.pass_time(seconds)
        self.time_out()

    def time_out(self, *, reads: bool = False) -> None:
        """Requests have their time, unless who waits stands still; one that stood `reads` what came meanwhile."""
        standing = {id(task) for one in self.gateways if one.paused for task in one.engine._tasks.values()}
        for one in self.shop.travelling:
            if self.shop.now() >= one.until and id(one.task) not in standing:
                one.timed_out = not reads and not one.answered.is_set()
                one.answered.set()
        self.settle()

    def hear(self, key: str, found: Operation) -> None:
        """Note what a caller is told."""
        self.known[key] = found.id
        if found.state in FINAL:
            assert found.answer is not None
            # A success without a body is told as the operation itself: a person who knew no id said that it is placed.
            says = (
                PLACED[found.state] if found.answer.status < 400 else msgspec.json.decode(found.answer.body)["placed"]
            )
            self.told.setdefault(key, set()).add(says)

    def rows(self) -> list[Operation]:
        found: list[Operation] = self.run(self.gateways[0].journal.journal.search(None, limit=100))
        return found

    def placed(self, row: Operation) -> int:
        """Return how many orders there are of what an operation orders."""
        reference, _, product = row.key.partition("/")
        return self.shop.count(row.account, reference, product)

    # What always holds ---------------------------------------------------------------------------------------------

    @invariant()
    def every_promise_is_kept(self) -> None:
        self.steps += 1
        rows = {row.key: row for row in self.rows()}
        for (account, reference), placed in self.shop.orders.items():
            assert len(placed) <= 1, f"{reference} was placed {len(placed)} times at {account}"
        for (_, reference, product), requests in self.shop.requests.items():
            key = key_of(reference, product)
            assert key in rows, f"{key} was sent and is not in the journal"
            recorded = sum(fact.kind == "sending" for fact in rows[key].evidence)
            assert requests <= recorded, f"{key} was sent {requests} times, and recorded {recorded} times"
        for key, row in rows.items():
            count = self.placed(row)
            assert row.state != "succeeded" or count == 1, f"{key} is recorded as placed, and there is none"
            assert row.state not in {"failed", "cancelled"} or count == 0, f"{key} is recorded as {row.state}"
            assert row.state not in LIVE or row.due is not None, f"nobody will ever look at {key}"
        for key, answers in self.told.items():
            count = self.placed(rows[key])
            assert answers == ({"yes"} if count else {"no"}), f"callers were told {answers} of {key}: {count}"
        for name in set(self.known.values()) - {row.id for row in rows.values()}:
            assert self.run(self.gateways[0].journal.journal.get(name)) is not None, f"{name} is lost"

    def nothing_is_stuck_when_all_is_well_again(self) -> None:
        self.shop.blind_looks = 0
        for gateway in self.gateways:
            gateway.armed, gateway.journal.trouble = None, []
            gateway.go_on()
        for _ in range(6):
            self.pass_time(900.0)
            for instance in range(len(self.gateways)):
                self.work(instance, lambda gateway: gateway.look())
            self.every_promise_is_kept()
        assert not [row for row in self.rows() if row.state in LIVE]
