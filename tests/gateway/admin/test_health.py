"""The admin listener: alive and ready, and closed to everybody else where a token is configured."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import pytest

from gateway.admin.health import Readiness, application
from gateway.listeners import Listener
from support.raw_client import exchanged, request

TOKEN = "a-token-of-the-operators"


@asynccontextmanager
async def admin(token: str | None = None, *, ready: bool = True) -> AsyncIterator[tuple[Readiness, str]]:
    """Serve the admin application."""
    readiness = Readiness()
    readiness.ready = ready
    listener = Listener(application(readiness, token), "127.0.0.1", 0)
    await listener.start()
    try:
        yield readiness, listener.url
    finally:
        await listener.stop()


async def got(url: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> tuple[int, str]:
    """Return status and text."""
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers) as response:
        assert response.headers["Server"] == "ordergate"
        if response.status == 401:
            assert response.headers["WWW-Authenticate"] == "Bearer"
        return response.status, (await response.text()).strip()


async def test_it_is_alive_at_once_and_ready_when_it_serves() -> None:
    """Not ready before the start has ended, ready then, not ready any more once it drains; alive all the time."""
    async with admin(ready=False) as (readiness, url):
        for ready in (False, True, False):
            readiness.ready = ready
            assert await got(f"{url}/readyz") == ((200, "ready") if ready else (503, "not ready"))
            assert await got(f"{url}/livez") == (200, "ok")


async def test_health_needs_no_token() -> None:
    """Probes have none to send."""
    async with admin(TOKEN) as (_, url):
        assert await got(f"{url}/livez") == (200, "ok")
        assert await got(f"{url}/readyz") == (200, "ready")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong-token-of-nobody"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer ÿÿ"},
    ],
)
async def test_anything_else_needs_the_token(headers: Mapping[str, str]) -> None:
    """401 without it or with another, also for what does not exist: nothing is told apart."""
    async with admin(TOKEN) as (_, url):
        for path in ("/", "/metrics", "/livez/", "/nothing"):
            assert await got(url + path, headers) == (401, "the admin token is required")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_the_token_opens_it(scheme: str) -> None:
    """What does not exist is then not found."""
    async with admin(TOKEN) as (_, url):
        assert await got(f"{url}/nothing", {"Authorization": f"{scheme} {TOKEN}"}) == (404, "Not Found")


async def test_without_a_token_configured_none_is_asked_for() -> None:
    """On a loopback address."""
    async with admin() as (_, url):
        assert await got(f"{url}/nothing") == (404, "Not Found")


async def test_health_is_read_only() -> None:
    """405 with the methods that there are."""
    async with admin() as (_, url):
        assert await got(f"{url}/livez", method="POST") == (405, "Method Not Allowed")
        answers = await exchanged(int(url.rpartition(":")[2]), request("POST", "/livez"))
        assert "allow: get,head" in answers[0].head.lower()


async def test_bytes_that_are_no_text_are_a_wrong_token() -> None:
    """Not an error of the server's."""
    async with admin(TOKEN) as (_, url):
        raw = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer \xff\xfe\r\n\r\n"
        answers = await exchanged(int(url.rpartition(":")[2]), raw)
        assert [answer.status for answer in answers] == [401]


async def test_probes_at_once_are_all_answered() -> None:
    """Many at a time."""
    async with admin() as (_, url):
        assert set(await asyncio.gather(*(got(f"{url}/livez") for _ in range(20)))) == {(200, "ok")}
