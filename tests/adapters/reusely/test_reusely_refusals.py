"""What the checkout cannot take is refused before anything is sent, all of it at once."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.contract import codec
from adapters.contract.errors import InvalidOrder, LossyTranslation, NotFound, Refusal
from adapters.contract.models.requests import CategoryQuery, NewOrder, OrderQuery, ProductQuery
from adapters.reusely import checkout
from adapters.reusely.settings import ReuselySettings
from support.cases import CONTEXT

ADDRESS = {
    "firstName": "Ann",
    "lastName": "Lee",
    "line1": "12 Elm Street",
    "city": "Springfield",
    "postalCode": "62704",
    "region": "IL",
    "country": "US",
}
LINE: dict[str, Any] = {"productId": "20057", "condition": "12", "quantity": 1}
PRICE = {"amount": "1.00", "currency": "USD"}
EVERYTHING_ELSE = {
    "billTo": ADDRESS,
    "returnTo": ADDRESS,
    "delivery": {"methods": ["express"]},
    "shippingRetailPrice": PRICE,
    "draft": True,
    "shipTo": {
        **ADDRESS,
        "houseNumber": "12",
        "companyName": "Lee Ltd",
        "isBusiness": True,
        "taxIds": {"vat": "NL1"},
    },
    "lines": [
        {
            **LINE,
            "reference": "L-1",
            "files": [{"role": "default", "url": "https://files.example/a.pdf"}],
            "inputs": {"imei": "1"},
            "retailPrice": PRICE,
            "metadata": {"notes": "fine", "color": "red"},
        },
        {**LINE, "condition": "11"},
    ],
    "metadata": {"a": "1", "b": "2", "c": "3"},
}


def refusal(account: Any, order: NewOrder) -> Refusal:
    with pytest.raises(Refusal) as refused:
        account.run(account.adapter.place_order(order, CONTEXT))
    assert account.sent == []
    return refused.value


def test_every_member_without_a_place_is_named(account: Any, an_order: Any) -> None:
    """Nothing is dropped: each member that the checkout has no place for is a violation."""
    refused = refusal(account, an_order(**EVERYTHING_ELSE))
    assert type(refused) is LossyTranslation
    assert {violation.name for violation in refused.violations} == {
        "billTo",
        "returnTo",
        "delivery",
        "shippingRetailPrice",
        "draft",
        "shipTo.houseNumber",
        "shipTo.companyName",
        "shipTo.isBusiness",
        "shipTo.taxIds",
        "lines[0].reference",
        "lines[0].files",
        "lines[0].inputs",
        "lines[0].retailPrice",
        "lines[0].metadata.color",
        # two custom fields are left beside the reference
        "metadata.c",
    }


def test_a_product_named_in_words_has_no_place(account: Any, an_order: Any) -> None:
    """The checkout takes products by number."""
    line = {"product": {"name": "Kite 6", "variant": {"size": "128 GB"}}, "condition": "12", "quantity": 1}
    assert [violation.name for violation in refusal(account, an_order(lines=[line])).violations] == ["lines[0].product"]


@pytest.mark.parametrize(
    ("over", "names"),
    [
        ({"kind": "purchase"}, ["kind"]),
        ({"currency": "EUR"}, ["currency"]),
        ({"payout": None}, ["payout"]),
        ({"customer": None}, ["customer.email", "customer.firstName", "customer.lastName"]),
        ({"lines": [{**LINE, "productId": "kite-6"}]}, ["lines[0].productId"]),
        ({"lines": [{**LINE, "productId": "20057/larkfield"}]}, ["lines[0].productId"]),
        ({"lines": [{**LINE, "productId": "٢٠٠٥٧"}]}, ["lines[0].productId"]),
        ({"lines": [LINE, {"productId": "20057", "quantity": 1}]}, ["lines[1].condition"]),
        ({"lines": [{**LINE, "condition": "Good"}]}, ["lines[0].condition"]),
        ({"metadata": {"reference": "x"}}, ["metadata.reference"]),
        ({"providerOptions": {"reusely": {"platform": "fax"}}}, ["providerOptions.reusely.platform"]),
        ({"providerOptions": {"reusely": {"express": True}}}, ["providerOptions.reusely.express"]),
        ({"kind": "sale", "draft": True}, ["kind", "draft"]),
    ],
)
def test_wrong_content_is_named(account: Any, an_order: Any, over: dict[str, Any], names: list[str]) -> None:
    """What the provider would not accept is told with its member."""
    refused = refusal(account, an_order(**over))
    assert type(refused) is InvalidOrder
    assert [violation.name for violation in refused.violations] == names


@pytest.mark.parametrize(
    ("customer", "name"),
    [({"firstName": "Bo"}, "shipTo.firstName"), ({"email": "bo@customers.example"}, "shipTo.email")],
)
def test_two_persons_do_not_fit(account: Any, an_order: Any, customer: dict[str, str], name: str) -> None:
    """The checkout knows one person: a parcel from somebody else is refused, not mixed."""
    order = an_order(customer=customer, shipTo={**ADDRESS, "email": "ann@customers.example"})
    assert [violation.name for violation in refusal(account, order).violations] == [name]


def test_the_older_version_takes_less(open_account: Any, an_order: Any) -> None:
    """Phone, custom fields and options are documented for v3 alone."""
    account = open_account(settings={"api_version": "v2", "custom_fields_reference": None})
    order = an_order(
        customer={"email": "ann@customers.example", "firstName": "Ann", "lastName": "Lee", "phone": "+12175550123"},
        metadata={"campaign": "spring"},
        providerOptions={"reusely": {"referralSource": "newsletter"}, "gelato": {"anything": 1}},
    )
    assert [violation.name for violation in refusal(account, order).violations] == [
        "customer.phone",
        "metadata.campaign",
        "providerOptions.reusely.referralSource",
    ]


def test_a_customer_known_by_phone_needs_no_email(open_account: Any, an_order: Any) -> None:
    """Which identifier is required follows the account's Lead Booster."""
    account = open_account(settings={"lead_identifier": "phone"})
    customer = {"firstName": "Ann", "lastName": "Lee", "phone": "217 555 0123"}
    request = next(account.adapter.place_order(an_order(customer=customer, shipTo=ADDRESS), CONTEXT))
    body = codec.decode(request.body)
    assert body["customer_phone"] == "+12175550123"
    assert "customer_email" not in body
    nobody = an_order(customer={"firstName": "Ann", "lastName": "Lee"})
    assert [violation.name for violation in refusal(account, nobody).violations] == ["customer.phone"]


