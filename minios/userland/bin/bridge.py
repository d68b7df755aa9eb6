"""bridge (iproute2 6.1): forwarding tables, ports and VLANs of bridges (bridge(8))."""

from __future__ import annotations

import struct

from minios.abi import netlink as nl
from minios.abi.inet import mac_text
from minios.abi.netlink import AF_BRIDGE, IfInfo, NdMsg, Nlmsg
from minios.userland.bin.ip.context import (
    Complaint,
    Device,
    Ip,
    Words,
    duplicate,
    matches,
    unsigned,
)
from minios.userland.bin.ip.link import hardware
from minios.userland.bin.ip.linktext import PORT_STATES, flags_of, full_name
from minios.userland.lib.net.netlink import NetlinkError
from minios.userland.lib.program import Tool, program

USAGE = """
Usage: bridge [ OPTIONS ] OBJECT { COMMAND | help }
where  OBJECT := { link | fdb | vlan }
       OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] |
                    -o[neline] | -c[ompressvlans] }
"""

FDB_USAGE = """
Usage: bridge fdb { add | append | del | replace } ADDR dev DEV
              [ self ] [ master ] [ use ] [ vlan VID ]
              [ local | static | dynamic ]
       bridge fdb [ show [ br BRDEV ] [ brport DEV ] [ vlan VID ]
              [ state STATE ] [ dynamic ] ]
       bridge fdb flush dev DEV
"""

VLAN_USAGE = """
Usage: bridge vlan { add | del } vid VLAN_ID dev DEV
                                                     [ pvid ] [ untagged ]
                                                     [ self ] [ master ]
       bridge vlan { show } [ dev DEV ] [ vid VLAN_ID ]
"""


@program(USAGE)
async def bridge(tool: Tool) -> int:
    """bridge(8)."""
    ip = Ip(tool)
    words = Words([word.decode("latin-1") for word in tool.argv[1:]])
    try:
        while words and words.peek.startswith("-"):
            word = words.take().lstrip("-")
            if matches(word, "statistics") or matches(word, "stats"):
                ip.statistics += 1
            elif matches(word, "details"):
                ip.details = True
            elif matches(word, "oneline"):
                ip.oneline = True
            elif matches(word, "Version"):
                await ip.line("bridge utility, iproute2-6.1.0")
                return 0
            elif matches(word, "help"):
                raise await ip.usage(USAGE)
            elif not matches(word, "compressvlans"):
                await ip.complain(f'Option "-{word}" is unknown, try "bridge help".')
                return 255
        if not words:
            raise await ip.usage(USAGE)
        word = words.take()
        for name, do in (("link", _link), ("fdb", _fdb), ("vlan", _vlan)):
            if matches(word, name):
                return 255 if await do(ip, words) else 0
        if matches(word, "help"):
            raise await ip.usage(USAGE)
        await ip.complain(f'Object "{word}" is unknown, try "bridge help".')
        return 255
    except Complaint as complaint:
        await tool.out.flush()
        if str(complaint):
            await ip.complain(str(complaint))
        return 255


async def _ports(ip: Ip) -> list[Device]:
    """Bridges and their ports, as AF_BRIDGE has them."""
    found = await ip.dump(nl.RTM_GETLINK, IfInfo(AF_BRIDGE).pack())
    return [Device(message) for message in found]


# -- link --------------------------------------------------------------------------------------


async def _link(ip: Ip, words: Words) -> int:
    wanted = ""
    if words:
        word = words.take()
        if matches(word, "set"):
            return await _set_link(ip, words)
        if not (matches(word, "show") or matches(word, "list") or matches(word, "lst")):
            raise Complaint(f'Command "{word}" is unknown, try "bridge link help".', 255)
        while words:
            words.is_next("dev")
            wanted = words.take()
    if wanted:
        await ip.need(wanted)
    for device in await _ports(ip):
        if nl.IFLA_MASTER not in device.attributes or (wanted and device.name != wanted):
            continue
        get = nl.attributes(device.attributes.get(nl.IFLA_PROTINFO, b""))
        state = PORT_STATES[nl.number(get.get(nl.IFLA_BRPORT_STATE, b"")) % 5]
        known = (await ip.devices()).get(device.index, device)
        text = (
            f"{device.index}: {await full_name(ip, known)}: {await flags_of(ip, known)} "
            f"mtu {device.number(nl.IFLA_MTU)} "
            f"master {await ip.name_of(device.number(nl.IFLA_MASTER))} state {state} "
            f"priority {nl.number(get.get(nl.IFLA_BRPORT_PRIORITY, b''))} "
            f"cost {nl.number(get.get(nl.IFLA_BRPORT_COST, b''))} "
        )
        if ip.details:
            text += (
                f"{ip.newline}    hairpin off guard off root_block off fastleave off learning on "
                "flood on mcast_flood on bcast_flood on mcast_router 1 mcast_to_unicast off "
                "neigh_suppress off vlan_tunnel off isolated off locked off "
            )
        await ip.line(text)
    return 0


