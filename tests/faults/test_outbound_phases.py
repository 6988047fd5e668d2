"""Each fault, and how far the outbound client says that the request got."""

import asyncio
import socket
from dataclasses import dataclass
from typing import Any, get_args

import pytest
import uvloop

from adapters.contract.wire import Effect, HttpRequest
from gateway.providers.outbound import FailureKind, Outbound, SendFailed, WirePhase, channel
from support.fault_proxy import BLACK_HOLE, REPLY_LOST, Fault, fault_proxy
from support.raw_server import http, listening, raw_server

CREATED = http(201, b'{"id":"4711"}', "X-Request-Id: r-1")
HEAD = CREATED.index(b"\r\n\r\n") + 4
LARGE = b"x" * (16 * 1024 * 1024)
"""More than any buffer between here and there takes in."""
LONG, LONGER, SHORT = 20.0, 1.0, 0.2


@dataclass(frozen=True)
class Case:
    """A fault, what it looks like from here, and how many whole requests the provider got."""

    fault: Fault
    phase: WirePhase
    kind: FailureKind
    arrived: int
    body: bytes = b'{"a":1}'
    answer: bytes = CREATED
    timeout: float = LONG


CASES = {
    "closes at the first byte": Case(Fault(request_bytes=0), "sent", "closed", 0),
    "resets at the first byte": Case(Fault(request_bytes=0, ending="reset"), "sent", "closed", 0),
    "takes the request and is silent": Case(BLACK_HOLE, "sent", "timeout", 0, timeout=SHORT),
    "resets in the middle of the request": Case(
        Fault(request_bytes=70_000, ending="reset"), "partly-sent", "closed", 0, body=LARGE
    ),
    "closes in the middle of the request": Case(Fault(request_bytes=70_000), "partly-sent", "closed", 0, body=LARGE),
    "stops reading in the middle of the request": Case(
        Fault(request_bytes=70_000, ending="hang"), "partly-sent", "timeout", 0, body=LARGE, timeout=SHORT
    ),
    "loses the reply and closes": Case(REPLY_LOST, "sent", "closed", 1),
    "loses the reply and resets": Case(Fault(response_bytes=0, ending="reset"), "sent", "closed", 1),
    "loses the reply and is silent": Case(Fault(response_bytes=0, ending="hang"), "sent", "timeout", 1, timeout=SHORT),
    "closes in the status line": Case(Fault(response_bytes=9), "sent", "closed", 1),
    "closes in the headers": Case(Fault(response_bytes=HEAD - 2), "sent", "closed", 1),
    "closes after the headers": Case(Fault(response_bytes=HEAD), "answered-partly", "closed", 1),
    "closes in the body": Case(Fault(response_bytes=HEAD + 5), "answered-partly", "closed", 1),
    "resets in the body": Case(Fault(response_bytes=HEAD + 5, ending="reset"), "answered-partly", "closed", 1),
    "falls silent in the body": Case(
        Fault(response_bytes=HEAD + 5, ending="hang"), "answered-partly", "timeout", 1, timeout=SHORT
    ),
    "trickles the headers": Case(Fault(trickle=0.05), "sent", "timeout", 1, timeout=SHORT),
    "trickles the body": Case(Fault(trickle=0.1, trickle_from=HEAD), "answered-partly", "timeout", 1, timeout=SHORT),
    "answers after the timeout": Case(Fault(latency=2.0), "sent", "timeout", 0, timeout=SHORT),
    "does not speak HTTP": Case(Fault(), "sent", "protocol", 1, answer=b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "promises more body than there is": Case(
        Fault(response_bytes=60),
        "answered-partly",
        "closed",
        1,
        answer=b"HTTP/1.1 201 Any\r\nContent-Length: 99\r\n\r\n" + b"{}" * 20,
    ),
    "breaks off a chunk": Case(
        Fault(response_bytes=60),
        "answered-partly",
        "closed",
        1,
        answer=b"HTTP/1.1 201 Any\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + b"x" * 64,
    ),
    "sends a chunk without a size": Case(
        Fault(),
        "sent",
        "protocol",
        1,
        answer=b"HTTP/1.1 201 Any\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    ),
    "sends bytes that are not the gzip it says": Case(
        Fault(), "answered-partly", "closed", 1, answer=http(201, b"this is no gzip", "Content-Encoding: gzip")
    ),
    "sends two lengths": Case(
        Fault(),
        "sent",
        "protocol",
        1,
        answer=b"HTTP/1.1 201 Any\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    ),
}


async def outcome(case: Case, effect: Effect) -> tuple[WirePhase, FailureKind, int]:
    """Send under a case's fault; return the failure's phase and kind, and how many requests arrived.

    Where a short time was over before a slow machine came to the fault, it is done again with a longer one.
    """
    async with raw_server(case.answer) as server, fault_proxy(server.port) as proxy, Outbound() as outbound:
        proxy.fault = case.fault
        request = HttpRequest("POST", "/orders", body=case.body, effect=effect)
        with pytest.raises(SendFailed) as failed:
            await outbound.send(request, channel(proxy.url), case.timeout)
        if case.timeout == SHORT and not proxy.struck.is_set():
            with pytest.raises(SendFailed) as failed:
                await outbound.send(request, channel(proxy.url), LONGER)
        return failed.value.phase, failed.value.kind, len(server.requests)


@pytest.mark.parametrize("effect", ["read", "commit"])
@pytest.mark.parametrize("name", CASES)
async def test_the_phase_is_how_far_the_request_got(name: str, effect: Effect) -> None:
    """Under every fault the phase and the kind of the failure are told, and the provider was asked at most once."""
    case = CASES[name]
    assert await outcome(case, effect) == (case.phase, case.kind, case.arrived)


def test_the_phases_are_the_same_on_uvloop() -> None:
    """The gateway runs on it, and its connections buffer and fail in their own ways."""

    async def all_at_once() -> list[tuple[WirePhase, FailureKind, int]]:
        return await asyncio.gather(*(outcome(case, "commit") for case in CASES.values()))

    outcomes = dict(zip(CASES, uvloop.run(all_at_once()), strict=True))
    assert outcomes == {name: (case.phase, case.kind, case.arrived) for name, case in CASES.items()}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("effect", ["read", "commit"])
@pytest.mark.parametrize("kept_alive", [False, True], ids=["on a fresh connection", "on a kept-alive connection"])
async def test_a_lost_reply_is_never_asked_for_again(method: str, effect: Effect, kept_alive: bool) -> None:
    """The provider gets the request once, whatever its method: aiohttp's silent repetition is refused."""
    async with raw_server(CREATED) as server, fault_proxy(server.port) as proxy, Outbound() as outbound:
        way = channel(proxy.url)
        if kept_alive:
            await outbound.send(HttpRequest("GET", "/warm"), way, LONG)
        before = len(server.requests)
        proxy.fault = REPLY_LOST
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest(method, "/orders", effect=effect), way, LONG)
        assert (failed.value.phase, failed.value.kind) == ("sent", "closed")
        assert server.methods[before:] == [method]


async def test_a_commit_is_not_lost_to_a_kept_alive_connection_that_the_provider_closes() -> None:
    """The provider closes its idle connection just as a request is sent on it: a read fails, a commit does not.

    A commit goes on a connection of its own, so the commonest cause of doubt cannot touch it.
    """
    async with raw_server(CREATED) as server, fault_proxy(server.port) as proxy, Outbound() as outbound:
        way = channel(proxy.url)
        await outbound.send(HttpRequest("GET", "/warm"), way, LONG)
        await outbound.send(HttpRequest("GET", "/warm"), way, LONG)
        assert server.connections == 1
        placed = await outbound.send(HttpRequest("POST", "/orders", body=b"{}", effect="commit"), way, LONG)
        assert (placed.status, server.connections) == (201, 2)
        proxy.fault = Fault(request_bytes=0)
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest("GET", "/stale"), way, LONG)
        assert (failed.value.phase, failed.value.kind) == ("sent", "closed")


async def test_a_refused_connection_means_that_nothing_was_sent() -> None:
    """A port where nobody listens."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with Outbound() as outbound:
            with pytest.raises(SendFailed) as failed:
                await outbound.send(
                    HttpRequest("POST", "/orders"), channel(f"http://127.0.0.1:{nobody.getsockname()[1]}"), LONG
                )
    assert (failed.value.phase, failed.value.kind) == ("not-sent", "connect")
    assert isinstance(failed.value.__cause__, ConnectionRefusedError)


@pytest.mark.parametrize(("connect_timeout", "timeout"), [(SHORT, LONG), (LONG, SHORT)], ids=["connect", "total"])
async def test_a_connection_that_does_not_come_about_means_that_nothing_was_sent(
    connect_timeout: float,
    timeout: float,  # noqa: ASYNC109
) -> None:
    """A host that drops the packets: here a listener whose queue is full."""
    loop = asyncio.get_running_loop()
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            with pytest.raises(BlockingIOError):
                filler.connect(full.getsockname())
        started = loop.time()
        async with Outbound() as outbound:
            way = channel(f"http://127.0.0.1:{full.getsockname()[1]}", connect_timeout=connect_timeout)
            with pytest.raises(SendFailed) as failed:
                await outbound.send(HttpRequest("POST", "/orders", effect="commit"), way, timeout)
    assert (failed.value.phase, failed.value.kind) == ("not-sent", "timeout")
    assert loop.time() - started < 5


async def test_a_name_that_cannot_be_resolved_means_that_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that knows nothing, and says so."""

    async def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    async with Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest("POST", "/orders"), channel("https://provider.example"), LONG)
    assert (failed.value.phase, failed.value.kind) == ("not-sent", "dns")


