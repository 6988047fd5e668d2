"""What a provider gives us to find out what became of a write, and its documented rates: numbers with their source."""

from dataclasses import dataclass
from typing import Literal

TraitKind = Literal["native_key", "dedupe_ref", "lookup", "async", "natural", "none"]


@dataclass(frozen=True, slots=True)
class Trait:
    """How the fate of one step can be known when its answer is lost. Times in seconds.

    kind
        `native_key`  the provider recognises the repeated request by our key, for `retention`
        `dedupe_ref`  the provider refuses a second order with the same reference (proven, not promised)
        `lookup`      the provider can be asked by our reference: `find_order`
        `async`       the provider keeps a process whose state can be asked for: `poll`, `find_processes`
        `natural`     doing it twice is the same as doing it once
        `none`        nothing helps: a person has to look
    settle
        how long an order may take to become visible to a look-up
    probes
        how many look-ups, spread over `settle`, must say "absent" before absence is believed
    on_absent
        what follows from proven absence: `park` for a person, or `resend`
    """

    kind: TraitKind
    source: str
    retention: float = 0.0
    settle: float = 0.0
    probes: int = 3
    on_absent: Literal["park", "resend"] = "park"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A documented limit: `requests` per `seconds` for requests whose method and route match.

    `method` and `route` may be `*`; `route` is the template the adapter uses in `HttpRequest.route`, where a
    `*` segment matches one segment and a last `**` the rest. `partition` is a JSON pointer into the request body
    whose value has a budget of its own (`/customer_email`), or `credential`: accounts with the same credentials share
    the limit. `cost` is how many of `requests` one request counts; `spacing` are seconds between two requests, for a
    provider that looks at less than the whole window.
    """

    method: str
    route: str
    requests: int
    seconds: float
    source: str
    partition: str | None = None
    cost: int = 1
    spacing: float = 0.0
