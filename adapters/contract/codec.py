"""The one JSON codec: keeps every digit a provider wrote, and encodes canonical resources.

Fractions are decoded to text (`19.90` stays `19.90`), integers to int. `number` writes text back as a JSON number.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_AS_WRITTEN = str.strip
"""What makes of a fraction's text that text: there is nothing to strip. Calling `str`, a type, takes 300 instructions
more for each of them."""

_decoder = msgspec.json.Decoder(float_hook=_AS_WRITTEN)
_encoder = msgspec.json.Encoder()


def decode(body: bytes) -> Any:
    """Decode JSON. Raises ValueError for anything that is not exactly one JSON value, however deeply nested."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("not JSON") from error


def reader(kind: type[T]) -> Callable[[bytes], T]:
    """Return what decodes JSON of one kind, without making anything of members that the kind does not have.

    Fractions are text where `kind` says Any. Raises ValueError for JSON of another kind and for what is no JSON.
    """
    decoder = msgspec.json.Decoder(kind, float_hook=_AS_WRITTEN)

    def read(body: bytes) -> T:
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError("not JSON of this kind") from error

    return read


def encode(value: Any) -> bytes:
    """Encode plain values and canonical resources; absent members of a resource are left out."""
    return _encoder.encode(value)


def number(text: str) -> msgspec.Raw:
    """Return decimal text as a JSON number literal with exactly these digits. Raises ValueError when it is none."""
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("not a decimal number") from error
    if not value.is_finite():
        raise ValueError("not a finite number")
    return msgspec.Raw(format(value, "f").encode())
