"""A retailer's day at bol: a customer's order is found, cancelled or shipped, and followed to its end."""

from typing import Any

from adapters.contract import codec
from adapters.contract.models.requests import (
    AvailabilityItem,
    CategoryQuery,
    NewCancellation,
    NewShipment,
    OrderQuery,
    ProductQuery,
    ShipmentChange,
)

PACE = 5.0


def native(identifier: str) -> str:
    """Return bol's own id."""
    return identifier.removeprefix("bol:")


def a_new_order(shop: Any, body: bytes = b"{}") -> str:
    """Let a customer order and return the order's id."""
    response = shop.ask("POST", "/_simulator/orders", body)
    assert response.status == 201
    return str(response.object()["id"])


def test_a_customers_order_is_listed_read_and_cancelled(shop: Any) -> None:
    """The change is pending while the process is, and the order is cancelled when it has succeeded."""
    order_id = a_new_order(shop, b'{"lines": [{"ean": "0000007740404", "quantity": 2}]}')
    listed = shop.run(shop.adapter.list_orders(OrderQuery()))
    summary = next(order for order in listed.items if order.id == f"bol:{order_id}")
    assert (summary.status, summary.kind, summary.ship_to) == ("accepted", "sale", None)
    order = shop.run(shop.adapter.get_order(order_id))
    (line,) = order.lines
    assert (line.product_id, line.quantity, line.unit_price.amount, line.total.amount) == (
        "bol:0000007740404",
        2,
        "49.99",
        "99.98",
    )
    change = shop.run(shop.adapter.cancel_order(order_id, NewCancellation(reason="outOfStock"), shop.context))
    assert (change.state, change.order_id) == ("pending", f"bol:{order_id}")
    (part,) = change.parts
    assert part.id == line.id
    assert [state.state for state in shop.run(shop.adapter.poll([part.process]))] == ["pending"]
    assert shop.run(shop.adapter.get_order(order_id)).status == "accepted"
    shop.wait(PACE)
    assert [state.state for state in shop.run(shop.adapter.poll([part.process]))] == ["succeeded"]
    assert shop.run(shop.adapter.get_order(order_id)).status == "cancelled"


def test_every_item_of_an_order_is_cancelled_by_a_request_of_its_own(shop: Any) -> None:
    """Two items are two requests, yielded together, and two processes."""
    body = b'{"lines": [{"ean": "0000007740404", "quantity": 1}, {"ean": "2000000001005", "quantity": 3}]}'
    order_id = a_new_order(shop, body)
    change = shop.run(shop.adapter.cancel_order(order_id, NewCancellation(), shop.context))
    commits = [request for request, _ in shop.sent if request.effect == "commit"]
    assert [(request.method, request.path, request.step) for request in commits] == [
        ("PUT", "/retailer/orders/cancellation", "cancel")
    ] * 2
    shop.wait(PACE)
    states = shop.run(shop.adapter.poll([part.process for part in change.parts]))
    assert [state.state for state in states] == ["succeeded", "succeeded"]
    assert [state.entity_id for state in states] == [part.id for part in change.parts]


def test_an_order_is_shipped_in_parts_and_its_tracking_code_changed(shop: Any) -> None:
    """Part of an item leaves, then the rest; each shipment has lines, and its transport a code that can change."""
    order_id = a_new_order(shop, b'{"lines": [{"ean": "0000007740404", "quantity": 3}]}')
    (line,) = shop.run(shop.adapter.get_order(order_id)).lines
    first = NewShipment.model_validate(
        {"lines": [{"id": line.id, "quantity": 1}], "carrier": "TNT", "tracking_code": "3SBOL1", "reference": "P1"}
    )
    change = shop.run(shop.adapter.confirm_shipment(order_id, first, shop.context))
    assert (change.state, [part.id for part in change.parts]) == ("pending", [line.id])
    assert not shop.run(shop.adapter.has_shipment(order_id, None, first))
    shop.wait(PACE)
    assert shop.run(shop.adapter.has_shipment(order_id, None, first))
    for other in ({"carrier": "DHL"}, {"tracking_code": "3SBOL2"}, {"reference": "P2"}, {"lines": [{"id": "1"}]}):
        wanted = NewShipment.model_validate(first.model_dump(exclude_none=True) | other)
        assert not shop.run(shop.adapter.has_shipment(order_id, None, wanted)), other
    assert not shop.run(shop.adapter.has_shipment(order_id, None, NewShipment(label_id="a label")))
    assert shop.run(shop.adapter.get_order(order_id)).status == "partiallyShipped"
    shop.run(shop.adapter.confirm_shipment(order_id, NewShipment(carrier="DHL"), shop.context))
    shop.wait(PACE)
    assert shop.run(shop.adapter.get_order(order_id)).status == "shipped"
    shipments = shop.run(shop.adapter.list_shipments(order_id)).items
    assert [[part.id for part in shipment.lines] for shipment in shipments] == [[line.id], [line.id]]
    oldest = shipments[-1]
    changed = ShipmentChange(tracking_code="3SBOL2", carrier="TNT")
    change = shop.run(shop.adapter.change_shipment(order_id, oldest.id, changed, shop.context))
    assert [part.id for part in change.parts] == [oldest.id]
    assert not shop.run(shop.adapter.has_shipment(order_id, oldest.id, changed))
    shop.wait(PACE)
    assert shop.run(shop.adapter.has_shipment(order_id, oldest.id, changed))
    found = shop.run(shop.adapter.find_processes(oldest.id, "change_shipment"))
    assert [(state.id, state.state) for state in found] == [(change.parts[0].process, "succeeded")]
    truth = {shipment["id"]: shipment["trackAndTrace"] for shipment in shop.simulator.truth()["shipments"]}
    assert truth[oldest.id] == "3SBOL2"


