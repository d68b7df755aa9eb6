"""Open file descriptions and the descriptor tables that point at them (open(2), dup(2)).

One protocol serves regular files, directories, pipes, terminals and devices. An operation that
would block returns the :class:`WaitQueue` to sleep on and is called again when that was woken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.inotify import IN_ACCESS, IN_CLOSE_NOWRITE, IN_CLOSE_WRITE, IN_MODIFY
from minios.abi.records import Dirent, Stat
from minios.abi.signals import Sig
from minios.fs.filesystem import FileSystem
from minios.fs.inode import Dentry, Directory, Inode, Regular
from minios.fs.mount import is_gone
from minios.fs.watch import tell_place
from minios.kernel.files import pagecache
from minios.kernel.files.locks import closed_description, closed_descriptor
from minios.kernel.process import limit

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.kernel.wait import Sleep, WaitQueue

MAX_RW = 1 << 20
"""Bytes that one read or write moves at most, so that one call is bounded host work."""

FILE_MAX = 4096
"""Open descriptions in the whole system; one more is ENFILE (proc_sys_fs(5), file-max)."""

MAX_FDS = 1 << 16
"""No descriptor is this large, whatever RLIMIT_NOFILE says."""

DIRENTS = 256
"""Entries that one getdents64(2) returns at most."""

STATUS_FLAGS = flags.O_APPEND | flags.O_NONBLOCK | flags.O_DIRECT
"""What F_SETFL may change (fcntl(2))."""

_KEPT_FLAGS = flags.O_ACCMODE | STATUS_FLAGS | flags.O_DIRECTORY | flags.O_SYNC
"""What F_GETFL shows."""


class File:
    """An open file description: what dup and fork share. ``refs`` counts descriptors.

    The base class is something that can be neither read, written nor positioned.
    """

    __slots__ = ("dentry", "flags", "inode", "kernel", "pos", "readable", "refs", "writable")

    def __init__(self, kernel: Kernel, dentry: Dentry, oflag: int) -> None:
        self.kernel = kernel
        self.dentry = dentry
        self.inode: Inode = dentry.inode
        accmode = oflag & flags.O_ACCMODE
        self.readable = accmode != flags.O_WRONLY
        self.writable = accmode != flags.O_RDONLY
        self.flags = oflag & _KEPT_FLAGS
        self.pos = 0
        self.refs = 0
        self.inode.opens += 1
        kernel.open_files += 1

    def read(self, pcb: PCB, count: int) -> bytes | WaitQueue | Sleep:
        """Up to ``count`` bytes; empty at end of file. EAGAIN EIO EISDIR."""
        raise error(Errno.EINVAL)

    def write(self, pcb: PCB, data: bytes) -> int | WaitQueue | Sleep:
        """How many bytes were taken. EAGAIN EFBIG EIO ENOSPC EPIPE."""
        raise error(Errno.EINVAL)

    def seek(self, offset: int, whence: int) -> int:
        """The new position. EINVAL ESPIPE."""
        raise error(Errno.ESPIPE)

    def getdents(self, pcb: PCB) -> list[Dirent]:
        raise error(Errno.ENOTDIR)

    def truncate(self, pcb: PCB, size: int) -> None:
        raise error(Errno.EINVAL)

    def ioctl(self, pcb: PCB, request: int, argument: Any) -> Any:
        """ioctl(2). ENOTTY for a request that is not this kind of file's."""
        raise error(Errno.ENOTTY)

    def poll(self) -> int:
        """The events of poll(2) that are true now."""
        return flags.POLLIN | flags.POLLOUT

    def queues(self) -> tuple[WaitQueue, ...]:
        """What to sleep on until :meth:`poll` may say something else."""
        return ()

    def info(self) -> bytes:
        """Lines of its own in /proc/PID/fdinfo (proc_pid_fdinfo(5))."""
        return b""

    def begin_wait(self) -> None:
        """Somebody is about to sleep, without a timeout, until this can be read."""

    def stat(self) -> Stat:
        return self.inode.stat()

    @property
    def nonblock(self) -> bool:
        return self.flags & flags.O_NONBLOCK != 0

    def drop(self) -> None:
        """A descriptor went away; the last one closes."""
        self.refs -= 1
        if self.refs <= 0:
            self.close()

    def close(self) -> None:
        kernel = self.kernel
        kernel.open_files -= 1
        if kernel.epolls:
            _leave_epolls(kernel, self)
        if kernel.vfs.watching and not kernel.hidden:
            tell_place(self.dentry, IN_CLOSE_WRITE if self.writable else IN_CLOSE_NOWRITE)
        if self.inode.locks is not None:
            closed_description(self)
        self.inode.release()

    def state(self) -> Any:
        """Plain data for the digest."""
        return (self.inode.fs.dev, self.inode.ino, self.flags, self.pos)


