"""ip address: the addresses of devices (ip-address(8))."""

from __future__ import annotations

import struct
from typing import Any

from minios.abi import netlink as nl
from minios.abi.inet import broadcast, ip_text, mask
from minios.abi.netlink import IfAddr, Nlmsg
from minios.abi.sockets import AF_INET, AF_PACKET
from minios.userland.bin.ip import link, linktext
from minios.userland.bin.ip.context import (
    Complaint,
    Device,
    Ip,
    Words,
    duplicate,
    host,
    invalid,
    matches,
    prefix,
    unsigned,
)
from minios.userland.bin.ip.names import SCOPES, named, numbered

USAGE = """
Usage: ip address {add|change|replace} IFADDR dev IFNAME [ LIFETIME ]
       ip address del IFADDR dev IFNAME
       ip address flush [ dev IFNAME ] [ scope SCOPE-ID ]
                            [ to PREFIX ] [ FLAG-LIST ] [ label LABEL ] [up]
       ip address [ show [ dev IFNAME ] [ scope SCOPE-ID ] [ master DEVICE ]
                         [ nomaster ]
                         [ type TYPE ] [ to PREFIX ] [ FLAG-LIST ]
                         [ label LABEL ] [up] ]
IFADDR := PREFIX | ADDR peer PREFIX
          [ broadcast ADDR ]
          [ label IFNAME ] [ scope SCOPE-ID ] [ metric METRIC ]
SCOPE-ID := [ host | link | global | NUMBER ]
FLAG-LIST := [ FLAG-LIST ] FLAG
FLAG  := [ permanent | dynamic | secondary | primary | [-]deprecated ]
LIFETIME := [ valid_lft LFT ] [ preferred_lft LFT ]
LFT := forever | SECONDS
"""

WILDCARD = """\
Warning: Executing wildcard deletion to stay compatible with old scripts.
         Explicitly specify the prefix length ({}/32) to avoid this warning.
         This special behaviour is likely to disappear in further releases,
         fix your scripts!"""

FOREVER = 0xFFFF_FFFF
SECONDARY, DEPRECATED, PERMANENT = 0x01, 0x20, 0x80


class Entry:
    """An address as the kernel describes it."""

    __slots__ = ("attributes", "body", "flags", "index", "ip", "label", "length", "peer", "scope")

    def __init__(self, message: Nlmsg) -> None:
        head = IfAddr.parse(message.body)
        self.body = message.body
        self.attributes = nl.attributes(message.body[8:])
        self.index = head.ifindex
        self.length = head.prefixlen
        self.scope = head.scope
        self.flags = nl.number(self.attributes.get(nl.IFA_FLAGS, bytes((head.flags,))))
        self.peer = nl.address(self.attributes.get(nl.IFA_ADDRESS, b""))
        local = self.attributes.get(nl.IFA_LOCAL)
        self.ip = self.peer if local is None else nl.address(local)
        self.label = nl.string(self.attributes.get(nl.IFA_LABEL, b""))

    @property
    def broadcast(self) -> int:
        return nl.address(self.attributes.get(nl.IFA_BROADCAST, b""))

    @property
    def lifetimes(self) -> tuple[int, int]:
        """Preferred and valid, in seconds."""
        data = self.attributes.get(nl.IFA_CACHEINFO, b"").ljust(16, b"\xff")
        preferred, valid = struct.unpack_from("<II", data)
        return preferred, valid


def _seconds(lifetime: int) -> str:
    return "forever" if lifetime == FOREVER else f"{lifetime}sec"


