"""What callers are answered about catalogs: products, categories, live price and stock."""

from datetime import datetime
from typing import Literal

import msgspec

from adapters.contract.models.resources import Money, PartProblem, Resource

StockStatus = Literal["inStock", "outOfStock", "backorder", "unknown"]


class Image(Resource, frozen=True, kw_only=True):
    """A product image."""

    url: str
    width: int | None = None
    height: int | None = None


class StockLocation(Resource, frozen=True, kw_only=True):
    """Stock at one place."""

    id: str
    quantity: int | str | None = None


class Stock(Resource, frozen=True, kw_only=True):
    """What is there. `quantity` is an integer, or decimal text where goods are sold by length or weight."""

    status: StockStatus
    quantity: int | str | None = None
    locations: tuple[StockLocation, ...] | None = None


class OrderBounds(Resource, frozen=True, kw_only=True):
    """How much may be ordered at once, and between which hours (`HH:MM` or as the provider says)."""

    minimum: int | None = None
    maximum: int | None = None
    multiple: int | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    until: str | None = None


class ProductInput(Resource, frozen=True, kw_only=True):
    """Something the buyer has to say when ordering (a player id, say)."""

    identifier: str
    type: str
    required: bool
    title: str | None = None
    options: tuple[str, ...] | None = None
    min_length: int | None = None
    max_length: int | None = None


class Condition(Resource, frozen=True, kw_only=True):
    """A condition in which a device is bought from a customer, with its payout."""

    id: str
    name: str
    price: Money | None = None


class Product(Resource, frozen=True, kw_only=True):
    """Something that can be ordered (or, for a trade-in, sold to us)."""

    id: str
    name: str
    description: str | None = None
    ean: str | None = None
    sku: str | None = None
    brand: str | None = None
    categories: tuple[str, ...] | None = None
    images: tuple[Image, ...] | None = None
    price: Money | None = None
    market_price: Money | None = None
    stock: Stock | None = None
    order_bounds: OrderBounds | None = None
    inputs: tuple[ProductInput, ...] | None = None
    conditions: tuple[Condition, ...] | None = None
    attributes: dict[str, str] | None = None
    updated_at: datetime | None = None


class Category(Resource, frozen=True, kw_only=True):
    """A place in a provider's catalog; `parent` is the id of the one above, `path` the names from the root."""

    id: str
    name: str
    parent: str | None = None
    path: tuple[str, ...] | None = None


class Availability(Resource, frozen=True, kw_only=True):
    """Live price and stock of one product, as of `as_of`."""

    product_id: str
    as_of: datetime
    price: Money | None = None
    stock: Stock | None = None
    order_bounds: OrderBounds | None = None
    earliest_delivery: str | None = None
    problem: PartProblem | None = None
