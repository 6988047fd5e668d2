"""`${NAME}`, `${NAME:-default}`, `${file:path}` and `$$`."""

import pytest

from gateway.config.references import resolve
from support.configuration import HEAD, REAL, Files

AWKWARD = """it's "quoted": #no comment, {braces} [x] *y &z %w @v `u` \\n ${NOT_AGAIN} $$ \t| > ! é"""


def secret_of(files: Files, written: str, environ: dict[str, str]) -> str:
    configuration = files.load(f"{REAL}      client_secret: {written}\n", environ)
    secret: str = configuration.providers["acme"].credentials.client_secret.get_secret_value()  # type: ignore[attr-defined]
    return secret


@pytest.mark.parametrize("written", ["${S}", "'${S}'", '"${S}"', ">-\n        ${S}"])
def test_a_secret_from_the_environment_may_hold_anything(files: Files, written: str) -> None:
    """References are resolved after parsing, and what they bring in is not looked at again."""
    assert secret_of(files, written, {"S": AWKWARD}) == AWKWARD


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_from_a_file_loses_only_the_line_break_that_ends_it(files: Files, ending: str) -> None:
    """Editors and `kubectl create secret --from-file` leave one behind."""
    (files.folder / "secret").write_bytes((AWKWARD + ending).encode())
    assert secret_of(files, "${file:secret}", {}) == AWKWARD
    assert secret_of(files, f"${{file:{files.folder}/secret}}", {}) == AWKWARD


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${A}", "a"),
        ("${A}-${B}", "a-b"),
        ("x${A:-z}y", "xay"),
        ("${N:-z}", "z"),
        ("${EMPTY:-z}", "z"),
        ("${N:-}x", "x"),
        ("${N:-a:-b}", "a:-b"),
        ("$${A}", "${A}"),
        ("$$$$", "$$"),
        ("$A", "$A"),
        ("5$", "5$"),
        ("pa$word", "pa$word"),
    ],
)
def test_references_are_resolved(files: Files, written: str, value: str) -> None:
    """Defaults stand in for what is not set or empty, and two dollar signs are one."""
    resolved = resolve(written, {"A": "a", "B": "b", "EMPTY": ""}, files.folder)
    assert (resolved.text, resolved.mistakes) == (value, [])


FORMS = "write ${NAME}, ${NAME:-default} or ${file:/path}, and $$ for a dollar sign"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("${NOWHERE}", "environment variable NOWHERE is not set; set it, or write ${NOWHERE:-default}"),
        ("${EMPTY}", "environment variable EMPTY is empty; set it, or write ${EMPTY:-default}"),
        ("${HALF}", "environment variable HALF is not UTF-8 text"),
        ("${file:gone}", "file FOLDER/gone does not exist or is not a file"),
        ("${file:.}", "file FOLDER does not exist or is not a file"),
        ("${file:empty}", "file FOLDER/empty is empty"),
        ("${file:binary}", "file FOLDER/binary is not UTF-8 text"),
        ("${file:large}", "file FOLDER/large is larger than 64 KiB"),
        ("${file:}", f"not a reference; {FORMS}"),
        ("${}", f"not a reference; {FORMS}"),
        ("${1X}", f"not a reference; {FORMS}"),
        ("${A-b}", f"not a reference; {FORMS}"),
        ("${A", f"not a reference; {FORMS}"),
    ],
)
def test_a_reference_that_gives_nothing_is_told_at_its_place(files: Files, written: str, expected: str) -> None:
    """And nothing that would follow from it is told besides."""
    for name, content in {"empty": b"\n", "binary": b"\xff", "large": b"x" * 65537}.items():
        (files.folder / name).write_bytes(content)
    text = f"{REAL}      client_secret: '{written}'\n"
    found = files.mistakes(text, {"EMPTY": "", "HALF": "\udc80"})
    expected = expected.replace("FOLDER", str(files.folder))
    assert found == [f"8:22: providers.acme.credentials.client_secret: {expected}"]


def test_a_reference_that_gives_nothing_is_not_told_by_a_key_that_the_adapter_does_not_have(files: Files) -> None:
    """Such a key may be a secret that was put in the place of one."""
    text = f"{REAL}      client_secret: s\n      word-of-mine: ${{NOWHERE}}\n"
    assert [mistake.partition(": environment")[0] for mistake in files.mistakes(text)] == [
        "9:7: providers.acme.credentials: unknown key; known: client_id, client_secret, customer",
        "9:21: providers.acme.credentials",
    ]


def test_every_reference_of_a_text_is_looked_at(files: Files) -> None:
    """Two that are not set are two mistakes."""
    assert len(files.mistakes(REAL + "      client_secret: ${A}${B}\n")) == 2


def test_numbers_and_booleans_may_come_from_references(files: Files) -> None:
    """The text is read as YAML where the key asks for something else than text, and only there."""
    environ = {"PORT": "9000", "YES": "true", "NO": "false", "RATIO": "0.25", "ID": "0123", "FILE": "4"}
    (files.folder / "retries").write_text("4\n")
    text = (
        "listen:\n  port: ${PORT}\nstore:\n  ephemeral: '${NO}'\nproviders:\n  acme:\n    adapter: acme\n"
        "    ratio: ${RATIO}\n    retries: ${file:retries}\n    verbose: ${YES}\n    simulated: ${NEVER:-false}\n"
        "    credentials:\n      client_id: ${ID}\n      client_secret: ${ID}\n"
    )
    configuration = files.load(text, environ)
    acme = configuration.providers["acme"]
    assert (configuration.listen.port, configuration.store.ephemeral, acme.simulated) == (9000, False, False)
    assert acme.settings.model_dump(include={"ratio", "retries", "verbose"}) == {
        "ratio": 0.25,
        "retries": 4,
        "verbose": True,
    }
    assert acme.credentials.model_dump(include={"client_id"}) == {"client_id": "0123"}


def test_a_reference_that_gives_the_wrong_type_is_told_as_any_value(files: Files) -> None:
    """The place is that of the reference."""
    assert files.mistakes(HEAD + "listen:\n  port: ${PORT}\n", {"PORT": "http"}) == [
        "8:9: listen.port: should be a whole number"
    ]
    assert files.mistakes(HEAD + "listen:\n  port: ${PORT}\n", {"PORT": "70000"}) == [
        "8:9: listen.port: is too high; write 65535 or less"
    ]


def test_a_reference_below_an_anchor_is_resolved_once(files: Files) -> None:
    """A dollar sign that an alias shows twice is not resolved twice."""
    text = REAL.replace("id\n", "&s $$$${A}\n") + "      client_secret: *s\n"
    credentials = files.load(text).providers["acme"].credentials
    assert credentials.client_secret.get_secret_value() == "$${A}"  # type: ignore[attr-defined]
