"""The network stack of a host: devices, addresses and routes, and the way of a packet through them.

It knows nothing of kernels and processes. A packet comes in by a device (:meth:`Stack.ip_input`),
is for this host (handlers by protocol) or for another (it is forwarded), or is made here
(:meth:`Stack.ip_output`); that way is in :mod:`minios.net.host.ip`. Frames and packets are owned by
who holds them and changed in place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from minios.net.drop import LAYERS, RING, Drop, Dropped
from minios.net.host import fib
from minios.net.host.address import BROADCAST, SCOPE_LINK, Address, loopback, multicast
from minios.net.host.arp import Arp
from minios.net.host.counters import Counters
from minios.net.host.devinet import Devinet
from minios.net.host.fragment import Reassembly
from minios.net.host.icmp import Icmp
from minios.net.host.ip import IpLayer, PacketHandler
from minios.net.host.loopback import Loopback
from minios.net.host.neigh import Neighbours
from minios.net.host.netdev import NetDevice, Nic, Tap
from minios.net.host.route import Dst, Routing
from minios.net.host.settings import Settings
from minios.net.wire.ethernet import Ethernet
from minios.net.wire.ipv4 import IPv4
from minios.sim.canonical import encode
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from minios.net.fabric.port import Port
    from minios.sim.world import World


ErrorHandler = Callable[[int, int, int, IPv4, int, NetDevice], None]
"""Is told what ICMP says of a packet of ours: type, code, second word (MTU …), the packet (its
payload as bytes, at least 8), who says so, and the device it came in by."""


class Stack(IpLayer):
    """One host's. ``ports`` are its network cards.

    ``handlers`` take packets by protocol, ``icmp_errors`` what ICMP reports about them. Others hang
    here what is theirs: ``netfilter``, ``udp``, ``tcp``, ``raw``, ``ping``, ``portspace``.
    ``trail`` is that of the packet being handled (None: nobody follows it), ``receiving`` its frame
    and ``input_device`` the device it came in by.
    """

    def __init__(self, world: World, name: str, ports: Iterable[Port] = ()) -> None:
        self.world = world
        self.name = name
        self.closed = False
        self.sysctl = Settings()
        self.counters = Counters()
        self.dropped: dict[Drop, int] = {}
        """How many of each reason."""
        self.drops: deque[Dropped] = deque(maxlen=RING)
        """The newest ones."""
        self.devices: dict[str, NetDevice] = {}
        self.taps: list[Tap] = []
        """Listeners to all devices; who changes it calls :meth:`settle`."""
        self.trail: Any = None
        self.receiving: Ethernet | None = None
        self.input_device: NetDevice | None = None
        self.neigh = Neighbours(self)
        self.routes = Routing(self)
        self.arp = Arp(self)
        self.icmp = Icmp(self)
        self.reassembly = Reassembly(self)
        self.netfilter: Any = None
        self.raw: Any = None
        """The raw sockets: ``endpoints`` and ``input(packet, dev) -> bool``."""
        self.ping: Any = None
        """The ping sockets: ``input(packet, dev)`` gets echo replies."""
        self.packet: Any = None
        """The packet sockets (minios.net.transport.tap)."""
        self.udp: Any = None
        self.datagram_memory = 0
        """Bytes that lie in the queues of datagram endpoints (minios.net.transport.endpoint)."""
        self.tcp: Any = None
        self.portspace: Any = None
        self.handlers: dict[int, PacketHandler] = {1: self.icmp.receive}
        self.icmp_errors: dict[int, ErrorHandler] = {}
        self.parts: dict[str, Callable[[], Any]] = {}
        """What else belongs to the state: a name, and what gives plain data."""
        self.on_close: list[Callable[[], None]] = []
        """What else has to end with the power."""
        self.link_watchers: list[Callable[[NetDevice, bool], None]] = []
        """Called with a device that was changed, and whether it is gone."""
        self.address_watchers: list[Callable[[NetDevice, Address, bool], None]] = []
        self.printk: Callable[[int, str], None] = _silent
        """The kernel's log: level and text."""
        self.clock: Callable[[], int] = lambda: world.now
        """CLOCK_REALTIME in ns."""
        self._ident = world.stream(f"stack {name} ident").below(0x10000)
        self._ifindex = 0
        self._warned = (world.now, 0)
        self.inet = Devinet(self)
        """Addresses of devices, and what follows from them."""
        self.lo = Loopback(self)
        self.add_device(self.lo)
        for port in ports:
            self.add_device(Nic(self, port, self.next_ifindex()))
        self.inet.up(self.lo)
        for hook in world.instruments.on_stack:
            hook(self)

    # -- devices -------------------------------------------------------------------------------

    def next_ifindex(self) -> int:
        return self._ifindex + 1

    def add_device(self, device: NetDevice) -> None:
        """Register a device; its ifindex is :meth:`next_ifindex`."""
        self._ifindex = max(self._ifindex, device.ifindex)
        self.devices[device.name] = device
        device.settle()
        self.routes.changed()
        self.link_changed(device)

    def add_port(self, port: Port) -> Nic:
        """A network card that is put in while the machine runs; one that is there is left alone."""
        for device in self.devices.values():
            if isinstance(device, Nic) and device.port is port:
                return device
        nic = Nic(self, port, self.next_ifindex())
        self.add_device(nic)
        return nic

    def device(self, ifindex: int) -> NetDevice | None:
        for device in self.devices.values():
            if device.ifindex == ifindex:
                return device
        return None

    def settle(self) -> None:
        """The listeners to all devices changed."""
        for device in self.devices.values():
            device.settle()

    def link_changed(self, device: NetDevice, deleted: bool = False) -> None:
        """Tell who watches devices."""
        for watcher in self.link_watchers:
            watcher(device, deleted)

    def carrier(self, name: str, up: bool) -> None:
        """A cable was plugged in or pulled out."""
        for device in self.devices.values():
            # By the name of the socket in the machine: the interface may be called otherwise now.
            if isinstance(device, Nic) and device.port.name == name and not self.closed:
                device.carrier_changed(up)
                return

    def carrier_changed(self, device: NetDevice) -> None:
        """What Linux does when a device finds or loses its other end."""
        self.inet.carrier(device)

    # -- short forms, for builders and tests -----------------------------------------------------

    def add_address(self, device: str, ip: int, prefixlen: int) -> None:
        """``ip address add``. OSError as it would be."""
        self.inet.add(self.devices[device], Address(ip, prefixlen, label=device))

    def set_up(self, device: str, up: bool = True) -> None:
        """``ip link set up`` or ``down``."""
        if up:
            self.inet.up(self.devices[device])
        else:
            self.inet.down(self.devices[device])

    def add_route(
        self, dst: int, prefixlen: int, gateway: int = 0, device: str = "", metric: int = 0
    ) -> None:
        """``ip route add``. ENETUNREACH if the gateway is on no link."""
        self.inet.add_route(dst, prefixlen, gateway, device, metric)

    def set_sysctl(self, name: str, value: int) -> None:
        """A parameter of :mod:`minios.net.host.settings`; those of routing take effect at once."""
        if name in ("ip_forward", "conf.all.forwarding"):
            for key in [key for key in self.sysctl if key.endswith(".forwarding")]:
                del self.sysctl[key]
            self.sysctl["conf.all.forwarding"] = self.sysctl["conf.default.forwarding"] = value
            name = "ip_forward"
        self.sysctl[name] = value
        self.routes.changed()

    # -- questions -----------------------------------------------------------------------------

    def forwards(self, dev: NetDevice) -> bool:
        """Whether packets that come in by a device are passed on."""
        own = self.sysctl.get(f"conf.{dev.name}.forwarding")
        return bool(self.sysctl["ip_forward"] if own is None else own)

    def is_local(self, ip: int) -> bool:
        """Whether ``ip`` is this host: one of its addresses, or in 127/8."""
        route = self.routes.tables[fib.TABLE_LOCAL].match(ip)
        return route is not None and route.type == fib.LOCAL

    def is_broadcast(self, ip: int) -> bool:
        """Whether ``ip`` is everybody: 255.255.255.255, or of one of its networks."""
        if ip == BROADCAST:
            return True
        route = self.routes.tables[fib.TABLE_LOCAL].match(ip)
        return route is not None and route.type == fib.BROADCAST

    def owner_of(self, ip: int) -> NetDevice | None:
        """The device that has an address."""
        for device in self.devices.values():
            for address in device.addresses:
                if address.ip == ip:
                    return device
        return None

    def select_source(self, dev: NetDevice, dst: int, scope: int = 0) -> int:
        """The address of its own that a packet to ``dst`` by ``dev`` should have; 0 if there is
        none (inet_select_addr: a primary one of the same network, else the first, else that of
        another device)."""
        first = 0
        least = SCOPE_LINK if dst and loopback(dst) else scope
        for address in dev.addresses:
            if address.secondary or (address.scope > min(scope, 254) and address.scope > least):
                continue
            if not dst or address.covers(dst):
                return address.ip
            first = first or address.ip
        if first:
            return first
        for other in self.devices.values():
            for address in other.addresses:
                if not address.secondary and address.scope != SCOPE_LINK and address.scope <= scope:
                    return address.ip
        return 0

    def route(self, dst: int, src: int = 0, oif: str = "", tos: int = 0) -> Dst:
        """Where a packet from here to ``dst`` would go; see :meth:`Routing.output` for errors."""
        return self.routes.output(dst, src, oif, tos)

    # -- frames --------------------------------------------------------------------------------

    def followed(self, frame: Ethernet, dev: NetDevice) -> None:
        """A frame that somebody follows came in: all that it causes belongs to its trail."""
        trail = frame.trail
        trail.add(self.world.now, self.name, "link", "in", dev.name)
        before, self.trail = self.trail, trail
        try:
            dev.take(frame)
        finally:
            self.trail = before

    def not_ours(self, frame: Ethernet, dev: NetDevice) -> None:
        """A frame for another station came by, as on a hub: counted, and no loss."""
        self.dropped[Drop.NOT_FOR_US] = self.dropped.get(Drop.NOT_FOR_US, 0) + 1
        if frame.trail is not None:
            frame.trail.add(
                self.world.now, self.name, "link", "note", f"not for {dev.name} ({self.name})"
            )

    # -- what goes wrong -------------------------------------------------------------------------

    def icmp_error(self, packet: IPv4, type: int, code: int, info: int = 0) -> None:
        """Tell the sender of a packet, as it is now, of an error; see :meth:`Icmp.error`."""
        self.icmp.error(packet, type, code, info)

    def drop(
        self,
        reason: Drop,
        packet: Any,
        dev: NetDevice | None = None,
        detail: str = "",
        rule: str = "",
        layer: str = "",
    ) -> None:
        """Record that a packet or a frame goes no further."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        world = self.world
        summary = packet.summary() if packet is not None else ""
        record = Dropped(
            world.now, self.name, layer or LAYERS[reason], reason, detail, summary, rule
        )
        self.drops.append(record)
        trail = self.trail
        if packet.__class__ is Ethernet and packet.trail is not None:
            trail = packet.trail
        if trail is not None:
            trail.dropped(record)
        hooks = world.instruments.on_drop
        if hooks:
            for hook in hooks:
                hook(record)

    def warn(self, *lines: str) -> None:
        """Tell the kernel's log of something that anybody can cause: ten times in five seconds at
        most (net_ratelimit)."""
        begin, count = self._warned
        now = self.world.now
        if now - begin >= 5 * SECOND:
            begin, count = now, 0
        self._warned = (begin, count + 1)
        if count < 10:
            for line in lines:
                self.printk(4, line)

    # -- the end, and the digest -----------------------------------------------------------------

    def close(self) -> None:
        """The power is off: nothing comes in or goes out any more, and no timer is left."""
        self.closed = True
        for end in self.on_close:
            end()
        self.neigh.close()
        self.reassembly.close()
        self.inet.close()

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            [device.state() for device in self.devices.values()],
            self.routes.state(), self.neigh.state(), self.icmp.state(), self.reassembly.state(),
            dict(self.sysctl), dict(self.counters),
            {reason.name: count for reason, count in self.dropped.items()},
            [record.state() for record in self.drops], self._ident, self._warned,
            self.netfilter.state() if self.netfilter is not None else None,
            [(name, part()) for name, part in self.parts.items()],
        )  # fmt: skip

    def digest(self) -> bytes:
        """The state as bytes."""
        return encode(self.state())


def _silent(level: int, text: str) -> None:
    """Nobody reads the log."""


__all__ = ["Dst", "ErrorHandler", "PacketHandler", "Stack", "multicast"]
