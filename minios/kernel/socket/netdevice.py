"""The requests of ioctl(2) that every socket takes: devices, routes and ARP (netdevice(7), arp(7)).

The older way to configure a network, before rtnetlink; ifconfig, route and arp use it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import netdevice as nd
from minios.abi import netlink as nl
from minios.abi.caps import CAP_NET_ADMIN
from minios.abi.errno import Errno, error
from minios.abi.inet import broadcast, mask, prefix_length
from minios.fs.access import capable
from minios.kernel.net.rtnetlink import link
from minios.net.host import fib, neigh
from minios.net.host.address import SCOPE_HOST, SCOPE_LINK, Address
from minios.net.host.bridge import BridgeDevice
from minios.net.host.fib import MASKS, Route
from minios.net.host.netdev import IFF_BROADCAST, NetDevice, Nic
from minios.net.host.veth import Veth
from minios.net.host.vlan import Vlan

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.net.host.stack import Stack

_SETTING = frozenset((
    nd.SIOCSIFFLAGS, nd.SIOCSIFADDR, nd.SIOCSIFDSTADDR, nd.SIOCSIFBRDADDR, nd.SIOCSIFNETMASK,
    nd.SIOCSIFMTU, nd.SIOCSIFNAME, nd.SIOCSIFHWADDR, nd.SIOCSIFTXQLEN, nd.SIOCADDRT,
    nd.SIOCDELRT, nd.SIOCDARP, nd.SIOCSARP,
))  # fmt: skip


def ioctl(kernel: Kernel, pcb: PCB, request: int, argument: Any) -> Any:
    """Answer a request. EADDRNOTAVAIL EEXIST EINVAL ENODEV ENOTTY ENXIO EPERM …"""
    if request in _SETTING and not capable(pcb, CAP_NET_ADMIN):
        raise error(Errno.EPERM)
    stack = kernel.net
    if request == nd.SIOCGIFCONF:
        return [
            (address.label.encode("latin-1"), address.ip)
            for device in stack.devices.values()
            for address in device.addresses
        ]
    if request == nd.SIOCGIFNAME:
        device = stack.device(argument) if isinstance(argument, int) else None
        if device is None:
            raise error(Errno.ENODEV)
        return device.name.encode("latin-1")
    handler = _OTHER.get(request)
    if handler is not None:
        return handler(stack, argument)
    name, value = argument if isinstance(argument, tuple) and len(argument) == 2 else (argument, 0)
    if not isinstance(name, bytes):
        raise error(Errno.EFAULT)
    label = name.decode("latin-1")
    device = stack.devices.get(label.partition(":")[0])
    if device is None:
        raise error(Errno.ENODEV)
    asked = _ASK.get(request)
    if asked is not None:
        return asked(device, label)
    setter = _SET.get(request)
    if setter is None:
        raise error(Errno.ENOTTY)
    if not isinstance(value, int):
        raise error(Errno.EFAULT)
    setter(stack, device, label, value)
    return None


# -- asking ------------------------------------------------------------------------------------


def _address(device: NetDevice, label: str) -> Address:
    """The address that has this label. EADDRNOTAVAIL."""
    for address in device.addresses:
        if address.label == label:
            return address
    raise error(Errno.EADDRNOTAVAIL)


_ASK: dict[int, Callable[[NetDevice, str], int]] = {
    nd.SIOCGIFFLAGS: lambda device, label: device.all_flags() & 0xFFFF,
    nd.SIOCGIFADDR: lambda device, label: _address(device, label).ip,
    nd.SIOCGIFDSTADDR: lambda device, label: _address(device, label).peer,
    nd.SIOCGIFBRDADDR: lambda device, label: _address(device, label).broadcast,
    nd.SIOCGIFNETMASK: lambda device, label: mask(_address(device, label).prefixlen),
    nd.SIOCGIFMETRIC: lambda device, label: 0,
    nd.SIOCGIFMTU: lambda device, label: device.mtu,
    nd.SIOCGIFHWADDR: lambda device, label: device.mac,
    nd.SIOCGIFINDEX: lambda device, label: device.ifindex,
    nd.SIOCGIFTXQLEN: lambda device, label: device.txqueuelen,
}


# -- setting -----------------------------------------------------------------------------------


def _natural(ip: int) -> int:
    """The prefix length of an address's class (RFC 791)."""
    return 8 if ip >> 31 == 0 else 16 if ip >> 30 == 2 else 24 if ip >> 29 == 6 else 32


