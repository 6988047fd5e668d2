"""Tables: Reusely's words and ours."""

import re
from collections.abc import Mapping
from typing import Any

from adapters.contract.models import values
from adapters.contract.models.resources import Status

# Workflow stages are edited by each account (settings `statuses` adds to these) and no complete list is published.
# Fragments: the help article "Processing Mail-In Buyback Offers" and the webhook page's example.
STATUSES: dict[str, Status] = {
    "active leads": "pending",  # status_id 1: an offer was made, nothing has come yet
    "pending": "pending",  # judgement: waits for the device
    "received": "processing",  # the device is with the merchant
    "reviewed": "processing",  # inspected; the payout follows
    "completed": "delivered",  # judgement: the device stays, the payout is made; there is nothing after it
    "on hold": "processing",  # judgement: stopped, and can go on
    "general hold": "processing",
    "activation lock": "processing",
    "abandoned": "cancelled",  # judgement: a lead that was given up
    "cancelled": "cancelled",
    "expired": "cancelled",  # judgement: the device never came
}


def stage(word: str) -> str:
    """Return a stage's name as the tables write it: lower case, one space for hyphens and underscores."""
    return re.sub(r"[\s_-]+", " ", word).strip().casefold()


def status_table(own: Mapping[str, Status]) -> dict[str, Status]:
    """Return the default stages with an account's own over them."""
    return {**STATUSES, **{stage(word): status for word, status in own.items()}}


def status_word(row: Mapping[str, Any]) -> str | None:
    """Return the provider's own word for an offer's stage, its number where there is no word."""
    for member in ("status", "status_name", "status_id"):
        value = row.get(member)
        word = values.text(value.get("name") if isinstance(value, dict) else value, 100)
        if word is not None:
            return word
    return None


def status(word: str | None, table: Mapping[str, Status]) -> Status:
    """Return the canonical status; `unknown` for a word of no table."""
    return table.get(stage(word), "unknown") if word else "unknown"
