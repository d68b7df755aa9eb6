"""ip link: devices (ip-link(8))."""

from __future__ import annotations

import struct
from typing import Any

from minios.abi import netlink as nl
from minios.abi.inet import mac_text
from minios.abi.netlink import IfInfo
from minios.userland.bin.ip.context import (
    Complaint,
    Device,
    Ip,
    Words,
    check_name,
    duplicate,
    invalid,
    matches,
    unsigned,
)
from minios.userland.bin.ip.names import link_flags

USAGE = """
Usage: ip link add [link DEV] [ name ] NAME
                    [ txqueuelen PACKETS ]
                    [ address LLADDR ]
                    [ mtu MTU ]
                    type TYPE [ ARGS ]

        ip link delete { DEVICE | dev DEVICE } type TYPE [ ARGS ]

        ip link set { DEVICE | dev DEVICE }
                        [ { up | down } ]
                        [ type TYPE ARGS ]
                [ arp { on | off } ]
                [ multicast { on | off } ]
                [ allmulticast { on | off } ]
                [ promisc { on | off } ]
                [ txqueuelen PACKETS ]
                [ name NEWNAME ]
                [ address LLADDR ]
                [ mtu MTU ]
                [ alias NAME ]
                [ master DEVICE ]
                [ nomaster ]

        ip link show [ DEVICE ] [up] [master DEV] [type TYPE] [nomaster]

        ip link help [ TYPE ]

TYPE := { bridge | dummy | veth | vlan }
"""

_STATS = struct.Struct("<25Q")
_SUFFIXES = ("", "K", "M", "G", "T", "P")


def state_of(device: Device) -> str:
    return nl.OPERSTATES[device.number(nl.IFLA_OPERSTATE) % len(nl.OPERSTATES)]


async def full_name(ip: Ip, device: Device) -> str:
    """``eth0.5@eth0``."""
    lower = device.number(nl.IFLA_LINK, -1)
    if lower < 0:
        return device.name
    return f"{device.name}@{await ip.name_of(lower) if lower else 'NONE'}"


async def flags_of(ip: Ip, device: Device) -> str:
    lower = (await ip.devices()).get(device.number(nl.IFLA_LINK))
    return link_flags(device.flags, lower_down=lower is not None and not lower.flags & 1)


async def heading(ip: Ip, device: Device, *, mode: bool, queue: bool = True) -> str:
    """The lines about the device itself, without the last newline."""
    parts = [f"{device.index}: {await full_name(ip, device)}: {await flags_of(ip, device)}"]
    parts.append(f"mtu {device.number(nl.IFLA_MTU)}")
    parts.append(f"qdisc {nl.string(device.attributes.get(nl.IFLA_QDISC, b''))}")
    master = device.number(nl.IFLA_MASTER)
    if master:
        parts.append(f"master {await ip.name_of(master)}")
    parts.append(f"state {state_of(device)}")
    if mode:
        parts.append("mode DEFAULT")
    parts.append("group default")
    length = device.number(nl.IFLA_TXQLEN)
    text = " ".join(parts) + " "
    if queue and length:
        text += f"qlen {length}"
    text += f"{ip.newline}    {link_layer(device)}"
    if ip.details:
        text += details(device, ip.newline)
    alias = device.attributes.get(nl.IFLA_IFALIAS)
    if alias is not None:
        text += f"{ip.newline}    alias {nl.string(alias)}"
    return text


def link_layer(device: Device) -> str:
    kind = "loopback" if device.hatype == 772 else "ether"
    mac = nl.address(device.attributes.get(nl.IFLA_ADDRESS, bytes(6)))
    broadcast = nl.address(device.attributes.get(nl.IFLA_BROADCAST, bytes(6)))
    text = f"link/{kind} {mac_text(mac)} brd {mac_text(broadcast)}"
    permanent = device.attributes.get(nl.IFLA_PERM_ADDRESS)
    if permanent is not None and nl.address(permanent) != mac:
        text += f" permaddr {mac_text(nl.address(permanent))}"
    return text


