"""The reseller API v1: digital goods (game codes, pins) sold to resellers, one host for each platform owner.

Source: Reseller Documentation, Version v1. A 404 means that the API is disabled for the tenant, and a failure may come
with status 200: see failures.py.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import SecretStr

from adapters.contract.adapter import Adapter, Token, WriteContext
from adapters.contract.category_tree import cut, start_of
from adapters.contract.errors import (
    AccountRefused,
    Gone,
    MalformedResponse,
    NotFound,
    ProtocolMismatch,
    ProviderError,
    Rejected,
    UnsupportedOperation,
)
from adapters.contract.flow import Flow
from adapters.contract.models import values
from adapters.contract.models.catalog import Availability, Category, Product
from adapters.contract.models.requests import (
    AvailabilityItem,
    CategoryQuery,
    NewCancellation,
    NewOrder,
    OrderQuery,
    ProductQuery,
)
from adapters.contract.models.resources import Account, Order, OrderChange, OrderKind, Page, PartProblem
from adapters.contract.traits import Trait
from adapters.contract.wire import JSON, HttpRequest, HttpResponse, json_body
from adapters.reseller import calls, catalog, envelope, failures, mapping, orders
from adapters.reseller.identifiers import OrderId, PageCursor, ProductId, category_filter
from adapters.reseller.rows import read, read_all
from adapters.reseller.settings import ResellerCredentials, ResellerSettings


class ResellerAdapter(Adapter[ResellerSettings, ResellerCredentials]):
    """One reseller account at one tenant."""

    title = "Reseller API"
    success_in_body = True
    kinds: ClassVar[tuple[OrderKind, ...]] = ("purchase",)
    default_currency = "TRY"
    Settings = ResellerSettings
    Credentials = ResellerCredentials
    refusals: ClassVar[Mapping[str, str]] = {
        "change_delivery": "Digital goods go to the account: there is no delivery to change.",
        "list_shipments": "Digital goods are not shipped: codes stand in the order's lines as deliverables.",
        "confirm_shipment": "Orders are bought from the provider: it delivers them itself.",
        "change_shipment": "Digital goods are not shipped: there is no tracking code.",
    }

    def traits(self) -> Mapping[str, Trait]:
        """Return what a lost answer can be cleared up by."""
        return {
            "place": Trait(
                kind="dedupe_ref" if self.settings.repeats_refused else "lookup",
                source="Reseller Documentation, Best practices: retries can be de-duplicated server-side by your own "
                "unique order identifier; what a repeated one is answered is not said, so List Orders is asked",
                settle=self.settings.settle,
            ),
            "cancel": Trait(
                kind="natural",
                source="Reseller Documentation, Typical integration flow: Cancel Order aborts an order before delivery",
            ),
        }

    # How it speaks ---------------------------------------------------------------------------------------------

    def login(self, now: datetime) -> Flow[Token]:
        """Fetch a token by Generate Token, anonymously; there is no refresh."""
        response = yield HttpRequest(
            "POST",
            "/Login/Customer/Api/Verify",
            headers={"accept": JSON, "content-type": JSON, "h-region-code": self.settings.region_code},
            body=json_body({"Email": self.credentials.email, "Password": self.credentials.password.get_secret_value()}),
            step="login",
        )
        answer = envelope.data_object(response)
        token = answer.text("token")
        if token is None or not token.isascii() or not token.isprintable():
            raise MalformedResponse("The login gave no token.")
        expiration = values.timestamp(answer.get("expiration"))
        lifetime = (expiration - now).total_seconds() if expiration else 0.0
        return Token(SecretStr(token), lifetime if lifetime > 0 else self.settings.token_lifetime)

    def authorize(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        """Add the token in the configured style, the region and, where configured, the API key."""
        headers = {"h-region-code": self.settings.region_code}
        if token is not None:
            prefix = "Bearer " if self.settings.authorization_style == "bearer" else ""
            headers["authorization"] = prefix + token.value.get_secret_value()
        if self.credentials.api_key is not None:
            headers["apikey"] = self.credentials.api_key.get_secret_value()
        return request.with_headers(headers)

    def error(self, request: HttpRequest, response: HttpResponse) -> ProviderError | None:
        """Return what an answer reports as an error: status, then `success` and `errorCode`."""
        return failures.failure(request, response, self.settings.error_codes)

    def cheap_read(self) -> Flow[Account]:
        """Read the account."""
        return self.get_account()

    def get_account(self) -> Flow[Account]:
        """Read balance and currency (Account Details)."""
        return mapping.to_account(self, envelope.data_object((yield calls.get("/Customer/Get"))))

    # Catalog ---------------------------------------------------------------------------------------------------

    def list_categories(self, query: CategoryQuery) -> Flow[Page[Category]]:
        """List categories and category types, or those below `parent`."""
        start = start_of(query.cursor)
        return cut((yield from self.category_tree()), start, query.limit, query.parent and self.id(query.parent))

    def category_tree(self) -> Flow[tuple[Category, ...]]:
        """List categories, and behind them the category types, in one list that the provider does not page."""
        types = self.settings.category_types_path
        answers = yield [calls.get("/Categories"), *([calls.get(types)] if types else [])]
        found = catalog.to_categories(self, envelope.data_list(calls.answered(answers[0])))
        # Where the categories are answered, a 404 cannot mean a disabled tenant: this tenant has no such path.
        if types and not (
            isinstance(answers[1], AccountRefused | ProtocolMismatch) and answers[1].status in {404, 405}
        ):
            found += catalog.to_types(self, envelope.data_list(calls.answered(answers[1])))
        return tuple(found)

    def list_products(self, query: ProductQuery) -> Flow[Page[Product]]:
        """List products, of a category or a category type."""
        if query.q is not None or query.ean is not None:
            name = "q" if query.q is not None else "ean"
            raise UnsupportedOperation(f"{self.title} cannot search by {name}: filter by category, or read by id.")
        cursor = self._page(query.cursor, query.limit)
        chosen = (category_filter(query.category),) if query.category is not None else ()
        parameters = (*chosen, ("page", str(cursor.page)), ("pageSize", str(cursor.size)), ("detailed", "true"))
        rows = read_all((yield calls.products_page(parameters)))
        first = rows[0].product if rows else None
        if first is not None and first == cursor.before:
            raise MalformedResponse("The provider answered the page before once more.")
        items = catalog.to_products(self, rows[cursor.skip :][: query.limit])
        following = cursor.next(query.limit, len(rows), first)
        return Page(items=items, next_cursor=str(following) if following else None)

    def _page(self, cursor: str | None, limit: int) -> PageCursor:
        return PageCursor.parse(cursor, self.settings.first_page, min(limit, self.settings.largest_page))

    def get_product(self, product_id: str) -> Flow[Product]:
        """Read one product with order bounds and required inputs (Get Product Detail)."""
        native = ProductId.parse(product_id)
        if native is None:
            raise NotFound("No product has such an id.")
        product = catalog.to_product(self, read(envelope.data_one((yield calls.product_detail(native.product)))))
        if product.id != self.id(native):
            raise NotFound("The product has another id now.")
        return product

    def check_availability(self, items: Sequence[AvailabilityItem], now: datetime) -> Flow[tuple[Availability, ...]]:
        """Read the detail of each product at once."""
        as_of = now.replace(microsecond=0)
        wanted = [ProductId.parse(item.product_id) for item in items]
        numbers = sorted({native.product for native in wanted if native})
        answers = (yield [calls.product_detail(number) for number in numbers]) if numbers else []
        known = dict(zip(numbers, answers, strict=True))
        return tuple(
            self._availability(item.product_id, known[native.product] if native else None, as_of)
            for item, native in zip(items, wanted, strict=True)
        )

    def _availability(self, product_id: str, answer: Any, as_of: datetime) -> Availability:
        """Return one item's answer; what fails for the whole account is raised instead."""
        problem = PartProblem(title="Not found")
        try:
            if answer is not None:
                found = catalog.to_availability(self, read(envelope.data_one(calls.answered(answer))), as_of)
                if found.product_id == self.id(product_id):
                    return found
        except (Gone, NotFound):
            pass
        except Rejected as error:
            problem = PartProblem(title="Refused by the provider", code=error.code, message=error.message or None)
        return Availability(product_id=self.id(product_id), as_of=as_of, problem=problem)

    # Orders ----------------------------------------------------------------------------------------------------

    def place_order(self, order: NewOrder, context: WriteContext) -> Flow[Order]:
        """Place an order, all lines or none (Create Order)."""
        return orders.place(self, order)

    def list_orders(self, query: OrderQuery) -> Flow[Page[Order]]:
        """List orders as the provider orders them; their status can be filtered within a page, nothing else."""
        self._refuse_filters(query)
        cursor = self._page(query.cursor, query.limit)
        rows = envelope.data_list((yield calls.orders_page(cursor.page, cursor.size)))
        page = [mapping.to_row(self, row, self.settings.price_of) for row in rows[cursor.skip :][: query.limit]]
        items = {order.id: order for order in page if query.status in {None, order.status}}
        following = cursor.next(query.limit, len(rows))
        return Page(items=tuple(items.values()), next_cursor=str(following) if following else None)

    def _refuse_filters(self, query: OrderQuery) -> None:
        stated = {
            "reference": query.reference,
            "created-after": query.created_after,
            "created-before": query.created_before,
            "country": query.country,
        }
        refused = [name for name, value in stated.items() if value is not None]
        if refused:
            raise UnsupportedOperation(f"{self.title} cannot filter orders by {', '.join(refused)}; by status only.")

    def get_order(self, order_id: str) -> Flow[Order]:
        """Read an order by its lines, each with a request of its own, all at once (Get Order Detail)."""
        native = OrderId.parse(order_id)
        return (yield from orders.read(self, native))

    def cancel_order(self, order_id: str, cancellation: NewCancellation, context: WriteContext) -> Flow[OrderChange]:
        """Cancel an order, or lines of it where the tenant cancels by line, before delivery (Cancel Order)."""
        native = OrderId.parse(order_id)
        return (yield from orders.cancel(self, native, cancellation))

    def find_order(self, order: NewOrder, since: datetime, context: WriteContext) -> Flow[Order | None]:
        """Look in List Orders for the lines that this order was given."""
        return orders.find(self, order, since)


ADAPTER = ResellerAdapter
