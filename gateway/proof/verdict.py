"""What callers were told and the journal says, held against what is true."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import msgspec

from gateway.proof.told import Belief, Told, Wanted
from gateway.proof.truth import Truth
from policies.journal import Operation
from policies.operation import LIVE

Kind = Literal[
    "duplicate",
    "told placed, and none exists",
    "told not placed, and one exists",
    "recorded placed, and none exists",
    "recorded not placed, and one exists",
    "flipped",
    "lost",
    "stuck",
    "sent without a record",
    "answered outside the contract",
    "crashed",
]
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken, and everything known about it."""

    kind: Kind
    account: str
    story: str


@dataclass(slots=True)
class Verdict:
    """The outcome of a run: violations, and counts by account."""

    violations: list[Violation] = field(default_factory=list)
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    parked: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Parked ones by account, cause, and what was really true."""
    overdue: str = ""
    """The story of one whose provider can be asked, and that was not found out in time."""
    placed: Counter[str] = field(default_factory=Counter)

    def broken(self, kind: Kind, account: str | None = None) -> int:
        """Count violations."""
        return sum(one.kind == kind and account in {None, one.account} for one in self.violations)


def judge(wanted: Sequence[Wanted], rows: Mapping[str, Operation], gone: set[str], truth: Truth) -> Verdict:
    """Judge a run. `rows` is the journal by key; `gone` names operations that were told of and it does not know."""
    verdict = Verdict()
    by_reference: dict[str, list[Wanted]] = {}
    for one in wanted:
        by_reference.setdefault(one.reference, []).append(one)
    for one in wanted:
        row = rows.get(one.key)
        family = by_reference[one.reference]
        _count(verdict, one, row, truth)
        for kind in _broken(one, row, gone, truth, [rows.get(other.key) for other in family if other is not one]):
            verdict.violations.append(Violation(kind, one.account.name, _story(one, row, truth)))
    verdict.violations += _unrecorded(rows.values(), truth)
    return verdict


def _unrecorded(rows: Iterable[Operation], truth: Truth) -> Iterable[Violation]:
    """Say where more requests arrived than the journal says were to leave: each is recorded before its first byte."""
    recorded = Counter(dict.fromkeys(truth.requests, 0))
    for row in rows:
        recorded[row.account] += sum(fact.kind == "sending" for fact in row.evidence)
    for account, count in truth.requests.items():
        if count > recorded[account]:
            yield Violation("sent without a record", account, f"{count} requests, {recorded[account]} records of one")


def _broken(
    one: Wanted, row: Operation | None, gone: set[str], truth: Truth, others: Iterable[Operation | None]
) -> Iterable[Kind]:
    elsewhere = any(other is not None and other.state not in {"failed", "cancelled"} for other in others)
    for mark in one.marks:
        yield from _beliefs(one, row, mark, truth.count(one.account.name, mark), elsewhere)
    if _flipped(one):
        yield "flipped"
    if one.operations & gone or (row is None and not elsewhere and _exists(one, truth)):
        yield "lost"
    if row is None and any(told.operation is not None and told.status != 409 for told in one.told):
        yield "lost"
    if row is not None and row.state in LIVE:
        yield "stuck"
    # What callers of the proof want is right: nothing of it is to be refused.
    refused = row is None and any(told.status in {400, 404, 422, 501} for told in one.told)
    if refused or any(told.outside_the_contract for told in one.told):
        yield "answered outside the contract"


def _beliefs(one: Wanted, row: Operation | None, mark: str, count: int, elsewhere: bool) -> Iterable[Kind]:
    """Say which beliefs about one mark are wrong. `elsewhere`: another key may have placed it too."""
    told = [answer.belief(mark) for answer in one.told]
    if count > 1 and one.first is None:
        yield "duplicate"
    if "yes" in told and not count:
        yield "told placed, and none exists"
    last = told[-1] if told and not one.silent and not one.asked_at_once else "open"
    if count and not elsewhere and ("no" in told or last == "not yet"):
        yield "told not placed, and one exists"
    recorded = _recorded(row, mark)
    if recorded == "yes" and not count:
        yield "recorded placed, and none exists"
    if count and not elsewhere and recorded in {"no", "not yet"}:
        yield "recorded not placed, and one exists"


def _recorded(row: Operation | None, mark: str) -> Belief:
    if row is None:
        return "open"
    if row.state in {"succeeded", "partial"} and row.answer is not None and row.answer.status == 200:
        return Told(row.updated_at, 200, msgspec.json.decode(row.answer.body)).belief(mark)
    states: dict[str, Belief] = {"succeeded": "yes", "failed": "no", "cancelled": "not yet"}
    return states.get(row.state, "open")


def _flipped(one: Wanted) -> bool:
    """Tell whether one key had two different final answers."""
    for mark in one.marks:
        final = {belief for told in one.told if (belief := told.belief(mark)) in {"yes", "no"}}
        if len(final) > 1:
            return True
    if len({told.order for told in one.told if told.order is not None}) > 1:
        return True
    # Of two who ask at once one may be told late that it is still in progress.
    after_placed = (after for before, after in pairwise(one.told) if before.status == 201 and not one.asked_at_once)
    return any(after.status not in {201, 503} for after in after_placed)


def _exists(one: Wanted, truth: Truth) -> bool:
    return any(truth.count(one.account.name, mark) for mark in one.marks)


def _count(verdict: Verdict, one: Wanted, row: Operation | None, truth: Truth) -> None:
    state = "never claimed" if row is None else row.state
    if one.first is None:
        verdict.placed[one.account.name] += sum(truth.count(one.account.name, mark) for mark in one.marks)
    verdict.outcomes.setdefault(one.account.name, Counter())[state] += 1
    if row is not None and row.state == "parked":
        really = "placed" if _exists(one, truth) else "not placed"
        verdict.parked[one.account.name, row.cause or "", really] += 1
        if row.cause == "not found out in time":
            verdict.overdue = verdict.overdue or _story(one, row, truth)


def _story(one: Wanted, row: Operation | None, truth: Truth) -> str:
    lines = [f"{one.account.name} {one.reference} (key {one.key})"]
    lines += [f"  exists: {mark} {truth.count(one.account.name, mark)} times" for mark in one.marks]
    lines += [f"  told {told.at:%H:%M:%S.%f} {told.status} {_short(told)}" for told in one.told]
    if row is None:
        return "\n".join([*lines, "  no row in the journal"])
    lines.append(f"  recorded {row.id} {row.state}, cause {row.cause}, attempts {row.attempts}, version {row.version}")
    for fact in row.evidence:
        words = (fact.kind, fact.verdict, fact.phase, fact.status, fact.detail)
        lines.append(f"    {fact.at:%H:%M:%S.%f} {' '.join(str(word) for word in words if word is not None)}")
    return "\n".join(lines)


def _short(told: Told) -> str:
    if not isinstance(told.body, dict):
        return repr(told.body)[:80]
    names = ("type", "placed", "retry", "state", "id", "operation", "detail")
    return " ".join(f"{name}={told.body[name]}" for name in names if told.body.get(name) is not None)
