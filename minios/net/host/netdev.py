"""Network devices: what IP packets leave and come in by (netdevice(7)).

A device hands frames out by ``xmit``, an attribute that is set to what fits its state: to the
port itself, to what shows them to listeners first, or to what drops them while it is down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.net.drop import Drop
from minios.net.wire.arp import ARP
from minios.net.wire.ethernet import Ethernet

if TYPE_CHECKING:
    from minios.net.fabric.port import Port
    from minios.net.host.address import Address
    from minios.net.host.neigh import Neighbour
    from minios.net.host.route import Dst
    from minios.net.host.stack import Stack

IFF_UP = 0x1
IFF_BROADCAST = 0x2
IFF_LOOPBACK = 0x8
IFF_POINTOPOINT = 0x10
IFF_RUNNING = 0x40
IFF_NOARP = 0x80
IFF_PROMISC = 0x100
IFF_ALLMULTI = 0x200
IFF_MULTICAST = 0x1000
IFF_LOWER_UP = 0x10000

ARPHRD_ETHER = 1
ARPHRD_LOOPBACK = 772

ETH_P_IP = 0x0800
ETH_P_ARP = 0x0806
ETH_P_8021Q = 0x8100

BROADCAST = 0xFFFF_FFFF_FFFF
GROUP = 1 << 40
"""The bit of a hardware address that says that it is a group's."""

MTU_MIN = 68
"""RFC 791."""

Tap = Callable[[Ethernet, "NetDevice", bool], None]
"""A listener: the frame (still in use: copy or pack what is kept), the device, and whether it goes
out."""


