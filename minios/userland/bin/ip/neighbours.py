"""ip neighbour: the ARP cache (ip-neighbour(8))."""

from __future__ import annotations

import struct
from typing import Any

from minios.abi import netlink as nl
from minios.abi.inet import ip_text, mac_text, mask
from minios.abi.netlink import NdMsg, Nlmsg
from minios.abi.sockets import AF_INET
from minios.userland.bin.ip.context import Complaint, Ip, Words, duplicate, host, matches, prefix
from minios.userland.bin.ip.link import link_address
from minios.userland.bin.ip.names import STATES
from minios.userland.lib.net.netlink import NetlinkError

USAGE = """
Usage: ip neigh { add | del | change | replace }
                { ADDR [ lladdr LLADDR ] [ nud STATE ] proxy ADDR }
                [ dev DEV ]

        ip neigh { show | flush } [ proxy ] [ to PREFIX ] [ dev DEV ] [ nud STATE ]
        ip neigh get { ADDR | proxy ADDR } dev DEV

STATE := { delay | failed | incomplete | noarp | none |
           permanent | probe | reachable | stale }
"""

NOARP, PERMANENT = 0x40, 0x80


class Entry:
    """An entry as the kernel describes it."""

    __slots__ = ("attributes", "head", "ip")

    def __init__(self, message: Nlmsg) -> None:
        self.head = NdMsg.parse(message.body)
        self.attributes = nl.attributes(message.body[12:])
        self.ip = nl.address(self.attributes.get(nl.NDA_DST, b""))

    @property
    def mac(self) -> str:
        data = self.attributes.get(nl.NDA_LLADDR)
        return mac_text(nl.address(data)) if data else ""

    @property
    def state(self) -> str:
        return ",".join(name for bit, name in STATES.items() if self.head.state & bit)


class Filter:
    """What ``show`` and ``flush`` are about."""

    __slots__ = ("dev", "prefix", "proxy", "state", "unused")

    def __init__(self) -> None:
        self.dev: int | None = None
        self.prefix: tuple[int, int] | None = None
        self.state: int | None = None
        self.proxy = False
        self.unused = False

    def fits(self, entry: Entry, default: int) -> bool:
        if self.dev is not None and entry.head.ifindex != self.dev:
            return False
        states = default if self.state is None else self.state
        if not self.proxy and not (entry.head.state & states or (not entry.head.state & ~states
                                   and self.state == 0x100)):  # fmt: skip
            return False
        if self.prefix is not None:
            return (entry.ip ^ self.prefix[0]) & mask(self.prefix[1]) == 0
        return True


def state_number(word: str) -> int | None:
    """The number of a state's name, which may be abbreviated."""
    if matches(word, "none") and len(word) > 2:
        return 0
    for number, name in STATES.items():
        if matches(word, name.lower()):
            return number
    return None


async def described(ip: Ip, entry: Entry, known: Filter | None = None) -> str:
    """An entry in a line."""
    text = f"{ip_text(entry.ip)} "
    if known is None or known.dev is None:
        text += f"dev {await ip.name_of(entry.head.ifindex)} "
    if entry.mac:
        text += f"lladdr {entry.mac} "
    if entry.head.flags & nl.NTF_PROXY:
        text += "proxy "
    if ip.statistics and nl.NDA_CACHEINFO in entry.attributes:
        confirmed, used, updated, refs = struct.unpack(
            "<IIII", entry.attributes[nl.NDA_CACHEINFO][:16]
        )
        text += f" ref {refs}" if refs else ""
        text += f" used {used // 100}/{confirmed // 100}/{updated // 100}"
        text += f"probes {nl.number(entry.attributes.get(nl.NDA_PROBES, b''))} "
    if entry.state and not entry.head.flags & nl.NTF_PROXY:
        text += f"{entry.state} "
    return text


async def as_json(ip: Ip, entry: Entry, known: Filter) -> dict[str, Any]:
    found: dict[str, Any] = {"dst": ip_text(entry.ip)}
    if known.dev is None:
        found["dev"] = await ip.name_of(entry.head.ifindex)
    if entry.mac:
        found["lladdr"] = entry.mac
    found["state"] = entry.state.split(",")
    return found


async def do(ip: Ip, words: Words) -> int:
    """``ip neighbour …``."""
    if not words:
        return await show(ip, words)
    word = words.take()
    if matches(word, "add"):
        return await _modify(ip, words, nl.RTM_NEWNEIGH, nl.NLM_F_CREATE | nl.NLM_F_EXCL)
    if matches(word, "change") or word == "chg":
        return await _modify(ip, words, nl.RTM_NEWNEIGH, nl.NLM_F_REPLACE)
    if matches(word, "replace"):
        return await _modify(ip, words, nl.RTM_NEWNEIGH, nl.NLM_F_CREATE | nl.NLM_F_REPLACE)
    if matches(word, "delete"):
        return await _modify(ip, words, nl.RTM_DELNEIGH, 0)
    if matches(word, "get"):
        return await get(ip, words)
    if matches(word, "show") or matches(word, "lst") or matches(word, "list"):
        return await show(ip, words)
    if matches(word, "flush"):
        return await flush(ip, words)
    if matches(word, "help"):
        raise await ip.usage(USAGE)
    raise Complaint(f'Command "{word}" is unknown, try "ip neigh help".')


