"""Commands and their output as a document shows them, and whether a run says the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CHANCE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|RX[0-9A-F]{11}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_MOVING = frozenset({"status", "providerStatus", "quantityShipped"})
"""Members of an order that its provider changes while it is looked at."""
LEFT_OUT = "…"


@dataclass(frozen=True, slots=True)
class Shown:
    """A command and what the document says that it prints."""

    command: str
    output: str


def blocks(document: Path, language: str) -> list[str]:
    """Return the text of each fenced block in that language."""
    return [text for found, text in _FENCE.findall(document.read_text()) if found == language]


def transcripts(document: Path) -> Iterator[Shown]:
    """Yield what follows each `$ ` in the document's console blocks; a backslash continues a command."""
    for block in blocks(document, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = re.sub(r"\\\n\s*", "", part).partition("\n")
            yield Shown(command, output.strip())


@dataclass(slots=True)
class Comparison:
    """Compares what is shown with what came. An id made by chance is another here, and stays the same."""

    learnt: dict[str, str] = field(default_factory=dict)

    def http(self, shown: str, came: str) -> None:
        """Compare an answer: status line and fields where they are shown, and JSON."""
        if shown.startswith("HTTP/"):
            head, _, shown = shown.partition(LEFT_OUT)
            fields, _, came = came.replace("\r\n", "\n").partition("\n\n")
            for line in head.strip().splitlines():
                assert any(self._same_text(line, one) for one in fields.splitlines()), (line, fields)
        if shown.strip():
            self._same(_json(shown), _json(came))

    def text(self, shown: str, came: str) -> None:
        """Compare printed lines; seconds differ."""
        seconds = re.compile(r"\d+\.\d\d s")
        there, here = seconds.sub("s", shown.strip()), seconds.sub("s", came.strip())
        assert self._same_text(there, here), (shown, came)

    def _same(self, shown: Any, came: Any, at: str = "") -> None:
        match shown, came:
            case str(), _ if shown == LEFT_OUT:
                return
            case dict(), dict():
                assert set(shown) == set(came), at
                for name, value in shown.items():
                    if name in _MOVING and isinstance(value, str | int) and "type" not in shown:
                        assert type(value) is type(came[name]), f"{at}.{name}"
                    else:
                        self._same(value, came[name], f"{at}.{name}")
            case list(), list():
                assert len(shown) == len(came), at
                for index, (one, other) in enumerate(zip(shown, came, strict=True)):
                    self._same(one, other, f"{at}[{index}]")
            case str(), str():
                assert self._same_text(shown, came), (at, shown, came)
            case _:
                assert shown == came, (at, shown, came)

    def _same_text(self, shown: str, came: str) -> bool:
        there, here = _CHANCE.findall(shown), _CHANCE.findall(came)
        if len(there) != len(here):
            return False
        if any(self.learnt.setdefault(one, other) != other for one, other in zip(there, here, strict=True)):
            return False
        return _without_chance(shown) == _without_chance(came)


def _without_chance(text: str) -> str:
    return _MOMENT.sub("time", _CHANCE.sub("id", text))


def _json(text: str) -> Any:
    return msgspec.json.decode(text.replace("{…}", f'"{LEFT_OUT}"'))
