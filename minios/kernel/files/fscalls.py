"""System calls about files: section 2 of the manual, one function each.

Every function takes the kernel, the caller and the arguments, checks what a program may get wrong
(EFAULT for what is not even the right kind of value), and returns the result or where to sleep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.inotify import IN_ACCESS, IN_ATTRIB, IN_MODIFY, IN_OPEN
from minios.abi.records import Dirent, Stat, StatFs
from minios.abi.signals import UNBLOCKABLE
from minios.abi.syscalls import NR
from minios.fs.access import ROOT, Identity
from minios.fs.inode import Dentry, Regular
from minios.fs.mount import is_gone
from minios.fs.watch import tell_itself, tell_place
from minios.kernel.dev.devices import null
from minios.kernel.files.file import (
    MAX_FDS,
    MAX_RW,
    STATUS_FLAGS,
    DirectoryFile,
    FdTable,
    File,
    RegularFile,
    TextFile,
    max_fds,
    over_limit,
    require_room,
)
from minios.kernel.files.locks import flock, record_lock
from minios.kernel.files.pipe import PipeFile, make_pipe, open_fifo
from minios.kernel.process import limit
from minios.kernel.wait import Sleep, WaitQueue

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


def _int(value: Any) -> int:
    if not isinstance(value, int):
        raise error(Errno.EFAULT)
    return value


def _path(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise error(Errno.EFAULT)
    return value


def prepare(kernel: Kernel, pcb: PCB, cwd: bytes, fds: Mapping[int, File] | None) -> None:
    """Give a process from outside its directory and descriptors; 0 to 2 default to /dev/null."""
    pcb.cwd = kernel.vfs.walk(ROOT, kernel.vfs.root, cwd)
    if not pcb.cwd.inode.is_dir:
        raise error(Errno.ENOTDIR)
    table = FdTable()
    given = dict(fds or {})
    for fd in sorted(given.keys() | {0, 1, 2}):
        table.put(fd, given[fd] if fd in given else null(kernel))
    pcb.fds = table


# -- open and close ----------------------------------------------------------------------------


def openat(kernel: Kernel, pcb: PCB, path: bytes, oflag: int, mode: int) -> int | WaitQueue:
    """open(2)."""
    _path(path)
    fds: FdTable = pcb.fds
    fds.free(0, max_fds(pcb))
    require_room(kernel)
    if _int(oflag) & flags.O_ACCMODE == flags.O_ACCMODE:
        raise error(Errno.EINVAL)
    progress = pcb.progress
    file: File | WaitQueue
    truncated = False
    if progress is not None:
        file = open_fifo(kernel, pcb, progress.file.dentry, oflag)
    else:
        dentry, made = kernel.vfs.open(pcb, pcb.cwd, path, oflag, _int(mode) & ~pcb.umask)
        file = open_dentry(kernel, pcb, dentry, oflag)
        truncated = oflag & flags.O_TRUNC != 0 and not made and dentry.inode.is_regular
    if isinstance(file, WaitQueue):
        return file
    if kernel.vfs.watching and not pcb.judge:
        tell_place(file.dentry, IN_OPEN)
        if truncated:
            tell_place(file.dentry, IN_MODIFY)
    return fds.install(file, most=max_fds(pcb), cloexec=oflag & flags.O_CLOEXEC != 0)


def open_dentry(kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> File | WaitQueue:
    """An open description of what the VFS found and allowed."""
    inode = dentry.inode
    kind = inode.mode & flags.S_IFMT
    if kind == flags.S_IFREG:
        if isinstance(inode, Regular):
            return RegularFile(kernel, dentry, oflag)
        return TextFile(kernel, dentry, oflag)
    if kind == flags.S_IFDIR:
        return DirectoryFile(kernel, dentry, oflag)
    if kind == flags.S_IFIFO:
        if pcb.judge and inode.fs is not kernel.pipefs:
            raise error(Errno.EROFS)
        return open_fifo(kernel, pcb, dentry, oflag)
    if kind == flags.S_IFSOCK:
        raise error(Errno.ENXIO)
    devices = kernel.devices
    if devices is None:
        assert kernel.machine.kernel is not None
        devices = kernel.machine.kernel.devices
    opened: File | WaitQueue = devices.open(kernel, pcb, dentry, oflag)
    return opened


def close(kernel: Kernel, pcb: PCB, fd: int) -> None:
    pcb.fds.close(fd)


# -- read and write ----------------------------------------------------------------------------


def read(kernel: Kernel, pcb: PCB, fd: int, count: int) -> bytes | WaitQueue | Sleep:
    """read(2). EBADF EFAULT EINVAL and what the file says."""
    file: File = pcb.fds.get(fd)
    if not file.readable:
        raise error(Errno.EBADF)
    if not isinstance(count, int):
        raise error(Errno.EFAULT)
    if count < 0:
        raise error(Errno.EINVAL)
    data = file.read(pcb, count if count < MAX_RW else MAX_RW)
    if type(data) is bytes:
        pcb.syscr += 1
        pcb.rchar += len(data)
        if file.inode.watches is not None and data and not file.inode.is_regular:
            tell_itself(file.dentry, IN_ACCESS)  # of a FIFO or device its directory is told nothing
    return data


def write(kernel: Kernel, pcb: PCB, fd: int, data: bytes) -> int | WaitQueue | Sleep:
    """write(2). EBADF EFAULT and what the file says."""
    file: File = pcb.fds.get(fd)
    if not file.writable:
        raise error(Errno.EBADF)
    if not isinstance(data, bytes):
        raise error(Errno.EFAULT)
    done = file.write(pcb, data if len(data) <= MAX_RW else data[:MAX_RW])
    if type(done) is int:
        pcb.syscw += 1
        pcb.wchar += done
        if file.inode.watches is not None and not file.inode.is_regular:
            tell_itself(file.dentry, IN_MODIFY)
    return done


def llseek(kernel: Kernel, pcb: PCB, fd: int, offset: int, whence: int) -> int:
    return pcb.fds.get(fd).seek(_int(offset), _int(whence))  # type: ignore[no-any-return]


def getdents64(kernel: Kernel, pcb: PCB, fd: int) -> list[Dirent]:
    return pcb.fds.get(fd).getdents(pcb)  # type: ignore[no-any-return]


def truncate64(kernel: Kernel, pcb: PCB, path: bytes, size: int) -> None:
    if _int(size) < 0:
        raise error(Errno.EINVAL)
    vfs, inode = kernel.vfs, kernel.vfs.walk(pcb, pcb.cwd, _path(path)).inode
    if inode.size < size and size > limit(pcb, flags.RLIMIT_FSIZE):
        raise over_limit(kernel, pcb)
    vfs.truncate(pcb, pcb.cwd, path, size)


def ftruncate64(kernel: Kernel, pcb: PCB, fd: int, size: int) -> None:
    """ftruncate(2). EINVAL for what was not opened for writing."""
    file: File = pcb.fds.get(fd)
    if _int(size) < 0 or not file.writable:
        raise error(Errno.EINVAL)
    file.truncate(pcb, size)


# -- what is it --------------------------------------------------------------------------------


def statx(kernel: Kernel, pcb: PCB, path: bytes, follow: bool) -> Stat:
    return kernel.vfs.walk(pcb, pcb.cwd, _path(path), follow=bool(follow)).inode.stat()


def fstat64(kernel: Kernel, pcb: PCB, fd: int) -> Stat:
    return pcb.fds.get(fd).stat()  # type: ignore[no-any-return]


def statfs64(kernel: Kernel, pcb: PCB, path: bytes) -> StatFs:
    return kernel.vfs.walk(pcb, pcb.cwd, _path(path)).inode.fs.statfs()


def faccessat(kernel: Kernel, pcb: PCB, path: bytes, mode: int, effective: bool) -> None:
    """access(2), by the real ids unless ``effective``."""
    if _int(mode) & ~7:
        raise error(Errno.EINVAL)
    who = pcb if effective else _real(pcb)
    kernel.vfs.access(who, pcb.cwd, _path(path), mode)


def _real(pcb: PCB) -> Identity:
    return Identity(pcb.uid, pcb.gid, pcb.groups, pid=pcb.pid, judge=pcb.judge)


def readlinkat(kernel: Kernel, pcb: PCB, path: bytes) -> bytes:
    return kernel.vfs.readlink(pcb, pcb.cwd, _path(path))


# -- names -------------------------------------------------------------------------------------


def mkdirat(kernel: Kernel, pcb: PCB, path: bytes, mode: int) -> None:
    kernel.vfs.mkdir(pcb, pcb.cwd, _path(path), _int(mode) & ~pcb.umask)


def mknodat(kernel: Kernel, pcb: PCB, path: bytes, mode: int, dev: int) -> None:
    kernel.vfs.mknod(pcb, pcb.cwd, _path(path), _int(mode) & ~pcb.umask, _int(dev))


def symlinkat(kernel: Kernel, pcb: PCB, target: bytes, path: bytes) -> None:
    kernel.vfs.symlink(pcb, pcb.cwd, _path(target), _path(path))


def linkat(kernel: Kernel, pcb: PCB, old: bytes, new: bytes) -> None:
    kernel.vfs.link(pcb, pcb.cwd, _path(old), _path(new))


def unlinkat(kernel: Kernel, pcb: PCB, path: bytes, directory: bool) -> None:
    if directory:
        kernel.vfs.rmdir(pcb, pcb.cwd, _path(path))
    else:
        kernel.vfs.unlink(pcb, pcb.cwd, _path(path))


def renameat2(kernel: Kernel, pcb: PCB, old: bytes, new: bytes) -> None:
    kernel.vfs.rename(pcb, pcb.cwd, _path(old), _path(new))


def fchmodat(kernel: Kernel, pcb: PCB, path: bytes, mode: int) -> None:
    dentry = kernel.vfs.walk(pcb, pcb.cwd, _path(path))
    kernel.vfs.writable(pcb, dentry)
    kernel.vfs.chmod(pcb, dentry.inode, _int(mode))
    if kernel.vfs.watching:
        tell_place(dentry, IN_ATTRIB)


def fchownat(kernel: Kernel, pcb: PCB, path: bytes, uid: int, gid: int, follow: bool) -> None:
    if not (-1 <= _int(uid) < 1 << 32 and -1 <= _int(gid) < 1 << 32):
        raise error(Errno.EINVAL)
    dentry = kernel.vfs.walk(pcb, pcb.cwd, _path(path), follow=bool(follow))
    kernel.vfs.writable(pcb, dentry)
    kernel.vfs.chown(pcb, dentry.inode, uid, gid)
    if kernel.vfs.watching:
        tell_place(dentry, IN_ATTRIB)


def utimensat(
    kernel: Kernel, pcb: PCB, path: bytes, atime: int | None, mtime: int | None, follow: bool
) -> None:
    for time in (atime, mtime):
        if time is not None and not -(1 << 62) < _int(time) < 1 << 62:
            raise error(Errno.EINVAL)
    dentry = kernel.vfs.walk(pcb, pcb.cwd, _path(path), follow=bool(follow))
    kernel.vfs.writable(pcb, dentry)
    kernel.vfs.utime(pcb, dentry.inode, atime, mtime)
    if kernel.vfs.watching:
        tell_place(dentry, IN_ATTRIB)


def chdir(kernel: Kernel, pcb: PCB, path: bytes) -> None:
    pcb.cwd = kernel.vfs.chdir(pcb, pcb.cwd, _path(path))


def getcwd(kernel: Kernel, pcb: PCB) -> bytes:
    """getcwd(2). ENOENT once the directory was removed, ENAMETOOLONG past PATH_MAX."""
    cwd: Dentry = pcb.cwd
    if is_gone(cwd):
        raise error(Errno.ENOENT)
    path = cwd.path()
    if len(path) >= flags.PATH_MAX:
        raise error(Errno.ENAMETOOLONG)
    return path


def umask(kernel: Kernel, pcb: PCB, mask: int) -> int:
    old = pcb.umask
    pcb.umask = _int(mask) & 0o777
    return old


# -- descriptors -------------------------------------------------------------------------------


def dup(kernel: Kernel, pcb: PCB, fd: int) -> int:
    fds: FdTable = pcb.fds
    return fds.install(fds.get(fd), most=max_fds(pcb))


def dup3(kernel: Kernel, pcb: PCB, old: int, new: int, oflag: int) -> int:
    """dup2(2) and dup3(2). EBADF also for a number beyond RLIMIT_NOFILE."""
    fds: FdTable = pcb.fds
    file = fds.get(old)
    if not 0 <= _int(new) < max_fds(pcb):
        raise error(Errno.EBADF)
    if old != new:
        fds.put(new, file, cloexec=_int(oflag) & flags.O_CLOEXEC != 0)
    return new


_LOCKING = frozenset(
    (
        flags.F_GETLK, flags.F_SETLK, flags.F_SETLKW,
        flags.F_OFD_GETLK, flags.F_OFD_SETLK, flags.F_OFD_SETLKW,
    )
)  # fmt: skip


def fcntl64(kernel: Kernel, pcb: PCB, fd: int, command: int, argument: Any) -> Any:
    """fcntl(2): duplicating, FD_CLOEXEC, the status flags, locks and pipe sizes.

    EBADF EINVAL EMFILE.
    """
    fds: FdTable = pcb.fds
    file = fds.get(fd)
    if command in (flags.F_SETPIPE_SZ, flags.F_GETPIPE_SZ):
        if not isinstance(file, PipeFile):
            raise error(Errno.EBADF)
        pipe = file.pipe
        return pipe.size if command == flags.F_GETPIPE_SZ else pipe.resize(pcb, _int(argument))
    if command in _LOCKING:
        return record_lock(kernel, pcb, fd, command, argument)
    _int(argument)
    if command in (flags.F_DUPFD, flags.F_DUPFD_CLOEXEC):
        most = max_fds(pcb)
        if not 0 <= argument < most:
            raise error(Errno.EINVAL)
        cloexec = command == flags.F_DUPFD_CLOEXEC
        return fds.install(file, lowest=argument, most=most, cloexec=cloexec)
    if command == flags.F_GETFD:
        return flags.FD_CLOEXEC if fds.cloexec(fd) else 0
    if command == flags.F_SETFD:
        fds.set_cloexec(fd, argument & flags.FD_CLOEXEC != 0)
        return 0
    if command == flags.F_GETFL:
        return file.flags
    if command == flags.F_SETFL:
        file.flags = file.flags & ~STATUS_FLAGS | argument & STATUS_FLAGS
        return 0
    raise error(Errno.EINVAL)


def pipe2(kernel: Kernel, pcb: PCB, oflag: int) -> tuple[int, int]:
    """pipe2(2). EINVAL EMFILE, with nothing opened."""
    if _int(oflag) & ~(flags.O_CLOEXEC | flags.O_NONBLOCK):
        raise error(Errno.EINVAL)
    fds: FdTable = pcb.fds
    most = max_fds(pcb)
    first = fds.free(0, most)
    second = fds.free(first + 1, most)
    require_room(kernel, 2)
    reader, writer = make_pipe(kernel, pcb, oflag)
    cloexec = oflag & flags.O_CLOEXEC != 0
    fds.put(first, reader, cloexec=cloexec)
    fds.put(second, writer, cloexec=cloexec)
    return first, second


_ALIASES = flags.POLLRDNORM | flags.POLLWRNORM
_RDNORM = flags.POLLRDNORM // flags.POLLIN
_WRNORM = flags.POLLWRNORM // flags.POLLOUT


def ppoll(
    kernel: Kernel,
    pcb: PCB,
    wanted: tuple[tuple[int, int], ...],
    timeout: int | None,
    mask: int | None = None,
) -> list[tuple[int, int]] | Sleep:
    """poll(2): what is ready of ``(fd, events)``; a negative fd is skipped. Never restarted.

    ``mask`` is the set of blocked signals while it sleeps (ppoll(2)).
    """
    if not isinstance(wanted, tuple) or len(wanted) > MAX_FDS:
        raise error(Errno.EFAULT)
    if timeout is not None and _int(timeout) < 0:
        raise error(Errno.EINVAL)
    ready: list[tuple[int, int]] = []
    queues: dict[WaitQueue, None] = {}
    table = dict(pcb.fds.items())
    for entry in wanted:
        if not isinstance(entry, tuple) or len(entry) != 2:
            raise error(Errno.EFAULT)
        fd, events = _int(entry[0]), _int(entry[1])
        if fd < 0:
            continue
        file = table.get(fd)
        if file is None:
            ready.append((fd, flags.POLLNVAL))
            continue
        now = file.poll()
        if events & _ALIASES:
            now |= (now & flags.POLLIN) * _RDNORM | (now & flags.POLLOUT) * _WRNORM
        now &= events | flags.POLLERR | flags.POLLHUP
        if now:
            ready.append((fd, now))
        for queue in file.queues():
            queues[queue] = None
    if ready or timeout == 0 or pcb.expired(kernel.world.now):
        if pcb.saved_mask is not None:
            pcb.blocked, pcb.saved_mask = pcb.saved_mask, None
        return ready
    if mask is not None and pcb.saved_mask is None:
        pcb.saved_mask = pcb.blocked
        pcb.blocked = _int(mask) & ~UNBLOCKABLE
    if timeout is None:
        for fd, events in wanted:
            if events & flags.POLLIN and fd in table:
                table[fd].begin_wait()
    return Sleep(tuple(queues), timeout, name="poll_schedule_timeout")


def ioctl(kernel: Kernel, pcb: PCB, fd: int, request: int, argument: Any) -> Any:
    """ioctl(2). EBADF ENOTTY and what the device says."""
    return pcb.fds.get(fd).ioctl(pcb, _int(request), argument)


CALLS: dict[int, Callable[..., Any]] = {
    NR.getcwd: getcwd,
    NR.dup: dup,
    NR.dup3: dup3,
    NR.fcntl64: fcntl64,
    NR.flock: flock,
    NR.ioctl: ioctl,
    NR.mknodat: mknodat,
    NR.mkdirat: mkdirat,
    NR.unlinkat: unlinkat,
    NR.symlinkat: symlinkat,
    NR.linkat: linkat,
    NR.statfs64: statfs64,
    NR.truncate64: truncate64,
    NR.ftruncate64: ftruncate64,
    NR.faccessat: faccessat,
    NR.chdir: chdir,
    NR.fchmodat: fchmodat,
    NR.fchownat: fchownat,
    NR.openat: openat,
    NR.close: close,
    NR.pipe2: pipe2,
    NR.getdents64: getdents64,
    NR.llseek: llseek,
    NR.read: read,
    NR.write: write,
    NR.readlinkat: readlinkat,
    NR.statx: statx,
    NR.fstat64: fstat64,
    NR.umask: umask,
    NR.renameat2: renameat2,
    NR.utimensat_time64: utimensat,
    NR.ppoll_time64: ppoll,
}