class RegularFile(File):
    """A regular file with its position."""

    __slots__ = ("ahead", "content", "window")

    def __init__(self, kernel: Kernel, dentry: Dentry, oflag: int) -> None:
        super().__init__(kernel, dentry, oflag)
        assert isinstance(self.inode, Regular)
        self.content = self.inode
        self.ahead = 0
        """The page that comes next if it is read from start to end."""
        self.window = 0
        """Pages that were last read ahead."""

    def read(self, pcb: PCB, count: int) -> bytes | WaitQueue:
        content = self.content
        if content.fs.cache is not None and not pcb.judge:
            wait = pagecache.before_read(self, pcb, self.pos, count)
            if wait is not None:
                return wait
        data = content.read(self.pos, count)
        if self.flags & flags.O_DIRECT and not pcb.judge:
            pagecache.after_read(self, self.pos, len(data))
        self.pos += len(data)
        if not pcb.judge:
            self.kernel.vfs.accessed(self.dentry)
            if data and self.kernel.vfs.watching:
                tell_place(self.dentry, IN_ACCESS)
        return data

    def write(self, pcb: PCB, data: bytes) -> int | WaitQueue:
        if not data:
            return 0
        if self.content.fs.cache is not None:
            return pagecache.write(self, pcb, data)
        return self.put(pcb, data)

    def put(self, pcb: PCB, data: bytes) -> int:
        """Change the content, in memory."""
        content = self.content
        pos = content.size if self.flags & flags.O_APPEND else self.pos
        if flags.RLIMIT_FSIZE in pcb.rlimits:
            data = self._within_limit(pcb, pos, data)
        if content.xattrs is not None or content.mode & (flags.S_ISUID | flags.S_ISGID):
            content.drop_privileges(pcb)
        done = content.write(pos, data)
        self.pos = pos + done
        if self.kernel.vfs.watching:
            tell_place(self.dentry, IN_MODIFY)
        return done

    def _within_limit(self, pcb: PCB, pos: int, data: bytes) -> bytes:
        """What RLIMIT_FSIZE lets through; SIGXFSZ and EFBIG if that is nothing."""
        fsize = limit(pcb, flags.RLIMIT_FSIZE)
        if pos + len(data) <= fsize:
            return data
        if pos >= fsize:
            raise over_limit(self.kernel, pcb)
        return data[: fsize - pos]

    def seek(self, offset: int, whence: int) -> int:
        self.pos = sought(self.pos, self.content.size, offset, whence)
        return self.pos

    def truncate(self, pcb: PCB, size: int) -> None:
        if size > limit(pcb, flags.RLIMIT_FSIZE) and size > self.content.size:
            raise over_limit(self.kernel, pcb)
        self.content.drop_privileges(pcb)
        self.content.truncate(size)
        if self.kernel.vfs.watching:
            tell_place(self.dentry, IN_MODIFY, always=True)

    def ioctl(self, pcb: PCB, request: int, argument: Any) -> Any:
        if request == flags.FIONREAD:
            return max(0, self.content.size - self.pos)
        if request == flags.FS_IOC_FIEMAP:
            return pagecache.extents(self.kernel, pcb, self.inode, argument)
        raise error(Errno.ENOTTY)


