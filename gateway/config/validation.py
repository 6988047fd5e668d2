"""Part of a tree to a model; what pydantic finds becomes problems with a place and an advice."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar, get_args

import msgspec
from pydantic import BaseModel, ValidationError

from gateway.config import nodes
from gateway.config.nodes import Node, Scalar
from gateway.config.problems import Path, Place, Problems, suggestion

ModelT = TypeVar("ModelT", bound=BaseModel)
_QUOTED = re.compile(r"'([^']*)'")
_MAPPING = "should be a mapping: keys with values, indented below it"
_LIST = "should be a list: an item a line, each begun with a hyphen"
_MESSAGES = {
    "missing": "is missing",
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "bool_type": "should be true or false",
    "int_type": "should be a whole number",
    "float_type": "should be a number",
}
_BOUNDS = {
    "greater_than": ("gt", "is too low; write more than {:.15g}"),
    "greater_than_equal": ("ge", "is too low; write {:.15g} or more"),
    "less_than": ("lt", "is too high; write less than {:.15g}"),
    "less_than_equal": ("le", "is too high; write {:.15g} or less"),
}
"""Pydantic's words for a number out of bounds: where its message has the bound, and ours."""


class Validator:
    """Reads models from one tree. `secrets` are texts that must never be shown, whoever words a message."""

    def __init__(self, root: Node, problems: Problems, secrets: Collection[str] = ()) -> None:
        self._root = root
        self._problems = problems
        self._secrets = sorted(secrets, key=len, reverse=True)
        self._wrong: set[Path] = set()

    def node(self, path: Path) -> Node | None:
        """Return what stands at a path; None when nothing is written there, or only `key:`."""
        node: Node | None = self._root
        for part in path:
            node = nodes.child(node, part)
        return None if isinstance(node, Scalar) and not node.broken and node.value is None else node

    def value(self, path: Path) -> Any:
        """Return the scalar at a path, read as YAML also where a reference gave it; None for anything else."""
        node = self.node(path)
        if not isinstance(node, Scalar) or node.broken:
            return None
        return nodes.plain_value(node.text.strip()) if node.substituted else node.value

    def items(self, path: Path) -> int | None:
        """Return how many items the list at a path has; None when it is no list."""
        node = self.node(path)
        return len(node.items) if isinstance(node, nodes.Sequence) else None

    def keys(self, path: Path) -> tuple[str, ...]:
        """Return the keys of the mapping at a path; none, with a problem noted, when it is no mapping."""
        node = self.node(path)
        if node is None:
            return ()
        if not isinstance(node, nodes.Mapping):
            self.refuse(path, _MAPPING)
            return ()
        return tuple(node.entries)

    def wrong(self, path: Path) -> bool:
        """Tell whether something at or below `path` is wrong, so that nothing may be concluded from it."""
        node = self._at(path)
        below = any(wrong[: len(path)] == path for wrong in self._wrong)
        return below or (isinstance(node, Scalar) and node.broken)

    def refuse(self, path: Path, message: str, *, key: bool = False) -> None:
        """Note a problem at the value of `path`, or at its key, unless that is known to be wrong already."""
        if not self.wrong(path):
            self._problems.add(nodes.place_of(self._root, path, key=key), path, self._redacted(message))
            self._wrong.add(path)

    def unknown(self, path: Path, known: Collection[str]) -> None:
        """Note that the last key of `path` is unknown."""
        place = nodes.place_of(self._root, path, key=True)
        self._problems.add(place, path, f"unknown key{suggestion(str(path[-1]), known)}")

    def name(self, paths: Iterable[Path]) -> None:
        """Have mistakes at these paths below `credentials` told by name; all others are told of the credentials."""
        self._problems.name(paths)

    def texts(self, path: Path) -> Iterator[tuple[Path, str]]:
        """Yield the text at a path, or each of the list there, with its own path: also of what is wrong otherwise."""
        node = self.node(path)
        for trail, scalar in nodes.scalars(node) if node is not None else ():
            if not scalar.broken and trail[1:] == () and not isinstance(node, nodes.Mapping):
                yield (*path, *trail), scalar.text

    def read(
        self,
        model: type[ModelT],
        path: Path,
        *,
        only: Collection[str] | None = None,
        defaults: Mapping[str, Any] | None = None,
        known: Collection[str] = (),
    ) -> ModelT | None:
        """Return the model at `path`, or with mistakes noted one without what is wrong, or None where that cannot be.

        `only` takes some of its keys, `defaults` are beneath what is written, `known` are more words to suggest for an
        unknown key.
        """
        node = self.node(path)
        data: Any = {} if node is None else nodes.to_plain(node)
        if isinstance(data, dict):
            beneath = dict(defaults or {})
            written = {key: value for key, value in data.items() if only is None or key in only}
            data = beneath | {key: value for key, value in written.items() if value is not None or key not in beneath}
        try:
            return _validate(model, data)
        except ValidationError as error:
            first = error
        try:
            return _validate(model, self._converted(data, path, first))
        except ValidationError as error:
            self._report(error, model, path, known)
            last = error
        try:
            return _validate(model, self._without(data, path, last))
        except ValidationError:
            return None

    def _without(self, data: Any, path: Path, error: ValidationError) -> Any:
        """Drop the keys that are wrong, each with all that it holds up to the nearest mapping."""
        for detail in error.errors(include_input=False, include_url=False, include_context=False):
            container, trail = data, self._trail(path, detail["loc"])
            while trail and isinstance(trail[-1], int):
                trail = trail[:-1]
            for part in trail[:-1]:
                container = container.get(part, {}) if isinstance(container, dict) else container[part]
            if trail and isinstance(container, dict):
                container.pop(str(trail[-1]), None)
        return data

    def _converted(self, data: Any, path: Path, error: ValidationError) -> Any:
        """Read what a reference gave as YAML where text does not fit, and drop keys without a value."""
        for detail in error.errors(include_input=False, include_url=False, include_context=False):
            container, trail = data, self._trail(path, detail["loc"])
            for part in trail[:-1]:
                container = container[part]
            node = self._at((*path, *trail))
            if not trail or not isinstance(node, Scalar) or detail["type"] == "extra_forbidden":
                continue
            if node.substituted:
                container[trail[-1]] = nodes.plain_value(node.text.strip())
            elif node.value is None and isinstance(container, dict):
                container.pop(trail[-1], None)
        return data

    def _at(self, path: Path) -> Node | None:
        node: Node | None = self._root
        for part in path:
            node = nodes.child(node, part)
        return node

    def _trail(self, path: Path, location: tuple[str | int, ...]) -> Path:
        """Return the parts of pydantic's location that are in the tree: it names members of unions besides."""
        trail: Path = ()
        for part in location:
            if nodes.child(self._at((*path, *trail)), part) is not None:
                trail = (*trail, part)
        return trail

    def _report(self, error: ValidationError, model: type[BaseModel], path: Path, known: Collection[str]) -> None:
        told: dict[tuple[Place, Path], list[str]] = {}
        for detail in error.errors(include_input=False, include_url=False):
            kind, location = detail["type"], detail["loc"]
            where = (*path, *self._trail(path, location))
            if kind == "extra_forbidden":
                more = known if len(location) == 1 else ()
                self.unknown(where, (*_fields(model, location[:-1]), *more))
                continue
            if kind == "missing":
                where = (*path, *self._trail(path, location[:-1]), location[-1])
            node = self._at(where)
            self._wrong.add(where)
            if isinstance(node, Scalar) and node.broken:
                continue
            place = nodes.place_of(self._root, where, key=kind == "missing")
            message = _MESSAGES.get(kind) or _worded(kind, detail["msg"], detail.get("ctx", {}), node)
            told.setdefault((place, where), []).append(self._redacted(message))
        for (place, where), messages in told.items():
            self._problems.add(place, where, "; or ".join(dict.fromkeys(messages)))

    def _redacted(self, message: str) -> str:
        for secret in self._secrets:
            message = message.replace(secret, "***")
        return message


