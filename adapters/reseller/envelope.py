"""The platform's answers: one envelope, and objects whose members are read in any case.

The documentation prints `OrderID`, the wire says `orderID`; callbacks mix both.
"""

from typing import Any

from adapters.contract.errors import MalformedResponse, NotFound
from adapters.contract.models import values
from adapters.contract.wire import HttpResponse

# Every name that is read, as working clients see it on the wire.
_NAMES = {
    name.lower(): name
    for name in """
    success message errorCode data title traceId items token expiration
    productCategoryID categoryName parentID productTypeID typeName productTypeName name
    productID customerStoreProductID productBrandID productStockID productName productSlug productCode productData
    productDescription productMainImage productImages url productRequire productRequireID identifier type is_required
    options value min_length max_length platformList regionList ageList usk esrb pegi marketPrice buyPrice salePrice
    saleMinCount saleMaxCount saleStartHour saleEndHour totalStock status
    orderID orderDetailID deliverID details quantity price deliveryData deliveryNote createdDate createdAt
    customerID firstName lastName balance currencyCode
    """.split()
}

_DEPTH = 12
_MOST = 10**18  # more than that is no number of anything here


class Members:
    """A provider's object whose names are spelled by `spelled`; empty for what is no object."""

    __slots__ = ("values",)

    def __init__(self, value: Any) -> None:
        self.values: dict[str, Any] = value if isinstance(value, dict) else {}

    def __bool__(self) -> bool:
        return bool(self.values)

    def get(self, name: str) -> Any:
        """Return a member, or None where it is absent."""
        return self.values.get(name)

    def text(self, name: str) -> str | None:
        """Return a member as non-empty text, or None."""
        value = self.values.get(name)
        return None if value is None else values.text(value)

    def integer(self, name: str) -> int | None:
        """Return a whole number, or None."""
        value = self.values.get(name)
        return value if value is None or (type(value) is int and -_MOST < value < _MOST) else values.integer(value)

    def identifier(self, name: str) -> int:
        """Return an id. Raises MalformedResponse where there is none."""
        number = self.integer(name)
        if number is None or not 0 <= number < 10**18:
            raise MalformedResponse(f"{name} is missing or no id.")
        return number

    def object(self, name: str) -> "Members":
        """Return an object, empty where there is none."""
        return Members(self.values.get(name))

    def items(self, name: str) -> list[Any]:
        """Return a list, empty where there is none."""
        value = self.values.get(name)
        return value if isinstance(value, list) else []

    def objects(self, name: str) -> list["Members"]:
        """Return what stands in a list, empty where there is none."""
        return [Members(item) for item in self.items(name)]

    def names(self) -> tuple[str, ...]:
        """Return the members' names."""
        return tuple(self.values)


def spelled(value: Any) -> Any:
    """Return decoded JSON with every known name as in `_NAMES`, other names beginning in lower case.

    A serialiser spells all objects alike, so where the first of each list is spelled so, nothing is copied. No answer
    of the platform is deeper than `_DEPTH`; what is stays as it came.
    """
    return value if _is_spelled(value, _DEPTH) else _respelled(value, _DEPTH)


def _is_spelled(value: Any, depth: int) -> bool:
    if depth and isinstance(value, dict):
        return all(_name(name) == name and _is_spelled(part, depth - 1) for name, part in value.items())
    return _is_spelled(value[0], depth - 1) if depth and isinstance(value, list) and value else True


def _respelled(value: Any, depth: int) -> Any:
    if depth and isinstance(value, dict):
        return {_name(name): _respelled(part, depth - 1) for name, part in value.items()}
    return [_respelled(part, depth - 1) for part in value] if depth and isinstance(value, list) else value


def _name(name: str) -> str:
    return _NAMES.get(name.lower()) or name[:1].lower() + name[1:]


def data(response: HttpResponse) -> Any:
    """Return `data` of an answer that reports success.

    Raises MalformedResponse when the body is no envelope or says neither success nor failure.
    """
    envelope = Members(spelled(response.object()))
    success = envelope.get("success")
    if success is not None and success is not True:
        raise MalformedResponse("The answer says neither success nor failure.")
    return envelope.get("data")


def data_object(response: HttpResponse) -> Members:
    """Return `data`, which must be an object. Raises MalformedResponse."""
    value = data(response)
    if not isinstance(value, dict):
        raise MalformedResponse("data is not an object.")
    return Members(value)


def data_list(response: HttpResponse) -> list[Members]:
    """Return the objects of `data`, which must be a list of objects. Raises MalformedResponse."""
    value = data(response)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise MalformedResponse("data is not a list of objects.")
    return [Members(item) for item in value]


def data_one(response: HttpResponse) -> Members:
    """Return the one object that was asked for by id, which `data` is, or holds alone.

    Raises NotFound where `data` is empty, MalformedResponse where it is something else.
    """
    value = data(response)
    if value is None or value in ([], {}):
        raise NotFound("The answer holds nothing for this id.")
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        raise MalformedResponse("data is not an object.")
    return Members(value)
