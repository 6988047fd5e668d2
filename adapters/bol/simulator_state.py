"""What the simulated bol keeps: customer orders, shipments, processes, each bounded."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

MOST = 100_000
RETENTION = timedelta(hours=24)
"""How long a process is kept after its end ("at least 24 hours")."""


@dataclass(slots=True)
class Item:
    """One item of a customer's order."""

    id: str
    ean: str
    title: str
    quantity: int
    unit_price: str
    changed: datetime
    fulfilment: str = "FBR"
    shipped: int = 0
    cancelled: int = 0
    cancellation_requested: bool = False

    @property
    def open(self) -> int:
        """Return how many are neither shipped nor cancelled."""
        return self.quantity - self.shipped - self.cancelled


@dataclass(slots=True)
class CustomerOrder:
    """An order that a customer placed in the web shop."""

    id: str
    placed: datetime
    items: list[Item]
    shipment_details: dict[str, str]
    billing_details: dict[str, str]
    pickup_point: bool = False

    @property
    def changed(self) -> datetime:
        """Return when one of its items last changed."""
        return max(item.changed for item in self.items)

    @property
    def status(self) -> str:
        """Return OPEN while something is open, else SHIPPED or CANCELLED."""
        if any(item.open for item in self.items):
            return "OPEN"
        return "SHIPPED" if any(item.shipped for item in self.items) else "CANCELLED"


@dataclass(slots=True)
class Parcel:
    """A shipment and its transport."""

    id: str
    transport_id: str
    order: CustomerOrder
    items: list[tuple[Item, int]]
    shipped: datetime
    reference: str = ""
    transporter: str | None = None
    track_and_trace: str | None = None
    label: str | None = None


class Failure(Exception):
    """A process cannot do what was asked; the text becomes its error message."""


@dataclass(slots=True)
class Process:
    """Something asked for, to be carried out when `due`. `work` returns the entity it was about."""

    id: str
    event_type: str
    description: str
    created: datetime
    due: datetime
    work: Callable[[], str] = field(repr=False)
    entity: str | None = None
    too_slow: bool = False
    status: str = "PENDING"
    error: str | None = None
    ended: datetime | None = None


Record = TypeVar("Record", CustomerOrder, Parcel, Process)


class Books:
    """Everything that exists, by id; ids are made from a seeded generator and counters."""

    def __init__(self, now: Callable[[], datetime], pace: Callable[[], float], ids: random.Random) -> None:
        self.now, self._pace, self._ids = now, pace, ids
        self.orders: dict[str, CustomerOrder] = {}
        self.items: dict[str, tuple[CustomerOrder, Item]] = {}
        self.parcels: dict[str, Parcel] = {}
        self.processes: dict[str, Process] = {}
        self._pending: list[Process] = []
        self._ended: list[Process] = []

    def number(self, digits: int) -> str:
        """Return a number that was not given before."""
        while True:
            text = str(self._ids.randrange(10 ** (digits - 1), 10**digits))
            if text not in self.items and text not in self.parcels:
                return text

    def order_id(self) -> str:
        """Return an order id that was not given before, in the form of the specification's example."""
        while True:
            letters = "ABCDEFGHKLMNPRSTUVWXYZ0123456789"
            text = "A" + "".join(self._ids.choice(letters) for _ in range(9))
            if text not in self.orders:
                return text

    def add_order(self, order: CustomerOrder) -> None:
        """Take in an order; the oldest is forgotten beyond MOST."""
        for forgotten in _add(self.orders, order):
            for item in forgotten.items:
                self.items.pop(item.id, None)
        self.items.update({item.id: (order, item) for item in order.items})

    def add_parcel(self, parcel: Parcel) -> None:
        """Take in a shipment; the oldest is forgotten beyond MOST."""
        list(_add(self.parcels, parcel))

    def start(
        self,
        event_type: str,
        description: str,
        work: Callable[[], str],
        entity: str | None = None,
        too_slow: bool = False,
    ) -> Process:
        """Queue something, to be done after one step of the pace."""
        bits, now = self._ids.getrandbits(76), self.now()
        tail = f"{bits:019x}"
        identifier = f"019bbcbc-{tail[:4]}-7{tail[4:7]}-9{tail[7:10]}-{tail[7:]}"
        due = now + timedelta(seconds=self._pace())
        process = Process(identifier, event_type, description, now, due, work, entity, too_slow)
        list(_add(self.processes, process))
        self._pending.append(process)
        return process

    def advance(self) -> None:
        """Carry out what is due, and forget processes whose retention is over."""
        now = self.now()
        due = [process for process in self._pending if process.due <= now]
        if due:
            self._pending = [process for process in self._pending if process.due > now]
            for process in due:
                self._carry_out(process)
                self._ended.append(process)
        while self._ended and (self._ended[0].ended or now) + RETENTION < now:
            self.processes.pop(self._ended.pop(0).id, None)

    def _carry_out(self, process: Process) -> None:
        process.ended = self.now()
        try:
            entity = process.work()
        except Failure as failure:
            process.status, process.error = "FAILURE", str(failure)
        else:
            process.status, process.entity = "SUCCESS", entity
        if process.too_slow:
            process.status, process.error = "TIMEOUT", "The request took too long to process."


def _add(records: dict[str, Record], record: Record) -> Iterator[Record]:
    records[record.id] = record
    while len(records) > MOST:
        yield records.pop(next(iter(records)))


def as_truth(order: CustomerOrder) -> dict[str, Any]:
    """Return an order as the control path tells it."""
    return {
        "id": order.id,
        "reference": None,
        "status": order.status,
        "items": [
            {
                "id": item.id,
                "ean": item.ean,
                "quantity": item.quantity,
                "shipped": item.shipped,
                "cancelled": item.cancelled,
            }
            for item in order.items
        ],
    }
