"""Write-back: which files have pages that the disk has not, and when these are sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from minios.fs.disk import Request
from minios.fs.ext4.file import DiskFile, members, runs
from minios.fs.ext4.template import awake
from minios.fs.inode import BLOCK
from minios.sim.world import Timer

if TYPE_CHECKING:
    from minios.fs.cache import PageCache
    from minios.fs.ext4.filesystem import Ext4

Done = Callable[[], None]


class _Watch:
    """Somebody waits until some pages of a file are written: ``flight`` now, ``todo`` after it."""

    __slots__ = ("done", "flight", "todo")

    def __init__(self, todo: int, flight: int, done: Done) -> None:
        self.todo = todo
        self.flight = flight
        self.done = done


class Writeback:
    """The dirty pages of a file system. A timer exists only while there are any."""

    def __init__(self, fs: Ext4) -> None:
        self.fs = fs
        self.files: dict[int, DiskFile] = {}
        """The files with dirty pages, the longest dirty first."""
        self._watches: dict[int, list[_Watch]] = {}
        self._timer: Timer | None = None

    def soil(self, file: DiskFile, mask: int) -> None:
        """Pages are about to be changed: what the disk has in their blocks is kept."""
        cache = self.fs.cache
        assert cache is not None
        new = mask & ~file.unwritten
        if not new:
            return
        if not file.unwritten:
            if not file.flight:
                file.disk_size = file._size
            file.since = self.fs.device.disk.world.now
            self.files[file.ino] = file
        for page in members(new & file.flight):
            file.flying[page] = file.page_bytes(page)
        for page in members(new & ~file.flight & ~file.fresh):
            block = file.block(page)
            if block is not None and block not in self.fs.shadow:
                self.fs.shadow[block] = file.page_bytes(page)
        file.unwritten |= new
        cache.dirty += new.bit_count()
        cache.insert(file, new)
        file.recent |= new
        self.arm()

    def write(self, file: DiskFile, mask: int = -1) -> None:
        """Send the dirty pages of ``mask`` to the disk, but for those that are on their way."""
        todo = file.unwritten & mask & ~file.flight
        if not todo:
            return
        cache = self.fs.cache
        assert cache is not None
        file.unwritten &= ~todo
        file.flight |= todo
        cache.dirty -= todo.bit_count()
        cache.writing += todo.bit_count()
        if not file.unwritten:
            self.files.pop(file.ino, None)
        for first, block, count in runs(file, todo):
            run = (1 << count) - 1 << first
            done = partial(self._arrived, file, run, cache)
            self.fs.submit(block, count, write=True, done=done, about=("writeback", file.ino))

    def write_all(self) -> None:
        """Send every dirty page to the disk."""
        for file in list(self.files.values()):
            self.write(file)

    def _arrived(self, file: DiskFile, run: int, cache: PageCache, request: Request) -> None:
        run &= file.flight
        if self.fs.cache is not cache or not run:
            return
        last = run.bit_length()
        reach = min(file._size, last * BLOCK)
        if run & file.fresh or reach > file.disk_size:
            self.fs.save(file)
        file.fresh &= ~run
        file.disk_size = max(file.disk_size, reach)
        for page in members(run):
            block = file.block(page)
            assert block is not None
            if self.fs.stale:
                self.fs.leave(block, None)
            written = file.flying.pop(page, None)
            if written is not None:
                self.fs.shadow[block] = written
            else:
                self.fs.shadow.pop(block, None)
        file.flight &= ~run
        cache.writing -= run.bit_count()
        self.written(file, run)
        cache.wake(file)

    def push(self, file: DiskFile, done: Done, mask: int = -1) -> None:
        """Write what is dirty of a file now; ``done`` is called when the disk has it."""
        busy = file.flight & mask
        todo = file.unwritten & busy
        start = file.unwritten & mask & ~busy
        if not busy and not start:
            done()
            return
        self._watches.setdefault(file.ino, []).append(_Watch(todo, busy | start, done))
        self.write(file, start)

    def written(self, file: DiskFile, mask: int) -> None:
        """Tell whoever waits for pages that these are written, or gone."""
        watches = self._watches.get(file.ino)
        if not watches:
            return
        ended = []
        for watch in watches:
            watch.flight &= ~mask
            again = watch.todo & ~file.flight
            if again:
                watch.todo &= ~again
                again &= file.unwritten
                watch.flight |= again
                self.write(file, again)
            if not watch.todo and not watch.flight:
                ended.append(watch)
        left = [watch for watch in watches if watch not in ended]
        if left:
            self._watches[file.ino] = left
        else:
            self._watches.pop(file.ino, None)
        for watch in ended:
            watch.done()

    def flying(self) -> list[DiskFile]:
        cache = self.fs.cache
        if cache is None or not cache.writing:
            return []
        return [f for f in awake(self.fs) if isinstance(f, DiskFile) and f.flight]

    def arm(self) -> None:
        """See that the flusher looks in a while, as long as there is something to look at."""
        if self._timer is not None or not (self.files or self.fs.journal.checkpoint):
            return
        if self.fs.cache is None or not self.fs.online:
            return
        interval = self.fs.cache.knobs.interval
        if interval:
            world = self.fs.device.disk.world
            self._timer = world.timer(world.now + interval, self._flush)

    def _flush(self) -> None:
        """Write what has been dirty for too long."""
        self._timer = None
        cache = self.fs.cache
        if cache is None:
            return
        born = self.fs.device.disk.world.now - cache.knobs.expire
        for file in list(self.files.values()):
            if file.since <= born or cache.dirty > cache.knobs.background:
                self.write(file)
        due = [block for block, since in self.fs.journal.checkpoint.items() if since <= born]
        self.write_places(due)
        self.arm()

    def write_places(self, blocks: list[int]) -> None:
        """Write metadata to its place."""
        for block in blocks:
            del self.fs.journal.checkpoint[block]
            self.fs.submit(block, 1, write=True, done=None, about=("metadata",))

    def knobs_changed(self) -> None:
        """The intervals are others: look at them now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.arm()

    def stop(self) -> None:
        """No timer any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def settle(self) -> None:
        """Act as if every page were on the disk."""
        cache = self.fs.cache
        assert cache is not None
        for file in [*self.files.values(), *self.flying()]:
            cache.dirty -= file.unwritten.bit_count()
            cache.writing -= file.flight.bit_count()
            file.unwritten = file.flight = file.fresh = 0
            file.flying.clear()
        self.files.clear()

    def release(self) -> None:
        """Nobody has to wait any more."""
        watches, self._watches = self._watches, {}
        for waiting in watches.values():
            for watch in waiting:
                watch.done()

    def lost(self) -> None:
        """The power is gone."""
        self.files.clear()
        self._watches.clear()
        self.stop()

    def state(self) -> Any:
        """Plain data for the digest."""
        return list(self.files)
