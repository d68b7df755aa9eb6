"""Page faults: what a touched page that is not there, or not writable, is answered with.

:func:`resolve` gives a page: zeros, a page of a file, a copy of a shared one, what lies in swap; or
it grows the stack. What no area allows is :class:`BadAccess`, which becomes SIGSEGV or SIGBUS with
the address and the cause (sigaction(2), siginfo).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.flags import (
    BUS_ADRERR,
    PROT_EXEC,
    PROT_READ,
    PROT_WRITE,
    RLIMIT_AS,
    RLIMIT_STACK,
    SEGV_ACCERR,
    SEGV_MAPERR,
)
from minios.abi.signals import Sig
from minios.kernel.mm.area import PAGE, PAGE_BITS, STACK_GUARD, Area, entry_flags
from minios.kernel.mm.backing import Beyond
from minios.kernel.mm.space import AddressSpace
from minios.kernel.process import limit
from minios.kernel.wait import WaitQueue
from minios.memory.frames import Kind
from minios.memory.mmu import FETCH, LOAD, STORE
from minios.memory.pagetable import COW, PPN_SHIFT, A, D, V, W

if TYPE_CHECKING:
    from minios.kernel.mm.memory import Memory
    from minios.kernel.process import PCB

FAULT_CYCLES = 50
"""Into the kernel, a look at the areas, and back."""
ZERO_CYCLES = 64
"""Filling a page with zeros."""
COPY_CYCLES = 128
"""Copying a page."""
WALK_CYCLES = 4
"""A page walk reads two entries."""

_NEEDS = {LOAD: PROT_READ | PROT_WRITE | PROT_EXEC, STORE: PROT_WRITE, FETCH: PROT_EXEC}
_ACCESS = {LOAD: "read", STORE: "write", FETCH: "execute"}


class BadAccess(Exception):
    """Nothing may be accessed there in this way: the signal, its si_code and the address."""

    def __init__(self, sig: int, code: int, address: int, access: int) -> None:
        super().__init__(f"{_ACCESS[access]} at {address:#x}")
        self.sig = sig
        self.code = code
        self.address = address
        self.access = access

    @property
    def why(self) -> str:
        """The cause in words."""
        how = _ACCESS[self.access]
        if self.sig == Sig.SIGBUS:
            return f"{how} beyond the end of the mapped file"
        if self.code == SEGV_MAPERR:
            return f"{how} where nothing is mapped"
        return f"{how} where the mapping does not allow it"


def resolve(
    memory: Memory, pcb: PCB, space: AddressSpace, address: int, access: int
) -> WaitQueue | None:
    """Make an access possible; None if it is now, or may be: make it again.

    Otherwise where to wait before it is made again. Raises BadAccess, OutOfFrames.
    """
    area = space.find(address)
    if area is None:
        area = _grow(space, pcb, address, access)
    elif not area.prot & _NEEDS[access]:
        raise BadAccess(Sig.SIGSEGV, SEGV_ACCERR, address, access)
    memory.cycles += FAULT_CYCLES
    minor, major, copies = pcb.minflt, pcb.majflt, memory.counts["pgcow"]
    queue = _resolve(memory, pcb, space, area, address, access)
    hooks = memory.kernel.world.instruments.on_fault
    if hooks and (pcb.minflt, pcb.majflt) != (minor, major):
        kind = "major" if pcb.majflt != major else "minor"
        if memory.counts["pgcow"] != copies:
            kind = "cow"
        for hook in hooks:
            hook(pcb, address, kind)
    return queue


def _resolve(
    memory: Memory, pcb: PCB, space: AddressSpace, area: Area, address: int, access: int
) -> WaitQueue | None:
    vpn = address >> PAGE_BITS
    entry = space.table.get(vpn)
    if not entry & V:
        missing = _table(memory, space, vpn)
        if missing is not None:
            return missing
    if entry & V:
        memory.counts["pgfault"] += 1
        pcb.minflt += 1
        if access == STORE and not entry & W:
            return _write(memory, space, area, vpn, entry)
        # More is allowed than the entry says (mprotect), or a core remembers an old one.
        shared = area.shared
        flags = entry_flags(area.prot, shared=shared)
        if entry & COW:
            flags = flags & ~W | COW
        space.table.set(vpn, entry >> PPN_SHIFT << PPN_SHIFT | flags | entry & D)
        memory.fence(space, vpn)
        return None
    if entry:
        return _swap_in(memory, pcb, space, area, vpn, entry >> PPN_SHIFT)
    if area.backing is None:
        frame = memory.page(Kind.ANON, space.family, vpn)
        if frame < 0:
            return _wait(memory, 1)
        memory.counts["pgfault"] += 1
        pcb.minflt += 1
        memory.counts["pgzero"] += 1
        memory.cycles += ZERO_CYCLES
        space.put(vpn, frame << PPN_SHIFT | entry_flags(area.prot, shared=False))
        if memory.policy is not None:
            memory.policy.insert(frame)
        return None
    return _from_backing(memory, pcb, space, area, vpn, address, access)


def _wait(memory: Memory, count: int) -> WaitQueue | None:
    """Room for so many frames: None if there is, or where to wait. OutOfFrames."""
    return memory.room(count)


def _table(memory: Memory, space: AddressSpace, vpn: int) -> WaitQueue | None:
    """See to it that the page's second-level table exists."""
    if vpn >> 10 in space.table.leaves:
        return None
    if memory.frames.free:
        space.table.leaf(vpn >> 10)
        return None
    return _wait(memory, 1)


