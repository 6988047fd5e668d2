"""The catalog cache: answers kept as the JSON they are told in, bounded by bytes, and asked for once at a time.

    caller ──► decide(age, lifetime, wish) ── tell ───────────────────────────────► kept JSON
                                           ├─ tell-and-renew ──► kept JSON, and a flight of its own
                                           ├─ ask ──► flight (one for each question) ──► kept, told to all who wait
                                           └─ give-up ──► NotKept

A flight belongs to nobody: a caller who goes away does not end it, its failure is told to all who wait, and each waits
no longer than it has time. What is kept is a provider's answer to a question and nothing of the caller's: who may ask
is decided before. Orders, accounts and operations never come here.

Why the age counts from when an answer was asked for: that is the latest moment at which it was certainly true.
"""

import asyncio
import hashlib
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
import structlog
from cachetools import TLRUCache

from adapters.contract.errors import AdapterError, Refusal
from gateway.api.problems import TYPES
from gateway.config.caching import ProviderCache
from gateway.errors import AdapterFault, rule
from gateway.providers.trip import Trip
from gateway.telemetry.catalogue import CACHE_BYTES, CACHE_LOOKUPS
from gateway.telemetry.metrics import Metrics
from policies.errors import DeadlineExceeded, NotKept, Overloaded, PolicyError
from policies.freshness import Lifetime, Wish, decide, tells_after_failure

Key: TypeAlias = tuple[str, ...]
"""The account, the operation, and every parameter that the provider's answer depends on."""

MAX_FLIGHTS = 256
ENTRY_BYTES = 1024
"""What an entry takes beside its JSON and its key."""
LARGEST_PART = 4
"""An answer that would take more than this part of the room is not kept: it would drive out all others."""

NOTHING_KEPT = Lifetime(0.0)

DEFAULTS: Mapping[str, tuple[str, Lifetime]] = {
    "list_categories": ("categories", Lifetime(3600.0, 3600.0, 86400.0)),
    # Prices are in these; an order is placed at the provider's price of that moment, whatever was shown here.
    "list_products": ("products", Lifetime(60.0, 60.0, 600.0)),
    "get_product": ("product", Lifetime(30.0, 30.0, 600.0)),
}
"""What is kept: the adapter's method, its name in the configuration, and for how long unless somebody knows better."""

log = structlog.get_logger("ordergate.cache")


class Content(msgspec.Struct, frozen=True):
    """An answer as it is told: one resource, or the items of a page and where the provider's list goes on."""

    body: bytes
    next_cursor: str | None = None


class Question(msgspec.Struct, frozen=True):
    """What is asked: under which key, for how long the answer is good, and how to get it."""

    key: Key
    lifetime: Lifetime
    ask: Callable[[Trip], Awaitable[Content]]


@dataclass(slots=True)
class _Kept:
    content: Content
    tag: str
    asked: float
    until: float
    size: int
    failed: float = -math.inf


class Told(msgspec.Struct, frozen=True):
    """An answer, how old it is in seconds, and a tag that changes with it ("" where nothing is kept).

    `kept` says that it was asked for before this call; `joined` is the trip of another call that this one waited for.
    """

    content: Content
    lifetime: Lifetime
    age: float = 0.0
    tag: str = ""
    kept: bool = False
    joined: Trip | None = None

    @property
    def next_cursor(self) -> str | None:
        """Return where the provider's list goes on."""
        return self.content.next_cursor


@dataclass(frozen=True, slots=True)
class _Flight:
    task: "asyncio.Task[_Kept]"
    trip: Trip