def details(device: Device, newline: str) -> str:
    """What -d adds."""
    text = (
        f" promiscuity {device.number(nl.IFLA_PROMISCUITY)}  allmulti 0 "
        f"minmtu {device.number(nl.IFLA_MIN_MTU)} maxmtu {device.number(nl.IFLA_MAX_MTU)} "
    )
    data = nl.attributes(device.info.get(nl.IFLA_INFO_DATA, b""))
    kind = device.kind
    if kind == "vlan":
        vid = nl.number(data.get(nl.IFLA_VLAN_ID, b""))
        text += f"{newline}    vlan protocol 802.1Q id {vid} <REORDER_HDR> "
    elif kind == "bridge":
        mac = mac_text(nl.address(device.attributes.get(nl.IFLA_ADDRESS, bytes(6))))
        mac = ":".join(f"{int(part, 16):x}" for part in mac.split(":"))
        get = {key: nl.number(value) for key, value in data.items()}
        priority = get.get(nl.IFLA_BR_PRIORITY, 32768)
        text += (
            f"{newline}    bridge forward_delay {get.get(nl.IFLA_BR_FORWARD_DELAY, 0)} "
            f"hello_time {get.get(nl.IFLA_BR_HELLO_TIME, 0)} "
            f"max_age {get.get(nl.IFLA_BR_MAX_AGE, 0)} "
            f"ageing_time {get.get(nl.IFLA_BR_AGEING_TIME, 0)} "
            f"stp_state {get.get(nl.IFLA_BR_STP_STATE, 0)} priority {priority} "
            f"vlan_filtering {get.get(nl.IFLA_BR_VLAN_FILTERING, 0)} "
            f"bridge_id {priority:04x}.{mac} designated_root {priority:04x}.{mac} "
        )
    elif kind:
        text += f"{newline}    {kind} "
    if nl.IFLA_INFO_SLAVE_DATA in device.info:
        get = {
            key: nl.number(value)
            for key, value in nl.attributes(device.info[nl.IFLA_INFO_SLAVE_DATA]).items()
        }
        state = PORT_STATES[get.get(nl.IFLA_BRPORT_STATE, 0) % 5]
        text += (
            f"{newline}    bridge_slave state {state} "
            f"priority {get.get(nl.IFLA_BRPORT_PRIORITY, 0)} "
            f"cost {get.get(nl.IFLA_BRPORT_COST, 0)} hairpin off guard off root_block off "
            f"fastleave off learning on flood on "
        )
    return text + (
        f"numtxqueues {device.number(nl.IFLA_NUM_TX_QUEUES)} "
        f"numrxqueues {device.number(nl.IFLA_NUM_RX_QUEUES)} "
        "gso_max_size 65536 gso_max_segs 65535 tso_max_size 65536 tso_max_segs 65535 "
        "gro_max_size 65536 "
    )


PORT_STATES = ("disabled", "listening", "learning", "forwarding", "blocking")


_FIGURES = (
    "rx_packets tx_packets rx_bytes tx_bytes rx_errors tx_errors rx_dropped tx_dropped multicast "
    "collisions rx_length_errors rx_over_errors rx_crc_errors rx_frame_errors rx_fifo_errors "
    "rx_missed_errors tx_aborted_errors tx_carrier_errors tx_fifo_errors tx_heartbeat_errors "
    "tx_window_errors"
)


def figures(device: Device) -> dict[str, int]:
    """The counters of IFLA_STATS64."""
    data = device.attributes.get(nl.IFLA_STATS64, b"").ljust(200, b"\0")
    return dict(zip(_FIGURES.split(), _STATS.unpack_from(data), strict=False))


def _human(ip: Ip, number: int) -> str:
    if not ip.human or number < 1000:
        return str(number)
    power = 0
    scaled = number * 100
    while scaled >= 100_000 and power < 5:
        scaled //= 1000
        power += 1
    whole, rest = divmod(scaled, 100)
    return f"{whole}.{rest:02d}"[:4].rstrip(".") + _SUFFIXES[power]


