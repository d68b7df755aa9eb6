"""Block devices in /dev: reading and writing a disk past its file systems (sd(4)).

A read waits for the disk, and gets up to 128 KiB in one go; a write is on the disk when it returns.
Nobody may open a device for writing while it is mounted or swapped to: EBUSY.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.fs.access import refused
from minios.fs.disk import SECTOR, Request
from minios.fs.disk.device import Device
from minios.fs.inode import BLOCK, Dentry
from minios.kernel.files.file import File, sought
from minios.kernel.files.pagecache import Flush
from minios.kernel.wait import WaitQueue

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

AHEAD = 32
"""Blocks that one read of the disk fetches."""


class BlockFile(File):
    """An open block device."""

    __slots__ = ("_held", "device")

    def __init__(self, kernel: Kernel, dentry: Dentry, oflag: int, device: Device) -> None:
        super().__init__(kernel, dentry, oflag)
        self.device = device
        self._held = range(0)
        """Blocks that were read last, and need not be read again."""

    def _partitions(self) -> list[Device]:
        return partitions(self.kernel, self.device)

    def read(self, pcb: PCB, count: int) -> bytes | WaitQueue:
        end = min(self.pos + count, self.device.size)
        if end <= self.pos:
            return b""
        first, last = self.pos // BLOCK, (end - 1) // BLOCK
        last = min(last, first + 255)
        if type(pcb.progress) is not Flush:
            if first not in self._held or last not in self._held:
                return self._fetch(pcb, first, last)
        elif pcb.progress.left:
            return pcb.progress.queue
        from minios.fs.ext4 import raw

        data = raw.read(self.device, self._partitions(), first, last - first + 1)
        data = data[self.pos - first * BLOCK :][: end - self.pos]
        self.pos += len(data)
        return data

    def _fetch(self, pcb: PCB, first: int, last: int) -> WaitQueue:
        ahead = 1 if self.flags & flags.O_DIRECT else AHEAD
        stop = min(max(last + 1, first + ahead), self.device.sectors // 8)
        stop = max(stop, last + 1)
        self._held = range(first, stop)
        return self._move(pcb, first * 8, min(stop * 8, self.device.sectors), write=False)

    def _move(
        self, pcb: PCB, sector: int, end: int, *, write: bool, result: Any = None
    ) -> WaitQueue:
        device = self.device
        starts = range(sector, end, 256)
        flush = Flush(self.kernel, result, parts=max(1, len(starts)))
        flush.queue.name = "blkdev_write" if write else "folio_wait_bit_common"
        about = ("device", pcb.pid)
        for start in starts:
            count = min(256, end - start)
            request = Request(device.start + start, count, write, lambda _: flush.finish(), about)
            device.submit(request)
        pcb.progress = flush
        return flush.queue

    def write(self, pcb: PCB, data: bytes) -> int | WaitQueue:
        if type(pcb.progress) is Flush:
            return pcb.progress.outcome(pcb)  # type: ignore[no-any-return]
        device = self.device
        data = data[: max(0, device.size - self.pos)]
        if not data:
            raise error(Errno.ENOSPC)
        from minios.fs.ext4 import raw

        raw.write(device, self._partitions(), self.pos, data)
        first, end = self.pos // SECTOR, -(-(self.pos + len(data)) // SECTOR)
        self.pos += len(data)
        self._held = range(0)
        self.kernel.files_changed()
        return self._move(pcb, first, end, write=True, result=len(data))

    def seek(self, offset: int, whence: int) -> int:
        self.pos = sought(self.pos, self.device.size, offset, whence)
        return self.pos

    def ioctl(self, pcb: PCB, request: int, argument: Any) -> Any:
        if request == flags.BLKGETSIZE64:
            return self.device.size
        if request == flags.BLKSSZGET:
            return SECTOR
        if request == flags.BLKROGET:
            return 0
        raise error(Errno.ENOTTY)

    def state(self) -> Any:
        return (super().state(), self.device.name, self._held.start, self._held.stop)


def partitions(kernel: Kernel, device: Device) -> list[Device]:
    """The partitions of a whole disk."""
    if not device.whole:
        return []
    devices = kernel.machine.devices.values()
    return [each for each in devices if each.disk is device.disk and not each.whole]


def held(kernel: Kernel, device: Device) -> bool:
    """Whether it, or a part of it, is mounted or swapped to."""
    return any(each.holder for each in (device, *partitions(kernel, device)))


def open_block(kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> File:
    """Open a block device node. EBUSY ENXIO; a judge looks at the files instead."""
    device = kernel.machine.block_device(dentry.inode.rdev)
    if device is None:
        raise error(Errno.ENXIO)
    if pcb.judge:
        raise error(Errno.EROFS)
    if oflag & flags.O_ACCMODE != flags.O_RDONLY and held(kernel, device):
        raise refused(Errno.EBUSY, "held", dentry.inode, 0, dentry)
    return BlockFile(kernel, dentry, oflag, device)


def figures(device: Device) -> tuple[int, ...]:
    """The 17 numbers of /proc/diskstats; times in ms."""
    stats = device.stats()
    ms = 1_000_000
    return (
        stats.reads, stats.reads_merged, stats.sectors_read, stats.read_time // ms, stats.writes,
        stats.writes_merged, stats.sectors_written, stats.write_time // ms, stats.in_flight,
        stats.io_time // ms, stats.weighted_time // ms, 0, 0, 0, 0, 0, 0,
    )  # fmt: skip
