"""An offer is made, followed to its end and listed."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from adapters.contract.errors import (
    RateLimited,
    Rejected,
    UnsupportedOperation,
)
from adapters.contract.models.requests import NewOrder, OrderQuery
from support.cases import CONTEXT

V2 = {"api_version": "v2", "custom_fields_reference": None}


def native(identifier: str) -> str:
    return identifier.removeprefix("reusely:")


@pytest.mark.parametrize("settings", [{}, V2], ids=["v3", "v2"])
def test_an_offer_is_placed_and_followed_to_its_end(open_account: Any, clock: Any, settings: dict[str, Any]) -> None:
    """An offer starts as a lead, walks through the stages and ends completed; the order says each stage."""
    account = open_account(settings=settings)
    order = NewOrder.model_validate(
        {
            "reference": "T-9",
            "lines": [
                {"productId": "20057", "condition": "10", "quantity": 2, "metadata": {"notes": "two of them"}},
            ],
            "customer": {"email": "ann@customers.example", "firstName": "Ann", "lastName": "Lee"},
            "shipTo": {
                "firstName": "Ann",
                "lastName": "Lee",
                "line1": "12 Elm Street",
                "line2": "Apt 4",
                "city": "Springfield",
                "postalCode": "62704",
                "region": "IL",
                "country": "US",
            },
            "payout": {"method": "Store Credit"},
        }
    )
    placed = account.run(account.adapter.place_order(order, CONTEXT))
    assert placed.status == "pending"
    assert placed.id == f"reusely:{account.simulator.orders()[-1]['id']}"
    seen = []
    read = placed
    for _ in range(6):
        read = account.run(account.adapter.get_order(native(placed.id)))
        seen.append((read.provider_status, read.status))
        clock.forward(60)
    assert seen == [
        ("Active Leads", "pending"),
        ("Pending", "pending"),
        ("Received", "processing"),
        ("Reviewed", "processing"),
        ("Completed", "delivered"),
        ("Completed", "delivered"),
    ]
    # Kite 6: 40 * 6 - 150, brand new, twice
    assert read.totals.total.amount == "180.00"
    assert read.ship_to.postal_code == "62704"
    assert [(line.product_id, line.quantity, line.metadata) for line in read.lines] == [
        ("reusely:20057", 2, {"notes": "two of them"})
    ]
    assert read.reference == ("T-9" if not settings else None)


@pytest.mark.parametrize(
    ("email", "word", "status"),
    [
        ("ann+hold@customers.example", "On-Hold", "processing"),
        ("ann+cancelled@customers.example", "Cancelled", "cancelled"),
        ("ann+expired@customers.example", "Expired", "cancelled"),
        ("ann+custom@customers.example", "Awaiting Grading", "unknown"),
    ],
)
def test_an_offer_that_turns_aside_says_so(
    account: Any, clock: Any, an_order: Any, email: str, word: str, status: str
) -> None:
    """Stages besides the main road are told; a stage that the account made up is unknown and keeps its word."""
    order = an_order(email=email)
    placed = account.run(account.adapter.place_order(order, CONTEXT))
    clock.forward(600)
    read = account.run(account.adapter.get_order(native(placed.id)))
    assert (read.provider_status, read.status) == (word, status)


def test_a_stage_of_the_accounts_own_is_mapped_by_its_settings(open_account: Any, clock: Any, an_order: Any) -> None:
    """Workflows are edited by each account: `statuses` says what its stages mean, however they are written."""
    account = open_account(settings={"statuses": {"awaiting-grading": "processing"}})
    order = an_order(email="ann+custom@customers.example")
    placed = account.run(account.adapter.place_order(order, CONTEXT))
    clock.forward(600)
    assert account.run(account.adapter.get_order(native(placed.id))).status == "processing"


def test_the_list_is_read_page_by_page_to_its_end(account: Any) -> None:
    """Every offer comes once, newest first, whatever the limit is."""
    seen: list[str] = []
    cursor = None
    for _ in range(30):
        query = msgspec.convert({"limit": 7, **({"cursor": cursor} if cursor else {})}, OrderQuery)
        page = account.run(account.adapter.list_orders(query))
        assert len(page.items) <= 7
        seen += [order.id for order in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"reusely:{offer['id']}" for offer in reversed(account.simulator.orders())]


def test_the_list_is_filtered_by_what_an_offer_says(account: Any, clock: Any, an_order: Any) -> None:
    """Status, reference and age are judged on the page that was read."""
    order = an_order(reference="T-5")
    account.run(account.adapter.place_order(order, CONTEXT))

    def listed(**query: Any) -> list[Any]:
        page = account.run(account.adapter.list_orders(msgspec.convert(query, OrderQuery)))
        return [found.reference or found.provider_status for found in page.items]

    assert listed(reference="T-5") == ["T-5"]
    assert set(listed(status="cancelled")) <= {"Cancelled", "Expired"}
    assert listed(created_after=clock() - timedelta(hours=1)) == ["T-5"]
    assert "T-5" not in listed(created_before=clock() - timedelta(hours=1))
    with pytest.raises(UnsupportedOperation):
        listed(country="US")


def test_the_sixth_offer_of_a_customer_in_an_hour_is_refused(account: Any, clock: Any, an_order: Any) -> None:
    """Five requests an hour for each e-mail, however it is written; the sixth is answered 429 with the time left."""
    for count in range(5):
        email = "Ann@Customers.example" if count % 2 else "ann@customers.example"
        order = an_order(reference=f"T-{count}", email=email)
        account.run(account.adapter.place_order(order, CONTEXT))
        clock.forward(60)
    with pytest.raises(RateLimited) as refused:
        account.run(account.adapter.place_order(an_order(reference="T-6"), CONTEXT))
    assert refused.value.retry_after == 600.0
    assert account.simulator.truth()["limits_exceeded"] == 1
    other = an_order(reference="T-7", email="bo@customers.example")
    account.run(account.adapter.place_order(other, CONTEXT))
    clock.forward(3600 - 300)
    account.run(account.adapter.place_order(an_order(reference="T-6"), CONTEXT))


def test_a_payout_that_is_not_offered_is_the_providers_refusal(account: Any, an_order: Any) -> None:
    """A device bought no more is refused with the member that is wrong, in our words."""
    # Kite 5, the oldest model
    bought_no_more = an_order(lines=[{"productId": "20051", "condition": "12", "quantity": 1}])
    with pytest.raises(Rejected) as refused:
        account.run(account.adapter.place_order(bought_no_more, CONTEXT))
    assert refused.value.code == "VALIDATION_FAILED"
    assert [violation.name for violation in refused.value.violations] == ["lines[0].condition"]
