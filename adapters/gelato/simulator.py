"""GelatoConnect in memory, from the Order Management API documentation. The README tells how to provoke what."""

import uuid
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from adapters.contract.simulator import Received, Simulator, json_response
from adapters.contract.wire import HttpResponse
from adapters.gelato.simulator_checks import Refused, check_address, check_order, check_search, choose_method, moment
from adapters.gelato.simulator_orders import PlacedOrder, written

_REQUESTS, _WINDOW = 100, timedelta(seconds=1)
_DEFAULT_CUSTOMER = "sandbox-customer"


class GelatoSimulator(Simulator):
    """One connector, with or without the prefix `/api/{partner}` before its five paths.

    `visibility_lag` is the seconds that an order takes to show up in Get Order and Search Orders.
    """

    credentials: ClassVar[Mapping[str, Any]] = {"api_key": "sandbox-key", "api_secret": "sandbox-secret"}
    most_orders: ClassVar[int] = 100_000
    """The oldest are forgotten beyond this, and `truth` says how many."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        seed: int = 0,
        pace: float = 1.0,
        faults: Mapping[str, float] | None = None,
        visibility_lag: float = 0.0,
    ) -> None:
        super().__init__(now=now, seed=seed, pace=pace, faults=faults)
        self.visibility_lag = visibility_lag
        self.forgotten = 0
        self.limits_exceeded = 0
        self._orders: dict[str, PlacedOrder] = {}
        self._by_reference: dict[str, list[PlacedOrder]] = {}
        self._admitted: deque[datetime] = deque(maxlen=_REQUESTS)
        self._decoder = msgspec.json.Decoder(float_hook=Decimal)

    def orders(self) -> list[dict[str, Any]]:
        """Return every order, drafts and failed ones too."""
        now = self.now()
        return [
            {"id": order.id, "reference": order.reference, "status": order.status(now)}
            for order in self._orders.values()
        ]

    def truth(self) -> dict[str, Any]:
        """Return what really happened here."""
        return {**super().truth(), "limits_exceeded": self.limits_exceeded, "forgotten": self.forgotten}

    def too_many_requests(self, retry_after: int) -> HttpResponse:
        """Return a 429 as GelatoConnect words it, with the Retry-After that a proxy before it may add."""
        return _error(429, "Too Many Requests", {"retry-after": str(retry_after)})

    def server_error(self, status: int) -> HttpResponse:
        """Return an error of the server."""
        return _error(status, "An unexpected error occurred on the server")

    def respond(self, received: Received) -> HttpResponse:
        """Answer one request."""
        if not self._admit():
            return _error(429, "Too Many Requests")
        try:
            self._authenticate(received)
            return self._route(received)
        except Refused as refused:
            return _error(refused.status, refused.message)

    def _admit(self) -> bool:
        """Count a request against 100 in any second; one that is refused is not counted again."""
        now = self.now()
        if len(self._admitted) == _REQUESTS and now - self._admitted[0] < _WINDOW:
            self.limits_exceeded += 1
            return False
        self._admitted.append(now)
        return True

    def _authenticate(self, received: Received) -> None:
        if received.headers.get("x-api-key") != f"{self.credentials['api_key']}:{self.credentials['api_secret']}":
            raise Refused(401, "Unauthorized")

    def _route(self, received: Received) -> HttpResponse:
        segments = received.segments
        if len(segments) > 2 and segments[0] == "api":
            segments = segments[2:]
        match segments:
            case ("order",):
                methods = {"POST": lambda: self._submit(received)}
            case ("orders", "search"):
                methods = {"POST": lambda: self._search(received)}
            case ("order", wanted):
                methods = {"GET": lambda: self._get(received, wanted)}
            case ("order", wanted, "cancel"):
                methods = {"POST": lambda: self._cancel(wanted)}
            case ("order", wanted, "shipment"):
                methods = {"PUT": lambda: self._update_shipment(received, wanted)}
            case _:
                raise Refused(404, "Not Found")
        if received.method not in methods:
            return _error(405, "Method Not Allowed", {"allow": ", ".join(methods)})
        return methods[received.method]()

    # The five endpoints ----------------------------------------------------------------------------------------

    def _submit(self, received: Received) -> HttpResponse:
        body = self._body(received)
        check_order(body)
        customer = received.headers.get("customer-reference-id", _DEFAULT_CUSTOMER)
        if body.get("preventDuplicate"):
            for earlier in self._by_reference.get(body["orderReferenceId"], []):
                if earlier.customer == customer:
                    return _confirmation(earlier)
        order = PlacedOrder(self._new_id(), body, customer, self.now(), self.pace, self._new_id)
        self._keep(order)
        return _confirmation(order)

    def _get(self, received: Received, wanted: str) -> HttpResponse:
        for order in self._named(wanted):
            if self._shows(order, received):
                return json_response(200, order.full(self.now()))
        raise Refused(404, "Order not found")

    def _search(self, received: Received) -> HttpResponse:
        body = self._body(received)
        check_search(body)
        now, offset, limit = self.now(), body.get("offset", 0), body.get("limit", 50)
        if body.get("orderReferenceId"):
            known = self._by_reference.get(body["orderReferenceId"], [])
        else:
            known = list(self._orders.values())
        found = [order for order in reversed(known) if self._shows(order, received) and _matches(order, body, now)]
        return json_response(200, {"orders": [order.summary(now) for order in found[offset : offset + limit]]})

    def _cancel(self, wanted: str) -> HttpResponse:
        order = self._existing(wanted)
        if order.cancelled is None:
            if not order.is_open(self.now()):
                raise Refused(409, f"Order cannot be canceled in status {order.status(self.now())}")
            order.cancelled = self.now()
        return json_response(200, {"code": 200, "message": "OK"})

    def _update_shipment(self, received: Received, wanted: str) -> HttpResponse:
        body = self._body(received)
        method, address = body.get("shipmentMethodUid"), body.get("shippingAddress")
        if not method and not address:
            raise Refused(400, "At least one of shipmentMethodUid and shippingAddress must be provided")
        order, now = self._existing(wanted), self.now()
        if not order.is_open(now):
            raise Refused(409, f"Shipment cannot be updated in status {order.status(now)}")
        if address:
            check_address(address)
        if method:
            order.method = choose_method(method)
        if address:
            order.address = address
        order.changed = now
        return json_response(200, {"shippingAddress": order.shown_address(), "shipment": order.shown_shipment()})

    # What it keeps ---------------------------------------------------------------------------------------------

    def _keep(self, order: PlacedOrder) -> None:
        self._orders[order.id] = order
        self._by_reference.setdefault(order.reference, []).append(order)
        if len(self._orders) > self.most_orders:
            oldest = self._orders.pop(next(iter(self._orders)))
            self._by_reference[oldest.reference].remove(oldest)
            if not self._by_reference[oldest.reference]:
                del self._by_reference[oldest.reference]
            self.forgotten += 1

    def _named(self, wanted: str) -> list[PlacedOrder]:
        """Return the order with this id, or those with this reference, the newest first."""
        if wanted in self._orders:
            return [self._orders[wanted]]
        return list(reversed(self._by_reference.get(wanted, [])))

    def _existing(self, wanted: str) -> PlacedOrder:
        for order in self._named(wanted):
            return order
        raise Refused(404, "Order not found")

    def _shows(self, order: PlacedOrder, received: Received) -> bool:
        """Tell whether an order is the customer's, and old enough to be seen."""
        customer = received.headers.get("customer-reference-id", _DEFAULT_CUSTOMER)
        return order.customer == customer and self.now() - order.created >= timedelta(seconds=self.visibility_lag)

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _body(self, received: Received) -> dict[str, Any]:
        if received.media_type() != "application/json":
            raise Refused(415, "Content-Type must be application/json")
        try:
            body = self._decoder.decode(received.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refused(400, "The request body is not valid JSON") from error
        if not isinstance(body, dict):
            raise Refused(400, "The request body must be an object")
        return body


def _confirmation(order: PlacedOrder) -> HttpResponse:
    known = {"id": order.id, "orderReferenceId": order.reference, "createdAt": written(order.created)}
    return json_response(200, known)


def _matches(order: PlacedOrder, body: Mapping[str, Any], now: datetime) -> bool:
    start, end = moment(body.get("startDate"), "startDate"), moment(body.get("endDate"), "endDate")
    wanted = (
        (body.get("fulfillmentStatus"), order.status(now)),
        (body.get("financialStatus"), order.financial_status(now)),
        (body.get("orderReferenceIds"), order.reference),
        (body.get("countries"), order.address["country"]),
    )
    if start is not None and order.created < start:
        return False
    if end is not None and order.created > end:
        return False
    return all(not allowed or value in allowed for allowed, value in wanted)


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return json_response(status, {"code": status, "message": message}, headers)


SIMULATOR = GelatoSimulator
