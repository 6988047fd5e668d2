"""The simulated Rexel is strict where Rexel is: fields and their order, media types, credentials, rates."""

from typing import Any

import pytest

from adapters.contract import codec
from adapters.contract.errors import CredentialsRefused, RateLimited
from adapters.contract.models.requests import OrderQuery
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpResponse

PRICES = "/external/productprices/productSalePrices"
GOOD = (
    '{"getProductSalePricesExt": {"idNumVersion": "1", "idCustomer": "1234567", "productDetails": '
    '[{"supplierCode": "SCH", "supplierComRef": "APCRBCV202", "orderingQty": 1}]}}'
)
ITEM = {"supplierCode": "SCH", "supplierComRef": "APCRBCV202", "quantity": 1}


def headers_of(account: Any) -> dict[str, str]:
    """Return credentials that are right now."""
    account.run(account.adapter.list_orders(OrderQuery(limit=1)))
    return {**account.sent[-1].headers, "content-type": "application/json"}


def ask(account: Any, method: str, path: str, body: str = "", headers: Any = None) -> HttpResponse:
    received = Received(method, path, (), headers if headers is not None else headers_of(account), body.encode())
    response: HttpResponse = account.simulator.handle(received).response
    return response


def order(account: Any, key: str | None = None, **members: Any) -> HttpResponse:
    body = codec.encode({"order": {"items": [ITEM], **members}}).decode()
    headers = headers_of(account) | ({"idempotency-key": key} if key else {})
    return ask(account, "POST", "/orders", body, headers)


def test_a_right_request_for_prices_is_answered(account: Any) -> None:
    """The request of the documents is taken, and one product comes as an object, not in a list."""
    details = ask(account, "POST", PRICES, GOOD).json()["data"]["productSalePricesExt"]["productDetails"]
    assert details["rexelRef"] == "SCHAPCRBCV202"


@pytest.mark.parametrize(
    "body",
    [
        GOOD.replace('"idNumVersion": "1", "idCustomer": "1234567"', '"idCustomer": "1234567", "idNumVersion": "1"'),
        GOOD.replace(
            '"supplierCode": "SCH", "supplierComRef": "APCRBCV202"', '"supplierComRef": "A", "supplierCode": "S"'
        ),
        GOOD.replace('"idNumVersion": "1", ', ""),
        GOOD.replace('"1234567"', "1234567"),
        GOOD.replace('"1234567"', "null"),
        GOOD.replace('"1234567"', '""'),
        GOOD.replace('"orderingQty": 1', '"orderingQty": 0'),
        GOOD.replace('"orderingQty": 1', '"orderingQty": 1, "colour": "blue"'),
        GOOD.replace("getProductSalePricesExt", "getPositionsExtRequest"),
        '{"getProductSalePricesExt": []}',
        "[]",
        "{",
        "",
    ],
)
def test_fields_out_of_order_missing_or_unknown_are_refused(account: Any, body: str) -> None:
    """JSON becomes XML, whose elements have a sequence: anything else is BW-RESTJSON-100016."""
    response = ask(account, "POST", PRICES, body)
    assert (response.status, response.json()["code"]) == (400, "BW-RESTJSON-100016")


def test_stock_can_be_asked_for_without_quantities_under_another_root(account: Any) -> None:
    """Root getStockPositions goes without orderingQty, getPositionsExtRequest with it."""
    bare = GOOD.replace(', "orderingQty": 1', "")
    path = "/external/stocks/positions"
    for root, body, status in (
        ("getStockPositions", bare, 200),
        ("getStockPositions", GOOD, 400),
        ("getPositionsExtRequest", GOOD, 200),
        ("getPositionsExtRequest", bare, 400),
    ):
        assert ask(account, "POST", path, body.replace("getProductSalePricesExt", root)).status == status


@pytest.mark.parametrize("path", [PRICES, "/external/stocks/positions", "/orders", "/quotes"])
def test_a_write_that_is_not_json_is_refused(account: Any, path: str) -> None:
    """Requests are application/json."""
    assert ask(account, "POST", path, "{}", headers_of(account) | {"content-type": "text/plain"}).status == 415


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"items": []}, {"items"}),
        ({"items": [{**ITEM, "quantity": "1"}]}, {"items[0].quantity"}),
        ({"items": [{**ITEM, "colour": "blue"}]}, {"items[0].colour"}),
        ({"items": [{"supplierCode": "SCH"}]}, {"items[0].supplierComRef", "items[0].quantity"}),
        ({"items": [7]}, {"items[0]"}),
        ({"reference": ""}, {"reference"}),
        ({"currency": None}, {"currency"}),
        ({"quoteId": "Q"}, {"items"}),
        ({"metadata": {"a": 1}}, {"metadata"}),
        ({"delivery": {"city": "Lyon"}}, {"delivery.addressLine1", "delivery.zipCode", "delivery.country"}),
        (
            {"delivery": {"addressLine1": "a", "zipCode": "1", "city": "c", "country": "DE"}},
            {"delivery.country"},
        ),
        ({"priority": "high"}, {"priority"}),
    ],
)
def test_an_order_with_wrong_members_is_refused_by_name(account: Any, change: Any, fields: set[str]) -> None:
    """Every member at fault is named in `errors`, and nothing is placed."""
    response = order(account, **change)
    assert response.status == 400
    assert {row["field"] for row in response.json()["errors"]} == fields
    assert account.simulator.orders() == []


