"""An adapter joined to a simulated tenant without a socket: what the reseller's tests drive."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.contract import flow
from adapters.contract.adapter import Token, WriteContext
from adapters.contract.errors import ProviderError
from adapters.contract.flow import Flow
from adapters.contract.models.requests import NewOrder
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpRequest, HttpResponse
from adapters.reseller.adapter import ResellerAdapter
from adapters.reseller.settings import ResellerCredentials, ResellerSettings
from adapters.reseller.simulator import ResellerSimulator

START = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that a test moves."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def pass_by(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class ResellerAccount:
    """One account: logs in once, sends what flows yield, remembers it."""

    adapter: ResellerAdapter
    simulator: ResellerSimulator
    clock: Clock
    token: Token | None = None
    sent: list[HttpRequest] = field(default_factory=list)

    def run(self, running: Flow[Any]) -> Any:
        """Drive a flow against the simulator."""
        return flow.run(running, self.exchange)

    def exchange(self, request: HttpRequest) -> HttpResponse | ProviderError:
        """Send one request as the gateway would, the login where it is needed included."""
        if request.step != "login":
            if self.token is None:
                self.token = flow.run(self.adapter.login(self.clock.now()), self.exchange)
            request = self.adapter.authorize(request, self.token)
        self.sent.append(request)
        response = self.simulator.handle(Received.of(request)).response
        return self.adapter.error(request, response) or response

    @property
    def context(self) -> WriteContext:
        return WriteContext("019315f2-0000-7000-8000-000000000001", self.clock.now())

    def place(self, order: dict[str, Any]) -> Any:
        """Place an order stated as canonical JSON."""
        return self.run(self.adapter.place_order(NewOrder.model_validate(order), self.context))


def account(
    settings: dict[str, Any] | None = None,
    credentials: dict[str, Any] | None = None,
    simulator: type[ResellerSimulator] = ResellerSimulator,
    pace: float = 1.0,
) -> ResellerAccount:
    """Return an account of a fresh tenant."""
    clock = Clock()
    adapter = ResellerAdapter(
        "reseller",
        ResellerSettings.model_validate(settings or {}),
        ResellerCredentials.model_validate({**simulator.credentials, **(credentials or {})}),
    )
    return ResellerAccount(adapter, simulator(now=clock.now, seed=7, pace=pace), clock)
