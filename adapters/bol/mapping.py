"""bol's words and ours: tables, one row a word, and pure functions from its JSON to canonical orders and shipments."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

from adapters.contract.errors import MalformedResponse
from adapters.contract.models import values
from adapters.contract.models.resources import (
    Address,
    Delivery,
    Line,
    Order,
    Shipment,
    ShipmentLine,
    Status,
    TaxIds,
)

CancellationReason = Literal[
    "outOfStock",
    "requestedByCustomer",
    "badCondition",
    "higherShipcost",
    "incorrectPrice",
    "notAvailInTime",
    "noBolGuarantee",
    "orderedTwice",
    "retainItem",
    "techIssue",
    "unfindableItem",
    "other",
]
REASON_CODES: Mapping[str, str] = {
    "outOfStock": "OUT_OF_STOCK",
    "requestedByCustomer": "REQUESTED_BY_CUSTOMER",
    "badCondition": "BAD_CONDITION",
    "higherShipcost": "HIGHER_SHIPCOST",
    "incorrectPrice": "INCORRECT_PRICE",
    "notAvailInTime": "NOT_AVAIL_IN_TIME",
    "noBolGuarantee": "NO_BOL_GUARANTEE",
    "orderedTwice": "ORDERED_TWICE",
    "retainItem": "RETAIN_ITEM",
    "techIssue": "TECH_ISSUE",
    "unfindableItem": "UNFINDABLE_ITEM",
    "other": "OTHER",
}
REASONS: tuple[CancellationReason, ...] = get_args(CancellationReason)

LISTED_AS: Mapping[str, str] = {
    # Which of bol's lists can hold an order of our status. Orders in other states of ours do not exist at bol.
    "accepted": "OPEN",
    "partiallyShipped": "OPEN",
    "partiallyCancelled": "OPEN",
    "shipped": "ALL",  # not SHIPPED: whether that holds orders shipped in part and cancelled in part is not said
    "cancelled": "ALL",
    "unknown": "ALL",
}


# Reading JSON ------------------------------------------------------------------------------------------------------


def objects(container: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return a list of objects; absent and null are empty. Raises MalformedResponse for anything else."""
    value = container.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise MalformedResponse(f"{name} is not a list of objects.")
    return value


