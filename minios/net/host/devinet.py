"""Addresses of devices, and the routes that follow from them and from a device's being up
(Linux's devinet.c and fib_frontend.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.errno import Errno, error
from minios.net.host import fib
from minios.net.host.address import (
    FOREVER,
    IFA_F_SECONDARY,
    SCOPE_HOST,
    SCOPE_LINK,
    SCOPE_UNIVERSE,
    Address,
    loopback,
)
from minios.net.host.bridge import BridgeDevice
from minios.net.host.fib import MASKS, RTNH_F_LINKDOWN, RTNH_F_ONLINK, Route
from minios.net.host.netdev import IFF_LOOPBACK, IFF_UP
from minios.net.host.vlan import Vlan
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from minios.net.host.netdev import NetDevice
    from minios.net.host.stack import Stack
    from minios.sim.world import Timer

_GOES = {fib.UNICAST: 0, fib.BROADCAST: 1, fib.LOCAL: 2}
"""In which order an address's routes go with it."""

ADDRESSES = 1024
"""Addresses that a device has at most; ENOBUFS."""


class Refused(OSError):
    """Something that cannot be configured, with the kernel's ``words`` (NLMSGERR_ATTR_MSG)."""

    words = ""


def refuse(number: Errno, words: str) -> Refused:
    """The error with its words."""
    refused = Refused(*error(number).args)
    refused.words = words
    return refused