class Cache:
    """Keeps answers in at most `max_bytes`; `lifetimes` has those of each account, by the adapter's method."""

    def __init__(
        self,
        max_bytes: int,
        lifetimes: Mapping[str, Mapping[str, Lifetime]],
        now: Callable[[], float] = time.monotonic,
        metrics: Metrics | None = None,
    ) -> None:
        self._now = now
        self._metrics = metrics
        self._lifetimes = lifetimes if max_bytes else {}
        self._largest = max_bytes // LARGEST_PART
        self._flights: dict[Key, _Flight] = {}
        self._kept: TLRUCache[Key, _Kept] = TLRUCache(
            max(1, max_bytes), ttu=lambda key, kept, now: kept.until, timer=now, getsizeof=lambda kept: kept.size
        )
        if metrics is not None:
            metrics.watch(CACHE_BYTES, lambda: [((), float(self.size))])

    @property
    def size(self) -> int:
        """Return how many bytes are taken."""
        return int(self._kept.currsize)

    def lifetime(self, account: str, operation: str) -> Lifetime:
        """Return how long the answers of an operation are kept; not at all where nothing says so."""
        return self._lifetimes.get(account, {}).get(operation, NOTHING_KEPT)

    async def tell(self, question: Question, trip: Trip, wish: Wish) -> Told:
        """Return an answer, kept or new. `trip` is used where this call is the one that asks.

        Raises NotKept for a caller who wants a kept answer only, DeadlineExceeded, Overloaded, and what asking raises.
        """
        if question.lifetime.longest <= 0 or wish.no_store:
            if wish.only_if_cached:
                raise NotKept
            return Told(await question.ask(trip), question.lifetime)
        now = self._now()
        kept = self._kept.get(question.key)
        age = None if kept is None else now - kept.asked
        decision = decide(age, question.lifetime, wish, math.inf if kept is None else now - kept.failed)
        if decision == "give-up":
            raise NotKept
        if kept is not None and decision != "ask":
            self._count(question, "hit" if now - kept.asked <= question.lifetime.fresh else "stale")
            if decision == "tell-and-renew":
                self._renew(question, trip)
            return self._told(question, kept)
        flight = self._flown(question, trip)
        joined = None if flight.trip is trip else flight.trip
        self._count(question, "miss" if joined is None else "joined")
        try:
            return self._told(question, await self._landed(flight, trip), kept=joined is not None, joined=joined)
        except (AdapterError, PolicyError, AdapterFault) as error:
            if kept is None or not _is_failure(error):
                raise
            if not tells_after_failure(self._now() - kept.asked, question.lifetime, wish):
                raise
            return self._told(question, kept, joined=joined)

    async def close(self) -> None:
        """End what is under way."""
        flights = [flight.task for flight in self._flights.values()]
        for task in flights:
            task.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _count(self, question: Question, result: str) -> None:
        if self._metrics is not None:
            self._metrics.add(CACHE_LOOKUPS, question.key[0], result)

    def _told(self, question: Question, found: _Kept, *, kept: bool = True, joined: Trip | None = None) -> Told:
        return Told(found.content, question.lifetime, self._now() - found.asked, found.tag, kept, joined)

    def _renew(self, question: Question, trip: Trip) -> None:
        """Ask behind the caller's back, unless somebody does or too much is under way."""
        with suppress(Overloaded):
            self._flown(question, trip)

    def _flown(self, question: Question, trip: Trip) -> _Flight:
        """Return the flight of the question, begun with `trip` unless somebody did before. Raises Overloaded."""
        flight = self._flights.get(question.key)
        if flight is not None:
            return flight
        if len(self._flights) >= MAX_FLIGHTS:
            raise Overloaded(1.0)
        flight = _Flight(asyncio.create_task(self._asked(question, trip)), trip)
        self._flights[question.key] = flight
        flight.task.add_done_callback(lambda task: self._ended(question.key, task))
        return flight

    async def _landed(self, flight: _Flight, trip: Trip) -> _Kept:
        """Wait for a flight as long as there is time; neither giving up nor being cancelled ends it."""
        done, _ = await asyncio.wait({flight.task}, timeout=trip.deadline.left())
        if not done:
            raise DeadlineExceeded
        return flight.task.result()

    async def _asked(self, question: Question, trip: Trip) -> _Kept:
        asked = self._now()
        try:
            content = await question.ask(trip)
        except (AdapterError, PolicyError, AdapterFault):
            raise
        except Exception:
            # Behind a caller's back nobody else would tell.
            log.exception("catalog question failed", provider=question.key[0])
            raise
        tag = hashlib.blake2b(content.body, digest_size=16)
        tag.update((content.next_cursor or "").encode())
        size = len(content.body) + sum(map(len, question.key)) + ENTRY_BYTES
        kept = _Kept(content, tag.hexdigest(), asked, asked + question.lifetime.longest, size)
        if size <= self._largest:
            self._kept[question.key] = kept
        else:
            self._kept.pop(question.key, None)
        return kept

    def _ended(self, key: Key, task: "asyncio.Task[_Kept]") -> None:
        """Note how a flight ended: what is kept rests after a failure, and goes with the thing it was about."""
        self._flights.pop(key, None)
        if task.cancelled():
            return
        error = task.exception()
        kept = self._kept.get(key)
        if error is None or kept is None:
            return
        kept.failed = self._now()
        if isinstance(error, AdapterError | PolicyError) and not _is_failure(error):
            del self._kept[key]


def _is_failure(error: Exception) -> bool:
    """Tell whether an error says nothing about what was asked for, only that it could not be asked."""
    return not isinstance(error, Refusal) and TYPES[rule(error).problem].status >= 500


def lifetimes(configured: ProviderCache, stated: Mapping[str, float]) -> Mapping[str, Lifetime]:
    """Return how long an account's answers are kept: as configured, else as the adapter states, else by default."""
    found = {}
    for method, (name, default) in DEFAULTS.items():
        wanted = getattr(configured, name)
        times = (wanted.ttl, wanted.stale_while_revalidate, wanted.stale_if_error)
        usual = (stated.get(method, default.fresh), default.stale_while_revalidate, default.stale_if_error)
        found[method] = Lifetime(*(one if own is None else own for own, one in zip(times, usual, strict=True)))
    return found
