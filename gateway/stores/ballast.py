"""Room on the disk: a floor below which nothing new is begun, and a file to throw away to finish what is under way."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import structlog

MEBIBYTE = 1 << 20
BALLAST_BYTES = 16 * MEBIBYTE
FLOOR_BYTES = 32 * MEBIBYTE
"""Free space below which nothing new is begun, the ballast not counted."""
LOOK_SECONDS = 1.0
"""How long a look at the free space holds."""

log = structlog.get_logger("ordergate.stores")


class Ballast:
    """Watches the free space beside a database and keeps a file of `size` bytes in reserve."""

    def __init__(
        self,
        path: Path,
        *,
        size: int = BALLAST_BYTES,
        floor: int = FLOOR_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._size = size
        self._floor = floor
        self._clock = clock
        self._looked_at = -LOOK_SECONDS
        self._shortage: str | None = None

    def shortage(self) -> str | None:
        """Say that less than the floor is free, if so. Where there is room again, the ballast is made again."""
        now = self._clock()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._look()
        return self._shortage

    def release(self) -> bool:
        """Throw the ballast away; tell whether there was one."""
        self._looked_at = self._clock()
        self._shortage = f"no space left beside {self._path.parent}"
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            log.warning("ballast not released", path=str(self._path), reason=str(error))
            return False
        log.error("disk full: ballast released", path=str(self._path), bytes=self._size)
        return True

    def _look(self) -> None:
        try:
            free = shutil.disk_usage(self._path.parent).free
            if free >= self._floor + self._size and not self._path.exists():
                self._make()
        except OSError as error:
            self._shortage = f"the free space beside {self._path.parent} cannot be told: {error}"
            return
        if free >= self._floor:
            self._shortage = None
            return
        text = f"{free // MEBIBYTE} MiB are free in {self._path.parent}, {self._floor // MEBIBYTE} MiB must be"
        if self._shortage is None:
            log.error(
                "disk nearly full: nothing new is begun",
                path=str(self._path.parent),
                free_bytes=free,
                needed_bytes=self._floor,
            )
        self._shortage = text

    def _make(self) -> None:
        """Take the ballast's blocks, not only its size. Raises OSError, and leaves no part of it."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            if sys.platform == "win32":
                os.write(descriptor, bytes(self._size))
            else:
                os.posix_fallocate(descriptor, 0, self._size)
        except OSError:
            self._path.unlink()
            raise
        finally:
            os.close(descriptor)
