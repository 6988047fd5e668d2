"""What is installed: one wheel with the three packages, and locked dependencies."""

import re
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from architecture.source import PACKAGES, ROOT, project_files, pyproject, text


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return Path(path)


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))


def test_the_wheel_holds_every_file_of_the_three_packages_and_nothing_else(wheel: Path) -> None:
    """Code and data files alike are shipped; tests, locks and tools are not."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == {path.as_posix() for path in project_files() if path.parts[0] in PACKAGES}
    assert {f"{package}/py.typed" for package in PACKAGES} <= packed


def test_the_wheel_installs_the_command(wheel: Path) -> None:
    """Installing the wheel gives `ordergate`."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/entry_points.txt")]
        assert "ordergate = gateway.cli:main" in archive.read(name).decode()


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    """Name, licence and supported Python are in the metadata, and the development tools are not."""
    metadata = _metadata(wheel)
    assert metadata["Name"] == "ordergate"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Requires-Python"] == ">=3.11"
    assert not [line for line in metadata.get_all("Requires-Dist", []) if "pytest" in line]


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_a_lock_file_pins_by_hash_and_names_no_host(name: str) -> None:
    """Every requirement has an exact version and a hash, and any mirror can serve it."""
    content = text(Path(name))
    assert "://" not in content
    assert "--index" not in content
    for entry in re.split(r"\n(?=\S)", content.strip()):
        if not entry.startswith("#"):
            assert re.match(r"[\w.-]+==\S+", entry), entry
            assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("requirements.lock", []),
        ("requirements-image.lock", ["optional-dependencies"]),
        ("requirements-dev.lock", ["dependency-groups"]),
    ],
)
def test_a_lock_file_is_not_stale(name: str, groups: list[str]) -> None:
    """What pyproject.toml asks for is what the lock file gives: otherwise `make lock`."""
    locked = {
        canonicalize_name(match[1]): match[2]
        for match in re.finditer(r"^([\w.-]+)==([^\s;]+)", text(Path(name)), flags=re.MULTILINE)
    }
    wanted = list(pyproject()["project"]["dependencies"])
    everything = {**pyproject()["project"], **pyproject()}
    for group in groups:
        wanted += [line for lines in everything[group].values() for line in lines if isinstance(line, str)]
    for line in wanted:
        requirement = Requirement(line)
        assert requirement.specifier.contains(locked.get(canonicalize_name(requirement.name), "0")), line


def test_the_lock_files_agree() -> None:
    """The tests run against the versions that are shipped, and the image has what others install, and the extras."""

    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[\w.-]+==[^\s;]+", text(Path(name)), flags=re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-image.lock") <= pins("requirements-dev.lock")
    assert "asyncpg" in {pin.partition("==")[0] for pin in pins("requirements-image.lock")}


def test_what_the_image_is_built_from_reaches_the_build() -> None:
    """Docker sends nothing that .dockerignore does not let through."""
    allowed = {line.removeprefix("!") for line in text(Path(".dockerignore")).splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", text(Path("Dockerfile")), flags=re.MULTILINE)
    wanted = {name.rstrip("/*") for line in copied for name in line.split()}
    assert "requirements-image.lock" in wanted
    assert wanted <= allowed
