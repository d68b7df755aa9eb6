"""A router without wires: packets are put through the hooks by hand, and what comes out is seen.

``eth0`` is the inside (10.0.0.1/24), ``eth1`` the outside (203.0.113.1/24).
"""

from typing import Any

from minios.abi.inet import parse_ip
from minios.abi.netfilter import Chain, Option, Part, Rule, empty
from minios.net.drop import Drop
from minios.net.host.address import Address
from minios.net.netfilter.netfilter import Netfilter
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.tcp import TCP
from minios.net.wire.tcpoptions import TcpOptions
from minios.net.wire.udp import UDP
from minios.sim.world import SECOND, World

ip = parse_ip
INSIDE, OUTSIDE = ip("10.0.0.1"), ip("203.0.113.1")


class Device:
    loopback = False

    def __init__(self, name: str, ifindex: int, address: int) -> None:
        self.name = name
        self.ifindex = ifindex
        self.addresses = [Address(address, 24)]
        self.mtu = 1500


class Route:
    gateway = 0


class Gate:
    """As much of a stack as Netfilter asks for."""

    def __init__(self) -> None:
        self.world = World(1)
        self.name = "gate"
        self.eth0 = Device("eth0", 2, INSIDE)
        self.eth1 = Device("eth1", 3, OUTSIDE)
        self.drops: list[tuple[Drop, str]] = []
        self.errors: list[tuple[int, int]] = []
        self.sent: list[Any] = []
        self.lines: list[tuple[int, str]] = []
        self.receiving: Any = None
        self.trail: Any = None
        self.link_watchers: list[Any] = []
        self.address_watchers: list[Any] = []
        self.nf = Netfilter(self)

    # -- what Netfilter calls

    def drop(self, reason: Drop, packet: Any, device: Any = None, detail: str = "",
             rule: str = "") -> None:  # fmt: skip
        self.drops.append((reason, rule or detail))

    def icmp_error(self, packet: Any, kind: int, code: int, info: int = 0) -> None:
        self.errors.append((kind, code))

    def ip_output(self, packet: Any, route: Any = None, trail: Any = None) -> None:
        self.sent.append(packet)

    def printk(self, level: int, text: str) -> None:
        self.lines.append((level, text))

    def is_local(self, address: int) -> bool:
        return address in (INSIDE, OUTSIDE) or address >> 24 == 127

    def is_broadcast(self, address: int) -> bool:
        return address == 0xFFFFFFFF

    def route(self, address: int) -> Route:
        return Route()

    # -- what tests do

    def rules(self, table: str, **chains: list[Rule]) -> None:
        """Replace a table; keywords are chains, user's ones after the built-in."""
        spec = empty(table)
        made = [Chain(c.name, c.policy, 0, 0, tuple(chains.pop(c.name, ()))) for c in spec.chains]
        made += [Chain(name, "", 0, 0, tuple(rules)) for name, rules in chains.items()]
        self.nf.replace(spec._replace(chains=tuple(made)))

    def masquerade(self, *options: Option) -> None:
        self.rules("nat", POSTROUTING=[rule("MASQUERADE", *options, outside="eth1")])

    def through(self, packet: Any, *, back: bool = False) -> Any:
        """Forward a packet from the inside to the outside, or back; None if it did not get through.

        A packet whose destination is an address of the router is taken in.
        """
        came, goes = (self.eth1, self.eth0) if back else (self.eth0, self.eth1)
        if not self.nf.prerouting(packet, came):
            return None
        if self.is_local(packet.dst):
            return packet if self.nf.input(packet, came) else None
        if packet.dst >> 8 == INSIDE >> 8:
            goes = self.eth0
        if not self.nf.forward(packet, came, goes):
            return None
        return packet if self.nf.postrouting(packet, goes) else None

    def emit(self, packet: Any) -> Any:
        """Send a packet of the router's own to the outside."""
        if self.nf.output(packet, self.eth1) and self.nf.postrouting(packet, self.eth1):
            return packet
        return None

    def wait(self, seconds: float) -> None:
        self.world.run_until(self.world.now + int(seconds * SECOND))

    @property
    def count(self) -> int:
        return sum(1 for _ in self.nf.conntrack.live())


def rule(target: str = "", *options: Option, **fields: Any) -> Rule:
    """A rule: ``matches`` are Parts, ``inside``/``outside`` names, the protocol a number."""
    for name in ("inside", "outside"):
        if name in fields:
            fields[name] = (fields[name], False)
    if "protocol" in fields:
        fields["protocol"] = (fields["protocol"], False)
    return Rule(target=Part(target, options) if target else None, **fields)


def match(name: str, *options: Option) -> Part:
    return Part(name, options)


def udp(src: str, dst: str, data: bytes = b"x") -> IPv4:
    """``udp("10.0.0.2:4000", "198.51.100.7:53")``"""
    (a, sport), (b, dport) = _end(src), _end(dst)
    return IPv4(a, b, 17, UDP(sport, dport, data))


def tcp(src: str, dst: str, flags: str = "S", seq: int = 1000, ack: int = 0, data: bytes = b"",
        window: int = 64240) -> IPv4:  # fmt: skip
    (a, sport), (b, dport) = _end(src), _end(dst)
    bits = sum({"F": 1, "S": 2, "R": 4, "P": 8, "A": 16}[letter] for letter in flags)
    options = TcpOptions(mss=1460, wscale=7) if "S" in flags else ()
    return IPv4(a, b, 6, TCP(sport, dport, seq, ack, bits, window, data, options))


def echo(src: str, dst: str, ident: int = 7, kind: int = 8) -> IPv4:
    return IPv4(ip(src), ip(dst), 1, ICMP(kind, 0, ident << 16 | 1, b"ping"))


def unreachable(src: str, about: IPv4, dst: str = "", code: int = 3) -> IPv4:
    """An ICMP error about a packet as ``src`` received it."""
    quoted = about.pack()[:28]
    return IPv4(ip(src), ip(dst) if dst else about.src, 1, ICMP(3, code, 0, quoted))


def _end(text: str) -> tuple[int, int]:
    address, _, port = text.partition(":")
    return ip(address), int(port)


def ends(packet: Any) -> str:
    """``10.0.0.2:4000 > 198.51.100.7:53``"""
    from minios.abi.inet import ip_text

    p = packet.payload
    if packet.proto == 1:
        return f"{ip_text(packet.src)} > {ip_text(packet.dst)} id {p.rest >> 16}"
    return f"{ip_text(packet.src)}:{p.sport} > {ip_text(packet.dst)}:{p.dport}"
