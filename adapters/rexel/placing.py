"""Placing an order: what is refused, and what is sent for a canonical order.

Resail API reference says that an order is wrapped in `order`, has `items`, and keeps `metadata` unchanged. Its other
members are our choice, written down in this adapter's README.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from adapters.contract.errors import InvalidOrder, LossyTranslation, MalformedResponse, Violation
from adapters.contract.models import values
from adapters.contract.models.requests import NewAddress, NewLine, NewOrder
from adapters.contract.wire import HttpResponse, present
from adapters.rexel import mapping
from adapters.rexel.mapping import Article
from adapters.rexel.settings import RexelSettings, Word

# Members that Rexel has no place for, and what to do instead.
_UNTAKEN: Mapping[str, str] = {
    "bill_to": "Rexel bills the account; its address is kept there",
    "return_to": "Rexel has no return address for an order",
    "customer": "Rexel has no place for an end customer; put what must travel into metadata",
    "delivery": "Rexel chooses how an order is delivered",
    "shipping_retail_price": "Rexel does not take retail prices",
    "payout": "Rexel sells and pays nobody",
}
_LINE_UNTAKEN: Mapping[str, str] = {
    "files": "Rexel prints nothing",
    "inputs": "Rexel's products ask for no input",
    "condition": "Rexel sells new goods only",
    "retail_price": "Rexel does not take retail prices",
    "metadata": "Rexel keeps metadata of an order, not of a line",
}
_ADDRESS_UNTAKEN: Mapping[str, str] = {
    "is_business": "Rexel has no place for it",
    "tax_ids": "Rexel has no place for tax numbers of a delivery address",
}


class RexelOptions(BaseModel):
    """`providerOptions.rexel` of an order."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    account_id: Word | None = Field(
        default=None, alias="accountId", description="The account this order is for, over the configured one."
    )


def checked(order: NewOrder, settings: RexelSettings) -> RexelOptions:
    """Return the order's options. Raises InvalidOrder or LossyTranslation with everything that cannot be taken."""
    options, invalid = _options(order)
    lossy = _untaken("", order, _UNTAKEN)
    if order.draft:
        lossy.append(Violation("draft", "Rexel has no draft orders"))
    if order.ship_to is not None:
        lossy += _untaken("shipTo.", order.ship_to, _ADDRESS_UNTAKEN)
    if order.kind not in {None, "purchase"}:
        invalid.append(Violation("kind", "orders at Rexel are purchases"))
    if settings.idempotency_key == "reference" and not (
        order.reference.isascii() and order.reference.strip() == order.reference
    ):
        invalid.append(Violation("reference", "it is sent in a header here, which takes ASCII without outer blanks"))
    for name in order.metadata or {}:
        if name == mapping.CLIENT_ORDER_ID or name.startswith(mapping.LINE_REFERENCE):
            invalid.append(Violation(f"metadata.{name}", "reserved: references are sent under this name"))
    for index, line in enumerate(order.lines):
        lossy += _untaken(f"lines[{index}].", line, _LINE_UNTAKEN)
        invalid += _line_faults(index, line)
    if invalid:
        raise InvalidOrder(*invalid, *lossy)
    if lossy:
        raise LossyTranslation(*lossy)
    return options


def _untaken(path: str, value: BaseModel, reasons: Mapping[str, str]) -> list[Violation]:
    return [
        Violation(path + to_camel(name), reason)
        for name, reason in reasons.items()
        if getattr(value, name) not in (None, [], {})
    ]


def _line_faults(index: int, line: NewLine) -> list[Violation]:
    if line.product_id is None:
        return [
            Violation(f"lines[{index}].product", "Rexel knows products by supplier code and reference: use productId")
        ]
    if mapping.article(line.product_id) is None:
        return [Violation(f"lines[{index}].productId", "not a product of Rexel, which are {supplier code}:{reference}")]
    return []


def _options(order: NewOrder) -> tuple[RexelOptions, list[Violation]]:
    stated = (order.provider_options or {}).get("rexel")
    if stated is None:
        return RexelOptions(), []
    try:
        return RexelOptions.model_validate(stated), []
    except ValidationError as error:
        places = [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors(include_input=False)]
        return RexelOptions(), [Violation(f"providerOptions.rexel.{place}", reason) for place, reason in places]


def quote_body(order: NewOrder, account_id: str | None, now: datetime, settings: RexelSettings) -> dict[str, Any]:
    """Return the body of a quote: Rexel references and quantities."""
    lines = [{"sku": article.rexel_reference, "qty": line.quantity} for article, line in _articles(order)]
    return present(accountId=account_id, lines=lines, validUntil=mapping.valid_until(now, settings.quote_days))


def quote_id(answer: HttpResponse) -> str:
    """Return the id of a quote. Raises MalformedResponse when there is none."""
    body = answer.object()
    inner = body.get("quote")
    found = values.text((inner if isinstance(inner, dict) else body).get("id"), 200)
    if found is None:
        raise MalformedResponse("The quote has no id.")
    return found


def order_body(order: NewOrder, account_id: str | None, quote: str | None, settings: RexelSettings) -> dict[str, Any]:
    """Return the body of an order: its items, or the quote that has them."""
    with_supplier = settings.reference_with_supplier
    items = [
        {
            "supplierCode": article.supplier,
            "supplierComRef": article.sent(with_supplier),
            "quantity": line.quantity,
        }
        for article, line in _articles(order)
    ]
    return {
        "order": present(
            accountId=account_id,
            reference=order.reference,
            currency=order.currency,
            quoteId=quote,
            items=None if quote else items,
            delivery=delivery(order.ship_to),
            metadata=_metadata(order),
        )
    }


def _articles(order: NewOrder) -> list[tuple[Article, NewLine]]:
    named = ((mapping.article(line.product_id or ""), line) for line in order.lines)
    return [(article, line) for article, line in named if article is not None]


def _metadata(order: NewOrder) -> dict[str, str]:
    references = {
        f"{mapping.LINE_REFERENCE}{position}": line.reference
        for position, line in enumerate(order.lines, 1)
        if line.reference is not None
    }
    return {mapping.CLIENT_ORDER_ID: order.reference, **references, **(order.metadata or {})}


def delivery(address: NewAddress | None) -> dict[str, Any] | None:
    """Return the members of an address as they are sent."""
    if address is None:
        return None
    members = {theirs: getattr(address, ours) for ours, theirs in mapping.ADDRESS.items()}
    if address.phone is not None:
        members["phone"] = values.phone(address.phone, address.country)
    return present(**members)
