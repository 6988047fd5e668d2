"""docs/telemetry.md, the dashboard and the alerts speak of metrics that exist, and of all of them."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import promql_parser
import pytest
from ruamel.yaml import YAML

from architecture.source import ROOT, python_files, tree
from gateway.telemetry import catalogue as declared
from gateway.telemetry.catalogue import catalogue
from gateway.telemetry.instruments import Instrument, exposed

DOCUMENT = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")
DASHBOARD: dict[str, Any] = msgspec.json.decode((ROOT / "deploy" / "grafana-dashboard.json").read_bytes())
ALERTS: dict[str, Any] = YAML(typ="safe").load((ROOT / "deploy" / "prometheus-alerts.yaml").read_text(encoding="utf-8"))
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
ADDED = {"job", "instance", "le"}
"""Labels that Prometheus adds."""


def samples() -> dict[str, Instrument]:
    """Return every name that a scrape has, and its instrument."""
    found: dict[str, Instrument] = {}
    for one in catalogue():
        suffixes = ("_bucket", "_sum", "_count") if one.kind == "histogram" else ("",)
        found |= {one.exposed + suffix: one for suffix in suffixes}
    return found


def table() -> str:
    """Return the table of metrics as docs/telemetry.md has it."""
    rows = ["| metric | Prometheus | | labels | |", "|---|---|---|---|---|"]
    for one in sorted(catalogue(), key=lambda one: one.name):
        labels = ", ".join(f"`{label}`" for label in one.labels)
        rows.append(f"| `{one.name}` | `{one.exposed}` | {one.kind} | {labels} | {one.help} |")
    return "\n".join(rows)


def test_the_table_of_metrics_is_the_catalogue() -> None:
    """Write what `table()` returns into docs/telemetry.md when this fails."""
    assert table() in DOCUMENT


def test_every_instrument_is_recorded_somewhere() -> None:
    """One that nobody records is a promise."""
    used = {
        node.id
        for path in python_files("gateway")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    names = [name for name, value in vars(declared).items() if isinstance(value, Instrument)]
    assert len(names) == len(catalogue())
    assert [name for name in names if name not in used] == []


def test_every_attribute_of_a_span_is_described() -> None:
    """And every one that is described is set."""
    pattern = re.compile(r"(?:http|ordergate|url|server|error)\.[a-z_.]+")
    sources = [path for path in python_files("gateway") if path.parts[:2] == ("gateway", "telemetry")]
    constants = {
        node.value
        for path in sources
        if path.name in {"requests.py", "watch.py", "journal.py"}
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and pattern.fullmatch(node.value)
    }
    described = set(
        pattern.findall(DOCUMENT.partition("## Traces")[2].partition("| `resolve")[0].partition("| span")[2])
    )
    assert described == constants


def selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Yield each metric that an expression names, with the labels that it chooses by."""
    found: list[tuple[str, set[str]]] = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append((str(node.name), {matcher.name for matcher in node.matchers.matchers}))
        return True

    promql_parser.walk(promql_parser.parse(expression), visit)
    yield from found


def shown() -> list[str]:
    """Return every expression of the dashboard, with Grafana's variables replaced."""
    targets = [target for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    return [target["expr"].replace("$__rate_interval", "5m") for target in targets]


@pytest.mark.parametrize("expression", [*shown(), *(rule["expr"] for rule in RULES)])
def test_an_expression_names_metrics_and_labels_that_exist(expression: str) -> None:
    """By Prometheus's own grammar; a name that is wrong would never alarm anybody."""
    known = samples()
    found = list(selectors(expression))
    assert found
    labels: set[str] = set(ADDED)
    for name, chosen in found:
        assert name in known
        own = {exposed(label) for label in known[name].labels}
        assert chosen <= own | ADDED
        labels |= own
    for grouped in re.findall(r"by \(([^)]*)\)", expression):
        assert set(re.findall(r"\w+", grouped)) <= labels


def test_every_metric_is_on_the_dashboard() -> None:
    """What nobody sees need not be measured."""
    known = samples()
    seen = {known[name].name for expression in shown() for name, _ in selectors(expression)}
    assert {one.name for one in catalogue()} - seen == set()


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    """Ids are unique, panels lie beside one another, each with a source that is chosen above."""
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert all(x < 24 for x, _ in cells)
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "job", "provider"}
    assert DASHBOARD["schemaVersion"] >= 36


def test_every_alert_says_what_to_do() -> None:
    """A name, a severity, a sentence; labels that its sentence names are left by its expression."""
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"page", "ticket"}
        summary = rule["annotations"]["summary"]
        assert summary.endswith(".")
        for label in re.findall(r"\$labels\.(\w+)", summary):
            assert re.search(rf"by \([^)]*\b{label}\b", rule["expr"])


def test_the_files_are_named_where_people_look() -> None:
    """In the document; and the document in the README."""
    assert "deploy/prometheus-alerts.yaml" in DOCUMENT
    assert "deploy/grafana-dashboard.json" in DOCUMENT
    assert "docs/telemetry.md" in (ROOT / "README.md").read_text(encoding="utf-8")
