"""Advisory file locks: flock(2), and the record locks of fcntl(2), a process's and OFD ones.

A lock of flock(2) belongs to an open file description; a POSIX record lock belongs to a process (to
its descriptor table) and goes when the process closes *any* descriptor of the file; an OFD lock is
a record lock that belongs to a description. flock(2) and record locks do not see each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.records import Flock
from minios.kernel.wait import About, WaitQueue

if TYPE_CHECKING:
    from minios.fs.inode import Inode
    from minios.kernel.files.file import File
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

FLOCK, POSIX, OFD = b"FLOCK", b"POSIX", b"OFDLCK"
END = (1 << 63) - 1
"""The last byte of a lock that reaches to the end of file, however far that grows."""

MAX_LOCKS = 1024
"""Locks held in the whole system; one more is ENOLCK."""
_CHAIN = 10
"""How long a chain of waiters may be before the search for a deadlock gives up, as in Linux."""


class Lock:
    """A lock that is held, or wanted by a process that sleeps: bytes ``start`` to ``end``."""

    __slots__ = ("end", "kind", "owner", "pid", "start", "write")

    def __init__(
        self, kind: bytes, owner: Any, pid: int, write: bool, start: int = 0, end: int = END
    ) -> None:
        self.kind = kind
        self.owner = owner
        self.pid = pid
        self.write = write
        self.start = start
        self.end = end

    def conflicts(self, other: Lock) -> bool:
        """Whether both cannot be held at a time."""
        return (
            self.owner is not other.owner
            and (self.write or other.write)
            and self.start <= other.end
            and other.start <= self.end
        )

    def state(self) -> Any:
        return (self.kind, self.pid, self.write, self.start, self.end)


class FileLocks:
    """What is locked of one file, and who waits. ``blocked`` are in the order of their asking."""

    __slots__ = ("blocked", "flocks", "inode", "queue", "records", "table")

    def __init__(self, table: LockTable, inode: Inode) -> None:
        self.table = table
        self.inode = inode
        self.flocks: list[Lock] = []
        self.records: list[Lock] = []
        """POSIX and OFD locks: those of an owner never overlap or touch with one mode. They lie
        together in the order of their bytes, owners in the order in which they came."""
        self.queue = WaitQueue(table.kernel, "locks_lock_inode_wait")
        self.blocked: list[Lock] = []
        self.queue.about = self._about

    def _about(self) -> About:
        """Who has what the sleepers want: the holders of locks, and of descriptions that have
        them."""
        pids: list[int] = []
        for wanted in self.blocked:
            held = self.blocker(wanted)
            if held is not None:
                pids += [held.pid] if held.kind == POSIX else holders(self.table.kernel, held.owner)
        return About("lock", "until somebody gives up a lock", tuple(dict.fromkeys(pids)))

    def of(self, kind: bytes) -> list[Lock]:
        """The locks that one of ``kind`` can meet."""
        return self.flocks if kind == FLOCK else self.records

    def blocker(self, wanted: Lock) -> Lock | None:
        """The first lock held that ``wanted`` has to wait for."""
        for held in self.of(wanted.kind):
            if held.conflicts(wanted):
                return held
        return None

    def set(self, wanted: Lock) -> None:
        """Hold ``wanted`` instead of what its owner held of these bytes; join what touches."""
        records = self.records
        kept: list[Lock] = []
        for held in records:
            if held.owner is not wanted.owner:
                kept.append(held)
            elif held.write == wanted.write:
                if held.start <= wanted.end + 1 and wanted.start <= held.end + 1:
                    wanted.start = min(wanted.start, held.start)
                    wanted.end = max(wanted.end, held.end)
                else:
                    kept.append(held)
            else:
                kept.extend(_without(held, wanted.start, wanted.end))
        kept.append(wanted)
        owners = list(dict.fromkeys(held.owner for held in (*records, wanted)))
        self.records = sorted(kept, key=lambda lock: (owners.index(lock.owner), lock.start))
        self.queue.wake()

    def unset(self, owner: Any, start: int = 0, end: int = END) -> None:
        """``owner`` gives up its record locks on these bytes."""
        kept: list[Lock] = []
        for held in self.records:
            if held.owner is owner:
                kept.extend(_without(held, start, end))
            else:
                kept.append(held)
        self._keep(kept, self.flocks)

    def unflock(self, owner: Any) -> None:
        """``owner`` gives up its flock(2)."""
        self._keep(self.records, [held for held in self.flocks if held.owner is not owner])

    def _keep(self, records: list[Lock], flocks: list[Lock]) -> None:
        changed = records != self.records or flocks != self.flocks
        self.records, self.flocks = records, flocks
        if changed:
            self.queue.wake()
        self.table.forget_if_idle(self)


def _without(held: Lock, start: int, end: int) -> Iterable[Lock]:
    """What is left of a lock when these bytes are taken out of it."""
    if held.end < start or end < held.start:
        return (held,)
    left = []
    if held.start < start:
        left.append(Lock(held.kind, held.owner, held.pid, held.write, held.start, start - 1))
    if end < held.end:
        left.append(Lock(held.kind, held.owner, held.pid, held.write, end + 1, held.end))
    return left


def holders(kernel: Kernel, file: Any) -> list[int]:
    """The pids that have an open description."""
    return [
        pcb.pid
        for pcb in kernel.processes.values()
        if pcb.fds is not None and any(each is file for _, each in pcb.fds.items())
    ]


class Waiting:
    """A process that sleeps for a lock; kept as its ``progress``, so that whatever ends the sleep
    ends this."""

    __slots__ = ("lock", "where")

    def __init__(self, where: FileLocks, lock: Lock) -> None:
        self.where = where
        self.lock = lock
        where.blocked.append(lock)

    def cancel(self) -> None:
        self.where.blocked.remove(self.lock)
        self.where.table.forget_if_idle(self.where)


class LockTable:
    """All locks of a kernel."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.files: list[FileLocks] = []

    def of(self, inode: Inode) -> FileLocks:
        """The locks on a file, made if there are none yet. ENOLCK."""
        if inode.locks is None:
            inode.locks = FileLocks(self, inode)
            self.files.append(inode.locks)
        elif sum(len(f.records) + len(f.flocks) for f in self.files) >= MAX_LOCKS:
            raise error(Errno.ENOLCK)
        found: FileLocks = inode.locks
        return found

    def clear(self) -> None:
        """The machine is off: no file knows of a lock any more."""
        for locks in self.files:
            locks.inode.locks = None
        self.files.clear()

    def forget_if_idle(self, locks: FileLocks) -> None:
        """Drop the record of a file on which nothing is locked or wanted any more."""
        if not locks.records and not locks.flocks and not locks.blocked and locks in self.files:
            self.files.remove(locks)
            locks.inode.locks = None

    def deadlocked(self, wanted: Lock, blocker: Lock) -> bool:
        """Whether the owner of ``blocker`` waits, over others perhaps, for a POSIX lock of the one
        who wants (fcntl(2), EDEADLK)."""
        at: Lock | None = blocker
        for _ in range(_CHAIN):
            assert at is not None
            at = self._waits_for(at.owner)
            if at is None:
                return False
            if at.owner is wanted.owner:
                return True
        return False

    def _waits_for(self, owner: Any) -> Lock | None:
        for locks in self.files:
            for wanted in locks.blocked:
                if wanted.kind == POSIX and wanted.owner is owner:
                    return locks.blocker(wanted)
        return None

    def state(self) -> Any:
        """Plain data for the digest."""
        return [
            (
                locks.inode.fs.dev, locks.inode.ino, [lock.state() for lock in locks.flocks],
                [lock.state() for lock in locks.records], [lock.state() for lock in locks.blocked],
            )
            for locks in self.files
        ]  # fmt: skip


