"""Every call that an adapter answers, made once against its simulator, and played again without one.

A `Recording` holds what was sent and answered. Playing it again, with the same answers or with some of them changed,
needs no simulator: an adapter is a function of its input and of what it is answered.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.contract import flow
from adapters.contract.adapter import Adapter, ProcessState, Token
from adapters.contract.errors import ProviderError, Unavailable
from adapters.contract.models import resources
from adapters.contract.models.catalog import Availability, Category, Product
from adapters.contract.models.requests import (
    AvailabilityItem,
    CategoryQuery,
    DeliveryChange,
    NewCancellation,
    NewShipment,
    OrderQuery,
    ProductQuery,
    ShipmentChange,
)
from adapters.contract.models.resources import Order, OrderChange, Page, Shipment
from adapters.contract.wire import HttpRequest, HttpResponse
from support.conformance import PACE, START, Account, Subject
from support.conformance_words import check_words

RESULTS: Mapping[str, Any] = {
    "login": Token,
    "cheap_read": Any,
    "list_categories": Page[Category],
    "list_products": Page[Product],
    "get_product": Product,
    "check_availability": tuple[Availability, ...],
    "place_order": Order,
    "list_orders": Page[Order],
    "get_order": Order,
    "cancel_order": OrderChange,
    "change_delivery": OrderChange,
    "list_shipments": Page[Shipment],
    "confirm_shipment": OrderChange,
    "change_shipment": OrderChange,
    "get_account": resources.Account,
    "find_order": Order | None,
    "poll": tuple[ProcessState, ...],
    "find_processes": tuple[ProcessState, ...],
    "has_shipment": bool,
}
"""What each method of an adapter returns, and so the list of those that are called here."""

_MOST_REQUESTS = 500


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an adapter's method."""

    operation: str
    arguments: tuple[Any, ...] = ()

    def start(self, adapter: Adapter[Any, Any]) -> flow.Flow[Any]:
        """Return a fresh flow of this call."""
        started: flow.Flow[Any] = getattr(adapter, self.operation)(*self.arguments)
        return started


@dataclass(frozen=True, slots=True)
class Recording:
    """One call and everything that went over the wire for it."""

    subject: Subject
    settings: Mapping[str, Any]
    variant: str
    call: Call
    requests: tuple[HttpRequest, ...]
    answers: tuple[HttpResponse | ProviderError, ...]
    result: Any

    def __str__(self) -> str:
        return f"{self.subject.name} {self.variant} {self.call.operation}".replace("  ", " ")

    def adapter(self, credentials: Mapping[str, Any] | None = None) -> Adapter[Any, Any]:
        """Return an adapter configured as the recorded one was; it keeps no state, so one will do for many."""
        return self.subject.adapter(self.settings, credentials) if credentials else _adapter(self.subject, self.variant)


@functools.cache
def _adapter(subject: Subject, variant: str) -> Adapter[Any, Any]:
    return subject.adapter(subject.variants.get(variant))


@dataclass(slots=True)
class Played:
    """What came of a recording that was played again."""

    requests: list[HttpRequest] = field(default_factory=list)
    result: Any = None


def play(
    recording: Recording,
    changed: Mapping[int, HttpResponse | ProviderError] | None = None,
    adapter: Adapter[Any, Any] | None = None,
) -> Played:
    """Play a recording again, with other answers to the requests at the numbers in `changed`.

    A request beyond the recorded ones is answered "unavailable". Raises what the flow raises, if `check_words` lets it.
    """
    speaker, played = adapter or recording.adapter(), Played()
    said: list[ProviderError] = []

    def exchange(request: HttpRequest) -> HttpResponse | ProviderError:
        place = len(played.requests)
        played.requests.append(request)
        assert place < _MOST_REQUESTS, f"{recording} does not end"
        if changed is not None and place in changed:
            answer = changed[place]
        elif place < len(recording.answers):
            answer = recording.answers[place]
        else:
            answer = Unavailable("beyond the recording", status=503)
        if not isinstance(answer, ProviderError):
            fresh = HttpResponse(answer.status, answer.headers, answer.body)
            answer = speaker.error(request, fresh) or fresh
        if isinstance(answer, ProviderError):
            said.append(answer)
        return answer

    try:
        played.result = flow.run(recording.call.start(speaker), exchange)
    except ProviderError as error:
        check_words(error, said)
        raise
    return played


def failure(recording: Recording, changed: Mapping[int, HttpResponse | ProviderError]) -> ProviderError | None:
    """Return the error that a write ends with which has one request that commits.

    It is raised; None where instead every part of a change is said to be unknown, and why.
    """
    try:
        result = play(recording, changed).result
    except ProviderError as error:
        return error
    assert isinstance(result, OrderChange), f"{recording} swallowed its failure"
    assert result.parts
    assert all(part.state == "unknown" and part.problem and part.problem.title for part in result.parts)
    return None


@functools.cache
def recordings(name: str) -> tuple[Recording, ...]:
    """Return the recordings of every call that a provider's accounts answer, the standard one's and its variants'."""
    subject = KNOWN[name]
    return tuple(
        recording
        for variant, settings in {"": {}, **subject.variants}.items()
        for recording in _recorded(subject, variant, settings)
    )


KNOWN: dict[str, Subject] = {}
"""The subjects of this run, by name: the suite's conftest fills it."""


