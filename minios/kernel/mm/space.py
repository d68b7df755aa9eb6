"""Address spaces: areas, the page tables behind them, and what fork, exec and exit make of them.

A space (Linux's mm_struct) belongs to one process. Its areas say what may be touched; its page
tables say what is there now. The pages of a native program's image (text, data and stack) are
there from the start, because the program runs without touching them by address; everything else
comes when it is touched.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from minios.abi.flags import MAP_PRIVATE, PROT_EXEC, PROT_READ
from minios.kernel.mm.area import (
    DATA,
    DATA_PAGES,
    DATA_START,
    HEAP_START,
    LOCKED,
    PAGE,
    PAGE_BITS,
    STACK,
    STACK_PAGES,
    STACK_TOP,
    TEXT_START,
    Area,
)
from minios.memory.frames import Frames, Kind, OutOfFrames, Table
from minios.memory.mmu import Space
from minios.memory.pagetable import COW, PPN_SHIFT, SHARED, A, D, PageTable, R, U, V, W, X

if TYPE_CHECKING:
    from minios.fs.inode import Regular
    from minios.kernel.mm.memory import Memory

SWAPPED = 1 << 1
"""An entry that is not valid but has this bit holds a swap slot above the flags."""

KERNEL_FRAMES = 2
"""What the kernel itself needs for a process: its stack in the kernel, and its descriptors."""

_DATA_VPN = DATA_START >> PAGE_BITS
_DATA_PAGES = range(_DATA_VPN, _DATA_VPN + DATA_PAGES)
_TEXT_VPN = TEXT_START >> PAGE_BITS
_STACK_VPN = STACK_TOP >> PAGE_BITS
_LOW, _HIGH = TEXT_START >> 22, (STACK_TOP - 1) >> 22
PRIVATE = V | R | W | U | A | D
"""An anonymous page that its owner has written."""
_TEXT = V | R | X | U | A
EXEC_FRAMES = DATA_PAGES + STACK_PAGES
"""Frames a fresh image takes beside its text and tables."""
NEW_FRAMES = KERNEL_FRAMES + 3
"""Frames of a space without a page: the kernel's, a root table and two others."""


class Family:
    """The spaces that came of one image by forking: who may share an anonymous page (anon_vma)."""

    __slots__ = ("members",)

    def __init__(self) -> None:
        self.members: dict[AddressSpace, None] = {}


