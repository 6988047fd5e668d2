import asyncio
import gc
from importlib.metadata import version

import pytest

from adapters.contract.wire import HttpRequest
from gateway.providers.outbound import Outbound, SendFailed, channel, user_agent
from support.raw_server import http, raw_server

TIMEOUT = 20.0


def target(request: bytes) -> str:
    return request.split(b" ", 2)[1].decode()


def header(request: bytes, name: str) -> str | None:
    for line in request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        key, _, value = line.partition(": ")
        if key.lower() == name.lower():
            return value
    return None


async def test_reads_share_a_connection_and_commits_have_their_own() -> None:
    """What is kept alive is reused for reads and preparations, and never for a commit."""
    async with raw_server() as server, Outbound() as outbound:
        way = channel(server.url)
        for _ in range(3):
            await outbound.send(HttpRequest("GET", "/"), way, TIMEOUT)
            await outbound.send(HttpRequest("POST", "/quote", effect="prepare"), way, TIMEOUT)
        assert server.connections == 1
        for _ in range(3):
            await outbound.send(HttpRequest("POST", "/orders", effect="commit"), way, TIMEOUT)
        assert server.connections == 4
        assert all(header(request, "Connection") == "close" for request in server.requests[6:])


async def test_connections_to_one_host_are_bounded_and_waiting_for_one_is_not_sending() -> None:
    """With all connections busy a request waits, and if that takes too long nothing of it was sent."""
    release, both = asyncio.Event(), asyncio.Event()

    async def slow(writer: asyncio.StreamWriter) -> None:
        if len(server.requests) == 2:
            both.set()
        await release.wait()
        writer.write(http(200, b"{}"))

    async with raw_server(slow) as server, Outbound(connections_per_host=2) as outbound:
        way = channel(server.url)
        busy = [asyncio.create_task(outbound.send(HttpRequest("GET", "/"), way, TIMEOUT)) for _ in range(2)]
        await both.wait()
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest("GET", "/"), channel(server.url, connect_timeout=0.05), TIMEOUT)
        assert (failed.value.phase, failed.value.kind) == ("not-sent", "timeout")
        assert server.connections == 2
        release.set()
        assert [response.status for response in await asyncio.gather(*busy)] == [200, 200]


async def test_many_at_once_each_get_their_own_answer() -> None:
    """A hundred requests at a time, over shared connections, are not mixed up."""
    async with raw_server() as server, Outbound(connections_per_host=10) as outbound:

        async def echo(writer: asyncio.StreamWriter) -> None:
            writer.write(http(200, target(server.requests[-1]).encode()))

        server.answers[:] = [echo]
        responses = await asyncio.gather(
            *(outbound.send(HttpRequest("GET", f"/{number}"), channel(server.url), TIMEOUT) for number in range(100))
        )
        assert [response.body for response in responses] == [b"/%d" % number for number in range(100)]
        assert server.connections <= 10


async def test_nothing_is_left_open() -> None:
    """After `close` there is no session, connection or task of ours (a warning would fail this test)."""
    before = asyncio.all_tasks()
    async with raw_server() as server:
        async with Outbound() as outbound:
            await outbound.send(HttpRequest("GET", "/"), channel(server.url), TIMEOUT)
            await outbound.send(HttpRequest("GET", "/", effect="commit"), channel(server.url), TIMEOUT)
        del outbound
        gc.collect()
    assert asyncio.all_tasks() == before


def test_we_are_called_by_name_and_version() -> None:
    """`ordergate/VERSION`, so that a provider can tell who asks."""
    assert user_agent() == f"ordergate/{version('ordergate')}"
