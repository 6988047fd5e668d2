"""The gateway as a whole: it starts completely or not at all, and ends without leaving anything behind."""

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from gateway.app import Gateway, serve
from support.running import configured

REAL = """\
listen:
  port: {port}
admin:
  port: 0
store:
  url: 'memory:'
  ephemeral: true
providers:
  print:
    adapter: gelato
    base_url: http://127.0.0.1:9
    credentials:
      api_key: canary-key-7261
      api_secret: canary-secret-7261
"""

ADDRESS = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "line1": "Unter den Linden 6",
    "city": "Berlin",
    "postalCode": "10117",
    "country": "DE",
    "email": "ada@example.com",
    "phone": "+4930123456",
}
LINE = {
    "productId": "print:poster",
    "quantity": 1,
    "files": [{"role": "default", "url": "https://files.example.com/poster.pdf"}],
}


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged."""
    with capture_logs() as lines:
        yield lines


async def a_gateway(port: int = 0) -> Gateway:
    """Return a gateway with one real provider, that nobody answers for."""
    return await asyncio.to_thread(lambda: Gateway(configured(REAL.format(port=port), {})))


@asynccontextmanager
async def taken_port() -> AsyncIterator[int]:
    """Listen, so that nobody else can."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def answers(url: str) -> int | None:
    """Return the status that a URL answers with, or None where nobody listens."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(url) as response:
                return response.status
        except aiohttp.ClientConnectorError:
            return None


async def test_it_serves_when_it_has_started_and_nobody_listens_when_it_has_ended() -> None:
    """Callers and operators each on an address of their own."""
    gateway = await a_gateway()
    await gateway.start()
    assert await answers(f"{gateway.url}/v1/providers") == 200
    assert await answers(f"{gateway.admin_url}/readyz") == 200
    assert await answers(f"{gateway.admin_url}/v1/providers") == 404
    assert await answers(f"{gateway.url}/livez") == 404
    await gateway.stop()
    assert await answers(f"{gateway.url}/v1/providers") is None
    assert await answers(f"{gateway.admin_url}/livez") is None


async def test_a_start_that_fails_leaves_nothing_open() -> None:
    """The public port is taken: the admin port that was opened before is closed again."""
    async with taken_port() as port:
        gateway = await a_gateway(port)
        with pytest.raises(OSError, match="address already in use"):
            await gateway.start()
    assert gateway.admin_url == ""
    assert gateway._outbound._fresh is not None
    assert gateway._outbound._fresh.closed
    private = gateway._listeners[0]
    assert await answers(f"{private.url}/livez") is None


async def test_it_can_be_stopped_at_any_moment_and_twice() -> None:
    """Before it was started, and after it was stopped."""
    gateway = await a_gateway()
    await gateway.stop()
    await gateway.start()
    await gateway.stop()
    await gateway.stop()


async def test_serving_ends_with_its_task(logged: list[MutableMapping[str, Any]]) -> None:
    """A cancelled `serve` has stopped everything when it is over."""
    gateway = await a_gateway()
    task = asyncio.create_task(serve(gateway))
    async with asyncio.timeout(20):
        while not gateway.url:  # noqa: ASYNC110 - starting has no event
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await answers(f"{gateway.url}/v1/providers") is None
    assert [line["event"] for line in logged][-1] == "stopped"


async def test_warnings_are_logged_at_the_start_without_the_secret(logged: list[MutableMapping[str, Any]]) -> None:
    """A secret that stands in the file itself is named by its place."""
    gateway = await a_gateway()
    await gateway.start()
    await gateway.stop()
    warnings = [line["warning"] for line in logged if line["event"] == "configuration"]
    assert any("api_secret" in warning for warning in warnings)
    assert "canary" not in str(logged)


async def test_ids_of_operations_grow_with_time() -> None:
    """Lists go by them, newest first."""
    gateway = await a_gateway()
    await gateway.start()
    assert gateway._engine is not None
    ids = [gateway._engine.new_id() for _ in range(5000)]
    await gateway.stop()
    assert all(before < after for before, after in pairwise(ids))


async def test_writes_that_the_configuration_pauses_are_refused_and_reads_are_not() -> None:
    """503 `writes-paused` with `placed: no`, and the key is free; a read goes to the provider, and nobody is there."""
    paused = f"{REAL.format(port=0)}    writes: paused\n"
    loaded = await asyncio.to_thread(configured, paused, {})
    assert "writes to print are paused" in loaded.warnings
    gateway = await asyncio.to_thread(Gateway, loaded)
    await gateway.start()
    order = {"reference": "R-1", "currency": "EUR", "shipTo": ADDRESS, "lines": [LINE]}
    try:
        async with aiohttp.ClientSession() as session:
            headers = {"Idempotency-Key": "k-1"}
            async with session.post(f"{gateway.url}/v1/orders", json=order, headers=headers) as response:
                told = await response.json()
                assert (response.status, response.headers.get("Retry-After")) == (503, "60"), told
                assert (told["type"].rpartition("/")[2], told["placed"], told["retry"]) == (
                    "writes-paused",
                    "no",
                    "same-key",
                )
                # The order names no provider.
                assert told["provider"] == {"name": "print"}
            async with session.get(f"{gateway.url}/v1/orders?idempotency-key=k-1") as response:
                assert (await response.json())["items"] == []
            async with session.get(f"{gateway.url}/v1/orders/print:1") as response:
                assert (await response.json())["type"].rpartition("/")[2] == "provider-unavailable"
    finally:
        await gateway.stop(grace=1.0)
