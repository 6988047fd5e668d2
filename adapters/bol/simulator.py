"""bol in memory: the Retailer API v10 as a retailer meets it, with customers who order.

Strict where bol is: media types, credentials, languages, enumerations, sizes. Asynchronous as bol is: a write is
answered 202 with a process that is carried out `pace` seconds later.

    POST   /_simulator/orders    a customer orders: {"lines": [{"ean", "quantity"}]?, "cancellationRequest"?,
                                 "fulfilmentMethod"?}; without lines, something from the shelf
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from typing_extensions import override

from adapters.bol import simulator_catalog as catalog
from adapters.bol import simulator_orders as orders
from adapters.bol import simulator_processes as processes
from adapters.bol import simulator_shipments as shipments
from adapters.bol.simulator_limits import Count, Windows, published
from adapters.bol.simulator_login import LoginHost
from adapters.bol.simulator_seed import Street, goods
from adapters.bol.simulator_state import Books, as_truth
from adapters.bol.simulator_wire import PROBLEMS, Refused, problem
from adapters.contract.simulator import Received, Simulator, json_response
from adapters.contract.wire import HttpResponse

Answer = Callable[[Received], HttpResponse]


class BolSimulator(Simulator):
    """bol, for one retailer."""

    credentials: ClassVar[Mapping[str, Any]] = {
        "client_id": "simulated-retailer",
        "client_secret": "simulated-retailer-secret",
    }
    unfaulted: ClassVar[tuple[str, ...]] = ("/token",)

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        seed: int = 0,
        pace: float = 1.0,
        faults: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(now=now, seed=seed, pace=pace, faults=faults)
        # Not the faults' generator: the same orders exist whatever faults are dealt.
        self._ids = random.Random(f"bol-{seed}")
        self._books = Books(now, lambda: self.pace, self._ids)
        self._shelf = goods()
        self._street = Street(self._books, self._shelf, self._ids)
        self._street.open_the_shop()
        self._login = LoginHost(self.credentials, now, self._ids)
        self._windows = Windows()

    @override
    def respond(self, received: Received) -> HttpResponse:
        self._books.advance()
        try:
            response = self._answered(received)
        except Refused as refusal:
            response = refusal.response
        return _traced(response, f"{self._ids.getrandbits(64):016x}")

    def _answered(self, received: Received) -> HttpResponse:
        segments = received.segments
        if segments == ("token",):
            if received.method != "POST":
                raise Refused(problem(405, "Method Not Allowed", "The token endpoint takes POST."))
            return self._login.token(received)
        if segments == ("retailer", "public", "ratelimits") and received.method == "GET":
            return json_response(200, published())
        self._login.check(received)
        if segments[0] in {"retailer-demo", "shared-demo"}:
            return processes.demo(received)
        count = self._windows.count(received.method, segments, self.now())
        if count is not None and count.exceeded:
            return _with(self.too_many_requests(count.retry_after), count)
        try:
            return _with(self._route(received.method, segments)(received), count)
        except Refused as refusal:
            raise Refused(_with(refusal.response, count)) from None

    def _route(self, method: str, segments: tuple[str, ...]) -> Answer:
        match segments:
            case ("retailer", "orders", "cancellation") if method != "GET":
                known: dict[str, Answer] = {"PUT": lambda r: orders.cancel(self._books, r)}
            case ("retailer", "orders"):
                known = {"GET": lambda r: orders.listed(self._books, r)}
            case ("retailer", "orders", _):
                known = {"GET": lambda r: orders.by_id(self._books, r)}
            case ("retailer", "shipments"):
                known = {
                    "GET": lambda r: shipments.listed(self._books, r),
                    "POST": lambda r: shipments.confirm(self._books, r),
                }
            case ("retailer", "shipments", _):
                known = {"GET": lambda r: shipments.by_id(self._books, r, self.pace)}
            case ("retailer", "transports", _):
                known = {"PUT": lambda r: shipments.change_transport(self._books, r)}
            case ("shared", "process-status"):
                known = {
                    "GET": lambda r: processes.by_entity(self._books, r),
                    "POST": lambda r: processes.in_bulk(self._books, r),
                }
            case ("shared", "process-status", _):
                known = {"GET": lambda r: processes.by_id(self._books, r)}
            case _:
                known = self._catalog(segments)
        if method not in known:
            detail = f"Request method '{method}' is not supported."
            raise Refused(problem(405, "Method Not Allowed", detail, type=PROBLEMS))
        return known[method]

    def _catalog(self, segments: tuple[str, ...]) -> dict[str, Answer]:
        match segments:
            case ("retailer", "products", "list"):
                return {"POST": lambda r: catalog.product_list(self._shelf, r)}
            case ("retailer", "products", "categories"):
                return {"GET": catalog.categories}
            case ("retailer", "products", _, "assets"):
                return {"GET": lambda r: catalog.assets(self._shelf, r)}
            case ("retailer", "products", _, "offers"):
                return {"GET": lambda r: catalog.offers(self._books, self._shelf, r)}
            case ("retailer", "content", "catalog-products", _):
                return {"GET": lambda r: catalog.content(self._shelf, r)}
        raise Refused(problem(404, "Not Found", "Requested resource does not exist.", type=PROBLEMS))

    @override
    def orders(self) -> list[dict[str, Any]]:
        self._books.advance()
        return [as_truth(order) for order in self._books.orders.values()]

    @override
    def too_many_requests(self, retry_after: int) -> HttpResponse:
        detail = f"Too many requests, retry in {retry_after} seconds."
        response = problem(429, "Too Many Requests", detail)
        return HttpResponse(429, {**response.headers, "retry-after": str(retry_after)}, response.body)

    @override
    def server_error(self, status: int) -> HttpResponse:
        if status == 500:
            return HttpResponse(500, {"content-type": "text/html"}, b"Internal Server Error")
        return problem(status, "Service Unavailable", "The service is currently unavailable.", type=PROBLEMS)

    @override
    def truth(self) -> dict[str, Any]:
        told = super().truth()
        return told | {
            "shipments": [
                {
                    "id": parcel.id,
                    "order": parcel.order.id,
                    "items": {item.id: quantity for item, quantity in parcel.items},
                    "trackAndTrace": parcel.track_and_trace,
                }
                for parcel in self._books.parcels.values()
            ],
            "processes": dict(Counter(process.status for process in self._books.processes.values())),
            "limits_exceeded": self._windows.exceeded,
        }

    @override
    def control(self, received: Received) -> HttpResponse | None:
        if (received.method, received.path) != ("POST", "/_simulator/orders"):
            return None
        try:
            wanted = received.json() if received.body else {}
            lines = [(str(line["ean"]), int(line["quantity"])) for line in wanted.get("lines", ())]
            if not lines:
                shelf = [product.ean for product in self._shelf.values() if product.offered]
                lines = [(self._ids.choice(shelf[1:]), self._ids.randint(1, 3))]
            if any(ean not in self._shelf or quantity < 1 for ean, quantity in lines):
                raise ValueError("no such product, or no quantity")
            order = self._street.order(
                lines,
                fulfilment="FBB" if wanted.get("fulfilmentMethod") == "FBB" else "FBR",
                cancellation_requested=wanted.get("cancellationRequest") is True,
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return json_response(400, {"message": f"not an order: {error}"})
        return json_response(201, as_truth(order))


def _with(response: HttpResponse, count: Count | None) -> HttpResponse:
    if count is None:
        return response
    return HttpResponse(response.status, {**response.headers, **count.headers()}, response.body)


def _traced(response: HttpResponse, request_id: str) -> HttpResponse:
    headers = {**response.headers, "x-request-id": request_id, "x-rid": request_id[:8]}
    return HttpResponse(response.status, headers, response.body)


SIMULATOR = BolSimulator
