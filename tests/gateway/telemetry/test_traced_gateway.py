"""A whole gateway that exports: what a collector is told of calls of which everything is known."""

import asyncio

import pytest
from structlog.testing import CapturingLogger

from gateway.telemetry import assembly, otlp, traces
from support.collector import Collector, collecting
from support.running import running_gateway

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
KEPT = "canary.collector.7261"

CONFIGURATION = """\
listen:
  port: 0
admin:
  port: 0
store:
  url: 'memory:'
  ephemeral: true
telemetry:
  service_name: shop-orders
  otlp:
    endpoint: ${COLLECTOR}
    sample_ratio: 1
    headers:
      X-Key: ${KEY}
providers:
  rexel:
    adapter: rexel
    simulated: true
"""
ORDER = {"provider": "rexel", "reference": "PO-7261zq", "lines": [{"productId": "rexel:SCH:S520059", "quantity": 20}]}


async def test_a_collector_is_told_of_every_hop_and_of_nobody() -> None:
    """An order in the caller's trace, and calls that come to nothing."""
    async with collecting() as collector:
        async with running_gateway(CONFIGURATION, {"COLLECTOR": collector.url, "KEY": KEPT}) as running:
            headers = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "rojo=1", "X-Request-ID": "request-1"}
            answered = await running.call("POST", "/v1/orders", ORDER, key="key-7261zq", headers=headers)
            assert answered.status == 201
            for _ in range(3):
                await running.call("GET", "/v1/orders/rexel:no-such-order-7261zq")
            await running.call("GET", "/v1/products?provider=rexel&q=query-7261zq")
            await running.call("GET", "/v1/nowhere/path-7261zq")
        _told_of_the_order(collector)
        _told_in_numbers(collector)
        assert collector.resource["service.name"] == "shop-orders"
        assert {headers["x-key"] for headers in collector.headers} == {KEPT}
        assert not [body for body in collector.bodies if b"7261zq" in body]


def _told_of_the_order(collector: Collector) -> None:
    """The caller's span, ours below it, and below that the login, the order and each commit of the journal."""
    (server,) = collector.named("POST /v1/orders")
    assert (server.kind, server.trace_id, server.parent_id, server.state) == ("server", TRACE, SPAN, "rojo=1")
    assert server.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/orders",
        "http.response.status_code": 201,
        "url.scheme": "http",
        "ordergate.request_id": "request-1",
    }
    below = [span for span in collector.spans if span.trace_id == TRACE and span is not server]
    assert {span.parent_id for span in below} == {server.span_id}
    clients = {str(span.attributes["ordergate.step"]): span for span in below if span.kind == "client"}
    assert {"login", "place"} <= set(clients)
    for span in clients.values():
        assert span.name == f"{span.attributes['http.request.method']} {span.attributes['url.template']}"
        assert span.attributes["ordergate.provider"] == "rexel"
    place = clients["place"].attributes
    assert (place["ordergate.effect"], place["ordergate.wire_phase"]) == ("commit", "answered")
    assert (place["ordergate.attempt"], place["http.response.status_code"]) == (1, 200)
    assert (place["server.address"], "url.full" in place) == ("127.0.0.1", False)
    assert [span.name for span in below if span.kind == "internal"][:2] == ["journal claim", "journal update"]


def _told_in_numbers(collector: Collector) -> None:
    """Cumulative, with their units, attributes and bounds."""
    metric = collector.metrics["http.server.request.duration"]
    points = {
        tuple(sorted(one.value.string_value for one in each.attributes)): each for each in metric.histogram.data_points
    }
    point = points["/v1/orders/{id}", "404", "GET"]
    assert (metric.unit, point.count, sum(point.bucket_counts)) == ("s", 3, 3)
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
    assert metric.histogram.aggregation_temporality == 2
    logins = collector.metrics["ordergate.provider.logins"].sum
    assert (logins.is_monotonic, [one.as_double for one in logins.data_points]) == (True, [1])
    oldest = collector.metrics["ordergate.operations.oldest_unresolved"].gauge
    assert [one.as_double for one in oldest.data_points] == [0]


async def test_a_collector_that_is_down_costs_nobody_anything(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Calls are answered, the end comes in bounded time, and one line says so: nothing of the exporters' own words."""
    monkeypatch.setattr(otlp, "EXPORT_SECONDS", 0.2)
    monkeypatch.setattr(traces, "CLOSE_SECONDS", 0.2)
    monkeypatch.setattr(assembly, "log", log := CapturingLogger())
    configuration = CONFIGURATION.replace("simulated: true", REAL)
    loop = asyncio.get_running_loop()
    async with running_gateway(configuration, {"COLLECTOR": "http://127.0.0.1:9", "KEY": KEPT}) as running:
        for _ in range(20):
            assert (await running.call("GET", "/v1/providers")).status == 200
        ending = loop.time()
    assert loop.time() - ending < 5
    captured = capfd.readouterr()
    told = captured.out + captured.err
    assert [call.args for call in log.calls] == [("telemetry is not exported",)]
    assert "not exported" not in told
    assert KEPT not in told
    assert "127.0.0.1:9/" not in told


REAL = """\
base_url: http://127.0.0.1:9
    credentials:
      client_id: ${KEY}
      client_secret: ${KEY}
      subscription_key: ${KEY}"""
