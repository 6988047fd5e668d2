"""An offer whose answer was lost is found again, and no other."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.contract.errors import (
    NotFound,
    Unavailable,
    UnsupportedOperation,
)
from adapters.contract.simulator import Received
from support.cases import CONTEXT


def test_an_offer_whose_answer_was_lost_is_found_again(account: Any, clock: Any, an_order: Any) -> None:
    """The look-up finds the offer by its reference, and tells absence before it was made."""
    order = an_order(lines=[{"productId": "20057", "condition": "12", "quantity": 2}])
    since = clock()
    assert account.run(account.adapter.find_order(order, since, CONTEXT)) is None
    request = next(account.adapter.place_order(order, CONTEXT))
    account.simulator.handle(Received.of(account.adapter.authorize(request, None)))
    found = account.run(account.adapter.find_order(order, since, CONTEXT))
    assert found.id == f"reusely:{account.simulator.orders()[-1]['id']}"
    assert found.reference == "T-1"


@pytest.mark.parametrize(
    "other",
    [
        {"email": "somebody@customers.example"},
        {"lines": [{"productId": "20057", "condition": "11", "quantity": 1}]},
        {"lines": [{"productId": "20057", "condition": "12", "quantity": 2}]},
        {"lines": [{"productId": "20058", "condition": "12", "quantity": 1}]},
        {"reference": "T-2"},
    ],
    ids=["email", "condition", "quantity", "product", "reference"],
)
def test_anothers_offer_is_not_taken_for_ours(account: Any, clock: Any, an_order: Any, other: dict[str, Any]) -> None:
    """The same reference on other content, or other content altogether, is not the offer that is looked for."""
    account.run(account.adapter.place_order(an_order(**other), CONTEXT))
    assert account.run(account.adapter.find_order(an_order(), clock(), CONTEXT)) is None


def test_an_older_offer_is_not_taken_for_ours(account: Any, clock: Any, an_order: Any) -> None:
    """An offer made before the time that is told is somebody else's: no skew of clocks is allowed for here."""
    order = an_order()
    account.run(account.adapter.place_order(order, CONTEXT))
    since = clock()
    assert account.run(account.adapter.find_order(order, since, CONTEXT)) is not None
    since = clock() + timedelta(seconds=1)
    assert account.run(account.adapter.find_order(order, since, CONTEXT)) is None


def test_absence_is_not_told_of_a_list_that_was_not_read_through(open_account: Any, clock: Any, an_order: Any) -> None:
    """When the bound ends before the time of the order, the look-up fails instead of saying "not there"."""
    account = open_account(settings={"lookup_pages": 1})
    since = clock() - timedelta(days=30)
    with pytest.raises(Unavailable):
        account.run(account.adapter.find_order(an_order(), since, CONTEXT))
    assert account.run(account.adapter.find_order(an_order(), clock(), CONTEXT)) is None
    with pytest.raises(UnsupportedOperation):
        account.run(account.adapter.get_order("SIMNONE"))
    patient = open_account()
    with pytest.raises(NotFound):
        patient.run(patient.adapter.get_order("SIMNONE"))
