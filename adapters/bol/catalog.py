"""bol's catalogue: categories, products by search or category, one product by EAN, the best offer."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from typing_extensions import override

from adapters.bol import content, mapping
from adapters.bol.account import BolAccount
from adapters.bol.paging import place_of, walk
from adapters.contract.category_tree import cut, start_of
from adapters.contract.errors import (
    InvalidOrder,
    NotFound,
    ProviderError,
    UnsupportedOperation,
    Violation,
)
from adapters.contract.flow import Answer, Flow
from adapters.contract.models import values
from adapters.contract.models.catalog import Availability, Category, Image, Product, Stock
from adapters.contract.models.requests import AvailabilityItem, CategoryQuery, ProductQuery
from adapters.contract.models.resources import Money, Page, PartProblem
from adapters.contract.wire import JSON, HttpRequest, HttpResponse, present

# Retailer API v10 spec, ProductListRequest
LAST_PAGE = 200
LONGEST_SEARCH = 50
LONGEST_CATEGORY = 11


class BolCatalog(BolAccount):
    """The catalogue."""

    @override
    def list_categories(self, query: CategoryQuery) -> Flow[Page[Category]]:
        """List the whole tree, parents first, or the children of `parent`."""
        start = start_of(query.cursor)
        return cut((yield from self.category_tree()), start, query.limit, query.parent and self.id(query.parent))

    @override
    def category_tree(self) -> Flow[tuple[Category, ...]]:
        """List the whole tree, parents first: bol gives it in one answer, once a minute."""
        language = content.LIST_LANGUAGES[self.settings.language]
        response: HttpResponse = yield self._read("/retailer/products/categories", language=language)
        return tuple(content.categories_of(response.object(), self.name))

    @override
    def list_products(self, query: ProductQuery) -> Flow[Page[Product]]:
        """List products by search term or category: ids and names, as bol does. By EAN it is that one product."""
        if query.ean is not None:
            return (yield from self._by_ean(query))
        _check(query)
        language = content.LIST_LANGUAGES[self.settings.language]

        def fetch(page: int) -> Flow[Sequence[Product] | None]:
            body = present(countryCode=self.settings.country, searchTerm=query.q, categoryId=query.category, page=page)
            try:
                # The one body here that bol declares as plain JSON.
                response: HttpResponse = yield self._search("/retailer/products/list", body, JSON, language)
            except NotFound:
                if page == 1:
                    raise
                return None
            listed = mapping.objects(response.object(), "products")
            if not listed:
                return None
            found = [content.listed_product(raw, self.name) for raw in listed]
            # What has no EAN has no id, and cannot be asked for.
            return [product for product in found if product is not None]

        return (yield from walk(fetch, lambda product: True, query.limit, query.cursor, LAST_PAGE))

    def _by_ean(self, query: ProductQuery) -> Flow[Page[Product]]:
        if query.q is not None or query.category is not None:
            raise UnsupportedOperation("bol finds a product by its EAN alone: leave out q and category.")
        place_of(query.cursor)
        try:
            product = yield from self.get_product(query.ean or "")
        except NotFound:
            return Page()
        return Page(items=(product,))

    @override
    def get_product(self, product_id: str) -> Flow[Product]:
        """Read content, images and the best offer at once. Images and price are left out where they cannot be had."""
        ean = {"ean": product_id}
        language = content.CONTENT_LANGUAGES[self.settings.language]
        answers: list[Answer] = yield [
            self._read("/retailer/content/catalog-products/{ean}", ean, language=language),
            self._read("/retailer/products/{ean}/assets", ean),
            self._best_offer(product_id),
        ]
        if isinstance(answers[0], ProviderError):
            raise answers[0]
        product = content.product_of(product_id, self.name, answers[0].object())
        price, stock = self._offered(answers[2])
        return msgspec.structs.replace(product, images=_images(answers[1]), price=price, stock=stock)

    def _offered(self, answer: Answer) -> tuple[Money | None, Stock | None]:
        try:
            if isinstance(answer, ProviderError):
                raise answer
            offer = content.best_offer(answer.object())
            return content.price_of(offer, self.euro), content.stock_of(offer)
        except ProviderError:
            return None, None

    @override
    def check_availability(self, items: Sequence[AvailabilityItem], now: datetime) -> Flow[tuple[Availability, ...]]:
        """Read the best offer of each product: what the web shop sells it for now. How many there are is not told."""
        eans = list(dict.fromkeys(item.product_id for item in items))
        answers: list[Answer] = yield [self._best_offer(ean) for ean in eans]
        errors = [answer for answer in answers if isinstance(answer, ProviderError)]
        if len(errors) == len(answers) and not any(isinstance(error, NotFound) for error in errors):
            raise errors[0]
        found = {ean: self._availability(ean, answer, now) for ean, answer in zip(eans, answers, strict=True)}
        return tuple(found[item.product_id] for item in items)

    def _availability(self, ean: str, answer: Answer, now: datetime) -> Availability:
        try:
            if isinstance(answer, ProviderError):
                raise answer
            offer = content.best_offer(answer.object())
            return Availability(
                product_id=self.id(ean),
                as_of=now,
                price=content.price_of(offer, self.euro),
                stock=content.stock_of(offer),
                earliest_delivery=values.text(offer.get("minDeliveryDate"), 50) if offer else None,
            )
        except ProviderError as error:
            title = "bol does not know the product." if isinstance(error, NotFound) else "bol did not tell."
            problem = PartProblem(title=title, code=error.code, message=values.text(error.message))
            return Availability(product_id=self.id(ean), as_of=now, problem=problem)

    def _best_offer(self, ean: str) -> HttpRequest:
        query = (("country-code", self.settings.country), ("best-offer-only", "true"))
        return self._read("/retailer/products/{ean}/offers", {"ean": ean}, query)


def _images(answer: Answer) -> tuple[Image, ...] | None:
    try:
        if isinstance(answer, ProviderError):
            raise answer
        return content.images_of(answer.object())
    except ProviderError:
        return None


def _check(query: ProductQuery) -> None:
    """Raise InvalidOrder for what is longer than bol takes."""
    violations = []
    if query.q is not None and len(query.q) > LONGEST_SEARCH:
        violations.append(Violation("q", f"at most {LONGEST_SEARCH} characters"))
    if query.category is not None and len(query.category) > LONGEST_CATEGORY:
        violations.append(Violation("category", f"at most {LONGEST_CATEGORY} characters"))
    if violations:
        raise InvalidOrder(*violations)
