"""How an Idempotency-Key is written: a structured-field string, or the same text bare."""

import re
from collections.abc import Sequence

import http_sf

MAX_KEY_LENGTH = 255
_BARE = re.compile(r"[A-Za-z0-9._:~+/=-]{1,255}")


class KeyMissing(ValueError):
    """No key was given."""


class KeyInvalid(ValueError):
    """The key cannot be read; the text says why."""


def parse_key(lines: Sequence[str]) -> str:
    """Return the key from the values of all header lines of that name.

    A structured-field string (`"8e03978e-40d5"`, parameters ignored) and the bare text spell the same key: 1 to 255
    printable ASCII characters. Raises KeyMissing, KeyInvalid.
    """
    if not lines:
        raise KeyMissing
    if len(lines) > 1:
        raise KeyInvalid("The header is given more than once.")
    line = lines[0].strip()
    if line.startswith('"'):
        return _quoted(line)
    if not _BARE.fullmatch(line):
        raise KeyInvalid("A bare key is 1 to 255 characters of A-Z a-z 0-9 . _ : ~ + / = - ; others need quotes.")
    return line


def _quoted(line: str) -> str:
    try:
        value = http_sf.parse(line.encode("ascii"), tltype="item")
    except (ValueError, UnicodeEncodeError) as error:
        raise KeyInvalid("The quoted key is not a structured-field string.") from error
    key = value[0] if isinstance(value, tuple) else value
    if not isinstance(key, str) or not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise KeyInvalid("The key has 1 to 255 characters.")
    return key
