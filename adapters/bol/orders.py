"""Orders of bol's customers: list, read, cancel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from adapters.bol import mapping
from adapters.bol.account import BolAccount
from adapters.bol.paging import walk
from adapters.bol.processes import change_of
from adapters.contract.adapter import WriteContext
from adapters.contract.errors import (
    InvalidOrder,
    LossyTranslation,
    NotCancellable,
    UnsupportedOperation,
    Violation,
)
from adapters.contract.flow import Answer, Flow
from adapters.contract.models.requests import LineQuantity, NewCancellation, OrderQuery
from adapters.contract.models.resources import Order, OrderChange, Page
from adapters.contract.wire import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class Item:
    """What a write has to know of an order item. `open` is what is neither shipped nor cancelled."""

    id: str
    open: int
    by_bol: bool
    cancellation_requested: bool


def items_of(order: dict[str, Any]) -> list[Item]:
    """Read the items of an Order. Raises MalformedResponse."""
    items = []
    for raw in mapping.objects(order, "orderItems"):
        line = mapping.full_line(raw, str, "EUR")
        items.append(
            Item(
                id=mapping.required(raw, "orderItemId"),
                open=line.quantity - (line.quantity_shipped or 0) - (line.quantity_cancelled or 0),
                by_bol=mapping.member(raw, "fulfilment").get("method") == "FBB",
                cancellation_requested=line.cancellation_requested is True,
            )
        )
    return items


def named_items(items: Sequence[Item], lines: Sequence[LineQuantity]) -> list[tuple[Item, LineQuantity]]:
    """Return each named line with its item.

    Raises InvalidOrder for a line that is not of the order or is named twice, NotCancellable for one that is not open.
    """
    known, violations, found = {item.id: item for item in items}, [], []
    for index, line in enumerate(lines):
        if line.id not in known:
            violations.append(Violation(f"lines[{index}].id", "not a line of this order"))
        elif any(line.id == other.id for other in lines[:index]):
            violations.append(Violation(f"lines[{index}].id", "named twice"))
        else:
            found.append((known[line.id], line))
    if violations:
        raise InvalidOrder(*violations)
    closed = [item.id for item, _ in found if item.open <= 0]
    if closed:
        raise NotCancellable(f"Already shipped or cancelled: {', '.join(closed)}.")
    return found


class BolOrders(BolAccount):
    """Orders."""

    @override
    def list_orders(self, query: OrderQuery) -> Flow[Page[Order]]:
        """List orders, of the fulfilment method and status in the settings unless a status is asked for.

        bol filters by changes, never by when an order was placed: those bounds are applied here, to what bol lists
        (open orders, and those handled in the last 48 hours). Raises UnsupportedOperation for other filters.
        """
        for name, value in (("reference", query.reference), ("country", query.country)):
            if value is not None:
                raise UnsupportedOperation(f"bol's list of orders tells no {name}: it cannot be filtered by it.")
        listed_as = self.settings.order_status if query.status is None else mapping.LISTED_AS.get(query.status)
        if listed_as is None:
            return Page()
        # Both are bol's defaults where the settings are; they are sent because releases drop and restore the defaults.
        filters = (("fulfilment-method", self.settings.fulfilment_method), ("status", listed_as))

        def fetch(page: int) -> Flow[Sequence[Order] | None]:
            response: HttpResponse = yield self._read("/retailer/orders", query=(("page", str(page)), *filters))
            # An empty page is `{}`.
            orders = mapping.objects(response.object(), "orders")
            return [mapping.reduced_order(order, self.name, self.id, self.euro) for order in orders] or None

        def wanted(order: Order) -> bool:
            if query.status is not None and order.status != query.status:
                return False
            placed = order.created_at
            if placed is None:
                return query.created_after is None and query.created_before is None
            after, before = query.created_after, query.created_before
            return (after is None or placed >= after) and (before is None or placed < before)

        return (yield from walk(fetch, wanted, query.limit, query.cursor))

    @override
    def cheap_read(self) -> Flow[Any]:
        """Read the first page of open orders."""
        return (yield from self.list_orders(OrderQuery(limit=1)))

    @override
    def get_order(self, order_id: str) -> Flow[Order]:
        response: HttpResponse = yield self._order(order_id)
        return mapping.full_order(response.object(), self.name, self.id, self.euro)

    @override
    def cancel_order(self, order_id: str, cancellation: NewCancellation, context: WriteContext) -> Flow[OrderChange]:
        """Cancel items, one request and one process for each: bol takes exactly one whole item at a time.

        The order is read first, for what is open and because bol would cancel an item of any order.
        """
        if cancellation.reason is not None and cancellation.reason not in mapping.REASON_CODES:
            raise InvalidOrder(Violation("reason", f"one of {', '.join(mapping.REASONS)}"))
        response: HttpResponse = yield self._order(order_id)
        items = items_of(response.object())
        chosen = _to_cancel(items, cancellation)
        answers: list[Answer] = yield [self._cancellation(item, cancellation.reason) for item in chosen]
        return change_of(self.id(order_id), list(zip((item.id for item in chosen), answers, strict=True)))

    def _order(self, order_id: str) -> HttpRequest:
        return self._read("/retailer/orders/{order_id}", {"order_id": order_id})

    def _cancellation(self, item: Item, reason: str | None) -> HttpRequest:
        if reason is None:
            # A customer's request is to be confirmed with this reason.
            reason = "requestedByCustomer" if item.cancellation_requested else self.settings.cancellation_reason
        body = {"orderItems": [{"orderItemId": item.id, "reasonCode": mapping.REASON_CODES[reason]}]}
        return self._write("PUT", "/retailer/orders/cancellation", body, "cancel")


def _to_cancel(items: Sequence[Item], cancellation: NewCancellation) -> list[Item]:
    if cancellation.lines is None:
        chosen = [item for item in items if item.open > 0]
        if not chosen:
            raise NotCancellable("Every item is already shipped or cancelled.")
        return chosen
    named = named_items(items, cancellation.lines)
    partial = [
        Violation(f"lines[{index}].quantity", f"bol cancels an item as a whole: {item.open}")
        for index, (item, line) in enumerate(named)
        if line.quantity not in {None, item.open}
    ]
    if partial:
        raise LossyTranslation(*partial)
    return [item for item, _ in named]
