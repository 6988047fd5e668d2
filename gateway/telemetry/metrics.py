"""Where measurements go: kept in memory, read by a scrape or an export. One for each process; used in its loop only.

Own code, because a histogram of OpenTelemetry's costs a request many times as much (gateway/README.md); what is kept
here is told in both languages (`exposition`, `otlp`).
"""

import asyncio
import inspect
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from gateway.telemetry.instruments import Instrument

MAX_SERIES = 2_000
"""Series of one instrument. What would be one more counts as `OTHER`: a label that is not bounded costs no memory."""
OTHER = "_OTHER"
"""The value of every label of that last series (the word of OpenTelemetry's conventions)."""
READ_SECONDS = 5.0
"""The longest that whoever is asked for a value may take."""

Labels = tuple[str, ...]
Points = Iterable[tuple[Labels, float]]
Read = Callable[[], Points | Awaitable[Points]]
ReadMany = Callable[[], Awaitable[Iterable[tuple[Instrument, Labels, float]]]]

log = structlog.get_logger("ordergate.telemetry")


@dataclass(slots=True)
class Distribution:
    """A histogram's series: how many fell up to each bound and beyond the last, and the sum of all."""

    counts: list[int]
    sum: float = 0.0

    @property
    def count(self) -> int:
        """Return how many there were."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Collected:
    """One instrument with all its series at one moment."""

    instrument: Instrument
    values: Mapping[Labels, float] = field(default_factory=dict)
    distributions: Mapping[Labels, Distribution] = field(default_factory=dict)


class Metrics:
    """Counts, adds up and distributes; asks for the rest when it is collected.

    Labels are given in the order that the instrument declares them, one value for each.
    """

    def __init__(self) -> None:
        self._values: dict[Instrument, dict[Labels, float]] = {}
        self._distributions: dict[Instrument, dict[Labels, Distribution]] = {}
        self._reads: list[tuple[str, ReadMany]] = []

    def add(self, instrument: Instrument, *labels: str, amount: float = 1.0) -> None:
        """Add to a counter or a gauge."""
        series = self._values.get(instrument)
        if series is None:
            series = self._values[instrument] = {}
        value = series.get(labels)
        if value is None:
            labels = _admitted(instrument, labels, series)
            value = series.get(labels, 0.0)
        series[labels] = value + amount

    def observe(self, instrument: Instrument, value: float, *labels: str) -> None:
        """Add one value to a histogram."""
        series = self._distributions.get(instrument)
        if series is None:
            series = self._distributions[instrument] = {}
        found = series.get(labels)
        if found is None:
            labels = _admitted(instrument, labels, series)
            found = series.setdefault(labels, Distribution([0] * (len(instrument.buckets) + 1)))
        found.counts[bisect_left(instrument.buckets, value)] += 1
        found.sum += value

    def watch(self, instrument: Instrument, read: Read) -> None:
        """Have `read` called whenever somebody looks: it returns (or awaits) pairs of labels and value.

        Several may be watched for one instrument. One that fails, or takes too long, is left out that time.
        """

        async def told() -> list[tuple[Instrument, Labels, float]]:
            found = read()
            points = await found if inspect.isawaitable(found) else found
            return [(instrument, labels, value) for labels, value in points]

        self.watch_together(instrument.name, told)

    def watch_together(self, name: str, read: ReadMany) -> None:
        """Have `read` called for values of several instruments that are known at once; `name` is for the log."""
        self._reads.append((name, read))

    async def collect(self) -> list[Collected]:
        """Return every instrument that has a series."""
        values = {instrument: dict(series) for instrument, series in self._values.items()}
        for name, read in self._reads:
            for instrument, labels, value in await _read(name, read):
                series = values.setdefault(instrument, {})
                series[_admitted(instrument, labels, series)] = value
        told = [Collected(instrument, values=series) for instrument, series in values.items() if series]
        for instrument, distributions in self._distributions.items():
            copied = {labels: Distribution(list(one.counts), one.sum) for labels, one in distributions.items()}
            told.append(Collected(instrument, distributions=copied))
        return sorted(told, key=lambda one: one.instrument.name)


def _admitted(instrument: Instrument, labels: Labels, series: Mapping[Labels, object]) -> Labels:
    """Return the labels of a series that is new, or those of the last one where there are too many."""
    if len(labels) != len(instrument.labels):
        raise ValueError(f"{instrument.name} has {len(instrument.labels)} labels, not {len(labels)}")
    return labels if len(series) < MAX_SERIES else (OTHER,) * len(labels)


async def _read(name: str, read: ReadMany) -> list[tuple[Instrument, Labels, float]]:
    try:
        async with asyncio.timeout(READ_SECONDS):
            return list(await read())
    except Exception as error:  # noqa: BLE001 - whatever it is: a scrape is for bad days
        log.warning("a metric cannot be read", metric=name, error=type(error).__name__)
        return []