def _grow(space: AddressSpace, pcb: PCB, address: int, access: int) -> Area:
    """The stack, grown down to an address below it, if there is a stack that may."""
    index = next((i for i, area in enumerate(space.areas) if area.start > address), -1)
    if index < 0:
        raise BadAccess(Sig.SIGSEGV, SEGV_MAPERR, address, access)
    area = space.areas[index]
    start = address & -PAGE
    pages = (area.start - start) >> PAGE_BITS
    below = space.areas[index - 1] if index else None
    if (
        not area.is_stack
        or area.end - start > limit(pcb, RLIMIT_STACK)
        or (below is not None and below.end + (0 if below.is_stack else STACK_GUARD) > start)
        or (space.total + pages << PAGE_BITS) > limit(pcb, RLIMIT_AS)
        or not space.memory.may_commit(pages)
    ):
        raise BadAccess(Sig.SIGSEGV, SEGV_MAPERR, address, access)
    grown = area._replace(start=start)
    areas = list(space.areas)
    areas[index] = grown
    space.areas = tuple(areas)
    space.total += pages
    space.most = max(space.most, space.total)
    if grown.accountable:
        space.committed += pages
        space.memory.committed += pages
    return grown


def _write(
    memory: Memory, space: AddressSpace, area: Area, vpn: int, entry: int
) -> WaitQueue | None:
    """A page that is there is to be written for the first time, or again after a fork."""
    frames = memory.frames
    frame = entry >> PPN_SHIFT
    if area.shared:
        area.backing.written(frames.index[frame], frame)
        space.table.set(vpn, entry | W | A)
        memory.fence(space, vpn)
        return None
    swap = memory.swap
    own = frames.kind[frame] == Kind.ANON
    if own and frame in swap.slots and frames.refs[frame] == 2:
        swap.dirty(frame)
    if not own or frames.refs[frame] > 1:
        copy = memory.page(Kind.ANON, space.family, vpn)
        if copy < 0:
            return _wait(memory, 1)
        frames.copy(frame, copy)
        memory.counts["pgcow"] += 1
        memory.cycles += COPY_CYCLES
        space.take(vpn, entry)
        space.put(vpn, copy << PPN_SHIFT | entry_flags(area.prot, shared=False))
        if memory.policy is not None:
            memory.policy.insert(copy)
    else:
        frames.owner[frame] = space.family
        space.table.set(vpn, (entry | entry_flags(area.prot, shared=False)) & ~COW)
    memory.fence(space, vpn)
    return None


def swap_back(memory: Memory, pcb: PCB, space: AddressSpace, vpn: int) -> WaitQueue | None:
    """Bring a page back from swap, whatever its area allows; where to wait. OutOfFrames."""
    area = space.find(vpn << PAGE_BITS)
    assert area is not None
    return _swap_in(memory, pcb, space, area, vpn, space.table.get(vpn) >> PPN_SHIFT)


def _swap_in(
    memory: Memory, pcb: PCB, space: AddressSpace, area: Area, vpn: int, slot: int
) -> WaitQueue | None:
    cached = slot in memory.swap.frames and slot not in memory.swap.reading
    begun = slot in memory.swap.reading
    got = memory.swap.bring(slot)
    if got is None:
        return _wait(memory, 1)
    if isinstance(got, WaitQueue):
        if not begun:
            memory.counts["pgfault"] += 1
            memory.counts["pgmajfault"] += 1
            pcb.majflt += 1
            space.refaults += 1
        return got
    if cached and pcb.progress is None:
        pcb.minflt += 1
    frame = memory.swap.claim(slot, space.family, vpn)
    space.table.set(vpn, 0)
    space.swapped -= 1
    flags = entry_flags(area.prot, shared=False)
    if flags & W and (frame in memory.swap.slots or memory.frames.refs[frame] > 1):
        flags = flags & ~W | COW
    space.put(vpn, frame << PPN_SHIFT | flags)
    held = 2 if frame in memory.swap.slots else 1
    if memory.policy is not None and memory.frames.refs[frame] == held:
        memory.policy.insert(frame)
    return None


def _from_backing(
    memory: Memory,
    pcb: PCB,
    space: AddressSpace,
    area: Area,
    vpn: int,
    address: int,
    access: int,
) -> WaitQueue | None:
    index = area.offset + vpn - (area.start >> PAGE_BITS)
    try:
        frame = area.backing.page(index)
    except Beyond:
        raise BadAccess(Sig.SIGBUS, BUS_ADRERR, address, access) from None
    if frame is None:
        return _wait(memory, 1)
    if isinstance(frame, WaitQueue):
        memory.counts["pgfault"] += 1
        pcb.majflt += 1
        return frame
    memory.counts["pgfault"] += 1
    pcb.minflt += 1
    flags = entry_flags(area.prot, shared=area.shared)
    if area.shared:
        if access == STORE:
            area.backing.written(index, frame)
        elif area.backing.kind == Kind.CACHE:
            flags &= ~W  # the first write is to be noticed
    elif flags & W:
        flags = flags & ~W | COW
    memory.frames.share(frame)
    space.put(vpn, frame << PPN_SHIFT | flags)
    return None
