"""Whatever the platform answers becomes a canonical value or an error that says what it means."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.contract import codec, flow
from adapters.contract.adapter import WriteContext
from adapters.contract.errors import (
    AccountRefused,
    AdapterError,
    CredentialsRefused,
    Gone,
    MalformedResponse,
    ProtocolMismatch,
    ProviderError,
    RateLimited,
    Rejected,
    Unavailable,
)
from adapters.contract.models.requests import (
    AvailabilityItem,
    CategoryQuery,
    NewCancellation,
    NewOrder,
    OrderQuery,
    ProductQuery,
)
from adapters.contract.wire import HttpRequest, HttpResponse
from support.cases import CONTEXT, NOW, build

ADAPTER = build("reseller", {}, {}, None)
BY_LINE = build("reseller", {"cancel_by": "line", "price_of": "line", "first_page": 0}, {}, None)
PLACE = HttpRequest("POST", "/Order/create", body=b'{"basketData":[{"deliverID":"d"}]}', effect="commit", step="place")
READ = HttpRequest("GET", "/Customer/Get")
LOGIN = HttpRequest("POST", "/Login/Customer/Api/Verify", step="login")

# Names that mean something, so that the junk reaches the readers.
NAMES = st.sampled_from(
    """
    success data errorCode message items details token Expiration productID customerStoreProductID productName salePrice
    totalStock status productRequire productRequireID identifier options is_required min_length productData
    productImages platformList ageList orderID orderDetailID deliverID quantity price deliveryData deliveryNote
    createdDate balance currencyCode productCategoryID parentID categoryName productTypeID saleStartHour OrderID Success
    """.split()
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["1", "2", "A-1-1", "userid", "TL", "2026-11-22T10:00:00Z", "9" * 40, "1e999999"])
)
JUNK = st.recursive(LEAVES, lambda part: st.lists(part, max_size=3) | st.dictionaries(NAMES, part, max_size=6))
ENVELOPES = st.fixed_dictionaries({"success": st.just(True), "data": JUNK | st.lists(JUNK, max_size=2)}) | JUNK
BODIES = st.binary(max_size=30) | JUNK.map(codec.encode) | st.just(b"[" * 100_000)


def operations(adapter: Any, context: WriteContext) -> dict[str, Any]:
    """Return a flow of each operation."""
    order = NewOrder.model_validate(
        {"reference": "A-1", "lines": [{"productId": "1-2", "quantity": 1, "inputs": {"userid": "x"}}]}
    )
    plain = NewOrder.model_validate({"reference": "A-1", "lines": [{"productId": "1-2", "quantity": 1}]})
    return {
        "login": adapter.login(NOW),
        "get_account": adapter.get_account(),
        "list_categories": adapter.list_categories(CategoryQuery()),
        "list_products": adapter.list_products(ProductQuery()),
        "get_product": adapter.get_product("1-2"),
        "check_availability": adapter.check_availability([AvailabilityItem(product_id="1-2")], NOW),
        "place_order": adapter.place_order(order, context),
        "place_order without inputs": adapter.place_order(plain, context),
        "list_orders": adapter.list_orders(OrderQuery()),
        "get_order": adapter.get_order("1-2.1"),
        "get_order without lines": adapter.get_order("1"),
        "cancel_order": adapter.cancel_order("1-2.1", NewCancellation(), context),
        "find_order": adapter.find_order(plain, NOW, context),
    }


@pytest.mark.parametrize("operation", operations(ADAPTER, CONTEXT))
@settings(max_examples=40)
@given(answer=ENVELOPES)
def test_any_success_is_read_or_malformed(operation: str, answer: Any) -> None:
    """JSON of any shape under status 200 gives a canonical value without null, or an error, and never a crash."""
    for adapter in (ADAPTER, BY_LINE):

        def exchange(request: HttpRequest, adapter: Any = adapter) -> HttpResponse | ProviderError:
            response = HttpResponse(200, {"content-type": "application/json"}, codec.encode(answer))
            error: ProviderError | None = adapter.error(request, response)
            return error or response

        try:
            result = flow.run(operations(adapter, CONTEXT)[operation], exchange)
        except AdapterError:
            continue
        if operation != "login":
            _has_values(codec.decode(codec.encode(result)) if result is not None else {})


def _has_values(value: Any) -> None:
    assert value is not None
    assert value != ""
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _has_values(part)


@given(status=st.integers(100, 599), body=BODIES, headers=st.dictionaries(st.just("retry-after"), st.text(max_size=40)))
def test_any_status_with_any_body_is_an_error_or_none(status: int, body: bytes, headers: dict[str, str]) -> None:
    """`error` answers everything; nothing but a success is None, and no wait is longer than ten minutes."""
    for request in (PLACE, READ, LOGIN):
        found = ADAPTER.error(request, HttpResponse(status, headers, body))
        assert found is None or isinstance(found, ProviderError)
        if found is None:
            assert 200 <= status < 300
        else:
            assert found.status == status
            assert found.retry_after is None or 0 <= found.retry_after <= 600


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, Unavailable),
        (307, ProtocolMismatch),
        (400, Rejected),
        (401, CredentialsRefused),
        (403, AccountRefused),
        (404, AccountRefused),
        (405, ProtocolMismatch),
        (408, Unavailable),
        (409, Rejected),
        (410, Gone),
        (415, ProtocolMismatch),
        (418, Unavailable),
        (422, Rejected),
        (429, RateLimited),
        (500, Unavailable),
        (502, Unavailable),
        (599, Unavailable),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>nginx</html>", b"[]", b'{"success":fal', b'{"success":true}'])
def test_a_status_alone_has_a_meaning(status: int, expected: type[ProviderError], body: bytes) -> None:
    """Whatever stands in the body, or nothing."""
    assert type(ADAPTER.error(PLACE, HttpResponse(status, {}, body))) is expected


def test_a_server_error_stays_open_whatever_its_code_says() -> None:
    """A 5xx may come from a proxy after the order was taken, so no code makes it final."""
    body = b'{"success": false, "errorCode": "OUT_OF_STOCK"}'
    assert type(ADAPTER.error(PLACE, HttpResponse(500, {}, body))) is Unavailable


def test_a_message_is_never_searched() -> None:
    """Only codes decide."""
    body = b'{"success": false, "message": "OUT_OF_STOCK: insufficient balance, price changed"}'
    error = ADAPTER.error(PLACE, HttpResponse(200, {}, body))
    assert type(error) is Rejected
    assert error.message.startswith("OUT_OF_STOCK")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "86400"}, 600.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sun, 22 Nov 2026 10:01:00 GMT"}, None),
        ({"retry-after": "Sun, 22 Nov 2026 10:01:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 60.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0.0),
    ],
)
def test_how_long_to_wait_is_what_the_provider_says(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, or a date that counts from the answer's own."""
    error = ADAPTER.error(READ, HttpResponse(429, headers, b""))
    assert error is not None
    assert error.retry_after == seconds


@pytest.mark.parametrize("success", [b'"false"', b'"true"', b"0", b"1", b"[]"])
def test_an_envelope_that_says_neither_is_no_verdict_on_an_order(success: bytes) -> None:
    """Only `false` proves that nothing was ordered; anything odd leaves an order whose id is to be found."""
    order = b'{"orderID": 1, "details": [{"deliverID": "A-1:A-1-1", "orderDetailID": 2}]}'
    body = b'{"success": ' + success + b', "data": ' + order + b"}"

    def exchange(request: HttpRequest) -> HttpResponse | ProviderError:
        response = HttpResponse(200, {}, body)
        return ADAPTER.error(request, response) or response

    with pytest.raises(MalformedResponse):
        flow.run(operations(ADAPTER, CONTEXT)["place_order without inputs"], exchange)
