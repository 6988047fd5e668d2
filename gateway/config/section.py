"""What every part of gateway.yaml is made of: sections, and kinds of values that several of them hold."""

from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    SecretStr,
    StringConstraints,
)

from gateway.config import addresses

T = TypeVar("T")


def _several(value: Any) -> Any:
    """Make a list of a single value; both ways of writing mean the same."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _some(several: tuple[T, ...]) -> tuple[T, ...]:
    if not several:
        raise ValueError("is empty; write a value, or leave the key out")
    return several


class _AlsoSingle:
    """Says in the JSON Schema of a list that it is not empty and that a single item may stand for it."""

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        several = handler(core)
        return {"anyOf": [several["items"], {**several, "minItems": 1}]}


def _secret_proxy(secret: SecretStr) -> SecretStr:
    return SecretStr(addresses.proxy_url(secret.get_secret_value()))


OneOrMore = Annotated[tuple[T, ...], BeforeValidator(_several), AfterValidator(_some), _AlsoSingle()]
Text = Annotated[str, StringConstraints(min_length=1)]
Proxy = Annotated[SecretStr, AfterValidator(_secret_proxy)]


class Section(BaseModel):
    """A group of keys: nothing unknown, nothing converted, nothing changed afterwards, no input in an error."""

    # Deferred: a section that no file has is not made ready to read one, and one inside another only with that.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)
