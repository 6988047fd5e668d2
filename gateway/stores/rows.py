"""How operations, steps and facts stand in rows: names of columns, values in their order, bodies sealed.

Stores share this, whatever their database. `Rows` takes how the database writes a time; content, requests and answers
are bodies, stored apart from the narrow row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec

from gateway.stores.sealing import Sealing
from policies.journal import Event, Evidence, Open, Operation, Step, StoredAnswer

FIXED = ("id", "caller", "key", "fingerprint", "kind", "account", "created_at", "reference", "twin")
"""Columns of an operation that its claim fixes."""
CHANGING = (
    "updated_at",
    "state",
    "subject",
    "attempts",
    "doubt",
    "probes",
    "first_sent_at",
    "last_sent_at",
    "valid_until",
    "due",
    "owner",
    "lease_until",
    "cause",
    "version",
)
"""Columns of an operation that an update writes."""
OPERATION = FIXED + CHANGING
EVIDENCE = ("at", "kind", "verdict", "phase", "status", "detail")
STEP = ("index", "part", "name", "effect", "digest", "phase")
OPEN = ("account", "state", "count", "oldest")
EVENT = ("sequence", "subject", "version", "operation", "state", "at")

REQUEST_DAYS = 7
ANSWER_DAYS = 30
TOMBSTONE_DAYS = 400
"""Days after the end of an operation for which each is kept: frozen requests and content, answers, all the rest."""

TIMES = frozenset(
    {
        "at",
        "created_at",
        "updated_at",
        "first_sent_at",
        "last_sent_at",
        "valid_until",
        "due",
        "lease_until",
        "oldest",
    }
)
"""Columns of any table that hold a time."""


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An answer as columns; the body is sealed."""

    status: int
    fields: str
    body: bytes


class Rows:
    """Turns records into rows and back. `to_time` and `from_time` are the database's way with a time, never None's."""

    def __init__(
        self, sealing: Sealing, to_time: Callable[[datetime], Any], from_time: Callable[[Any], datetime]
    ) -> None:
        self._sealing = sealing
        self._to_time = to_time
        self._from_time = from_time

    def values(self, record: object, columns: tuple[str, ...]) -> list[Any]:
        """Return what a record holds under these columns."""
        read, times = _reader(columns)
        found = list(read(record))
        for place in times:
            if found[place] is not None:
                found[place] = self._to_time(found[place])
        return found

    def operation(
        self,
        row: Sequence[Any],
        content: bytes | None,
        answer: AnswerRow | None,
        evidence: tuple[Evidence, ...],
    ) -> Operation:
        """Return an operation from the columns OPERATION, its sealed content, its answer and its facts."""
        fields = self._fields(OPERATION, row)
        operation_id = fields["id"]
        fields["doubt"] = bool(fields["doubt"])
        return Operation(
            **fields,
            content=b"" if content is None else self._sealing.open(content, _place(operation_id, "content")),
            answer=None if answer is None else self._answer(operation_id, answer),
            evidence=evidence,
        )

    def content(self, operation: Operation) -> bytes:
        """Return an operation's content, sealed."""
        return self._sealing.seal(operation.content, _place(operation.id, "content"))

    def answer(self, operation_id: str, answer: StoredAnswer) -> AnswerRow:
        """Return an answer as columns, its body sealed."""
        fields = msgspec.json.encode(dict(answer.fields)).decode()
        return AnswerRow(answer.status, fields, self._sealing.seal(answer.body, _place(operation_id, "answer")))

    def evidence(self, row: Sequence[Any]) -> Evidence:
        """Return a fact from the columns EVIDENCE."""
        return Evidence(**self._fields(EVIDENCE, row))

    def event(self, row: Sequence[Any]) -> Event:
        """Return an event from the columns EVENT."""
        return Event(**self._fields(EVENT, row))

    def open(self, row: Sequence[Any]) -> Open:
        """Return what is still open from the columns OPEN."""
        return Open(**self._fields(OPEN, row))

    def step(self, operation_id: str, row: Sequence[Any], request: bytes | None, answer: bytes | None) -> Step:
        """Return a step from the columns STEP and its sealed bodies."""
        fields = self._fields(STEP, row)
        place = _step_place(operation_id, fields["index"], fields["part"])
        return Step(
            **fields,
            request=b"" if request is None else self._sealing.open(request, f"{place}/request"),
            answer=None if answer is None else self._sealing.open(answer, f"{place}/answer"),
        )

    def step_bodies(self, operation_id: str, step: Step) -> tuple[bytes, bytes | None]:
        """Return a step's request and its answer, sealed."""
        place = _step_place(operation_id, step.index, step.part)
        answer = None if step.answer is None else self._sealing.seal(step.answer, f"{place}/answer")
        return self._sealing.seal(step.request, f"{place}/request"), answer

    def _answer(self, operation_id: str, answer: AnswerRow) -> StoredAnswer:
        fields = msgspec.json.decode(answer.fields, type=dict[str, str])
        return StoredAnswer(answer.status, fields, self._sealing.open(answer.body, _place(operation_id, "answer")))

    def _fields(self, columns: tuple[str, ...], row: Sequence[Any]) -> dict[str, Any]:
        found = list(row)
        for place in _reader(columns)[1]:
            if found[place] is not None:
                found[place] = self._from_time(found[place])
        return dict(zip(columns, found, strict=True))


@cache
def _reader(columns: tuple[str, ...]) -> tuple[Callable[[Any], tuple[Any, ...]], tuple[int, ...]]:
    """Return what reads these columns off a record, and which of them are times."""
    return attrgetter(*columns), tuple(place for place, column in enumerate(columns) if column in TIMES)


def _place(operation_id: str, which: str) -> str:
    return f"{operation_id}/{which}"


def _step_place(operation_id: str, index: int, part: int) -> str:
    return f"{operation_id}/step/{index}.{part}"
