"""A canonical order as the body of the mail-in checkout; what the checkout cannot take is refused, all of it at once.

v3 renamed v2's members: `order_detail` is `offer_detail`, `payment_method` is `payout_method`. Custom fields, the
customer's phone and where the customer came from are documented for v3 alone.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from adapters.contract.errors import InvalidOrder, LossyTranslation, NotFound, Violation
from adapters.contract.models import values
from adapters.contract.models.requests import NewAddress, NewLine, NewOrder
from adapters.contract.wire import present
from adapters.reusely import catalog
from adapters.reusely.settings import ReuselyOptions, ReuselySettings

MOST_CUSTOM_FIELDS = 3
_LINE_TEXTS = ("description", "notes")


@dataclass(slots=True)
class _Objections:
    """What is wrong with an order, and what of it has no place at the provider."""

    wrong: list[Violation] = field(default_factory=list)
    lost: list[Violation] = field(default_factory=list)

    def refuse(self) -> None:
        """Raise InvalidOrder (everything found) or LossyTranslation; nothing when there is nothing."""
        if self.wrong:
            raise InvalidOrder(*self.wrong, *self.lost)
        if self.lost:
            raise LossyTranslation(*self.lost)

    def no_place(self, name: str, reason: str = "Reusely's checkout has no place for it") -> None:
        self.lost.append(Violation(name, reason))

    def no(self, name: str, reason: str) -> None:
        self.wrong.append(Violation(name, reason))


def body(order: NewOrder, settings: ReuselySettings, currency: str | None) -> dict[str, Any]:
    """Return the checkout's body. Raises InvalidOrder, LossyTranslation."""
    objections = _Objections()
    _check_order(order, currency, objections)
    v3 = settings.api_version == "v3"
    members = {
        **_customer(order, settings, objections),
        **_address(order.ship_to, objections),
        "offer_detail" if v3 else "order_detail": [
            _detail(line, f"lines[{index}]", objections) for index, line in enumerate(order.lines)
        ],
        "payout_method" if v3 else "payment_method": order.payout.method if order.payout else None,
        "custom_fields": _custom_fields(order, settings, objections),
        **_options(order, objections, v3=v3),
    }
    objections.refuse()
    return present(**members)


def _check_order(order: NewOrder, currency: str | None, objections: _Objections) -> None:
    if order.kind not in {None, "tradeIn"}:
        objections.no("kind", "Reusely takes trade-ins only")
    if order.currency is not None and order.currency != currency:
        objections.no("currency", f"payouts of this account are in {currency}")
    if order.payout is None:
        objections.no("payout", "required: how the customer is paid")
    if order.draft:
        objections.no_place("draft")
    for name, value in {
        "billTo": order.bill_to,
        "returnTo": order.return_to,
        "delivery": order.delivery,
        "shippingRetailPrice": order.shipping_retail_price,
    }.items():
        if value is not None:
            objections.no_place(name)


def _customer(order: NewOrder, settings: ReuselySettings, objections: _Objections) -> dict[str, str | None]:
    """Return who trades in, said by `customer`, by `shipTo` or alike by both: the checkout knows one person."""
    given: dict[str, str | None] = {}
    for name, member in {
        "email": "customer_email",
        "phone": "customer_phone",
        "first_name": "shipping_firstname",
        "last_name": "shipping_lastname",
    }.items():
        own = getattr(order.customer, name, None)
        shipped = getattr(order.ship_to, name, None)
        wire_name = "".join(part.capitalize() if index else part for index, part in enumerate(name.split("_")))
        if own is not None and shipped is not None and own != shipped:
            objections.no_place(f"shipTo.{wire_name}", "differs from the customer's, and the checkout knows one person")
        given[member] = own if own is not None else shipped
        if given[member] is None and name in {"first_name", "last_name", settings.lead_identifier}:
            objections.no(f"customer.{wire_name}", "required by Reusely's checkout")
    if given["customer_phone"] is not None:
        given["customer_phone"] = values.phone(
            given["customer_phone"], order.ship_to.country if order.ship_to else None
        )
        if settings.api_version == "v2":
            whose = "customer" if order.customer and order.customer.phone else "shipTo"
            objections.no_place(f"{whose}.phone", "documented for v3 of the checkout only")
    return given


