"""The parts of GelatoConnect's orders as canonical values; a part of which nothing is said is None."""

from collections.abc import Mapping

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
from adapters.contract.models.values import said
from adapters.gelato import answers

_NOWHERE, _NO_DELIVERY, _NO_TOTALS = Address(), Delivery(), Totals()

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


def metadata(stated: answers.Metadata | None) -> dict[str, str] | None:
    """Return metadata, of which what says nothing is left out; None for none."""
    if not stated:
        return None
    read: dict[str, str] = {}
    if isinstance(stated, dict):
        stated = [answers.Pair(values.text(key), values.text(value)) for key, value in stated.items()]
    for pair in stated:
        if pair and (key := said(pair.key)) and (value := said(pair.value)):
            read[key] = value
    return read or None


def address(stated: answers.Address | None) -> Address | None:
    """Return an address, or None when nothing of it is said."""
    if stated is None:
        return None
    read = Address(
        first_name=said(stated.first_name),
        last_name=said(stated.last_name),
        company_name=said(stated.company_name),
        line1=said(stated.address_line1),
        line2=said(stated.address_line2),
        city=said(stated.city),
        postal_code=said(stated.post_code),
        region=said(stated.state),
        country=values.stated_country(stated.country),
        email=said(stated.email),
        phone=said(stated.phone),
        is_business=stated.is_business,
        tax_ids=_tax_ids(stated),
    )
    return read if read != _NOWHERE else None


def _tax_ids(stated: answers.Address) -> TaxIds | None:
    if not (stated.federal_tax_id or stated.state_tax_id or stated.registration_state):
        return None
    read = TaxIds(
        federal=said(stated.federal_tax_id),
        state=said(stated.state_tax_id),
        registration_region=said(stated.registration_state),
    )
    return read if read != TaxIds() else None


def recipient(row: answers.Row) -> Address | None:
    """Return the little that a row of Search Orders tells of the address."""
    read = Address(
        first_name=said(row.first_name),
        last_name=said(row.last_name),
        country=values.stated_country(row.country),
    )
    return read if read != _NOWHERE else None


def status_reason(order: answers.Listed) -> StatusReason | None:
    """Return why an order is in its state: Gelato accepts an order and may let it fail later."""
    if not (order.refusal_reason_code or order.refusal_reason or order.comment):
        return None
    code, message = said(order.refusal_reason_code), said(order.refusal_reason) or said(order.comment)
    return StatusReason(code=code, message=message) if code or message else None


def delivery(shipment: answers.Shipment | None) -> Delivery | None:
    """Return the shipping method that was picked, and the dates between which the order is to arrive."""
    if shipment is None:
        return None
    read = Delivery(
        method=said(shipment.shipment_method_uid),
        earliest=said(shipment.min_delivery_date),
        latest=said(shipment.max_delivery_date),
    )
    return read if read != _NO_DELIVERY else None


def shipments(shipment: answers.Shipment | None) -> tuple[Shipment, ...]:
    """Return one shipment for each package."""
    if shipment is None or not shipment.packages:
        return ()
    status, method = status_of(shipment.status) if said(shipment.status) else None, said(shipment.shipment_method_uid)
    read: list[Shipment] = []
    for package in shipment.packages:
        code, items = said(package.tracking_code), package.order_item_ids or ()
        shipped = Shipment(
            id=said(package.id) or code or str(len(read) + 1),
            status=status,
            method=method,
            tracking_code=code,
            tracking_url=said(package.tracking_url),
            # How many of an item a package holds is not said.
            lines=tuple([ShipmentLine(id=item) for item in items if said(item)]) or None,
        )
        read.append(shipped)
    return tuple(read)


def purchase_receipt(receipts: list[answers.Receipt] | None) -> answers.Receipt | None:
    """Return the one receipt of the purchase; None when there is none, several, or one that is not calculated yet.

    Refunds have receipts of their own. Sums over several receipts would be our arithmetic and not Gelato's words.
    """
    purchases = [receipt for receipt in receipts or () if receipt.transaction_type in ("purchase", None)]
    return purchases[0] if len(purchases) == 1 and purchases[0].is_calculated is not False else None


def totals(receipt: answers.Receipt, currency: str) -> Totals | None:
    """Return a receipt's totals; its parts are without VAT and its total with it, as Gelato writes them.

    Raises MalformedResponse for amounts that are none.
    """
    read = Totals(
        items=values.optional_money(receipt.products_price, currency, False),
        shipping=values.optional_money(receipt.shipping_price, currency, False),
        packaging=values.optional_money(receipt.packaging_price, currency, False),
        discount=values.optional_money(receipt.discount, currency, False),
        tax=values.optional_money(receipt.total_vat, currency),
        total=values.optional_money(receipt.total_incl_vat, currency, True),
    )
    return read if read != _NO_TOTALS else None


def line_totals(receipt: answers.Receipt, currency: str) -> dict[str, Money]:
    """Return what each item costs without VAT, by the item's id: `productsPrice` is the sum of these.

    Raises MalformedResponse for amounts that are none.
    """
    read: dict[str, Money] = {}
    for entry in receipt.items or ():
        if entry.type == "product" and (item := said(entry.reference_id)):
            price = values.optional_money(entry.price, currency, False)
            if price:
                read[item] = price
    return read
