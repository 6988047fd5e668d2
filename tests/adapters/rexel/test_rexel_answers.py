"""Whatever Rexel answers, it is read or refused by name: no status, body or number makes the adapter stumble."""

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.contract import codec, flow
from adapters.contract.errors import AdapterError, MalformedResponse, ProviderError, Rejected
from adapters.contract.models import requests
from adapters.contract.wire import HttpRequest, HttpResponse
from adapters.rexel import mapping
from support.cases import CONTEXT, NOW, build

WORDS = st.sampled_from(
    """
    order orders items item id status statusCode success message errors error field code data metadata delivery
    quantity unitPrice currency createdAt clientOrderId productSalePricesExt getPositionsExt productDetails
    supplierCode supplierComRef rexelRef clientNetPrice D3ECost availableCLRStock deliveryDate DCMinimumQuantity
    elements libelleLong flagUnitePrincipale customerName access_token expires_in totalElements content zipCode
    quoteId faultstring
    """.split()
)
TEXTS = st.sampled_from(
    ["", " ", "SCH", "APCRBCV202", "SCHAPCRBCV202", "1.234,56", "2026-11-22", "EUR", "RECEIVED", "x" * 300]
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS | st.text()
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=6)
)
BODIES = st.binary(max_size=200) | JSON.map(msgspec.json.encode)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "date", "x-request-id", "content-type"]),
    st.text(max_size=40) | st.sampled_from(["5", "-1", "1e9", "Sun, 22 Nov 2026 10:00:30 GMT", "99999999999999999999"]),
)
ORDER = requests.NewOrder.model_validate(
    {"reference": "PO-1", "lines": [{"productId": "SCH:APCRBCV202", "quantity": 1}]}
)
ADAPTER = build("rexel", {}, {}, None)
QUOTING = build("rexel", {"place_by": "quote"}, {}, None)


def flows() -> dict[str, Any]:
    items = [requests.AvailabilityItem(product_id=native) for native in ("SCH:APCRBCV202", "LEG:067111")]
    return {
        "get_product": ADAPTER.get_product("SCH:APCRBCV202"),
        "check_availability": ADAPTER.check_availability(items, NOW),
        "place_order": ADAPTER.place_order(ORDER, CONTEXT),
        "place_by_quote": QUOTING.place_order(ORDER, CONTEXT),
        "get_order": ADAPTER.get_order("4711"),
        "list_orders": ADAPTER.list_orders(requests.OrderQuery()),
        "find_order": ADAPTER.find_order(ORDER, NOW, CONTEXT),
        "get_account": ADAPTER.get_account(),
        "login": ADAPTER.login(NOW),
    }


@given(
    status=st.integers(100, 599),
    headers=HEADERS,
    body=BODIES,
    step=st.sampled_from(["read", "place", "quote", "login", "units", "prices"]),
    effect=st.sampled_from(["read", "prepare", "commit"]),
)
def test_every_answer_is_an_error_or_none(status: int, headers: Any, body: bytes, step: str, effect: Any) -> None:
    """Any status with any body gives a ProviderError or None, and every failing status an error."""
    error = ADAPTER.error(HttpRequest("POST", "/", effect=effect, step=step), HttpResponse(status, headers, body))
    assert error is None or isinstance(error, ProviderError)
    assert (error is not None) or 200 <= status < 300
    if error is not None:
        assert error.retry_after is None or 0 <= error.retry_after <= 600
        assert all(violation.name and violation.reason for violation in error.violations)


@pytest.mark.parametrize("operation", list(flows()))
@example(bodies=[b'{"metadata":{"":0}}'])
@given(bodies=st.lists(BODIES, min_size=1, max_size=4))
def test_every_success_is_read_or_refused(operation: str, bodies: list[bytes]) -> None:
    """Any body of a 200 gives a canonical value without null or empty text, or an AdapterError; nothing else."""
    sent = 0

    def exchange(request: HttpRequest) -> HttpResponse | ProviderError:
        nonlocal sent
        response = HttpResponse(200, {}, bodies[sent % len(bodies)])
        sent += 1
        return ADAPTER.error(request, response) or response

    try:
        result = flow.run(flows()[operation], exchange)
    except AdapterError:
        return
    if operation != "login":
        for text in (b"null", b'""'):
            assert text not in codec.encode(result).replace(b"null", b"", int(result is None))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"surprise"', b"{}", b'{"order": {}}', b'{"order": []}', b"<html>"]
)
def test_an_unreadable_success_of_an_order_is_malformed(body: bytes) -> None:
    """A 2xx that cannot be read does not say that nothing was placed: it is MalformedResponse and nothing else."""
    with pytest.raises(MalformedResponse):
        flow.run(flows()["place_order"], lambda _: HttpResponse(200, {}, body))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"timestamp": "2023-02-22T15:06:29.837+00:00", "status": 402, "message": "no"}', 402),
        (b'{"success": false, "message": "no"}', 200),
    ],
)
def test_a_success_that_states_a_failure_is_one(body: bytes, status: int) -> None:
    """`status` is the same as HTTP's, says Resail API reference: a failing one under a 200 is believed."""
    error = ADAPTER.error(HttpRequest("POST", "/orders", effect="commit", step="place"), HttpResponse(200, {}, body))
    assert type(error) is Rejected
    assert (error.status, error.message) == (status, "no")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1.234,56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u202f234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("12,40", "12.40"),
        ("12.40", "12.40"),
        ("1.234.567", "1234567"),
        (" 7 ", "7"),
        (5, "5"),
        ("", None),
        (None, None),
    ],
)
def test_numbers_are_read_in_every_spelling(written: Any, read: str | None) -> None:
    """Numbers may be text with a comma (`1.234,56`, RexelSync parseNumber); their digits stay as they are."""
    assert mapping.number(written) == read


