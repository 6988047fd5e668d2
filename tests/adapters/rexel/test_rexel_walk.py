"""The main job against the simulated Rexel: browse, order, follow to the end, find again."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.contract import codec
from adapters.contract.errors import InvalidOrder, KeyMismatch, NotFound, Rejected, UnsupportedOperation
from adapters.contract.models.requests import AvailabilityItem, OrderQuery
from adapters.rexel.simulator import RexelSimulator


def assert_no_empty_value(value: Any) -> None:
    """Canonical JSON has no null and no empty text anywhere."""
    assert value is not None
    assert value != ""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        assert_no_empty_value(inner)


@pytest.mark.parametrize("place_by", ["order", "quote"])
def test_an_order_is_placed_and_followed_to_its_end(open_account: Any, an_order: Any, place_by: str) -> None:
    """Directly or by a quote, one order exists, and its status runs from received to delivered."""
    account = open_account(settings={"place_by": place_by})
    placed = account.place(an_order(metadata={"site": "nord"}))
    assert (placed.status, placed.reference, placed.metadata) == ("pending", "PO-1", {"site": "nord"})
    assert [row["reference"] for row in account.simulator.orders()] == ["PO-1"]
    native = placed.id.removeprefix("rexel:")
    statuses = []
    for _ in range(5):
        order = account.run(account.adapter.get_order(native))
        assert_no_empty_value(codec.decode(codec.encode(order)))
        statuses.append(order.status)
        account.forward(60)
    assert statuses == ["pending", "accepted", "partiallyShipped", "shipped", "delivered"]
    order = account.run(account.adapter.get_order(native))
    assert [(line.quantity, line.quantity_shipped, line.unit_price.amount) for line in order.lines] == [
        (2, 2, "412.35"),
        (1, 1, "6.12"),
    ]


@pytest.mark.parametrize(
    "product",
    ["SCH:APCRBCV202", "LEG:067111", "LEG:4 120 23", "HAG:MFN716/A", "NEX:R2V3G2.5/100", "PHI:CORELINE840"],
)
def test_every_shape_of_a_product_is_read(account: Any, product: str) -> None:
    """Elements, list or object, slash or blank in the reference, comma or point: name, price and stock are there."""
    found = account.run(account.adapter.get_product(product))
    assert_no_empty_value(codec.decode(codec.encode(found)))
    assert found.id == f"rexel:{product}"
    assert found.price is not None
    assert found.stock.status == "inStock"


def test_a_price_with_thousands_keeps_its_digits(account: Any) -> None:
    """`1.234,56` is 1234.56 to the last digit."""
    assert account.run(account.adapter.get_product("NEX:R2V3G2.5/100")).price.amount == "1234.56"


def test_one_refused_article_does_not_hide_the_others(account: Any) -> None:
    """When Rexel refuses a list of articles, each is asked for alone, and only the refused one has a problem."""
    items = [
        AvailabilityItem(product_id=product)
        for product in ("SCH:APCRBCV202", "SCH:INTERDIT300", "SCH:EPUISE100", "nonsense")
    ]
    first, refused, sold_out, nonsense = account.run(account.adapter.check_availability(items, account.time))
    assert (first.price.amount, first.stock.quantity) == ("412.35", 22)
    assert refused.problem is not None
    assert refused.price is None
    assert (sold_out.stock.status, sold_out.problem) == ("backorder", None)
    assert nonsense.problem is not None
    assert [item.product_id for item in (first, refused, sold_out, nonsense)] == [
        f"rexel:{item.product_id}" for item in items
    ]


def test_the_account_and_the_cheap_read_prove_the_way(account: Any, open_account: Any) -> None:
    """With a customer number the customer is read, without one a page of orders."""
    assert account.run(account.adapter.get_account()).name == "ELECTRICITE DEMO SARL"
    account.run(account.adapter.cheap_read())
    anonymous = open_account(settings={"id_customer": None})
    anonymous.run(anonymous.adapter.cheap_read())
    assert anonymous.sent[-1].target == "/orders?page=0&size=1"
    assert not anonymous.adapter.supports("get_account")
    assert not anonymous.adapter.supports("check_availability")
    with pytest.raises(UnsupportedOperation, match="id_customer"):
        anonymous.run(anonymous.adapter.get_account())


def test_a_list_is_walked_by_cursors_without_repeating(account: Any, an_order: Any) -> None:
    """Seven orders come in pages of any size, newest first, each once, and the list ends."""
    for number in range(7):
        account.place(an_order(reference=f"PO-{number}"), f"operation-{number}")
    for sizes in ([3], [1], [7], [100], [3, 2, 5, 1]):
        seen, cursor, turn = [], None, 0
        while True:
            query = OrderQuery(limit=sizes[turn % len(sizes)], cursor=cursor)
            page = account.run(account.adapter.list_orders(query))
            assert len(page.items) <= query.limit
            seen += [order.reference for order in page.items]
            cursor, turn = page.next_cursor, turn + 1
            if cursor is None:
                break
        assert seen == [f"PO-{number}" for number in reversed(range(7))]


def test_filters_hold(account: Any, an_order: Any) -> None:
    """Status, reference, country and time of creation are kept to, within each page."""
    account.place(an_order(reference="PO-1"), "operation-1")
    between = account.time
    account.forward(60)
    account.place(an_order(reference="PO-2"), "operation-2")

    def listed(**query: Any) -> list[str]:
        return [order.reference for order in account.run(account.adapter.list_orders(OrderQuery(**query))).items]

    assert listed(status="accepted") == ["PO-1"]
    assert listed(status="failed") == []
    assert listed(reference="PO-2") == ["PO-2"]
    assert listed(country="MC") == []
    assert listed(created_after=between + timedelta(seconds=1)) == ["PO-2"]
    assert listed(created_before=between + timedelta(seconds=1)) == ["PO-1"]


def test_the_same_write_again_is_answered_and_not_executed(account: Any, an_order: Any) -> None:
    """The same operation sent twice gives the same order once; other content under the same key is a mismatch."""
    first = account.place(an_order())
    assert account.place(an_order()) == first
    with pytest.raises(KeyMismatch):
        account.place(an_order(reference="PO-2"))
    assert len(account.simulator.orders()) == 1


def test_a_key_is_forgotten_after_its_retention(account: Any, an_order: Any) -> None:
    """The trait's retention is what the simulated Rexel really keeps; afterwards the same is a new order."""
    retention = account.adapter.traits()["place"].retention
    account.place(an_order())
    account.forward(retention - 1)
    account.place(an_order())
    assert len(account.simulator.orders()) == 1
    account.forward(2)
    account.place(an_order())
    assert len(account.simulator.orders()) == 2


