"""A reseller's account: the adapter joined to a simulated tenant without a network."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.contract import flow
from adapters.contract.adapter import Adapter, Token, WriteContext
from adapters.contract.errors import ProviderError
from adapters.contract.models.requests import NewOrder
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpRequest, HttpResponse
from adapters.reseller.simulator import ResellerSimulator
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
    """An adapter and its tenant. Whatever `tenant` names is set on the simulator: how this tenant differs."""

    def __init__(self, clock: Clock, **over: Any) -> None:
        self.clock = clock
        self.simulator = ResellerSimulator(now=clock, pace=60.0, seed=7)
        for name, value in over.get("tenant", {}).items():
            setattr(self.simulator, name, value)
        self.adapter: Adapter[Any, Any] = build("reseller", over.get("settings", {}), over.get("credentials", {}), None)
        self.token: Token | None = None
        self.sent: list[HttpRequest] = []

    def exchange(self, request: HttpRequest) -> HttpResponse | ProviderError:
        """Send one request as the gateway would, after the login."""
        if request.step != "login":
            if self.token is None:
                self.token = flow.run(self.adapter.login(self.clock()), self.exchange)
            request = self.adapter.authorize(request, self.token)
        self.sent.append(request)
        response = self.simulator.handle(Received.of(request)).response
        return self.adapter.error(request, response) or response

    def run(self, running: Any) -> Any:
        return flow.run(running, self.exchange)

    @property
    def context(self) -> WriteContext:
        return WriteContext("019315f2-0000-7000-8000-000000000001", self.clock())

    def place(self, reference: str, *lines: dict[str, Any], **over: Any) -> Any:
        order = NewOrder.model_validate({"reference": reference, "lines": list(lines), **over})
        return self.run(self.adapter.place_order(order, self.context))

    def read(self, order_id: str) -> Any:
        return self.run(self.adapter.get_order(order_id.removeprefix("reseller:")))

    def balance(self) -> str:
        return str(self.run(self.adapter.get_account()).balance.amount)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_account(clock: Clock) -> Callable[..., Account]:
    """Open an account with `settings`, `credentials` or `tenant` over what the simulator is by default."""
    return lambda **over: Account(clock, **over)


@pytest.fixture
def account(open_account: Callable[..., Account]) -> Account:
    return open_account()
