"""Keeps our secrets out of what a provider says: some repeat, in an error, the credentials that they refuse."""

from collections.abc import Callable
from urllib.parse import quote

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
        texts = {value.get_secret_value() for value in values if isinstance(value, SecretStr)}
        self._secrets = texts | {quote(text, safe="") for text in texts}

    def applied(self, error: ProviderError | None, request: HttpRequest) -> ProviderError | None:
        """Return the error without secrets in its words: neither the account's own nor the token of `request`."""
        if error is None:
            return None
        clean = self._cleaner(request)
        error.message = clean(error.message)
        error.code = error.code and clean(error.code)
        error.request_id = error.request_id and clean(error.request_id)
        error.violations = tuple(Violation(clean(one.name), clean(one.reason)) for one in error.violations)
        error.args = tuple(clean(one) if isinstance(one, str) else one for one in error.args)
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
        return sorted((secret for secret in secrets if len(secret) >= shortest), key=len, reverse=True)

    def _cleaner(self, request: HttpRequest, shortest: int = SHORTEST) -> Callable[[str], str]:
        found = self._found(request, shortest)

        def clean(text: str) -> str:
            for secret in found:
                text = text.replace(secret, REDACTED)
            return text

        return clean


def _words_of(request: HttpRequest) -> set[str]:
    """Return what stands in the request's Authorization beside the scheme: a token, or a name and a password."""
    given = next((value for name, value in request.headers.items() if name.lower() == "authorization"), "")
    return set(given.split()) - {"Bearer", "Basic"}
