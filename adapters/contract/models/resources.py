"""What callers are answered: canonical resources, immutable, absent members left out of the JSON.

Names are snake_case here and lowerCamelCase on the wire. A member without a value is None here and absent there.
Ids that callers use are `{provider}:{native id}`; ids of lines and shipments are the provider's own.
"""

from datetime import datetime
from typing import Generic, Literal, TypeVar

import msgspec
from typing_extensions import override

OrderKind = Literal["purchase", "sale", "tradeIn"]
"""`purchase`: we buy. `sale`: a marketplace customer bought from us. `tradeIn`: a customer sells to us (payouts)."""

Status = Literal[
    "draft",
    "pending",
    "accepted",
    "processing",
    "partiallyShipped",
    "shipped",
    "delivered",
    "cancelled",
    "partiallyCancelled",
    "rejected",
    "failed",
    "returned",
    "unknown",
]


class Resource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A canonical value: never changed after it is returned; members at their default are absent on the wire.

    It holds texts, numbers and other such values, never itself, so the collector of circles need not look at it.
    """


class Money(Resource, frozen=True, kw_only=True):
    """An amount as decimal text, digits as the provider wrote them, with its ISO 4217 currency."""

    amount: str
    currency: str
    tax_included: bool | None = None


class TaxIds(Resource, frozen=True, kw_only=True):
    """Tax numbers of a business address."""

    federal: str | None = None
    state: str | None = None
    vat: str | None = None
    registration_region: str | None = None


class Address(Resource, frozen=True, kw_only=True):
    """A postal address as a provider knows it; what it does not say is absent."""

    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    line1: str | None = None
    line2: str | None = None
    house_number: str | None = None
    city: str | None = None
    postal_code: str | None = None
    region: str | None = None
    country: str | None = None
    email: str | None = None
    phone: str | None = None
    is_business: bool | None = None
    tax_ids: TaxIds | None = None


class StatusReason(Resource, frozen=True, kw_only=True):
    """Why an order is in its state, in the provider's own words."""

    code: str | None = None
    message: str | None = None


class Totals(Resource, frozen=True, kw_only=True):
    """An order's sums, as far as the provider states them."""

    items: Money | None = None
    shipping: Money | None = None
    packaging: Money | None = None
    tax: Money | None = None
    discount: Money | None = None
    total: Money | None = None


class Delivery(Resource, frozen=True, kw_only=True):
    """How and when an order is to arrive. Dates are RFC 3339 full dates or date-times, as the provider says."""

    method: str | None = None
    earliest: str | None = None
    latest: str | None = None


class ShipmentLine(Resource, frozen=True, kw_only=True):
    """One line's part in a shipment."""

    id: str
    quantity: int | None = None


class ShipmentEvent(Resource, frozen=True, kw_only=True):
    """One thing that happened to a shipment."""

    status: Status
    provider_status: str | None = None
    at: datetime | None = None


class Shipment(Resource, frozen=True, kw_only=True):
    """A parcel of an order."""

    id: str
    status: Status | None = None
    carrier: str | None = None
    method: str | None = None
    tracking_code: str | None = None
    tracking_url: str | None = None
    lines: tuple[ShipmentLine, ...] | None = None
    shipped_at: datetime | None = None
    events: tuple[ShipmentEvent, ...] | None = None


class Line(Resource, frozen=True, kw_only=True):
    """One line of an order. `deliverables` are goods (codes): only for callers with `goods:read`."""

    quantity: int
    id: str | None = None
    reference: str | None = None
    product_id: str | None = None
    name: str | None = None
    quantity_shipped: int | None = None
    quantity_cancelled: int | None = None
    unit_price: Money | None = None
    total: Money | None = None
    status: Status | None = None
    provider_status: str | None = None
    cancellation_requested: bool | None = None
    deliverables: tuple[str, ...] | None = None
    metadata: dict[str, str] | None = None

    @override
    def __repr__(self) -> str:
        """Show what identifies the line; goods and metadata stay out of logs."""
        return f"Line(id={self.id!r}, product_id={self.product_id!r}, quantity={self.quantity})"


class Order(Resource, frozen=True, kw_only=True):
    """An order at a provider. In a list it may be a summary: what is absent is unread, not empty."""

    id: str
    provider: str
    kind: OrderKind
    status: Status
    lines: tuple[Line, ...] = msgspec.field(default=())
    reference: str | None = None
    provider_status: str | None = None
    status_reason: StatusReason | None = None
    currency: str | None = None
    totals: Totals | None = None
    ship_to: Address | None = None
    bill_to: Address | None = None
    delivery: Delivery | None = None
    shipments: tuple[Shipment, ...] | None = None
    metadata: dict[str, str] | None = None
    related_orders: tuple[str, ...] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    operation: str | None = None
    links: dict[str, str] | None = None

    @override
    def __repr__(self) -> str:
        """Show what identifies the order; addresses and goods stay out of logs."""
        return f"Order(id={self.id!r}, status={self.status!r}, lines={len(self.lines)})"


class PartProblem(Resource, frozen=True, kw_only=True):
    """Why one part of a change failed: `code` and `message` are the provider's words, `title` is ours."""

    title: str
    code: str | None = None
    message: str | None = None


PartState = Literal["done", "pending", "failed", "unknown"]


class ChangedPart(Resource, frozen=True, kw_only=True):
    """What came of one independent part (a line, a shipment) of a change.

    `process` is the provider's id of the process that carries it out, where it works asynchronously.
    """

    id: str
    state: PartState
    process: str | None = None
    problem: PartProblem | None = None


class OrderChange(Resource, frozen=True, kw_only=True):
    """What came of a write on an existing order: `done`, `pending`, `partial` (some parts failed), `failed`, `unknown`.

    `status` is the order's status where the provider's answer says it; `parts` tells each independent part.
    """

    order_id: str
    state: Literal["done", "pending", "partial", "failed", "unknown"]
    status: Status | None = None
    parts: tuple[ChangedPart, ...] | None = None
    operation: str | None = None


class Account(Resource, frozen=True, kw_only=True):
    """The account at a provider that the gateway uses."""

    provider: str
    id: str | None = None
    name: str | None = None
    balance: Money | None = None
    limits: dict[str, str] | None = None
    currency: str | None = None


T = TypeVar("T")


class Page(Resource, Generic[T], frozen=True, kw_only=True):
    """Some items of a list, and where to go on; without `next_cursor` the list has ended."""

    items: tuple[T, ...] = msgspec.field(default=())
    next_cursor: str | None = None
