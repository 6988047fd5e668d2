"""What an adapter says to a provider and hears back: requests and responses as values, without I/O."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from typing_extensions import override

from adapters.contract import codec
from adapters.contract.errors import MalformedResponse

T = TypeVar("T")

Effect = Literal["read", "prepare", "commit"]
"""What a request does at the provider. `read` changes nothing, a second `prepare` does no harm (a quote, a
draft), a `commit` places or changes something. This, and never the HTTP method, decides journal, retry and doubt."""

Pairs = tuple[tuple[str, str], ...]

JSON = "application/json"

_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]+")


class HttpRequest(msgspec.Struct, frozen=True):
    """One request as an adapter wants it sent, without credentials.

    `route` is a path template (`/retailer/orders/{order_id}`); `path_values` fill its names, each percent-encoded
    as one segment, so that an id with `/`, `?` or `..` stays one segment. Rate limits and metrics go by `route`.
    `step` names the request inside its operation (`place`, `cancel`): traits are declared by step.
    `origin` is another `scheme://host[:port][/prefix]` than the provider's `base_url` (a login host), else None.
    Headers and body are in no `repr`: `authorize` puts secrets there.
    """

    method: str
    route: str
    path_values: Mapping[str, str] = msgspec.field(default_factory=dict)
    query: Pairs = ()
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: bytes | None = None
    effect: Effect = "read"
    step: str = "read"
    origin: str | None = None

    @property
    def path(self) -> str:
        """Return the path with every value encoded per segment. Raises KeyError for a name without a value."""
        text, names = _template(self.route)
        return text % tuple([segment(self.path_values[name]) for name in names]) if names else self.route

    @property
    def query_string(self) -> str:
        """Return the encoded query, "" where there is none."""
        if not self.query:
            return ""
        if _UNRESERVED.fullmatch("".join(chain.from_iterable(self.query))):
            return "&".join(map("=".join, self.query))
        return urlencode(self.query, quote_via=quote)

    @property
    def target(self) -> str:
        """Return the path and, where there is one, the encoded query."""
        return f"{self.path}?{self.query_string}" if self.query else self.path

    def with_headers(self, headers: Mapping[str, str]) -> "HttpRequest":
        """Return this request with `headers` added (later ones win)."""
        return msgspec.structs.replace(self, headers={**self.headers, **headers})

    @override
    def __repr__(self) -> str:
        shown = ("method", "route", "path_values", "query", "effect", "step", "origin")
        return f"HttpRequest({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


@lru_cache(maxsize=1024)
def _template(route: str) -> tuple[str, tuple[str, ...]]:
    """Return a path template as text with a `%s` for each value, and the names of the values."""
    text, *rest = re.split(r"\{([^{}]*)\}", route.replace("%", "%%"))
    return text + "".join(f"%s{part}" for part in rest[1::2]), tuple(rest[::2])


def segment(value: str) -> str:
    """Encode one path segment; `.` and `..` too, which a URL parser would otherwise resolve away."""
    if value in {".", ".."}:
        return "%2E" * len(value)
    return value if _UNRESERVED.fullmatch(value) else quote(value, safe="")


def json_body(value: Any) -> bytes:
    """Encode a request body. Members that are None or "" must have been left out; see `present`."""
    return codec.encode(value)


def present(**members: Any) -> dict[str, Any]:
    """Return the members that have a value: no None, no "", no empty list or object ever leaves.

    `False` and `0` are values and stay.
    """
    return {name: value for name, value in members.items() if value is not None and value not in ("", [], {}, ())}


class HttpResponse(msgspec.Struct, eq=False):
    """One response as it came: status, headers with lower-case names, and the whole body."""

    status: int
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""
    _reader: Any = None
    _read: Any = None

    @override
    def __repr__(self) -> str:
        return f"HttpResponse(status={self.status})"

    def read(self, reader: Callable[[bytes], T]) -> T:
        """Return what `reader` makes of the body; made once as long as no other reader comes between.

        Raises what `reader` raises.
        """
        if self._reader is not reader:
            self._read = reader(self.body)
            self._reader = reader
        read: T = self._read
        return read

    def json(self) -> Any:
        """Return the decoded body; numbers with a fraction come as text, digit by digit.

        Decoded once, as `read` does. Raises MalformedResponse when the body is not JSON.
        """
        try:
            return self.read(codec.decode)
        except ValueError as error:
            raise MalformedResponse("The body is not JSON.", status=self.status) from error

    def object(self) -> dict[str, Any]:
        """Return the decoded body, which must be a JSON object. Raises MalformedResponse when it is not."""
        value = self.json()
        if not isinstance(value, dict):
            raise MalformedResponse("The body is not a JSON object.", status=self.status)
        return value

    def object_or_empty(self) -> dict[str, Any]:
        """Return the decoded object, or `{}` for anything else: for reading errors, which may have any body."""
        try:
            value = self.json()
        except MalformedResponse:
            return {}
        return value if isinstance(value, dict) else {}
