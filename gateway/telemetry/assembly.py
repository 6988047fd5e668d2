"""What of the telemetry is configured, put together: nothing of it is there, or imported, that is not."""

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

import structlog
from uuid_utils import uuid7

from gateway.api.router import Handler
from gateway.config.telemetry import Otlp
from gateway.config.telemetry import Telemetry as Configured
from gateway.providers.circuit import Circuit
from gateway.providers.outbound import Outbound
from gateway.providers.pacing import Pacer
from gateway.telemetry import requests
from gateway.telemetry.budgets import watch_budgets
from gateway.telemetry.catalogue import CIRCUIT
from gateway.telemetry.journal import WatchedJournal
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.watch import Watch
from policies.journal import Journal

if TYPE_CHECKING:
    from gateway.telemetry.otlp import MetricsExport
    from gateway.telemetry.traces import Tracing

CIRCUITS = ("closed", "half-open", "open")
QUIET_SECONDS = 60.0
"""How long nothing more is said of exports that fail."""

log = structlog.get_logger("ordergate.telemetry")


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The parts that are on. All of them None: nothing is watched, and nothing asks."""

    metrics: Metrics | None = None
    tracing: "Tracing | None" = None
    export: "MetricsExport | None" = None

    def handler(self, handler: Handler) -> Handler:
        """Return what answers callers' requests, watched where anything is."""
        return handler if self.metrics is None else requests.watched(handler, self.metrics, self.tracing)

    def watch(self, provider: str, outbound: Outbound) -> Watch | None:
        """Return what watches an account's requests."""
        return None if self.metrics is None else Watch(provider, outbound, self.metrics, self.tracing)

    def budgets(self, provider: str, pacer: Pacer) -> None:
        """Watch an account's budgets, where anything is watched."""
        if self.metrics is not None:
            watch_budgets(self.metrics, provider, pacer)

    def circuit(self, provider: str, circuit: Circuit) -> None:
        """Watch an account's circuit, where anything is watched."""
        if self.metrics is not None:
            self.metrics.watch(CIRCUIT, lambda: [((provider, one), float(one == circuit.state)) for one in CIRCUITS])

    def journal(self, journal: Journal, accounts: Sequence[str]) -> Journal:
        """Return the journal, watched where anything is."""
        return journal if self.metrics is None else WatchedJournal(journal, self.metrics, self.tracing, accounts)

    def start(self) -> None:
        """Begin to export. Must be called in the loop that serves."""
        if self.export is not None:
            self.export.start()

    async def close(self) -> None:
        """Export what is left, for a bounded time, and end."""
        parts = [part.close() for part in (self.export, self.tracing) if part is not None]
        await asyncio.gather(*parts)


def assembled(configured: Configured) -> Telemetry:
    """Return what the configuration asks for. Imports OpenTelemetry where it exports, and nothing otherwise.

    Raises ModuleNotFoundError where that is not installed; the configuration's check says so before.
    """
    if configured.otlp is None:
        return Telemetry(Metrics()) if configured.prometheus else Telemetry()
    return _exporting(configured.otlp, configured.service_name)


def _exporting(configured: Otlp, service: str) -> Telemetry:
    otlp, traces = import_module("gateway.telemetry.otlp"), import_module("gateway.telemetry.traces")
    resources = import_module("opentelemetry.sdk.resources")
    release = version("ordergate")
    _heard()
    # Each process counts for itself: a collector has to tell them apart.
    told = {"service.name": service, "service.version": release, "service.instance.id": str(uuid7())}
    resource = resources.Resource.create(told)
    headers = {name: value.get_secret_value() for name, value in configured.headers.items()}
    metrics, tracing, export = Metrics(), None, None
    if configured.traces:
        # Its own generator: the one that all share is others' to seed.
        chance = random.Random()  # noqa: S311 - chooses traces, hides nothing
        spans, give_up = otlp.spans_to(configured.endpoint, headers)
        ratio = configured.sample_ratio
        tracing = traces.Tracing(spans, resource, release, ratio=ratio, chance=chance, give_up=give_up)
    if configured.metrics:
        exporter = otlp.metrics_to(configured.endpoint, headers)
        export = otlp.MetricsExport(metrics, exporter, resource, release, configured.interval)
    return Telemetry(metrics, tracing, export)


def _heard() -> None:
    """Have the libraries say in our log, seldom, that they failed: their own words may repeat what they sent."""
    logger = logging.getLogger("opentelemetry")
    logger.handlers = [_Told()]
    logger.propagate = False
    logger.setLevel(logging.WARNING)


class _Told(logging.Handler):
    """Logs that something is wrong, once a while."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._quiet_until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Log the module that complains."""
        if time.monotonic() >= self._quiet_until:
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            log.warning("telemetry is not exported", reason=record.name)
