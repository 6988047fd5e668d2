"""Who may call, as it stands in gateway.yaml: callers, and the issuers of their tokens."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from gateway.config import addresses
from gateway.config.section import OneOrMore, Proxy, Section, Text

Scope = Literal["catalog:read", "orders:read", "orders:write", "operations:resolve", "goods:read", "admin"]
EVERY_PROVIDER = "*"
REQUESTS_AT_ONCE = 200
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


class TokenOwner(Section):
    """Which tokens are a caller's."""

    issuer: Text = Field(description="Name of the issuer, as under `issuers`.")
    subject: Text | None = Field(
        None, description="What the issuer's `caller_claim` says in them; the caller's own name when left out."
    )


class Issuer(Section):
    """Who issues tokens (JWT), and which of them count. Its keys come from one of jwks_url, jwks_file, secrets."""

    issuer: Text = Field(description="The claim `iss` of its tokens, to the letter.")
    audience: OneOrMore[Text] = Field(description="What stands for this gateway in the claim `aud`.")
    jwks_url: Annotated[str, AfterValidator(addresses.document_url)] | None = Field(
        None,
        description="Where its public keys are (JWKS): `https://`, or `http://` on a loopback address. Fetched when "
        "needed, kept for ten minutes, and for a day while it cannot be fetched.",
    )
    jwks_file: Path | None = Field(
        None, description="File with its public keys (JWKS), read again as one at a URL would be.", strict=False
    )
    secrets: OneOrMore[Annotated[SecretStr, Field(min_length=32)]] = Field(
        (),
        description="Secrets that it shares with the gateway (HS256), at least 32 characters each; several while they "
        "are changed. Whoever knows one can make tokens.",
    )
    algorithms: OneOrMore[Literal["RS256", "ES256"]] = Field(
        ("RS256", "ES256"), description="How tokens may be signed where the keys are public ones."
    )
    caller_claim: Text = Field("sub", description="The claim that says whose the token is; see `callers.NAME.tokens`.")
    scopes_claim: Text | None = Field(
        None,
        description="The claim with the token's scopes, a list or words with spaces between them; a token without it "
        "is refused. Of the caller's scopes only those count that stand in it. Without this key all of them do.",
    )
    leeway: float = Field(30, ge=0, le=300, description="Seconds that clocks may differ where a token's times count.")
    ca_file: Path | None = Field(
        None, description="PEM file of certification authorities to trust at `jwks_url`.", strict=False
    )
    proxy: Proxy | None = Field(
        None, description="Proxy to fetch `jwks_url` through; those named in the environment are not used."
    )


class Caller(Section):
    """An application that may call, and what it may do. It has `keys`, `tokens`, or both."""

    keys: OneOrMore[KeyHash] = Field(
        (),
        description="Hash of the API key, `sha256:` and what `printf %s KEY | sha256sum` prints; a list of two while "
        "keys are changed.",
    )
    tokens: OneOrMore[TokenOwner] = Field((), description="Which tokens of an issuer are its own.")
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
    requests_at_once: int = Field(
        REQUESTS_AT_ONCE,
        ge=1,
        le=10_000,
        description="How many of its requests may be under way at once; more get 429 `rate-limited`. Without `callers` "
        "everybody together has 200.",
    )
