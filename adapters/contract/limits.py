"""What a provider tells about its limits in the headers of its answers."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import http_sf

from adapters.contract.wire import HttpResponse

_NUMBER_DIGITS = 15


@dataclass(frozen=True, slots=True)
class ToldLimit:
    """A limit as one answer tells it; times in seconds from now, None for what is not told.

    `remaining` requests are left until `reset`; `requests` in each `window` are allowed.
    """

    requests: int | None = None
    remaining: int | None = None
    reset: float | None = None
    window: float | None = None


def told_limits(response: HttpResponse) -> tuple[ToldLimit, ...]:
    """Return what the headers tell: `RateLimit` and `RateLimit-Policy` (the IETF draft), else `X-RateLimit-*`.

    Whatever cannot be read tells nothing.
    """
    headers = response.headers
    if "ratelimit" in headers or "ratelimit-policy" in headers:
        return _by_draft(headers.get("ratelimit-policy", ""), headers.get("ratelimit", ""))
    if "x-ratelimit-limit" in headers or "x-ratelimit-remaining" in headers:
        told = ToldLimit(
            requests=_number(headers.get("x-ratelimit-limit")),
            remaining=_number(headers.get("x-ratelimit-remaining")),
            reset=reset_in(_number(headers.get("x-ratelimit-reset")), response),
        )
        return (told,) if told != ToldLimit() else ()
    return ()


def reset_in(reset: int | None, response: HttpResponse) -> float | None:
    """Return the seconds until a moment that is given as seconds from now, or as seconds or milliseconds of an epoch.

    All three have been seen under one name, so it is read by its magnitude. A moment is the provider's clock's, and so
    is `Date`: the difference needs no agreement of clocks.
    """
    if reset is None or reset < 0:
        return None
    if reset < 1_000_000:
        return float(reset)
    now = http_date(response.headers.get("date", ""))
    moment = reset if reset < 100_000_000_000 else reset / 1000
    return None if now is None else max(0.0, moment - now)


def http_date(text: str) -> float | None:
    """Return an HTTP date in seconds of the epoch, or None."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _by_draft(policies: str, states: str) -> tuple[ToldLimit, ...]:
    known = dict(_items(policies))
    told = []
    for name, state in _items(states):
        policy = known.pop(name, {})
        told.append(ToldLimit(_integer(policy, "q"), _integer(state, "r"), _integer(state, "t"), _integer(policy, "w")))
    told += [ToldLimit(requests=_integer(policy, "q"), window=_integer(policy, "w")) for policy in known.values()]
    return tuple(one for one in told if one != ToldLimit())


def _items(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return a structured field's strings with their parameters; nothing for anything else."""
    try:
        found: Any = http_sf.parse(text.encode("ascii"), tltype="list") if text else []
        return [(name, parameters) for name, parameters in found if isinstance(name, str)]
    except (ValueError, TypeError):
        return []


def _integer(parameters: dict[str, Any], name: str) -> int | None:
    value = parameters.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _NUMBER_DIGITS else None
