"""ip rule: which table a packet is looked up in (ip-rule(8))."""

from __future__ import annotations

from minios.abi import netlink as nl
from minios.abi.inet import ip_text
from minios.abi.netlink import Nlmsg, RtMsg
from minios.abi.sockets import AF_INET
from minios.userland.bin.ip.context import Complaint, Ip, Words, invalid, matches, prefix, unsigned
from minios.userland.bin.ip.names import TABLES, TYPES, named, numbered

USAGE = """
Usage: ip rule { add | del } SELECTOR ACTION
       ip rule { flush }
       ip rule [ list [ SELECTOR ]]
SELECTOR := [ from PREFIX ] [ to PREFIX ]
            [ iif STRING ] [ oif STRING ] [ pref NUMBER ]
ACTION := [ table TABLE_ID ]
TABLE_ID := [ local | main | default | NUMBER ]
"""

_ACTIONS = {6: "blackhole", 7: "unreachable", 8: "prohibit"}


def described(message: Nlmsg) -> str:
    """A rule in a line."""
    head = RtMsg.parse(message.body)
    found = nl.attributes(message.body[12:])
    text = f"{nl.number(found.get(nl.FRA_PRIORITY, b''))}:\t"
    if head.src_len:
        text += f"from {_prefix(found[nl.FRA_SRC], head.src_len)}"
    else:
        text += "from all"
    if head.dst_len:
        text += f" to {_prefix(found[nl.FRA_DST], head.dst_len)}"
    if nl.FRA_IIFNAME in found:
        text += f" iif {nl.string(found[nl.FRA_IIFNAME])}"
    if nl.FRA_OIFNAME in found:
        text += f" oif {nl.string(found[nl.FRA_OIFNAME])}"
    if head.type == 1:
        return text + f" lookup {named(nl.number(found[nl.FRA_TABLE]), TABLES)}"
    return text + f" {named(head.type, TYPES)}"


def _prefix(data: bytes, length: int) -> str:
    address = ip_text(nl.address(data))
    return address if length == 32 else f"{address}/{length}"


async def do(ip: Ip, words: Words) -> int:
    """``ip rule …``."""
    if not words:
        return await show(ip)
    word = words.take()
    if matches(word, "list") or matches(word, "lst") or matches(word, "show"):
        return await show(ip)
    if matches(word, "add"):
        return await _modify(ip, words, nl.RTM_NEWRULE, nl.NLM_F_CREATE | nl.NLM_F_EXCL)
    if matches(word, "delete"):
        return await _modify(ip, words, nl.RTM_DELRULE, 0)
    if matches(word, "flush"):
        return await flush(ip)
    if matches(word, "help"):
        raise await ip.usage(USAGE)
    raise Complaint(f'Command "{word}" is unknown, try "ip rule help".')


async def _rules(ip: Ip) -> list[Nlmsg]:
    return await ip.dump(nl.RTM_GETRULE, RtMsg(AF_INET).pack())


async def show(ip: Ip) -> int:
    """``ip rule list``."""
    for message in await _rules(ip):
        await ip.line(described(message))
    return 0


async def flush(ip: Ip) -> int:
    """``ip rule flush``: all rules but the first."""
    for message in await _rules(ip):
        if nl.number(nl.attributes(message.body[12:]).get(nl.FRA_PRIORITY, b"")):
            status = await ip.talk(nl.RTM_DELRULE, 0, message.body)
            if status:
                return status
    return 0


async def _modify(ip: Ip, words: Words, kind: int, flags: int) -> int:
    """``add`` and ``del``."""
    src_len = dst_len = table = 0
    action = 1 if kind == nl.RTM_NEWRULE else 0
    table_named = False
    body = b""
    while words:
        word = words.take()
        if word == "not":
            raise Complaint('Error: argument "not" is wrong: rules are not negated here')
        if word == "from":
            address, src_len = prefix(words.take())
            if src_len:
                body += nl.ip(nl.FRA_SRC, address)
        elif word == "to":
            address, dst_len = prefix(words.take())
            if dst_len:
                body += nl.ip(nl.FRA_DST, address)
        elif matches(word, "preference") or matches(word, "order") or matches(word, "priority"):
            text = words.take()
            number = unsigned(text)
            if number is None:
                raise invalid(text, "preference value is invalid\n")
            body += nl.u32(nl.FRA_PRIORITY, number)
        elif matches(word, "table") or word == "lookup":
            text = words.take()
            found = numbered(text, TABLES, 0xFFFF_FFFF)
            if found is None:
                raise invalid(text, "invalid table ID\n")
            table, table_named = found, True
        elif word in ("dev", "iif"):
            body += nl.text(nl.FRA_IIFNAME, words.take())
        elif word == "oif":
            body += nl.text(nl.FRA_OIFNAME, words.take())
        elif matches(word, "protocol"):
            words.take()
        else:
            if word == "type":
                word = words.take()
            if matches(word, "help"):
                raise await ip.usage(USAGE)
            kinds = [number for number, name in _ACTIONS.items() if matches(word, name)]
            if not kinds:
                raise invalid(word, "Failed to parse rule type")
            action = kinds[0]
    if kind == nl.RTM_NEWRULE and action == 1 and not table_named:
        table = 254
    head = RtMsg(AF_INET, dst_len, src_len, 0, table if table < 256 else 0, 3, 0, action)
    if table > 255:
        body += nl.u32(nl.FRA_TABLE, table)
    return await ip.talk(kind, flags, head.pack() + body)
