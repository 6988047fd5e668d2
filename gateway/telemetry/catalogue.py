"""Every metric there is. docs/telemetry.md, the dashboard and the alerts are held against this list by tests.

Labels take values from a bounded set only: configured names, templates of routes, words of ours. Never an id, a
caller's text, an address.
"""

from gateway.telemetry.instruments import Instrument, gauge, histogram

PROVIDER = "ordergate.provider"
"""Label: the name of the account, as configured under `providers`."""

# OpenTelemetry's semantic conventions for HTTP, and what an order may take besides.
_HTTP = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0)
_WAIT = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

SERVER_DURATION = histogram(
    "http.server.request.duration",
    "Callers' requests, from their head to the end of the answer.",
    "http.request.method",
    "http.route",
    "http.response.status_code",
    buckets=_HTTP,
)
SERVER_ACTIVE = gauge(
    "http.server.active_requests", "Callers' requests under way.", "http.request.method", unit="{request}"
)
QUEUE_DURATION = histogram(
    "ordergate.provider.queue.duration",
    "Waits of requests for room in a provider's limits, also those that ended in a refusal.",
    PROVIDER,
    buckets=_WAIT,
)


def catalogue() -> list[Instrument]:
    """Return every instrument, in the order above."""
    return [one for one in globals().values() if isinstance(one, Instrument)]
