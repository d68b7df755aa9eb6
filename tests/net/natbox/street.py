"""A NAT box between two inside hosts and the outside world, and packets put in by hand.

Inside: ``a`` 10.0.0.2, ``b`` 10.0.0.3. Outside: ``s`` 203.0.113.10, ``t`` 203.0.113.20. The box is
10.0.0.1 and 203.0.113.1 (and whatever else the pool has). Hosts keep what arrives.
"""

from typing import Any

from minios.abi.inet import parse_ip
from minios.net.natbox import NatBox, NatSpec
from minios.net.natbox.mapping import MappingView
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from minios.sim.world import SECOND
from tests.net.netfilter.gate import echo, ends, tcp, udp
from tests.net.rig import Rig

__all__ = ["A", "B", "S", "Street", "T", "W", "echo", "ends", "tcp", "udp"]

A, B, S, T, W = "10.0.0.2", "10.0.0.3", "203.0.113.10", "203.0.113.20", "203.0.113.1"
_NAMES = {A: "a", B: "b", S: "s", T: "t"}


class Street:
    def __init__(self, *, pool: int = 1, mtu: int = 0, **spec: Any) -> None:
        self.rig = rig = Rig()
        rig.switch("lan")
        rig.switch("wan")
        self.box = NatBox(
            rig.network, "home", [(parse_ip("10.0.0.1"), 24)],
            [(parse_ip(W) + n, 24) for n in range(pool)], spec=NatSpec(**spec),
        )  # fmt: skip
        self.got: dict[str, list[Any]] = {name: [] for name in "abst"}
        for ip, name in _NAMES.items():
            inside = name in "ab"
            stack = rig.host(
                name, gateway="10.0.0.1" if inside else "", eth0=f"{ip}/24",
                sysctl={} if inside else {"icmp_ratelimit": 0},
            )  # fmt: skip
            for proto in (1, 6, 17):
                stack.handlers[proto] = self._keeps(name)
            rig.link(f"{name}.eth0", f"{'lan' if inside else 'wan'}.{'abst'.index(name) + 1}")
        rig.link("home.inside", "lan.8")
        rig.link("home.outside", "wan.8")
        if mtu:
            self.box.stack.devices["outside"].mtu = mtu

    def _keeps(self, name: str) -> Any:
        return lambda packet, dev: self.got[name].append(packet)

    def wait(self, seconds: float) -> None:
        self.rig.run(self.rig.world.now + int(seconds * SECOND))

    def send(self, packet: IPv4, by: str = "") -> None:
        """Let the host whose address is the source send a packet, and wait until it is there."""
        from minios.abi.inet import ip_text

        name = by or _NAMES[ip_text(packet.src)]
        self.rig.hosts[name].ip_output(packet)
        self.wait(0.05)

    def take(self, name: str) -> Any:
        """The oldest packet that a host keeps; None if it has got nothing."""
        return self.got[name].pop(0) if self.got[name] else None

    def passes(self, packet: IPv4, to: str) -> str:
        """Send, and say how it arrives at ``to`` (``source > destination``), "" if it does not."""
        self.send(packet)
        found = self.take(to)
        assert all(not kept for kept in self.got.values()), self.got
        return ends(found) if found is not None else ""

    def outside_port(self, packet: IPv4, to: str = "s") -> int:
        """Send, and say from which port it arrives."""
        arrived = self.passes(packet, to)
        assert arrived, self.rig.drops
        return int(arrived.split(" ")[0].split(":")[1])

    def mappings(self) -> list[MappingView]:
        return self.box.mappings()

    @property
    def reasons(self) -> list[str]:
        return [drop.reason.name for drop in self.rig.drops if drop.node == "home"]


def error(src: str, about: IPv4, kind: int = 3, code: int = 3, *, size: int = 28) -> IPv4:
    """An ICMP error of ``src`` about a packet that it got."""
    return IPv4(parse_ip(src), about.src, 1, ICMP(kind, code, 0, about.pack()[:size]))
