"""A product as the platform answers it, read once into typed members.

Nearly every answer is as the Reseller Documentation types it, and then all of its products are checked and taken in one
go; of the others each product by itself, and where that is not as documented either, member by member: what a member
should not be is taken as absent.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from adapters.contract import codec, tolerant
from adapters.contract.models import values
from adapters.contract.wire import HttpResponse
from adapters.reseller.envelope import Members, data_list, spelled

_Id = Annotated[int, Meta(ge=0, lt=10**18)]
_Whole = Annotated[int, Meta(gt=-(10**18), lt=10**18)]
_Text = Annotated[str, Meta(max_length=2000)]
_Words = list[Annotated[str, Meta(min_length=1)]]


class Details(msgspec.Struct, gc=False):
    """`productData` of a product: what is shown of it. Descriptions are as long as they are."""

    description: str | None = field(default=None, name="productDescription")
    main_image: Any = field(default=None, name="productMainImage")
    images: Any = field(default=None, name="productImages")


NO_DETAILS = Details()


class Row(msgspec.Struct, gc=False):
    """One product of a list, or the one that was asked for; its members in the order of the wire, found soonest so."""

    product: _Id = field(name="productID")
    store_product: _Id = field(name="customerStoreProductID")
    category: _Whole | None = field(default=None, name="productCategoryID")
    kind: _Whole | None = field(default=None, name="productTypeID")
    brand: Any = field(default=None, name="productBrandID")
    name: _Text | None = field(default=None, name="productName")
    slug: _Text | None = field(default=None, name="productSlug")
    code: _Text | None = field(default=None, name="productCode")
    market_price: Any = field(default=None, name="marketPrice")
    buy_price: Any = field(default=None, name="buyPrice")
    sale_price: Any = field(default=None, name="salePrice")
    minimum: _Whole | None = field(default=None, name="saleMinCount")
    maximum: _Whole | None = field(default=None, name="saleMaxCount")
    start_hour: _Text | None = field(default=None, name="saleStartHour")
    end_hour: _Text | None = field(default=None, name="saleEndHour")
    stock: _Whole | None = field(default=None, name="totalStock")
    status: _Whole | None = None
    details: Details | None = field(default=None, name="productData")
    require: Any = field(default=None, name="productRequire")
    platforms: _Words | None = field(default=None, name="platformList")
    regions: _Words | None = field(default=None, name="regionList")
    ages: Any = field(default=None, name="ageList")
    description: str | None = field(default=None, name="productDescription")


class _Listing(msgspec.Struct, gc=False):
    """The answer of List Products, where it reports success."""

    data: list[Row]
    success: Literal[True]


_read_listing = codec.reader(_Listing)


def listed(body: bytes) -> list[Row] | None:
    """Return the products of a list that reports success and is as documented throughout, None for any other."""
    try:
        return _read_listing(body).data
    except ValueError:
        return None


def read_all(response: HttpResponse) -> list[Row]:
    """Return the products of a list. Raises MalformedResponse where it is none, or a product has no two ids."""
    rows = response.read(listed)
    return [read(product) for product in data_list(response)] if rows is None else rows


def read(product: Members) -> Row:
    """Return a product's members. Raises MalformedResponse where the provider gives no two ids."""
    lists = {name: _words(product.values[name]) for name in ("platformList", "regionList") if name in product.values}
    return tolerant.convert({**product.values, **lists}, Row)


def _words(value: Any) -> list[str]:
    """Return the texts of what should be a list of texts: of a list of objects their names, of a text that text."""
    items = spelled(value) if isinstance(value, list) else [value]
    words = (values.text(item) or Members(item).text("name") or Members(item).text("title") for item in items)
    return [word for word in words if word]
