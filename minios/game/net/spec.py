"""A compiled level's network: interfaces, devices and cables as frozen plain data.

Addresses are text, as the file has them: they may hold ``{{name}}`` of the level's ``vary``. Times
are ns, rates bit/s, sizes bytes, shares parts per million.
"""

from dataclasses import dataclass
from typing import Any

from minios.abi.inet import parse_ip

NAT = (
    "mapping", "filtering", "hairpin", "preserve", "parity", "order", "range", "pooling",
    "refresh_inbound", "udp_timeout", "icmp_timeout", "tcp_established", "tcp_transitory", "table",
    "unsolicited",
)  # fmt: skip
"""What a translator is like; the names are those of :class:`minios.net.natbox.NatSpec`, but for
``range``, its ``ports``."""


@dataclass(frozen=True, slots=True)
class NicSpec:
    """An interface of a machine. With ``bridge`` it is a bridge of those; a name with a dot is a
    VLAN of a card; else it is a card. ``up`` are command lines run when it is up.
    """

    name: str
    addresses: tuple[str, ...] = ()
    gateway: str = ""
    mac: str = ""
    mtu: int = 0
    dhcp: bool = False
    auto: bool = True
    bridge: tuple[str, ...] | None = None
    stp: bool = False
    up: tuple[str, ...] = ()

    @property
    def card(self) -> bool:
        """Whether it is hardware, into which a cable goes."""
        return self.bridge is None and "." not in self.name


@dataclass(frozen=True, slots=True)
class TrunkSpec:
    """A trunk of a switch: its VLANs (None: all), and the untagged one (0: none)."""

    port: str
    vlans: tuple[int, ...] | None = None
    native: int = 1


@dataclass(frozen=True, slots=True)
class NatSpec:
    """A translator's two sides, and what class it is of (RFC 4787): the fields that are given of
    :class:`minios.net.natbox.NatSpec`. ``forward`` are ``proto port address:port``.
    """

    inside: tuple[str, ...]
    outside: tuple[str, ...]
    gateway: str = ""
    options: tuple[tuple[str, Any], ...] = ()
    forward: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A switch, a hub or a NAT box (``kind``). ``access`` are (port, VLAN)."""

    name: str
    kind: str
    ports: tuple[str, ...] = ()
    access: tuple[tuple[str, int], ...] = ()
    trunks: tuple[TrunkSpec, ...] = ()
    aging: int = 300_000_000_000
    table: int = 1024
    stp: bool = False
    priority: int = 32768
    mac: str = ""
    nat: NatSpec | None = None


@dataclass(frozen=True, slots=True)
class LineSpec:
    """A direction of a cable (:class:`minios.net.fabric.link.LinkSpec`)."""

    latency: int = 100_000
    rate: int = 100_000_000
    queue: int = 128 << 10
    loss: int = 0
    duplicate: int = 0
    reorder: int = 0
    delay: int = 1_000_000
    corrupt: int = 0
    damage: int = 0


@dataclass(frozen=True, slots=True)
class CableSpec:
    """A link: its ends are ``machine.interface`` or ``device.port``."""

    name: str
    a: str
    b: str
    there: LineSpec = LineSpec()
    back: LineSpec | None = None
    plugged: bool = True


@dataclass(frozen=True, slots=True)
class PlaceSpec:
    """Where the map has a node: column and row."""

    node: str
    x: int
    y: int


def parse_end(text: str) -> tuple[int | None, int | None]:
    """``10.0.0.2:80``, ``10.0.0.2``, ``:80`` as (address, port). ValueError."""
    host, colon, port = text.partition(":")
    if colon and not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536):
        raise ValueError(text)
    if not host and not colon:
        raise ValueError(text)
    return (parse_ip(host) if host else None), (int(port) if colon else None)


def parse_forward(text: str) -> tuple[str, int, int, int]:
    """``tcp 8080 192.168.1.2:80`` as (protocol, port, address, port). ValueError."""
    words = text.split()
    if len(words) != 3 or words[0] not in ("tcp", "udp"):
        raise ValueError(text)
    _, outside = parse_end(":" + words[1])
    ip, inside = parse_end(words[2])
    if outside is None or ip is None or inside is None:
        raise ValueError(text)
    return words[0], outside, ip, inside
