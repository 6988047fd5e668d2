"""Whatever Reusely answers becomes an error of a kind, or an order, or a malformed response; nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import codec, errors, flow
from adapters.contract.models.requests import CategoryQuery, OrderQuery, ProductQuery
from adapters.contract.wire import HttpRequest, HttpResponse
from adapters.reusely.errors import canonical_member, retry_after
from support.cases import CONTEXT, build

READ = HttpRequest("GET", "/v2/admin/orders")
ADAPTER = build("reusely", {}, {}, "USD")

# The words of the answers that are read, so that generated bodies come near to real ones.
_NAMES = st.sampled_from(
    "status_code message result data error_code errors current_page last_page next_page_url meta box_id offer_id id "
    "status status_id created_at payout_amount custom_fields name value order_detail product_id condition_id qty price "
    "customer_email tracking_number slug devices brand brand_slug network size choices product conditions".split()
)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", " ", "--5", "20057", "1e400", "NaN", "2025-06-09T04:02:10.000000Z"])
    | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(_NAMES | st.text(max_size=4), inside, max_size=6),
    max_leaves=25,
)
_RESULTS = _JSON.map(lambda value: {"status_code": 200, "message": "", "result": value})
_PAGES = st.lists(st.dictionaries(_NAMES, _JSON, max_size=8), max_size=3).map(
    lambda rows: {"status_code": 200, "result": {"data": rows, "last_page": 1}}
)
_BODIES = st.binary(max_size=40) | (_JSON | _RESULTS | _PAGES).map(codec.encode)


@given(
    status=st.integers(100, 999),
    body=_BODIES,
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "date", "x-request-id"]), st.text(max_size=40) | st.just("99999999999999")
    ),
)
def test_any_answer_is_an_error_of_a_kind_or_none(status: int, body: bytes, headers: dict[str, str]) -> None:
    """`error` never raises: a failing status is always an error, a good one only where the body says so."""
    error = ADAPTER.error(READ, HttpResponse(status, headers, body))
    assert error is None or isinstance(error, errors.ProviderError)
    if not 200 <= status < 300:
        assert error is not None
        assert error.status == status
        assert error.retry_after is None or 0 <= error.retry_after <= 600


@given(body=_BODIES)
def test_any_good_answer_is_read_or_malformed(an_order_once: Any, body: bytes) -> None:
    """Every operation makes a canonical value of a 200 with any body, or an AdapterError; never another exception."""

    def exchange(request: HttpRequest) -> HttpResponse | errors.ProviderError:
        response = HttpResponse(200, {}, body)
        return ADAPTER.error(request, response) or response

    for running in (
        ADAPTER.list_categories(CategoryQuery()),
        ADAPTER.list_categories(CategoryQuery(parent="c/smartphones")),
        ADAPTER.list_categories(CategoryQuery(parent="d/apple/iphone")),
        ADAPTER.list_products(ProductQuery(category="m/apple/iphone/iphone-13")),
        ADAPTER.get_product("20051/apple/iphone/iphone-13/unlocked/128gb"),
        ADAPTER.place_order(an_order_once, CONTEXT),
        ADAPTER.list_orders(OrderQuery()),
        ADAPTER.get_order("STAG03U2O"),
        ADAPTER.find_order(an_order_once, CONTEXT.now, CONTEXT),
    ):
        try:
            answer = codec.encode(flow.run(running, exchange))
        except errors.AdapterError:
            continue
        assert b":null" not in answer.replace(b'":null"', b"")


@pytest.fixture(scope="module")
def an_order_once() -> Any:
    from adapters.contract.models.requests import NewOrder

    return NewOrder.model_validate(
        {
            "reference": "T-1",
            "lines": [{"productId": "20057", "condition": "12", "quantity": 1}],
            "customer": {"email": "ann@customers.example", "firstName": "Ann", "lastName": "Lee"},
            "payout": {"method": "PayPal"},
        }
    )


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        # documented
        (400, None, errors.Rejected),
        (401, None, errors.CredentialsRefused),
        (403, None, errors.AccountRefused),
        (404, None, errors.NotFound),
        (500, None, errors.Unavailable),
        (503, None, errors.Unavailable),
        # assumed
        (429, None, errors.RateLimited),
        (400, "TOO_MANY_REQUESTS", errors.RateLimited),
        (403, "TOO_MANY_REQUESTS", errors.RateLimited),
        (405, None, errors.ProtocolMismatch),
        (410, None, errors.WrongAddress),
        (415, None, errors.ProtocolMismatch),
        (422, None, errors.Rejected),
        (418, None, errors.Unavailable),
        (302, None, errors.Unavailable),
        (308, None, errors.WrongAddress),
        (502, None, errors.Unavailable),
    ],
)
@pytest.mark.parametrize("where", ["status", "body"])
def test_a_status_has_a_kind_wherever_it_stands(
    status: int, code: str | None, kind: type[errors.ProviderError], where: str
) -> None:
    """A failure in the body's `status_code` is one, although HTTP says 200."""
    body = {"status_code": status, "message": "why", **({"error_code": code} if code else {})}
    response = HttpResponse(status if where == "status" else 200, {"x-request-id": "r-1"}, codec.encode(body))
    error = ADAPTER.error(READ, response)
    assert type(error) is kind
    assert (error.status, error.code, error.message, error.request_id) == (status, code, "why", "r-1")


def test_a_page_of_a_proxy_keeps_its_status() -> None:
    """HTML, nothing at all and half of a body are errors by their status alone."""
    for body in (b"<html>", b"", b'{"status_code": 40'):
        assert type(ADAPTER.error(READ, HttpResponse(502, {}, body))) is errors.Unavailable
        assert type(ADAPTER.error(READ, HttpResponse(401, {}, body))) is errors.CredentialsRefused


def test_words_of_a_message_decide_nothing() -> None:
    """Only status and code do."""
    body = codec.encode({"status_code": 400, "message": "Subscription lapsed, too many requests, not found"})
    assert type(ADAPTER.error(READ, HttpResponse(400, {}, body))) is errors.Rejected


@pytest.mark.parametrize(
    ("text", "date", "seconds"),
    [
        ("30", "", 30.0),
        ("3600", "", 600.0),
        ("Sun, 22 Nov 2026 10:01:30 GMT", "Sun, 22 Nov 2026 10:00:00 GMT", 90.0),
        ("Sun, 22 Nov 2026 09:00:00 GMT", "Sun, 22 Nov 2026 10:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 10:01:30 GMT", "", None),
        ("soon", "Sun, 22 Nov 2026 10:00:00 GMT", None),
        ("-1", "", None),
        ("", "", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str, date: str, seconds: float | None) -> None:
    """A date counts from the answer's own Date; nothing is waited for longer than ten minutes."""
    assert retry_after(HttpResponse(429, {"retry-after": text, "date": date})) == seconds


@pytest.mark.parametrize(
    ("field", "member"),
    [
        ("customer_email", "customer.email"),
        ("offer_detail.0.condition_id", "lines[0].condition"),
        ("order_detail.12.product_id", "lines[12].productId"),
        ("offer_detail.3", "lines[3]"),
        ("offer_detail", "lines"),
        ("payout_method", "payout.method"),
        ("custom_fields.0.value", "metadata"),
        ("new_thing", "new_thing"),
        ("", "body"),
    ],
)
def test_a_refused_field_is_told_in_our_words(field: str, member: str) -> None:
    """Violations name canonical members; a field that nobody knows keeps its name."""
    assert canonical_member(field) == member
