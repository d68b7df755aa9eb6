"""/proc: mounts, locks and open files (proc_pid_mounts(5), proc_locks(5), proc_pid_fdinfo(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.flags import O_CLOEXEC
from minios.kernel.locks import of_descriptor

if TYPE_CHECKING:
    from minios.fs.filesystem import FileSystem
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

O_LARGEFILE = 0o100000
"""What the C library opens everything with on a 32-bit system, and only fdinfo shows."""


def fdinfo(kernel: Kernel, pcb: PCB, fd: int) -> bytes:
    """proc_pid_fdinfo(5): position, flags, mount, inode, locks, and what the kind adds. EBADF."""
    file = pcb.fds.get(fd)
    oflag = file.flags | O_LARGEFILE | (O_CLOEXEC if pcb.fds.cloexec(fd) else 0)
    text = b"pos:\t%d\nflags:\t0%o\nmnt_id:\t%d\nino:\t%d\n" % (
        file.pos, oflag, mount_id(kernel, file.inode.fs), file.inode.ino,
    )  # fmt: skip
    return text + of_descriptor(pcb, file) + file.info()


def mount_id(kernel: Kernel, fs: FileSystem) -> int:
    """The number of a mount; what is mounted nowhere has 0."""
    mounts = kernel.vfs.mounts
    return mounts.index(fs) + 1 if fs in mounts else 0


def mounts(kernel: Kernel) -> bytes:
    lines = []
    for fs in kernel.vfs.mounts:
        where = fs.covers.path() if fs.covers is not None else b"/"
        lines.append(b"%b %b %b %b 0 0\n" % (fs.source, where, fs.type, fs.options))
    return b"".join(lines)
