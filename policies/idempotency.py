"""What makes two requests the same.

An idempotency key belongs to one caller and names one intended write. The first request with it claims it; later ones
with the same content get the same outcome, with other content are refused. A key under which nothing was ever sent is
not used up: it can be claimed again, also with mended content.
"""

import hashlib
import json  # noqa: TID251 - keeps Decimal literals apart from text, which no faster codec can be told to
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

FINGERPRINT_VERSION = 1


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
