"""A secret is kept out of a provider's words however it is written there."""

from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from pydantic import SecretStr

from adapters.contract.adapter import Credentials
from adapters.contract.errors import Rejected
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.providers.redaction import REDACTED, Redaction

SECRET = "canary-7261/+ö"


class Secrets(Credentials):
    key: SecretStr


def escaped(text: str) -> str:
    """Return a text as JSON may have it: every character by its number."""
    return "".join(f"\\u{ord(character):04x}" for character in text)


def form(text: str) -> str:
    """Return a text as a URL or a form has it."""
    return quote(text, safe="")


WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in a form": form,
    "in a form, with spaces as plus": quote_plus,
    "in JSON": escaped,
    "in a form that is escaped again": lambda text: form(form(text)),
    "in a form that is in JSON": lambda text: escaped(form(text)),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_a_secret_stands_nowhere_however_it_is_written(written: Callable[[str], str]) -> None:
    """In an error's words, whole or cut in its middle, and in an answer that is kept."""
    redaction, request = Redaction(Secrets(key=SecretStr(SECRET))), HttpRequest("POST", "/token")
    told = written(SECRET)
    whole = redaction.applied(Rejected(message=f"bad {told} given", status=400), request)
    assert whole is not None
    assert whole.message == f"bad {REDACTED} given"
    cut = redaction.applied(Rejected(message=f"bad {told[: len(told) // 2]}", status=400), request)
    assert cut is not None
    assert cut.message == f"bad {REDACTED}"
    kept = redaction.kept(HttpResponse(400, {}, f'{{"message": "{told}"}}'.encode()), request)
    assert kept is not None
    assert kept.body == f'{{"message": "{REDACTED}"}}'.encode()
