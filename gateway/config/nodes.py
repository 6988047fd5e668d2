"""The tree of a YAML file, every node with its place; and what an unquoted scalar means."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.config.problems import Path, Place

_NULL = re.compile(r"(?:~|null|Null|NULL|)")
_TRUE = re.compile(r"(?:true|True|TRUE)")
_FALSE = re.compile(r"(?:false|False|FALSE)")
# More digits than any setting has are left as text, and refused as such.
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FRACTION = re.compile(r"(?=.*[.eE])[-+]?(?:\.[0-9]{1,30}|[0-9]{1,30}(?:\.[0-9]{0,30})?)(?:[eE][-+]?[0-9]{1,3})?")


@dataclass(slots=True)
class Scalar:
    """A value as written. `substituted` when a reference gave (part of) the text, `broken` when one could not."""

    place: Place
    text: str = field(repr=False)
    plain: bool = True
    substituted: bool = False
    broken: bool = False
    height: int = 0
    size: int = 1

    @property
    def value(self) -> Any:
        """Return the value: of a plain scalar what the core schema says, else text."""
        as_text = self.substituted or self.broken or not self.plain
        return self.text if as_text else plain_value(self.text)


@dataclass(slots=True)
class Sequence:
    """A list. `height` is how many levels it nests, `size` how many nodes it holds, aliases written out."""

    place: Place
    items: "list[Node]" = field(default_factory=list)
    height: int = 1
    size: int = 1


@dataclass(slots=True)
class Mapping:
    """Keys in their order, each with the place of the key and its value; `again`: keys that were there already."""

    place: Place
    entries: "dict[str, tuple[Place, Node]]" = field(default_factory=dict)
    again: "list[tuple[str, Place, Node]]" = field(default_factory=list)
    height: int = 1
    size: int = 1


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Repeated:
    """A key that is written again in a mapping, whose place in the document `path` tells, and what stands there."""

    mapping: Mapping
    path: Path
    place: Place
    node: Node

    @contextmanager
    def instead(self) -> Iterator[None]:
        """Have it stand, for a while, where the first stands."""
        key = str(self.path[-1])
        first = self.mapping.entries[key]
        self.mapping.entries[key] = (self.place, self.node)
        try:
            yield
        finally:
            self.mapping.entries[key] = first


def plain_value(text: str) -> Any:
    """Read an unquoted scalar by the core schema of YAML 1.2, infinities and octal numbers left as text."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FRACTION.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def to_plain(node: Node) -> Any:
    """Return the tree as dicts, lists and scalar values."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [to_plain(item) for item in node.items]
    return {key: to_plain(value) for key, (_, value) in node.entries.items()}


def scalars(node: Node, path: Path = ()) -> Iterator[tuple[Path, Scalar]]:
    """Return every scalar with its path; one below an alias as often as it is used."""
    if isinstance(node, Scalar):
        yield path, node
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from scalars(item, (*path, index))
    else:
        for key, (_, value) in node.entries.items():
            yield from scalars(value, (*path, key))


def repeated(node: Node, path: Path = ()) -> Iterator[Repeated]:
    """Yield every key that is written again, but for those below such a key."""
    if isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from repeated(item, (*path, index))
    elif isinstance(node, Mapping):
        yield from (Repeated(node, (*path, key), place, value) for key, place, value in node.again)
        for key, (_, value) in node.entries.items():
            yield from repeated(value, (*path, key))


def places(node: Node) -> Iterator[Place]:
    """Yield where a node stands, and everything below it, keys too."""
    yield node.place
    if isinstance(node, Sequence):
        for item in node.items:
            yield from places(item)
    elif isinstance(node, Mapping):
        for place, value in node.entries.values():
            yield place
            yield from places(value)


def child(node: Node | None, part: str | int) -> Node | None:
    """Return the value under a key or position, or None."""
    if isinstance(node, Mapping) and isinstance(part, str) and part in node.entries:
        return node.entries[part][1]
    if isinstance(node, Sequence) and isinstance(part, int) and 0 <= part < len(node.items):
        return node.items[part]
    return None


def place_of(root: Node, path: Path, *, key: bool = False) -> Place:
    """Return where a path's value (or its key) stands; of what is not written, the key it is missing below."""
    place, node = root.place, root
    for position, part in enumerate(path):
        if isinstance(node, Mapping) and isinstance(part, str) and part in node.entries:
            place, node = node.entries[part]
        elif (below := child(node, part)) is not None:
            node, place = below, below.place
        else:
            return place
        if position == len(path) - 1 and not key:
            place = node.place
    return place
