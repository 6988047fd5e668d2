"""The base of every simulator: a provider in memory, with seeded faults and a truth that can be asked for.

A simulator is written from its provider's contract and never imports its adapter. It is strict where the provider
is strict and lenient where it is. Any request below `/_simulator/` is control, not traffic:

    GET    /_simulator/truth    what really happened: orders, requests seen, faults dealt, limits exceeded
    GET    /_simulator/faults   {"slow": 0.1, …}, probabilities by kind
    PUT    /_simulator/faults   the same object sets them

Faults (the request is `executed` or not before the fault shows):

    lost-reply-before  not executed   connection closed without an answer
    lost-reply-after   executed       connection closed without an answer
    slow               executed       answered after `slow_seconds`
    429                not executed   the provider's own 429 with Retry-After
    429-bare           not executed   429 without Retry-After and without a body
    500, 503           not executed   the provider's own server error
    truncated          executed       half of the body, then the connection closes
    html               not executed   a proxy's HTML page with status 502
    wrong-type         executed       the right status with a JSON body of the wrong type
    reset              not executed   connection reset
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from adapters.contract import codec
from adapters.contract.wire import HttpRequest, HttpResponse, Pairs

FaultKind = Literal[
    "lost-reply-before",
    "lost-reply-after",
    "slow",
    "429",
    "429-bare",
    "500",
    "503",
    "truncated",
    "html",
    "wrong-type",
    "reset",
]
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
_MOST_LINES = 1_000
_NOT_EXECUTED: frozenset[FaultKind] = frozenset({"lost-reply-before", "429", "429-bare", "500", "503", "html", "reset"})

Delivery = Literal["whole", "truncated", "dropped", "reset"]


@dataclass(frozen=True, slots=True)
class Received:
    """A request as the provider's server sees it. `path` is as sent (percent-encoded), header names lower case."""

    method: str
    path: str
    query: Pairs = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, request: HttpRequest) -> "Received":
        """Return what a server would see of an adapter's request (its origin's path prefix included)."""
        prefix = urlsplit(request.origin).path.rstrip("/") if request.origin else ""
        headers = {name.lower(): value for name, value in request.headers.items()}
        path, _, query = (prefix + request.target).partition("?")
        return cls(request.method, path, tuple(parse_qsl(query, keep_blank_values=True)), headers, request.body or b"")

    @property
    def segments(self) -> tuple[str, ...]:
        """Return the path's segments, each decoded: `/a/b%2Fc` is ("a", "b/c")."""
        return tuple(unquote(part) for part in self.path.strip("/").split("/"))

    def value(self, name: str, default: str | None = None) -> str | None:
        """Return the first query value of that name."""
        return next((value for key, value in self.query if key == name), default)

    def media_type(self) -> str:
        """Return the Content-Type without parameters, lower case, or ""."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Return the decoded body. Raises ValueError when it is not JSON. Fractions are text."""
        return codec.decode(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """A simulator's answer and how the server is to deliver it: whole, cut, dropped or reset, after `delay` seconds."""

    response: HttpResponse
    delivery: Delivery = "whole"
    delay: float = 0.0


def json_response(status: int, value: Any, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return a JSON response."""
    return HttpResponse(status, {"content-type": "application/json", **(headers or {})}, codec.encode(value))


class Simulator:
    """A provider in memory. Subclasses answer in `respond` and tell their orders in `orders`.

    `seed` makes faults and ids repeatable, `now` is the clock, `pace` the seconds that the provider takes for one
    step of anything asynchronous (a process, a production state).
    """

    credentials: ClassVar[Mapping[str, Any]] = {}
    """Credentials (the adapter's keys under `credentials`) that this simulator accepts."""
    settings: ClassVar[Mapping[str, Any]] = {}
    """Settings that an account of this simulator needs to do all that the adapter can."""
    currency: ClassVar[str | None] = None
    """What an account of this simulator has to configure as its `currency`; None where the provider tells it."""
    unfaulted: ClassVar[tuple[str, ...]] = ()
    """Path prefixes that never get a fault: token endpoints."""
    slow_seconds: ClassVar[float] = 3.0

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        seed: int = 0,
        pace: float = 1.0,
        faults: Mapping[str, float] | None = None,
    ) -> None:
        self.now = now
        self.pace = pace
        self.random = random.Random(seed)
        self.faults: dict[FaultKind, float] = {}
        self.set_faults(faults or {})
        self.requests: Counter[str] = Counter()
        self.dealt: Counter[str] = Counter()

    def respond(self, received: Received) -> HttpResponse:
        """Answer one request as the provider would."""
        raise NotImplementedError

    def orders(self) -> list[dict[str, Any]]:
        """Return every order that exists here: at least `id`, `reference` (or None) and `status`."""
        raise NotImplementedError

    def too_many_requests(self, retry_after: int) -> HttpResponse:
        """Return the provider's own 429."""
        raise NotImplementedError

    def server_error(self, status: int) -> HttpResponse:
        """Return the provider's own 500 or 503."""
        raise NotImplementedError

    def control(self, received: Received) -> HttpResponse | None:
        """Answer a control path of the provider's own below `/_simulator/` (a customer orders, say), or None."""
        return None

    def truth(self) -> dict[str, Any]:
        """Return what really happened here."""
        return {"orders": self.orders(), "requests": dict(self.requests), "faults": dict(self.dealt)}

    def set_faults(self, faults: Mapping[str, float]) -> None:
        """Set the probability of each fault kind. Raises ValueError for an unknown kind or a bad probability."""
        checked: dict[FaultKind, float] = {}
        for kind in FAULT_KINDS:
            if kind in faults:
                checked[kind] = float(faults[kind])
        unknown = sorted(set(faults) - set(checked))
        if unknown:
            raise ValueError(f"unknown fault {unknown[0]!r}; known: {', '.join(FAULT_KINDS)}")
        if any(not 0 <= probability <= 1 for probability in checked.values()) or sum(checked.values()) > 1:
            raise ValueError("probabilities are between 0 and 1, and together at most 1")
        self.faults = checked

    def handle(self, received: Received) -> Reply:
        """Answer one request, with a fault where the seed deals one."""
        if received.path.startswith("/_simulator/"):
            return Reply(self._control(received))
        line = f"{received.method} {received.path}"
        # Whoever tries paths without end is counted in one line: a simulator stays small.
        self.requests[line if line in self.requests or len(self.requests) < _MOST_LINES else "other requests"] += 1
        fault = None if received.path.startswith(self.unfaulted or ("\0",)) else self._deal()
        if fault is None:
            return Reply(self.respond(received))
        self.dealt[fault] += 1
        return self._faulty(fault, received)

    def _deal(self) -> FaultKind | None:
        drawn = self.random.random()
        for kind, probability in self.faults.items():
            if drawn < probability:
                return kind
            drawn -= probability
        return None

    def _faulty(self, fault: FaultKind, received: Received) -> Reply:
        if fault in _NOT_EXECUTED:
            return self._refused(fault)
        response = self.respond(received)
        match fault:
            case "lost-reply-after":
                return Reply(response, "dropped")
            case "truncated":
                return Reply(response, "truncated")
            case "wrong-type":
                return Reply(HttpResponse(response.status, response.headers, b'"surprise"'))
            case _:
                return Reply(response, delay=self.slow_seconds)

    def _refused(self, fault: FaultKind) -> Reply:
        match fault:
            case "429":
                return Reply(self.too_many_requests(1))
            case "429-bare":
                return Reply(HttpResponse(429))
            case "html":
                page = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
                return Reply(HttpResponse(502, {"content-type": "text/html"}, page))
            case "500" | "503":
                return Reply(self.server_error(int(fault)))
            case _:
                return Reply(HttpResponse(500), "reset" if fault == "reset" else "dropped")

    def _control(self, received: Received) -> HttpResponse:
        match received.method, received.path:
            case "GET", "/_simulator/truth":
                return json_response(200, self.truth())
            case "GET", "/_simulator/faults":
                return json_response(200, self.faults)
            case "PUT", "/_simulator/faults":
                try:
                    wanted = received.json()
                    self.set_faults({str(kind): float(value) for kind, value in wanted.items()})
                except (ValueError, TypeError, AttributeError) as error:
                    return json_response(400, {"message": str(error)})
                return json_response(200, self.faults)
            case _:
                known = "control paths are /_simulator/truth and /_simulator/faults"
                return self.control(received) or json_response(404, {"message": known})