@given(st.decimals(min_value=0, max_value=10**9, places=3))
def test_a_french_number_survives_to_the_last_digit(amount: Decimal) -> None:
    """Whatever amount is written with a decimal comma and points between thousands is read as that amount."""
    whole, _, fraction = f"{amount:,.3f}".partition(".")
    assert mapping.number(f"{whole.replace(',', '.')},{fraction}") == f"{amount:.3f}"


@pytest.mark.parametrize("value", ["12 EUR", "abc", True, [], {}, "1,2,3", "NaN", "1e99"])
def test_what_is_no_number_is_refused(value: Any) -> None:
    """Junk in place of a number is an answer that cannot be read."""
    with pytest.raises(MalformedResponse):
        mapping.number(value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "86400"}, 600.0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_beside_the_answers_own(
    headers: dict[str, str], seconds: float | None
) -> None:
    """No clock of ours is asked: a date counts from the answer's Date, and no wait is longer than ten minutes."""
    error = ADAPTER.error(HttpRequest("GET", "/orders"), HttpResponse(429, headers))
    assert error is not None
    assert error.retry_after == seconds


def test_an_unwanted_token_is_refused() -> None:
    """A token that no header can carry is not kept; one without a lifetime lives an hour, and no repr shows it."""

    def logged_in(**body: Any) -> Any:
        return flow.run(flows()["login"], lambda _: HttpResponse(200, {}, codec.encode(body)))

    for token in ("", "  ", "a\r\nb", "é", 7, None):
        with pytest.raises(MalformedResponse):
            logged_in(access_token=token)
    fetched = logged_in(access_token="canary", expires_in="x")
    assert math.isclose(fetched.lifetime, 3600)
    assert "canary" not in repr(fetched)


JUNK: list[Any] = [
    None, "", " ", "x", "NaN", "1,2,3", "9" * 400, True, False, -1, 7, 10**30,
    [], {}, [None], [7], [[]], [{}], {"a": 1},
]  # fmt: skip
_ROW = {"supplierCode": "SCH", "supplierComRef": "APCRBCV202", "rexelRef": "SCHAPCRBCV202"}
_ORDER = {
    "id": "1", "reference": "PO-1", "status": "SHIPPED", "createdAt": "2026-11-22T10:00:00Z", "currency": "EUR",
    "items": [{**_ROW, "id": "1", "itemLabel": "a", "quantity": 1, "shippedQuantity": 1, "unitPrice": "1,00"}],
    "delivery": {"zipCode": "69003"}, "metadata": {"clientOrderId": "PO-1", "lineReference.1": "a", "own": "b"},
}  # fmt: skip
_PRICES = {"data": {"productSalePricesExt": {"productDetails": {**_ROW, "clientNetPrice": "1,00", "D3ECost": "0,10"}}}}
_STOCK = {
    "data": {
        "getPositionsExt": {
            "productDetails": [
                {**_ROW, "availableCLRStock": "1", "deliveryDate": "2026-11-24", "DCMinimumQuantity": "1"},
                {"supplierCode": "LEG", "supplierComRef": "067111"},
            ]
        }
    }
}
RIGHT: dict[str, list[Any]] = {
    "get_product": [{"elements": [{"libelleLong": "a", "flagUnitePrincipale": "O", "poidsNet": 1}]}, _PRICES, _STOCK],
    "check_availability": [_PRICES, _STOCK],
    "place_order": [{"order": _ORDER}],
    "place_by_quote": [{"quote": {"id": "Q"}}, {"order": _ORDER}],
    "get_order": [{"order": _ORDER}],
    "list_orders": [{"orders": [_ORDER], "totalElements": 100}],
    "find_order": [{"orders": [_ORDER], "totalElements": 1}],
    "get_account": [{"data": {"customerName": "a"}}],
    "login": [{"access_token": "t", "expires_in": 3599}],
}


def spoiled(value: Any) -> Iterator[Any]:
    """Yield the value with each part of it replaced by each piece of junk."""
    yield from JUNK
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {key: content for key, content in value.items() if key != name}
            yield from ({**value, name: other} for other in spoiled(inner))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from ([*value[:index], other, *value[index + 1 :]] for other in spoiled(inner))


@pytest.mark.parametrize("operation", list(RIGHT))
def test_a_right_answer_with_one_wrong_part_is_read_or_refused(operation: str) -> None:
    """Each part of each answer replaced by anything: a canonical value, or an AdapterError, and nothing else."""
    outcomes = set()
    for position, right in enumerate(RIGHT[operation]):
        for wrong in spoiled(right):
            answers = [*RIGHT[operation][:position], wrong, *RIGHT[operation][position + 1 :]]
            outcomes.add(_played(operation, answers))
    assert len(outcomes) > 1


def _played(operation: str, answers: list[Any]) -> str:
    left = [msgspec.json.encode(answer) for answer in answers]

    def exchange(request: HttpRequest) -> HttpResponse | ProviderError:
        response = HttpResponse(200, {}, left.pop(0) if len(left) > 1 else left[0])
        return ADAPTER.error(request, response) or response

    try:
        result = flow.run(flows()[operation], exchange)
    except AdapterError as error:
        return type(error).__name__
    if operation != "login":
        encoded = codec.encode(result)
        assert b'""' not in encoded
        assert result is None or b"null" not in encoded
    return "read"
