"""What the conformance suite knows of a provider, and an account there: its adapter joined to its simulator.

A `Subject` is all that differs from provider to provider in the suite. Everything else is the same for all.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from adapters.contract import flow
from adapters.contract.adapter import Adapter, Token, WriteContext
from adapters.contract.errors import ProviderError, RateLimited
from adapters.contract.models.requests import NewOrder
from adapters.contract.simulator import Received, Reply, Simulator
from adapters.contract.wire import HttpRequest, HttpResponse
from adapters.registry import Registration

START = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
SKEW = timedelta(minutes=5)
"""What the gateway takes off a time before it looks for something since then."""
PACE = 60.0
"""Seconds that a simulated provider takes for a step of anything asynchronous."""
_TICK = timedelta(milliseconds=60)
_PATIENCE = 15
"""How often a request is sent again after a 429, each time when the provider said."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One provider's entry in the suite: the few facts that no generic test can guess."""

    name: str
    registration: Callable[[], Registration]
    currency: str | None = None
    """The account's `currency`, where it is to be another than the simulator's."""
    order: Mapping[str, Any] | None = None
    """A minimal order that the simulator takes: NewOrder as JSON, with one line and without `reference`."""
    customer_order: Mapping[str, Any] | None = None
    """For providers whose orders come from customers: what `POST /_simulator/orders` takes, two lines or more."""
    product: str | None = None
    """The native id of a product."""
    category: str | None = None
    """The native id of a category that has products."""
    carrier: str | None = None
    """A carrier that shipments can be confirmed with."""
    cancellation_reason: str | None = None
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Other settings whose requests are tried too, by a name for people; None takes a setting away."""
    more_members: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By member path: orders (over `order`) that state the member with content that this provider takes."""
    translated: frozenset[str] = frozenset()
    """Member paths that must arrive at the provider: refusing them would be a regression."""

    @property
    def folder(self) -> Path:
        """Return where the adapter's files lie."""
        return Path(inspect.getfile(self.registration().adapter)).parent

    def adapter(
        self,
        settings: Mapping[str, Any] | None = None,
        credentials: Mapping[str, Any] | None = None,
        currency: str | None = None,
    ) -> Adapter[Any, Any]:
        """Return the adapter of a simulated account, with members over its settings and credentials."""
        found = self.registration()
        stated = {**found.simulator.settings, **(settings or {})}
        return found.adapter(
            self.name,
            found.adapter.Settings.model_validate(_stated(stated)),
            found.adapter.Credentials.model_validate(_stated({**found.simulator.credentials, **(credentials or {})})),
            currency or self.currency or found.simulator.currency,
        )

    def bare_adapter(self, currency: str | None = None) -> Adapter[Any, Any]:
        """Return the adapter with the fewest settings and credentials that can be configured."""
        found = self.registration()
        return found.adapter(
            self.name,
            _fewest(found.adapter.Settings, found.simulator.settings),
            _fewest(found.adapter.Credentials, found.simulator.credentials),
            currency,
        )

    def new_order(self, reference: str, lines: int = 1, **over: Any) -> NewOrder:
        """Return the minimal order with its line that often, and members over it."""
        minimal = dict(self.order or {})
        return NewOrder.model_validate({"reference": reference, **minimal, "lines": minimal["lines"] * lines, **over})


def _stated(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _fewest(model: Any, known: Mapping[str, Any]) -> Any:
    for count in range(len(known) + 1):
        for names in combinations(known, count):
            try:
                return model.model_validate({name: known[name] for name in names})
            except ValidationError:
                continue
    raise AssertionError(f"{model.__name__} cannot be configured with what the simulator states")


class Account:
    """An adapter and a simulator on one clock, which moves on a little with every request."""

    def __init__(
        self,
        subject: Subject,
        settings: Mapping[str, Any] | None = None,
        credentials: Mapping[str, Any] | None = None,
        seed: int = 7,
    ) -> None:
        self.subject = subject
        self.now = START
        self.simulator: Simulator = subject.registration().simulator(now=lambda: self.now, seed=seed, pace=PACE)
        self.adapter = subject.adapter(settings, credentials)
        self.sent: list[HttpRequest] = []
        self._token: Token | None = None
        self._token_ends = self.now
        self._references = self._numbers()

    @staticmethod
    def _numbers() -> Iterator[int]:
        number = 0
        while True:
            yield (number := number + 1)

    @property
    def context(self) -> WriteContext:
        """Return what a new write is told."""
        return WriteContext(f"019315f2-0000-7000-8000-{next(self._references):012d}", self.now)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def run(self, steps: flow.Flow[Any]) -> Any:
        """Drive a flow to its result, as the gateway would."""
        return flow.run(steps, self.exchange)

    def exchange(self, request: HttpRequest) -> HttpResponse | ProviderError:
        """Send one request of the adapter; where the provider says "too many", wait and send it again."""
        self.sent.append(request)
        for _ in range(_PATIENCE):
            response = self.send(self.authorized(request)).response
            error = self.adapter.error(request, response)
            if not isinstance(error, RateLimited):
                return error or response
            self.wait(error.retry_after or 60.0)
        raise AssertionError(f"too many requests, however long one waits: {request}")

    def authorized(self, request: HttpRequest) -> HttpRequest:
        """Return a request as it leaves, after a login where that is due."""
        if request.step == "login":
            return request
        if self.adapter.needs_login and (self._token is None or self.now >= self._token_ends):
            token: Token = self.run(self.adapter.login(self.now))
            self._token, self._token_ends = token, self.now + timedelta(seconds=0.8 * token.lifetime)
        return self.adapter.authorize(request, self._token)

    def send(self, request: HttpRequest) -> Reply:
        """Give the simulator a request as it is."""
        self.now += _TICK
        return self.simulator.handle(Received.of(request))

    def native(self, canonical: str) -> str:
        """Return the provider's own id of one that callers use."""
        assert canonical.startswith(self.adapter.id("")), canonical
        return canonical.removeprefix(self.adapter.id(""))

    def arranged_order(self) -> str:
        """Return the native id of a new order with two lines: placed here, or made by a customer of the provider."""
        if self.adapter.supports("place_order"):
            placed = self.run(self.adapter.place_order(self.subject.new_order(self.reference(), 2), self.context))
            return self.native(placed.id)
        body = msgspec.json.encode(self.subject.customer_order)
        reply = self.simulator.handle(Received("POST", "/_simulator/orders", body=body))
        assert reply.response.status == 201, reply.response.body
        return str(msgspec.json.decode(reply.response.body)["id"])

    def reference(self) -> str:
        """Return an order reference that was not used here."""
        return f"T-{next(self._references)}"

    def happened(self) -> Any:
        """Return what really happened at the provider, without counts of requests, faults and exceeded limits."""
        told = self.simulator.truth()
        counts = {"requests", "faults"} | {name for name, value in told.items() if isinstance(value, int)}
        return {name: value for name, value in told.items() if name not in counts}
