"""ip route: the routing tables (ip-route(8))."""

from __future__ import annotations

from minios.abi import netlink as nl
from minios.abi.inet import mask
from minios.abi.netlink import RtMsg
from minios.abi.sockets import AF_INET
from minios.userland.bin.ip.context import (
    Complaint,
    Ip,
    Words,
    host,
    invalid,
    matches,
    prefix,
    unsigned,
)
from minios.userland.bin.ip.names import PROTOCOLS, SCOPES, TABLES, TYPES, numbered
from minios.userland.bin.ip.routetext import (
    LOCAL,
    MAIN,
    METRICS,
    ONLINK,
    Entry,
    Filter,
    as_json,
    described,
)
from minios.userland.lib.net.netlink import NetlinkError

USAGE = """
Usage: ip route { list | flush } SELECTOR
       ip route get ADDRESS
                            [ from ADDRESS iif STRING ]
                            [ oif STRING ] [ tos TOS ]
                            [ mark NUMBER ] [ uid NUMBER ]
       ip route { add | del | change | append | replace } ROUTE
SELECTOR := [ root PREFIX ] [ match PREFIX ] [ exact PREFIX ]
            [ table TABLE_ID ] [ proto RTPROTO ]
            [ type TYPE ] [ scope SCOPE ]
ROUTE := NODE_SPEC [ INFO_SPEC ]
NODE_SPEC := [ TYPE ] PREFIX [ tos TOS ]
             [ table TABLE_ID ] [ proto RTPROTO ]
             [ scope SCOPE ] [ metric METRIC ]
INFO_SPEC := NH OPTIONS FLAGS [ nexthop NH ]...
NH := [ via ADDRESS ]
      [ dev STRING ] NHFLAGS
OPTIONS := FLAGS [ mtu NUMBER ] [ advmss NUMBER ]
           [ window NUMBER ] [ src ADDRESS ]
TYPE := { unicast | local | broadcast | multicast | throw |
          unreachable | prohibit | blackhole | nat }
TABLE_ID := [ local | main | default | all | NUMBER ]
SCOPE := [ host | link | global | NUMBER ]
NHFLAGS := [ onlink ]
RTPROTO := [ kernel | boot | static | NUMBER ]
"""

# -- commands ----------------------------------------------------------------------------------


async def do(ip: Ip, words: Words) -> int:
    """``ip route …``."""
    if not words:
        return await show(ip, words)
    word = words.take()
    create = nl.NLM_F_CREATE
    if matches(word, "add"):
        return await _modify(ip, words, nl.RTM_NEWROUTE, create | nl.NLM_F_EXCL)
    if matches(word, "change") or word == "chg":
        return await _modify(ip, words, nl.RTM_NEWROUTE, nl.NLM_F_REPLACE)
    if matches(word, "replace"):
        return await _modify(ip, words, nl.RTM_NEWROUTE, create | nl.NLM_F_REPLACE)
    if matches(word, "prepend"):
        return await _modify(ip, words, nl.RTM_NEWROUTE, create)
    if matches(word, "append"):
        return await _modify(ip, words, nl.RTM_NEWROUTE, create | nl.NLM_F_APPEND)
    if matches(word, "test"):
        return await _modify(ip, words, nl.RTM_NEWROUTE, nl.NLM_F_EXCL)
    if matches(word, "delete"):
        return await _modify(ip, words, nl.RTM_DELROUTE, 0)
    if matches(word, "get"):
        return await get(ip, words)
    if matches(word, "show") or matches(word, "lst") or matches(word, "list"):
        return await show(ip, words)
    if matches(word, "flush"):
        return await flush(ip, words)
    if matches(word, "help"):
        raise await ip.usage(USAGE)
    raise Complaint(f'Command "{word}" is unknown, try "ip route help".')


