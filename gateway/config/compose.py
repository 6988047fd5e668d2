"""YAML text to a tree that keeps every position, with everything wrong in the text noted on the way.

YAML 1.2. Left out on purpose: tags, merge keys, several documents, keys that are not scalars. Anchors and aliases
work, within bounds.
"""

import re
import warnings
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLStreamError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from gateway.config.nodes import Mapping, Node, Scalar, Sequence
from gateway.config.problems import Path, Place, Problems

MAX_DEPTH = 32
MAX_NODES = 100_000
_QUOTING = "a text with : # ' \" { [ & * ! | > % @ ` in it is written in quotes"


def compose(text: str, problems: Problems) -> Node | None:
    """Read the text; None when it is empty or cannot be read, with the reason in `problems`."""
    tree = _Tree(problems)
    try:
        with warnings.catch_warnings():
            # An anchor written twice is allowed in YAML.
            warnings.simplefilter("ignore")
            for event in YAML(typ="safe", pure=True).parse(text):
                tree.take(event)
    except _Stop:
        return None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"{_public(error.problem or error.context or 'it cannot be read')} ({_QUOTING})"
        if mark is not None and text[mark.index : mark.index + 1] == "\t":
            message = "a tab; indent with spaces"
        problems.add(_place(mark) if mark is not None else (1, 1), (), f"not YAML: {message}")
        return None
    except ReaderError as error:
        before = text[: error.position]
        place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        problems.add(place, (), "not YAML: a control character; write it as an escape in double quotes")
        return None
    except (YAMLError, YAMLStreamError, ValueError, OverflowError, LookupError, AttributeError, AssertionError):
        # What the parser lets slip on text that nobody writes.
        problems.add((1, 1), (), "not YAML: it cannot be read")
        return None
    return tree.root


def _place(mark: Any) -> Place:
    return mark.line + 1, mark.column + 1


def _public(message: str) -> str:
    """Return the parser's message without what it quotes from the file, which may be a secret.

    Kinds of tokens (`'<block end>'`) and single characters stay.
    """
    quoted = re.compile(r"(?P<kept>(['\"])(?:<[a-z ]+>|.{1,2})\2)|['\"].*", re.DOTALL)
    return quoted.sub(lambda found: found["kept"] or "something", message)


class _Stop(Exception):
    """The rest of the text cannot be read."""


@dataclass(slots=True)
class _Open:
    """A collection that is being read; of a mapping also the key that waits for its value (None: it is dropped)."""

    node: Sequence | Mapping
    anchor: str | None
    key: tuple[str, Place] | None = None
    expects_value: bool = False


class _Tree:
    """Builds nodes from the parser's events, without recursion."""

    def __init__(self, problems: Problems) -> None:
        self.root: Node | None = None
        self._problems = problems
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._documents = 0

    def take(self, event: Any) -> None:
        match event:
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._stop(event, "only one document is read; remove the line --- and what follows")
            case AliasEvent():
                self._attach(self._aliased(event), event, aliased=True)
            case ScalarEvent():
                self._refuse_tag(event)
                node = Scalar(_place(event.start_mark), self._text(event), plain=event.style is None)
                self._attach(node, event, event.anchor)
            case MappingStartEvent():
                self._begin(Mapping(_place(event.start_mark)), event)
            case SequenceStartEvent():
                self._begin(Sequence(_place(event.start_mark)), event)
            case MappingEndEvent() | SequenceEndEvent():
                closed = self._open.pop()
                self._attach(closed.node, event, closed.anchor)

    def _path(self) -> Path:
        path: Path = ()
        for collection in self._open:
            if isinstance(collection.node, Sequence):
                path += (len(collection.node.items),)
            elif collection.key is not None:
                path += (collection.key[0],)
        return path

    def _refuse(self, event: Any, message: str) -> None:
        self._problems.add(_place(event.start_mark), self._path(), message)

    def _stop(self, event: Any, message: str) -> None:
        self._refuse(event, message)
        raise _Stop

    def _refuse_tag(self, event: Any) -> None:
        if event.ctag is not None:
            self._refuse(event, "tags are not read; remove it, or put a text that begins with ! in quotes")

    def _text(self, event: Any) -> str:
        text: str = event.value
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._refuse(event, "half of a surrogate pair is no character; write the character itself")
            return ""
        return text

    def _begin(self, node: Sequence | Mapping, event: Any) -> None:
        self._refuse_tag(event)
        if len(self._open) >= MAX_DEPTH:
            self._stop(event, f"nested more than {MAX_DEPTH} levels deep")
        self._open.append(_Open(node, event.anchor))

    def _aliased(self, event: Any) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            self._refuse(event, "no anchor of this name is complete here; a text that begins with * is put in quotes")
            return Scalar(_place(event.start_mark), "", broken=True)
        if len(self._open) + node.height > MAX_DEPTH:
            self._stop(event, f"nested more than {MAX_DEPTH} levels deep")
        return node

    def _attach(self, node: Node, event: Any, anchor: str | None = None, *, aliased: bool = False) -> None:
        """Put a finished node where it belongs: as the root, an item, a key or a value."""
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent.node, Mapping) and not parent.expects_value:
            parent.key = self._key(parent.node, node, event, aliased)
            parent.expects_value = True
            return
        if isinstance(parent.node, Sequence):
            parent.node.items.append(node)
        elif parent.key is not None:
            key, place = parent.key
            if key in parent.node.entries:
                parent.node.again.append((key, place, node))
            else:
                parent.node.entries[key] = (place, node)
        parent.key, parent.expects_value = None, False
        parent.node.height = max(parent.node.height, node.height + 1)
        parent.node.size += node.size
        if parent.node.size > MAX_NODES:
            self._stop(event, f"more than {MAX_NODES} values, aliases written out")

    def _key(self, mapping: Mapping, node: Node, event: Any, aliased: bool) -> tuple[str, Place] | None:
        if aliased or not isinstance(node, Scalar):
            place = _place(event.start_mark) if aliased else node.place
            self._problems.add(place, self._path(), "a key is a plain word, not an alias, list or mapping")
            return None
        if node.text == "<<" and node.plain:
            self._refuse(event, "merge keys are not read; write the keys out")
            return None
        if node.text in mapping.entries:
            line = mapping.entries[node.text][0][0]
            path = (*self._path(), node.text)
            self._problems.add(node.place, path, f"written twice, first in line {line}; remove one")
        return node.text, node.place
