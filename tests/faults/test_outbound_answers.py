"""Answers that are too much, too odd or too many: what the outbound client makes of them."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from adapters.contract.wire import HttpRequest
from gateway.providers.outbound import Outbound, SendFailed, channel
from support.raw_server import http, raw_server

GET = HttpRequest("GET", "/orders")
MIB = 1024 * 1024
TIMEOUT = 30.0


def bomb(size: int, encoding: str) -> bytes:
    """Return what opens to `size` zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
    parts = [packer.compress(bytes(MIB)) for _ in range(size // MIB)]
    return b"".join([*parts, packer.flush()])


async def test_a_body_up_to_the_cap_is_read_and_one_byte_more_is_not() -> None:
    """The cap is exact, and what is over it is a failure that says that the answer was there."""
    async with (
        raw_server(http(200, b"x" * 1000), http(200, b"x" * 1001)) as server,
        Outbound(max_body=1000) as outbound,
    ):
        assert len((await outbound.send(GET, channel(server.url), TIMEOUT)).body) == 1000
        with pytest.raises(SendFailed) as failed:
            await outbound.send(GET, channel(server.url), TIMEOUT)
    assert (failed.value.phase, failed.value.kind, failed.value.status) == ("answered-partly", "too-large", 200)


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
async def test_a_hundred_mebibytes_are_not_read(chunked: bool) -> None:
    """Reading stops at the cap; the provider cannot even hand over the rest."""
    written = 0

    async def hundred(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {100 * MIB}"
        writer.write(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode())
        block = b"100000\r\n" + bytes(MIB) + b"\r\n" if chunked else bytes(MIB)
        for _ in range(100):
            writer.write(block)
            await writer.drain()
            written += 1

    async with raw_server(hundred) as server, Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(GET, channel(server.url), TIMEOUT)
    assert (failed.value.phase, failed.value.kind) == ("answered-partly", "too-large")
    assert written < 30


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_bomb_is_not_opened(encoding: str) -> None:
    """100 KB that would open to 100 MiB are refused, and never take more memory than a few times the cap."""
    packed = bomb(100 * MIB, encoding)
    async with raw_server(http(200, packed, f"Content-Encoding: {encoding}")) as server, Outbound() as outbound:
        way = channel(server.url)
        tracemalloc.start()
        try:
            with pytest.raises(SendFailed) as failed:
                await outbound.send(GET, way, TIMEOUT)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (failed.value.phase, failed.value.kind) == ("answered-partly", "too-large")
    assert peak < 3 * outbound.max_body


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes), ("GZIP", gzip.compress)],
)
async def test_compressed_bodies_are_opened(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """What was asked for can be read: gzip and deflate."""
    answer = http(200, pack(b'{"a":1}' * 5000), f"Content-Encoding: {encoding}")
    async with raw_server(answer) as server, Outbound() as outbound:
        assert (await outbound.send(GET, channel(server.url), TIMEOUT)).body == b'{"a":1}' * 5000
        assert b"Accept-Encoding: gzip, deflate\r\n" in server.requests[0]


async def test_a_commit_asks_for_an_answer_that_is_not_compressed() -> None:
    """One way less to lose it."""
    async with raw_server() as server, Outbound() as outbound:
        await outbound.send(HttpRequest("POST", "/orders", effect="commit"), channel(server.url), TIMEOUT)
        assert b"Accept-Encoding: identity\r\n" in server.requests[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_answers(status: int) -> None:
    """No redirect is followed: it would take the request, and its credentials, somewhere nobody configured."""
    async with raw_server() as elsewhere, Outbound() as outbound:
        async with raw_server(http(status, b"", f"Location: {elsewhere.url}/orders")) as server:
            response = await outbound.send(HttpRequest("POST", "/orders", body=b"{}"), channel(server.url), TIMEOUT)
        assert (response.status, response.headers["location"]) == (status, f"{elsewhere.url}/orders")
        assert not elsewhere.requests


@pytest.mark.parametrize(
    "interim",
    [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"],
    ids=["100", "103"],
)
async def test_interim_answers_are_passed_over(interim: bytes) -> None:
    """A thousand of them before the answer change nothing."""
    async with raw_server(interim * 1000 + http(200, b"{}")) as server, Outbound() as outbound:
        response = await outbound.send(GET, channel(server.url), TIMEOUT)
        assert (response.status, response.body) == (200, b"{}")


async def test_interim_answers_without_end_run_into_the_timeout() -> None:
    """A provider that only ever says "continue" has not answered."""

    async def for_ever(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
            await writer.drain()
            await asyncio.sleep(0.001)

    async with raw_server(for_ever) as server, Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(GET, channel(server.url), 0.3)
        assert (failed.value.phase, failed.value.kind) == ("sent", "timeout")


async def test_a_switch_of_protocols_nobody_asked_for_is_an_answer() -> None:
    """101 ends the exchange at once, and the connection is not used again."""
    async with raw_server(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n") as server:
        async with Outbound() as outbound:
            for _ in range(2):
                response = await outbound.send(GET, channel(server.url), TIMEOUT)
                assert (response.status, response.body) == (101, b"")
        assert server.connections == 2


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_is_whole(status: int) -> None:
    """There is nothing to wait for, and the connection is kept."""
    async with raw_server(f"HTTP/1.1 {status} Any\r\n\r\n".encode()) as server, Outbound() as outbound:
        for _ in range(2):
            response = await outbound.send(GET, channel(server.url), TIMEOUT)
            assert (response.status, response.body) == (status, b"")
        assert server.connections == 1


async def test_a_body_without_a_length_ends_with_its_connection() -> None:
    """As HTTP/1.0 has it: the close is the end, so a whole answer."""

    async def until_closed(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n{}")
        writer.close()

    async with raw_server(until_closed) as server, Outbound() as outbound:
        assert (await outbound.send(GET, channel(server.url), TIMEOUT)).body == b"{}"


async def test_what_follows_an_answer_is_not_the_next_answer() -> None:
    """A body longer than its Content-Length cannot become the answer to another request."""
    poisoned = http(200, b"{}") + http(200, b'{"forged":true}')
    async with raw_server(poisoned, http(200, b"[]")) as server, Outbound() as outbound:
        assert (await outbound.send(GET, channel(server.url), TIMEOUT)).body == b"{}"
        assert (await outbound.send(GET, channel(server.url), TIMEOUT)).body == b"[]"


async def test_headers_have_lower_case_names_and_one_value() -> None:
    """Of several lines the first counts, or all where the header is a list (RFC 9110, section 5.3)."""
    answer = http(
        200,
        b"{}",
        "X-Request-Id: first",
        "X-Request-ID: second",
        "Retry-After: 5",
        "retry-after: 900",
        'Warning: 299 - "Deprecated API"',
        'Warning: 299 - "Gone soon"',
        "Link: <a>; rel=next",
        "Link: <b>; rel=prev",
    )
    async with raw_server(answer) as server, Outbound() as outbound:
        headers = (await outbound.send(GET, channel(server.url), TIMEOUT)).headers
    assert headers == {
        "content-length": "2",
        "x-request-id": "first",
        "retry-after": "5",
        "warning": '299 - "Deprecated API", 299 - "Gone soon"',
        "link": "<a>; rel=next, <b>; rel=prev",
    }


async def test_cookies_are_neither_kept_nor_sent() -> None:
    """A session at the provider would make one caller's request depend on another's."""
    async with raw_server(http(200, b"{}", "Set-Cookie: session=secret; Path=/")) as server, Outbound() as outbound:
        # By name: aiohttp's own jar keeps cookies of names, not of addresses.
        way = channel(f"http://localhost:{server.port}")
        for _ in range(2):
            response = await outbound.send(GET, way, TIMEOUT)
            assert "set-cookie" not in response.headers
    assert not any(b"ookie" in request for request in server.requests)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: x\r\n" % number for number in range(5000)) + b"\r\n",
        b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n",
    ],
    ids=["one long header", "many headers", "a long status line"],
)
async def test_headers_are_bounded(head: bytes) -> None:
    """Headers without end are no answer."""
    async with raw_server(head) as server, Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(GET, channel(server.url), TIMEOUT)
    assert (failed.value.phase, failed.value.kind) == ("sent", "protocol")
