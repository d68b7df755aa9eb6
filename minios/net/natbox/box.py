"""The NAT device itself: two ports, a stack between them, and the translation."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from minios.abi.inet import ip_text, mask
from minios.net.fabric.port import Port
from minios.net.host.stack import Stack
from minios.net.natbox.mapping import MappingView
from minios.net.natbox.spec import NatSpec
from minios.net.natbox.translator import Translator

if TYPE_CHECKING:
    from minios.net.fabric.network import Network

INSIDE, OUTSIDE = "inside", "outside"

Prefixes = Sequence[tuple[int, int]]


class NatBox:
    """A home router. ``inside`` and ``outside`` are its addresses there as (address, length); what
    is behind it is translated to the outside ones, of which the first is also its own.

    Networks of the two sides must not overlap (RFC 4787 REQ-7): ValueError.
    """

    def __init__(
        self,
        network: Network,
        name: str,
        inside: Prefixes,
        outside: Prefixes,
        gateway: int = 0,
        spec: NatSpec | None = None,
        mac: int = 0,
    ) -> None:
        self.name = name
        self.network = network
        self.spec = spec if spec is not None else NatSpec()
        self.spec.check()
        if not inside or not outside:
            raise ValueError(f"{name}: it needs an address on each side")
        _apart(name, inside, outside)
        self.ports = {
            side: Port(self, side, (mac + number) if mac else _mac(name, side), network)
            for number, side in enumerate((INSIDE, OUTSIDE))
        }
        self.stack = Stack(network.world, name, list(self.ports.values()))
        for side, prefixes in ((INSIDE, inside), (OUTSIDE, outside)):
            for ip, length in prefixes:
                self.stack.add_address(side, ip, length)
            self.stack.set_up(side)
        self.stack.set_sysctl("ip_forward", 1)
        for conf in ("all", INSIDE, OUTSIDE):
            self.stack.set_sysctl(f"conf.{conf}.send_redirects", 0)
        if gateway:
            self.stack.add_route(0, 0, gateway, OUTSIDE)
        pool = tuple(ip for ip, _ in outside)
        self.nat = Translator(self.stack, self.spec, INSIDE, OUTSIDE, pool)
        self.stack.netfilter = self.nat
        network.add_device(self)

    def carrier(self, port: Port, up: bool) -> None:
        """The cable of a port."""
        self.stack.carrier(port.name, up)

    def mappings(self) -> list[MappingView]:
        """What is mapped now, oldest first."""
        now = self.network.world.now
        views = []
        for mapping in self.nat.table.live():
            endpoint, key = mapping.endpoint, mapping.key
            peer = (0, 0)
            if not mapping.static and len(key) > 3:
                peer = (key[3], key[4] if len(key) > 4 else 0)
            left = None if mapping.static else mapping.expires - now
            views.append(
                MappingView(
                    endpoint.proto, (endpoint.ip, endpoint.port), (mapping.ip, mapping.port),
                    peer, left,
                )
            )  # fmt: skip
        return views

    @property
    def kind(self) -> str:
        """Its class, as ``eim/apdf``."""
        return f"{self.spec.mapping}/{self.spec.filtering}"

    def state(self) -> tuple[Any, ...]:
        """Plain data for the digest."""
        return (self.name, self.stack.state())


def _apart(name: str, inside: Prefixes, outside: Prefixes) -> None:
    for a, a_length in inside:
        for b, b_length in outside:
            wider = mask(min(a_length, b_length))
            if a & wider == b & wider:
                raise ValueError(
                    f"{name}: {ip_text(a)}/{a_length} inside and {ip_text(b)}/{b_length} outside "
                    "overlap"
                )


def _mac(name: str, side: str) -> int:
    """A hardware address of its own, the same in every world."""
    digest = blake2b(f"{name}\0{side}".encode(), digest_size=5).digest()
    return 0x02 << 40 | int.from_bytes(digest, "big")
