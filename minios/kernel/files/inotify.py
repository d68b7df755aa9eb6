"""inotify(7): a descriptor from which the events of files and directories can be read.

The file system tells of what happens (:mod:`minios.fs.watch`); here it is queued and read. What one
user may have is bounded by the knobs of fs.inotify.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.inotify import (
    IN_ALL_EVENTS,
    IN_CLOEXEC,
    IN_DONT_FOLLOW,
    IN_EXCL_UNLINK,
    IN_IGNORED,
    IN_MASK_ADD,
    IN_MASK_CREATE,
    IN_NONBLOCK,
    IN_ONESHOT,
    IN_ONLYDIR,
    IN_Q_OVERFLOW,
    Event,
)
from minios.abi.syscalls import NR
from minios.fs.access import MAY_READ, require
from minios.fs.watch import Watch
from minios.kernel.files.file import File, anonymous, max_fds, require_room
from minios.kernel.sysctl import value
from minios.kernel.wait import WaitQueue

if TYPE_CHECKING:
    from minios.fs.inode import Inode
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

_KNOWN = (
    IN_ALL_EVENTS | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD
    | IN_ONESHOT
)  # fmt: skip


class Instance(File):
    """An inotify instance. ``events`` is its queue, bounded by fs.inotify.max_queued_events."""

    __slots__ = ("_next", "_room", "arrived", "events", "uid", "watches")

    def __init__(self, kernel: Kernel, pcb: PCB, oflag: int) -> None:
        dentry = anonymous(kernel, 0o600, 0, 0, b"anon_inode:inotify")
        super().__init__(kernel, dentry, flags.O_RDONLY | oflag)
        self.events: deque[Event] = deque()
        self.arrived = WaitQueue(kernel, "inotify_read")
        self.watches: dict[int, Watch] = {}
        self.uid = pcb.uid
        self._next = 1
        self._room = value(kernel, "fs.inotify.max_queued_events")
        kernel.inotify.append(self)

    # -- what happens --------------------------------------------------------------------------

    def happened(self, watch: Watch, mask: int, name: bytes, cookie: int) -> None:
        """Queue an event, unless it is the same as the last one; IN_Q_OVERFLOW when there is no
        room."""
        if mask & IN_IGNORED:
            self._drop(watch)
        event = Event(watch.wd, mask, cookie, name)
        if len(self.events) >= self._room:
            event = Event(-1, IN_Q_OVERFLOW, 0, b"")
        if not self.events or self.events[-1] != event:
            self.events.append(event)
            self.arrived.wake()
        if watch.mask & IN_ONESHOT and not mask & IN_IGNORED:
            self.happened(watch, IN_IGNORED, b"", 0)

    # -- watches -------------------------------------------------------------------------------

    def add(self, inode: Inode, mask: int) -> int:
        """Watch ``inode`` or change what is watched of it; the watch's number. EEXIST ENOSPC."""
        for watch in inode.watches or ():
            if watch.sink is self:
                if mask & IN_MASK_CREATE:
                    raise error(Errno.EEXIST)
                watch.mask = watch.mask | mask if mask & IN_MASK_ADD else mask
                return watch.wd
        kernel = self.kernel
        mine = sum(len(other.watches) for other in kernel.inotify if other.uid == self.uid)
        if mine >= value(kernel, "fs.inotify.max_user_watches"):
            raise error(Errno.ENOSPC)
        watch = Watch(self, inode, self._next, mask)
        self._next += 1
        self.watches[watch.wd] = watch
        if inode.watches is None:
            inode.watches = []
        inode.watches.append(watch)
        kernel.vfs.watching += 1
        return watch.wd

    def remove(self, wd: int) -> None:
        """inotify_rm_watch(2). EINVAL."""
        watch = self.watches.get(wd)
        if watch is None:
            raise error(Errno.EINVAL)
        self.happened(watch, IN_IGNORED, b"", 0)

    def _drop(self, watch: Watch) -> None:
        if self.watches.pop(watch.wd, None) is None:
            return
        watches = watch.inode.watches
        assert watches is not None
        watches.remove(watch)
        if not watches:
            watch.inode.watches = None
        self.kernel.vfs.watching -= 1

    # -- the descriptor ------------------------------------------------------------------------

    def read(self, pcb: PCB, count: int) -> bytes | WaitQueue:
        """As many whole events as fit. EAGAIN; EINVAL if not even the first one does."""
        events = self.events
        if not events:
            if self.nonblock:
                raise error(Errno.EAGAIN)
            return self.arrived
        if events[0].size > count:
            raise error(Errno.EINVAL)
        parts: list[bytes] = []
        while events and events[0].size <= count:
            count -= events[0].size
            parts.append(events.popleft().pack())
        return b"".join(parts)

    def poll(self) -> int:
        return flags.POLLIN if self.events else 0

    def queues(self) -> tuple[WaitQueue, ...]:
        return (self.arrived,)

    def ioctl(self, pcb: PCB, request: int, argument: Any) -> Any:
        if request == flags.FIONREAD:
            return sum(event.size for event in self.events)
        raise error(Errno.ENOTTY)

    def close(self) -> None:
        for watch in list(self.watches.values()):
            self._drop(watch)
        self.kernel.inotify.remove(self)
        super().close()

    def state(self) -> Any:
        watches = [(w.wd, w.mask, w.inode.fs.dev, w.inode.ino) for w in self.watches.values()]
        return (super().state(), watches, [tuple(event) for event in self.events])

    def info(self) -> bytes:
        """What /proc/PID/fdinfo adds (proc_pid_fdinfo(5))."""
        return b"".join(
            b"inotify wd:%x ino:%x sdev:%x mask:%x ignored_mask:0 \n"
            % (w.wd, w.inode.ino, w.inode.fs.dev >> 8 << 20 | w.inode.fs.dev & 255, w.mask)
            for w in self.watches.values()
        )


