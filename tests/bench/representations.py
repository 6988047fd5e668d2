"""The same two translations three times: canonical values as msgspec Structs, as dicts, and as pydantic models.

Structs are the product's own. The dicts and the models are what an adapter would make instead; only the constructors
differ, so that nothing but the representation is compared.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from adapters.contract.models import catalog, resources

Row = dict[str, Any]


class Model(BaseModel):
    """What every canonical value would be made of."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True)


class Money(Model):
    amount: str
    currency: str
    tax_included: bool | None = None


class Stock(Model):
    status: str
    quantity: int | None = None


class OrderBounds(Model):
    minimum: int | None = None
    maximum: int | None = None


class Image(Model):
    url: str


class Product(Model):
    id: str
    name: str
    description: str | None = None
    sku: str | None = None
    categories: tuple[str, ...] | None = None
    images: tuple[Image, ...] | None = None
    price: Money | None = None
    market_price: Money | None = None
    stock: Stock | None = None
    order_bounds: OrderBounds | None = None
    attributes: dict[str, str] | None = None


class Address(Model):
    first_name: str | None = None
    last_name: str | None = None
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None
    email: str | None = None
    phone: str | None = None


class Totals(Model):
    items: Money | None = None
    shipping: Money | None = None
    packaging: Money | None = None
    tax: Money | None = None
    total: Money | None = None


class Line(Model):
    quantity: int
    id: str | None = None
    reference: str | None = None
    product_id: str | None = None
    name: str | None = None
    status: str | None = None
    metadata: dict[str, str] | None = None


class Order(Model):
    id: str
    provider: str
    kind: str
    status: str
    lines: tuple[Line, ...] = ()
    reference: str | None = None
    currency: str | None = None
    totals: Totals | None = None
    ship_to: Address | None = None
    metadata: dict[str, str] | None = None


class Listing(Model):
    items: tuple[Product, ...] = ()


def present(**members: Any) -> Row:
    """Return a dict without what has no value."""
    return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True)
class Representation:
    """The constructors of one way to hold canonical values."""

    product: Callable[..., Any]
    money: Callable[..., Any]
    stock: Callable[..., Any]
    bounds: Callable[..., Any]
    image: Callable[..., Any]
    order: Callable[..., Any]
    line: Callable[..., Any]
    address: Callable[..., Any]
    totals: Callable[..., Any]

    def to_product(self, row: Row) -> Any:
        """Return a reseller's product."""
        details = row["productData"]
        return self.product(
            id=f"reseller:{row['productID']}-{row['customerStoreProductID']}",
            name=row["productName"],
            description=details.get("productDescription"),
            sku=row["productCode"],
            categories=(f"reseller:{row['productCategoryID']}", f"reseller:type-{row['productTypeID']}"),
            images=(self.image(url=details["productMainImage"]),),
            price=self.money(amount=row["salePrice"], currency="TRY"),
            market_price=self.money(amount=row["marketPrice"], currency="TRY"),
            stock=self.stock(status="inStock" if row["totalStock"] else "outOfStock", quantity=row["totalStock"]),
            order_bounds=self.bounds(minimum=row["saleMinCount"], maximum=row["saleMaxCount"]),
            attributes={"slug": row["productSlug"], "platforms": ", ".join(row["platformList"])},
        )

    def to_order(self, order: Row) -> Any:
        """Return an order of GelatoConnect."""
        receipt, address = order["receipts"][0], order["shippingAddress"]
        return self.order(
            id=f"gelato:{order['id']}",
            provider="gelato",
            kind="purchase",
            status=order["fulfillmentStatus"],
            reference=order["orderReferenceId"],
            currency=order["currency"],
            lines=tuple([self._line(item) for item in order["items"]]),
            totals=self.totals(
                items=self.money(amount=receipt["productsPrice"], currency="EUR", tax_included=False),
                shipping=self.money(amount=receipt["shippingPrice"], currency="EUR", tax_included=False),
                packaging=self.money(amount=receipt["packagingPrice"], currency="EUR", tax_included=False),
                tax=self.money(amount=receipt["totalVat"], currency="EUR"),
                total=self.money(amount=receipt["totalInclVat"], currency="EUR", tax_included=True),
            ),
            ship_to=self.address(
                first_name=address["firstName"],
                last_name=address["lastName"],
                line1=address["addressLine1"],
                line2=address["addressLine2"] or None,
                city=address["city"],
                postal_code=address["postCode"],
                country=address["country"],
                email=address["email"],
                phone=address["phone"],
            ),
            metadata={entry["key"]: entry["value"] for entry in order["metadata"]},
        )

    def _line(self, item: Row) -> Any:
        return self.line(
            quantity=item["quantity"],
            id=item["id"],
            reference=item["itemReferenceId"],
            product_id=f"gelato:{item['productUid']}",
            name=item["productName"],
            status=item["fulfillmentStatus"],
            metadata={entry["key"]: entry["value"] for entry in item["metadata"]},
        )


STRUCTS = Representation(
    catalog.Product,
    resources.Money,
    catalog.Stock,
    catalog.OrderBounds,
    catalog.Image,
    resources.Order,
    resources.Line,
    resources.Address,
    resources.Totals,
)
DICTS = Representation(present, present, present, present, present, present, present, present, present)
MODELS = Representation(Product, Money, Stock, OrderBounds, Image, Order, Line, Address, Totals)
