"""Listeners: what the HTTP parser refuses is a bare 400, and nothing of it is printed anywhere."""

import asyncio
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from gateway.listeners import Listener
from support.raw_client import exchanged

CANARY = b"canary-7261"
REFUSED = [
    b"GET / HTTP/1.1\r\nHost: h\r\nX-Key : canary-7261\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: +2\r\nX: canary-7261\r\n\r\nab",
    b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\nX: canary-7261\r\n\r\nab",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nX: canary-7261\r\n\r\n0\r\n\r\n",
    b"GET /canary-7261 HTTP/9.9\r\nHost: h\r\n\r\n",
    b"canary-7261\r\n\r\n",
    b"\x16\x03\x01\x02\x00canary-7261\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\n folded: canary-7261\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x00canary-7261\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"canary-7261" * 2000 + b"\r\n\r\n",
]


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    """A listener whose application answers, or fails."""

    async def fine(request: web.Request) -> web.Response:
        return web.Response(text="fine")

    async def broken(request: web.Request) -> web.Response:
        raise RuntimeError("canary-7261")

    async def broken_half_way(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        raise RuntimeError("canary-7261")

    app = web.Application()
    app.router.add_get("/", fine)
    app.router.add_get("/broken", broken)
    app.router.add_get("/half", broken_half_way)
    listener = Listener(app, "127.0.0.1", 0)
    await listener.start()
    yield listener
    await listener.stop()


def port(listener: Listener) -> int:
    """Return where it listens."""
    return int(listener.url.rpartition(":")[2])


@pytest.mark.parametrize("raw", REFUSED, ids=range(len(REFUSED)))
async def test_what_the_parser_refuses_is_a_bare_400(
    listener: Listener, raw: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """No body, no word of what was received, in the answer or in any log; the connection is closed."""
    caplog.set_level(logging.DEBUG)
    answers = await exchanged(port(listener), raw)
    assert [(answer.status, answer.body) for answer in answers] == [(400, b"")]
    assert "Server: ordergate" in answers[0].head
    captured = capfd.readouterr()
    assert CANARY.decode() not in caplog.text + captured.out + captured.err + answers[0].head
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


async def test_an_exception_is_a_bare_500(
    listener: Listener, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever an application does not catch itself: its text is shown to nobody."""
    answers = await exchanged(port(listener), b"GET /broken HTTP/1.1\r\nHost: h\r\n\r\n")
    assert [(answer.status, answer.body) for answer in answers] == [(500, b"")]
    captured = capfd.readouterr()
    assert CANARY.decode() not in caplog.text + captured.out + captured.err


async def test_an_answer_that_breaks_off_is_cut_and_not_completed(listener: Listener) -> None:
    """Whoever reads it sees that it is not whole."""
    async with aiohttp.ClientSession() as session, session.get(f"{listener.url}/half") as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_a_port_that_is_taken_cannot_be_had(listener: Listener) -> None:
    """OSError, before anything is served."""
    second = Listener(web.Application(), "127.0.0.1", port(listener))
    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    await second.stop()


async def test_a_url_of_ipv6_has_brackets() -> None:
    """So that it can be copied into a client."""
    listener = Listener(web.Application(), "::1", 0)
    try:
        await listener.start()
    except OSError:
        pytest.skip("no IPv6 here")
    assert listener.url.startswith("http://[::1]:")
    await listener.stop()


async def read(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the connection ends."""
    return await asyncio.wait_for(reader.read(), 10)


async def test_draining_takes_no_connection_and_answers_what_is_under_way() -> None:
    """Reliability, section 4: idle connections are closed, the one under way is answered and closed, none is taken."""
    entered, let_go = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        if request.query_string:
            entered.set()
            await let_go.wait()
        return web.Response(text="answered")

    app = web.Application()
    app.router.add_get("/", slow)
    listener = Listener(app, "127.0.0.1", 0)
    await listener.start()
    idle_reader, idle = await asyncio.open_connection("127.0.0.1", port(listener))
    busy_reader, busy = await asyncio.open_connection("127.0.0.1", port(listener))
    try:
        idle.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b"connection: close" not in (await idle_reader.readuntil(b"answered")).lower()
        busy.write(b"GET /?slow HTTP/1.1\r\nHost: h\r\n\r\n")
        await asyncio.wait_for(entered.wait(), 10)
        await listener.drain()
        assert await read(idle_reader) == b""
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            await asyncio.open_connection("127.0.0.1", port(listener))
        let_go.set()
        answer = await read(busy_reader)
        assert b"connection: close" in answer.lower()
        assert answer.endswith(b"answered")
    finally:
        let_go.set()
        idle.close()
        busy.close()
        await listener.stop()


async def test_draining_twice_or_before_the_start_does_nothing(listener: Listener) -> None:
    """A gateway can be stopped at any moment."""
    await Listener(web.Application(), "127.0.0.1", 0).drain()
    await listener.drain()
    await listener.drain()
