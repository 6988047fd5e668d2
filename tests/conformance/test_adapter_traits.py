"""Traits are true: what an adapter says of a write whose answer is lost holds against the simulator."""

from collections.abc import Iterator

import pytest

from adapters.contract.adapter import WriteContext
from adapters.contract.errors import (
    AdapterError,
    MalformedResponse,
    NoAnswer,
    NotCancellable,
    NotFound,
    ProviderError,
    RateLimited,
    Rejected,
    Unavailable,
)
from adapters.contract.models.requests import DeliveryChange, NewCancellation, NewOrder
from adapters.contract.models.resources import OrderChange
from adapters.contract.traits import Trait
from support.conformance import PACE, SKEW, START, Account, Subject
from support.conformance_calls import Recording, play, recordings


def accounts(subject: Subject, kind: str, step: str = "place") -> Iterator[tuple[Account, Trait]]:
    """Yield new accounts whose step has a trait of this kind: the standard one, and the variants."""
    for settings in ({}, *subject.variants.values()):
        account = Account(subject, settings)
        trait = account.adapter.traits().get(step)
        if trait is not None and trait.kind == kind:
            yield account, trait


def count(account: Account) -> int:
    """Return how many orders exist at the provider."""
    return len(account.simulator.orders())


def test_a_native_key_makes_one_order_of_two_requests(subject: Subject) -> None:
    """The same write sent twice is one order with one answer; another content under the key is an error."""
    for account, trait in accounts(subject, "native_key"):
        order, context, before = subject.new_order("T-1"), account.context, count(account)
        first = account.run(account.adapter.place_order(order, context))
        account.wait(0.8 * trait.retention)
        second = account.run(account.adapter.place_order(order, context))
        assert (second.id, second.reference) == (first.id, first.reference)
        assert count(account) == before + 1
        other = order.model_copy(update={"lines": [order.lines[0].model_copy(update={"quantity": 2})]})
        with pytest.raises(ProviderError) as raised:
            account.run(account.adapter.place_order(other, context))
        assert isinstance(raised.value, Rejected)
        assert count(account) == before + 1
        account.run(account.adapter.place_order(order, account.context))
        assert count(account) == before + 2, "a new write is a new order"


@pytest.mark.parametrize("kind", ["lookup", "dedupe_ref", "native_key"])
def test_an_order_that_was_placed_is_found_and_no_other_is(subject: Subject, kind: str) -> None:
    """Before it is placed there is nothing; then it is found; orders of another reference or content are not it."""
    for account, trait in accounts(subject, kind):
        find = account.adapter.find_order
        if kind == "native_key" and not has_look_up(account):
            continue
        order, context = subject.new_order("T-mine", 2), account.context
        since = context.now - SKEW
        account.run(account.adapter.place_order(subject.new_order("T-other", 2), account.context))
        assert account.run(find(order, since, context)) is None
        placed = account.run(account.adapter.place_order(order, context))
        account.wait(trait.settle)
        found = account.run(find(order, since, context))
        assert found is not None
        assert found.id == placed.id
        assert found.reference in {None, order.reference}
        for other in (subject.new_order("T-nobody", 2), subject.new_order("T-mine", 1), subject.new_order("T-mine", 3)):
            assert account.run(find(other, since, context)) is None, "taken for an order that it is not"


def test_two_orders_whose_lines_have_equal_references_are_two_orders(subject: Subject) -> None:
    """A caller may number the lines of every order 1, 2, …: neither is taken for the other when an answer is lost."""
    for settings in ({}, *subject.variants.values()) if subject.order else ():
        account = Account(subject, settings)
        trait, find = account.adapter.traits()["place"], account.adapter.find_order
        first, second = (numbered(subject, reference) for reference in ("T-first", "T-second"))
        placed = account.run(account.adapter.place_order(first, account.context))
        before, context = count(account), account.context
        looked_up = trait.kind in {"lookup", "dedupe_ref"}
        if looked_up:
            account.wait(trait.settle)
            assert account.run(find(second, context.now, context)) is None, "taken for the first"
        lost = account.run(account.adapter.place_order(second, context))
        assert lost.id != placed.id
        assert count(account) == before + 1
        if looked_up:
            account.wait(trait.settle)
            told = account.run(find(second, context.now, context))
        elif trait.kind == "native_key":
            told = account.run(account.adapter.place_order(second, context))
        else:
            continue
        assert (told.id, told.reference) == (lost.id, "T-second")
        assert [line.reference for line in told.lines] in ([line.reference for line in lost.lines], [])
        assert count(account) == before + 1


