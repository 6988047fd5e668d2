"""Products, prices and stock: requests with their fields in Rexel's order, and what is read of answers.

Prices and stock go through a TIBCO gateway that turns JSON into XML and checks the sequence of the elements.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapters.contract.errors import MalformedResponse, NotFound, ProviderError, Rejected
from adapters.contract.models import values
from adapters.contract.models.catalog import Availability, OrderBounds, Product, Stock, StockLocation, StockStatus
from adapters.contract.models.resources import PartProblem
from adapters.contract.wire import JSON, HttpRequest, HttpResponse, json_body, present
from adapters.rexel import mapping
from adapters.rexel.errors import UNITS
from adapters.rexel.mapping import Article
from adapters.rexel.settings import RexelSettings

PRICES_ROOT, STOCK_ROOT = "productSalePricesExt", "getPositionsExt"
HEADERS = {"accept": JSON, "content-type": JSON}
"""What every call has, by the clients in production; those that read by GET have it too, without a body."""

_STOCK_PLACES = {
    "availableBranchStock": "branch",
    "availableCLRStock": "CLR",
    "availableServiceCenterStock": "serviceCenter",
}
# Members of a product that have no canonical place, kept under the provider's own names.
_ATTRIBUTES = (
    "codeInterneProduit",
    "codeEANUnite",
    "typeConditionnement",
    "motUnite",
    "nombreConversionPrincipale",
    "poidsBrut",
    "poidsNet",
    "longueurExterieure",
    "largeurExterieure",
    "hauteurExterieure",
    "volumeExterieur",
    "longueurInterieure",
    "largeurInterieure",
    "hauteurInterieure",
    "volumeInterieur",
)
# The documents do not say how a flag is written.
_TRUE = frozenset({"true", "1", "o", "oui", "y"})

Details = Sequence[Mapping[str, Any]] | ProviderError


@dataclass(frozen=True, slots=True)
class Wanted:
    """An article, and how much of it is wanted."""

    article: Article
    quantity: int


def units_request(article: Article, settings: RexelSettings) -> HttpRequest:
    """Return the request for a product and its units."""
    path = {"supplier": article.supplier, "reference": article.sent(settings.reference_with_supplier)}
    return HttpRequest("GET", f"{settings.units_path}/{{supplier}}/{{reference}}", path, headers=HEADERS, step=UNITS)


def prices_request(wanted: Iterable[Wanted], settings: RexelSettings) -> HttpRequest:
    """Return the request for the customer's prices."""
    body = {"getProductSalePricesExt": _asked(wanted, settings, quantities=True)}
    return HttpRequest("POST", settings.prices_path, headers=HEADERS, body=json_body(body), step="prices")


def stock_request(wanted: Iterable[Wanted], settings: RexelSettings) -> HttpRequest:
    """Return the request for stock positions."""
    quantities = settings.stock_request == "getPositionsExtRequest"
    body = {settings.stock_request: _asked(wanted, settings, quantities)}
    return HttpRequest("POST", settings.stock_path, headers=HEADERS, body=json_body(body), step="stock")


def _asked(wanted: Iterable[Wanted], settings: RexelSettings, quantities: bool) -> dict[str, Any]:
    """Return the inner object. The order of its members is part of the protocol."""
    details = [
        present(
            supplierCode=item.article.supplier,
            supplierComRef=item.article.sent(settings.reference_with_supplier),
            orderingQty=(str(item.quantity) if settings.quantity_as_text else item.quantity) if quantities else None,
        )
        for item in wanted
    ]
    return present(
        idCodOrigin=settings.id_cod_origin,
        idNumVersion="1",
        idCustomer=settings.id_customer,
        productDetails=details,
        agenceCode=settings.agency_code,
        zipCode=settings.zip_code,
        city=settings.city,
        salesAgreement=settings.sales_agreement,
    )


def details(answer: HttpResponse | ProviderError, root: str) -> Details:
    """Return the `productDetails` below `root` (with or without `data` around), one product being an object.

    A refusal of the content is returned, for the items to tell. Raises every other ProviderError.
    """
    if isinstance(answer, ProviderError):
        if isinstance(answer, Rejected | NotFound):
            return answer
        raise answer
    body = answer.object()
    around = body.get("data")
    container = around if isinstance(around, dict) and root in around else body
    inner = container.get(root)
    if not isinstance(inner, dict):
        raise MalformedResponse(f"The answer has no {root}.")
    found = inner.get("productDetails")
    rows = [] if found is None else found if isinstance(found, list) else [found]
    if not all(isinstance(row, dict) for row in rows):
        raise MalformedResponse("Product details are not objects.")
    return rows


class Positions:
    """Price and stock answers, from which each asked article takes its own."""

    def __init__(self, prices: Details, stock: Details) -> None:
        self.refusal = next((found for found in (prices, stock) if isinstance(found, ProviderError)), None)
        self._prices = [] if isinstance(prices, ProviderError) else list(prices)
        self._stock = [] if isinstance(stock, ProviderError) else list(stock)

    def price(self, article: Article) -> Mapping[str, Any]:
        """Return the price details of an article, or nothing."""
        return _taken(self._prices, article)

    def stock(self, article: Article) -> Mapping[str, Any]:
        """Return the stock details of an article, or nothing."""
        return _taken(self._stock, article)


