"""The main job against the simulated tenant: log in, browse, place, follow to the end, cancel."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.contract import codec
from adapters.contract.errors import (
    InsufficientBalance,
    MalformedResponse,
    NotCancellable,
    NotFound,
    OutOfStock,
    PriceChanged,
    Rejected,
    UnsupportedOperation,
)
from adapters.contract.models.requests import (
    AvailabilityItem,
    CategoryQuery,
    NewCancellation,
    OrderQuery,
    ProductQuery,
)

PASS = {"productId": "266-235", "quantity": 2}
GOLD_BAR = {"productId": "265-234", "quantity": 1, "inputs": {"userid": "Xagok", "server": "Ares"}}


def test_a_token_lives_as_long_as_its_expiration_says(account: Any) -> None:
    """Generate Token answers Expiration; the lifetime counts from the answer."""
    token = account.run(account.adapter.login(account.clock()))
    assert token.lifetime == 3600.0
    assert token.value.get_secret_value() not in repr(token)


def test_a_token_without_readable_expiration_lives_as_configured(open_account: Callable[..., Any]) -> None:
    """An expiration that has passed by our clock is no more use than none."""
    account = open_account(settings={"token_lifetime": 60}, tenant={"token_seconds": -5})
    assert account.run(account.adapter.login(account.clock())).lifetime == 60.0


def test_every_product_of_the_catalog_is_reached_by_cursors(account: Any) -> None:
    """Pages of any size, changing on the way, give each product once, and end."""
    found: list[str] = []
    cursor, sizes = None, [7, 3, 7, 2, 100]
    for size in sizes + sizes:
        page = account.run(account.adapter.list_products(ProductQuery(limit=size, cursor=cursor)))
        assert len(page.items) <= size
        found += [product.id for product in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert cursor is None
    assert len(found) == len(set(found)) == len(account.simulator.book.products)


def test_products_are_chosen_by_what_the_category_list_offers(account: Any) -> None:
    """Every category and every type that is listed can be asked for, and holds only its own products."""
    categories = account.run(account.adapter.list_categories(CategoryQuery(limit=100))).items
    held = 0
    for category in categories:
        native = category.id.removeprefix("reseller:")
        page = account.run(account.adapter.list_products(ProductQuery(category=native, limit=100)))
        assert all(category.id in product.categories for product in page.items)
        held += len(page.items)
    assert held == 2 * len(account.simulator.book.products)


def test_a_tenant_that_answers_the_same_page_again_is_found_out(account: Any) -> None:
    """Where paging is ignored, walking the list ends with an error instead of never."""
    first = account.run(account.adapter.list_products(ProductQuery(limit=5)))
    account.simulator._page = lambda members: (0, 5)
    with pytest.raises(MalformedResponse):
        account.run(account.adapter.list_products(ProductQuery(limit=5, cursor=first.next_cursor)))


def test_one_product_asked_for_twice_is_read_once(account: Any) -> None:
    """Availability answers every item, in order, and reads each product once."""
    items = [AvailabilityItem(product_id=native) for native in ("302-271", "266-235", "302-271")]
    answers = account.run(account.adapter.check_availability(items, account.clock()))
    assert [(answer.product_id, answer.stock.status) for answer in answers] == [
        ("reseller:302-271", "outOfStock"),
        ("reseller:266-235", "inStock"),
        ("reseller:302-271", "outOfStock"),
    ]
    assert account.simulator.requests["POST /Products/Detail/302"] == 1


def test_an_order_is_followed_to_its_goods(account: Any) -> None:
    """Codes come first, the product delivered by hand pauses on its way, and the order's id holds to the end."""
    placed = account.place("A-1", PASS, GOLD_BAR)
    assert (placed.status, placed.reference) == ("pending", "A-1")
    seen = []
    for _ in range(4):
        order = account.read(placed.id)
        assert order.id == placed.id
        seen.append((order.status, *(line.status for line in order.lines)))
        account.clock.forward(60)
    assert seen == [
        ("processing", "processing", "processing"),
        ("processing", "delivered", "accepted"),
        ("processing", "delivered", "processing"),
        ("delivered", "delivered", "delivered"),
    ]
    codes, note = (line.deliverables for line in account.read(placed.id).lines)
    assert len(set(codes)) == 2
    assert note == ("Goldhaven Gold Bar delivered to Xagok.",)


def test_goods_stand_in_no_repr_and_in_no_list(account: Any) -> None:
    """List Orders shows no codes, and an order's repr never does."""
    placed = account.place("A-1", PASS)
    account.clock.forward(60)
    order = account.read(placed.id)
    listed = account.run(account.adapter.list_orders(OrderQuery()))
    for code in order.lines[0].deliverables:
        assert code not in repr(order)
        assert code.encode() not in codec.encode(listed)