def statistics(ip: Ip, device: Device) -> str:
    """The lines of -s."""
    get = figures(device)
    wide = [10, 7, 6, 7, 7, 7]

    def row(label: str, *names: str) -> str:
        cells = [f"{names[0]:>{wide[0] - 4}}"]
        cells += [f"{name:>{width}}" for name, width in zip(names[1:], wide[1:], strict=False)]
        return f"    {label}: " + " ".join(cells)

    def values(*keys: str) -> str:
        cells = [f"{_human(ip, get[key]):>{w}}" for key, w in zip(keys, wide, strict=False)]
        return "    " + " ".join(cells) + " "

    for index, keys in enumerate(
        (("rx_bytes", "tx_bytes"), ("rx_packets", "tx_packets"), ("rx_errors", "tx_errors"),
         ("rx_dropped", "tx_dropped"), ("rx_missed_errors", "tx_carrier_errors"),
         ("multicast", "collisions"))
    ):  # fmt: skip
        wide[index] = max(wide[index], *(len(_human(ip, get[key])) for key in keys))
    blank = " " * 11
    lines = [row("RX", "bytes", "packets", "errors", "dropped", " missed", "  mcast") + blank]
    lines.append(
        values("rx_bytes", "rx_packets", "rx_errors", "rx_dropped", "rx_missed_errors", "multicast")
    )
    carrier = device.number(nl.IFLA_CARRIER_CHANGES)
    if ip.statistics > 1:
        lines.append("    RX errors:  length    crc   frame    fifo overrun")
        lines.append(
            f"    {get['rx_length_errors']:>18} {get['rx_crc_errors']:>6} "
            f"{get['rx_frame_errors']:>7} {get['rx_fifo_errors']:>7} {get['rx_over_errors']:>7} "
        )
    lines.append(row("TX", "bytes", "packets", "errors", "dropped", "carrier", "collsns") + blank)
    lines.append(
        values(
            "tx_bytes", "tx_packets", "tx_errors", "tx_dropped", "tx_carrier_errors", "collisions"
        )
    )
    if ip.statistics > 1:
        lines.append("    TX errors: aborted   fifo  window heartbt transns")
        lines.append(
            f"    {get['tx_aborted_errors']:>18} {get['tx_fifo_errors']:>6} "
            f"{get['tx_window_errors']:>7} {get['tx_heartbeat_errors']:>7} {carrier:>7} "
        )
    return ip.newline.join(lines)


async def brief(ip: Ip, device: Device) -> str:
    """``eth0             UP             ``: the columns of -br before what is shown."""
    return f"{await full_name(ip, device):<16} {state_of(device):<14} "


async def as_json(ip: Ip, device: Device, *, mode: bool) -> dict[str, Any]:
    """A device for -json."""
    flags = (await flags_of(ip, device)).strip("<>").split(",")
    mac = mac_text(nl.address(device.attributes.get(nl.IFLA_ADDRESS, bytes(6))))
    if ip.brief:
        found: dict[str, Any] = {"ifname": device.name, "operstate": state_of(device)}
        if mode:
            found |= {"address": mac, "flags": flags}
        return found
    found = {"ifindex": device.index, "ifname": device.name}
    lower = device.number(nl.IFLA_LINK)
    if lower:
        found = {
            "ifindex": device.index, "link": await ip.name_of(lower), "ifname": device.name
        }  # fmt: skip
    found |= {
        "flags": flags,
        "mtu": device.number(nl.IFLA_MTU),
        "qdisc": nl.string(device.attributes.get(nl.IFLA_QDISC, b"")),
    }
    if device.number(nl.IFLA_MASTER):
        found["master"] = await ip.name_of(device.number(nl.IFLA_MASTER))
    found["operstate"] = state_of(device)
    if mode:
        found["linkmode"] = "DEFAULT"
    found["group"] = "default"
    found["txqlen"] = device.number(nl.IFLA_TXQLEN)
    found["link_type"] = "loopback" if device.hatype == 772 else "ether"
    found["address"] = mac
    found["broadcast"] = mac_text(nl.address(device.attributes.get(nl.IFLA_BROADCAST, bytes(6))))
    return found


# -- commands ----------------------------------------------------------------------------------


async def do(ip: Ip, words: Words) -> int:
    """``ip link …``."""
    if not words:
        return await show(ip, words)
    word = words.take()
    if matches(word, "add"):
        return await _modify(ip, words, nl.RTM_NEWLINK, nl.NLM_F_CREATE | nl.NLM_F_EXCL)
    if matches(word, "set") or matches(word, "change"):
        return await _modify(ip, words, nl.RTM_NEWLINK, 0)
    if matches(word, "replace"):
        return await _modify(ip, words, nl.RTM_NEWLINK, nl.NLM_F_CREATE | nl.NLM_F_REPLACE)
    if matches(word, "delete"):
        return await _modify(ip, words, nl.RTM_DELLINK, 0)
    if matches(word, "show") or matches(word, "lst") or matches(word, "list"):
        return await show(ip, words)
    if matches(word, "help"):
        raise await ip.usage(USAGE)
    raise Complaint(f'Command "{word}" is unknown, try "ip link help".')


