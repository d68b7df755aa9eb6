"""The directories of /proc/sys/net/ipv4 that have one more for each device: conf and neigh."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.records import Dirent
from minios.fs.inode import Dentry
from minios.fs.synthetic import SyntheticDirectory, SyntheticFile
from minios.kernel.knob import Knob, integer
from minios.kernel.net.netknobs import INT_MAX, KNOBS
from minios.net.host.settings import DEVICE, NEIGHBOUR

if TYPE_CHECKING:
    from minios.fs.access import Credentials
    from minios.fs.filesystem import FileSystem
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.net.host.stack import Stack


class _Owned(Knob):
    """A device's own parameter, which is that of ``default`` until it is set."""

    __slots__ = ("device", "kind", "name")

    def __init__(self, kind: str, device: str, name: str) -> None:
        super().__init__(self._show, self._set)
        self.kind = kind
        self.device = device
        self.name = name

    def _show(self, kernel: Kernel) -> bytes:
        sysctl = kernel.net.sysctl
        read = sysctl.conf if self.kind == "conf" else sysctl.neigh
        if self.kind == "conf" and self.name == "forwarding":
            return b"%d" % kernel.net.forwards(kernel.net.devices[self.device])
        return b"%d" % read(self.device, self.name)

    def _set(self, kernel: Kernel, text: bytes, who: PCB) -> None:
        key = f"{self.kind}.{self.device}.{self.name}"
        kernel.net.set_sysctl(key, integer(text, 0, INT_MAX))


def _rows(kind: str, device: str) -> list[tuple[str, Knob]]:
    """The parameters in one directory."""
    if device in ("all", "default"):
        prefix = f"net.ipv4.{kind}.{device}."
        return [
            (name.removeprefix(prefix), knob)
            for name, knob in KNOBS.items()
            if name.startswith(prefix)
        ]
    names = DEVICE if kind == "conf" else NEIGHBOUR
    return [(name, _Owned(kind, device, name)) for name in names]


Maker = Callable[[int, Any], SyntheticFile]


class Directory(SyntheticDirectory):
    """``conf`` or ``neigh``: a directory for each device, and those for all."""

    __slots__ = ("_base", "_kernel", "_kind", "_make")

    def __init__(self, fs: FileSystem, ino: int, kernel: Kernel, kind: str, make: Maker) -> None:
        super().__init__(fs, ino, 0o555, 0, 0)
        self._kernel = kernel
        self._kind = kind
        self._make = make
        self._base = (1 << 60) + (1 << 59 if kind == "conf" else 0)

    def _devices(self) -> list[tuple[str, int]]:
        names = [("default", 1)]
        if self._kind == "conf":
            names.insert(0, ("all", 0))
        stack: Stack = self._kernel.net
        return [*names, *((device.name, 1 + device.ifindex) for device in stack.devices.values())]

    def lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        for device, number in self._devices():
            if device.encode("latin-1") == name:
                rows = _rows(self._kind, device)
                inode = _Leaves(self.fs, self._base + number * 4096, rows, self._make)
                return self.entry(at, name, inode)
        return None

    def list(self, who: Credentials) -> list[Dirent]:
        return [
            Dirent(device.encode("latin-1"), self._base + number * 4096, flags.S_IFDIR)
            for device, number in self._devices()
        ]


class _Leaves(SyntheticDirectory):
    """The parameters of one device."""

    __slots__ = ("_make", "_rows")

    def __init__(
        self, fs: FileSystem, ino: int, rows: Iterable[tuple[str, Knob]], make: Maker
    ) -> None:
        super().__init__(fs, ino, 0o555, 0, 0)
        self._rows = list(rows)
        self._make = make

    def lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        for index, (known, knob) in enumerate(self._rows):
            if known.encode() == name:
                return self.entry(at, name, self._make(self.ino + 1 + index, knob))
        return None

    def list(self, who: Credentials) -> list[Dirent]:
        return [
            Dirent(name.encode(), self.ino + 1 + index, flags.S_IFREG)
            for index, (name, _) in enumerate(self._rows)
        ]