def _set_address(stack: Stack, device: NetDevice, label: str, ip: int) -> None:
    """The label's address becomes another one; with 0 there is none any more."""
    old = next((each for each in device.addresses if each.label == label), None)
    if old is not None:
        if old.ip == ip:
            return
        stack.inet.remove(device, old)
    if not ip:
        return
    length = 8 if device.loopback else _natural(ip)
    everybody = broadcast(ip, length) if device.flags & IFF_BROADCAST and length < 31 else 0
    scope = SCOPE_HOST if ip >> 24 == 127 else 0
    stack.inet.add(device, Address(ip, length, scope, label, everybody))
    if not device.up:
        stack.inet.up(device)


def _again(stack: Stack, device: NetDevice, old: Address, **changed: Any) -> None:
    """An address with something else about it."""
    values = {
        "prefixlen": old.prefixlen, "broadcast": old.broadcast, "peer": old.peer, **changed
    }  # fmt: skip
    stack.inet.remove(device, old)
    stack.inet.add(
        device,
        Address(
            old.ip, values["prefixlen"], old.scope, old.label, values["broadcast"],
            peer=values["peer"],
        ),
    )  # fmt: skip


def _set_netmask(stack: Stack, device: NetDevice, label: str, netmask: int) -> None:
    old = _address(device, label)
    try:
        length = prefix_length(netmask)
    except ValueError:
        raise error(Errno.EINVAL) from None
    if length == old.prefixlen:
        return
    everybody = old.broadcast
    if everybody == broadcast(old.ip, old.prefixlen):
        everybody = broadcast(old.ip, length)
    _again(stack, device, old, prefixlen=length, broadcast=everybody)


def _set_broadcast(stack: Stack, device: NetDevice, label: str, ip: int) -> None:
    old = _address(device, label)
    if old.broadcast != ip:
        _again(stack, device, old, broadcast=ip)


def _set_peer(stack: Stack, device: NetDevice, label: str, ip: int) -> None:
    _again(stack, device, _address(device, label), peer=ip)


def _set_flags(stack: Stack, device: NetDevice, label: str, flags: int) -> None:
    if ":" in label:
        if not flags & 1:
            stack.inet.remove(device, _address(device, label))
        return
    link.change_flags(stack, device, flags, 0xFFFF & ~0x40)
    stack.link_changed(device)


def _set_link(kind: int) -> Callable[[Stack, NetDevice, str, int], None]:
    """What rtnetlink does for an attribute of a device."""

    def change(stack: Stack, device: NetDevice, label: str, value: int) -> None:
        data = nl.mac(kind, value) if kind == nl.IFLA_ADDRESS else nl.u32(kind, value)
        body = nl.IfInfo(0, 0, device.ifindex).pack() + data
        link.new(stack, nl.Nlmsg(nl.RTM_SETLINK, 0, 0, 0, body), 0)

    return change


_SET: dict[int, Callable[[Stack, NetDevice, str, int], None]] = {
    nd.SIOCSIFADDR: _set_address,
    nd.SIOCSIFNETMASK: _set_netmask,
    nd.SIOCSIFBRDADDR: _set_broadcast,
    nd.SIOCSIFDSTADDR: _set_peer,
    nd.SIOCSIFFLAGS: _set_flags,
    nd.SIOCSIFMTU: _set_link(nl.IFLA_MTU),
    nd.SIOCSIFHWADDR: _set_link(nl.IFLA_ADDRESS),
    nd.SIOCSIFTXQLEN: _set_link(nl.IFLA_TXQLEN),
}


