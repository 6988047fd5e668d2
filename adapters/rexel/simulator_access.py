"""The simulated front door: token endpoint, subscription key, bearer token, requests per second, error bodies."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from adapters.contract.simulator import Received, json_response
from adapters.contract.wire import HttpResponse

CLIENT_ID = "ordergate-demo"
CLIENT_SECRET = "demo-secret-of-the-simulator"  # noqa: S105 - the simulator's own, known to everybody
SUBSCRIPTION_KEY = "demo-subscription-key"
TENANT_PATH = "/demo-tenant/oauth2/v2.0/token"
SCOPE = "00000000-0000-4000-8000-00000000e8e1/.default"
LIFETIME = 3600
MOST_TOKENS = 10_000

ERROR_TEXTS: Mapping[int, str] = {
    401: "No valid API key provided or Oauth token invalid",
    403: "The API key or your account doesn't have permissions to perform the request.",
    404: "The requested resource doesn't exist.",
    500: "Something went wrong on Rexel Api's end.",
    503: "Something went wrong on Rexel Api's end.",
}


def failure(
    now: datetime, status: int, message: str | None = None, errors: list[dict[str, str]] | None = None
) -> HttpResponse:
    """Return an error in the shape of the Resail API: `errors` where fields are at fault, else `message`."""
    body: dict[str, Any] = {"timestamp": now.isoformat(timespec="milliseconds"), "status": status}
    if errors:
        body["errors"] = errors
    else:
        body["message"] = message or ERROR_TEXTS[status]
    return json_response(status, body)


def management(status: int, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return an error of Azure API Management, which answers before Rexel's own code does."""
    return json_response(status, {"statusCode": status, "message": message}, headers)


class Access:
    """Who may come in: issued tokens and the window of the rate limit."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.exceeded = 0
        self._expiries: dict[str, float] = {}
        self._second: int | None = None
        self._seen = 0

    def token(self, received: Received, now: datetime, fresh: str) -> HttpResponse:
        """Answer the token endpoint as Azure does; `fresh` is the token to issue."""
        if received.method != "POST" or received.media_type() != "application/x-www-form-urlencoded":
            return _oauth_error(400, "invalid_request", "AADSTS900144: The request body must be a form.")
        form = dict(parse_qsl(received.body.decode(errors="replace")))
        if form.get("grant_type") != "client_credentials":
            return _oauth_error(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant.")
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _oauth_error(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
        if form.get("scope") != SCOPE:
            return _oauth_error(400, "invalid_scope", "AADSTS70011: The provided value for scope is not valid.")
        self._expiries = {token: expiry for token, expiry in self._expiries.items() if expiry > now.timestamp()}
        self._expiries[fresh] = now.timestamp() + LIFETIME
        while len(self._expiries) > MOST_TOKENS:
            del self._expiries[next(iter(self._expiries))]
        return json_response(
            200, {"token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": fresh}
        )

    def revoke(self) -> None:
        """Forget every token issued so far."""
        self._expiries.clear()

    def refusal(self, received: Received, now: datetime, *, key: bool, oauth: bool) -> HttpResponse | None:
        """Return why a request does not come in, or None. Each way of proving oneself can be switched off."""
        sent = received.headers.get("ocp-apim-subscription-key")
        if key and sent is None:
            return management(
                401,
                "Access denied due to missing subscription key. "
                "Make sure to include subscription key when making requests to an API.",
            )
        if key and sent != SUBSCRIPTION_KEY:
            return management(
                401,
                "Access denied due to invalid subscription key. "
                "Make sure to provide a valid key for an active subscription.",
            )
        scheme, _, token = received.headers.get("authorization", "").partition(" ")
        if oauth and (scheme != "Bearer" or self._expiries.get(token, 0.0) <= now.timestamp()):
            return failure(now, 401)
        if self._over(now):
            self.exceeded += 1
            return too_many(1)
        return None

    def _over(self, now: datetime) -> bool:
        second = int(now.timestamp())
        if second != self._second:
            self._second, self._seen = second, 0
        self._seen += 1
        return self._seen > self.rate


def too_many(retry_after: int) -> HttpResponse:
    """Return the 429 of Azure API Management."""
    message = f"Rate limit is exceeded. Try again in {retry_after} seconds."
    return management(429, message, {"retry-after": str(retry_after)})


def _oauth_error(status: int, code: str, description: str) -> HttpResponse:
    return json_response(status, {"error": code, "error_description": description})