class Filter:
    """Which devices ``show`` is about."""

    __slots__ = ("device", "kind", "master", "name", "nomaster", "up")

    def __init__(self) -> None:
        self.name = ""
        self.device: Device | None = None
        self.up = False
        self.master: Device | None = None
        self.nomaster = False
        self.kind = ""

    async def take(self, ip: Ip, words: Words) -> None:
        """One argument of ``show``."""
        if words.is_next("up"):
            self.up = True
            return
        if words.is_next("master", "vrf"):
            self.master = await ip.shown(words.take())
            return
        if words.is_next("nomaster"):
            self.nomaster = True
            return
        if words.is_next("type"):
            self.kind = words.take()
            return
        words.is_next("dev")
        word = words.take()
        if self.name:
            raise duplicate("dev", word)
        self.name = word

    async def find(self, ip: Ip) -> None:
        """Whether there is the device, once all arguments are known."""
        if self.name:
            self.device = await ip.shown(self.name)

    def wants(self, device: Device) -> bool:
        if self.device is not None and device.index != self.device.index:
            return False
        if self.up and not device.flags & 1:
            return False
        master = device.number(nl.IFLA_MASTER)
        if self.master is not None and master != self.master.index:
            return False
        if self.nomaster and master:
            return False
        if not self.kind:
            return True
        if self.kind.endswith("_slave"):
            slave = nl.string(device.info.get(nl.IFLA_INFO_SLAVE_KIND, b""))
            return slave == self.kind.removesuffix("_slave")
        return device.kind == self.kind


async def show(ip: Ip, words: Words) -> int:
    """``ip link show``."""
    wanted = Filter()
    while words:
        await wanted.take(ip, words)
    await wanted.find(ip)
    for device in (await ip.devices()).values():
        if not wanted.wants(device):
            continue
        if ip.json:
            ip.objects.append(await as_json(ip, device, mode=True))
            continue
        if ip.brief:
            mac = mac_text(nl.address(device.attributes.get(nl.IFLA_ADDRESS, bytes(6))))
            await ip.line(await brief(ip, device) + f"{mac} {await flags_of(ip, device)} ")
            continue
        text = await heading(ip, device, mode=True)
        if ip.statistics:
            text += ip.newline + statistics(ip, device)
        await ip.line(text)
    return 0


_SWITCHES = {
    "arp": (0x80, True), "multicast": (0x1000, False), "allmulticast": (0x200, False),
    "promisc": (0x100, False),
}  # fmt: skip


async def _modify(ip: Ip, words: Words, kind: int, flags: int) -> int:
    """``add``, ``set`` and ``delete``."""
    change = wanted = 0
    name = new_name = type_name = ""
    link = ""
    body = b""
    data = b""
    slave = False
    while words:
        word = words.take()
        if word == "up":
            change, wanted = change | 1, wanted | 1
        elif word == "down":
            change, wanted = change | 1, wanted & ~1
        elif word == "name":
            new_name = check_name(words.take())
        elif matches(word, "link") and len(word) > 1 and flags:
            link = words.take()
        elif matches(word, "address") and len(word) > 1:
            body += nl.mac(nl.IFLA_ADDRESS, hardware(words.take()))
        elif (matches(word, "txqueuelen") and len(word) > 1) or word in ("qlen", "txqlen"):
            text = words.take()
            length = unsigned(text)
            if length is None:
                raise invalid(text, 'Invalid "txqueuelen" value\n')
            body += nl.u32(nl.IFLA_TXQLEN, length)
        elif word == "mtu":
            text = words.take()
            mtu = unsigned(text)
            if mtu is None:
                raise invalid(text, 'Invalid "mtu" value\n')
            body += nl.u32(nl.IFLA_MTU, mtu)
        elif word in _SWITCHES:
            bit, inverse = _SWITCHES[word]
            text = words.take()
            if text not in ("on", "off"):
                raise Complaint(
                    f'Error: argument of "{word}" must be "on" or "off", not "{text}"', 1
                )
            change |= bit
            wanted = wanted | bit if (text == "on") != inverse else wanted & ~bit
        elif word == "master":
            body += nl.u32(nl.IFLA_MASTER, (await _master(ip, words.take())).index)
        elif word == "nomaster":
            body += nl.u32(nl.IFLA_MASTER, 0)
        elif matches(word, "alias") and len(word) > 1:
            body += nl.text(nl.IFLA_IFALIAS, words.take())
        elif word == "type":
            type_name = words.take()
            slave = type_name.endswith("_slave")
            data = await _type_data(ip, type_name, words)
            break
        elif matches(word, "help"):
            raise await ip.usage(USAGE)
        else:
            if word == "dev":
                word = words.take()
            if name:
                raise duplicate("dev", word)
            name = check_name(word, "dev")
    creating = bool(flags & nl.NLM_F_CREATE)
    if creating and new_name and not name:
        name, new_name = new_name, ""
    if not name and not (creating and type_name):
        status = 1 if creating else 255
        if creating and not type_name:
            raise Complaint('Not enough information: "type" argument is required', status)
        raise Complaint('Not enough information: "dev" argument is required.', status)
    index = 0
    if creating:
        if not type_name:
            raise Complaint('Not enough information: "type" argument is required', 1)
        if name:
            body += nl.text(nl.IFLA_IFNAME, name)
        if link:
            body += nl.u32(nl.IFLA_LINK, (await ip.need(link)).index)
    else:
        index = (await ip.need(name)).index
        if new_name:
            body += nl.text(nl.IFLA_IFNAME, new_name)
    if type_name:
        first, second = (
            (nl.IFLA_INFO_SLAVE_KIND, nl.IFLA_INFO_SLAVE_DATA)
            if slave
            else (nl.IFLA_INFO_KIND, nl.IFLA_INFO_DATA)
        )
        inner = nl.text(first, type_name.removesuffix("_slave"))
        if data:
            inner += nl.attribute(second, data)
        body += nl.attribute(nl.IFLA_LINKINFO, inner)
    head = IfInfo(0, 0, index, wanted, change)
    return await ip.talk(kind, flags, head.pack() + body)


