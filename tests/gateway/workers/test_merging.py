"""One scrape of several workers, read by Prometheus's own parser."""

from prometheus_client.parser import text_string_to_metric_families

from gateway.workers.merging import merged

SCRAPE = """\
# HELP orders_total Orders.
# TYPE orders_total counter
orders_total{{provider="a {{b}} c",state="x"}} {orders}
# HELP size_bytes Memory.
# TYPE size_bytes gauge
size_bytes 5
"""


def test_each_sample_is_told_with_its_worker_and_each_metric_once() -> None:
    """Labels may hold what separates others; a worker that has more metrics than others is told as well."""
    own = "# HELP wait_seconds Waits.\n# TYPE wait_seconds gauge\nwait_seconds 0.5\n"
    text = merged({"0": SCRAPE.format(orders=3), "1": SCRAPE.format(orders=4) + own})
    families = list(text_string_to_metric_families(text))
    assert [(family.name, family.type) for family in families] == [
        ("orders", "counter"),
        ("size_bytes", "gauge"),
        ("wait_seconds", "gauge"),
    ]
    found = {(sample.name, tuple(sample.labels.items())): sample.value for one in families for sample in one.samples}
    assert found == {
        ("orders_total", (("ordergate_worker", "0"), ("provider", "a {b} c"), ("state", "x"))): 3,
        ("orders_total", (("ordergate_worker", "1"), ("provider", "a {b} c"), ("state", "x"))): 4,
        ("size_bytes", (("ordergate_worker", "0"),)): 5,
        ("size_bytes", (("ordergate_worker", "1"),)): 5,
        ("wait_seconds", (("ordergate_worker", "1"),)): 0.5,
    }


def test_nobody_to_ask_is_an_empty_scrape() -> None:
    """While all start."""
    assert merged({}) == ""
