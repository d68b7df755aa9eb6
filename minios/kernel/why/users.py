"""Names of users and groups for answers, out of the machine's own /etc/passwd and /etc/group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.fs.access import ROOT
from minios.kernel.why.reason import clean

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel

_LOOK_MAX = 64 << 10


def user(kernel: Kernel, uid: int) -> str:
    """The name of a uid, or ``uid 1234``."""
    return _name(kernel, b"/etc/passwd", uid) or f"uid {uid}"


def group(kernel: Kernel, gid: int) -> str:
    """The name of a gid, or ``gid 1234``."""
    return _name(kernel, b"/etc/group", gid) or f"gid {gid}"


def _name(kernel: Kernel, path: bytes, number: int) -> str:
    vfs = kernel.vfs
    try:
        inode = vfs.walk(ROOT, vfs.root, path).inode
    except OSError:
        return ""
    if not inode.is_regular:
        return ""
    data: bytes = inode.read(0, _LOOK_MAX)  # type: ignore[attr-defined]
    wanted = b"%d" % number
    for line in data.split(b"\n"):
        fields = line.split(b":")
        if len(fields) > 2 and fields[2] == wanted:
            return clean(fields[0])
    return ""
