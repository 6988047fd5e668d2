"""The simulated assortment: made-up articles, their prices and stock, and the shapes in which Rexel tells them."""

from dataclasses import dataclass
from typing import Any, Literal

from adapters.contract import codec

Shape = Literal["elements", "list", "object"]


@dataclass(frozen=True, slots=True)
class Article:
    """An article. Prices are decimal text; `comma` articles are answered in text with decimal commas."""

    supplier: str
    reference: str
    label: str
    net: str
    list_price: str
    branch: int = 0
    regional: int = 0
    service: int = 0
    ean: str = ""
    unit: str = "PIECE"
    weight: int = 100
    multiple: int = 1
    eco_tax: str = ""
    comma: bool = False
    shape: Shape = "elements"
    fate: Literal["", "cancelled", "prohibited"] = ""

    @property
    def rexel_reference(self) -> str:
        """Return Rexel's own reference."""
        return self.supplier + self.reference

    @property
    def stock(self) -> int:
        """Return what is to be had from all three places."""
        return self.branch + self.regional + self.service

    def told(self, number: str) -> Any:
        """Return a number as this article is answered: a JSON number, or text like `1.234,56`."""
        if not self.comma:
            return codec.number(number)
        whole, _, fraction = number.partition(".")
        return f"{int(whole):,}".replace(",", ".") + f",{fraction}" if fraction else whole


ARTICLES = (
    Article("SCH", "APCRBCV202", "Onduleur line interactive 2000 VA", "412.35", "689.00", 2, 14, 6, "3606481300119",
            weight=18_400, eco_tax="2.10"),
    Article("SCH", "S520059", "Odace prise de courant 2P+T blanc", "4.87", "11.20", 140, 2_300, 900, "3606480315459",
            multiple=10, weight=62),
    Article("LEG", "067111", "Celiane prise 2P+T standard", "7.905", "16.48", 55, 870, 0, "3245060671112",
            shape="list"),
    Article("LEG", "4 120 23", "Disjoncteur DX3 16 A 1P+N", "8.64", "21.92", 12, 400, 35, "3245064120234"),
    Article("HAG", "MFN716/A", "Disjoncteur 1P+N 16 A courbe C", "6.12", "15.70", 30, 610, 12, "3250617162104",
            shape="object"),
    Article("NEX", "R2V3G2.5/100", "Cable U-1000 R2V 3G2,5, couronne de 100 m", "1234.56", "2210.40", 1, 9, 0,
            "3427650010230", unit="METRE", weight=17_000, multiple=100, comma=True),
    Article("PHI", "CORELINE840", "Plafonnier LED CoreLine 4000 K", "58.90", "97.50", 0, 41, 18, "8718699351250",
            weight=1_900, eco_tax="0.12", comma=True),
    Article("SCH", "EPUISE100", "Contacteur 100 A (fin de serie)", "188.20", "301.00", 0, 0, 0, "3606480099991"),
    Article("SCH", "ANNULE200", "Coffret sur mesure 200 A", "240.00", "360.00", 3, 3, 3, "3606480099992",
            fate="cancelled"),
    Article("SCH", "INTERDIT300", "Article reserve", "99.00", "150.00", 1, 1, 1, "3606480099993", fate="prohibited"),
)  # fmt: skip
"""Made up. EPUISE100 is out of stock, ANNULE200 is cancelled after its order, INTERDIT300 is not sold at all."""


def find(supplier: Any, reference: Any) -> Article | None:
    """Return the article of a supplier code and a reference, with or without the supplier code in front."""
    for article in ARTICLES:
        if article.supplier == supplier and reference in {article.reference, article.rexel_reference}:
            return article
    return None


def find_sku(sku: Any) -> Article | None:
    """Return the article of a Rexel reference."""
    return next((article for article in ARTICLES if article.rexel_reference == sku), None)


def units(article: Article) -> Any:
    """Return the body of products/v2/units: elements, a list or one object, whichever this article is told in."""
    unit = {
        "codeInterneProduit": str(7_000_000 + ARTICLES.index(article)),
        "codeMotFabricant": article.supplier,
        "referenceCommerciale": article.reference,
        "referenceRexel": article.rexel_reference,
        "codeEAN13": article.ean,
        "codeEANUnite": article.ean,
        "typeConditionnement": "UNITE",
        "motUnite": article.unit,
        "libelleLong": article.label,
        "libelleCourt": article.label[:20],
        "nombreConversionPrincipale": 1,
        "flagUnitePrincipale": True,
        "flagUnitePreparable": True,
        "poidsBrut": article.told(str(article.weight)),
        "poidsNet": article.told(str(article.weight)),
    }
    if article.shape == "object":
        return unit
    pack = {**unit, "typeConditionnement": "CARTON", "nombreConversionPrincipale": 10, "flagUnitePrincipale": False}
    rows = [pack, unit] if article.multiple == 10 else [unit]
    return rows if article.shape == "list" else {"elements": rows}


def price(article: Article) -> dict[str, Any]:
    """Return the price details of an article."""
    details = {
        "idProduct": str(7_000_000 + ARTICLES.index(article)),
        "supplierCode": article.supplier,
        "supplierComRef": article.reference,
        "rexelRef": article.rexel_reference,
        "itemLabel": article.label,
        "clientBasePrice": article.told(article.list_price),
        "clientNetPrice": article.told(article.net),
        "hasD3E": "true" if article.eco_tax else "false",
        "conditionLabel": "Prix net",
        "priceLabel": "EUR",
    }
    if article.eco_tax:
        details |= {"D3EQuantity": "1", "D3ECost": article.told(article.eco_tax)}
    return details


def position(article: Article, delivery: str, back_order: str) -> dict[str, Any]:
    """Return the stock details of an article."""
    details = {
        "supplierCode": article.supplier,
        "supplierComRef": article.reference,
        "rexelRef": article.rexel_reference,
        "itemLabel": article.label,
        "availableBranchStock": article.told(str(article.branch)),
        "availableCLRStock": article.told(str(article.regional)),
        "availableServiceCenterStock": article.told(str(article.service)),
        "branchAvailabilityDelay": "0",
        "DCAvailabilityDelay": "1",
        "DCCode": "DC69",
        "branchMinimumQuantity": "1",
        "branchMultipleQuantity": "1",
        "DCMinimumQuantity": str(article.multiple),
        "DCMultipleQuantity": str(article.multiple),
        "serviceCenterCode": "SC01",
    }
    return details | ({"deliveryDate": delivery} if article.stock else {"backOrderDeliveryDate": back_order})