# -- routes and ARP ----------------------------------------------------------------------------


def _entry(stack: Stack, argument: Any) -> Route:
    """The route of a struct rtentry. EINVAL ENODEV."""
    if not isinstance(argument, tuple) or len(argument) != len(nd.RtEntry._fields):
        raise error(Errno.EFAULT)
    entry = nd.RtEntry(*argument)
    length = 32
    if not entry.flags & nd.RTF_HOST:
        try:
            length = prefix_length(entry.genmask)
        except ValueError:
            raise error(Errno.EINVAL) from None
        if entry.dst & ~MASKS[length] & 0xFFFF_FFFF:
            raise error(Errno.EINVAL)
    dev = None
    if entry.dev:
        dev = stack.devices.get(entry.dev.decode("latin-1"))
        if dev is None:
            raise error(Errno.ENODEV)
    route = Route(
        entry.dst, length, dev, entry.gateway if entry.flags & nd.RTF_GATEWAY else 0,
        priority=max(entry.metric - 1, 0), protocol=fib.PROT_BOOT,
    )  # fmt: skip
    if entry.flags & nd.RTF_REJECT:
        route.type, route.scope, route.dev = fib.UNREACHABLE, SCOPE_HOST, None
    elif not route.gateway:
        route.scope = SCOPE_LINK
    if entry.mtu:
        route.metrics = {nl.RTAX_ADVMSS: max(entry.mtu - 40, 1)}
    return route


def _add_route(stack: Stack, argument: Any) -> None:
    route = _entry(stack, argument)
    stack.inet.check(route)
    for known in stack.routes.table(route.table).prefix(route.dst, route.plen):
        if known.priority == route.priority and known.tos == route.tos:
            raise error(Errno.EEXIST)
    stack.routes.insert(route)


def _delete_route(stack: Stack, argument: Any) -> None:
    wanted = _entry(stack, argument)
    entry = nd.RtEntry(*argument)
    for route in stack.routes.table(wanted.table).prefix(wanted.dst, wanted.plen):
        if (
            (not entry.metric or route.priority == wanted.priority)
            and (not wanted.gateway or route.gateway == wanted.gateway)
            and (wanted.dev is None or route.dev is wanted.dev)
            and (not entry.flags & nd.RTF_REJECT or route.type == wanted.type)
        ):
            stack.routes.remove(route)
            return
    raise error(Errno.ESRCH)


def _arp(stack: Stack, argument: Any) -> tuple[nd.ArpReq, NetDevice]:
    """A struct arpreq, and the device it is about: that by which the address is reached. ENODEV
    ENETUNREACH."""
    if not isinstance(argument, tuple) or len(argument) != len(nd.ArpReq._fields):
        raise error(Errno.EFAULT)
    request = nd.ArpReq(*argument)
    if request.dev:
        device = stack.devices.get(request.dev.decode("latin-1"))
        if device is None:
            raise error(Errno.ENODEV)
        return request, device
    route = stack.routes.output(request.pa)
    return request, route.dev


def _set_arp(stack: Stack, argument: Any) -> None:
    request, device = _arp(stack, argument)
    if request.flags & nd.ATF_PUBL:
        stack.neigh.proxies[device.name, request.pa] = None
        return
    if device.loopback:
        raise error(Errno.EINVAL)
    entry = stack.neigh.find(device, request.pa)
    if entry is None:
        raise error(Errno.ENOBUFS)
    state = neigh.PERMANENT if request.flags & nd.ATF_PERM else neigh.STALE
    entry.learn(request.ha, state, admin=True)


def _delete_arp(stack: Stack, argument: Any) -> None:
    request, device = _arp(stack, argument)
    if request.flags & nd.ATF_PUBL:
        if stack.neigh.proxies.pop((device.name, request.pa), False) is False:
            raise error(Errno.ENXIO)
        return
    entry = device.neigh.get(request.pa)
    if entry is None:
        raise error(Errno.ENXIO)
    stack.neigh.remove(entry)


