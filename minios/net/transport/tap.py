"""Packet sockets: frames as they pass a device, and frames of one's own (packet(7))."""

from __future__ import annotations

from collections import deque
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from minios.abi.errno import Errno, error
from minios.abi.sockets import (
    PACKET_BROADCAST,
    PACKET_HOST,
    PACKET_MULTICAST,
    PACKET_OTHERHOST,
    PACKET_OUTGOING,
    PacketAddress,
)
from minios.net.host.netdev import BROADCAST, GROUP, NetDevice
from minios.net.transport.endpoint import MEMORY, OVERHEAD, RCVBUF, nobody
from minios.net.wire.ethernet import HEADER, Ethernet
from minios.net.wire.malformed import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable

    from minios.net.host.stack import Stack

ETH_P_ALL = 3
HEADROOM = 4
"""Bytes that a frame may be longer than MTU and header: a VLAN tag."""


class Seen(NamedTuple):
    """A frame that passed: its bytes, from where, and when (the world's time)."""

    data: bytes
    source: PacketAddress
    time: int


class PacketEndpoint:
    """One. ``cooked`` (SOCK_DGRAM) hides the Ethernet header. ``ethertype`` 0 hears nothing, 3
    (ETH_P_ALL) everything, what goes out included; ``ifindex`` 0 listens on all devices."""

    __slots__ = (
        "cooked", "drops", "error", "ethertype", "ifindex", "ino", "listening", "mark", "notify",
        "packets", "promiscuous", "queue", "queued", "rcvbuf", "shut", "stack", "uid",
    )  # fmt: skip

    def __init__(self, stack: Stack, ethertype: int, *, cooked: bool) -> None:
        self.stack = stack
        self.cooked = cooked
        self.ethertype = ethertype
        self.ifindex = 0
        self.notify: Callable[[], None] = nobody
        self.queue: deque[Seen] = deque()
        self.queued = 0
        self.rcvbuf = RCVBUF
        self.error = self.shut = self.ino = self.uid = self.mark = 0
        self.packets = self.drops = 0
        self.promiscuous: list[NetDevice] = []
        self.listening = False
        packet_sockets(stack).append(self)
        self._listen()

    # -- listening -----------------------------------------------------------------------------

    def _listen(self) -> None:
        if self.listening or not self.ethertype:
            return
        self.listening = True
        device = self.stack.device(self.ifindex) if self.ifindex else None
        if device is None:
            self.stack.taps.append(self.see)
            self.stack.settle()
        else:
            device.taps.append(self.see)
            device.settle()

    def _unlisten(self) -> None:
        if not self.listening:
            return
        self.listening = False
        stack = self.stack
        if self.see in stack.taps:
            stack.taps.remove(self.see)
            stack.settle()
        for device in stack.devices.values():
            if self.see in device.taps:
                device.taps.remove(self.see)
                device.settle()

    def bind(self, ifindex: int, ethertype: int) -> None:
        """Listen on one device, or on all (0), and for another type unless 0. ENODEV ENETDOWN."""
        device = None
        if ifindex:
            device = self.stack.device(ifindex)
            if device is None:
                raise error(Errno.ENODEV)
        self._unlisten()
        self.ifindex = ifindex
        self.ethertype = ethertype or self.ethertype
        self._listen()
        if device is not None and not device.up:
            self.error = int(Errno.ENETDOWN)

    def see(self, frame: Ethernet, dev: NetDevice, outgoing: bool) -> None:
        """A frame passes."""
        if self.ethertype not in (ETH_P_ALL, frame.type) or (
            outgoing and self.ethertype != ETH_P_ALL
        ):
            return
        self.packets += 1
        if self.queued > self.rcvbuf or self.stack.datagram_memory > MEMORY:
            self.drops += 1
            return
        if self.cooked:
            payload = frame.payload
            data = payload if payload.__class__ is bytes else payload.pack()
        else:
            data = frame.unpadded() if outgoing or dev.loopback else frame.pack()
        source = PacketAddress(
            dev.ifindex, frame.type, _direction(frame, dev, outgoing), dev.hatype, frame.src
        )
        self._charge(len(data) + OVERHEAD)
        self.queue.append(Seen(data, source, self.stack.world.now))
        self.notify()

    def _charge(self, size: int) -> None:
        self.queued += size
        self.stack.datagram_memory += size

    def receive(self, *, peek: bool = False) -> Seen | None:
        """The next frame; None if there is none."""
        if not self.queue:
            return None
        if peek:
            return self.queue[0]
        seen = self.queue.popleft()
        self._charge(-len(seen.data) - OVERHEAD)
        return seen

    def statistics(self) -> tuple[int, int]:
        """Frames seen and dropped since it was last asked (PACKET_STATISTICS)."""
        counts = (self.packets, self.drops)
        self.packets = self.drops = 0
        return counts

    def promisc(self, ifindex: int, on: bool) -> None:
        """PACKET_MR_PROMISC. ENODEV EADDRNOTAVAIL."""
        device = self.stack.device(ifindex)
        if device is None:
            raise error(Errno.ENODEV)
        if on:
            self.promiscuous.append(device)
            device.promiscuous(1)
        elif device in self.promiscuous:
            self.promiscuous.remove(device)
            device.promiscuous(-1)
        else:
            raise error(Errno.EADDRNOTAVAIL)

    # -- sending -------------------------------------------------------------------------------

    def send(self, data: bytes, dest: PacketAddress | None) -> int:
        """Send a frame, or with ``cooked`` what one carries. EINVAL EMSGSIZE ENETDOWN ENXIO."""
        ifindex = dest.ifindex if dest is not None else self.ifindex
        device = self.stack.device(ifindex)
        if device is None:
            raise error(Errno.ENXIO)
        if not device.up:
            raise error(Errno.ENETDOWN)
        limit = device.mtu + (0 if self.cooked else HEADER)
        if len(data) > limit + HEADROOM or (self.cooked and len(data) > limit):
            raise error(Errno.EMSGSIZE)
        if self.cooked:
            kind = dest.ethertype if dest is not None and dest.ethertype else self.ethertype
            mac = dest.mac if dest is not None else BROADCAST
            data = mac.to_bytes(6, "big") + device.mac.to_bytes(6, "big") + kind.to_bytes(
                2, "big"
            ) + data  # fmt: skip
        if len(data) < HEADER:
            raise error(Errno.EINVAL)
        try:
            frame = Ethernet.parse(data, strict=False)
        except Malformed:
            raise error(Errno.EINVAL) from None
        frame.resize()
        device.xmit(frame)
        return len(data) - (HEADER if self.cooked else 0)

    def close(self) -> None:
        """Nothing reaches it any more."""
        self.notify = nobody
        self._unlisten()
        for device in self.promiscuous:
            device.promiscuous(-1)
        self.promiscuous.clear()
        sockets = packet_sockets(self.stack)
        if self in sockets:
            sockets.remove(self)
        self.queue.clear()
        self._charge(-self.queued)

    def state(self) -> Any:
        """Plain data for the digest."""
        held = blake2b(digest_size=16)
        for seen in self.queue:
            held.update(seen.data)
        return (
            self.cooked, self.ethertype, self.ifindex, self.ino, self.uid, self.error, self.shut,
            self.rcvbuf, self.queued, self.packets, self.drops,
            [device.name for device in self.promiscuous],
            [(tuple(seen.source), seen.time) for seen in self.queue], held.digest(),
        )  # fmt: skip


def _direction(frame: Ethernet, dev: NetDevice, outgoing: bool) -> int:
    if outgoing:
        return PACKET_OUTGOING
    if frame.dst == BROADCAST:
        return PACKET_BROADCAST
    if frame.dst & GROUP:
        return PACKET_MULTICAST
    return PACKET_HOST if frame.dst == dev.mac or dev.loopback else PACKET_OTHERHOST


def packet_sockets(stack: Stack) -> list[PacketEndpoint]:
    """The packet sockets of a stack, in the order of their making."""
    if stack.packet is None:
        made: list[PacketEndpoint] = []
        stack.packet = made
        stack.parts["packet"] = lambda: [endpoint.state() for endpoint in made]
    found: list[PacketEndpoint] = stack.packet
    return found
