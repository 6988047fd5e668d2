"""The simulated orders: the list, one order, and the cancellation of one item."""

from datetime import date, datetime, timedelta
from typing import Any

from adapters.bol.simulator_processes import process_body
from adapters.bol.simulator_seed import FAILING, SLOW_BUT_DONE, TOO_SLOW
from adapters.bol.simulator_state import Books, CustomerOrder, Failure, Item
from adapters.bol.simulator_wire import (
    AMSTERDAM,
    MEDIA_TYPE,
    answer,
    bad_request,
    body_of,
    check_accept,
    check_members,
    choice,
    not_found,
    page_number,
    paged,
    time,
)
from adapters.contract import codec
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpResponse

HANDLED_LISTED_FOR = timedelta(hours=48)
HISTORY = timedelta(days=92)
REASONS = tuple(
    """
    OUT_OF_STOCK REQUESTED_BY_CUSTOMER BAD_CONDITION HIGHER_SHIPCOST INCORRECT_PRICE NOT_AVAIL_IN_TIME NO_BOL_GUARANTEE
    ORDERED_TWICE RETAIN_ITEM TECH_ISSUE UNFINDABLE_ITEM OTHER
    """.split()
)


def listed(books: Books, received: Received) -> HttpResponse:
    """Answer `GET /retailer/orders`, newest first. An empty page is `{}`."""
    check_accept(received, MEDIA_TYPE)
    method = choice(received, "fulfilment-method", ("FBR", "FBB", "ALL"), "FBR")
    status = choice(received, "status", ("OPEN", "SHIPPED", "ALL"), "OPEN")
    vvb_only = choice(received, "vvb-only", ("true", "false"), "false")
    changed = _changed(received, books.now())
    page = page_number(received)
    found = [
        order
        for order in sorted(books.orders.values(), key=lambda order: order.placed, reverse=True)
        if (method == "ALL" or any(item.fulfilment == method for item in order.items))
        and (status == "ALL" or _is(order, str(status)))
        and vvb_only == "false"
        and changed(order)
    ]
    orders = [_reduced(order) for order in paged(found, page)]
    return answer(200, {"orders": orders} if orders else {})


def _is(order: CustomerOrder, status: str) -> bool:
    return order.status == "OPEN" if status == "OPEN" else any(item.shipped for item in order.items)


def _changed(received: Received, now: datetime) -> Any:
    """Return the test by latest change: within minutes, on a day, or else recent enough to be listed at all."""
    minutes, day = received.value("change-interval-minute"), received.value("latest-change-date")
    if minutes is not None:
        if not (minutes.isdecimal() and 1 <= int(minutes) <= 60):
            raise bad_request([("change-interval-minute", "must be less than or equal to 60")], received)
        since = now - timedelta(minutes=int(minutes))
        return lambda order: order.changed >= since
    if day is not None:
        try:
            wanted = date.fromisoformat(day)
        except ValueError:
            raise bad_request([("latest-change-date", "Must be a date: yyyy-MM-dd.")], received) from None
        if wanted < (now - HISTORY).date():
            raise bad_request([("latest-change-date", "Up to 3 months of history is supported.")], received)
        return lambda order: any(item.changed.astimezone(AMSTERDAM).date() == wanted for item in order.items)
    return lambda order: order.status == "OPEN" or order.changed >= now - HANDLED_LISTED_FOR


def _reduced(order: CustomerOrder) -> dict[str, Any]:
    return {
        "orderId": order.id,
        "orderPlacedDateTime": time(order.placed),
        "orderItems": [
            {
                "orderItemId": item.id,
                "ean": item.ean,
                "fulfilmentMethod": item.fulfilment,
                "fulfilmentStatus": "OPEN" if item.open else "HANDLED",
                "quantity": item.quantity,
                "quantityShipped": item.shipped,
                "quantityCancelled": item.cancelled,
                "cancellationRequest": item.cancellation_requested,
                "latestChangedDateTime": time(item.changed),
            }
            for item in order.items
        ],
    }


def by_id(books: Books, received: Received) -> HttpResponse:
    """Answer `GET /retailer/orders/{order-id}`."""
    check_accept(received, MEDIA_TYPE)
    order = books.orders.get(received.segments[2])
    if order is None:
        raise not_found("The order")
    return answer(
        200,
        {
            "orderId": order.id,
            "pickupPoint": order.pickup_point,
            "orderPlacedDateTime": time(order.placed),
            "shipmentDetails": order.shipment_details,
            "billingDetails": order.billing_details,
            "orderItems": [_full(order, item) for item in order.items],
        },
    )


