"""Where the pages of an area come from when it is not just zeros: files and shared memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.kernel.mm.area import PAGE, PAGE_BITS, Area
from minios.kernel.wait import WaitQueue
from minios.memory.frames import Kind
from minios.memory.pagetable import PPN_SHIFT, D, V, W

if TYPE_CHECKING:
    from minios.fs.inode import Regular
    from minios.kernel.mm.memory import Memory
    from minios.kernel.mm.space import AddressSpace
    from minios.sim.world import Timer


class Beyond(Exception):
    """The page lies beyond the end of the file (SIGBUS, mmap(2))."""


class Backing:
    """What both kinds share. ``users`` counts the areas of each space that map it."""

    kind: int = Kind.SHMEM

    def __init__(self, memory: Memory, number: int) -> None:
        self.memory = memory
        self.number = number
        """What a digest calls it: unique among the backings of a boot."""
        self.users: dict[AddressSpace, int] = {}

    def attach(self, space: AddressSpace) -> None:
        """An area of ``space`` maps it."""
        self.users[space] = self.users.get(space, 0) + 1

    def detach(self, space: AddressSpace) -> None:
        """An area of ``space`` maps it no more."""
        left = self.users[space] - 1
        if left:
            self.users[space] = left
        else:
            del self.users[space]

    @property
    def attached(self) -> int:
        """How many areas map it."""
        return sum(self.users.values())

    def page(self, index: int) -> int | WaitQueue | None:
        """The frame of a page; where to wait until it has been read; None: no frame is free.

        Raises Beyond.
        """
        raise NotImplementedError

    def written(self, index: int, frame: int) -> None:
        """A shared mapping is about to write to a page."""

    def pull(self, index: int) -> None:
        """A shared mapping may have written to a page: make that true everywhere."""

    def entries(self, frame: int) -> list[tuple[AddressSpace, int, int]]:
        """(space, page, entry) of everything that points to a frame of this backing."""
        index = self.memory.frames.index[frame]
        found = []
        for space in self.users:
            for area in space.areas:
                if area.backing is not self:
                    continue
                at = index - area.offset
                if 0 <= at < area.pages:
                    vpn = (area.start >> PAGE_BITS) + at
                    entry = space.table.get(vpn)
                    if entry & V and entry >> PPN_SHIFT == frame:
                        found.append((space, vpn, entry))
        return found


class FileMapping(Backing):
    """A file's pages as memory. Its frames are the page cache's, or its own on a file system that
    has none; ``inode.mapping`` leads here.

    The bytes of a frame are fetched when somebody maps it. What read(2) and write(2) see and what
    shared mappings see is one: the inode asks :meth:`before_read` and tells :meth:`after_write`.
    """

    kind = Kind.CACHE

    def __init__(self, memory: Memory, number: int, inode: Regular, path: bytes) -> None:
        super().__init__(memory, number)
        self.inode = inode
        self.path = path
        self.area: Area | None = None
        """The area of this file as a native program's text."""
        self.own: dict[int, int] = {}
        """Frames by page, where no page cache keeps them; each holds a reference."""
        self.dirty: dict[int, int] = {}
        """Pages that a shared mapping may write, and their frames; each holds a reference."""
        self._busy = False
        self._timer: Timer | None = None
        """When the file learns of what was written, if nobody asks before."""

    def attach(self, space: AddressSpace) -> None:
        if not self.users:
            self.inode.opens += 1
        self.users[space] = self.users.get(space, 0) + 1

    def detach(self, space: AddressSpace) -> None:
        super().detach(space)
        if not self.users:
            self.stop()
            for index in list(self.dirty):
                self._clean(index)
            for frame in self.own.values():
                self._give(frame)
            self.own = {}
            self.inode.release()

    # -- frames --------------------------------------------------------------------------------

    def resident(self, index: int) -> int:
        """The frame of a page if there is one, its bytes not fetched; -1 if not."""
        cache = self.memory.cache_of(self.inode)
        if cache is None:
            frame = self.own.get(index, -1)
            if frame < 0:
                frame = self._take(index)
            return frame
        frame = int(cache.frame(self.inode, index))
        return frame

    def _take(self, index: int) -> int:
        lend = getattr(self.inode.fs, "lend", None)
        frame: int = lend(self, index) if lend is not None else -1
        if frame < 0:
            kind = Kind.SHMEM if lend is not None else Kind.CACHE
            frame = self.memory.page(kind, self, index)
        if frame >= 0:
            self.own[index] = frame
        return frame

    def _give(self, frame: int) -> None:
        """A frame of :attr:`own` is not needed any more."""
        take_back = getattr(self.inode.fs, "take_back", None)
        if take_back is not None:
            take_back(frame)
        else:
            self.memory.release(frame)

    def page(self, index: int) -> int | WaitQueue | None:
        if index << PAGE_BITS >= self.inode.size:
            raise Beyond
        cache = self.memory.cache_of(self.inode)
        if cache is None:
            frame = self.own.get(index, -1)
            if frame < 0:
                frame = self._take(index)
        else:
            frame = cache.frame(self.inode, index)
            if frame < 0:
                queue: WaitQueue | None = cache.want_page(self.inode, index)
                if queue is not None:
                    return queue
                if self.inode.block(index) is None:  # type: ignore[attr-defined]
                    cache.insert(self.inode, 1 << index)  # a hole: nothing to read
                frame = cache.frame(self.inode, index)
        if frame < 0:
            return None
        if not self.memory.frames.filled(frame):
            self.memory.frames.put(frame, self.inode.read(index << PAGE_BITS, PAGE))
        return frame

    # -- one truth -----------------------------------------------------------------------------

    def written(self, index: int, frame: int) -> None:
        if index in self.dirty:
            return
        self.dirty[index] = frame
        self.memory.frames.share(frame)
        cache = self.memory.cache_of(self.inode)
        if self._timer is None and cache is not None and cache.knobs.interval:
            world = self.memory.kernel.world
            self._timer = world.timer(world.now + cache.knobs.interval, self.settle)

    def settle(self) -> None:
        """Let the file have what shared mappings wrote, so that it gets to the disk with the rest
        of it; the next write to each page is noticed again.
        """
        self.stop()
        for index, frame in list(self.dirty.items()):
            for space, vpn, entry in self.entries(frame):
                if entry & W:
                    space.table.set(vpn, entry & ~(W | D))
                    self.memory.fence(space, vpn)
            self._clean(index)

    def stop(self) -> None:
        """Forget the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pull(self, index: int) -> None:
        """Write what a shared mapping wrote into the file, up to its end."""
        frame = self.dirty.get(index)
        if frame is None or self._busy:
            return
        self._busy = True
        at = index << PAGE_BITS
        data = bytes(self.memory.frames.page(frame))[: max(self.inode.size - at, 0)]
        if data and data != self.inode.read(at, len(data)):
            self.inode.write(at, data)
        self._busy = False

    def _clean(self, index: int) -> None:
        self.pull(index)
        self.memory.release(self.dirty.pop(index))

    def sync(self, start: int = 0, end: int = 1 << 32) -> None:
        """Pull the dirty pages ``start`` … ``end - 1`` (msync(2))."""
        for index in list(self.dirty):
            if start <= index < end:
                self.pull(index)

    def before_read(self, offset: int, count: int) -> None:
        """Bytes of the file are about to be read: let them be those that mappings wrote."""
        if self.dirty and not self._busy:
            self.sync(offset >> PAGE_BITS, (offset + count + PAGE - 1) >> PAGE_BITS)

    def after_write(self, offset: int, count: int) -> None:
        """Bytes of the file were written: let mappings see them, the next ones too, which find
        the frames in the page cache.
        """
        if self._busy:
            return
        frames = self.memory.frames
        for index in range(offset >> PAGE_BITS, (offset + count + PAGE - 1) >> PAGE_BITS):
            frame = self.resident_only(index)
            if frame < 0 or not frames.filled(frame):
                continue
            low, high = max(offset, index << PAGE_BITS), min(offset + count, index + 1 << PAGE_BITS)
            self._busy = True
            data = self.inode.read(low, high - low)
            self._busy = False
            start = low & PAGE - 1
            frames.page(frame)[start : start + len(data)] = data

    def resident_only(self, index: int) -> int:
        """The frame of a page that has one already."""
        cache = self.memory.cache_of(self.inode)
        if cache is None:
            return self.own.get(index, -1)
        frame: int = cache.frame(self.inode, index)
        return frame

    def truncated(self, size: int) -> None:
        """The file was cut or extended: nobody keeps what lies beyond (SIGBUS from now on)."""
        end = (size + PAGE - 1) >> PAGE_BITS
        for space in list(self.users):
            for area in space.areas:
                if area.backing is self and area.offset + area.pages > end:
                    first = area.start + (max(end - area.offset, 0) << PAGE_BITS)
                    self.memory.drop_file_pages(space, first, area.end)
        for index in [index for index in self.dirty if index >= end]:
            self.memory.release(self.dirty.pop(index))
        for index in [index for index in self.own if index >= end]:
            self._give(self.own.pop(index))
        if size & PAGE - 1:
            frame = self.resident_only(end - 1)
            if frame >= 0 and self.memory.frames.filled(frame):
                self.memory.frames.page(frame)[size & PAGE - 1 :] = bytes(PAGE - (size & PAGE - 1))

    def state(self) -> Any:
        """Plain data for the digest."""
        return (self.number, self.inode.fs.dev, self.inode.ino, sorted(self.own.items()),
                sorted(self.dirty.items()), self.attached)  # fmt: skip


class Segment(Backing):
    """Shared memory that is no file: of shmget(2), or behind a shared anonymous mapping.

    ``pages`` maps a page to its frame; ``slots`` maps it to where it lies in swap. A segment lives
    while somebody maps it or ``kept`` is true (a System V segment until IPC_RMID).
    """

    kind = Kind.SHMEM

    def __init__(self, memory: Memory, number: int, size: int) -> None:
        super().__init__(memory, number)
        self.size = size
        """Pages."""
        self.pages: dict[int, int] = {}
        self.slots: dict[int, int] = {}
        self.kept = False

    def page(self, index: int) -> int | WaitQueue | None:
        memory = self.memory
        if index >= self.size:
            raise Beyond
        frame = self.pages.get(index)
        if frame is not None:
            return frame
        slot = self.slots.get(index)
        if slot is not None:
            got = memory.swap.bring(slot)
            if type(got) is not int:
                return got
            frame = memory.swap.claim(slot, self, index)
            del self.slots[index]
            self.pages[index] = frame
            if memory.policy is not None:
                memory.policy.insert(frame)
            return frame
        frame = memory.page(Kind.SHMEM, self, index)
        if frame < 0:
            return None
        self.pages[index] = frame
        if memory.policy is not None:
            memory.policy.insert(frame)
        return frame

    def detach(self, space: AddressSpace) -> None:
        super().detach(space)
        self.settle()

    def settle(self) -> None:
        """Free the segment if nobody has it any more."""
        if self.users or self.kept:
            return
        for frame in self.pages.values():
            self.memory.release(frame)
        for slot in self.slots.values():
            self.memory.swap.drop(slot)
        self.memory.committed -= self.size
        self.pages, self.slots, self.size = {}, {}, 0
        self.memory.segments.pop(self.number, None)

    def state(self) -> Any:
        """Plain data for the digest."""
        return (self.number, self.size, sorted(self.pages.items()), sorted(self.slots.items()),
                self.kept, self.attached)  # fmt: skip
