"""The platform's catalog in canonical terms: products, and categories as a tree with the types beside it."""

from collections.abc import Iterator, Sequence
from typing import Any

from adapters.contract.adapter import Adapter
from adapters.contract.models import values
from adapters.contract.models.catalog import Availability, Category, Image, OrderBounds, Product, ProductInput, Stock
from adapters.reseller.envelope import Members
from adapters.reseller.identifiers import ProductId

# Lists and codes of a product that have no canonical member: provider's name, ours.
_ATTRIBUTES = (
    ("productSlug", "slug"),
    ("productBrandID", "brandId"),
    ("platformList", "platforms"),
    ("regionList", "regions"),
    ("buyPrice", "buyPrice"),
)
_AGES = (("usk", "ageUsk"), ("esrb", "ageEsrb"), ("pegi", "agePegi"))


def product_id(product: Members) -> ProductId:
    """Return a product's id. Raises MalformedResponse where the provider gives no two ids."""
    return ProductId(product.identifier("productID"), product.identifier("customerStoreProductID"))


def to_product(adapter: Adapter[Any, Any], product: Members) -> Product:
    """Return a product. Raises MalformedResponse for one without ids or with prices that are none."""
    native, details = product_id(product), product.object("productData")
    return Product(
        id=adapter.id(native),
        name=product.text("productName") or product.text("productSlug") or str(native),
        description=details.text("productDescription") or product.text("productDescription"),
        sku=product.text("productCode"),
        categories=_categories(adapter, product),
        images=_images(details) or None,
        # What the reseller pays; `buyPrice` is what the platform pays a supplier.
        price=values.optional_money(product.get("salePrice"), adapter.currency),
        market_price=values.optional_money(product.get("marketPrice"), adapter.currency),
        stock=_stock(product),
        order_bounds=_order_bounds(product),
        inputs=inputs(product) or None,
        attributes=_attributes(product) or None,
    )


def to_availability(adapter: Adapter[Any, Any], product: Members, as_of: Any) -> Availability:
    """Return what a product costs and whether it is there."""
    return Availability(
        product_id=adapter.id(product_id(product)),
        as_of=as_of,
        price=values.optional_money(product.get("salePrice"), adapter.currency),
        stock=_stock(product),
        order_bounds=_order_bounds(product),
    )


def _categories(adapter: Adapter[Any, Any], product: Members) -> tuple[str, ...] | None:
    """Return the category and the type, which is a category here, too."""
    category, kind = product.integer("productCategoryID"), product.integer("productTypeID")
    found = [] if category is None else [adapter.id(category)]
    if kind is not None:
        found.append(adapter.id(f"type-{kind}"))
    return tuple(found) or None


def _images(details: Members) -> tuple[Image, ...]:
    """Return the main image and the others, each once. They are URLs, or objects that hold one."""
    found = [details.get("productMainImage"), *details.items("productImages")]
    urls = dict.fromkeys([image if isinstance(image, str) else Members(image).text("url") for image in found])
    return tuple([Image(url=url) for url in urls if url])


def _stock(product: Members) -> Stock:
    """Return the stock. A passive product (status 0) cannot be ordered, whatever is there."""
    quantity, status = product.integer("totalStock"), product.integer("status")
    if status == 0:
        return Stock(status="outOfStock", quantity=quantity)
    if quantity is None or status not in {None, 1}:
        return Stock(status="unknown", quantity=quantity)
    return Stock(status="inStock" if quantity > 0 else "outOfStock", quantity=quantity)


def _order_bounds(product: Members) -> OrderBounds | None:
    """Return how much may be ordered, and when; a bound of 0 would forbid every order and is taken as none."""
    minimum, maximum = product.integer("saleMinCount") or None, product.integer("saleMaxCount") or None
    start, end = product.text("saleStartHour"), product.text("saleEndHour")
    if not (minimum or maximum or start or end):
        return None
    return OrderBounds(minimum=minimum, maximum=maximum, from_=start, until=end)


def inputs(product: Members) -> tuple[ProductInput, ...]:
    """Return what the buyer has to say, in the order the platform asks it.

    `productRequire` means required; only `is_required: false` says otherwise.
    """
    return tuple(
        ProductInput(
            identifier=identifier,
            type=entry.text("type") or "text",
            required=entry.get("is_required") not in (False, 0, "0", "false"),
            title=entry.text("title"),
            options=_options(entry) or None,
            min_length=entry.integer("min_length"),
            max_length=entry.integer("max_length") or None,
        )
        for entry in product.objects("productRequire")
        if (identifier := input_name(entry)) is not None
    )


def input_name(entry: Members) -> str | None:
    """Return the name under which a required input is given: its identifier, else its number."""
    return entry.text("identifier") or entry.text("productRequireID")


def _options(entry: Members) -> tuple[str, ...]:
    """Return the values to choose from. They are texts, or objects with a `value`."""
    texts = (Members(option).text("value") or values.text(option) for option in entry.items("options"))
    return tuple(text for text in texts if text)


def _attributes(product: Members) -> dict[str, str]:
    found: dict[str, str] = {}
    for theirs, ours in _ATTRIBUTES:
        value = product.get(theirs)
        if value is not None and (text := _joined(value)):
            found[ours] = text
    ages = product.object("ageList")
    for theirs, ours in _AGES if ages else ():
        if text := ages.text(theirs):
            found[ours] = text
    return found


def _joined(value: Any) -> str | None:
    """Return text, the texts of a list, or the names in a list of objects."""
    if not isinstance(value, list):
        return values.text(value)
    try:
        return ", ".join(filter(None, value))
    except TypeError:
        named = (values.text(item) or Members(item).text("name") or Members(item).text("title") for item in value)
        return ", ".join(filter(None, named))


def to_categories(adapter: Adapter[Any, Any], rows: Sequence[Members]) -> list[Category]:
    """Return the flat list as a tree, each category with the names from the root.

    A parent that is not in the list is named and ends the path; a circle ends where it closes.
    """
    known = {row.identifier("productCategoryID"): row for row in rows}
    return [
        Category(
            id=adapter.id(number),
            name=_category_name(row, number),
            parent=None if (parent := _parent(row)) is None else adapter.id(parent),
            path=tuple(reversed([_category_name(above, n) for n, above in _upwards(known, number)])),
        )
        for number, row in known.items()
    ]


def _upwards(known: dict[int, Members], number: int) -> Iterator[tuple[int, Members]]:
    seen: set[int] = set()
    current: int | None = number
    while current is not None and current in known and current not in seen:
        seen.add(current)
        yield current, known[current]
        current = _parent(known[current])


def _parent(row: Members) -> int | None:
    """Return the id of the category above; 0 is how a root says that there is none."""
    return row.integer("parentID") or None


def _category_name(row: Members, number: int) -> str:
    return row.text("categoryName") or str(number)


def to_types(adapter: Adapter[Any, Any], rows: Sequence[Members]) -> list[Category]:
    """Return the category types as roots with ids of their own, so that products can be asked for by type."""
    known = {row.identifier("productTypeID"): row for row in rows}
    return [
        Category(id=adapter.id(f"type-{number}"), name=name, path=(name,))
        for number, row in known.items()
        if (name := row.text("typeName") or row.text("productTypeName") or row.text("name") or str(number))
    ]
