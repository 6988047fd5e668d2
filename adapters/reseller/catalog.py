"""The platform's catalog in canonical terms: products, and categories as a tree with the types beside it."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from adapters.contract import codec
from adapters.contract.adapter import Adapter
from adapters.contract.models import values
from adapters.contract.models.catalog import Availability, Category, Image, OrderBounds, Product, ProductInput, Stock
from adapters.contract.models.values import optional_money
from adapters.contract.remembered import Remembered
from adapters.reseller.envelope import Members, spelled
from adapters.reseller.rows import NO_DETAILS, Details, Row

_LONGEST = 2000  # of a description

_AGES = (("usk", "ageUsk"), ("esrb", "ageEsrb"), ("pegi", "agePegi"))


def to_products(adapter: Adapter[Any, Any], rows: Sequence[Row]) -> tuple[Product, ...]:
    """Return the products of a list. Raises MalformedResponse where one has prices that are none."""
    account, currency, priced = adapter.name, adapter.currency, values.prices(adapter.currency)
    products = []
    # Of a page with a hundred products: a call is made where few need it, and what they share is remembered.
    for row, name in zip(rows, _ids(account, rows), strict=True):
        categories, order_bounds = _COMMON[
            account, row.category, row.kind, row.minimum, row.maximum, row.start_hour, row.end_hour
        ]
        details = row.details or NO_DETAILS
        image, sale, market = details.main_image, row.sale_price, row.market_price
        description = details.description or row.description or None
        if description and len(description) > _LONGEST:
            description = description[:_LONGEST]
        attributes = {"slug": row.slug} if row.slug else {}
        if row.platforms:
            attributes["platforms"] = ", ".join(row.platforms)
        if row.brand is not None or row.regions or row.buy_price is not None or row.ages:
            attributes |= _seldom(row)
        products.append(
            Product(
                id=name,
                name=row.name or row.slug or name.removeprefix(f"{account}:"),
                description=description,
                sku=row.code or None,
                categories=categories,
                images=(Image(url=image),)
                if image and isinstance(image, str) and not details.images
                else _images(details),
                # What the reseller pays; `buyPrice` is what the platform pays a supplier.
                price=priced[sale] if isinstance(sale, str) else optional_money(sale, currency),
                market_price=priced[market] if isinstance(market, str) else optional_money(market, currency),
                stock=_STOCKS[row.status, row.stock],
                order_bounds=order_bounds,
                inputs=(inputs(row.require) or None) if row.require else None,
                attributes=attributes or None,  # what has no canonical member, lists as text
            )
        )
    return tuple(products)


def to_product(adapter: Adapter[Any, Any], row: Row) -> Product:
    """Return a product. Raises MalformedResponse for one with prices that are none."""
    return to_products(adapter, [row])[0]


def _ids(account: str, rows: Sequence[Row]) -> list[str]:
    """Return `ACCOUNT:PRODUCT-STOREPRODUCT` for each row. Many numbers are written fastest by the encoder, at once."""
    pairs = codec.encode([(row.product, row.store_product) for row in rows])[2:-2].decode()
    natives = pairs.replace("],[", " ").replace(",", "-")
    return f"{account}:{natives}".replace(" ", f" {account}:").split(" ") if natives else []


def _seldom(row: Row) -> dict[str, str]:
    """Return the attributes that few products have."""
    texts = {
        "brandId": values.text(row.brand),
        "regions": ", ".join(row.regions or ()),
        "buyPrice": values.text(row.buy_price),
    }
    ages = _ages(Members(spelled(row.ages))) if row.ages else {}
    return {name: text for name, text in texts.items() if text} | ages


def to_availability(adapter: Adapter[Any, Any], row: Row, as_of: Any) -> Availability:
    """Return what a product costs and whether it is there."""
    return Availability(
        product_id=adapter.id(f"{row.product}-{row.store_product}"),
        as_of=as_of,
        price=optional_money(row.sale_price, adapter.currency),
        stock=_STOCKS[row.status, row.stock],
        order_bounds=_order_bounds(row.minimum, row.maximum, row.start_hour, row.end_hour),
    )


def _categories(account: str, category: int | None, kind: int | None) -> tuple[str, ...] | None:
    """Return the category and the type, which is a category here, too."""
    natives = [] if category is None else [str(category)]
    natives += [] if kind is None else [f"type-{kind}"]
    return tuple(f"{account}:{native}" for native in natives) or None


def _images(details: Details) -> tuple[Image, ...] | None:
    """Return the main image and the others, each once. They are URLs, or objects that hold one."""
    main, others = details.main_image, details.images
    found = [main, *others] if isinstance(others, list) else [main]
    urls = [image if isinstance(image, str) else Members(spelled(image)).text("url") for image in found if image]
    return tuple([Image(url=url) for url in dict.fromkeys(urls) if url]) or None


def _stock(key: tuple[int | None, int | None]) -> Stock:
    """Return the stock of a status and a quantity. A passive product (status 0) cannot be ordered."""
    status, quantity = key
    if status == 0:
        return Stock(status="outOfStock", quantity=quantity)
    if quantity is None or (status != 1 and status is not None):
        return Stock(status="unknown", quantity=quantity)
    return Stock(status="inStock" if quantity > 0 else "outOfStock", quantity=quantity)


def _order_bounds(minimum: int | None, maximum: int | None, start: str | None, end: str | None) -> OrderBounds | None:
    """Return how much may be ordered, and when; a bound of 0 would forbid every order and is taken as none."""
    if not (minimum or maximum or start or end):
        return None
    return OrderBounds(minimum=minimum or None, maximum=maximum or None, from_=start or None, until=end or None)


_Common: TypeAlias = tuple[str, int | None, int | None, int | None, int | None, str | None, str | None]


def _common(key: _Common) -> tuple[tuple[str, ...] | None, OrderBounds | None]:
    """Return categories and order bounds, of what makes them. Most products of a page have both in common."""
    account, category, kind, minimum, maximum, start, end = key
    return _categories(account, category, kind), _order_bounds(minimum, maximum, start, end)


_COMMON = Remembered(_common)
_STOCKS = Remembered(_stock)


def inputs(required: Any) -> tuple[ProductInput, ...]:
    """Return what `productRequire` has the buyer say, in the order the platform asks it.

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
        for entry in map(Members, spelled(required) if isinstance(required, list) else ())
        if (identifier := input_name(entry)) is not None
    )


def input_name(entry: Members) -> str | None:
    """Return the name under which a required input is given: its identifier, else its number."""
    return entry.text("identifier") or entry.text("productRequireID")


def _options(entry: Members) -> tuple[str, ...]:
    """Return the values to choose from. They are texts, or objects with a `value`."""
    texts = (Members(option).text("value") or values.text(option) for option in entry.items("options"))
    return tuple(text for text in texts if text)


def _ages(ages: Members) -> dict[str, str]:
    return {ours: text for theirs, ours in _AGES if (text := ages.text(theirs))}


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