# -- the calls ---------------------------------------------------------------------------------


def flock(kernel: Kernel, pcb: PCB, fd: int, operation: int) -> WaitQueue | None:
    """flock(2). EBADF EINVAL ENOLCK EWOULDBLOCK.

    Another mode than the one held is a new lock: the old one is given up first, even if the new one
    cannot be had.
    """
    file: File = pcb.fds.get(fd)
    if not isinstance(operation, int):
        raise error(Errno.EINVAL)
    nonblock = operation & flags.LOCK_NB != 0
    how = operation & ~flags.LOCK_NB
    if how not in (flags.LOCK_SH, flags.LOCK_EX, flags.LOCK_UN):
        raise error(Errno.EINVAL)
    _wake_up(pcb)
    if how == flags.LOCK_UN:
        if file.inode.locks is not None:
            file.inode.locks.unflock(file)
        return None
    write = how == flags.LOCK_EX
    table = _table(kernel)
    locks = table.of(file.inode)
    if any(held.owner is file and held.write == write for held in locks.flocks):
        return None
    locks.unflock(file)
    locks = table.of(file.inode)
    wanted = Lock(FLOCK, file, pcb.pid, write)
    return _take(pcb, locks, wanted, nonblock, lambda: locks.flocks.append(wanted))


def record_lock(
    kernel: Kernel, pcb: PCB, fd: int, command: int, argument: Any
) -> Flock | WaitQueue | int:
    """F_GETLK, F_SETLK and F_SETLKW of fcntl(2), and their OFD forms.

    EBADF for a mode the descriptor was not opened for, EAGAIN, EDEADLK, EFAULT, EINVAL, ENOLCK.
    """
    file: File = pcb.fds.get(fd)
    if not isinstance(argument, tuple) or len(argument) != 5:
        raise error(Errno.EFAULT)
    request = Flock(*argument)
    if any(not isinstance(field, int) for field in request):
        raise error(Errno.EFAULT)
    ofd = command >= flags.F_OFD_GETLK
    if ofd and request.pid != 0:
        raise error(Errno.EINVAL)
    start, end = _range(file, request)
    owner: Any = file if ofd else pcb.fds
    kind, pid = (OFD, -1) if ofd else (POSIX, pcb.pid)
    if command in (flags.F_GETLK, flags.F_OFD_GETLK):
        return _get(
            file, Lock(kind, owner, pid, request.type == flags.F_WRLCK, start, end), request
        )
    _wake_up(pcb)
    if request.type == flags.F_UNLCK:
        if file.inode.locks is not None:
            file.inode.locks.unset(owner, start, end)
        return 0
    if request.type not in (flags.F_RDLCK, flags.F_WRLCK):
        raise error(Errno.EINVAL)
    write = request.type == flags.F_WRLCK
    if not (file.writable if write else file.readable):
        raise error(Errno.EBADF)
    locks = _table(kernel).of(file.inode)
    wanted = Lock(kind, owner, pid, write, start, end)
    nonblock = command in (flags.F_SETLK, flags.F_OFD_SETLK)
    wait = _take(pcb, locks, wanted, nonblock, lambda: locks.set(wanted))
    return 0 if wait is None else wait


