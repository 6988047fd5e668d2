"""Reads what callers send: bounded, strict, every violation named at once, nothing guessed."""

import json  # noqa: TID251 - msgspec takes the last of two members with the same name; fractions become Decimal
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from gateway.api.problems import Problem, ProblemViolation, problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_VIOLATIONS = 100
MAX_NAME = 200
"""The longest name of a member that a violation repeats."""

ModelT = TypeVar("ModelT", bound=BaseModel)


class ApiError(Exception):
    """An answer that is a problem, found by the gateway itself."""

    def __init__(self, told: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(told.title)
        self.problem = told
        self.headers = headers or {}


def refuse(name: str, detail: str | None = None, **members: Any) -> NoReturn:
    """Raise the problem of that type."""
    raise ApiError(problem(name, detail, **members))


def decode(body: bytes) -> Any:
    """Decode a JSON body: no duplicate members, no NaN, at most 32 levels; fractions become Decimal, digits kept.

    Raises ApiError (`malformed-request`).
    """
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_float=_decimal, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        refuse("malformed-request", _why(body, error))
    _bounded(value, 1)
    return value


def _why(body: bytes, error: Exception) -> str:
    """Say why a body cannot be read, and where; nothing of it is repeated."""
    if isinstance(error, _Unreadable):
        return str(error)
    if not body:
        return "There is no body; send JSON."
    if isinstance(error, json.JSONDecodeError):
        return f"The body is not JSON: line {error.lineno}, column {error.colno}."
    return "The body is not JSON in UTF-8."


class _Unreadable(ValueError):
    """JSON that the standard library would take and we do not."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Unreadable("The body has an object with the same member twice.")
    return members


def _decimal(text: str) -> Decimal:
    if len(text) > 64:
        raise _Unreadable("The body has a number of more than 64 characters.")
    return Decimal(text)


def _refuse_constant(name: str) -> NoReturn:
    raise _Unreadable(f"The body has {name}, which is not JSON.")


def _bounded(value: Any, depth: int) -> None:
    """Refuse what is nested too deeply, and text that is not Unicode (lone surrogates)."""
    if depth > MAX_DEPTH:
        refuse("malformed-request", f"The body is nested more than {MAX_DEPTH} levels deep.")
    if isinstance(value, str):
        _unicode(value)
    elif isinstance(value, dict):
        for name, member in value.items():
            _unicode(name)
            _bounded(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _bounded(member, depth + 1)


def _unicode(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        refuse("malformed-request", "The body has text that is not Unicode.")


def validated(model: type[ModelT], content: Any) -> ModelT:
    """Return the content as a model. Raises ApiError (`validation-failed`, 400) with every violation."""
    empty = list(_empty(content, ""))
    try:
        value = model.model_validate(content, by_alias=True, by_name=False)
    except ValidationError as error:
        refuse_violations([*empty, *violations(error, {one.name for one in empty})])
    if empty:
        refuse_violations(empty)
    return value


def refuse_violations(found: Iterable[ProblemViolation]) -> NoReturn:
    """Raise `validation-failed` (400) with these violations."""
    told = [ProblemViolation(name=one.name[:MAX_NAME], reason=one.reason) for one in islice(found, MAX_VIOLATIONS)]
    refuse("validation-failed", violations=tuple(told))


def _empty(value: Any, path: str) -> Iterator[ProblemViolation]:
    if value is None:
        yield ProblemViolation(name=path or "body", reason="null; leave out a member that has no value")
    elif value == "" and isinstance(value, str):
        yield ProblemViolation(name=path or "body", reason="empty; leave out a member that has no value")
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _empty(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _empty(member, f"{path}[{index}]")


def violations(error: ValidationError, known: set[str]) -> list[ProblemViolation]:
    """Return the violations of a validation error, but those of members in `known`. No input is repeated."""
    found = []
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        name = member_path(one["loc"]) or "body"
        if name not in known:
            found.append(ProblemViolation(name=name, reason=_reason(one["type"], one["msg"])))
    return found


def member_path(location: tuple[int | str, ...]) -> str:
    """Return `lines[0].quantity` for a location of pydantic's."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


_WORDS = {
    "string_pattern_mismatch": "has a character or a form that is not allowed here",
    "model_type": "should be an object",
    "dict_type": "should be an object",
    "list_type": "should be a list",
}
"""What pydantic says in words for programmers."""


def _reason(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "unknown member"
    if kind == "missing":
        return "required"
    return _WORDS.get(kind) or message.removeprefix("Value error, ")
