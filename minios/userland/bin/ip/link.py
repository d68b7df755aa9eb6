"""ip link: devices (ip-link(8))."""

from __future__ import annotations

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
from minios.userland.bin.ip.linktext import as_json, brief, flags_of, heading, statistics

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
