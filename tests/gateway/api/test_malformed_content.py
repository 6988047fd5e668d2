"""What is proper HTTP and says something wrong: a problem with a violation for each member, nothing sent."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from support.attacker import Attacker, names

pytestmark = pytest.mark.usefixtures("nothing_is_sent")

LINE = {"productId": "reseller:266-235", "quantity": 1}
ORDER = {"reference": "CONTENT-1", "lines": [LINE]}
ADDRESS = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "line1": "1 Main St",
    "city": "Springfield",
    "postalCode": "12345",
    "country": "US",
}


def nested(levels: int, *, member: str = "") -> bytes:
    opening, closing = (f'{{"{member}":', "}") if member else ("[", "]")
    return f"{opening * levels}1{closing * levels}".encode()


NO_JSON: dict[str, bytes] = {
    "nothing": b"",
    "white space": b" \r\n\t ",
    "half an object": b'{"reference":"a",',
    "two values": b"{} {}",
    "a comment": b"{} // x",
    "single quotes": b"{'reference':'a'}",
    "a trailing comma": b'{"lines":[],}',
    "NaN": b'{"reference":NaN}',
    "Infinity": b'{"reference":-Infinity}',
    "a number that is none": b'{"quantity":01}',
    "a control character in text": b'{"reference":"a\nb"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"reference":"a"}'.encode("utf-16"),
    "invalid UTF-8": b'{"reference":"\xff\xfe"}',
    "an overlong NUL": b'{"reference":"\xc0\x80"}',
    "a surrogate in UTF-8": b'{"reference":"\xed\xa0\x80"}',
    "a lone surrogate": b'{"reference":"\\ud800"}',
    "a lone surrogate in a name": b'{"\\udfff":1}',
    "a lone surrogate in a list": b'{"lines":["\\udc00\\ud800"]}',
    "the same member twice": b'{"reference":"a","reference":"b"}',
    "the same member twice, further down": b'{"lines":[{"quantity":1,"quantity":100}]}',
    "the same member twice, spelled differently": b'{"reference":"a","\\u0072eference":"b"}',
    "33 levels": nested(33),
    "33 levels of objects": nested(33, member="lines"),
    "1,000 levels": nested(1000),
    "100,000 levels": nested(100_000),
    "100,000 levels of objects": nested(100_000, member="a"),
    "100,000 levels without an end": b"[" * 100_000,
    "an integer of 5,000 digits": b'{"quantity":' + b"9" * 5000 + b"}",
    "a fraction of 100 digits": b'{"quantity":1.' + b"0" * 100 + b"}",
    "half a mebibyte of exponent": b'{"quantity":1e' + b"9" * 500_000 + b"}",
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/orders"),
        ("POST", "/v1/availability"),
        ("POST", "/v1/orders/gelato:1/cancellation"),
        ("PATCH", "/v1/orders/bol:1/shipments/2"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_malformed_request(
    attacker: Attacker, method: str, path: str, body: bytes
) -> None:
    """400, with a reason that repeats nothing of the body; the key is not used up."""
    answer = attacker.call(method, path, body)
    assert (answer.status, answer.problem) == (400, "malformed-request")
    assert len(answer.body["detail"]) < 100
    if path != "/v1/availability":
        assert (answer.body["placed"], answer.body["retry"]) == ("no", "same-key")


def order(**members: Any) -> dict[str, Any]:
    return {**ORDER, **members}


def line(**members: Any) -> dict[str, Any]:
    return order(lines=[{**LINE, **members}])


WRONG: dict[str, tuple[Any, Sequence[str]]] = {
    "no object": ([], ["body"]),
    "a text": ("order", ["body"]),
    "null": (None, ["body"]),
    "nothing in it": ({}, ["lines", "reference"]),
    "everything wrong at once": (
        {"reference": 7, "lines": [{"quantity": "1", "product_id": "x"}], "dryRun": True, "kind": "gift"},
        ["dryRun", "kind", "lines[0].product_id", "lines[0].quantity", "reference"],
    ),
    "an unknown member": (order(expectedPrice={"amount": "1", "currency": "EUR"}), ["expectedPrice"]),
    "a member by its other spelling": (order(ship_to={**ADDRESS, "region": "IL"}), ["ship_to"]),
    "null members": (line(condition=None, inputs={"a": None}), ["lines[0].condition", "lines[0].inputs.a"]),
    "empty members": (order(metadata={"a": ""}, provider=""), ["metadata.a", "provider"]),
    "empty deep in options": (order(providerOptions={"bol": {"a": [{"b": ""}]}}), ["providerOptions.bol.a[0].b"]),
    "white space": (order(reference=" \t "), ["reference"]),
    "a control character": (order(reference="a\x1bb"), ["reference"]),
    "a reference of 65": (order(reference="r" * 65), ["reference"]),
    "no lines": (order(lines=[]), ["lines"]),
    "101 lines": (order(lines=[LINE] * 101), ["lines"]),
    "lines that are none": (order(lines=[1, None, "x"]), ["lines[0]", "lines[1]", "lines[2]"]),
    "quantity 0": (line(quantity=0), ["lines[0].quantity"]),
    "quantity below zero": (line(quantity=-1), ["lines[0].quantity"]),
    "quantity true": (line(quantity=True), ["lines[0].quantity"]),
    "quantity 1.0": (msgspec.json.encode(ORDER).replace(b":1}", b":1.0}"), ["lines[0].quantity"]),
    "quantity 1e400": (msgspec.json.encode(ORDER).replace(b":1}", b":1e400}"), ["lines[0].quantity"]),
    "quantity of 100 digits": (
        msgspec.json.encode(ORDER).replace(b":1}", b":" + b"9" * 100 + b"}"),
        ["lines[0].quantity"],
    ),
    "a price in float": (line(retailPrice={"amount": 1.5, "currency": "EUR"}), ["lines[0].retailPrice.amount"]),
    "a price below zero": (line(retailPrice={"amount": "-1", "currency": "EUR"}), ["lines[0].retailPrice.amount"]),
    "a price of rubbish": (line(retailPrice={"amount": "1e5", "currency": "EUR"}), ["lines[0].retailPrice.amount"]),
    "Arabic digits": (line(retailPrice={"amount": "١٢", "currency": "EUR"}), ["lines[0].retailPrice.amount"]),
    "a currency that is none": (order(currency="EURO"), ["currency"]),
    "a country that is none": (order(shipTo={**ADDRESS, "country": "XX"}), ["shipTo.country"]),
    "a region that is needed": (order(shipTo=ADDRESS), ["shipTo"]),
    "a time without a zone": (order(validUntil="2026-03-02T09:00:00"), ["validUntil"]),
    "a time as a number": (order(validUntil=1), ["validUntil"]),
    "a time as digits": (order(validUntil="1772442000"), ["validUntil"]),
    "a date": (order(validUntil="2026-03-02"), ["validUntil"]),
    "a file elsewhere": (line(files=[{"role": "default", "url": "file:///etc/passwd"}]), ["lines[0].files[0].url"]),
    "both ways to name a product": (line(product={"name": "Mug", "variant": {"a": "b"}}), ["lines[0]"]),
    "no way to name a product": (order(lines=[{"quantity": 1}]), ["lines[0]"]),
    "two ways in one order": (
        order(lines=[LINE, {"quantity": 1, "product": {"name": "Mug", "variant": {"a": "b"}}}]),
        ["body"],
    ),
    "the same line reference twice": (order(lines=[{**LINE, "reference": "a"}] * 2), ["body"]),
    "a product id without a colon": (line(productId="nocolon"), ["lines[0].productId"]),
    "a product id of half a provider": (line(productId=":235"), ["lines[0].productId"]),
    "a product id without a product": (line(productId="reseller:"), ["lines[0].productId"]),
    "a product id with a line break": (line(productId="reseller:a\u2028b"), ["lines[0].productId"]),
    "a product id of 5 KB": (line(productId="reseller:" + "x" * 5000), ["lines[0].productId"]),
    "a name of a megabyte": ({**ORDER, "x" * 1_000_000: 1}, ["x" * 200]),
    "200 unknown members": ({**ORDER, **{f"x{number}": 1 for number in range(200)}}, [f"x{n}" for n in range(100)]),
}


@pytest.mark.parametrize(("body", "expected"), WRONG.values(), ids=WRONG)
def test_every_member_that_is_wrong_is_named(attacker: Attacker, body: Any, expected: Sequence[str]) -> None:
    """400 `validation-failed`, all violations at once, sorted here; none repeats a value."""
    sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
    answer = attacker.call("POST", "/v1/orders", sent)
    assert (answer.status, answer.problem) == (400, "validation-failed")
    assert sorted(names(answer)) == sorted(expected)
    assert (answer.body["placed"], answer.body["retry"]) == ("no", "same-key")


IDS = {
    "no colon": ("nocolon", 400),
    "no provider": (":1", 400),
    "no native part": ("bol:", 400),
    "an unknown provider": ("unknown:1", 404),
    "a provider with dots": ("..%2F..:1", 404),
    "a NUL": ("bol:%00", 400),
    "a line break": ("bol:1%0D%0AX-A:%20b", 400),
    "a separator of lines": ("bol:%E2%80%A8", 400),
    "5 KB": ("bol:" + "x" * 5000, 400),
    "a colon alone": ("%3A", 400),
}


@pytest.mark.parametrize(("resource", "status"), IDS.values(), ids=IDS)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/orders/{id}", None),
        ("GET", "/v1/orders/{id}/shipments", None),
        ("GET", "/v1/products/{id}", None),
        ("POST", "/v1/orders/{id}/cancellation", {}),
        ("PATCH", "/v1/orders/{id}/delivery", {"methods": ["express"]}),
        ("POST", "/v1/orders/{id}/shipments", {}),
        ("PATCH", "/v1/orders/{id}/shipments/1", {"trackingCode": "a"}),
    ],
)
def test_an_id_that_is_none_is_refused(
    attacker: Attacker, method: str, path: str, body: Any, resource: str, status: int
) -> None:
    """A violation of `id`, or nothing of that name."""
    answer = attacker.call(method, path.replace("{id}", resource), body)
    assert answer.status == status
    assert (answer.problem, names(answer)) == (("validation-failed", ["id"]) if status == 400 else ("not-found", []))


@pytest.mark.parametrize("operation", ["x", "x" * 5000, "%00", "..%2F..", "%F0%9F%98%80", "0199d0f4-7a52-7c61-9d3e-0"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_operation_that_never_was_is_not_found(attacker: Attacker, method: str, operation: str) -> None:
    """Or its id cannot be one."""
    answer = attacker.call(method, f"/v1/operations/{operation}")
    assert answer.problem in {"not-found", "validation-failed"}


def test_a_list_of_availabilities_names_each_product_that_is_none(attacker: Attacker) -> None:
    """A wrong id is a violation with its place; 51 are too many."""
    asked = {"items": [{"productId": "rexel:SCH:S520059"}, {"productId": "nocolon"}]}
    assert names(attacker.call("POST", "/v1/availability", asked)) == ["items[1].productId"]
    asked = {"items": [{"productId": "rexel:SCH:S520059"}] * 51}
    assert names(attacker.call("POST", "/v1/availability", asked)) == ["items"]
