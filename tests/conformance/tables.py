"""Writes the generated parts of adapters/README.md: `.venv/bin/python tests/conformance/tables.py`.

Each part stands between `<!-- NAME: generated -->` and `<!-- NAME: end -->`. A test says when one is stale.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.conformance import Subject

FOLDER = Path(__file__).parent
README = FOLDER.parents[1] / "adapters" / "README.md"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    cells = [list(head), *map(list, rows)]
    cells.insert(1, ["---"] * len(cells[0]))
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def capabilities() -> str:
    """Return what each provider can do: as its simulator is configured, and with as little as possible."""
    from adapters.contract.adapter import OPERATIONS

    notes: dict[str, int] = {}
    subjects = _built_in()
    rows = [
        [f"`{operation}`", *(_capability(subject, method, notes) for subject in subjects.values())]
        for method, operation in OPERATIONS.items()
    ]
    kinds = ["kinds of orders", *(", ".join(subject.adapter().kinds) for subject in subjects.values())]
    footnotes = "".join(f"{number}. {reason}\n" for reason, number in notes.items())
    return table(["", *subjects], [kinds, *rows]) + "\n" + footnotes


def _capability(subject: "Subject", method: str, notes: dict[str, int]) -> str:
    """Return whether a provider can do something; what that needs is noted, each need once, by number."""
    able = subject.adapter()
    if not able.supports(method):
        return "no"
    bare = (type(able)(able.name, able.settings, able.credentials), subject.bare_adapter(able.currency))
    needs = {f"{able.title}: {account.why_not(method)}" for account in bare if not account.supports(method)}
    numbers = sorted(notes.setdefault(need, len(notes) + 1) for need in sorted(needs))
    return f"if configured ({', '.join(map(str, numbers))})" if numbers else "yes"


def traits() -> str:
    """Return what helps when the answer to a write is lost, by step."""
    rows = []
    for name, subject in _built_in().items():
        able, bare = subject.adapter().traits(), subject.bare_adapter().traits()
        for step, trait in able.items():
            kind = trait.kind if bare[step].kind == trait.kind else f"{trait.kind}, bare: {bare[step].kind}"
            rows.append([name, f"`{step}`", kind, trait.source])
    return table(["provider", "step", "trait", "source"], rows)


def quality() -> str:
    """Return how each provider's rules stand, and why some are not done."""
    from support.conformance_quality import RULES, Excused, quality_of

    found = {name: quality_of(subject.folder) for name, subject in _built_in().items()}
    rows = [[f"`{rule}`", meaning, *(one.word(rule) for one in found.values())] for rule, meaning in RULES.items()]
    reasons = [
        f"- {name}, `{rule}` {stated.status}: {' '.join(stated.reason.split())}\n"
        for name, one in found.items()
        for rule, stated in one.rules.items()
        if isinstance(stated, Excused)
    ]
    return table(["rule", "done means", *found], rows) + "\n" + "".join(reasons)


def example() -> str:
    """Return the example's adapter as code."""
    return f"```python\n{(FOLDER / 'example' / 'adapter.py').read_text(encoding='utf-8')}```\n"


PARTS: Mapping[str, Callable[[], str]] = {
    "capabilities": capabilities,
    "traits": traits,
    "quality": quality,
    "example": example,
}


def written(text: str) -> str:
    """Return the README with every generated part as it is now. Raises ValueError where a part has no place."""
    for name, make in PARTS.items():
        begin, end = f"<!-- {name}: generated -->\n", f"<!-- {name}: end -->"
        before, found_begin, rest = text.partition(begin)
        _, found_end, after = rest.partition(end)
        if not (found_begin and found_end):
            raise ValueError(f"{README.name} has no place for {name}")
        text = before + begin + make() + end + after
    return text


def _built_in() -> dict[str, "Subject"]:
    from adapters.registry import BUILT_IN
    from conformance.subjects import SUBJECTS

    return {subject.name: subject for subject in SUBJECTS if subject.name in BUILT_IN}


if __name__ == "__main__":
    sys.path[:0] = [str(FOLDER.parent), str(FOLDER.parents[1])]
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
