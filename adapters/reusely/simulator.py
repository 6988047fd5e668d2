"""Reusely in memory: one merchant's account, its catalog, its mail-in checkout in two versions, its offer list.

Written from the help page "Reusely's Public API", the API reference and what public clients send and read. Where
those are silent the answers are what a Laravel application would most likely say.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from adapters.contract.simulator import Received, Simulator, json_response
from adapters.contract.wire import HttpResponse
from adapters.reusely.simulator_catalog import PAGE, Catalog
from adapters.reusely.simulator_checkout import V2, V3, Checkout, HourlyLimit, Version
from adapters.reusely.simulator_offers import Offers

LAPSED_KEY = "lapsed-demo-key"
_REASONS = {
    400: ("VALIDATION_FAILED", "The given data was invalid."),
    401: ("UNAUTHENTICATED", "Unauthenticated."),
    403: ("FORBIDDEN", "This action is unauthorized."),
    404: ("NOT_FOUND", "The requested resource could not be found."),
    405: ("METHOD_NOT_ALLOWED", "The method is not supported for this route."),
    415: ("UNSUPPORTED_MEDIA_TYPE", "Requests carry application/json."),
    429: ("TOO_MANY_REQUESTS", "Too Many Attempts."),
    500: ("SERVER_ERROR", "Server Error"),
    503: ("SERVICE_UNAVAILABLE", "Service Unavailable"),
}


class ReuselySimulator(Simulator):
    """Simulates the account of one merchant.

    `lapsed` switches the subscription off: every request is answered 401, as the help page says.
    """

    credentials: ClassVar[Mapping[str, Any]] = {
        "api_key": "demo-api-key",
        "secret_key": "demo-secret-key",
        "tenant_id": "demo-tenant",
    }
    settings: ClassVar[Mapping[str, Any]] = {"custom_fields_reference": "reference"}
    currency: ClassVar[str | None] = "USD"

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        seed: int = 0,
        pace: float = 1.0,
        faults: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(now=now, seed=seed, pace=pace, faults=faults)
        self.lapsed = False
        self.needless_secrets = 0
        self.catalog = Catalog()
        self.limit = HourlyLimit()
        self.offers = Offers(self.random)
        self.offers.seed(
            self.now(), [(product.number, product.name, product.best) for product in self.catalog.products.values()]
        )

    # What happened ---------------------------------------------------------------------------------------------

    def orders(self) -> list[dict[str, Any]]:
        now = self.now()
        return [
            {
                "id": offer.box_id,
                "offer_id": offer.number,
                "reference": next(
                    (entry["value"] for entry in offer.custom_fields if entry["name"] == "reference"), None
                ),
                "status": offer.stage(now, self.pace),
                "customer_email": offer.email,
                "lines": [
                    {"product_id": item.product_id, "condition_id": item.condition_id, "qty": item.quantity}
                    for item in offer.items
                ],
            }
            for offer in self.offers.all
        ]

    def truth(self) -> dict[str, Any]:
        return {
            **super().truth(),
            "limits_exceeded": self.limit.exceeded,
            "secret_key_sent_needlessly": self.needless_secrets,
        }

    def too_many_requests(self, retry_after: int) -> HttpResponse:
        response = _failure(429)
        return HttpResponse(429, {**response.headers, "retry-after": str(retry_after)}, response.body)

    def server_error(self, status: int) -> HttpResponse:
        return _failure(status)

    # Requests --------------------------------------------------------------------------------------------------

    def respond(self, received: Received) -> HttpResponse:
        segments = received.segments[1:] if received.segments[:1] == ("api",) else received.segments
        refused = self._unauthorized(received, administrative=segments[1:2] == ("admin",))
        if refused is not None:
            return refused
        match received.method, segments:
            case "GET", ("v2", "public", "catalog", *rest):
                return self._catalog(received, tuple(rest))
            case "POST", ("v2", "public", "order", "mail-in"):
                return self._checkout(received, V2)
            case "POST", ("v3", "public", "offer", "mail-in"):
                return self._checkout(received, V3)
            case "GET", ("v2", "admin", "orders"):
                return self._list(received)
            case _, ("v2", "public", "order", "mail-in") | ("v3", "public", "offer", "mail-in") | (
                "v2",
                "admin",
                "orders",
            ):
                return _failure(405)
        return _failure(404)

    def _unauthorized(self, received: Received, *, administrative: bool) -> HttpResponse | None:
        key = received.headers.get("x-api-key")
        if self.lapsed or key == LAPSED_KEY:
            return _failure(401)
        secret = received.headers.get("x-secret-key")
        if not administrative and secret is not None:
            self.needless_secrets += 1
        tenant = received.headers.get("x-tenant-id", self.credentials["tenant_id"])
        if key != self.credentials["api_key"] or tenant != self.credentials["tenant_id"]:
            return _failure(401)
        if administrative and secret != self.credentials["secret_key"]:
            return _failure(401)
        return None

    def _catalog(self, received: Received, segments: tuple[str, ...]) -> HttpResponse:
        query = dict(received.query)
        match segments:
            case ("categories",) | ("category",):
                return _success(self.catalog.categories())
            case ("category-brand", category):
                return _paged(received, self.catalog.brands(category))
            case ("model-device", brand, device):
                return _paged(received, self.catalog.models(brand, device))
            case ("model", model, "products"):
                return _success(self.catalog.model_products(model))
            case ("spec",):
                return _missing(query, "brand", "model") or _success(self.catalog.specification(query))
            case ("condition",):
                missing = _missing(query, "brand", "spec[device]", "spec[model]")
                return missing or _success(self.catalog.conditions(query))
        return _failure(404)

    def _list(self, received: Received) -> HttpResponse:
        if received.value("buyback_type") not in {"mail-in", "in-store"}:
            return _invalid({"buyback_type": ["The selected buyback_type is invalid."]})
        now = self.now()
        offers = self.offers.all[::-1] if received.value("buyback_type") == "mail-in" else []
        return _paged(received, offers, show=lambda offer: offer.row(now, self.pace))

    def _checkout(self, received: Received, version: Version) -> HttpResponse:
        if received.media_type() != "application/json":
            return _failure(415)
        try:
            body = received.json()
        except ValueError:
            return _failure(400, "INVALID_JSON", "The body is not JSON.")
        if not isinstance(body, dict):
            return _failure(400, "INVALID_JSON", "The body is not an object.")
        email = body.get("customer_email")
        wait = self.limit.wait(email, self.now()) if isinstance(email, str) else 0
        if wait:
            return self.too_many_requests(wait)
        checkout = Checkout(version, self.catalog.products.get)
        items = checkout.items(body)
        if checkout.wrong:
            return _invalid(checkout.wrong)
        offer = self.offers.add(self.now(), body, items, payout_method=body[version.payout])
        if version is V2:
            # Public clients of v2 look for 201 in the body, not in the status line.
            return _success({"box_id": offer.box_id, "order_id": offer.number}, "Order created.", 201, status=200)
        ids = {"box_id": offer.box_id, "offer_id": offer.number, "authentication_token": offer.token}
        return _success(ids, "Offer created.", 201)


def _success(result: Any, message: str = "Success", stated: int = 200, *, status: int | None = None) -> HttpResponse:
    """Return a result in its envelope; None is what does not exist."""
    if result is None:
        return _failure(404)
    return json_response(status or stated, {"status_code": stated, "message": message, "result": result})


def _failure(status: int, code: str | None = None, message: str | None = None) -> HttpResponse:
    usual = _REASONS.get(status, ("ERROR", "Error"))
    body = {"status_code": status, "message": message or usual[1], "error_code": code or usual[0]}
    return json_response(status, body)


def _invalid(wrong: Mapping[str, list[str]]) -> HttpResponse:
    code, message = _REASONS[400]
    return json_response(400, {"status_code": 400, "message": message, "error_code": code, "errors": wrong})


def _missing(query: Mapping[str, str], *required: str) -> HttpResponse | None:
    wrong = {name: [f"The {name} field is required."] for name in required if not query.get(name)}
    return _invalid(wrong) if wrong else None


def _paged(received: Received, rows: list[Any] | None, show: Callable[[Any], Any] = lambda row: row) -> HttpResponse:
    """Return one page of rows in Laravel's paginator."""
    if rows is None:
        return _failure(404)
    text = received.value("page", "1") or "1"
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 999_999):
        return _invalid({"page": ["The page field must be a whole number from 1."]})
    page, last = int(text[:9]), max(1, -(-len(rows) // PAGE))
    shown = rows[(page - 1) * PAGE : page * PAGE]
    where = f"https://api.reusely.example{received.path}?page="
    first = (page - 1) * PAGE + 1
    paginator = {
        "current_page": page,
        "data": [show(row) for row in shown],
        "first_page_url": f"{where}1",
        "from": first if shown else None,
        "last_page": last,
        "last_page_url": f"{where}{last}",
        "next_page_url": f"{where}{page + 1}" if page < last else None,
        "path": where.partition("?")[0],
        "per_page": PAGE,
        "prev_page_url": f"{where}{page - 1}" if page > 1 else None,
        "to": first + len(shown) - 1 if shown else None,
        "total": len(rows),
    }
    return _success(paginator)


SIMULATOR = ReuselySimulator
