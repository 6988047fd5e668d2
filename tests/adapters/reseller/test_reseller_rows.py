"""Reading a product in one go, and member by member where the platform writes it otherwise than documented."""

from typing import Any

import pytest

from adapters.contract import codec
from adapters.contract.errors import MalformedResponse, Rejected
from adapters.contract.wire import HttpResponse, json_body
from adapters.reseller import calls
from adapters.reseller.catalog import inputs, to_product
from adapters.reseller.envelope import Members
from adapters.reseller.rows import Details, Row, listed, read, read_all
from support.cases import build

ADAPTER = build("reseller", {}, {}, None)

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


def listing(*products: Any, **members: Any) -> HttpResponse:
    """Return an answer of List Products."""
    return HttpResponse(200, {}, json_body({"success": True, "data": list(products), **members}))


def test_a_documented_list_is_read() -> None:
    """Prices keep the digits that were written, whether as numbers or as text."""
    body = b'{"data": [{"productID": 265, "customerStoreProductID": 234, "salePrice": 19.90}], "success": true}'
    assert read_all(HttpResponse(200, {}, body)) == [Row(product=265, store_product=234, sale_price="19.90")]
    assert read_all(listing(DOCUMENTED, DOCUMENTED)) == [READ, READ]
    assert read_all(listing()) == []


def test_a_product_that_is_odd_takes_none_of_the_others_along() -> None:
    """Where one product of a list is not as documented, all are read none the less."""
    odd = DOCUMENTED | {"totalStock": "7", "saleMaxCount": []}
    assert read_all(listing(DOCUMENTED, odd)) == [READ, READ]


def test_a_list_is_read_in_whatever_case_its_names_are() -> None:
    """The documentation prints `ProductID`, the wire says `productID`."""
    assert read_all(listing({name[:1].upper() + name[1:]: value for name, value in DOCUMENTED.items()})) == [READ]


def test_empty_texts_of_a_list_say_nothing() -> None:
    """Nor do they make a product odd: what the platform leaves empty is absent from the answer."""
    empty = dict.fromkeys(("productName", "productSlug", "productCode", "saleStartHour", "saleEndHour"), "")
    bare = DOCUMENTED | empty | {"productData": {"productDescription": ""}, "platformList": ["", "PC"]}
    [row] = read_all(listing(bare))
    assert codec.decode(codec.encode(to_product(ADAPTER, row))) == {
        "id": "reseller:265-234",
        "name": "265-234",
        "price": {"amount": "19.90", "currency": "TRY"},
        "stock": {"status": "inStock", "quantity": 7},
        "orderBounds": {"minimum": 1},
        "attributes": {"platforms": "PC"},
    }


def test_a_long_description_is_cut_and_makes_no_list_odd() -> None:
    """Pages of HTML stand there: 2000 characters are kept, and the list is read in one go all the same."""
    long = DOCUMENTED | {"productData": {"productDescription": "x" * 2001}}
    assert listed(listing(long).body) is not None
    assert [to_product(ADAPTER, row).description for row in read_all(listing(long))] == ["x" * 2000]


def test_a_list_is_gone_through_once() -> None:
    """Whether it reports a failure and what it lists are found out together: the body is not needed again."""
    response = listing(DOCUMENTED)
    assert ADAPTER.error(calls.products_page(()), response) is None
    response.body = b""
    assert read_all(response) == [READ]


@pytest.mark.parametrize("failure", [{"success": False}, {"success": None, "Success": False}])
def test_a_list_that_reports_a_failure_is_one(failure: dict[str, Any]) -> None:
    """Whatever else it holds."""
    assert isinstance(ADAPTER.error(calls.products_page(()), listing(DOCUMENTED, **failure)), Rejected)


def test_required_inputs_are_read_in_whatever_case_their_names_are() -> None:
    """Also of a list that was otherwise taken in one go."""
    entries = [{"Identifier": "playerId", "Type": "text", "is_required": False}]
    [row] = read_all(listing(DOCUMENTED | {"productRequire": entries}))
    assert [(one.identifier, one.required) for one in inputs(row.require)] == [("playerId", False)]


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(200, {}, b"<html>"),
        HttpResponse(200, {}, b'{"success": true, "data": null}'),
        HttpResponse(200, {}, b'{"success": true, "data": [1]}'),
        HttpResponse(200, {}, b'{"success": true, "data": [{"productID": 265}]}'),
        HttpResponse(200, {}, b'{"success": "maybe", "data": []}'),
    ],
)
def test_what_is_no_list_of_products_is_malformed(answer: HttpResponse) -> None:
    """It is told as such, and never as an empty list."""
    with pytest.raises(MalformedResponse):
        read_all(answer)