def _address(address: NewAddress | None, objections: _Objections) -> dict[str, str | None]:
    if address is None:
        return {}
    for name, value, reason in (
        ("houseNumber", address.house_number, "the checkout has one line for street and number: write it into line1"),
        ("companyName", address.company_name, "the checkout knows persons only"),
        ("isBusiness", address.is_business or None, "the checkout knows persons only"),
        ("taxIds", address.tax_ids, "the checkout knows persons only"),
    ):
        if value is not None:
            objections.no_place(f"shipTo.{name}", reason)
    return {
        "shipping_address": address.line1,
        "shipping_suite": address.line2,
        "shipping_city": address.city,
        "shipping_state": address.region,
        "shipping_zip": address.postal_code,
        "shipping_country": address.country,
    }


def _detail(line: NewLine, name: str, objections: _Objections) -> dict[str, Any]:
    for member, value in {
        "reference": line.reference,
        "product": line.product,
        "files": line.files,
        "inputs": line.inputs,
        "retailPrice": line.retail_price,
    }.items():
        if value is not None:
            objections.no_place(f"{name}.{member}")
    texts = dict(line.metadata or {})
    detail = present(
        product_id=_product_number(line, name, objections),
        condition_id=_condition_number(line, name, objections),
        qty=line.quantity,
        **{member: texts.pop(member, None) for member in _LINE_TEXTS},
    )
    for key in texts:
        objections.no_place(f"{name}.metadata.{key}", "a line has a description and notes, no other text")
    return detail


def _product_number(line: NewLine, name: str, objections: _Objections) -> int | None:
    if line.product_id is None:
        return None
    try:
        return catalog.product(line.product_id)[0]
    except NotFound:
        objections.no(f"{name}.productId", "not a product of Reusely")
        return None


def _condition_number(line: NewLine, name: str, objections: _Objections) -> int | None:
    if line.condition is None:
        objections.no(f"{name}.condition", "required: the id of one of the product's conditions")
    elif not re.fullmatch(r"[1-9][0-9]{0,17}", line.condition):
        objections.no(f"{name}.condition", "not the id of a condition: those are whole numbers")
    else:
        return int(line.condition)
    return None


def _custom_fields(order: NewOrder, settings: ReuselySettings, objections: _Objections) -> list[dict[str, str]]:
    own = settings.custom_fields_reference
    fields = {own: order.reference} if own else {}
    for key, value in (order.metadata or {}).items():
        if settings.api_version == "v2":
            objections.no_place(f"metadata.{key}", "custom fields are documented for v3 of the checkout only")
        elif key == own:
            objections.no(f"metadata.{key}", "this custom field carries the order's reference")
        elif len(fields) == MOST_CUSTOM_FIELDS:
            objections.no_place(f"metadata.{key}", f"the checkout takes {MOST_CUSTOM_FIELDS} custom fields")
        else:
            fields[key] = value
    return [
        {settings.custom_field_name_key: key, settings.custom_field_value_key: value} for key, value in fields.items()
    ]


def _options(order: NewOrder, objections: _Objections, *, v3: bool) -> dict[str, Any]:
    stated = (order.provider_options or {}).get("reusely")
    if stated is None:
        return {}
    try:
        options = ReuselyOptions.model_validate(stated)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            place = ".".join(str(part) for part in problem["loc"])
            objections.no(f"providerOptions.reusely.{place}", problem["msg"])
        return {}
    members = options.model_dump(exclude_none=True)
    for member in () if v3 else members:
        alias = ReuselyOptions.model_fields[member].alias or member
        objections.no_place(f"providerOptions.reusely.{alias}", "documented for v3 of the checkout only")
    return members