def described(ip: Ip, entry: Entry) -> str:
    """``inet 10.0.0.2/24 … eth0`` and its second line."""
    text = f"inet {ip_text(entry.ip)}"
    if entry.peer != entry.ip:
        text += f" peer {ip_text(entry.peer)}"
    text += f"/{entry.length} "
    metric = nl.number(entry.attributes.get(nl.IFA_RT_PRIORITY, b""))
    if metric:
        text += f"metric {metric} "
    if entry.broadcast:
        text += f"brd {ip_text(entry.broadcast)} "
    text += f"scope {named(entry.scope, SCOPES)} "
    if entry.flags & SECONDARY:
        text += "secondary "
    if entry.flags & DEPRECATED:
        text += "deprecated "
    if not entry.flags & PERMANENT:
        text += "dynamic "
    text += entry.label
    preferred, valid = entry.lifetimes
    return (
        f"{text}{ip.newline}       valid_lft {_seconds(valid)} preferred_lft {_seconds(preferred)}"
    )


class Filter(link.Filter):
    """Which addresses ``show`` and ``flush`` are about."""

    __slots__ = ("flags", "label", "mask", "prefix", "scope")

    def __init__(self) -> None:
        super().__init__()
        self.scope: int | None = None
        self.label = ""
        self.prefix: tuple[int, int] | None = None
        self.flags = 0
        self.mask = 0

    async def take(self, ip: Ip, words: Words) -> None:
        if words.is_next("scope"):
            word = words.take()
            if word != "all":
                self.scope = numbered(word, SCOPES)
                if self.scope is None:
                    raise invalid(word, 'invalid "scope"\n')
        elif words.is_next("to"):
            self.prefix = prefix(words.take())
        elif words.is_next("label"):
            self.label = words.take()
        elif words.is_next("permanent"):
            self.flags, self.mask = self.flags | PERMANENT, self.mask | PERMANENT
        elif words.is_next("dynamic"):
            self.flags, self.mask = self.flags & ~PERMANENT, self.mask | PERMANENT
        elif words.is_next("secondary", "temporary"):
            self.flags, self.mask = self.flags | SECONDARY, self.mask | SECONDARY
        elif words.is_next("primary"):
            self.flags, self.mask = self.flags & ~SECONDARY, self.mask | SECONDARY
        elif words.is_next("deprecated"):
            self.flags, self.mask = self.flags | DEPRECATED, self.mask | DEPRECATED
        elif words.is_next("-deprecated"):
            self.flags, self.mask = self.flags & ~DEPRECATED, self.mask | DEPRECATED
        else:
            await super().take(ip, words)

    @property
    def selective(self) -> bool:
        """Whether devices without a fitting address are left out."""
        return bool(self.scope is not None or self.label or self.prefix or self.mask)

    def fits(self, entry: Entry) -> bool:
        if self.device is not None and entry.index != self.device.index:
            return False
        if self.scope is not None and entry.scope != self.scope:
            return False
        if self.label and not _glob(self.label, entry.label):
            return False
        if (entry.flags ^ self.flags) & self.mask:
            return False
        if self.prefix is not None:
            ip, length = self.prefix
            return (entry.ip ^ ip) & mask(length) == 0
        return True


def _glob(pattern: str, text: str) -> bool:
    """fnmatch(3) with ``*`` at the end, which is what labels are asked for with."""
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text == pattern


async def do(ip: Ip, words: Words) -> int:
    """``ip address …``."""
    if not words:
        return await show(ip, words)
    word = words.take()
    if matches(word, "add"):
        return await _modify(ip, words, nl.RTM_NEWADDR, nl.NLM_F_CREATE | nl.NLM_F_EXCL)
    if matches(word, "change") or word == "chg":
        return await _modify(ip, words, nl.RTM_NEWADDR, nl.NLM_F_REPLACE)
    if matches(word, "replace"):
        return await _modify(ip, words, nl.RTM_NEWADDR, nl.NLM_F_CREATE | nl.NLM_F_REPLACE)
    if matches(word, "delete"):
        return await _modify(ip, words, nl.RTM_DELADDR, 0)
    if matches(word, "show") or matches(word, "list") or matches(word, "lst"):
        return await show(ip, words)
    if matches(word, "flush"):
        return await flush(ip, words)
    if matches(word, "help"):
        raise await ip.usage(USAGE)
    raise Complaint(f'Command "{word}" is unknown, try "ip address help".')


