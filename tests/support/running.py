"""A whole gateway, in process, on free ports, with its simulators in a process of their own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import msgspec

from gateway.app import Gateway
from gateway.config.load import Configuration, load

CALM = """\
    resilience:
      breaker_failures: 0
      read_retries: 0
      order_retries: 0"""
"""Tests share a gateway: what one does to a provider must not count against the next, nor be mended behind its back."""

ALL_SIMULATED = f"""\
listen:
  port: 0
admin:
  port: 0
store:
  url: 'memory:'
  ephemeral: true
providers:
  bol:
    adapter: bol
    simulated: true
{CALM}
  gelato:
    adapter: gelato
    simulated: true
{CALM}
  rexel:
    adapter: rexel
    simulated: true
{CALM}
  reseller:
    adapter: reseller
    simulated: true
{CALM}
  reusely:
    adapter: reusely
    simulated: true
    currency: USD
{CALM}
"""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of the gateway: status, headers, decoded body (None when it is not JSON)."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def problem(self) -> str:
        """Return the problem type's name, or ""."""
        return str(self.body.get("type", "")).rpartition("/")[2] if isinstance(self.body, dict) else ""


@dataclass(slots=True)
class Running:
    """A running gateway and a session to call it with."""

    gateway: Gateway
    session: aiohttp.ClientSession

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """Make one request; `body` is encoded as JSON unless it is bytes."""
        sent = {**({"Idempotency-Key": key} if key else {}), **(headers or {})}
        data = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self.session.request(method, self.gateway.url + path, data=data, headers=sent) as response:
            raw = await response.read()
            is_json = response.content_type.endswith("json")
            return Answered(response.status, response.headers, msgspec.json.decode(raw) if is_json and raw else None)

    async def truth(self, adapter: str) -> dict[str, Any]:
        """Return what really happened at a simulator."""
        async with self.session.get(f"{self.gateway.simulator_urls[adapter]}/_simulator/truth") as response:
            found: dict[str, Any] = msgspec.json.decode(await response.read())
            return found

    async def faults(self, adapter: str, faults: Mapping[str, float]) -> None:
        """Set the faults that a simulator deals."""
        url = f"{self.gateway.simulator_urls[adapter]}/_simulator/faults"
        async with self.session.put(url, data=msgspec.json.encode(faults)) as response:
            assert response.status == 200, await response.text()


def unhurried(configuration: str) -> str:
    """Return a gateway's configuration that lets nothing go where the machine is slow, unless it says otherwise."""
    return configuration if "shedding:" in configuration else f"shedding:\n  lag: 0\n{configuration}"


def configured(text: str, environ: Mapping[str, str]) -> Configuration:
    """Return the configuration that a file with this text says."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.yaml"
        path.write_text(text)
        return load(path, environ)


@asynccontextmanager
async def running_gateway(
    configuration: str = ALL_SIMULATED,
    environ: Mapping[str, str] | None = None,
    *,
    pace: float = 0.0,
    restored: bool = False,
) -> AsyncIterator[Running]:
    """Run a gateway with this configuration; simulated providers take `pace` seconds a step."""
    loaded = await asyncio.to_thread(configured, unhurried(configuration), environ or {})
    gateway = await asyncio.to_thread(Gateway, loaded, pace=pace, restored=restored)
    await gateway.start()
    timeout = aiohttp.ClientTimeout(total=30)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield Running(gateway, session)
    finally:
        await gateway.stop(grace=1.0)
