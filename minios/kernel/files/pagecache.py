"""Files of a disk as programs meet them: reads that wait for pages, writes that do not, and syncs.

The pages themselves are :mod:`minios.fs.cache`'s; here somebody sleeps until they come. A call that
has to wait for the disk does so in state D and is then made again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.fs.cache import MAX_WINDOW, MIN_WINDOW, PageCache
from minios.fs.disk.device import Device
from minios.fs.ext4.file import DiskFile, existing, pages, runs
from minios.fs.ext4.filesystem import Ext4
from minios.kernel.wait import About, Blocked, WaitQueue
from minios.memory.frames import Kind

if TYPE_CHECKING:
    from minios.kernel.files.file import RegularFile
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

DIRTY_RATIO = 20
DIRTY_BACKGROUND_RATIO = 10
"""Percent of the memory there is (proc_sys_vm(5))."""


class KernelCache(PageCache):
    """``kernel.cache``: the page cache, with those who wait for it."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(lambda: kernel.world.now, self._wake)
        self.kernel = kernel
        self.throttled = WaitQueue(kernel, "balance_dirty_pages", disk=True)
        self.throttled.about = self._about_throttle
        """Writers who have to wait until there is less to write."""
        if getattr(kernel, "mm", None) is not None:
            self.room = Frames(kernel)
            kernel.mm.shrinkers.append(self._shrink)
        self.set_limits()
        kernel.parts["page cache"] = self.state

    def set_limits(self) -> None:
        """Take over the vm.dirty_* parameters."""
        from minios.kernel.sysctl import value

        kernel, knobs = self.kernel, self.knobs
        total = kernel.machine.ram >> 12
        knobs.expire = value(kernel, "vm.dirty_expire_centisecs") * 10_000_000
        knobs.interval = value(kernel, "vm.dirty_writeback_centisecs") * 10_000_000
        limit = value(kernel, "vm.dirty_bytes") >> 12
        knobs.limit = max(1, limit or total * value(kernel, "vm.dirty_ratio") // 100)
        start = value(kernel, "vm.dirty_background_bytes") >> 12
        ratio = value(kernel, "vm.dirty_background_ratio")
        knobs.background = min(start or total * ratio // 100, knobs.limit)

    def tune(self) -> None:
        """A parameter was changed."""
        self.set_limits()
        for fs in self.file_systems:
            fs.writeback.knobs_changed()

    def _about_throttle(self) -> About:
        text = f"until less than {self.knobs.limit} pages wait to be written (vm.dirty_ratio)"
        return About("disk", text, (), "the disk")

    def _wake(self, file: DiskFile) -> None:
        waiting: WaitQueue | None = file.waiting
        if waiting is not None:
            waiting.wake()
        if self.throttled.sleepers and self.dirty + self.writing <= self.knobs.limit:
            self.throttled.wake()
        self.kernel.mm.freed()

    def _shrink(self, count: int) -> int:
        freed = self.shrink(count)
        if freed < count and self.dirty:
            for fs in self.file_systems:
                fs.writeback.write_all()
        return freed

    def queue(self, file: DiskFile) -> WaitQueue:
        """Where to sleep until pages of a file come or are written."""
        if file.waiting is None:
            waiting = file.waiting = WaitQueue(self.kernel, "folio_wait_bit_common", disk=True)
            device = file.fs.device
            text = f"until pages of inode {file.ino} have come from {device.name.decode()}"
            waiting.about = lambda: About("disk", text, (), queue_of(device))
        found: WaitQueue = file.waiting
        return found

    def _fetch(self, file: DiskFile, absent: int, ahead: int = 0) -> WaitQueue:
        kernel = self.kernel
        pid = 0
        if kernel.acting is not None:
            pid = kernel.acting.pid
            kernel.acting.read_bytes += (absent | ahead).bit_count() << 12
        self.read(file, absent | ahead, ("read", pid, file.ino))
        return self.queue(file)

    # -- for mappings --------------------------------------------------------------------------

    def read_page(self, pcb: PCB, inode: DiskFile, page: int) -> WaitQueue | None:
        """None if a page is in memory (or there is no room to keep it), else where to wait."""
        absent = self.missing(inode, page << 12, 1)
        if not absent or _came(pcb, inode, absent):
            return None
        ahead = (1 << MIN_WINDOW) - 1 << page & existing(inode)
        queue = self._fetch(inode, absent, ahead)
        _expect(pcb, inode, absent)
        return queue

    def want_page(self, inode: DiskFile, page: int) -> WaitQueue | None:
        """Begin to bring in a page that has no frame; None if it came meanwhile, or has none
        because no frame is free.
        """
        absent = self.missing(inode, page << 12, 1)
        if not absent:
            return None
        return self._fetch(inode, absent, (1 << MIN_WINDOW) - 1 << page & existing(inode))

    def frame(self, inode: DiskFile, page: int) -> int:
        """The frame of a cached page; -1 if it has none."""
        return inode.frames.get(page, -1)


def queue_of(device: Device) -> str:
    """The disk, and how much it has to do."""
    disk = device.disk
    count = disk.outstanding
    plural = "" if count == 1 else "s"
    return (
        f"the disk {disk.name}, which has {count} request{plural} to serve ({disk.elevator.name})"
    )


class Frames:
    """Page frames of the machine for pages of files."""

    def __init__(self, kernel: Kernel) -> None:
        self.mm = kernel.mm

    def page(self, file: DiskFile, index: int) -> int:
        frame: int = self.mm.page(Kind.CACHE, file, index)
        return frame

    def busy(self, frame: int) -> bool:
        return self.mm.frames.refs[frame] > 1

    def drop(self, frame: int) -> None:
        self.mm.release(frame)


class Fetched:
    """Progress of a call: these pages were asked of the disk for it, and came unless they are still
    being read. If they were dropped since, it need not ask again.
    """

    __slots__ = ("file", "mask")

    def __init__(self, file: DiskFile, mask: int) -> None:
        self.file = file
        self.mask = mask

    def cancel(self) -> None:
        """The process was killed; the pages come all the same."""


def _came(pcb: PCB, file: DiskFile, absent: int) -> bool:
    """Whether all that is absent was read for this call already."""
    asked = pcb.progress
    return (
        type(asked) is Fetched
        and asked.file is file
        and not absent & ~asked.mask
        and not absent & file.reading
    )


def _expect(pcb: PCB, file: DiskFile, absent: int) -> None:
    asked = pcb.progress
    if type(asked) is Fetched and asked.file is file:
        asked.mask |= absent
    else:
        pcb.progress = Fetched(file, absent)


class Flush:
    """Progress of a call that waits until something is on the disk; ``result`` is its result."""

    __slots__ = ("left", "queue", "result")

    def __init__(self, kernel: Kernel, result: Any = None, *, parts: int = 1) -> None:
        queue = self.queue = WaitQueue(kernel, "jbd2_log_wait_commit", disk=True)
        queue.about = lambda: About("disk", "until what was written is on the disk", (), "the disk")
        self.result = result
        self.left = parts

    def finish(self) -> None:
        """One part is on the disk."""
        self.left -= 1
        if not self.left:
            self.queue.wake()

    def cancel(self) -> None:
        """The process was killed; what was begun goes on without it."""

    def outcome(self, pcb: PCB) -> Any:
        """The call's result, or where it waits."""
        if not self.left:
            return self.result
        pcb.progress = self
        return self.queue


# -- reading and writing -----------------------------------------------------------------------


def before_read(file: RegularFile, pcb: PCB, offset: int, count: int) -> WaitQueue | None:
    """None if the bytes can be read now, else where to wait. Sequential readers get more."""
    content = file.content
    assert isinstance(content, DiskFile)
    cache: KernelCache = file.kernel.cache
    absent = cache.missing(content, offset, count)
    if not absent or _came(pcb, content, absent):
        file.ahead = offset + count >> 12
        return None
    if file.flags & flags.O_DIRECT:
        ahead = 0
    else:
        first = offset >> 12
        if first in (file.ahead, 0):
            file.window = min(max(2 * file.window, MIN_WINDOW), MAX_WINDOW)
        else:
            file.window = 0
        ahead = (1 << file.window) - 1 << first & existing(content)
    queue = cache._fetch(content, absent, ahead)
    _expect(pcb, content, absent)
    return queue


def after_read(file: RegularFile, offset: int, count: int) -> None:
    """What was read with O_DIRECT does not stay."""
    content = file.content
    if file.flags & flags.O_DIRECT and isinstance(content, DiskFile) and count:
        cache: KernelCache = file.kernel.cache
        cache.drop_clean(content, pages(offset >> 12, offset + count - 1 >> 12))


def write(file: RegularFile, pcb: PCB, data: bytes) -> int | WaitQueue:
    """write(2) to a file on a disk: into memory, unless O_SYNC or O_DIRECT ask for more."""
    progress = pcb.progress
    if type(progress) is Flush:
        return progress.outcome(pcb)  # type: ignore[no-any-return]
    content = file.content
    assert isinstance(content, DiskFile)
    cache: KernelCache = file.kernel.cache
    if cache.dirty + cache.writing > cache.knobs.limit:
        for fs in cache.file_systems:
            fs.writeback.write_all()
        if cache.dirty + cache.writing > cache.knobs.limit:
            return cache.throttled
    pos = content.size if file.flags & flags.O_APPEND else file.pos
    absent = 0
    for edge in (pos, pos + len(data)):  # pages of which only a part is written
        if edge & 4095:
            absent |= cache.missing(content, edge & ~4095, 1)
    if absent and not _came(pcb, content, absent):
        queue = cache._fetch(content, absent)
        _expect(pcb, content, absent)
        return queue
    dirty = cache.dirty
    done = file.put(pcb, data)
    pcb.write_bytes += cache.dirty - dirty << 12
    if file.flags & (flags.O_DSYNC | flags.O_DIRECT) or content.fs.synchronous:
        return _through(file, pcb, pos, done)
    if cache.dirty > cache.knobs.background:
        for fs in cache.file_systems:
            fs.writeback.write_all()
    return done


def _through(file: RegularFile, pcb: PCB, pos: int, done: int) -> int | WaitQueue:
    """Wait until the disk has what was written (O_DSYNC, O_SYNC), or just its data (O_DIRECT)."""
    content = file.content
    assert isinstance(content, DiskFile)
    flush = Flush(file.kernel, done)
    fs = content.fs
    if file.flags & flags.O_DIRECT:
        cache: KernelCache = file.kernel.cache
        mask = pages(pos >> 12, pos + done - 1 >> 12)

        def written() -> None:
            cache.drop_clean(content, mask)
            flush.finish()

        fs.writeback.push(content, written, mask)
    else:
        whole = file.flags & flags.O_SYNC == flags.O_SYNC
        fs.fsync(content, flush.finish, data_only=not whole)
    return flush.outcome(pcb)  # type: ignore[no-any-return]


def extents(
    kernel: Kernel, pcb: PCB, inode: Any, argument: Any
) -> WaitQueue | list[tuple[int, int, int, int]]:
    """FIEMAP: the runs of blocks of a file as (logical, physical, length, flags), in bytes.

    ``argument`` is (start, length, flags). ENOTSUP for what lies on no disk. Blocks that were
    never written have no place yet: DELALLOC and UNKNOWN.
    """
    fs = inode.fs
    if not isinstance(fs, Ext4):
        raise error(Errno.ENOTSUP)
    if not isinstance(argument, tuple) or len(argument) != 3:
        raise error(Errno.EFAULT)
    start, length, how = argument
    if any(type(number) is not int or number < 0 for number in argument):
        raise error(Errno.EINVAL)
    if how & flags.FIEMAP_FLAG_SYNC:
        waiting: WaitQueue | None = sync_inode(kernel, pcb, inode, data_only=True)
        if waiting is not None:
            return waiting
    found: list[tuple[int, int, int, int]] = []
    if isinstance(inode, DiskFile):
        known = existing(inode)
        parts = [(run, 0) for run in runs(inode, known & ~inode.fresh, most=1 << 20)]
        fresh = flags.FIEMAP_EXTENT_UNKNOWN | flags.FIEMAP_EXTENT_DELALLOC
        parts += [(run, fresh) for run in runs(inode, known & inode.fresh, most=1 << 20)]
        for (page, block, count), flag in sorted(parts):
            found.append((page << 12, 0 if flag else block << 12, count << 12, flag))
    else:
        for page, block in enumerate(fs.places.get(inode.ino, ())):
            if found and found[-1][1] + found[-1][2] == block << 12:
                at, place, size, _ = found[-1]
                found[-1] = (at, place, size + 4096, 0)
            else:
                found.append((page << 12, block << 12, 4096, 0))
    if found:
        found[-1] = (*found[-1][:3], found[-1][3] | flags.FIEMAP_EXTENT_LAST)
    return [
        extent for extent in found if start < extent[0] + extent[2] and extent[0] < start + length
    ]


def require_page(kernel: Kernel, pcb: PCB, inode: Any, page: int = 0) -> None:
    """Raise Blocked unless a page of a program that is to be executed is in memory."""
    cache = inode.fs.cache
    if cache is None or kernel.acting is not pcb or not isinstance(inode, DiskFile):
        return
    queue = cache.read_page(pcb, inode, page)
    if queue is not None:
        raise Blocked(queue)


# -- system calls ------------------------------------------------------------------------------


def sync_all(kernel: Kernel, pcb: PCB) -> Any:
    """sync(2)."""
    progress = pcb.progress
    if type(progress) is Flush:
        return progress.outcome(pcb)
    file_systems = list(kernel.cache.file_systems) if kernel.cache is not None else []
    flush = Flush(kernel, parts=len(file_systems))
    for fs in file_systems:
        fs.sync(flush.finish)
    return flush.outcome(pcb)


def sync_fs(kernel: Kernel, pcb: PCB, fs: Any) -> Any:
    """syncfs(2), and what umount(2) does first."""
    progress = pcb.progress
    if type(progress) is Flush:
        return progress.outcome(pcb)
    flush = Flush(kernel)
    if isinstance(fs, Ext4) and not pcb.judge:
        fs.sync(flush.finish)
    else:
        flush.finish()
    return flush.outcome(pcb)


def sync_inode(kernel: Kernel, pcb: PCB, inode: Any, *, data_only: bool) -> Any:
    """fsync(2) and fdatasync(2) of what can be synced."""
    progress = pcb.progress
    if type(progress) is Flush:
        return progress.outcome(pcb)
    flush = Flush(kernel)
    if isinstance(inode.fs, Ext4) and not pcb.judge:
        inode.fs.fsync(inode, flush.finish, data_only=data_only)
    else:
        flush.finish()
    return flush.outcome(pcb)
