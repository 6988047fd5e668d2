"""Metrics as Prometheus reads them: its text format, version 0.0.4 (Exposition formats, prometheus.io)."""

from collections.abc import Iterable, Iterator, Sequence

from gateway.telemetry.instruments import Instrument, exposed
from gateway.telemetry.metrics import Collected, Distribution, Labels

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(collected: Sequence[Collected]) -> str:
    """Return the text of a scrape."""
    return "".join(line + "\n" for one in collected for line in _lines(one))


def _lines(one: Collected) -> Iterator[str]:
    instrument = one.instrument
    name = instrument.exposed
    yield f"# HELP {name} {instrument.help}"
    yield f"# TYPE {name} {instrument.kind}"
    for labels, value in one.values.items():
        yield f"{name}{_labels(instrument, labels)} {value:.17g}"
    for labels, distribution in one.distributions.items():
        yield from _histogram(instrument, labels, distribution)


def _histogram(instrument: Instrument, labels: Labels, one: Distribution) -> Iterator[str]:
    name, total = instrument.exposed, 0
    for bound, count in zip((*(f"{bound:g}" for bound in instrument.buckets), "+Inf"), one.counts, strict=True):
        total += count
        yield f"{name}_bucket{_labels(instrument, labels, (('le', bound),))} {total}"
    yield f"{name}_sum{_labels(instrument, labels)} {one.sum:.17g}"
    yield f"{name}_count{_labels(instrument, labels)} {total}"


def _labels(instrument: Instrument, labels: Labels, more: Iterable[tuple[str, str]] = ()) -> str:
    pairs = [(exposed(name), value) for name, value in zip(instrument.labels, labels, strict=True)]
    written = ",".join(f'{name}="{_escaped(value)}"' for name, value in (*pairs, *more))
    return f"{{{written}}}" if written else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
