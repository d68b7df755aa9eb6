"""Devices: RTM_NEWLINK, RTM_SETLINK, RTM_DELLINK and RTM_GETLINK (rtnetlink(7))."""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import TYPE_CHECKING

from minios.abi import netlink as nl
from minios.abi.errno import Errno, error
from minios.abi.netlink import AF_BRIDGE, IfInfo, Nlmsg
from minios.kernel.net.rtnetlink import brport
from minios.net.host.bridge import BridgeDevice
from minios.net.host.devinet import refuse
from minios.net.host.loopback import Dummy
from minios.net.host.netdev import BROADCAST, GROUP, IFF_UP, MTU_MIN, NetDevice, Nic
from minios.net.host.veth import Veth
from minios.net.host.vlan import Vlan

if TYPE_CHECKING:
    from minios.net.host.stack import Stack

NAME_MAX = 15
DEVICES = 4096
"""Devices that a host has at most. ENFILE."""

_CHANGEABLE = IFF_UP | 0x80 | 0x100 | 0x200 | 0x1000
_STATS = struct.Struct("<25Q")


def find(stack: Stack, index: int, name: str = "") -> NetDevice:
    """The device of an index or, without one, of a name. ENODEV."""
    device = stack.device(index) if index > 0 else stack.devices.get(name)
    if device is None:
        raise error(Errno.ENODEV)
    return device


def qdisc(device: NetDevice) -> str:
    """The queueing discipline, as tc(8) names it."""
    if isinstance(device, Nic):
        return "pfifo_fast" if device.activated else "noop"
    return "noqueue" if device.activated else "noop"


def message(
    stack: Stack, device: NetDevice, kind: int, seq: int, pid: int, flags: int = 0
) -> bytes:
    """A device as a message."""
    body = IfInfo(0, device.hatype, device.ifindex, device.all_flags(), 0).pack()
    state = device.operstate()
    long = 1 << 32
    body += nl.text(nl.IFLA_IFNAME, device.name)
    body += nl.u32(nl.IFLA_TXQLEN, device.txqueuelen)
    body += nl.u8(nl.IFLA_OPERSTATE, nl.OPERSTATES.index(state))
    body += nl.u8(nl.IFLA_LINKMODE, 0)
    body += nl.u32(nl.IFLA_MTU, device.mtu)
    body += nl.u32(nl.IFLA_MIN_MTU, 0 if device.loopback else MTU_MIN)
    body += nl.u32(nl.IFLA_MAX_MTU, 0 if device.loopback else device.mtu_max)
    body += nl.u32(nl.IFLA_GROUP, 0)
    body += nl.u32(nl.IFLA_PROMISCUITY, device.promiscuity)
    body += nl.u32(nl.IFLA_NUM_TX_QUEUES, 1) + nl.u32(nl.IFLA_NUM_RX_QUEUES, 1)
    body += nl.u8(nl.IFLA_CARRIER, int(device.carrier))
    body += nl.text(nl.IFLA_QDISC, qdisc(device))
    body += nl.u32(nl.IFLA_CARRIER_CHANGES, device.carrier_changes)
    body += nl.mac(nl.IFLA_ADDRESS, device.mac)
    body += nl.mac(nl.IFLA_BROADCAST, 0 if device.loopback else BROADCAST)
    figures = (
        device.rx_packets, device.tx_packets, device.rx_bytes, device.tx_bytes,
        device.rx_errors + device.crc_errors, device.tx_errors, device.rx_dropped,
        device.tx_dropped, device.rx_multicast, 0, 0, 0, device.crc_errors,
    )  # fmt: skip
    body += nl.attribute(
        nl.IFLA_STATS64, _STATS.pack(*(figure % (long * long) for figure in figures), *(0,) * 12)
    )
    if isinstance(device, Vlan):
        body += nl.u32(nl.IFLA_LINK, device.lower.ifindex)
    elif isinstance(device, Veth) and device.peer is not None:
        body += nl.u32(nl.IFLA_LINK, device.peer.ifindex)
    if device.alias:
        body += nl.text(nl.IFLA_IFALIAS, device.alias)
    if isinstance(device, Nic):
        body += nl.mac(nl.IFLA_PERM_ADDRESS, device.permanent)
    info = b""
    if device.kind:
        info += nl.text(nl.IFLA_INFO_KIND, device.kind)
    if isinstance(device, Vlan):
        data = nl.attribute(nl.IFLA_VLAN_PROTOCOL, b"\x81\x00") + nl.u16(
            nl.IFLA_VLAN_ID, device.vid
        )
        info += nl.attribute(nl.IFLA_INFO_DATA, data)
    elif isinstance(device, BridgeDevice):
        info += nl.attribute(nl.IFLA_INFO_DATA, brport.bridge_data(device))
    if device.master is not None:
        body += nl.u32(nl.IFLA_MASTER, device.master.ifindex)
        info += nl.text(nl.IFLA_INFO_SLAVE_KIND, "bridge")
        info += nl.attribute(nl.IFLA_INFO_SLAVE_DATA, brport.port_data(device))
    if info:
        body += nl.attribute(nl.IFLA_LINKINFO, info)
    return Nlmsg(kind, flags, seq, pid, body).pack()