def test_the_catalogue_is_walked_from_categories_to_a_price(shop: Any) -> None:
    """Categories have parents, products of a category are within it, and one product has content, images and price."""
    categories = shop.run(shop.adapter.list_categories(CategoryQuery())).items
    pans = next(category for category in categories if category.name == "Pannen")
    assert pans.path == ("Koken & Tafelen", "Pannen")
    assert pans.parent == next(category.id for category in categories if category.name == "Koken & Tafelen")
    listed = shop.run(shop.adapter.list_products(ProductQuery(category=native(pans.id))))
    assert listed.items
    assert all("Vonk" in product.name for product in listed.items)
    found = shop.run(shop.adapter.list_products(ProductQuery(q="koffiemolen"))).items
    assert [product.id for product in found] == ["bol:0000007740404"]
    product = shop.run(shop.adapter.get_product("0000007740404"))
    assert (product.name, product.brand, product.price.amount) == ("Koffiemolen Kras", "Molenbeek", "49.99")
    assert [image.width for image in product.images] == [840, 840]
    assert product.stock.status == "inStock"
    assert shop.run(shop.adapter.list_products(ProductQuery(ean="0000007740404"))).items == (product,)
    assert shop.run(shop.adapter.list_products(ProductQuery(ean="0000000000000"))).items == ()


def test_a_product_that_nobody_sells_is_out_of_stock_and_has_no_price(shop: Any) -> None:
    """No offer is no price; a product without pictures is a product all the same; an unknown one is a problem."""
    product = shop.run(shop.adapter.get_product("2000000099019"))
    assert (product.price, product.images, product.stock.status) == (None, None, "outOfStock")
    items = [AvailabilityItem(product_id=ean) for ean in ("2000000099019", "0000007740404", "1", "0000007740404")]
    gone, sold, unknown, again = shop.run(shop.adapter.check_availability(items, shop.moment))
    assert (gone.price, gone.stock.status) == (None, "outOfStock")
    assert (sold.price.amount, sold.earliest_delivery) == ("49.99", "2026-11-23")
    assert (unknown.problem.title, unknown.stock) == ("bol does not know the product.", None)
    assert again == sold


def test_no_canonical_answer_holds_null_or_an_empty_text(shop: Any) -> None:
    """A member without a value is left out of everything that callers are answered."""
    orders = shop.run(shop.adapter.list_orders(OrderQuery(status="shipped"))).items
    answers = [
        *orders,
        shop.run(shop.adapter.get_order(native(orders[0].id))),
        shop.run(shop.adapter.list_shipments(native(orders[0].id))),
        shop.run(shop.adapter.get_product("2000000099019")),
        shop.run(shop.adapter.list_products(ProductQuery())),
    ]
    encoded = codec.encode(answers)
    assert b"null" not in encoded
    assert b'""' not in encoded


def test_no_request_holds_null_or_an_empty_text(shop: Any) -> None:
    """Bol validates an empty string, and null is never sent (API Conventions, Null Values and Empty fields)."""
    order_id = a_new_order(shop)
    shop.run(shop.adapter.list_products(ProductQuery(limit=1)))
    shop.run(shop.adapter.confirm_shipment(order_id, NewShipment(), shop.context))
    order_id = a_new_order(shop)
    shop.run(shop.adapter.cancel_order(order_id, NewCancellation(), shop.context))
    bodies = [request.body for request, _ in shop.sent if request.body]
    assert len(bodies) == 4
    assert not [body for body in bodies if b"null" in body or b'""' in body]
