"""An account at the simulated Rexel: the adapter joined to the simulator without a network."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.contract import flow
from adapters.contract.adapter import Adapter, Token, WriteContext
from adapters.contract.errors import ProviderError
from adapters.contract.models.requests import NewOrder
from adapters.contract.simulator import Received, Simulator
from adapters.contract.wire import HttpRequest, HttpResponse
from adapters.rexel.simulator import RexelSimulator
from support.cases import build


class Account:
    """An adapter and its simulator on one clock, which moves on a little with every request unless it is stopped."""

    def __init__(self, simulator: type[Simulator], over: dict[str, Any]) -> None:
        self.time = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
        self.tick = timedelta(milliseconds=60)
        self.simulator = simulator(now=lambda: self.time, pace=60.0, seed=7, faults=over.get("faults"))
        self.adapter: Adapter[Any, Any] = build(
            "rexel", over.get("settings", {}), over.get("credentials", {}), over.get("currency")
        )
        self.token: Token | None = None
        self.sent: list[HttpRequest] = []

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def exchange(self, request: HttpRequest) -> HttpResponse | ProviderError:
        """Send one request as the gateway would, the login before it included."""
        if request.step != "login":
            if self.token is None and self.adapter.needs_login:
                self.token = self.run(self.adapter.login(self.time))
            request = self.adapter.authorize(request, self.token)
        self.time += self.tick
        self.sent.append(request)
        response = self.simulator.handle(Received.of(request)).response
        return self.adapter.error(request, response) or response

    def run(self, running: Any) -> Any:
        return flow.run(running, self.exchange)

    def place(self, order: NewOrder, operation: str = "operation-1") -> Any:
        return self.run(self.adapter.place_order(order, WriteContext(operation, self.time)))


@pytest.fixture
def open_account() -> Callable[..., Account]:
    """Open an account with `settings`, `credentials`, `currency` or `faults` over the simulator's."""

    def open_it(simulator: type[Simulator] = RexelSimulator, **over: Any) -> Account:
        return Account(simulator, over)

    return open_it


@pytest.fixture
def account(open_account: Callable[..., Account]) -> Account:
    return open_account()


@pytest.fixture
def an_order() -> Callable[..., NewOrder]:
    """Make an order that the simulator takes, with members over it."""

    def make(**over: Any) -> NewOrder:
        order = {
            "reference": "PO-1",
            "lines": [{"productId": "SCH:APCRBCV202", "quantity": 2}, {"productId": "HAG:MFN716/A", "quantity": 1}],
            "shipTo": {
                "firstName": "Ann",
                "lastName": "Lee",
                "line1": "12 rue de la Paix",
                "city": "Lyon",
                "postalCode": "69003",
                "country": "FR",
            },
            **over,
        }
        return NewOrder.model_validate(order)

    return make
