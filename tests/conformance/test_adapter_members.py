"""Nothing that a caller says is dropped silently: every member is translated, or refused by its own name."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from adapters.contract.errors import AdapterError, Refusal
from adapters.contract.models import requests
from adapters.contract.models.requests import (
    NewOrder,
)
from adapters.contract.wire import HttpRequest
from support.conformance import Account, Subject
from support.conformance_translation import LEAF_OF_PRICE, check_refusal, check_translation

OWNED_BY_GATEWAY = {"provider", "kind", "validUntil"}
ADDRESS = {
    "firstName": "Zqfirst",
    "lastName": "Zqlast",
    "line1": "Zqstreet 1",
    "city": "Zqtown",
    "postalCode": "10999",
    "country": "DE",
}
ADDRESS_MEMBERS: Mapping[str, Any] = {
    "firstName": "Zqother",
    "lastName": "Zqothers",
    "line1": "Zqlane 2",
    "city": "Zqvillage",
    "postalCode": "80999",
    "country": "AT",
    "companyName": "Zqcompany",
    "line2": "Zqfloor",
    "houseNumber": "17zq",
    "region": "Zqregion",
    "email": "zq@zq.example",
    "phone": "+493020304050",
    "isBusiness": True,
    "taxIds.federal": "ZQ1",
    "taxIds.state": "ZQ2",
    "taxIds.vat": "ZQ3",
    "taxIds.registrationRegion": "ZQ4",
}
PRICE = {"amount": "7.3100", "currency": "EUR"}
ORDER_MEMBERS: Mapping[str, Any] = {
    "currency": "CHF",
    "billTo": ADDRESS,
    "returnTo": ADDRESS,
    "customer.email": "zq@zq.example",
    "customer.phone": "+493020304050",
    "customer.firstName": "Zqfirst",
    "customer.lastName": "Zqlast",
    "delivery.methods": ["zqmethod"],
    "shippingRetailPrice": PRICE,
    "shippingRetailPrice.taxIncluded": {**PRICE, "taxIncluded": True},
    "payout.method": "Zqpayout",
    "draft": True,
    "metadata": {"zqkey": "zqvalue"},
}
LINE_MEMBERS: Mapping[str, Any] = {
    "quantity": 7,
    "reference": "ZQ-LINE",
    "product": {"name": "Zqname", "variant": {"zqsize": "zqbig"}},
    "files": [{"role": "front", "url": "https://zq.example/zq.pdf"}],
    "inputs": {"zqinput": "zqvalue"},
    "condition": "99777",
    "retailPrice": PRICE,
    "retailPrice.taxIncluded": {**PRICE, "taxIncluded": True},
    "metadata": {"zqkey": "zqvalue"},
}


def merged(base: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return JSON with a member set at a path like `shipTo.taxIds.vat`."""
    head, _, rest = path.partition(".")
    if path.endswith(LEAF_OF_PRICE):
        return merged(base, path.removesuffix(LEAF_OF_PRICE), value)
    return {**base, head: merged(base.get(head) or {}, rest, value) if rest else value}


def orders(subject: Subject) -> dict[str, dict[str, Any]]:
    """Return by member path an order that states this member and otherwise what the minimal one does."""
    minimal = dict(subject.order or {})
    line = minimal["lines"][0]
    found = {path: merged(minimal, path, value) for path, value in ORDER_MEMBERS.items()}
    # Who is shipped to is who orders: two persons would be another order.
    person = {name: text for name, text in minimal.get("customer", {}).items() if name in {"firstName", "lastName"}}
    found["shipTo"] = {**minimal, "shipTo": minimal.get("shipTo", {**ADDRESS, **person})}
    for path, value in ADDRESS_MEMBERS.items():
        found[f"shipTo.{path}"] = merged(found["shipTo"], f"shipTo.{path}", value)
    for path, value in LINE_MEMBERS.items():
        changed = merged(line, path, value)
        if path == "product":
            del changed["productId"]
        found[f"lines[0].{path}"] = {**minimal, "lines": [changed]}
    options = {"providerOptions": {subject.name: {"zqoption": "zqvalue"}}}
    return {**found, f"providerOptions.{subject.name}.zqoption": {**minimal, **options}}


def test_every_member_of_an_order_is_tried_here() -> None:
    """A new member of NewOrder, NewLine, NewAddress and what they hold fails here until it is tried."""

    def names(model: type[requests.Request]) -> set[str]:
        return {to_camel(name) for name in model.model_fields}

    tried = {path.split(".")[0] for path in ORDER_MEMBERS} | {"reference", "lines", "shipTo", "providerOptions"}
    assert tried | OWNED_BY_GATEWAY == names(NewOrder)
    assert {path.split(".")[0] for path in LINE_MEMBERS} | {"productId"} == names(requests.NewLine)
    assert {path.split(".")[0] for path in ADDRESS_MEMBERS} == names(requests.NewAddress)
    taxes = {path.removeprefix("taxIds.") for path in ADDRESS_MEMBERS if path.startswith("taxIds.")}
    assert taxes == names(requests.NewTaxIds)
    customer = {path.removeprefix("customer.") for path in ORDER_MEMBERS if path.startswith("customer.")}
    assert customer == names(requests.Customer)


def test_every_member_of_an_order_is_translated_or_refused_by_name(subject: Subject) -> None:
    """A member that the minimal order lacks is found in what is sent, or the refusal names it and nothing else."""
    if subject.order is None:
        return
    plain = outcome(subject, dict(subject.order))
    assert isinstance(plain, list), plain
    for path, order in orders(subject).items():
        told = outcome(subject, order)
        if isinstance(told, Refusal):
            check_refusal(told, path)
            must_arrive = subject.translated - set(subject.more_members)
            assert path not in must_arrive, f"{path} is refused: {[v.name for v in told.violations]}"
        elif not (path == "shipTo" and subject.order.get("shipTo")):
            check_translation(told, path, order, outcome(subject, before(subject, path)))


def before(subject: Subject, path: str) -> dict[str, Any]:
    """Return the order beside which the member at `path` is seen to make a difference."""
    return orders(subject)["shipTo"] if path.startswith("shipTo.") else dict(subject.order or {})


def test_a_provider_takes_what_its_documents_say_it_takes(subject: Subject) -> None:
    """Members with content of the provider's own leave as the provider knows them."""
    for path, order in subject.more_members.items():
        told = outcome(subject, {**(subject.order or {}), **order})
        assert isinstance(told, list), f"{path}: {told!r}"
        check_translation(told, path, dict(order), outcome(subject, dict(subject.order or {})))
    tried = {*orders(subject), *subject.more_members} if subject.order else set()
    assert subject.translated <= tried


def outcome(subject: Subject, order: Mapping[str, Any]) -> list[HttpRequest] | Refusal:
    """Return what leaves for an order, or the refusal. Whether the provider likes it is another matter."""
    account = Account(subject)
    stated = NewOrder.model_validate({"reference": "T-1", **order})
    try:
        account.run(account.adapter.place_order(stated, account.context))
    except Refusal as refusal:
        assert all(request.effect == "read" for request in account.sent), "refused, and yet sent"
        return refusal
    except AdapterError:
        pass
    return account.sent


def test_the_samples_are_valid_for_callers(subject: Subject) -> None:
    """What is tried here is what the API lets through."""
    for path, order in orders(subject).items() if subject.order else ():
        try:
            NewOrder.model_validate({"reference": "T-1", **order})
        except ValidationError as error:
            raise AssertionError(path) from error
