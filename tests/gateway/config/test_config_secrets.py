"""No message, no repr and no warning shows a secret, whatever is wrong around it."""

import traceback

import pytest

from gateway.config import rules
from gateway.config.load import ConfigError
from support.configuration import HEAD, REAL, Files

CANARY = "hunter2-Canary"
HASH = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    "lines",
    [
        f"      client_secret: [{CANARY}]\n",
        f"      client_secret:\n        {CANARY}: 1\n",
        f"      {CANARY}: 1\n",
        f"      {CANARY}:\n",
        f"      {CANARY}: 1\n      {CANARY}: 2\n",
        f"      ? [{CANARY}]\n      : 1\n",
        f"      client_secret:{CANARY}\n",
        f"      client_secret: *{CANARY}\n",
        f"      client_secret: &{CANARY}\n      client_secret: 1\n",
        f"      client_secret: !{CANARY} x\n",
        f"      client_secret: !{CANARY}!x y\n",
        f"      client_secret: %{CANARY}\n",
        f"      client_secret: @{CANARY}\n",
        f"      client_secret: {CANARY}: x\n",
        f"      client_secret: '{CANARY}\n",
        f"      client_secret: '{CANARY}'x\n",
        f'      client_secret: "\\{CANARY}"\n',
        f"      client_secret: |{CANARY}\n",
        f"      client_secret: {{{CANARY}\n",
        f"      client_secret: ${{{CANARY}}}\n",
        f"      client_secret: ${{{CANARY}\n",
        f"      client_secret: ${{NOWHERE}}{CANARY}\n",
        "      client_secret: ${S}\n      customer: {a: ${S}}\n",
        f"      client_secret: {CANARY}\n    language: nl\n    currency: USD\n",
        "      client_secret: ${S}\n    language: nl\n    currency: USD\n",
        f"      client_secret: {CANARY}\n    proxy: http://u:{CANARY}@p.example/x\n",
        "      client_secret: ${S}\n    proxy: ${S}\n",
        "      client_secret: ${S}\n    language: ${S}\n",
        "      client_secret: ${S}\n    adapter: ${S}\n",
        "      client_secret: ${S}\n    currency: ${S}\n    base_url: ${S}\n    retries: ${S}\n",
    ],
)
def test_a_message_shows_no_secret(files: Files, lines: str) -> None:
    """Secrets that were quoted badly, indented badly, put in the place of a key, or refused by the adapter."""
    with pytest.raises(ConfigError) as raised:
        files.load(REAL + lines, {"S": CANARY})
    assert raised.value.problems
    shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value.problems)
    assert CANARY not in shown


def test_an_admin_token_is_not_shown(files: Files) -> None:
    """Neither right nor wrong."""
    assert CANARY not in str(files.mistakes(HEAD + f"admin:\n  token: {CANARY}\n  prot: 1\n"))
    assert CANARY not in str(files.mistakes(HEAD + f"admin:\n  token:\n    - {CANARY}\n"))
    assert CANARY not in repr(files.load(HEAD + f"admin:\n  token: {CANARY}-{CANARY}\n").admin)


def test_a_configuration_shows_no_secret(files: Files) -> None:
    """Whoever logs one, or a provider or adapter of it, tells nothing."""
    text = REAL + f"      client_secret: {CANARY}\n    proxy: http://u:{CANARY}@p.example:1\n"
    configuration = files.load(text)
    acme = configuration.providers["acme"]
    assert CANARY not in repr(configuration) + str(configuration.warnings) + repr(acme) + repr(acme.adapter())
    assert acme.credentials.client_secret.get_secret_value() == CANARY  # type: ignore[attr-defined]


def test_an_api_key_written_for_its_hash_is_not_shown(files: Files) -> None:
    """The commonest mistake with callers."""
    assert CANARY not in str(files.mistakes(HEAD + f"callers:\n  shop:\n    keys: {CANARY}\n    scopes: admin\n"))


def test_a_message_is_one_line(files: Files) -> None:
    """A line break in a key or path cannot forge a second message."""
    (mistake,) = files.mistakes(HEAD + '"a\\nb": 1\n')
    assert mistake.splitlines() == [mistake]
    (mistake,) = files.mistakes(HEAD + 'listen:\n  host: "${file:a\\nb}"\n')
    assert mistake.splitlines() == [mistake]


def test_a_header_for_the_collector_is_a_secret(files: Files) -> None:
    """In what is loaded, and in what is told of mistakes beside it."""
    written = f"telemetry:\n  otlp:\n    endpoint: https://c.example\n    headers:\n      Authorization: {CANARY}\n"
    assert CANARY not in repr(files.load(HEAD + written))
    assert CANARY not in str(files.mistakes(HEAD + written + f"    interval: {CANARY}\n"))


def test_a_collector_needs_packages_and_says_which(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything starts, at the key that asks for them."""
    monkeypatch.setattr(rules, "EXPORTER", "no-such-distribution")
    text = HEAD + "telemetry:\n  otlp:\n    endpoint: http://c.example\n"
    expected = "8:3: telemetry.otlp: needs packages that are not installed: pip install 'ordergate[telemetry]'"
    assert files.mistakes(text) == [expected]
    assert files.load(HEAD + "telemetry:\n  prometheus: true\n").telemetry.prometheus
