"""A collector on loopback: takes what OpenTelemetry's exporters send, and reads it as OpenTelemetry does."""

import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gateway.listeners import Listener

KINDS = {1: "internal", 2: "server", 3: "client"}


@dataclass(frozen=True, slots=True)
class Spanned:
    """A span as it arrived; ids in hexadecimal."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    state: str
    failed: bool
    attributes: Mapping[str, Any]


@dataclass(slots=True)
class Collector:
    """What arrived: bytes, headers, spans, and by name the points of the metrics' last export."""

    url: str = ""
    status: int = 200
    bodies: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    spans: list[Spanned] = field(default_factory=list)
    resource: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)

    def named(self, name: str) -> list[Spanned]:
        """Return the spans of a name."""
        return [span for span in self.spans if span.name == name]

    async def take(self, request: web.Request) -> web.Response:
        """Take one export."""
        body = await request.read()
        body = gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body
        self.bodies.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if request.path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resource = attributes(resource.resource)
                self.spans += [spanned(span) for scope in resource.scope_spans for span in scope.spans]
        elif request.path == "/v1/metrics":
            for resource_metrics in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                metrics = [metric for scope in resource_metrics.scope_metrics for metric in scope.metrics]
                self.metrics = {metric.name: metric for metric in metrics}
        return web.Response(status=self.status)


def attributes(of: Any) -> dict[str, Any]:
    """Return attributes as a mapping."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in of.attributes}


def spanned(span: Any) -> Spanned:
    """Return a span of the protocol's."""
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    return Spanned(span.name, KINDS[span.kind], *ids, span.trace_state, span.status.code == 2, attributes(span))


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Run a collector."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/{path:.*}", collector.take)
    listener = Listener(app, "127.0.0.1", 0)
    await listener.start()
    collector.url = listener.url
    try:
        yield collector
    finally:
        await listener.stop()
