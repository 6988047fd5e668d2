import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
import uvloop

from adapters.contract.simulator import FaultKind, Received, Simulator, json_response
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway import simulation
from gateway.providers.outbound import Outbound, SendFailed, channel
from gateway.simulation import served, simulate

TIMEOUT = 20.0


class Echo(Simulator):
    """Answers with what it received, and counts every request as an order."""

    slow_seconds = 0.01

    def respond(self, received: Received) -> HttpResponse:
        body = {
            "method": received.method,
            "path": received.path,
            "segments": received.segments,
            "query": received.query,
            "headers": dict(received.headers),
            "body": received.body.decode(),
        }
        return json_response(201, body, {"X-Request-Id": "r-1"})

    def orders(self) -> list[dict[str, Any]]:
        return []

    def too_many_requests(self, retry_after: int) -> HttpResponse:
        return json_response(429, {"code": "slow-down"}, {"Retry-After": str(retry_after)})

    def server_error(self, status: int) -> HttpResponse:
        return json_response(status, {"code": "broken"})


def echo(faults: Mapping[str, float] | None = None) -> Echo:
    return Echo(now=lambda: datetime.now(UTC), faults=faults)


@asynccontextmanager
async def connected(simulator: Simulator) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a bare connection to a simulator being served."""
    async with served({"echo": simulator}) as urls:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(urls["echo"].rpartition(":")[2]))
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


async def test_a_simulator_receives_what_was_sent() -> None:
    """Method, path as it was encoded, query in order with empty values, lower-case header names, body."""
    async with served({"echo": echo()}) as urls, Outbound() as outbound:
        request = HttpRequest(
            "PUT",
            "/orders/{id}/..a",
            {"id": "a/b ü?"},
            query=(("q", "a&b"), ("empty", ""), ("q", "ü")),
            headers={"X-Key": "v"},
            body="{ü}".encode(),
            origin="https://login.example/oauth",
        )
        response = await outbound.send(request, channel(urls["echo"], simulator=True), TIMEOUT)
    seen = response.object()
    assert response.status == 201
    assert response.headers["x-request-id"] == "r-1"
    assert seen["method"] == "PUT"
    assert seen["path"] == "/oauth/orders/a%2Fb%20%C3%BC%3F/..a"
    assert seen["segments"] == ["oauth", "orders", "a/b ü?", "..a"]
    assert seen["query"] == [["q", "a&b"], ["empty", ""], ["q", "ü"]]
    assert seen["headers"]["x-key"] == "v"
    assert seen["body"] == "{ü}"


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("//a//b/", "//a//b/", []),
        ("/a/%2E%2E/b", "/a/%2E%2E/b", []),
        ("/a/../b", "/a/../b", []),
        ("/a?x=%20+", "/a", [["x", "  "]]),
        ("http://provider.example/a/b?x=1", "/a/b", [["x", "1"]]),
    ],
)
async def test_targets_are_taken_as_they_stand(target: str, path: str, query: list[list[str]]) -> None:
    """Nothing is resolved or decoded on the way in; a proxy's whole URL counts by its path."""
    async with connected(echo()) as (reader, writer):
        writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
    seen = HttpResponse(0, body=answer.partition(b"\r\n\r\n")[2]).object()
    assert (seen["path"], seen["query"]) == (path, query)


async def test_a_repeated_header_is_one_with_both_values() -> None:
    """As a provider's server would show it."""
    async with connected(echo()) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
    assert HttpResponse(0, body=answer.partition(b"\r\n\r\n")[2]).object()["headers"]["x-a"] == "1, 2"


async def test_an_answer_says_nothing_of_who_serves_it() -> None:
    """A simulator is the provider, not the library below it; an answer without a body has no media type."""
    async with connected(echo({"429-bare": 1.0})) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        head = (await reader.read()).decode().lower()
    assert head.startswith("http/1.1 429 ")
    assert "content-length: 0" in head
    assert "server:" not in head
    assert "content-type:" not in head


