"""Room on the disk: what is kept in reserve, and when nothing new is begun."""

import shutil
from collections import namedtuple
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from gateway.stores.ballast import Ballast
from gateway.telemetry.redaction import FIELDS

MEBIBYTE = 1 << 20
Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil has it


class Disk:
    """A disk whose free space a test sets, and a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free = 1000 * MEBIBYTE
        self.now = 0.0
        self.looks = 0
        monkeypatch.setattr(shutil, "disk_usage", self._usage)

    def _usage(self, path: Path) -> Usage:
        self.looks += 1
        return Usage(0, 0, self.free)

    def clock(self) -> float:
        return self.now


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Return a disk with room."""
    return Disk(monkeypatch)


@pytest.fixture
def ballast(disk: Disk, tmp_path: Path) -> Ballast:
    """Return a ballast of 2 MiB, with a floor of 4 MiB."""
    return Ballast(tmp_path / "ballast", size=2 * MEBIBYTE, floor=4 * MEBIBYTE, clock=disk.clock)


def test_ballast_is_made_of_real_blocks_where_there_is_room(ballast: Ballast, tmp_path: Path) -> None:
    """Its space is taken, not only promised."""
    assert ballast.shortage() is None
    kept = (tmp_path / "ballast").stat()
    assert kept.st_size == 2 * MEBIBYTE
    assert kept.st_blocks * 512 >= 2 * MEBIBYTE


def test_below_the_floor_nothing_new_is_begun_until_there_is_room(
    ballast: Ballast, disk: Disk, logs: list[MutableMapping[str, Any]]
) -> None:
    """The reason names the folder and the figures; so does the log, also how much it has to be."""
    disk.free = 3 * MEBIBYTE
    assert "3 MiB are free" in (ballast.shortage() or "")
    (line,) = logs
    assert (line["free_bytes"], line["needed_bytes"]) == (3 * MEBIBYTE, 4 * MEBIBYTE)
    assert set(line) - {"log_level"} <= FIELDS
    disk.free, disk.now = 4 * MEBIBYTE, 1.0
    assert ballast.shortage() is None


def test_the_disk_is_looked_at_once_a_second(ballast: Ballast, disk: Disk) -> None:
    """A look holds for a moment: it costs nothing to ask."""
    for tenth in range(25):
        disk.now = tenth / 10
        ballast.shortage()
    assert disk.looks == 3


def test_ballast_is_thrown_away_once_and_made_again_when_there_is_room(
    ballast: Ballast, disk: Disk, tmp_path: Path
) -> None:
    """Not before there is room for it above the floor."""
    ballast.shortage()
    assert ballast.release()
    assert not ballast.release()
    assert not (tmp_path / "ballast").exists()
    assert ballast.shortage() is not None
    disk.free, disk.now = 5 * MEBIBYTE, 2.0
    assert ballast.shortage() is None
    assert not (tmp_path / "ballast").exists()
    disk.free, disk.now = 6 * MEBIBYTE, 4.0
    assert ballast.shortage() is None
    assert (tmp_path / "ballast").exists()


def test_a_folder_that_is_gone_is_no_room(disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be told is taken for a shortage."""
    monkeypatch.undo()
    ballast = Ballast(tmp_path / "gone" / "ballast")
    assert "cannot be told" in (ballast.shortage() or "")
    assert not ballast.release()
