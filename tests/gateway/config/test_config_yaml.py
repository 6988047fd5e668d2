"""What the text of a configuration may be: expected places are counted by hand, 1 being the first line and column."""

from pathlib import Path

import pytest

from gateway.config.load import MAX_REPEATED, ConfigError, load
from gateway.config.nodes import plain_value
from support.configuration import HEAD, Files

QUOTED = """(a text with : # ' " { [ & * ! | > % @ ` in it is written in quotes)"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: is empty; write at least providers: with one provider below it"),
        ("# nothing\n", "1:1: is empty; write at least providers: with one provider below it"),
        ("- a\n", "1:1: should be a mapping: keys such as providers: with values, indented below them"),
        ("\n\n  just text\n", "3:3: should be a mapping: keys such as providers: with values, indented below them"),
        (HEAD + "a: 'b\n", f"8:1: not YAML: found unexpected end of stream {QUOTED}"),
        (HEAD + "listen:\n\tport: 1\n", "8:1: not YAML: a tab; indent with spaces"),
        (HEAD + "a: b: c\n", f"7:5: not YAML: mapping values are not allowed here {QUOTED}"),
        (HEAD + "a: \x01\n", "7:4: not YAML: a control character; write it as an escape in double quotes"),
        (HEAD.encode() + b"a: \xff\n", "7:4: is not UTF-8 text"),
        (HEAD + "---\nb: 1\n", "7:1: only one document is read; remove the line --- and what follows"),
    ],
)
def test_a_text_that_is_no_mapping_is_told_by_its_place(files: Files, text: str | bytes, expected: str) -> None:
    """What keeps the file from being read at all is told alone."""
    assert files.mistakes(text) == [expected]


def test_every_duplicate_key_is_told_with_the_line_of_the_first(files: Files) -> None:
    """YAML forbids a key twice; all of them are found in one go, at any depth."""
    text = HEAD + "listen:\n  port: 1\n  port: 2\n  port: 3\nstore:\n  url: x\n"
    assert files.mistakes(text) == [
        "9:3: listen.port: written twice, first in line 8; remove one",
        "10:3: listen.port: written twice, first in line 8; remove one",
        "11:1: store: written twice, first in line 1; remove one",
        "12:8: store.url: is no store; write memory:, sqlite:/var/lib/ordergate/journal.db, postgresql://user@host/database",
    ]


def test_the_mistakes_in_what_is_written_twice_are_told_too(files: Files) -> None:
    """In the first and in the second, references as well; what stands around them is told once."""
    twice = "  acme:\n    adapter: acme\n    simulated: true\n    retries: many\n"
    credentials = "    credentials:\n      client_id: ${A}\n"
    unset = "not set; set it, or write ${A:-default}"
    text = f"{HEAD}    retries: few\n{twice}{credentials}routes:\n  - provider: acme\n    when:\n      contry: NL\n"
    assert files.mistakes(text) == [
        "7:14: providers.acme.retries: should be a whole number",
        "8:3: providers.acme: written twice, first in line 4; remove one",
        "11:14: providers.acme.retries: should be a whole number",
        "12:5: providers.acme.credentials.client_secret: is missing",
        f"13:18: providers.acme.credentials.client_id: environment variable A is {unset}",
        "17:7: routes[0].when.contry: unknown key; did you mean country?",
    ]


def test_of_very_many_keys_that_are_written_twice_some_are_read(files: Files) -> None:
    """Each costs a reading of the whole; that it stands there twice is told of every one."""
    text = HEAD + "    retries: many\n" * 100
    told = files.mistakes(text)
    assert len([one for one in told if "written twice" in one]) == 99
    assert len([one for one in told if "whole number" in one]) == 1 + MAX_REPEATED


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("admin: &a\n  port: 1\nlisten:\n  <<: *a\n", "10:3: listen: merge keys are not read; write the keys out"),
        (
            "listen:\n  port: !!str 80\n",
            "8:9: listen.port: tags are not read; remove it, or put a text that begins with ! in quotes",
        ),
        ("? [a]\n: 1\n", "7:3: a key is a plain word, not an alias, list or mapping"),
        ("admin: &a\n  host: &h localhost\n*h : 1\n", "9:1: a key is a plain word, not an alias, list or mapping"),
        (
            "listen: *nowhere\n",
            "7:9: listen: no anchor of this name is complete here; a text that begins with * is put in quotes",
        ),
        (
            "listen: &l\n  hosts: *l\n",
            "8:10: listen.hosts: no anchor of this name is complete here; a text that begins with * is put in quotes",
        ),
        (
            'listen:\n  host: "\\ud800"\n',
            "8:9: listen.host: half of a surrogate pair is no character; write the character itself",
        ),
        ("routes: " + "[" * 32 + "]" * 32 + "\n", f"7:40: routes{'[0]' * 31}: nested more than 32 levels deep"),
    ],
)
def test_what_yaml_has_and_a_configuration_has_not_is_refused(files: Files, lines: str, expected: str) -> None:
    """Tags, merge keys, keys that are no words, half characters and bottomless nesting."""
    assert files.mistakes(HEAD + lines)[0] == expected


def test_anchors_and_aliases_work(files: Files) -> None:
    """A part that is named by an anchor counts as written wherever its alias stands."""
    text = HEAD + "listen: &both\n  host: localhost\nadmin: *both\n"
    assert files.load(text).admin.host == "localhost"


def test_aliases_of_aliases_do_not_fill_the_memory(files: Files) -> None:
    """Ten values a level, eight levels: a hundred million values are refused before they are written out."""
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 9))
    (mistake,) = files.mistakes("l0: &l0 [a, a, a, a, a, a, a, a, a, a]\n" + levels)
    assert mistake.endswith("more than 100000 values, aliases written out")


def test_a_file_larger_than_one_mebibyte_is_not_parsed(files: Files) -> None:
    """The bound holds to the byte."""
    assert files.mistakes("#" * (1024 * 1024 + 1)) == [" is larger than 1024 KiB"]
    assert files.mistakes("#" * (1024 * 1024))[0].startswith("1:1: is empty")


def test_a_file_that_cannot_be_read_is_told_without_a_place(tmp_path: Path) -> None:
    """There is no line to point to."""
    for path, reason in ((tmp_path / "none.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError) as raised:
            load(path, {})
        assert str(raised.value) == f"{path}: cannot be read: {reason}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("0o17", "0o17"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ("9" * 19, "9" * 19),
        ("010", 10),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
    ],
)
def test_plain_scalars_are_what_yaml_1_2_says(text: str, value: object) -> None:
    """YAML 1.2.2, 10.3.2 Core Schema; infinities and numbers beyond any setting stay text."""
    assert plain_value(text) == value
    assert type(plain_value(text)) is type(value)


def test_a_byte_order_mark_and_carriage_returns_change_nothing(files: Files) -> None:
    """A file saved on Windows is read, and its places are the same."""
    text = b"\xef\xbb\xbf" + (HEAD + "listen:\n  prot: 1\n").replace("\n", "\r\n").encode()
    assert files.mistakes(text) == ["8:3: listen.prot: unknown key; did you mean port?"]
