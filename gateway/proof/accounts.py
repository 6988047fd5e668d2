"""The accounts of the proof: one simulator each, so that every way to find out is tried on its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from adapters import registry
from adapters.contract.simulator import Received, Simulator
from gateway.proof.plan import LOGINS, SETTLE, Plan
from policies.budget import rule_id

Json = dict[str, Any]
Writes = Callable[[str, str], Json]
"""Makes the body of an order, given the account's name and a reference."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account: its adapter, the trait that is tried, what is ordered there, and which requests place something.

    `share` is its part of the load. `settings` are the adapter's, `{url}` in them being the simulator's; `simulator`
    are attributes that make the simulator what the trait says of the provider.
    """

    name: str
    adapter: str
    trait: str
    commit: tuple[str, str]
    order: Writes | None = None
    share: float = 1.0
    settings: Mapping[str, Any] = field(default_factory=dict)
    simulator: Mapping[str, Any] = field(default_factory=dict)

    def commits(self, received: Received) -> bool:
        """Tell whether a request places something."""
        method, end = self.commit
        return received.method == method and received.path.lower().endswith(end)

    def configured(self, url: str, plan: Plan) -> Json:
        """Return the account's entry in the configuration."""
        simulator = registry.load(self.adapter).simulator
        settings = {**simulator.settings, **self.settings}
        if self.adapter == "gelato":
            settings |= {"settle": SETTLE, "on_absent": plan.profile}
        return {
            "adapter": self.adapter,
            "base_url": url,
            "credentials": dict(simulator.credentials),
            "timeouts": {"connect": 1, "read": 1, "order": 1, "login": 1, "lookup": 1},
            **{name: _at(url, value) for name, value in settings.items()},
        }


def configuration(urls: Mapping[str, str], store: str, plan: Plan) -> bytes:
    """Return the text of a configuration whose providers are these simulators."""
    value = {
        "listen": {"port": 0},
        "admin": {"port": 0},
        "store": {"url": store},
        "providers": {account.name: account.configured(urls[account.name], plan) for account in ACCOUNTS},
    }
    return msgspec.json.encode(value)


def simulators(plan: Plan, now: Callable[[], Any], *, lag: float, slow: float) -> dict[str, Simulator]:
    """Make a simulator for each account."""
    made = {}
    for number, account in enumerate(ACCOUNTS):
        kind = registry.load(account.adapter).simulator
        settings: Json = {"now": now, "seed": plan.seed * 100 + number, "faults": plan.faults, "pace": 0.3}
        if account.adapter == "gelato":
            settings["visibility_lag"] = lag
        made[account.name] = kind(**settings)
        for name, value in {"slow_seconds": slow, **account.simulator}.items():
            setattr(made[account.name], name, value)
    return made


def _at(url: str, value: Any) -> Any:
    """Return a setting; where it is an address at the provider, it is at the simulator."""
    if not isinstance(value, str):
        return value
    if value.startswith("https://"):
        return f"{url}/{value.split('/', 3)[3]}"
    return value.replace("{url}", url)


def _poster(account: str, reference: str) -> Json:
    product = f"{account}:flat_product_pf_a4_pt_200-gsm-uncoated_cl_4-0_ct_none_prt_none_sft_none_set_none_hor"
    files = [{"role": "default", "url": "https://files.example.com/poster.pdf"}]
    address = {
        "firstName": "Ada",
        "lastName": reference,
        "line1": "Unter den Linden 6",
        "city": "Berlin",
        "postalCode": "10117",
        "country": "DE",
        "email": "ada@example.com",
        "phone": "+4930123456",
    }
    return {"currency": "EUR", "shipTo": address, "lines": [{"productId": product, "quantity": 1, "files": files}]}


def _sockets(account: str, reference: str) -> Json:
    return {"lines": [{"productId": f"{account}:SCH:S520059", "quantity": 10}]}


def _codes(account: str, reference: str) -> Json:
    return {"lines": [{"productId": f"{account}:266-235", "quantity": 1}]}


def _trade_in(account: str, reference: str) -> Json:
    return {
        "kind": "tradeIn",
        "customer": {"email": f"{reference.lower()}@example.com", "firstName": "Grace", "lastName": "Hopper"},
        "payout": {"method": "PayPal"},
        "lines": [{"productId": f"{account}:20081", "quantity": 1, "condition": "11"}],
    }


BOL: Mapping[str, Any] = {
    "login_url": "{url}",
    "limits": {
        "rules": [
            {"id": rule_id("POST", "/token", 60), "match": "POST /token", "requests": LOGINS[0], "seconds": LOGINS[1]}
        ]
    },
}
# Of an order that is in doubt for two minutes there may be hundreds of newer ones here, ten on a page.
REUSELY: Mapping[str, Any] = {"currency": "USD", "lookup_pages": 40}
BLIND: Mapping[str, Any] = {"currency": "USD", "custom_fields_reference": None}
ACCOUNTS: tuple[Account, ...] = (
    Account("bol", "bol", "async", ("PUT", "/retailer/orders/cancellation"), share=0.35, settings=BOL),
    Account("bol-ship", "bol", "async", ("POST", "/retailer/shipments"), share=0.35, settings=BOL),
    Account("gelato", "gelato", "lookup", ("POST", "/order"), _poster),
    Account("rexel", "rexel", "native_key", ("POST", "/orders"), _sockets),
    Account(
        "reseller", "reseller", "lookup", ("POST", "/order/create"), _codes, simulator={"repeated_deliver_id": "accept"}
    ),
    Account(
        "reseller-strict",
        "reseller",
        "dedupe_ref",
        ("POST", "/order/create"),
        _codes,
        settings={"repeats_refused": True},
        simulator={"repeated_deliver_id": "refuse"},
    ),
    Account("reusely", "reusely", "lookup", ("POST", "/mail-in"), _trade_in, settings=REUSELY),
    Account("reusely-blind", "reusely", "none", ("POST", "/mail-in"), _trade_in, share=0.6, settings=BLIND),
)
