"""Rexel France in memory: an Azure front door, products, a TIBCO gateway for prices and stock, quotes and orders."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from typing_extensions import override

from adapters.contract.simulator import Received, Simulator, json_response
from adapters.contract.wire import HttpResponse
from adapters.rexel import simulator_access as access
from adapters.rexel import simulator_articles as articles
from adapters.rexel import simulator_gateway as gateway
from adapters.rexel.simulator_access import Access, failure, management, too_many
from adapters.rexel.simulator_orders import Orders

# Rexel's two packs; the simulated account has the larger.
PREMIUM_RATE = 20


class RexelSimulator(Simulator):
    """One Rexel account with the Premium pack, OAuth and a subscription key, both demanded."""

    credentials: ClassVar[Mapping[str, Any]] = {
        "client_id": access.CLIENT_ID,
        "client_secret": access.CLIENT_SECRET,
        "subscription_key": access.SUBSCRIPTION_KEY,
    }
    settings: ClassVar[Mapping[str, Any]] = {
        "token_url": f"https://login.microsoftonline.com{access.TENANT_PATH}",
        "scope": access.SCOPE,
        "id_customer": gateway.CUSTOMER,
        "premium": True,
    }
    unfaulted: ClassVar[tuple[str, ...]] = (access.TENANT_PATH,)
    demands_key: ClassVar[bool] = True
    demands_oauth: ClassVar[bool] = True

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        seed: int = 0,
        pace: float = 1.0,
        faults: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(now=now, seed=seed, pace=pace, faults=faults)
        self.access = Access(PREMIUM_RATE)
        self._orders = Orders(now, self.random, lambda: self.pace)

    @override
    def respond(self, received: Received) -> HttpResponse:
        now = self.now()
        if received.path.rstrip("/") == access.TENANT_PATH:
            return self.access.token(received, now, f"rexel-{self.random.getrandbits(128):032x}")
        refusal = self.access.refusal(received, now, key=self.demands_key, oauth=self.demands_oauth)
        return refusal or self._routed(received, now)

    def _routed(self, received: Received, now: datetime) -> HttpResponse:
        match (received.method, *received.segments):
            case ("GET", "products", "v2", "units", supplier, reference):
                return self._units(supplier, reference, now)
            case ("POST", "external", "productprices", "productSalePrices"):
                return self._typed(received, gateway.prices)
            case ("POST", "external", "stocks", "positions"):
                return self._typed(received, gateway.positions)
            case ("GET", "external", "customers", customer):
                return self._customer(customer, now)
            case ("POST", "quotes"):
                return self._orders.write(received, self._orders.quote)
            case ("POST", "orders"):
                return self._orders.write(received, self._orders.place)
            case ("GET", "orders"):
                return self._orders.page(received)
            case ("GET", "orders", native):
                return self._orders.one(native)
            case _:
                return management(404, "Resource not found")

    def _typed(self, received: Received, answer: Callable[[Received, datetime], HttpResponse]) -> HttpResponse:
        if received.media_type() != "application/json":
            return failure(self.now(), 415, "The content type is not application/json.")
        return answer(received, self.now())

    def _units(self, supplier: str, reference: str, now: datetime) -> HttpResponse:
        article = articles.find(supplier, reference)
        if article is None:
            return failure(now, 400, "Product reference could not be found")
        return json_response(200, articles.units(article))

    def _customer(self, customer: str, now: datetime) -> HttpResponse:
        if customer != gateway.CUSTOMER:
            return failure(now, 404)
        address = {"addressLine1": "12 RUE DE LA PAIX", "zipCode": "69003", "city": "LYON", "country": "FR"}
        return json_response(
            200,
            {
                "customerName": "ELECTRICITE DEMO SARL",
                "billingAddress": address,
                "deliveryAddresses": [address],
                "customerAgreements": [],
            },
        )

    @override
    def orders(self) -> list[dict[str, Any]]:
        return self._orders.all()

    @override
    def truth(self) -> dict[str, Any]:
        return {**super().truth(), "limits_exceeded": self.access.exceeded}

    @override
    def too_many_requests(self, retry_after: int) -> HttpResponse:
        return too_many(retry_after)

    @override
    def server_error(self, status: int) -> HttpResponse:
        return failure(self.now(), status)


SIMULATOR = RexelSimulator
