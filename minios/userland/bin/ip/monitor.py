"""ip monitor: what changes, as it changes (ip-monitor(8))."""

from __future__ import annotations

from minios.abi import netlink as nl
from minios.abi.netlink import Nlmsg
from minios.userland.bin.ip import addresses, linktext, neighbours, routetext, rules
from minios.userland.bin.ip.context import Complaint, Device, Ip, Words, invalid, matches
from minios.userland.lib.net.netlink import connect

USAGE = """
Usage: ip monitor [ all | OBJECTS ] [ label ] [ dev DEVICE ]
OBJECTS :=  address | link | neigh | route | rule
"""

GROUPS = {
    "link": nl.RTNLGRP_LINK,
    "address": nl.RTNLGRP_IPV4_IFADDR,
    "route": nl.RTNLGRP_IPV4_ROUTE,
    "neigh": nl.RTNLGRP_NEIGH,
    "rule": nl.RTNLGRP_IPV4_RULE,
}

_KINDS = {4: "LINK", 5: "ADDR", 6: "ROUTE", 7: "NEIGH", 8: "RULE"}


async def do(ip: Ip, words: Words) -> int:
    """``ip monitor …``."""
    wanted: list[str] = []
    label = False
    index: int | None = None
    while words:
        word = words.take()
        if word == "label" or matches(word, "all"):
            label = True
        elif word == "dev":
            index = (await ip.need(words.take())).index
        elif word == "file":
            raise invalid(words.take(), "there are no files of events here")
        elif matches(word, "help"):
            raise await ip.usage(USAGE)
        else:
            names = [name for name in GROUPS if matches(word, name)]
            if not names:
                raise Complaint(f'Argument "{word}" is unknown, try "ip monitor help".')
            wanted.append(names[0])
    mask = 0
    for name in wanted or GROUPS:
        mask |= 1 << (GROUPS[name] - 1)
    socket = await connect(ip.tool.sys, groups=mask)
    await ip.devices()
    while True:
        for message in await socket.receive():
            text = await _described(ip, message, index)
            if text:
                prefix = f"[{_KINDS[message.type >> 2]}]" if label else ""
                await ip.line(prefix + text)
        await ip.tool.out.flush()


async def _described(ip: Ip, message: Nlmsg, index: int | None) -> str:
    """One event; empty if it is not about the device asked for."""
    subject, deleted = message.type >> 2, message.type & 3 == 1
    text = "Deleted " if deleted else ""
    known = await ip.devices()
    if subject == 4:
        device = Device(message)
        if index not in (None, device.index):
            return ""
        text += await linktext.heading(ip, device, mode=False, queue=False)
        if deleted:
            known.pop(device.index, None)
        else:
            known[device.index] = device
        return text
    if subject == 5:
        entry = addresses.Entry(message)
        if index not in (None, entry.index):
            return ""
        name = await ip.name_of(entry.index)
        return f"{text}{entry.index}: {name}    {addresses.described(ip, entry)}"
    if subject == 6:
        route = routetext.Entry(message)
        if index not in (None, route.number(nl.RTA_OIF)):
            return ""
        wanted = routetext.Filter()
        wanted.all_tables = True
        return text + await routetext.described(ip, route, wanted)
    if subject == 7:
        neighbour = neighbours.Entry(message)
        if index not in (None, neighbour.head.ifindex):
            return ""
        return text + await neighbours.described(ip, neighbour)
    return text + rules.described(message)