class DirectoryFile(File):
    """A directory being listed. What it will say is fixed when the listing starts."""

    __slots__ = ("_listing",)

    def __init__(self, kernel: Kernel, dentry: Dentry, oflag: int) -> None:
        super().__init__(kernel, dentry, oflag)
        self._listing: list[Dirent] | None = None

    def read(self, pcb: PCB, count: int) -> bytes:
        raise error(Errno.EISDIR)

    def seek(self, offset: int, whence: int) -> int:
        if whence == flags.SEEK_CUR:
            offset += self.pos
        elif whence != flags.SEEK_SET:
            raise error(Errno.EINVAL)
        if offset < 0:
            raise error(Errno.EINVAL)
        self.pos = offset
        if offset == 0:
            self._listing = None
        return offset

    def ioctl(self, pcb: PCB, request: int, argument: Any) -> Any:
        if request == flags.FS_IOC_FIEMAP:
            return pagecache.extents(self.kernel, pcb, self.inode, argument)
        raise error(Errno.ENOTTY)

    def getdents(self, pcb: PCB) -> list[Dirent]:
        """The next entries, ``.`` and ``..`` first. ENOENT for a removed directory."""
        if self._listing is None:
            if is_gone(self.dentry) and isinstance(self.inode, Directory):
                raise error(Errno.ENOENT)
            above = self.kernel.vfs.up(self.dentry).inode
            self._listing = [
                Dirent(b".", self.inode.ino, flags.S_IFDIR),
                Dirent(b"..", above.ino, flags.S_IFDIR),
                *self.inode.list(pcb),
            ]
            if not pcb.judge:
                self.kernel.vfs.accessed(self.dentry)
        if self.kernel.vfs.watching and not pcb.judge:
            tell_place(self.dentry, IN_ACCESS)
        entries = self._listing[self.pos : self.pos + DIRENTS]
        self.pos += len(entries)
        return entries


class TextFile(File):
    """A synthetic file: its text is made when it is read from the start (proc(5))."""

    __slots__ = ("_text",)

    def __init__(self, kernel: Kernel, dentry: Dentry, oflag: int) -> None:
        super().__init__(kernel, dentry, oflag)
        self._text = b""

    def read(self, pcb: PCB, count: int) -> bytes:
        if self.pos == 0:
            self._text = self.inode.content(pcb)
        data = self._text[self.pos : self.pos + count]
        self.pos += len(data)
        return data

    def write(self, pcb: PCB, data: bytes) -> int:
        self.inode.store(pcb, data)
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        if whence == flags.SEEK_CUR:
            offset += self.pos
        elif whence != flags.SEEK_SET:
            raise error(Errno.EINVAL)
        if not 0 <= offset < 1 << 63:
            raise error(Errno.EINVAL)
        self.pos = offset
        return offset


def sought(pos: int, end: int, offset: int, whence: int) -> int:
    """Where lseek(2) leads from ``pos`` in something that ends at ``end``. EINVAL."""
    if whence == flags.SEEK_CUR:
        offset += pos
    elif whence == flags.SEEK_END:
        offset += end
    elif whence != flags.SEEK_SET:
        raise error(Errno.EINVAL)
    if not 0 <= offset < 1 << 63:
        raise error(Errno.EINVAL)
    return offset


def over_limit(kernel: Kernel, pcb: PCB) -> OSError:
    """EFBIG, with SIGXFSZ sent: RLIMIT_FSIZE would be passed (setrlimit(2))."""
    kernel.signal(pcb, Sig.SIGXFSZ)
    return error(Errno.EFBIG)


def max_fds(pcb: PCB) -> int:
    """One more than the largest descriptor that the process may have."""
    return min(limit(pcb, flags.RLIMIT_NOFILE), MAX_FDS)


def require_room(kernel: Kernel, count: int = 1) -> None:
    """ENFILE unless ``count`` more files may be opened."""
    if kernel.open_files + count > FILE_MAX:
        raise error(Errno.ENFILE)


