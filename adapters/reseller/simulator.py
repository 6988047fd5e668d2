"""A tenant of the reseller API in memory.

Source: Reseller Documentation, Version v1. Tokens are JWTs signed with a key of this simulator (HS256), expiring by its
clock. A test changes the class attributes below to get a tenant that differs where the documentation is silent.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal

from adapters.contract.simulator import Received, Simulator
from adapters.contract.wire import HttpResponse
from adapters.reseller import simulator_answers as answers
from adapters.reseller.simulator_catalog import CATEGORIES, TYPES
from adapters.reseller.simulator_orders import OrderBook, Refused, Repeat
from adapters.reseller.simulator_requests import basket_of, folded, text_of, whole
from adapters.reseller.simulator_tokens import CUSTOMER, Tokens

Answer = Callable[[Received, dict[str, Any]], HttpResponse]
"""Answers a request, given its body with lower-case names (empty where it reads none)."""


class ResellerSimulator(Simulator):
    """One tenant with one API customer."""

    credentials: ClassVar[Mapping[str, Any]] = {
        "email": "reseller@shop.example",
        "password": "simulated-password",
    }
    unfaulted = ("/Login/",)

    authorization_style: Literal["bearer", "raw"] = "bearer"
    """The only way of sending the token that is accepted."""
    repeated_deliver_id: Repeat = "refuse"
    """What a known `deliverID` gives: an error, the first order again if the basket is equal, or another order."""
    casing: Literal["camel", "pascal"] = "camel"
    """How members are written: `orderID` as on the wire, or `OrderID` as the documentation prints it."""
    first_page = 1
    token_seconds = 3600
    api_key: str | None = None
    """Where set, every request but the login must carry it as `Apikey`."""
    disabled_regions: frozenset[str] = frozenset({"ZZ"})
    """The `h-region-code` values for which the API is disabled at this tenant."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        seed: int = 0,
        pace: float = 1.0,
        faults: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(now=now, seed=seed, pace=pace, faults=faults)
        self.book = OrderBook(now, lambda: self.pace, self.random)
        self._tokens = Tokens(self.random.randbytes(32))
        self._routes: dict[str, tuple[str, Answer, bool]] = {
            "login/customer/api/verify": ("POST", self._login, True),
            "categories": ("GET", self._categories, False),
            "categories/types": ("GET", self._types, False),
            "products/list": ("POST", self._list_products, False),
            "products/detail/*": ("POST", self._product, False),
            "order/create": ("POST", self._create, True),
            "order/customer/list": ("POST", self._list_orders, True),
            "order/detail/*": ("GET", self._order_line, False),
            "order/get": ("GET", self._order, False),
            "order/cancel": ("POST", self._cancel, True),
            "customer/get": ("GET", self._account, False),
        }

    # What every simulator tells ----------------------------------------------------------------------------------

    def orders(self) -> list[dict[str, Any]]:
        """Return every order; `reference` is the first line's deliverID, `references` are those of all lines."""
        return [
            {
                "id": str(order.number),
                "reference": order.lines[0].deliver_id,
                "references": [line.deliver_id for line in order.lines],
                "status": order.word(),
            }
            for order in reversed(self.book.newest_first())
        ]

    def truth(self) -> dict[str, Any]:
        """Return what really happened; the platform documents no limits that could be exceeded."""
        return {**super().truth(), "limits_exceeded": 0}

    def too_many_requests(self, retry_after: int) -> HttpResponse:
        return answers.failure(
            429, "TOO_MANY_REQUESTS", "Too many requests.", headers={"retry-after": str(retry_after)}
        )

    def server_error(self, status: int) -> HttpResponse:
        return answers.failure(status, "SYSTEM_ERROR", "An unexpected error occurred.")

    # Requests ----------------------------------------------------------------------------------------------------

    def respond(self, received: Received) -> HttpResponse:
        try:
            return self._respond(received)
        except Refused as refused:
            data = None if refused.items is None else {"orderID": None, "details": None, "items": refused.items}
            return answers.failure(refused.status, refused.code, refused.message, answers.cased(data, self.casing))

    def _respond(self, received: Received) -> HttpResponse:
        path = "/".join(received.segments).lower()
        head, _, last = path.rpartition("/")
        route = self._routes.get(path) or (self._routes.get(f"{head}/*") if last else None)
        if route is None:
            return HttpResponse(404)
        method, answer, has_body = route
        if received.method != method:
            return HttpResponse(405, {"allow": method})
        if received.headers.get("h-region-code", "TR").upper() in self.disabled_regions:
            return answers.failure(404, None, "The API integration is disabled for this tenant")
        if answer != self._login:
            self._authorize(received)
        if received.body and received.media_type() != "application/json":
            return answers.problem(415, "Unsupported Media Type")
        body: dict[str, Any] = {}
        if has_body:
            try:
                stated = received.json()
            except ValueError:
                stated = None
            if not isinstance(stated, dict):
                return answers.problem(400, "One or more validation errors occurred.")
            body = folded(stated)
        return answer(received, body)

    def _login(self, received: Received, body: dict[str, Any]) -> HttpResponse:
        """Issue a token; wrong credentials are a 400 here, never a 401."""
        stated = (body.get("email"), body.get("password"))
        if stated != (self.credentials["email"], self.credentials["password"]):
            raise Refused("INVALID_CREDENTIALS", "Invalid e-mail or password.", status=400)
        token, expires = self._tokens.issue(stated[0], self.now(), self.token_seconds)
        answer = {"token": token, "expiration": answers.utc(expires)}
        if "callbackdata" in body:
            answer["callbackData"] = body["callbackdata"]
        return self._success(answer)

    def _authorize(self, received: Received) -> None:
        """Accept a token of ours in the one style. Raises Refused with 401."""
        self._tokens.check(received.headers.get("authorization", ""), self.authorization_style, self.now())
        if self.api_key is not None and received.headers.get("apikey") != self.api_key:
            raise Refused("INVALID_CREDENTIALS", "The Apikey is missing or wrong.", status=401)

    def _success(self, data: Any) -> HttpResponse:
        return answers.success(data, self.casing)

    # Catalog and account -----------------------------------------------------------------------------------------

    def _categories(self, received: Received, body: dict[str, Any]) -> HttpResponse:
        return self._success(list(CATEGORIES))

    def _types(self, received: Received, body: dict[str, Any]) -> HttpResponse:
        return self._success(list(TYPES))

    def _list_products(self, received: Received, body: dict[str, Any]) -> HttpResponse:
        """List products by the query string; the body is not looked at, and no total is told."""
        query = {name.lower(): value for name, value in received.query if value}
        start, end = self._page(query)
        detailed = query.get("detailed", "false").lower()
        if detailed not in {"true", "false"}:
            raise Refused("VALIDATION_ERROR", "detailed is true or false.", status=400)
        rows = list(self.book.products.values())
        for name, attribute in (("productcategoryid", "category"), ("typeid", "kind"), ("productid", "product")):
            if name in query:
                wanted = whole(query[name], name)
                rows = [product for product in rows if getattr(product, attribute) == wanted]
        return self._success([product.row(detailed == "true") for product in rows[start:end]])

    def _page(self, members: Mapping[str, Any]) -> tuple[int, int]:
        page = whole(members.get("page", self.first_page), "page")
        size = whole(members.get("pagesize", 20), "pageSize")
        if page < self.first_page or not 1 <= size <= 1000:
            raise Refused("VALIDATION_ERROR", f"Pages begin at {self.first_page} and have 1 to 1000 items.", status=400)
        start = (page - self.first_page) * size
        return start, start + size

    def _product(self, received: Received, body: dict[str, Any]) -> HttpResponse:
        number = whole(received.segments[-1], "productID")
        for product in self.book.products.values():
            if product.product == number:
                return self._success(product.row(True))
        raise Refused("PRODUCT_NOT_FOUND", "Product not found.")

    def _account(self, received: Received, body: dict[str, Any]) -> HttpResponse:
        return self._success(
            {
                "customerID": CUSTOMER,
                "firstName": "Deniz",
                "lastName": "Kaya",
                "email": self.credentials["email"],
                "balance": self.book.balance,
                "creditLimit": Decimal("0.00"),
                "currencyCode": "TL",
            }
        )

    # Orders ------------------------------------------------------------------------------------------------------

    def _create(self, received: Received, body: dict[str, Any]) -> HttpResponse:
        if "notifyurl" in body:
            text_of(body["notifyurl"], "notifyURL")
        if "billingaddressid" in body:
            whole(body["billingaddressid"], "billingAddressID")
        order = self.book.place(basket_of(body), self.repeated_deliver_id)
        return self._success(answers.created_order(order))

    def _list_orders(self, received: Received, body: dict[str, Any]) -> HttpResponse:
        start, end = self._page(body)
        return self._success([answers.order_row(order) for order in self.book.newest_first(start, end)])

    def _order(self, received: Received, body: dict[str, Any]) -> HttpResponse:
        query = {name.lower(): value for name, value in received.query}
        return self._success(answers.order_row(self.book.order(whole(query.get("orderid"), "orderID"))))

    def _order_line(self, received: Received, body: dict[str, Any]) -> HttpResponse:
        """Answer one line with its goods: "order detail" is a line, not an order."""
        line = self.book.line(whole(received.segments[-1], "orderDetailID"))
        return self._success(answers.order_line(line, self.book.orders[line.order].created))

    def _cancel(self, received: Received, body: dict[str, Any]) -> HttpResponse:
        if ("orderid" in body) == ("orderdetailid" in body):
            raise Refused("VALIDATION_ERROR", "Either orderID or orderDetailID is required.", status=400)
        if "orderid" in body:
            order = self.book.order(whole(body["orderid"], "orderID"))
            self.book.cancel(order.lines)
            return self._success({"orderID": order.number})
        line = self.book.line(whole(body["orderdetailid"], "orderDetailID"))
        self.book.cancel([line])
        return self._success({"orderDetailID": line.number})


SIMULATOR = ResellerSimulator