async def _master(ip: Ip, name: str) -> Device:
    device = await ip.device(name)
    if device is None:
        raise Complaint('Error: argument "' + name + '" is wrong: Device does not exist\n', 255)
    return device


def link_address(word: str) -> bytes:
    """A hardware address of any length: hexadecimal numbers, each as far as it is one."""
    data = b""
    for part in word.split(":"):
        digits = part[: len(part) - len(part.lstrip("0123456789abcdefABCDEF"))]
        if not digits or int(digits, 16) > 255:
            raise Complaint(f'"{word}" is invalid lladdr.', 1)
        data += bytes((int(digits, 16),))
    return data


def hardware(word: str) -> int:
    """A hardware address of the usual length."""
    data = link_address(word)
    if len(data) != 6:
        raise Complaint(f"Invalid address length {len(data)} - must be 6 bytes", 1)
    return int.from_bytes(data, "big")


_BRIDGE = {
    "ageing_time": (nl.IFLA_BR_AGEING_TIME, 4), "stp_state": (nl.IFLA_BR_STP_STATE, 4),
    "priority": (nl.IFLA_BR_PRIORITY, 2), "vlan_filtering": (nl.IFLA_BR_VLAN_FILTERING, 1),
    "forward_delay": (nl.IFLA_BR_FORWARD_DELAY, 4), "hello_time": (nl.IFLA_BR_HELLO_TIME, 4),
    "max_age": (nl.IFLA_BR_MAX_AGE, 4),
}  # fmt: skip


async def _type_data(ip: Ip, kind: str, words: Words) -> bytes:
    """What follows ``type KIND``."""
    data = b""
    while words:
        word = words.take()
        if kind == "vlan" and matches(word, "protocol"):
            words.take()
        elif kind == "vlan" and matches(word, "id"):
            text = words.take()
            vid = unsigned(text, 0xFFFF)
            if vid is None:
                raise invalid(text, "id is invalid")
            data += nl.u16(nl.IFLA_VLAN_ID, vid)
        elif kind == "bridge" and word in _BRIDGE:
            number, size = _BRIDGE[word]
            text = words.take()
            value = unsigned(text)
            if value is None:
                raise invalid(text, f"invalid {word}")
            data += {1: nl.u8, 2: nl.u16, 4: nl.u32}[size](number, value)
        elif kind == "bridge_slave" and word in ("state", "cost", "priority"):
            text = words.take()
            value = unsigned(text)
            if value is None:
                raise invalid(text, f"{word} value is invalid")
            number = {"state": nl.IFLA_BRPORT_STATE, "cost": nl.IFLA_BRPORT_COST}.get(
                word, nl.IFLA_BRPORT_PRIORITY
            )
            data += nl.u32(number, value)
        elif kind == "veth" and word == "peer":
            words.is_next("name")
            inner = IfInfo().pack() + nl.text(nl.IFLA_IFNAME, check_name(words.take()))
            data += nl.attribute(1, inner)
        elif matches(word, "help"):
            raise await ip.usage(f"Usage: ... {kind}")
        else:
            raise Complaint(f'{kind}: unknown command "{word}"?', 255)
    return data
