"""`quality.yaml` is whole and true: what it calls done is done, as far as a machine can see."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from adapters.contract.adapter import OPERATIONS, Adapter
from support.conformance import Subject
from support.conformance_quality import RULES, Quality, quality_of

CASES = Path(__file__).parents[1] / "adapters"
HEADINGS = (
    "What it is",
    "Credentials",
    "Settings",
    "What it can do",
    "How orders are mapped",
    "Statuses",
    "Errors",
    "At most once",
    "Rate limits",
    "Choices made where the source is silent",
    "Quirks",
    "The simulator",
)


def test_every_rule_is_answered(subject: Subject) -> None:
    """No rule is left out and none is made up; what is not done has a reason, a sentence."""
    assert set(quality_of(subject.folder).rules) == set(RULES)


@pytest.mark.parametrize(
    "stated", ["done?", "todo", {"status": "exempt"}, {"status": "done", "reason": "It is done, surely."}, None, {}]
)
def test_a_rule_without_a_reason_is_refused(stated: object) -> None:
    """`todo` and `exempt` want a reason, and there is no fourth word."""
    with pytest.raises(ValidationError):
        Quality.model_validate({"rules": {"lookup": stated}})


def overrides(subject: Subject, *methods: str) -> bool:
    """Tell whether an adapter has methods of its own."""
    kind = subject.registration().adapter
    return all(getattr(kind, method) is not getattr(Adapter, method) for method in methods)


def test_what_is_called_done_is_done(subject: Subject) -> None:
    """Limits, look-ups, callbacks, traits, case files and the README are there where they are said to be."""
    quality, adapter = quality_of(subject.folder), subject.adapter()
    looks = overrides(subject, "find_order") or overrides(subject, "poll", "find_processes")
    facts = {
        "limits_documented": bool(adapter.limits()),
        "lookup": looks,
        "callbacks": overrides(subject, "read_callback"),
        "traits_sourced": bool(adapter.traits()),
        "readme": (subject.folder / "README.md").exists(),
        "case_files": (CASES / subject.name / "cases").is_dir(),
    }
    for rule, fact in facts.items():
        assert (quality.word(rule) == "done") == fact, rule


def test_a_readme_has_the_headings_that_every_readme_has(subject: Subject) -> None:
    """Every provider's page answers the same questions in the same order."""
    if quality_of(subject.folder).word("readme") == "done":
        lines = (subject.folder / "README.md").read_text(encoding="utf-8").splitlines()
        assert tuple(line.removeprefix("## ") for line in lines if line.startswith("## ")) == HEADINGS


def test_every_operation_has_a_case_file(subject: Subject) -> None:
    """Where case files are done, each operation that the account answers is shown, its login and its look-up too."""
    if quality_of(subject.folder).word("case_files") != "done":
        return
    adapter = subject.adapter()
    wanted = {operation for operation in OPERATIONS if adapter.supports(operation)}
    wanted |= {
        method for method in ("find_order", "poll", "find_processes", "has_shipment") if overrides(subject, method)
    }
    wanted |= {"login"} if adapter.needs_login else set()
    files = (CASES / subject.name / "cases").glob("*.yaml")
    cases = [YAML(typ="safe", pure=True).load(path) for path in files]
    assert wanted - {case["call"]["operation"] for case in cases} == set()
    assert all(len(case["source"]) > 10 for case in cases)
