"""The simulated catalogue: categories, the product list, content, assets and competing offers."""

from datetime import timedelta
from typing import Any

from adapters.bol.simulator_seed import CATEGORIES, Goods
from adapters.bol.simulator_state import Books
from adapters.bol.simulator_wire import (
    AMSTERDAM,
    MEDIA_TYPE,
    PLAIN,
    answer,
    bad_request,
    body_of,
    check_accept,
    check_language,
    check_members,
    choice,
    not_found,
    page_number,
    paged,
)
from adapters.contract import codec
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpResponse

COUNTRIES = ("NL", "BE")
SORTS = ("RELEVANCE", "POPULARITY", "PRICE_ASC", "PRICE_DESC", "RELEASE_DATE", "RATING", "WISHLIST")
LIST_LANGUAGES = ("nl", "nl-BE", "nl-NL", "fr-BE")
CONTENT_LANGUAGES = ("nl", "nl-BE", "fr", "fr-BE")
CONDITIONS = (
    *("ALL", "BAD", "MODERATE", "REASONABLE", "GOOD", "AS_NEW", "NEW"),
    *("REFURBISHED_A", "REFURBISHED_B", "REFURBISHED_C"),
)
LAST_PAGE = 200


def categories(received: Received) -> HttpResponse:
    """Answer `GET /retailer/products/categories`: the whole tree."""
    check_accept(received, MEDIA_TYPE)
    check_language(received, *LIST_LANGUAGES)
    return answer(200, {"categories": _children(None)})


def _children(parent: str | None) -> list[dict[str, Any]]:
    found = []
    for order, (identifier, name, _) in enumerate(row for row in CATEGORIES if row[2] == parent):
        category: dict[str, Any] = {"categoryId": identifier, "categoryName": name, "order": order + 1}
        below = _children(identifier)
        if below:
            category["subcategories"] = below
        found.append(category)
    return found


def _within(category: str) -> set[str]:
    return {category}.union(*(_within(identifier) for identifier, _, parent in CATEGORIES if parent == category))


def product_list(shelf: dict[str, Goods], received: Received) -> HttpResponse:
    """Answer `POST /retailer/products/list`: titles and EANs, by search term, by category, or all."""
    check_accept(received, MEDIA_TYPE)
    check_language(received, *LIST_LANGUAGES)
    body = body_of(received, PLAIN)
    violations = check_members(
        body,
        {"page": int},
        {
            "countryCode": str,
            "searchTerm": str,
            "categoryId": str,
            "filterRanges": list,
            "filterValues": list,
            "sort": str,
        },
    )
    for name, longest in (("searchTerm", 50), ("categoryId", 11)):
        if len(str(body.get(name) or "")) > longest:
            violations.append((name, f"size must be between 1 and {longest}"))
    for name, allowed in (("countryCode", COUNTRIES), ("sort", SORTS)):
        if body.get(name) is not None and body[name] not in allowed:
            reason = f"Request contains invalid value(s): '{body[name]}', allowed values: {', '.join(allowed)}."
            violations.append((name, reason))
    page = body.get("page")
    if isinstance(page, int) and not 1 <= page <= LAST_PAGE:
        violations.append(("page", f"Must be between 1 and {LAST_PAGE}."))
    if violations or not isinstance(page, int):
        raise bad_request(violations, received)
    if body.get("categoryId") and body["categoryId"] not in {identifier for identifier, _, _ in CATEGORIES}:
        raise not_found("The category")
    found = [
        product
        for product in shelf.values()
        if str(body.get("searchTerm") or "").lower() in f"{product.title} {product.brand} {product.ean}".lower()
        and (not body.get("categoryId") or product.category in _within(body["categoryId"]))
    ]
    products = [{"title": product.title, "eans": [{"ean": product.ean}]} for product in paged(found, page)]
    return answer(200, {"products": products, "sort": body.get("sort") or "RELEVANCE"} if products else {})


def content(shelf: dict[str, Goods], received: Received) -> HttpResponse:
    """Answer `GET /retailer/content/catalog-products/{ean}`."""
    check_accept(received, MEDIA_TYPE)
    check_language(received, *CONTENT_LANGUAGES)
    product = _product(shelf, received.segments[3])
    attributes = {
        "Title": product.title,
        "Description": product.description,
        "EAN": product.ean,
        "Brand": product.brand,
    }
    return answer(
        200,
        {
            "published": True,
            "gpc": {"chunkId": "30005965"},
            "enrichment": {"status": 1},
            "attributes": [
                *({"id": name, "values": [{"value": value}]} for name, value in attributes.items()),
                {"id": "Width", "values": [{"value": "122", "unitId": "unece.unit.MMT"}]},
            ],
            "parties": [{"name": product.brand, "type": "Brand", "role": "BRAND"}],
        },
    )


def assets(shelf: dict[str, Goods], received: Received) -> HttpResponse:
    """Answer `GET /retailer/products/{ean}/assets`; a product without pictures has none to be found."""
    check_accept(received, MEDIA_TYPE)
    usage = choice(received, "usage", ("PRIMARY", "ADDITIONAL", "IMAGE"))
    product = _product(shelf, received.segments[2])
    found = [
        {
            "usage": "ADDITIONAL" if number else "PRIMARY",
            "order": number,
            "variants": [
                {
                    "size": size,
                    "width": width,
                    "height": width * 4 // 5,
                    "mimeType": "image/jpeg",
                    "url": f"https://media.s-bol.example/{product.ean}/{number}-{width}.jpg",
                }
                for size, width in (("small", 250), ("medium", 840))
            ],
        }
        for number in range(product.pictures)
    ]
    found = [asset for asset in found if usage in {None, "IMAGE", asset["usage"]}]
    if not found:
        raise not_found("The asset")
    return answer(200, {"assets": found})


def offers(books: Books, shelf: dict[str, Goods], received: Received) -> HttpResponse:
    """Answer `GET /retailer/products/{ean}/offers`: what sellers ask for a product, the best offer first."""
    check_accept(received, MEDIA_TYPE)
    country = choice(received, "country-code", COUNTRIES, "NL")
    best_only = choice(received, "best-offer-only", ("true", "false"), "false")
    condition = choice(received, "condition", CONDITIONS, "NEW")
    page = page_number(received, LAST_PAGE)
    product = _product(shelf, received.segments[2])
    today = books.now().astimezone(AMSTERDAM).date()
    euros, _, cents = product.price.partition(".")
    found = [
        {
            "offerId": f"228b6d06-2067-4cef-{number + 8447}-{product.ean[-12:]}",
            "retailerId": str(738903 + number),
            "countryCode": country,
            "bestOffer": number == 0,
            "price": codec.number(f"{int(euros) + 2 * number + (country == 'BE')}.{cents}"),
            "fulfilmentMethod": "FBR" if number else "FBB",
            "condition": "NEW",
            "ultimateOrderTime": "23:59",
            "minDeliveryDate": (today + timedelta(days=1 + number)).isoformat(),
            "maxDeliveryDate": (today + timedelta(days=2 + number)).isoformat(),
        }
        for number in range(2 if product.offered and condition in {"ALL", "NEW"} else 0)
        if number == 0 or best_only == "false"
    ]
    return answer(200, {"offers": paged(found, page)})


def _product(shelf: dict[str, Goods], ean: str) -> Goods:
    if ean not in shelf:
        raise not_found("The product")
    return shelf[ean]
