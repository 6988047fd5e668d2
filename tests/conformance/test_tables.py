"""adapters/README.md is current: its tables and its example are what the code says."""

import re

from conformance.tables import PARTS, README, written
from support.conformance_quality import RULES


def test_the_generated_parts_are_current() -> None:
    """Otherwise: `.venv/bin/python tests/conformance/tables.py`."""
    text = README.read_text(encoding="utf-8")
    assert written(text) == text, "stale: run .venv/bin/python tests/conformance/tables.py"


def test_a_stale_part_is_noticed() -> None:
    """A part that says something else is written anew, each of them."""
    text = README.read_text(encoding="utf-8")
    for name in PARTS:
        stale = re.sub(rf"(<!-- {name}: generated -->\n)", r"\1stale\n", text)
        assert stale != text
        assert written(stale) == text


def test_the_readme_names_what_a_provider_is_made_of() -> None:
    """The five files, the suite's command and every rule are there."""
    text = README.read_text(encoding="utf-8")
    for word in ("adapter.py", "mapping.py", "simulator.py", "quality.yaml", "README.md", "--subject", *RULES):
        assert word in text, word
