"""How bol is spoken to: settings, credentials, login, media types, and the one place where requests are made."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr, field_validator
from typing_extensions import override

from adapters.bol import errors, mapping
from adapters.bol.limits import LIMITS, PUBLISHED, published
from adapters.contract.adapter import Adapter, Credentials, ProviderSettings, Token
from adapters.contract.errors import MalformedResponse, ProviderError
from adapters.contract.flow import Flow
from adapters.contract.models import values
from adapters.contract.models.resources import OrderKind
from adapters.contract.traits import RateLimit, Trait
from adapters.contract.wire import JSON, HttpRequest, HttpResponse, Pairs, json_body

MEDIA_TYPE = "application/vnd.retailer.v10+json"
"""Retailer API v10: the version is chosen by header only (API Conventions, Versioning)."""


class BolSettings(ProviderSettings):
    """What may differ between two accounts at bol."""

    login_url: str = Field(
        "https://login.bol.com",
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
        description="Where access tokens are fetched; `/token` is added.",
    )
    demo: bool = Field(
        False,
        description="Use bol's demo environment (`/retailer-demo/…`): static answers to documented requests only.",
    )
    language: Literal["nl", "nl-BE", "nl-NL", "fr", "fr-BE"] = Field(
        "nl",
        description="Language of the catalogue; where an endpoint does not know it, its nearest relative is asked for.",
    )
    country: Literal["NL", "BE"] = Field("NL", description="Whose web shop the catalogue and its offers are read from.")
    fulfilment_method: Literal["FBR", "FBB", "ALL"] = Field(
        "FBR",
        description="Which orders are listed: shipped by the retailer (FBR), by bol (FBB), or all.",
    )
    order_status: Literal["OPEN", "SHIPPED", "ALL"] = Field(
        "OPEN",
        description="Which orders are listed when a caller does not filter by status; OPEN is bol's own default.",
    )
    cancellation_reason: mapping.CancellationReason = Field(
        "other",
        description="Reason of a cancellation whose caller gives none, unless the customer asked for it.",
    )

    @field_validator("login_url")
    @classmethod
    def _without_last_slash(cls, value: str) -> str:
        return value.rstrip("/")


class BolCredentials(Credentials):
    """Client credentials from bol's partner platform (Settings, API)."""

    client_id: str = Field(min_length=1, description="The client id.")
    client_secret: SecretStr = Field(min_length=1, description="The client secret.")