async def _filter(ip: Ip, words: Words) -> Filter:
    """The arguments of ``show`` and ``flush``."""
    wanted = Filter()
    while words:
        word = words.take()
        if matches(word, "table"):
            text = words.take()
            if text == "cache":
                wanted.cloned = True
            elif text == "all":
                wanted.all_tables = True
            else:
                table = numbered(text, TABLES, 0xFFFF_FFFF)
                if table is None:
                    raise invalid(text, "table id value is invalid\n")
                wanted.table = table
                wanted.all_tables = table == 0
        elif matches(word, "cached") or matches(word, "cloned"):
            wanted.cloned = True
        elif matches(word, "protocol"):
            text = words.take()
            if text != "all":
                wanted.protocol = numbered(text, PROTOCOLS)
                if wanted.protocol is None:
                    raise invalid(text, 'invalid "protocol"\n')
        elif matches(word, "scope"):
            text = words.take()
            if text != "all":
                wanted.scope = numbered(text, SCOPES)
                if wanted.scope is None:
                    raise invalid(text, 'invalid "scope"\n')
        elif matches(word, "type"):
            text = words.take()
            wanted.kind = numbered(text, TYPES)
            if wanted.kind is None:
                raise invalid(text, "node type value is invalid\n")
        elif word in ("dev", "oif"):
            wanted.dev = (await ip.need(words.take())).index
        elif word == "via":
            words.is_next("inet")
            wanted.via = prefix(words.take())[0]
        elif word == "src":
            wanted.src = prefix(words.take())[0]
        elif matches(word, "metric") or matches(word, "priority") or word == "preference":
            wanted.metric = unsigned(words.take())
        else:
            if word == "to":
                word = words.take()
            if matches(word, "root"):
                wanted.root = prefix(words.take())
            elif matches(word, "match"):
                wanted.match = prefix(words.take())
            elif matches(word, "help"):
                raise await ip.usage(USAGE)
            else:
                if matches(word, "exact"):
                    word = words.take()
                address, length = prefix(word)
                wanted.exact = (address & mask(length), length)
    return wanted


async def routes(ip: Ip, wanted: Filter, doing: str = "Dump") -> list[Entry]:
    """The routes that fit. The kernel says whether there is the table."""
    if wanted.cloned:
        return []
    head = RtMsg(AF_INET, table=0).pack()
    if not wanted.all_tables and wanted.table != MAIN:
        head += nl.u32(nl.RTA_TABLE, wanted.table)
    try:
        found = await (await ip.netlink()).dump(nl.RTM_GETROUTE, head)
    except NetlinkError as err:
        await ip.answered(err)
        raise Complaint(f"{doing} terminated", 2) from None
    return [route for route in map(Entry, found) if wanted.fits(route)]


async def show(ip: Ip, words: Words) -> int:
    """``ip route show``."""
    wanted = await _filter(ip, words)
    if ip.family not in (0, AF_INET):
        return 0
    for route in await routes(ip, wanted):
        if ip.json:
            ip.objects.append(await as_json(ip, route))
        else:
            await ip.line(await described(ip, route, wanted))
    return 0


async def flush(ip: Ip, words: Words) -> int:
    """``ip route flush``: every route that fits."""
    if not words:
        raise Complaint('"ip route flush" requires arguments.', 1)
    wanted = await _filter(ip, words)
    count = 0
    while rest := await routes(ip, wanted, "Flush"):
        count += 1
        if ip.statistics > 1:
            for route in rest:
                await ip.line(await described(ip, route, wanted))
        if ip.statistics:
            await ip.line(f"\n*** Round {count}, deleting {len(rest)} entries ***")
        for route in rest:
            try:
                await (await ip.netlink()).talk(nl.RTM_DELROUTE, 0, route.body)
            except NetlinkError as err:
                raise Complaint(f"Failed to send flush request: {err.strerror}", 2) from None
    if ip.statistics:
        if count:
            await ip.line(
                f"*** Flush is complete after {count} round{'s' if count > 1 else ''} ***"
            )
        else:
            await ip.line("Nothing to flush.")
    return 0


async def get(ip: Ip, words: Words) -> int:
    """``ip route get``: how the kernel would send a packet."""
    dst: tuple[int, int] | None = None
    body = b""
    iif = oif = ""
    src = tos = 0
    fibmatch = False
    while words:
        word = words.take()
        if matches(word, "tos") or matches(word, "dsfield"):
            text = words.take()
            tos = unsigned(text, 255) or 0
        elif matches(word, "fibmatch"):
            fibmatch = True
        elif matches(word, "from") and len(word) > 1:
            if words.peek == "help":
                raise await ip.usage(USAGE)
            src = prefix(words.take())[0]
        elif matches(word, "iif") and len(word) > 1:
            iif = words.take()
        elif word in ("oif", "dev"):
            oif = words.take()
        elif matches(word, "mark") or matches(word, "uid") or word in ("sport", "dport", "ipproto"):
            text = words.take()
            if unsigned(text) is None and word != "ipproto":
                raise invalid(text, f"invalid {word}")
        elif word in ("notify", "connected", "vrf"):
            continue
        else:
            if word == "to":
                word = words.take()
            if matches(word, "help"):
                raise await ip.usage(USAGE)
            dst = prefix(word)
    if dst is None:
        raise Complaint("need at least a destination address", 1)
    if src:
        body += nl.ip(nl.RTA_SRC, src)
    body += nl.ip(nl.RTA_DST, dst[0])
    if iif:
        body += nl.u32(nl.RTA_IIF, (await ip.need(iif)).index)
    if oif:
        body += nl.u32(nl.RTA_OIF, (await ip.need(oif)).index)
    body += nl.u32(nl.RTA_UID, await ip.tool.sys.getuid())
    head = RtMsg(AF_INET, dst[1], 32 if src else 0, tos, flags=nl.RTM_F_LOOKUP_TABLE)
    try:
        answer = await (await ip.netlink()).ask(nl.RTM_GETROUTE, head.pack() + body)
    except NetlinkError as err:
        await ip.answered(err)
        return 2
    route = Entry(answer)
    if fibmatch:
        wanted = Filter()
        wanted.match = (dst[0], 32)
        best = sorted(await routes(ip, wanted), key=lambda each: -each.head.dst_len)[:1]
        route = best[0] if best else route
    if ip.json:
        ip.objects.append(await as_json(ip, route))
    else:
        await ip.line(await described(ip, route))
    return 0


