"""The system calls about memory: brk(2), mmap(2) and their like."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_IPC_LOCK
from minios.abi.errno import Errno, error
from minios.abi.syscalls import LOAD, NR, PAGEIN, STORE
from minios.fs.access import capable
from minios.fs.ext4.file import DiskFile
from minios.fs.inode import Regular
from minios.kernel.arguments import integer
from minios.kernel.files.pagecache import Flush
from minios.kernel.mm import access, reclaim, shm, swapcalls
from minios.kernel.mm.area import (
    LOCKED,
    MMAP_TOP,
    PAGE,
    PAGE_BITS,
    STACK_TOP,
    USER_START,
    Area,
    entry_flags,
)
from minios.kernel.mm.backing import FileMapping
from minios.kernel.mm.fault import BadAccess, resolve
from minios.kernel.mm.space import PRIVATE, AddressSpace
from minios.kernel.process import limit
from minios.kernel.wait import WaitQueue
from minios.memory.frames import Kind, OutOfFrames
from minios.memory.mmu import LOAD as READ
from minios.memory.mmu import STORE as WRITE
from minios.memory.pagetable import COW, PPN_SHIFT, D, V, W

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

_PROT = flags.PROT_READ | flags.PROT_WRITE | flags.PROT_EXEC
MAX_AREAS = 65530
"""Areas that a space may have (vm.max_map_count)."""


def _range(address: Any, length: Any) -> tuple[int, int]:
    """The bounds of a range of whole pages. EINVAL, ENOMEM beyond the end of the space."""
    start, size = integer(address), integer(length)
    if start & PAGE - 1 or size < 0:
        raise error(Errno.EINVAL)
    end = start + (size + PAGE - 1 & -PAGE)
    if start < 0 or end > STACK_TOP:
        raise error(Errno.ENOMEM)
    return start, end


def _may_grow(pcb: PCB, space: AddressSpace, pages: int, *, data: bool) -> None:
    """ENOMEM past RLIMIT_AS, RLIMIT_DATA (for private writable memory) or what is promised."""
    if (space.total + pages) << PAGE_BITS > limit(pcb, flags.RLIMIT_AS):
        raise error(Errno.ENOMEM)
    if not data:
        return
    if flags.RLIMIT_DATA in pcb.rlimits:
        used = sum(a.pages for a in space.areas if a.accountable and not a.is_stack)
        if (used + pages) << PAGE_BITS > limit(pcb, flags.RLIMIT_DATA):
            raise error(Errno.ENOMEM)
    if not space.memory.may_commit(pages):
        raise error(Errno.ENOMEM)


# -- brk ---------------------------------------------------------------------------------------


class _Growing:
    """A data segment whose new pages are being found."""

    __slots__ = ("end", "old", "space")

    def __init__(self, space: AddressSpace, old: int, end: int) -> None:
        self.space = space
        self.old = old
        self.end = end

    def cancel(self) -> None:
        """The process dies; its memory goes with it."""


def brk(kernel: Kernel, pcb: PCB, increment: int, populate: bool = True) -> int | WaitQueue:
    """Grow or shrink the data segment by bytes; the new program break (sbrk(3)). ENOMEM past
    RLIMIT_AS, RLIMIT_DATA, what may be promised, or the machine's RAM.

    With ``populate`` the new pages are there when the call returns, as a native program needs them
    for what it keeps; otherwise each comes when it is touched.
    """
    space: AddressSpace = pcb.mm
    growing = pcb.progress
    if growing is None:
        old = space.brk
        end = max(old + integer(increment), space.brk_start)
        first, last = old + PAGE - 1 & -PAGE, end + PAGE - 1 & -PAGE
        if last < first:
            space.unmap(last, first)
        elif last > first:
            if last > MMAP_TOP or space.overlapping(first, last):
                raise error(Errno.ENOMEM)
            pages = last - first >> PAGE_BITS
            _may_grow(pcb, space, pages, data=True)
            if populate and pages > kernel.mm.attainable() + _reclaimable(kernel):
                raise error(Errno.ENOMEM)
            lock = LOCKED if space.lock_future else 0
            space.add(
                Area(first, last, flags.PROT_READ | flags.PROT_WRITE,
                     flags.MAP_PRIVATE | lock, name=b"[heap]")
            )  # fmt: skip
        space.brk = end
        if not populate or last <= first:
            return end
        growing = _Growing(space, old, end)
    try:
        queue = fill(kernel, space, growing.old + PAGE - 1 & -PAGE, growing.end + PAGE - 1 & -PAGE)
    except OutOfFrames:
        space.brk = growing.old
        space.unmap(growing.old + PAGE - 1 & -PAGE, growing.end + PAGE - 1 & -PAGE)
        raise error(Errno.ENOMEM) from None
    if queue is not None:
        pcb.progress = growing
        return queue
    return space.brk


def _reclaimable(kernel: Kernel) -> int:
    """Frames that caches would give up."""
    cache = kernel.cache
    return kernel.mm.frames.by_kind[Kind.CACHE] if cache is not None else 0


def fill(kernel: Kernel, space: AddressSpace, start: int, end: int) -> WaitQueue | None:
    """Give every page of private anonymous memory a frame; where to wait for one, or None.

    Raises OutOfFrames; pages that were filled stay.
    """
    memory = kernel.mm
    frames = memory.frames
    family, policy = space.family, memory.policy
    for top in range(start >> 22, (end - 1 >> 22) + 1):
        if top not in space.table.leaves and not frames.free:
            queue = memory.room(1)
            if queue is not None:
                return queue
        leaf = space.table.leaf(top)
        low = max(start >> PAGE_BITS, top << 10)
        high = min(end >> PAGE_BITS, top + 1 << 10)
        for vpn in range(low, high):
            if vpn & 1023 in leaf:
                continue
            if frames.count - frames.used <= memory.low:
                memory.balance()
                if frames.used >= frames.count:
                    queue = memory.room(1)
                    if queue is not None:
                        return queue
            frame = frames.alloc(Kind.ANON, family, vpn)
            leaf[vpn & 1023] = frame << PPN_SHIFT | PRIVATE
            space.anon += 1
            if policy is not None:
                policy.insert(frame)
    if space.rss > space.hiwater:
        space.hiwater = space.rss
    return None


# -- mmap --------------------------------------------------------------------------------------


def mmap2(
    kernel: Kernel,
    pcb: PCB,
    address: int,
    length: int,
    prot: int,
    mflags: int,
    fd: int,
    offset: int,
) -> int | WaitQueue:
    """mmap(2); ``offset`` is bytes. EACCES EBADF EEXIST EINVAL ENODEV ENOMEM EPERM."""
    space: AddressSpace = pcb.mm
    if type(pcb.progress) is _Growing:
        return _populate(kernel, pcb, pcb.progress)
    shared = integer(mflags) & (flags.MAP_SHARED | flags.MAP_PRIVATE)
    if integer(length) <= 0 or integer(offset) & PAGE - 1 or offset < 0 or integer(prot) & ~_PROT:
        raise error(Errno.EINVAL)
    if shared not in (flags.MAP_SHARED, flags.MAP_PRIVATE):
        raise error(Errno.EINVAL)
    size = length + PAGE - 1 & -PAGE
    if size > STACK_TOP:
        raise error(Errno.ENOMEM)
    if len(space.areas) >= MAX_AREAS:
        raise error(Errno.ENOMEM)
    backing: Any = None
    name = b""
    if not mflags & flags.MAP_ANONYMOUS:
        backing = _file(kernel, pcb, fd, prot, mflags)
        name = backing.path
    data = bool(prot & flags.PROT_WRITE) and shared == flags.MAP_PRIVATE
    replaced = 0
    if mflags & (flags.MAP_FIXED | flags.MAP_FIXED_NOREPLACE):
        start, end = _range(address, size)
        if start < USER_START:
            raise error(Errno.EPERM if start < PAGE else Errno.ENOMEM)
        over = space.overlapping(start, end)
        if over and mflags & flags.MAP_FIXED_NOREPLACE:
            raise error(Errno.EEXIST)
        replaced = sum(min(a.end, end) - max(a.start, start) >> PAGE_BITS for a in over)
    else:
        hint = max(integer(address) + PAGE - 1 & -PAGE, 0)
        start = space.gap(size, hint, MMAP_TOP, USER_START)
        if not start:
            raise error(Errno.ENOMEM)
        end = start + size
    _may_grow(pcb, space, (size >> PAGE_BITS) - replaced, data=data)
    keep = mflags & (flags.MAP_GROWSDOWN | flags.MAP_NORESERVE)
    if mflags & flags.MAP_LOCKED or space.lock_future:
        _may_lock(pcb, space, size >> PAGE_BITS)
        keep |= LOCKED
    if backing is None and shared == flags.MAP_SHARED:
        if not kernel.mm.may_commit(size >> PAGE_BITS):
            raise error(Errno.ENOMEM)
        backing = kernel.mm.segment(size >> PAGE_BITS)
        name = b"/dev/zero (deleted)"
    if replaced:
        space.unmap(start, end)
    space.add(Area(start, end, prot, shared | keep, backing, offset >> PAGE_BITS, name))
    if mflags & flags.MAP_POPULATE or keep & LOCKED:
        return _populate(kernel, pcb, _Growing(space, start, end))
    return start


def _populate(kernel: Kernel, pcb: PCB, growing: _Growing) -> int | WaitQueue:
    """MAP_POPULATE of anonymous memory: as much as there is, for it is only a wish."""
    area = growing.space.find(growing.old)
    if area is not None and area.backing is None and area.prot & flags.PROT_WRITE:
        try:
            queue = fill(kernel, growing.space, growing.old, growing.end)
        except OutOfFrames:
            return growing.old
        if queue is not None:
            pcb.progress = growing
            return queue
    return growing.old


def _file(kernel: Kernel, pcb: PCB, fd: int, prot: int, mflags: int) -> FileMapping:
    """The mapping of an open file. EACCES EBADF ENODEV."""
    file = pcb.fds.get(fd)
    inode = file.inode
    if not isinstance(inode, Regular):
        raise error(Errno.ENODEV)
    shared_write = mflags & flags.MAP_SHARED and prot & flags.PROT_WRITE
    if not file.readable or (shared_write and not file.writable):
        raise error(Errno.EACCES)
    return kernel.mm.mapping(inode, file.dentry.path())


def munmap(kernel: Kernel, pcb: PCB, address: int, length: int) -> None:
    """munmap(2). EINVAL for no page's address or no length."""
    if integer(length) <= 0:
        raise error(Errno.EINVAL)
    try:
        start, end = _range(address, length)
    except OSError:
        raise error(Errno.EINVAL) from None
    pcb.mm.unmap(start, end)


