"""What callers ask for: validated, nothing unknown taken, every violation found at once.

The wire names are lowerCamelCase. A member that has no value is left out; null and "" are violations.
"""

from datetime import datetime
from typing import Annotated, Any, Self

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from adapters.contract.models import values
from adapters.contract.models.resources import OrderKind

_PRINTABLE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"[^\x00-\x20\x7f]")]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE)]
# "A1" and "A1 " would be two orders to a machine, and one to people.
_WITHOUT_BLANKS_AROUND = r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$"
Reference = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_WITHOUT_BLANKS_AROUND)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=_PRINTABLE)]
Country = Annotated[str, AfterValidator(values.country)]
Currency = Annotated[str, AfterValidator(values.currency)]
Amount = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}(\.[0-9]{1,6})?$")]
Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Url = Annotated[str, StringConstraints(max_length=2048, pattern=r"^https?://[^\s/]+(/\S*)?$")]
Quantity = Annotated[int, Field(ge=1, le=1_000_000)]
Metadata = Annotated[dict[ShortText, Text], Field(max_length=50)]


class Request(BaseModel):
    """A value a caller states. Unknown members and wrong types are refused; null and "" before this, by the API."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
        # A part of NewOrder is made ready with it, and what nobody sends not at all.
        defer_build=True,
    )


class Price(Request):
    """An amount the caller states: decimal text and ISO 4217 currency."""

    amount: Amount
    currency: Currency
    tax_included: bool | None = None


class NewTaxIds(Request):
    """Tax numbers of a business address."""

    federal: ShortText | None = None
    state: ShortText | None = None
    vat: ShortText | None = None
    registration_region: ShortText | None = None


class NewAddress(Request):
    """A postal address. `region` is required in the US, Canada and Australia; `phone` becomes E.164 where it parses."""

    first_name: ShortText
    last_name: ShortText
    line1: ShortText
    city: ShortText
    postal_code: ShortText
    country: Country
    company_name: ShortText | None = None
    line2: ShortText | None = None
    house_number: ShortText | None = None
    region: ShortText | None = None
    email: Email | None = None
    phone: ShortText | None = None
    is_business: bool | None = None
    tax_ids: NewTaxIds | None = None

    @model_validator(mode="after")
    def _region_where_needed(self) -> Self:
        if self.country in {"US", "CA", "AU"} and self.region is None:
            raise ValueError(f"region is required for addresses in {self.country}")
        return self


class Customer(Request):
    """Who the order is for, or who trades in."""

    email: Email | None = None
    phone: ShortText | None = None
    first_name: ShortText | None = None
    last_name: ShortText | None = None


class NewDelivery(Request):
    """Acceptable delivery methods; the provider picks among them."""

    methods: Annotated[list[ShortText], Field(min_length=1, max_length=20)]


class Payout(Request):
    """How a customer who trades in is paid."""

    method: ShortText


class ProductByName(Request):
    """A product named by its name and variant instead of an id."""

    name: ShortText
    variant: Annotated[dict[ShortText, ShortText], Field(max_length=50)]


class PrintFile(Request):
    """A file to print; `role` says where (`default`, `front`, …)."""

    role: ShortText
    url: Url


class NewLine(Request):
    """One thing to order: `product_id` or `product`, never both."""

    quantity: Quantity
    reference: Reference | None = None
    product_id: Identifier | None = None
    product: ProductByName | None = None
    files: Annotated[list[PrintFile], Field(min_length=1, max_length=50)] | None = None
    inputs: Annotated[dict[ShortText, Text], Field(max_length=50)] | None = None
    condition: ShortText | None = None
    retail_price: Price | None = None
    metadata: Metadata | None = None

    @model_validator(mode="after")
    def _one_way_to_name_the_product(self) -> Self:
        if (self.product_id is None) == (self.product is None):
            raise ValueError("exactly one of productId and product is required")
        return self


class NewOrder(Request):
    """An order to place. `reference` is the caller's own order number."""

    reference: Reference
    lines: Annotated[list[NewLine], Field(min_length=1, max_length=100)]
    provider: ShortText | None = None
    kind: OrderKind | None = None
    currency: Currency | None = None
    ship_to: NewAddress | None = None
    bill_to: NewAddress | None = None
    return_to: NewAddress | None = None
    customer: Customer | None = None
    delivery: NewDelivery | None = None
    shipping_retail_price: Price | None = None
    payout: Payout | None = None
    draft: bool | None = None
    metadata: Metadata | None = None
    valid_until: values.AwareDatetime | None = None
    provider_options: Annotated[dict[ShortText, dict[str, Any]], Field(max_length=10)] | None = None

    @model_validator(mode="after")
    def _one_way_for_all_lines(self) -> Self:
        if len({line.product_id is None for line in self.lines}) > 1:
            raise ValueError("all lines name their product the same way: productId, or product")
        references = [line.reference for line in self.lines if line.reference is not None]
        if len(references) != len(set(references)):
            raise ValueError("line references must be unique within the order")
        return self

    def line_reference(self, index: int) -> str:
        """Return the line's own reference, or the one made of the order's: `{reference}-{n}`, n from 1."""
        return self.lines[index].reference or f"{self.reference}-{index + 1}"


class LineQuantity(Request):
    """A line of an existing order and how much of it; all of it without `quantity`."""

    id: Identifier
    quantity: Quantity | None = None


Lines = Annotated[list[LineQuantity], Field(min_length=1, max_length=100)]


class NewCancellation(Request):
    """What to cancel: the whole order, or these lines. `reason` is one of the provider's reasons in lowerCamelCase."""

    lines: Lines | None = None
    reason: ShortText | None = None


class DeliveryChange(Request):
    """Where to, or how, an order that has not left is to be sent. At least one."""

    ship_to: NewAddress | None = None
    methods: Annotated[list[ShortText], Field(min_length=1, max_length=20)] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.ship_to is None and self.methods is None:
            raise ValueError("at least one of shipTo and methods is required")
        return self


class NewShipment(Request):
    """A shipment we sent for an order received through the provider: all open lines, or these."""

    lines: Lines | None = None
    reference: Reference | None = None
    carrier: ShortText | None = None
    tracking_code: ShortText | None = None
    label_id: Identifier | None = None


class ShipmentChange(Request):
    """A new tracking code (and carrier) for a shipment."""

    tracking_code: ShortText
    carrier: ShortText | None = None


class AvailabilityItem(Request):
    """One product to ask about, and how much of it is wanted."""

    product_id: Identifier
    quantity: Quantity = 1


class AvailabilityRequest(Request):
    """Up to 50 products whose live price and stock is wanted."""

    items: Annotated[list[AvailabilityItem], Field(min_length=1, max_length=50)]


class CategoryQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which categories. Checked before it is made, as all queries; ids are native here."""

    parent: str | None = None
    limit: int = 50
    cursor: str | None = None


class ProductQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which products; ids are native here. `limit` is the most items wanted, `cursor` the adapter's own."""

    category: str | None = None
    q: str | None = None
    ean: str | None = None
    limit: int = 50
    cursor: str | None = None


class OrderQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which orders; times are in UTC. `limit` is the most items wanted, `cursor` the adapter's own."""

    status: str | None = None
    reference: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    country: str | None = None
    limit: int = 50
    cursor: str | None = None