async def entries(ip: Ip) -> list[Entry]:
    return [Entry(message) for message in await ip.dump(nl.RTM_GETADDR, IfAddr(AF_INET).pack())]


async def show(ip: Ip, words: Words) -> int:
    """``ip address show``."""
    wanted = Filter()
    while words:
        await wanted.take(ip, words)
    await wanted.find(ip)
    by_device: dict[int, list[Entry]] = {}
    if ip.family in (0, AF_INET):
        for entry in await entries(ip):
            if wanted.fits(entry):
                by_device.setdefault(entry.index, []).append(entry)
    for device in (await ip.devices()).values():
        mine = by_device.get(device.index, [])
        only = wanted.selective or ip.family not in (0, AF_PACKET)
        if wanted.wants(device) and (mine or not only):
            await _show_device(ip, device, mine, wanted)
    return 0


async def _show_device(ip: Ip, device: Device, mine: list[Entry], wanted: Filter) -> None:
    if ip.json:
        found = await linktext.as_json(ip, device, mode=False)
        found["addr_info"] = [_as_json(ip, entry) for entry in mine]
        ip.objects.append(found)
        return
    if ip.brief:
        cells = "".join(_brief(entry) for entry in mine)
        await ip.line(await linktext.brief(ip, device) + cells)
        return
    if not ip.oneline and not wanted.label:
        text = await linktext.heading(ip, device, mode=False)
        # Asked for a family, or a network of it, ip leaves out the link layer.
        bare = (wanted.prefix or ip.family == AF_INET) and not ip.details
        await ip.line(text.partition(ip.newline)[0] if bare else text)
    for entry in mine:
        if ip.oneline:
            await ip.line(f"{device.index}: {device.name}    {described(ip, entry)}")
        else:
            await ip.line(f"    {described(ip, entry)}")
    if ip.statistics and not ip.oneline:
        await ip.line(linktext.statistics(ip, device))


def _brief(entry: Entry) -> str:
    peer = f" peer {ip_text(entry.peer)}" if entry.peer != entry.ip else ""
    metric = nl.number(entry.attributes.get(nl.IFA_RT_PRIORITY, b""))
    told = f"metric {metric} " if metric else ""
    return f"{ip_text(entry.ip)}{peer}/{entry.length} {told}"


def _as_json(ip: Ip, entry: Entry) -> dict[str, Any]:
    if ip.brief:
        return {"local": ip_text(entry.ip), "prefixlen": entry.length}
    found: dict[str, Any] = {"family": "inet", "local": ip_text(entry.ip)}
    if entry.peer != entry.ip:
        found["address"] = ip_text(entry.peer)
    found["prefixlen"] = entry.length
    if entry.broadcast:
        found["broadcast"] = ip_text(entry.broadcast)
    found["scope"] = named(entry.scope, SCOPES)
    if entry.flags & SECONDARY:
        found["secondary"] = True
    if not entry.flags & PERMANENT:
        found["dynamic"] = True
    found["label"] = entry.label
    preferred, valid = entry.lifetimes
    found["valid_life_time"] = valid
    found["preferred_life_time"] = preferred
    return found


async def flush(ip: Ip, words: Words) -> int:
    """``ip address flush``: round after round, until nothing is left that fits."""
    if not words:
        raise Complaint("Flush requires arguments.", 1)
    wanted = Filter()
    while words:
        await wanted.take(ip, words)
    await wanted.find(ip)
    count = 0
    devices = await ip.devices()
    while True:
        rest = [
            entry
            for entry in await entries(ip)
            if wanted.fits(entry) and entry.index in devices and wanted.wants(devices[entry.index])
        ]
        if not rest:
            break
        count += 1
        if ip.statistics:
            await ip.line(f"\n*** Round {count}, deleting {len(rest)} addresses ***")
        for entry in rest:
            try:
                await (await ip.netlink()).talk(nl.RTM_DELADDR, 0, entry.body)
            except OSError as err:
                # A secondary one has gone with its primary one.
                if err.errno != 99:
                    raise Complaint(f"Failed to send flush request: {err.strerror}", 1) from None
    if ip.statistics:
        if count:
            await ip.line(
                f"*** Flush is complete after {count} round{'s' if count > 1 else ''} ***"
            )
        else:
            await ip.line("Nothing to flush.")
    return 0


