"""ARP: asking for hardware addresses and answering for one's own (RFC 826, RFC 5227, arp(7))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.inet import ip_text, mac_text
from minios.net.drop import Drop
from minios.net.host import neigh
from minios.net.host.address import SCOPE_LINK, loopback, multicast
from minios.net.host.netdev import IFF_NOARP
from minios.net.wire.arp import ARP
from minios.net.wire.ethernet import Ethernet
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from minios.net.host.neigh import Neighbour
    from minios.net.host.netdev import NetDevice
    from minios.net.host.stack import Stack

REQUEST = 1
REPLY = 2

BROADCAST = 0xFFFF_FFFF_FFFF
ETH_P_ARP = 0x0806


class Arp:
    """The protocol's part of a stack; what it learns is in the stack's ``neigh``."""

    __slots__ = ("stack",)

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    # -- asking --------------------------------------------------------------------------------

    def solicit(self, neighbour: Neighbour, wanted: int) -> None:
        """Ask for a neighbour's hardware address: everybody, or itself while it is PROBEd.

        ``wanted`` is the source of the packet that waits; arp_announce says whether it is told.
        """
        dev = neighbour.dev
        source = self._announce(dev, wanted, neighbour.ip)
        dst = neighbour.mac if neighbour.state == neigh.PROBE else BROADCAST
        trail = neighbour.queue[0].trail if neighbour.queue else None
        if trail is not None:
            trail = trail.aside()
            text = f"who has {ip_text(neighbour.ip)}?"
            trail.add(self.stack.world.now, self.stack.name, "link", "arp", text)
        self.send(REQUEST, dev, source, neighbour.ip, dst=dst, trail=trail)

    def _announce(self, dev: NetDevice, wanted: int, target: int) -> int:
        """The sender's IP address of a request (arp_announce, ip-sysctl.rst)."""
        stack = self.stack
        level = stack.sysctl.most(dev.name, "arp_announce")
        if (
            wanted
            and stack.is_local(wanted)
            and (
                level == 0
                or (
                    level == 1 and any(a.covers(wanted) and a.covers(target) for a in dev.addresses)
                )
            )
        ):
            return wanted
        return stack.select_source(dev, target, SCOPE_LINK)

    def send(
        self, op: int, dev: NetDevice, spa: int, tpa: int, *, dst: int = BROADCAST, tha: int = 0,
        trail: Any = None,
    ) -> None:  # fmt: skip
        """One ARP packet out of ``dev``, its own hardware address in it."""
        frame = Ethernet(dst, dev.mac, ETH_P_ARP, ARP(op, dev.mac, spa, tha, tpa))
        frame.trail = trail
        dev.xmit(frame)

    def announce(self, dev: NetDevice, ip: int) -> None:
        """A gratuitous ARP: who has ``ip`` cached hears that it is here now (RFC 5227 2.3)."""
        self.send(REQUEST, dev, ip, ip)

    # -- hearing -------------------------------------------------------------------------------

    def receive(self, frame: Ethernet, dev: NetDevice) -> None:
        """An ARP packet came in."""
        packet = frame.payload
        stack = self.stack
        if type(packet) is not ARP:
            stack.drop(Drop.MALFORMED, frame, dev)
            return
        if dev.flags & IFF_NOARP:
            stack.drop(Drop.ARP_IGNORED, frame, dev)
            return
        target, sender = packet.tpa, packet.spa
        if multicast(target) or (
            loopback(target) and not stack.sysctl.either(dev.name, "route_localnet")
        ):
            stack.drop(Drop.MARTIAN, frame, dev)
            return
        if packet.op == REQUEST:
            if self._answers(dev, sender, target):
                if sender:
                    entry = stack.neigh.find(dev, sender)
                    if entry is None:
                        stack.drop(Drop.TABLE_FULL, frame, dev, "the neighbour table")
                        return
                    entry.learn(packet.sha, neigh.STALE)
                if target != sender:
                    trail = stack.trail
                    if trail is not None:
                        text = f"{ip_text(target)} is at {mac_text(dev.mac)}"
                        trail.add(stack.world.now, stack.name, "link", "arp", text)
                    self.send(
                        REPLY, dev, target, sender, dst=packet.sha, tha=packet.sha, trail=trail
                    )
                    return
            elif sender == 0:
                return
        elif packet.op != REPLY:
            stack.drop(Drop.MALFORMED, frame, dev, "neither a request nor a reply")
            return
        if sender:
            self._update(frame, packet, dev)

    def _answers(self, dev: NetDevice, sender: int, target: int) -> bool:
        """Whether this host answers for ``target`` on ``dev`` (arp_ignore, arp_filter,
        proxy_arp)."""
        stack = self.stack
        if sender and sender != target and stack.owner_of(sender) is not None:
            return False
        if stack.is_local(target):
            level = stack.sysctl.most(dev.name, "arp_ignore")
            if level == 1 and not any(a.ip == target for a in dev.addresses):
                return False
            if level == 2 and not any(a.ip == target and a.covers(sender) for a in dev.addresses):
                return False
            if level == 8:
                return False
            if stack.sysctl.either(dev.name, "arp_filter") and sender:
                return stack.routes.device_for(sender) is dev
            return not loopback(target)
        if not stack.forwards(dev) or not sender:
            return False
        proxied = (dev.name, target) in stack.neigh.proxies
        if not proxied and not stack.sysctl.either(dev.name, "proxy_arp"):
            return False
        out = stack.routes.device_for(target)
        return out is not None and (proxied or out is not dev)

    def _update(self, frame: Ethernet, packet: ARP, dev: NetDevice) -> None:
        """Learn from a packet that somebody else sent, if there is an entry to learn for."""
        stack = self.stack
        entry = dev.neigh.get(packet.spa)
        gratuitous = packet.spa == packet.tpa
        if entry is None:
            if not stack.sysctl.either(dev.name, "arp_accept") or not (
                gratuitous or packet.op == REPLY
            ):
                return
            entry = stack.neigh.find(dev, packet.spa)
            if entry is None:
                stack.drop(Drop.TABLE_FULL, frame, dev, "the neighbour table")
                return
        lock = stack.sysctl.neigh(dev.name, "locktime") * SECOND // 100
        answer = packet.op == REPLY and frame.dst == dev.mac
        entry.learn(
            packet.sha,
            neigh.REACHABLE if answer else neigh.STALE,
            override=gratuitous or stack.world.now > entry.updated + lock
            or entry.state == neigh.INCOMPLETE,
        )  # fmt: skip