def _validate(model: type[ModelT], data: Any) -> ModelT:
    """Validate as JSON: strict, and lists, paths and dates are still read."""
    return model.model_validate_json(msgspec.json.encode(data), strict=True)


def _worded(kind: str, message: str, context: Mapping[str, Any], node: Node | None) -> str:
    """Return pydantic's message in our words, with advice where there is some."""
    if kind == "value_error":
        return str(context.get("error", message))
    if kind == "string_type":
        is_word = isinstance(node, Scalar) and node.plain and not isinstance(node.value, str | None)
        return "should be text; put it in quotes" if is_word else "should be text"
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return words.format(context[bound])
    message = message.removeprefix("Input ").removeprefix("Value ").removeprefix("String ")
    if kind == "literal_error" and isinstance(node, Scalar):
        return f"should be one of {context['expected']}{_close(node.text, context['expected'])}"
    if kind == "too_short" and isinstance(node, Scalar):  # a secret counts as a collection of characters
        return f"should have at least {context['min_length']} characters"
    return message.partition(" after validation")[0]


def _close(word: str, expected: str) -> str:
    """Return `; did you mean X?` for a word near to one of those that pydantic lists, else nothing."""
    advice = suggestion(word, _QUOTED.findall(expected))
    return advice if advice.endswith("?") else ""


def _fields(model: type[BaseModel], location: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the keys that the model at a place inside `model` has."""
    models = [model]
    for part in location:
        if isinstance(part, str):
            fields = [field for one in models if (field := one.model_fields.get(part)) is not None]
            models = [inner for field in fields for inner in _models(field.annotation)] or models
    return tuple(dict.fromkeys(name for one in models for name in one.model_fields))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