class BolAccount(Adapter[BolSettings, BolCredentials]):
    """One account at bol: what all its operations share."""

    title: ClassVar[str] = "bol"
    kinds: ClassVar[tuple[OrderKind, ...]] = ("sale",)
    base_url: ClassVar[str | None] = "https://api.bol.com"
    default_currency: ClassVar[str | None] = "EUR"  # bol states no currency; its prices are in euro
    # bol answers the whole tree once a minute and no more (its public table of rate limits, as observed).
    catalog_ttls: ClassVar[Mapping[str, float]] = {"list_categories": 6 * 3600.0}
    Settings: ClassVar[type[ProviderSettings]] = BolSettings
    Credentials: ClassVar[type[Credentials]] = BolCredentials
    combine: ClassVar[Literal["all", "most_specific"]] = "most_specific"
    refusals: ClassVar[Mapping[str, str]] = {
        "place_order": "Orders come from bol's customers; the Retailer API has no endpoint that creates one.",
        "change_delivery": "The customer chose where and how an order is delivered; a retailer cannot change it.",
        "get_account": "The Retailer API tells nothing about the account that uses it.",
    }

    @property
    def euro(self) -> str:
        """Return the currency of every price here."""
        return self.currency or "EUR"

    @override
    def traits(self) -> Mapping[str, Trait]:
        return TRAITS

    @override
    def limits(self) -> tuple[RateLimit, ...]:
        return tuple(
            RateLimit(limit.method, self._route(limit.route), limit.requests, limit.seconds, limit.source)
            for limit in LIMITS
        )

    @override
    def published_limits(self) -> Flow[tuple[RateLimit, ...]]:
        """Read the limits that bol publishes for everybody."""
        response: HttpResponse = yield HttpRequest("GET", PUBLISHED, headers={"accept": JSON}, step="limits")
        return published(response.json())

    @override
    def login(self, now: datetime) -> Flow[Token]:
        """Fetch a token by client credentials. Raises CredentialsRefused, AccountRefused, MalformedResponse."""
        secret = self.credentials.client_secret.get_secret_value()
        basic = b64encode(f"{self.credentials.client_id}:{secret}".encode()).decode()
        response: HttpResponse = yield HttpRequest(
            "POST",
            "/token",
            headers={
                "authorization": f"Basic {basic}",
                "accept": JSON,
                "content-type": "application/x-www-form-urlencoded",
            },
            body=b"grant_type=client_credentials",
            step="login",
            origin=self.settings.login_url,
        )
        answer = response.object()
        token, lifetime = answer.get("access_token"), values.integer(answer.get("expires_in"))
        kind = values.text(answer.get("token_type")) or "Bearer"
        # A token goes into a header: anything but visible ASCII would break the request that carries it.
        usable = isinstance(token, str) and token.isascii() and token.isprintable() and token.strip() == token != ""
        if not usable or lifetime is None or not 0 < lifetime < 10**9 or kind.lower() != "bearer":
            raise MalformedResponse("The token cannot be read.")
        return Token(SecretStr(str(token)), float(lifetime))

    @override
    def authorize(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        if token is None:
            return request
        return request.with_headers({"authorization": f"Bearer {token.value.get_secret_value()}"})

    @override
    def error(self, request: HttpRequest, response: HttpResponse) -> ProviderError | None:
        return errors.error_of(request, response)

    def _read(
        self, route: str, path_values: Mapping[str, str] | None = None, query: Pairs = (), language: str | None = None
    ) -> HttpRequest:
        """Return a GET of `route`."""
        headers = {"accept": MEDIA_TYPE}
        if language is not None:
            headers["accept-language"] = language
        return HttpRequest("GET", self._route(route), path_values or {}, query, headers)

    def _search(self, route: str, body: Any, media_type: str = MEDIA_TYPE, language: str | None = None) -> HttpRequest:
        """Return a POST that changes nothing."""
        headers = {"accept": MEDIA_TYPE, "content-type": media_type}
        if language is not None:
            headers["accept-language"] = language
        return HttpRequest("POST", self._route(route), headers=headers, body=json_body(body))

    def _write(
        self, method: str, route: str, body: Any, step: str, path_values: Mapping[str, str] | None = None
    ) -> HttpRequest:
        """Return a request that starts a process."""
        headers = {"accept": MEDIA_TYPE, "content-type": MEDIA_TYPE}
        return HttpRequest(
            method, self._route(route), path_values or {}, (), headers, json_body(body), effect="commit", step=step
        )

    def _route(self, route: str) -> str:
        """Return the route in the environment of this account: the demo adds `-demo` to the first segment."""
        if not self.settings.demo or route == "/token":
            return route
        first, _, rest = route.removeprefix("/").partition("/")
        return f"/{first}-demo/{rest}"


_PROCESSES = "API Conventions, Asynchronous Processing: a ProcessStatus is kept at least 24 hours after its end"

TRAITS: Mapping[str, Trait] = {
    # Cancelling an item twice is the same as once: the second process fails. So is setting a tracking code.
    "cancel": Trait("async", _PROCESSES, retention=86_400, settle=60, on_absent="resend"),
    "change_shipment": Trait("async", _PROCESSES, retention=86_400, settle=60, on_absent="resend"),
    # The entity of a creation is unknown while it is pending (up to 3 hours), so that a look-up by order item sees it
    # late; and confirming part of an item twice would ship it twice.
    "confirm_shipment": Trait("async", _PROCESSES, retention=86_400, settle=10_800),
}
