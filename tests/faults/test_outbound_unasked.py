"""What a provider says before it is asked, and a provider that does not listen: neither spoils another request."""

import asyncio
import gc
from contextlib import suppress
from typing import Any

import pytest
from aiohttp.connector import Connection

from adapters.contract.wire import HttpRequest
from gateway.providers import outbound as outbound_module
from gateway.providers.outbound import Outbound, SendFailed, channel
from support.raw_server import http, listening, raw_server

GET = HttpRequest("GET", "/orders")
MIB = 1024 * 1024
TIMEOUT = 30.0


@pytest.mark.parametrize(
    "forged", [http(200, b'{"forged":true}'), http(408), http(200, b"{}{}")[:-2]], ids=["whole", "empty", "begun"]
)
async def test_what_comes_between_two_requests_is_not_the_next_answer(forged: bytes) -> None:
    """Whether it is whole or not: who said it in nobody's turn is not asked again on that connection."""
    lines: list[asyncio.StreamWriter] = []

    async def kept(writer: asyncio.StreamWriter) -> None:
        writer.write(http(200, b"[]"))
        lines.append(writer)

    async with raw_server(kept) as server, Outbound() as outbound:
        for request in (GET, HttpRequest("POST", "/orders", body=b"{}")):
            await outbound.send(GET, channel(server.url), TIMEOUT)
            lines[-1].write(forged)
            # Goes and comes on a connection of its own: meanwhile the other bytes have arrived.
            await outbound.send(HttpRequest("POST", "/orders", effect="commit"), channel(server.url), TIMEOUT)
            assert (await outbound.send(request, channel(server.url), TIMEOUT)).body == b"[]"
        assert len(server.requests) == 6
        assert server.connections == 5


def until_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a connection taken only when something lies on it."""

    async def spoken_on(*given: Any) -> Connection:
        connection = await connected(*given)
        while connection.protocol is None or not connection.protocol.should_close:  # noqa: ASYNC110 - nobody tells it
            await asyncio.sleep(0)
        return connection

    connected = outbound_module._connected
    monkeypatch.setattr(outbound_module, "_connected", spoken_on)


@pytest.mark.parametrize("body", [None, b"{}", bytes(4 * MIB)], ids=["none", "small", "large"])
async def test_an_answer_before_the_request_leaves_a_connection_that_is_not_used_again(
    body: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider may answer what it was asked, too: as the answer to the next request.

    A large body is given up before it is begun, without a warning (which would fail this test).
    """

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(writer)
        writer.write(http(503))
        await asyncio.Event().wait()

    lines: list[asyncio.StreamWriter] = []
    until_spoken_to(monkeypatch)
    async with listening(refuse) as port, Outbound() as outbound, asyncio.timeout(TIMEOUT):
        for number in (1, 2, 3):
            post = HttpRequest("POST", "/orders", body=body)
            assert (await outbound.send(post, channel(f"http://127.0.0.1:{port}"), TIMEOUT)).status == 503
            gc.collect()
            assert len(lines) == number


async def test_half_an_answer_before_the_request_leaves_a_connection_that_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its rest would be taken for the answer, and the answer for that to the next request."""
    lines: list[asyncio.StreamWriter] = []

    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(writer)
        whole = http(503)
        writer.write(whole[:7])
        await reader.readuntil(b"\r\n\r\n")
        writer.write(whole[7:])
        await asyncio.Event().wait()

    until_spoken_to(monkeypatch)
    async with listening(early) as port, Outbound() as outbound, asyncio.timeout(TIMEOUT):
        for number in (1, 2):
            assert (await outbound.send(GET, channel(f"http://127.0.0.1:{port}"), TIMEOUT)).status == 503
            assert len(lines) == number


@pytest.mark.parametrize("early", [http(503), http(503)[:7]], ids=["whole", "half"])
async def test_an_order_does_not_leave_where_an_answer_lies_already(
    early: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be told by that answer, whatever becomes of it."""
    received: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(early)
        with suppress(ConnectionError):
            received.append(await reader.read())

    until_spoken_to(monkeypatch)
    async with listening(refuse) as port, Outbound() as outbound, asyncio.timeout(TIMEOUT):
        order = HttpRequest("POST", "/orders", body=b"{}", effect="commit")
        with pytest.raises(SendFailed) as failed:
            await outbound.send(order, channel(f"http://127.0.0.1:{port}"), TIMEOUT)
    assert (failed.value.phase, failed.value.kind) == ("not-sent", "protocol")
    assert not any(received)


async def test_a_provider_that_reads_nothing_holds_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not sent in time is not sent later: closing would wait until it is."""
    closed: list[asyncio.Future[None]] = []

    async def noted(*given: Any) -> Connection:
        connection = await connected(*given)
        assert connection.protocol is not None
        ends = connection.protocol.closed
        assert ends is not None
        closed.append(ends)
        return connection

    async def reads_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined] # typed as one that writes only
        await asyncio.Event().wait()

    connected = outbound_module._connected
    monkeypatch.setattr(outbound_module, "_connected", noted)
    async with listening(reads_nothing) as port, Outbound() as outbound, asyncio.timeout(TIMEOUT):
        post = HttpRequest("POST", "/orders", body=bytes(64 * MIB))
        with pytest.raises(SendFailed) as failed:
            await outbound.send(post, channel(f"http://127.0.0.1:{port}"), 0.2)
        assert failed.value.phase == "partly-sent"
        await asyncio.wait(closed)
