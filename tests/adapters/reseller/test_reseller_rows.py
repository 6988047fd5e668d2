"""Reading a product in one go, and member by member where the platform writes it otherwise than documented."""

from typing import Any

import pytest

from adapters.contract.errors import MalformedResponse
from adapters.reseller.envelope import Members
from adapters.reseller.rows import Details, Row, read

# Reseller Documentation, Get Product Detail; prices as the codec gives fractions.
DOCUMENTED: dict[str, Any] = {
    "productID": 265,
    "customerStoreProductID": 234,
    "productName": "Gold Bar",
    "salePrice": "19.90",
    "saleMinCount": 1,
    "totalStock": 7,
    "status": 1,
    "productData": {"productDescription": "A bar.", "productMainImage": "https://images.example.com/1.png"},
}
READ = Row(
    product=265,
    store_product=234,
    name="Gold Bar",
    sale_price="19.90",
    minimum=1,
    stock=7,
    status=1,
    details=Details(description="A bar.", main_image="https://images.example.com/1.png"),
)


def test_a_documented_product_is_read() -> None:
    """Every member that is of the documented type is taken."""
    assert read(Members(DOCUMENTED)) == READ


def test_numbers_written_as_text_are_read_like_numbers() -> None:
    """Ids, counts and stock may come as text; nothing else of the product is lost by it."""
    written = {name: str(value) if isinstance(value, int) else value for name, value in DOCUMENTED.items()}
    assert read(Members(written)) == READ


@pytest.mark.parametrize("junk", [True, [], {}, "", "1.5"])
def test_a_member_of_another_type_is_taken_as_absent(junk: Any) -> None:
    """A stock that is no number says nothing, and the rest of the product is read all the same."""
    row = read(Members({**DOCUMENTED, "totalStock": junk}))
    assert row.stock is None
    assert row.name == "Gold Bar"


@pytest.mark.parametrize("wrong", [{"productID": None}, {"productID": -1}, {"customerStoreProductID": "many"}])
def test_a_product_without_ids_is_refused(wrong: dict[str, Any]) -> None:
    """Nobody could order what has no ids."""
    with pytest.raises(MalformedResponse):
        read(Members({**DOCUMENTED, **wrong}))
