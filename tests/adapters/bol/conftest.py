"""bol's adapter against bol's simulator, without a network: a clock, an account, and an exchange of values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from adapters.bol.adapter import BolAdapter
from adapters.bol.simulator import BolSimulator
from adapters.contract import flow
from adapters.contract.adapter import Token, WriteContext
from adapters.contract.errors import ProviderError
from adapters.contract.flow import Flow
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpRequest, HttpResponse

START = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
PACE = 5.0


@dataclass
class Shop:
    """A simulator, an adapter for it, and everything that went over the wire."""

    settings: dict[str, Any] = field(default_factory=dict)
    credentials: dict[str, Any] = field(default_factory=dict)
    moment: datetime = START
    sent: list[tuple[HttpRequest, HttpResponse]] = field(default_factory=list)
    seed: int = 0

    def __post_init__(self) -> None:
        self.simulator = BolSimulator(now=lambda: self.moment, pace=PACE, seed=self.seed)
        self.adapter = BolAdapter(
            "bol",
            BolAdapter.Settings.model_validate({**self.simulator.settings, **self.settings}),  # type: ignore[arg-type]
            BolAdapter.Credentials.model_validate(  # type: ignore[arg-type]
                {**self.simulator.credentials, **self.credentials}
            ),
        )
        self.token: Token | None = None

    @property
    def context(self) -> WriteContext:
        """Return what a write is told."""
        return WriteContext(operation_id="019315f2-0000-7000-8000-000000000001", now=self.moment)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)

    def run(self, wanted: Flow[Any]) -> Any:
        """Drive a flow, logging in first where that has not been done."""
        if self.token is None:
            self.token = flow.run(self.adapter.login(self.moment), self.exchange)
        return flow.run(wanted, self.exchange)

    def exchange(self, request: HttpRequest) -> HttpResponse | ProviderError:
        """Carry one request over and its answer back."""
        sent = request if request.step == "login" else self.adapter.authorize(request, self.token)
        response = self.simulator.handle(Received.of(sent)).response
        self.sent.append((sent, response))
        return self.adapter.error(request, response) or response

    def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> HttpResponse:
        """Send the simulator a request of our own making; `accept_language` is a header."""
        path, _, query = target.partition("?")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        return self.simulator.handle(Received(method, path, pairs, named, body)).response

    def bearer(self) -> dict[str, str]:
        """Return the headers that every request needs."""
        self.token = self.token or flow.run(self.adapter.login(self.moment), self.exchange)
        return {
            "authorization": f"Bearer {self.token.value.get_secret_value()}",
            "accept": "application/vnd.retailer.v10+json",
        }


@pytest.fixture
def shop() -> Shop:
    """Return a shop at the start of its day."""
    return Shop()


@pytest.fixture
def open_shop() -> Callable[..., Shop]:
    """Return how to open a shop with other settings."""
    return Shop
