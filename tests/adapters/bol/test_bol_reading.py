"""Lists that go on until an empty page, filters that are honest, statuses that follow from quantities."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bol import mapping
from adapters.bol.adapter import BolAdapter
from adapters.contract import codec, flow
from adapters.contract.errors import InvalidOrder, MalformedResponse, NotFound, UnsupportedOperation
from adapters.contract.flow import Answer
from adapters.contract.models.requests import CategoryQuery, OrderQuery, ProductQuery
from adapters.contract.wire import HttpRequest, HttpResponse

Pages = Callable[[HttpRequest], Answer]


def account() -> BolAdapter:
    """Return an account that sends nothing."""
    return BolAdapter(
        "bol",
        BolAdapter.Settings(),  # type: ignore[arg-type]
        BolAdapter.Credentials.model_validate({"client_id": "i", "client_secret": "s"}),  # type: ignore[arg-type]
    )


def serve(*pages: Sequence[str] | bytes, sent: list[HttpRequest] | None = None) -> Pages:
    """Answer page n of the order list with these order ids (or this body), and `{}` beyond."""

    def answered(request: HttpRequest) -> Answer:
        if sent is not None:
            sent.append(request)
        number = int(dict(request.query)["page"])
        if number > len(pages):
            return HttpResponse(200, {}, b"{}")
        page = pages[number - 1]
        if isinstance(page, bytes):
            return HttpResponse(200, {}, page)
        return HttpResponse(200, {}, codec.encode({"orders": [an_order(order_id) for order_id in page]}))

    return answered


def an_order(order_id: str) -> dict[str, Any]:
    """Return a ReducedOrder with one open item."""
    item = {"orderItemId": f"i{order_id}", "ean": "0000007740404", "quantity": 1, "quantityShipped": 0}
    item |= {"quantityCancelled": 0, "fulfilmentStatus": "OPEN", "cancellationRequest": False}
    return {"orderId": order_id, "orderPlacedDateTime": "2026-11-22T10:00:00+01:00", "orderItems": [item]}


def listed(exchange: Pages, **query: Any) -> Any:
    """List orders."""
    return flow.run(account().list_orders(msgspec.convert(query, OrderQuery)), exchange)


def ids(page: Any) -> list[str]:
    """Return the native ids of a page."""
    return [order.id.removeprefix("bol:") for order in page.items]


def test_the_two_defaults_are_sent_although_they_are_defaults(shop: Any) -> None:
    """Bol's specification drops and restores them between releases."""
    shop.run(shop.adapter.list_orders(OrderQuery()))
    assert [request.target for request, _ in shop.sent if request.step != "login"] == [
        "/retailer/orders?page=1&fulfilment-method=FBR&status=OPEN",
        "/retailer/orders?page=2&fulfilment-method=FBR&status=OPEN",
    ]


@pytest.mark.parametrize("empty", [b"{}", b'{"orders": []}', b'{"orders": null}'])
def test_an_empty_page_ends_the_list_however_it_is_written(empty: bytes) -> None:
    """A page without orders has been captured as `{}`."""
    page = listed(serve(["A", "B"], empty))
    assert ids(page) == ["A", "B"]
    assert page.next_cursor is None


def test_a_short_page_is_not_the_last_one() -> None:
    """Fewer than fifty is nowhere said to be the end: the list goes on until a page is empty."""
    sent: list[HttpRequest] = []
    assert ids(listed(serve(["A"], ["B"], ["C"], sent=sent))) == ["A", "B", "C"]
    assert len(sent) == 4


def test_an_order_that_slid_to_the_next_page_is_listed_once() -> None:
    """A new order shifts the pages while they are read."""
    assert ids(listed(serve(["A", "B"], ["B", "C"]))) == ["A", "B", "C"]


@given(
    st.lists(st.lists(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), min_size=1, max_size=6), max_size=7),
    st.integers(1, 5),
)
def test_cursors_go_on_until_everything_was_listed(pages: list[list[str]], limit: int) -> None:
    """However pages and limits fall, every order comes, no answer is longer than asked for, and the list ends."""
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(60):
        page = listed(serve(*pages), limit=limit, **({"cursor": cursor} if cursor else {}))
        assert len(page.items) <= limit
        assert len(set(ids(page))) == len(page.items)
        seen += ids(page)
        assert page.next_cursor != cursor or cursor is None
        cursor = page.next_cursor
        if cursor is None:
            break
    assert cursor is None
    assert set(seen) == {order_id for page in pages for order_id in page}


