"""What the programs of net-tools share: the tables of /proc/net, names, and how they complain."""

from __future__ import annotations

from typing import NamedTuple

from minios.abi import netdevice as nd
from minios.abi.inet import ip_text, parse_ip
from minios.abi.sockets import AF_INET, SOCK_DGRAM
from minios.abi.sys import Sys
from minios.userland.lib.net.gai import GaiError, name_of, resolve
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.stdio import read_file, write_all


class RouteLine(NamedTuple):
    """A line of /proc/net/route."""

    dev: str
    dst: int
    gateway: int
    flags: int
    metric: int
    mask: int
    mtu: int
    window: int
    irtt: int


class ArpLine(NamedTuple):
    """A line of /proc/net/arp."""

    ip: str
    hwtype: int
    flags: int
    mac: str
    dev: str


class DeviceLine(NamedTuple):
    """A line of /proc/net/dev: sixteen counters."""

    name: str
    counters: tuple[int, ...]


def _word(text: bytes) -> int:
    """An address as a little endian machine prints the word."""
    return int.from_bytes(int(text, 16).to_bytes(4, "little"), "big")


async def routes(sys: Sys) -> list[RouteLine]:
    """The main table."""
    found: list[RouteLine] = []
    for line in (await read_file(sys, b"/proc/net/route")).splitlines()[1:]:
        words = line.split()
        if len(words) >= 11:
            found.append(
                RouteLine(
                    words[0].decode("latin-1"), _word(words[1]), _word(words[2]),
                    int(words[3], 16), int(words[6]), _word(words[7]), int(words[8]),
                    int(words[9]), int(words[10]),
                )
            )  # fmt: skip
    return found


async def neighbours(sys: Sys) -> list[ArpLine]:
    """The ARP cache."""
    found: list[ArpLine] = []
    for line in (await read_file(sys, b"/proc/net/arp")).decode("latin-1").splitlines()[1:]:
        words = line.split()
        if len(words) >= 6:
            found.append(
                ArpLine(words[0], int(words[1], 16), int(words[2], 16), words[3], words[5])
            )
    return found


async def devices(sys: Sys) -> list[DeviceLine]:
    """All devices and their counters, by name."""
    found: list[DeviceLine] = []
    for line in (await read_file(sys, b"/proc/net/dev")).decode("latin-1").splitlines()[2:]:
        name, _, rest = line.strip().partition(":")
        found.append(DeviceLine(name, tuple(int(word) for word in rest.split())))
    return sorted(found, key=lambda device: natural(device.name))


def natural(name: str) -> tuple[str, int, str]:
    """A key by which eth2 comes before eth10."""
    stem = name.rstrip("0123456789")
    digits = name[len(stem) :]
    return stem, int(digits) if digits else -1, name


async def ioctl_socket(sys: Sys) -> int:
    """A socket to ask the kernel by."""
    return await sys.socket(AF_INET, SOCK_DGRAM)


async def host(tool: Tool, word: str, status: int) -> int:
    """The address of a host by name or number; else the program ends."""
    try:
        return parse_ip(word)
    except ValueError:
        pass
    try:
        return await resolve(tool.sys, word.encode("latin-1"))
    except GaiError as err:
        what = "Unknown host" if err.code == -2 else "Host name lookup failure"
        await tool.out.flush()
        await write_all(tool.sys, 2, f"{word}: {what}\n".encode("latin-1"))
        raise Failure(b"", status) from None


async def shown(tool: Tool, ip: int, numeric: bool) -> str:
    """A host as tables show it."""
    if numeric or not ip:
        return ip_text(ip)
    name = await name_of(tool.sys, ip)
    return name.decode("latin-1") if name else ip_text(ip)


async def say(tool: Tool, text: str) -> None:
    """A line on standard error, after what was written so far."""
    await tool.out.flush()
    await write_all(tool.sys, 2, text.encode("latin-1", "replace") + b"\n")


def route_flags(flags: int) -> str:
    """``UG``: RTF_* as letters."""
    if flags & nd.RTF_REJECT:
        return "!"
    letters = ((nd.RTF_UP, "U"), (nd.RTF_GATEWAY, "G"), (nd.RTF_HOST, "H"), (0x10, "D"),
               (0x20, "M"))  # fmt: skip
    return "".join(letter for bit, letter in letters if flags & bit)


async def route_table(tool: Tool, *, numeric: bool, extended: int) -> None:
    """The table of ``route`` (0), ``netstat -r`` (1) and ``route -ee`` (2)."""
    head = "Destination     Gateway         Genmask         Flags"
    ends = (
        " Metric Ref    Use Iface",
        "   MSS Window  irtt Iface",
        " Metric Ref    Use Iface    MSS   Window irtt",
    )
    await tool.line(b"Kernel IP routing table")
    await tool.line((head + ends[extended]).encode())
    for route in await routes(tool.sys):
        reject = route.flags & nd.RTF_REJECT
        if route.dst == 0 and route.mask == 0:
            dst = "0.0.0.0" if numeric else "default"
        elif route.mask == 0xFFFF_FFFF:
            dst = await shown(tool, route.dst, numeric)
        else:
            dst = ip_text(route.dst)
        gateway = "-" if reject else await shown(tool, route.gateway, numeric)
        dev = "-" if reject else route.dev
        text = f"{dst[:15]:<15} {gateway[:15]:<15} {ip_text(route.mask):<15} "
        text += f"{route_flags(route.flags):<6}"
        if extended == 1:
            if reject:
                text += f"{'-':>5} {'-':<5} {'-':>6} -"
            else:
                text += f"{route.mtu:>5} {route.window:<5} {route.irtt:>6} {dev}"
        else:
            text += f"{route.metric:<6} {'-' if reject else '0':<2} {0:>7} "
            if extended == 0:
                text += dev
            elif reject:
                text += f"{dev:<8} {'-':<5} {'-':<6} -"
            else:
                text += f"{dev:<8} {route.mtu:<5} {route.window:<6} {route.irtt}"
        await tool.line(text.encode("latin-1"))


_SHORT = ((0x200, "A"), (0x2, "B"), (0x8, "L"), (0x1000, "M"), (0x100, "P"), (0x80, "O"),
          (0x10, "p"), (0x40, "R"), (0x1, "U"))  # fmt: skip

SHORT_HEAD = "MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg"


def short_line(name: str, mtu: int, flags: int, counters: tuple[int, ...]) -> str:
    """A line of ``ifconfig -s`` and ``netstat -i``; without counters an alias."""
    letters = "".join(letter for bit, letter in _SHORT if flags & bit) or "[NO FLAGS]"
    text = f"{name[:15]:<15} {mtu:>5} "
    if not counters:
        return f"{text}     - no statistics available -                        {letters}"
    c = counters
    return (
        f"{text}{c[1]:>8} {c[2]:>6} {c[3]:>6} {c[4]:<6} "
        f"{c[9]:>8} {c[10]:>6} {c[11]:>6} {c[12]:>6} {letters}"
    )
