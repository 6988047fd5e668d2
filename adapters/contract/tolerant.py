"""Read what a provider answers into typed members, as far as it is what was documented.

    as documented    checked and taken in one go
    anything else    object by object, and within the odd ones member by member

A member that is something else is taken as absent, such as the empty list that stands for an object. Numbers are taken
as text, and text as whole numbers, where the other was expected; text is cut to the longest there may be. A list of
objects must be one: absent it would say that there are none. Of other lists, what does not fit is left out (so declare
`list[Row | None]` where an entry that is no object may be passed over). An object without a required member is refused.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from adapters.contract import codec
from adapters.contract.errors import MalformedResponse
from adapters.contract.models import values
from adapters.contract.wire import HttpResponse

T = TypeVar("T", bound=msgspec.Struct)

_LONGEST = 2000  # of text that is declared without a length


def reader(kind: type[T]) -> Callable[[HttpResponse], T]:
    """Return what reads an answer as `kind`, a Struct; it raises MalformedResponse where `convert` does."""
    strictly = codec.reader(kind)

    def read(response: HttpResponse) -> T:
        try:
            return strictly(response.body)
        except ValueError:
            return convert(response.json(), kind)

    return read


def convert(value: Any, kind: type[T]) -> T:
    """Return decoded JSON as `kind`, a Struct whose members are objects, lists, text, whole numbers, truth or Any.

    Raises MalformedResponse for no object, without a required member, and for a list of objects that is none.
    """
    try:
        read: T | None = _read(value, _described(kind))
    except ValueError as error:
        raise MalformedResponse(f"The answer is not as documented: {error}.") from error
    if read is None:
        raise MalformedResponse("The answer is not the object that is documented.")
    return read


@lru_cache(maxsize=256)
def _described(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


def _read(value: Any, kind: inspect.Type) -> Any:
    """Return what `value` says as `kind`, None where it says nothing of that kind. Raises ValueError as `convert`."""
    match kind:
        case inspect.AnyType():
            return value
        case inspect.UnionType():
            found = (_read(value, one) for one in kind.types if not isinstance(one, inspect.NoneType))
            return next((one for one in found if one is not None), None)
        case inspect.StructType():
            return _object(value, kind) if isinstance(value, dict) else None
        case inspect.ListType():
            return _list(value, kind.item_type)
        case inspect.DictType(value_type=inspect.AnyType()):
            return value if isinstance(value, dict) else None
        case inspect.StrType():
            return values.text(value, kind.max_length or _LONGEST)
        case inspect.IntType():
            return _whole(value, kind)
        case inspect.BoolType():
            return value if isinstance(value, bool) else None
    raise TypeError(f"{kind} is not read member by member")


def _object(value: dict[str, Any], kind: inspect.StructType) -> Any:
    try:
        return msgspec.convert(value, kind.cls)
    except msgspec.ValidationError:
        pass
    read = {}
    for member in kind.fields:
        given = value.get(member.encode_name)
        said = None if given is None else _read(given, member.type)
        if said is not None:
            read[member.name] = said
        elif member.required:
            raise ValueError(f"{member.encode_name} is missing, or something else than documented")
    return kind.cls(**read)


def _list(value: Any, kind: inspect.Type) -> list[Any] | None:
    if isinstance(kind, inspect.StructType) and value is not None:
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise ValueError("what should be a list of objects is none")
        return [_object(entry, kind) for entry in value]
    found = [_read(entry, kind) for entry in value] if isinstance(value, list) else None
    return found and [entry for entry in found if entry is not None]


def _whole(value: Any, kind: inspect.IntType) -> int | None:
    number = values.integer(value)
    return number if number is not None and (kind.ge is None or number >= kind.ge) else None