async def _modify(ip: Ip, words: Words, kind: int, flags: int) -> int:
    """``add``, ``del`` and the like."""
    deleting = kind == nl.RTM_DELROUTE
    route = {
        "type": 0 if deleting else 1, "table": 0, "protocol": 0 if deleting else 3,
        "scope": 255 if deleting else 0, "tos": 0, "flags": 0,
    }  # fmt: skip
    scoped = typed = False
    dst: tuple[int, int] | None = None
    gateway = False
    device = ""
    body = metrics = b""
    while words:
        word = words.take()
        if word == "src":
            body += nl.ip(nl.RTA_PREFSRC, host(words.take()))
        elif word == "via":
            words.is_next("inet")
            gateway = True
            body += nl.ip(nl.RTA_GATEWAY, host(words.take()))
        elif word == "from":
            prefix(words.take())
        elif word in ("tos", "dsfield"):
            text = words.take()
            tos = unsigned(text, 255)
            if tos is None:
                raise invalid(text, '"tos" value is invalid\n')
            route["tos"] = tos
        elif word == "metric" or matches(word, "priority") or matches(word, "preference"):
            text = words.take()
            metric = unsigned(text)
            if metric is None:
                raise invalid(text, '"metric" value is invalid\n')
            body += nl.u32(nl.RTA_PRIORITY, metric)
        elif word == "scope":
            text = words.take()
            scope = numbered(text, SCOPES)
            if scope is None:
                raise invalid(text, '"scope" value is invalid\n')
            route["scope"], scoped = scope, True
        elif word in ("mtu", "advmss", "window", "rtt", "hoplimit", "initcwnd"):
            words.is_next("lock")
            text = words.take()
            value = unsigned(text)
            if value is None:
                raise invalid(text, f'"{word}" value is invalid\n')
            number = next(number for number, name in METRICS.items() if name == word)
            metrics += nl.u32(number, value)
        elif matches(word, "protocol"):
            text = words.take()
            protocol = numbered(text, PROTOCOLS)
            if protocol is None:
                raise invalid(text, '"protocol" value is invalid\n')
            route["protocol"] = protocol
        elif matches(word, "table"):
            text = words.take()
            table = numbered(text, TABLES, 0xFFFF_FFFF)
            if table is None:
                raise invalid(text, '"table" value is invalid\n')
            route["table"] = table
        elif word in ("dev", "oif"):
            device = words.take()
        elif word == "onlink":
            route["flags"] |= ONLINK
        elif word == "nexthop":
            body += nl.attribute(9, bytes(8))
            while words:
                words.take()
        else:
            if word == "to":
                word = words.take()
            number_of = numbered(word, TYPES, 0)
            if number_of and not typed and dst is None:
                route["type"], typed = number_of, True
                word = words.take()
            if matches(word, "help"):
                raise await ip.usage(USAGE)
            if dst is not None:
                raise Complaint(f'Error: either "to" is duplicate, or "{word}" is a garbage.')
            dst = prefix(word)
    if dst is None and not body and not device:
        raise await ip.usage(USAGE)
    if dst is None:
        dst = (0, 0)
    if device:
        body += nl.u32(nl.RTA_OIF, (await ip.need(device)).index)
    if metrics:
        body += nl.attribute(nl.RTA_METRICS, metrics)
    if not route["table"]:
        route["table"] = LOCAL if route["type"] in (2, 3, 4, 10) else MAIN
    if not scoped and not deleting:
        if route["type"] in (2, 10):
            route["scope"] = 254
        elif route["type"] in (3, 4, 5) or (route["type"] in (0, 1) and not gateway):
            route["scope"] = 253
    if not scoped and deleting and route["type"] == 2:
        route["scope"] = 254
    address, length = dst
    head = RtMsg(
        AF_INET, length, 0, route["tos"], route["table"] if route["table"] < 256 else 0,
        route["protocol"], route["scope"], route["type"], route["flags"],
    )  # fmt: skip
    if route["table"] > 255:
        body += nl.u32(nl.RTA_TABLE, route["table"])
    if length:
        body = nl.ip(nl.RTA_DST, address) + body
    return await ip.talk(kind, flags, head.pack() + body)
