"""The simulated login host: client credentials by Basic, in the form, or both; tokens that live 299 seconds."""

import base64
import binascii
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from adapters.bol.simulator_wire import Refused, problem
from adapters.contract.simulator import Received, json_response
from adapters.contract.wire import HttpResponse

LIFETIME = 299
SUSPENDED = "suspended-account"
"""A client id that may log in and nothing else."""
BLOCKED = "blocked-address"
"""A client id whose address is blocked: the login host answers 404."""


class LoginHost:
    """Gives tokens to one client, and knows which it gave."""

    def __init__(self, credentials: Mapping[str, Any], now: Callable[[], datetime], ids: random.Random) -> None:
        self._id, self._secret = credentials["client_id"], credentials["client_secret"]
        self._now, self._ids = now, ids
        self._tokens: dict[str, tuple[datetime, str]] = {}

    def token(self, received: Received) -> HttpResponse:
        """Answer `POST /token`: the grant in the form or the query, the client by Basic, in the form, or both."""
        form = dict(parse_qsl(received.body.decode("latin-1"))) if received.body else {}
        if {**dict(received.query), **form}.get("grant_type") != "client_credentials":
            return json_response(400, {"error": "unsupported_grant_type"})
        clients = [client for client in (self._basic(received), self._in_form(form)) if client is not None]
        if clients and all(client == (BLOCKED, self._secret) for client in clients):
            return HttpResponse(404, {"content-type": "text/html"}, b"<html><body>Not Found</body></html>")
        known = {(self._id, self._secret), (SUSPENDED, self._secret)}
        if not clients or len(set(clients)) > 1 or clients[0] not in known:
            return json_response(401, {"error": "invalid_client", "error_description": "Bad client credentials"})
        return json_response(
            200,
            {
                "access_token": self._give(clients[0][0]),
                "token_type": "Bearer",
                "expires_in": LIFETIME,
                "scope": "RETAILER",
            },
        )

    def check(self, received: Received) -> None:
        """Refuse a request without a valid token. Raises Refused."""
        scheme, _, token = received.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            raise Refused(problem(403, "Forbidden", "The Authorization header is missing or has no Bearer token."))
        if token not in self._tokens:
            raise Refused(problem(401, "Invalid JWT", "The token was not issued by this server."))
        expiry, client = self._tokens[token]
        late = self._now() - expiry
        if late > timedelta(0):
            detail = (
                f"JWT expired at {expiry:%Y-%m-%dT%H:%M:%S}Z. Current time: {self._now():%Y-%m-%dT%H:%M:%S}Z, "
                f"a difference of {late // timedelta(milliseconds=1)} milliseconds.  "
                "Allowed clock skew: 1000 milliseconds."
            )
            raise Refused(problem(401, "Expired JWT", detail))
        if client == SUSPENDED:
            raise Refused(problem(403, "Forbidden", "Account is not active, access denied."))

    def _give(self, client: str) -> str:
        now = self._now()
        # An expired token is still known as one for an hour.
        self._tokens = {token: entry for token, entry in self._tokens.items() if now - entry[0] < timedelta(hours=1)}
        token = f"simulated.{self._ids.getrandbits(160):040x}.token"
        self._tokens[token] = (now + timedelta(seconds=LIFETIME + 1), client)
        return token

    def _basic(self, received: Received) -> tuple[str, str] | None:
        scheme, _, encoded = received.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return "", ""
        return client, secret

    def _in_form(self, form: Mapping[str, str]) -> tuple[str, str] | None:
        if "client_id" not in form and "client_secret" not in form:
            return None
        return form.get("client_id", ""), form.get("client_secret", "")