def _table(kernel: Kernel) -> LockTable:
    """The machine's locks, which its judge meets as well."""
    machine = kernel.machine.kernel
    return machine.locks if machine is not None else kernel.locks


def _take(
    pcb: PCB,
    locks: FileLocks,
    wanted: Lock,
    nonblock: bool,
    hold: Callable[[], None],
) -> WaitQueue | None:
    """Hold ``wanted``, or say where to wait for it. EAGAIN EDEADLK."""
    blocker = locks.blocker(wanted)
    if blocker is None:
        if pcb.judge:  # it may look, and leaves no trace
            locks.table.forget_if_idle(locks)
        else:
            hold()
        return None
    if nonblock or pcb.judge:
        raise error(Errno.EAGAIN)
    if wanted.kind == POSIX and locks.table.deadlocked(wanted, blocker):
        raise error(Errno.EDEADLK)
    pcb.progress = Waiting(locks, wanted)
    return locks.queue


def _wake_up(pcb: PCB) -> None:
    """The caller looks again: it waits no longer, unless it is found that it must."""
    if isinstance(pcb.progress, Waiting):
        waiting, pcb.progress = pcb.progress, None
        waiting.where.blocked.remove(waiting.lock)


def _range(file: File, request: Flock) -> tuple[int, int]:
    """First and last byte that a struct flock means. EINVAL EOVERFLOW."""
    base = {flags.SEEK_SET: 0, flags.SEEK_CUR: file.pos, flags.SEEK_END: file.inode.size}
    if request.whence not in base:
        raise error(Errno.EINVAL)
    start = base[request.whence] + request.start
    if start > END:
        raise error(Errno.EOVERFLOW)
    if start < 0:
        raise error(Errno.EINVAL)
    if request.len > 0:
        end = start + request.len - 1
        if end > END:
            raise error(Errno.EOVERFLOW)
    elif request.len < 0:
        end = start - 1
        start += request.len
        if start < 0:
            raise error(Errno.EINVAL)
    else:
        end = END
    return start, end


