"""What the adapter makes of whatever is answered."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import codec, errors, flow
from adapters.contract.adapter import WriteContext
from adapters.contract.errors import MalformedResponse, ProviderError
from adapters.contract.models.requests import DeliveryChange, NewCancellation, NewOrder, OrderQuery
from adapters.contract.wire import HttpRequest, HttpResponse, json_body
from adapters.gelato import mapping
from adapters.gelato.adapter import GelatoAdapter
from adapters.gelato.errors import retry_after
from adapters.gelato.settings import GelatoCredentials, GelatoSettings

_PLACE = HttpRequest("POST", "/order", effect="commit", step="place")
_GET = HttpRequest("GET", "/order/{id}", {"id": "1"})
_CANCEL = HttpRequest("POST", "/order/{id}/cancel", {"id": "1"}, effect="commit", step="cancel")
_CHANGE = HttpRequest("PUT", "/order/{id}/shipment", {"id": "1"}, effect="commit", step="change_delivery")

_NAMES = """
id orderReferenceId fulfillmentStatus currency totalInclVat firstName country connectedOrderIds createdAt
updatedAt comment refusalReasonCode refusalReason items itemReferenceId productUid productName quantity
metadata key value shipment packages orderItemIds trackingCode status minDeliveryDate receipts transactionType
isCalculated productsPrice total totalVat price referenceId type shippingAddress postCode isBusiness
federalTaxId orders code message
""".split()
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6),
    max_leaves=30,
)
_BODIES = st.binary(max_size=60) | _JSON.map(codec.encode)


@given(status=st.integers(100, 599), body=_BODIES, request_=st.sampled_from([_PLACE, _GET, _CANCEL, _CHANGE]))
def test_any_status_with_any_body_is_an_error_or_none(status: int, body: bytes, request_: HttpRequest) -> None:
    """The status decides, and reading the body never fails."""
    connector = _adapter()
    error = connector.error(request_, HttpResponse(status, {}, body))
    assert (error is None) == (200 <= status < 300)
    assert error is None or error.status == status


@pytest.mark.parametrize(
    ("request_", "status", "kind"),
    [
        (_PLACE, 302, errors.Unavailable),
        (_PLACE, 307, errors.ProtocolMismatch),
        (_PLACE, 400, errors.Rejected),
        (_PLACE, 401, errors.CredentialsRefused),
        (_PLACE, 403, errors.AccountRefused),
        (_PLACE, 404, errors.ProtocolMismatch),
        (_PLACE, 405, errors.ProtocolMismatch),
        (_PLACE, 408, errors.Unavailable),
        (_PLACE, 409, errors.Rejected),
        (_PLACE, 415, errors.ProtocolMismatch),
        (_PLACE, 422, errors.Rejected),
        (_PLACE, 429, errors.RateLimited),
        (_PLACE, 500, errors.Unavailable),
        (_GET, 404, errors.NotFound),
        (_GET, 410, errors.Gone),
        (_CANCEL, 400, errors.NotCancellable),
        (_CANCEL, 404, errors.NotFound),
        (_CANCEL, 409, errors.NotCancellable),
        (_CHANGE, 400, errors.Rejected),
        (_CHANGE, 409, errors.NotCancellable),
    ],
)
def test_a_status_has_its_kind(request_: HttpRequest, status: int, kind: type[ProviderError]) -> None:
    """The kind follows from the status and from what was asked, not from the words."""
    error = _adapter().error(request_, HttpResponse(status, {}, b'{"code": 200, "message": "OK"}'))
    assert type(error) is kind
    assert (error.code, error.message) == ("200", "OK")


def test_a_conflict_means_a_duplicate_only_where_duplicates_are_prevented() -> None:
    """Without preventDuplicate nobody asked Gelato to look for one."""
    error = _adapter(prevent_duplicate=True).error(_PLACE, HttpResponse(409, {}, b""))
    assert type(error) is errors.DuplicateReference


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "86400"}, 600.0),
        ({"retry-after": "9" * 5000}, 600.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, None),
    ],
)
def test_the_time_to_wait_is_read_from_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    """A date counts from the answer's own Date; nothing is waited for longer than ten minutes."""
    assert retry_after(headers) == seconds


@given(body=_BODIES)
def test_any_success_is_read_or_is_malformed(body: bytes) -> None:
    """Whatever JSON is answered anywhere gives canonical values without null and empty text, or MalformedResponse."""
    _reads_or_refuses(body)


