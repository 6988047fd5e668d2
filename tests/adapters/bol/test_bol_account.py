"""Credentials go where they belong, and an account's settings change what is sent and nothing else."""

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.contract import flow
from adapters.contract.errors import MalformedResponse, Rejected
from adapters.contract.models.requests import CategoryQuery, OrderQuery, ProductQuery
from adapters.contract.wire import HttpRequest, HttpResponse

SECRET = "simulated-retailer-secret"


def test_the_token_is_fetched_by_basic_with_the_grant_in_the_form(shop: Any) -> None:
    """OAuth2 client credentials: POST to the login host's /token."""
    request = next(shop.adapter.login(shop.moment))
    assert (request.method, request.target, request.origin) == ("POST", "/token", "https://login.bol.com")
    assert (request.step, request.effect, request.body) == ("login", "read", b"grant_type=client_credentials")
    assert request.headers == {
        "authorization": "Basic c2ltdWxhdGVkLXJldGFpbGVyOnNpbXVsYXRlZC1yZXRhaWxlci1zZWNyZXQ=",
        "accept": "application/json",
        "content-type": "application/x-www-form-urlencoded",
    }
    token = flow.run(shop.adapter.login(shop.moment), shop.exchange)
    assert token.lifetime == 299


def test_a_login_url_may_have_a_path(open_shop: Any) -> None:
    """A last slash does not double."""
    shop = open_shop(settings={"login_url": "https://login.example/bol/"})
    assert next(shop.adapter.login(shop.moment)).origin == "https://login.example/bol"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"access_token": "", "expires_in": 299}',
        b'{"access_token": 7, "expires_in": 299}',
        b'{"access_token": "a\\nb", "expires_in": 299}',
        b'{"access_token": "t"}',
        b'{"access_token": "t", "expires_in": 0}',
        b'{"access_token": "t", "expires_in": "soon"}',
        b'{"access_token": "t", "expires_in": 299, "token_type": "mac"}',
    ],
)
def test_a_token_that_cannot_be_used_is_malformed(shop: Any, body: bytes) -> None:
    """No token of unknown life, and none that would break the header it goes into."""
    with pytest.raises(MalformedResponse):
        flow.run(shop.adapter.login(shop.moment), lambda request: HttpResponse(200, {}, body))


def test_type_and_scope_of_a_token_may_be_in_any_case(shop: Any) -> None:
    """Captures in lower case exist."""
    body = b'{"access_token": "t", "expires_in": 299, "token_type": "bearer", "scope": "retailer"}'
    assert flow.run(shop.adapter.login(shop.moment), lambda request: HttpResponse(200, {}, body)).lifetime == 299


def test_secrets_are_in_no_repr(shop: Any) -> None:
    """Neither the account's secret nor its token shows in what a log could print."""
    shop.run(shop.adapter.cheap_read())
    token = shop.token.value.get_secret_value()
    shown = repr((shop.adapter.credentials, shop.adapter.settings, shop.token, [request for request, _ in shop.sent]))
    assert SECRET not in shown
    assert token not in shown


def test_every_request_but_the_login_is_sent_as_bearer(shop: Any) -> None:
    """A token without "Bearer " is refused with 403 (API Conventions, Authorization Header)."""
    request = HttpRequest("GET", "/retailer/orders")
    shop.run(shop.adapter.cheap_read())
    assert shop.adapter.authorize(request, shop.token).headers == {
        "authorization": f"Bearer {shop.token.value.get_secret_value()}"
    }
    assert shop.adapter.authorize(request, None) is request


def test_the_demo_adds_its_suffix_to_the_first_segment(open_shop: Any) -> None:
    """/retailer-demo/ and /shared-demo/: static answers to documented requests, 400 for all others."""
    shop = open_shop(settings={"demo": True})
    states = {number: shop.run(shop.adapter.poll([number]))[0].state for number in "1234"}
    assert states == {"1": "pending", "2": "succeeded", "3": "timeout", "4": "failed"}
    with pytest.raises(Rejected) as refused:
        shop.run(shop.adapter.list_orders(OrderQuery()))
    assert refused.value.message.startswith("Requested demo environment resource is not available.")
    assert [request.path for request, _ in shop.sent if request.step != "login"][-1] == "/retailer-demo/orders"
    routes = {limit.route for limit in shop.adapter.limits()}
    assert "/retailer-demo/orders" in routes
    assert "/token" in routes


@pytest.mark.parametrize(
    ("language", "lists", "content"),
    [
        ("nl", "nl", "nl"),
        ("nl-BE", "nl-BE", "nl-BE"),
        ("nl-NL", "nl-NL", "nl"),
        ("fr", "fr-BE", "fr"),
        ("fr-BE", "fr-BE", "fr-BE"),
    ],
)
def test_each_endpoint_is_asked_in_a_language_that_it_knows(
    open_shop: Any, language: str, lists: str, content: str
) -> None:
    """Another one is answered 406; the lists and the content know different ones (Retailer API v10 spec)."""
    shop = open_shop(settings={"language": language, "country": "BE"})
    shop.run(shop.adapter.list_categories(CategoryQuery()))
    shop.run(shop.adapter.list_products(ProductQuery(limit=1)))
    product = shop.run(shop.adapter.get_product("0000007740404"))
    asked = [request.headers["accept-language"] for request, _ in shop.sent if "accept-language" in request.headers]
    assert asked == [lists, lists, content]
    assert product.price.amount == "50.99"  # what the Belgian shop asks


def test_settings_that_bol_does_not_know_are_refused() -> None:
    """Unknown keys and words are errors of the configuration."""
    from adapters.bol.account import BolSettings

    for wrong in ({"demo": "maybe"}, {"language": "de"}, {"country": "DE"}, {"login_url": "login"}, {"extra": 1}):
        with pytest.raises(ValidationError):
            BolSettings.model_validate(wrong)


def test_every_setting_and_credential_is_described(shop: Any) -> None:
    """The descriptions are the configuration reference."""
    for model in (type(shop.adapter.settings), type(shop.adapter.credentials)):
        for name, field in model.model_fields.items():
            assert field.description, name


def test_every_limit_is_of_a_route_that_is_used_and_has_a_source(shop: Any) -> None:
    """A limit on another route would never be kept."""
    shop.run(shop.adapter.list_categories(CategoryQuery()))
    shop.run(shop.adapter.list_orders(OrderQuery()))
    shop.run(shop.adapter.list_products(ProductQuery()))
    shop.run(shop.adapter.get_product("0000007740404"))
    shop.run(shop.adapter.poll(["1"]))
    shop.run(shop.adapter.poll(["1", "2"]))
    used = {(request.method, request.route) for request, _ in shop.sent}
    limited = {(limit.method, limit.route) for limit in shop.adapter.limits()}
    assert used <= limited
    assert all(limit.source and limit.requests > 0 and limit.seconds > 0 for limit in shop.adapter.limits())
