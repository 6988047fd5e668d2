"""Canaries in every credential and token: no failure of any kind brings one to light."""

import asyncio
import io
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
import structlog
from pydantic import SecretStr

from adapters.contract.adapter import Adapter, Token
from adapters.contract.errors import AdapterError
from adapters.contract.models.requests import NewOrder
from adapters.contract.models.resources import Resource
from adapters.contract.simulator import FAULT_KINDS, Received, Reply, Simulator
from adapters.contract.wire import HttpRequest, HttpResponse
from adapters.registry import BUILT_IN, load
from gateway.config.model import Timeouts
from gateway.errors import AdapterFault, describe
from gateway.operations.intents import Intent
from gateway.operations.recorder import thawed_answer
from gateway.operations.write import Write
from gateway.providers.channel import channel
from gateway.providers.outbound import Outbound
from gateway.providers.provider import Provider
from gateway.providers.tokens import _Held
from gateway.providers.trip import Trip, within
from gateway.simulation import served
from gateway.telemetry import logs
from policies.errors import PolicyError
from support.pacing import pacer_of
from support.scripted_provider import STOIC, Network
from support.written import Writing


def canary(adapter: str, member: str) -> str:
    """Return a secret that is found wherever it turns up."""
    return f"{adapter}@canary.example" if member == "email" else f"canary.{adapter}.{member.replace('_', '.')}.7261+/7"


class Seen:
    """What could leak: the log as it is printed, and texts that callers or operators see."""

    def __init__(self) -> None:
        self.log = io.StringIO()
        self.texts: list[str] = []
        self.secrets: set[str] = set()
        self.failures = 0

    def saw(self, *values: object) -> None:
        """Keep what somebody could read of values."""
        self.texts += [text for value in values for text in (repr(value), str(value))]

    def told(self, error: Exception, account: str) -> None:
        """Keep an error and the problem it becomes."""
        self.failures += 1
        self.saw(error, error.args, describe(error, account), describe(error, account).encoded())

    def leaks(self) -> list[str]:
        """Return every secret that stands somewhere."""
        everything = "\n".join([self.log.getvalue(), *self.texts])
        return sorted(secret for secret in self.secrets if secret in everything)


@pytest.fixture
def seen() -> Iterator[Seen]:
    """What a test lets be seen; its log is the real one, printed line by line."""
    seen = Seen()
    logs.configure(seen.log)
    # A logger that is kept would go on to print here after the test.
    structlog.configure(cache_logger_on_first_use=False)
    yield seen
    structlog.reset_defaults()


def accounts() -> Mapping[str, dict[str, str]]:
    """Return canaries for the credentials of each adapter, all of them that its simulator knows."""
    return {name: {member: canary(name, member) for member in load(name).simulator.credentials} for name in BUILT_IN}


def secrets_of(adapter: Adapter[Any, Any]) -> set[str]:
    """Return the credentials that are secrets, as they are and as in a form.

    Names of an account (an e-mail address, a client id) are none.
    """
    values = vars(adapter.credentials).values()
    texts = {value.get_secret_value() for value in values if isinstance(value, SecretStr)}
    return texts | {quote(text, safe="") for text in texts}


def adapter_of(name: str, credentials: Mapping[str, str]) -> Adapter[Any, Any]:
    """Return an adapter with these credentials, and what else its simulator needs."""
    registration = load(name)
    settings = dict(registration.simulator.settings)
    currency = settings.pop("currency", None)
    kind = registration.adapter
    return kind(name, kind.Settings(**settings), kind.Credentials(**credentials), currency)


def simulator_of(name: str, credentials: Mapping[str, str], seen: Seen) -> Simulator:
    """Return a simulator that accepts these credentials; the tokens that it is sent are secrets."""

    def now() -> datetime:
        return datetime.now(UTC)

    kind = load(name).simulator

    def handle(self: Simulator, received: Received) -> Reply:
        seen.secrets |= {word for word in received.headers.get("authorization", "").split() if len(word) > 8}
        return kind.handle(self, received)

    members = {"credentials": credentials, "slow_seconds": 1.3, "handle": handle}
    simulator: Simulator = type(kind.__name__, (kind,), members)(now=now, pace=0.0)
    return simulator


def provider_of(adapter: Adapter[Any, Any], url: str, outbound: Outbound) -> Provider:
    """Return an account at a simulator, without rates and with little patience."""
    timeouts = Timeouts(read=0.4, order=1.0)
    way = channel(url, simulator=True)
    return Provider(
        adapter, way, outbound, pacer_of(), timeouts, adapter_name=adapter.name, simulated=True, resilience=STOIC
    )


@asynccontextmanager
async def opened() -> AsyncIterator[Outbound]:
    """Open a client."""
    async with Outbound() as outbound:
        yield outbound


ORDER = NewOrder.model_validate(
    {
        "reference": "PO-1",
        "currency": "EUR",
        "shipTo": {
            "firstName": "Ada",
            "lastName": "Lovelace",
            "line1": "Unter den Linden 6",
            "city": "Berlin",
            "postalCode": "10117",
            "country": "DE",
            "email": "ada@example.com",
            "phone": "+4930123456",
        },
        "lines": [{"productId": "266-235", "quantity": 1}],
    }
)
CHANGES: Mapping[str, dict[str, Any]] = {
    "gelato": {
        "lines": [{"productId": "poster", "quantity": 1, "files": [{"role": "default", "url": "https://f.example/p"}]}]
    },
    "rexel": {"lines": [{"productId": "SCH:S520059", "quantity": 1}], "shipTo": None, "currency": None},
    "reseller": {"shipTo": None, "currency": None},
    "reusely": {
        "kind": "tradeIn",
        "shipTo": None,
        "currency": None,
        "customer": {"email": "grace@example.com", "firstName": "Grace", "lastName": "Hopper"},
        "payout": {"method": "PayPal"},
        "lines": [{"productId": "1", "quantity": 1, "condition": "1"}],
    },
}


