"""An order is found again by its lines' deliverIDs, and by nobody else's, whatever a tenant does with known ones."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from adapters.contract.errors import DuplicateReference
from adapters.contract.models.requests import NewOrder, OrderQuery

PASS = {"productId": "266-235", "quantity": 2}
GOLD_BAR = {"productId": "265-234", "quantity": 1, "inputs": {"userid": "Xagok", "server": "Ares"}}


def test_a_placed_order_is_found_whatever_the_tenant_does_with_repeats(open_account: Callable[..., Any]) -> None:
    """The trait of `place` is true: the order is found by its lines as soon as it is placed, and only that one."""
    for repeat in ("refuse", "replay", "accept"):
        account = open_account(tenant={"repeated_deliver_id": repeat}, settings={"largest_page": 2})
        order = NewOrder.model_validate({"reference": "A-1", "lines": [PASS, GOLD_BAR]})
        since = account.clock()
        assert account.run(account.adapter.find_order(order, since, account.context)) is None
        placed = account.place("A-1", PASS, GOLD_BAR)
        for number in range(5):
            account.place(f"B-{number}", PASS)
        found = account.run(account.adapter.find_order(order, since, account.context))
        assert (found.id, found.reference) == (placed.id, "A-1")
        later = since + timedelta(minutes=1)
        assert account.run(account.adapter.find_order(order, later, account.context)) is None


def test_a_repeat_is_refused_replayed_or_taken_for_another_order(open_account: Callable[..., Any]) -> None:
    """The three things a tenant may do with a known deliverID, and what they are here."""
    refusing = open_account()
    first = refusing.place("A-1", PASS)
    with pytest.raises(DuplicateReference):
        refusing.place("A-1", PASS)
    replaying = open_account(tenant={"repeated_deliver_id": "replay"})
    assert replaying.place("A-1", PASS).id == replaying.place("A-1", PASS).id == first.id
    with pytest.raises(DuplicateReference):
        replaying.place("A-1", {**PASS, "quantity": 1})
    accepting = open_account(tenant={"repeated_deliver_id": "accept"})
    assert accepting.place("A-1", PASS).id != accepting.place("A-1", PASS).id
    assert [len(account.simulator.orders()) for account in (refusing, replaying, accepting)] == [1, 1, 2]


@pytest.mark.parametrize("repeat", ["refuse", "replay", "accept"])
def test_lines_numbered_alike_in_every_order_are_lines_of_their_own(
    open_account: Callable[..., Any], repeat: str
) -> None:
    """Callers who number lines 1, 2, … have each order placed, told and found as theirs, whatever the tenant does."""
    account = open_account(tenant={"repeated_deliver_id": repeat})
    numbered = [{**PASS, "reference": "1"}, {**PASS, "reference": "2"}]
    first, since = account.place("A-1", *numbered), account.clock()
    order = NewOrder.model_validate({"reference": "A-2", "lines": numbered})
    assert account.run(account.adapter.find_order(order, since, account.context)) is None
    second = account.place("A-2", *numbered)
    assert second.id != first.id
    listed = account.run(account.adapter.list_orders(OrderQuery())).items
    found = account.run(account.adapter.find_order(order, since, account.context))
    for told, placed, reference in (
        (account.read(first.id), first, "A-1"),
        (account.read(second.id), second, "A-2"),
        (listed[1], first, "A-1"),
        (listed[0], second, "A-2"),
        (found, second, "A-2"),
    ):
        assert (told.id, told.reference) == (placed.id, reference)
        assert [line.reference for line in told.lines] == ["1", "2"]


def test_only_a_proven_tenant_is_trusted_with_repeats(open_account: Callable[..., Any]) -> None:
    """The documentation says that repeats can be recognised; nothing is built on that until it was shown."""
    assert open_account(settings={"settle": 5}).adapter.traits()["place"].kind == "lookup"
    proven = open_account(settings={"settle": 5, "repeats_refused": True}).adapter.traits()["place"]
    assert (proven.kind, proven.settle) == ("dedupe_ref", 5.0)
