"""Sends what was measured and traced to a collector: OTLP over HTTP, by OpenTelemetry's own exporters.

What the configuration does not say of them (certificates, compression, limits of batches) they read from their own
`OTEL_…` variables.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from gateway.telemetry.instruments import Instrument
from gateway.telemetry.metrics import Collected, Labels, Metrics

EXPORT_SECONDS = 5.0
"""How long one export may take, its repetitions included."""
MAX_QUEUE = 2048
"""Spans that wait to be exported; more are dropped."""

_library = logging.getLogger("opentelemetry.metrics")


def spans_to(endpoint: str, headers: Mapping[str, str]) -> tuple[SpanProcessor, Callable[[], None]]:
    """Return what exports spans, in batches and in a thread of its own, and what makes it give up."""
    exporter = OTLPSpanExporter(
        endpoint=f"{endpoint}/v1/traces", headers=headers, timeout=EXPORT_SECONDS, session=_session()
    )
    return BatchSpanProcessor(exporter, max_queue_size=MAX_QUEUE), exporter.shutdown


def metrics_to(endpoint: str, headers: Mapping[str, str]) -> MetricExporter:
    """Return what exports metrics."""
    return OTLPMetricExporter(
        endpoint=f"{endpoint}/v1/metrics", headers=headers, timeout=EXPORT_SECONDS, session=_session()
    )


def _session() -> requests.Session:
    """Return a session that takes neither proxies nor passwords from the environment."""
    session = requests.Session()
    session.trust_env = False
    return session


class MetricsExport:
    """Exports metrics every `interval` seconds, and once more at the end."""

    def __init__(
        self, metrics: Metrics, exporter: MetricExporter, resource: Resource, version: str, interval: float
    ) -> None:
        self._metrics = metrics
        self._exporter = exporter
        self._resource = resource
        self._scope = InstrumentationScope("ordergate", version)
        self._interval = interval
        self._since = time.time_ns()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to export. Must be called in the loop that measures."""
        self._task = asyncio.create_task(self._forever(), name="metrics export")

    async def close(self) -> None:
        """Export what there is, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._export()
        await asyncio.to_thread(self._exporter.shutdown)

    async def _forever(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._interval):
                    await asyncio.Event().wait()
            except TimeoutError:
                await self._export()

    async def _export(self) -> None:
        data = told(await self._metrics.collect(), self._resource, self._scope, (self._since, time.time_ns()))
        result = await asyncio.to_thread(self._exporter.export, data, EXPORT_SECONDS * 1000)
        if result is not MetricExportResult.SUCCESS:
            # Heard where the exporters complain as well, so that one line a minute is all that is said.
            _library.warning("metrics are not exported")


def told(
    collected: Sequence[Collected], resource: Resource, scope: InstrumentationScope, span: tuple[int, int]
) -> MetricsData:
    """Return metrics as OpenTelemetry's exporters take them; `span` is since when they count, and now (nanoseconds)."""
    metrics = [_metric(one, span) for one in collected]
    return MetricsData([ResourceMetrics(resource, [ScopeMetrics(scope, metrics, "")], "")])


def _metric(one: Collected, span: tuple[int, int]) -> Metric:
    instrument = one.instrument
    data: Sum | Gauge | Histogram
    if instrument.kind == "histogram":
        points = [
            HistogramDataPoint(
                _attributes(instrument, labels),
                *span,
                count=found.count,
                sum=found.sum,
                bucket_counts=found.counts,
                explicit_bounds=instrument.buckets,
                min=None,  # type: ignore[arg-type] # optional in OTLP, and not known
                max=None,  # type: ignore[arg-type] # likewise
            )
            for labels, found in one.distributions.items()
        ]
        data = Histogram(points, AggregationTemporality.CUMULATIVE)
    else:
        numbers = [
            NumberDataPoint(_attributes(instrument, labels), *span, value) for labels, value in one.values.items()
        ]
        counts = instrument.kind == "counter"
        data = Sum(numbers, AggregationTemporality.CUMULATIVE, is_monotonic=True) if counts else Gauge(numbers)
    return Metric(instrument.name, instrument.help, instrument.unit, data)


def _attributes(instrument: Instrument, labels: Labels) -> dict[str, str]:
    return {name: value for name, value in zip(instrument.labels, labels, strict=True) if value}
