"""Permits: what a store of budgets must promise, whoever shares it.

A budget of N requests in T seconds has N slots. A permit holds slots from before its request leaves until T after the
answer was seen, so that no window of T at the provider ever sees more than N, wherever its windows begin:

    slot 1  take |--- request ---answer| give_back ====== T ======| free
    slot 2     take |--- request ----answer| give_back ====== T ======| free

Every moment is the store's own: who shares a store needs no common clock. A store does not order who waits; `take`
says yes or how long, and nothing is taken by a no.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from policies.errors import PolicyError

SHORT_SECONDS = 61.0
"""The longest window that a store may forget, in seconds: a minute with its margin. It costs a cold window then."""


class Budget(NamedTuple):
    """One limit of one account, as it counts for one request: `requests` slots that each rest for `seconds`.

    `key` is "account/rule", and "account/rule/hmac" for the partition of a value; personal data is never in it.
    `seconds` has the margin for clocks that run at different rates in it already. `reserve` slots are left to others:
    the taker gets none of the last ones, but of what is left to take now at least one is everybody's.
    """

    key: str
    requests: int
    seconds: float
    reserve: int = 0


class Permit(NamedTuple):
    """Slots taken together for one request, and given back together.

    `budgets` are those taken from with how many slots each; their `requests` is what was in force at that moment, less
    than asked for while the key is blocked in part.
    """

    id: str
    budgets: tuple[tuple[Budget, int], ...]


class Wait(NamedTuple):
    """No permit now: `key` holds it up most, and nothing can be free there before `seconds` from now.

    Of a slot that is in use nobody knows when it is free: a full T from now at the earliest, unless its request is
    never sent.
    """

    seconds: float
    key: str


class Usage(NamedTuple):
    """How a budget stands.

    Slots `used` (taken or resting) of the `limit` in force, seconds until one is free and for
    how long nothing at all is let through; 0.0 each where there is nothing to wait for.
    """

    used: int
    limit: int
    free_in: float
    blocked_for: float


class PermitsUnavailable(PolicyError):
    """The store of permits cannot answer, so nothing may be sent: a lost store never means that there is room."""


class Permits(Protocol):
    """A store of budgets. Every method raises PermitsUnavailable when the store cannot answer.

    What a store forgets (a restart, a lost table) costs a key one cold window: nothing is let through for T, for the
    requests that are not remembered may still count. Bounded: a store that would have to remember too much waits.
    """

    async def open(self) -> None:
        """Open the store."""
        ...

    async def close(self) -> None:
        """Close the store. Permits still held are left to their `hold`."""
        ...

    async def take(self, budgets: Sequence[tuple[Budget, int]], hold: float) -> Permit | Wait:
        """Take slots of every budget (how many is said beside each), all or nothing, atomically.

        Slots used plus those asked for stay within `requests` less `reserve` (or what a block leaves, less `reserve`;
        never less than one slot where there is any). A permit that is not given back within `hold` seconds counts as
        given back then, sent: its process is gone.
        """
        ...

    async def give_back(self, permit: Permit, sent: bool, linger: float = 0.0) -> None:
        """Let slots rest for T and `linger` seconds from now where the request was sent, or free them now.

        `linger` is for a request without an answer, which may still be on its way. Harmless when repeated.
        """
        ...

    async def block(self, key: str, seconds: float, beyond: int = 0) -> None:
        """Let nothing through for `seconds` that would need more than `beyond` slots of the key.

        0 stops the key (the provider said so); more is a limit found to be lower than the configured one. Several
        blocks count at once, the tightest of those that last; none shortens or loosens another.
        """
        ...

    async def usage(self, keys: Sequence[str]) -> Mapping[str, Usage]:
        """Return how budgets stand, for keys that are known; `limit` is that of the last `take` of the key.

        May be a second old, so that telling it need not cost a round trip.
        """
        ...
