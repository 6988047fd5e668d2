"""Who may call, as it stands in gateway.yaml: callers, and the issuers of their tokens."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.section import OneOrMore, Section, Text

Scope = Literal["catalog:read", "orders:read", "orders:write", "operations:resolve", "goods:read", "admin"]
EVERY_PROVIDER = "*"
CALLER_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
KEY_HASH = r"sha256:[0-9a-f]{64}"


def _key_hash(text: str) -> str:
    if not re.fullmatch(KEY_HASH, text):
        raise ValueError(
            "is the hash of an API key: sha256: and 64 hexadecimal digits in lower case, as `printf %s KEY | sha256sum`"
            " prints them"
        )
    return text


def _names_or_all(names: tuple[str, ...]) -> tuple[str, ...]:
    if EVERY_PROVIDER in names and len(names) > 1:
        raise ValueError('is either "*" or a list of names')
    return names


KeyHash = Annotated[str, AfterValidator(_key_hash), Field(json_schema_extra={"pattern": f"^{KEY_HASH}$"})]


class Caller(Section):
    """An application that may call, and what it may do."""

    keys: OneOrMore[KeyHash] = Field(
        description="Hash of the API key, `sha256:` and what `printf %s KEY | sha256sum` prints; a list of two while "
        "keys are changed."
    )
    scopes: OneOrMore[Scope] = Field(description="What the caller may do.")
    providers: Annotated[OneOrMore[Text], AfterValidator(_names_or_all)] = Field(
        (EVERY_PROVIDER,), description='Names of the providers that the caller may use, or `"*"` for all.'
    )
    weight: int = Field(
        1,
        ge=1,
        le=100,
        description="The caller's share where callers wait for the same rate limit of a provider: one of weight 2 is "
        "served twice as often as one of weight 1. Nobody's share is kept free for them.",
    )
