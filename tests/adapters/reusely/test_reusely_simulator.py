"""The simulated Reusely is strict where the documents are."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.contract import codec
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpResponse
from adapters.reusely.simulator import ReuselySimulator

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
KEYS = {"x-api-key": "demo-api-key"}
ADMIN = {**KEYS, "x-secret-key": "demo-secret-key"}
V2, V3 = "/v2/public/order/mail-in", "/v3/public/offer/mail-in"

# The reference's body for v2, in the demonstration catalog's numbers.
V2_BODY: dict[str, Any] = {
    "payment_method": "Store Credit",
    "order_detail": [{"product_id": 20057, "condition_id": 10, "description": "...", "notes": "...", "qty": 1}],
    "customer_email": "johndoe@email.com",
    "shipping_firstname": "john",
    "shipping_lastname": "doe",
}
V3_BODY: dict[str, Any] = {
    "payout_method": "PayPal",
    "offer_detail": [{"product_id": 20057, "condition_id": 10, "qty": 1}],
    "customer_email": "johndoe@email.com",
    "shipping_firstname": "john",
    "shipping_lastname": "doe",
}


@pytest.fixture
def simulator() -> ReuselySimulator:
    return ReuselySimulator(now=lambda: NOW, seed=3)


def post(simulator: ReuselySimulator, path: str, body: Any, **headers: str) -> HttpResponse:
    sent = {**KEYS, "content-type": "application/json", **headers}
    return simulator.handle(Received("POST", path, (), sent, codec.encode(body))).response


def get(
    simulator: ReuselySimulator, path: str, headers: dict[str, str], query: tuple[tuple[str, str], ...] = ()
) -> HttpResponse:
    return simulator.handle(Received("GET", path, query, headers)).response


def test_a_checkout_makes_an_offer_and_says_201_in_the_body(simulator: ReuselySimulator) -> None:
    """v2 answers 201 in the envelope; v3 gives box id, offer id and a token."""
    before = len(simulator.orders())
    answer = codec.decode(post(simulator, V2, V2_BODY).body)
    assert (answer["status_code"], set(answer["result"])) == (201, {"box_id", "order_id"})
    answer = codec.decode(post(simulator, V3, V3_BODY).body)
    assert set(answer["result"]) == {"box_id", "offer_id", "authentication_token"}
    assert len(simulator.orders()) == before + 2


@pytest.mark.parametrize(("path", "body"), [(V3, V2_BODY), (V2, V3_BODY)], ids=["v2 on v3", "v3 on v2"])
def test_the_names_of_the_other_version_are_refused(simulator: ReuselySimulator, path: str, body: Any) -> None:
    """v3 renamed order to offer and payment to payout; neither version takes the other's names."""
    before = len(simulator.orders())
    response = post(simulator, path, body)
    assert response.status == 400
    wrong = codec.decode(response.body)["errors"]
    assert set(wrong) == {"payment_method", "payout_method", "order_detail", "offer_detail"}
    assert len(simulator.orders()) == before


