"""`${NAME}`, `${NAME:-default}`, `${file:path}` and `$$` in a text that was read from YAML.

They are resolved after parsing, so what they bring in may hold quotes, colons and `#`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MAX_FILE = 64 * 1024
_TOKEN = re.compile(r"\$(?:\$|\{(?P<body>[^{}]*)\}|\{)")
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_FORMS = "write ${NAME}, ${NAME:-default} or ${file:/path}, and $$ for a dollar sign"


@dataclass(slots=True)
class Resolved:
    """A text with its references resolved; `mistakes` says of each that could not be, why."""

    text: str = field(default="", repr=False)
    values: list[str] = field(default_factory=list, repr=False)
    mistakes: list[str] = field(default_factory=list)


def resolve(text: str, environ: Mapping[str, str], folder: Path) -> Resolved:
    """Resolve every reference; paths are relative to `folder`. Never raises."""
    resolved = Resolved()

    def replace(token: re.Match[str]) -> str:
        if token[0] == "$$":
            return "$"
        try:
            value = _value(token["body"], environ, folder)
        except ValueError as mistake:
            resolved.mistakes.append(str(mistake))
            return ""
        resolved.values.append(value)
        return value

    resolved.text = _TOKEN.sub(replace, text)
    return resolved


def _value(body: str | None, environ: Mapping[str, str], folder: Path) -> str:
    """Return what a reference stands for. Raises ValueError with what to do, and no value in it."""
    if body is not None and body.startswith("file:") and len(body) > len("file:"):
        return _content(folder / body.removeprefix("file:"))
    variable = _VARIABLE.fullmatch(body or "")
    if variable is None:
        raise ValueError(f"not a reference; {_FORMS}")
    name, default = variable["name"], variable["default"]
    value = environ.get(name, "")
    if not value and default is not None:
        return default
    if not value:
        state = "is empty" if name in environ else "is not set"
        raise ValueError(f"environment variable {name} {state}; set it, or write ${{{name}:-default}}")
    if not _is_text(value):
        raise ValueError(f"environment variable {name} is not UTF-8 text")
    return value


def _content(path: Path) -> str:
    """Return a file's text without the line break that ends it."""
    try:
        if not path.is_file():
            raise ValueError(f"file {path} does not exist or is not a file")
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise ValueError(f"file {path} cannot be read: {error.strerror}") from error
    if len(content) > MAX_FILE:
        raise ValueError(f"file {path} is larger than {MAX_FILE // 1024} KiB")
    try:
        text = content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"file {path} is not UTF-8 text") from error
    if not text:
        raise ValueError(f"file {path} is empty")
    return text


def _is_text(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)
