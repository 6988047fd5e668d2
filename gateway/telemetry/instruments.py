"""What can be measured, as values: a name, a kind, labels. Recording is `Metrics`; the list of all is the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]

_SUFFIXES = {"s": "_seconds", "By": "_bytes", "1": "_ratio"}
"""What Prometheus adds to a name for a unit (UCUM); `{request}` and the like only annotate."""


@dataclass(frozen=True, slots=True, eq=False)
class Instrument:
    """One metric. `name` and `labels` are spelled as OpenTelemetry does; `unit` is UCUM (`s`, `By`, `1`, `{request}`).

    `buckets` are a histogram's upper bounds in its unit, ascending; what is beyond the last is counted besides.
    """

    name: str
    kind: Kind
    unit: str
    help: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()

    @property
    def exposed(self) -> str:
        """Return the name that Prometheus knows it by."""
        suffix = _SUFFIXES.get(self.unit, "")
        return exposed(self.name) + suffix + ("_total" if self.kind == "counter" else "")


def exposed(name: str) -> str:
    """Return the name of an instrument or label as Prometheus spells it."""
    return name.replace(".", "_")


def counter(name: str, text: str, *labels: str, unit: str) -> Instrument:
    """Declare what only grows."""
    return Instrument(name, "counter", unit, text, labels)


def gauge(name: str, text: str, *labels: str, unit: str) -> Instrument:
    """Declare what goes up and down: added to and taken from, or read when somebody looks (`Metrics.watch`)."""
    return Instrument(name, "gauge", unit, text, labels)


def histogram(name: str, text: str, *labels: str, buckets: Sequence[float], unit: str = "s") -> Instrument:
    """Declare what is distributed."""
    return Instrument(name, "histogram", unit, text, labels, tuple(buckets))
