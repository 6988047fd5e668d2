"""The platform's orders and account in canonical terms: its status numbers, its lines, its currency."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from adapters.contract.adapter import Adapter
from adapters.contract.errors import MalformedResponse
from adapters.contract.models import values
from adapters.contract.models.resources import Account, Line, Money, Order, Status, StatusReason
from adapters.reseller.envelope import Members
from adapters.reseller.identifiers import DeliverId, OrderId, ProductId

STATUSES: Mapping[str, Status] = {
    "0": "cancelled",
    "1": "delivered",
    "2": "processing",
    # "Removed from processing" goes back to 2 or on to 0: nobody works on it, and nothing has ended.
    "3": "accepted",
}
"""The status of an order line, as in the Order Delivery Webhook."""

# The account says "TL", which ISO 4217 calls TRY.
CURRENCIES: Mapping[str, str] = {"TL": "TRY"}

PriceOf = Literal["unit", "line"]


def status_of(word: str | None) -> Status | None:
    """Return the status a line's number means; None where the provider says none."""
    return None if word is None else STATUSES.get(word, "unknown")


def order_status(lines: Iterable[Status | None]) -> Status:
    """Return the status of an order from those of its lines; the platform documents none for the order."""
    found = set(lines)
    if not found or not found <= {"cancelled", "delivered", "processing", "accepted"}:
        return "unknown"
    if len(found) == 1:
        return found.pop() or "unknown"
    if found & {"processing", "accepted"}:
        return "processing"  # something is still to come, something else is under way or done
    return "partiallyCancelled"  # nothing is to come: some delivered, some cancelled


def to_line(adapter: Adapter[Any, Any], number: int, reference: str | None, line: Members, price_of: PriceOf) -> Line:
    """Return the order line `number`."""
    goods = deliverables(line)
    word = line.text("status")
    price = price_of_line(adapter, line)
    product = (line.integer("productID"), line.integer("customerStoreProductID"))
    return Line(
        id=str(number),
        reference=reference,
        product_id=adapter.id(ProductId(product[0], product[1])) if product[0] and product[1] else None,
        name=line.text("productName"),
        # A line that does not say how much it is of has as many pieces as codes, and at least one.
        quantity=line.integer("quantity") or len(_texts(line.get("deliveryData"))) or 1,
        unit_price=price if price_of == "unit" else None,
        total=price if price_of == "line" else None,
        status=status_of(word),
        provider_status=word,
        deliverables=goods or None,
    )


def price_of_line(adapter: Adapter[Any, Any], line: Members) -> Money | None:
    """Return a line's `Price`, of one piece or of all: the settings say which."""
    return values.optional_money(line.get("price"), adapter.currency)


def deliverables(line: Members) -> tuple[str, ...]:
    """Return the goods of a delivered line: its codes, and the note of a product delivered by hand.

    The note may hold what was bought (an account's password), so it is kept as safe as the codes.
    """
    if line.text("status") in {"0", "3"}:
        return _texts(line.get("deliveryData"))
    return _texts(line.get("deliveryData")) + _texts(line.get("deliveryNote"))


def _texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a list, or of a single text."""
    found = value if isinstance(value, list) else [value]
    return tuple(text for item in found if (text := values.text(item, 100_000)) is not None)


def _reason(lines: Iterable[Members]) -> StatusReason | None:
    """Return why lines are cancelled or out of processing, in the platform's words."""
    notes = [note for line in lines if line.text("status") in {"0", "3"} for note in _texts(line.get("deliveryNote"))]
    return StatusReason(message=" ".join(dict.fromkeys(notes))[:2000]) if notes else None


def to_order(
    adapter: Adapter[Any, Any],
    number: int,
    lines: Mapping[int, Members],
    price_of: PriceOf,
    created: datetime | None = None,
) -> Order:
    """Return an order of these lines, by their ids, in the order of their ids."""
    reference, own = references({line: members.text("deliverID") for line, members in lines.items()})
    canonical = tuple(to_line(adapter, line, own[line], lines[line], price_of) for line in sorted(lines))
    return Order(
        id=adapter.id(OrderId.of(number, lines)),
        provider=adapter.name,
        kind="purchase",
        status=order_status(line.status for line in canonical),
        reference=reference,
        status_reason=_reason(lines.values()),
        currency=adapter.currency,
        lines=canonical,
        created_at=created,
    )


def references(deliver_ids: Mapping[int, str | None]) -> tuple[str | None, dict[int, str | None]]:
    """Return the reference of an order and those of its lines, by the ids of the lines.

    An order that was made elsewhere has deliverIDs of any form: unless all of them are of one reference, none is
    taken apart, the order has no reference, and its lines have their deliverIDs for references.
    """
    made = {line: DeliverId.parse(text) for line, text in deliver_ids.items()}
    orders = {one.order if one else None for one in made.values()}
    if len(orders) != 1 or None in orders:
        return None, dict(deliver_ids)
    return orders.pop(), {line: one.line for line, one in made.items() if one}


def to_row(adapter: Adapter[Any, Any], row: Members, price_of: PriceOf) -> Order:
    """Return an order of List Orders, whose lines stand in `details` (or `items`) where it states any."""
    lines = {line.identifier("orderDetailID"): line for line in lines_of(row)}
    return to_order(adapter, row.identifier("orderID"), lines, price_of, created_of(row))


def lines_of(row: Members) -> list[Members]:
    """Return the lines that a row of List Orders states."""
    return row.objects("details") or row.objects("items")


def created_of(row: Members) -> datetime | None:
    """Return when an order was created; the member's name is not documented."""
    return values.timestamp(row.get("createdDate")) or values.timestamp(row.get("createdAt"))


def to_account(adapter: Adapter[Any, Any], account: Members) -> Account:
    """Return the account. Raises MalformedResponse for a currency that is none or a balance that is no number."""
    currency = currency_of(account.text("currencyCode")) or adapter.currency
    names = (account.text("firstName"), account.text("lastName"))
    return Account(
        provider=adapter.name,
        id=account.text("customerID"),
        name=" ".join(name for name in names if name) or None,
        balance=values.optional_money(account.get("balance"), currency),
        limits=_limits(account) or None,
        currency=currency,
    )


def currency_of(code: str | None) -> str | None:
    """Return the ISO 4217 code of the platform's. Raises MalformedResponse for one that is unknown."""
    if code is None:
        return None
    known = CURRENCIES.get(code.strip().upper(), code.strip().upper())
    try:
        return values.currency(known)
    except ValueError as error:
        raise MalformedResponse("currencyCode is no currency.") from error


def _limits(account: Members) -> dict[str, str]:
    """Return the account's limits: documented without names, so every member that ends so is one."""
    found = {name: account.text(name) for name in account.names() if name.endswith(("limit", "Limit"))}
    return {name: text for name, text in found.items() if text}
