"""Rate limits of the routes used here, as observed: bol publishes them on a resource that may change at any time."""

from collections.abc import Iterator
from typing import Any

from adapters.contract.models import values
from adapters.contract.traits import RateLimit

_OBSERVED = "GET /retailer/public/ratelimits as seen by others; API Conventions, Rate Limiting, gives examples only"
_OWN = "own choice: bol publishes no number, and blocks addresses that ask for too many tokens (Authentication)"
_MOST = 1000

LIMITS: tuple[RateLimit, ...] = (
    RateLimit("GET", "/retailer/orders", 25, 60, _OBSERVED),
    RateLimit("GET", "/retailer/orders/{order_id}", 25, 1, _OBSERVED),
    RateLimit("GET", "/retailer/shipments", 25, 60, _OBSERVED),
    RateLimit("GET", "/retailer/shipments/{shipment_id}", 50, 60, _OBSERVED),
    RateLimit("POST", "/retailer/shipments", 25, 1, _OBSERVED),
    RateLimit("POST", "/retailer/products/list", 50, 60, _OBSERVED),
    RateLimit("GET", "/retailer/products/{ean}/assets", 50, 60, _OBSERVED),
    RateLimit("GET", "/retailer/products/{ean}/offers", 900, 60, _OBSERVED),
    RateLimit("GET", "/retailer/products/categories", 1, 60, _OBSERVED),
    RateLimit("GET", "/retailer/content/catalog-products/{ean}", 10, 1, _OBSERVED),
    RateLimit("POST", "/shared/process-status", 2, 1, _OBSERVED),
    RateLimit("GET", "/shared/process-status/{process_id}", 100, 1, _OBSERVED),
    RateLimit("POST", "/token", 6, 60, _OWN),
)

PUBLISHED = "/retailer/public/ratelimits"
"""A public list of {path, methods, maxCapacity, timeToLive, timeUnit}, numbers as text; not in the OpenAPI file."""
_SECONDS = {"SECONDS": 1, "MINUTES": 60, "HOURS": 3600}


def published(raw: Any) -> tuple[RateLimit, ...]:
    """Read the public list; an entry that cannot be read tells nothing."""
    return tuple(limit for entry in (raw if isinstance(raw, list) else [])[:_MOST] for limit in _limits(entry))


def _limits(entry: Any) -> Iterator[RateLimit]:
    if not isinstance(entry, dict):
        return
    path, methods = values.text(entry.get("path"), 200), values.text(entry.get("methods"), 200)
    capacity, units = values.integer(entry.get("maxCapacity")), values.integer(entry.get("timeToLive"))
    unit = _SECONDS.get(values.text(entry.get("timeUnit"), 20) or "")
    if path is None or methods is None or not capacity or not units or unit is None or capacity < 0 or units < 0:
        return
    for method in methods.split(","):
        yield RateLimit(method.strip(), path, capacity, float(units * unit), f"GET {PUBLISHED}")
