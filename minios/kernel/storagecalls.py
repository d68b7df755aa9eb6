"""System calls about what is on the disk: the sync family, mounts, quotas (section 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.syscalls import NR
from minios.kernel import mounts, pagecache

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


# -- sync --------------------------------------------------------------------------------------


def sync(kernel: Kernel, pcb: PCB) -> Any:
    """sync(2): returns when everything that was written before is on the disks."""
    return pagecache.sync_all(kernel, pcb)


def syncfs(kernel: Kernel, pcb: PCB, fd: int) -> Any:
    """syncfs(2). EBADF."""
    return pagecache.sync_fs(kernel, pcb, pcb.fds.get(fd).inode.fs)


def fsync(kernel: Kernel, pcb: PCB, fd: int) -> Any:
    """fsync(2). EBADF, EINVAL for what cannot be synced (a pipe, a terminal)."""
    return pagecache.sync_inode(kernel, pcb, _syncable(pcb, fd), data_only=False)


def fdatasync(kernel: Kernel, pcb: PCB, fd: int) -> Any:
    """fdatasync(2). EBADF EINVAL."""
    return pagecache.sync_inode(kernel, pcb, _syncable(pcb, fd), data_only=True)


def _syncable(pcb: PCB, fd: int) -> Any:
    inode = pcb.fds.get(fd).inode
    kind = inode.mode & flags.S_IFMT
    if kind not in (flags.S_IFREG, flags.S_IFDIR, flags.S_IFBLK) or inode.fs.synthetic:
        raise error(Errno.EINVAL)
    return inode


CALLS: dict[int, Callable[..., Any]] = {
    NR.sync: sync,
    NR.fsync: fsync,
    NR.fdatasync: fdatasync,
    NR.syncfs: syncfs,
    NR.mount: mounts.mount,
    NR.umount2: mounts.umount2,
}
