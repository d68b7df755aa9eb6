"""The page cache: which pages of which files are in memory, and which go first when room is short.

A page takes one page frame of the machine. Clean pages can be dropped at any time: the disk has
them. Pages are let go in second-chance order (OSTEP ch. 22, Clock), 16 neighbours at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from minios.fs.disk import Request
from minios.fs.ext4.file import DiskFile, existing, members, pages, runs

if TYPE_CHECKING:
    from minios.fs.ext4.filesystem import Ext4

CLUSTER = 16
"""Pages that are dropped together."""
_CLUSTER = (1 << CLUSTER) - 1

MIN_WINDOW = 4
MAX_WINDOW = 32
"""Pages that a sequential reader gets ahead; it doubles from one to the other (128 KiB)."""


class Room(Protocol):
    """The memory that pages lie in."""

    def page(self, file: DiskFile, index: int) -> int:
        """A frame for a page; -1 if there is none."""

    def busy(self, frame: int) -> bool:
        """Whether somebody else, a mapping, has the frame too."""

    def drop(self, frame: int) -> None:
        """Give a frame back."""


class Endless:
    """Room without bounds or frames."""

    def page(self, file: DiskFile, index: int) -> int:
        return 0

    def busy(self, frame: int) -> bool:
        return False

    def drop(self, frame: int) -> None:
        pass


class Knobs:
    """When dirty pages are written: times in ns, limits in pages (proc_sys_vm(5))."""

    __slots__ = ("background", "expire", "interval", "limit")

    def __init__(self) -> None:
        self.expire = 30_000_000_000
        """dirty_expire_centisecs: how old dirty data may get."""
        self.interval = 5_000_000_000
        """dirty_writeback_centisecs: how often somebody looks; 0 is never."""
        self.background = 1 << 30
        """dirty_background_ratio: from here on pages are written at once."""
        self.limit = 1 << 30
        """dirty_ratio: from here on whoever writes has to wait."""


class PageCache:
    """The pages of a running machine. ``wake(file)`` wakes whoever waits for pages of a file."""

    def __init__(self, now: Callable[[], int], wake: Callable[[DiskFile], None]) -> None:
        self.now = now
        self.wake = wake
        self.room: Room = Endless()
        self.knobs = Knobs()
        self.pages = 0
        self.dirty = 0
        self.writing = 0
        """Pages in memory, those the disk does not have, and those on their way."""
        self.clusters: dict[tuple[int, int, int], DiskFile] = {}
        """(device, inode number, cluster) of what is in memory, the next victims first."""
        self.file_systems: list[Ext4] = []
        self.hits = self.misses = 0

    # -- in and out ----------------------------------------------------------------------------

    def insert(self, file: DiskFile, mask: int) -> None:
        """Pages of a file are in memory now."""
        new = mask & ~file.cached
        if not new:
            return
        room = self.room
        frames = file.frames
        for page in members(new):
            frame = room.page(file, page)
            if frame < 0:
                if not (file.unwritten | file.flight) >> page & 1:
                    new &= ~(1 << page)
                continue
            frames[page] = frame
        if not new:
            return  # there was not one frame
        file.cached |= new
        file.recent |= new
        self.pages += new.bit_count()
        dev, ino = file.fs.dev, file.ino
        for cluster in range((new & -new).bit_length() - 1 >> 4, (new.bit_length() + 15) >> 4):
            self.clusters.setdefault((dev, ino, cluster), file)

    def remove(self, file: DiskFile, mask: int) -> int:
        """Pages of a file are not needed any more; how many there were."""
        gone = mask & file.cached
        for page in members(gone):
            frame = file.frames.pop(page, -1)
            if frame >= 0:
                self.room.drop(frame)
        file.cached &= ~gone
        file.recent &= ~gone
        self.pages -= gone.bit_count()
        return gone.bit_count()

    def forget(self, file: DiskFile, mask: int) -> None:
        """Pages whose blocks are given back: nothing of them will be written."""
        dirty = mask & file.unwritten
        flying = mask & file.flight
        self.dirty -= dirty.bit_count()
        self.writing -= flying.bit_count()
        file.unwritten &= ~mask
        file.flight &= ~mask
        file.fresh &= ~mask
        for page in members(flying):
            file.flying.pop(page, None)
        self.remove(file, mask)

    def shrink(self, count: int) -> int:
        """Drop at least ``count`` clean pages if there are so many, the least used first."""
        freed = 0
        clusters = self.clusters
        for _ in range(2 * len(clusters)):
            if freed >= count or not clusters:
                break
            key = next(iter(clusters))
            file = clusters.pop(key)
            held = file.cached & _CLUSTER << CLUSTER * key[2]
            if not held:
                continue
            if file.recent & held:
                file.recent &= ~held
                clusters[key] = file
                continue
            freed += self.drop_clean(file, held)
            if file.cached & held:
                clusters[key] = file
        return freed

    def drop_clean(self, file: DiskFile, mask: int) -> int:
        """Drop the pages that the disk has and nobody maps; how many that were."""
        clean = mask & file.cached & ~file.unwritten & ~file.flight
        busy = self.room.busy
        for page in members(clean):
            frame = file.frames.get(page, -1)
            if frame >= 0 and busy(frame):
                clean &= ~(1 << page)
        return self.remove(file, clean)

    def drop_all(self) -> None:
        """Drop every clean page (/proc/sys/vm/drop_caches)."""
        for file in list(dict.fromkeys(self.clusters.values())):
            self.drop_clean(file, file.cached)
        self.clusters = {
            key: file
            for key, file in self.clusters.items()
            if file.cached & _CLUSTER << CLUSTER * key[2]
        }

    # -- reading -------------------------------------------------------------------------------

    def missing(self, file: DiskFile, offset: int, count: int) -> int:
        """The pages of a stretch of a file that have to come from the disk first."""
        end = min(offset + count, file.size)
        if end <= offset:
            return 0
        need = pages(offset >> 12, end - 1 >> 12)
        absent = need & ~file.cached
        if not absent:
            file.recent |= need
            self.hits += 1
            return 0
        for page in members(absent):
            if file.block(page) is None:  # a hole
                absent &= ~(1 << page)
        return absent

    def read(self, file: DiskFile, mask: int, about: tuple[Any, ...] = ()) -> None:
        """Ask the disk for the pages of ``mask`` that are neither here nor on their way."""
        mask &= ~(file.cached | file.reading)
        fs = file.fs
        for first, block, count in runs(file, mask):
            run = pages(first, first + count - 1)
            file.reading |= run
            self.misses += count

            def arrived(request: Request, run: int = run) -> None:
                if fs.cache is not self:
                    return
                file.reading &= ~run
                if file.nlink or file.opens:
                    self.insert(file, run & existing(file))
                self.wake(file)

            fs.submit(block, count, write=False, done=arrived, about=about)

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self.pages, self.dirty, self.writing,
            [
                (key, file.cached, file.recent, file.unwritten, file.flight, file.fresh,
                 file.reading, file.since, file.disk_size, file.replaced)
                for key, file in self.clusters.items()
            ],
        )  # fmt: skip

    def check(self) -> None:
        """The invariants; AssertionError says which is broken (for tests)."""
        files = [
            file
            for fs in self.file_systems
            for file in fs.inodes.values()
            if isinstance(file, DiskFile)
        ]
        assert self.pages == sum(file.cached.bit_count() for file in files)
        assert self.dirty == sum(file.unwritten.bit_count() for file in files)
        assert self.writing == sum(file.flight.bit_count() for file in files)
        for file in files:
            assert not (file.unwritten | file.flight) & ~file.cached, "a dirty page is not here"
            assert not file.fresh & ~(file.unwritten | file.flight), "a fresh page is clean"
            assert not file.cached & file.reading, "a page that is here is being read"
            for page in members(file.cached):
                assert self.clusters[(file.fs.dev, file.ino, page >> 4)] is file
            for page in members(file.unwritten | file.flight):
                assert file.block(page) is not None, "a dirty page without a block"
