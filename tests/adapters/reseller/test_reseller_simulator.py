"""The simulated tenant is strict where the documentation is."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest

from adapters.contract import codec
from adapters.contract.errors import AccountRefused, CredentialsRefused
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpResponse

BASKET = {"basketData": [{"deliverID": "d-1", "customerStoreProductID": 235, "quantity": 1}]}
LOGIN = {"email": "reseller@shop.example", "password": "simulated-password"}
JSON = {"content-type": "application/json"}


def ask(account: Any, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
    """Send one request with a good token unless `authorization` says otherwise."""
    account.token = account.token or account.run(account.adapter.login(account.clock()))
    sent = {"authorization": f"Bearer {account.token.value.get_secret_value()}", **headers}
    path, _, query = path.partition("?")
    pairs = tuple(parse_qsl(query))
    content = b"" if body is None else body if isinstance(body, bytes) else codec.encode(body)
    if content and "content_type" not in headers:
        sent |= JSON
    sent = {name.replace("_", "-"): value for name, value in sent.items() if value}
    response: HttpResponse = account.simulator.handle(Received(method, path, pairs, sent, content)).response
    return response


def test_a_token_is_a_signed_jwt_of_an_api_customer(account: Any) -> None:
    """HS256, with the claims that the platform's tokens carry; only this tenant's key signs them."""
    token = account.run(account.adapter.login(account.clock())).value.get_secret_value()
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["IsAPI"], claims["IsReseller"]) == ("True", "True")
    assert claims["exp"] == account.clock().timestamp() + 3600
    stranger = jwt.encode(claims, b"a key of somebody else, long enough", algorithm="HS256")
    assert ask(account, "GET", "/Customer/Get", authorization=f"Bearer {stranger}").status == 401


def test_the_login_takes_names_in_any_case_and_echoes_callback_data(account: Any) -> None:
    """Email and email are the same member; wrong ones are a 400, as documented."""
    for body in (LOGIN, {"Email": LOGIN["email"], "Password": LOGIN["password"], "callbackData": "c-1"}):
        answer = ask(account, "POST", "/login/customer/api/verify", body, authorization="").object()
        assert answer["success"] is True
        assert answer["data"].get("callbackData") == body.get("callbackData")
    wrong = ask(account, "POST", "/Login/Customer/Api/Verify", {**LOGIN, "password": "x"}, authorization="")
    assert (wrong.status, wrong.object()["success"]) == (400, False)


@pytest.mark.parametrize(("accepted", "refused"), [("bearer", "raw"), ("raw", "bearer")])
def test_exactly_one_style_of_token_is_accepted(open_account: Callable[..., Any], accepted: str, refused: str) -> None:
    """The adapter sends what it is configured for, and a tenant of the other style refuses it."""
    right = open_account(settings={"authorization_style": accepted}, tenant={"authorization_style": accepted})
    right.run(right.adapter.cheap_read())
    wrong = open_account(settings={"authorization_style": refused}, tenant={"authorization_style": accepted})
    with pytest.raises(CredentialsRefused) as raised:
        wrong.run(wrong.adapter.cheap_read())
    assert raised.value.status == 401


def test_a_token_expires_by_the_tenants_clock(account: Any) -> None:
    """After an hour the same token is refused, and a new one is not."""
    assert ask(account, "GET", "/Customer/Get").status == 200
    account.clock.forward(3600)
    assert ask(account, "GET", "/Customer/Get").object()["errorCode"] == "TOKEN_EXPIRED"
    account.token = None
    assert ask(account, "GET", "/Customer/Get").status == 200


def test_a_tenant_may_ask_for_an_api_key(open_account: Callable[..., Any]) -> None:
    """The configured key is sent as Apikey; without it the tenant refuses."""
    account = open_account(credentials={"api_key": "made-up"}, tenant={"api_key": "made-up"})
    account.run(account.adapter.cheap_read())
    assert account.sent[-1].headers["apikey"] == "made-up"
    assert "apikey" not in account.sent[0].headers
    bare = open_account(tenant={"api_key": "made-up"})
    with pytest.raises(CredentialsRefused):
        bare.run(bare.adapter.cheap_read())


def test_a_region_without_the_integration_is_a_disabled_tenant(open_account: Callable[..., Any]) -> None:
    """The region ZZ answers the documented 404, from the login on."""
    account = open_account(settings={"region_code": "ZZ"})
    with pytest.raises(AccountRefused) as raised:
        account.run(account.adapter.cheap_read())
    assert raised.value.message == "The API integration is disabled for this tenant"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("GET", "/", None, 404),
        ("GET", "/Products/List", None, 405),
        ("POST", "/Customer/Get", None, 405),
        ("POST", "/Products/List?page=0", None, 400),
        ("POST", "/Products/List?pageSize=x", None, 400),
        ("POST", "/Products/List?detailed=maybe", None, 400),
        ("POST", "/Products/Detail/x", None, 400),
        ("GET", "/Order/detail/..", None, 400),
        ("GET", "/Order/detail/1", None, 200),
        ("POST", "/Order/create", b"{", 400),
        ("POST", "/Order/create", [], 400),
        ("POST", "/Order/create", {}, 400),
        ("POST", "/Order/create", {"basketData": []}, 400),
        ("POST", "/Order/create", {"basketData": [1]}, 400),
        ("POST", "/Order/create", {"basketData": [{**BASKET["basketData"][0], "quantity": 0}]}, 400),
        ("POST", "/Order/create", {"basketData": [{**BASKET["basketData"][0], "quantity": "1"}]}, 400),
        ("POST", "/Order/create", {"basketData": [{**BASKET["basketData"][0], "deliverID": ""}]}, 400),
        ("POST", "/Order/create", {"basketData": [{**BASKET["basketData"][0], "deliverID": None}]}, 400),
        ("POST", "/Order/create", {"basketData": [{**BASKET["basketData"][0], "requireData": [{}]}]}, 400),
        ("POST", "/Order/create", {**BASKET, "notifyURL": None}, 400),
        ("POST", "/Order/create", {**BASKET, "billingAddressID": ""}, 400),
        ("POST", "/Order/customer/list", {"page": 1, "pageSize": -1}, 400),
        ("POST", "/Order/cancel", {}, 400),
        ("POST", "/Order/cancel", {"orderID": [1]}, 400),
    ],
)
def test_what_is_not_right_is_refused(account: Any, method: str, path: str, body: Any, status: int) -> None:
    """A request that breaks the contract places nothing."""
    answer = ask(account, method, path, body)
    assert answer.status == status
    if status == 200:
        assert answer.object()["success"] is False
    assert account.simulator.orders() == []


def test_only_json_is_taken(account: Any) -> None:
    """All endpoints accept JSON and nothing else."""
    assert ask(account, "POST", "/Order/create", BASKET, content_type="text/plain").status == 415
    answer = ask(account, "POST", "/Order/create", BASKET, content_type="application/json; charset=utf-8")
    assert answer.object()["success"] is True


def test_deep_bodies_are_survived(account: Any) -> None:
    """Whatever stands deep in a body is an answer, not an exception."""
    deep = b'{"basketData":' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert ask(account, "POST", "/Order/create", deep).status == 400


@pytest.mark.parametrize(
    "required",
    [
        [{"productRequireID": 1, "value": "Xa"}],
        [{"productRequireID": 1, "value": "Xagok"}, {"productRequireID": 9, "value": "x"}],
        [{"productRequireID": 1, "value": "Xagok"}, {"productRequireID": 1, "value": "Xagok"}],
        [{"productRequireID": 1, "value": "Xagok"}, {"productRequireID": 2, "value": "Mars"}],
    ],
)
def test_required_data_must_answer_what_the_product_asks(account: Any, required: list[dict[str, Any]]) -> None:
    """Too short, unknown, twice, or not among the options."""
    line = {"deliverID": "d-1", "customerStoreProductID": 234, "quantity": 1, "requireData": required}
    answer = ask(account, "POST", "/Order/create", {"basketData": [line]}).object()
    assert (answer["success"], answer["errorCode"]) == (False, "VALIDATION_ERROR")


def test_the_same_seed_gives_the_same_ids_and_codes(open_account: Callable[..., Any]) -> None:
    """A run can be repeated."""
    answers = []
    for account in (open_account(), open_account()):
        placed = account.place("A-1", {"productId": "266-235", "quantity": 3})
        account.clock.forward(60)
        answers.append((account.read(placed.id).lines, account.token.value.get_secret_value()[:20]))
        account.clock.forward(-60)
    assert answers[0] == answers[1]


def test_at_pace_zero_everything_is_delivered_at_once(account: Any) -> None:
    """Tests that do not wait set the pace to nothing."""
    account.simulator.pace = 0
    placed = account.place("A-1", {"productId": "266-235", "quantity": 1})
    assert account.read(placed.id).status == "delivered"
    assert account.simulator.truth()["orders"] == [
        {"id": "9876", "reference": "A-1:A-1-1", "references": ["A-1:A-1-1"], "status": "delivered"}
    ]


def test_the_tenants_own_errors_are_understood(account: Any) -> None:
    """Its 429 and 5xx carry the envelope."""
    limited = account.simulator.too_many_requests(3)
    assert (limited.status, limited.headers["retry-after"], limited.object()["success"]) == (429, "3", False)
    assert account.simulator.server_error(503).object()["success"] is False
