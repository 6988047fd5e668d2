"""Lists: cursors go on and end, nothing comes twice, limits hold, and somebody else's cursor is refused."""

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import pytest

from adapters.contract import flow
from adapters.contract.adapter import Adapter
from adapters.contract.errors import InvalidOrder
from adapters.contract.models.requests import CategoryQuery, OrderQuery, ProductQuery
from adapters.contract.models.resources import Page
from adapters.contract.wire import HttpRequest
from support.conformance import Account

Listing = Callable[[Adapter[Any, Any], int, str | None], flow.Flow[Page[Any]]]
MOST_PAGES = 300
MANY = 110
FOREIGN = (
    "",
    "0",
    "1",
    "x",
    "-1",
    "1.-1.0",
    "2.1.0",
    "1.1.0.0.0.0.zz",
    "1.٣.0",
    "eyJwYWdlIjoyfQ==",
    "1.1.0\n",
    " 1.1.0",
    "1." + "9" * 400,
    "1-" + "9" * 400,
    "../1",
    "null",
)


def listings(account: Account) -> Iterator[tuple[str, Listing]]:
    """Yield the lists that an account has, each as what gives a page of it."""
    supports, category = account.adapter.supports, account.subject.category
    if supports("list_categories"):
        yield (
            "categories",
            lambda adapter, limit, cursor: adapter.list_categories(CategoryQuery(limit=limit, cursor=cursor)),
        )
    if supports("list_products"):
        yield (
            "products",
            lambda adapter, limit, cursor: adapter.list_products(
                ProductQuery(category=category, limit=limit, cursor=cursor)
            ),
        )
    if supports("list_orders"):
        yield "orders", lambda adapter, limit, cursor: adapter.list_orders(OrderQuery(limit=limit, cursor=cursor))


def walk(account: Account, listing: Listing, *limits: int) -> list[str]:
    """Return the ids of a whole list, read with these limits in turn. Raises AssertionError where it has no end."""
    found: list[str] = []
    cursors: set[str | None] = {None}
    cursor = None
    for _, limit in zip(range(MOST_PAGES), cycle(limits), strict=False):
        page = account.run(listing(account.adapter, limit, cursor))
        assert len(page.items) <= limit, "more than was asked for"
        ids = [item.id for item in page.items]
        assert len(set(ids)) == len(ids), "twice on one page"
        found += ids
        cursor = page.next_cursor
        if cursor is None:
            return found
        assert cursor not in cursors, "the cursor does not go on"
        assert cursor.isascii()
        assert len(cursor) <= 512
        cursors.add(cursor)
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("limits", [(1,), (7,), (5, 1, 3)], ids=str)
def test_a_list_goes_on_and_ends_and_shows_everything_once(account: Account, limits: tuple[int, ...]) -> None:
    """Page after page, all that exists comes once, whatever the size of the pages, even a changing one."""
    for _ in range(8):
        account.arranged_order()
    for name, listing in listings(account):
        whole, parts = walk(account, listing, 100), walk(account, listing, *limits)
        assert len(set(parts)) == len(parts), f"{name}: twice"
        assert set(parts) == set(whole), name
        assert whole, f"no {name} to list"


def test_a_long_list_has_every_order(account: Account) -> None:
    """More orders than a page of any provider's holds are all listed."""
    if account.adapter.supports("list_orders"):
        made = {account.adapter.id(account.arranged_order()) for _ in range(MANY)}
        orders = dict(listings(account))["orders"]
        for limit in (9, 100):
            assert made <= set(walk(account, orders, limit))


def test_an_order_that_was_placed_is_listed(account: Account) -> None:
    """The list has the orders that exist, each under the id by which it can be read."""
    if account.adapter.supports("list_orders"):
        native = account.arranged_order()
        orders = {order.id: order for order in account.run(account.adapter.list_orders(OrderQuery())).items}
        assert account.adapter.id(native) in orders
        read = account.run(account.adapter.get_order(native))
        assert read.id == account.adapter.id(native)
        assert read.status == orders[read.id].status


@pytest.mark.parametrize("cursor", FOREIGN, ids=range(len(FOREIGN)))
def test_a_cursor_of_somebody_else_is_refused(account: Account, cursor: str) -> None:
    """What this list did not give out is InvalidOrder, names `cursor`, and sends nothing."""

    def send_nothing(request: HttpRequest) -> Any:
        raise AssertionError(f"sent: {request.method} {request.target}")

    for name, listing in listings(account):
        own = own_cursor(account, listing)
        if cursor == own:
            continue
        with pytest.raises(InvalidOrder) as raised:
            flow.run(listing(account.adapter, 3, cursor), send_nothing)
        assert [violation.name for violation in raised.value.violations] == ["cursor"], name


def own_cursor(account: Account, listing: Listing) -> str | None:
    """Return a cursor that the list gave out itself."""
    cursor: str | None = account.run(listing(account.adapter, 1, None)).next_cursor
    return cursor
