"""epoll(7): a set of descriptors of which only the ready ones are looked at.

As in Linux an entry joins the list of ready ones when a queue of its file is woken for something
that it asked for, and is looked at (:meth:`File.poll`) when somebody waits: a level-triggered entry
stays on the list as long as that finds it ready, an edge-triggered one is taken off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.epoll import (
    EPOLL_CLOEXEC,
    EPOLL_CTL_ADD,
    EPOLL_CTL_DEL,
    EPOLL_CTL_MOD,
    EPOLLERR,
    EPOLLET,
    EPOLLEXCLUSIVE,
    EPOLLHUP,
    EPOLLIN,
    EPOLLONESHOT,
    EPOLLOUT,
    EPOLLRDNORM,
    EPOLLWAKEUP,
    EpollEvent,
)
from minios.abi.errno import Errno, error
from minios.abi.signals import UNBLOCKABLE
from minios.kernel.arguments import integer
from minios.kernel.files.file import (
    DirectoryFile,
    File,
    RegularFile,
    anonymous,
    max_fds,
    require_room,
)
from minios.kernel.wait import Sleep, WaitQueue

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

_PRIVATE = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE
_EXCLUSIVE_OK = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE
NESTS = 4
"""How many epoll sets one may be inside (EP_MAX_NESTS)."""
MAX_EVENTS = (1 << 31) // 12
MAX_MS = (1 << 31) - 1


class Entry:
    """A descriptor in a set. ``events`` is 0 but for the private bits when EPOLLONESHOT is spent.

    It watches the queues of its file (:class:`minios.kernel.wait.Watcher`).
    """

    __slots__ = ("data", "events", "fd", "file", "queues", "where")

    def __init__(self, where: EpollFile, file: File, fd: int, events: int, data: int) -> None:
        self.where = where
        self.file = file
        self.fd = fd
        self.events = events
        self.data = data
        self.queues: tuple[WaitQueue, ...] = ()

    def watch(self) -> None:
        """Be told of the queues that the file has now."""
        queues = self.file.queues()
        if queues == self.queues:
            return
        self.unwatch()
        self.queues = queues
        for queue in queues:
            if queue.watchers is None:
                queue.watchers = {}
            queue.watchers[self] = None

    def unwatch(self) -> None:
        for queue in self.queues:
            if queue.watchers is not None:
                queue.watchers.pop(self, None)
                if not queue.watchers:
                    queue.watchers = None
        self.queues = ()

    def woken(self, key: int) -> None:
        """A queue was woken, for the events ``key`` (0: for any)."""
        wanted = self.events & ~_PRIVATE
        if wanted and (not key or key & wanted or key & (EPOLLERR | EPOLLHUP)):
            self.where.is_ready(self)

    def now(self) -> int:
        """What is true of the file, of that which was asked for."""
        found = self.file.poll()
        if found & EPOLLIN:
            found |= EPOLLRDNORM
        return found & self.events


class EpollFile(File):
    """An epoll instance. ``entries`` by file and descriptor; ``ready`` is a list, first come first
    served, of those that may be ready."""

    __slots__ = ("arrived", "entries", "ready")

    def __init__(self, kernel: Kernel, oflag: int) -> None:
        dentry = anonymous(kernel, 0o600, 0, 0, b"anon_inode:[eventpoll]")
        super().__init__(kernel, dentry, flags.O_RDWR | oflag)
        self.entries: dict[tuple[File, int], Entry] = {}
        self.ready: dict[Entry, None] = {}
        self.arrived = WaitQueue(kernel, "ep_poll", key=EPOLLIN)

    def is_ready(self, entry: Entry) -> None:
        """Something happened to an entry."""
        if entry not in self.ready:
            self.ready[entry] = None
            self.arrived.wake()

    # -- the set -------------------------------------------------------------------------------

    def add(self, file: File, fd: int, events: int, data: int) -> None:
        """EEXIST ELOOP EPERM."""
        if (file, fd) in self.entries:
            raise error(Errno.EEXIST)
        entry = Entry(self, file, fd, events, data)
        self.entries[file, fd] = entry
        self.kernel.epolls.setdefault(file, {})[entry] = None
        entry.watch()
        if entry.now():
            self.is_ready(entry)

    def change(self, file: File, fd: int, events: int, data: int) -> None:
        """ENOENT; EINVAL for an exclusive entry."""
        entry = self.entries.get((file, fd))
        if entry is None:
            raise error(Errno.ENOENT)
        if (entry.events | events) & EPOLLEXCLUSIVE:
            raise error(Errno.EINVAL)
        entry.events, entry.data = events, data
        entry.watch()
        if entry.now():
            self.is_ready(entry)

    def remove(self, file: File, fd: int) -> None:
        """ENOENT."""
        entry = self.entries.get((file, fd))
        if entry is None:
            raise error(Errno.ENOENT)
        self.forget(entry)
        held = self.kernel.epolls[file]
        del held[entry]
        if not held:
            del self.kernel.epolls[file]

    def forget(self, entry: Entry) -> None:
        """An entry is no longer in the set."""
        entry.unwatch()
        del self.entries[entry.file, entry.fd]
        self.ready.pop(entry, None)

    # -- what is ready -------------------------------------------------------------------------

    def collect(self, most: int) -> list[EpollEvent]:
        """Up to ``most`` events; what was looked at and is not ready leaves the list."""
        found: list[EpollEvent] = []
        again: list[Entry] = []
        for entry in list(self.ready):
            if len(found) >= most:
                break
            del self.ready[entry]
            events = entry.now()
            if not events:
                entry.watch()
                continue
            found.append(EpollEvent(events, entry.data))
            if entry.events & EPOLLONESHOT:
                entry.events &= _PRIVATE
            elif not entry.events & EPOLLET:
                again.append(entry)
        for entry in again:
            self.ready[entry] = None
        return found

    def poll(self) -> int:
        return flags.POLLIN if any(entry.now() for entry in list(self.ready)) else 0

    def queues(self) -> tuple[WaitQueue, ...]:
        return (self.arrived,)

    def info(self) -> bytes:
        """Its lines in /proc/PID/fdinfo (proc_pid_fdinfo(5))."""
        return b"".join(
            b"tfd: %8d events: %8x data: %16x  pos:%i ino:%x sdev:%x\n"
            % (e.fd, e.events, e.data, e.file.pos, e.file.inode.ino, e.file.inode.fs.dev)
            for e in self.entries.values()
        )

    def close(self) -> None:
        for entry in list(self.entries.values()):
            self.remove(entry.file, entry.fd)
        super().close()

    def state(self) -> Any:
        return (
            super().state(),
            [(e.fd, e.file.inode.ino, e.events, e.data) for e in self.entries.values()],
            [e.fd for e in self.ready],
        )


def closed(kernel: Kernel, file: File) -> None:
    """The last descriptor of an open file is gone: it leaves all sets."""
    for entry in list(kernel.epolls.pop(file, ())):
        entry.where.forget(entry)


def _depth_below(epoll: EpollFile) -> int:
    """How deep sets are nested in one."""
    inner = [e.file for e in epoll.entries.values() if isinstance(e.file, EpollFile)]
    return 1 + max((_depth_below(file) for file in inner), default=0)


def _depth_above(kernel: Kernel, epoll: EpollFile) -> int:
    return 1 + max(
        (_depth_above(kernel, entry.where) for entry in kernel.epolls.get(epoll, ())), default=0
    )


def _inside(epoll: EpollFile, sought: EpollFile) -> bool:
    """Whether ``sought`` is somewhere in a set."""
    return any(
        e.file is sought or _inside(e.file, sought)
        for e in epoll.entries.values()
        if isinstance(e.file, EpollFile)
    )


# -- the calls ---------------------------------------------------------------------------------


def _epoll(pcb: PCB, fd: int) -> EpollFile:
    file = pcb.fds.get(fd)
    if not isinstance(file, EpollFile):
        raise error(Errno.EINVAL)
    return file


def epoll_create1(kernel: Kernel, pcb: PCB, cflags: int) -> int:
    """epoll_create1(2). EINVAL EMFILE ENFILE."""
    if integer(cflags) & ~EPOLL_CLOEXEC:
        raise error(Errno.EINVAL)
    pcb.fds.free(0, max_fds(pcb))
    require_room(kernel)
    file = EpollFile(kernel, 0)
    number: int = pcb.fds.install(file, most=max_fds(pcb), cloexec=cflags != 0)
    return number


def epoll_ctl(
    kernel: Kernel, pcb: PCB, epfd: int, op: int, fd: int, event: tuple[int, int] | None
) -> None:
    """epoll_ctl(2). EBADF EEXIST EFAULT EINVAL ELOOP ENOENT EPERM."""
    events = data = 0
    if integer(op) != EPOLL_CTL_DEL:
        if not isinstance(event, tuple) or len(event) != 2:
            raise error(Errno.EFAULT)
        events, data = integer(event[0]) & 0xFFFFFFFF, integer(event[1]) & (1 << 64) - 1
    own, file = pcb.fds.get(epfd), pcb.fds.get(fd)
    if isinstance(file, (RegularFile, DirectoryFile)):
        raise error(Errno.EPERM)
    if not isinstance(own, EpollFile) or own is file:
        raise error(Errno.EINVAL)
    nested = isinstance(file, EpollFile)
    exclusive = events & EPOLLEXCLUSIVE and op != EPOLL_CTL_DEL
    if exclusive and (op == EPOLL_CTL_MOD or nested or events & ~_EXCLUSIVE_OK):
        raise error(Errno.EINVAL)
    events |= EPOLLERR | EPOLLHUP
    if op == EPOLL_CTL_ADD:
        if isinstance(file, EpollFile) and (
            _inside(file, own) or _depth_above(kernel, own) + _depth_below(file) > NESTS + 1
        ):
            raise error(Errno.ELOOP)
        own.add(file, fd, events, data)
    elif op == EPOLL_CTL_MOD:
        own.change(file, fd, events, data)
    elif op == EPOLL_CTL_DEL:
        own.remove(file, fd)
    else:
        raise error(Errno.EINVAL)


def epoll_pwait(
    kernel: Kernel, pcb: PCB, epfd: int, most: int, timeout: int, mask: int | None = None
) -> list[EpollEvent] | Sleep:
    """epoll_pwait(2): up to ``most`` events; ``timeout`` in ms, -1 for none. EBADF EINTR EINVAL."""
    if not 0 < integer(most) <= MAX_EVENTS:
        raise error(Errno.EINVAL)
    integer(timeout)
    epoll = _epoll(pcb, epfd)
    found = epoll.collect(most)
    if found or timeout == 0 or pcb.expired(kernel.world.now):
        if pcb.saved_mask is not None:
            pcb.blocked, pcb.saved_mask = pcb.saved_mask, None
        return found
    if mask is not None and pcb.saved_mask is None:
        pcb.saved_mask = pcb.blocked
        pcb.blocked = integer(mask) & ~UNBLOCKABLE
    limit = min(timeout, MAX_MS) * 1_000_000 if timeout >= 0 else None
    return Sleep((epoll.arrived,), limit, name="ep_poll")
