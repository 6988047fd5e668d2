"""Where a request goes, and its head as the bytes that leave (HTTP/1.1, RFC 9112)."""

import re

import aiohttp
import msgspec
from aiohttp import hdrs
from yarl import URL

from adapters.contract.remembered import Remembered
from adapters.contract.wire import HttpRequest
from gateway.providers.channel import Channel, checked_origin

OWN_HEADERS = frozenset(
    (
        "host user-agent connection keep-alive proxy-authorization proxy-connection content-length transfer-encoding "
        "accept-encoding expect te trailer upgrade"
    ).split()
)
"""Headers that say who sends and how bytes travel. They are the client's to set: an adapter that sets one is wrong."""

_METHOD = re.compile(r"(?!CONNECT\Z)[A-Z]+")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"/[!-\"$-~]*")
_FORBIDDEN = bytes({*range(32), 127} - {9})
_WITHOUT_LENGTH = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Destination(msgspec.Struct, frozen=True, gc=False):
    """Where requests go, over what, and what is the same in all of their heads.

    `dialled` is what aiohttp's connectors connect for: they want a whole request to know where to. It is never sent.
    `before` comes before each path: the origin's prefix, and before that the origin where a proxy has to know it.
    """

    dialled: aiohttp.ClientRequest
    before: str
    headers: str


def destination(channel: Channel, origin: str | None, agent: str) -> Destination:
    """Return where requests of a channel go that name `origin` (None for the channel's own). `agent` is who we are.

    A simulator stands for every origin. Raises ValueError where there is none, or `origin` is no such.
    """
    base = channel.base
    if origin is not None:
        named = checked_origin(origin)
        base = base + URL(named, encoded=True).raw_path.rstrip("/") if channel.simulator else named
    if not base:
        raise ValueError("the request names no origin, and the provider has no base URL")
    url = URL(base, encoded=True)
    proxy = None if channel.proxy is None else URL(channel.proxy)
    dialled = aiohttp.ClientRequest("GET", url, proxy=proxy, ssl=channel.ssl or True)
    headers = {"Host": dialled.headers[hdrs.HOST], "User-Agent": agent}
    before = url.raw_path.rstrip("/")
    if proxy is not None and not dialled.is_ssl():
        # Not a tunnel: the proxy reads the request.
        before = f"{url.scheme}://{url.raw_authority}{before}"
        if password := aiohttp.ClientRequest("GET", proxy).headers.get(hdrs.AUTHORIZATION):
            headers["Proxy-Authorization"] = password
    return Destination(dialled, before, "".join([f"{name}: {value}\r\n" for name, value in headers.items()]))


def head(request: HttpRequest, going: Destination) -> bytes:
    """Return request line and headers. Path and query are exactly as encoded.

    Raises ValueError for a method, path or header that is none, KeyError for a path without its values.
    """
    path, query, body = request.path, request.query_string, request.body
    if not _METHOD.fullmatch(request.method) or not _TARGET.fullmatch(path):
        raise ValueError("the method or path holds a character that it may not hold")
    target = f"{going.before}{path}?{query}" if query else going.before + path
    values = "".join(request.headers.values()).encode()
    if len(values.translate(None, _FORBIDDEN)) < len(values):
        raise ValueError("a header holds a character that no header may hold")
    # Names are the same in any case, and the later one counts.
    fields = {_FIELDS[name]: f"{name}: {value}\r\n" for name, value in request.headers.items()}
    if request.effect == "commit":
        # A compressed answer to a commit is one more way to lose it, and commits have small answers.
        ours = "Accept-Encoding: identity\r\nConnection: close\r\n"
    else:
        ours = "Accept-Encoding: gzip, deflate\r\n"
    if body or request.method not in _WITHOUT_LENGTH:
        ours += f"Content-Length: {len(body) if body else 0}\r\n"
    return f"{request.method} {target} HTTP/1.1\r\n{going.headers}{''.join(fields.values())}{ours}\r\n".encode()


def _field(name: str) -> str:
    """Return the name of a header that an adapter may set, in lower case. Raises ValueError."""
    lower = name.lower()
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"the header {name!r} holds a character that no header may hold")
    if lower in OWN_HEADERS:
        raise ValueError(f"the header {name!r} is not the adapter's to set")
    return lower


_FIELDS = Remembered(_field, most=256)
