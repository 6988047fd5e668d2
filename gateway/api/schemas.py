"""JSON Schemas (2020-12) of what callers ask for and are answered, made of the models themselves.

A member that may be None in the code is absent on the wire, never null: no schema here has a null in it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from msgspec import inspect
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema
from typing_extensions import override

from adapters.contract.models import values
from adapters.contract.models.catalog import StockStatus
from adapters.contract.models.resources import OrderKind, PartState, Status
from gateway.api.problems import Retry
from gateway.api.wording import MEMBERS, RULES, WORDS
from policies.operation import Placed, State

Schema = dict[str, Any]

REFERENCE = "#/components/schemas/{model}"
ANYTHING = "Value"
"""The component that takes any JSON value but null and ""."""

_NAMES = {
    "EvidenceView": "Evidence",
    "LimitView": "RateLimit",
    "OperationView": "Operation",
    "ProblemViolation": "Violation",
    "ProviderLimits": "RateLimits",
    "ProviderView": "Provider",
}
_WORDS: Mapping[frozenset[str], str] = {
    frozenset(get_args(words)): name
    for words, name in (
        (OrderKind, "OrderKind"),
        (Status, "OrderStatus"),
        (StockStatus, "StockStatus"),
        (PartState, "PartState"),
        (State, "OperationState"),
        (Placed, "Placed"),
        (Retry, "Retry"),
    )
}
"""Enumerations with a component of their own."""
_CHECKED: Mapping[Any, Schema] = {
    values.country: {"pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2, upper case."},
    values.currency: {"pattern": "^[A-Z]{3}$", "description": "ISO 4217, upper case."},
}
_RAW: Mapping[str, Schema] = {
    "result": {"anyOf": [{"$ref": REFERENCE.format(model=name)} for name in ("Order", "OrderChange")]},
    "problem": {"$ref": REFERENCE.format(model="Problem")},
}


def request_schemas(models: Iterable[type[BaseModel]]) -> dict[str, Schema]:
    """Return the components for what callers send: closed objects, by name."""
    wanted = [(model, "validation") for model in dict.fromkeys(models)]
    _, found = models_json_schema(wanted, ref_template=REFERENCE, schema_generator=_Requests)  # type: ignore[arg-type]
    components: dict[str, Schema] = found["$defs"]
    for name, rules in RULES.items():
        components[name] |= rules
    return components | {ANYTHING: _anything()}


def query_members(query: type[BaseModel]) -> list[tuple[str, Schema, bool]]:
    """Return name, schema and whether it is required of each query parameter."""
    schema = query.model_json_schema(schema_generator=_Requests)
    required = schema.get("required", [])
    return [(name, member, name in required) for name, member in schema.get("properties", {}).items()]


class _Requests(GenerateJsonSchema):
    """Writes schemas without titles and nulls, and with what our own validators ask for."""

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    @override
    def nullable_schema(self, schema: core_schema.NullableSchema) -> Schema:
        return self.generate_inner(schema["schema"])

    @override
    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    @override
    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> Schema:
        return super().function_after_schema(schema) | _CHECKED.get(schema["function"]["function"], {})

    @override
    def dict_schema(self, schema: core_schema.DictSchema) -> Schema:
        found = super().dict_schema(schema)
        for pattern, member in found.pop("patternProperties", {}).items():
            found["additionalProperties"] = member
            found["propertyNames"]["pattern"] = pattern
        if found.get("additionalProperties") is True:
            found["additionalProperties"] = {"$ref": REFERENCE.format(model=ANYTHING)}
        return found


def _anything() -> Schema:
    again = {"$ref": REFERENCE.format(model=ANYTHING)}
    return {
        "description": 'Any value but null and "".',
        "anyOf": [
            {"type": "string", "minLength": 1},
            {"type": ["number", "boolean"]},
            {"type": "array", "items": again},
            {"type": "object", "additionalProperties": again},
        ],
    }


class ResultSchemas:
    """Collects the components for what callers are answered: open objects, which may gain members."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def reference(self, kind: Any) -> Schema:
        """Return a reference to the component of a canonical type, which is collected with all that it needs."""
        return self._schema(inspect.type_info(kind), "")

    def _schema(self, kind: inspect.Type, member: str) -> Schema:
        match kind:
            case inspect.StructType():
                return self._struct(kind)
            case inspect.UnionType(types=types):
                found = [self._schema(one, member) for one in types if not isinstance(one, inspect.NoneType)]
                return found[0] if len(found) == 1 else {"anyOf": found}
            case inspect.LiteralType(values=words):
                return self._words(words)
            case inspect.VarTupleType(item_type=item):
                return {"type": "array", "items": self._schema(item, member)}
            case inspect.DictType(value_type=value):
                return {"type": "object", "additionalProperties": self._schema(value, member)}
            case inspect.RawType():
                return {**_RAW[member]}
        return {**_SCALARS[type(kind)]}

    def _words(self, words: Iterable[Any]) -> Schema:
        named = _WORDS.get(frozenset(words))
        schema = {"type": "string", "enum": list(words)}
        if named is None:
            return schema
        self.components[named] = schema | {"description": WORDS[named]}
        return {"$ref": REFERENCE.format(model=named)}

    def _struct(self, kind: inspect.StructType) -> Schema:
        name = component_name(kind.cls)
        if name not in self.components:
            self.components[name] = {}  # a type that holds itself ends here
            properties = {field.encode_name: self._member(name, field) for field in kind.fields}
            described = getattr(kind.cls, "__origin__", kind.cls).__doc__ or ""
            self.components[name] = {
                "type": "object",
                "description": " ".join(described.split()),
                "properties": properties,
                "required": [field.encode_name for field in kind.fields if field.required],
            }
        return {"$ref": REFERENCE.format(model=name)}

    def _member(self, name: str, field: inspect.Field) -> Schema:
        schema = self._schema(field.type, field.encode_name)
        description = MEMBERS.get(f"{name}.{field.encode_name}") or MEMBERS.get(field.encode_name)
        return schema if description is None else schema | {"description": description}


_SCALARS: Mapping[type[inspect.Type], Schema] = {
    inspect.StrType: {"type": "string"},
    inspect.IntType: {"type": "integer"},
    inspect.BoolType: {"type": "boolean"},
    inspect.DateTimeType: {"type": "string", "format": "date-time"},
}


def component_name(kind: Any) -> str:
    """Return the component's name: the type's, without what only the code needs; `OrderList` for a list of Order."""
    arguments = get_args(kind)
    if arguments:
        return f"{component_name(arguments[0])}List"
    name: str = kind.__name__
    return _NAMES.get(name, name)