async def test_the_status_of_an_answer_that_broke_off_is_known() -> None:
    """A 201 without its body is still a 201: placed, its id to be looked up. The request id is there too."""
    async with raw_server(CREATED) as server, fault_proxy(server.port) as proxy, Outbound() as outbound:
        proxy.fault = Fault(response_bytes=HEAD + 1)
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest("POST", "/orders", effect="commit"), channel(proxy.url), LONG)
        assert failed.value.status == 201
        assert failed.value.headers["x-request-id"] == "r-1"


async def test_an_answer_before_the_whole_request_was_sent_is_an_answer() -> None:
    """A provider that refuses a large body before it has read it is understood, and the next request is unharmed."""

    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(413, b"too large"))
        await asyncio.Event().wait()

    async with listening(early) as port, Outbound() as outbound:
        for _ in range(2):
            request = HttpRequest("POST", "/orders", body=LARGE)
            response = await outbound.send(request, channel(f"http://127.0.0.1:{port}"), LONG)
            assert (response.status, response.body) == (413, b"too large")


async def test_a_cancelled_caller_is_cancelled() -> None:
    """Cancellation is passed on as it is, and the connection is not used again."""
    async with raw_server(CREATED) as server, fault_proxy(server.port) as proxy, Outbound() as outbound:
        proxy.fault = BLACK_HOLE
        sending = asyncio.create_task(outbound.send(HttpRequest("GET", "/a"), channel(proxy.url), LONG))
        await proxy.struck.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        proxy.fault = Fault()
        assert (await outbound.send(HttpRequest("GET", "/a"), channel(proxy.url), LONG)).status == 201
        assert len(server.requests) == 1


def test_every_phase_short_of_an_answer_is_seen() -> None:
    """The table above leaves no phase out."""
    assert {case.phase for case in CASES.values()} | {"not-sent", "answered"} == set(get_args(WirePhase))
