"""A provider without a network that knows what it did: it loses answers, is slow, and shows orders late.

Requests that left may arrive until their own time is over, whatever became of who sent them.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from typing_extensions import override

from adapters.contract.adapter import WriteContext
from adapters.contract.flow import Flow
from adapters.contract.models.requests import NewOrder
from adapters.contract.models.resources import Order
from adapters.contract.traits import Trait
from adapters.contract.wire import HttpRequest, HttpResponse, json_body
from gateway.providers.channel import Channel
from gateway.providers.outbound import Outbound
from support.scripted_provider import ScriptedAdapter, lost, reply

ORDER_SECONDS = 10.0
"""How long one request may take; whatever arrives later is not taken any more."""
SETTLE = 60.0
LAG = 59.0
"""Seconds until a look-up shows an order: hardly less than traits allow for, once a request has had its time."""

Fate = Literal[
    "done", "refused", "busy", "error-before", "error-after", "lost-before", "lost-after", "not-sent", "hangs", "strays"
]
"""What becomes of a request; `hangs`: it is under way until somebody says more; `strays`: so, but nobody waits."""
FATES: tuple[Fate, ...] = Fate.__args__  # type: ignore[attr-defined]

TRAITS: Mapping[str, Trait] = {
    "keyed": Trait("native_key", source="a test", retention=900.0, settle=SETTLE, probes=2),
    "deduping": Trait("dedupe_ref", source="a test", settle=SETTLE, probes=2, on_absent="resend"),
    "late": Trait("lookup", source="a test", settle=SETTLE, probes=2, on_absent="resend"),
    "parking": Trait("lookup", source="a test", settle=SETTLE, probes=2),
    "blind": Trait("none", source="a test"),
}
"""The accounts, and what each gives to find out."""


class ShopAdapter(ScriptedAdapter):
    """Places an order with one request that carries its reference, and looks for it by that."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.traits_told = {"place": TRAITS[name]}  # type: ignore[misc]

    @override
    def place_order(self, order: NewOrder, context: WriteContext) -> Flow[Order]:
        _, _, product = str(order.lines[0].product_id).partition(":")
        body = json_body({"reference": order.reference, "product": product})
        answer: HttpResponse = yield HttpRequest("POST", "/orders", body=body, effect="commit", step="place")
        return self._order(answer.object()["id"])

    @override
    def find_order(self, order: NewOrder, since: datetime, context: WriteContext) -> Flow[Order | None]:
        query = (("reference", str(order.reference)),)
        answer: HttpResponse = yield HttpRequest("GET", "/orders", query=query, step="look")
        found = answer.object()["id"]
        return None if found is None else self._order(found)

    def _order(self, native: object) -> Order:
        return Order(id=f"{self.name}:{native}", provider=self.name, kind="purchase", status="pending")


@dataclass(frozen=True, slots=True)
class Placed:
    """An order: of which product, and when."""

    product: str
    at: datetime


@dataclass(eq=False, slots=True)
class Travelling:
    """A request that is under way: it arrives until `until` or never; `task` waits for its answer."""

    account: str
    reference: str
    product: str
    until: datetime
    task: asyncio.Task[Any]
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: HttpResponse | None = None


class Shop:
    """What really happened, at all accounts."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.orders: dict[tuple[str, str], list[Placed]] = {}
        """The orders with a reference, by account and reference."""
        self.requests: dict[tuple[str, str, str], int] = {}
        """How many requests arrived, by account, reference and product."""
        self.travelling: list[Travelling] = []
        self.changed = asyncio.Event()
        """Set when a request begins to hang."""
        self.fates: list[Fate] = []
        """What becomes of the next requests that place something; then they are done."""
        self.blind_looks = 0
        """How many look-ups get no answer from now on."""

    def count(self, account: str, reference: str, product: str | None = None) -> int:
        """Return how many orders there are, of any product or of one."""
        placed = self.orders.get((account, reference), ())
        return sum(one.product == product or product is None for one in placed)

    def execute(self, account: str, reference: str, product: str) -> HttpResponse:
        """Carry out a request that has arrived, as the account's provider does with a repetition."""
        placed = self.orders.setdefault((account, reference), [])
        if placed and account == "deduping":
            return reply(422)
        since = self.now() - timedelta(seconds=TRAITS[account].retention)
        if account != "keyed" or not any(one.product == product and one.at >= since for one in placed):
            placed.append(Placed(product, self.now()))
        return reply(201, id=f"{reference}-{len(placed)}")

    def look(self, account: str, reference: str) -> HttpResponse:
        """Answer a look-up; what was placed a moment ago does not show yet."""
        if self.blind_looks:
            self.blind_looks -= 1
            raise lost()
        shown = self.now() - timedelta(seconds=LAG)
        placed = [one for one in self.orders.get((account, reference), ()) if one.at <= shown]
        return reply(200, id=f"{reference}-1" if placed else None)

    def arrive(self, one: Travelling) -> None:
        """Let a request under way arrive, unless its time is over or it has arrived."""
        if one.arrived is None and self.now() <= one.until:
            one.arrived = self.execute(one.account, one.reference, one.product)

    def refuse(self, one: Travelling) -> None:
        """Refuse a request under way, unless its time is over or it has arrived."""
        if one.arrived is None and self.now() <= one.until:
            one.arrived = reply(422)

    def under_way(self) -> list[Travelling]:
        """Return the requests that may still arrive or be answered."""
        return [
            one
            for one in self.travelling
            if (one.arrived is None and self.now() <= one.until) or not (one.answered.is_set() or one.task.done())
        ]

    def waiting(self) -> list[asyncio.Task[Any]]:
        """Return the tasks that wait for an answer."""
        return [one.task for one in self.travelling if not one.answered.is_set() and not one.task.done()]


class Line(Outbound):
    """One gateway's way to the shop. `reached` is called at places where the gateway may die."""

    def __init__(self, shop: Shop, account: str, reached: Callable[[str], None]) -> None:
        super().__init__()
        self._shop = shop
        self._account = account
        self._reached = reached

    @override
    async def send(self, request: HttpRequest, channel: Channel, timeout: float) -> HttpResponse:
        shop, account = self._shop, self._account
        if request.step == "look":
            return shop.look(account, request.query[0][1])
        assert request.body is not None
        body = msgspec.json.decode(request.body)
        reference, product = body["reference"], body["product"]
        fate = shop.fates.pop(0) if shop.fates else "done"
        if fate == "not-sent":
            raise lost("not-sent", "connect")
        asked = (account, reference, product)
        shop.requests[asked] = shop.requests.get(asked, 0) + 1
        self._reached("arrived")
        if fate in {"hangs", "strays"}:
            return await self._travel(reference, product, waited_for=fate == "hangs")
        if fate in {"refused", "busy"}:
            return reply(422 if fate == "refused" else 429)
        if fate in {"done", "error-after", "lost-after"}:
            done = shop.execute(account, reference, product)
            self._reached("executed")
            if fate == "done":
                return done
        if fate.startswith("error"):
            return reply(500)
        raise lost()

    async def _travel(self, reference: str, product: str, *, waited_for: bool) -> HttpResponse:
        shop = self._shop
        until = shop.now() + timedelta(seconds=ORDER_SECONDS)
        task = asyncio.current_task()
        assert task is not None
        one = Travelling(self._account, reference, product, until, task)
        shop.travelling.append(one)
        if not waited_for:
            one.answered.set()
            raise lost()
        shop.changed.set()
        await one.answered.wait()
        if one.arrived is None or shop.now() > until:
            raise lost("sent", "timeout")
        return one.arrived
