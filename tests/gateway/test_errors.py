"""The one table of errors is total and consistent."""

from collections.abc import Iterator

import pytest

from adapters.contract import errors as provider
from gateway.api.problems import TYPES
from gateway.errors import TABLE, AdapterFault, describe, judgement, rule
from policies import errors as policy


def classes(root: type[Exception]) -> Iterator[type[Exception]]:
    """Yield a class and all below it."""
    yield root
    for kind in root.__subclasses__():
        yield from classes(kind)


ALL = [*classes(provider.AdapterError), *classes(policy.PolicyError), AdapterFault]


@pytest.mark.parametrize("kind", [one for one in ALL if one.__module__.startswith(("adapters", "policies", "gateway"))])
def test_every_error_has_a_row_of_its_own(kind: type[Exception]) -> None:
    """No error is left to a class above it, and its problem is in the table of problems."""
    assert kind in TABLE
    assert TABLE[kind].problem in TYPES


@pytest.mark.parametrize("kind", [one for one in ALL if issubclass(one, provider.ProviderError)])
def test_every_answer_is_judged(kind: type[provider.ProviderError]) -> None:
    """Every error that a provider answers with says something about a commit; silence (NoAnswer) says nothing."""
    assert (TABLE[kind].judgement is None) == (kind is provider.NoAnswer)


def test_what_may_have_been_executed_is_never_called_rejected() -> None:
    """A server error or an unreadable answer leaves doubt or certainty, never a no."""
    assert judgement(provider.Unavailable(status=500)) == "unclear"
    assert judgement(provider.MalformedResponse(status=200)) == "executed"
    assert judgement(None) == "executed"
    assert judgement(provider.RateLimited(status=429)) == "not-executed"


def test_a_providers_401_is_never_the_callers() -> None:
    """Our credentials are our operator's business: 503."""
    assert describe(provider.CredentialsRefused(status=401), "x").status == 503
    assert describe(provider.AccountRefused(status=403), "x").status == 503


def test_a_providers_words_are_capped_and_never_markup() -> None:
    """HTML is dropped, long text cut, control characters blanked."""
    html = describe(provider.Unavailable("<html><script>x</script></html>", status=502, code="E1"), "x")
    assert html.provider is not None
    assert (html.provider.message, html.provider.code) == (None, "E1")
    long = describe(provider.Rejected("a\x00b" + "c" * 1000, status=400), "x")
    assert long.provider is not None
    assert long.provider.message is not None
    assert len(long.provider.message) <= 300
    assert long.provider.message.isprintable()


def test_an_error_nobody_knows_is_internal() -> None:
    """Anything else is our own fault."""
    assert rule(ValueError("x")).problem == "internal"
