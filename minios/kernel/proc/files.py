"""/proc: mounts, locks and open files (proc_pid_mounts(5), proc_locks(5), proc_pid_fdinfo(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel


def mounts(kernel: Kernel) -> bytes:
    lines = []
    for fs in kernel.vfs.mounts:
        where = fs.covers.path() if fs.covers is not None else b"/"
        lines.append(b"%b %b %b %b 0 0\n" % (fs.source, where, fs.type, fs.options))
    return b"".join(lines)
