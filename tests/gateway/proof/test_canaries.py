"""Canaries in every credential, token and provider's answer of a whole gateway: nothing that fails brings one to light.

Some hundreds of failing calls in every run of the tests, ten thousand under `make prove`.
"""

import asyncio
import base64
import io
import itertools
import os
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp
import msgspec
import pytest
import structlog

from adapters import registry
from adapters.contract.traits import RateLimit
from adapters.registry import Registration
from gateway.app import Gateway
from gateway.config.load import load
from gateway.telemetry import logs
from support.adversary import Adversary, attacking
from support.collector import Collector, collecting

CALLS = 10_000 if os.environ.get("ORDERGATE_PROVE") else 300
AT_ONCE = 8
CALLER_KEY = "canary-caller-key-7261/+"

# Without a circuit, which would keep most of the calls from the provider.
CONFIGURATION = """\
listen:
  port: 0
admin:
  port: 0
  token: ${ADMIN_TOKEN}
store:
  url: sqlite:journal.db
  ephemeral: true
telemetry:
  prometheus: true
  otlp:
    endpoint: ${COLLECTOR}
    sample_ratio: 1
    headers:
      Authorization: ${COLLECTOR_KEY}
callers:
  shop:
    keys: ${CALLER_HASH}
    scopes: [catalog:read, orders:read, orders:write]
providers:
  bol:
    adapter: bol
    resilience:
      breaker_failures: 0
      read_retries: 0
      order_retries: 0
    base_url: ${ADVERSARY}
    login_url: ${ADVERSARY}
    credentials:
      client_id: ${BOL_ID}
      client_secret: ${BOL_SECRET}
  gelato:
    adapter: gelato
    resilience:
      breaker_failures: 0
      read_retries: 0
      order_retries: 0
    base_url: ${ADVERSARY}
    credentials:
      api_key: ${GELATO_KEY}
      api_secret: ${GELATO_SECRET}
  rexel:
    adapter: rexel
    resilience:
      breaker_failures: 0
      read_retries: 0
      order_retries: 0
    base_url: ${ADVERSARY}
    token_url: ${ADVERSARY}/oauth2/token
    id_customer: '1234567'
    credentials:
      client_id: ${REXEL_ID}
      client_secret: ${REXEL_SECRET}
      subscription_key: ${REXEL_KEY}
  reseller:
    adapter: reseller
    resilience:
      breaker_failures: 0
      read_retries: 0
      order_retries: 0
    base_url: ${ADVERSARY}
    credentials:
      email: ${RESELLER_EMAIL}
      password: ${RESELLER_PASSWORD}
      api_key: ${RESELLER_KEY}
  reusely:
    adapter: reusely
    resilience:
      breaker_failures: 0
      read_retries: 0
      order_retries: 0
    base_url: ${ADVERSARY}
    currency: USD
    custom_fields_reference: reference
    credentials:
      api_key: ${REUSELY_KEY}
      secret_key: ${REUSELY_SECRET}
      tenant_id: ${REUSELY_TENANT}
"""
NAMES = re.findall(r"\$\{([A-Z]+_[A-Z]+)\}", CONFIGURATION.replace("${CALLER_HASH}", ""))
PUBLIC = {"BOL_ID", "RESELLER_EMAIL"}
"""Names of an account, which are no secrets."""
CANARIES = {name: f"canary-{name.lower().replace('_', '-')}-7261/+" for name in NAMES if name not in PUBLIC}
IDENTITIES = {"BOL_ID": "an-id-of-bol", "RESELLER_EMAIL": "shop@shop.example"}

PERSON = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "line1": "Unter den Linden 6",
    "city": "Berlin",
    "postalCode": "10117",
    "country": "DE",
    "email": "ada@example.com",
    "phone": "+4930123456",
}
FILE = {"role": "default", "url": "https://f.example/p"}
ORDERS: Mapping[str, dict[str, Any]] = {
    "gelato": {"currency": "EUR", "shipTo": PERSON, "lines": [{"productId": "poster", "quantity": 1, "files": [FILE]}]},
    "rexel": {"lines": [{"productId": "SCH:S520059", "quantity": 1}]},
    "reseller": {"lines": [{"productId": "266-235", "quantity": 1}]},
    "reusely": {
        "kind": "tradeIn",
        "customer": {"email": "grace@example.com", "firstName": "Grace", "lastName": "Hopper"},
        "payout": {"method": "PayPal"},
        "lines": [{"productId": "1", "quantity": 1, "condition": "1"}],
    },
}
READS = (
    "/v1/orders/{name}:a-1",
    "/v1/orders?provider={name}",
    "/v1/products?provider={name}&q=x",
    "/v1/products/{name}:1",
    "/v1/providers/{name}/account",
)
ACCOUNTS = ("bol", "gelato", "rexel", "reseller", "reusely")