def test_one_answer_costs_at_most_four_requests() -> None:
    """With a filter that nothing passes the walk stops and says where to go on."""
    sent: list[HttpRequest] = []
    page = listed(serve(*(["A"] for _ in range(20)), sent=sent), status="cancelled")
    assert (page.items, page.next_cursor) == ((), "1.5.0")
    assert len(sent) == 4


@pytest.mark.parametrize(
    "cursor", ["", "1", "1.0.0", "2.1.0", "1.1.x", "1.-1.0", "1.1.0.0", "1.1234567.0", "1.\uff11.0"]
)
def test_a_cursor_that_was_not_made_here_is_refused(cursor: str) -> None:
    """It names the member, and nothing is sent."""
    sent: list[HttpRequest] = []
    with pytest.raises(InvalidOrder) as refused:
        listed(serve(["A"], sent=sent), cursor=cursor)
    assert [violation.name for violation in refused.value.violations] == ["cursor"]
    assert not sent


def test_filters_that_bol_cannot_answer_are_refused_and_name_themselves(shop: Any) -> None:
    """The list has no address and no reference of ours."""
    for query in (OrderQuery(country="NL"), OrderQuery(reference="R1")):
        with pytest.raises(UnsupportedOperation) as refused:
            shop.run(shop.adapter.list_orders(query))
        assert next(name for name in ("country", "reference") if getattr(query, name)) in refused.value.detail
    assert [request.step for request, _ in shop.sent] == ["login"]


def test_a_status_filter_asks_for_the_list_that_can_hold_it(shop: Any) -> None:
    """Open orders are in OPEN, everything else in ALL, and states that bol does not have are in none."""
    for status in ("accepted", "partiallyShipped", "shipped", "cancelled"):
        orders = shop.run(shop.adapter.list_orders(OrderQuery(status=status))).items
        assert orders
        assert {order.status for order in orders} == {status}
    asked = {dict(request.query)["status"] for request, _ in shop.sent if request.query}
    assert asked == {"OPEN", "ALL"}
    before = len(shop.sent)
    assert shop.run(shop.adapter.list_orders(OrderQuery(status="delivered"))).items == ()
    assert len(shop.sent) == before


def test_orders_are_bounded_by_when_they_were_placed(shop: Any) -> None:
    """Bol filters by changes only; the bounds hold the time of placing, the first included and the second not."""
    everything = shop.run(shop.adapter.list_orders(OrderQuery())).items
    moment = everything[3].created_at
    after = shop.run(shop.adapter.list_orders(OrderQuery(created_after=moment))).items
    before = shop.run(shop.adapter.list_orders(OrderQuery(created_before=moment))).items
    assert after == everything[:4]
    assert before == everything[4:]
    none = OrderQuery(created_after=moment + timedelta(days=1))
    assert shop.run(shop.adapter.list_orders(none)).items == ()


@pytest.mark.parametrize(
    ("quantities", "status"),
    [
        ((2, 0, 0), "accepted"),
        ((2, 1, 0), "partiallyShipped"),
        ((2, 0, 1), "partiallyCancelled"),
        ((3, 1, 1), "partiallyShipped"),
        ((2, 2, 0), "shipped"),
        ((2, 1, 1), "shipped"),
        ((2, 0, 2), "cancelled"),
        ((0, 0, 0), "unknown"),
        ((2, None, 0), "unknown"),
        ((2, 0, None), "unknown"),
        ((2, -1, 0), "unknown"),
    ],
)
def test_a_status_follows_from_quantities(quantities: tuple[int, int | None, int | None], status: str) -> None:
    """Bol states no status for an order: what was ordered, shipped and cancelled says it."""
    assert mapping.status_of(*quantities) == status


def test_an_item_that_contradicts_itself_is_unknown() -> None:
    """HANDLED means shipped or cancelled; quantities that say neither leave it open what is true."""
    order = an_order("A")
    order["orderItems"][0]["fulfilmentStatus"] = "HANDLED"
    (found,) = listed(serve(codec.encode({"orders": [order]}))).items
    assert (found.status, found.lines[0].status, found.lines[0].provider_status) == ("unknown", "unknown", "HANDLED")


