"""/sys: the disks, their queues and partitions (sysfs(5), Documentation/ABI/stable/sysfs-block)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.fs.disk import ELEVATORS
from minios.fs.disk.device import Device
from minios.fs.disk.request import MAX_SECTORS
from minios.fs.synthetic import SyntheticFile, SyntheticFileSystem, SyntheticInode
from minios.kernel.dev.blockdev import figures, partitions
from minios.kernel.files.procfs import Branch, Folder, tree

if TYPE_CHECKING:
    from minios.fs.filesystem import FileSystem
    from minios.kernel.kernel import Kernel

SYS_DEV = 21

_NET = Branch("class/net")

_Row = tuple[Callable[[], bytes], Callable[[bytes], None] | None]


def sys_file_system(kernel: Kernel) -> SyntheticFileSystem:
    """The /sys of a kernel."""
    rows: list[tuple[bytes, Any]] = []
    for device in kernel.machine.devices.values():
        if device.whole:
            _disk(kernel, b"block/" + device.name, device, rows)
    rows.append((b"class/net", _NET))
    rows.append((b"kernel/mm", None))
    nodes = tree(rows, 16)

    def make_root(fs: FileSystem) -> Folder:
        return Folder(fs, nodes, lambda ino, what: _file(kernel, fs, ino, what))

    return SyntheticFileSystem(b"sysfs", SYS_DEV, kernel.clock, make_root)


def _file(kernel: Kernel, fs: FileSystem, ino: int, what: Any) -> SyntheticInode:
    if what is _NET:
        from minios.kernel.files.netsys import Devices  # most machines are never asked

        return Devices(fs, ino, kernel)
    if what is None:
        return SyntheticFile(fs, ino, lambda who: b"")
    read, write = what
    if write is None:
        return SyntheticFile(fs, ino, lambda who: read() + b"\n")
    return SyntheticFile(
        fs, ino, lambda who: read() + b"\n", 0o644, take=lambda who, data: write(data.strip())
    )


def _disk(kernel: Kernel, path: bytes, device: Device, rows: list[tuple[bytes, Any]]) -> None:
    disk = device.disk

    def scheduler() -> bytes:
        names = [f"[{name}]" if name == disk.elevator.name else name for name in ELEVATORS]
        return " ".join(names).encode()

    def set_scheduler(text: bytes) -> None:
        name = text.decode("latin-1")
        if name not in ELEVATORS:
            raise error(Errno.EINVAL)
        if name != disk.elevator.name:
            disk.switch(name)

    def add(name: bytes, read: Callable[[], bytes], write: Any = None) -> None:
        rows.append((path + b"/" + name, (read, write)))

    _common(add, device)
    add(b"removable", lambda: b"0")
    add(b"queue/scheduler", scheduler, set_scheduler)
    add(b"queue/rotational", lambda: b"%d" % (disk.drive.kind == "hdd"))
    add(b"queue/nr_requests", lambda: b"128")
    add(b"queue/max_sectors_kb", lambda: b"%d" % (MAX_SECTORS // 2))
    add(b"queue/read_ahead_kb", lambda: b"128")
    add(b"queue/logical_block_size", lambda: b"512")
    add(b"queue/physical_block_size", lambda: b"4096")
    for part in partitions(kernel, device):
        below = path + b"/" + part.name

        def add_part(
            name: bytes, read: Callable[[], bytes], write: Any = None, below: bytes = below
        ) -> None:
            rows.append((below + b"/" + name, (read, write)))

        _common(add_part, part)
        add_part(b"partition", lambda part=part: part.name[3:])  # type: ignore[misc]
        add_part(b"start", lambda part=part: b"%d" % part.start)  # type: ignore[misc]


def _common(add: Callable[..., None], device: Device) -> None:
    add(b"dev", lambda: b"%d:%d" % (device.rdev >> 8, device.rdev & 255))
    add(b"ro", lambda: b"0")
    add(b"size", lambda: b"%d" % device.sectors)
    add(b"stat", lambda: b" ".join(b"%8d" % figure for figure in figures(device)))
