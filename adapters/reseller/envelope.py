"""The platform's answers: one envelope, and objects whose members are read in any case.

The documentation prints `OrderID`, the wire says `orderID`; callbacks mix both.
"""

from collections.abc import Iterator
from typing import Any

from adapters.contract.errors import MalformedResponse, NotFound
from adapters.contract.models import values
from adapters.contract.wire import HttpResponse


class Members:
    """A provider's object, read by name in any case; empty for what is no object."""

    __slots__ = ("_names", "_values")

    def __init__(self, value: Any) -> None:
        stated = value if isinstance(value, dict) else {}
        self._names = stated.keys()
        self._values = {name.lower(): member for name, member in stated.items()}

    def __bool__(self) -> bool:
        return bool(self._values)

    def get(self, name: str) -> Any:
        """Return a member, or None where it is absent."""
        return self._values.get(name.lower())

    def text(self, name: str) -> str | None:
        """Return a member as non-empty text, or None."""
        return values.text(self._values.get(name.lower()))

    def integer(self, name: str) -> int | None:
        """Return a whole number, or None."""
        return values.integer(self._values.get(name.lower()))

    def identifier(self, name: str) -> int:
        """Return an id. Raises MalformedResponse where there is none."""
        number = self.integer(name)
        if number is None or number < 0:
            raise MalformedResponse(f"{name} is missing or no id.", status=200)
        return number

    def object(self, name: str) -> "Members":
        """Return an object, empty where there is none."""
        return Members(self._values.get(name.lower()))

    def items(self, name: str) -> list[Any]:
        """Return a list, empty where there is none."""
        value = self._values.get(name.lower())
        return value if isinstance(value, list) else []

    def objects(self, name: str) -> list["Members"]:
        """Return the objects of a list, empty where there is none."""
        return [Members(item) for item in self.items(name)]

    def names(self) -> Iterator[str]:
        """Yield the members' names, in camel case."""
        for name in self._names:
            yield name[:1].lower() + name[1:]


def data(response: HttpResponse) -> Any:
    """Return `data` of an answer that reports success.

    Raises MalformedResponse when the body is no envelope or says neither success nor failure.
    """
    envelope = Members(response.object())
    success = envelope.get("success")
    if success is not None and success is not True:
        raise MalformedResponse("The answer says neither success nor failure.", status=response.status)
    return envelope.get("data")


def data_object(response: HttpResponse) -> Members:
    """Return `data`, which must be an object. Raises MalformedResponse."""
    value = data(response)
    if not isinstance(value, dict):
        raise MalformedResponse("data is not an object.", status=response.status)
    return Members(value)


def data_list(response: HttpResponse) -> list[Members]:
    """Return the objects of `data`, which must be a list of objects. Raises MalformedResponse."""
    value = data(response)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise MalformedResponse("data is not a list of objects.", status=response.status)
    return [Members(item) for item in value]


def data_one(response: HttpResponse) -> Members:
    """Return the one object that was asked for by id, which `data` is, or holds alone.

    Raises NotFound where `data` is empty, MalformedResponse where it is something else.
    """
    value = data(response)
    if value is None or value in ([], {}):
        raise NotFound("The answer holds nothing for this id.", status=response.status)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        raise MalformedResponse("data is not an object.", status=response.status)
    return Members(value)