def test_a_failed_write_is_not_remembered(account: Any, an_order: Any) -> None:
    """After a refusal the same key may be used with content that is right."""
    with pytest.raises(Rejected):
        account.place(an_order(lines=[{"productId": "SCH:EPUISE100", "quantity": 1}]))
    account.place(an_order())
    assert len(account.simulator.orders()) == 1


def test_a_lost_order_is_found_and_an_absent_one_is_not(account: Any, an_order: Any) -> None:
    """The look-up tells the order that was placed from none, from another one and from an older one."""
    since = account.time

    def found(order: Any, at: Any = since) -> Any:
        return account.run(account.adapter.find_order(order, at, None))

    assert found(an_order()) is None
    placed = account.place(an_order())
    assert found(an_order()).id == placed.id
    assert found(an_order(), since + timedelta(minutes=1)) is None
    assert found(an_order(reference="PO-2")) is None
    assert found(an_order(lines=[{"productId": "SCH:APCRBCV202", "quantity": 2}])) is None
    elsewhere = {**an_order().ship_to.model_dump(by_alias=True, exclude_none=True), "postalCode": "69004"}
    assert found(an_order(shipTo=elsewhere)) is None


def test_a_look_up_goes_through_as_many_pages_as_are_young_enough(account: Any, an_order: Any) -> None:
    """An order behind 150 newer ones is found; a list sorted newest first is left where it gets too old."""
    since = account.time
    placed = account.place(an_order())
    for number in range(150):
        account.place(an_order(reference=f"later-{number}"), f"later-{number}")
    assert account.run(account.adapter.find_order(an_order(), since, None)).id == placed.id
    account.sent.clear()
    late = account.time + timedelta(hours=1)
    assert account.run(account.adapter.find_order(an_order(), late, None)) is None
    assert len(account.sent) == 1


@pytest.mark.parametrize(
    ("change", "error", "members"),
    [
        ({"lines": [{"productId": "SCH:EPUISE100", "quantity": 1}]}, Rejected, ["lines[0].quantity"]),
        ({"lines": [{"productId": "SCH:S520059", "quantity": 7}]}, Rejected, ["lines[0].quantity"]),
        ({"lines": [{"productId": "SCH:NOPE", "quantity": 1}]}, NotFound, []),
        ({"lines": [{"productId": "HAG:MFN716/A", "quantity": 600}] * 30}, Rejected, []),
        ({"currency": "USD"}, Rejected, ["currency"]),
        (
            {"reference": "x" * 64, "lines": [{"productId": "nothing", "quantity": 1}]},
            InvalidOrder,
            ["lines[0].productId"],
        ),
    ],
    ids=["sold out", "not a multiple", "unknown product", "credit limit", "currency", "no product of Rexel"],
)
def test_every_refusal_can_be_provoked(
    account: Any, an_order: Any, change: Any, error: type[Exception], members: list[str]
) -> None:
    """What the README says to provoke is refused, names the member at fault, and places nothing."""
    with pytest.raises(error) as refusal:
        account.place(an_order(**change))
    assert [violation.name for violation in getattr(refusal.value, "violations", ())] == members
    assert account.simulator.orders() == []


def test_an_order_may_be_cancelled_by_rexel(account: Any, an_order: Any) -> None:
    """Where Rexel cancels, the order says so and nothing is shipped."""
    placed = account.place(an_order(lines=[{"productId": "SCH:ANNULE200", "quantity": 1}]))
    account.forward(600)
    assert account.run(account.adapter.get_order(placed.id.removeprefix("rexel:"))).status == "cancelled"


@pytest.mark.parametrize(("demands_key", "demands_oauth"), [(True, False), (False, True)])
def test_either_way_of_proving_oneself_is_enough_where_the_provider_takes_it(
    open_account: Any, an_order: Any, demands_key: bool, demands_oauth: bool
) -> None:
    """What is not configured is not sent, and no login is made for a subscription key."""

    class OneWay(RexelSimulator):
        pass

    OneWay.demands_key, OneWay.demands_oauth = demands_key, demands_oauth
    off = {"client_id": None, "client_secret": None} if demands_key else {"subscription_key": None}
    account = open_account(OneWay, credentials=off)
    account.place(an_order())
    assert ("authorization" in account.sent[-1].headers) is demands_oauth
    assert ("ocp-apim-subscription-key" in account.sent[-1].headers) is demands_key
    assert any(request.step == "login" for request in account.sent) is demands_oauth
