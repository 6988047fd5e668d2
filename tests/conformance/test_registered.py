"""What is to be done for a provider in places of their own, told in one go: `pytest tests/conformance -k NAME`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from adapters.registry import BUILT_IN, names
from conformance.subjects import SUBJECTS

ROOT = Path(__file__).parents[2]
FILES = ("__init__.py", "adapter.py", "mapping.py", "simulator.py", "quality.yaml", "README.md")


@pytest.mark.parametrize("name", names())
def test_a_registered_provider_is_everywhere_it_has_to_be(name: str, request: pytest.FixtureRequest) -> None:
    """Whatever is missing is said, with where it goes; of somebody else's provider only the subject is asked for."""
    if not request.config.getoption("--subject"):
        missing = [*_subject(name), *(_places(name) if name in BUILT_IN else ())]
        if missing:
            told = (f"{name} is registered, and lacks (see adapters/README.md):", *missing)
            pytest.fail("\n- ".join(told), pytrace=False)


def _subject(name: str) -> Iterator[str]:
    if name not in {subject.name for subject in SUBJECTS}:
        yield "a Subject in tests/conformance/subjects.py; without one no other test of the suite runs on it"


def _places(name: str) -> Iterator[str]:
    for file in FILES:
        if not (ROOT / "adapters" / name / file).is_file():
            yield f"adapters/{name}/{file}"
    shipped = YAML(typ="safe", pure=True).load(_text("gateway.yaml"))["providers"].get(name, {})
    if (shipped.get("adapter"), shipped.get("simulated")) != (name, True):
        yield f"an entry under `providers:` in gateway.yaml: `{name}:`, below it `adapter: {name}`, `simulated: true`"
    readme = _text("README.md")
    if f"| `{name}` |" not in readme:
        yield "a row in README.md, under Providers"
    if f"\n{name}: works, " not in readme:
        yield "its line in what README.md shows of `ordergate check --live`: run that and copy"
    if f"`adapter: {name}`" not in _text("docs/configuration.md"):
        yield "its settings: run .venv/bin/python -m gateway.config.reference > docs/configuration.md"
    if f" {name} |" not in _text("adapters/README.md").partition("kinds of orders")[0]:
        yield "its column: run .venv/bin/python tests/conformance/tables.py"


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
