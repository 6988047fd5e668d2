"""gateway.yaml and docs/configuration.md, with the adapters that ship."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from adapters import registry
from gateway.config.load import load
from gateway.config.reference import reference
from gateway.config.schema import json_schema

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "gateway.yaml"
REFERENCE = ROOT / "docs" / "configuration.md"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema as `ordergate schema` prints it."""
    return json_schema()


def switched_on(folder: Path) -> tuple[Path, dict[str, str]]:
    """Write gateway.yaml with every key on, the files it names below `folder`, and return it with its variables."""
    text = re.sub(r"(?m)^( *)#(?=\S)", r"\1", SHIPPED.read_text(encoding="utf-8"))
    secrets = folder / "secrets"
    secrets.mkdir()
    for name in re.findall(r"/run/secrets/([\w.-]+)", text):
        (secrets / name).write_text("A-secret-of-32-characters-0123456" if name != "journal-key" else "0f" * 32)
    # Real accounts are among them, and those may not be forgotten.
    text = text.replace("url: 'memory:'", "url: sqlite:journal.db").replace("ephemeral: true", "ephemeral: false")
    path = folder / "gateway.yaml"
    path.write_text(text.replace("/run/secrets", str(secrets)), encoding="utf-8")
    return path, dict.fromkeys(re.findall(r"\$\{([A-Z_]+)\}", text), "a-value")


def test_it_runs_as_it_is() -> None:
    """Every provider, each simulated, without a variable, a file or a warning."""
    configuration = load(SHIPPED, {})
    assert sorted(configuration.providers) == sorted(registry.BUILT_IN)
    assert all(provider.simulated for provider in configuration.providers.values())
    assert configuration.warnings == ()
    for provider in configuration.providers.values():
        assert provider.adapter().name == provider.name


def test_it_runs_with_every_key_switched_on(tmp_path: Path) -> None:
    """An example that does not work is worse than none."""
    path, environ = switched_on(tmp_path)
    configuration = load(path, environ)
    real = {name for name, provider in configuration.providers.items() if not provider.simulated}
    assert real >= {"bol-nl", "gelato-eu", "rexel-fr", "reseller-tr", "reusely-us"}
    assert set(configuration.providers) - real == set(registry.BUILT_IN)
    assert configuration.callers["webshop"].providers == ("gelato", "rexel")
    assert configuration.admin.token is not None
    assert [sentence for sentence in configuration.warnings if "stands in the file" in sentence] == []


def test_it_shows_every_key_that_is_not_an_adapter_s(schema: dict[str, Any]) -> None:
    """Whoever reads it has seen all there is, settings of adapters apart."""
    text = SHIPPED.read_text(encoding="utf-8")
    sections = (
        "Listen",
        "Admin",
        "Store",
        "Shedding",
        "Twins",
        "Caller",
        "TokenOwner",
        "Issuer",
        "Route",
        "When",
        "Timeouts",
        "ClientCertificate",
        "provider",
    )
    keys = {key for section in sections for key in schema["$defs"][section]["properties"]} | set(schema["properties"])
    assert [key for key in sorted(keys) if not re.search(rf"(?m)^[ #-]*{key}:", text)] == []


def test_its_schema_accepts_it(schema: dict[str, Any], tmp_path: Path) -> None:
    """As it is and with every key switched on; its first line tells editors where the schema is."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=gateway.schema.json\n")
    path, _ = switched_on(tmp_path)
    for document in (text, path.read_text(encoding="utf-8")):
        errors = Draft202012Validator(schema).iter_errors(YAML(typ="safe", pure=True).load(document))
        assert [error.message for error in errors] == []


def test_the_reference_is_up_to_date() -> None:
    """Run `.venv/bin/python -m gateway.config.reference > docs/configuration.md` when this fails."""
    current = REFERENCE.read_text(encoding="utf-8") == reference()
    assert current, "stale: run .venv/bin/python -m gateway.config.reference > docs/configuration.md"


def test_the_reference_is_printed_by_its_module() -> None:
    """The command that the file names."""
    command = [sys.executable, "-m", "gateway.config.reference"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=50, check=True, env=dict(os.environ))
    assert printed.stdout.decode() == reference()


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_an_adapter_describes_its_keys(name: str) -> None:
    """Each setting and each credential has a sentence, and no setting has the name of a common key."""
    adapter = registry.load(name).adapter
    for model in (adapter.Settings, adapter.Credentials):
        for key, field in model.model_fields.items():
            assert field.description, f"{name}: {key}"
            assert field.description.rstrip().endswith("."), f"{name}: {key}"


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_an_adapter_is_configured_with_references_alone(name: str, tmp_path: Path) -> None:
    """Every setting that has a default, given as `${NAME}` with that default's text, is read as the default."""
    registration = registry.load(name)
    settings = {
        key: field.default
        for key, field in registration.adapter.Settings.model_fields.items()
        if isinstance(field.default, str | int | float)
        and field.default != ""
        and key not in registration.simulator.settings
    }
    environ = {
        key.upper(): str(value).lower() if isinstance(value, bool) else str(value) for key, value in settings.items()
    }
    lines = "".join(f"    {key}: ${{{key.upper()}}}\n" for key in settings)
    path = tmp_path / "gateway.yaml"
    path.write_text(f"store:\n  ephemeral: true\nproviders:\n  a:\n    adapter: {name}\n    simulated: true\n{lines}")
    assert load(path, environ).providers["a"].settings.model_dump(include=set(settings)) == settings
