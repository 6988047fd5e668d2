import asyncio
import traceback
from typing import get_args

import aiohttp
import pytest

from adapters.contract.wire import HttpRequest
from gateway.providers.evidence import KINDS, SENTENCES, kind_of
from gateway.providers.outbound import FailureKind, Outbound, SendFailed, channel
from support.raw_server import Answer, http, raw_server

TIMEOUT = 20.0


def target(request: bytes) -> str:
    return request.split(b" ", 2)[1].decode()


def header(request: bytes, name: str) -> str | None:
    for line in request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        key, _, value = line.partition(": ")
        if key.lower() == name.lower():
            return value
    return None


def test_every_exception_of_aiohttp_has_a_kind() -> None:
    """The table is total: each name that aiohttp exports, and nothing is left to an ancestor's row."""
    exported = {getattr(aiohttp.client_exceptions, name) for name in aiohttp.client_exceptions.__all__}
    assert exported <= set(KINDS)


def test_every_kind_of_failure_has_a_sentence() -> None:
    """Callers are told it in `detail`."""
    assert set(SENTENCES) == set(get_args(FailureKind))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionResetError(), "closed"),
        (BrokenPipeError(), "closed"),
        (ValueError(), "invalid"),
        (RuntimeError(), "protocol"),
        (aiohttp.TooManyRedirects(None, ()), "protocol"),  # type: ignore[arg-type]
    ],
)
def test_other_exceptions_have_the_kind_of_their_nearest_ancestor(error: BaseException, kind: FailureKind) -> None:
    """Whatever comes, there is a kind for it."""
    assert kind_of(error) == kind


async def test_no_text_of_a_failure_holds_a_secret() -> None:
    """Neither query, headers nor what was received appears in a failure, its cause or its traceback."""

    async def half_a_head(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Token: canary-received\r\nContent-Length: 5\r\n")
        writer.close()

    answers: list[bytes | Answer] = [
        b"HTTP/1.1 canary-received canary-received\r\n\r\n",
        http(200, b"canary-received", "Content-Encoding: gzip"),
        half_a_head,
    ]
    request = HttpRequest(
        "POST",
        "/orders",
        query=(("api_key", "canary-query"),),
        headers={"Authorization": "canary-header"},
        body=b"canary-body",
    )
    for answer in answers:
        async with raw_server(answer) as server, Outbound() as outbound:
            with pytest.raises(SendFailed) as failed:
                await outbound.send(request, channel(server.url), TIMEOUT)
            text = "".join(traceback.format_exception(failed.value)) + repr(failed.value)
            assert "canary" not in text


async def test_a_refused_header_goes_nowhere() -> None:
    """An error of encoding holds all that was to be encoded, beside the character that it names."""
    request = HttpRequest("GET", "/orders", headers={"Authorization": "canary-header \ud800"})
    async with Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(request, channel("http://127.0.0.1:9"), 5.0)
    assert (failed.value.phase, failed.value.kind) == ("not-sent", "invalid")
    assert failed.value.__context__ is None
    assert "canary" not in str(failed.value)


async def test_a_timed_out_connection_says_nothing_of_the_query() -> None:
    """The library's own text of it holds the whole URL; ours does not, nor does the traceback."""
    async with raw_server() as server, Outbound() as outbound:
        request = HttpRequest("GET", "/orders", query=(("api_key", "canary"),))
        with pytest.raises(SendFailed) as failed:
            await outbound.send(request, channel(server.url, connect_timeout=1e-9), TIMEOUT)
        assert (failed.value.phase, failed.value.kind) == ("not-sent", "timeout")
    assert "canary" not in "".join(traceback.format_exception(failed.value))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST"])
async def test_what_a_session_of_aiohttp_sends_twice_is_sent_once(method: str) -> None:
    """The danger is real: a bare session sends twice what our client sends once."""

    async def close(writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with raw_server(close) as server, aiohttp.ClientSession() as session, Outbound() as outbound:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await session.request(method, server.url)
        assert server.methods == [method] * (1 if method == "POST" else 2)
        server.requests.clear()
        with pytest.raises(SendFailed):
            await outbound.send(HttpRequest(method, "/"), channel(server.url), TIMEOUT)
        assert server.methods == [method]


async def test_a_closed_client_sends_nothing() -> None:
    """After `close`, and before `open`, nothing leaves."""
    outbound = Outbound()
    async with raw_server() as server:
        with pytest.raises(RuntimeError, match="not open"):
            await outbound.send(HttpRequest("GET", "/"), channel(server.url), TIMEOUT)
        await outbound.open()
        await outbound.close()
        await outbound.close()
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest("GET", "/"), channel(server.url), TIMEOUT)
        assert failed.value.phase == "not-sent"
        assert server.connections == 0