async def _filter(ip: Ip, words: Words) -> Filter:
    wanted = Filter()
    while words:
        word = words.take()
        if word == "dev":
            text = words.take()
            if wanted.dev is not None:
                raise duplicate("dev", text)
            wanted.dev = (await ip.need(text)).index
        elif word == "unused":
            wanted.unused = True
        elif word == "nud":
            text = words.take()
            number = 0xFF | 0x100 if text == "all" else state_number(text)
            if number is None:
                raise Complaint(f'Error: argument "{text}" is wrong: nud state is bad')
            wanted.state = (wanted.state or 0) | (number or 0x100)
        elif word == "proxy":
            wanted.proxy = True
        elif word in ("nomaster", "vrf", "master"):
            if word != "nomaster":
                words.take()
        else:
            if word == "to":
                word = words.take()
            if matches(word, "help"):
                raise await ip.usage(USAGE)
            wanted.prefix = prefix(word)
    return wanted


async def entries(ip: Ip, wanted: Filter, default: int) -> list[Entry]:
    """The entries that fit."""
    flags = nl.NTF_PROXY if wanted.proxy else 0
    body = NdMsg(AF_INET, 0, 0, flags, 0).pack()
    found = await ip.dump(nl.RTM_GETNEIGH, body)
    return [entry for entry in map(Entry, found) if wanted.fits(entry, default)]


async def show(ip: Ip, words: Words) -> int:
    """``ip neigh show``: all entries but those of devices without ARP."""
    wanted = await _filter(ip, words)
    if ip.family not in (0, AF_INET):
        return 0
    for entry in await entries(ip, wanted, 0xFF & ~NOARP):
        if ip.json:
            ip.objects.append(await as_json(ip, entry, wanted))
        else:
            await ip.line(await described(ip, entry, wanted))
    return 0


async def flush(ip: Ip, words: Words) -> int:
    """``ip neigh flush``: all entries that fit but permanent ones."""
    if not words:
        raise Complaint("Flush requires arguments.", 1)
    if words.peek == "all":
        words.take()
    wanted = await _filter(ip, words)
    rounds = 0
    while rest := await entries(ip, wanted, 0xFF & ~(PERMANENT | NOARP)):
        rounds += 1
        if ip.statistics > 1:
            for entry in rest:
                await ip.line(await described(ip, entry, wanted))
        if ip.statistics:
            await ip.line(f"\n*** Round {rounds}, deleting {len(rest)} entries ***")
        for entry in rest:
            body = NdMsg(AF_INET, entry.head.ifindex).pack() + nl.ip(nl.NDA_DST, entry.ip)
            try:
                await (await ip.netlink()).talk(nl.RTM_DELNEIGH, 0, body)
            except NetlinkError as err:
                raise Complaint(f"Failed to send flush request: {err.strerror}", 1) from None
    if ip.statistics:
        if rounds:
            await ip.line(
                f"*** Flush is complete after {rounds} round{'s' if rounds > 1 else ''} ***"
            )
        else:
            await ip.line("Nothing to flush.")
    return 0


async def get(ip: Ip, words: Words) -> int:
    """``ip neigh get ADDR dev DEV``."""
    device, address = "", None
    while words:
        word = words.take()
        if word == "dev":
            device = words.take()
        else:
            address = host(words.take() if word in ("to", "proxy") else word)
    if not device or address is None:
        raise Complaint("Device and address are required arguments.")
    body = NdMsg(AF_INET, (await ip.need(device)).index).pack() + nl.ip(nl.NDA_DST, address)
    try:
        answer = await (await ip.netlink()).ask(nl.RTM_GETNEIGH, body)
    except NetlinkError as err:
        await ip.answered(err)
        return 2
    await ip.line(await described(ip, Entry(answer)))
    return 0


async def _modify(ip: Ip, words: Words, kind: int, flags: int) -> int:
    """``add``, ``change``, ``replace`` and ``del``."""
    device = ""
    address: int | None = None
    state = PERMANENT
    proxy = False
    body = b""
    while words:
        word = words.take()
        if matches(word, "lladdr"):
            text = words.take()
            if text != "null":
                body += nl.attribute(nl.NDA_LLADDR, link_address(text))
        elif word == "nud":
            text = words.take()
            number = state_number(text)
            if number is None:
                raise Complaint(f'Error: argument "{text}" is wrong: nud state is bad')
            state = number
        elif matches(word, "proxy"):
            proxy = True
            address = host(words.take())
        elif word == "dev":
            device = words.take()
        elif word in ("router", "use", "managed", "extern_learn"):
            continue
        elif matches(word, "protocol"):
            words.take()
        else:
            if word == "to":
                word = words.take()
            if matches(word, "help"):
                raise await ip.usage(USAGE)
            if address is not None:
                raise duplicate("to", word)
            address = host(word)
    if not device or address is None:
        raise Complaint("Device and destination are required arguments.")
    index = (await ip.need(device)).index
    head = NdMsg(AF_INET, index, state, nl.NTF_PROXY if proxy else 0, 0)
    return await ip.talk(kind, flags, head.pack() + nl.ip(nl.NDA_DST, address) + body)