class AddressSpace:
    """The memory of a process. Sizes are pages. ``pid`` is whose it is; panes letter frames so."""

    __slots__ = (
        "anon",
        "areas",
        "brk",
        "brk_start",
        "committed",
        "exe",
        "family",
        "file",
        "frames",
        "gone",
        "hiwater",
        "kernel_frames",
        "lock_future",
        "locked",
        "memory",
        "most",
        "pid",
        "pinned",
        "ran",
        "recent",
        "refaults",
        "shmem",
        "space",
        "swapped",
        "table",
        "total",
    )  # fmt: skip

    def __init__(self, memory: Memory, pid: int) -> None:
        """An empty space. Raises OutOfFrames, with nothing taken."""
        frames: Frames = memory.frames
        if frames.count - frames.used < NEW_FRAMES:
            raise OutOfFrames
        self.memory = memory
        self.frames = frames
        self.pid = pid
        self.kernel_frames = [frames.alloc(Kind.KERNEL, self), frames.alloc(Kind.KERNEL, self, 1)]
        self.table = PageTable(frames, self)
        self.space = Space(self.table.root)
        self.family = Family()
        self.family.members[self] = None
        self.areas: tuple[Area, ...] = ()
        self.exe: Any = None
        """The mapping of the program's file that text comes from."""
        self.brk_start = self.brk = HEAP_START
        self.anon = self.file = self.shmem = 0
        """Resident pages without a file, of files, and of shared memory."""
        self.swapped = 0
        self.total = 0
        """Pages of all areas."""
        self.most = 0
        """The most there ever were."""
        self.committed = 0
        """Pages of accountable areas."""
        self.locked = 0
        self.lock_future = False
        self.hiwater = 0
        self.pinned = 0
        """While this is not 0 its image is not stolen: it is just bringing that in."""
        self.ran = -1
        """The process's CPU time when its image was last seen unused; see reclaim."""
        self.recent = 0
        self.refaults = 0
        self.gone = False

    # -- figures -------------------------------------------------------------------------------

    @property
    def rss(self) -> int:
        """Resident pages."""
        return self.anon + self.file + self.shmem

    def resident(self) -> int:
        """Resident pages; also notes the most there ever were."""
        now = self.anon + self.file + self.shmem
        if now > self.hiwater:
            self.hiwater = now
        return now

    # -- areas ---------------------------------------------------------------------------------

    def find(self, address: int) -> Area | None:
        """The area an address lies in."""
        for area in self.areas:
            if address < area.end:
                return area if address >= area.start else None
        return None

    def overlapping(self, start: int, end: int) -> list[Area]:
        """The areas that have a byte in ``start`` … ``end - 1``, in order."""
        return [area for area in self.areas if area.start < end and area.end > start]

    def covered(self, start: int, end: int) -> bool:
        """Whether every page of a range is mapped."""
        at = start
        for area in self.overlapping(start, end):
            if area.start > at:
                return False
            at = area.end
        return at >= end

    def add(self, area: Area) -> None:
        """Put an area where nothing is; merges it with like neighbours. Counts its pages."""
        if area.backing is not None:
            area.backing.attach(self)
        self.total += area.pages
        if self.total > self.most:
            self.most = self.total
        if area.accountable:
            self.committed += area.pages
            self.memory.committed += area.pages
        if area.flags & LOCKED:
            self.locked += area.pages
        areas = list(self.areas)
        index = bisect_right(areas, area.start, key=lambda known: known.start)
        areas.insert(index, area)
        if index + 1 < len(areas):
            self._merge(areas, index)
        if index:
            self._merge(areas, index - 1)
        self.areas = tuple(areas)

    def _merge(self, areas: list[Area], index: int) -> None:
        low, high = areas[index], areas[index + 1]
        if (
            low.end != high.start
            or low[2:5] != high[2:5]
            or low.name != high.name
            or low.is_stack
            or (low.backing is not None and low.offset + low.pages != high.offset)
        ):
            return
        areas[index : index + 2] = [low._replace(end=high.end)]
        if low.backing is not None:
            low.backing.detach(self)

    def cut(self, start: int, end: int) -> list[Area]:
        """Take the range out of the areas, splitting those at its edges; what was taken out, in
        order. The pages stay where they are; the pieces keep their backings attached until
        :meth:`drop_area`.
        """
        taken: list[Area] = []
        left: list[Area] = []
        for area in self.areas:
            if area.end <= start or area.start >= end:
                left.append(area)
                continue
            inner = area.part(max(area.start, start), min(area.end, end))
            pieces = 1
            if area.start < start:
                left.append(area.part(area.start, start))
                pieces += 1
            taken.append(inner)
            if area.end > end:
                left.append(area.part(end, area.end))
                pieces += 1
            if area.backing is not None:
                for _ in range(pieces - 1):
                    area.backing.attach(self)
        self.areas = tuple(left)
        for area in taken:
            self.total -= area.pages
            if area.accountable:
                self.committed -= area.pages
                self.memory.committed -= area.pages
            if area.flags & LOCKED:
                self.locked -= area.pages
        return taken

    def drop_area(self, area: Area) -> None:
        """A piece that was cut out is gone for good: its pages and its hold on its backing."""
        self.zap(area.start >> PAGE_BITS, area.end >> PAGE_BITS)
        if area.backing is not None:
            area.backing.detach(self)

    def unmap(self, start: int, end: int) -> None:
        """munmap(2): nothing is there any more."""
        for area in self.cut(start, end):
            self.drop_area(area)
        self.table.trim()

    def gap(self, size: int, hint: int, top: int, bottom: int) -> int:
        """An address with ``size`` free bytes: the hint if it fits, else as high as possible below
        ``top``; 0 if there is none.
        """
        if hint and hint >= bottom and hint + size <= top and not self.overlapping(
            hint, hint + size
        ):  # fmt: skip
            return hint
        high = top
        for area in reversed(self.areas):
            if area.start >= top:
                continue
            if area.end <= high - size:
                return high - size
            high = min(high, area.start)
        return high - size if high - size >= bottom else 0

    # -- pages ---------------------------------------------------------------------------------

    def put(self, vpn: int, entry: int) -> None:
        """Set the entry of a page that has none, and count it."""
        self.table.set(vpn, entry)
        self._count(self.frames.kind[entry >> PPN_SHIFT], 1)

    def _count(self, kind: int, by: int) -> None:
        if kind == Kind.ANON:
            self.anon += by
        elif kind == Kind.CACHE:
            self.file += by
        else:
            self.shmem += by
        if by > 0:
            now = self.anon + self.file + self.shmem
            if now > self.hiwater:
                self.hiwater = now

    def take(self, vpn: int, entry: int) -> None:
        """Take away a page's entry, ``entry``: its frame or its swap slot has one user less."""
        self.table.set(vpn, 0)
        if entry & V:
            frame = entry >> PPN_SHIFT
            self._count(self.frames.kind[frame], -1)
            self.memory.release(frame)
        else:
            self.swapped -= 1
            self.memory.swap.drop(entry >> PPN_SHIFT)

    def zap(self, start: int, end: int) -> None:
        """Forget the pages ``start`` … ``end - 1``."""
        found = list(self.table.entries(start, end))
        for vpn, entry in found:
            if entry & D and entry & SHARED:
                self._written(vpn, entry)
            self.take(vpn, entry)
        if found:
            self.memory.fence(self, found[0][0] if len(found) == 1 else None)

    def _written(self, vpn: int, entry: int) -> None:
        """A dirty page of a shared mapping loses its entry: the file has to learn of it."""
        frame = entry >> PPN_SHIFT
        mapping = getattr(self.frames.owner[frame], "mapping", self.frames.owner[frame])
        mapping.pull(self.frames.index[frame])

    # -- life ----------------------------------------------------------------------------------

    def load(self, inode: Regular | None, path: bytes, arguments: int) -> None:
        """Make this the space of a fresh native program (execve(2)); whatever it had is gone.

        ``inode`` is its file at ``path``, None for a program without one; ``arguments`` is bytes of
        arguments beyond the stack's first pages. Raises OutOfFrames *before* it changes anything.
        """
        memory, frames = self.memory, self.frames
        stack = STACK_PAGES + (arguments + PAGE - 1 >> PAGE_BITS)
        needed = DATA_PAGES + stack - self._private() + 2 - len(self.table.leaves)
        if frames.count - frames.used < needed:
            raise OutOfFrames
        if self.areas:
            self.clear()
        family = self.family
        low = self.table.leaf(_LOW)
        high = self.table.leaf(_HIGH)
        wanted = [*_DATA_PAGES, *range(_STACK_VPN - stack, _STACK_VPN)]
        taken = frames.take(Kind.ANON, family, wanted)
        for vpn, frame in zip(wanted, taken, strict=True):
            (low if vpn < _STACK_VPN - 1024 else high)[vpn & 1023] = frame << PPN_SHIFT | PRIVATE
        self.anon = DATA_PAGES + stack
        if memory.policy is not None:
            memory.track(self)
        lowest = STACK.start
        if STACK_TOP - stack * PAGE < lowest:
            lowest = STACK_TOP - stack * PAGE
        top = STACK if lowest == STACK.start else STACK._replace(start=lowest)
        self.brk = self.brk_start
        if inode is None:
            self.areas = (DATA, top)
            self.exe = None
        else:
            text = memory.text(inode, path)
            text.attach(self)
            self.exe = text
            assert text.area is not None
            self.areas = (text.area, DATA, top)
            frame = text.resident(0)
            if frame >= 0:
                frames.refs[frame] += 1
                low[_TEXT_VPN & 1023] = frame << PPN_SHIFT | _TEXT
                self.file = 1
            self.total = 1
        self.total += DATA.pages + top.pages
        self.most = self.total
        self.committed = DATA.pages + top.pages
        memory.committed += self.committed
        self.hiwater = self.anon + self.file

    def _private(self) -> int:
        """How many frames would be free if this space lost its pages."""
        refs = self.frames.refs
        return sum(
            entry & V and refs[entry >> PPN_SHIFT] == 1
            for leaf in self.table.leaves.values()
            for entry in leaf.values()
        )

    def clear(self) -> None:
        """Lose every page and area; the tables and the kernel's frames stay, empty."""
        memory = self.memory
        for area in self.areas:
            if area.backing is not None and area.shared:
                self.zap(area.start >> PAGE_BITS, area.end >> PAGE_BITS)
        if memory.policy is None and not memory.swap.slots:
            gone: list[int] = []
            for leaf in self.table.leaves.values():
                gone += [entry >> PPN_SHIFT for entry in leaf.values()]
                leaf.clear()
            if self.frames.drop_all(gone) and memory.waiting.sleepers:
                memory.waiting.wake()
        else:
            self._release_all()
        if len(self.table.leaves) > 2:
            self.table.trim(lambda top: top in (_LOW, _HIGH))
        for area in self.areas:
            if area.backing is not None:
                area.backing.detach(self)
        self.areas = ()
        memory.committed -= self.committed
        self.total = self.committed = self.locked = 0
        self.anon = self.file = self.shmem = self.swapped = 0
        self.lock_future = False
        self.refaults = 0
        if self.space.asid:
            memory.fence(self)
        members = self.family.members
        if len(members) > 1:
            del members[self]
            self.family = Family()
            self.family.members[self] = None

    def _release_all(self) -> None:
        """Let go of every page where swap has to hear of it."""
        release, swap = self.memory.release, self.memory.swap
        for leaf in self.table.leaves.values():
            for entry in leaf.values():
                if entry & V:
                    release(entry >> PPN_SHIFT)
                else:
                    swap.drop(entry >> PPN_SHIFT)
            leaf.clear()

    def fork(self, pid: int) -> AddressSpace:
        """A copy whose private pages are shared until one of both writes (fork(2)).

        The child gets a stack page of its own at once: it is what it writes first. Raises
        OutOfFrames, with nothing taken.
        """
        memory, frames = self.memory, self.frames
        if frames.count - frames.used < KERNEL_FRAMES + 2 + len(self.table.leaves):
            raise OutOfFrames
        child = AddressSpace(memory, pid)
        refs, swap = frames.refs, memory.swap
        taken = False
        for top, leaf in self.table.leaves.items():
            copy = Table(leaf)
            for index, entry in leaf.items():
                if not entry & V:
                    swap.share(entry >> PPN_SHIFT)
                    continue
                refs[entry >> PPN_SHIFT] += 1
                if entry & W and not entry & SHARED:
                    leaf[index] = copy[index] = entry & ~W | COW
                    taken = True
            child.table.adopt(top, frames.alloc(Kind.TABLE, child, top), copy)
        if taken and self.space.asid:
            memory.fence(self)
        child.family = self.family
        self.family.members[child] = None
        child.areas = self.areas
        for area in self.areas:
            if area.backing is not None:
                area.backing.attach(child)
        child.exe = self.exe
        child.brk_start, child.brk = self.brk_start, self.brk
        child.anon, child.file, child.shmem = self.anon, self.file, self.shmem
        child.swapped, child.total = self.swapped, self.total
        child.committed = self.committed
        memory.committed += self.committed
        child.hiwater = child.rss
        child.most = child.total
        child._unshare(_STACK_VPN - 1)
        return child

    def _unshare(self, vpn: int) -> None:
        """A private copy of a page that is shared after a fork, if there is a frame for it."""
        entry = self.table.get(vpn)
        frames = self.frames
        if not entry & COW or not entry & V or frames.used >= frames.count:
            return
        old = entry >> PPN_SHIFT
        new = frames.alloc(Kind.ANON, self.family, vpn)
        frames.copy(old, new)
        frames.refs[old] -= 1
        self.table.set(vpn, new << PPN_SHIFT | PRIVATE)
        if self.memory.policy is not None:
            self.memory.policy.insert(new)

    def free(self) -> None:
        """The process is gone, and its memory with it (exit(2))."""
        if self.gone:
            return
        self.gone = True
        self.clear()
        self.family.members.pop(self, None)
        self.table.free()
        for frame in self.kernel_frames:
            self.frames.drop(frame)
        self.memory.forget(self)

    # -- looking -------------------------------------------------------------------------------

    def peek(self, address: int, count: int) -> bytes:
        """Bytes of the space as they are now, for who looks from outside: no faults, no bits set.

        What is not in RAM reads as zeros.
        """
        out = bytearray()
        while count > 0:
            start = address & PAGE - 1
            length = min(PAGE - start, count)
            entry = self.table.get(address >> PAGE_BITS)
            data = self.frames.content(entry >> PPN_SHIFT) if entry & V else None
            out += data[start : start + length] if data is not None else bytes(length)
            address += length
            count -= length
        return bytes(out)

    def image(self) -> list[int]:
        """The pages a native program cannot go on without: text, data and used stack."""
        pages = list(range(_DATA_VPN, _DATA_VPN + DATA_PAGES))
        pages += range(_STACK_VPN - STACK_PAGES, _STACK_VPN)
        if self.exe is not None:
            pages.insert(0, _TEXT_VPN)
        return pages

    def state(self) -> Any:
        """Plain data for the digest."""
        entries = [(top, sorted(leaf.items())) for top, leaf in sorted(self.table.leaves.items())]
        areas = [
            (a.start, a.end, a.prot, a.flags, a.offset, a.name,
             a.backing.number if a.backing is not None else 0)
            for a in self.areas
        ]  # fmt: skip
        return (
            self.pid, self.space.asid, self.table.root, areas, entries, self.brk, self.swapped,
            self.locked, self.hiwater, self.pinned, self.refaults,
        )  # fmt: skip


def text_area(backing: Any, name: bytes) -> Area:
    """The area of a native program's text: the first page of its file."""
    return Area(TEXT_START, TEXT_START + PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, backing, 0, name)
