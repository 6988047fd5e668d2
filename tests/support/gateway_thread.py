"""A whole gateway in a thread of its own, for callers that block and for clients that write raw bytes."""

import asyncio
import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import msgspec
from multidict import CIMultiDict

from gateway.app import Gateway
from support.running import ALL_SIMULATED, Answered, configured, unhurried


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway that somebody else's loop runs."""

    gateway: Gateway

    @property
    def url(self) -> str:
        """Return where callers reach it."""
        return self.gateway.url

    @property
    def port(self) -> int:
        """Return the port of `url`."""
        return int(self.url.rpartition(":")[2])

    def call(
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
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            raw = response.read()
        finally:
            connection.close()
        is_json = response.headers.get_content_type().endswith("json")
        received = CIMultiDict(response.headers.items())
        return Answered(response.status, received, msgspec.json.decode(raw) if is_json and raw else None)

    def faults(self, adapter: str, faults: Mapping[str, float]) -> None:
        """Set the faults that a simulator deals."""
        url = f"{self.gateway.simulator_urls[adapter]}/_simulator/faults"
        with urlopen(Request(url, msgspec.json.encode(faults), method="PUT"), timeout=10) as response:
            assert response.status == 200

    def truth(self, adapter: str) -> dict[str, Any]:
        """Return what really happened at a simulator."""
        found: dict[str, Any] = fetched(f"{self.gateway.simulator_urls[adapter]}/_simulator/truth")
        return found

    def requests(self) -> dict[str, dict[str, int]]:
        """Return how often what was asked of each provider."""
        return {adapter: self.truth(adapter)["requests"] for adapter in self.gateway.simulator_urls}


def fetched(url: str) -> Any:
    """Return the JSON that a URL answers with."""
    with urlopen(url, timeout=10) as response:
        return msgspec.json.decode(response.read())


@contextmanager
def gateway_in_thread(configuration: str = ALL_SIMULATED, *, pace: float = 0.0) -> Iterator[Served]:
    """Run a gateway with this configuration; simulated providers take `pace` seconds a step."""
    gateway = Gateway(configured(unhurried(configuration), {}), pace=pace)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="gateway")
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(gateway.start(), loop).result(timeout=30)
        try:
            yield Served(gateway)
        finally:
            asyncio.run_coroutine_threadsafe(gateway.stop(grace=1.0), loop).result(timeout=30)
    finally:
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result(timeout=30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=30)
        loop.close()
