"""System V shared memory: shmget(2), shmat(2), shmctl(2) (sysvipc(7))."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_IPC_OWNER, CAP_SYS_ADMIN
from minios.abi.errno import Errno, error
from minios.abi.records import Shmid
from minios.abi.syscalls import NR
from minios.fs.access import capable
from minios.kernel.arguments import integer
from minios.kernel.mm.area import MMAP_TOP, PAGE, PAGE_BITS, USER_START, Area
from minios.kernel.mm.backing import Segment
from minios.kernel.mm.space import AddressSpace
from minios.kernel.process import limit

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

SHMMNI = 4096
"""Segments there may be (proc_sys_kernel(5), shmmni)."""
SHMMIN = 1


class SysvSegment(Segment):
    """A segment with a key, an owner and permissions."""

    def __init__(self, kernel: Kernel, ident: int, key: int, size: int, mode: int) -> None:
        pages = size + PAGE - 1 >> PAGE_BITS
        super().__init__(kernel.mm, kernel.mm.number(), pages)
        who = kernel.acting
        assert who is not None
        self.kernel = kernel
        self.ident = ident
        self.key = key
        self.bytes = size
        self.mode = mode
        self.uid = self.cuid = who.euid
        self.gid = self.cgid = who.egid
        self.cpid = who.pid
        self.lpid = 0
        self.atime = self.dtime = 0
        self.ctime = kernel.clock() // 1_000_000_000
        self.kept = True

    def detach(self, space: AddressSpace) -> None:
        kernel = self.kernel
        self.dtime = kernel.clock() // 1_000_000_000
        self.lpid = space.pid
        super().detach(space)

    def settle(self) -> None:
        super().settle()
        if not self.users and not self.kept:
            self.kernel.mm.ipc.forget(self)

    def record(self) -> Shmid:
        """What IPC_STAT tells."""
        return Shmid(
            self.key, self.uid, self.gid, self.cuid, self.cgid, self.mode, self.bytes,
            self.atime, self.dtime, self.ctime, self.cpid, self.lpid, self.attached,
        )  # fmt: skip

    def state(self) -> Any:
        return (super().state(), self.ident, tuple(self.record()))


class Ipc:
    """The segments of a machine by their ids; an id is not used twice."""

    def __init__(self) -> None:
        self.segments: dict[int, SysvSegment] = {}
        self._next = 0

    def new_id(self) -> int:
        """The id of a new segment."""
        ident = self._next
        self._next += 1
        return ident

    def by_key(self, key: int) -> SysvSegment | None:
        """The segment of a key; a removed one has none any more."""
        for segment in self.segments.values():
            if segment.key == key and not segment.mode & flags.SHM_DEST:
                return segment
        return None

    def forget(self, segment: SysvSegment) -> None:
        self.segments.pop(segment.ident, None)

    def state(self) -> Any:
        """Plain data for the digest; the segments are among the memory's."""
        return (self._next, sorted(self.segments))


def ipc_of(kernel: Kernel) -> Ipc:
    """The machine's segments."""
    if kernel.mm.ipc is None:
        kernel.mm.ipc = Ipc()
    found: Ipc = kernel.mm.ipc
    return found


def _find(kernel: Kernel, shmid: int) -> SysvSegment:
    segment = ipc_of(kernel).segments.get(integer(shmid))
    if segment is None:
        raise error(Errno.EINVAL)
    return segment


def _require(pcb: PCB, segment: SysvSegment, want: int) -> None:
    """EACCES unless the permissions give ``want`` (4 read, 2 write)."""
    shift = 0
    if pcb.euid in (segment.uid, segment.cuid):
        shift = 6
    elif any(gid in (pcb.egid, *pcb.groups) for gid in (segment.gid, segment.cgid)):
        shift = 3
    if segment.mode >> shift & want != want and not capable(pcb, CAP_IPC_OWNER):
        raise error(Errno.EACCES)


def shmget(kernel: Kernel, pcb: PCB, key: int, size: int, shmflag: int) -> int:
    """shmget(2). EACCES EEXIST EINVAL ENOENT ENOMEM ENOSPC."""
    ipc = ipc_of(kernel)
    found = ipc.by_key(integer(key)) if key != flags.IPC_PRIVATE else None
    if found is not None:
        if integer(shmflag) & flags.IPC_CREAT and shmflag & flags.IPC_EXCL:
            raise error(Errno.EEXIST)
        if integer(size) > found.bytes:
            raise error(Errno.EINVAL)
        _require(pcb, found, (shmflag >> 6 | shmflag >> 3 | shmflag) & 6)
        return found.ident
    if key != flags.IPC_PRIVATE and not integer(shmflag) & flags.IPC_CREAT:
        raise error(Errno.ENOENT)
    if integer(size) < SHMMIN or size > MMAP_TOP:
        raise error(Errno.EINVAL)
    if len(ipc.segments) >= SHMMNI:
        raise error(Errno.ENOSPC)
    if not kernel.mm.may_commit(size + PAGE - 1 >> PAGE_BITS):
        raise error(Errno.ENOMEM)
    segment = SysvSegment(kernel, ipc.new_id(), key, size, integer(shmflag) & 0o777)
    kernel.mm.segments[segment.number] = segment
    kernel.mm.committed += segment.size
    ipc.segments[segment.ident] = segment
    return segment.ident


