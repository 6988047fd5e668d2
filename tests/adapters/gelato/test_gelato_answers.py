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
from adapters.contract.models.resources import Address, Money, Order
from adapters.contract.wire import HttpRequest, HttpResponse, json_body
from adapters.gelato import answers, mapping
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
        (_PLACE, 307, errors.WrongAddress),
        (_PLACE, 400, errors.Rejected),
        (_PLACE, 401, errors.CredentialsRefused),
        (_PLACE, 403, errors.AccountRefused),
        (_PLACE, 404, errors.WrongAddress),
        (_PLACE, 410, errors.WrongAddress),
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
    assert ("submit_order_url" in error.reason) is (kind is errors.WrongAddress)


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
        _get(answer)


# An order whose every member is of the documented type (Order Management API documentation, "Get Order").
DOCUMENTED: dict[str, Any] = {
    "id": "1",
    "orderReferenceId": "A-7",
    "fulfillmentStatus": "shipped",
    "currency": "EUR",
    "createdAt": "2026-03-02T09:41:07+00:00",
    "connectedOrderIds": ["8", "9"],
    "shippingAddress": {"firstName": "Ada", "city": "Delft", "postCode": "2611", "country": "NL", "isBusiness": True},
    "items": [{"id": "2", "itemReferenceId": "3", "productUid": "mug", "quantity": 4, "metadata": []}],
    "shipment": {"status": "shipped", "packages": [{"trackingCode": "77", "orderItemIds": ["2"]}]},
    "receipts": [{"transactionType": "purchase", "productsPrice": "18.90", "items": [{"type": "product", "price": 1}]}],
}


@pytest.mark.parametrize(
    "odd",
    [
        {"id": 1},
        {"orderReferenceId": "A-7", "comment": {}, "refusalReason": "", "refusalReasonCode": " ", "updatedAt": 0.5},
        {"connectedOrderIds": [8, None, "", {}, "9"]},
        {"connectedOrderIds": ["8", " ", "9"]},
        {"items": [{"id": 2, "itemReferenceId": 3, "productUid": "mug", "productName": [], "quantity": "4"}]},
        {"shipment": {"status": "shipped", "packages": [{"trackingCode": 77, "orderItemIds": [None, 2]}]}},
        {"shipment": {"status": "shipped", "packages": [{"trackingCode": "77", "orderItemIds": ["", "2", " "]}]}},
        {"shippingAddress": DOCUMENTED["shippingAddress"] | {"postCode": 2611, "state": " ", "email": [], "phone": {}}},
        {"metadata": 5, "clientId": {}},
    ],
)
def test_what_is_not_as_documented_takes_nothing_else_along(odd: dict[str, Any]) -> None:
    """Numbers for text and text for numbers are taken, and a member that is something else is not said."""
    assert _get(DOCUMENTED | odd) == _get(DOCUMENTED)


@pytest.mark.parametrize("nothing", [None, [], {}, "", 0])
def test_an_address_or_a_shipment_may_be_anything_that_is_none(nothing: Any) -> None:
    """Null, and an empty list for an object, have been seen."""
    read = _get(DOCUMENTED | {"shippingAddress": nothing, "shipment": nothing})
    assert (read.ship_to, read.delivery, read.shipments) == (None, None, ())
    assert read.lines[0].product_id == "prints:mug"


def test_what_says_nothing_has_no_part_of_its_own() -> None:
    """Blanks in a tax number, a receipt without sums: neither makes tax ids or totals."""
    blank = {"shippingAddress": {"city": "Delft", "federalTaxId": " "}, "receipts": [{"transactionType": "purchase"}]}
    read = _get(DOCUMENTED | blank)
    assert read.ship_to == Address(city="Delft")
    assert read.totals is None


def test_only_what_a_receipt_says_of_products_is_a_lines_total() -> None:
    """What the delivery of an item costs is another thing."""
    entries = [{"type": kind, "referenceId": "2", "price": price} for kind, price in (("product", 5), ("shipment", 9))]
    read = _get(DOCUMENTED | {"receipts": [{"items": entries}]})
    assert [line.total for line in read.lines] == [Money(amount="5", currency="EUR", tax_included=False)]


def _get(answer: dict[str, Any]) -> Order:
    return flow.run(_adapter().get_order("1"), lambda _: HttpResponse(200, {}, json_body(answer)))


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
    one, uncalculated = (answers.Receipt(transaction_type="purchase", is_calculated=known) for known in (None, False))
    assert mapping.purchase_receipt([one]) is one
    assert mapping.purchase_receipt([one, one]) is None
    assert mapping.purchase_receipt([uncalculated]) is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ([{"key": "a", "value": "1"}, {"key": "b", "value": " "}, {"key": " ", "value": "2"}], {"a": "1"}),
        ([{"key": "a", "value": 1}, {"key": 2, "value": "b"}, None, "c", {"value": "d"}], {"a": "1", "2": "b"}),
        ({"isRush": "False", "floor": 3, "door": " ", "": "x", "stairs": []}, {"isRush": "False", "floor": "3"}),
        ([], None),
        ({}, None),
        ("none", None),
    ],
)
def test_metadata_is_a_list_of_pairs_or_an_object(written: Any, read: dict[str, str] | None) -> None:
    """The API has lists and the postbacks have objects; what says nothing or is none of both is left out."""
    assert _get({"id": "1", "metadata": written}).metadata == read


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
