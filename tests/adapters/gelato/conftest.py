"""One connector of GelatoConnect: the adapter before its simulator, with a clock that only the test moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.contract import flow
from adapters.contract.adapter import WriteContext
from adapters.contract.errors import ProviderError
from adapters.contract.models.requests import NewOrder
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpRequest, HttpResponse
from adapters.gelato.adapter import GelatoAdapter
from adapters.gelato.settings import GelatoCredentials, GelatoSettings
from adapters.gelato.simulator import GelatoSimulator


@dataclass
class Connector:
    """Runs flows of one adapter against one simulator."""

    settings: dict[str, Any] = field(default_factory=dict)
    simulation: dict[str, Any] = field(default_factory=dict)
    now: datetime = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
    sent: list[HttpRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.simulator = GelatoSimulator(now=lambda: self.now, **self.simulation)
        self.adapter = self.account()

    def account(self, **settings: Any) -> GelatoAdapter:
        """Return another account of the same connector."""
        return GelatoAdapter(
            "prints",
            GelatoSettings.model_validate({**self.settings, **settings}),
            GelatoCredentials.model_validate(self.simulator.credentials),
            "EUR",
        )

    def run(self, steps: flow.Flow[Any]) -> Any:
        """Run a flow to its result."""
        return flow.run(steps, self.exchange)

    def exchange(self, request: HttpRequest) -> HttpResponse | ProviderError:
        """Send one request to the simulator."""
        self.sent.append(request)
        response = self.simulator.handle(Received.of(self.adapter.authorize(request, None))).response
        return self.adapter.error(request, response) or response

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    @property
    def context(self) -> WriteContext:
        """Return what a write that begins now is told."""
        return WriteContext(operation_id="019315f2-0000-7000-8000-000000000001", now=self.now)

    def place(self, reference: str = "A-1", **members: Any) -> str:
        """Place an order and return Gelato's own id of it."""
        placed = self.run(self.adapter.place_order(new_order(reference, **members), self.context))
        return str(placed.id).removeprefix("prints:")

    def status(self, native: str) -> str:
        """Return the canonical status of an order."""
        return str(self.run(self.adapter.get_order(native)).status)


def new_order(
    reference: str = "A-1", country: str = "DE", line: dict[str, Any] | None = None, **members: Any
) -> NewOrder:
    """Return an order for one mug."""
    address = {
        "country": country,
        "firstName": "Erika",
        "lastName": "Mustermann",
        "line1": "Heidestr. 17",
        "city": "Berlin",
        "postalCode": "10557",
        "email": "erika@example.com",
        "phone": "+493012345678",
    }
    files = [{"role": "default", "url": "https://www.example.com/print.pdf"}]
    one = {
        "productId": "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0",
        "quantity": 2,
        "files": files,
        **(line or {}),
    }
    return NewOrder.model_validate({"reference": reference, "shipTo": address, "lines": [one], **members})


@pytest.fixture
def connector() -> Connector:
    """Return a connector whose orders take one second for each step."""
    return Connector()


@pytest.fixture
def connect() -> Callable[..., Connector]:
    """Return what makes connectors with settings and simulations of the test's own."""
    return Connector


@pytest.fixture
def order() -> Callable[..., NewOrder]:
    """Return what makes orders."""
    return new_order
