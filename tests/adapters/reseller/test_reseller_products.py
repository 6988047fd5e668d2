"""What a product says in canonical terms, as usual tenants write it and as others do."""

from typing import Any

import pytest

from adapters.contract import codec
from adapters.contract.errors import MalformedResponse
from adapters.reseller.catalog import to_availability, to_product
from adapters.reseller.envelope import Members
from adapters.reseller.rows import read
from support.cases import build

ADAPTER = build("reseller", {}, {}, None)
MAIN, OTHER = "https://images.example.com/1.png", "https://images.example.com/2.png"


def told(**members: Any) -> dict[str, Any]:
    """Return the product that callers are told, of these members beside the two ids."""
    row = read(Members({"productID": 265, "customerStoreProductID": 234, **members}))
    value: dict[str, Any] = codec.decode(codec.encode(to_product(ADAPTER, row)))
    return value


@pytest.mark.parametrize(
    ("main", "others", "urls"),
    [
        (MAIN, None, [MAIN]),
        (MAIN, [], [MAIN]),
        (MAIN, [MAIN, OTHER], [MAIN, OTHER]),
        (None, [OTHER], [OTHER]),
        ({"url": MAIN}, None, [MAIN]),
        (MAIN, [{"Url": OTHER}, {}], [MAIN, OTHER]),
        ("", None, None),
        (5, 5, None),
    ],
)
def test_images_are_the_main_one_and_the_others_each_once(main: Any, others: Any, urls: list[str] | None) -> None:
    """They are URLs, or objects that hold one; what is neither is no image."""
    images = told(productData={"productMainImage": main, "productImages": others}).get("images")
    assert (images and [image["url"] for image in images]) == urls


def test_what_has_no_canonical_member_is_an_attribute() -> None:
    """Lists are of texts or of objects with names; what is empty is left out."""
    members = {
        "productSlug": "gold-bar",
        "productBrandID": 17,
        "platformList": ["PC", "Switch"],
        "regionList": [{"name": "TR"}, {"title": "EU"}, {}],
        "buyPrice": "9.50",
        "ageList": {"usk": 12, "esrb": None, "pegi": "16"},
    }
    assert told(**members)["attributes"] == {
        "slug": "gold-bar",
        "brandId": "17",
        "platforms": "PC, Switch",
        "regions": "TR, EU",
        "buyPrice": "9.50",
        "ageUsk": "12",
        "agePegi": "16",
    }
    assert "attributes" not in told(**dict.fromkeys(members))


@pytest.mark.parametrize(
    ("status", "quantity", "word"),
    [
        (1, 7, "inStock"),
        (1, 0, "outOfStock"),
        (None, 7, "inStock"),
        (0, 7, "outOfStock"),
        (0, None, "outOfStock"),
        (1, None, "unknown"),
        (4, 7, "unknown"),
    ],
)
def test_stock_is_what_the_quantity_says_of_an_active_product(status: Any, quantity: Any, word: str) -> None:
    """A passive one (status 0) cannot be ordered; of another status nobody knows."""
    stock = told(status=status, totalStock=quantity)["stock"]
    assert stock == {"status": word} | ({} if quantity is None else {"quantity": quantity})


@pytest.mark.parametrize(
    ("price", "amount"), [("19.90", "19.90"), (20, "20"), ("1e2", "100"), ("", None), (None, None)]
)
def test_prices_are_money_however_they_are_written(price: Any, amount: str | None) -> None:
    """The sale price is what the reseller pays; live prices are read alike."""
    money = amount and {"amount": amount, "currency": "TRY"}
    assert told(salePrice=price).get("price") == money
    assert told(marketPrice=price).get("marketPrice") == money
    row = read(Members({"productID": 265, "customerStoreProductID": 234, "salePrice": price}))
    assert codec.decode(codec.encode(to_availability(ADAPTER, row, None))).get("price") == money


@pytest.mark.parametrize("member", ["salePrice", "marketPrice"])
@pytest.mark.parametrize("price", [True, [], {}, "dear"])
def test_a_price_that_is_none_is_malformed(member: str, price: Any) -> None:
    """It is never taken for a product without one."""
    with pytest.raises(MalformedResponse):
        told(**{"salePrice": "19.90", "marketPrice": "24.90", member: price})