def mprotect(kernel: Kernel, pcb: PCB, address: int, length: int, prot: int) -> None:
    """mprotect(2). EACCES for writing to a file opened without, EINVAL, ENOMEM for a hole."""
    start, end = _range(address, length)
    if integer(prot) & ~_PROT:
        raise error(Errno.EINVAL)
    space: AddressSpace = pcb.mm
    if start == end:
        return
    if not space.covered(start, end):
        raise error(Errno.ENOMEM)
    more = 0
    for area in space.overlapping(start, end):
        if prot & flags.PROT_WRITE and not area.prot & flags.PROT_WRITE:
            if area.flags & flags.MAP_PRIVATE:
                more += min(area.end, end) - max(area.start, start) >> PAGE_BITS
            elif not _may_write(pcb, area):
                raise error(Errno.EACCES)
    if more and not kernel.mm.may_commit(more):
        raise error(Errno.ENOMEM)
    for area in space.cut(start, end):
        changed = area._replace(prot=prot)
        allowed = entry_flags(prot, shared=area.shared)
        for vpn, entry in list(space.table.entries(area.start >> PAGE_BITS, area.end >> PAGE_BITS)):
            if entry & V:
                space.table.set(vpn, _restrict(entry, allowed, area))
        space.add(changed)
        if area.backing is not None:
            area.backing.detach(space)
    kernel.mm.fence(space)


