"""From bol's catalogue to canonical products and categories: tables and pure functions."""

from collections.abc import Mapping
from typing import Any

from adapters.bol.mapping import member, objects, required
from adapters.contract.models import values
from adapters.contract.models.catalog import Category, Image, Product, Stock
from adapters.contract.models.resources import Money

# Attribute ids are those of bol's data model, which names thousands; these say what a product is called. In the order
# in which they are believed.
NAME_ATTRIBUTES = ("Title", "Name", "Internal Title")
DESCRIPTION_ATTRIBUTES = ("Description", "Short Description")

# Endpoint -> the languages it knows, by the wanted one (Retailer API v10 spec, Accept-Language of each operation).
LIST_LANGUAGES: Mapping[str, str] = {"nl": "nl", "nl-BE": "nl-BE", "nl-NL": "nl-NL", "fr": "fr-BE", "fr-BE": "fr-BE"}
CONTENT_LANGUAGES: Mapping[str, str] = {"nl": "nl", "nl-BE": "nl-BE", "nl-NL": "nl", "fr": "fr", "fr-BE": "fr-BE"}


def listed_product(raw: Mapping[str, Any], provider: str) -> Product | None:
    """Read a ProductListProduct: a title and its EANs, of which the first names the product; None without any."""
    eans = [required(ean, "ean") for ean in objects(raw, "eans")]
    if not eans:
        return None
    return Product(
        id=f"{provider}:{eans[0]}",
        name=values.text(raw.get("title")) or eans[0],
        ean=eans[0],
        attributes={"eans": ", ".join(eans)} if len(eans) > 1 else None,
    )


def attributes_of(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the attributes of a CatalogProduct as text; several values are joined, a unit follows its value."""
    found = {}
    for attribute in objects(content, "attributes"):
        name = values.text(attribute.get("id"), 200)
        told = [
            " ".join(filter(None, (values.text(value.get("value")), _unit(values.text(value.get("unitId"), 100)))))
            for value in objects(attribute, "values")
        ]
        if name and any(told):
            found[name] = ", ".join(text for text in told if text)
    return found


def _unit(unit_id: str | None) -> str | None:
    # `unece.unit.MMT`: the UNECE code is what says something.
    return unit_id.rpartition(".")[2] or None if unit_id else None


def brand_of(content: Mapping[str, Any]) -> str | None:
    """Return the party in the role of the brand."""
    for party in objects(content, "parties"):
        if party.get("role") == "BRAND":
            return values.text(party.get("name"))
    return None


def images_of(assets: Mapping[str, Any]) -> tuple[Image, ...] | None:
    """Return the pictures of a ProductAssetsResponse in bol's order, each in its largest variant."""
    found = []
    for asset in sorted(objects(assets, "assets"), key=lambda asset: values.integer(asset.get("order")) or 0):
        pictures = [
            Image(
                url=required(variant, "url"),
                width=values.integer(variant.get("width")),
                height=values.integer(variant.get("height")),
            )
            for variant in objects(asset, "variants")
            if str(variant.get("mimeType")).startswith("image/")
        ]
        if pictures:
            found.append(max(pictures, key=lambda picture: picture.width or 0))
    return tuple(found) or None


def best_offer(offers: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the offer that the web shop shows, of a CompetingOffersResponse; None where nobody sells the product."""
    found = objects(offers, "offers")
    return next((offer for offer in found if offer.get("bestOffer") is True), found[0] if found else None)


def price_of(offer: Mapping[str, Any] | None, currency: str) -> Money | None:
    """Return what a customer pays for one, including VAT."""
    return None if offer is None else values.optional_money(offer.get("price"), currency, True)


def stock_of(offer: Mapping[str, Any] | None) -> Stock:
    """Return whether it is to be had: an offer is listed while it is on sale; how many there are is not told."""
    return Stock(status="outOfStock" if offer is None else "inStock")


def product_of(ean: str, provider: str, content: Mapping[str, Any]) -> Product:
    """Read a CatalogProduct: everything but pictures, price and stock, which bol tells elsewhere."""
    attributes = attributes_of(content)
    name = next((attributes[key] for key in NAME_ATTRIBUTES if key in attributes), ean)
    description = next((attributes[key] for key in DESCRIPTION_ATTRIBUTES if key in attributes), None)
    chunk = values.text(member(content, "gpc").get("chunkId"), 100)
    published = content.get("published")
    if chunk:
        attributes.setdefault("gpcChunkId", chunk)
    if isinstance(published, bool):
        attributes.setdefault("published", str(published).lower())
    return Product(
        id=f"{provider}:{ean}",
        name=name,
        ean=ean,
        description=description,
        brand=brand_of(content),
        attributes=attributes or None,
    )


def categories_of(tree: Mapping[str, Any], provider: str) -> list[Category]:
    """Flatten a ProductCategoriesResponse, parents before their children, each category once."""
    found: dict[str, Category] = {}
    # Not recursive: how deep the tree is, is the provider's to say.
    waiting: list[tuple[dict[str, Any], Category | None]] = [(raw, None) for raw in objects(tree, "categories")[::-1]]
    while waiting:
        raw, parent = waiting.pop()
        name = values.text(raw.get("categoryName")) or required(raw, "categoryId")
        category = Category(
            id=f"{provider}:{required(raw, 'categoryId')}",
            name=name,
            parent=parent.id if parent else None,
            path=(*((parent.path or ()) if parent else ()), name),
        )
        if category.id not in found:
            found[category.id] = category
            waiting += [(child, category) for child in objects(raw, "subcategories")[::-1]]
    return list(found.values())
