"""/proc: mounts, locks and open files (proc_pid_mounts(5), proc_locks(5), proc_pid_fdinfo(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.flags import O_CLOEXEC
from minios.kernel.dev.blockdev import figures
from minios.kernel.files.locks import of_descriptor

if TYPE_CHECKING:
    from minios.fs.inode import Dentry
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

O_LARGEFILE = 0o100000
"""What the C library opens everything with on a 32-bit system, and only fdinfo shows."""


def fdinfo(kernel: Kernel, pcb: PCB, fd: int) -> bytes:
    """proc_pid_fdinfo(5): position, flags, mount, inode, locks, and what the kind adds. EBADF."""
    file = pcb.fds.get(fd)
    oflag = file.flags | O_LARGEFILE | (O_CLOEXEC if pcb.fds.cloexec(fd) else 0)
    text = b"pos:\t%d\nflags:\t0%o\nmnt_id:\t%d\nino:\t%d\n" % (
        file.pos, oflag, mount_id(kernel, file.dentry), file.inode.ino,
    )  # fmt: skip
    more: bytes = file.info()
    return text + of_descriptor(pcb, file) + more


def mount_id(kernel: Kernel, dentry: Dentry) -> int:
    """The number of the mount by which an open file was reached; 0 for what has no place."""
    if dentry.inode.fs is kernel.pipefs:
        return 0
    return kernel.vfs.mount_of(dentry).id


def _escape(text: bytes) -> bytes:
    """Blanks as octal numbers, as getmntent(3) reads them."""
    for char in (b"\\", b" ", b"\t", b"\n"):
        text = text.replace(char, b"\\%03o" % char[0])
    return text


def mounts(kernel: Kernel) -> bytes:
    """proc_pid_mounts(5)."""
    lines = []
    for mount in kernel.vfs.mounts:
        row = (_escape(mount.source), _escape(mount.path), mount.fs.type, mount.options())
        lines.append(b"%b %b %b %b 0 0\n" % row)
    return b"".join(lines)


def mountinfo(kernel: Kernel) -> bytes:
    """proc_pid_mountinfo(5): number, parent, device, root, place, options - type, source and
    options of the file system."""
    lines = []
    vfs = kernel.vfs
    for mount in vfs.mounts:
        parent = vfs.mount_of(mount.covers).id if mount.covers is not None else 0
        dev = mount.fs.dev
        lines.append(
            b"%d %d %d:%d %b %b %b - %b %b %b\n"
            % (
                mount.id, parent, dev >> 8, dev & 255, _escape(mount.subpath),
                _escape(mount.path), mount.words(), mount.fs.type, _escape(mount.source),
                mount.super_words(),
            )
        )  # fmt: skip
    return b"".join(lines)


def diskstats(kernel: Kernel) -> bytes:
    """Documentation/admin-guide/iostats: a line for each disk and partition."""
    lines = []
    for device in kernel.machine.devices.values():
        row = b" ".join(b"%d" % figure for figure in figures(device))
        lines.append(b"%4d %7d %b %b\n" % (device.rdev >> 8, device.rdev & 255, device.name, row))
    return b"".join(lines)


def partitions(kernel: Kernel) -> bytes:
    """proc_partitions(5)."""
    lines = [b"major minor  #blocks  name\n\n"]
    for device in kernel.machine.devices.values():
        row = (device.rdev >> 8, device.rdev & 255, device.sectors // 2, device.name)
        lines.append(b"%4d  %7d %10d %b\n" % row)
    return b"".join(lines)
