"""What an account cannot do: said the same everywhere, with a sentence, and nothing sent."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from adapters.contract import flow
from adapters.contract.adapter import OPERATIONS, Adapter, WriteContext
from adapters.contract.callbacks import Callback
from adapters.contract.errors import AdapterError, NoAnswer, ProviderError, UnsupportedOperation
from adapters.contract.models.requests import (
    AvailabilityItem,
    CategoryQuery,
    DeliveryChange,
    NewCancellation,
    NewOrder,
    NewShipment,
    OrderQuery,
    ProductQuery,
    ShipmentChange,
)
from adapters.contract.wire import HttpRequest, HttpResponse
from support.conformance import START, Subject
from support.conformance_words import check_words

CONTEXT = WriteContext("019315f2-0000-7000-8000-000000000001", START)
ORDER = NewOrder.model_validate({"reference": "T-1", "lines": [{"productId": "1", "quantity": 1}]})
ASKED: Mapping[str, Callable[[Adapter[Any, Any]], flow.Flow[Any]]] = {
    "list_categories": lambda adapter: adapter.list_categories(CategoryQuery()),
    "list_products": lambda adapter: adapter.list_products(ProductQuery()),
    "get_product": lambda adapter: adapter.get_product("1"),
    "check_availability": lambda adapter: adapter.check_availability([AvailabilityItem(product_id="1")], START),
    "place_order": lambda adapter: adapter.place_order(ORDER, CONTEXT),
    "list_orders": lambda adapter: adapter.list_orders(OrderQuery()),
    "get_order": lambda adapter: adapter.get_order("1"),
    "cancel_order": lambda adapter: adapter.cancel_order("1", NewCancellation(), CONTEXT),
    "change_delivery": lambda adapter: adapter.change_delivery("1", DeliveryChange(methods=["a"]), CONTEXT),
    "list_shipments": lambda adapter: adapter.list_shipments("1"),
    "confirm_shipment": lambda adapter: adapter.confirm_shipment("1", NewShipment(), CONTEXT),
    "change_shipment": lambda adapter: adapter.change_shipment("1", "2", ShipmentChange(tracking_code="3"), CONTEXT),
    "get_account": lambda adapter: adapter.get_account(),
    "find_order": lambda adapter: adapter.find_order(ORDER, START, CONTEXT),
    "poll": lambda adapter: adapter.poll(["1"]),
    "find_processes": lambda adapter: adapter.find_processes("1", "cancel"),
    "has_shipment": lambda adapter: adapter.has_shipment("1", "2", ShipmentChange(tracking_code="3")),
}


def test_every_operation_is_asked_for_here() -> None:
    """A new operation of the contract fails here until it is tried."""
    assert set(OPERATIONS) | {"find_order", "poll", "find_processes", "has_shipment"} == set(ASKED)


def send_nothing(request: HttpRequest) -> HttpResponse:
    """Stand in for the network where nothing may be sent."""
    raise AssertionError(f"sent: {request.method} {request.target}")


def test_what_an_account_lacks_is_called_by_its_key(subject: Subject) -> None:
    """A reason why a configuration switches an operation off names the key to write, in backticks."""
    able = subject.adapter()
    keys = {"currency", *able.Settings.model_fields, *(f"credentials.{name}" for name in able.Credentials.model_fields)}
    for operation, reason in subject.bare_adapter().unavailable().items():
        assert operation in OPERATIONS
        assert keys & set(re.findall(r"`([^`]+)`", reason)), reason
    assert able.unavailable() == {}, "the simulator's `settings`, `credentials` and `currency` switch everything on"


def test_what_is_unsupported_sends_nothing_and_says_why(adapter: Adapter[Any, Any]) -> None:
    """An unsupported operation raises UnsupportedOperation with the sentence that `why_not` gives."""
    for operation in OPERATIONS:
        if adapter.supports(operation):
            continue
        with pytest.raises(UnsupportedOperation) as raised:
            flow.run(ASKED[operation](adapter), send_nothing)
        assert raised.value.detail == adapter.why_not(operation)
        assert raised.value.detail.endswith("."), raised.value.detail
        assert len(raised.value.detail.split()) >= 4, raised.value.detail


NOBODYS = ("nope", "no/such:id", "../account", "1", " 1", "0-0", "ü?x=1")
"""Native ids that name nothing, whatever a provider's look like."""