def test_an_order_is_wrapped(account: Any) -> None:
    """The body is `order` and nothing beside it."""
    bodies: list[Any] = [{"items": [ITEM]}, {"order": {"items": [ITEM]}, "metadata": {}}, [], {"order": []}]
    for body in bodies:
        assert ask(account, "POST", "/orders", codec.encode(body).decode()).status == 400
    assert order(account).status == 200


def test_metadata_is_returned_unchanged(account: Any) -> None:
    """What was put into metadata is what every later reading shows."""
    metadata = {"clientOrderId": "ORD-2025-002348", "é": " x "}
    native = order(account, metadata=metadata).json()["order"]["id"]
    assert ask(account, "GET", f"/orders/{native}").json()["order"]["metadata"] == metadata


def test_a_key_replays_the_same_and_refuses_other_data(account: Any) -> None:
    """The same request gets the same answer; another body, or another endpoint, gets 400 with an explanation."""
    first = order(account, "k")
    assert order(account, "k").body == first.body
    other = order(account, "k", reference="PO-2")
    assert (other.status, "errors" in other.json()) == (400, False)
    quote = codec.encode({"lines": [{"sku": "SCHAPCRBCV202", "qty": 1}]}).decode()
    assert ask(account, "POST", "/quotes", quote, headers_of(account) | {"idempotency-key": "k"}).status == 400
    assert len(account.simulator.orders()) == 1


def test_a_quote_ends_on_its_day_and_belongs_to_its_account(account: Any) -> None:
    """An order by a quote that is unknown or another account's is 404, one by a quote that is over is 402."""
    quote = codec.encode({"lines": [{"sku": "SCHAPCRBCV202", "qty": 1}], "validUntil": "2026-11-22"}).decode()
    native = ask(account, "POST", "/quotes", quote).json()["id"]

    def by_quote(**members: Any) -> int:
        body = codec.encode({"order": members}).decode()
        return ask(account, "POST", "/orders", body).status

    assert by_quote(quoteId="Q-other") == 404
    assert by_quote(quoteId=native, accountId="demo-2") == 404
    assert by_quote(quoteId=native, accountId="stranger") == 403
    assert by_quote(quoteId=native) == 200
    account.forward(86_400)
    account.token = None
    assert by_quote(quoteId=native) == 402


def test_only_the_configured_credentials_come_in(account: Any) -> None:
    """Key and token are both demanded, exactly; API Management refuses the key, Rexel the token."""
    right = headers_of(account)
    for name, value, says in (
        ("ocp-apim-subscription-key", None, "statusCode"),
        ("ocp-apim-subscription-key", "other", "statusCode"),
        ("authorization", None, "timestamp"),
        ("authorization", right["authorization"].replace("Bearer ", ""), "timestamp"),
        ("authorization", "Bearer other", "timestamp"),
    ):
        headers = {key: text for key, text in right.items() if key != name} | ({name: value} if value else {})
        response = ask(account, "GET", "/orders", headers=headers)
        assert response.status == 401
        assert says in response.json()


def test_a_token_ends_after_an_hour(account: Any) -> None:
    """A token older than its lifetime is a 401, cured by another login."""
    account.run(account.adapter.list_orders(OrderQuery()))
    account.forward(3601)
    with pytest.raises(CredentialsRefused):
        account.run(account.adapter.list_orders(OrderQuery()))
    account.token = None
    account.run(account.adapter.list_orders(OrderQuery()))


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"credentials": {"client_secret": "wrong"}}, "invalid_client"),
        ({"credentials": {"client_id": "wrong"}}, "invalid_client"),
        ({"settings": {"scope": "wrong"}}, "invalid_scope"),
        ({"settings": {"scope": None}}, "invalid_scope"),
        ({"settings": {"scope_parameter": "resource"}}, "invalid_scope"),
    ],
)
def test_a_wrong_client_gets_no_token(open_account: Any, over: Any, code: str) -> None:
    """The login says what is wrong in OAuth's words, and it is our credentials that are refused."""
    account = open_account(**over)
    with pytest.raises(CredentialsRefused) as refusal:
        account.run(account.adapter.list_orders(OrderQuery()))
    assert refusal.value.code == code


def test_the_rate_is_kept_and_its_excess_is_counted(account: Any) -> None:
    """The twenty-first request of a second is a 429 with Retry-After; the next second is free again."""
    headers = headers_of(account)
    account.forward(1)
    statuses = [ask(account, "GET", "/orders", headers=headers).status for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    assert account.simulator.truth()["limits_exceeded"] == 1
    account.forward(1)
    assert ask(account, "GET", "/orders", headers=headers).status == 200


def test_its_own_429_and_500_are_read_as_such(open_account: Any) -> None:
    """A dealt 429 carries a second to wait."""
    account = open_account(faults={"429": 1.0})
    with pytest.raises(RateLimited) as refusal:
        account.run(account.adapter.list_orders(OrderQuery()))
    assert refusal.value.retry_after == 1.0


def test_unknown_things_are_not_found(account: Any) -> None:
    """An unknown order and customer are Rexel's 404, an unknown path API Management's, an unknown product a 400."""
    assert "timestamp" in ask(account, "GET", "/orders/none").json()
    assert ask(account, "GET", "/external/customers/7").status == 404
    assert ask(account, "DELETE", "/orders/none").json()["statusCode"] == 404
    assert ask(account, "GET", "/products/v2/units/SCH/NOPE").status == 400
    assert ask(account, "POST", PRICES, GOOD.replace("1234567", "7654321")).status == 403


def test_the_same_seed_gives_the_same_ids(open_account: Any, an_order: Any) -> None:
    """Two simulators with one seed number their orders alike."""
    assert open_account().place(an_order()).id == open_account().place(an_order()).id