def shmat(kernel: Kernel, pcb: PCB, shmid: int, address: int, shmflag: int) -> int:
    """shmat(2): where the segment lies now. EACCES EINVAL ENOMEM."""
    segment = _find(kernel, shmid)
    read_only = integer(shmflag) & flags.SHM_RDONLY
    _require(pcb, segment, 4 if read_only else 6)
    space: AddressSpace = pcb.mm
    size = segment.size << PAGE_BITS
    if integer(address):
        if shmflag & flags.SHM_RND:
            address &= -PAGE
        if address & PAGE - 1 or address < USER_START or address + size > MMAP_TOP:
            raise error(Errno.EINVAL)
        if space.overlapping(address, address + size):
            if not shmflag & flags.SHM_REMAP:
                raise error(Errno.EINVAL)
            space.unmap(address, address + size)
    else:
        address = space.gap(size, 0, MMAP_TOP, USER_START)
        if not address:
            raise error(Errno.ENOMEM)
    if space.total + segment.size << PAGE_BITS > limit(pcb, flags.RLIMIT_AS):
        raise error(Errno.ENOMEM)
    prot = flags.PROT_READ if read_only else flags.PROT_READ | flags.PROT_WRITE
    name = b"/SYSV%08x (deleted)" % (segment.key & 0xFFFFFFFF)
    space.add(Area(address, address + size, prot, flags.MAP_SHARED, segment, 0, name))
    segment.atime = kernel.clock() // 1_000_000_000
    segment.lpid = pcb.pid
    return address


def shmdt(kernel: Kernel, pcb: PCB, address: int) -> None:
    """shmdt(2). EINVAL where no segment begins."""
    for area in pcb.mm.areas:
        if area.start == integer(address) and isinstance(area.backing, SysvSegment):
            pcb.mm.unmap(area.start, area.end)
            return
    raise error(Errno.EINVAL)


def shmctl(kernel: Kernel, pcb: PCB, shmid: int, command: int, argument: Any) -> Any:
    """shmctl(2): IPC_STAT, IPC_SET with (uid, gid, mode), IPC_RMID. EACCES EINVAL EPERM."""
    segment = _find(kernel, shmid)
    if command == flags.IPC_STAT:
        _require(pcb, segment, 4)
        return segment.record()
    if command not in (flags.IPC_RMID, flags.IPC_SET):
        raise error(Errno.EINVAL)
    if pcb.euid not in (segment.uid, segment.cuid) and not capable(pcb, CAP_SYS_ADMIN):
        raise error(Errno.EPERM)
    if command == flags.IPC_SET:
        if not isinstance(argument, tuple) or len(argument) != 3:
            raise error(Errno.EFAULT)
        segment.uid, segment.gid = integer(argument[0]), integer(argument[1])
        segment.mode = segment.mode & ~0o777 | integer(argument[2]) & 0o777
        segment.ctime = kernel.clock() // 1_000_000_000
        return None
    segment.mode |= flags.SHM_DEST
    segment.key = flags.IPC_PRIVATE
    segment.kept = False
    segment.settle()
    return None


def listing(kernel: Kernel) -> bytes:
    """/proc/sysvipc/shm (sysvipc(7))."""
    lines = [
        b"       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid"
        b"  cgid      atime      dtime      ctime                   rss                  swap\n"
    ]
    if kernel.mm.ipc is None:
        return lines[0]
    for ident, segment in sorted(kernel.mm.ipc.segments.items()):
        s = segment.record()
        key = s.key - (1 << 32) if s.key >= 1 << 31 else s.key
        lines.append(
            b"%10d %10d  %4o %21d %5d %5d  %5d %5d %5d %5d %5d %10d %10d %10d %21d %21d\n"
            % (key, ident, s.mode, s.size, s.cpid, s.lpid, s.nattch, s.uid, s.gid,
               s.cuid, s.cgid, s.atime, s.dtime, s.ctime, len(segment.pages) << 12,
               len(segment.slots) << 12)
        )  # fmt: skip
    return b"".join(lines)


CALLS: dict[int, Callable[..., Any]] = {
    NR.shmget: shmget,
    NR.shmat: shmat,
    NR.shmdt: shmdt,
    NR.shmctl: shmctl,
}