def _recorded(subject: Subject, variant: str, settings: Mapping[str, Any]) -> Iterator[Recording]:
    account = Account(subject, settings)
    for call in calls(account):
        requests: list[HttpRequest] = []
        answers: list[HttpResponse | ProviderError] = []

        def exchange(
            request: HttpRequest,
            requests: list[HttpRequest] = requests,
            answers: list[HttpResponse | ProviderError] = answers,
        ) -> HttpResponse | ProviderError:
            requests.append(request)
            answers.append(account.exchange(request))
            return answers[-1]

        result = flow.run(call.start(account.adapter), exchange)
        yield Recording(subject, settings, variant, call, tuple(requests), tuple(answers), result)


def calls(account: Account) -> Iterator[Call]:
    """Yield every call that the account answers. Between two of them the account is brought where the next can work."""
    if account.adapter.needs_login:
        yield Call("login", (START,))
    yield Call("cheap_read")
    yield from _catalog_calls(account)
    if account.adapter.supports("place_order"):
        yield from _placing_calls(account)
    yield from _order_calls(account)
    yield from _change_calls(account)
    if account.adapter.supports("confirm_shipment"):
        yield from _shipment_calls(account)
    if account.adapter.supports("get_account"):
        yield Call("get_account")


def _catalog_calls(account: Account) -> Iterator[Call]:
    subject, supports = account.subject, account.adapter.supports
    for parent in _parents(account) if supports("list_categories") else ():
        yield Call("list_categories", (CategoryQuery(parent=parent, limit=10),))
    if supports("list_products"):
        yield Call("list_products", (ProductQuery(category=subject.category, limit=10),))
    if supports("get_product"):
        yield Call("get_product", (subject.product,))
    if supports("check_availability"):
        items = [AvailabilityItem(product_id=str(subject.product), quantity=2)]
        yield Call("check_availability", (items, START))


def _parents(account: Account) -> Iterator[str | None]:
    """Yield None and the way down along the first category that has more below it."""
    parent: str | None = None
    seen: set[str | None] = set()
    while parent not in seen:
        seen.add(parent)
        yield parent
        page = account.run(account.adapter.list_categories(CategoryQuery(parent=parent)))
        if page.items:
            parent = account.native(page.items[0].id)


def _placing_calls(account: Account) -> Iterator[Call]:
    yield Call("place_order", (account.subject.new_order(account.reference()), account.context))
    order, context = account.subject.new_order(account.reference(), 2), account.context
    yield Call("place_order", (order, context))
    trait = account.adapter.traits()["place"]
    if trait.kind != "none" and type(account.adapter).find_order is not Adapter.find_order:
        account.wait(trait.settle)
        yield Call("find_order", (order, context.now, context))


def _order_calls(account: Account) -> Iterator[Call]:
    supports = account.adapter.supports
    native = account.arranged_order()
    if supports("list_orders"):
        yield Call("list_orders", (OrderQuery(limit=5),))
    for _ in range(2 if supports("get_order") else 0):
        yield Call("get_order", (native,))
        account.wait(30 * PACE)
    if supports("list_shipments"):
        yield Call("list_shipments", (native,))


def _change_calls(account: Account) -> Iterator[Call]:
    supports = account.adapter.supports
    if supports("cancel_order"):
        yield Call("cancel_order", (account.arranged_order(), NewCancellation(), account.context))
        other = account.adapter.cancel_order(account.arranged_order(), NewCancellation(), account.context)
        yield from _process_calls(account, account.run(other), "cancel")
    if supports("change_delivery"):
        address = {**account.subject.new_order("T").model_dump(exclude_none=True)["ship_to"], "line1": "Lindenallee 3"}
        change = DeliveryChange.model_validate({"ship_to": address})
        yield Call("change_delivery", (account.arranged_order(), change, account.context))


def _shipment_calls(account: Account) -> Iterator[Call]:
    order = account.arranged_order()
    shipment = NewShipment(carrier=account.subject.carrier, tracking_code="3SZQ123456789")
    yield Call("confirm_shipment", (order, shipment, account.context))
    if account.adapter.supports("change_shipment"):
        account.wait(5 * PACE)
        native = account.run(account.adapter.list_shipments(order)).items[0].id
        change = ShipmentChange(tracking_code="3SZQ987654321")
        yield Call("change_shipment", (order, native, change, account.context))
        for wanted in [(None, shipment), (native, change)] if account.adapter.has("has_shipment") else []:
            yield Call("has_shipment", (order, *wanted))


def _process_calls(account: Account, change: OrderChange, step: str) -> Iterator[Call]:
    """Yield the look-ups of the processes that a change started, where it works asynchronously."""
    processes = {part.process: part.id for part in change.parts or () if part.process}
    for count in sorted({1, len(processes)}) if processes else ():
        yield Call("poll", ([*processes][:count],))
    account.wait(5 * PACE)
    if processes:
        yield Call("find_processes", (next(iter(processes.values())), step))


def kinds_of_requests(name: str) -> tuple[HttpRequest, ...]:
    """Return one request of each step and route that a provider is sent, logins included."""
    found: dict[tuple[str, str, str], HttpRequest] = {}
    for recording in recordings(name):
        for request in recording.requests:
            found.setdefault((request.method, request.route, request.step), request)
    return tuple(found.values())


def good_bodies(name: str) -> tuple[bytes, ...]:
    """Return the bodies that a provider answered with."""
    answers = (answer for recording in recordings(name) for answer in recording.answers)
    return tuple(dict.fromkeys(answer.body for answer in answers if isinstance(answer, HttpResponse)))