@pytest.mark.parametrize(
    ("over", "member"),
    [
        ({"customer_email": None}, "customer_email"),
        ({"customer_email": "nobody"}, "customer_email"),
        ({"shipping_firstname": ""}, "shipping_firstname"),
        ({"shipping_city": 7}, "shipping_city"),
        ({"payout_method": "Gold"}, "payout_method"),
        ({"payout_method": ["PayPal"]}, "payout_method"),
        ({"offer_detail": []}, "offer_detail"),
        ({"offer_detail": ["x"]}, "offer_detail.0"),
        ({"offer_detail": [{"product_id": "20057", "condition_id": 10, "qty": 1}]}, "offer_detail.0.product_id"),
        ({"offer_detail": [{"product_id": 1, "condition_id": 10, "qty": 1}]}, "offer_detail.0.product_id"),
        ({"offer_detail": [{"product_id": 20057, "condition_id": 99, "qty": 1}]}, "offer_detail.0.condition_id"),
        ({"offer_detail": [{"product_id": 20057, "condition_id": 10, "qty": 0}]}, "offer_detail.0.qty"),
        (
            {"offer_detail": [{"product_id": 20057, "condition_id": 10, "qty": 1, "color": "red"}]},
            "offer_detail.0.color",
        ),
        ({"custom_fields": [{"name": str(n), "value": "x"} for n in range(4)]}, "custom_fields"),
        ({"custom_fields": [{"name": "a", "value": ""}]}, "custom_fields.0"),
        ({"platform": "fax"}, "platform"),
    ],
)
def test_a_wrong_member_is_named(simulator: ReuselySimulator, over: dict[str, Any], member: str) -> None:
    """Null, empty, unknown and wrongly typed members are refused with the member's name, and nothing is made."""
    before = len(simulator.orders())
    response = post(simulator, V3, {**V3_BODY, **over})
    assert response.status == 400
    assert set(codec.decode(response.body)["errors"]) == {member}
    assert len(simulator.orders()) == before


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v2/public/catalog/categories", {}, 401),
        ("/v2/public/catalog/categories", {"x-api-key": "wrong"}, 401),
        ("/v2/public/catalog/categories", {**KEYS, "x-tenant-id": "wrong"}, 401),
        ("/v2/public/catalog/categories", KEYS, 200),
        ("/v2/public/catalog/category", {**KEYS, "x-tenant-id": "demo-tenant"}, 200),
        ("/api/v2/public/catalog/category", KEYS, 200),
        ("/v2/admin/orders", KEYS, 401),
        ("/v2/admin/orders", {**KEYS, "x-secret-key": "wrong"}, 401),
        ("/v2/admin/orders", ADMIN, 400),
        ("/v2/public/catalog/nothing", KEYS, 404),
        ("/v2/public/catalog/category-brand/toasters", KEYS, 404),
        ("/v2/public/order/mail-in", KEYS, 405),
        ("/", KEYS, 404),
    ],
)
def test_keys_and_paths_are_checked(
    simulator: ReuselySimulator, path: str, headers: dict[str, str], status: int
) -> None:
    """The API key is always needed, the secret key by administrators, the tenant id only has to be right."""
    assert get(simulator, path, headers).status == status


def test_a_body_is_json(simulator: ReuselySimulator) -> None:
    """Forms and broken JSON are refused."""
    assert post(simulator, V3, V3_BODY, **{"content-type": "application/x-www-form-urlencoded"}).status == 415
    headers = {**KEYS, "content-type": "application/json"}
    for body in (b"", b"{", b"[]", b"null"):
        assert simulator.handle(Received("POST", V3, (), headers, body)).response.status == 400


def test_the_specification_is_asked_for_with_bracketed_keys(simulator: ReuselySimulator) -> None:
    """`spec[device]` and `spec[model]` find the product; dotted keys find nothing."""
    path = "/v2/public/catalog/condition"
    bracketed = (
        ("brand", "larkfield"),
        ("spec[device]", "kite"),
        ("spec[model]", "kite-6"),
        ("spec[network]", "unlocked"),
        ("spec[size]", "128-gb"),
    )
    answer = codec.decode(get(simulator, path, KEYS, bracketed).body)
    assert answer["result"]["product"]["product_id"] == 20057
    dotted = tuple((key.replace("[", ".").replace("]", ""), value) for key, value in bracketed)
    assert get(simulator, path, KEYS, dotted).status == 400
    assert get(simulator, path, KEYS, bracketed[:-1]).status == 404


def test_the_offer_list_is_a_paginator_newest_first(simulator: ReuselySimulator) -> None:
    """`result` holds the paginator; a page beyond the last is empty."""
    query = (("buyback_type", "mail-in"),)
    first = codec.decode(get(simulator, "/v2/admin/orders", ADMIN, query).body)["result"]
    assert (first["current_page"], first["last_page"], first["total"], len(first["data"])) == (1, 3, 24, 10)
    assert first["data"][0]["created_at"] > first["data"][-1]["created_at"]
    beyond = codec.decode(get(simulator, "/v2/admin/orders", ADMIN, (*query, ("page", "9"))).body)["result"]
    assert (beyond["data"], beyond["next_page_url"]) == ([], None)
    assert get(simulator, "/v2/admin/orders", ADMIN, (*query, ("page", "x"))).status == 400


def test_the_same_seed_makes_the_same_account() -> None:
    """Ids and offers are repeatable; another seed makes others."""
    accounts = [ReuselySimulator(now=lambda: NOW, seed=seed).orders() for seed in (1, 1, 2)]
    assert accounts[0] == accounts[1]
    assert accounts[0] != accounts[2]
