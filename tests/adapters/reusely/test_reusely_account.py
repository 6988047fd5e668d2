"""What an account can do follows from its keys and settings, and keys go where they belong."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.contract.errors import (
    CredentialsRefused,
    MalformedResponse,
    RateLimited,
    Unavailable,
    UnsupportedOperation,
)
from adapters.contract.models.requests import OrderQuery
from adapters.reusely.simulator import LAPSED_KEY
from support.cases import CONTEXT

START = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
V2 = {"api_version": "v2", "custom_fields_reference": None}


def test_the_secret_key_goes_to_administrative_endpoints_only(account: Any, an_order: Any) -> None:
    """The help page asks for the secret key on Inventory, Product and Abandoned; public endpoints never see it."""
    account.run(account.adapter.cheap_read())
    account.run(account.adapter.get_product("20057/larkfield/kite/kite-6/unlocked/128-gb"))
    order = an_order()
    account.run(account.adapter.place_order(order, CONTEXT))
    account.run(account.adapter.list_orders(OrderQuery()))
    with_secret = [request.path for request in account.sent if "x-secret-key" in request.headers]
    assert with_secret == ["/v2/admin/orders"]
    assert account.simulator.truth()["secret_key_sent_needlessly"] == 0
    assert all(request.headers["x-tenant-id"] == "demo-tenant" for request in account.sent)


def test_a_lapsed_subscription_and_a_wrong_key_are_told_with_a_hint_at_both(open_account: Any, account: Any) -> None:
    """Both are documented as 401 and no code for either, so nobody is sent after the one alone."""
    account.simulator.lapsed = True
    lapsed, wrong = (open_account(credentials={"api_key": key}) for key in (LAPSED_KEY, "wrong"))
    for refused in (account, lapsed, wrong):
        with pytest.raises(CredentialsRefused) as raised:
            refused.run(refused.adapter.cheap_read())
        assert "subscription" in raised.value.reason
        assert "keys" in raised.value.reason


def test_what_the_configuration_does_not_allow_is_not_offered(open_account: Any, an_order: Any) -> None:
    """Without a secret key no offers are read, without a currency no payouts; and nothing is sent in trying."""
    keyless = open_account(credentials={"secret_key": None})
    assert not keyless.adapter.supports("list_orders")
    assert keyless.adapter.supports("place_order")
    assert keyless.adapter.traits()["place"].kind == "none"
    penniless = open_account(currency=None)
    assert not penniless.adapter.supports("place_order")
    assert penniless.adapter.supports("list_products")
    for account, running in (
        (keyless, keyless.adapter.get_order("SIM1")),
        (keyless, keyless.adapter.list_orders(OrderQuery())),
        (keyless, keyless.adapter.find_order(an_order(), START, CONTEXT)),
        (penniless, penniless.adapter.place_order(an_order(), CONTEXT)),
        (penniless, penniless.adapter.get_product("20057/larkfield/kite/kite-6/unlocked/128-gb")),
    ):
        with pytest.raises(UnsupportedOperation):
            account.run(running)
        assert account.sent == []


def test_a_look_up_needs_a_secret_key_and_a_custom_field(open_account: Any) -> None:
    """The trait of the checkout depends on the configuration."""
    assert open_account().adapter.traits()["place"].kind == "lookup"
    assert open_account(settings={"custom_fields_reference": None}).adapter.traits()["place"].kind == "none"
    assert open_account(settings=V2).adapter.traits()["place"].kind == "none"


def test_the_hourly_limit_is_told_for_the_path_that_is_used(open_account: Any) -> None:
    """The documented limit counts by the e-mail in the body."""
    for settings, route in (({}, "/v3/public/offer/mail-in"), (V2, "/v2/public/order/mail-in")):
        (limit,) = open_account(settings=settings).adapter.limits()
        assert (limit.method, limit.route, limit.requests, limit.seconds) == ("POST", route, 5, 3600.0)
        assert limit.partition == "/customer_email"


@pytest.mark.parametrize(
    ("fault", "kind", "executed"),
    [
        ("429", RateLimited, False),
        ("429-bare", RateLimited, False),
        ("500", Unavailable, False),
        ("503", Unavailable, False),
        ("html", Unavailable, False),
        ("wrong-type", MalformedResponse, True),
    ],
)
def test_a_fault_is_told_for_what_it_is(account: Any, an_order: Any, fault: str, kind: type, executed: bool) -> None:
    """An offer is there after a success that cannot be read, and after no other fault."""
    before = len(account.simulator.orders())
    account.simulator.set_faults({fault: 1.0})
    with pytest.raises(kind):
        account.run(account.adapter.place_order(an_order(), CONTEXT))
    assert len(account.simulator.orders()) == before + executed
    assert account.simulator.truth()["faults"] == {fault: 1}