def test_an_order_without_items_is_unknown() -> None:
    """Nothing says what state it is in."""
    (found,) = listed(serve(b'{"orders": [{"orderId": "A", "orderItems": []}]}')).items
    assert found.status == "unknown"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["1.5", "OPEN", "A1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
NAMES = """
    orders orderId orderItems orderItemId orderPlacedDateTime quantity quantityShipped quantityCancelled ean product
    title fulfilment offer reference unitPrice totalPrice discounts amount additionalServices serviceType commission
    shipmentDetails billingDetails firstName houseNumber deliveryPhoneNumber countryCode vatNumber shipments shipmentId
    shipmentItems transport transportId order products eans categories categoryId categoryName subcategories attributes
    id values value unitId parties role name gpc chunkId assets variants url width mimeType offers bestOffer price
    processStatuses processStatusId status entityId errorMessage
""".split()
ANSWERS = st.recursive(
    JUNK,
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=6) | st.lists(inner, max_size=3),
    max_leaves=25,
)


@given(ANSWERS)
def test_any_json_is_read_or_malformed(value: Any) -> None:
    """Whatever JSON a success has, it becomes a canonical value or MalformedResponse, never another error."""
    adapter, response = account(), HttpResponse(200, {}, codec.encode(value))

    def exchange(request: HttpRequest) -> Answer:
        return response if dict(request.query).get("page", "1") == "1" else HttpResponse(200, {}, b"{}")

    for read in (
        adapter.list_orders(OrderQuery()),
        adapter.get_order("A"),
        adapter.list_shipments("A"),
        adapter.list_products(ProductQuery(limit=1)),
        adapter.list_categories(CategoryQuery()),
        adapter.get_product("1"),
        adapter.poll(["1"]),
        adapter.poll(["1", "2"]),
        adapter.find_processes("1", "change_shipment"),
    ):
        try:
            codec.encode(flow.run(read, exchange))
        except MalformedResponse:
            continue


@pytest.mark.parametrize("identifier", ["../orders", "a/b", "a?b", "é", "..", "."])
def test_an_identifier_stays_one_segment(shop: Any, identifier: str) -> None:
    """What cannot be an id is asked for, encoded, and not found."""
    for read in (shop.adapter.get_order(identifier), shop.adapter.get_product(identifier)):
        with pytest.raises(NotFound):
            shop.run(read)


def test_products_go_on_over_pages(shop: Any) -> None:
    """The list has fifty products a page; the cursor leads through all of them."""
    names: list[str] = []
    cursor: str | None = None
    for _ in range(10):
        page = shop.run(shop.adapter.list_products(ProductQuery(limit=20, cursor=cursor)))
        names += [product.id for product in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(names) == len(set(names)) == 62


def test_a_product_search_that_is_too_long_is_refused(shop: Any) -> None:
    """Retailer API v10 spec, ProductListRequest: 50 characters to search for, 11 of a category."""
    for query, name in ((ProductQuery(q="x" * 51), "q"), (ProductQuery(category="1" * 12), "category")):
        with pytest.raises(InvalidOrder) as refused:
            shop.run(shop.adapter.list_products(query))
        assert [violation.name for violation in refused.value.violations] == [name]
    with pytest.raises(UnsupportedOperation):
        shop.run(shop.adapter.list_products(ProductQuery(ean="1", q="x")))


def test_categories_below_one_are_its_children(shop: Any) -> None:
    """A cursor goes on inside the one answer that bol gives; a foreign one is refused before anything is asked."""
    children = shop.run(shop.adapter.list_categories(CategoryQuery(parent="11271"))).items
    assert [category.name for category in children] == ["Koffie & Thee", "Pannen"]
    shop.wait(60)  # one request a minute
    first = shop.run(shop.adapter.list_categories(CategoryQuery(limit=8)))
    shop.wait(60)
    second = shop.run(shop.adapter.list_categories(CategoryQuery(limit=8, cursor=first.next_cursor)))
    assert (len(first.items), len(second.items), second.next_cursor) == (8, 3, None)
    with pytest.raises(InvalidOrder):
        shop.run(shop.adapter.list_categories(CategoryQuery(cursor="1.2.0")))
