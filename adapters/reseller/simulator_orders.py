"""The simulated tenant's orders: baskets taken all or nothing, lines that are delivered as the clock goes on."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Literal

from adapters.reseller.simulator_catalog import Fate, SimulatedProduct, catalog

Repeat = Literal["refuse", "replay", "accept"]
CANCELLED, DELIVERED, PROCESSING, REMOVED = 0, 1, 2, 3
_WORDS = {CANCELLED: "cancelled", DELIVERED: "delivered", PROCESSING: "processing", REMOVED: "removed from processing"}
# The status after each step of the clock; the last one stays.
_COURSE: dict[Fate, tuple[int, ...]] = {
    "delivered": (PROCESSING, DELIVERED),
    "by hand": (PROCESSING, REMOVED, PROCESSING, DELIVERED),
    "cancelled": (PROCESSING, CANCELLED),
    "price changed": (PROCESSING,),
}
_MOST_ORDERS = 100_000


class Refused(Exception):
    """A request that the platform answers with `success: false`."""

    def __init__(self, code: str, message: str, items: list[dict[str, Any]] | None = None, status: int = 200) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.items = items
        self.status = status


@dataclass(slots=True)
class SimulatedLine:
    """One line of an order; `seen` is the last status that was reached."""

    number: int
    order: int
    deliver_id: str
    product: SimulatedProduct
    quantity: int
    codes: list[str]
    require: list[dict[str, Any]]
    seen: int = PROCESSING


@dataclass(slots=True)
class SimulatedOrder:
    """One order with its lines."""

    number: int
    created: datetime
    lines: list[SimulatedLine] = field(default_factory=list)
    basket: list[dict[str, Any]] = field(default_factory=list)

    def word(self) -> str:
        """Return where the order stands, in a word."""
        words = {_WORDS[line.seen] for line in self.lines}
        return words.pop() if len(words) == 1 else "mixed"


class OrderBook:
    """Every order of the simulated account, its balance and what is in stock."""

    def __init__(self, now: Callable[[], datetime], pace: Callable[[], float], chance: random.Random) -> None:
        self._now = now
        self._pace = pace
        self._chance = chance
        self.products = catalog()
        self.balance = Decimal("5000000.00")
        self.orders: dict[int, SimulatedOrder] = {}
        self._lines: dict[int, SimulatedLine] = {}
        self._by_deliver_id: dict[str, SimulatedOrder] = {}
        self._next_order = 9876
        self._next_line = 55501

    def newest_first(self, start: int = 0, end: int | None = None) -> list[SimulatedOrder]:
        """Return the orders as List Orders gives them, brought up to now."""
        return [self._up_to_date(order) for order in islice(reversed(self.orders.values()), start, end)]

    def order(self, number: Any) -> SimulatedOrder:
        """Return an order. Raises Refused."""
        if number not in self.orders:
            raise Refused("ORDER_NOT_FOUND", "Order not found.")
        return self._up_to_date(self.orders[number])

    def line(self, number: Any) -> SimulatedLine:
        """Return a line. Raises Refused."""
        if number not in self._lines:
            raise Refused("ORDER_NOT_FOUND", "Order detail not found.")
        line = self._lines[number]
        self._up_to_date(self.orders[line.order])
        return line

    def place(self, basket: list[dict[str, Any]], repeat: Repeat) -> SimulatedOrder:
        """Take a basket, whose members are checked for their types, or nothing of it. Raises Refused."""
        known = [entry["deliverid"] for entry in basket if entry["deliverid"] in self._by_deliver_id]
        if known and repeat == "replay":
            return self._replayed(basket, known[0])
        if repeat != "accept" and (known or len({entry["deliverid"] for entry in basket}) < len(basket)):
            raise Refused("DUPLICATE_DELIVER_ID", "This deliverID was used before.")
        failed = [item for entry in basket if (item := self._failed(entry))]
        if failed:
            raise Refused(failed[0]["errorCode"], "Some products could not be ordered.", failed)
        cost = sum((self._price(entry) for entry in basket), Decimal(0))
        if cost > self.balance:
            raise Refused("INSUFFICIENT_BALANCE", "Your balance does not cover this order.")
        self.balance -= cost
        return self._created(basket)

    def _replayed(self, basket: list[dict[str, Any]], deliver_id: str) -> SimulatedOrder:
        earlier = self._by_deliver_id[deliver_id]
        if earlier.basket != basket:
            raise Refused("DUPLICATE_DELIVER_ID", "This deliverID was used for another order.")
        return earlier

    def _failed(self, entry: dict[str, Any]) -> dict[str, Any] | None:
        product = self.products.get(entry["customerstoreproductid"])
        problem: tuple[str, str] | None = None
        if product is None or not product.active:
            problem = ("PRODUCT_NOT_FOUND", "This product is not for sale.")
        elif not product.minimum <= entry["quantity"] <= product.maximum:
            problem = ("VALIDATION_ERROR", f"Between {product.minimum} and {product.maximum} can be ordered.")
        elif product.fate == "price changed":
            problem = ("PRICE_CHANGED", "The price has changed.")
        elif entry["quantity"] > product.stock:
            problem = ("OUT_OF_STOCK", "The product is out of stock.")
        elif not _answers(product, entry["requiredata"]):
            problem = ("VALIDATION_ERROR", "requireData does not answer what the product requires.")
        if problem is None:
            return None
        return {
            "deliverID": entry["deliverid"],
            "customerStoreProductID": entry["customerstoreproductid"],
            "quantity": entry["quantity"],
            "errorCode": problem[0],
            "message": problem[1],
        }

    def _price(self, entry: dict[str, Any]) -> Decimal:
        return Decimal(self.products[entry["customerstoreproductid"]].price) * int(entry["quantity"])

    def _created(self, basket: list[dict[str, Any]]) -> SimulatedOrder:
        order = SimulatedOrder(self._next_order, self._now(), basket=basket)
        self._next_order += 1
        for entry in basket:
            product = self.products[entry["customerstoreproductid"]]
            product.stock -= entry["quantity"]
            codes = [f"{product.product}-{self._chance.getrandbits(64):016X}" for _ in range(entry["quantity"])]
            line = SimulatedLine(
                self._next_line,
                order.number,
                entry["deliverid"],
                product,
                entry["quantity"],
                codes if product.fate == "delivered" else [],
                entry["requiredata"],
            )
            self._next_line += 1
            order.lines.append(line)
            self._lines[line.number] = line
            self._by_deliver_id.setdefault(line.deliver_id, order)
        self.orders[order.number] = order
        self._forget()
        return order

    def _forget(self) -> None:
        while len(self.orders) > _MOST_ORDERS:
            oldest = self.orders.pop(next(iter(self.orders)))
            for line in oldest.lines:
                del self._lines[line.number]
                self._by_deliver_id.pop(line.deliver_id, None)

    def _up_to_date(self, order: SimulatedOrder) -> SimulatedOrder:
        """Bring the lines of an order to where the clock says they are. What is cancelled stays so."""
        age, pace = (self._now() - order.created).total_seconds(), self._pace()
        for line in order.lines:
            if line.seen == CANCELLED:
                continue
            course = _COURSE[line.product.fate]
            step = len(course) - 1 if pace <= 0 else min(max(int(age / pace), 0), len(course) - 1)
            line.seen = course[step]
            if line.seen == CANCELLED:
                self._give_back(line)
        return order

    def cancel(self, lines: Iterable[SimulatedLine]) -> None:
        """Cancel lines, all or none; a second time changes nothing. Raises Refused once one is delivered."""
        chosen = list(lines)
        if any(line.seen == DELIVERED for line in chosen):
            raise Refused("ORDER_NOT_CANCELLABLE", "A delivered order cannot be cancelled.")
        for line in chosen:
            if line.seen != CANCELLED:
                line.seen = CANCELLED
                self._give_back(line)

    def _give_back(self, line: SimulatedLine) -> None:
        self.balance += Decimal(line.product.price) * line.quantity
        line.product.stock += line.quantity


def _answers(product: SimulatedProduct, stated: list[dict[str, Any]]) -> bool:
    """Tell whether `requireData` answers what the product requires, and nothing else."""
    wanted = {entry["productRequireID"]: entry for entry in product.require}
    values = {entry["productrequireid"]: entry["value"] for entry in stated}
    if not set(values) <= set(wanted) or len(values) < len(stated):
        return False
    for number, entry in wanted.items():
        value = values.get(number)
        if value is None:
            if entry["is_required"]:
                return False
            continue
        length = entry.get("min_length", 1) <= len(value) <= entry.get("max_length", 1000)
        if not length or value not in (entry.get("options") or [value]):
            return False
    return True
