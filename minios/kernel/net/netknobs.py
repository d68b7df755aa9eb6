"""The parameters of the network stack under /proc/sys/net/ipv4 (ip-sysctl.rst, arp(7), icmp(7)).

Their values live in the stack; a machine that has none yet shows what they are at boot. Those of
each device are in directories made when somebody looks (:mod:`minios.kernel.files.netconf`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.errno import Errno, error
from minios.kernel.knob import Knob, integer
from minios.net.host.settings import DEVICE, GLOBAL, NEIGHBOUR, NEIGHBOUR_GLOBAL
from minios.net.transport.tcpsettings import BOUNDS as TCP_BOUNDS
from minios.net.transport.tcpsettings import CONGESTION
from minios.net.transport.tcpsettings import DEFAULTS as TCP

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

INT_MAX = (1 << 31) - 1


class StackNumber(Knob):
    """A whole number that the stack keeps under ``key``; ``default`` is what it is at boot."""

    __slots__ = ("default", "high", "key", "low")

    def __init__(self, key: str, default: int, low: int = 0, high: int = INT_MAX) -> None:
        super().__init__(self._show, self._set)
        self.key = key
        self.default = default
        self.low = low
        self.high = high

    def _show(self, kernel: Kernel) -> bytes:
        if not kernel.networked:
            return b"%d" % self.default
        return b"%d" % kernel.net.sysctl.get(self.key, self.default)

    def _set(self, kernel: Kernel, text: bytes, who: PCB) -> None:
        kernel.net.set_sysctl(self.key, integer(text, self.low, self.high))


class Ports(Knob):
    """``ip_local_port_range``: two numbers."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(self._show, self._set)

    def _show(self, kernel: Kernel) -> bytes:
        space = kernel.net.portspace
        return b"%d\t%d" % (space.low, space.high)

    def _set(self, kernel: Kernel, text: bytes, who: PCB) -> None:
        low, _, high = text.replace(b"\t", b" ").partition(b" ")
        first = integer(low, 1, 65535)
        last = integer(high.strip(), first, 65535)
        space = kernel.net.portspace
        space.low, space.high = first, last


class Triple(Knob):
    """``tcp_rmem`` and ``tcp_wmem``: least, first and greatest size of a buffer in bytes."""

    __slots__ = ("key",)

    _PARTS = ("min", "default", "max")

    def __init__(self, key: str) -> None:
        super().__init__(self._show, self._set)
        self.key = key

    def _show(self, kernel: Kernel) -> bytes:
        keys = [f"{self.key}_{part}" for part in self._PARTS]
        if not kernel.networked:
            return b"\t".join(b"%d" % TCP[key] for key in keys)
        return b"\t".join(b"%d" % kernel.net.sysctl[key] for key in keys)

    def _set(self, kernel: Kernel, text: bytes, who: PCB) -> None:
        for part, word in zip(self._PARTS, text.split(), strict=False):
            kernel.net.set_sysctl(f"{self.key}_{part}", integer(word, 1, INT_MAX))


class Algorithm(Knob):
    """``tcp_congestion_control``: what a new socket begins with, by name."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(self._show, self._set)

    def _show(self, kernel: Kernel) -> bytes:
        return kernel.net.tcp.congestion.encode() if kernel.networked else b"cubic"

    def _set(self, kernel: Kernel, text: bytes, who: PCB) -> None:
        name = text.strip().decode("latin-1")
        if name not in CONGESTION:
            raise error(Errno.ENOENT)
        kernel.net.tcp.congestion = name


def _algorithms(kernel: Kernel) -> bytes:
    return " ".join(CONGESTION).encode()


_BOUNDS: dict[str, tuple[int, int]] = {
    **TCP_BOUNDS,
    "ip_forward": (0, 1),
    "ip_default_ttl": (1, 255),
    "ip_no_pmtu_disc": (0, 3),
    "icmp_echo_ignore_all": (0, 1),
    "icmp_echo_ignore_broadcasts": (0, 1),
    "icmp_msgs_burst": (0, INT_MAX),
    "ip_unprivileged_port_start": (0, 65535),
    "route_min_pmtu": (68, INT_MAX),
}


def _global(name: str, default: int) -> StackNumber:
    low, high = _BOUNDS.get(name, (0, INT_MAX))
    return StackNumber(name, default, low, high)


KNOBS: dict[str, Knob] = {
    **{
        f"net.ipv4.{name.replace('route_', 'route.')}": _global(name, default)
        for name, default in GLOBAL.items()
    },
    "net.ipv4.ip_local_port_range": Ports(),
    **{
        f"net.ipv4.{name}": _global(name, default)
        for name, default in TCP.items()
        if not name.startswith(("tcp_rmem", "tcp_wmem"))
    },
    "net.ipv4.tcp_rmem": Triple("tcp_rmem"),
    "net.ipv4.tcp_wmem": Triple("tcp_wmem"),
    "net.ipv4.tcp_congestion_control": Algorithm(),
    "net.ipv4.tcp_available_congestion_control": Knob(_algorithms),
    "net.ipv4.tcp_allowed_congestion_control": Knob(_algorithms),
    **{
        f"net.ipv4.conf.{which}.{name}": StackNumber(f"conf.{which}.{name}", default)
        for which in ("all", "default")
        for name, default in DEVICE.items()
    },
    **{
        f"net.ipv4.neigh.default.{name}": StackNumber(f"neigh.default.{name}", default)
        for name, default in NEIGHBOUR.items()
    },
    **{
        f"net.ipv4.neigh.default.{name}": StackNumber(name, default)
        for name, default in NEIGHBOUR_GLOBAL.items()
    },
}

BRANCHES = ("net.ipv4.conf.", "net.ipv4.neigh.")
"""Directories that have one more for each device."""
