"""The JSON Schema of gateway.yaml, for editors and linters, made of the models and of every adapter's own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from adapters import registry
from adapters.registry import Registration
from gateway.config.callers import CALLER_NAME
from gateway.config.model import (
    COMMON_KEYS,
    CREDENTIALS_DESCRIPTION,
    PROVIDER_NAME,
    Config,
)
from gateway.config.problems import CREDENTIALS

_REFERENCE = {"type": "string", "pattern": r"\$\{", "description": "A reference: ${NAME} or ${file:/path}."}
_REFERENCE_LENGTH = len("${A}")
# A reference is text: it fits where any text does, and each of these keywords would refuse it.
_REFUSES_TEXT = {"pattern", "enum", "const", "maxLength"}

Schema = dict[str, Any]


def json_schema(
    *,
    load_registration: Callable[[str], Registration] = registry.load,
    names: Callable[[], Sequence[str]] = registry.names,
) -> Schema:
    """Return the JSON Schema (2020-12). Where a number, a boolean or a word is asked for, a reference fits too."""
    schema = Config.model_json_schema()
    definitions = schema.pop("$defs")
    adapters = {name: load_registration(name) for name in names()}
    for name, registration in adapters.items():
        definitions[f"{name}.provider"] = _provider(name, registration, definitions)
    common = definitions.pop("ProviderConfig")
    properties = {**common["properties"], CREDENTIALS: {"type": "object", "description": CREDENTIALS_DESCRIPTION}}
    properties["adapter"]["enum"] = list(adapters)
    definitions["provider"] = {
        "type": "object",
        "description": "An account at a provider. Which other keys it has depends on the adapter.",
        "properties": properties,
        "required": ["adapter"],
        "allOf": [
            {"if": _has("adapter", {"const": name}), "then": {"$ref": f"#/$defs/{name}.provider"}}
            for name in sorted(adapters)
        ],
    }
    members = schema["properties"]
    members["providers"] |= {
        "additionalProperties": {"$ref": "#/$defs/provider"},
        "propertyNames": {"pattern": f"^{PROVIDER_NAME}$"},
        "minProperties": 1,
    }
    for kind in ("callers", "issuers"):
        members[kind]["propertyNames"] = {"pattern": f"^{CALLER_NAME}$"}
    accepting: Schema = _accepting_references({**schema, "$defs": dict(sorted(definitions.items()))})
    accepting["$defs"]["reference"] = _REFERENCE
    title = "gateway.yaml of Ordergate"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **accepting, "title": title}


def _has(key: str, value: Schema) -> Schema:
    return {"properties": {key: value}, "required": [key]}


def _provider(name: str, registration: Registration, definitions: Schema) -> Schema:
    """Return all that may stand in a provider of one adapter, and what must when it is real."""
    adapter = registration.adapter
    settings = _own_schema(adapter.Settings, f"{name}.", definitions)
    credentials = _own_schema(adapter.Credentials, f"{name}.", definitions)
    definitions[f"{name}.{CREDENTIALS}"] = credentials
    common = {key: {"$ref": f"#/$defs/provider/properties/{key}"} for key in COMMON_KEYS}
    needed = list(settings.get("required", ()))
    needed += [CREDENTIALS] if credentials.get("required") else []
    needed += ["base_url"] if adapter.base_url is None else []
    return {
        "type": "object",
        "title": adapter.title,
        "properties": {
            **common,
            CREDENTIALS: {"$ref": f"#/$defs/{name}.{CREDENTIALS}", "description": CREDENTIALS_DESCRIPTION},
            **settings.get("properties", {}),
        },
        "additionalProperties": False,
        "if": _has("simulated", {"not": {"const": False}}),
        "else": {"required": needed},
    }


def _own_schema(model: type[BaseModel], prefix: str, definitions: Schema) -> Schema:
    """Return a model's schema, its definitions moved among the others under names with the prefix."""
    schema = model.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
    for name, definition in schema.pop("$defs", {}).items():
        definitions[prefix + name] = definition
    return schema


def _accepting_references(node: Any) -> Any:
    """Return a schema in which a reference fits wherever a scalar does."""
    if isinstance(node, list):
        return [_accepting_references(part) for part in node]
    if not isinstance(node, Mapping):
        return node
    accepting = {key: _part(key, value) for key, value in node.items()}
    if not _refuses_references(node):
        return accepting
    about = {key: accepting.pop(key) for key in ("title", "description", "default") if key in accepting}
    return {"anyOf": [accepting, {"$ref": "#/$defs/reference"}], **about}


def _part(key: str, value: Any) -> Any:
    """Return a member of a schema: names of properties are not keywords, conditions are left as they are."""
    if key in {"properties", "$defs"}:
        return {name: _accepting_references(part) for name, part in value.items()}
    if key in {"if", "propertyNames", "default", "enum", "const"}:
        return value
    return _accepting_references(value)


def _refuses_references(node: Mapping[str, Any]) -> bool:
    is_no_text = node.get("type") in {"integer", "number", "boolean"}
    return is_no_text or not _REFUSES_TEXT.isdisjoint(node) or node.get("minLength", 0) > _REFERENCE_LENGTH