def numbered(subject: Subject, reference: str) -> NewOrder:
    """Return an order of two lines, with references where the provider takes any."""
    order = subject.new_order(reference, 2)
    if "lines[0].reference" not in subject.translated:
        return order
    lines = [line.model_copy(update={"reference": str(number)}) for number, line in enumerate(order.lines, 1)]
    return order.model_copy(update={"lines": lines})


def has_look_up(account: Account) -> bool:
    """Tell whether an adapter can look for an order."""
    try:
        account.run(account.adapter.find_order(account.subject.new_order("T-0"), START, account.context))
    except AdapterError as error:
        return isinstance(error, ProviderError)
    return True


def test_an_older_order_with_the_same_reference_is_not_taken_for_a_new_one(subject: Subject) -> None:
    """An order from long before the write began is somebody else's."""
    for account, trait in accounts(subject, "lookup"):
        order = subject.new_order("T-mine")
        account.run(account.adapter.place_order(order, account.context))
        account.wait(trait.settle + 86_400)
        later = account.context
        assert account.run(account.adapter.find_order(order, later.now, later)) is None


def test_a_deduplicated_reference_makes_one_order_of_two_requests(subject: Subject) -> None:
    """A second order with the reference is refused."""
    for account, _ in accounts(subject, "dedupe_ref"):
        order, before = subject.new_order("T-1"), count(account)
        account.run(account.adapter.place_order(order, account.context))
        with pytest.raises(ProviderError):
            account.run(account.adapter.place_order(order, account.context))
        assert count(account) == before + 1


def natural_writes(subject: Subject) -> Iterator[Recording]:
    """Yield the recorded writes whose step is `natural`."""
    for recording in recordings(subject.name):
        steps = {request.step for request in recording.requests if request.effect == "commit"}
        traits = recording.adapter().traits()
        if any(traits[step].kind == "natural" for step in steps):
            yield recording


def done(account: Account, operation: str, native: str) -> OrderChange:
    """Cancel an order, or change where it is delivered to."""
    if operation == "cancel_order":
        cancelled: OrderChange = account.run(account.adapter.cancel_order(native, NewCancellation(), account.context))
        return cancelled
    address = account.subject.new_order("T").ship_to
    assert address is not None
    change = DeliveryChange(ship_to=address.model_copy(update={"line1": "Lindenallee 3"}))
    changed: OrderChange = account.run(account.adapter.change_delivery(native, change, account.context))
    return changed


def test_a_natural_write_done_twice_is_done_once(subject: Subject) -> None:
    """The second time changes nothing at the provider, and is not told as a failure of the first."""
    for recording in natural_writes(subject):
        account = Account(subject, recording.settings)
        native = account.arranged_order()
        first = done(account, recording.call.operation, native)
        happened = account.happened()
        second = done(account, recording.call.operation, native)
        assert (second.state, second.status) == (first.state, first.status)
        assert account.happened() == happened


