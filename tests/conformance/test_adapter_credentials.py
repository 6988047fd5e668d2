"""Secrets appear after `authorize` or in a login, and nowhere else: in no request before, no `repr`, no error."""

import traceback
from base64 import b64decode
from typing import Any
from urllib.parse import unquote_plus

import pytest
from pydantic import SecretStr, ValidationError

from adapters.contract import flow
from adapters.contract.adapter import Adapter, Token
from adapters.contract.errors import AccountRefused, AdapterError, CredentialsRefused
from adapters.contract.models.requests import OrderQuery
from adapters.contract.wire import HttpRequest, HttpResponse
from support.conformance import START, Account, Subject
from support.conformance_calls import play, recordings

CANARY = "Canary-of-"
TOKEN = Token(SecretStr("Canary-of-token"), 60.0)


def canaries(subject: Subject) -> dict[str, str]:
    """Return recognisable credentials, one for each key that the adapter knows."""
    return {name: f"{CANARY}{name}" for name in subject.registration().adapter.Credentials.model_fields}


def secret_names(adapter: Adapter[Any, Any]) -> list[str]:
    """Return the keys of the credentials that are secrets."""
    fields = type(adapter).Credentials.model_fields
    return [name for name in fields if isinstance(getattr(adapter.credentials, name), SecretStr)]


def whole(request: HttpRequest) -> str:
    """Return everything of a request as text, with what is encoded in it decoded too."""
    parts = [request.method, request.origin or "", request.target, *request.headers.values()]
    parts += [name for pair in request.query for name in pair] + [(request.body or b"").decode()]
    for value in request.headers.values():
        scheme, _, encoded = value.partition(" ")
        if scheme.lower() == "basic":
            parts.append(b64decode(encoded).decode())
    return unquote_plus("\n".join(parts)) + "\n".join(parts)


def test_what_is_a_secret_is_typed_so(subject: Subject) -> None:
    """A credential whose name says that it is secret cannot be printed by accident."""
    adapter = subject.adapter(None, canaries(subject))
    for name in type(adapter).Credentials.model_fields:
        if any(word in name for word in ("secret", "password", "token", "key")):
            assert name in secret_names(adapter), f"{name} is not a SecretStr"


def test_no_request_carries_a_credential_before_it_is_authorized(subject: Subject) -> None:
    """What a flow yields holds none; a login does, in its headers or body and never in its address."""
    for recording in recordings(subject.name):
        adapter = recording.adapter(canaries(subject))
        for request in play(recording, adapter=adapter).requests:
            if request.step == "login":
                assert CANARY not in f"{request.origin}{request.target}{request!r}"
            else:
                assert CANARY not in whole(request), f"{recording}: {request}"


def test_authorize_adds_credentials_to_the_headers_alone(subject: Subject) -> None:
    """Method, address, body, effect and step stay what they were; headers that were there stay."""
    for recording in recordings(subject.name):
        adapter = recording.adapter(canaries(subject))
        for request in recording.requests:
            if request.step == "login":
                continue
            ready = adapter.authorize(request, TOKEN if adapter.needs_login else None)
            same = ("method", "route", "path_values", "query", "body", "effect", "step", "origin")
            assert all(getattr(ready, name) == getattr(request, name) for name in same)
            assert request.headers.items() <= ready.headers.items()
            assert CANARY in whole(ready), f"{recording} leaves without credentials"
            assert CANARY not in f"{ready!r} {ready!s}"


def test_every_credential_is_of_use(subject: Subject) -> None:
    """Each key of the credentials reaches the provider in some request."""
    reached = ""
    for recording in recordings(subject.name):
        adapter = recording.adapter(canaries(subject))
        for request in play(recording, adapter=adapter).requests:
            ready = request if request.step == "login" else adapter.authorize(request, TOKEN)
            reached += whole(ready)
    assert [name for name, canary in canaries(subject).items() if canary not in reached] == []


def test_no_secret_is_in_any_text_of_adapter_settings_credentials_token_request_or_response(subject: Subject) -> None:
    """Whatever is printed or logged by accident shows no secret."""
    adapter = subject.adapter(None, canaries(subject))
    texts = [f"{value!r} {value!s}" for value in (adapter, adapter.credentials, adapter.settings, TOKEN)]
    texts.append(adapter.credentials.model_dump_json())
    for recording in recordings(subject.name):
        for request in play(recording, adapter=recording.adapter(canaries(subject))).requests:
            ready = request if request.step == "login" else adapter.authorize(request, TOKEN)
            answer = HttpResponse(200, dict(ready.headers), ready.body or b"")
            error = adapter.error(ready, HttpResponse(400, {}, whole(ready).encode()))
            assert error is not None
            texts += [f"{value!r} {value!s}" for value in (ready, answer, error)]
            texts += traceback.format_exception(error)
    for name in [*secret_names(adapter), "token"]:
        assert not [text for text in texts if CANARY + name in text], name


def test_a_refused_configuration_does_not_repeat_a_secret(subject: Subject) -> None:
    """What validation says of wrong credentials shows none of them."""
    kind = subject.registration().adapter.Credentials
    for wrong in (
        {**canaries(subject), "unknown": f"{CANARY}unknown"},
        {key: [text] for key, text in canaries(subject).items()},
    ):
        with pytest.raises(ValidationError) as raised:
            kind.model_validate(wrong)
        assert CANARY not in str(raised.value)


def test_a_login_that_cannot_be_read_shows_no_token(subject: Subject) -> None:
    """An error of the login holds neither the credentials nor what was answered."""
    adapter = subject.adapter(None, canaries(subject))
    for status, body in ((200, b'{"token": {"Canary-of-token": 1}}'), (401, b'{"error": {"Canary-of-token": 1}}')):

        def exchange(request: HttpRequest, status: int = status, body: bytes = body) -> Any:
            response = HttpResponse(status, {}, body)
            return adapter.error(request, response) or response

        with pytest.raises(AdapterError) as raised:
            flow.run(adapter.login(START), exchange)
        assert CANARY not in f"{raised.value!s} {raised.value!r} {raised.value.__cause__!r}"


def test_wrong_credentials_are_refused_by_the_simulator(subject: Subject) -> None:
    """With any one credential wrong the account can do less, is told why, and what is refused is not done."""
    simulator = subject.registration().simulator
    for name, right in simulator.credentials.items():
        account = Account(subject, credentials={name: f"{right}x"})
        refused = []
        for operation in ("cheap_read", "list_orders", "place_order"):
            before = account.happened()
            try:
                account.run(_asked(account, operation))
            except (CredentialsRefused, AccountRefused):
                refused.append(operation)
                assert account.happened() == before
            except AdapterError:
                continue
        assert refused, name


def _asked(account: Account, operation: str) -> flow.Flow[Any]:
    adapter = account.adapter
    if operation == "place_order" and adapter.supports(operation):
        return adapter.place_order(account.subject.new_order("T-1"), account.context)
    return adapter.list_orders(OrderQuery()) if operation == "list_orders" else adapter.cheap_read()


def test_a_request_without_credentials_is_refused_by_the_simulator(subject: Subject) -> None:
    """Every request that would work with credentials is 401 or 403 without."""
    for recording in recordings(subject.name):
        account = Account(subject, recording.settings)
        for request in recording.requests:
            if request.step != "login":
                before = account.happened()
                assert account.send(request).response.status in {401, 403}, f"{recording}: {request}"
                assert account.happened() == before
