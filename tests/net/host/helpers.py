"""What tests of stacks need besides the rig."""

from __future__ import annotations

from typing import Any

from minios.abi.inet import parse_ip
from minios.net.wire.arp import ARP
from minios.net.wire.ethernet import Ethernet
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from minios.sim.world import Timer
from tests.net.rig import Rig

ALL = (1 << 48) - 1


def ask(mac: int, spa: str, tpa: str, *, tha: int = 0, op: int = 1, dst: int = ALL) -> Ethernet:
    """An ARP packet of the station with ``mac``."""
    return Ethernet(dst, mac, 0x0806, ARP(op, mac, parse_ip(spa), tha, parse_ip(tpa)))


def echo(src: str, dst: str, *, seq: int = 1, data: bytes = b"x" * 56, **ip: Any) -> IPv4:
    """A ping."""
    return IPv4(parse_ip(src), parse_ip(dst), 1, ICMP(8, 0, 7 << 16 | seq, data), **ip)


def frame(dst: int, src: int, packet: IPv4) -> Ethernet:
    return Ethernet(dst, src, 0x0800, packet)


def quiet(rig: Rig) -> bool:
    """Whether nothing will happen by itself: what is left are timers that were called off."""
    return all(
        isinstance(owner := getattr(fn, "__self__", None), Timer) and owner.cancelled
        for _, _, fn, _ in rig.world.heap
    )


class Pings:
    """Takes the echo replies of a stack: (time, source, sequence number)."""

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self.got: list[tuple[int, int, int]] = []
        self.errors: list[tuple[int, int, int, int, int]] = []
        stack.ping = self
        stack.icmp_errors[1] = self.error

    def input(self, packet: IPv4, dev: Any) -> None:
        self.got.append((self.stack.world.now, packet.src, packet.payload.rest & 0xFFFF))

    def error(self, type: int, code: int, info: int, quoted: IPv4, offender: int, dev: Any) -> None:
        self.errors.append((self.stack.world.now, type, code, info, offender))

    def send(self, dst: str, **rest: Any) -> None:
        self.stack.ip_output(echo("0.0.0.0", dst, **rest))