def _get(file: File, wanted: Lock, request: Flock) -> Flock:
    """What stands in the way of a lock; F_UNLCK if nothing does."""
    if request.type == flags.F_UNLCK and wanted.kind == OFD:
        return _own(file, wanted, request)
    if request.type not in (flags.F_RDLCK, flags.F_WRLCK):
        raise error(Errno.EINVAL)
    held = file.inode.locks.blocker(wanted) if file.inode.locks is not None else None
    return _described(held, request)


def _own(file: File, wanted: Lock, request: Flock) -> Flock:
    """F_OFD_GETLK with F_UNLCK asks for a lock of one's own on these bytes."""
    records = file.inode.locks.records if file.inode.locks is not None else ()
    for held in records:
        if held.owner is file and held.start <= wanted.end and wanted.start <= held.end:
            return _described(held, request)
    return request


def _described(held: Lock | None, request: Flock) -> Flock:
    if held is None:
        return request._replace(type=flags.F_UNLCK)
    return Flock(
        flags.F_WRLCK if held.write else flags.F_RDLCK,
        flags.SEEK_SET,
        held.start,
        0 if held.end == END else held.end - held.start + 1,
        held.pid,
    )


# -- what goes with a descriptor ---------------------------------------------------------------


def closed_descriptor(table: Any, inode: Inode) -> None:
    """A process closed a descriptor of a locked file: its POSIX locks on it are gone (fcntl(2))."""
    inode.locks.unset(table)


def closed_description(file: File) -> None:
    """The last descriptor of an open description is gone, and its locks with it."""
    locks = file.inode.locks
    locks.unset(file)
    if file.inode.locks is not None:
        locks.unflock(file)


# -- /proc -------------------------------------------------------------------------------------


def _line(lock: Lock, inode: Inode) -> bytes:
    end = b"EOF" if lock.end == END else b"%d" % lock.end
    return b"%-6b ADVISORY  %b %d %02x:%02x:%d %d %b" % (
        lock.kind, b"WRITE" if lock.write else b"READ", lock.pid, inode.fs.dev >> 8,
        inode.fs.dev & 255, inode.ino, lock.start, end,
    )  # fmt: skip


def _rows(locks: FileLocks) -> Iterable[tuple[Lock, list[Lock]]]:
    """Each lock held with those that wait for it first of all."""
    for held in (*locks.flocks, *locks.records):
        waiting = [w for w in locks.blocked if locks.blocker(w) is held]
        yield held, waiting


def listing(kernel: Kernel) -> bytes:
    """/proc/locks (proc_locks(5)): a number for each lock, and below it who waits for it."""
    lines: list[bytes] = []
    number = 0
    for locks in kernel.locks.files:
        for held, waiting in _rows(locks):
            number += 1
            lines.append(b"%d: %b\n" % (number, _line(held, locks.inode)))
            lines += [b"%d: -> %b\n" % (number, _line(lock, locks.inode)) for lock in waiting]
    return b"".join(lines)


def of_descriptor(pcb: PCB, file: File) -> bytes:
    """The ``lock:`` lines of /proc/PID/fdinfo/FD."""
    locks: FileLocks | None = file.inode.locks
    if locks is None:
        return b""
    mine = [held for held, _ in _rows(locks) if held.owner is file or held.owner is pcb.fds]
    return b"".join(
        b"lock:\t%d: %b\n" % (number, _line(held, locks.inode))
        for number, held in enumerate(mine, 1)
    )
