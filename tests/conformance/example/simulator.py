"""The Kiosk in memory: two products, and orders that are ready after a while."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from adapters.contract.simulator import Received, Simulator, json_response
from adapters.contract.wire import HttpResponse

MENU = {"coffee": "2.40", "tea": "2.10"}
MOST_ORDERS = 10_000


class KioskSimulator(Simulator):
    """The counter of one Kiosk."""

    credentials: ClassVar[Mapping[str, Any]] = {"api_key": "simulated-key"}

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        seed: int = 0,
        pace: float = 1.0,
        faults: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(now=now, seed=seed, pace=pace, faults=faults)
        self._orders: dict[str, tuple[datetime, dict[str, Any]]] = {}
        self._keys: dict[str, tuple[bytes, str]] = {}

    def respond(self, received: Received) -> HttpResponse:
        if received.headers.get("x-api-key") != self.credentials["api_key"]:
            return _failure(401, "no such key")
        match received.method, received.segments:
            case "GET", ("menu",):
                return json_response(200, {"menu": MENU})
            case "GET", ("orders", native) if native in self._orders:
                return json_response(200, self._shown(native))
            case "POST", ("orders",):
                return self._place(received)
        return _failure(404, "nothing here")

    def _place(self, received: Received) -> HttpResponse:
        key = received.headers.get("idempotency-key", "")
        if key in self._keys:
            body, native = self._keys[key]
            return json_response(200, self._shown(native)) if body == received.body else _failure(400, "key was used")
        order = _readable(received)
        if order is None:
            return _failure(400, "not an order")
        if len(self._orders) >= MOST_ORDERS:
            return _failure(503, "sold out")
        native = f"K{self.random.getrandbits(32):08X}"
        self._orders[native] = (self.now(), order)
        if key:
            self._keys[key] = (received.body, native)
        return json_response(200, self._shown(native))

    def _shown(self, native: str) -> dict[str, Any]:
        placed, order = self._orders[native]
        ready = (self.now() - placed).total_seconds() >= self.pace
        return {"id": native, "status": "ready" if ready else "brewing", **order}

    def orders(self) -> list[dict[str, Any]]:
        return [self._shown(native) for native in self._orders]

    def too_many_requests(self, retry_after: int) -> HttpResponse:
        return json_response(429, {"message": "one after the other"}, {"retry-after": str(retry_after)})

    def server_error(self, status: int) -> HttpResponse:
        return _failure(status, "out of beans")


def _readable(received: Received) -> dict[str, Any] | None:
    try:
        body = received.json()
        items = [(item["product"], item["quantity"]) for item in body["items"]]
        reference = body["reference"]
    except (ValueError, TypeError, KeyError):
        return None
    counted = all(isinstance(quantity, int) and quantity >= 1 for _, quantity in items)
    known = all(isinstance(product, str) and product in MENU for product, _ in items)
    if received.media_type() != "application/json" or not (items and counted and known and isinstance(reference, str)):
        return None
    return {"reference": reference, "items": body["items"]}


def _failure(status: int, message: str) -> HttpResponse:
    return json_response(status, {"message": message})


SIMULATOR = KioskSimulator
