"""The simulated checkout: which members its two versions take, and five requests an hour for each e-mail."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.reusely.simulator_catalog import Product
from adapters.reusely.simulator_offers import Item

PAYOUT_METHODS = frozenset({"PayPal", "Paper Check", "Store Credit"})
PLATFORMS = frozenset({"app", "website", "widget"})
MOST_AN_HOUR = 5
_HOUR = timedelta(hours=1)
_MOST_ADDRESSES = 100_000

_ADDRESS = ("address", "city", "state", "zip", "country", "suite")
_BOTH = {"customer_email", "shipping_firstname", "shipping_lastname", *(f"shipping_{part}" for part in _ADDRESS)}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the checkout: its own names, and what it takes."""

    details: str
    payout: str
    members: frozenset[str]


V2 = Version("order_detail", "payment_method", frozenset(_BOTH | {"order_detail", "payment_method"}))
V3 = Version(
    "offer_detail",
    "payout_method",
    frozenset(
        _BOTH | {"offer_detail", "payout_method", "customer_phone", "custom_fields", "referral_source", "platform"}
    ),
)


class HourlyLimit:
    """Counts requests in a moving hour for each e-mail, in lower case."""

    def __init__(self) -> None:
        self.taken: dict[str, deque[datetime]] = {}
        self.exceeded = 0
        self._clean_at = _MOST_ADDRESSES

    def wait(self, email: str, now: datetime) -> int:
        """Count one request; return 0, or the seconds until one more would be taken."""
        window = self.taken.setdefault(email.strip().lower(), deque())
        while window and window[0] <= now - _HOUR:
            window.popleft()
        if len(window) >= MOST_AN_HOUR:
            self.exceeded += 1
            return max(1, int((window[0] + _HOUR - now).total_seconds()))
        window.append(now)
        if len(self.taken) > self._clean_at:
            self.taken = {key: times for key, times in self.taken.items() if times and times[-1] > now - _HOUR}
            self._clean_at = max(_MOST_ADDRESSES, 2 * len(self.taken))
        return 0


class Checkout:
    """Checks a body as one version of the checkout does, collecting what is wrong by member."""

    def __init__(self, version: Version, product: Callable[[int], Product | None]) -> None:
        self.version = version
        self.product = product
        self.wrong: dict[str, list[str]] = {}

    def items(self, body: dict[str, Any]) -> tuple[Item, ...]:
        """Return the lines of a body, complete only while `wrong` is empty."""
        for member, value in body.items():
            if member not in self.version.members:
                self._say(member, f"The {member} field is not known.")
            elif value is None or value in ("", [], {}):
                self._say(member, f"The {member} field must not be empty.")
        self._check_customer(body)
        if not _is_one_of(body.get(self.version.payout), PAYOUT_METHODS):
            self._say(self.version.payout, f"The selected {self.version.payout} is invalid.")
        if "custom_fields" in body:
            self._check_custom_fields(body["custom_fields"])
        if not _is_one_of(body.get("platform", "app"), PLATFORMS):
            self._say("platform", "The selected platform is invalid.")
        details = body.get(self.version.details)
        if not isinstance(details, list) or not details:
            self._say(self.version.details, f"The {self.version.details} field is required.")
            return ()
        return tuple(
            item
            for index, detail in enumerate(details)
            if (item := self._item(detail, f"{self.version.details}.{index}")) is not None
        )

    def _say(self, member: str, text: str) -> None:
        self.wrong.setdefault(member, []).append(text)

    def _check_customer(self, body: dict[str, Any]) -> None:
        for member in ("customer_email", "shipping_firstname", "shipping_lastname"):
            if member not in body:
                self._say(member, f"The {member} field is required.")
        for member in body.keys() & (_BOTH | {"customer_phone", "referral_source"}):
            if not isinstance(body[member], str):
                self._say(member, f"The {member} field must be a string.")
        email = body.get("customer_email")
        if isinstance(email, str) and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            self._say("customer_email", "The customer_email field must be a valid email address.")

    def _check_custom_fields(self, fields: Any) -> None:
        if not isinstance(fields, list) or not 1 <= len(fields) <= 3:
            self._say("custom_fields", "The custom_fields field must have between 1 and 3 items.")
            return
        for index, entry in enumerate(fields):
            texts = entry.values() if isinstance(entry, dict) and entry.keys() == {"name", "value"} else [None]
            if not all(isinstance(text, str) and text for text in texts):
                self._say(f"custom_fields.{index}", "A custom field has a name and a value.")

    def _item(self, detail: Any, place: str) -> Item | None:
        if not isinstance(detail, dict):
            self._say(place, f"The {place} field must be an object.")
            return None
        for member in sorted(detail.keys() - {"product_id", "condition_id", "qty", "description", "notes"}):
            self._say(f"{place}.{member}", f"The {place}.{member} field is not known.")
        numbers = {member: detail.get(member) for member in ("product_id", "condition_id", "qty")}
        for member, value in numbers.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                self._say(f"{place}.{member}", f"The {place}.{member} field must be a whole number from 1.")
                return None
        texts = {member: detail[member] for member in ("description", "notes") if member in detail}
        for member, value in texts.items():
            if not isinstance(value, str) or not value:
                self._say(f"{place}.{member}", f"The {place}.{member} field must be a string.")
        product = self.product(detail["product_id"])
        if product is None:
            self._say(f"{place}.product_id", f"The selected {place}.product_id is invalid.")
            return None
        price = product.payouts().get(detail["condition_id"])
        if price is None:
            self._say(f"{place}.condition_id", f"The selected {place}.condition_id is invalid.")
            return None
        return Item(product.number, product.name, detail["condition_id"], detail["qty"], price, texts)


def _is_one_of(value: Any, allowed: frozenset[str]) -> bool:
    return isinstance(value, str) and value in allowed
