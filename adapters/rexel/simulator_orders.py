"""The simulated orders and quotes: validation, idempotency with a retention, states that advance with the clock."""

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from adapters.contract.simulator import Received, json_response
from adapters.contract.wire import HttpResponse
from adapters.rexel import simulator_articles as articles
from adapters.rexel import simulator_order_rules as rules
from adapters.rexel.simulator_access import failure

ACCOUNTS = ("demo", "demo-2")
MOST_ORDERS = 100_000
RETENTION = timedelta(minutes=15)
CREDIT_LIMIT = 100_000

_STATES = ("RECEIVED", "CONFIRMED", "SHIPPED", "DELIVERED")
_STATES_OF_SEVERAL = ("RECEIVED", "CONFIRMED", "PARTIALLY_SHIPPED", "SHIPPED", "DELIVERED")
_STATES_OF_CANCELLED = ("RECEIVED", "CONFIRMED", "CANCELLED")


class Orders:
    """What was quoted and ordered. Each answer shows the state that the clock has brought."""

    def __init__(self, now: Callable[[], datetime], chance: random.Random, pace: Callable[[], float]) -> None:
        self._now = now
        self._chance = chance
        self._pace = pace
        self._orders: dict[str, dict[str, Any]] = {}
        self._quotes: dict[str, dict[str, Any]] = {}
        self._answers: dict[str, tuple[datetime, Any, HttpResponse]] = {}

    def all(self) -> list[dict[str, Any]]:
        """Return every order, oldest first, with what identifies it and what was ordered."""
        rows = []
        for order in map(self._shown, self._orders.values()):
            reference = order.get("reference") or order.get("metadata", {}).get("clientOrderId")
            items = [{name: item[name] for name in ("rexelRef", "quantity")} for item in order["items"]]
            told = {name: order[name] for name in ("id", "status", "accountId", "createdAt")}
            rows.append({**told, "reference": reference, "items": items, "metadata": order.get("metadata", {})})
        return rows

    def write(self, received: Received, act: Callable[[Any], HttpResponse]) -> HttpResponse:
        """Carry out a write once for each Idempotency-Key: the same again is answered from memory, other data refused.

        Only successes are remembered, for `RETENTION`.
        """
        now = self._now()
        if received.media_type() != "application/json":
            return failure(now, 415, "The content type is not application/json.")
        try:
            body = received.json()
        except ValueError:
            return failure(now, 400, "The body is not JSON.")
        key = received.headers.get("idempotency-key")
        if key is None:
            return act(body)
        self._forget(now)
        asked = (received.path, received.query, body)
        if key in self._answers:
            _, first, answer = self._answers[key]
            if first == asked:
                return answer
            return failure(now, 400, "The operation cannot be replayed with different data.")
        answer = act(body)
        if answer.status == 200:
            self._answers[key] = (now, asked, answer)
        return answer

    def _forget(self, now: datetime) -> None:
        """Forget the answers whose retention is over; they lie in the order of their time."""
        while self._answers:
            oldest = next(iter(self._answers))
            if self._answers[oldest][0] + RETENTION > now:
                break
            del self._answers[oldest]

    def quote(self, body: Any) -> HttpResponse:
        """Make a quote of Rexel references and quantities."""
        now = self._now()
        faults = rules.quote_faults(body)
        if faults:
            return failure(now, 400, errors=faults)
        if body.get("accountId", ACCOUNTS[0]) not in ACCOUNTS:
            return failure(now, 403)
        wanted = [(articles.find_sku(line["sku"]), line["qty"]) for line in body["lines"]]
        if not all(article for article, _ in wanted):
            return failure(now, 404, "Product reference could not be found")
        until = body.get("validUntil", (now + timedelta(days=30)).date().isoformat())
        native = f"Q{self._chance.getrandbits(40):010X}"
        self._quotes[native] = {"account": body.get("accountId", ACCOUNTS[0]), "until": until, "wanted": wanted}
        while len(self._quotes) > MOST_ORDERS:
            del self._quotes[next(iter(self._quotes))]
        return json_response(200, {"id": native, "validUntil": until})

    def place(self, body: Any) -> HttpResponse:
        """Place an order of items, or of a quote."""
        now = self._now()
        faults = rules.order_faults(body)
        if faults:
            return failure(now, 400, errors=faults)
        asked = body["order"]
        account = asked.get("accountId", ACCOUNTS[0])
        if account not in ACCOUNTS:
            return failure(now, 403)
        wanted = self._wanted(asked)
        if isinstance(wanted, HttpResponse):
            return wanted
        refusal = self._business(wanted)
        if refusal is not None:
            return refusal
        native = f"RX{len(self._orders) + 1:07d}{self._chance.getrandbits(16):04X}"
        order = {
            "id": native,
            "accountId": account,
            "currency": "EUR",
            "createdAt": now.isoformat(timespec="milliseconds"),
            **{name: asked[name] for name in ("reference", "delivery", "metadata") if name in asked},
            "items": [_item(position, article, quantity) for position, (article, quantity) in enumerate(wanted, 1)],
            "placed": now,
            "states": _states([article for article, _ in wanted]),
        }
        if len(self._orders) >= MOST_ORDERS:
            return failure(now, 503)
        self._orders[native] = order
        return json_response(200, {"order": self._shown(order, just_placed=True)})

    def one(self, native: str) -> HttpResponse:
        """Return one order."""
        order = self._orders.get(native)
        if order is None:
            return failure(self._now(), 404)
        return json_response(200, {"order": self._shown(order)})

    def page(self, received: Received) -> HttpResponse:
        """Return a page of orders, newest first."""
        numbers = {name: received.value(name, default) or "" for name, default in (("page", "0"), ("size", "20"))}
        wrong = [name for name, text in numbers.items() if not (text.isascii() and text.isdecimal() and len(text) < 10)]
        page, size = (0, 0) if wrong else (int(numbers["page"]), int(numbers["size"]))
        if not wrong and not 1 <= size <= 100:
            wrong = ["size"]
        if wrong:
            return failure(self._now(), 400, errors=[{"field": name, "message": "is out of range"} for name in wrong])
        account, status = received.value("accountId", ACCOUNTS[0]), received.value("status")
        found = [order for order in reversed(self._orders.values()) if order["accountId"] == account]
        if status is not None:
            found = [order for order in found if self._shown(order)["status"] == status]
        rows = [self._shown(order) for order in found[page * size : (page + 1) * size]]
        return json_response(200, {"orders": rows, "page": page, "size": size, "totalElements": len(found)})

    def _wanted(self, asked: Mapping[str, Any]) -> list[tuple[articles.Article, int]] | HttpResponse:
        now = self._now()
        if "quoteId" in asked:
            quote = self._quotes.get(asked["quoteId"])
            if quote is None or quote["account"] != asked.get("accountId", ACCOUNTS[0]):
                return failure(now, 404)
            if quote["until"] < now.date().isoformat():
                return failure(now, 402, "The quote is no longer valid.")
            return list(quote["wanted"])
        found = [(articles.find(row["supplierCode"], row["supplierComRef"]), row["quantity"]) for row in asked["items"]]
        known = [(article, quantity) for article, quantity in found if article is not None]
        return known if len(known) == len(found) else failure(now, 404, "Product reference could not be found")

    def _business(self, wanted: list[tuple[articles.Article, int]]) -> HttpResponse | None:
        """Return why valid parameters fail: 402, with the items at fault where items are."""
        missing = [
            {"field": f"items[{index}].quantity", "message": "The product is not available in this quantity."}
            for index, (article, quantity) in enumerate(wanted)
            if quantity > article.stock or article.fate == "prohibited"
        ]
        if missing:
            return failure(self._now(), 402, errors=missing)
        if sum(Decimal(article.net) * quantity for article, quantity in wanted) > CREDIT_LIMIT:
            return failure(self._now(), 402, "The order exceeds the credit limit of the account.")
        return None

    def _shown(self, order: Mapping[str, Any], just_placed: bool = False) -> dict[str, Any]:
        states, pace = order["states"], self._pace()
        elapsed = (self._now() - order["placed"]).total_seconds()
        step = 0 if just_placed else len(states) - 1 if pace <= 0 else int(max(elapsed, 0.0) // pace)
        status = states[min(step, len(states) - 1)]
        shipped = {"PARTIALLY_SHIPPED": 1, "SHIPPED": len(order["items"]), "DELIVERED": len(order["items"])}
        items = [
            {**item, "shippedQuantity": item["quantity"] if index < shipped.get(status, 0) else 0}
            for index, item in enumerate(order["items"])
        ]
        hidden = {"placed", "states", "items"}
        return {
            **{name: value for name, value in order.items() if name not in hidden},
            "status": status,
            "items": items,
        }


def _states(wanted: list[articles.Article]) -> tuple[str, ...]:
    if any(article.fate == "cancelled" for article in wanted):
        return _STATES_OF_CANCELLED
    return _STATES_OF_SEVERAL if len(wanted) > 1 else _STATES


def _item(position: int, article: articles.Article, quantity: int) -> dict[str, Any]:
    return {
        "id": str(position),
        "supplierCode": article.supplier,
        "supplierComRef": article.reference,
        "rexelRef": article.rexel_reference,
        "itemLabel": article.label,
        "quantity": quantity,
        "unitPrice": article.told(article.net),
    }