def anonymous(kernel: Kernel, mode: int, uid: int, gid: int, name: bytes) -> Dentry:
    """An inode outside every tree; ``name`` may have a ``%d`` for its number, as ``pipe:[%d]``."""
    if kernel.pipefs is None:
        kernel.pipefs = FileSystem(b"pipefs", 13, kernel.clock, _unwatched, inodes=0)
    dentry: Dentry = kernel.pipefs.anonymous(mode, uid, gid, name)
    return dentry


def _leave_epolls(kernel: Kernel, file: File) -> None:
    from minios.kernel.files.epoll import closed

    closed(kernel, file)


def _unwatched() -> None:
    pass


class FdTable:
    """A process's descriptors: small integers, the lowest free one first (XSH 2.14)."""

    __slots__ = ("_cloexec", "_files")

    def __init__(self) -> None:
        self._files: list[File | None] = []
        self._cloexec = 0

    def get(self, fd: int) -> File:
        """The open file behind ``fd``. EBADF."""
        files = self._files
        if isinstance(fd, int) and 0 <= fd < len(files):
            file = files[fd]
            if file is not None:
                return file
        raise error(Errno.EBADF)

    def items(self) -> list[tuple[int, File]]:
        """The open descriptors, in order."""
        return [(fd, file) for fd, file in enumerate(self._files) if file is not None]

    def free(self, lowest: int, most: int) -> int:
        """The lowest free descriptor of ``lowest`` … ``most - 1``. EMFILE."""
        files = self._files
        fd = lowest
        while fd < len(files) and files[fd] is not None:
            fd += 1
        if fd >= most:
            raise error(Errno.EMFILE)
        return fd

    def install(
        self, file: File, *, lowest: int = 0, most: int = 1 << 20, cloexec: bool = False
    ) -> int:
        """Point the lowest free descriptor at ``file``. EMFILE, with ``file`` left as it was."""
        fd = self.free(lowest, most)
        self.put(fd, file, cloexec=cloexec)
        return fd

    def put(self, fd: int, file: File, *, cloexec: bool = False) -> None:
        """Point ``fd`` at ``file``, closing what it was (dup2(2))."""
        files = self._files
        while len(files) <= fd:
            files.append(None)
        old = files[fd]
        file.refs += 1
        files[fd] = file
        self.set_cloexec(fd, cloexec)
        if old is not None:
            if old.inode.locks is not None:
                closed_descriptor(self, old.inode)
            old.drop()

    def close(self, fd: int) -> None:
        """close(2). EBADF."""
        file = self.get(fd)
        self._files[fd] = None
        self._cloexec &= ~(1 << fd)
        if file.inode.locks is not None:
            closed_descriptor(self, file.inode)
        file.drop()

    def cloexec(self, fd: int) -> bool:
        return self._cloexec >> fd & 1 != 0

    def set_cloexec(self, fd: int, on: bool) -> None:
        if on:
            self._cloexec |= 1 << fd
        else:
            self._cloexec &= ~(1 << fd)

    def copy(self) -> FdTable:
        """What a forked child gets: other descriptors for the same open files."""
        other = FdTable()
        other._files = list(self._files)
        other._cloexec = self._cloexec
        for file in other._files:
            if file is not None:
                file.refs += 1
        return other

    def close_on_exec(self) -> None:
        """Close what is marked FD_CLOEXEC (execve(2))."""
        marked = self._cloexec
        for fd in range(marked.bit_length()):
            if marked >> fd & 1:
                self.close(fd)

    def close_all(self) -> None:
        """Close everything, lowest first (exit(2))."""
        files, self._files = self._files, []
        self._cloexec = 0
        for file in files:
            if file is not None:
                if file.inode.locks is not None:
                    closed_descriptor(self, file.inode)
                file.drop()

    def state(self) -> Any:
        """Plain data for the digest."""
        return (self._cloexec, [(fd, file.state()) for fd, file in self.items()])
