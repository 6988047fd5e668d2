"""The simulated merchant's catalog: what devices it buys, in which conditions, for how much."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CONDITIONS: tuple[tuple[int, str, int, str], ...] = (
    (10, "Brand New", 100, "Sealed in its box"),
    (11, "Flawless", 85, "No sign of use"),
    (12, "Good", 70, "Light scratches"),
    (13, "Fair", 50, "Deep scratches or dents"),
    (14, "Broken", 20, "Cracked, or does not turn on"),
)
"""Id, name, payout in percent of the best, and a term of each condition."""

PAGE = 10

_PHONE_NETWORKS = ("Unlocked", "Northtel", "Bluewave")
_PHONE_SIZES = ("128 GB", "256 GB")
_TABLET_NETWORKS = ("Wi-Fi", "Cellular")


@dataclass(frozen=True, slots=True)
class Device:
    """A line of devices of one brand: its models with the best payout of the smallest size."""

    category: str
    brand: str
    name: str
    models: tuple[tuple[str, int], ...]
    networks: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()


DEVICES: tuple[Device, ...] = (
    Device(
        "Smartphones",
        "Larkfield",
        "Kite",
        tuple((f"Kite {number}", 40 * number - 150) for number in range(5, 18)),
        _PHONE_NETWORKS,
        _PHONE_SIZES,
    ),
    Device(
        "Smartphones",
        "Larkfield",
        "Kite Mini",
        (("Kite Mini 1", 90), ("Kite Mini 2", 140)),
        _PHONE_NETWORKS,
        _PHONE_SIZES,
    ),
    Device("Smartphones", "Osmo", "Halo", (("Halo S", 210), ("Halo S Pro", 330)), _PHONE_NETWORKS, _PHONE_SIZES),
    Device("Tablets", "Larkfield", "Slate", (("Slate 9", 180), ("Slate 10", 260)), _TABLET_NETWORKS, ("64 GB",)),
    Device("Smartwatches", "Osmo", "Pulse", (("Pulse 3", 60), ("Pulse 4", 95))),
)


def slug(name: str) -> str:
    """Return a name as the provider writes it in paths: lower case, hyphens."""
    return name.lower().replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Product:
    """One device in one network and size, as it is bought."""

    number: int
    device: Device
    model: str
    network: str | None
    size: str | None
    best: int

    @property
    def name(self) -> str:
        """Return the name that people read."""
        return " ".join(filter(None, (self.device.brand, self.model, self.network, self.size)))

    def payouts(self) -> dict[int, int]:
        """Return the payout by condition id: whole numbers. The oldest model is bought no more."""
        if self.model == "Kite 5":
            return {}
        return {number: self.best * percent // 100 for number, _, percent, _ in CONDITIONS}


class Catalog:
    """Answers the catalog's endpoints. Answers are results without the envelope; None is "not found"."""

    def __init__(self) -> None:
        self.products: dict[int, Product] = {}
        for device in DEVICES:
            for model, best in device.models:
                for network in device.networks or (None,):
                    for step, size in enumerate(device.sizes or (None,)):
                        number = 20051 + len(self.products)
                        self.products[number] = Product(number, device, model, network, size, best + 45 * step)

    def categories(self) -> list[dict[str, Any]]:
        """Return the categories in the order of the catalog."""
        names = dict.fromkeys(device.category for device in DEVICES)
        return [{"id": number, "name": name, "slug": slug(name)} for number, name in enumerate(names, 1)]

    def brands(self, category: str) -> list[dict[str, Any]] | None:
        """Return a category's brands, each with its devices."""
        found: dict[str, dict[str, Any]] = {}
        for device in DEVICES:
            if slug(device.category) == category:
                brand = found.setdefault(
                    device.brand, {"name": device.brand, "slug": slug(device.brand), "devices": []}
                )
                brand["devices"].append({"name": device.name, "slug": slug(device.name)})
        return list(found.values()) or None

    def models(self, brand: str, name: str) -> list[dict[str, Any]] | None:
        """Return the models of a brand's device."""
        for device in DEVICES:
            if (slug(device.brand), slug(device.name)) == (brand, name):
                return [{"name": model, "slug": slug(model), "upto": best} for model, best in device.models]
        return None

    def of_model(self, model: str, brand: str | None = None) -> list[Product]:
        """Return a model's products."""
        return [
            product
            for product in self.products.values()
            if slug(product.model) == model and brand in {None, slug(product.device.brand)}
        ]

    def model_products(self, model: str) -> list[dict[str, Any]] | None:
        """Return a model's products as the public clients know them: number and names, no slugs."""
        rows = [
            {
                "product_id": product.number,
                "product_name": product.name,
                "network_name": product.network,
                "size_name": product.size,
            }
            for product in self.of_model(model)
        ]
        return rows or None

    def specification(self, query: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the networks and sizes of a model, sizes of one network where it is named."""
        products = self.of_model(query.get("model", ""), query.get("brand", ""))
        network = query.get("network")
        if not products:
            return None
        sized = [product for product in products if network in {None, slug(product.network or "")}]
        return {
            "network": {"title": "Network", "choices": _choices(product.network for product in products)},
            "size": {"title": "Capacity", "choices": _choices(product.size for product in sized)},
        }

    def conditions(self, query: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the one product of a full specification with its conditions."""
        for product in self.of_model(query.get("spec[model]", ""), query.get("brand", "")):
            wanted = {
                "spec[device]": slug(product.device.name),
                "spec[network]": slug(product.network or ""),
                "spec[size]": slug(product.size or ""),
            }
            if all(query.get(key, "") == value for key, value in wanted.items()):
                payouts = product.payouts()
                return {
                    "product": {"product_id": product.number, "product_name": product.name},
                    "conditions": [
                        {
                            "id": number,
                            "name": name,
                            "price": payouts[number],
                            "terms": {"title": name, "content": [term]},
                        }
                        for number, name, _, term in CONDITIONS
                        if number in payouts
                    ],
                }
        return None


def _choices(names: Any) -> list[dict[str, str]]:
    return [{"name": name, "slug": slug(name)} for name in dict.fromkeys(names) if name]
