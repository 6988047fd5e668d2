"""What several workers measured, as one scrape: Prometheus's text format, each sample with the worker it is of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

LABEL = "ordergate_worker"


@dataclass(slots=True)
class _Family:
    head: dict[str, None] = field(default_factory=dict)
    samples: list[str] = field(default_factory=list)


def merged(scrapes: Mapping[str, str]) -> str:
    """Return the samples of all scrapes, by the workers' names; those of one metric stand together."""
    families: dict[str, _Family] = {}
    for worker, scrape in scrapes.items():
        family = _Family()
        for line in scrape.split("\n"):
            if line.startswith("# "):
                family = families.setdefault(line.split(" ", 3)[2], _Family())
                family.head[line] = None
            elif line:
                family.samples.append(_labelled(line, worker))
    return "".join(f"{line}\n" for one in families.values() for line in (*one.head, *one.samples))


def _labelled(sample: str, worker: str) -> str:
    name, brace, labels = sample.partition("{")
    if brace and " " not in name:
        return f'{name}{{{LABEL}="{worker}",{labels}'
    name, _, value = sample.partition(" ")
    return f'{name}{{{LABEL}="{worker}"}} {value}'
