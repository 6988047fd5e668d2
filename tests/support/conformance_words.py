"""Whose words an error has: a provider's are those that it said, and everything else is told as ours."""

from collections.abc import Sequence

from adapters.contract.errors import MalformedResponse, ProviderError


def check_words(error: ProviderError, said: Sequence[ProviderError]) -> None:
    """Raise AssertionError for an error of a flow that puts words into the mouth of its provider, who has `said` these.

    A flow has a sentence of its own, and for an answer that cannot be read the status of that.
    """
    words = _words(error)
    own = error.reason and words == (error.status if isinstance(error, MalformedResponse) else None, None, "", None)
    assert own or words in map(_words, said), f"{error!r} says {words}, and the provider said nothing of it"


def _words(error: ProviderError) -> tuple[int | None, str | None, str, str | None]:
    return error.status, error.code, error.message, error.request_id