def _get_arp(stack: Stack, argument: Any) -> nd.ArpReq:
    request, device = _arp(stack, argument)
    entry = device.neigh.get(request.pa)
    if entry is None or not entry.nud() & neigh.VALID:
        raise error(Errno.ENXIO)
    flags = nd.ATF_COM | (nd.ATF_PERM if entry.nud() & neigh.PERMANENT else 0)
    return nd.ArpReq(entry.ip, entry.mac, flags, 0, device.name.encode("latin-1"))


# -- ethtool -----------------------------------------------------------------------------------


def _ethtool(stack: Stack, argument: Any) -> Any:
    """SIOCETHTOOL: (name, command). EOPNOTSUPP for what a device cannot tell."""
    if not isinstance(argument, tuple) or len(argument) != 2 or not isinstance(argument[0], bytes):
        raise error(Errno.EFAULT)
    device = stack.devices.get(argument[0].decode("latin-1"))
    if device is None:
        raise error(Errno.ENODEV)
    command = argument[1]
    if command == nd.ETHTOOL_GLINK:
        return int(device.running)
    if command == nd.ETHTOOL_GDRVINFO:
        return _driver(device)
    if command == nd.ETHTOOL_GPERMADDR:
        return device.permanent if isinstance(device, Nic) else 0
    if command == nd.ETHTOOL_GSET:
        return _settings(device)
    if command == nd.ETHTOOL_GSTATS and isinstance(device, Nic):
        return _statistics(device)
    raise error(Errno.EOPNOTSUPP)


def _settings(device: NetDevice) -> nd.LinkSettings:
    if isinstance(device, Nic):
        wire = device.port.wire if device.carrier else None
        speed = wire.spec.rate // 1_000_000 if wire is not None else 0
        return nd.LinkSettings(speed, True, True, "Twisted Pair")
    if isinstance(device, Veth):
        return nd.LinkSettings(10_000, True, False, "Twisted Pair")
    raise error(Errno.EOPNOTSUPP)


def _driver(device: NetDevice) -> nd.DriverInfo:
    if isinstance(device, Nic):
        return nd.DriverInfo(b"minios", b"1.0", b"0000:00:%02x.0" % (device.ifindex + 1), 1)
    if isinstance(device, BridgeDevice):
        return nd.DriverInfo(b"bridge", b"2.3", b"N/A", 0)
    if isinstance(device, Vlan):
        return nd.DriverInfo(b"802.1Q VLAN Support", b"1.8", b"", 0)
    if isinstance(device, Veth):
        return nd.DriverInfo(b"veth", b"1.0", b"", 0)
    raise error(Errno.EOPNOTSUPP)


def _statistics(device: Nic) -> list[tuple[bytes, int]]:
    return [
        (b"rx_packets", device.rx_packets), (b"tx_packets", device.tx_packets),
        (b"rx_bytes", device.rx_bytes), (b"tx_bytes", device.tx_bytes),
        (b"rx_multicast", device.rx_multicast), (b"rx_otherhost", device.rx_otherhost),
        (b"rx_errors", device.rx_errors + device.crc_errors), (b"tx_errors", device.tx_errors),
        (b"rx_dropped", device.rx_dropped), (b"tx_dropped", device.tx_dropped),
        (b"rx_crc_errors", device.crc_errors), (b"tx_no_carrier", device.port.unsent),
    ]  # fmt: skip


_OTHER: dict[int, Callable[[Stack, Any], Any]] = {
    nd.SIOCADDRT: _add_route,
    nd.SIOCDELRT: _delete_route,
    nd.SIOCSARP: _set_arp,
    nd.SIOCDARP: _delete_arp,
    nd.SIOCGARP: _get_arp,
    nd.SIOCETHTOOL: _ethtool,
}