async def _set_link(ip: Ip, words: Words) -> int:
    device = ""
    data = b""
    while words:
        word = words.take()
        if word == "dev":
            device = words.take()
        elif word in ("cost", "priority", "state"):
            text = words.take()
            value = unsigned(text)
            if value is None and word == "state" and text in PORT_STATES:
                value = PORT_STATES.index(text)
            if value is None:
                raise Complaint(f'Error: argument "{text}" is wrong: invalid {word}')
            kind = {"state": nl.IFLA_BRPORT_STATE, "cost": nl.IFLA_BRPORT_COST}.get(
                word, nl.IFLA_BRPORT_PRIORITY
            )
            data += nl.u32(kind, value)
        elif words:
            words.take()
    if not device:
        raise Complaint("Device is a required argument.", 255)
    index = (await ip.need(device)).index
    info = nl.text(nl.IFLA_INFO_SLAVE_KIND, "bridge") + nl.attribute(nl.IFLA_INFO_SLAVE_DATA, data)
    body = IfInfo(0, 0, index).pack() + nl.attribute(nl.IFLA_LINKINFO, info)
    return await ip.talk(nl.RTM_SETLINK, 0, body)


# -- fdb ---------------------------------------------------------------------------------------


async def _fdb(ip: Ip, words: Words) -> int:
    if not words:
        return await _show_fdb(ip, words)
    word = words.take()
    if matches(word, "add") or matches(word, "append") or matches(word, "replace"):
        return await _change_fdb(ip, words, nl.RTM_NEWNEIGH, nl.NLM_F_CREATE | nl.NLM_F_EXCL)
    if matches(word, "delete"):
        return await _change_fdb(ip, words, nl.RTM_DELNEIGH, 0)
    if matches(word, "show") or matches(word, "list") or matches(word, "lst"):
        return await _show_fdb(ip, words)
    if matches(word, "flush"):
        return await _flush_fdb(ip, words)
    if matches(word, "help"):
        raise await ip.usage(FDB_USAGE)
    raise Complaint(f'Command "{word}" is unknown, try "bridge fdb help".', 255)


async def _stations(ip: Ip) -> list[tuple[NdMsg, dict[int, bytes]]]:
    found: list[Nlmsg] = await ip.dump(nl.RTM_GETNEIGH, NdMsg(AF_BRIDGE).pack())
    return [(NdMsg.parse(each.body), nl.attributes(each.body[12:])) for each in found]


async def _show_fdb(ip: Ip, words: Words) -> int:
    bridge_index = port_index = vid = None
    dynamic = False
    while words:
        word = words.take()
        if word in ("br", "brport", "dev"):
            name = words.take()
            found = await ip.device(name)
            if found is None:
                raise Complaint(f'Cannot find {"bridge " if word == "br" else ""}device "{name}"')
            if word == "br":
                bridge_index = found.index
            else:
                port_index = found.index
        elif word == "vlan":
            vid = unsigned(words.take())
        elif word == "dynamic":
            dynamic = True
        elif word == "state":
            words.take()
        elif matches(word, "help"):
            raise await ip.usage(FDB_USAGE)
    devices = await ip.devices()
    for head, attributes in await _stations(ip):
        master = nl.number(attributes.get(nl.NDA_MASTER, b""))
        tag = nl.number(attributes.get(nl.NDA_VLAN, b""))
        permanent = bool(head.state & 0x80)
        device = devices.get(head.ifindex)
        home = master or (device.number(nl.IFLA_MASTER) if device is not None else 0)
        if (
            (bridge_index is not None and bridge_index not in (home, head.ifindex))
            or (port_index is not None and head.ifindex != port_index)
            or (vid is not None and tag != vid)
            or (dynamic and permanent)
        ):
            continue
        text = f"{mac_text(nl.address(attributes[nl.NDA_LLADDR]))} "
        if port_index is None:
            text += f"dev {await ip.name_of(head.ifindex)} "
        if tag:
            text += f"vlan {tag} "
        if ip.statistics and nl.NDA_CACHEINFO in attributes:
            _, used, updated, _ = struct.unpack("<IIII", attributes[nl.NDA_CACHEINFO][:16])
            text += f"used {used // 100}/{updated // 100} "
        text += f"master {await ip.name_of(master)} " if not head.flags & nl.NTF_SELF else "self "
        text += "permanent" if permanent else ""
        await ip.line(text)
    return 0


async def _change_fdb(ip: Ip, words: Words, kind: int, flags: int) -> int:
    address = device = ""
    vid = 0
    while words:
        word = words.take()
        if word == "dev":
            device = words.take()
        elif matches(word, "vlan"):
            text = words.take()
            found = unsigned(text, 4095)
            if found is None:
                raise Complaint(f'Error: argument "{text}" is wrong: invalid vlan id\n')
            vid = found
        elif word in ("self", "master", "use", "local", "permanent", "static", "dynamic", "temp"):
            continue
        elif matches(word, "help"):
            raise await ip.usage(FDB_USAGE)
        else:
            if address:
                raise duplicate("to", word)
            address = words.take() if word == "to" else word
    if not device or not address:
        raise Complaint("Device and address are required arguments.", 255)
    index = (await ip.need(device)).index
    body = NdMsg(AF_BRIDGE, index, 0x80, nl.NTF_MASTER).pack()
    body += nl.mac(nl.NDA_LLADDR, hardware(address))
    if vid:
        body += nl.u16(nl.NDA_VLAN, vid)
    return await ip.talk(kind, flags, body)


