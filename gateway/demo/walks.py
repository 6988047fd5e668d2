"""What the tour does at each provider: browse, place or find an order, follow it, cancel another, provoke an error."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from gateway.demo.tour import Json, Tour

_BERLIN: Json = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "line1": "Unter den Linden 6",
    "city": "Berlin",
    "postalCode": "10117",
    "country": "DE",
    "email": "ada@example.com",
    "phone": "+4930123456",
}
_ZURICH: Json = {
    **_BERLIN,
    "line1": "Bahnhofstrasse 1",
    "city": "Zürich",
    "postalCode": "8001",
    "country": "CH",
    "phone": "+41441234567",
}


def _segment(resource: Json) -> str:
    """Return a resource's id for a URL: one segment, whatever the provider's own id has in it."""
    return quote(resource.get("id", "?"), safe=":")


def _price(product: Json) -> str:
    price = product.get("price", {})
    return f"{product['name']}, {price.get('amount', '?')} {price.get('currency', '')}".strip()


async def bol(tour: Tour) -> None:
    """Sell on bol.com: orders come from customers; we ship them, or cancel them."""
    await tour.browse("browse the categories", "/v1/categories?provider=bol&limit=5")
    products = await tour.browse("search products", "/v1/products?provider=bol&q=theepot&limit=5")
    if products:
        await tour.read("read one product", f"/v1/products/{_segment(products[0])}", _price)
    orders = await tour.browse("find customers' orders", "/v1/orders?provider=bol&status=accepted&limit=10")
    if len(orders) >= 2:
        shipped, cancelled = orders[0], orders[1]
        parcel = {"carrier": "TNT", "trackingCode": "3SDEMO0000001"}
        await tour.change("ship one (asynchronous)", "POST", f"/v1/orders/{_segment(shipped)}/shipments", parcel)
        await tour.follow("follow it to its end", shipped, {"shipped"})
        path = f"/v1/orders/{_segment(cancelled)}/cancellation"
        await tour.change("cancel another (asynchronous)", "POST", path, {"reason": "outOfStock"})
        await tour.follow("follow that", cancelled, {"cancelled"})
    order = {"provider": "bol", "reference": "PO-1", "lines": [{"productId": "bol:0000007740404", "quantity": 1}]}
    await tour.refused("place an order", "unsupported-operation", "POST", "/v1/orders", order)


async def gelato(tour: Tour) -> None:
    """Have things printed: no catalog, orders that can be cancelled until they are shipped, or fail later."""
    await tour.refused("browse the categories", "unsupported-operation", "GET", "/v1/categories?provider=gelato")
    placed = await tour.place("place an order", _poster("PO-1", _BERLIN))
    other = await tour.place("place another", _poster("PO-2", _BERLIN))
    await tour.change("cancel that one", "POST", f"/v1/orders/{_segment(other)}/cancellation", {})
    await tour.follow("follow that", other, {"cancelled"})
    await tour.follow("follow the first to its end", placed, {"delivered"})
    abroad = await tour.place("place one across a border", _poster("PO-3", _ZURICH))
    await tour.follow("it is accepted, and fails later", abroad, {"failed"})
    nobody = {name: value for name, value in _BERLIN.items() if name != "phone"}
    await tour.refused("forget the phone number", "validation-failed", "POST", "/v1/orders", _poster("PO-4", nobody))


def _poster(reference: str, address: Json) -> Json:
    files = [{"role": "default", "url": "https://files.example.com/poster.pdf"}]
    product = "gelato:flat_product_pf_a4_pt_200-gsm-uncoated_cl_4-0_ct_none_prt_none_sft_none_set_none_hor"
    return {
        "reference": reference,
        "currency": "EUR",
        "shipTo": address,
        "lines": [{"productId": product, "quantity": 2, "files": files}],
    }


async def rexel(tour: Tour) -> None:
    """Buy electrical equipment: by supplier and reference, with prices, stock, and a native idempotency key."""
    await tour.read("read one product", "/v1/products/rexel:SCH:S520059", lambda product: product["name"])
    asked = {"items": [{"productId": "rexel:SCH:S520059", "quantity": 10}, {"productId": "rexel:HAG:MFN716/A"}]}
    await tour.read("ask for price and stock", "/v1/availability", _availability, asked)
    order = {"reference": "PO-1", "lines": [{"productId": "rexel:SCH:S520059", "quantity": 20}]}
    placed = await tour.place("place an order", order)
    await tour.follow("follow it to its end", placed, {"delivered"})
    path = f"/v1/orders/{_segment(placed)}/cancellation"
    await tour.refused("cancel", "unsupported-operation", "POST", path, {})
    gone = {"reference": "PO-2", "lines": [{"productId": "rexel:SCH:EPUISE100", "quantity": 1}]}
    await tour.refused("order what is out of stock", "rejected-by-provider", "POST", "/v1/orders", gone)


def _availability(answer: Json) -> str:
    return "; ".join(
        f"{item.get('price', {}).get('amount', '?')} {item.get('price', {}).get('currency', '')}, "
        f"{item.get('stock', {}).get('quantity', '?')} there"
        for item in answer["items"]
    )


async def reseller(tour: Tour) -> None:
    """Buy digital goods: required inputs, codes delivered as goods, all lines or none."""
    await tour.browse("browse the categories", "/v1/categories?provider=reseller&limit=5")
    await tour.browse("list products", "/v1/products?provider=reseller&limit=5")
    await tour.read("read the account", "/v1/providers/reseller/account", _balance)
    placed = await tour.place("place an order", _codes("PO-1", "reseller:266-235"))
    other = await tour.place("place another, delivered by hand", _by_hand("PO-2"))
    await tour.change("cancel that one", "POST", f"/v1/orders/{_segment(other)}/cancellation", {})
    await tour.follow("follow the first to its end", placed, {"delivered"})
    gone = _codes("PO-3", "reseller:302-271")
    await tour.refused("order what is out of stock", "out-of-stock", "POST", "/v1/orders", gone)


def _by_hand(reference: str) -> Json:
    inputs = {"userid": "Lovelace1815", "server": "Ares"}
    return {"reference": reference, "lines": [{"productId": "reseller:265-234", "quantity": 1, "inputs": inputs}]}


def _codes(reference: str, product: str) -> Json:
    return {"reference": reference, "lines": [{"productId": product, "quantity": 1}]}


def _balance(account: Json) -> str:
    balance = account.get("balance", {})
    return f"{balance.get('amount', '?')} {balance.get('currency', '')}"


async def reusely(tour: Tour) -> None:
    """Buy used devices from customers: payouts by condition, five offers an hour for one e-mail address."""
    products: list[Json] = []
    path = "/v1/categories?provider=reusely&limit=5"
    categories = await tour.browse("browse the categories", path)
    for title in ("go on to a line of devices", "go on to a model"):
        if categories:
            categories = await tour.browse(
                title, f"/v1/categories?provider=reusely&parent={_segment(categories[0])}&limit=5"
            )
    if categories:
        products = await tour.browse(
            "list products", f"/v1/products?provider=reusely&category={_segment(categories[-1])}"
        )
    if not products:
        return
    product: Json = await tour.read("read payouts by condition", f"/v1/products/{_segment(products[0])}", _payouts)
    if not product:
        return
    condition = product["conditions"][0]["id"]
    placed = await tour.place("place a trade-in", _trade_in("TI-1", product["id"], condition, "grace@example.com"))
    await tour.follow("follow it to its end", placed, {"delivered"})
    await tour.refused("cancel", "unsupported-operation", "POST", f"/v1/orders/{_segment(placed)}/cancellation", {})
    for number in range(2, 6):
        await tour.place(
            f"offer {number} this hour", _trade_in(f"TI-{number}", product["id"], condition, "grace@example.com")
        )
    sixth = _trade_in("TI-6", product["id"], condition, "grace@example.com")
    await tour.refused("a sixth within the hour", "provider-capacity", "POST", "/v1/orders", sixth)


def _payouts(product: Json) -> str:
    return ", ".join(f"{one['name']} {one['price']['amount']}" for one in product["conditions"])


def _trade_in(reference: str, product: str, condition: str, email: str) -> Json:
    return {
        "reference": reference,
        "kind": "tradeIn",
        "customer": {"email": email, "firstName": "Grace", "lastName": "Hopper"},
        "payout": {"method": "PayPal"},
        "lines": [{"productId": product, "quantity": 1, "condition": condition}],
    }


async def anybody(tour: Tour) -> None:
    """See what a provider can do that has no walk of its own, and read a page of its catalog where it lists one."""
    path = f"/v1/providers/{tour.provider}"
    told = await tour.read("see what it can do", path, lambda provider: ", ".join(provider["operations"]))
    for noun in ("categories", "products"):
        if f"{noun}.list" in told.get("operations", ()):
            await tour.browse(f"browse the {noun}", f"/v1/{noun}?provider={tour.provider}&limit=5")


WALKS: Mapping[str, Callable[[Tour], Awaitable[Any]]] = {
    "bol": bol,
    "gelato": gelato,
    "rexel": rexel,
    "reseller": reseller,
    "reusely": reusely,
}
