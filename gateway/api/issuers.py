"""The issuers of the configuration, with where their keys come from."""

import time
from collections.abc import Iterator, Mapping

from gateway.api import key_sources
from gateway.api.callers import Caller, caller_of
from gateway.api.json_web_tokens import Issuer, JsonWebTokens
from gateway.api.key_sets import Keys, KeySet, NotJson, SharedSecrets, keys_in
from gateway.config.callers import Caller as ConfiguredCaller
from gateway.config.callers import Issuer as Configured
from gateway.providers.channel import channel
from gateway.providers.outbound import Outbound


def tokens_of(
    configured: Mapping[str, Configured], callers: Mapping[str, ConfiguredCaller], outbound: Outbound
) -> JsonWebTokens:
    """Return what tells callers by the tokens of the configured issuers, whose keys are fetched with `outbound`.

    Reads files. Raises ValueError for an issuer that holds no key that can be used.
    """
    try_files(configured)
    return JsonWebTokens(_issuers(configured, callers, outbound))


def try_files(configured: Mapping[str, Configured]) -> None:
    """Read the files of keys while somebody is there to mend them. Raises ValueError for one without any of use."""
    for name, entry in configured.items():
        if entry.jwks_file is not None:
            try:
                keys_in(entry.jwks_file.read_bytes(), entry.algorithms)
            except NotJson as error:
                place = f"{entry.jwks_file}:{error.line}:{error.column}"
                raise ValueError(f"{place}: issuers.{name}.jwks_file: is not JSON") from error
            except (OSError, ValueError) as error:
                raise ValueError(f"issuers.{name}.jwks_file: {error}") from error


def _issuers(
    configured: Mapping[str, Configured], callers: Mapping[str, ConfiguredCaller], outbound: Outbound
) -> Iterator[Issuer]:
    for name, entry in configured.items():
        yield Issuer(
            name,
            entry.issuer,
            entry.audience,
            ("HS256",) if entry.secrets else entry.algorithms,
            _keys(name, entry, outbound),
            _by_subject(name, callers),
            entry.caller_claim,
            entry.scopes_claim,
            entry.leeway,
        )


def _keys(name: str, entry: Configured, outbound: Outbound) -> Keys:
    if entry.secrets:
        return SharedSecrets([secret.get_secret_value().encode() for secret in entry.secrets])
    if entry.jwks_file is not None:
        fetch = key_sources.from_file(entry.jwks_file)
    else:
        assert entry.jwks_url is not None  # noqa: S101 - one of the three is there, the configuration has seen to it
        scheme, _, rest = entry.jwks_url.partition("://")
        way = channel(
            f"{scheme}://{rest.partition('/')[0].partition('?')[0]}",
            proxy=None if entry.proxy is None else entry.proxy.get_secret_value(),
            ca_file=entry.ca_file,
        )
        fetch = key_sources.from_url(entry.jwks_url, outbound, way)
    return KeySet(fetch, entry.algorithms, time.monotonic, name)


def _by_subject(issuer: str, callers: Mapping[str, ConfiguredCaller]) -> dict[str, Caller]:
    """Return the callers who have tokens of the issuer, by what its tokens call them."""
    return {
        token.subject or name: caller_of(name, entry)
        for name, entry in callers.items()
        for token in entry.tokens
        if token.issuer == issuer
    }
