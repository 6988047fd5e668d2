"""An order's life, from the adapter's side, against the simulator."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.contract import codec
from adapters.contract.errors import NotCancellable, NotFound
from adapters.contract.models.requests import DeliveryChange, NewCancellation, OrderQuery


def test_an_order_is_followed_from_acceptance_to_delivery(connector: Any) -> None:
    """Each step of production has its canonical status, and a package with tracking appears when it is shipped."""
    native = connector.place()
    told = []
    for _ in range(8):
        seen = connector.run(connector.adapter.get_order(native))
        told.append((seen.provider_status, seen.status, bool(seen.shipments)))
        connector.wait(1)
    assert told == [
        ("created", "pending", False),
        ("uploading", "pending", False),
        ("passed", "accepted", False),
        ("in_production", "processing", False),
        ("printed", "processing", False),
        ("shipped", "shipped", True),
        ("in_transit", "shipped", True),
        ("delivered", "delivered", True),
    ]
    order = connector.run(connector.adapter.get_order(native))
    (shipment,) = connector.run(connector.adapter.list_shipments(native)).items
    assert [line.id for line in shipment.lines] == [line.id for line in order.lines]
    assert shipment.tracking_code


def test_an_order_is_read_by_its_reference_too(connector: Any) -> None:
    """Get Order takes the caller's reference in the place of the id."""
    native = connector.place("PO/7?a=b#c..")
    assert connector.run(connector.adapter.get_order("PO/7?a=b#c..")).id == f"prints:{native}"


def test_a_cross_border_order_without_retail_prices_is_accepted_and_fails_later(connector: Any) -> None:
    """Acceptance is no promise: the order fails with a code when Gelato looks at it."""
    native = connector.place(country="GB")
    assert connector.status(native) == "pending"
    connector.wait(1)
    order = connector.run(connector.adapter.get_order(native))
    assert (order.status, order.status_reason.code) == ("failed", "missing_retail_prices")
    price = {"retailPrice": {"amount": "19.90", "currency": "GBP", "taxIncluded": False}}
    priced = connector.place("A-2", country="GB", line=price)
    connector.wait(1)
    assert connector.status(priced) == "pending"


def test_a_price_keeps_every_digit_on_its_way(connector: Any) -> None:
    """A retail price leaves as a JSON number with the caller's digits."""
    connector.place(line={"retailPrice": {"amount": "19.90", "currency": "EUR"}})
    assert b'"retailPriceInclVat":19.90,' in connector.sent[0].body


def test_a_draft_stays_a_draft(connector: Any) -> None:
    """Nothing is produced of a draft, and it can still be cancelled."""
    native = connector.place(draft=True)
    connector.wait(1000)
    assert connector.status(native) == "draft"
    connector.run(connector.adapter.cancel_order(native, NewCancellation(), connector.context))
    assert connector.status(native) == "cancelled"


def test_cancelling_twice_is_the_same_as_cancelling_once(connector: Any) -> None:
    """The trait of a cancellation is `natural`."""
    native = connector.place()
    for _ in range(2):
        change = connector.run(connector.adapter.cancel_order(native, NewCancellation(), connector.context))
        assert (change.order_id, change.state) == (f"prints:{native}", "done")
    assert connector.status(native) == "cancelled"
    assert connector.adapter.traits()["cancel"].kind == "natural"


def test_a_shipped_order_is_neither_cancelled_nor_changed(connector: Any) -> None:
    """Both are possible until the order is shipped."""
    native = connector.place()
    connector.wait(5)
    with pytest.raises(NotCancellable):
        connector.run(connector.adapter.cancel_order(native, NewCancellation(), connector.context))
    change = DeliveryChange(methods=["express"])
    with pytest.raises(NotCancellable):
        connector.run(connector.adapter.change_delivery(native, change, connector.context))
    assert connector.status(native) == "shipped"