def test_an_id_that_is_not_asked_for_is_refused_in_our_words(adapter: Adapter[Any, Any]) -> None:
    """Nothing was sent, so the provider said nothing: neither status nor words stand in its name."""

    def silence(request: HttpRequest) -> ProviderError:
        return NoAnswer("Nothing came.", sent=False)

    named: Mapping[str, Callable[[str], flow.Flow[Any]]] = {
        "get_product": adapter.get_product,
        "list_categories": lambda name: adapter.list_categories(CategoryQuery(parent=name)),
        "list_products": lambda name: adapter.list_products(ProductQuery(category=name)),
        "get_order": adapter.get_order,
        "cancel_order": lambda name: adapter.cancel_order(name, NewCancellation(), CONTEXT),
        "change_delivery": lambda name: adapter.change_delivery(name, DeliveryChange(methods=["a"]), CONTEXT),
        "list_shipments": adapter.list_shipments,
        "confirm_shipment": lambda name: adapter.confirm_shipment(name, NewShipment(), CONTEXT),
        "change_shipment": lambda name: adapter.change_shipment(name, name, ShipmentChange(tracking_code="3"), CONTEXT),
    }
    for operation, asked in named.items():
        for name in NOBODYS if adapter.supports(operation) else ():
            try:
                flow.run(asked(name), silence)
            except ProviderError as error:
                check_words(error, ())
            except AdapterError:
                continue


def test_a_look_up_is_there_where_a_trait_says_so(adapter: Adapter[Any, Any]) -> None:
    """`lookup` and `dedupe_ref` steps have `find_order`, `async` steps have `poll` and `find_processes`."""
    needed = {"lookup": ["find_order"], "dedupe_ref": ["find_order"], "async": ["poll", "find_processes"]}
    for trait in adapter.traits().values():
        for method in needed.get(trait.kind, []):
            with pytest.raises(AdapterError) as raised:
                flow.run(ASKED[method](adapter), lambda request: HttpResponse(500))
            assert not isinstance(raised.value, UnsupportedOperation), method


def test_reasons_and_operations_agree(adapter: Adapter[Any, Any]) -> None:
    """`refusals` are about what is left out, `unavailable` about what is there; both name operations."""
    own = {name for name in OPERATIONS if getattr(type(adapter), name) is not getattr(Adapter, name)}
    assert set(adapter.refusals) <= set(OPERATIONS) - own
    assert set(adapter.unavailable()) <= own
    assert {name for name in OPERATIONS if adapter.supports(name)} == own - set(adapter.unavailable())


def test_an_adapter_says_what_it_is(adapter: Adapter[Any, Any]) -> None:
    """It has a title and kinds of orders, and a cheap read that proves base URL and credentials."""
    assert adapter.title
    assert adapter.kinds
    assert set(adapter.kinds) <= {"purchase", "sale", "tradeIn"}
    assert type(adapter).cheap_read is not Adapter.cheap_read
    assert adapter.base_url is None or (adapter.base_url.startswith("https://") and not adapter.base_url.endswith("/"))


def test_every_setting_and_credential_is_described(subject: Subject) -> None:
    """Each key has a sentence for the reference of the configuration."""
    kind = subject.registration().adapter
    for model in (kind.Settings, kind.Credentials):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"
            assert field.description.rstrip().endswith("."), f"{model.__name__}.{name}"


def test_every_trait_has_its_source_and_its_numbers(adapter: Adapter[Any, Any]) -> None:
    """A trait names the document it is taken from, and has the times that its kind is decided by."""
    for step, trait in adapter.traits().items():
        assert len(trait.source) > 15, step
        assert trait.settle >= 0
        assert trait.probes >= 1
        if trait.kind in {"native_key", "async"}:
            assert trait.retention > 0, step


def test_a_callback_that_is_not_understood_is_refused(adapter: Adapter[Any, Any]) -> None:
    """Junk proves nothing, and is read as nothing."""
    for body in (b"", b"{}", b"\xff", b"[" * 2000):
        callback = Callback({}, body)
        assert adapter.verify_callback(callback) is False
        with pytest.raises(AdapterError):
            adapter.read_callback(callback)
