"""The one table of errors is total and consistent."""

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.contract import errors as provider
from gateway.api.problems import TYPES, ProviderWords
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


def test_a_wrong_address_is_the_operators_to_mend() -> None:
    """It is no fault of ours to be reported, and what to compare it with stands in the problem."""
    told = describe(provider.WrongAddress("Compare base_url.", status=404, message="Not Found"), "x")
    assert (told.name, told.status, told.detail) == ("provider-address", 503, "Compare base_url.")
    assert judgement(provider.WrongAddress(status=404)) == "not-executed"


def test_a_providers_words_are_capped_and_never_markup() -> None:
    """HTML is dropped, long text cut, control characters blanked."""
    html = describe(provider.Unavailable(message="<html><script>x</script></html>", status=502, code="E1"), "x")
    assert html.provider is not None
    assert (html.provider.message, html.provider.code) == (None, "E1")
    long = describe(provider.Rejected(message="a\x00b" + "c" * 1000, status=400), "x")
    assert long.provider is not None
    assert long.provider.message is not None
    assert len(long.provider.message) <= 300
    assert long.provider.message.isprintable()


def test_our_sentence_is_the_detail_and_never_the_providers_message() -> None:
    """`provider` holds what the provider said: without an answer nothing but its name."""
    told = describe(provider.NotFound("No order has such an id."), "x")
    assert (told.detail, told.provider) == ("No order has such an id.", ProviderWords(name="x"))
    silent = describe(provider.NoAnswer("Nothing came in time.", sent=True, timed_out=True), "x")
    assert (silent.detail, silent.provider) == ("Nothing came in time.", ProviderWords(name="x"))


@pytest.mark.parametrize("words", [{"message": "no"}, {"code": "E1"}, {"request_id": "r-1"}])
def test_there_are_no_words_without_an_answer(words: Any) -> None:
    """Who makes an error up gets no further than the first test."""
    with pytest.raises(ValueError, match="that has a status"):
        provider.NotFound(**words)


def test_an_error_nobody_knows_is_internal() -> None:
    """Anything else is our own fault."""
    assert rule(ValueError("x")).problem == "internal"