def get(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """One device, or all of them. ENODEV."""
    head = IfInfo.parse(request.body)
    found = nl.attributes(request.body[16:])
    if request.flags & nl.NLM_F_DUMP != nl.NLM_F_DUMP:
        device = find(stack, head.ifindex, nl.string(found.get(nl.IFLA_IFNAME, b"")))
        return [message(stack, device, nl.RTM_NEWLINK, request.seq, pid)]
    if head.family == AF_BRIDGE:
        return brport.dump(stack, request.seq, pid)
    return [
        message(stack, device, nl.RTM_NEWLINK, request.seq, pid, nl.NLM_F_MULTI)
        for device in sorted(stack.devices.values(), key=lambda device: device.ifindex)
    ]


def new(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """Make a device, or change one. EBUSY EEXIST EINVAL ENODEV EOPNOTSUPP …"""
    head = IfInfo.parse(request.body)
    found = nl.attributes(request.body[16:])
    if head.family == AF_BRIDGE:
        return brport.change(stack, find(stack, head.ifindex), found, delete=False)
    name = nl.string(found.get(nl.IFLA_IFNAME, b""))
    try:
        device = find(stack, head.ifindex, name)
    except OSError:
        if not request.flags & nl.NLM_F_CREATE:
            raise
        _create(stack, name, found)
        return []
    if request.flags & nl.NLM_F_EXCL:
        raise error(Errno.EEXIST)
    _change(stack, device, head, found, name)
    return []


def _name(stack: Stack, name: str) -> None:
    """EEXIST EINVAL: what a device may be called."""
    if not name or len(name) > NAME_MAX or name in (".", "..") or set(name) & set("/: \t\n"):
        raise error(Errno.EINVAL)
    if name in stack.devices:
        raise error(Errno.EEXIST)


def _mac_for(stack: Stack, name: str) -> int:
    """An address of its own, locally administered, that follows from host and name."""
    digest = blake2b(f"{stack.name}\0{name}".encode(), digest_size=5).digest()
    return 0x02 << 40 | int.from_bytes(digest, "big")


def _unused(stack: Stack, stem: str) -> str:
    number = 0
    while f"{stem}{number}" in stack.devices:
        number += 1
    return f"{stem}{number}"


def _create(stack: Stack, name: str, found: dict[int, bytes]) -> None:
    info = nl.attributes(found.get(nl.IFLA_LINKINFO, b""))
    kind = nl.string(info.get(nl.IFLA_INFO_KIND, b""))
    data = nl.attributes(info.get(nl.IFLA_INFO_DATA, b""))
    if kind not in ("bridge", "vlan", "dummy", "veth"):
        raise refuse(Errno.EOPNOTSUPP, "Unknown device type")
    if len(stack.devices) >= DEVICES:
        raise error(Errno.ENFILE)
    name = name or _unused(stack, {"bridge": "bridge", "vlan": "vlan"}.get(kind, kind))
    _name(stack, name)
    if len(found.get(nl.IFLA_ADDRESS, bytes(6))) != 6:
        raise error(Errno.EINVAL)
    mac = nl.address(found.get(nl.IFLA_ADDRESS, b""))
    if mac & GROUP:
        raise error(Errno.EADDRNOTAVAIL)
    device: NetDevice
    index = stack.next_ifindex()
    if kind == "bridge":
        device = bridge = BridgeDevice(stack, name, index, mac or _mac_for(stack, name))
        bridge.fixed_mac = bool(mac)
        stack.add_device(device)
        brport.change_bridge(bridge, data)
    elif kind == "vlan":
        lower = find(stack, nl.number(found.get(nl.IFLA_LINK, b"")))
        if nl.IFLA_VLAN_ID not in data:
            raise refuse(Errno.EINVAL, "VLAN properties not specified")
        if isinstance(lower, Vlan) or lower.loopback:
            raise refuse(Errno.EOPNOTSUPP, "VLANs not supported on device")
        try:
            device = Vlan(stack, name, index, lower, nl.number(data[nl.IFLA_VLAN_ID]))
        except OSError as err:
            if err.errno == Errno.EEXIST:
                raise refuse(Errno.EEXIST, "VLAN device already exists") from None
            raise refuse(Errno.ERANGE, "Invalid VLAN id") from None
        device.mac = mac or device.mac
        stack.add_device(device)
    elif kind == "dummy":
        device = Dummy(stack, name, index, mac or _mac_for(stack, name))
        stack.add_device(device)
    else:
        device = _veth(stack, name, index, mac, data)
    if nl.IFLA_MTU in found:
        _mtu(stack, device, nl.number(found[nl.IFLA_MTU]))
    if nl.IFLA_MASTER in found:
        _master(stack, device, nl.number(found[nl.IFLA_MASTER]))


def _veth(stack: Stack, name: str, index: int, mac: int, data: dict[int, bytes]) -> NetDevice:
    """A pair; VETH_INFO_PEER (1) describes the other end."""
    peer = nl.attributes(data.get(1, b"")[16:])
    other_name = nl.string(peer.get(nl.IFLA_IFNAME, b"")) or _unused(stack, "veth")
    if other_name == name:
        raise error(Errno.EEXIST)
    _name(stack, other_name)
    other = Veth(stack, other_name, index, _mac_for(stack, other_name))
    stack.add_device(other)
    one = Veth(stack, name, stack.next_ifindex(), mac or _mac_for(stack, name))
    one.peer, other.peer = other, one
    stack.add_device(one)
    return one


def _change(
    stack: Stack, device: NetDevice, head: IfInfo, found: dict[int, bytes], name: str
) -> None:
    info = nl.attributes(found.get(nl.IFLA_LINKINFO, b""))
    if nl.IFLA_INFO_DATA in info and isinstance(device, BridgeDevice):
        brport.change_bridge(device, nl.attributes(info[nl.IFLA_INFO_DATA]))
    if nl.IFLA_INFO_SLAVE_DATA in info and device.master is not None:
        brport.change_port(device, nl.attributes(info[nl.IFLA_INFO_SLAVE_DATA]))
    if nl.IFLA_ADDRESS in found:
        _set_mac(stack, device, found[nl.IFLA_ADDRESS])
    if nl.IFLA_MTU in found:
        _mtu(stack, device, nl.number(found[nl.IFLA_MTU]))
    if head.ifindex > 0 and name and name != device.name:
        _rename(stack, device, name)
    if nl.IFLA_IFALIAS in found:
        device.alias = nl.string(found[nl.IFLA_IFALIAS])[:255]
    if nl.IFLA_TXQLEN in found:
        device.txqueuelen = nl.number(found[nl.IFLA_TXQLEN])
    if nl.IFLA_MASTER in found:
        _master(stack, device, nl.number(found[nl.IFLA_MASTER]))
    if found.keys() - {nl.IFLA_IFNAME} or name not in ("", device.name):
        stack.link_changed(device)
    change_flags(stack, device, head.flags, head.change or 0)


def change_flags(stack: Stack, device: NetDevice, flags: int, change: int) -> None:
    """Set the flags that ``change`` names (dev_change_flags). ENETDOWN."""
    change &= _CHANGEABLE
    if change & 0x100:
        wanted = bool(flags & 0x100)
        if wanted != device.asked_promiscuous:
            device.asked_promiscuous = wanted
            device.promiscuous(1 if wanted else -1)
    rest = change & ~(IFF_UP | 0x100)
    device.flags = device.flags & ~rest | flags & rest
    if change & IFF_UP:
        if flags & IFF_UP:
            stack.inet.up(device)
        else:
            stack.inet.down(device)
    elif rest:
        stack.routes.changed()
        stack.link_changed(device)


def _set_mac(stack: Stack, device: NetDevice, data: bytes) -> None:
    mac = nl.address(data)
    if len(data) != 6:
        raise error(Errno.EINVAL)
    if device.loopback:
        raise error(Errno.EOPNOTSUPP)
    if mac & GROUP or not mac:
        raise error(Errno.EADDRNOTAVAIL)
    if isinstance(device, BridgeDevice):
        device.fixed_mac = True
        device.set_mac(mac)
    else:
        device.mac = mac
    device.settle()
    stack.neigh.flush(device, permanent=False)
    stack.routes.changed()


def _mtu(stack: Stack, device: NetDevice, mtu: int) -> None:
    if not device.loopback and mtu < MTU_MIN:
        raise refuse(Errno.EINVAL, "mtu less than device minimum")
    if mtu > device.mtu_max:
        raise refuse(Errno.EINVAL, "mtu greater than device maximum")
    device.mtu = mtu
    if isinstance(device, BridgeDevice):
        device.fixed_mtu = True
    elif device.master is not None:
        device.master.choose_mtu()
    for vlan in device.vlans.values():
        vlan.mtu = min(vlan.mtu, mtu)
    stack.routes.changed()


def _rename(stack: Stack, device: NetDevice, name: str) -> None:
    _name(stack, name)
    devices = [(name if each is device else each.name, each) for each in stack.devices.values()]
    stack.devices.clear()
    stack.devices.update(devices)
    for address in device.addresses:
        if address.label == device.name:
            address.label = name
    device.name = name
    stack.routes.changed()


def _master(stack: Stack, device: NetDevice, index: int) -> None:
    """Make a device the port of a bridge, or nobody's (0)."""
    if device.master is not None:
        device.master.release(device)
    if index:
        bridge = find(stack, index)
        if not isinstance(bridge, BridgeDevice):
            raise error(Errno.EOPNOTSUPP)
        try:
            bridge.enslave(device)
        except OSError as err:
            if err.errno == Errno.ELOOP:
                raise refuse(Errno.ELOOP, "Can not enslave a bridge to a bridge") from None
            raise
        stack.inet.carrier(bridge)
    stack.routes.changed()


def delete(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """Remove a device that was made. ENODEV EOPNOTSUPP (hardware)."""
    head = IfInfo.parse(request.body)
    found = nl.attributes(request.body[16:])
    if head.family == AF_BRIDGE:
        return brport.change(stack, find(stack, head.ifindex), found, delete=True)
    device = find(stack, head.ifindex, nl.string(found.get(nl.IFLA_IFNAME, b"")))
    if not device.kind:
        raise error(Errno.EOPNOTSUPP)
    if isinstance(device, Veth) and device.peer is not None:
        peer, device.peer = device.peer, None
        peer.peer = None
        stack.inet.remove_device(peer)
    stack.inet.remove_device(device)
    return []