def _full(order: CustomerOrder, item: Item) -> dict[str, Any]:
    total = f"{_cents(item.unit_price) * item.quantity / 100:.2f}"
    return {
        "orderItemId": item.id,
        "cancellationRequest": item.cancellation_requested,
        "fulfilment": fulfilment_of(order, item) | {"timeFrameType": "REGULAR"},
        "offer": offer_of(item),
        "product": {"ean": item.ean, "title": item.title},
        "quantity": item.quantity,
        "quantityShipped": item.shipped,
        "quantityCancelled": item.cancelled,
        "unitPrice": codec.number(item.unit_price),
        "totalPrice": codec.number(total),
        "discounts": [],
        "commission": codec.number(f"{_cents(total) * 12 / 10_000:.2f}"),
        "latestChangedDateTime": time(item.changed),
    }


def fulfilment_of(order: CustomerOrder, item: Item) -> dict[str, Any]:
    """Return who delivers an item, and until when."""
    return {
        "method": item.fulfilment,
        "distributionParty": "BOL" if item.fulfilment == "FBB" else "RETAILER",
        "latestDeliveryDate": (order.placed.astimezone(AMSTERDAM) + timedelta(days=2)).date().isoformat(),
    }


def offer_of(item: Item) -> dict[str, str]:
    """Return the offer of ours that was bought."""
    return {"offerId": f"6ff736b5-cdd0-4150-8c67-{item.ean[-12:]}", "reference": f"SKU-{item.ean[-6:-1]}"}


def _cents(amount: str) -> int:
    euros, _, cents = amount.partition(".")
    return int(euros) * 100 + int(cents.ljust(2, "0"))


def cancel(books: Books, received: Received) -> HttpResponse:
    """Answer `PUT /retailer/orders/cancellation`: exactly one item, cancelled as a whole, later."""
    check_accept(received, MEDIA_TYPE)
    body = body_of(received, MEDIA_TYPE)
    violations = check_members(body, {"orderItems": list}, {})
    items = body.get("orderItems")
    if isinstance(items, list) and len(items) != 1:
        violations.append(("orderItems", "size must be between 1 and 1"))
    elif isinstance(items, list) and isinstance(items[0], dict):
        violations += check_members(items[0], {"orderItemId": str, "reasonCode": str}, {}, "orderItems[0].")
        reason = items[0].get("reasonCode")
        if isinstance(reason, str) and reason and reason not in REASONS:
            told = f"Request contains invalid value(s): '{reason}', allowed values: {', '.join(REASONS)}."
            violations.append(("orderItems[0].reasonCode", told))
    elif isinstance(items, list):
        violations.append(("orderItems[0]", "Request contains a value of a wrong type."))
    if violations or not isinstance(items, list):
        raise bad_request(violations, received)
    identifier = str(items[0]["orderItemId"])
    process = books.start(
        "CANCEL_ORDER",
        "Cancel order item with .",
        lambda: _cancelled(books, identifier),
        entity=identifier,
        too_slow=is_slow(books, [identifier]),
    )
    return answer(202, process_body(process))


def _cancelled(books: Books, identifier: str) -> str:
    item = item_to_change(books, identifier)
    if not item.open:
        raise Failure(f"Order item {identifier} has already been shipped or cancelled.")
    item.cancelled += item.open
    item.changed = books.now()
    return identifier


def item_to_change(books: Books, identifier: str) -> Item:
    """Return an item that a process is about. Raises Failure where nothing can be done with it."""
    if identifier not in books.items:
        raise Failure(f"Order item {identifier} could not be found.")
    _, item = books.items[identifier]
    if item.ean in {FAILING, TOO_SLOW}:
        raise Failure(f"Order item {identifier} cannot be processed.")
    if item.fulfilment == "FBB":
        raise Failure(f"Order item {identifier} is fulfilled by bol.com.")
    return item


def is_slow(books: Books, identifiers: list[str]) -> bool:
    """Tell whether a process about these items will end in TIMEOUT."""
    eans = {books.items[identifier][1].ean for identifier in identifiers if identifier in books.items}
    return bool(eans & {TOO_SLOW, SLOW_BUT_DONE})
