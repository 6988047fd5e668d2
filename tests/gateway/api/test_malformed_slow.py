"""Nobody holds a connection for nothing: slow headers, slow bodies and silence have an end."""

import asyncio
import queue
from types import SimpleNamespace

import pytest

from gateway import listeners
from gateway.api import context, server
from support.gateway_thread import Served
from support.raw_client import answers, exchanged, request

pytestmark = pytest.mark.usefixtures("nothing_is_sent", "short_of_patience")

JSON = [("Content-Type", "application/json"), ("Idempotency-Key", "slow-1")]
HEAD = b"POST /v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture
def short_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a fifth of a second where a running gateway waits ten."""
    assert (listeners.HEADER_SECONDS, context.BODY_SECONDS) == (10.0, 10.0)
    monkeypatch.setattr(listeners, "HEADER_SECONDS", 0.2)
    monkeypatch.setattr(context, "BODY_SECONDS", 0.2)


async def test_silence_ends_the_connection(attacked: Served) -> None:
    """A connection on which nothing comes is closed without a word."""
    assert await exchanged(attacked.port, seconds=5) == []


@pytest.mark.parametrize("begun", [b"G", b"GET /v1/oper", HEAD, HEAD + b"X-A: b\r\n", b"\r\n"])
async def test_a_header_section_that_does_not_end_is_408(attacked: Served, begun: bytes) -> None:
    """A bare 408, and the connection closed."""
    (answer,) = await exchanged(attacked.port, begun, seconds=5)
    assert (answer.status, answer.body) == (408, b"")


async def test_a_header_section_that_trickles_is_408(attacked: Served) -> None:
    """A byte now and then does not buy more time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", attacked.port)
    answered = asyncio.create_task(reader.read())
    try:
        async with asyncio.timeout(5):
            for number in range(100):
                writer.write(HEAD if number == 0 else b"X-A: b\r\n")
                await asyncio.wait({answered}, timeout=0.02)
                if answered.done():
                    break
            assert (await answered).startswith(b"HTTP/1.1 408 ")
    finally:
        answered.cancel()
        writer.close()


async def test_the_second_request_has_no_more_time_than_the_first(attacked: Served) -> None:
    """On a connection that is kept, half a header section is 408 too."""
    reader, writer = await asyncio.open_connection("127.0.0.1", attacked.port)
    async with asyncio.timeout(5):
        writer.write(request("GET", "/v1/idempotency").replace(b"Connection: close\r\n", b""))
        (first,) = answers(await reader.read(65536))
        writer.write(b"GET /v1/op")
        (second,) = answers(await reader.read())
    writer.close()
    assert [first.status, second.status] == [200, 408]


async def test_a_body_that_does_not_come_is_a_timeout(attacked: Served) -> None:
    """No body, half a body, half a chunk: 408 `request-timeout`, nothing placed, the key not used up.

    A refusal that needs no body is answered without it. None of them holds the connection for long.
    """
    length = [*JSON, ("Content-Length", "100")]
    unread = [("Content-Type", "text/plain"), ("Content-Length", "100")]
    (refused,), *late = await asyncio.gather(
        exchanged(attacked.port, request("POST", "/v1/orders", None, unread)),
        exchanged(attacked.port, request("POST", "/v1/orders", None, length)),
        exchanged(attacked.port, request("POST", "/v1/orders", None, length) + b'{"reference":'),
        exchanged(
            attacked.port,
            request("POST", "/v1/orders", None, [*JSON, ("Transfer-Encoding", "chunked")]) + b"5\r\nabc",
        ),
        exchanged(attacked.port, request("PATCH", "/v1/orders/gelato:1/delivery", None, length)),
    )
    assert (refused.status, refused.problem_name) == (415, "unsupported-media-type")
    for (answer,) in late:
        assert (answer.status, answer.problem_name) == (408, "request-timeout")
        assert (answer.problem["placed"], answer.problem["retry"]) == ("no", "same-key")


async def test_a_caller_who_hangs_up_within_the_body_leaves_nothing(
    attacked: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a body and a closed connection: no answer, no order, a line of the log, and the gateway goes on."""
    lines: queue.Queue[tuple[str, int | None]] = queue.Queue()

    def put(event: str, status: int | None = None, **_: object) -> None:
        lines.put((event, status))

    monkeypatch.setattr(server, "log", SimpleNamespace(info=put, exception=put))
    _, writer = await asyncio.open_connection("127.0.0.1", attacked.port)
    writer.write(request("POST", "/v1/orders", None, [*JSON, ("Content-Length", "100")]) + b'{"reference":')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert await asyncio.to_thread(lines.get, timeout=5) == ("request", 400)
    (answer,) = await exchanged(attacked.port, request("GET", "/v1/operations"), seconds=5)
    assert answer.status == 200


async def test_a_slow_caller_is_still_served_within_the_time(attacked: Served) -> None:
    """A request in many pieces is a request."""
    whole = request("GET", "/v1/idempotency")
    (answer,) = await exchanged(attacked.port, *(whole[at : at + 7] for at in range(0, len(whole), 7)), seconds=5)
    assert answer.status == 200
