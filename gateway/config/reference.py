"""docs/configuration.md, written from the models: `python -m gateway.config.reference > docs/configuration.md`."""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from adapters import registry
from adapters.registry import Registration
from gateway.config.schema import Schema, json_schema

_COMMAND = ".venv/bin/python -m gateway.config.reference > docs/configuration.md"
_INTRODUCTION = f"""\
# Configuration

<!-- Written by `{_COMMAND}`: change the descriptions in the code, not here. -->

Ordergate reads one YAML file, `gateway.yaml`. The one at the root of the project runs as it is and shows every key.
`ordergate check` reads the file and says everything that is wrong with it at once, as
`file:line:column: path: what is wrong; what to write`. `ordergate schema` prints a JSON Schema for editors.

- YAML 1.2: `NO` and `12:30` are text, `true` and `false` are the only booleans.
- Unknown keys are errors, and a key is written once. A key without a value counts as left out.
- Tags, merge keys (`<<`) and several documents are refused; anchors work. The file has at most 1 MiB and 32 levels.

## References

In any value, quoted or not, but not in keys:

| Written | Becomes |
|---|---|
| `${{NAME}}` | the environment variable; an error when it is not set or empty |
| `${{NAME:-default}}` | the environment variable, or the default when it is not set or empty |
| `${{file:/run/secrets/name}}` | the text of a file, without the line breaks that end it |
| `$$` | a dollar sign |

A file is UTF-8 and has at most 64 KiB; a relative path starts at the folder of `gateway.yaml`.

References are resolved after parsing, so what they bring in may hold quotes, `:` and `#`. Where a number, `true` or
`false` is asked for, the text that a reference gives is read as one: `port: ${{PORT}}` works. Write a key a line:
`{{port: ${{PORT}}}}` is not YAML.
"""
_SECTIONS = (
    ("listen", "Listen"),
    ("admin", "Admin"),
    ("store", "Store"),
    ("twins", "Twins"),
    ("telemetry", "Telemetry"),
    ("telemetry.otlp", "Otlp"),
    ("cache", "Cache"),
    ("shedding", "Shedding"),
    ("callers.NAME", "Caller"),
    ("callers.NAME.tokens[]", "TokenOwner"),
    ("issuers.NAME", "Issuer"),
    ("routes[]", "Route"),
    ("routes[].when", "When"),
    ("providers.NAME", "provider"),
    ("providers.NAME.timeouts", "Timeouts"),
    ("providers.NAME.resilience", "Resilience"),
    ("providers.NAME.limits", "LimitsConfig"),
    ("providers.NAME.limits.rules[]", "LimitRule"),
    ("providers.NAME.cache", "ProviderCache"),
    ("providers.NAME.cache.products", "Lifetime"),
    ("providers.NAME.client_cert", "ClientCertificate"),
)


def reference(
    *, load_registration: Callable[[str], Registration] = registry.load, names: Sequence[str] = registry.BUILT_IN
) -> str:
    """Return the reference documentation of the adapters named, as Markdown."""
    schema = json_schema(load_registration=load_registration, names=lambda: names)
    definitions = schema["$defs"]
    parts = [_INTRODUCTION, "## The file\n", _table(schema, definitions)]
    for path, name in _SECTIONS:
        parts += [
            f"## `{path}`\n",
            definitions[name].get("description", "") + "\n",
            _table(definitions[name], definitions),
        ]
    for name in names:
        parts += _adapter(name, load_registration(name), definitions)
    return "\n".join(parts)


def _adapter(name: str, registration: Registration, definitions: Schema) -> Iterator[str]:
    adapter = registration.adapter
    yield f"## `adapter: {name}` ({adapter.title})\n"
    kinds = ", ".join(f"`{kind}`" for kind in adapter.kinds)
    address = f"`{adapter.base_url}` unless configured" if adapter.base_url else "must be configured"
    currency = f"`{adapter.default_currency}`" if adapter.default_currency else "none"
    yield f"Kinds of orders: {kinds}. `base_url`: {address}. Currency: {currency} unless configured.\n"
    yield f"### `credentials` of {name}\n"
    yield _table(definitions[f"{name}.credentials"], definitions)
    yield f"### Settings of {name}\n"
    provider = definitions[f"{name}.provider"]
    own = {key: value for key, value in provider["properties"].items() if not _is_common(value)}
    yield _table({"properties": own, "required": provider["else"]["required"]}, definitions)


def _is_common(property_schema: Schema) -> bool:
    target: str = property_schema.get("$ref", "")
    return target.startswith("#/$defs/provider/") or target.endswith(".credentials")


def _table(section: Schema, definitions: Schema) -> str:
    if not section.get("properties"):
        return "None.\n"
    rows = ["| Key | Value | Default | |", "|---|---|---|---|"]
    required = section.get("required", ())
    for key, value in section["properties"].items():
        default = "**required**" if key in required else _default(value)
        description = value.get("description") or _target(value, definitions).get("description", "")
        rows.append(f"| `{key}` | {_kind(value, definitions)} | {default} | {_cell(description)} |")
    return "\n".join(rows) + "\n"


def _target(value: Schema, definitions: Schema) -> Schema:
    name = value.get("$ref", "").removeprefix("#/$defs/")
    found: Schema = definitions.get(name, {})
    return found


def _default(value: Schema) -> str:
    default = value.get("default")
    if default in (None, [], {}, ""):
        return ""
    return f"`{_yaml(default)}`"


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return ", ".join(_yaml(item) for item in value)
    return str(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _kind(value: Schema, definitions: Schema) -> str:
    """Say in words what a value is: the words it may have, its type and bounds."""
    if "anyOf" in value:
        kinds = [_kind(part, definitions) for part in value["anyOf"] if not _is_implied(part)]
        if len(kinds) > 1 and kinds[1] == f"list of {kinds[0]}":
            return f"{kinds[0]}; one or a list"
        return " or ".join(dict.fromkeys(kinds))
    if "$ref" in value:
        return _kind(_target(value, definitions), definitions)
    if "enum" in value or "const" in value:
        words = value.get("enum", [value.get("const")])
        return ", ".join(f"`{_yaml(word)}`" for word in words)
    match value.get("type"):
        case "array":
            return f"list of {_kind(value['items'], definitions)}"
        case "object":
            inner = value.get("additionalProperties")
            return f"name: {_kind(inner, definitions)}" if isinstance(inner, dict) else "keys"
        case "integer" | "number" as kind:
            return f"{kind}{_bounds(value)}"
        case "boolean":
            return "`true`, `false`"
        case _:
            return "secret" if value.get("writeOnly") else "text"


def _is_implied(part: Schema) -> bool:
    return part == {"$ref": "#/$defs/reference"} or part.get("type") == "null"


def _bounds(value: Schema) -> str:
    low, high = value.get("minimum"), value.get("maximum")
    above = value.get("exclusiveMinimum")
    least = f"{low}" if low is not None else f"more than {above}" if above is not None else ""
    if least and high is not None:
        return f", {least} to {high}"
    if high is not None:
        return f", at most {high}"
    return f", from {least}" if low is not None else f", {least}" if least else ""


if __name__ == "__main__":
    sys.stdout.write(reference())
