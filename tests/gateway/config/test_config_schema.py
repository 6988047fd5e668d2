"""The JSON Schema that editors use agrees with what is read."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from gateway.config.schema import json_schema
from support.configuration import HEAD, REAL, Files
from support.pretended_adapter import registration_of

NAMES = ("acme", "rootless")
HASH = "sha256:" + "0" * 64
SECRET = "      client_secret: ${S}\n"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema with the adapters that only tests have."""
    return json_schema(load_registration=registration_of, names=lambda: NAMES)


def accepts(schema: dict[str, Any], text: str) -> bool:
    valid: bool = Draft202012Validator(schema).is_valid(YAML(typ="safe", pure=True).load(text))
    return valid


def test_it_is_a_schema(schema: dict[str, Any]) -> None:
    """Valid against the dialect it names, with every reference inside it leading somewhere."""
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    targets: list[str] = []

    def collect(part: Any) -> None:
        if isinstance(part, dict):
            targets.extend([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
            for inner in part.values():
                collect(inner)
        elif isinstance(part, list):
            for inner in part:
                collect(inner)

    collect(schema)
    for target in targets:
        found = schema
        for key in target.removeprefix("#/").split("/"):
            found = found[key]
    assert len(targets) > 20


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        HEAD + "    retries: 3\n    language: nl\n    warehouse:\n      code: a\n",
        HEAD + "    retries: ${N}\n    language: ${L}\n    verbose: ${V}\n    ratio: ${R}\n    currency: ${C}\n",
        HEAD + "    timeouts:\n      read: ${READ:-3}\n",
        HEAD + "listen:\n  port: ${PORT:-1}\n  host: localhost\nadmin:\n  token: ${T}\n",
        HEAD + f"callers:\n  shop:\n    keys: {HASH}\n    scopes: admin\n    providers: '*'\n",
        HEAD + f"callers:\n  shop:\n    keys:\n      - ${{K}}\n      - {HASH}\n    scopes:\n      - ${{SCOPE}}\n",
        HEAD + "routes:\n  - provider: acme\n    when:\n      country: [NL, '${C}']\n      metadata:\n        a: b\n",
        REAL + SECRET,
        HEAD.replace("acme\n", "rootless\n") + "    tenant: a\n",
        "providers:\n  a:\n    adapter: rootless\n    base_url: ${URL}\n    tenant: a\n",
        "providers:\n  a:\n    adapter: rootless\n    simulated: true\n",
    ],
)
def test_what_is_right_is_accepted(schema: dict[str, Any], text: str) -> None:
    """References too, wherever a number, a boolean or a word is asked for."""
    assert accepts(schema, text)


@pytest.mark.parametrize(
    "text",
    [
        "listen:\n  port: 1\n",
        HEAD + "rutes: []\n",
        HEAD + "listen:\n  port: http\n",
        HEAD + "listen:\n  port: 65536\n",
        HEAD + "    langage: nl\n",
        HEAD + "    language: de\n",
        HEAD + "    retries: many\n",
        HEAD + "    tenant: of another adapter\n",
        HEAD + "    credentials:\n      client_idd: a\n",
        HEAD.replace("acme\n", "akme\n"),
        HEAD.replace("  acme:", "  a:b:"),
        REAL,
        "providers:\n  a:\n    adapter: acme\n",
        "providers:\n  a:\n    adapter: rootless\n    tenant: a\n",
        "providers:\n  a:\n    adapter: rootless\n    base_url: https://a.example\n",
        "providers: {}\n",
        HEAD + "callers:\n  shop:\n    keys: key\n    scopes: admin\n",
        HEAD + f"callers:\n  shop:\n    keys: {HASH}\n    scopes: []\n",
        HEAD + "routes:\n  - when:\n      kind: sale\n",
        HEAD + "routes:\n  - provider: acme\n    when:\n      kind: trade-in\n",
    ],
)
def test_what_is_wrong_is_refused(schema: dict[str, Any], files: Files, text: str) -> None:
    """And by the gateway as well."""
    assert not accepts(schema, text)
    assert files.mistakes("" if "store:" in text else text)


def test_every_key_is_described(schema: dict[str, Any]) -> None:
    """A sentence at each, shown by editors and in docs/configuration.md."""
    for name, definition in schema["$defs"].items():
        for key, value in definition.get("properties", {}).items():
            described = value.get("description") or value.get("$ref", "").startswith("#/$defs/provider/properties/")
            assert described, f"{name}.{key}"