# -- the calls ---------------------------------------------------------------------------------


def init1(kernel: Kernel, pcb: PCB, oflag: int) -> int:
    """inotify_init1(2). EINVAL; EMFILE also for too many instances of a user."""
    if not isinstance(oflag, int) or oflag & ~(IN_CLOEXEC | IN_NONBLOCK):
        raise error(Errno.EINVAL)
    if pcb.judge:
        raise error(Errno.EROFS)
    most = value(kernel, "fs.inotify.max_user_instances")
    if sum(other.uid == pcb.uid for other in kernel.inotify) >= most:
        raise error(Errno.EMFILE)
    require_room(kernel)
    pcb.fds.free(0, max_fds(pcb))
    file = Instance(kernel, pcb, oflag & IN_NONBLOCK)
    return pcb.fds.install(  # type: ignore[no-any-return]
        file, most=max_fds(pcb), cloexec=oflag & IN_CLOEXEC != 0
    )


def _instance(pcb: PCB, fd: int) -> Instance:
    file = pcb.fds.get(fd)
    if not isinstance(file, Instance):
        raise error(Errno.EINVAL)
    return file


def add_watch(kernel: Kernel, pcb: PCB, fd: int, path: bytes, mask: int) -> int:
    """inotify_add_watch(2). EACCES EBADF EEXIST EINVAL ENOENT ENOSPC ENOTDIR."""
    if not isinstance(path, bytes):
        raise error(Errno.EFAULT)
    if (
        not isinstance(mask, int)
        or not mask & _KNOWN
        or (mask & IN_MASK_ADD and mask & IN_MASK_CREATE)
    ):
        raise error(Errno.EINVAL)
    instance = _instance(pcb, fd)
    inode = kernel.vfs.walk(pcb, pcb.cwd, path, follow=not mask & IN_DONT_FOLLOW).inode
    if mask & IN_ONLYDIR and not inode.is_dir:
        raise error(Errno.ENOTDIR)
    require(pcb, inode, MAY_READ)
    return instance.add(inode, mask & _KNOWN)


def rm_watch(kernel: Kernel, pcb: PCB, fd: int, wd: int) -> None:
    """inotify_rm_watch(2). EBADF EINVAL."""
    _instance(pcb, fd).remove(wd)


CALLS: dict[int, Callable[..., Any]] = {
    NR.inotify_init1: init1,
    NR.inotify_add_watch: add_watch,
    NR.inotify_rm_watch: rm_watch,
}
