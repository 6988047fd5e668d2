"""A merchant's account: the adapter joined to the simulated Reusely without a network."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.contract import flow
from adapters.contract.adapter import Adapter
from adapters.contract.errors import ProviderError
from adapters.contract.models.requests import NewOrder
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpRequest, HttpResponse
from adapters.reusely.simulator import ReuselySimulator
from support.cases import build


class Clock:
    """A clock that stands until it is put forward."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Account:
    """An adapter and its simulator. The offers of the simulator take a minute for each stage."""

    def __init__(self, clock: Clock, **over: Any) -> None:
        self.simulator = ReuselySimulator(now=clock, pace=60.0, seed=7)
        self.adapter: Adapter[Any, Any] = build(
            "reusely", over.get("settings", {}), over.get("credentials", {}), over.get("currency", "USD")
        )
        self.sent: list[HttpRequest] = []

    def exchange(self, request: HttpRequest) -> HttpResponse | ProviderError:
        authorized = self.adapter.authorize(request, None)
        self.sent.append(authorized)
        response = self.simulator.handle(Received.of(authorized)).response
        return self.adapter.error(request, response) or response

    def run(self, running: Any) -> Any:
        return flow.run(running, self.exchange)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_account(clock: Clock) -> Callable[..., Account]:
    """Open an account with `settings`, `credentials` or `currency` over the simulator's."""
    return lambda **over: Account(clock, **over)


@pytest.fixture
def account(open_account: Callable[..., Account]) -> Account:
    return open_account()


@pytest.fixture
def an_order() -> Callable[..., NewOrder]:
    """Make an order that the simulator takes, with members over it."""

    def make(email: str = "ann@customers.example", **over: Any) -> NewOrder:
        order = {
            "reference": "T-1",
            # Kite 6, unlocked, 128 GB, in good condition
            "lines": [{"productId": "20057", "condition": "12", "quantity": 1}],
            "customer": {"email": email, "firstName": "Ann", "lastName": "Lee"},
            "payout": {"method": "PayPal"},
            **over,
        }
        return NewOrder.model_validate({name: value for name, value in order.items() if value is not None})

    return make
