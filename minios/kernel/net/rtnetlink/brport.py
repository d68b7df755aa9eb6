"""Bridges and their ports: settings, VLANs and the forwarding table (bridge(8), ip-link(8))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from minios.abi import netlink as nl
from minios.abi.errno import Errno, error
from minios.abi.netlink import AF_BRIDGE, IfInfo, NdMsg, Nlmsg
from minios.net.fabric.bridging import DISABLED, BridgePort
from minios.net.fabric.stp import cost_of
from minios.net.host.bridge import SELF, BridgeDevice
from minios.net.host.netdev import Nic
from minios.net.host.veth import Veth
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from minios.net.host.netdev import NetDevice
    from minios.net.host.stack import Stack

CENTI = SECOND // 100


def bridge_data(device: BridgeDevice) -> bytes:
    """IFLA_INFO_DATA of a bridge; times are in hundredths of a second."""
    core = device.core
    stp = core.stp
    return (
        nl.u32(nl.IFLA_BR_FORWARD_DELAY, 1500)
        + nl.u32(nl.IFLA_BR_HELLO_TIME, 200)
        + nl.u32(nl.IFLA_BR_MAX_AGE, 2000)
        + nl.u32(nl.IFLA_BR_AGEING_TIME, core.aging // CENTI)
        + nl.u32(nl.IFLA_BR_STP_STATE, int(stp is not None))
        + nl.u16(nl.IFLA_BR_PRIORITY, stp.ident >> 48 if stp is not None else 32768)
        + nl.u8(nl.IFLA_BR_VLAN_FILTERING, int(device.vlan_filtering))
        + nl.u16(nl.IFLA_BR_VLAN_DEFAULT_PVID, 1)
    )


def port_data(device: NetDevice) -> bytes:
    """IFLA_INFO_SLAVE_DATA of a port."""
    port: BridgePort = device.slave
    # 802.1D numbers the states from disabled 0, listening 1; here they are in that order but for
    # blocking, which is Linux's 4.
    state = (0, 4, 1, 2, 3)[port.state]
    wire = device.port.wire if isinstance(device, Nic) else None
    cost = cost_of(wire.spec.rate) if wire is not None else 100
    return (
        nl.u8(nl.IFLA_BRPORT_STATE, state)
        + nl.u16(nl.IFLA_BRPORT_PRIORITY, 32)
        + nl.u32(nl.IFLA_BRPORT_COST, 2 if isinstance(device, Veth) else cost)
        + nl.u8(nl.IFLA_BRPORT_MODE, 0)
        + nl.u8(nl.IFLA_BRPORT_LEARNING, 1)
        + nl.u8(nl.IFLA_BRPORT_UNICAST_FLOOD, 1)
    )


def change_bridge(device: BridgeDevice, data: dict[int, bytes]) -> None:
    """Set what ``ip link set … type bridge`` says."""
    core = device.core
    if nl.IFLA_BR_AGEING_TIME in data:
        core.aging = nl.number(data[nl.IFLA_BR_AGEING_TIME]) * CENTI
    if nl.IFLA_BR_VLAN_FILTERING in data:
        device.set_filtering(bool(nl.number(data[nl.IFLA_BR_VLAN_FILTERING])))
    if nl.IFLA_BR_STP_STATE in data:
        priority = nl.number(data.get(nl.IFLA_BR_PRIORITY, b"\0\x80")) & 0xFFFF
        device.set_spanning_tree(bool(nl.number(data[nl.IFLA_BR_STP_STATE])), priority)


def change_port(device: NetDevice, data: dict[int, bytes]) -> None:
    """Settings of a port are taken and ignored but for its state."""
    if nl.IFLA_BRPORT_STATE in data:
        state = nl.number(data[nl.IFLA_BRPORT_STATE])
        if not 0 <= state <= 4:
            raise error(Errno.EINVAL)
        if device.slave.state != DISABLED:
            device.slave.state = (0, 2, 3, 4, 1)[state]


def _port(device: NetDevice) -> BridgePort:
    """The port that a device is, a bridge's own for the bridge. EOPNOTSUPP."""
    if isinstance(device, BridgeDevice):
        return device.itself
    if device.master is None:
        raise error(Errno.EOPNOTSUPP)
    port: BridgePort = device.slave
    return port


def dump(stack: Stack, seq: int, pid: int) -> list[bytes]:
    """Bridges and ports with their VLANs (RTM_GETLINK of AF_BRIDGE)."""
    answers: list[bytes] = []
    for device in stack.devices.values():
        if not isinstance(device, BridgeDevice):
            continue
        for each in (*device.ports.values(), device):
            port = _port(each)
            body = IfInfo(AF_BRIDGE, each.hatype, each.ifindex, each.all_flags(), 0).pack()
            body += nl.text(nl.IFLA_IFNAME, each.name) + nl.u32(nl.IFLA_MTU, each.mtu)
            body += nl.u8(nl.IFLA_OPERSTATE, nl.OPERSTATES.index(each.operstate()))
            body += nl.mac(nl.IFLA_ADDRESS, each.mac)
            if each is not device:
                body += nl.u32(nl.IFLA_MASTER, device.ifindex)
                body += nl.attribute(nl.IFLA_PROTINFO, port_data(each))
            body += nl.attribute(nl.IFLA_AF_SPEC, _vlans(port))
            answers.append(Nlmsg(nl.RTM_NEWLINK, nl.NLM_F_MULTI, seq, pid, body).pack())
    return answers


