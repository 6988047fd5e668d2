"""The Rexel adapter: prices, stock and products of Rexel France, and orders, directly or by a quote.

Resail API reference for errors, idempotency and metadata; the production calls of public clients for products, prices,
stock, customers and authentication. What neither says is a setting or a choice listed in the README.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from pydantic import SecretStr
from typing_extensions import override

from adapters.contract.adapter import Adapter, Token, WriteContext
from adapters.contract.errors import MalformedResponse, NotFound, ProviderError, Rejected, Unavailable
from adapters.contract.flow import Flow
from adapters.contract.models import values
from adapters.contract.models.catalog import Availability, Product
from adapters.contract.models.requests import AvailabilityItem, NewOrder, OrderQuery
from adapters.contract.models.resources import Account, Order, OrderKind, Page, PartProblem
from adapters.contract.traits import RateLimit, Trait
from adapters.contract.wire import JSON, HttpRequest, HttpResponse, json_body
from adapters.rexel import catalog, errors, listing, mapping, orders, placing
from adapters.rexel.catalog import Positions, Wanted
from adapters.rexel.settings import RexelCredentials, RexelSettings

_NEEDS_CUSTOMER = "Set `id_customer`, the numeric account number at Rexel: its API asks for it in every such request."


class RexelAdapter(Adapter[RexelSettings, RexelCredentials]):
    """One account at Rexel France."""

    title: ClassVar[str] = "Rexel"
    kinds: ClassVar[tuple[OrderKind, ...]] = ("purchase",)
    base_url: ClassVar[str | None] = "https://api.rexel.fr"
    default_currency: ClassVar[str | None] = "EUR"  # our choice: Rexel France states no currency
    Settings = RexelSettings
    Credentials = RexelCredentials
    refusals: ClassVar[Mapping[str, str]] = {
        "list_categories": "Rexel's API publishes no categories.",
        "list_products": "Rexel's API reads products by supplier code and reference only; no list, no search.",
        "cancel_order": "Rexel's API publishes no way to cancel an order; call the branch.",
        "change_delivery": "Rexel's API publishes no way to change an order; call the branch.",
        "list_shipments": "Rexel's API publishes no shipments; the order's status says how far it is.",
        "confirm_shipment": "Rexel ships; there is nothing to confirm.",
        "change_shipment": "Rexel ships; there is nothing to change.",
    }

    @override
    def unavailable(self) -> Mapping[str, str]:
        if self.settings.id_customer is not None:
            return {}
        return {"check_availability": _NEEDS_CUSTOMER, "get_account": _NEEDS_CUSTOMER}

    @override
    def traits(self) -> Mapping[str, Trait]:
        return {
            errors.PLACE: Trait(
                kind="native_key",
                source="Resail API reference, Idempotent Write Operations; the retention is a setting",
                retention=self.settings.key_retention,
                settle=60.0,
            )
        }

    @override
    def limits(self) -> tuple[RateLimit, ...]:
        pack, rate = ("Premium", 20) if self.settings.premium else ("Découverte", 10)
        return (RateLimit("*", "*", rate, 1.0, f"Rexel API packs: {pack}, {rate} requests a second"),)

    # How it speaks -------------------------------------------------------------------------------------------------

    @property
    @override
    def needs_login(self) -> bool:
        return self.credentials.client_id is not None

    @override
    def login(self, now: datetime) -> Flow[Token]:
        client, secret = self.credentials.client_id, self.credentials.client_secret
        if client is None or secret is None:
            raise self._unsupported("login")
        form = {
            "grant_type": "client_credentials",
            "client_id": client.get_secret_value(),
            "client_secret": secret.get_secret_value(),
        }
        if self.settings.scope is not None:
            form[self.settings.scope_parameter] = self.settings.scope
        response: HttpResponse = yield HttpRequest(
            "POST",
            self.settings.token_path,
            headers={"accept": JSON, "content-type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
            step=errors.LOGIN,
            origin=self.settings.token_origin,
        )
        body = response.object()
        token = body.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token.strip():
            raise MalformedResponse("The answer has no access token.")
        # One hour is what clients of the production API assume where nothing is said.
        lifetime = values.integer(body.get("expires_in"))
        return Token(SecretStr(token), float(lifetime) if lifetime is not None and 0 < lifetime < 10**7 else 3600.0)

    @override
    def authorize(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        headers = {}
        if token is not None:
            headers["authorization"] = f"Bearer {token.value.get_secret_value()}"
        if self.credentials.subscription_key is not None:
            headers["ocp-apim-subscription-key"] = self.credentials.subscription_key.get_secret_value()
        return request.with_headers(headers)

    @override
    def error(self, request: HttpRequest, response: HttpResponse) -> ProviderError | None:
        return errors.provider_error(request, response)

    @override
    def cheap_read(self) -> Flow[Any]:
        if self.settings.id_customer is not None:
            return (yield from self.get_account())
        return (yield from self.list_orders(OrderQuery(limit=1)))

    # Catalog -------------------------------------------------------------------------------------------------------

    @override
    def get_product(self, product_id: str) -> Flow[Product]:
        article = mapping.article(product_id)
        if article is None:
            raise NotFound("Products of Rexel are {supplier code}:{reference}.")
        wanted = [[Wanted(article, 1)]] if self.settings.id_customer is not None else []
        answers = yield [catalog.units_request(article, self.settings), *self._position_requests(wanted)]
        units = answers[0]
        if isinstance(units, ProviderError):
            raise units
        positions = self._positions(answers[1:])
        known = positions[0] if positions else Positions([], [])
        return catalog.product(self.id(product_id), article, units, known, self.currency)

    @override
    def check_availability(self, items: Sequence[AvailabilityItem], now: datetime) -> Flow[tuple[Availability, ...]]:
        if self.settings.id_customer is None:
            raise self._unsupported("check_availability")
        articles = [mapping.article(item.product_id) for item in items]
        wanted = [Wanted(article, item.quantity) for article, item in zip(articles, items, strict=True) if article]
        positions = iter((yield from self._ask(wanted)) if wanted else [])
        return tuple(
            catalog.availability(self.id(item.product_id), article, next(positions), self.currency, now)
            if article is not None
            else Availability(
                product_id=self.id(item.product_id),
                as_of=now.replace(microsecond=0),
                problem=PartProblem(title="Products of Rexel are {supplier code}:{reference}."),
            )
            for article, item in zip(articles, items, strict=True)
        )

    def _ask(self, wanted: Sequence[Wanted]) -> Flow[list[Positions]]:
        """Ask for all at once, and one by one when Rexel refuses them together: one article may spoil the rest."""
        answers = yield self._position_requests([wanted])
        if len(wanted) == 1 or not any(isinstance(answer, Rejected | NotFound) for answer in answers):
            return self._positions(answers) * len(wanted)
        return self._positions((yield self._position_requests([[item] for item in wanted])))

    def _position_requests(self, groups: Sequence[Sequence[Wanted]]) -> list[HttpRequest]:
        """Return the requests for price and stock of each group, alternating."""
        return [
            make(group, self.settings) for group in groups for make in (catalog.prices_request, catalog.stock_request)
        ]

    def _positions(self, answers: Sequence[HttpResponse | ProviderError]) -> list[Positions]:
        return [
            Positions(catalog.details(price, catalog.PRICES_ROOT), catalog.details(stock, catalog.STOCK_ROOT))
            for price, stock in zip(answers[::2], answers[1::2], strict=True)
        ]

    @override
    def get_account(self) -> Flow[Account]:
        customer = self.settings.id_customer
        if customer is None:
            raise self._unsupported("get_account")
        response: HttpResponse = yield HttpRequest(
            "GET",
            f"{self.settings.customers_path}/{{customer}}",
            {"customer": customer},
            headers=catalog.HEADERS,
            step="customer",
        )
        body = response.object()
        around = body.get("data")
        record = around if isinstance(around, dict) else body
        return Account(
            provider=self.name, id=customer, name=values.text(record.get("customerName"), 200), currency=self.currency
        )

    # Orders --------------------------------------------------------------------------------------------------------

    @property
    def _reader(self) -> orders.Reader:
        return orders.Reader(self.name, self.currency, self.settings)

    @override
    def place_order(self, order: NewOrder, context: WriteContext) -> Flow[Order]:
        account = placing.checked(order, self.settings).account_id or self.settings.account_id
        key = order.reference if self.settings.idempotency_key == "reference" else context.operation_id
        quote = None
        if self.settings.place_by == "quote":
            body = placing.quote_body(order, account, context.now, self.settings)
            # A key of its own: Rexel answers 400 to a key that comes again with other data.
            answer = yield self._write(self.settings.quotes_path, body, f"{key}-quote", "prepare", "quote")
            quote = placing.quote_id(answer)
        body = placing.order_body(order, account, quote, self.settings)
        answer = yield self._write(self.settings.orders_path, body, key, "commit", errors.PLACE)
        return self._reader.placed(answer, order)

    def _write(self, path: str, body: dict[str, Any], key: str, effect: Any, step: str) -> HttpRequest:
        headers = {**catalog.HEADERS, "idempotency-key": key}
        return HttpRequest("POST", path, headers=headers, body=json_body(body), effect=effect, step=step)

    @override
    def get_order(self, order_id: str) -> Flow[Order]:
        response: HttpResponse = yield HttpRequest(
            "GET",
            f"{self.settings.orders_path}/{{order_id}}",
            {"order_id": order_id},
            headers=catalog.HEADERS,
            step="order",
        )
        body = response.object()
        return self._reader.order(body.get("order", body), order_id)

    @override
    def list_orders(self, query: OrderQuery) -> Flow[Page[Order]]:
        window = listing.Window.of(query.cursor, query.limit)
        response = yield listing.request(window, self.settings, self.settings.account_id, query.status)
        rows, following = window.rows(response)
        found = {order.id: order for order in map(self._reader.order, rows)}
        kept = tuple(order for order in found.values() if listing.matches(order, query))
        return Page(items=kept, next_cursor=following.cursor if following else None)

    @override
    def find_order(self, order: NewOrder, since: datetime, context: WriteContext) -> Flow[Order | None]:
        account = placing.checked(order, self.settings).account_id or self.settings.account_id
        window: listing.Window | None = listing.Window(0, listing.LOOK_UP_SIZE)
        seen: list[Order] = []
        for _ in range(listing.LOOK_UP_PAGES):
            if window is None:
                return None
            response = yield listing.request(window, self.settings, account)
            rows, window = window.rows(response)
            page = [self._reader.order(row) for row in rows]
            for summary in page:
                if summary.reference == order.reference:
                    whole = summary
                    if not summary.lines or (order.ship_to and not summary.ship_to):
                        whole = yield from self.get_order(summary.id.removeprefix(self.id("")))
                    if orders.is_that_order(whole, order, since):
                        return whole
            seen += page
            if listing.is_past(seen, since):
                return None
        raise Unavailable("Too many orders to tell whether this one is among them.")


ADAPTER = RexelAdapter
