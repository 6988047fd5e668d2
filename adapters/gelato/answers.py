"""What is read of GelatoConnect's answers, typed; of what nobody reads, nothing is made.

Source: Order Management API documentation, "Submit Order", "Get Order" and "Search Orders"; what its examples leave
open is typed as the public Gelato API v4, whose objects these are, documents it. Null may stand everywhere. Members are
in the order in which they are documented, which is quickest to read.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from adapters.contract import tolerant

_Text = Annotated[str, Meta(max_length=2000)]
_Id = Annotated[str, Meta(max_length=512)]
_Word = Annotated[str, Meta(max_length=200)]
_Date = Annotated[str, Meta(max_length=40)]
_Whole = Annotated[int, Meta(gt=-(10**18), lt=10**18)]


class _Answered(msgspec.Struct, rename="camel", gc=False):
    """Members of JSON objects, which hold no circles."""


class Address(_Answered):
    """`shippingAddress` of an order, as it is sent and as it is answered."""

    country: _Text | None = None
    first_name: _Text | None = None
    last_name: _Text | None = None
    company_name: _Text | None = None
    address_line1: _Text | None = None
    address_line2: _Text | None = None
    city: _Text | None = None
    post_code: _Text | None = None
    state: _Text | None = None
    email: _Text | None = None
    phone: _Text | None = None
    is_business: bool | None = None
    federal_tax_id: _Text | None = None
    state_tax_id: _Text | None = None
    registration_state: _Text | None = None


class Pair(_Answered):
    """One entry of `metadata`."""

    key: _Text | None = None
    value: _Text | None = None


Metadata = list[Pair | None] | dict[str, Any]
"""The API has lists of pairs, and the postbacks have objects."""


class Item(_Answered):
    """One of `items` of an order."""

    id: _Id | None = None
    item_reference_id: _Text | None = None
    product_uid: _Id | None = None
    quantity: _Whole | None = None
    product_name: _Text | None = None
    fulfillment_status: _Word | None = None
    final_product_uid: _Id | None = None
    metadata: Metadata | None = None


class Package(_Answered):
    """One of `packages` of a shipment."""

    id: _Word | None = None
    order_item_ids: list[_Word] | None = None
    tracking_code: _Word | None = None
    tracking_url: _Text | None = None


class Shipment(_Answered):
    """`shipment` of an order."""

    shipment_method_uid: _Text | None = None
    min_delivery_date: _Date | None = None
    max_delivery_date: _Date | None = None
    status: _Word | None = None
    packages: list[Package] | None = None


class ReceiptItem(_Answered):
    """One of `items` of a receipt."""

    type: _Word | None = None
    reference_id: _Id | None = None
    price: Any = None


class Receipt(_Answered):
    """One of `receipts` of an order; amounts are numbers or numeric text."""

    currency: Any = None
    items: list[ReceiptItem] | None = None
    transaction_type: Any = None
    products_price: Any = None
    shipping_price: Any = None
    packaging_price: Any = None
    discount: Any = None
    total_vat: Any = None
    total_incl_vat: Any = None
    is_calculated: bool | None = None


class Placed(_Answered):
    """The answer of Submit Order, as far as it confirms the order."""

    id: _Id | None = None
    fulfillment_status: _Word | None = None
    created_at: str | None = None


class Listed(_Answered):
    """What Search Orders and Get Order tell of an order in the same members."""

    id: _Id | None = None
    order_reference_id: _Text | None = None
    fulfillment_status: _Word | None = None
    currency: Any = None
    created_at: str | None = None
    updated_at: str | None = None
    refusal_reason: _Text | None = None
    refusal_reason_code: _Word | None = None
    comment: _Text | None = None
    connected_order_ids: list[_Id] | None = None


class Row(Listed):
    """One of `orders` of Search Orders."""

    first_name: _Text | None = None
    last_name: _Text | None = None
    country: _Text | None = None
    total_incl_vat: Any = None


class Order(Listed):
    """The answer of Get Order."""

    shipping_address: Address | None = None
    items: list[Item] | None = None
    shipment: Shipment | None = None
    receipts: list[Receipt] | None = None
    metadata: Metadata | None = None


class Found(_Answered):
    """The answer of Search Orders: without `orders` it is none, for absence must be said to be believed."""

    orders: list[Row]


class Shipped(_Answered):
    """The answer of Get Order, as far as it is about packages."""

    shipment: Shipment | None = None


placed = tolerant.reader(Placed)
order = tolerant.reader(Order)
found = tolerant.reader(Found)
shipped = tolerant.reader(Shipped)