def test_what_works_asynchronously_can_be_followed_to_its_end(subject: Subject) -> None:
    """A write starts a process for each part; it is pending, ends as the clock goes on, and is found by its part."""
    for account, _ in accounts(subject, "async", "cancel"):
        native = account.arranged_order()
        before = account.happened()
        change: OrderChange = account.run(account.adapter.cancel_order(native, NewCancellation(), account.context))
        parts = change.parts or ()
        assert change.state == "pending"
        assert len(parts) > 1
        assert all(part.state == "pending" and part.process for part in parts)
        processes = [str(part.process) for part in parts]
        assert [state.state for state in account.run(account.adapter.poll(processes))] == ["pending"] * len(parts)
        account.wait(2 * PACE)
        ended = account.run(account.adapter.poll([*processes, "nobody's"]))
        assert [state.id for state in ended] == [*processes, "nobody's"]
        assert [state.state for state in ended] == ["succeeded"] * len(parts) + ["gone"]
        for part, process in zip(parts, processes, strict=True):
            found = account.run(account.adapter.find_processes(part.id, "cancel"))
            assert [state.id for state in found] == [process]
            assert found[0].state == "succeeded"
        assert account.run(account.adapter.get_order(native)).status == "cancelled"
        assert account.happened() != before


def test_a_process_that_was_never_started_is_not_found(subject: Subject) -> None:
    """A part that nothing was done to has no process."""
    for account, _ in accounts(subject, "async", "cancel"):
        order = account.run(account.adapter.get_order(account.arranged_order()))
        assert account.run(account.adapter.find_processes(order.lines[0].id, "cancel")) == ()


def test_where_nothing_helps_no_look_up_pretends_to(subject: Subject) -> None:
    """A step with trait `none` has no look-up: a person has to see."""
    for settings in ({}, *subject.variants.values()):
        account = Account(subject, settings)
        trait = account.adapter.traits().get("place")
        if trait is not None and trait.kind == "none":
            assert not has_look_up(account)


def several_writes(subject: Subject) -> Iterator[tuple[Recording, int]]:
    """Yield the recordings that commit several requests at once, with the number of the first of them."""
    for recording in recordings(subject.name):
        commits = [number for number, request in enumerate(recording.requests) if request.effect == "commit"]
        if len(commits) > 1:
            yield recording, commits[0]


FATES: tuple[tuple[ProviderError, str], ...] = (
    (NoAnswer("reset", sent=True), "unknown"),
    (NoAnswer("timeout", sent=True, timed_out=True), "unknown"),
    (Unavailable("", status=500), "unknown"),
    (MalformedResponse("", status=200), "unknown"),
    (NoAnswer("refused", sent=False), "failed"),
    (Rejected("no", status=400, code="NO"), "failed"),
    (NotFound("no", status=404), "failed"),
    (NotCancellable("no", status=409), "failed"),
    (RateLimited("no", status=429), "failed"),
)


@pytest.mark.parametrize(("error", "state"), FATES, ids=[f"{type(e).__name__}-{s}" for e, s in FATES])
def test_of_several_writes_each_part_has_its_own_fate(subject: Subject, error: ProviderError, state: str) -> None:
    """An answer that is missing or unclear leaves its part `unknown`; any other error means it was not executed.

    Each is told in a sentence with the provider's words, which are not ours for how a connection ended.
    """
    for recording, first in several_writes(subject):
        change = play(recording, {first: error}).result
        assert change.parts[0].state == state
        told = change.parts[0].problem
        assert told.message == (None if isinstance(error, NoAnswer) else error.message or None)
        assert told.title != type(error).__name__
        assert [part.state for part in change.parts[1:]] == [part.state for part in recording.result.parts[1:]]
        # What is still pending has not ended, whatever failed meanwhile.
        after_failure = "pending" if recording.result.state == "pending" else "partial"
        assert change.state == ("unknown" if state == "unknown" else after_failure)


def test_a_write_keeps_its_operation(subject: Subject) -> None:
    """What a provider recognises a repetition by is made of the input and the operation alone."""
    for settings in ({}, *subject.variants.values()) if subject.order else ():
        sent = []
        for minutes in (0, 1):
            account = Account(subject, settings)
            account.wait(60 * minutes)
            account.run(account.adapter.place_order(subject.new_order("T-1"), WriteContext("operation-1", START)))
            sent.append([(r.target, dict(r.headers), r.body) for r in account.sent if r.effect != "read"])
        assert sent[0] == sent[1]
