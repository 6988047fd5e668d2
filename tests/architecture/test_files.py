"""One file, one idea: sizes, names and words."""

import ast
import re
from pathlib import Path

from architecture import rules
from architecture.source import PACKAGES, project_files, pyproject, python_files, text, tree

MODULE_LINES = 300
FUNCTION_LINES = 40
# A module or "module:function" that is longer, and why it may be.
LONGER: dict[str, str] = {}

# A class that is named so because a library says so, and which.
GIVEN_NAMES = {"_BareRequestHandler": "it is an aiohttp.web_protocol.RequestHandler"}

EVERYTHING = python_files(*PACKAGES, "tests")


def test_a_module_is_short() -> None:
    """A module has at most 300 lines, or a reason."""
    lengths = {str(path): len(text(path).splitlines()) for path in EVERYTHING if str(path) not in LONGER}
    assert not {path: length for path, length in lengths.items() if length > MODULE_LINES}


def test_a_function_is_short() -> None:
    """A function has at most 40 lines besides its docstring, or a reason."""
    assert not [
        f"{path}:{line}: {name} has {lines} lines"
        for path in python_files(*PACKAGES)
        for name, line, lines in rules.function_lengths(tree(path))
        if lines > FUNCTION_LINES and f"{path}:{name}" not in LONGER
    ]


def test_every_exception_is_needed_and_has_a_reason() -> None:
    """An exception from the length rules goes when what it excuses is gone."""
    for place, reason in LONGER.items():
        path, _, function = place.partition(":")
        assert len(reason) > 20, place
        if function:
            lengths = [lines for name, _, lines in rules.function_lengths(tree(Path(path))) if name == function]
            assert max(lengths, default=0) > FUNCTION_LINES, place
        else:
            assert len(text(Path(path)).splitlines()) > MODULE_LINES, place


def test_init_files_hold_a_docstring_only() -> None:
    """Importing a package says what it is, and does nothing."""
    for path in project_files():
        if path.name == "__init__.py":
            body = tree(path).body
            assert len(body) == 1, path
            assert ast.get_docstring(tree(path)), path


def test_every_package_folder_has_an_init_file_and_no_test_folder_has() -> None:
    """Packages are packages; tests/adapters/__init__.py would shadow one."""
    for path in EVERYTHING:
        has_init = path.with_name("__init__.py") in EVERYTHING
        assert has_init is (path.parts[0] != "tests"), path.parent


def test_no_file_or_folder_is_a_drawer() -> None:
    """A module is named by its one idea, never utils, helpers, common or misc."""
    drawers = re.compile(r"_?(utils?|helpers?|commons?|misc|stuff|shared|base)", re.IGNORECASE)
    assert not [path for path in EVERYTHING for part in path.with_suffix("").parts if drawers.fullmatch(part)]


def test_no_class_is_named_by_a_pattern() -> None:
    """A class is named by what it is, never Manager, Handler, Base, Impl or Service."""
    declared = re.compile(r"^\s*class\s+(\w+)", re.MULTILINE)
    pattern = re.compile(r"(Manager|Handler|Base|Impl|Service|Helper|Utils?)$|^(Abstract|Base)[A-Z]")
    assert not [
        f"{path}: {name}"
        for path in EVERYTHING
        for name in declared.findall(text(path))
        if pattern.search(name) and name not in GIVEN_NAMES
    ]


def test_nothing_is_left_for_later() -> None:
    """No file holds a note to finish it."""
    note = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")
    assert not _places(note)


def test_no_file_names_a_machine_or_a_registry_host() -> None:
    """Paths of somebody's machine and hosts of package registries belong in no file."""
    place = re.compile(r"(?<![\w.}/-])/(work|root|home|Users)/\w|files\.python" + r"hosted\.org|pypi\.org/simp" + r"le")
    assert not _places(place)


def test_the_version_is_written_once() -> None:
    """The version stands in pyproject.toml; the product reads it from its installed metadata."""
    version = re.compile(rf"__version__|(?<![\w.]){re.escape(pyproject()['project']['version'])}(?![\w.])")
    assert not [place for place in _places(version) if place.split("/")[0] in PACKAGES]


def _places(pattern: re.Pattern[str]) -> list[str]:
    """Return path:line of each match in the project's text files, vendored ones and licences apart."""
    return [
        f"{path}:{number}"
        for path in project_files()
        if "vendor" not in path.parts and not path.name.startswith(("LICENSE", "NOTICE")) and ".min." not in path.name
        for number, line in enumerate(text(path).splitlines(), 1)
        if pattern.search(line)
    ]
