"""The catalog is walked from categories to payouts."""

from typing import Any

import msgspec
import pytest

from adapters.contract.errors import (
    NotFound,
)
from adapters.contract.models.requests import CategoryQuery, ProductQuery


def categories(account: Any, parent: str | None = None) -> list[Any]:
    """Return everything below a category, in pages of four."""
    found: list[Any] = []
    cursor = None
    for _ in range(50):
        query = msgspec.convert(
            {"limit": 4, **({"parent": parent} if parent else {}), **({"cursor": cursor} if cursor else {})},
            CategoryQuery,
        )
        page = account.run(account.adapter.list_categories(query))
        assert len(page.items) <= 4
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise AssertionError("the list did not end")


def native(identifier: str) -> str:
    return identifier.removeprefix("reusely:")


def test_the_catalog_is_walked_from_category_to_payout(account: Any) -> None:
    """Each id that a level gives is a category of the next level, and a model's products have payouts by condition."""
    top = categories(account)
    assert [category.name for category in top] == ["Smartphones", "Tablets", "Smartwatches"]
    devices = categories(account, native(top[0].id))
    assert [device.name for device in devices] == ["Kite", "Kite Mini", "Halo"]
    assert devices[0].parent == top[0].id
    assert devices[2].path == ("Osmo", "Halo")
    models = categories(account, native(devices[0].id))
    assert [model.name for model in models] == [f"Kite {number}" for number in range(5, 18)]
    assert categories(account, native(models[0].id)) == []
    query = msgspec.convert({"category": native(models[-1].id)}, ProductQuery)
    products = account.run(account.adapter.list_products(query)).items
    assert len(products) == 6
    assert products[1].attributes == {"network": "Unlocked", "size": "256 GB"}
    product = account.run(account.adapter.get_product(native(products[1].id)))
    assert product.id == products[1].id
    assert product.name == products[1].name
    # 40 * 17 - 150 for the smallest size, 45 more for the next
    assert [(c.id, c.name, c.price.amount, c.price.currency) for c in product.conditions][:2] == [
        ("10", "Brand New", "575", "USD"),
        ("11", "Flawless", "488", "USD"),
    ]


def test_a_device_without_network_and_size_is_read_by_its_model(account: Any) -> None:
    """A specification leaves out what the device does not have."""
    query = msgspec.convert({"category": "m/osmo/pulse/pulse-4"}, ProductQuery)
    (product,) = account.run(account.adapter.list_products(query)).items
    assert product.attributes is None
    assert account.run(account.adapter.get_product(native(product.id))).id == product.id


def test_a_product_is_not_read_by_the_specification_of_another(account: Any) -> None:
    """An id whose number and specification do not belong together is not found."""
    with pytest.raises(NotFound):
        account.run(account.adapter.get_product("20051/osmo/pulse/pulse-4//"))