def _may_write(pcb: PCB, area: Area) -> bool:
    """Whether a shared mapping may become writable: always for memory, else if some descriptor of
    the file was opened for writing.
    """
    if not isinstance(area.backing, FileMapping):
        return True
    inode = area.backing.inode
    return any(file.inode is inode and file.writable for _, file in pcb.fds.items())


def _restrict(entry: int, allowed: int, area: Area) -> int:
    """An entry with the permissions of its area's new protection, still copy-on-write if it was.

    A page without any permission keeps its frame: the entry stays valid for the kernel alone.
    """
    base = entry >> PPN_SHIFT << PPN_SHIFT | entry & D
    if allowed == V:
        return base | V | (entry & COW) | (COW if entry & W and not area.shared else 0)
    if entry & W or not (entry & COW or allowed & W):
        return base | allowed
    if allowed & W and area.flags & flags.MAP_PRIVATE:
        return base | allowed & ~W | COW
    return base | allowed & ~W | entry & COW


def madvise(kernel: Kernel, pcb: PCB, address: int, length: int, advice: int) -> None:
    """madvise(2): DONTNEED forgets pages, PAGEOUT and COLD push them out. EINVAL ENOMEM."""
    start, end = _range(address, length)
    space: AddressSpace = pcb.mm
    known = (
        flags.MADV_NORMAL, flags.MADV_RANDOM, flags.MADV_SEQUENTIAL, flags.MADV_WILLNEED,
        flags.MADV_DONTNEED, flags.MADV_COLD, flags.MADV_PAGEOUT,
    )  # fmt: skip
    if advice not in known:
        raise error(Errno.EINVAL)
    if not space.covered(start, end):
        raise error(Errno.ENOMEM)
    if advice == flags.MADV_DONTNEED:
        if any(area.flags & LOCKED for area in space.overlapping(start, end)):
            raise error(Errno.EINVAL)
        space.zap(start >> PAGE_BITS, end >> PAGE_BITS)
    elif advice in (flags.MADV_PAGEOUT, flags.MADV_COLD):
        reclaim.put_away_range(kernel.mm, space, start >> PAGE_BITS, end >> PAGE_BITS)