def member(container: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an object; absent and null are empty. Raises MalformedResponse for anything else."""
    value = container.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedResponse(f"{name} is not an object.")
    return value


def required(container: Mapping[str, Any], name: str) -> str:
    """Return a text that must be there. Raises MalformedResponse when it is not."""
    value = values.text(container.get(name))
    if value is None:
        raise MalformedResponse(f"{name} is missing.")
    return value


def texts(**members: Any) -> dict[str, str] | None:
    """Return the members that say something as texts, or None when none does."""
    found = {name: values.text(value) for name, value in members.items()}
    return {name: text for name, text in found.items() if text is not None} or None


# Orders ------------------------------------------------------------------------------------------------------------


def status_of(quantity: int, shipped: int | None, cancelled: int | None) -> Status:
    """Derive a status from quantities: bol has none for orders, and for items only OPEN and HANDLED."""
    if shipped is None or cancelled is None or quantity <= 0 or shipped < 0 or cancelled < 0:
        return "unknown"
    if shipped + cancelled >= quantity:
        # Part shipped and the rest cancelled is shipped: nothing more is to come, and the quantities tell the rest.
        return "shipped" if shipped else "cancelled"
    if shipped:
        return "partiallyShipped"
    return "partiallyCancelled" if cancelled else "accepted"


def order_status(lines: tuple[Line, ...]) -> Status:
    """Derive an order's status from the sums of its lines, by the same rule."""
    if not lines or any(line.status == "unknown" for line in lines):
        return "unknown"
    return status_of(
        sum(line.quantity for line in lines),
        sum(line.quantity_shipped or 0 for line in lines),
        sum(line.quantity_cancelled or 0 for line in lines),
    )


def _quantities(item: Mapping[str, Any]) -> tuple[int, int | None, int | None]:
    quantity = values.integer(item.get("quantity"))
    if quantity is None:
        raise MalformedResponse("quantity is missing.")
    return quantity, values.integer(item.get("quantityShipped")), values.integer(item.get("quantityCancelled"))


def _requested(item: Mapping[str, Any]) -> bool | None:
    value = item.get("cancellationRequest")
    return value if isinstance(value, bool) else None


def reduced_line(item: Mapping[str, Any], to_id: Callable[[str], str]) -> Line:
    """Read a ReducedOrderItem."""
    quantity, shipped, cancelled = _quantities(item)
    status, word = status_of(quantity, shipped, cancelled), values.text(item.get("fulfilmentStatus"), 100)
    if word == "HANDLED" and status in {"accepted", "partiallyShipped", "partiallyCancelled"}:
        status = "unknown"  # bol says that nothing is open, its quantities say the opposite
    elif word not in {None, "OPEN", "HANDLED"}:
        status = "unknown"  # a third word may mean anything
    ean = values.text(item.get("ean"), 100)
    return Line(
        id=required(item, "orderItemId"),
        product_id=to_id(ean) if ean else None,
        quantity=quantity,
        quantity_shipped=shipped,
        quantity_cancelled=cancelled,
        status=status,
        provider_status=word,
        cancellation_requested=_requested(item),
        metadata=texts(fulfilmentMethod=item.get("fulfilmentMethod")),
    )


def full_line(item: Mapping[str, Any], to_id: Callable[[str], str], currency: str) -> Line:
    """Read an OrderOrderItem. Prices include VAT (Retailer API v10 spec)."""
    quantity, shipped, cancelled = _quantities(item)
    product = member(item, "product")
    ean = values.text(product.get("ean"), 100)
    return Line(
        id=required(item, "orderItemId"),
        product_id=to_id(ean) if ean else None,
        name=values.text(product.get("title")),
        quantity=quantity,
        quantity_shipped=shipped,
        quantity_cancelled=cancelled,
        unit_price=values.optional_money(item.get("unitPrice"), currency, True),
        total=values.optional_money(item.get("totalPrice"), currency, True),
        status=status_of(quantity, shipped, cancelled),
        cancellation_requested=_requested(item),
        metadata=_line_metadata(item),
    )


def _line_metadata(item: Mapping[str, Any]) -> dict[str, str] | None:
    fulfilment, offer = member(item, "fulfilment"), member(item, "offer")
    services = [values.text(service.get("serviceType"), 200) for service in objects(item, "additionalServices")]
    discounts = [
        f"{values.text(discount.get('title'), 200) or ''} {values.text(discount.get('amount'), 50) or ''}".strip()
        for discount in objects(item, "discounts")
    ]
    return texts(
        offerId=offer.get("offerId"),
        offerReference=offer.get("reference"),
        fulfilmentMethod=fulfilment.get("method"),
        distributionParty=fulfilment.get("distributionParty"),
        timeFrameType=fulfilment.get("timeFrameType"),
        latestDeliveryDate=fulfilment.get("latestDeliveryDate"),
        exactDeliveryDate=fulfilment.get("exactDeliveryDate"),
        expiryDate=fulfilment.get("expiryDate"),
        commission=item.get("commission"),
        discounts="; ".join(text for text in discounts if text),
        additionalServices=", ".join(text for text in services if text),
    )


def address(details: Mapping[str, Any]) -> Address | None:
    """Read ShipmentDetails or BillingDetails; None where nothing is said."""
    number = [values.text(details.get(name), 50) for name in ("houseNumber", "houseNumberExtension")]
    country = values.stated_country(details.get("countryCode"))
    phone = values.text(details.get("deliveryPhoneNumber"), 100)
    vat = values.text(details.get("vatNumber"), 200)
    found = Address(
        first_name=values.text(details.get("firstName")),
        last_name=values.text(details.get("surname")),
        company_name=values.text(details.get("company")),
        line1=values.text(details.get("streetName")),
        line2=values.text(details.get("extraAddressInformation")),
        house_number=" ".join(part for part in number if part) or None,
        city=values.text(details.get("city")),
        postal_code=values.text(details.get("zipCode")),
        country=country,
        email=values.text(details.get("email")),
        phone=values.phone(phone, country) if phone else None,
        tax_ids=TaxIds(vat=vat) if vat else None,
    )
    return None if found == Address() else found


def delivery(items: list[dict[str, Any]]) -> Delivery | None:
    """Return the delivery that all items share; None where they differ (each line tells its own in metadata)."""
    found: list[Delivery] = []
    for item in items:
        fulfilment = member(item, "fulfilment")
        exact, latest = values.text(fulfilment.get("exactDeliveryDate")), fulfilment.get("latestDeliveryDate")
        method = values.text(fulfilment.get("timeFrameType"))
        one = Delivery(method=method, earliest=exact, latest=exact or values.text(latest))
        if one not in found:
            found.append(one)
    return found[0] if len(found) == 1 and found[0] != Delivery() else None


def reduced_order(raw: Mapping[str, Any], provider: str, to_id: Callable[[str], str], currency: str) -> Order:
    """Read a ReducedOrder: no price, title or address; those are absent, which means unread."""
    items = objects(raw, "orderItems")
    lines = tuple(reduced_line(item, to_id) for item in items)
    return Order(
        id=to_id(required(raw, "orderId")),
        provider=provider,
        kind="sale",
        status=order_status(lines),
        lines=lines,
        currency=currency,
        created_at=values.timestamp(raw.get("orderPlacedDateTime")),
        updated_at=max(filter(None, (values.timestamp(i.get("latestChangedDateTime")) for i in items)), default=None),
    )


def full_order(raw: Mapping[str, Any], provider: str, to_id: Callable[[str], str], currency: str) -> Order:
    """Read an Order."""
    items = objects(raw, "orderItems")
    lines = tuple(full_line(item, to_id, currency) for item in items)
    ship_to, bill_to = member(raw, "shipmentDetails"), member(raw, "billingDetails")
    # Captures of older versions spell it pickUpPoint.
    pickup = raw.get("pickupPoint", raw.get("pickUpPoint"))
    return Order(
        id=to_id(required(raw, "orderId")),
        provider=provider,
        kind="sale",
        status=order_status(lines),
        lines=lines,
        currency=currency,
        ship_to=address(ship_to),
        bill_to=address(bill_to),
        delivery=delivery(items),
        metadata=texts(
            pickupPoint="true" if pickup is True else None,
            pickupPointName=ship_to.get("pickupPointName"),
            language=ship_to.get("language"),
            customerReference=bill_to.get("orderReference"),
            kvkNumber=bill_to.get("kvkNumber"),
        ),
        created_at=values.timestamp(raw.get("orderPlacedDateTime")),
        updated_at=max(filter(None, (values.timestamp(i.get("latestChangedDateTime")) for i in items)), default=None),
    )


# Shipments ---------------------------------------------------------------------------------------------------------


def reduced_shipment(raw: Mapping[str, Any]) -> Shipment:
    """Read a ReducedShipment: status, carrier and tracking code are told one shipment at a time, so they are unread."""
    items = objects(raw, "shipmentItems")
    return Shipment(
        id=required(raw, "shipmentId"),
        lines=tuple(ShipmentLine(id=required(item, "orderItemId")) for item in items),
        shipped_at=values.timestamp(raw.get("shipmentDateTime")),
    )
