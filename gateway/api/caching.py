"""What HTTP says about kept answers (RFC 9111): what a caller asks for, and what an answer tells of its age."""

import hashlib
import math
from collections.abc import Mapping, Sequence

from aiohttp import web

from adapters.contract import codec
from gateway.cache import Told
from policies.freshness import ANY, Wish


def wish(headers: Mapping[str, str]) -> Wish:
    """Return what `Cache-Control` asks for: `no-cache`, `no-store`, `max-age=N`, `only-if-cached`.

    Others are left alone, as caches do. A `max-age` that is no number is taken for the strictest, `no-cache`.
    """
    given = headers.get("Cache-Control")
    if given is None:
        return ANY
    directives = {}
    for part in given.lower().split(","):
        name, _, value = part.partition("=")
        directives[name.strip()] = value.strip().strip('"')
    max_age = math.inf
    if "max-age" in directives:
        seconds = directives["max-age"]
        max_age = float(seconds) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 10 else -1.0
    if "no-cache" in directives:
        max_age = -1.0
    return Wish(max_age, "only-if-cached" in directives, "no-store" in directives)


def told_headers(told: Sequence[Told], rest: object = None, *, whole: bool = True) -> dict[str, str]:
    """Return `Cache-Control`, `Age` and `ETag` of an answer made of these and of `rest`; none where nothing is kept.

    It is as old as its oldest part and fresh as long as all of them are, not at all where parts are missing; clients
    subtract `Age` from `max-age`.
    """
    tags = [one.tag for one in told]
    if not tags or "" in tags:
        return {"Cache-Control": "private, no-cache"} if [one for one in told if one.lifetime.longest > 0] else {}
    age = max([int(one.age) for one in told])
    fresh = max(0, int(min([one.lifetime.fresh - one.age for one in told]))) if whole else 0
    tag = tags[0]
    if rest is not None:
        tag = hashlib.blake2b("".join(tags).encode() + codec.encode(rest), digest_size=16).hexdigest()
    headers = {"Cache-Control": f"private, max-age={age + fresh}", "ETag": f'"{tag}"'}
    if any(one.kept for one in told):
        headers["Age"] = str(age)
    return headers


def has(request: web.BaseRequest, tag: str) -> bool:
    """Tell whether a client says by `If-None-Match` that it has the answer with this tag (without its quotes)."""
    if "If-None-Match" not in request.headers:
        return False
    return any(known.value in {tag, "*"} for known in request.if_none_match or ())