@pytest.mark.parametrize(
    "settings",
    [
        {"api_version": "v2", "custom_fields_reference": "reference"},
        {"api_version": "v2", "lead_identifier": "phone"},
        {"custom_field_name_key": "value"},
        {"api_version": "v4"},
        {"lookup_pages": 0},
        {"statuses": {"Graded": "shining"}},
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any]) -> None:
    """A configuration that contradicts the documents does not start."""
    with pytest.raises(ValidationError):
        ReuselySettings.model_validate(settings)


@pytest.mark.parametrize("cursor", ["", "2.1.0", "1.0.0", "1.1", "1.01.0", "1.1.-1", "1.1.0 ", "1.٣.0", "x" * 500])
def test_a_cursor_of_somebody_else_is_refused(account: Any, cursor: str) -> None:
    """Only cursors that the list gave are taken, and nothing is sent for others."""
    for running in (
        account.adapter.list_categories(CategoryQuery(cursor=cursor)),
        account.adapter.list_products(ProductQuery(category="m/larkfield/kite/kite-6", cursor=cursor)),
        account.adapter.list_orders(OrderQuery(cursor=cursor)),
    ):
        with pytest.raises(InvalidOrder) as refused:
            account.run(running)
        assert [violation.name for violation in refused.value.violations] == ["cursor"]
    assert account.sent == []


@pytest.mark.parametrize("native", ["", "/", "c", "c/", "c/a/b", "d/a", "d/a/", "m/a/b", "x/a", "..", "c/a/../b"])
def test_an_id_that_cannot_be_a_category_is_not_found(account: Any, native: str) -> None:
    """Ids of the wrong shape are not sent."""
    with pytest.raises(NotFound):
        account.run(account.adapter.list_categories(CategoryQuery(parent=native, limit=50, cursor=None)))
    assert account.sent == []


@pytest.mark.parametrize("native", ["", "0", "-1", "1.5", "kite", "20057/", "20057/a/b/c/d", "20057/a//c/d/e", "²"])
def test_an_id_that_cannot_be_a_product_is_not_found(account: Any, native: str) -> None:
    """Ids of the wrong shape are not sent."""
    with pytest.raises(NotFound):
        account.run(account.adapter.get_product(native))
    assert account.sent == []


def members(value: Any) -> Iterator[Any]:
    """Yield every value inside a JSON value."""
    yield value
    for inside in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from members(inside)


_TEXT = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="\x7f"), min_size=1, max_size=20
)


@given(
    metadata=st.none() | st.dictionaries(_TEXT, _TEXT, min_size=1, max_size=2),
    notes=st.none() | st.dictionaries(st.sampled_from(["notes", "description"]), _TEXT, min_size=1),
    line2=st.none() | _TEXT,
    quantity=st.integers(1, 1_000_000),
)
def test_no_null_and_nothing_empty_leaves(
    metadata: dict[str, str] | None, notes: dict[str, str] | None, line2: str | None, quantity: int
) -> None:
    """A body holds neither null nor "" nor an empty list or object, and is the same for the same order."""
    stated: dict[str, Any] = {
        "reference": "T-1",
        "lines": [LINE | {"quantity": quantity} | ({"metadata": notes} if notes else {})],
        "customer": {"email": "ann@customers.example"},
        "shipTo": ADDRESS | ({"line2": line2} if line2 else {}),
        "payout": {"method": "PayPal"},
        **({"metadata": metadata} if metadata else {}),
    }
    order = NewOrder.model_validate(stated)
    settings = ReuselySettings(custom_fields_reference="\u0300reference")
    body = codec.encode(checkout.body(order, settings, "USD"))
    assert body == codec.encode(checkout.body(NewOrder.model_validate(stated), settings, "USD"))
    assert not [value for value in members(codec.decode(body)) if value is None or value in ("", [], {})]
