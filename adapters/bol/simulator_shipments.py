"""The simulated shipments: confirm, list, one with its transport's events, change of a transport."""

from datetime import timedelta
from typing import Any

from adapters.bol.simulator_orders import HISTORY, fulfilment_of, is_slow, item_to_change, offer_of
from adapters.bol.simulator_processes import process_body
from adapters.bol.simulator_state import Books, Failure, Item, Parcel
from adapters.bol.simulator_wire import (
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

LABEL = "d4c50077-0c19-435f-9bee-1b30b9f4ba1a"
"""The one shipping label that was bought: PostNL, with its tracking code."""
LONGEST_REFERENCE = 90
MOST_ITEMS = 100
EVENTS = ("PRE_ANNOUNCED", "AT_TRANSPORTER", "IN_TRANSIT", "DELIVERED_AT_CUSTOMER")


def listed(books: Books, received: Received) -> HttpResponse:
    """Answer `GET /retailer/shipments`, newest first, of the last three months. An empty page is `{}`."""
    check_accept(received, MEDIA_TYPE)
    method = choice(received, "fulfilment-method", ("FBR", "FBB"))
    order_id = received.value("order-id")
    if method is not None and order_id is not None:
        raise bad_request([("order-id", "Only valid without fulfilment-method.")], received)
    since = books.now() - HISTORY
    found = [
        parcel
        for parcel in sorted(books.parcels.values(), key=lambda parcel: parcel.shipped, reverse=True)
        if parcel.shipped >= since
        and (order_id is None or parcel.order.id == order_id)
        and (method is None or any(item.fulfilment == method for item, _ in parcel.items))
    ]
    shipments = [_reduced(parcel) for parcel in paged(found, page_number(received))]
    return answer(200, {"shipments": shipments} if shipments else {})


def _reduced(parcel: Parcel) -> dict[str, Any]:
    return {
        "shipmentId": parcel.id,
        "shipmentDateTime": time(parcel.shipped),
        "shipmentReference": parcel.reference,
        "order": {"orderId": parcel.order.id, "orderPlacedDateTime": time(parcel.order.placed)},
        "shipmentItems": [{"orderItemId": item.id, "ean": item.ean} for item, _ in parcel.items],
        "transport": {"transportId": parcel.transport_id},
    }


def by_id(books: Books, received: Received, pace: float) -> HttpResponse:
    """Answer `GET /retailer/shipments/{shipment-id}`."""
    check_accept(received, MEDIA_TYPE)
    parcel = books.parcels.get(received.segments[2])
    if parcel is None:
        raise not_found("The shipment")
    order = parcel.order
    return answer(
        200,
        _reduced(parcel)
        | {
            "pickupPoint": order.pickup_point,
            "shipmentDetails": order.shipment_details,
            "billingDetails": order.billing_details,
            "shipmentItems": [
                {
                    "orderItemId": item.id,
                    "fulfilment": fulfilment_of(order, item),
                    "offer": offer_of(item),
                    "product": {"ean": item.ean, "title": item.title},
                    "quantity": item.quantity,
                    "quantityShipped": quantity,
                    "unitPrice": codec.number(item.unit_price),
                }
                for item, quantity in parcel.items
            ],
            "transport": _transport(books, parcel, pace),
        },
    )


def _transport(books: Books, parcel: Parcel, pace: float) -> dict[str, Any]:
    step, now = timedelta(seconds=pace), books.now()
    events = [
        {"eventCode": code, "eventDateTime": time(parcel.shipped + number * step)}
        for number, code in enumerate(EVENTS)
        if parcel.track_and_trace is not None and parcel.shipped + number * step <= now
    ]
    body = {
        "transportId": parcel.transport_id,
        "transporterCode": parcel.transporter,
        "trackAndTrace": parcel.track_and_trace,
        "shippingLabelId": parcel.label,
        "transportEvents": events or None,
    }
    return {name: value for name, value in body.items() if value is not None}


def confirm(books: Books, received: Received) -> HttpResponse:
    """Answer `POST /retailer/shipments`. While it is pending no entity is told, and the description says little."""
    check_accept(received, MEDIA_TYPE)
    body = body_of(received, MEDIA_TYPE)
    violations = check_members(
        body, {"orderItems": list}, {"shipmentReference": str, "shippingLabelId": str, "transport": dict}
    )
    if isinstance(body.get("orderItems"), list):
        violations += _item_violations(body["orderItems"])
    if isinstance(body.get("transport"), dict):
        members = check_members(body["transport"], {"transporterCode": str}, {"trackAndTrace": str}, "transport.")
        violations += members
        if body.get("shippingLabelId") is not None:
            violations.append(("shippingLabelId", "Either a shipping label or a transport, not both."))
    if len(str(body.get("shipmentReference") or "")) > LONGEST_REFERENCE:
        violations.append(("shipmentReference", f"size must be between 0 and {LONGEST_REFERENCE}"))
    if violations:
        raise bad_request(violations, received)
    identifiers = [str(item["orderItemId"]) for item in body["orderItems"]]
    process = books.start(
        "CREATE_SHIPMENT", "Create shipment.", lambda: _shipped(books, body), too_slow=is_slow(books, identifiers)
    )
    return answer(202, process_body(process))


def _item_violations(items: list[Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if len(items) > MOST_ITEMS:
        found.append(("orderItems", f"size must be between 1 and {MOST_ITEMS}"))
    for index, item in enumerate(items):
        prefix = f"orderItems[{index}]"
        if not isinstance(item, dict):
            found.append((prefix, "Request contains a value of a wrong type."))
            continue
        found += check_members(item, {"orderItemId": str}, {"quantity": int}, f"{prefix}.")
        if isinstance(item.get("quantity"), int) and item["quantity"] < 1:
            found.append((f"{prefix}.quantity", "must be greater than or equal to 1"))
    return found


def _shipped(books: Books, body: dict[str, Any]) -> str:
    items: list[tuple[Item, int]] = []
    for wanted in body["orderItems"]:
        item = item_to_change(books, str(wanted["orderItemId"]))
        quantity = wanted.get("quantity") or item.open
        if not 0 < quantity <= item.open:
            raise Failure(f"Order item {item.id} has {item.open} left to ship.")
        items.append((item, quantity))
    orders = {books.items[item.id][0].id for item, _ in items}
    if len(orders) != 1 or len({item.id for item, _ in items}) != len(items):
        raise Failure("The order items are not different items of one order.")
    if body.get("shippingLabelId") not in {None, LABEL}:
        raise Failure("The shipping label could not be found.")
    transport = body.get("transport") or {}
    parcel = Parcel(
        id=books.number(9),
        transport_id=books.number(9),
        order=books.items[items[0][0].id][0],
        items=items,
        shipped=books.now(),
        reference=body.get("shipmentReference") or "",
        transporter="TNT" if body.get("shippingLabelId") else transport.get("transporterCode"),
        track_and_trace="3SLABEL123456789" if body.get("shippingLabelId") else transport.get("trackAndTrace"),
        label=body.get("shippingLabelId"),
    )
    for item, quantity in items:
        item.shipped += quantity
        item.changed = books.now()
    books.add_parcel(parcel)
    return items[0][0].id


def change_transport(books: Books, received: Received) -> HttpResponse:
    """Answer `PUT /retailer/transports/{transport-id}`."""
    check_accept(received, MEDIA_TYPE)
    body = body_of(received, MEDIA_TYPE)
    violations = check_members(body, {"trackAndTrace": str}, {"transporterCode": str})
    if violations:
        raise bad_request(violations, received)
    identifier = received.segments[2]

    def changed() -> str:
        parcel = next((parcel for parcel in books.parcels.values() if parcel.transport_id == identifier), None)
        if parcel is None:
            raise Failure(f"Transport {identifier} could not be found.")
        parcel.track_and_trace = str(body["trackAndTrace"])
        parcel.transporter = body.get("transporterCode") or parcel.transporter
        return identifier

    description = f"Change transport with transport id {identifier}."
    process = books.start("CHANGE_TRANSPORT", description, changed, entity=identifier)
    return answer(202, process_body(process))
