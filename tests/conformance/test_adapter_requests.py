"""What leaves: the same requests for the same input, nothing empty, every value in its own segment, known limits."""

import contextlib
import re
from typing import Any

import pytest

from adapters.contract import codec, flow
from adapters.contract.adapter import Adapter
from adapters.contract.errors import AdapterError, NotFound, Refusal
from adapters.contract.models.requests import CategoryQuery, NewCancellation, ProductQuery
from adapters.contract.simulator import Received
from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpRequest
from support.conformance import Account, Subject
from support.conformance_calls import RESULTS, kinds_of_requests, play, recordings
from support.conformance_values import at, check_request

HOSTILE = (
    "a/b",
    "../../admin",
    "..",
    ".",
    "a?b=c",
    "a#b",
    "100%",
    "%2e%2e",
    "a b",
    "é€𝄞",
    "a;b=c",
    "a\\b",
    "a:b@c",
    "'\"<>",
)


def test_every_call_of_the_suite_is_made_where_it_is_supported(subject: Subject) -> None:
    """The recordings that most tests here look at hold every operation that the account answers."""
    made = {recording.call.operation for recording in recordings(subject.name)}
    assert made <= set(RESULTS)
    adapter = subject.adapter()
    supported = {operation for operation in RESULTS if overridden(adapter, operation)}
    assert made == supported - set(adapter.unavailable())


def overridden(adapter: Adapter[Any, Any], method: str) -> bool:
    """Tell whether an adapter has a method of its own."""
    return getattr(type(adapter), method) is not getattr(Adapter, method)


def test_a_request_is_complete_and_nothing_empty_leaves(subject: Subject) -> None:
    """Routes resolve; null, empty text, empty objects and empty lists are in no body, query or header."""
    for recording in recordings(subject.name):
        for request in recording.requests:
            check_request(request, recording.adapter())


def test_the_same_input_gives_the_same_requests(subject: Subject) -> None:
    """A flow that is run twice with the same answers sends the same bytes twice."""
    for recording in recordings(subject.name):
        again = play(recording)
        assert [sent(request) for request in again.requests] == [sent(request) for request in recording.requests]
        assert again.result == recording.result or not hasattr(recording.result, "__struct_fields__")


def sent(request: HttpRequest) -> tuple[Any, ...]:
    """Return everything of a request, the parts that are in no `repr` included."""
    return (request.method, request.origin, request.target, dict(request.headers), request.body, request.effect)


def test_a_request_that_changes_nothing_says_so(subject: Subject) -> None:
    """Operations that read make requests with effect `read`; every write has one step that commits, or some alike."""
    writes = {"place_order", "cancel_order", "change_delivery", "confirm_shipment", "change_shipment"}
    for recording in recordings(subject.name):
        effects = [request.effect for request in recording.requests]
        if recording.call.operation in writes:
            steps = {request.step for request in recording.requests if request.effect == "commit"}
            assert len(steps) == 1, recording
            assert "commit" not in effects[: effects.index("commit")]
            assert set(effects[effects.index("commit") :]) == {"commit"}, (
                "what follows a commit is lost with its answer"
            )
        else:
            assert set(effects) <= {"read"}, recording


def named(adapter: Adapter[Any, Any], operation: str, native: str, account: Account) -> flow.Flow[Any]:
    """Return a flow of an operation about one thing, with its native id."""
    match operation:
        case "list_categories":
            return adapter.list_categories(CategoryQuery(parent=native))
        case "list_products":
            return adapter.list_products(ProductQuery(category=native))
        case "cancel_order":
            return adapter.cancel_order(native, NewCancellation(), account.context)
        case _:
            flow_of: flow.Flow[Any] = getattr(adapter, operation)(native)
            return flow_of


@pytest.mark.parametrize(
    "operation", ["get_order", "get_product", "list_shipments", "cancel_order", "list_categories", "list_products"]
)
def test_an_id_with_any_character_stays_one_segment(account: Account, operation: str) -> None:
    """What fills a route arrives at the provider as exactly that one segment, and names nothing else there."""
    for native in HOSTILE if account.adapter.supports(operation) else ():
        before = account.happened()
        ask(account, operation, native)
        for request in account.sent:
            arrives_whole(request)
        assert account.happened() == before


def ask(account: Account, operation: str, native: str) -> None:
    """Ask about something that does not exist: that it does not is the only answer."""
    allowed = (AdapterError,) if operation.startswith("list_") else (NotFound, Refusal)
    with contextlib.suppress(*allowed):
        account.run(named(account.adapter, operation, native, account))


def arrives_whole(request: HttpRequest) -> None:
    """Raise AssertionError unless the server sees the route's segments, each value as one of them."""
    template = request.route.strip("/").split("/")
    received = Received.of(request)
    prefix = len(received.segments) - len(template)
    assert prefix == 0 or request.origin is not None
    for part, segment in zip(template, received.segments[prefix:], strict=True):
        for name in re.findall(r"^\{(\w+)\}$", part):
            assert segment == request.path_values[name]


def limit_matches(limit: RateLimit, request: HttpRequest) -> bool:
    """Tell whether a request counts toward a limit."""
    if limit.method not in {"*", request.method}:
        return False
    if limit.route == "*":
        return True
    wanted, given = limit.route.split("/"), request.route.split("/")
    if wanted[-1] == "**":
        wanted, given = wanted[:-1], given[: len(wanted) - 1]
    return len(wanted) == len(given) and all(part in {"*", other} for part, other in zip(wanted, given, strict=True))


def test_every_limit_is_about_requests_that_are_made(subject: Subject) -> None:
    """A documented rate names a method and a route that the adapter uses, and a partition that its bodies have."""
    for settings in ({}, *subject.variants.values()):
        adapter = subject.adapter(settings)
        for limit in adapter.limits():
            assert limit.requests > 0
            assert limit.seconds > 0
            assert len(limit.source) > 10
            made = [request for request in kinds_of_requests(subject.name) if limit_matches(limit, request)]
            assert made, f"no request matches {limit.method} {limit.route}"
            if limit.partition is not None:
                pointer = tuple(limit.partition.strip("/").split("/"))
                assert all(at(codec.decode(request.body or b""), pointer) for request in made)