class NetDevice:
    """What all devices have. ``flags`` are IFF_* but for those that are seen elsewhere.

    ``kind`` is what ``ip -d link`` calls it ("" for hardware); ``master`` the bridge it is a port
    of. ``taps`` are listeners (packet sockets); ``multicast`` how often each group was joined.
    """

    kind = ""
    hatype = ARPHRD_ETHER
    loopback = False
    mtu_max = 65535
    crc_errors = 0
    """Frames with a wrong check sequence since the machine was switched on."""

    def __init__(self, stack: Stack, name: str, ifindex: int, mac: int, mtu: int = 1500) -> None:
        self.stack = stack
        self.name = name
        self.ifindex = ifindex
        self.mac = mac
        self.mtu = mtu
        self.flags = IFF_BROADCAST | IFF_MULTICAST
        self.alias = ""
        self.txqueuelen = 1000
        self.promiscuity = 0
        self.asked_promiscuous = False
        """The administrator wants it to hear everything (IFF_PROMISC)."""
        self.activated = False
        """It was up at least once, and so has a queue."""
        self.addresses: list[Address] = []
        self.neigh: dict[int, Neighbour] = {}
        self.inputs: dict[tuple[int, int], Dst] = {}
        """Where packets with (source, destination) that came in here go: a cache."""
        self.multicast: dict[int, int] = {}
        self.taps: list[Tap] = []
        self.vlans: dict[int, Any] = {}
        """The 802.1Q devices on top, by VLAN id."""
        self.master: Any = None
        self.slave: Any = None
        """What the bridge keeps of it, if there is one."""
        self.handler: Callable[[Ethernet], None] | None = None
        """Who takes all frames before IP does (a bridge)."""
        self.rx_packets = self.rx_bytes = self.rx_errors = self.rx_dropped = 0
        self.rx_multicast = self.rx_otherhost = 0
        self.tx_packets = self.tx_bytes = self.tx_errors = self.tx_dropped = 0
        self.carrier_changes = 0
        self.xmit: Callable[[Ethernet], None] = self._down

    # -- state ---------------------------------------------------------------------------------

    @property
    def up(self) -> bool:
        """Switched on by the administrator."""
        return bool(self.flags & IFF_UP)

    @property
    def carrier(self) -> bool:
        """There is something at the other end."""
        return True

    @property
    def running(self) -> bool:
        return self.up and self.carrier

    def all_flags(self) -> int:
        """The flags as rtnetlink shows them."""
        flags = self.flags & ~(IFF_RUNNING | IFF_LOWER_UP)
        if self.up and self.carrier:
            flags |= IFF_RUNNING | IFF_LOWER_UP
        if self.asked_promiscuous:
            flags |= IFF_PROMISC
        return flags

    def operstate(self) -> str:
        """RFC 2863's ifOperStatus, as ip(8) prints it."""
        if not self.up:
            return "DOWN"
        return "UP" if self.carrier else "DOWN"

    def open(self) -> None:
        """It was set up. OSError (ENETDOWN …) if that cannot be."""
        self.activated = True
        self.settle()

    def stop(self) -> None:
        """It was set down."""
        self.settle()

    def settle(self) -> None:
        """Make ``xmit`` and the way in fit flags, listeners, bridge and VLANs."""
        if not self.flags & IFF_UP:
            self.xmit = self._down
        elif self.taps or self.stack.taps:
            self.xmit = self._shown
        else:
            self.xmit = self.transmit

    def promiscuous(self, by: int) -> None:
        """Count who wants to hear everything."""
        before = bool(self.promiscuity)
        self.promiscuity += by
        if before != bool(self.promiscuity):
            entered = "entered" if self.promiscuity else "left"
            self.stack.printk(6, f"device {self.name} {entered} promiscuous mode")
            self.stack.link_changed(self)
        self.settle()

    def joined(self, group: int) -> bool:
        """Whether packets for a multicast group are wanted (224.0.0.1 always is)."""
        return group in self.multicast or group == 0xE000_0001

    def groups(self) -> dict[int, int]:
        """The groups that are listened to, and how often each was joined; none while it is down."""
        return {0xE000_0001: 1, **self.multicast} if self.up else {}

    # -- frames --------------------------------------------------------------------------------

    def transmit(self, frame: Ethernet) -> None:
        """Send a frame, counted."""
        raise NotImplementedError

    def _shown(self, frame: Ethernet) -> None:
        for tap in (*self.stack.taps, *self.taps):
            tap(frame, self, True)
        self.transmit(frame)

    def _down(self, frame: Ethernet) -> None:
        self.tx_dropped += 1
        self.stack.drop(Drop.NIC_DOWN, frame, self, f"{self.name} is down")

    def receive(self, frame: Ethernet) -> None:
        """A frame came in: from the cable, or from a device on top of which this one is."""
        if not self.flags & IFF_UP:
            self.rx_dropped += 1
            self.stack.drop(Drop.NIC_DOWN, frame, self, f"{self.name} is down")
            return
        stack = self.stack
        dst = frame.dst
        if dst != self.mac and (not dst & GROUP) and not self.promiscuity:
            self.rx_otherhost += 1
            stack.not_ours(frame, self)
            return
        self.rx_packets += 1
        self.rx_bytes += frame.size
        if frame.trail is not None:
            stack.followed(frame, self)
            return
        self.take(frame)

    def take(self, frame: Ethernet) -> None:
        """A frame that the hardware has let in goes to whom it is for."""
        stack = self.stack
        dst = frame.dst
        if dst & GROUP:
            self.rx_multicast += dst != BROADCAST
        if self.taps or stack.taps:
            for tap in (*stack.taps, *self.taps):
                tap(frame, self, False)
        if frame.vlan is not None and self._untag(frame):
            return
        handler = self.handler
        if handler is not None:
            handler(frame)
            return
        if dst != self.mac and not dst & GROUP:
            self.rx_otherhost += 1
            stack.not_ours(frame, self)
            return
        stack.receiving = frame
        kind = frame.type
        if kind == ETH_P_IP:
            stack.ip_input(frame, self)
        elif kind == ETH_P_ARP:
            stack.arp.receive(frame, self)
        else:
            self.rx_dropped += 1
            stack.drop(Drop.UNKNOWN_PROTOCOL, frame, self, f"ethertype 0x{kind:04x}")
        stack.receiving = None

    def _untag(self, frame: Ethernet) -> bool:
        """Whether a tagged frame belonged to a VLAN device, or to nobody."""
        tag = frame.vlan
        assert tag is not None
        vid = tag & 0xFFF
        device = self.vlans.get(vid)
        if device is not None:
            frame.vlan = None
            frame.size = max(frame.size - 4, 60)
            device.receive(frame)
            return True
        if vid == 0 and self.handler is None:
            frame.vlan = None
            return False
        if self.handler is not None:
            return False
        self.rx_dropped += 1
        self.stack.drop(Drop.VLAN, frame, self, f"nobody is in VLAN {vid} here")
        return True

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self.kind, self.name, self.ifindex, self.mac, self.mtu, self.flags, self.alias,
            self.txqueuelen, self.promiscuity, [address.state() for address in self.addresses],
            self.multicast, self.master.name if self.master is not None else "",
            self.rx_packets, self.rx_bytes, self.rx_errors, self.rx_dropped, self.rx_multicast,
            self.tx_packets, self.tx_bytes, self.tx_errors, self.tx_dropped, self.carrier_changes,
        )  # fmt: skip


