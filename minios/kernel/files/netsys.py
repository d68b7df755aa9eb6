"""/sys/class/net: a directory for each network device (sysfs-class-net)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.inet import mac_text
from minios.abi.records import Dirent
from minios.fs.inode import Dentry
from minios.fs.synthetic import SyntheticDirectory, SyntheticFile

if TYPE_CHECKING:
    from minios.fs.access import Credentials
    from minios.fs.filesystem import FileSystem
    from minios.kernel.kernel import Kernel
    from minios.net.host.netdev import NetDevice

_PER_DEVICE = 64


def _speed(device: NetDevice) -> str:
    """Mbit/s. EINVAL while that is not known."""
    wire = getattr(getattr(device, "port", None), "wire", None)
    if not device.running or wire is None:
        raise error(Errno.EINVAL)
    rate = wire.spec.rate // 1_000_000
    return str(rate or -1)


def _duplex(device: NetDevice) -> str:
    _speed(device)
    return "full"


def _carrier(device: NetDevice) -> str:
    """EINVAL while the device is down."""
    if not device.up:
        raise error(Errno.EINVAL)
    return str(int(device.carrier))


def _iflink(device: NetDevice) -> str:
    lower = getattr(device, "lower", None) or getattr(device, "peer", None)
    return str(lower.ifindex if lower is not None else device.ifindex)


_FILES: dict[bytes, Callable[[NetDevice], str]] = {
    b"addr_len": lambda device: "6",
    b"address": lambda device: mac_text(device.mac),
    b"broadcast": lambda device: mac_text(0 if device.loopback else (1 << 48) - 1),
    b"carrier": _carrier,
    b"carrier_changes": lambda device: str(device.carrier_changes),
    b"duplex": _duplex,
    b"flags": lambda device: f"0x{device.all_flags() & ~0x10040:x}",
    b"ifalias": lambda device: device.alias,
    b"ifindex": lambda device: str(device.ifindex),
    b"iflink": _iflink,
    b"link_mode": lambda device: "0",
    b"mtu": lambda device: str(device.mtu),
    b"operstate": lambda device: device.operstate().lower(),
    b"speed": _speed,
    b"tx_queue_len": lambda device: str(device.txqueuelen),
    b"type": lambda device: str(device.hatype),
}

_STATISTICS = (
    "collisions", "multicast", "rx_bytes", "rx_crc_errors", "rx_dropped", "rx_errors",
    "rx_packets", "tx_bytes", "tx_dropped", "tx_errors", "tx_packets",
)  # fmt: skip

_WRITABLE = {b"mtu": 4, b"tx_queue_len": 13, b"ifalias": 20}
"""What can be written, by the attribute of rtnetlink that does the same."""


class Devices(SyntheticDirectory):
    """/sys/class/net."""

    __slots__ = ("_kernel",)

    def __init__(self, fs: FileSystem, ino: int, kernel: Kernel) -> None:
        super().__init__(fs, ino, 0o755, 0, 0)
        self._kernel = kernel

    def _base(self, device: NetDevice) -> int:
        return (1 << 40) + device.ifindex * _PER_DEVICE

    def lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        device = self._kernel.net.devices.get(name.decode("latin-1"))
        if device is None:
            return None
        return self.entry(at, name, _Device(self.fs, self._base(device), self._kernel, device))

    def list(self, who: Credentials) -> list[Dirent]:
        return [
            Dirent(device.name.encode("latin-1"), self._base(device), flags.S_IFDIR)
            for device in self._kernel.net.devices.values()
        ]


class _Device(SyntheticDirectory):
    """One device."""

    __slots__ = ("_device", "_kernel")

    def __init__(self, fs: FileSystem, ino: int, kernel: Kernel, device: NetDevice) -> None:
        super().__init__(fs, ino, 0o755, 0, 0)
        self._kernel = kernel
        self._device = device

    def lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        device = self._device
        if name == b"statistics":
            return self.entry(at, name, _Statistics(self.fs, self.ino + 40, device))
        read = _FILES.get(name)
        if read is None:
            return None
        ino = self.ino + 1 + list(_FILES).index(name)

        def text(who: Credentials) -> bytes:
            return read(device).encode("latin-1") + b"\n"

        if name not in _WRITABLE:
            return self.entry(at, name, SyntheticFile(self.fs, ino, text))

        def take(who: object, data: bytes) -> None:
            self._write(name, data.strip())

        return self.entry(at, name, SyntheticFile(self.fs, ino, text, 0o644, take=take))

    def _write(self, name: bytes, text: bytes) -> None:
        """As ``ip link set`` would. EINVAL."""
        from minios.abi import netlink as nl
        from minios.kernel.net.rtnetlink import link

        kind = _WRITABLE[name]
        if name == b"ifalias":
            data = nl.text(kind, text.decode("latin-1"))
        elif text.isdigit() and int(text) < 1 << 31:
            data = nl.u32(kind, int(text))
        else:
            raise error(Errno.EINVAL)
        body = nl.IfInfo(0, 0, self._device.ifindex).pack() + data
        link.new(self._kernel.net, nl.Nlmsg(nl.RTM_SETLINK, 0, 0, 0, body), 0)

    def list(self, who: Credentials) -> list[Dirent]:
        files = [
            Dirent(name, self.ino + 1 + index, flags.S_IFREG) for index, name in enumerate(_FILES)
        ]
        return [*files, Dirent(b"statistics", self.ino + 40, flags.S_IFDIR)]


class _Statistics(SyntheticDirectory):
    """Its counters."""

    __slots__ = ("_device",)

    def __init__(self, fs: FileSystem, ino: int, device: NetDevice) -> None:
        super().__init__(fs, ino, 0o755, 0, 0)
        self._device = device

    def lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        word = name.decode("latin-1")
        if word not in _STATISTICS:
            return None
        key = {"multicast": "rx_multicast", "rx_crc_errors": "crc_errors"}.get(word, word)
        device = self._device

        def text(who: Credentials) -> bytes:
            more = device.crc_errors if key == "rx_errors" else 0
            return b"%d\n" % (getattr(device, key, 0) + more)

        ino = self.ino + 1 + _STATISTICS.index(word)
        return self.entry(at, name, SyntheticFile(self.fs, ino, text))

    def list(self, who: Credentials) -> list[Dirent]:
        return [
            Dirent(name.encode(), self.ino + 1 + index, flags.S_IFREG)
            for index, name in enumerate(_STATISTICS)
        ]
