"""Rate limits of the routes used here, as observed: bol publishes them on a resource that may change at any time."""

from adapters.contract.traits import RateLimit

_OBSERVED = "GET /retailer/public/ratelimits as seen by others; API Conventions, Rate Limiting, gives examples only"
_OWN = "own choice: bol publishes no number, and blocks addresses that ask for too many tokens (Authentication)"

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
