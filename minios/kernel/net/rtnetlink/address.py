"""Addresses: RTM_NEWADDR, RTM_DELADDR and RTM_GETADDR (rtnetlink(7))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from minios.abi import netlink as nl
from minios.abi.errno import Errno, error
from minios.abi.netlink import IfAddr, Nlmsg
from minios.abi.sockets import AF_INET
from minios.kernel.net.rtnetlink.link import find
from minios.net.host.address import FOREVER, IFA_F_SECONDARY, Address
from minios.net.host.devinet import refuse

if TYPE_CHECKING:
    from minios.net.host.netdev import NetDevice
    from minios.net.host.stack import Stack


def message(
    stack: Stack, device: NetDevice, address: Address, kind: int, seq: int, pid: int, flags: int = 0
) -> bytes:
    """An address as a message."""
    now = stack.world.now
    valid = address.left(address.valid, now)
    preferred = address.left(address.preferred, now)
    told = address.flags | (0x20 if not preferred else 0)
    body = IfAddr(AF_INET, address.prefixlen, told & 255, address.scope, device.ifindex).pack()
    body += nl.ip(nl.IFA_ADDRESS, address.peer) + nl.ip(nl.IFA_LOCAL, address.ip)
    if address.broadcast:
        body += nl.ip(nl.IFA_BROADCAST, address.broadcast)
    body += nl.text(nl.IFA_LABEL, address.label)
    body += nl.u32(nl.IFA_FLAGS, told)
    if address.metric:
        body += nl.u32(nl.IFA_RT_PRIORITY, address.metric)
    stamp = address.since // 10_000_000 & 0xFFFF_FFFF
    body += nl.attribute(nl.IFA_CACHEINFO, struct.pack("<IIII", preferred, valid, stamp, stamp))
    return Nlmsg(kind, flags, seq, pid, body).pack()


def get(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """All addresses. EOPNOTSUPP for other families."""
    head = IfAddr.parse(request.body)
    if head.family not in (0, AF_INET):
        return []
    return [
        message(stack, device, address, nl.RTM_NEWADDR, request.seq, pid, nl.NLM_F_MULTI)
        for device in sorted(stack.devices.values(), key=lambda device: device.ifindex)
        for address in device.addresses
        if not head.ifindex or head.ifindex == device.ifindex
    ]


def new(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """Give a device an address. EEXIST EINVAL ENODEV ENOBUFS."""
    head = IfAddr.parse(request.body)
    found = nl.attributes(request.body[8:])
    _family(head)
    if head.prefixlen > 32:
        raise refuse(Errno.EINVAL, "ipv4: Invalid prefix length")
    if nl.IFA_LOCAL not in found:
        raise refuse(Errno.EINVAL, "ipv4: Local address is not supplied")
    try:
        device = find(stack, head.ifindex)
    except OSError:
        raise refuse(Errno.ENODEV, "ipv4: Device not found") from None
    ip = nl.address(found[nl.IFA_LOCAL])
    preferred, valid = FOREVER, FOREVER
    if nl.IFA_CACHEINFO in found:
        preferred, valid = struct.unpack("<II", found[nl.IFA_CACHEINFO][:8].ljust(8, b"\xff"))
        if not valid:
            raise refuse(Errno.EINVAL, "ipv4: address lifetime invalid")
        if preferred > valid:
            raise refuse(Errno.EINVAL, "ipv4: address lifetime invalid")
    address = Address(
        ip,
        head.prefixlen,
        head.scope,
        nl.string(found.get(nl.IFA_LABEL, b"")) or device.name,
        nl.address(found.get(nl.IFA_BROADCAST, b"")),
        peer=nl.address(found.get(nl.IFA_ADDRESS, found[nl.IFA_LOCAL])),
        valid=valid,
        preferred=preferred,
        metric=nl.number(found.get(nl.IFA_RT_PRIORITY, b"")),
    )
    stack.inet.add(device, address, replace=bool(request.flags & nl.NLM_F_REPLACE))
    return []


def _family(head: IfAddr) -> None:
    if head.family != AF_INET:
        raise error(Errno.EOPNOTSUPP)


def delete(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """Take an address away. EADDRNOTAVAIL ENODEV."""
    head = IfAddr.parse(request.body)
    found = nl.attributes(request.body[8:])
    _family(head)
    try:
        device = find(stack, head.ifindex)
    except OSError:
        raise refuse(Errno.ENODEV, "ipv4: Device not found") from None
    for address in device.addresses:
        if nl.IFA_LOCAL in found and nl.address(found[nl.IFA_LOCAL]) != address.ip:
            continue
        if nl.IFA_LABEL in found and nl.string(found[nl.IFA_LABEL]) != address.label:
            continue
        if nl.IFA_ADDRESS in found and (
            head.prefixlen != address.prefixlen
            or not address.covers(nl.address(found[nl.IFA_ADDRESS]))
        ):
            continue
        stack.inet.remove(device, address)
        return []
    raise refuse(Errno.EADDRNOTAVAIL, "ipv4: Address not found")


__all__ = ["IFA_F_SECONDARY", "delete", "get", "message", "new"]