def _vlans(port: BridgePort) -> bytes:
    out = b""
    for vid in sorted(port.vlans):
        flags = nl.BRIDGE_VLAN_INFO_PVID if vid == port.pvid else 0
        if vid in port.untagged:
            flags |= nl.BRIDGE_VLAN_INFO_UNTAGGED
        out += nl.attribute(nl.IFLA_BRIDGE_VLAN_INFO, struct.pack("<HH", flags, vid))
    return out


def change(
    stack: Stack, device: NetDevice, found: dict[int, bytes], *, delete: bool
) -> list[bytes]:
    """``bridge vlan add`` and ``del``. EINVAL EOPNOTSUPP."""
    port = _port(device)
    for kind, data in nl.attribute_list(found.get(nl.IFLA_AF_SPEC, b"")):
        if kind != nl.IFLA_BRIDGE_VLAN_INFO or len(data) < 4:
            continue
        flags, vid = struct.unpack("<HH", data[:4])
        if not 0 < vid < 4095:
            raise error(Errno.EINVAL)
        if delete:
            port.vlans = port.vlans - {vid}
            port.untagged = port.untagged - {vid}
            if port.pvid == vid:
                port.pvid = 0
            continue
        port.vlans = port.vlans | {vid}
        if flags & nl.BRIDGE_VLAN_INFO_PVID:
            port.pvid = vid
        elif port.pvid == vid:
            port.pvid = 0
        if flags & nl.BRIDGE_VLAN_INFO_UNTAGGED:
            port.untagged = port.untagged | {vid}
        else:
            port.untagged = port.untagged - {vid}
    stack.link_changed(device)
    return []


def forwarding(stack: Stack, seq: int, pid: int) -> list[bytes]:
    """The forwarding tables of all bridges, and the groups whose frames each device takes
    (RTM_GETNEIGH of AF_BRIDGE)."""
    rows: dict[int, list[tuple[NdMsg, bytes]]] = {}
    for bridge in stack.devices.values():
        if not isinstance(bridge, BridgeDevice):
            continue
        for heard in bridge.core.table():
            port: Any = bridge.ports.get(heard.port, bridge)
            if heard.port == SELF:
                port = next(
                    (device for device in bridge.ports.values() if device.mac == heard.mac), bridge
                )
            body = nl.mac(nl.NDA_LLADDR, heard.mac) + nl.u32(nl.NDA_MASTER, bridge.ifindex)
            if heard.vid:
                body += nl.u16(nl.NDA_VLAN, heard.vid)
            age = min(heard.age // CENTI, 0xFFFF_FFFF)
            body += nl.attribute(nl.NDA_CACHEINFO, struct.pack("<IIII", 0, age, age, 0))
            state = 0x80 if heard.static else 0x02
            head = NdMsg(AF_BRIDGE, port.ifindex, state, nl.NTF_MASTER, 0)
            rows.setdefault(port.ifindex, []).append((head, body))
    for device in stack.devices.values():
        for group in _groups(device):
            body = nl.mac(nl.NDA_LLADDR, 0x0100_5E00_0000 | group & 0x7F_FFFF)
            head = NdMsg(AF_BRIDGE, device.ifindex, 0x80, nl.NTF_SELF, 0)
            rows.setdefault(device.ifindex, []).append((head, body))
    return [
        Nlmsg(nl.RTM_NEWNEIGH, nl.NLM_F_MULTI, seq, pid, head.pack() + body).pack()
        for index in sorted(rows)
        for head, body in rows[index]
    ]


def _groups(device: NetDevice) -> list[int]:
    """The groups whose frames a device takes, the newest last but all snoopers' first."""
    return [] if device.loopback else sorted(device.groups(), key=lambda group: group & 255 != 106)


def station(stack: Stack, device: NetDevice, found: dict[int, bytes], *, delete: bool) -> None:
    """``bridge fdb add`` and ``del``. EINVAL ENOENT EOPNOTSUPP."""
    port = _port(device)
    core = port.bridge
    mac = nl.address(found.get(nl.NDA_LLADDR, b""))
    if not mac or len(found[nl.NDA_LLADDR]) != 6:
        raise error(Errno.EINVAL)
    vid = nl.number(found.get(nl.NDA_VLAN, b""))
    if vid > 4094:
        raise error(Errno.EINVAL)
    key = vid << 48 | mac
    if delete:
        if key not in core.stations or core.stations[key].port is not port:
            raise error(Errno.ENOENT)
        del core.stations[key]
    elif key in core.stations:
        raise error(Errno.EEXIST)
    else:
        core.add_static(mac, port, key >> 48)
