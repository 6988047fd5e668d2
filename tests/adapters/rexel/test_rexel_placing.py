"""Nothing of an order is lost in silence, and its configuration means what it says."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.contract import codec
from adapters.contract.errors import InvalidOrder, LossyTranslation
from adapters.contract.models.requests import NewAddress, NewLine, NewOrder
from adapters.rexel import placing
from adapters.rexel.settings import RexelCredentials, RexelSettings

ADDRESS = {
    "first_name": "Ann", "last_name": "Lee", "line1": "rue", "city": "Lyon", "postal_code": "69003", "country": "FR",
}  # fmt: skip
# Every member with a value that is only found in what is sent if that member is.
MEMBERS: dict[type[Any], dict[str, Any]] = {
    NewOrder: {
        "reference": "PO-told",
        "lines": [{"product_id": "ABC:told", "quantity": 4711}],
        "currency": "CHF",
        "ship_to": ADDRESS,
        "bill_to": ADDRESS,
        "return_to": ADDRESS,
        "customer": {"email": "told@example.com"},
        "delivery": {"methods": ["told"]},
        "shipping_retail_price": {"amount": "47.11", "currency": "EUR"},
        "payout": {"method": "told"},
        "draft": True,
        "metadata": {"told": "told"},
        "provider_options": {"rexel": {"accountId": "told"}},
    },
    NewLine: {
        "quantity": 4711,
        "reference": "told",
        "product_id": "ABC:told",
        "files": [{"role": "told", "url": "https://example.com/told"}],
        "inputs": {"told": "told"},
        "condition": "told",
        "retail_price": {"amount": "47.11", "currency": "EUR"},
        "metadata": {"told": "told"},
    },
    NewAddress: {
        **{name: f"told-{name}" for name in ("first_name", "last_name", "line1", "line2", "city", "postal_code")},
        **{name: f"told-{name}" for name in ("company_name", "house_number", "region", "phone")},
        "country": "MC",
        "email": "told@example.com",
        "is_business": True,
        "tax_ids": {"vat": "told"},
    },
}
# The gateway's own, and the other way to name a product, which has a case of its own.
NOT_TRANSLATED = {"provider", "kind", "valid_until", "product"}


def minimal(**over: Any) -> NewOrder:
    return NewOrder.model_validate({"reference": "R", "lines": [{"product_id": "ABC:1", "quantity": 1}], **over})


def sent(order: NewOrder) -> bytes | None:
    """Return the body that leaves, or None where the order is refused."""
    settings = RexelSettings()
    try:
        options = placing.checked(order, settings)
    except (InvalidOrder, LossyTranslation):
        return None
    return codec.encode(placing.order_body(order, options.account_id, None, settings))


def test_the_table_of_members_is_complete() -> None:
    """A member that the canonical order gains fails here until somebody says what becomes of it."""
    for model, members in MEMBERS.items():
        assert set(model.model_fields) - NOT_TRANSLATED == set(members), model


@pytest.mark.parametrize(
    ("model", "member"), [(model, member) for model, members in MEMBERS.items() for member in members]
)
def test_every_member_is_sent_or_refused(model: type[Any], member: str) -> None:
    """Adding one member changes what leaves, or the order is refused: nothing is dropped."""
    value = {member: MEMBERS[model][member]}
    if model is NewOrder:
        order = minimal(**value)
        plain = minimal()
    elif model is NewLine:
        order = minimal(lines=[{"product_id": "ABC:1", "quantity": 1, **value}])
        plain = minimal()
    else:
        order = minimal(ship_to={**ADDRESS, **value})
        plain = minimal(ship_to=ADDRESS)
    assert sent(order) != sent(plain)


def test_no_null_and_no_empty_text_leaves() -> None:
    """What is absent is left out of the body."""
    body = sent(minimal(ship_to=ADDRESS)) or b""
    assert b"null" not in body
    assert b'""' not in body


@given(
    reference=st.text(min_size=1, max_size=64).filter(
        lambda text: re.fullmatch(r"[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?", text)
    )
)
def test_a_reference_that_is_to_be_a_key_fits_into_a_header(reference: str) -> None:
    """Where the reference is the Idempotency-Key, one that no header can carry is refused before anything is sent."""
    settings = RexelSettings(idempotency_key="reference")
    order = minimal(reference=reference)
    if reference.isascii() and reference == reference.strip():
        placing.checked(order, settings)
        return
    with pytest.raises(InvalidOrder) as refusal:
        placing.checked(order, settings)
    assert [violation.name for violation in refusal.value.violations] == ["reference"]


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"client_id": "a"},
        {"client_secret": "b"},
        {"client_id": "a", "subscription_key": "k"},
        {"client_id": "a", "client_secret": ""},
        {"subscription_key": ""},
        {"api_key": "k"},
    ],
)
def test_credentials_are_one_whole_way_or_both(credentials: dict[str, str]) -> None:
    """Half a client, nothing, empty secrets and unknown keys are refused, and no secret is in the message."""
    with pytest.raises(ValidationError):
        RexelCredentials.model_validate(credentials)


@pytest.mark.parametrize(
    "settings",
    [
        {"token_url": "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"},
        {"token_url": "https://login.microsoftonline.com"},
        {"token_url": "ftp://host/token"},
        {"orders_path": "orders"},
        {"orders_path": "/orders/{id}"},
        {"id_customer": "3f1c2d9e-uuid"},
        {"key_retention": 0},
        {"base": "x"},
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any]) -> None:
    """A tenant left open, a path that is no path, a client id as customer number: said at once."""
    with pytest.raises(ValidationError):
        RexelSettings.model_validate(settings)


def test_every_setting_and_credential_has_a_sentence() -> None:
    """The configuration's reference is made of these descriptions."""
    for model in (RexelSettings, RexelCredentials):
        for name, field in model.model_fields.items():
            assert (field.description or "").endswith("."), name


@pytest.mark.parametrize(("premium", "rate"), [(False, 10), (True, 20)])
def test_the_packs_have_their_rates(open_account: Any, premium: bool, rate: int) -> None:
    """Découverte allows 10 requests a second, Premium 20."""
    (limit,) = open_account(settings={"premium": premium}).adapter.limits()
    assert (limit.requests, limit.seconds) == (rate, 1.0)
