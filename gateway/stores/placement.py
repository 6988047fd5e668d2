"""Whether a folder is a place that remembers: on what file system it lies, read from the kernel's list of mounts."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

FORGETS = {
    "tmpfs": "it is memory",
    "ramfs": "it is memory",
    "overlay": "it is a container's own layer and goes with the container",
    "aufs": "it is a container's own layer and goes with the container",
}
"""File systems whose files are gone after a restart, and why."""
REMOTE = frozenset("9p afs ceph cifs coda glusterfs lustre ncpfs nfs nfs4 orangefs smb3 smbfs".split())
"""File systems of a network: locks and shared memory do not hold there as SQLite needs them."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A file system and where it is mounted."""

    point: str
    kind: str


def mounts(mountinfo: str) -> list[Mount]:
    """Read the text of /proc/self/mountinfo; lines that are not understood are left out."""
    found = []
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields, kind = before.split(" "), after.partition(" ")[0]
        if separator and len(fields) >= 6 and kind:
            found.append(Mount(_unescaped(fields[4]), kind))
    return found


def mount_of(folder: PurePosixPath, mountinfo: str) -> Mount | None:
    """Return the mount that an absolute path without links lies on: the longest, and of equal ones the last."""
    found = None
    for mount in mounts(mountinfo):
        if folder.is_relative_to(mount.point) and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def objection(folder: PurePosixPath, mountinfo: str) -> str | None:
    """Say why a journal must not lie in a folder, naming the file system, or None where it may."""
    mount = mount_of(folder, mountinfo)
    if mount is None:
        return None
    if mount.kind in FORGETS:
        return f"{folder} lies on {mount.kind} (mounted at {mount.point}): {FORGETS[mount.kind]}"
    if mount.kind in REMOTE or mount.kind == "fuse" or mount.kind.startswith("fuse."):
        return (
            f"{folder} lies on {mount.kind} (mounted at {mount.point}): a network's file system does not lock as needed"
        )
    return None


def _unescaped(point: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point)
