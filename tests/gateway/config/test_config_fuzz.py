"""Whatever the text: a configuration, or every mistake with its place. Never another error, never a hang."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.load import ConfigError, ConfigProblem, load
from support.configuration import REAL
from support.pretended_adapter import NAMES, registration_of

CALLERS = "callers:\n  shop:\n    keys: sha256:" + "0" * 64 + "\n    scopes: [admin]\n"
ROUTES = "routes:\n  - provider: acme\n    when:\n      country: [NL]\n      metadata: {a: b}\n"
WHOLE = REAL + "      client_secret: ${S}\n    warehouse:\n      code: a\n" + CALLERS + ROUTES
PIECES = [
    *sorted({word for line in WHOLE.splitlines() for word in line.replace(":", " ").split()}),
    *": :\n - ? * & ! !! | > % @ ` # ' \" { } [ ] , ~ << --- ... \t \r\n \n \\ $ ${ ${S}".split(" "),
    *"${file:x} $$ *a &a null 1 1.5 !!str 0x1 2026-01-01".split(" "),
    *["\n", "\n  ", "\n    ", " ", "\ufeff", "\u2028", "\x85", "\x00", "\ud7ff", "%YAML 1.1\n---\n", "%TAG ! x\n---\n"],
]  # fmt: skip


def judge(text: str | bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        lines = path.read_bytes().count(b"\n") + path.read_bytes().count(b"\r") + 1
        problems: tuple[ConfigProblem, ...] = ()
        try:
            load(path, {"S": "s"}, load_registration=registration_of, names=lambda: NAMES)
        except ConfigError as error:
            problems = error.problems or (ConfigProblem("", -1, 0, "", "an error without a problem"),)
    for problem in problems:
        assert 0 <= problem.line <= lines + 1
        assert len(str(problem).splitlines()) == 1


def test_the_text_that_is_torn_is_whole_at_first() -> None:
    """Otherwise nothing would be torn."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.yaml"
        path.write_text(WHOLE)
        assert load(path, {"S": "s"}, load_registration=registration_of, names=lambda: NAMES).routes


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    """Text and bytes of any sort."""
    judge(text)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_pieces_of_yaml_are_read_or_refused(text: str) -> None:
    """What YAML is made of, in any order."""
    judge(text)


@given(st.data())
def test_a_torn_configuration_is_read_or_refused(data: st.DataObject) -> None:
    """A piece cut out of a whole configuration, and another put in."""
    begin = data.draw(st.integers(0, len(WHOLE)))
    end = data.draw(st.integers(begin, min(len(WHOLE), begin + 30)))
    judge(WHOLE[:begin] + data.draw(st.sampled_from(PIECES)) + WHOLE[end:])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.sampled_from(PIECES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(PIECES), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_any_value_in_any_place_is_read_or_refused(data: st.DataObject) -> None:
    """Every value of a whole configuration exchanged for another of any type, in JSON, which YAML includes."""
    import json

    whole = {
        "listen": {"host": "localhost", "port": 1, "hosts": ["a"], "origins": []},
        "admin": {"host": "localhost", "port": 2, "token": "0123456789012345"},
        "store": {"url": "memory:", "ephemeral": True},
        "callers": {"shop": {"keys": ["sha256:" + "0" * 64], "scopes": ["admin"], "providers": "*"}},
        "providers": {
            "acme": {
                "adapter": "acme",
                "simulated": False,
                "base_url": "https://a.example",
                "client_cert": {"cert_file": "a", "key_file": "b"},
                "timeouts": {"read": 1},
                "channels": ["a"],
                "warehouse": {"code": "a", "priority": 1},
                "credentials": {"client_id": "a", "client_secret": "b"},
            }
        },
        "routes": [{"provider": "acme", "when": {"kind": "sale", "country": ["NL"], "metadata": {"a": ["b"]}}}],
    }
    for _ in range(data.draw(st.integers(1, 3))):
        container: object = whole
        while isinstance(container, dict | list) and container:
            key = data.draw(
                st.sampled_from(sorted(container) if isinstance(container, dict) else range(len(container)))
            )
            inner = container[key]
            if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
                container[key] = data.draw(VALUES)
                break
            container = inner
    judge(json.dumps(whole))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{" * 100_000,
        "a:\n" + "- " * 100_000,
        "? " * 50_000,
        '"' + "x" * 900_000,
        "&a [*a]",
        "#\n" * 400_000,
    ],
    ids=["lists", "mappings", "items", "keys", "quote", "cycle", "comments"],
)
def test_a_hostile_text_does_not_hang(text: str) -> None:
    """Each is done within seconds of this process's time."""
    begun = time.process_time()
    judge(text)
    assert time.process_time() - begun < 10
