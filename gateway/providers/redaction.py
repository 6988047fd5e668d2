"""Keeps our secrets out of what a provider says: some repeat, in an error, the credentials that they refuse."""

import html
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, SecretStr

from adapters.contract.errors import ProviderError, Violation
from adapters.contract.wire import HttpRequest, HttpResponse

REDACTED = "[secret]"
LONGEST = 200
SHORTEST = 4
"""Shorter texts are in ordinary words too, and would tear holes into messages."""
SHORTEST_KEPT = 8
"""Shorter texts may be data of an answer that is kept, which a flow reads again."""


class Redaction:
    """Knows the secrets of one account. This is the one place besides `authorize` and `login` that opens them."""

    def __init__(self, credentials: BaseModel) -> None:
        values = (getattr(credentials, name) for name in type(credentials).model_fields)
        self._secrets = {value.get_secret_value() for value in values if isinstance(value, SecretStr)}

    def applied(self, error: ProviderError | None, request: HttpRequest) -> ProviderError | None:
        """Return the error without secrets in its words: neither the account's own nor the token of `request`."""
        if error is None:
            return None
        clean = self._cleaner(request)
        error.reason, error.message = clean(error.reason), clean(error.message)
        error.code = error.code and clean(error.code)
        error.request_id = error.request_id and clean(error.request_id)
        error.violations = tuple(Violation(clean(one.name), clean(one.reason)) for one in error.violations)
        return error

    def text(self, text: str | None, request: HttpRequest) -> str | None:
        """Return a text of the provider's for a log: without secrets, and not long."""
        return self._cleaner(request)(text)[:LONGEST] if text else None

    def kept(self, answer: HttpResponse | None, request: HttpRequest) -> HttpResponse | None:
        """Return an answer as it is kept: without secrets in its headers and body."""
        if answer is None:
            return None
        found = self._found(request, SHORTEST_KEPT)
        clean = self._cleaner(request, SHORTEST_KEPT)
        body = answer.body
        for secret in found:
            body = body.replace(secret.encode(), REDACTED.encode())
        return HttpResponse(answer.status, {name: clean(value) for name, value in answer.headers.items()}, body)

    def _found(self, request: HttpRequest, shortest: int) -> list[str]:
        secrets = self._secrets | _words_of(request)
        forms = {form for secret in secrets if len(secret) >= shortest for form in _written(secret)}
        return sorted(forms, key=len, reverse=True)

    def _cleaner(self, request: HttpRequest, shortest: int = SHORTEST) -> Callable[[str], str]:
        found = self._found(request, shortest)

        def clean(text: str) -> str:
            for secret in found:
                text = text.replace(secret, REDACTED)
                if secret[:shortest] in text[-len(secret) :]:
                    text = _without_beginning(text, secret, shortest)
            return text

        return clean


def _without_beginning(text: str, secret: str, shortest: int) -> str:
    """Return a text that was cut in the middle of a secret without what is left of that."""
    for length in range(min(len(secret) - 1, len(text)), shortest - 1, -1):
        if text.endswith(secret[:length]):
            return text[:-length] + REDACTED
    return text


@lru_cache(maxsize=256)
def _written(secret: str) -> frozenset[str]:
    """Return a secret as programs write it: as it is, escaped for a URL, JSON or HTML, and for a URL and then again.

    A login that goes as a form has it escaped already when somebody escapes what was received.
    """
    quoted = quote(secret, safe="")
    # Each % begins two digits, written large or small.
    first, *others = quoted.split("%")
    small = "%".join([first, *(one[:2].lower() + one[2:] for one in others)])
    once = {secret, quoted, small, quote(secret), quote_plus(secret)}
    twice = {quote(one, safe="") for one in once}
    json = {form for one in once for form in _in_json(one)}
    return frozenset({html.escape(secret)} | once | twice | json)


def _in_json(text: str) -> Iterator[str]:
    for digits in ("04x", "04X"):
        yield "".join(one if one.isalnum() else f"\\u{ord(one):{digits}}" for one in text)
    yield text.replace("/", "\\/")
    yield "".join(f"\\u{ord(one):04x}" for one in text)


def _words_of(request: HttpRequest) -> set[str]:
    """Return what stands in the request's Authorization beside the scheme: a token, or a name and a password."""
    given = next((value for name, value in request.headers.items() if name.lower() == "authorization"), "")
    return set(given.split()) - {"Bearer", "Basic"}
