"""Lists over one or several providers: asked at once, merged, with one cursor over all of them.

A cursor is opaque text that any sidecar can serve: which providers still have items, where each goes on, and which of
them failed. A provider that fails is reported as incomplete and asked again, from the same place, on the next page, as
long as others have more: so nothing is left out in silence, and a list ends although a provider stays away.
"""

import asyncio
import base64
import zlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Generic, NoReturn, Protocol, TypeVar

import msgspec

from adapters.contract import codec
from adapters.contract.errors import AdapterError, InvalidOrder
from adapters.contract.models.resources import Resource
from gateway.api.body import ApiError, refuse_violations
from gateway.api.context import Answer, Call
from gateway.api.problems import Incomplete, Problem, ProblemViolation, problem
from gateway.errors import AdapterFault, describe
from gateway.providers.provider import Provider
from policies.errors import PolicyError

T = TypeVar("T")
START = ""
MAX_CURSOR = 4096


class Listing(Resource, Generic[T], frozen=True, kw_only=True):
    """A list: items, where to go on, and the providers whose part is missing."""

    items: tuple[T, ...]
    next_cursor: str | None = None
    incomplete: tuple[Incomplete, ...] | None = None


class Going(Protocol):
    """What one provider answers of a list: it says where the list goes on."""

    @property
    def next_cursor(self) -> str | None:
        """Return the provider's cursor, or None at the end."""
        ...


G = TypeVar("G", bound=Going)


class Part(msgspec.Struct, Generic[G], frozen=True):
    """One provider's part of a page."""

    name: str
    page: G | None = None
    problem: Problem | None = None


async def listed(  # noqa: PLR0917 - the parts of one question
    call: Call,
    operation: str,
    filters: Resource | dict[str, Any],
    provider: str | None,
    limit: int,
    cursor: str | None,
    read: Callable[[Provider, int, str | None], Awaitable[G]],
) -> tuple[list[G], str | None, tuple[Incomplete, ...]]:
    """Return the providers' parts of one page, the next cursor and what is incomplete.

    Raises ApiError when the cursor is not ours, when nobody can answer, or when everybody asked failed.
    """
    seal = _seal(operation, filters, provider)
    if cursor:
        positions, failing = _opened(cursor, seal)
    else:
        positions, failing = dict.fromkeys(_candidates(call, operation, provider), START), frozenset()
    waiting = list(positions)
    parts: list[Part[G]] = []
    pages: list[G] = []
    while waiting and not pages:
        asked, waiting = waiting[:limit], waiting[limit:]
        share, more = divmod(limit, len(asked))
        accounts = [call.provider(name) for name in asked]
        reads = [
            _part(account, read, share + (index < more), positions[account.name] or None)
            for index, account in enumerate(accounts)
        ]
        parts += [await reads[0]] if len(reads) == 1 else await asyncio.gather(*reads)
        pages = [part.page for part in parts if part.page is not None]
    failed = {part.name: part.problem for part in parts if part.problem is not None}
    following = {name: positions[name] for name in waiting}
    following |= {part.name: part.page.next_cursor for part in parts if part.page and part.page.next_cursor}
    if len(failed) == len(parts) and not failed.keys() <= failing:
        _nobody(failed)
    incomplete = tuple([Incomplete(provider=name, problem=told) for name, told in failed.items()])
    if not following:
        return pages, None, incomplete
    # Who failed is asked last: where a page has room for a few, the others are not kept waiting.
    following |= {name: positions[name] for name in failed}
    return pages, _closed(following, failing.intersection(waiting).union(failed), seal), incomplete


def page_answer(items: Sequence[Any], cursor: str | None, incomplete: tuple[Incomplete, ...]) -> Answer:
    """Return the answer for a list, each id once."""
    unique = {item.id: item for item in items}
    return Answer(Listing(items=tuple(unique.values()), next_cursor=cursor, incomplete=incomplete or None))


def _candidates(call: Call, operation: str, provider: str | None) -> list[str]:
    if provider is not None:
        return [call.provider(provider).name]
    able = [one.name for one in call.usable() if one.adapter.supports(operation)]
    if not able:
        raise ApiError(problem("unsupported-operation", "None of the providers this caller may use can do this."))
    return able


async def _part(
    provider: Provider,
    read: Callable[[Provider, int, str | None], Awaitable[G]],
    limit: int,
    cursor: str | None,
) -> Part[G]:
    try:
        page = await read(provider, limit, cursor)
    except InvalidOrder as error:
        refuse_violations(ProblemViolation(name=one.name, reason=one.reason) for one in error.violations)
    except (AdapterError, PolicyError, AdapterFault) as error:
        return Part(provider.name, problem=describe(error, provider.name))
    return Part(provider.name, page)


def _nobody(failed: Mapping[str, Problem]) -> NoReturn:
    """Raise the problem of the only provider asked, or one that names them all."""
    if len(failed) == 1:
        raise ApiError(next(iter(failed.values())))
    incomplete = tuple(Incomplete(provider=name, problem=told) for name, told in failed.items())
    kinds = {told.name for told in failed.values()}
    name = "unsupported-operation" if kinds == {"unsupported-operation"} else "provider-unavailable"
    raise ApiError(problem(name, "None of the providers that were asked could answer.", incomplete=incomplete))


def _seal(operation: str, filters: Resource | dict[str, Any], provider: str | None) -> int:
    """Return what binds a cursor to its question: against mistakes, so a checksum is enough."""
    return zlib.crc32(codec.encode([operation, filters, provider]))


def _closed(positions: Mapping[str, str | None], failing: Collection[str], seal: int) -> str:
    return base64.urlsafe_b64encode(codec.encode([3, seal, positions, sorted(failing)])).decode().rstrip("=")


def _opened(cursor: str, seal: int) -> tuple[dict[str, str], frozenset[str]]:
    """Return where each provider goes on, and which of them failed on the pages before. Raises ApiError."""
    wrong = [ProblemViolation(name="cursor", reason="not a cursor of this list with these parameters")]
    if len(cursor) > MAX_CURSOR:
        refuse_violations(wrong)
    try:
        value = codec.decode(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except ValueError:
        refuse_violations(wrong)
    match value:
        case [3, int() as found, dict() as positions, list() as failing] if found == seal and positions:
            if all(isinstance(one, str) for one in (*positions.values(), *failing)):
                return positions, frozenset(failing)
            refuse_violations(wrong)
        case _:
            refuse_violations(wrong)
    return None
