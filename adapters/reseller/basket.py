"""An order on its way out: what the platform has no place for, what it would not accept, and the basket it takes."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from adapters.contract.errors import InvalidOrder, LossyTranslation, Violation
from adapters.contract.models.requests import NewLine, NewOrder
from adapters.contract.wire import present
from adapters.reseller.catalog import input_name, inputs
from adapters.reseller.envelope import Members
from adapters.reseller.identifiers import DeliverId, ProductId
from adapters.reseller.settings import ResellerOptions

OPTIONS = "reseller"
"""The key of `providerOptions` that is for this adapter."""

# Digital goods go to the account: there is no address, no delivery, no price of ours in a basket.
_NO_PLACE = {
    "ship_to": "shipTo",
    "bill_to": "billTo",
    "return_to": "returnTo",
    "customer": "customer",
    "delivery": "delivery",
    "shipping_retail_price": "shippingRetailPrice",
    "payout": "payout",
    "metadata": "metadata",
}
_NO_PLACE_IN_LINE = {
    "files": "files",
    "condition": "condition",
    "retail_price": "retailPrice",
    "metadata": "metadata",
}


def check(order: NewOrder, currency: str | None, longest: int | None) -> ResellerOptions:
    """Return the order's own options. No deliverID may have more characters than `longest`.

    Raises InvalidOrder, LossyTranslation with every violation.
    """
    lost = [*_lost(order)]
    options, wrong = _options(order)
    wrong += [*_wrong(order, currency), *_too_long(order, longest)]
    if wrong:
        raise InvalidOrder(*wrong, *lost)
    if lost:
        raise LossyTranslation(*lost)
    return options


def _lost(order: NewOrder) -> Iterator[Violation]:
    for name, canonical in _NO_PLACE.items():
        if getattr(order, name) is not None:
            yield Violation(canonical, "has no place in an order of digital goods here")
    if order.draft:
        yield Violation("draft", "the provider has no drafts")
    for index, line in enumerate(order.lines):
        for name, canonical in _NO_PLACE_IN_LINE.items():
            if getattr(line, name) is not None:
                yield Violation(f"lines[{index}].{canonical}", "has no place in a basket line here")


def _options(order: NewOrder) -> tuple[ResellerOptions, list[Violation]]:
    stated = (order.provider_options or {}).get(OPTIONS, {})
    try:
        return ResellerOptions.model_validate(stated), []
    except ValidationError as error:
        place = f"providerOptions.{OPTIONS}"
        return ResellerOptions(), [
            Violation(".".join([place, *map(str, found["loc"])]), found["msg"]) for found in error.errors()
        ]


def _wrong(order: NewOrder, currency: str | None) -> Iterator[Violation]:
    if order.kind not in {None, "purchase"}:
        yield Violation("kind", "the provider only sells to us: purchase")
    if order.currency is not None and order.currency != currency:
        yield Violation("currency", f"the account is charged in {currency}")
    references: set[str] = set()
    for index, line in enumerate(order.lines):
        reference = order.line_reference(index)
        if reference in references:
            yield Violation(f"lines[{index}].reference", "another line has this reference")
        references.add(reference)
        if line.product_id is None:
            yield Violation(f"lines[{index}].product", "the provider knows products by productId only")
        elif ProductId.parse(line.product_id) is None:
            yield Violation(f"lines[{index}].productId", "not a product id of this provider")


def _too_long(order: NewOrder, longest: int | None) -> Iterator[Violation]:
    for index, line in enumerate(order.lines):
        length = len(deliver_id(order, index))
        if longest is not None and length > longest:
            name = "reference" if line.reference is None else f"lines[{index}].reference"
            yield Violation(name, f"a deliverID made of it has {length} characters, and the tenant takes {longest}")


def deliver_id(order: NewOrder, index: int) -> str:
    """Return the `deliverID` of a line."""
    return str(DeliverId(order.reference, order.line_reference(index)))


def products(order: NewOrder) -> list[ProductId]:
    """Return the product of each line of a checked order."""
    return [product for line in order.lines if (product := ProductId.parse(line.product_id or "")) is not None]


def body(
    order: NewOrder, details: Mapping[int, Members], billing_address_id: int | None, notify_url: str | None
) -> dict[str, Any]:
    """Return the request body. `details` holds the products of lines with inputs by productID, empty where unknown.

    Raises InvalidOrder for products that are not there and inputs that they do not take.
    """
    wrong: list[Violation] = []
    lines = []
    for index, (line, product) in enumerate(zip(order.lines, products(order), strict=True)):
        required: list[dict[str, Any]] = []
        if line.inputs:
            wrong += _wrong_product(index, product, details[product.product]) or _wrong_inputs(
                index, line, details[product.product]
            )
            required = _require_data(line, details[product.product])
        lines.append(
            present(
                deliverID=deliver_id(order, index),
                customerStoreProductID=product.store_product,
                quantity=line.quantity,
                requireData=required,
            )
        )
    if wrong:
        raise InvalidOrder(*wrong)
    return present(basketData=lines, billingAddressID=billing_address_id, notifyURL=notify_url)


def _wrong_product(index: int, product: ProductId, details: Members) -> list[Violation]:
    if not details:
        return [Violation(f"lines[{index}].productId", "the provider has no such product")]
    if details.integer("customerStoreProductID") == product.store_product:
        return []
    return [Violation(f"lines[{index}].productId", "the provider knows this product under another id now")]


def _wrong_inputs(index: int, line: NewLine, details: Members) -> list[Violation]:
    stated, wanted = line.inputs or {}, {entry.identifier: entry for entry in inputs(details.get("productRequire"))}
    place = f"lines[{index}].inputs"
    wrong = [Violation(f"{place}.{name}", "the product has no such input") for name in stated if name not in wanted]
    for name, entry in wanted.items():
        value = stated.get(name)
        if value is None:
            if entry.required:
                wrong.append(Violation(f"{place}.{name}", "the product requires this input"))
        elif entry.options and value not in entry.options:
            wrong.append(Violation(f"{place}.{name}", "not one of the options"))
        elif not (entry.min_length or 0) <= len(value) <= (entry.max_length or len(value)):
            wrong.append(Violation(f"{place}.{name}", "too short or too long"))
    return wrong


def _require_data(line: NewLine, details: Members) -> list[dict[str, Any]]:
    """Return the inputs in the order the product asks them."""
    stated = line.inputs or {}
    return [
        present(
            productRequireID=entry.integer("productRequireID"),
            identifier=entry.text("identifier"),
            value=stated[name],
        )
        for entry in details.objects("productRequire")
        if (name := input_name(entry)) in stated and name is not None
    ]