def _taken(rows: list[Mapping[str, Any]], article: Article) -> Mapping[str, Any]:
    """Return the article's row; one that was asked for twice may have two, which are taken in order."""
    places = [place for place, row in enumerate(rows) if _is_of(row, article)]
    if len(places) > 1:
        return rows.pop(places[0])
    return rows[places[0]] if places else {}


def _is_of(row: Mapping[str, Any], article: Article) -> bool:
    named = mapping.article_of(row)
    if named is not None:
        return named.supplier == article.supplier and named.reference in {article.reference, article.rexel_reference}
    return values.text(row.get("rexelRef")) == article.rexel_reference


def stock(row: Mapping[str, Any]) -> Stock | None:
    """Return what is in the branch, the regional centre and the service centre together; None when none is told."""
    told = {place: mapping.quantity(row.get(field)) for field, place in _STOCK_PLACES.items()}
    told = {place: amount for place, amount in told.items() if amount is not None}
    if not told:
        return None
    total = sum((Decimal(str(amount)) for amount in told.values()), Decimal(0))
    status: StockStatus = "inStock" if total > 0 else "outOfStock"
    if total <= 0 and mapping.day(row.get("backOrderDeliveryDate")):
        status = "backorder"  # a date is promised for what is not there
    return Stock(
        status=status,
        quantity=int(total) if total == total.to_integral_value() else format(total, "f"),
        locations=tuple(StockLocation(id=place, quantity=amount) for place, amount in told.items()),
    )


def bounds(row: Mapping[str, Any]) -> OrderBounds | None:
    """Return least and step of a quantity: those of the distribution centre, which delivers, else of the branch."""
    limits = []
    for name in ("MinimumQuantity", "MultipleQuantity"):
        told = [mapping.quantity(row.get(place + name)) for place in ("DC", "branch")]
        limits.append(next((limit for limit in told if isinstance(limit, int) and limit > 0), None))
    minimum, multiple = limits
    return OrderBounds(minimum=minimum, multiple=multiple) if minimum or multiple else None


def availability(
    product_id: str, article: Article, positions: Positions, currency: str | None, now: datetime
) -> Availability:
    """Return price and stock of one article, or why they are not known."""
    price, position = positions.price(article), positions.stock(article)
    problem = None
    if positions.refusal is not None:
        refusal = positions.refusal
        problem = PartProblem(
            title="Rexel refuses to tell.", code=refusal.code, message=values.text(refusal.message, 500)
        )
    elif not price and not position:
        problem = PartProblem(title="Rexel does not sell this product to the account.")
    return Availability(
        product_id=product_id,
        as_of=now.replace(microsecond=0),
        price=values.optional_money(mapping.number(price.get("clientNetPrice")), currency),
        stock=stock(position),
        order_bounds=bounds(position),
        earliest_delivery=mapping.day(position.get("deliveryDate")),
        problem=problem,
    )


def product(
    product_id: str, article: Article, answer: HttpResponse, positions: Positions, currency: str | None
) -> Product:
    """Return a product of its units, its price and its stock. Raises NotFound when there is no unit."""
    unit = _main_unit(answer)
    price, position = positions.price(article), positions.stock(article)
    titles = (unit.get(name) for name in ("libelleLong", "libelle", "libelleCourt"))
    title = next((text for text in map(values.text, titles) if text), None)
    attributes = {name: text for name in _ATTRIBUTES if (text := values.text(unit.get(name)))}
    return Product(
        id=product_id,
        name=title or values.text(price.get("itemLabel")) or article.native,
        ean=values.text(unit.get("codeEAN13"), 20),
        sku=values.text(unit.get("referenceRexel"), 200) or article.rexel_reference,
        brand=values.text(unit.get("codeMotFabricant"), 100) or article.supplier,
        price=values.optional_money(mapping.number(price.get("clientNetPrice")), currency),
        market_price=values.optional_money(mapping.number(price.get("clientBasePrice")), currency),
        stock=stock(position),
        order_bounds=bounds(position),
        attributes=attributes | _eco_tax(price) or None,
    )


def _main_unit(answer: HttpResponse) -> Mapping[str, Any]:
    """Return the main unit of `{"elements": [...]}`, of a list, or the one object."""
    body = answer.json()
    units = body.get("elements", body) if isinstance(body, dict) else body
    rows = units if isinstance(units, list) else [units]
    if not all(isinstance(row, dict) for row in rows):
        raise MalformedResponse("A product's units are not objects.")
    rows = [row for row in rows if row]
    if not rows:
        raise NotFound("The answer names no unit of the product.")
    main: Mapping[str, Any] = next((row for row in rows if _is_true(row.get("flagUnitePrincipale"))), rows[0])
    return main


def _is_true(flag: Any) -> bool:
    return flag is True or (values.text(flag) or "").strip().lower() in _TRUE


def _eco_tax(price: Mapping[str, Any]) -> dict[str, str]:
    """Return the eco tax (D3E), which is added to the net price, under the provider's own names."""
    cost, units = mapping.number(price.get("D3ECost")), mapping.number(price.get("D3EQuantity"))
    return {name: text for name, text in (("D3ECost", cost), ("D3EQuantity", units)) if text}
