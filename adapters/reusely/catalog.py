"""The catalog: ids that carry their path of slugs, and the provider's rows as categories and products.

    c/smartphones                                 a category
    └── d/apple/iphone                            a device line of a brand
        └── m/apple/iphone/iphone-13              a model
            └── 20051/apple/iphone/iphone-13/unlocked/128gb
                                                  a product: its number, and the specification that finds its payouts

A product is placed by its number alone, but its payouts are asked for by specification; the id carries both, so that
any instance can read and order it. A product without network or size has an empty part.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from adapters.contract.errors import MalformedResponse, NotFound
from adapters.contract.models import values
from adapters.contract.models.catalog import Category, Condition, Product
from adapters.reusely.answers import as_object, named

_DEPTH = {"c": 1, "d": 2, "m": 3}


@dataclass(frozen=True, slots=True)
class Specification:
    """What the provider finds a product's payouts by; network and size are "" where the device has none."""

    brand: str
    device: str
    model: str
    network: str = ""
    size: str = ""

    def query(self) -> tuple[tuple[str, str], ...]:
        """Return the query of the condition endpoint, with its bracketed keys."""
        members = {"device": self.device, "model": self.model, "network": self.network, "size": self.size}
        return (("brand", self.brand), *((f"spec[{name}]", slug) for name, slug in members.items() if slug))


def path(*slugs: str) -> str:
    """Return slugs as one native id; a `/` inside a slug stays inside."""
    return "/".join(quote(slug, safe="") for slug in slugs)


def category(native: str) -> tuple[str, tuple[str, ...]]:
    """Return what a category id names: `c`, `d` or `m`, and its slugs. Raises NotFound for what cannot be one."""
    kind, *slugs = (unquote(part) for part in native.split("/"))
    if _DEPTH.get(kind) != len(slugs) or not all(slugs):
        raise NotFound("No category has such an id.")
    return kind, tuple(slugs)


def product(native: str) -> tuple[int, Specification | None]:
    """Return a product's number, and its specification where the id carries one. Raises NotFound for no such id."""
    number, *slugs = (unquote(part) for part in native.split("/"))
    if not re.fullmatch(r"[1-9][0-9]{0,17}", number) or len(slugs) not in {0, 5} or not all(slugs[:3]):
        raise NotFound("No product has such an id.")
    return int(number), Specification(*slugs) if slugs else None


def categories(rows: Iterable[dict[str, Any]], identify: Callable[[str], str]) -> tuple[Category, ...]:
    """Return the top categories."""
    return tuple(
        Category(id=identify(path("c", slug)), name=name, path=(name,))
        for name, slug in (named(row, "category") for row in rows)
    )


def devices(rows: Iterable[dict[str, Any]], parent: str, identify: Callable[[str], str]) -> tuple[Category, ...]:
    """Return the devices below a category, its brands' one after the other."""
    return tuple(
        Category(id=identify(path("d", brand[1], device[1])), name=device[0], parent=parent, path=(brand[0], device[0]))
        for row in rows
        for brand, device in _brand_devices(row)
    )


def _brand_devices(row: dict[str, Any]) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Yield brand and device, each as name and slug: a brand with its devices, or a device that names its brand."""
    inside, brand = row.get("devices"), row.get("brand")
    if isinstance(inside, list):
        for device in inside:
            yield named(row, "brand"), named(as_object(device), "device")
    elif isinstance(brand, dict):
        yield named(brand, "brand"), named(row, "device")
    elif values.text(row.get("brand_slug")) is not None:
        yield named(row, "brand"), named(row, "device")
    else:
        raise MalformedResponse("A row names neither devices nor a brand.")


def models(
    rows: Iterable[dict[str, Any]], slugs: tuple[str, ...], parent: str, identify: Callable[[str], str]
) -> tuple[Category, ...]:
    """Return the models of a brand's device."""
    return tuple(
        Category(id=identify(path("m", *slugs, slug)), name=name, parent=parent)
        for name, slug in (named(row, "model") for row in rows)
    )


def variant(row: dict[str, Any], noun: str) -> tuple[str | None, str | None]:
    """Return name and slug of a product's network or size, as far as the row says them."""
    inside = row.get(noun)
    if isinstance(inside, dict):
        return values.text(inside.get("name")), values.text(inside.get("slug"))
    return values.text(row.get(f"{noun}_name")) or values.text(inside), values.text(row.get(f"{noun}_slug"))


def lacks_slugs(rows: Iterable[dict[str, Any]]) -> bool:
    """Tell whether a product row names a network or size without its slug."""
    return any(name and not slug for row in rows for name, slug in (variant(row, "network"), variant(row, "size")))


def slugs_by_name(specification: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Return the slug of each network and size that a specification offers, by noun and lower-case name."""
    found = {}
    for noun in ("network", "size"):
        choices = specification.get(noun)
        listed = choices.get("choices") if isinstance(choices, dict) else None
        for choice in listed if isinstance(listed, list) else ():
            name, slug = named(as_object(choice), noun)
            found[noun, name.casefold()] = slug
    return found


def listed_product(
    row: dict[str, Any], slugs: tuple[str, ...], known: dict[tuple[str, str], str], identify: Callable[[str], str]
) -> Product:
    """Return a product of a model's list. Raises MalformedResponse for a row without number."""
    number = values.integer(row.get("product_id"))
    if number is None or number <= 0:
        raise MalformedResponse("A product has no number.")
    native, attributes = [str(number), *slugs], {}
    for noun in ("network", "size"):
        name, slug = variant(row, noun)
        slug = slug or known.get((noun, name.casefold()) if name else (noun, ""))
        native.append(slug or "")
        if name or slug:
            attributes[noun] = name or slug or ""
        if name and not slug:
            # Nobody says by what slug it is asked for: it can be ordered by number, and its payouts not be read.
            native = native[:1]
            break
    return Product(
        id=identify(path(*native)),
        name=values.text(row.get("product_name")) or values.text(row.get("name")) or f"Product {number}",
        categories=(identify(path("m", *slugs)),),
        attributes=attributes or None,
    )


def product_with_payouts(
    result: dict[str, Any], number: int, specification: Specification, currency: str, identify: Callable[[str], str]
) -> Product:
    """Return a product with its conditions. Raises NotFound when the specification belongs to another product now."""
    stated = as_object(result.get("product"))
    if values.integer(stated.get("product_id")) != number:
        raise NotFound("The specification belongs to another product now.")
    conditions = result.get("conditions")
    if not isinstance(conditions, list):
        raise MalformedResponse("The product has no list of conditions.")
    variants = {"network": specification.network, "size": specification.size}
    slugs = (specification.brand, specification.device, specification.model)
    return Product(
        id=identify(path(str(number), *slugs, *variants.values())),
        name=values.text(stated.get("product_name"))
        or values.text(stated.get("name"))
        or " ".join(filter(None, (specification.model, *variants.values()))),
        categories=(identify(path("m", *slugs)),),
        conditions=tuple(_condition(as_object(row), currency) for row in conditions),
        attributes={noun: slug for noun, slug in variants.items() if slug} or None,
    )


def _condition(row: dict[str, Any], currency: str) -> Condition:
    native, name = values.text(row.get("id")), values.text(row.get("name"))
    if native is None or name is None:
        raise MalformedResponse("A condition has no id or no name.")
    return Condition(id=native, name=name, price=values.optional_money(row.get("price"), currency))
