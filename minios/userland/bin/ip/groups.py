"""ip maddress: the multicast groups that devices listen to (ip-maddress(8))."""

from __future__ import annotations

from minios.abi.inet import ip_text, mac_text
from minios.abi.sockets import AF_INET
from minios.userland.bin.ip.context import Complaint, Ip, Words, duplicate, matches
from minios.userland.lib.stdio import read_file

USAGE = """
Usage: ip maddr show [ dev STRING ]
"""


async def do(ip: Ip, words: Words) -> int:
    """``ip maddress …``."""
    if words:
        word = words.take()
        if matches(word, "help"):
            raise await ip.usage(USAGE)
        if not (matches(word, "show") or matches(word, "list") or matches(word, "lst")):
            raise Complaint(f'Command "{word}" is unknown, try "ip maddr help".')
    wanted = ""
    while words:
        words.is_next("dev")
        word = words.take()
        if wanted:
            raise duplicate("dev", word)
        wanted = word
    rows: dict[int, tuple[str, list[str]]] = {}
    if not ip.family:
        await _links(ip, rows)
    if ip.family in (0, AF_INET):
        await _groups(ip, rows)
    for index in sorted(rows):
        name, lines = rows[index]
        if wanted in ("", name):
            await ip.line(f"{index}:\t{name}")
            for line in lines:
                await ip.line(line)
    return 0


def _users(count: int) -> str:
    return f" users {count}" if count > 1 else ""


async def _links(ip: Ip, rows: dict[int, tuple[str, list[str]]]) -> None:
    """Groups by their hardware addresses, of /proc/net/dev_mcast."""
    text = (await read_file(ip.tool.sys, b"/proc/net/dev_mcast")).decode("latin-1")
    for line in text.splitlines():
        index, name, users, _, mac = line.split()
        lines = rows.setdefault(int(index), (name, []))[1]
        lines.append(f"\tlink  {mac_text(int(mac, 16))}{_users(int(users))}")


async def _groups(ip: Ip, rows: dict[int, tuple[str, list[str]]]) -> None:
    """Groups of IPv4, of /proc/net/igmp."""
    lines: list[str] = []
    text = (await read_file(ip.tool.sys, b"/proc/net/igmp")).decode("latin-1")
    for line in text.splitlines()[1:]:
        words = line.split()
        if not line.startswith("\t"):
            lines = rows.setdefault(int(words[0]), (words[1], []))[1]
            continue
        group = int.from_bytes(int(words[0], 16).to_bytes(4, "little"), "big")
        lines.append(f"\tinet  {ip_text(group)}{_users(int(words[1]))}")
