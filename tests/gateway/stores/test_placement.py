"""Where a journal may lie: judged by the text of /proc/self/mountinfo, with lines as kernels write them."""

from pathlib import PurePosixPath

import pytest

from gateway.stores.placement import Mount, mount_of, mounts, objection

CONTAINER = r"""
1203 1010 0:54 / / rw,relatime master:312 - overlay overlay rw,lowerdir=/var/lib/docker/l/AB,upperdir=/x
1204 1203 0:57 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
1205 1203 0:58 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755
1206 1205 0:60 / /dev/shm rw,nosuid,nodev,noexec,relatime - tmpfs shm rw,size=65536k
1207 1203 259:1 /var/lib/docker/volumes/journal/_data /var/lib/ordergate rw,relatime master:1 - ext4 /dev/nvme0n1p1 rw
1208 1203 0:61 / /data/with\040space rw,relatime - xfs /dev/sdb1 rw
1209 1203 0:62 / /data/nfs rw,relatime shared:5 - nfs4 server:/export rw,vers=4.2
1210 1203 0:63 / /data/s3 rw,relatime - fuse.s3fs s3fs rw
1211 1203 0:64 / /data/ntfs rw,relatime - fuseblk /dev/sdc1 rw
1212 1203 0:65 / /data/share rw,relatime - cifs //server/share rw
1213 1203 0:66 / /ram rw,relatime - ramfs ramfs rw
1214 1203 0:67 / /over rw,relatime - ext4 /dev/sdd1 rw
1215 1214 0:68 / /over rw,relatime - tmpfs tmpfs rw
a line that is no mount
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/app", "overlay"),
        ("/dev/shm/journal", "tmpfs"),
        ("/data/nfs/journal", "nfs4"),
        ("/data/s3", "fuse.s3fs"),
        ("/data/share/a/b", "cifs"),
        ("/ram", "ramfs"),
        ("/over/mounted", "tmpfs"),
        ("/var/lib/ordergate-other", "overlay"),
    ],
)
def test_a_place_that_forgets_or_is_a_network_s_is_refused_by_name(folder: str, kind: str) -> None:
    """The objection names the folder and the file system."""
    text = objection(PurePosixPath(folder), CONTAINER)
    assert text is not None
    assert f"{folder} lies on {kind} " in text


@pytest.mark.parametrize("folder", ["/var/lib/ordergate", "/data/with space/x", "/data/ntfs"])
def test_a_disk_is_accepted(folder: str) -> None:
    """A volume mounted into a container, a path with a space, a disk behind a local driver."""
    assert objection(PurePosixPath(folder), CONTAINER) is None


def test_the_deepest_mount_counts_and_of_equal_ones_the_last() -> None:
    """A name that only begins alike is another folder."""
    assert mount_of(PurePosixPath("/data/with space"), CONTAINER) == Mount("/data/with space", "xfs")
    assert mount_of(PurePosixPath("/over"), CONTAINER) == Mount("/over", "tmpfs")
    assert mount_of(PurePosixPath("/database"), CONTAINER) == Mount("/", "overlay")


def test_what_is_not_understood_is_left_out() -> None:
    """An empty or strange list objects to nothing."""
    assert len(mounts(CONTAINER)) == 13
    assert objection(PurePosixPath("/x"), "") is None
    assert objection(PurePosixPath("/x"), "a - b\n - \n\0") is None
