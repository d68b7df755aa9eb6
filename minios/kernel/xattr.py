"""Extended attributes of files (xattr(7)): those of users, trusted ones and file capabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_SETFCAP, CAP_SYS_ADMIN, XATTR, decode_file
from minios.abi.errno import Errno, error
from minios.abi.syscalls import NR
from minios.fs.access import MAY_READ, MAY_WRITE, capable, require, require_change
from minios.fs.inode import Inode

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

NAME_MAX = 255
SIZE_MAX = 4096
"""Bytes that the attributes of one inode may take, as ext4 has one block for them."""


def _inode(kernel: Kernel, pcb: PCB, path: bytes, *, follow: bool) -> Inode:
    if not isinstance(path, bytes):
        raise error(Errno.EFAULT)
    return kernel.vfs.walk(pcb, pcb.cwd, path, follow=follow).inode


def _check(pcb: PCB, inode: Inode, name: bytes, *, write: bool) -> None:
    """Whether this caller may use that name (xattr(7)).

    EACCES ENODATA ENOTSUP EPERM ERANGE EROFS.
    """
    if not isinstance(name, bytes):
        raise error(Errno.EFAULT)
    if not 0 < len(name) <= NAME_MAX:
        raise error(Errno.ERANGE)
    if write:
        require_change(pcb)
    if inode.fs.synthetic:
        raise error(Errno.ENOTSUP)
    if name == XATTR:
        if write and (not inode.is_regular or not capable(pcb, CAP_SETFCAP)):
            raise error(Errno.EPERM)
    elif name.startswith(b"trusted.") and len(name) > 8:
        if not capable(pcb, CAP_SYS_ADMIN):
            raise error(Errno.EPERM if write else Errno.ENODATA)
    elif name.startswith(b"user.") and len(name) > 5:
        if not (inode.is_regular or inode.is_dir):
            raise error(Errno.EPERM if write else Errno.ENODATA)
        require(pcb, inode, MAY_WRITE if write else MAY_READ)
    else:
        raise error(Errno.ENOTSUP)


def _set(
    kernel: Kernel, pcb: PCB, path: bytes, name: bytes, value: bytes, mode: int, *, follow: bool
) -> None:
    """setxattr(2). EEXIST ENODATA ENOSPC EINVAL and what the name asks for."""
    inode = _inode(kernel, pcb, path, follow=follow)
    if not isinstance(value, bytes):
        raise error(Errno.EFAULT)
    _check(pcb, inode, name, write=True)
    if name == XATTR and decode_file(value) is None:
        raise error(Errno.EINVAL)
    have = inode.xattrs or {}
    if mode == flags.XATTR_CREATE and name in have:
        raise error(Errno.EEXIST)
    if mode == flags.XATTR_REPLACE and name not in have:
        raise error(Errno.ENODATA)
    new = {**have, name: value}
    if sum(len(key) + len(data) for key, data in new.items()) > SIZE_MAX:
        raise error(Errno.ENOSPC)
    inode.alter()
    inode.alter()
    inode.xattrs = new
    inode.changed()


def _get(kernel: Kernel, pcb: PCB, path: bytes, name: bytes, *, follow: bool) -> bytes:
    inode = _inode(kernel, pcb, path, follow=follow)
    _check(pcb, inode, name, write=False)
    if not inode.xattrs or name not in inode.xattrs:
        raise error(Errno.ENODATA)
    return inode.xattrs[name]


def _list(kernel: Kernel, pcb: PCB, path: bytes, *, follow: bool) -> list[bytes]:
    """listxattr(2): the names; trusted ones for those who may see them."""
    inode = _inode(kernel, pcb, path, follow=follow)
    all_of_them = capable(pcb, CAP_SYS_ADMIN)
    names = sorted(inode.xattrs or ())
    return [name for name in names if all_of_them or not name.startswith(b"trusted.")]


def _remove(kernel: Kernel, pcb: PCB, path: bytes, name: bytes, *, follow: bool) -> None:
    inode = _inode(kernel, pcb, path, follow=follow)
    _check(pcb, inode, name, write=True)
    if not inode.xattrs or name not in inode.xattrs:
        raise error(Errno.ENODATA)
    inode.alter()
    inode.alter()
    inode.xattrs = {key: value for key, value in inode.xattrs.items() if key != name}
    inode.changed()


def setxattr(k: Kernel, pcb: PCB, path: bytes, name: bytes, value: bytes, mode: int) -> None:
    _set(k, pcb, path, name, value, mode, follow=True)


def lsetxattr(k: Kernel, pcb: PCB, path: bytes, name: bytes, value: bytes, mode: int) -> None:
    _set(k, pcb, path, name, value, mode, follow=False)


def getxattr(k: Kernel, pcb: PCB, path: bytes, name: bytes) -> bytes:
    return _get(k, pcb, path, name, follow=True)


def lgetxattr(k: Kernel, pcb: PCB, path: bytes, name: bytes) -> bytes:
    return _get(k, pcb, path, name, follow=False)


def listxattr(k: Kernel, pcb: PCB, path: bytes) -> list[bytes]:
    return _list(k, pcb, path, follow=True)


def llistxattr(k: Kernel, pcb: PCB, path: bytes) -> list[bytes]:
    return _list(k, pcb, path, follow=False)


def removexattr(k: Kernel, pcb: PCB, path: bytes, name: bytes) -> None:
    _remove(k, pcb, path, name, follow=True)


def lremovexattr(k: Kernel, pcb: PCB, path: bytes, name: bytes) -> None:
    _remove(k, pcb, path, name, follow=False)


CALLS: dict[int, Callable[..., Any]] = {
    NR.setxattr: setxattr,
    NR.lsetxattr: lsetxattr,
    NR.getxattr: getxattr,
    NR.lgetxattr: lgetxattr,
    NR.listxattr: listxattr,
    NR.llistxattr: llistxattr,
    NR.removexattr: removexattr,
    NR.lremovexattr: lremovexattr,
}
