"""A kernel's memory: who gets a frame, what is promised, and what is done when none is free.

Free frames are given out until few are left. Then the caches give up clean pages and, if there is
swap, a policy names pages to write out: ahead of need in the background, or at once for who cannot
go on (who then sleeps in state D). When nothing helps, :mod:`~minios.kernel.mm.oom` kills.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.kernel import sysctl
from minios.kernel.mm import reclaim
from minios.kernel.mm.area import PAGE_BITS
from minios.kernel.mm.backing import FileMapping, Segment
from minios.kernel.mm.pressure import Pressure
from minios.kernel.mm.space import AddressSpace, text_area
from minios.kernel.mm.swap import Swap
from minios.kernel.wait import About, WaitQueue
from minios.memory.frames import Frames, Kind, OutOfFrames
from minios.memory.mmu import Mmu
from minios.memory.tlb import ASIDS, Tlb

if TYPE_CHECKING:
    from minios.fs.inode import Regular
    from minios.kernel.kernel import Kernel
    from minios.memory.replacement import Replacement

HEURISTIC, ALWAYS, NEVER = 0, 1, 2
"""vm.overcommit_memory."""


class Memory:
    """All memory of a running kernel: ``kernel.mm``."""

    def __init__(self, kernel: Kernel, ram: int) -> None:
        self.kernel = kernel
        self.frames = Frames(ram >> PAGE_BITS)
        self.mmus: list[Mmu] = [Mmu(self.frames, Tlb(kernel.machine.tlb))]
        """One for each core; :meth:`unit` makes them."""
        self.spaces: dict[AddressSpace, None] = {}
        """The spaces that were given an ASID: those of processes that touch memory by address."""
        self.swap = Swap(self)
        self.policy: Replacement | None = None
        """Who chooses what is swapped out; None as long as there is no swap."""
        self.policy_name: str = kernel.machine.swap_policy
        self.hears = False
        """Whether the policy wants to hear of every access."""
        self.shrinkers: list[Callable[[int], int]] = []
        """Caches: asked to free so many frames, they say how many they did."""
        self.segments: dict[int, Segment] = {}
        self.tmpfs: list[Any] = []
        """The file systems that lie in RAM."""
        self.ipc: Any = None
        """System V segments, once somebody makes one."""
        self.committed = 0
        """Pages promised to programs."""
        self.cycles = 0
        """What the handling of faults has cost in the access that goes on."""
        self.counts: dict[str, int] = dict.fromkeys(EVENTS, 0)
        self.waiting = WaitQueue(kernel, "shrink_folio_list", disk=True)
        """Who cannot go on before a frame is free."""
        self.waiting.about = _about_room
        self.pressure = Pressure(kernel)
        self._numbers = 0
        self._asid = 0
        self._mappings: dict[int, FileMapping] = {}
        self.ticked = 0
        """When the policy's clock interrupt was last made up for."""
        self._balancing = False
        count = self.frames.count
        self.low = max(count >> 6, 4)
        """With fewer free frames pages are reclaimed in the background, up to ``high``."""
        self.high = self.low * 2

    # -- frames --------------------------------------------------------------------------------

    def page(self, kind: int, owner: Any, index: int) -> int:
        """A frame of zeros, or -1 if none is free now."""
        frames = self.frames
        left = frames.count - frames.used
        if left <= self.low:
            self.balance()
            if left <= 0 and frames.used >= frames.count:
                return -1
        return frames.alloc(kind, owner, index)

    def release(self, frame: int) -> None:
        """One user of a frame less."""
        if self.frames.drop(frame):
            if self.policy is not None:
                self.policy.remove(frame)
            if self.waiting.sleepers:
                self.waiting.wake()
        elif frame in self.swap.slots:
            self.swap.settle(frame)

    def freed(self) -> None:
        """Frames became free: let who waits for one try again."""
        self.waiting.wake()

    def balance(self) -> None:
        """Begin to reclaim in the background, if there is anything to reclaim (kswapd)."""
        if not self._balancing and (self.policy is not None or self.shrinkers):
            self._balancing = True
            self.kernel.world.at(self.kernel.world.now, self._balance)

    def _balance(self) -> None:
        self._balancing = False
        frames = self.frames
        short = self.high - (frames.count - frames.used) - self.swap.in_flight
        if short > 0:
            reclaim.shrink(self, short, background=True)

    def make_room(self, count: int) -> WaitQueue | bool:
        """Free frames until ``count`` are: True if they are, a queue to wait on if they will be,
        False if nothing can be done.
        """
        frames = self.frames
        short = count - (frames.count - frames.used)
        if short <= 0:
            return True
        reclaim.shrink(self, short - self.swap.in_flight)
        if frames.count - frames.used >= count:
            return True
        cache = self.kernel.cache
        if self.swap.in_flight or (cache is not None and cache.writing):
            return self.waiting  # what is being written will be clean, and can go then
        return False

    def room(self, count: int) -> WaitQueue | None:
        """None if ``count`` frames are free, or where to wait. OutOfFrames if they cannot be."""
        made = self.make_room(count)
        if made is True:
            return None
        if made is False:
            raise OutOfFrames
        assert isinstance(made, WaitQueue)
        return made

    def attainable(self) -> int:
        """Frames that are free, and pages for which there is room in swap."""
        return self.frames.free + self.swap.free

    # -- promises ------------------------------------------------------------------------------

    def commit_limit(self) -> int:
        """Pages that may be promised under vm.overcommit_memory 2 (proc_meminfo(5))."""
        ratio = sysctl.value(self.kernel, "vm.overcommit_ratio")
        return self.frames.count * ratio // 100 + self.swap.size

    def may_commit(self, pages: int) -> bool:
        """Whether so many more pages may be promised (vm.overcommit_memory in proc_sys_vm(5))."""
        if pages <= 0:
            return True
        mode = sysctl.value(self.kernel, "vm.overcommit_memory")
        if mode == ALWAYS:
            return True
        if mode == HEURISTIC:
            return pages <= self.frames.count + self.swap.size
        return self.committed + pages <= self.commit_limit()

    # -- translations --------------------------------------------------------------------------

    def unit(self, core: int) -> Mmu:
        """The memory unit of a core."""
        mmus = self.mmus
        while len(mmus) <= core:
            mmus.append(Mmu(self.frames, Tlb(mmus[0].tlb.size)))
        return mmus[core]

    def assign(self, space: AddressSpace) -> None:
        """Give a space an ASID; when they run out everybody loses theirs (RISC-V ASID rollover)."""
        self._asid += 1
        if self._asid >= ASIDS:
            for mmu in self.mmus:
                mmu.sfence()
            for known in self.spaces:
                known.space.close()
                known.space.asid = 0
            self.spaces.clear()
            self._asid = 1
        space.space.asid = self._asid
        self.spaces[space] = None

    def fence(self, space: AddressSpace, vpn: int | None = None) -> None:
        """A page, or all of a space, is not what it was: no core may use what it remembers."""
        if space.space.asid:
            for mmu in self.mmus:
                mmu.sfence(space.space, vpn)

    def forget(self, space: AddressSpace) -> None:
        """A space is gone; its ASID is not used again before the rollover."""
        if space.space.asid:
            self.fence(space)
            del self.spaces[space]

    # -- what is mapped ------------------------------------------------------------------------

    def number(self) -> int:
        """A number for a backing."""
        self._numbers += 1
        return self._numbers

    def cache_of(self, inode: Regular) -> Any:
        """The page cache that holds this file's pages; None if no cache does."""
        cache = self.kernel.cache
        return cache if cache is not None and hasattr(inode, "disk_size") else None

    def mapping(self, inode: Regular, path: bytes) -> FileMapping:
        """The file as memory; there is one mapping a file."""
        mapping = inode.mapping
        if mapping is None or mapping.memory is not self:
            mapping = inode.mapping = FileMapping(self, self.number(), inode, path)
            self._mappings[mapping.number] = mapping
        found: FileMapping = mapping
        return found

    def text(self, inode: Regular, path: bytes) -> FileMapping:
        """The file as the text of a native program."""
        mapping = inode.mapping
        if mapping is None or mapping.memory is not self:
            mapping = self.mapping(inode, path)
        found: FileMapping = mapping
        if found.area is None or found.area.name != path:
            found.area = text_area(found, path)
        return found

    def segment(self, pages: int) -> Segment:
        """Shared memory of so many pages."""
        segment = Segment(self, self.number(), pages)
        self.segments[segment.number] = segment
        self.committed += pages
        return segment

    def drop_file_pages(self, space: AddressSpace, start: int, end: int) -> None:
        """A file was cut: take its pages out of a space, and a private mapping's copies of them,
        as Linux does (truncate(2): SIGBUS for both from now on).
        """
        for vpn, entry in list(space.table.entries(start >> PAGE_BITS, end >> PAGE_BITS)):
            space.take(vpn, entry)
            self.fence(space, vpn)

    # -- the policy ----------------------------------------------------------------------------

    def set_policy(self, name: str) -> None:
        """Let another policy choose what is swapped out. ValueError for an unknown name."""
        from minios.memory.replacement import make  # machines without swap never need it

        make(name, draw=lambda n: 0)
        self.policy_name = name
        if self.swap.areas:
            self.start_policy()

    def start_policy(self) -> None:
        """Tell a fresh policy of every page that could go, oldest process first."""
        from minios.memory.replacement import Hears, make

        self.policy = make(
            self.policy_name,
            draw=self.kernel.world.stream("swap").below,
            bits=reclaim.TableBits(self),
        )
        self.hears = self.policy.hears is Hears.ACCESSES
        seen: dict[int, None] = {}
        for pcb in self.kernel.processes.values():
            if pcb.mm is not None:
                for _, entry in pcb.mm.table.entries():
                    frame = entry >> 10
                    if entry & 1 and self.frames.kind[frame] == Kind.ANON:
                        seen[frame] = None
        for segment in self.segments.values():
            seen.update(dict.fromkeys(segment.pages.values()))
        for frame in seen:
            self.policy.insert(frame)

    def stop_policy(self) -> None:
        """There is no swap any more."""
        self.policy = None
        self.hears = False

    def touched(self, frame: int, *, write: bool = False) -> None:
        """A page was accessed, says who asks :attr:`hears` first; pages of files are not its."""
        kind = self.frames.kind[frame]
        if kind == Kind.ANON or isinstance(self.frames.owner[frame], Segment):
            assert self.policy is not None
            self.policy.touch(frame, write)

    def track(self, space: AddressSpace) -> None:
        """Tell the policy of all pages of a fresh space."""
        policy = self.policy
        assert policy is not None
        for _, entry in space.table.entries():
            if entry & 1 and self.frames.kind[entry >> 10] == Kind.ANON:
                policy.insert(entry >> 10)

    def mappings(self) -> list[FileMapping]:
        """The files that somebody maps."""
        return [mapping for mapping in self._mappings.values() if mapping.users]

    def settle(self, fs: Any = None) -> None:
        """Let the files of a file system, or all, have what shared mappings wrote into them."""
        for mapping in self._mappings.values():
            if mapping.dirty and (fs is None or mapping.inode.fs is fs):
                mapping.settle()

    def check(self) -> None:
        """AssertionError if any invariant of memory is broken (for tests)."""
        from minios.kernel.mm.check import check

        check(self)

    def power_off(self) -> None:
        """The RAM is gone. The files that were mapped are the disk's again."""
        self.swap.power_off()
        for mapping in self._mappings.values():
            mapping.stop()
            if mapping.inode.mapping is mapping:
                mapping.inode.mapping = None
            if mapping.users:
                mapping.inode.release()
        self._mappings.clear()

    # -- figures -------------------------------------------------------------------------------

    def count(self, event: str, by: int = 1) -> None:
        """Count an event of /proc/vmstat."""
        self.counts[event] += by

    @property
    def used(self) -> int:
        """Bytes of frames that are not free and could not be had at once."""
        return self.frames.used - self.frames.by_kind[Kind.CACHE] << PAGE_BITS

    def state(self) -> Any:
        """Plain data for the digest: frames, spaces, units, swap and counters."""
        frames = self.frames
        return (
            [
                (frame, frames.refs[frame], frames.kind[frame], frames.index[frame],
                 frames.fingerprint(frame))
                for frame in frames.in_use()
            ],
            [pcb.mm.state() for pcb in self.kernel.processes.values() if pcb.mm is not None],
            [(m.tlb.hits, m.tlb.misses, m.walks, list(m.tlb.entries.items())) for m in self.mmus],
            self.swap.state(), self.policy_name,
            self.policy.order() if self.policy is not None else (),
            [self.segments[n].state() for n in sorted(self.segments)],
            [m.state() for m in self.mappings()],
            self.ipc.state() if self.ipc is not None else (),
            self.committed, self.ticked, sorted(self.counts.items()), self.pressure.state(),
        )  # fmt: skip


def _about_room() -> About:
    return About(
        "memory",
        "until a page frame is free: RAM is full, and pages are on their way to swap",
        outside="the disk",
    )


EVENTS = (
    "pgfault", "pgmajfault", "pgcow", "pgzero", "pgsteal", "pgscan", "pswpin", "pswpout",
    "swap_ra", "workingset_refault_anon", "workingset_refault_file", "oom_kill", "pgtlbflush",
)  # fmt: skip
"""What is counted for /proc/vmstat."""
