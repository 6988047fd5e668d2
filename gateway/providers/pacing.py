"""Keeps an account within its provider's documented rates, and quiet for as long as the provider asks."""

import asyncio
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from types import TracebackType

from adapters.contract import codec
from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpRequest
from gateway.providers.evidence import SendFailed
from gateway.providers.slots import PacingRefused, Slots
from policies.errors import PolicyError

__all__ = ["Pacer", "PacingRefused"]

MAX_HOLD = 600.0
"""The longest pause, in seconds, that a provider can ask for: a Retry-After of a year must not end an account."""
MAX_PARTITIONS = 10_000
"""How many values of a partitioned limit (e-mail addresses) are told apart at a time."""

_TRANSIT = 5.0
_UNLIMITED = 2**62


class Pacer:
    """The documented limits of one account. Every limit that matches a request's method and route counts.

    Raises ValueError for a limit that allows nothing.
    """

    def __init__(self, limits: Sequence[RateLimit]) -> None:
        for limit in limits:
            if limit.requests < 1 or limit.seconds <= 0:
                raise ValueError(f"a limit of {limit.requests} requests in {limit.seconds} s allows nothing")
        # A limit with a long window refuses instead of waiting, so it is asked first.
        self._rules = [_Rule(limit) for limit in sorted(limits, key=lambda limit: -limit.seconds)]
        self._matching: dict[tuple[str, str], tuple[_Rule, ...]] = {}

    def admitted(self, request: HttpRequest, timeout: float) -> "Admission":
        """Return a context to send `request` in. Entering it waits for room, first come, first served.

        Entering raises PacingRefused when there will be no room within `timeout` seconds: at once where that is
        known. Leave it when the answer was read, or by the exception that came instead.
        """
        return Admission(self._rules_of(request), request, timeout)

    def hold(self, request: HttpRequest, seconds: float) -> None:
        """Let nothing through for `seconds` (at most `MAX_HOLD`) that the limits of this request count.

        Where one of them is partitioned the pause is that partition's alone; a request without any limit holds up its
        own method and route.
        """
        rules = self._rules_of(request)
        if not rules:
            unlimited = RateLimit(request.method, request.route, _UNLIMITED, 0.0, source="no documented limit")
            rules = self._matching[request.method, request.route] = (_Rule(unlimited),)
        partitioned = [rule for rule in rules if rule.limit.partition is not None]
        for rule in partitioned or rules:
            rule.slots(request).hold(min(max(0.0, seconds), MAX_HOLD))

    def _rules_of(self, request: HttpRequest) -> "tuple[_Rule, ...]":
        key = (request.method, request.route)
        rules = self._matching.get(key)
        if rules is None:
            # Routes are templates of the adapter: there are some dozens.
            rules = self._matching[key] = tuple(rule for rule in self._rules if matches(rule.limit, *key))
        return rules


class Admission:
    """A request's way past its limits: entered when there is room in all of them."""

    __slots__ = ("_request", "_rules", "_taken", "_timeout")

    def __init__(self, rules: "Sequence[_Rule]", request: HttpRequest, timeout: float) -> None:
        self._rules = rules
        self._request = request
        self._timeout = timeout
        self._taken: list[Slots] = []

    async def __aenter__(self) -> None:
        if not self._rules:
            return
        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            for rule in self._rules:
                # Looked up only now: a partition that nobody waits at may be forgotten while others are waited for.
                slots = rule.slots(self._request)
                await slots.take(deadline)
                self._taken.append(slots)
        except BaseException:
            for slots in self._taken:
                slots.give_back()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        phase = error.phase if isinstance(error, SendFailed) else None
        for slots in self._taken:
            # What a policy refuses never left.
            if phase == "not-sent" or isinstance(error, PolicyError):
                slots.give_back()
            else:
                slots.rest(0.0 if error is None or phase == "answered-partly" else _TRANSIT)


class _Rule:
    """One documented limit, and the slots of each partition of it."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._whole = Slots(limit.requests, limit.seconds)
        self._partitions: OrderedDict[bytes, Slots] = OrderedDict()
        self._key = secrets.token_bytes(32)

    def slots(self, request: HttpRequest) -> Slots:
        """Return the slots that count a request. Raises PacingRefused when there are too many partitions."""
        if self.limit.partition is None:
            return self._whole
        value = member(request.body, self.limit.partition)
        if value is None:
            return self._whole
        # Never kept in clear: it is somebody's e-mail address. Case and spaces do not make another customer.
        name = hmac.digest(self._key, str(value).strip().casefold().encode(), "sha256")
        slots = self._partitions.get(name)
        if slots is None:
            self._forget_idle()
            slots = self._partitions[name] = Slots(self.limit.requests, self.limit.seconds)
        self._partitions.move_to_end(name)
        return slots

    def _forget_idle(self) -> None:
        """Make room for a partition: the ones used longest ago go, if they remember nothing that still counts."""
        # Two for each one that comes: the table shrinks again after a rush.
        for _ in range(2):
            if not self._partitions:
                return
            name, oldest = next(iter(self._partitions.items()))
            if oldest.idle_in() > 0:
                break
            del self._partitions[name]
        if len(self._partitions) >= MAX_PARTITIONS:
            raise PacingRefused(next(iter(self._partitions.values())).idle_in())


def matches(limit: RateLimit, method: str, route: str) -> bool:
    """Tell whether a limit counts requests with this method and route template."""
    if limit.method not in {"*", method}:
        return False
    if limit.route == "*":
        return True
    wanted, given = limit.route.strip("/").split("/"), route.strip("/").split("/")
    if wanted[-1] == "**":
        wanted = wanted[:-1]
        given = given[: len(wanted)]
    return len(wanted) == len(given) and all(
        part in {"*", segment} for part, segment in zip(wanted, given, strict=True)
    )


def member(body: bytes | None, pointer: str) -> str | int | None:
    """Return the text or number at a JSON pointer (RFC 6901), or None where there is none."""
    try:
        value = codec.decode(body or b"")
    except ValueError:
        return None
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value if isinstance(value, str | int) else None