def order_for(name: str) -> NewOrder:
    """Return an order that the provider might take; what matters is that it is sent."""
    members = ORDER.model_dump(by_alias=True, exclude_none=True) | CHANGES.get(name, {})
    return NewOrder.model_validate({member: value for member, value in members.items() if value is not None})


async def called(provider: Provider, fault: str, seen: Seen) -> None:
    """Read, log in, and write; keep what is seen of it."""
    adapter = provider.adapter
    for flow in (adapter.cheap_read, lambda: adapter.get_order("404"), adapter.get_account):
        try:
            result = await provider.run(flow(), Trip(within(5), "request-1"))
            seen.saw(result if isinstance(result, Resource) else None)
        except (AdapterError, PolicyError, AdapterFault) as error:
            seen.told(error, provider.name)
    with closing(Writing(provider)) as writing:
        trip = Trip(within(5), "request-1", "key-1")
        intent = Intent("orders.place", order_for(provider.name))
        operation, _ = await writing.engine.submit(Write("caller", "key-1", "f", provider, intent, trip))
        ended = await writing.engine.outcome(operation.id, 20)
        kept = await writing.journal.steps(operation.id)
    assert ended.answer is not None
    seen.failures += ended.state != "succeeded"
    seen.saw(ended, ended.answer.body, provider, adapter, adapter.credentials, trip, writing, sys.exc_info())
    seen.saw(*(step.request for step in kept), *(thawed_answer(step.answer).body for step in kept if step.answer))


async def test_no_fault_of_any_provider_brings_a_secret_to_light(seen: Seen, capfd: pytest.CaptureFixture[str]) -> None:
    """Two hundred failing calls, every fault of every simulator: nothing in logs, problems, operations and reprs."""
    credentials = accounts()
    for name in BUILT_IN:
        seen.secrets |= secrets_of(adapter_of(name, credentials[name]))
    simulators = {name: simulator_of(name, credentials[name], seen) for name in BUILT_IN}
    async with served(simulators) as urls, opened() as outbound:

        async def attacked(name: str) -> None:
            for fault in FAULT_KINDS:
                simulators[name].set_faults({fault: 1.0})
                provider = provider_of(adapter_of(name, credentials[name]), urls[name], outbound)
                await called(provider, fault, seen)

        await asyncio.gather(*(attacked(name) for name in BUILT_IN))
    assert seen.failures >= 200
    assert all(any(f"canary.{name}" in secret for secret in seen.secrets) for name in BUILT_IN)
    assert seen.leaks() == []
    captured = capfd.readouterr()
    assert not [secret for secret in seen.secrets if secret in captured.out + captured.err]


async def test_credentials_that_are_refused_are_not_shown(seen: Seen) -> None:
    """What a login host says of them is told, they are not."""
    credentials = accounts()
    simulators = {name: load(name).simulator(now=lambda: datetime.now(UTC), pace=0.0) for name in BUILT_IN}
    async with served(simulators) as urls, opened() as outbound:
        for name in BUILT_IN:
            provider = provider_of(adapter_of(name, credentials[name]), urls[name], outbound)
            seen.secrets |= secrets_of(provider.adapter)
            with pytest.raises(AdapterError) as refused:
                await provider.run(provider.adapter.cheap_read(), Trip(within(5), "request-1"))
            seen.told(refused.value, name)
            assert describe(refused.value, name).name in {"provider-credentials", "provider-account"}
    assert seen.leaks() == []


def echo(status: int) -> Any:
    """Return a provider that answers with all that it was sent, in every place that errors are read from."""

    def answered(request: HttpRequest) -> HttpResponse:
        words = " ".join(request.headers.values()) + " " + (request.body or b"").decode()
        members = "message msg detail title error error_description code errorCode errorMessage".split()
        body = dict.fromkeys(members, words) | {"success": False, "violations": [{"name": words, "reason": words}]}
        content = msgspec.json.encode(body)
        return HttpResponse(status, {"content-type": "application/json", "x-request-id": words[:180]}, content)

    return answered


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 422, 500])
@pytest.mark.parametrize("logged_in", [True, False])
async def test_a_provider_that_repeats_our_credentials_is_not_repeated(
    name: str, status: int, logged_in: bool, seen: Seen
) -> None:
    """Neither in its message, nor its code, nor a violation, nor its request id."""
    adapter = adapter_of(name, accounts()[name])
    seen.secrets |= secrets_of(adapter)
    network = Network(*[echo(status)] * 9)
    provider = Provider(
        adapter,
        channel("http://127.0.0.1:1"),
        network,
        pacer_of(),
        Timeouts(),
        adapter_name=name,
        simulated=True,
        resilience=STOIC,
    )
    if adapter.needs_login and logged_in:
        seen.secrets.add("canary.token.7261")
        provider._tokens._held = _Held(Token(SecretStr("canary.token.7261"), 1e9), time.monotonic())
    await called(provider, "", seen)
    assert network.requests
    assert seen.leaks() == []
