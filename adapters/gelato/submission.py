"""What GelatoConnect is told of an order: every member is translated, or refused before anything is sent.

Source: Order Management API documentation, "Submit Order" and "Update Shipment".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.contract import codec
from adapters.contract.errors import InvalidOrder, LossyTranslation, Violation
from adapters.contract.models import values
from adapters.contract.models.requests import (
    Customer,
    DeliveryChange,
    NewAddress,
    NewLine,
    NewOrder,
    NewTaxIds,
    Price,
    PrintFile,
)
from adapters.contract.wire import present

FILE_TYPES = frozenset(
    """
    default front back cover neck-inner neck-outer sleeve-left sleeve-right inside chest-left-embroidery
    chest-center-embroidery chest-large-embroidery sleeve-left-embroidery sleeve-right-embroidery wrist-left-embroidery
    wrist-right-embroidery
    """.split()
)
"""Order Management API documentation, "Type of file"."""

_SEPARATOR = re.compile(r"[\s,]")


@dataclass(slots=True)
class Findings:
    """What is wrong with an input, and what the provider has no place for: all of it, raised at once."""

    wrong: list[Violation] = field(default_factory=list)
    homeless: list[Violation] = field(default_factory=list)

    def invalid(self, name: str, reason: str) -> None:
        """Note a member whose content cannot be right."""
        self.wrong.append(Violation(name, reason))

    def lossy(self, name: str, stated: object, reason: str) -> None:
        """Note a member that the provider cannot take, if it is stated."""
        if stated is not None:
            self.homeless.append(Violation(name, reason))

    def refuse(self) -> None:
        """Raise InvalidOrder (with everything) or LossyTranslation, if anything was found."""
        if self.wrong:
            raise InvalidOrder(*self.wrong, *self.homeless)
        if self.homeless:
            raise LossyTranslation(*self.homeless)


def submission(order: NewOrder, account_currency: str | None, *, prevent_duplicate: bool) -> dict[str, Any]:
    """Return the body of Submit Order. Raises InvalidOrder, LossyTranslation."""
    findings = Findings()
    _refuse_what_has_no_place(order, findings)
    currency = order.currency or account_currency
    if currency is None:
        findings.invalid("currency", "is required, since none is configured for the account")
    delivery = order.delivery
    body = present(
        orderReferenceId=order.reference,
        orderType=None if order.draft is None else "draft" if order.draft else "order",
        currency=currency,
        retailCurrency=_retail_currency(order, findings),
        retailShippingPriceInclVat=_number(order.shipping_retail_price),
        shipmentMethodUid=_methods(delivery.methods, "delivery.methods", findings) if delivery else None,
        metadata=_metadata(order.metadata),
        preventDuplicate=True if prevent_duplicate else None,
        shippingAddress=_ship_to(order, findings),
        items=[_item(order, index, findings) for index in range(len(order.lines))],
    )
    findings.refuse()
    return body


def shipment_update(change: DeliveryChange) -> dict[str, Any]:
    """Return the body of Update Shipment. Raises InvalidOrder, LossyTranslation."""
    findings = Findings()
    body = present(
        shipmentMethodUid=_methods(change.methods, "methods", findings) if change.methods else None,
        shippingAddress=_address(change.ship_to, None, findings) if change.ship_to else None,
    )
    findings.refuse()
    return body


def _refuse_what_has_no_place(order: NewOrder, findings: Findings) -> None:
    if order.kind not in {None, "purchase"}:
        findings.invalid("kind", "GelatoConnect takes purchases only")
    for option in (order.provider_options or {}).get("gelato", {}):
        findings.invalid(f"providerOptions.gelato.{option}", "there is no such option")
    findings.lossy("billTo", order.bill_to, "GelatoConnect bills the account, and takes no address for it")
    findings.lossy("returnTo", order.return_to, "GelatoConnect documents no return address for an order")
    findings.lossy("payout", order.payout, "GelatoConnect pays nobody")
    for name, price in _prices(order):
        if price.tax_included:
            findings.lossy(
                f"{name}.taxIncluded", price, "Gelato takes retail prices excluding VAT, despite their names"
            )


def _prices(order: NewOrder) -> Iterator[tuple[str, Price]]:
    if order.shipping_retail_price is not None:
        yield "shippingRetailPrice", order.shipping_retail_price
    for index, line in enumerate(order.lines):
        if line.retail_price is not None:
            yield f"lines[{index}].retailPrice", line.retail_price


def _retail_currency(order: NewOrder, findings: Findings) -> str | None:
    currency = None
    for name, price in _prices(order):
        currency = currency or price.currency
        if price.currency != currency:
            findings.invalid(f"{name}.currency", f"all retail prices of an order are in one currency, here {currency}")
    return currency


def _number(price: Price | None) -> Any:
    return None if price is None else codec.number(price.amount)


def _methods(methods: Sequence[str], name: str, findings: Findings) -> str:
    for index, method in enumerate(methods):
        if _SEPARATOR.search(method):
            findings.invalid(f"{name}[{index}]", "a shipping method has neither comma nor space")
    return ",".join(methods)


def _metadata(metadata: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in (metadata or {}).items()]


def _ship_to(order: NewOrder, findings: Findings) -> dict[str, Any] | None:
    if order.ship_to is None:
        findings.invalid("shipTo", "is required")
        return None
    return _address(order.ship_to, order.customer, findings)


def _address(address: NewAddress, customer: Customer | None, findings: Findings) -> dict[str, Any]:
    email, phone = _contact(address, customer, findings)
    tax_ids = address.tax_ids or NewTaxIds()
    findings.lossy("shipTo.taxIds.vat", tax_ids.vat, "GelatoConnect takes federal and state tax numbers only")
    return present(
        country=address.country,
        firstName=address.first_name,
        lastName=address.last_name,
        # There is no field for a house number: the first line is "number, street, and so on".
        addressLine1=" ".join(part for part in (address.line1, address.house_number) if part),
        addressLine2=address.line2,
        city=address.city,
        postCode=address.postal_code,
        state=address.region,
        email=email,
        phone=phone,
        companyName=address.company_name,
        isBusiness=address.is_business,
        federalTaxId=tax_ids.federal,
        stateTaxId=tax_ids.state,
        registrationState=tax_ids.registration_region,
    )


def _contact(address: NewAddress, customer: Customer | None, findings: Findings) -> tuple[str | None, str | None]:
    """Return e-mail and phone of the recipient: the address's own, else the customer's; both are required."""
    customer = customer or Customer()
    email = address.email or customer.email
    stated = address.phone or customer.phone
    phone = values.phone(stated, address.country) if stated else None
    if email is None:
        findings.invalid("shipTo.email", "is required")
    if phone is None:
        findings.invalid("shipTo.phone", "is required")
    # The customer is the recipient: whatever is said of somebody else has no place.
    for name, said, sent in (
        ("email", customer.email, email),
        ("phone", customer.phone and values.phone(customer.phone, address.country), phone),
        ("firstName", customer.first_name, address.first_name),
        ("lastName", customer.last_name, address.last_name),
    ):
        if said != sent:
            findings.lossy(
                f"customer.{name}", said, "GelatoConnect knows the recipient only, and shipTo says otherwise"
            )
    return email, phone


def _item(order: NewOrder, index: int, findings: Findings) -> dict[str, Any]:
    line, path = order.lines[index], f"lines[{index}]"
    reference = order.line_reference(index)
    if reference in {order.line_reference(earlier) for earlier in range(index)}:
        findings.invalid(f"{path}.reference", "is what another line's reference is made to be; give each line its own")
    findings.lossy(f"{path}.inputs", line.inputs, "GelatoConnect takes no inputs")
    findings.lossy(f"{path}.condition", line.condition, "GelatoConnect knows no conditions")
    return present(
        itemReferenceId=reference,
        **_product(line, path, findings),
        quantity=line.quantity,
        retailPriceInclVat=_number(line.retail_price),
        files=_files(line.files or [], path, findings),
        metadata=_metadata(line.metadata),
    )


def _product(line: NewLine, path: str, findings: Findings) -> dict[str, Any]:
    """Return one of the two ways to name a product; NewOrder sees to it that all lines take the same."""
    if line.product is None:
        return {"productUid": line.product_id}
    if not line.product.variant:
        findings.invalid(f"{path}.product.variant", "is required with a product's name")
    return {"productName": line.product.name, "productVariant": line.product.variant}


def _files(files: Sequence[PrintFile], path: str, findings: Findings) -> list[dict[str, str]]:
    if not files:
        findings.invalid(f"{path}.files", "is required")
    for index, file in enumerate(files):
        if file.role not in FILE_TYPES:
            findings.invalid(
                f"{path}.files[{index}].role", f"is none of Gelato's file types: {', '.join(sorted(FILE_TYPES))}"
            )
    return [{"type": file.role, "url": file.url} for file in files]
