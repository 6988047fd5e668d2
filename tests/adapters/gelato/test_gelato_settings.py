"""What an account may configure, and where its secrets go."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.contract.models.requests import NewCancellation, OrderQuery
from adapters.gelato.settings import GelatoCredentials, GelatoSettings


@pytest.mark.parametrize(
    "settings",
    [
        {"submit_order_url": "order"},
        {"submit_order_url": "/order/{id}"},
        {"submit_order_url": "/order?x=1"},
        {"submit_order_url": "https://api.partner-connect.io/order"},
        {"search_orders_url": "/orders/../admin"},
        {"get_order_url": "/order"},
        {"get_order_url": "/order/{order_id}"},
        {"get_order_url": "/order/{id}/{id}"},
        {"order_cancel_url": "/order/cancel"},
        {"update_shipment_url": "/order/{id}#shipment"},
        {"customer_reference_id": "two\nlines"},
        {"customer_reference_id": ""},
        {"settle": -1},
        {"on_absent": "guess"},
        {"unheard_of": 1},
    ],
)
def test_a_setting_that_cannot_be_right_is_refused(settings: dict[str, Any]) -> None:
    """A template is a path with {id} exactly where an order is named."""
    with pytest.raises(ValidationError):
        GelatoSettings.model_validate(settings)


@pytest.mark.parametrize(
    "credentials",
    [
        {"api_key": "key:secret", "api_secret": "secret"},
        {"api_key": "", "api_secret": "secret"},
        {"api_key": "key", "api_secret": "sec\r\nret"},
        {"api_key": "key"},
    ],
)
def test_credentials_that_cannot_be_sent_are_refused_and_not_shown(credentials: dict[str, str]) -> None:
    """Key and secret are joined by a colon in one header, so that neither is both."""
    with pytest.raises(ValidationError) as refused:
        GelatoCredentials.model_validate(credentials)
    assert "secret'" not in str(refused.value)


def test_key_and_secret_appear_after_authorize_only(connector: Any) -> None:
    """No request of a flow carries them, and no repr shows them."""
    connector.place()
    connector.run(connector.adapter.list_orders(OrderQuery()))
    assert not any("x-api-key" in request.headers for request in connector.sent)
    authorized = connector.adapter.authorize(connector.sent[0], None)
    assert authorized.headers["x-api-key"] == "sandbox-key:sandbox-secret"
    assert "sandbox-secret" not in f"{authorized!r} {connector.adapter.credentials!r}"


def test_every_commit_has_a_trait_with_its_source(connector: Any, order: Callable[..., Any]) -> None:
    """Reads say that they read, and what changes something can be followed up."""
    native = connector.place()
    connector.run(connector.adapter.get_order(native))
    connector.run(connector.adapter.cancel_order(native, NewCancellation(), connector.context))
    steps = {request.step: request.effect for request in connector.sent}
    assert steps == {"place": "commit", "read": "read", "cancel": "commit"}
    assert all(trait.source for trait in connector.adapter.traits().values())


def test_what_gelato_does_not_offer_is_refused_with_a_reason(connector: Any) -> None:
    """GelatoConnect has no catalog, and says so."""
    for operation in ("list_categories", "list_products", "get_product", "check_availability", "get_account"):
        assert not connector.adapter.supports(operation)
    assert "no catalog" in connector.adapter.why_not("list_products")
    for operation in ("place_order", "list_orders", "get_order", "cancel_order", "change_delivery", "list_shipments"):
        assert connector.adapter.supports(operation)
