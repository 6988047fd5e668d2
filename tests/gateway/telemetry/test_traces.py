"""Spans: which traces are recorded, and where one hop ends and the next begins."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pytest
from aiohttp import web
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from typing_extensions import override

from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.api.router import Request, Router
from gateway.listeners import Listener
from gateway.providers.channel import channel
from gateway.providers.evidence import SendFailed
from gateway.providers.trip import Trip, within
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.requests import watched
from gateway.telemetry.trace_context import CURRENT, TraceContext
from gateway.telemetry.traces import Tracing
from gateway.telemetry.watch import Watch
from support.scripted_provider import Network

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = TraceContext(TRACE, "00f067aa0ba902b7", 1)


class Dice(random.Random):
    """A generator of which is known what the dice show."""

    def __init__(self, shown: float) -> None:
        super().__init__(7261)
        self._shown = shown

    @override
    def random(self) -> float:
        return self._shown


class Recorded:
    """Tracing into memory; `chance` is what the dice show."""

    def __init__(self, ratio: float = 0.5, chance: float = 0.4) -> None:
        self._memory = InMemorySpanExporter()
        self.tracing = Tracing(
            SimpleSpanProcessor(self._memory),
            Resource({}),
            "1",
            ratio=ratio,
            chance=Dice(chance),
            give_up=self._memory.shutdown,
        )

    @property
    def spans(self) -> list[ReadableSpan]:
        """Return the spans that ended."""
        return list(self._memory.get_finished_spans())


@pytest.mark.parametrize(
    ("caller", "ratio", "chance", "recorded"),
    [
        (None, 0.5, 0.4, True),
        (None, 0.5, 0.5, False),
        (None, 0.0, 0.0, False),
        (None, 1.0, 0.999, True),
        (1, 0.0, 0.9, True),
        (0, 1.0, 0.0, False),
    ],
)
def test_a_caller_that_traces_decides_whether_it_is_recorded(
    caller: int | None, ratio: float, chance: float, recorded: bool
) -> None:
    """Of all other traces a part is, as configured."""
    seen = Recorded(ratio, chance)
    given = None if caller is None else TraceContext(TRACE, "00f067aa0ba902b7", caller)
    traced = seen.tracing.root("GET /", "server", given)
    assert (traced is not None) is recorded
    if traced is not None:
        traced.end({})
        assert traced.place.sampled
        assert (traced.place.trace_id == TRACE) is (caller is not None)
    assert len(seen.spans) == recorded


@asynccontextmanager
async def served(seen: Recorded) -> AsyncIterator[str]:
    """Serve an application that is watched: it answers, breaks, or hangs."""

    async def answered(request: Request) -> web.Response:
        place = CURRENT.get()
        if request.match_info["id"] == "broken":
            raise RuntimeError
        return web.Response(text=place.trace_id if place else "none")

    router = Router()
    router.add("GET", "/things/{id}", answered)
    listener = Listener(router.routed(watched(answered, Metrics(), seen.tracing)), "127.0.0.1", 0)
    await listener.start()
    try:
        yield listener.url
    finally:
        await listener.stop()


async def test_one_connection_carries_one_trace_after_another() -> None:
    """What was current for one request is not for the next."""
    seen = Recorded(ratio=0.0)
    connector = aiohttp.TCPConnector(limit=1)
    async with served(seen) as url, aiohttp.ClientSession(connector=connector) as session:
        told = []
        for headers in ({"traceparent": PARENT.headers()["traceparent"]}, {}):
            async with session.get(f"{url}/things/jane@example.com?mail=jane@example.com", headers=headers) as response:
                told.append(await response.text())
    assert told == [TRACE, "none"]
    (span,) = seen.spans
    assert (span.name, span.status.status_code) == ("GET /things/{id}", StatusCode.UNSET)
    assert "jane" not in span.to_json()


async def test_a_request_that_breaks_is_a_span_that_failed() -> None:
    """An exception that nobody made an answer of; its text is not told."""
    seen = Recorded(ratio=1.0)
    async with served(seen) as url, aiohttp.ClientSession() as session, session.get(f"{url}/things/broken") as response:
        assert response.status == 500
    (span,) = seen.spans
    assert span.status.status_code is StatusCode.ERROR
    assert not span.events


@pytest.fixture
def traced() -> Iterator[Recorded]:
    """Return tracing with a span that is current."""
    token = CURRENT.set(PARENT)
    yield Recorded()
    CURRENT.reset(token)


REQUEST = HttpRequest("GET", "/orders/{id}", {"id": "jane"}, query=(("mail", "jane@example.com"),), step="order")


async def test_each_try_of_a_request_is_a_span_that_the_provider_is_told(traced: Recorded) -> None:
    """Numbered within its flow; the provider's own spans belong below it."""
    network = Network(SendFailed("not-sent", "timeout"), HttpResponse(503), HttpResponse(200))
    watch = Watch("acme", network, Metrics(), traced.tracing)
    trip = Trip(within(60), "request-1")
    way = channel("http://127.0.0.1:1/prefix")
    with pytest.raises(SendFailed):
        await watch.send(REQUEST, way, 1.0, trip, (0, 0))
    await watch.send(REQUEST, way, 1.0, trip, (0, 0))
    await watch.send(REQUEST, way, 1.0, trip, (0, 1))
    told = [dict(span.attributes or {}) for span in traced.spans]
    assert [one["ordergate.attempt"] for one in told] == [1, 2, 1]
    assert [one.get("http.request.resend_count") for one in told] == [None, 1, None]
    assert [one["ordergate.wire_phase"] for one in told] == ["not-sent", "answered", "answered"]
    assert [one.get("error.type") for one in told] == ["timeout", "503", None]
    assert [one.get("http.response.status_code") for one in told] == [None, 503, 200]
    assert [span.status.status_code is StatusCode.ERROR for span in traced.spans] == [True, True, False]
    for span, request in zip(traced.spans, network.requests, strict=True):
        assert span.name == "GET /orders/{id}"
        written = msgspec.json.decode(span.to_json())
        assert written["parent_id"] == f"0x{PARENT.span_id}"
        assert request.headers["traceparent"] == f"00-{TRACE}-{written['context']['span_id'][2:]}-01"
        assert "jane" not in span.to_json()


async def test_a_request_that_is_stopped_ends_its_span(traced: Recorded) -> None:
    """Nobody knows how far it got."""
    sent = asyncio.Event()

    async def hang() -> HttpResponse:
        sent.set()
        await asyncio.Event().wait()
        raise AssertionError

    network = Network(lambda request: hang())
    watch = Watch("acme", network, Metrics(), traced.tracing)
    task = asyncio.create_task(watch.send(REQUEST, channel("http://127.0.0.1:1"), 1.0, Trip(within(60), "r"), (0, 0)))
    await asyncio.wait_for(sent.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (span,) = traced.spans
    assert (span.attributes or {})["error.type"] == "cancelled"