def test_changing_the_delivery_twice_is_the_same_as_once(connector: Any, order: Callable[..., Any]) -> None:
    """The trait of a change is `natural`: it sets address and method."""
    native = connector.place()
    address = order().ship_to.model_copy(update={"line1": "Chausseestr. 1", "postal_code": "10115"})
    change = DeliveryChange(ship_to=address, methods=["fed_ex_2_day"])
    for _ in range(2):
        assert connector.run(connector.adapter.change_delivery(native, change, connector.context)).state == "done"
    read = connector.run(connector.adapter.get_order(native))
    assert (read.ship_to.line1, read.ship_to.postal_code) == ("Chausseestr. 1", "10115")
    assert read.delivery.method == "fed_ex_2_day"


@pytest.mark.parametrize("native", ["", " "])
def test_a_blank_id_is_not_found_without_asking(connector: Any, native: str) -> None:
    """A blank id would make another URL of the template."""
    for steps in (
        connector.adapter.get_order(native),
        connector.adapter.list_shipments(native),
        connector.adapter.cancel_order(native, NewCancellation(), connector.context),
    ):
        with pytest.raises(NotFound):
            connector.run(steps)
    assert not connector.sent


@pytest.mark.parametrize("native", ["nobody", "..", ".", "a/b", "ö?#%2F"])
def test_an_unknown_id_is_not_found_whatever_its_letters(connector: Any, native: str) -> None:
    """An id stays one segment of the path."""
    with pytest.raises(NotFound):
        connector.run(connector.adapter.get_order(native))


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_a_list_is_walked_to_its_end_and_shows_each_order_once(connector: Any, limit: int) -> None:
    """Pages overlap, so that a list in motion loses nothing, and what was shown is left out."""
    placed = {connector.place(f"A-{number}") for number in range(23)}
    seen, cursor = [], None
    for _ in range(100):
        page = connector.run(connector.adapter.list_orders(OrderQuery(limit=limit, cursor=cursor)))
        assert len(page.items) <= limit
        seen += [order.id.removeprefix("prints:") for order in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert cursor is None
    assert sorted(seen) == sorted(placed)


def test_an_order_that_leaves_the_list_between_two_pages_hides_no_other(connector: Any) -> None:
    """When an order before the offset stops matching, the ones behind it move up and are still shown."""
    placed = [connector.place(f"A-{number}") for number in range(20)]
    first = connector.run(connector.adapter.list_orders(OrderQuery(limit=10, status="pending")))
    for native in placed[-3:]:
        connector.run(connector.adapter.cancel_order(native, NewCancellation(), connector.context))
    query = OrderQuery(limit=10, status="pending", cursor=first.next_cursor)
    second = connector.run(connector.adapter.list_orders(query))
    shown = [order.id.removeprefix("prints:") for order in (*first.items, *second.items)]
    assert len(shown) == len(set(shown))
    assert set(placed[4:10]) <= set(shown)


def test_orders_are_filtered_by_the_provider(connector: Any) -> None:
    """Status, reference, country and time are filters of Search Orders."""
    german, french = connector.place("A-1"), connector.place("A-2", country="FR")
    connector.wait(10)
    later = connector.place("A-3")

    def found(**query: Any) -> list[str]:
        page = connector.run(connector.adapter.list_orders(OrderQuery(**query)))
        return [order.id.removeprefix("prints:") for order in page.items]

    assert found() == [later, french, german]
    assert found(country="FR") == [french]
    assert found(reference="A-1") == [german]
    assert found(status="delivered") == [french, german]
    assert found(status="pending") == [later]
    assert found(created_after=connector.now) == [later]
    assert not found(status="rejected")


def test_orders_of_other_customers_of_the_connector_are_not_seen(connector: Any) -> None:
    """A connector for all customers is told whose orders are meant."""
    native = connector.place()
    other = connector.account(customer_reference_id="acme")
    with pytest.raises(NotFound):
        connector.run(other.get_order(native))
    assert not connector.run(other.list_orders(OrderQuery())).items


def test_nothing_empty_is_answered(connector: Any) -> None:
    """Gelato's null and empty text are absent from what callers are told."""
    native = connector.place()
    body = codec.encode(connector.run(connector.adapter.get_order(native)))
    assert b"null" not in body
    assert b'""' not in body


def test_the_cheapest_read_proves_url_and_credentials(connector: Any) -> None:
    """One search for one order."""
    connector.run(connector.adapter.cheap_read())
    assert [(request.effect, request.body) for request in connector.sent] == [("read", b'{"limit":1,"offset":0}')]
