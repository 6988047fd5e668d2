"""Every metric there is. docs/telemetry.md, the dashboard and the alerts are held against this list by tests.

Labels take values from a bounded set only: configured names, templates of routes, words of ours. Never an id, a
caller's text, an address.
"""

from gateway.telemetry.instruments import Instrument, counter, gauge, histogram

PROVIDER = "ordergate.provider"
"""Label: the name of the account, as configured under `providers`."""

LIMIT = "ordergate.limit"
"""Label: the id of a provider's limit, as `GET /v1/rate-limits` tells it."""

# OpenTelemetry's semantic conventions for HTTP, and what an order may take besides.
_HTTP = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0)
_COMMIT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
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
BUDGET_USE = gauge(
    "ordergate.budget.use",
    "Part of a limit that is taken or rests, of the limit in force. Of a limit with a budget for each value, that of"
    " requests without one.",
    PROVIDER,
    LIMIT,
    unit="1",
)
BUDGET_LIMIT = gauge(
    "ordergate.budget.limit",
    "Requests that a limit allows now: the configured or what was learned, where that is lower.",
    PROVIDER,
    LIMIT,
    unit="{request}",
)
BUDGET_WAITING = gauge(
    "ordergate.budget.waiting", "Requests that wait for room in a limit.", PROVIDER, LIMIT, unit="{request}"
)
CLIENT_DURATION = histogram(
    "http.client.request.duration",
    "Requests to providers, from the look-up of the name to the last byte of the answer. `error.type` is the status"
    " from 400 up or what went wrong; `ordergate.wire_phase` says how far the request got.",
    PROVIDER,
    "ordergate.step",
    "http.request.method",
    "http.response.status_code",
    "error.type",
    "ordergate.wire_phase",
    buckets=_HTTP,
)
CLIENT_ACTIVE = gauge("http.client.active_requests", "Requests to providers under way.", PROVIDER, unit="{request}")
CIRCUIT = gauge(
    "ordergate.provider.circuit",
    "1 for the state of an account's circuit, 0 for the others: closed (requests pass), open (they are refused at"
    " once), half-open (one read asks whether the provider is back).",
    PROVIDER,
    "ordergate.state",
    unit="{circuit}",
)
RETRIES = counter(
    "ordergate.provider.retries", "Reads that were sent again.", PROVIDER, "ordergate.step", unit="{request}"
)
LOGINS = counter(
    "ordergate.provider.logins",
    "Tokens fetched: done, refused (the credentials or the account) or failed.",
    PROVIDER,
    "ordergate.outcome",
    unit="{login}",
)
CACHE_LOOKUPS = counter(
    "ordergate.cache.lookups",
    "Questions about catalogs that are kept: hit (told as kept), stale (told although due for renewal), joined (waited"
    " for another's request), miss (asked).",
    PROVIDER,
    "ordergate.cache.result",
    unit="{lookup}",
)
CACHE_BYTES = gauge("ordergate.cache.size", "Memory that kept answers take, at most `cache.max_bytes`.", unit="By")
JOURNAL_DURATION = histogram(
    "ordergate.journal.commit.duration",
    "Durable changes of the journal: done, refused (somebody else was first, or there is no room) or failed.",
    "ordergate.journal.command",
    "ordergate.outcome",
    buckets=_COMMIT,
)
OPERATIONS = gauge(
    "ordergate.operations",
    "Operations in the journal that have not ended, or wait for a person. Of the whole fleet, told by each instance.",
    PROVIDER,
    "ordergate.state",
    unit="{operation}",
)
OLDEST = gauge(
    "ordergate.operations.oldest_unresolved",
    "Age of the oldest operation that has not ended, or waits for a person; 0 without any. Of the whole fleet.",
    PROVIDER,
    unit="s",
)
ENDED = counter(
    "ordergate.operations.ended",
    "Operations that this process has brought to an end, or given up to a person (parked).",
    PROVIDER,
    "ordergate.state",
    unit="{operation}",
)

WORKER_READY = gauge(
    "ordergate.worker.ready",
    "1 for a worker that serves, 0 for one that does not. With `listen.workers` above 1 only.",
    "ordergate.worker",
    unit="{worker}",
)


def catalogue() -> list[Instrument]:
    """Return every instrument, in the order above."""
    return [one for one in globals().values() if isinstance(one, Instrument)]