def msync(kernel: Kernel, pcb: PCB, address: int, length: int, mflags: int) -> Any:
    """msync(2): what shared mappings wrote is in the file, and with MS_SYNC on the disk. EBUSY
    EINVAL ENOMEM.
    """
    progress = pcb.progress
    if type(progress) is Flush:
        return progress.outcome(pcb)
    if integer(mflags) & ~(flags.MS_ASYNC | flags.MS_INVALIDATE | flags.MS_SYNC):
        raise error(Errno.EINVAL)
    if mflags & flags.MS_ASYNC and mflags & flags.MS_SYNC:
        raise error(Errno.EINVAL)
    start, end = _range(address, length)
    space: AddressSpace = pcb.mm
    inodes: dict[int, Regular] = {}
    for area in space.overlapping(start, end):
        if mflags & flags.MS_INVALIDATE and area.flags & LOCKED:
            raise error(Errno.EBUSY)
        if isinstance(area.backing, FileMapping) and area.shared:
            inner = area.part(max(area.start, start), min(area.end, end))
            area.backing.sync(inner.offset, inner.offset + inner.pages)
            inodes[area.backing.number] = area.backing.inode
    if not space.covered(start, end):
        raise error(Errno.ENOMEM)
    disk = [inode for inode in inodes.values() if isinstance(inode, DiskFile)]
    if not mflags & flags.MS_SYNC or not disk:
        return None
    flush = Flush(kernel, parts=len(disk))
    for inode in disk:
        inode.fs.fsync(inode, flush.finish, data_only=True)
    return flush.outcome(pcb)


def mincore(kernel: Kernel, pcb: PCB, address: int, length: int) -> bytes:
    """mincore(2): a byte a page, 1 for those in RAM. EINVAL, ENOMEM for a hole."""
    start, end = _range(address, length)
    space: AddressSpace = pcb.mm
    if not space.covered(start, end):
        raise error(Errno.ENOMEM)
    out = bytearray(end - start >> PAGE_BITS)
    for vpn, entry in space.table.entries(start >> PAGE_BITS, end >> PAGE_BITS):
        if entry & V:
            out[vpn - (start >> PAGE_BITS)] = 1
    return bytes(out)


# -- locking -----------------------------------------------------------------------------------


