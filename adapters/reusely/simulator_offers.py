"""The simulated account's offers: made by checkouts, walking through the workflow, listed to administrators."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

STAGES = ("Active Leads", "Pending", "Received", "Reviewed", "Completed")
STAGE_IDS = {name: number for number, name in enumerate((*STAGES, "On-Hold", "Cancelled", "Expired"), 1)}
# What a customer's e-mail address (`ann+hold@…`) makes of the offer, and after how many steps.
TURNS = {
    "+cancelled@": (1, "Cancelled"),
    "+expired@": (2, "Expired"),
    "+hold@": (3, "On-Hold"),
    "+custom@": (3, "Awaiting Grading"),
}
MOST = 100_000


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an offer."""

    product_id: int
    name: str
    condition_id: int
    quantity: int
    price: int
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer. `stage` is fixed for demonstration data, else it follows from the offer's age."""

    number: int
    box_id: str
    token: str
    created: datetime
    email: str
    payout_method: str
    customer: dict[str, str]
    items: tuple[Item, ...]
    custom_fields: tuple[dict[str, str], ...] = ()
    source: str = "Public API"
    fixed: str | None = None

    def stage(self, now: datetime, pace: float) -> str:
        """Return the workflow stage: one step for each `pace` seconds of age, all of them at once for pace 0."""
        if self.fixed is not None:
            return self.fixed
        age = (now - self.created).total_seconds()
        step = len(STAGES) - 1 if pace <= 0 else int(age // pace)
        for mark, (since, turned) in TURNS.items():
            if mark in self.email and step >= since:
                return turned
        return STAGES[max(0, min(step, len(STAGES) - 1))]

    def row(self, now: datetime, pace: float) -> dict[str, Any]:
        """Return the offer as the administrators' list shows it, by the names of the webhook page."""
        stage = self.stage(now, pace)
        amount = sum(item.price * item.quantity for item in self.items)
        sent = stage not in {"Active Leads", "Expired", "Cancelled"}
        return {
            "id": self.number,
            "box_id": self.box_id,
            "status_id": STAGE_IDS.get(stage, 40),
            "status": stage,
            "buyback_source": self.source,
            "selling_type": "Instant Offer",
            "payout_method": self.payout_method,
            "payout_total": f"${amount}.00",
            "payout_amount": f"{amount}.00",
            "payout_currency_symbol": "$",
            "customer_email": self.email,
            "customer_name": f"{self.customer['shipping_firstname']} {self.customer['shipping_lastname']}",
            **self.customer,
            "number_of_buyback_items": sum(item.quantity for item in self.items),
            "order_detail": [
                {
                    "product_id": item.product_id,
                    "product_name": item.name,
                    "condition_id": item.condition_id,
                    "qty": item.quantity,
                    "price": f"{item.price}.00",
                    **item.texts,
                }
                for item in self.items
            ],
            "custom_fields": list(self.custom_fields) or None,
            "courier": "Easypost(USPS)" if sent else None,
            "tracking_number": f"94055{self.number:016d}" if sent else None,
            "company_name": "Second Spring Devices",
            "created_at": self.created.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "updated_at": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }


class Offers:
    """Every offer of the account, oldest first, at most `MOST` of them."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.all: list[Offer] = []
        self.next_number = 93001

    def add(
        self,
        created: datetime,
        body: dict[str, Any],
        items: tuple[Item, ...],
        *,
        payout_method: str,
        fixed: str | None = None,
    ) -> Offer:
        """Make an offer of a checked body."""
        letters = "".join(self.chance.choices("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", k=5))
        offer = Offer(
            self.next_number,
            f"SIM{letters}{self.next_number}",
            f"{self.chance.getrandbits(128):032x}",
            created,
            body["customer_email"],
            payout_method,
            {key: value for key, value in body.items() if key.startswith("shipping_") or key == "customer_phone"},
            items,
            tuple(body.get("custom_fields", ())),
            fixed=fixed,
        )
        self.next_number += 1
        self.all.append(offer)
        if len(self.all) > MOST:
            del self.all[0]
        return offer

    def seed(self, now: datetime, products: list[tuple[int, str, int]]) -> None:
        """Add demonstration data: two dozen offers of the last days, in every stage."""
        people = (("Mara", "Quill"), ("Jonas", "Reed"), ("Ines", "Vale"), ("Theo", "Marsh"))
        stages = (*STAGES, "On-Hold", "Cancelled", "Expired")
        for count in range(24):
            first, last = people[count % len(people)]
            number, name, best = self.chance.choice(products)
            body = {
                "customer_email": f"{first}.{last}{count}@customers.example".lower(),
                "shipping_firstname": first,
                "shipping_lastname": last,
                "shipping_city": "Springfield",
                "shipping_zip": f"{62700 + count}",
                "shipping_country": "US",
            }
            item = Item(number, name, 12, 1, best * 70 // 100)
            created = now - timedelta(hours=5 * (24 - count))
            self.add(created, body, (item,), payout_method="PayPal", fixed=stages[count % len(stages)])
