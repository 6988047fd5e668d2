"""Idempotency keys: how they are written, what makes two requests the same, and who owns a claim.

A key belongs to one caller and names one intended write. The first request with it claims it; later ones with the
same content get the same outcome, with other content are refused. A key under which nothing was ever sent is not
used up: it can be claimed again, also with mended content.
"""

import hashlib
import json  # noqa: TID251 - keeps Decimal literals apart from text, which no faster codec can be told to
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import http_sf

FINGERPRINT_VERSION = 1
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


def fingerprint(operation: str, subject: Sequence[str], content: Any) -> str:
    """Return what two requests with the same meaning have in common.

    `content` is the caller's own JSON, parsed with number literals kept (Decimal for fractions): member order and
    white space do not matter, every digit does. Defaults are not filled in, so a later release that adds one does not
    turn an honest repetition into another request.
    """
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_literal)
    text = "\n".join([str(FINGERPRINT_VERSION), operation, *subject, canonical])
    return hashlib.sha256(text.encode()).hexdigest()


def _literal(value: object) -> dict[str, str]:
    if isinstance(value, Decimal):
        return {"\0number": str(value)}
    raise TypeError(f"{type(value).__name__} is not JSON")
