"""swapon(2) and swapoff(2): where pages may be put away."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_SYS_ADMIN
from minios.abi.errno import Errno, error
from minios.abi.syscalls import NR
from minios.fs.access import capable
from minios.fs.disk import Request
from minios.fs.disk.device import Device
from minios.fs.ext4.file import DiskFile
from minios.kernel.arguments import integer
from minios.kernel.log import LOG_ERR
from minios.kernel.mm.area import PAGE, PAGE_BITS
from minios.kernel.mm.fault import swap_back
from minios.kernel.mm.swap import SwapArea, last_page
from minios.kernel.wait import WaitQueue
from minios.memory.frames import OutOfFrames
from minios.memory.pagetable import PPN_SHIFT, V

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.mm.memory import Memory
    from minios.kernel.process import PCB

SECTORS = 8
"""Sectors of a page."""


class DeviceStore:
    """A partition or disk that is swapped to: the bytes are where anybody may read them."""

    def __init__(self, device: Device) -> None:
        self.device = device
        device.holder = b"swap"

    def put(self, page: int, data: bytes | None) -> None:
        if data is None:
            self.device.raw.pop(page, None)
        else:
            self.device.raw[page] = data

    def get(self, page: int) -> bytes | None:
        return self.device.raw.get(page)

    def read(self, page: int, done: Callable[[], None]) -> None:
        self._move(page, False, done)

    def write(self, page: int, done: Callable[[], None]) -> None:
        self._move(page, True, done)

    def _move(self, page: int, write: bool, done: Callable[[], None]) -> None:
        device = self.device
        at = device.start + page * SECTORS
        device.submit(Request(at, SECTORS, write, lambda _: done(), ("swap", page)))

    def close(self) -> None:
        self.device.holder = b""


class FileStore:
    """A regular file that is swapped to, past its file system: only its blocks are used."""

    def __init__(self, file: DiskFile, device: Device) -> None:
        self.file = file
        self.device = device
        self._data: dict[int, bytes] = {}
        file.opens += 1

    def put(self, page: int, data: bytes | None) -> None:
        if data is None:
            self._data.pop(page, None)
        else:
            self._data[page] = data

    def get(self, page: int) -> bytes | None:
        return self._data.get(page)

    def read(self, page: int, done: Callable[[], None]) -> None:
        self._move(page, False, done)

    def write(self, page: int, done: Callable[[], None]) -> None:
        self._move(page, True, done)

    def _move(self, page: int, write: bool, done: Callable[[], None]) -> None:
        block = self.file.block(page)
        assert block is not None
        at = self.device.start + block * SECTORS
        self.device.submit(Request(at, SECTORS, write, lambda _: done(), ("swap", page)))

    def close(self) -> None:
        self.file.release()


class _Header:
    """swapon waits for the first page of what it is to use."""

    __slots__ = ("queue",)

    def __init__(self, queue: WaitQueue) -> None:
        self.queue = queue

    def cancel(self) -> None:
        """Nothing was begun."""


def swapon(kernel: Kernel, pcb: PCB, path: bytes, swapflags: int) -> WaitQueue | None:
    """swapon(2). EBUSY EINVAL (no swap signature, holes) EPERM (root, or too many areas)."""
    if not isinstance(path, bytes):
        raise error(Errno.EFAULT)
    if not capable(pcb, CAP_SYS_ADMIN):
        raise error(Errno.EPERM)
    memory = kernel.mm
    integer(swapflags)
    dentry = kernel.vfs.walk(pcb, pcb.cwd, path)
    inode = dentry.inode
    kind = inode.mode & flags.S_IFMT
    store: Any
    first: bytes
    if kind == flags.S_IFBLK:
        device = kernel.machine.block_device(inode.rdev)
        if device is None:
            raise error(Errno.ENXIO)
        if device.holder or any(
            each.holder for each in kernel.machine.devices.values()
            if device.whole and each.disk is device.disk
        ):  # fmt: skip
            raise error(Errno.EBUSY)
        if pcb.progress is None:
            return _read_header(kernel, pcb, device)
        first, size = device.raw.get(0, b""), device.size >> PAGE_BITS
        name, what = b"partition", b"/dev/" + device.name
    elif isinstance(inode, DiskFile):
        if any(
            isinstance(area.store, FileStore) and area.store.file is inode
            for area in memory.swap.areas
        ):  # fmt: skip
            raise error(Errno.EBUSY)
        if inode.size < PAGE:
            raise error(Errno.EINVAL)
        first, size = inode.read(0, PAGE), inode.size >> PAGE_BITS
        name, what = b"file", dentry.path()
    else:
        raise error(Errno.EINVAL)
    last = last_page(first)
    if not last:
        kernel.log.put("Unable to find swap-space signature", LOG_ERR)
        raise error(Errno.EINVAL)
    pages = min(last, size - 1)
    if name == b"file":
        assert isinstance(inode, DiskFile)
        if any(inode.block(page) is None for page in range(pages + 1)):
            kernel.log.put("swapon: swapfile has holes", LOG_ERR)
            raise error(Errno.EINVAL)
    base = memory.swap.base()
    if base < 0:
        raise error(Errno.EPERM)
    priority = swapflags & flags.SWAP_FLAG_PRIO_MASK
    if not swapflags & flags.SWAP_FLAG_PREFER:
        priority = min([-1, *(area.priority for area in memory.swap.areas)]) - 1
    if kind == flags.S_IFBLK:
        assert device is not None
        store = DeviceStore(device)
    else:
        assert isinstance(inode, DiskFile)
        store = FileStore(inode, inode.fs.device)
    memory.swap.add(SwapArea(base, what, name, pages, priority, store))
    kernel.log.put(
        b"Adding %dk swap on %b.  Priority:%d extents:1 across:%dk"
        % (pages << 2, what, priority, pages << 2)
    )
    return None


def _read_header(kernel: Kernel, pcb: PCB, device: Device) -> WaitQueue:
    queue = WaitQueue(kernel, "folio_wait_bit_common", disk=True)
    pcb.progress = _Header(queue)
    request = Request(device.start, SECTORS, False, lambda _: queue.wake(), ("swap", 0))
    device.disk.submit(request)
    return queue


def swapoff(kernel: Kernel, pcb: PCB, path: bytes) -> WaitQueue | None:
    """swapoff(2): bring back what lies there, then forget it. EINVAL ENOMEM EPERM."""
    if not isinstance(path, bytes):
        raise error(Errno.EFAULT)
    if not capable(pcb, CAP_SYS_ADMIN):
        raise error(Errno.EPERM)
    memory = kernel.mm
    dentry = kernel.vfs.walk(pcb, pcb.cwd, path)
    inode = dentry.inode
    device = (
        kernel.machine.block_device(inode.rdev)
        if inode.mode & flags.S_IFMT == flags.S_IFBLK
        else None
    )
    for area in memory.swap.areas:
        store = area.store
        if isinstance(store, DeviceStore) and store.device is device:
            break
        if isinstance(store, FileStore) and store.file is inode:
            break
    else:
        raise error(Errno.EINVAL)
    if pcb.progress is None:
        others = sum(other.size - other.used for other in memory.swap.areas if other is not area)
        if area.used > memory.frames.free + others:
            raise error(Errno.ENOMEM)
    area.closed = True
    try:
        queue = _empty(memory, pcb, area)
    except OSError:
        area.closed = False
        raise
    if queue is not None:
        if pcb.progress is None:
            pcb.progress = _Header(queue)
        return queue
    memory.swap.remove(area)
    return None


def _empty(memory: Memory, pcb: PCB, area: SwapArea) -> WaitQueue | None:
    """Bring everything back from an area, page by page; where to wait for the next. ENOMEM."""
    swap = memory.swap
    for process in list(memory.kernel.processes.values()):
        space = process.mm
        if space is None or not space.swapped:
            continue
        for vpn, entry in list(space.table.entries()):
            if entry & V or swap.area(entry >> PPN_SHIFT) is not area:
                continue
            try:
                queue = swap_back(memory, process, space, vpn)
            except OutOfFrames:
                raise error(Errno.ENOMEM) from None
            if queue is not None:
                return queue
    for segment in list(memory.segments.values()):
        for index, slot in list(segment.slots.items()):
            if swap.area(slot) is not area:
                continue
            got = segment.page(index)
            if got is None:
                raise error(Errno.ENOMEM)
            if isinstance(got, WaitQueue):
                return got
    for slot in [slot for slot in swap.frames if swap.area(slot) is area]:
        if slot in swap.reading:
            return swap.reading[slot]
        swap.uncache(slot)
    assert not area.refs
    return None


CALLS: dict[int, Callable[..., Any]] = {NR.swapon: swapon, NR.swapoff: swapoff}
