"""Reusely's Public API: device trade-in. A customer sells to the merchant, so prices and totals are payouts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from adapters.contract.adapter import Adapter, Token, WriteContext
from adapters.contract.errors import (
    MalformedResponse,
    NotFound,
    ProviderError,
    Unavailable,
    UnsupportedOperation,
)
from adapters.contract.flow import Flow
from adapters.contract.models import values
from adapters.contract.models.catalog import Category, Product
from adapters.contract.models.requests import CategoryQuery, NewAddress, NewOrder, OrderQuery, ProductQuery
from adapters.contract.models.resources import Address, Line, Order, Page
from adapters.contract.traits import RateLimit, Trait
from adapters.contract.wire import JSON, HttpRequest, HttpResponse, Pairs, json_body
from adapters.reusely import catalog, checkout, offers
from adapters.reusely.answers import Cursor, Rows, as_object, payload, rows
from adapters.reusely.errors import provider_error
from adapters.reusely.settings import ReuselyCredentials, ReuselySettings

_HELP = 'help page "Reusely\'s Public API"'
_DOCS = 'API reference, "Checkout Mail-In Offer"'
_CATALOG = "/v2/public/catalog"
_OFFERS = "/v2/admin/orders"
# "Required for endpoints such as Inventory, Product, and Abandoned" (help page); administrative ones ask for it too.
_SECRET_AREAS = frozenset({"admin", "inventory", "product", "products", "abandoned"})
_NO_CURRENCY = "Reusely names currencies by a symbol at most: configure the account's `currency`."
_NO_SECRET = "Reusely lists offers to administrators only: configure `credentials.secret_key`."  # noqa: S105 (a sentence)


class ReuselyAdapter(Adapter[ReuselySettings, ReuselyCredentials]):
    """One merchant's account at Reusely."""

    title = "Reusely"
    success_in_body = True
    kinds = ("tradeIn",)
    base_url = "https://api.reusely.com/api"
    Settings = ReuselySettings
    Credentials = ReuselyCredentials
    refusals: ClassVar[Mapping[str, str]] = {
        "check_availability": "Reusely's payouts depend on the condition: read the product for its conditions.",
        "cancel_order": "Reusely documents no cancellation by API: it is done in Reusely's own application.",
        "change_delivery": "Reusely documents no change of an offer by API.",
        "list_shipments": "Reusely has no list of shipments: the order itself carries the customer's parcel.",
        "confirm_shipment": "The customer ships to the merchant; there is nothing for us to confirm.",
        "change_shipment": "The customer ships to the merchant; there is no shipment of ours to change.",
        "get_account": "Reusely documents no endpoint for the account.",
    }

    def unavailable(self) -> Mapping[str, str]:
        lacking = [_NO_CURRENCY] if self.currency is None else []
        reasons = dict.fromkeys(("get_product", "place_order"), " ".join(lacking))
        lacking += [_NO_SECRET] if self.credentials.secret_key is None else []
        reasons |= dict.fromkeys(("list_orders", "get_order"), " ".join(lacking))
        return {operation: reason for operation, reason in reasons.items() if reason}

    def traits(self) -> Mapping[str, Trait]:
        if self.credentials.secret_key is None or self.settings.custom_fields_reference is None:
            return {"place": Trait("none", f"{_DOCS}: no idempotency key, no order number of the caller's")}
        source = f'{_DOCS}, custom_fields, and "GET /v2/admin/orders" as public clients use it'
        return {"place": Trait("lookup", source, settle=self.settings.lookup_settle)}

    def limits(self) -> tuple[RateLimit, ...]:
        source = f'{_HELP}: "a rate limit of 5 requests per hour for each email"'
        return (RateLimit("POST", self._checkout_route, 5, 3600.0, source, partition="/customer_email"),)

    @property
    def _checkout_route(self) -> str:
        version = self.settings.api_version
        return f"/{version}/public/{'offer' if version == 'v3' else 'order'}/mail-in"

    @property
    def _reader(self) -> offers.OfferReader:
        return offers.OfferReader(self.name, self.currency, self.settings, self.id)

    # How it speaks ---------------------------------------------------------------------------------------------

    def authorize(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        keys = self.credentials
        headers = {"x-api-key": keys.api_key.get_secret_value()}
        if keys.tenant_id is not None:
            headers["x-tenant-id"] = keys.tenant_id.get_secret_value()
        if keys.secret_key is not None and _SECRET_AREAS.intersection(request.route.split("/")[2:4]):
            headers["x-secret-key"] = keys.secret_key.get_secret_value()
        return request.with_headers(headers)

    def error(self, request: HttpRequest, response: HttpResponse) -> ProviderError | None:
        return provider_error(response)

    def cheap_read(self) -> Flow[Any]:
        return self.list_categories(CategoryQuery(limit=1))

    # Catalog ---------------------------------------------------------------------------------------------------

    def list_categories(self, query: CategoryQuery) -> Flow[Page[Category]]:
        """List what is below `parent`: categories, their devices by brand, a device's models; nothing below those."""
        cursor = Cursor.read(query.cursor)
        kind, slugs = catalog.category(query.parent) if query.parent is not None else ("", ())
        parent = self.id(query.parent)
        found: tuple[Category, ...]
        match kind:
            case "":
                route = f"{_CATALOG}/{self.settings.categories_path}"
                page = yield from self._rows(route, {}, cursor.page)
                found = catalog.categories(page.items, self.id)
            case "c":
                route, path_values = f"{_CATALOG}/category-brand/{{category_slug}}", {"category_slug": slugs[0]}
                page = yield from self._rows(route, path_values, cursor.page, paged=True)
                found = catalog.devices(page.items, parent, self.id)
            case "d":
                route = f"{_CATALOG}/model-device/{{brand_slug}}/{{device_slug}}"
                path_values = {"brand_slug": slugs[0], "device_slug": slugs[1]}
                page = yield from self._rows(route, path_values, cursor.page, paged=True)
                found = catalog.models(page.items, slugs, parent, self.id)
            case _:
                return Page()
        items, following = cursor.cut(tuple({item.id: item for item in found}.values()), query.limit, more=page.more)
        return Page(items=tuple(items), next_cursor=following)

    def list_products(self, query: ProductQuery) -> Flow[Page[Product]]:
        """List the products of a model. Raises UnsupportedOperation for a search, and for anything but a model."""
        if query.q is not None or query.ean is not None:
            raise UnsupportedOperation("Reusely publishes no search that is understood here: walk the categories.")
        cursor = Cursor.read(query.cursor)
        kind, slugs = catalog.category(query.category) if query.category is not None else ("", ())
        if kind != "m":
            raise UnsupportedOperation("Reusely lists products by model: state a category whose native id begins m/.")
        route = f"{_CATALOG}/model/{{model_slug}}/products"
        page = yield from self._rows(route, {"model_slug": slugs[2]}, cursor.page)
        listed, following = cursor.cut(page.items, query.limit, more=page.more)
        known: dict[tuple[str, str], str] = {}
        if catalog.lacks_slugs(listed):
            specification = yield self._read(f"{_CATALOG}/spec", query=(("brand", slugs[0]), ("model", slugs[2])))
            known = catalog.slugs_by_name(as_object(payload(specification)))
        products = [catalog.listed_product(row, slugs, known, self.id) for row in listed]
        return Page(items=tuple({item.id: item for item in products}.values()), next_cursor=following)

    def get_product(self, product_id: str) -> Flow[Product]:
        """Read one product with its payouts, by condition."""
        number, specification = catalog.product(product_id)
        if self.currency is None:
            raise self._unsupported("get_product")
        if specification is None:
            raise UnsupportedOperation("Reusely is asked for payouts by specification, and this id has a number alone.")
        response = yield self._read(f"{_CATALOG}/condition", query=specification.query())
        result = as_object(payload(response))
        return catalog.product_with_payouts(result, number, specification, self.currency, self.id)

    # Orders ----------------------------------------------------------------------------------------------------

    def place_order(self, order: NewOrder, context: WriteContext) -> Flow[Order]:
        """Make a mail-in offer. What the answer says beyond its ids (a token for tracking) is not passed on."""
        if self.currency is None:
            raise self._unsupported("place_order")
        body = checkout.body(order, self.settings, self.currency)
        request = HttpRequest(
            "POST",
            self._checkout_route,
            headers={"accept": JSON, "content-type": JSON},
            body=json_body(body),
            effect="commit",
            step="place",
        )
        response = yield request
        result = as_object(payload(response))
        native = offers.native_id(result)
        if native is None:
            raise MalformedResponse("The offer was made, and the answer does not say its id.")
        return Order(
            id=self.id(native),
            provider=self.name,
            kind="tradeIn",
            reference=order.reference,
            status="pending",
            currency=self.currency,
            lines=tuple(_placed_line(self, line.product_id, line.quantity, line.metadata) for line in order.lines),
            ship_to=_placed_address(order.ship_to),
            metadata=order.metadata,
        )

    def list_orders(self, query: OrderQuery) -> Flow[Page[Order]]:
        """List mail-in offers. Filters look at one page of the provider's, which may leave a page empty."""
        self._need("list_orders")
        if query.country is not None:
            raise UnsupportedOperation("Reusely's offers state no country to choose by.")
        if query.reference is not None and self.settings.custom_fields_reference is None:
            raise UnsupportedOperation("No custom field carries references: configure `custom_fields_reference`.")
        cursor = Cursor.read(query.cursor)
        page = yield from self._offer_rows(cursor.page)
        listed, following = cursor.cut(page.items, query.limit, more=page.more)
        orders = {order.id: order for order in map(self._reader.order, listed) if _wanted(order, query)}
        return Page(items=tuple(orders.values()), next_cursor=following)

    def get_order(self, order_id: str) -> Flow[Order]:
        """Find one offer, by the id of its box or its number, among the first pages of the list.

        No endpoint for one offer is documented. Raises NotFound when the whole list lacks it, and UnsupportedOperation
        when the list is longer than `lookup_pages`, which says nothing about the offer.
        """
        self._need("get_order")
        for number in range(1, self.settings.lookup_pages + 1):
            page = yield from self._offer_rows(number)
            for row in page.items:
                if offers.answers_to(row, order_id):
                    return self._reader.order(row)
            if not page.more:
                raise NotFound("No offer has such an id.")
        raise UnsupportedOperation(
            f"Reusely reads no single offer, and this one is not among the first {self.settings.lookup_pages} pages "
            "of its list: raise `lookup_pages`, or list orders."
        )

    def find_order(self, order: NewOrder, since: datetime, context: WriteContext) -> Flow[Order | None]:
        """Look for the offer by the reference in its custom field, its age, e-mail, postcode and items.

        Absence is told only of a list read to its end, or back to `since` where it is sorted newest first. Raises
        Unavailable when `lookup_pages` end before that.
        """
        if self.traits()["place"].kind != "lookup":
            raise UnsupportedOperation("Offers cannot be looked up without a secret key and `custom_fields_reference`.")
        since = since.replace(microsecond=0)  # offers state whole seconds
        previous = datetime.max.replace(tzinfo=UTC)
        sorted_so_far = True
        for number in range(1, self.settings.lookup_pages + 1):
            page = yield from self._offer_rows(number)
            for row in page.items:
                if self._reader.is_of(row, order, since):
                    return self._reader.order(row)
                created = values.timestamp(row.get("created_at"))
                sorted_so_far = sorted_so_far and created is not None and created <= previous
                previous = created or previous
            if not page.more or (sorted_so_far and previous < since):
                return None
        raise Unavailable("The list of offers is longer than `lookup_pages`.")

    # Requests --------------------------------------------------------------------------------------------------

    def _need(self, operation: str) -> None:
        if operation in self.unavailable():
            raise self._unsupported(operation)

    def _read(self, route: str, path_values: Mapping[str, str] | None = None, query: Pairs = ()) -> HttpRequest:
        return HttpRequest("GET", route, path_values or {}, query, {"accept": JSON, "content-type": JSON})

    def _rows(self, route: str, path_values: Mapping[str, str], page: int, *, paged: bool = False) -> Flow[Rows]:
        """Read one page of a list; `page` goes out where the endpoint documents it, or where the answer had pages."""
        query = (("page", str(page)),) if paged or page > 1 else ()
        response = yield self._read(route, path_values, query)
        return rows(response, page)

    def _offer_rows(self, page: int) -> Flow[Rows]:
        response = yield self._read(_OFFERS, query=(("buyback_type", "mail-in"), ("page", str(page))))
        return rows(response, page)


def _placed_line(
    adapter: ReuselyAdapter, product_id: str | None, quantity: int, metadata: dict[str, str] | None
) -> Line:
    return Line(product_id=adapter.id(product_id), quantity=quantity, metadata=metadata)


def _placed_address(address: NewAddress | None) -> Address | None:
    """Return the address as it was said; what the checkout cannot take was refused before."""
    if address is None:
        return None
    phone = values.phone(address.phone, address.country) if address.phone else None
    return Address(**{**address.model_dump(exclude={"tax_ids", "is_business"}), "phone": phone})


def _wanted(order: Order, query: OrderQuery) -> bool:
    """Tell whether an order passes the filters; one that does not say when it was made passes no filter by time."""
    if query.status is not None and order.status != query.status:
        return False
    if query.reference is not None and order.reference != query.reference:
        return False
    if query.created_after is None and query.created_before is None:
        return True
    if order.created_at is None:
        return False
    after, before = query.created_after or order.created_at, query.created_before or order.created_at
    return after <= order.created_at <= before


ADAPTER = ReuselyAdapter
