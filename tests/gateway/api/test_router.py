"""Which handler a request is for, and what a client is told that asks before it sends a body."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from gateway.api.router import Request, Router
from gateway.listeners import Listener


async def told(request: Request) -> web.Response:
    """Answer with what was sent."""
    return web.Response(body=await request.read())


def router(*paths: str) -> Router:
    """Return a router that answers GET at these paths."""
    found = Router()
    for path in paths:
        found.add("GET", path, told)
    return found


SERVED = router("/", "/orders", "/orders/{id}", "/orders/{id}/parts/{part}", "/orders/late", "/orders/late/parts")


@pytest.mark.parametrize(
    ("path", "found", "values"),
    [
        ("/", "/", {}),
        ("/orders", "/orders", {}),
        ("/orders/gelato:7", "/orders/{id}", {"id": "gelato:7"}),
        ("/orders/a/parts/b", "/orders/{id}/parts/{part}", {"id": "a", "part": "b"}),
        ("/orders/late", "/orders/late", {}),
        ("/orders/late/parts", "/orders/late/parts", {}),
        # The two that stay encoded (yarl's `path_safe`); %252F is a percent sign and more.
        ("/orders/a%2Fb%25", "/orders/{id}", {"id": "a/b%"}),
        ("/orders/a%252Fb", "/orders/{id}", {"id": "a%2Fb"}),
    ],
)
def test_a_path_has_the_route_that_it_is_like(path: str, found: str, values: dict[str, str]) -> None:
    """With the values of its names; a segment of a path's own comes before any name."""
    route, named = SERVED.find(path)
    assert route is not None
    assert (route.path, named) == (found, values)


@pytest.mark.parametrize(
    "path",
    [
        *("", "*", "orders", "//orders", "/order", "/orders/", "/orders//parts/b", "/orders/a/parts"),
        *("/orders/a/parts/b/c", "/orders/late/parts/b", "/orders/{id}", "/orders/a}"),
    ],
)
def test_other_paths_have_none(path: str) -> None:
    """A value is never empty and has no brace."""
    assert SERVED.find(path)[0] is None


def test_who_answers_get_answers_head() -> None:
    """And no other method that was not added (RFC 9110, section 9.1)."""
    added = router("/orders")
    added.add("POST", "/orders", told)
    route, _ = added.find("/orders")
    assert route is not None
    assert set(route.handlers) == {"GET", "HEAD", "POST"}


def test_a_segment_has_one_name() -> None:
    """Or the value would come under another path's."""
    with pytest.raises(ValueError, match="another path has id there"):
        router("/orders/{id}", "/orders/{order}/parts")


@asynccontextmanager
async def served() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Serve what tells a body again, on a connection."""
    answering = Router()
    answering.add("POST", "/", told)
    listener = Listener(answering.routed(told), "127.0.0.1", 0)
    await listener.start()
    try:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", int(listener.url.rpartition(":")[2]))
            yield reader, writer
            writer.close()
            await writer.wait_closed()
    finally:
        await listener.stop()


@pytest.mark.parametrize("expectation", ["100-continue", "100-Continue"])
async def test_a_client_that_waits_is_told_to_send_its_body(expectation: str) -> None:
    """RFC 9110, section 10.1.1: 100, and the answer after the body."""
    async with served() as (reader, writer):
        writer.write(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: {expectation}\r\n\r\n".encode())
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hi")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert await reader.readexactly(2) == b"hi"


async def test_a_client_of_http_1_0_is_not_told_to_go_on() -> None:
    """RFC 9110, section 10.1.1: its expectation is ignored, for it would take 100 for the answer."""
    async with served() as (reader, writer):
        writer.write(b"POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi")
        assert (await reader.read()).startswith(b"HTTP/1.0 200 OK\r\n")
