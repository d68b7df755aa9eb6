"""Neighbours: RTM_NEWNEIGH, RTM_DELNEIGH and RTM_GETNEIGH (rtnetlink(7), arp(7))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from minios.abi import netlink as nl
from minios.abi.errno import Errno, error
from minios.abi.netlink import AF_BRIDGE, NdMsg, Nlmsg
from minios.abi.sockets import AF_INET
from minios.kernel.net.rtnetlink import brport
from minios.kernel.net.rtnetlink.link import find
from minios.net.host import neigh
from minios.net.host.devinet import refuse
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from minios.net.host.neigh import Neighbour
    from minios.net.host.stack import Stack

CENTI = SECOND // 100


def message(entry: Neighbour, kind: int, seq: int, pid: int, flags: int = 0) -> bytes:
    """An entry as a message; ages are in hundredths of a second."""
    now = entry.dev.stack.world.now
    state = entry.nud()
    body = NdMsg(AF_INET, entry.dev.ifindex, state, 0, 1).pack()
    body += nl.ip(nl.NDA_DST, entry.ip)
    if state & neigh.VALID:
        body += nl.mac(nl.NDA_LLADDR, entry.mac)
    ages = [
        min((now - moment) // CENTI, 0xFFFF_FFFF)
        for moment in (entry.confirmed, entry.used, entry.changed_at())
    ]
    body += nl.attribute(nl.NDA_CACHEINFO, struct.pack("<IIII", *ages, len(entry.queue)))
    body += nl.u32(nl.NDA_PROBES, entry.probes)
    return Nlmsg(kind, flags, seq, pid, body).pack()


def get(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """All entries, or one. ENOENT."""
    head = NdMsg.parse(request.body)
    found = nl.attributes(request.body[12:])
    if head.family == AF_BRIDGE:
        return brport.forwarding(stack, request.seq, pid)
    if head.family not in (0, AF_INET):
        return []
    if head.flags & nl.NTF_PROXY:
        return _proxies(stack, request, pid)
    if request.flags & nl.NLM_F_DUMP == nl.NLM_F_DUMP:
        return [
            message(entry, nl.RTM_NEWNEIGH, request.seq, pid, nl.NLM_F_MULTI)
            for entry in stack.neigh.all()
        ]
    entry = find(stack, head.ifindex).neigh.get(nl.address(found.get(nl.NDA_DST, b"")))
    if entry is None:
        raise refuse(Errno.ENOENT, "Neighbour entry not found")
    return [message(entry, nl.RTM_NEWNEIGH, request.seq, pid)]


def _proxies(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    answers: list[bytes] = []
    for name, ip in stack.neigh.proxies:
        device = stack.devices.get(name)
        if device is not None:
            body = NdMsg(AF_INET, device.ifindex, 0, nl.NTF_PROXY, 1).pack()
            body += nl.ip(nl.NDA_DST, ip)
            answers.append(Nlmsg(nl.RTM_NEWNEIGH, nl.NLM_F_MULTI, request.seq, pid, body).pack())
    return answers


def new(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """Make or change an entry. EEXIST EINVAL ENODEV ENOENT ENOBUFS."""
    head = NdMsg.parse(request.body)
    found = nl.attributes(request.body[12:])
    device = find(stack, head.ifindex)
    if head.family == AF_BRIDGE:
        brport.station(stack, device, found, delete=False)
        return []
    if nl.NDA_DST not in found:
        raise refuse(Errno.EINVAL, "Network address not specified")
    ip = nl.address(found[nl.NDA_DST])
    if head.flags & nl.NTF_PROXY:
        stack.neigh.proxies[device.name, ip] = None
        return []
    if nl.NDA_LLADDR in found and len(found[nl.NDA_LLADDR]) != 6:
        raise refuse(Errno.EINVAL, "Invalid link address")
    entry = device.neigh.get(ip)
    if entry is None:
        if not request.flags & nl.NLM_F_CREATE:
            raise error(Errno.ENOENT)
        entry = stack.neigh.find(device, ip)
        if entry is None:
            raise error(Errno.ENOBUFS)
    elif request.flags & nl.NLM_F_EXCL:
        raise error(Errno.EEXIST)
    state = head.state
    mac = nl.address(found[nl.NDA_LLADDR]) if nl.NDA_LLADDR in found else entry.mac
    if state & neigh.VALID and nl.NDA_LLADDR not in found and not entry.nud() & neigh.VALID:
        raise refuse(Errno.EINVAL, "No link layer address given")
    if state in (neigh.DELAY, neigh.PROBE):
        entry.mac = mac
        entry.probe()
    else:
        entry.learn(mac, state, admin=True)
    return []


def delete(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """Forget an entry. ENODEV ENOENT."""
    head = NdMsg.parse(request.body)
    found = nl.attributes(request.body[12:])
    device = find(stack, head.ifindex)
    if head.family == AF_BRIDGE:
        brport.station(stack, device, found, delete=True)
        return []
    if nl.NDA_DST not in found:
        raise refuse(Errno.EINVAL, "Network address not specified")
    ip = nl.address(found[nl.NDA_DST])
    if head.flags & nl.NTF_PROXY:
        if (device.name, ip) not in stack.neigh.proxies:
            raise error(Errno.ENOENT)
        del stack.neigh.proxies[device.name, ip]
        return []
    entry = device.neigh.get(ip)
    if entry is None:
        raise error(Errno.ENOENT)
    stack.neigh.remove(entry)
    return []
