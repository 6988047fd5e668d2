"""A file for the answers of providers that came while the journal was away: a line each, durable when `append` returns.

    {"crc": …, "body": …}    the body is sealed like those in the journal, in base64; the sum tells a torn line

All methods block.
"""

import os
import zlib
from pathlib import Path

import msgspec
import structlog

from gateway.stores.sealing import Sealing

MOST_BYTES = 16 << 20
"""How large the file may become: some thousand answers."""
_PLACE = "spool"

log = structlog.get_logger("ordergate.stores")


class SpoolFull(OSError):
    """No room for another answer."""


class _Line(msgspec.Struct):
    crc: int
    body: bytes


class Spool:
    """The file at `path`, made when it is first needed and readable by its owner only."""

    def __init__(self, path: Path, sealing: Sealing, *, most_bytes: int = MOST_BYTES) -> None:
        self.path = path
        self._sealing = sealing
        self._most_bytes = most_bytes

    def read(self) -> list[bytes]:
        """Return what was appended, and cut off a line that a crash left unfinished.

        Raises OSError, and JournalUnavailable for what is sealed with a key that is not configured.
        """
        if not self.path.exists():
            return []
        whole, _, torn = self.path.read_bytes().rpartition(b"\n")
        if torn:
            log.warning("torn line in the spool left out", path=str(self.path), bytes=len(torn))
            os.truncate(self.path, len(whole) + (1 if whole else 0))
        read = [self._body(line) for line in whole.split(b"\n") if line]
        return [body for body in read if body is not None]

    def append(self, body: bytes) -> None:
        """Keep a body durably. Raises OSError; nothing is kept then."""
        sealed = self._sealing.seal(body, _PLACE)
        line = msgspec.json.encode(_Line(zlib.crc32(sealed), sealed)) + b"\n"
        made = not self.path.exists()
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(handle).st_size
            if size + len(line) > self._most_bytes:
                raise SpoolFull(f"the spool has {size} bytes")
            try:
                if os.write(handle, line) != len(line):
                    raise SpoolFull("the disk is full")
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)
        if made:
            self._sync_folder()

    def clear(self) -> None:
        """Forget everything. Raises OSError."""
        self.path.unlink(missing_ok=True)
        self._sync_folder()

    def _body(self, line: bytes) -> bytes | None:
        try:
            read = msgspec.json.decode(line, type=_Line)
        except msgspec.DecodeError:
            read = _Line(0, b"")
        if zlib.crc32(read.body) != read.crc or not read.body:
            log.error("line in the spool is damaged", path=str(self.path), bytes=len(line))
            return None
        return self._sealing.open(read.body, _PLACE)

    def _sync_folder(self) -> None:
        handle = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