async def _flush_fdb(ip: Ip, words: Words) -> int:
    words.is_next("dev")
    if not words:
        raise Complaint("Device is a required argument.", 255)
    index = (await ip.need(words.take())).index
    for head, attributes in await _stations(ip):
        master = nl.number(attributes.get(nl.NDA_MASTER, b""))
        if head.state & 0x80 or index not in (head.ifindex, master):
            continue
        body = NdMsg(AF_BRIDGE, head.ifindex, 0, nl.NTF_MASTER).pack()
        body += nl.attribute(nl.NDA_LLADDR, attributes[nl.NDA_LLADDR])
        if nl.NDA_VLAN in attributes:
            body += nl.attribute(nl.NDA_VLAN, attributes[nl.NDA_VLAN])
        try:
            await (await ip.netlink()).talk(nl.RTM_DELNEIGH, 0, body)
        except NetlinkError as err:
            await ip.answered(err)
            return 2
    return 0


# -- vlan --------------------------------------------------------------------------------------


async def _vlan(ip: Ip, words: Words) -> int:
    if not words:
        return await _show_vlan(ip, words)
    word = words.take()
    if matches(word, "add"):
        return await _change_vlan(ip, words, nl.RTM_SETLINK)
    if matches(word, "delete"):
        return await _change_vlan(ip, words, nl.RTM_DELLINK)
    if matches(word, "show") or matches(word, "list") or matches(word, "lst"):
        return await _show_vlan(ip, words)
    if matches(word, "help"):
        raise await ip.usage(VLAN_USAGE)
    raise Complaint(f'Command "{word}" is unknown, try "bridge vlan help".', 255)


async def _show_vlan(ip: Ip, words: Words) -> int:
    device = ""
    wanted = None
    while words:
        word = words.take()
        if word == "dev":
            device = words.take()
            await ip.need(device)
        elif word == "vid":
            wanted = unsigned(words.take())
    rows: list[tuple[str, list[str]]] = []
    for port in await _ports(ip):
        if device and port.name != device:
            continue
        lines: list[str] = []
        for kind, data in nl.attribute_list(port.attributes.get(nl.IFLA_AF_SPEC, b"")):
            if kind != nl.IFLA_BRIDGE_VLAN_INFO:
                continue
            flags, vid = struct.unpack("<HH", data[:4])
            if wanted is not None and vid != wanted:
                continue
            text = f"{vid}"
            text += " PVID" if flags & nl.BRIDGE_VLAN_INFO_PVID else ""
            text += " Egress Untagged" if flags & nl.BRIDGE_VLAN_INFO_UNTAGGED else ""
            lines.append(text)
        if lines:
            rows.append((port.name, lines))
    width = max([16, *(len(name) for name, _ in rows)]) if rows else 16
    await ip.line(f"{'port':<{width}}  vlan-id  ")
    for name, lines in rows:
        for number, line in enumerate(lines):
            await ip.line(f"{name if number == 0 else '':<{width}}  {line}")
    return 0


async def _change_vlan(ip: Ip, words: Words, kind: int) -> int:
    device = ""
    vids: tuple[int, int] | None = None
    flags = 0
    while words:
        word = words.take()
        if word == "dev":
            device = words.take()
        elif word == "vid":
            text = words.take()
            first, dash, last = text.partition("-")
            low, high = unsigned(first, 4095), unsigned(last if dash else first, 4095)
            if low is None or high is None or not 0 < low <= high < 4095:
                raise Complaint(f'Error: argument "{text}" is wrong: Invalid VLAN ID "{text}"')
            vids = (low, high)
        elif word == "pvid":
            flags |= nl.BRIDGE_VLAN_INFO_PVID
        elif word == "untagged":
            flags |= nl.BRIDGE_VLAN_INFO_UNTAGGED
        elif word in ("self", "master"):
            continue
        elif matches(word, "help"):
            raise await ip.usage(VLAN_USAGE)
    if not device or vids is None:
        raise Complaint("Device and VLAN ID are required arguments.", 255)
    index = (await ip.need(device)).index
    inner = b"".join(
        nl.attribute(nl.IFLA_BRIDGE_VLAN_INFO, struct.pack("<HH", flags, vid))
        for vid in range(vids[0], vids[1] + 1)
    )
    body = IfInfo(AF_BRIDGE, 0, index).pack() + nl.attribute(nl.IFLA_AF_SPEC, inner)
    return await ip.talk(kind, 0, body)
