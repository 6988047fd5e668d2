"""Whether what a caller said has left, or was refused by its own name."""

import re
from collections.abc import Mapping
from typing import Any

from adapters.contract.errors import Refusal, UnsupportedOperation
from adapters.contract.wire import HttpRequest
from support.conformance_values import body_leaves, leaves, places

LEAF_OF_PRICE = ".taxIncluded"
"""A price that states whether it includes tax is about that one member of it."""


def check_refusal(refusal: Refusal, path: str) -> None:
    """Raise AssertionError unless a refusal is about exactly this member: itself, what holds it, or what is in it."""
    assert not isinstance(refusal, UnsupportedOperation), refusal.detail
    names = [violation.name for violation in refusal.violations]
    assert names, f"{path} is refused without a name"
    for violation in refusal.violations:
        assert within(path, violation.name) or within(violation.name, path), f"{path} is refused as {names}"
        assert violation.reason.strip()


def within(path: str, other: str) -> bool:
    """Tell whether a member is another one or inside it."""
    return path == other or path.startswith((f"{other}.", f"{other}["))


def texts(requests_sent: list[HttpRequest]) -> str:
    """Return everything that leaves, as text."""
    parts = [part for request in requests_sent for part in (request.target, *request.headers.values())]
    parts += [str(leaf) for request in requests_sent for _, leaf in body_leaves(request)]
    return "\n".join(parts) + "".join((request.body or b"").decode() for request in requests_sent)


def check_translation(told: Any, path: str, order: Mapping[str, Any], plain: Any) -> None:
    """Raise AssertionError unless the member's content is in what is sent."""
    content = texts(told)
    assert content != (texts(plain) if isinstance(plain, list) else ""), f"{path} makes no difference"
    for text in said(stated_at(order, path)):
        assert text in content, f"{path}: {text} is not sent"


def said(value: Any) -> list[str]:
    """Return the texts in a value that have to be found again: its leaves, and names that callers make up (`zq…`)."""
    found = [name for path in places(value) for name in path if str(name).startswith("zq")]
    return [str(text) for text in found] + [leaf for _, leaf in leaves(value) if isinstance(leaf, str)]


def stated_at(order: Any, path: str) -> Any:
    """Return what an order states at a path."""
    for key in re.findall(r"[^.\[\]]+", path.removesuffix(LEAF_OF_PRICE)):
        order = order[int(key)] if isinstance(order, list) else order[key]
    return order
