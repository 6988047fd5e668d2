"""The simulated login host takes every way that clients log in, and no wrong one."""

import base64
from typing import Any

import pytest

MEDIA_TYPE = "application/vnd.retailer.v10+json"
FORM = "application/x-www-form-urlencoded"
ID, SECRET = "simulated-retailer", "simulated-retailer-secret"
BASIC = "Basic " + base64.b64encode(f"{ID}:{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    ("target", "headers", "body"),
    [
        ("/token", {"authorization": BASIC, "content-type": FORM}, b"grant_type=client_credentials"),
        ("/token?grant_type=client_credentials", {"authorization": BASIC}, b""),
        (
            "/token",
            {"content-type": FORM},
            f"grant_type=client_credentials&client_id={ID}&client_secret={SECRET}".encode(),
        ),
        (
            "/token",
            {"authorization": BASIC, "content-type": FORM},
            f"grant_type=client_credentials&client_id={ID}&client_secret={SECRET}".encode(),
        ),
    ],
)
def test_a_token_is_given_in_every_way_that_clients_ask(
    shop: Any, target: str, headers: dict[str, str], body: bytes
) -> None:
    """By Basic with the grant in the form or in the query, by the form alone, or by both."""
    response = shop.ask("POST", target, body, **headers)
    answer = response.object()
    assert (response.status, answer["token_type"], answer["expires_in"], answer["scope"]) == (
        200,
        "Bearer",
        299,
        "RETAILER",
    )


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b"grant_type=client_credentials", 401),
        ({"authorization": BASIC}, b"", 400),
        ({"authorization": BASIC}, b"grant_type=password", 400),
        ({"authorization": "Basic !"}, b"grant_type=client_credentials", 401),
        ({"authorization": BASIC[:-4]}, b"grant_type=client_credentials", 401),
        ({"authorization": BASIC}, f"grant_type=client_credentials&client_id={ID}&client_secret=x".encode(), 401),
        ({}, f"grant_type=client_credentials&client_id={ID}".encode(), 401),
    ],
)
def test_nothing_but_the_configured_client_gets_a_token(
    shop: Any, headers: dict[str, str], body: bytes, status: int
) -> None:
    """Wrong credentials are answered in OAuth2's shape."""
    response = shop.ask("POST", "/token", body, **headers)
    assert response.status == status
    assert "access_token" not in response.object()
    if status == 401:
        assert response.object() == {"error": "invalid_client", "error_description": "Bad client credentials"}


@pytest.mark.parametrize(
    ("authorization", "status"), [(None, 403), ("token", 403), ("Basic token", 403), ("Bearer foreign", 401)]
)
def test_a_request_without_a_token_of_ours_is_refused(shop: Any, authorization: str | None, status: int) -> None:
    """No Bearer is 403 (API Conventions, Authorization Header)."""
    headers = {"accept": MEDIA_TYPE} | ({"authorization": authorization} if authorization else {})
    assert shop.ask("GET", "/retailer/orders", **headers).status == status


def test_a_token_expires(shop: Any) -> None:
    """401 with the title that says so, and no violations."""
    headers = shop.bearer()
    shop.wait(299)
    assert shop.ask("GET", "/retailer/orders", **headers).status == 200
    shop.wait(2)
    response = shop.ask("GET", "/retailer/orders", **headers)
    assert (response.status, response.object()["title"]) == (401, "Expired JWT")
    assert "violations" not in response.object()
