"""The Kiosk, which sells coffee by HTTP. Source: Kiosk API, "Menu" and "Orders"."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, SecretStr
from pydantic.alias_generators import to_camel

from adapters.contract.adapter import Adapter, Credentials, ProviderSettings, Token, WriteContext
from adapters.contract.errors import (
    CredentialsRefused,
    LossyTranslation,
    MalformedResponse,
    NotFound,
    ProviderError,
    RateLimited,
    Rejected,
    Unavailable,
    Violation,
)
from adapters.contract.flow import Flow
from adapters.contract.models import values
from adapters.contract.models.requests import NewOrder
from adapters.contract.models.resources import Order, Status
from adapters.contract.traits import Trait
from adapters.contract.wire import JSON, HttpRequest, HttpResponse, json_body

STATUSES: Mapping[str, Status] = {"brewing": "processing", "ready": "delivered"}
ERRORS = {400: Rejected, 401: CredentialsRefused, 403: CredentialsRefused, 404: NotFound, 429: RateLimited}
OWNED_BY_GATEWAY = {"provider", "kind", "valid_until"}


class KioskCredentials(Credentials):
    """The key that is printed on every receipt."""

    api_key: SecretStr = Field(description="The key, sent as X-API-Key.")


class KioskAdapter(Adapter[ProviderSettings, KioskCredentials]):
    """One customer of the Kiosk."""

    title = "Kiosk"
    kinds = ("purchase",)
    base_url = "https://api.kiosk.example"
    Credentials = KioskCredentials

    def traits(self) -> Mapping[str, Trait]:
        return {"place": Trait("native_key", "Kiosk API, Orders: keys are kept for a day", retention=86_400)}

    def authorize(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        return request.with_headers({"x-api-key": self.credentials.api_key.get_secret_value()})

    def error(self, request: HttpRequest, response: HttpResponse) -> ProviderError | None:
        if 200 <= response.status < 300:
            return None
        # What is not listed says nothing about what was done.
        kind = ERRORS.get(response.status, Unavailable)
        wait = values.integer(response.headers.get("retry-after"))
        message = values.text(response.object_or_empty().get("message")) or ""
        wait = min(max(wait, 0), 600) if wait is not None else None
        return kind(status=response.status, message=message, retry_after=wait)

    def cheap_read(self) -> Flow[Any]:
        response = yield HttpRequest("GET", "/menu", headers={"accept": JSON})
        return response.object()

    def get_order(self, order_id: str) -> Flow[Order]:
        response = yield HttpRequest("GET", "/orders/{id}", {"id": order_id}, headers={"accept": JSON})
        return self._order(response.object())

    def place_order(self, order: NewOrder, context: WriteContext) -> Flow[Order]:
        _refuse_what_has_no_place(order)
        items = [{"product": line.product_id, "quantity": line.quantity} for line in order.lines]
        response = yield HttpRequest(
            "POST",
            "/orders",
            headers={"accept": JSON, "content-type": JSON, "idempotency-key": context.operation_id},
            body=json_body({"reference": order.reference, "items": items}),
            effect="commit",
            step="place",
        )
        return self._order(response.object())

    def _order(self, body: Mapping[str, Any]) -> Order:
        native, word = values.text(body.get("id"), 200), values.text(body.get("status"), 100)
        if native is None:
            raise MalformedResponse("The order has no id.")
        return Order(
            id=self.id(native),
            provider=self.name,
            kind="purchase",
            status=STATUSES.get(word or "", "unknown"),
            provider_status=word,
            reference=values.text(body.get("reference"), 200),
        )


def _refuse_what_has_no_place(order: NewOrder) -> None:
    lost = [to_camel(name) for name in order.model_fields_set - {"reference", "lines"} - OWNED_BY_GATEWAY]
    for index, line in enumerate(order.lines):
        lost += [f"lines[{index}].{to_camel(name)}" for name in line.model_fields_set - {"product_id", "quantity"}]
    if lost:
        raise LossyTranslation(*(Violation(name, "the Kiosk has no place for it") for name in sorted(lost)))


ADAPTER = KioskAdapter
