"""What GelatoConnect answers, as canonical values. Null is tolerated everywhere, and so is an empty list for an object.

Source: Order Management API documentation, "Get Order" and "Search Orders"; what its examples leave open is read as the
public Gelato API v4, whose objects these are, documents it.
"""

from collections.abc import Mapping
from typing import Any

from adapters.contract.errors import MalformedResponse
from adapters.contract.models import values
from adapters.contract.models.resources import (
    Address,
    Delivery,
    Money,
    Shipment,
    ShipmentLine,
    Status,
    StatusReason,
    TaxIds,
    Totals,
)

STATUSES: Mapping[str, Status] = {
    "draft": "draft",
    "created": "pending",
    "uploading": "pending",
    "pending_approval": "pending",  # somebody has yet to approve it
    "pending_personalization": "pending",  # the customer has yet to personalise it
    "not_connected": "pending",  # judgement: an item is not connected to a product yet
    "on_hold": "pending",  # judgement: stopped, at whatever stage; neither refused nor made
    "passed": "accepted",  # files and address have passed the checks
    "digitizing": "processing",  # embroidery is being prepared
    "in_production": "processing",
    "printed": "processing",
    "shipped": "shipped",
    "in_transit": "shipped",
    "delivered": "delivered",
    "returned": "returned",
    "failed": "failed",
    "canceled": "cancelled",
}
"""The 17 words of fulfillmentStatus, of orders and of items (Gelato API v4, "Order statuses")."""


def status_of(word: str | None) -> Status:
    """Return the canonical status of a fulfillmentStatus; `unknown` for a word that is not listed."""
    return STATUSES.get(word or "", "unknown")


def words_of(status: str) -> list[str]:
    """Return the words of fulfillmentStatus that mean a canonical status."""
    return [word for word, meaning in STATUSES.items() if meaning == status]


def objects(value: Any, what: str) -> list[dict[str, Any]]:
    """Return a list of objects; null is none. Raises MalformedResponse for anything else."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise MalformedResponse(f"{what} is not a list of objects.", status=200)
    return value


def object_or_empty(value: Any) -> dict[str, Any]:
    """Return an object, or an empty one for null, for the empty list that stands for it, and for anything else."""
    return value if isinstance(value, dict) else {}


def metadata(value: Any) -> dict[str, str] | None:
    """Return metadata from a list of `{key, value}`, or from an object as postbacks have it; None for none."""
    pairs = list(value.items()) if isinstance(value, dict) else []
    if isinstance(value, list):
        pairs = [(entry.get("key"), entry.get("value")) for entry in value if isinstance(entry, dict)]
    read: dict[str, str] = {}
    for name, entry in pairs:
        if (key := values.text(name)) and (said := values.text(entry)):
            read[key] = said
    return read or None


def address(value: Any) -> Address | None:
    """Return an address, or None when nothing of it is said."""
    stated = object_or_empty(value)
    business = stated.get("isBusiness")
    tax_ids = TaxIds(
        federal=values.text(stated.get("federalTaxId")),
        state=values.text(stated.get("stateTaxId")),
        registration_region=values.text(stated.get("registrationState")),
    )
    read = Address(
        first_name=values.text(stated.get("firstName")),
        last_name=values.text(stated.get("lastName")),
        company_name=values.text(stated.get("companyName")),
        line1=values.text(stated.get("addressLine1")),
        line2=values.text(stated.get("addressLine2")),
        city=values.text(stated.get("city")),
        postal_code=values.text(stated.get("postCode")),
        region=values.text(stated.get("state")),
        country=values.stated_country(stated.get("country")),
        email=values.text(stated.get("email")),
        phone=values.text(stated.get("phone")),
        is_business=business if isinstance(business, bool) else None,
        tax_ids=tax_ids if tax_ids != TaxIds() else None,
    )
    return read if read != Address() else None


def status_reason(order: Mapping[str, Any]) -> StatusReason | None:
    """Return why an order is in its state: Gelato accepts an order and may let it fail later."""
    code = values.text(order.get("refusalReasonCode"), 200)
    message = values.text(order.get("refusalReason")) or values.text(order.get("comment"))
    return StatusReason(code=code, message=message) if code or message else None


def delivery(value: Any) -> Delivery | None:
    """Return the shipping method that was picked, and the dates between which the order is to arrive."""
    shipment = object_or_empty(value)
    read = Delivery(
        method=values.text(shipment.get("shipmentMethodUid")),
        earliest=values.text(shipment.get("minDeliveryDate"), 40),
        latest=values.text(shipment.get("maxDeliveryDate"), 40),
    )
    return read if read != Delivery() else None


def shipments(value: Any) -> tuple[Shipment, ...]:
    """Return one shipment for each package. Raises MalformedResponse when the packages cannot be read."""
    shipment = object_or_empty(value)
    packages = objects(shipment.get("packages"), "shipment.packages")
    return tuple(_package(package, shipment, number) for number, package in enumerate(packages, 1))


def _package(package: Mapping[str, Any], shipment: Mapping[str, Any], number: int) -> Shipment:
    code = values.text(package.get("trackingCode"), 200)
    items = package.get("orderItemIds")
    ids = [values.text(item, 200) for item in items] if isinstance(items, list) else []
    word = values.text(shipment.get("status"), 200)
    return Shipment(
        id=values.text(package.get("id"), 200) or code or str(number),
        status=status_of(word) if word else None,
        method=values.text(shipment.get("shipmentMethodUid")),
        tracking_code=code,
        tracking_url=values.text(package.get("trackingUrl")),
        # How many of an item a package holds is not said.
        lines=tuple(ShipmentLine(id=item) for item in ids if item) or None,
    )


def purchase_receipt(value: Any) -> dict[str, Any]:
    """Return the one receipt of the purchase; `{}` when there is none, several, or one that is not calculated yet.

    Refunds have receipts of their own. Sums over several receipts would be our arithmetic and not Gelato's words.
    """
    purchases = [
        receipt for receipt in objects(value, "receipts") if receipt.get("transactionType") in ("purchase", None)
    ]
    if len(purchases) != 1 or purchases[0].get("isCalculated") is False:
        return {}
    return purchases[0]


def totals(receipt: Mapping[str, Any], currency: str | None) -> Totals | None:
    """Return a receipt's totals; its parts are without VAT and its total with it, as Gelato writes them."""

    def part(name: str) -> Money | None:
        return values.optional_money(receipt.get(name), currency, tax_included=False)

    read = Totals(
        items=part("productsPrice"),
        shipping=part("shippingPrice"),
        packaging=part("packagingPrice"),
        discount=part("discount"),
        tax=values.optional_money(receipt.get("totalVat"), currency),
        total=values.optional_money(receipt.get("totalInclVat"), currency, tax_included=True),
    )
    return read if read != Totals() else None


def line_totals(receipt: Mapping[str, Any], currency: str | None) -> dict[str, Money]:
    """Return what each item costs without VAT, by the item's id: `productsPrice` is the sum of these."""
    read: dict[str, Money] = {}
    for entry in objects(receipt.get("items"), "receipts[].items"):
        if entry.get("type") != "product":
            continue
        item, price = values.text(entry.get("referenceId")), values.optional_money(entry.get("price"), currency, False)
        if item and price:
            read[item] = price
    return read
