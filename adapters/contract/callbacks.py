"""How a provider's callbacks are understood: verified first, then read into events that say what to look at.

A callback is a hint. `read_callback` never states more than the provider said; the order is read again before
anybody is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Callback:
    """One delivery as it came: headers with lower-case names and the raw body bytes, which signatures are over."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CallbackEvent:
    """What one callback is about.

    `delivery_id` is the same for a repeated delivery (the provider's event id, or what identifies it). `subject` and
    `native_id` say what changed: an order, one of its lines, a process, or a product.
    """

    delivery_id: str
    subject: Literal["order", "line", "process", "product"]
    native_id: str
    provider_status: str | None = None
    reference: str | None = None