def _lifetime(word: str, name: str) -> int:
    if word == "forever":
        return FOREVER
    number = unsigned(word)
    if number is None:
        raise invalid(word, f"{name} value")
    return number


async def _modify(ip: Ip, words: Words, kind: int, flags: int) -> int:
    """``add``, ``change``, ``replace`` and ``del``."""
    device = label = ""
    local: tuple[int, int] | None = None
    peer: tuple[int, int] | None = None
    brd = ""
    scope: int | None = None
    valid = preferred = FOREVER
    extra = b""
    given = False
    while words:
        word = words.take()
        if word in ("peer", "remote"):
            if peer is not None:
                raise duplicate("peer", words.take())
            peer = prefix(words.take())
        elif matches(word, "broadcast") or word == "brd":
            if brd:
                raise duplicate("broadcast", words.take())
            brd = words.take()
            if brd not in "+-":
                host(brd)
        elif word == "scope":
            text = words.take()
            scope = numbered(text, SCOPES)
            if scope is None:
                raise invalid(text, "invalid scope value.")
        elif word == "dev":
            device = words.take()
        elif word == "label":
            label = words.take()
            extra += nl.text(nl.IFA_LABEL, label)
        elif word == "metric" or matches(word, "priority") or matches(word, "preference"):
            text = words.take()
            metric = unsigned(text)
            if metric is None:
                raise invalid(text, '"metric" value is invalid\n')
            extra += nl.u32(nl.IFA_RT_PRIORITY, metric)
        elif word == "valid_lft":
            valid = _lifetime(words.take(), "valid_lft")
        elif word == "preferred_lft":
            preferred = _lifetime(words.take(), "preferred_lft")
        elif word in ("noprefixroute", "nodad", "home", "mngtmpaddr", "autojoin"):
            continue
        else:
            if word == "local":
                word = words.take()
            if matches(word, "help"):
                raise await ip.usage(USAGE)
            if local is not None:
                raise duplicate("local", word)
            local = prefix(word)
            given = "/" in word
    if not device:
        raise Complaint('Not enough information: "dev" argument is required.', 1)
    length = 0
    body = b""
    if local is not None:
        address, length = local
        body += nl.ip(nl.IFA_LOCAL, address)
        if peer is not None:
            length = peer[1]
            body += nl.ip(nl.IFA_ADDRESS, peer[0])
        elif kind == nl.RTM_DELADDR and not given:
            await ip.complain(WILDCARD.format(ip_text(address)))
        else:
            body += nl.ip(nl.IFA_ADDRESS, address)
        if brd in ("+", "-") and brd:
            if length <= 30:
                base = peer[0] if peer is not None else address
                everybody = broadcast(base, length) if brd == "+" else base & mask(length)
                body += nl.ip(nl.IFA_BROADCAST, everybody)
        elif brd:
            body += nl.ip(nl.IFA_BROADCAST, host(brd))
    index = (await ip.need(device)).index
    if scope is None and kind != nl.RTM_DELADDR:
        scope = 254 if local is not None and local[0] >> 24 == 127 else 0
    if valid != FOREVER or preferred != FOREVER:
        if not valid:
            raise Complaint("valid_lft is zero", 1)
        if valid < preferred:
            raise Complaint("preferred_lft is greater than valid_lft", 1)
        extra += nl.attribute(nl.IFA_CACHEINFO, struct.pack("<IIII", preferred, valid, 0, 0))
    family = AF_INET if local is not None else 0
    head = IfAddr(family, length, 0, scope or 0, index)
    return await ip.talk(kind, flags, head.pack() + body + extra)