@given(rows=st.lists(st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=8), max_size=4))
def test_any_order_is_read_or_is_malformed(rows: list[dict[str, Any]]) -> None:
    """The same, for orders that have an id at least."""
    known = [{**row, "id": "1"} for row in rows]
    _reads_or_refuses(json_body({"orders": known, **(known[0] if known else {})}))


@pytest.mark.parametrize(
    "answer",
    [
        {"orderReferenceId": "A"},
        {"id": "1", "items": [{"id": "2"}]},
        {"id": "1", "items": [{"id": "2", "quantity": "many"}]},
        {"id": "1", "items": {"0": {"quantity": 1}}},
        {"id": "1", "shipment": {"packages": "none"}},
        {"id": "1", "currency": "EUR", "receipts": [{"totalInclVat": "dear"}]},
    ],
)
def test_an_order_that_says_nonsense_is_malformed(answer: dict[str, Any]) -> None:
    """What an order cannot be without is not made up."""
    with pytest.raises(MalformedResponse):
        flow.run(_adapter().get_order("1"), lambda _: HttpResponse(200, {}, json_body(answer)))


def _reads_or_refuses(body: bytes) -> None:
    adapter, response = _adapter(), HttpResponse(200, {}, body)
    steps: list[Callable[[], flow.Flow[Any]]] = [
        lambda: adapter.get_order("1"),
        lambda: adapter.list_shipments("1"),
        lambda: adapter.list_orders(OrderQuery(limit=2)),
        lambda: adapter.cancel_order("1", NewCancellation(), _context()),
        lambda: adapter.change_delivery("1", DeliveryChange(methods=["normal"]), _context()),
        lambda: adapter.find_order(_order(), _context().now, _context()),
        lambda: adapter.place_order(_order(), _context()),
        adapter.cheap_read,
    ]
    for make in steps:
        try:
            read = flow.run(make(), lambda _: HttpResponse(response.status, {}, response.body))
        except MalformedResponse:
            continue
        if make is not steps[-1]:
            assert _nothing_empty(codec.decode(codec.encode(read)))


def _nothing_empty(value: Any, top: bool = True) -> bool:
    if isinstance(value, dict):
        return all(_nothing_empty(member, top=False) for member in value.values())
    if isinstance(value, list):
        return all(_nothing_empty(member, top=False) for member in value)
    return top or value not in {None, ""}


def test_the_seventeen_words_have_a_status_and_others_are_unknown() -> None:
    """Gelato API v4, "Order statuses"; a word nobody listed is never taken for success or failure."""
    words = """
    created uploading passed in_production printed draft failed canceled pending_approval pending_personalization
    digitizing not_connected on_hold shipped in_transit delivered returned
    """.split()
    assert set(mapping.STATUSES) == set(words)
    for word in (*words, "cancelled", "", None, "teleported"):
        assert (mapping.status_of(word) == "unknown") == (word not in words)


def test_several_receipts_of_a_purchase_are_not_summed() -> None:
    """What a second one means is not documented; neither is one taken that is not calculated yet."""
    one = {"transactionType": "purchase", "productsPrice": 1}
    assert mapping.purchase_receipt([one]) == one
    assert not mapping.purchase_receipt([one, one])
    assert not mapping.purchase_receipt([{**one, "isCalculated": False}])


def test_metadata_is_a_list_of_pairs_or_an_object() -> None:
    """The API has lists and the postbacks have objects; values that say nothing are left out."""
    assert mapping.metadata([{"key": "a", "value": "1"}, {"key": "b", "value": ""}]) == {"a": "1"}
    assert mapping.metadata({"isRush": "False"}) == {"isRush": "False"}
    assert mapping.metadata([]) is None


def _adapter(**settings: Any) -> GelatoAdapter:
    credentials = GelatoCredentials.model_validate({"api_key": "k", "api_secret": "s"})
    return GelatoAdapter("prints", GelatoSettings.model_validate(settings), credentials, "EUR")


def _context() -> WriteContext:
    return WriteContext(operation_id="1", now=datetime(2026, 11, 22, tzinfo=UTC))


def _order() -> NewOrder:
    address = {"country": "DE", "firstName": "A", "lastName": "B", "line1": "C", "city": "D", "postalCode": "1"}
    line = {"productId": "mug_x", "quantity": 1, "files": [{"role": "default", "url": "https://www.example.com/a.pdf"}]}
    contact = {"email": "a@example.com", "phone": "+493012345678"}
    return NewOrder.model_validate({"reference": "A", "shipTo": {**address, **contact}, "lines": [line]})