def _may_lock(pcb: PCB, space: AddressSpace, pages: int) -> None:
    """EPERM without any right to lock, ENOMEM (mlock) past RLIMIT_MEMLOCK."""
    if capable(pcb, CAP_IPC_LOCK):
        return
    most = limit(pcb, flags.RLIMIT_MEMLOCK)
    if not most:
        raise error(Errno.EPERM)
    if (space.locked + pages) << PAGE_BITS > most:
        raise error(Errno.ENOMEM)


def _mark(kernel: Kernel, space: AddressSpace, start: int, end: int, locked: bool) -> None:
    for area in space.cut(start, end):
        bits = area.flags | LOCKED if locked else area.flags & ~LOCKED
        space.add(area._replace(flags=bits))
        if area.backing is not None:
            area.backing.detach(space)


def mlock(kernel: Kernel, pcb: PCB, address: int, length: int) -> WaitQueue | None:
    """mlock(2): the pages are in RAM and stay there. EINVAL ENOMEM EPERM."""
    start = integer(address) & -PAGE
    start, end = _range(start, integer(length) + integer(address) - start)
    space: AddressSpace = pcb.mm
    if not space.covered(start, end):
        raise error(Errno.ENOMEM)
    more = sum(
        min(area.end, end) - max(area.start, start) >> PAGE_BITS
        for area in space.overlapping(start, end)
        if not area.flags & LOCKED
    )
    _may_lock(pcb, space, more)
    _mark(kernel, space, start, end, True)
    return _fetch(kernel, pcb, space, start, end)


def _fetch(kernel: Kernel, pcb: PCB, space: AddressSpace, start: int, end: int) -> WaitQueue | None:
    """Bring every page of locked areas in; made again after each wait. ENOMEM."""
    for vpn in range(start >> PAGE_BITS, end >> PAGE_BITS):
        entry = space.table.get(vpn)
        if entry & V:
            continue
        area = space.find(vpn << PAGE_BITS)
        assert area is not None
        how = WRITE if area.accountable else READ
        try:
            queue = resolve(kernel.mm, pcb, space, vpn << PAGE_BITS, how)
        except (BadAccess, OutOfFrames):
            raise error(Errno.ENOMEM) from None
        if queue is not None:
            return queue
        if not space.table.get(vpn) & V:
            return _fetch(kernel, pcb, space, vpn << PAGE_BITS, end)
    return None


def munlock(kernel: Kernel, pcb: PCB, address: int, length: int) -> None:
    start = integer(address) & -PAGE
    start, end = _range(start, integer(length) + integer(address) - start)
    if not pcb.mm.covered(start, end):
        raise error(Errno.ENOMEM)
    _mark(kernel, pcb.mm, start, end, False)


def mlockall(kernel: Kernel, pcb: PCB, mflags: int) -> WaitQueue | None:
    """mlockall(2). EINVAL ENOMEM EPERM."""
    if not integer(mflags) or mflags & ~(flags.MCL_CURRENT | flags.MCL_FUTURE):
        raise error(Errno.EINVAL)
    space: AddressSpace = pcb.mm
    _may_lock(pcb, space, space.total - space.locked if mflags & flags.MCL_CURRENT else 0)
    if mflags & flags.MCL_FUTURE:
        space.lock_future = True
    if mflags & flags.MCL_CURRENT:
        for area in space.areas:
            if not area.is_stack:
                _mark(kernel, space, area.start, area.end, True)
        for area in space.areas:
            if area.flags & LOCKED and area.prot:
                queue = _fetch(kernel, pcb, space, area.start, area.end)
                if queue is not None:
                    return queue
    return None


def munlockall(kernel: Kernel, pcb: PCB) -> None:
    pcb.mm.lock_future = False
    for area in pcb.mm.areas:
        if area.flags & LOCKED:
            _mark(kernel, pcb.mm, area.start, area.end, False)


CALLS: dict[int, Callable[..., Any]] = {
    **swapcalls.CALLS,
    **shm.CALLS,
    LOAD: access.load,
    STORE: access.store,
    PAGEIN: access.pagein,
    NR.brk: brk,
    NR.mmap2: mmap2,
    NR.munmap: munmap,
    NR.mprotect: mprotect,
    NR.madvise: madvise,
    NR.msync: msync,
    NR.mincore: mincore,
    NR.mlock: mlock,
    NR.munlock: munlock,
    NR.mlockall: mlockall,
    NR.munlockall: munlockall,
}