class Nic(NetDevice):
    """Hardware: a port of the machine with a cable in it, or without."""

    mtu_max = 9216

    def __init__(self, stack: Stack, port: Port, ifindex: int) -> None:
        super().__init__(stack, port.name, ifindex, port.mac)
        self.port = port
        self.permanent = port.mac
        self._bad_before = port.bad_frames
        self._foreign = (0, -1)
        """An address that is no business of ours, as of a generation of the routes."""
        self._was = port.up
        self.settle()

    @property
    def crc_errors(self) -> int:  # type: ignore[override]
        """The card counts them."""
        return self.port.bad_frames - self._bad_before

    @property
    def carrier(self) -> bool:
        return self.port.up

    def carrier_changed(self, up: bool) -> None:
        """The cable was plugged in or pulled out."""
        if up != self._was:
            self._was = up
            self.carrier_changes += 1
            self.stack.carrier_changed(self)

    def settle(self) -> None:
        super().settle()
        stack = self.stack
        plain = (
            self.flags & IFF_UP
            and not self.promiscuity
            and not self.taps
            and not stack.taps
            and not self.vlans
            and self.handler is None
            and not stack.closed
        )
        self.port.receive = self._plain if plain else self.receive

    def transmit(self, frame: Ethernet) -> None:
        self.tx_packets += 1
        self.tx_bytes += frame.size
        self.port.send(frame)

    def _plain(self, frame: Ethernet) -> None:
        """The short way in of an untagged IP packet to this station, when nobody listens."""
        if (
            frame.dst == self.mac
            and frame.type == ETH_P_IP
            and frame.trail is None
            and frame.vlan is None
        ):
            self.rx_packets += 1
            self.rx_bytes += frame.size
            stack = self.stack
            stack.receiving = frame
            stack.ip_input(frame, self)
            stack.receiving = None
            return
        packet = frame.payload
        if packet.__class__ is not ARP or frame.dst != BROADCAST:
            self.receive(frame)
        elif self._overheard(frame, packet):
            self.rx_packets += 1
            self.rx_bytes += frame.size
        else:
            self.receive(frame)
            stack = self.stack
            asked = packet.tpa
            if not (stack.is_local(asked) or stack.forwards(self)) and 0 < asked >> 24 < 224:
                self._foreign = (asked, stack.routes.generation)

    def _overheard(self, frame: Ethernet, packet: ARP) -> bool:
        """Whether a question is for another host and says nothing that is to be remembered, as
        most of them on a large LAN; found out by comparing with the last such one.
        """
        asked, at = self._foreign
        return (
            packet.tpa == asked
            and at == self.stack.routes.generation
            and packet.op == 1
            and packet.spa != asked
            and packet.spa not in self.neigh
            and frame.trail is None
            and frame.vlan is None
            and not self.flags & IFF_NOARP
        )