def test_what_is_charged_is_the_price_that_was_shown(account: Any) -> None:
    """The account's balance falls by quantity times price, and a cancellation gives it back."""
    before = account.balance()
    placed = account.place("A-1", PASS)
    assert (before, account.balance()) == ("5000000.00", "4999960.20")
    assert placed.lines[0].unit_price.amount == "19.90"
    change = account.run(account.adapter.cancel_order("9876-55501", NewCancellation(), account.context))
    assert (change.order_id, change.state) == (placed.id, "done")
    assert account.balance() == before
    assert account.read(placed.id).status == "cancelled"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"productId": "302-271", "quantity": 1}, OutOfStock),
        ({"productId": "303-272", "quantity": 4}, OutOfStock),
        ({"productId": "305-274", "quantity": 1}, PriceChanged),
        ({"productId": "404-373", "quantity": 1}, InsufficientBalance),
        ({"productId": "304-273", "quantity": 1}, Rejected),
        ({"productId": "403-372", "quantity": 4}, Rejected),
        ({"productId": "501-470", "quantity": 1}, Rejected),
    ],
)
def test_a_refused_basket_places_nothing(account: Any, line: dict[str, Any], expected: type[Rejected]) -> None:
    """Each documented way to be refused gives its error, and all lines or none are ordered."""
    with pytest.raises(expected) as raised:
        account.place("A-1", PASS, line)
    assert type(raised.value) is expected
    if expected is not InsufficientBalance:
        assert [violation.name for violation in raised.value.violations] == ["lines[1]"]
    assert account.simulator.orders() == []
    assert account.balance() == "5000000.00"


def test_a_platform_may_cancel_an_order_itself(account: Any) -> None:
    """A product that is not delivered after all ends as cancelled, and the money comes back."""
    placed = account.place("A-1", {"productId": "306-275", "quantity": 1})
    account.clock.forward(60)
    assert account.read(placed.id).status == "cancelled"
    assert account.balance() == "5000000.00"


def test_cancelling_twice_is_cancelling_once_and_delivered_is_too_late(account: Any) -> None:
    """The trait of `cancel` is natural: a second time changes nothing. After delivery it is refused."""
    assert account.adapter.traits()["cancel"].kind == "natural"
    account.place("A-1", PASS)
    for _ in range(2):
        account.run(account.adapter.cancel_order("9876-55501", NewCancellation(), account.context))
    account.place("A-2", PASS)
    account.clock.forward(60)
    with pytest.raises(NotCancellable):
        account.run(account.adapter.cancel_order("9877-55502", NewCancellation(), account.context))


def test_an_account_that_cancels_whole_orders_refuses_single_lines(account: Any) -> None:
    """Nothing is sent for one line of two; both together are the order."""
    account.place("A-1", PASS, {"productId": "267-236", "quantity": 1})
    account.sent.clear()
    one = NewCancellation.model_validate({"lines": [{"id": "55501"}]})
    with pytest.raises(UnsupportedOperation):
        account.run(account.adapter.cancel_order("9876-55501.1", one, account.context))
    assert account.sent == []
    both = NewCancellation.model_validate({"lines": [{"id": "55502"}, {"id": "55501"}]})
    assert account.run(account.adapter.cancel_order("9876-55501.1", both, account.context)).state == "done"


def test_an_account_that_cancels_by_line_cancels_one_of_two(open_account: Callable[..., Any]) -> None:
    """The other line is delivered, and the order is partly cancelled."""
    account = open_account(settings={"cancel_by": "line"})
    placed = account.place("A-1", PASS, {"productId": "267-236", "quantity": 1})
    one = NewCancellation.model_validate({"lines": [{"id": "55502"}]})
    change = account.run(account.adapter.cancel_order("9876-55501.1", one, account.context))
    assert [(part.id, part.state) for part in change.parts] == [("55502", "done")]
    account.clock.forward(60)
    assert account.read(placed.id).status == "partiallyCancelled"


def test_an_order_known_by_its_own_id_alone_is_read_and_cancelled_by_line(open_account: Callable[..., Any]) -> None:
    """An id without lines leads to the same order."""
    account = open_account(settings={"cancel_by": "line"})
    placed = account.place("A-1", PASS)
    assert account.read("9876").id == placed.id
    assert account.run(account.adapter.cancel_order("9876", NewCancellation(), account.context)).state == "done"


def test_lines_of_another_order_make_no_order(account: Any) -> None:
    """An id put together from two orders is not found."""
    account.place("A-1", PASS)
    account.place("A-2", PASS)
    with pytest.raises(NotFound):
        account.read("9876-55501.1")


def test_orders_are_listed_newest_first_and_each_once(account: Any) -> None:
    """Cursors walk through all orders."""
    placed = [account.place(f"A-{number}", PASS).id for number in range(5)]
    found, cursor = [], None
    for _ in range(4):
        page = account.run(account.adapter.list_orders(OrderQuery(limit=2, cursor=cursor)))
        found += [order.id for order in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == placed[::-1]


def test_a_tenant_may_spell_its_answers_as_the_documentation_prints_them(open_account: Callable[..., Any]) -> None:
    """OrderID or orderID, Token or token: what comes out is the same."""
    camel, pascal = open_account(), open_account(tenant={"casing": "pascal"})
    reads: list[Callable[[Any], Any]] = [
        lambda account: account.run(account.adapter.list_products(ProductQuery(limit=100))),
        lambda account: account.run(account.adapter.list_categories(CategoryQuery(limit=100))),
        lambda account: account.place("A-1", PASS, GOLD_BAR),
        lambda account: account.read("9876-55501.1"),
        lambda account: account.run(account.adapter.list_orders(OrderQuery())),
        lambda account: account.run(account.adapter.get_account()),
    ]
    for read in reads:
        assert codec.encode(read(pascal)) == codec.encode(read(camel))
    with pytest.raises(OutOfStock) as refused:
        pascal.place("A-2", PASS, {"productId": "302-271", "quantity": 1})
    assert [violation.name for violation in refused.value.violations] == ["lines[1]"]