@pytest.mark.parametrize("kind", get_args(FaultKind))
async def test_a_fault_is_carried_out_as_it_is_called(kind: FaultKind) -> None:
    """What arrives here is what the fault says; the simulator counts it, and control stays reachable."""
    expected: dict[str, tuple[Any, ...]] = {
        "lost-reply-before": ("sent", "closed", None),
        "lost-reply-after": ("sent", "closed", None),
        "reset": ("sent", "closed", None),
        "truncated": ("answered-partly", "closed", 201),
        "slow": (201,),
        "429": (429,),
        "429-bare": (429,),
        "500": (500,),
        "503": (503,),
        "html": (502,),
        "wrong-type": (201,),
    }
    simulator = echo({kind: 1.0})
    async with served({"echo": simulator}) as urls, Outbound() as outbound:
        way = channel(urls["echo"], simulator=True)
        try:
            outcome: tuple[Any, ...] = ((await outbound.send(HttpRequest("POST", "/orders"), way, TIMEOUT)).status,)
        except SendFailed as failed:
            outcome = (failed.phase, failed.kind, failed.status)
        truth = await outbound.send(HttpRequest("GET", "/_simulator/truth"), way, TIMEOUT)
    assert outcome == expected[kind]
    assert truth.object()["faults"] == {kind: 1}


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_reset_is_a_reset_on_either_loop(run: Callable[[Coroutine[Any, Any, None]], None]) -> None:
    """`ordergate simulate` runs on uvloop, whose connections are not asyncio's."""

    async def main() -> None:
        async with connected(echo({"reset": 1.0})) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(), TIMEOUT)

    run(main())


@pytest.mark.parametrize(("kind", "received"), [("lost-reply-before", b""), ("reset", ConnectionResetError)])
async def test_a_lost_reply_is_a_close_and_a_reset_is_a_reset(kind: str, received: Any) -> None:
    """FIN without a byte for the one, RST for the other."""
    async with connected(echo({kind: 1.0})) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        if received == b"":
            assert await reader.read() == b""
        else:
            with pytest.raises(received):
                await reader.read()


async def test_a_truncated_answer_promises_the_whole_and_gives_half() -> None:
    """The full Content-Length, half of the bytes, the end."""
    async with connected(echo({"truncated": 1.0})) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    assert len(body) == length // 2


async def test_a_slow_answer_is_slow_and_comes() -> None:
    """Others are served meanwhile."""
    simulator = echo({"slow": 1.0})
    simulator.slow_seconds = 0.3  # type: ignore[misc]
    loop = asyncio.get_running_loop()
    async with served({"echo": simulator}) as urls, Outbound() as outbound:
        way = channel(urls["echo"], simulator=True)
        started = loop.time()
        answers = await asyncio.gather(*(outbound.send(HttpRequest("GET", "/a"), way, TIMEOUT) for _ in range(20)))
        assert 0.3 <= loop.time() - started < 3.0
    assert {answer.status for answer in answers} == {201}


async def test_a_body_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulator is reachable by whoever reaches its port: more than the bound is 413, and late is 408."""
    monkeypatch.setattr(simulation, "MAX_BODY", 1000)
    monkeypatch.setattr(simulation, "BODY_SECONDS", 0.05)
    simulator = echo()
    async with served({"echo": simulator}) as urls, Outbound() as outbound:
        way = channel(urls["echo"], simulator=True)
        assert (await outbound.send(HttpRequest("POST", "/a", body=b"x" * 1000), way, TIMEOUT)).status == 201
        assert (await outbound.send(HttpRequest("POST", "/a", body=b"x" * 1001), way, TIMEOUT)).status == 413
    async with connected(simulator) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
        assert b" 408 " in await reader.readline()


async def test_each_simulator_has_a_port_of_its_own() -> None:
    """Two accounts at one provider are two simulators, which share nothing."""
    async with served({"a": echo(), "b": echo()}) as urls, Outbound() as outbound:
        assert len(set(urls.values())) == 2
        await outbound.send(HttpRequest("GET", "/only-a"), channel(urls["a"], simulator=True), TIMEOUT)
        truth = await outbound.send(
            HttpRequest("GET", "/_simulator/truth"), channel(urls["b"], simulator=True), TIMEOUT
        )
        assert truth.object()["requests"] == {}


async def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_behind() -> None:
    """What was already listening is closed again."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            async with served({"a": echo(), "b": echo()}, ports={"b": port}):
                pass


async def test_simulate_announces_its_url_and_serves_until_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `ordergate simulate` runs."""
    monkeypatch.setattr(simulation, "build", lambda name, **settings: echo(settings["faults"]))
    announced: asyncio.Queue[str] = asyncio.Queue()
    serving = asyncio.create_task(simulate("echo", faults={"500": 1.0}, announce=announced.put_nowait))
    url = await announced.get()
    async with Outbound() as outbound:
        answer = await outbound.send(HttpRequest("GET", "/"), channel(url, simulator=True), TIMEOUT)
        assert answer.status == 500
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest("POST", "/", effect="commit"), channel(url, simulator=True), TIMEOUT)
        assert failed.value.phase == "not-sent"


def test_an_unknown_provider_or_fault_is_refused() -> None:
    """Before anything listens."""
    with pytest.raises(KeyError):
        simulation.build("nobody")
    with pytest.raises(ValueError, match="unknown fault"):
        simulation.build("reusely", faults={"nonsense": 1.0})
