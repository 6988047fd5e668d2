"""Metrics: what is recorded is what is told, to Prometheus's own reader, within bounds."""

from collections.abc import Iterable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.telemetry.catalogue import catalogue
from gateway.telemetry.exposition import exposition
from gateway.telemetry.instruments import counter, gauge, histogram
from gateway.telemetry.metrics import OTHER, Metrics

CALLS = counter("shop.calls", "Calls.", "shop.name", unit="{call}")
OPEN = gauge("shop.open", "Open or not.", "shop.name", unit="1")
WAIT = histogram("shop.wait", "Waits.", "shop.name", buckets=(0.1, 1.0))

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def told(metrics: Metrics) -> Samples:
    """Return what Prometheus's own parser reads: samples by name and labels."""
    text = exposition(await metrics.collect())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def sample(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """Return the key of a sample."""
    return name, frozenset(labels.items())


async def test_counts_add_up() -> None:
    """Each series for itself, under the name and unit that Prometheus's conventions ask for."""
    metrics = Metrics()
    metrics.add(CALLS, "north")
    metrics.add(CALLS, "north", amount=2)
    metrics.add(CALLS, "south")
    assert await told(metrics) == {
        sample("shop_calls_total", shop_name="north"): 3,
        sample("shop_calls_total", shop_name="south"): 1,
    }


async def test_a_gauge_goes_up_and_down() -> None:
    """By what is added and taken."""
    metrics = Metrics()
    metrics.add(OPEN, "north", amount=3)
    metrics.add(OPEN, "north", amount=-1)
    assert await told(metrics) == {sample("shop_open_ratio", shop_name="north"): 2}


async def test_a_value_falls_into_the_first_bucket_that_holds_it() -> None:
    """Bounds belong to their bucket; buckets are told cumulatively, with the sum and the number of all."""
    metrics = Metrics()
    for value in (0.05, 0.1, 0.5, 7.0):
        metrics.observe(WAIT, value, "north")
    assert await told(metrics) == {
        sample("shop_wait_seconds_bucket", shop_name="north", le="0.1"): 2,
        sample("shop_wait_seconds_bucket", shop_name="north", le="1"): 3,
        sample("shop_wait_seconds_bucket", shop_name="north", le="+Inf"): 4,
        sample("shop_wait_seconds_sum", shop_name="north"): pytest.approx(7.65),
        sample("shop_wait_seconds_count", shop_name="north"): 4,
    }


@pytest.mark.parametrize("value", ['a "quoted" one', "back\\slash", "two\nlines", "", "ümläut", "{},="])
async def test_every_label_is_read_back_as_it_was(value: str) -> None:
    """Whatever is in it."""
    metrics = Metrics()
    metrics.add(CALLS, value)
    assert await told(metrics) == {sample("shop_calls_total", shop_name=value): 1}


async def test_what_is_watched_is_read_at_each_look() -> None:
    """By a function or a coroutine; several may be watched for one instrument."""
    metrics = Metrics()
    looks: list[int] = []

    def read() -> Iterable[tuple[tuple[str, ...], float]]:
        looks.append(1)
        return [(("north",), len(looks))]

    async def awaited() -> list[tuple[tuple[str, ...], float]]:
        return [(("south",), 7)]

    metrics.watch(OPEN, read)
    metrics.watch(OPEN, awaited)
    for look in (1, 2):
        expected = {sample("shop_open_ratio", shop_name="north"): look, sample("shop_open_ratio", shop_name="south"): 7}
        assert await told(metrics) == expected


async def test_what_cannot_be_read_hides_nothing_else() -> None:
    """A scrape is for bad days."""
    metrics = Metrics()

    async def broken() -> list[tuple[tuple[str, ...], float]]:
        raise OSError

    metrics.watch(OPEN, broken)
    metrics.add(CALLS, "north")
    assert await told(metrics) == {sample("shop_calls_total", shop_name="north"): 1}


async def test_a_label_without_bounds_costs_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be one series too many is counted together."""
    monkeypatch.setattr("gateway.telemetry.metrics.MAX_SERIES", 20)
    metrics = Metrics()
    for number in range(70):
        metrics.add(CALLS, str(number))
        metrics.observe(WAIT, 1.0, str(number))
    samples = await told(metrics)
    assert samples[sample("shop_calls_total", shop_name=OTHER)] == 50
    assert samples[sample("shop_wait_seconds_count", shop_name=OTHER)] == 50
    assert len(samples) == 21 * (1 + 5)


def test_labels_are_counted() -> None:
    """A label left out would shift the others."""
    with pytest.raises(ValueError, match="labels"):
        Metrics().add(CALLS)


def test_every_name_is_declared_once() -> None:
    """In both spellings."""
    instruments = catalogue()
    assert len({one.name for one in instruments}) == len(instruments)
    assert len({one.exposed for one in instruments}) == len(instruments)
    assert all(
        one.buckets == tuple(sorted(one.buckets)) and bool(one.buckets) == (one.kind == "histogram")
        for one in instruments
    )
