"""What is valid: canonical values on the wire, requests as they leave, and JSON with one value changed."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from adapters.contract import codec
from adapters.contract.adapter import Adapter, ProcessState, Token
from adapters.contract.models import values
from adapters.contract.wire import HttpRequest

Path = tuple[str | int, ...]

NESTED: Any = None
for _ in range(200):
    NESTED = [{"a": NESTED}]
REPLACEMENTS: tuple[Any, ...] = (
    None,
    "",
    [],
    {},
    0,
    -1,
    msgspec.Raw(b"1e400"),
    msgspec.Raw(b"9" * 400),
    msgspec.Raw(b"0.5"),
    "x",
    "9" * 400,
    "\u0661",
    True,
    [None],
    [{}],
    {"a": {}},
    msgspec.Raw(msgspec.json.encode(NESTED)),
)
"""What a provider might write where something else was expected."""
_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_PREFIXED = {"productId", "parent", "orderId"}
_PREFIXED_LISTS = {"categories", "relatedOrders"}


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value inside a decoded JSON value that holds no other, empty objects and lists included."""
    waiting: list[tuple[Path, Any]] = [(path, value)]
    while waiting:
        where, inner = waiting.pop()
        if isinstance(inner, dict) and inner:
            waiting += [((*where, name), one) for name, one in inner.items()]
        elif isinstance(inner, list) and inner:
            waiting += [((*where, index), one) for index, one in enumerate(inner)]
        else:
            yield where, inner


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value inside a JSON value, itself first."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from places(inner, (*path, key))


def shape(path: Path) -> Path:
    """Return a path with every index of a list replaced: what it is about."""
    return tuple("*" if isinstance(key, int) else key for key in path)


def exact(body: bytes) -> Any:
    """Decode JSON so that it encodes to the same digits again."""
    return msgspec.json.Decoder(float_hook=lambda digits: msgspec.Raw(digits.encode())).decode(body)


def replaced(value: Any, path: Path, new: Any) -> Any:
    """Return a JSON value with what stands at `path` replaced."""
    if not path:
        return new
    head, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {name: replaced(inner, rest, new) if name == head else inner for name, inner in value.items()}
    return [replaced(inner, rest, new) if index == head else inner for index, inner in enumerate(value)]


def at(value: Any, path: Path) -> Any:
    """Return what stands at `path`."""
    for key in path:
        value = value[key]
    return value


def check_canonical(result: Any, expected: Any, adapter: Adapter[Any, Any]) -> None:
    """Raise AssertionError unless a result is what the canonical API may show."""
    if expected in {Any, bool}:
        assert expected is Any or isinstance(result, bool)
        return
    if expected is Token:
        assert isinstance(result, Token)
        assert result.value.get_secret_value().isprintable()
        assert 0 < result.lifetime < float("inf")
        return
    encoded = codec.encode(result)
    assert msgspec.json.decode(encoded, type=expected, strict=True) == result
    told = codec.decode(encoded)
    if result is not None and expected != tuple[ProcessState, ...]:
        _check_json(told, adapter, ())
        for resource in told.get("items", [told]) if isinstance(told, dict) else told:
            _check_ids(resource, adapter)


def _check_json(value: Any, adapter: Adapter[Any, Any], path: Path) -> None:
    for place, leaf in leaves(value):
        assert leaf is not None, f"{place} is null"
        assert leaf != "", f"{place} is empty"
        name = place[-1] if place else ""
        match name:
            case "amount":
                assert _AMOUNT.fullmatch(leaf), f"{place}: {leaf}"
            case "currency":
                assert values.currency(leaf) == leaf
            case "country":
                assert values.country(leaf) == leaf
            case "createdAt" | "updatedAt" | "shippedAt" | "at" | "asOf":
                assert _TIME.fullmatch(leaf), f"{place}: {leaf}"
                assert datetime.fromisoformat(leaf).utcoffset() == timedelta(0)
            case "quantity" | "quantityShipped" | "quantityCancelled":
                assert not isinstance(leaf, int) or abs(leaf) < 2**63, f"{place} is no quantity"
        if name in _PREFIXED or (len(place) > 1 and place[-2] in _PREFIXED_LISTS):
            _check_prefixed(leaf, adapter)


def _check_ids(resource: Mapping[str, Any], adapter: Adapter[Any, Any]) -> None:
    """Check the id of an order, a product or a category; those of accounts, lines and shipments are the provider's."""
    is_order = "provider" in resource and "status" in resource
    is_of_catalog = "name" in resource and "provider" not in resource
    if is_order or is_of_catalog:
        _check_prefixed(resource["id"], adapter)
    if "provider" in resource:
        assert resource["provider"] == adapter.name


def _check_prefixed(identifier: str, adapter: Adapter[Any, Any]) -> None:
    assert identifier.startswith(adapter.id("")), identifier
    assert identifier.removeprefix(adapter.id("")).strip(), identifier


def check_request(request: HttpRequest, adapter: Adapter[Any, Any]) -> None:
    """Raise AssertionError unless a request may leave."""
    assert request.method in {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert request.route.startswith("/")
    assert "?" not in request.route
    assert "#" not in request.route
    assert set(re.findall(r"\{(\w+)\}", request.route)) == set(request.path_values)
    assert request.effect in {"read", "prepare", "commit"}
    assert request.step
    if request.effect == "commit":
        assert request.step in adapter.traits(), f"no trait says what helps when the answer to {request.step} is lost"
    lower = [name.lower() for name in request.headers]
    assert len(set(lower)) == len(lower), "two headers of one name"
    for name, value in [*request.headers.items(), *request.query]:
        assert isinstance(value, str), name
        assert value.strip(), f"{name} is empty"
    assert (request.body is not None) == ("content-type" in lower) or request.body is None
    for place, leaf in body_leaves(request):
        assert leaf is not None, f"{place} leaves as null"
        assert leaf not in ("", [], {}), f"{place} leaves empty"


def body_leaves(request: HttpRequest) -> list[tuple[Path, Any]]:
    """Return the leaves of a request's body: JSON, or a form."""
    if request.body is None:
        return []
    if request.headers.get("content-type") == "application/x-www-form-urlencoded":
        return [((name,), value) for name, value in parse_qsl(request.body.decode(), keep_blank_values=True)]
    return list(leaves(codec.decode(request.body)))