class Devinet:
    """The part of a stack that configures it."""

    __slots__ = ("_expiry", "stack")

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._expiry: dict[tuple[str, int, int], Timer] = {}

    def close(self) -> None:
        """The power is off: no address ends any more, no bridge speaks."""
        for timer in self._expiry.values():
            timer.cancel()
        self._expiry.clear()
        for device in self.stack.devices.values():
            if isinstance(device, BridgeDevice) and device.core.stp is not None:
                device.core.stp.close()

    # -- addresses -----------------------------------------------------------------------------

    def add(self, dev: NetDevice, address: Address, *, replace: bool = False) -> None:
        """``ip address add`` (or ``replace``). EEXIST EINVAL ENOBUFS."""
        address.since = self.stack.world.now
        address.label = address.label or dev.name
        if not address.ip:
            raise error(Errno.EINVAL)
        for known in dev.addresses:
            if (
                known.ip == address.ip
                and known.prefixlen == address.prefixlen
                and known.peer == address.peer
            ):
                if not replace:
                    raise refuse(Errno.EEXIST, "ipv4: Address already assigned")
                known.valid, known.preferred = address.valid, address.preferred
                known.since = address.since
                known.metric = address.metric
                self._lives(dev, known)
                self._tell(dev, known)
                return
        if len(dev.addresses) >= ADDRESSES:
            raise error(Errno.ENOBUFS)
        if loopback(address.ip) and dev.loopback and address.scope == SCOPE_UNIVERSE:
            address.scope = SCOPE_HOST
        address.flags &= ~IFA_F_SECONDARY
        at = 0
        for index, known in enumerate(dev.addresses):
            if not known.secondary and address.scope <= known.scope:
                at = index + 1
            if (
                known.prefixlen == address.prefixlen
                and known.covers(address.peer)
                and not known.secondary
            ):
                address.flags |= IFA_F_SECONDARY
        if address.secondary:
            at = len(dev.addresses)
        dev.addresses.insert(at, address)
        self._lives(dev, address)
        self._tell(dev, address)
        self._local_routes(dev, address)
        if dev.up:
            self._network_routes(dev, address)
        self.stack.routes.changed()
        if dev.up and not dev.loopback and self.stack.sysctl.either(dev.name, "arp_notify"):
            self.stack.arp.announce(dev, address.ip)

    def _lives(self, dev: NetDevice, address: Address) -> None:
        """An address with a lifetime ends by itself (a lease that nobody renews)."""
        key = (dev.name, address.ip, address.prefixlen)
        timer = self._expiry.pop(key, None)
        if timer is not None:
            timer.cancel()
        if address.valid == FOREVER:
            address.flags |= 0x80
            return
        address.flags &= ~0x80
        world = self.stack.world
        self._expiry[key] = world.timer(
            world.now + address.valid * SECOND, self._expired, dev, address
        )

    def _expired(self, dev: NetDevice, address: Address) -> None:
        self._expiry.pop((dev.name, address.ip, address.prefixlen), None)
        if address in dev.addresses:
            self.remove(dev, address)

    def find(
        self, dev: NetDevice, ip: int, prefixlen: int | None = None, peer: int | None = None
    ) -> Address | None:
        """The address of a device."""
        for address in dev.addresses:
            if (
                address.ip == ip
                and (prefixlen is None or address.prefixlen == prefixlen)
                and (peer is None or address.covers(peer))
            ):
                return address
        return None

    def remove(self, dev: NetDevice, address: Address) -> None:
        """``ip address del``: with a primary address go the secondary ones of its network, unless
        promote_secondaries makes the next one primary."""
        stack = self.stack
        gone = [address]
        heirs: list[Address] = []
        if not address.secondary:
            dependent = [
                other
                for other in dev.addresses
                if other.secondary
                and other.prefixlen == address.prefixlen
                and address.covers(other.peer)
            ]
            if dependent and stack.sysctl.either(dev.name, "promote_secondaries"):
                heirs = dependent
            else:
                gone = [*dependent, address]
        for one in gone:
            dev.addresses.remove(one)
            timer = self._expiry.pop((dev.name, one.ip, one.prefixlen), None)
            if timer is not None:
                timer.cancel()
        if heirs:
            heirs[0].flags &= ~IFA_F_SECONDARY
        for one in gone:
            self._tell(dev, one, True)
        self._rebuild(dev)
        for one in gone:
            self._without_source(one.ip)
        if heirs:
            self._tell(dev, heirs[0])
        stack.routes.changed()

    def _rebuild(self, dev: NetDevice) -> None:
        """Make the routes that the kernel keeps for a device's addresses anew."""
        wanted: list[Route] = []
        for address in dev.addresses:
            wanted += self._own(dev, address)
            if dev.up:
                wanted += self._networks(dev, address)
        routes = self.stack.routes
        keep = {route.key() for route in wanted}
        gone = [
            route
            for table in routes.tables.values()
            for route in table
            if route.dev is dev and route.protocol == fib.PROT_KERNEL and route.key() not in keep
        ]
        for route in sorted(gone, key=lambda route: _GOES[route.type]):
            routes.remove(route)
        for route in wanted:
            self._enter(route)
        self._orphans(dev)

    def _without_source(self, ip: int) -> None:
        """Routes that prefer an address which is gone go with it (fib_sync_down_addr)."""
        if not self.stack.is_local(ip):
            self.stack.routes.flush(lambda route: route.src == ip)

    def _orphans(self, dev: NetDevice) -> None:
        """A device without addresses speaks no IP: its routes go (fib_disable_ip)."""
        if not dev.addresses:
            self.stack.routes.flush(lambda route: route.dev is dev)
            self.stack.neigh.flush(dev)

    def _tell(self, dev: NetDevice, address: Address, deleted: bool = False) -> None:
        for watcher in self.stack.address_watchers:
            watcher(dev, address, deleted)

    # -- routes of addresses ---------------------------------------------------------------------

    def _own(self, dev: NetDevice, address: Address) -> list[Route]:
        """The address itself is here."""
        return [
            Route(
                address.ip, 32, dev, type=fib.LOCAL, scope=SCOPE_HOST,
                src=self._primary(dev, address),
                table=fib.TABLE_LOCAL, protocol=fib.PROT_KERNEL,
            )
        ]  # fmt: skip

    @staticmethod
    def _primary(dev: NetDevice, address: Address) -> int:
        """The primary address of a secondary one's network; itself, if it is one."""
        if address.secondary:
            for primary in dev.addresses:
                if (
                    not primary.secondary
                    and primary.prefixlen == address.prefixlen
                    and primary.covers(address.ip)
                ):
                    return primary.ip
        return address.ip

    def _networks(self, dev: NetDevice, address: Address) -> list[Route]:
        """Its network is on the link, and some addresses of that are everybody's."""
        made: list[Route] = []
        plen, ip = address.prefixlen, address.ip
        source = self._primary(dev, address)
        prefix = address.peer & MASKS[plen]

        def everybody(dst: int) -> None:
            made.append(
                Route(
                    dst, 32, dev, type=fib.BROADCAST, scope=SCOPE_LINK, src=source,
                    table=fib.TABLE_LOCAL, protocol=fib.PROT_KERNEL,
                )
            )  # fmt: skip

        if address.broadcast and address.broadcast != 0xFFFF_FFFF:
            everybody(address.broadcast)
        if prefix >> 24 == 0 or address.secondary or (plen == 32 and address.peer == ip):
            return made
        if plen < 32 or prefix != ip:
            local = bool(dev.flags & IFF_LOOPBACK)
            made.append(
                Route(
                    prefix, plen, dev, type=fib.LOCAL if local else fib.UNICAST,
                    scope=SCOPE_HOST if local else SCOPE_LINK, src=ip,
                    table=fib.TABLE_LOCAL if local else fib.TABLE_MAIN,
                    protocol=fib.PROT_KERNEL, priority=address.metric,
                )
            )  # fmt: skip
        if plen < 31:
            everybody(prefix | ~MASKS[plen] & 0xFFFF_FFFF)
        return made

    def _local_routes(self, dev: NetDevice, address: Address) -> None:
        for route in self._own(dev, address):
            self._enter(route)

    def _network_routes(self, dev: NetDevice, address: Address) -> None:
        for route in self._networks(dev, address):
            self._enter(route)

    def _enter(self, route: Route) -> None:
        """Enter a route of the kernel's own, unless it is there."""
        routes = self.stack.routes
        table = routes.table(route.table)
        if not any(route.same(known) for known in table.prefix(route.dst, route.plen)):
            if route.dev is not None and not route.dev.carrier:
                route.flags |= RTNH_F_LINKDOWN
            routes.insert(route)

    # -- devices up and down ---------------------------------------------------------------------

    def up(self, dev: NetDevice) -> None:
        """``ip link set up``."""
        if dev.up:
            return
        dev.flags |= IFF_UP
        try:
            dev.open()
        except OSError:
            dev.flags &= ~IFF_UP
            raise
        self.stack.link_changed(dev)
        if dev.loopback and not dev.addresses:
            self.add(dev, Address(0x7F00_0001, 8, SCOPE_HOST, dev.name))
        for address in dev.addresses:
            self._local_routes(dev, address)
            self._network_routes(dev, address)
        self.stack.routes.changed()
        self._follow(dev)
        if not dev.loopback and self.stack.sysctl.either(dev.name, "arp_notify"):
            for address in dev.addresses:
                self.stack.arp.announce(dev, address.ip)

    def down(self, dev: NetDevice) -> None:
        """``ip link set down``: its routes go, but for those that say which addresses are here."""
        if not dev.up:
            return
        stack = self.stack
        dev.flags &= ~IFF_UP
        dev.stop()
        stack.link_changed(dev)
        stack.routes.flush(lambda route: route.dev is dev and route.scope < SCOPE_HOST)
        stack.neigh.flush(dev)
        stack.routes.changed()
        self._follow(dev)

    def _follow(self, dev: NetDevice) -> None:
        """What is built on a device hears that it went up or down."""
        if dev.master is not None:
            was = dev.master.carrier
            dev.master.follow(dev)
            if dev.master.carrier != was or dev.master.up:
                self.carrier(dev.master)
        for vlan in dev.vlans.values():
            if not dev.up and vlan.up:
                self.down(vlan)
            else:
                self.carrier(vlan)

    def carrier(self, dev: NetDevice) -> None:
        """The other end came or went: routes are marked, neighbours forgotten."""
        stack = self.stack
        up = dev.carrier
        if dev.up and not dev.kind:
            stack.printk(6, f"{dev.name}: Link is {'Up' if up else 'Down'}")
        for table in stack.routes.tables.values():
            for route in table:
                if route.dev is dev and route.type != fib.LOCAL:
                    if up:
                        route.flags &= ~RTNH_F_LINKDOWN
                    else:
                        route.flags |= RTNH_F_LINKDOWN
        if not up:
            stack.neigh.flush(dev, permanent=False)
        dev.settle()
        stack.routes.changed()
        self._follow(dev)
        stack.link_changed(dev)
        if up and dev.up and stack.sysctl.either(dev.name, "arp_notify"):
            for address in dev.addresses:
                stack.arp.announce(dev, address.ip)

    def remove_device(self, dev: NetDevice) -> None:
        """The device is gone, with all that belongs to it."""
        stack = self.stack
        if dev.master is not None:
            dev.master.release(dev)
        self.down(dev)
        for vlan in list(dev.vlans.values()):
            self.remove_device(vlan)
        if isinstance(dev, BridgeDevice):
            for port in list(dev.ports.values()):
                dev.release(port)
        if isinstance(dev, Vlan):
            dev.unregister()
        for address in list(dev.addresses):
            if address in dev.addresses:
                self.remove(dev, address)
        stack.routes.flush(lambda route: route.dev is dev)
        stack.neigh.flush(dev)
        stack.devices.pop(dev.name, None)
        stack.routes.changed()
        stack.link_changed(dev, True)

    # -- routes of the administrator -------------------------------------------------------------

    def add_route(
        self, dst: int, plen: int, gateway: int = 0, device: str = "", metric: int = 0
    ) -> None:
        """``ip route add``, in its simplest form."""
        dev = self.stack.devices[device] if device else None
        route = Route(dst & MASKS[plen], plen, dev, gateway, priority=metric)
        self.check(route)
        self.stack.routes.insert(route)

    def check(self, route: Route) -> None:
        """Whether a new route can be, and what it leaves open: device and scope (fib_check_nh).

        EINVAL ENETDOWN ENETUNREACH ENODEV.
        """
        stack = self.stack
        if route.type in (fib.BLACKHOLE, fib.UNREACHABLE, fib.PROHIBIT, fib.THROW):
            route.dev = None
            return
        if route.type == fib.LOCAL:
            if route.gateway:
                raise refuse(Errno.EINVAL, "Route with host scope can not have a gateway")
            route.scope = SCOPE_HOST
            if route.dev is None:
                raise refuse(Errno.ENODEV, "No egress device")
            return
        dev = route.dev
        if route.gateway:
            if route.flags & RTNH_F_ONLINK:
                if dev is None:
                    raise refuse(Errno.ENODEV, "Nexthop device required for onlink")
                if not dev.up:
                    raise refuse(Errno.ENETDOWN, "Nexthop device is not up")
                return
            near = max(route.scope + 1, SCOPE_LINK)
            found = stack.routes.lookup(
                route.gateway, oif=dev.name if dev is not None else "", scope=near
            )
            if isinstance(found, Route) and found.type not in (fib.UNICAST, fib.LOCAL):
                raise refuse(Errno.EINVAL, "Nexthop has invalid gateway")
            if not isinstance(found, Route):
                if dev is not None and not dev.up:
                    raise refuse(Errno.ENETDOWN, "Device for nexthop is not up")
                raise refuse(Errno.ENETUNREACH, "Nexthop has invalid gateway")
            route.dev = found.dev
            dev = found.dev
            assert dev is not None
            if not dev.up:
                raise refuse(Errno.ENETDOWN, "Nexthop device is not up")
        else:
            if dev is None:
                raise error(Errno.ENODEV)
            if not dev.up:
                raise refuse(Errno.ENETDOWN, "Device for nexthop is not up")
        if not dev.carrier:
            route.flags |= RTNH_F_LINKDOWN
        if route.src and not stack.is_local(route.src):
            raise refuse(Errno.EINVAL, "Invalid prefsrc address")