def unlimited(name: str) -> Registration:
    """Return an adapter without rates: they would be all that is waited for."""
    found = registry.load(name)

    def limits(self: Any) -> tuple[RateLimit, ...]:
        return ()

    kind = type(found.adapter.__name__, (found.adapter,), {"limits": limits})
    return Registration(kind, found.load_simulator)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged, as it is printed."""
    stream = io.StringIO()
    logs.configure(stream)
    structlog.configure(cache_logger_on_first_use=False)
    yield stream
    structlog.reset_defaults()


class Attack:
    """Calls of a whole gateway, and every text that somebody saw of them."""

    def __init__(self, gateway: Gateway, adversary: Adversary, session: aiohttp.ClientSession) -> None:
        self._gateway = gateway
        self._adversary = adversary
        self._session = session
        self._numbers = itertools.count()
        self.seen: list[str] = []

    async def call(self) -> None:
        """Make one call, and keep what the caller was told."""
        number = next(self._numbers)
        name = ACCOUNTS[number % len(ACCOUNTS)]
        kind = number // len(ACCOUNTS) % (len(READS) + 2)
        headers = {"Authorization": f"Bearer {CALLER_KEY}"}
        method, body = "GET", None
        if kind < len(READS):
            path = READS[kind].format(name=name)
        elif name in ORDERS:
            method, path = "POST", "/v1/orders"
            content = {"provider": name, "reference": f"PO-{number}", **ORDERS[name]}
            lines = [{**line, "productId": f"{name}:{line['productId']}"} for line in content["lines"]]
            body = msgspec.json.encode({**content, "lines": lines})
            headers |= {"Content-Type": "application/json", "Idempotency-Key": f"key-{number}", "Prefer": "wait=0"}
        else:
            method, path = "POST", f"/v1/orders/{name}:a-{number}/cancellation"
            headers |= {"Idempotency-Key": f"key-{number}", "Prefer": "wait=0"}
        async with self._session.request(method, self._gateway.url + path, headers=headers, data=body) as response:
            self.seen += [await response.text(), str(dict(response.headers))]

    async def until(self, failed: int) -> None:
        """Call until the adversary has failed so many requests. Raises AssertionError when calls stop to reach it."""

        async def calls() -> None:
            while self._adversary.failed < failed:
                assert next(self._numbers) < failed * 20, "calls do not reach the provider any more"
                await self.call()

        await asyncio.gather(*(calls() for _ in range(AT_ONCE)))

    async def scrape(self) -> None:
        """Keep what Prometheus is told."""
        headers = {"Authorization": f"Bearer {CANARIES['ADMIN_TOKEN']}"}
        async with self._session.get(f"{self._gateway.admin_url}/metrics", headers=headers) as response:
            assert response.status == 200
            self.seen.append(await response.text())


def configured(adversary: Adversary, collector: Collector, folder: Path) -> Any:
    """Return the configuration, with a canary for each secret."""
    environ = {**CANARIES, **IDENTITIES, "ADVERSARY": adversary.url, "COLLECTOR": collector.url}
    environ["CALLER_HASH"] = f"sha256:{sha256(CALLER_KEY.encode()).hexdigest()}"
    (folder / "gateway.yaml").write_text(CONFIGURATION)
    return load(folder / "gateway.yaml", environ, load_registration=unlimited)


def kept(folder: Path) -> str:
    """Return the journal's files."""
    return "\n".join(path.read_bytes().decode(errors="replace") for path in folder.glob("journal.db*"))


def found(text: str, secrets: set[str]) -> set[str]:
    """Return the secrets that stand in a text, also cut short, and where they are written as URLs or JSON do."""
    plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text).replace("\\/", "/")
    texts = (text, plain, unquote(plain))
    return {secret for secret in secrets if any(secret in one for one in texts)}


@pytest.mark.timeout(170 if CALLS < 1000 else 900)
async def test_no_failure_brings_a_secret_to_light(
    log: io.StringIO, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing in logs, traces, metrics, problems, the journal's bytes, or the `repr` of anything."""
    async with attacking() as adversary, collecting() as collector, aiohttp.ClientSession() as session:
        configuration = await asyncio.to_thread(configured, adversary, collector, tmp_path)
        gateway = await asyncio.to_thread(Gateway, configuration)
        await gateway.start()
        try:
            attack = Attack(gateway, adversary, session)
            await attack.until(CALLS * 19 // 20)
            adversary.closed = True
            await attack.until(CALLS)
            await attack.scrape()
            attack.seen += [repr(one) for one in (configuration, gateway, *gateway.providers.values())]
            attack.seen += [repr(vars(one)) for one in gateway.providers.values()]
            attack.seen += [repr(one.adapter) + repr(one.adapter.credentials) for one in gateway.providers.values()]
        finally:
            await gateway.stop(grace=5.0)
    # The word that all of them begin with: one that was cut short is found too.
    pair = f"{IDENTITIES['BOL_ID']}:{CANARIES['BOL_SECRET']}"
    secrets = {"canary-", base64.b64encode(pair.encode()).decode()}
    captured = capfd.readouterr()
    places = {
        "answers, metrics and reprs": "\n".join(attack.seen),
        "log": log.getvalue(),
        "output": captured.out + captured.err,
        "exports": "\n".join(body.decode(errors="replace") for body in collector.bodies),
        "journal": await asyncio.to_thread(kept, tmp_path),
    }
    assert adversary.failed >= CALLS
    assert len(adversary.tokens) >= 3
    assert all(places[name] for name in ("log", "exports", "journal"))
    assert {name: sorted(found(text, secrets)) for name, text in places.items() if found(text, secrets)} == {}
