"""The simulated tenant's catalog: a few categories, types and products, all made up."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

Fate = Literal["delivered", "by hand", "cancelled", "price changed"]
"""What becomes of an ordered product: codes, a note after a pause, cancelled by the platform, or never sold."""

CATEGORIES: tuple[dict[str, Any], ...] = (
    {"productCategoryID": 1, "categoryName": "Game Codes", "parentID": None},
    {"productCategoryID": 2, "categoryName": "Gift Cards", "parentID": None},
    {"productCategoryID": 3, "categoryName": "Top-ups", "parentID": None},
    {"productCategoryID": 11, "categoryName": "Strategy", "parentID": 1},
    {"productCategoryID": 12, "categoryName": "Role Playing", "parentID": 1},
    {"productCategoryID": 21, "categoryName": "Music", "parentID": 2},
    {"productCategoryID": 22, "categoryName": "Cinema", "parentID": 2},
    {"productCategoryID": 31, "categoryName": "Mobile Games", "parentID": 3},
    {"productCategoryID": 121, "categoryName": "Goldhaven Online", "parentID": 12},
)
TYPES: tuple[dict[str, Any], ...] = (
    {"productTypeID": 1, "typeName": "E-pin"},
    {"productTypeID": 2, "typeName": "Manual delivery"},
)

PLAYER_ID: dict[str, Any] = {
    "productRequireID": 1,
    "identifier": "userid",
    "title": "Your character name",
    "type": "text",
    "min_length": 3,
    "max_length": 32,
    "placeholder": "",
    "options": [],
    "is_required": True,
}
SERVER: dict[str, Any] = {
    "productRequireID": 2,
    "identifier": "server",
    "title": "Server",
    "type": "select",
    "options": ["Ares", "Diez", "Destan"],
    "is_required": True,
}
NOTE: dict[str, Any] = {
    "productRequireID": 3,
    "identifier": "note",
    "title": "Note for delivery",
    "type": "textarea",
    "max_length": 200,
    "is_required": False,
}


@dataclass(slots=True)
class SimulatedProduct:
    """One product, and what happens to those who order it."""

    product: int
    store_product: int
    category: int
    name: str
    price: str
    stock: int = 1_000_000
    kind: int = 1
    minimum: int = 1
    maximum: int = 100
    active: bool = True
    hours: tuple[str, str] | None = None
    require: list[dict[str, Any]] = field(default_factory=list)
    fate: Fate = "delivered"

    def row(self, detailed: bool) -> dict[str, Any]:
        """Return the product as the API shows it; prices are JSON numbers."""
        market = (Decimal(self.price) * Decimal("1.25")).quantize(Decimal("0.01"))
        row: dict[str, Any] = {
            "productID": self.product,
            "customerStoreProductID": self.store_product,
            "productCategoryID": self.category,
            "productTypeID": self.kind,
            "productBrandID": None,
            "productName": self.name,
            "productSlug": self.name.lower().replace(" ", "-"),
            "productCode": f"SIM-{self.product}",
            "marketPrice": market,
            "buyPrice": None,
            "salePrice": Decimal(self.price),
            "saleMinCount": self.minimum,
            "saleMaxCount": self.maximum,
            "saleStartHour": self.hours[0] if self.hours else None,
            "saleEndHour": self.hours[1] if self.hours else None,
            "totalStock": self.stock,
            "sorting": None,
            "status": 1 if self.active else 0,
        }
        if detailed:
            image = f"https://images.example/{self.product}.png"
            row["productData"] = {
                "productDescription": f"{self.name}, delivered as soon as it is paid.",
                "productMainImage": image,
                "productImages": [image],
                "productInfo": None,
            }
            row["productRequire"] = self.require
            row["platformList"] = ["PC"] if self.category < 30 else ["Android", "iOS"]
            row["regionList"] = ["TR"]
            row["ageList"] = {"usk": None, "esrb": None, "pegi": "12"}
        return row


def catalog() -> dict[int, SimulatedProduct]:
    """Return the products by the id that orders use, fresh: stock moves."""
    products = [
        SimulatedProduct(
            265,
            234,
            121,
            "Goldhaven Gold Bar",
            "249.90",
            kind=2,
            maximum=50,
            hours=("09:00", "23:00"),
            require=[PLAYER_ID, SERVER, NOTE],
            fate="by hand",
        ),
        SimulatedProduct(266, 235, 121, "Goldhaven 30 Day Pass", "19.90"),
        SimulatedProduct(267, 236, 121, "Goldhaven 90 Day Pass", "54.90"),
        SimulatedProduct(301, 270, 11, "Iron Harbour Standard Edition", "329.00", maximum=5),
        SimulatedProduct(302, 271, 11, "Iron Harbour Season Pass", "189.50", stock=0),
        SimulatedProduct(303, 272, 11, "Castles of Mira", "94.75", stock=3),
        SimulatedProduct(304, 273, 11, "Castles of Mira Soundtrack", "24.75", active=False),
        SimulatedProduct(305, 274, 12, "Lanternfall", "449.00", fate="price changed"),
        SimulatedProduct(306, 275, 12, "Lanternfall Night Market", "99.00", fate="cancelled"),
        SimulatedProduct(401, 370, 21, "Tonal Premium 1 Month", "59.99"),
        SimulatedProduct(402, 371, 21, "Tonal Premium 12 Months", "599.99"),
        SimulatedProduct(403, 372, 22, "Kino Card 100", "97.00", minimum=5),
        SimulatedProduct(404, 373, 22, "Kino Wholesale Block", "99999999.00"),
        SimulatedProduct(501, 470, 31, "Bubble Isles 60 Gems", "27.45", require=[PLAYER_ID]),
    ]
    products += [
        SimulatedProduct(510 + step, 480 + step, 31, f"Star Runners {gems} Credits", f"{gems * 45 // 100}.90")
        for step, gems in enumerate((60, 325, 660, 1800, 3850, 8100, 12000, 16200, 24300, 32400))
    ]
    return {product.store_product: product for product in products}
