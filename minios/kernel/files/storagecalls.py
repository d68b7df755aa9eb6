"""System calls about what is on the disk: the sync family, mounts, quotas (section 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_SYS_ADMIN
from minios.abi.errno import Errno, error
from minios.abi.records import Dqblk
from minios.abi.syscalls import NR
from minios.fs.access import capable, require_change
from minios.fs.ext4 import Ext4
from minios.fs.inode import BLOCK
from minios.kernel.files import mounts, pagecache

if TYPE_CHECKING:
    from minios.fs.ext4.quota import Dquot, Quota
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


# -- sync --------------------------------------------------------------------------------------


def sync(kernel: Kernel, pcb: PCB) -> Any:
    """sync(2): returns when everything that was written before is on the disks."""
    kernel.mm.settle()
    return pagecache.sync_all(kernel, pcb)


def syncfs(kernel: Kernel, pcb: PCB, fd: int) -> Any:
    """syncfs(2). EBADF."""
    fs = pcb.fds.get(fd).inode.fs
    kernel.mm.settle(fs)
    return pagecache.sync_fs(kernel, pcb, fs)


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
    mapping = getattr(inode, "mapping", None)
    if mapping is not None and mapping.dirty:
        mapping.settle()
    return inode


# -- quotas ------------------------------------------------------------------------------------


def _quota(kernel: Kernel, pcb: PCB, device: bytes) -> Ext4:
    """The file system on a device, which keeps quotas. ENOENT ENOTBLK ENODEV ESRCH."""
    if type(device) is not bytes:
        raise error(Errno.EFAULT)
    inode = kernel.vfs.walk(pcb, pcb.cwd, device).inode
    if inode.mode & flags.S_IFMT != flags.S_IFBLK:
        raise error(Errno.ENOTBLK)
    found = kernel.machine.block_device(inode.rdev)
    if found is None or found.content is None or not found.content.online:
        raise error(Errno.ENODEV)
    if found.content.quota is None:
        raise error(Errno.ESRCH)
    return found.content


def quotactl(kernel: Kernel, pcb: PCB, command: int, device: bytes, uid: int, data: Any) -> Any:
    """quotactl(2) for users' quotas. EFAULT EINVAL EPERM ESRCH; everybody may see their own."""
    fs = _quota(kernel, pcb, device)
    quota = fs.quota
    assert quota is not None
    if command in (flags.Q_QUOTAON, flags.Q_QUOTAOFF, flags.Q_SETINFO, flags.Q_SETQUOTA):
        require_change(pcb)
    own = command == flags.Q_GETQUOTA and uid == pcb.euid
    if not own and command != flags.Q_GETINFO and not capable(pcb, CAP_SYS_ADMIN):
        raise error(Errno.EPERM)
    match command:
        case flags.Q_QUOTAON | flags.Q_QUOTAOFF:
            quota.on = command == flags.Q_QUOTAON
        case flags.Q_GETINFO:
            return (quota.block_grace, quota.inode_grace, quota.on)
        case flags.Q_SETINFO:
            block, inode = _pair(data)
            quota.block_grace, quota.inode_grace = block, inode
        case flags.Q_GETQUOTA:
            return _dqblk(uid, quota.of(uid))
        case flags.Q_GETNEXTQUOTA:
            following = sorted(each for each in quota.users if each >= uid)
            if not following:
                raise error(Errno.ENOENT)
            return _dqblk(following[0], quota.users[following[0]])
        case flags.Q_SETQUOTA:
            _set_quota(quota, uid, data, kernel.clock())
        case flags.Q_SYNC:
            return None
        case _:
            raise error(Errno.EINVAL)
    kernel.files_changed()
    return None


def _pair(data: Any) -> tuple[int, int]:
    if not isinstance(data, tuple) or len(data) != 2 or any(type(n) is not int for n in data):
        raise error(Errno.EFAULT)
    if any(not 0 <= n < 1 << 62 for n in data):
        raise error(Errno.EINVAL)
    return data


def _dqblk(uid: int, dquot: Dquot) -> Dqblk:
    return Dqblk(
        uid, dquot.block_hard * BLOCK, dquot.block_soft * BLOCK, dquot.blocks * BLOCK,
        dquot.inode_hard, dquot.inode_soft, dquot.inodes, dquot.block_expires,
        dquot.inode_expires,
    )  # fmt: skip


def _set_quota(quota: Quota, uid: int, data: Any, now: int) -> None:
    """``data`` is (soft, hard) of space in bytes and (soft, hard) of inodes; 0 is no limit."""
    if not isinstance(data, tuple) or len(data) != 2:
        raise error(Errno.EFAULT)
    space, inodes = _pair(data[0]), _pair(data[1])
    dquot = quota.of(uid)
    dquot.block_soft, dquot.block_hard = (-(-size // BLOCK) for size in space)
    dquot.inode_soft, dquot.inode_hard = inodes
    quota.judge(dquot, now)


CALLS: dict[int, Callable[..., Any]] = {
    NR.sync: sync,
    NR.fsync: fsync,
    NR.fdatasync: fdatasync,
    NR.syncfs: syncfs,
    NR.mount: mounts.mount,
    NR.umount2: mounts.umount2,
    NR.quotactl: quotactl,
}
