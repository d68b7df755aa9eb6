"""How ip shows routes, and which ones (ip-route(8))."""

from __future__ import annotations

import struct
from typing import Any

from minios.abi import netlink as nl
from minios.abi.inet import ip_text, mask
from minios.abi.netlink import Nlmsg, RtMsg
from minios.abi.sockets import AF_INET
from minios.userland.bin.ip.context import Ip
from minios.userland.bin.ip.names import PROTOCOLS, SCOPES, TABLES, TYPES, named

METRICS = {2: "mtu", 3: "window", 4: "rtt", 8: "advmss", 10: "hoplimit", 11: "initcwnd"}

DEAD, ONLINK, LINKDOWN = 1, 4, 16
MAIN, LOCAL = 254, 255
_LEADS_NOWHERE = (6, 7, 8, 9)


class Entry:
    """A route as the kernel describes it."""

    __slots__ = ("attributes", "body", "dst", "head", "table")

    def __init__(self, message: Nlmsg) -> None:
        self.head = RtMsg.parse(message.body)
        self.body = message.body
        self.attributes = nl.attributes(message.body[12:])
        self.dst = nl.address(self.attributes.get(nl.RTA_DST, b""))
        self.table = self.number(nl.RTA_TABLE) or self.head.table

    def number(self, kind: int) -> int:
        return nl.number(self.attributes.get(kind, b""))

    def address(self, kind: int) -> int:
        return nl.address(self.attributes.get(kind, b""))

    @property
    def metrics(self) -> dict[int, int]:
        inner = nl.attributes(self.attributes.get(nl.RTA_METRICS, b""))
        return {kind: nl.number(data) for kind, data in inner.items()}


class Filter:
    """What ``show`` and ``flush`` are about; what it names is not shown again."""

    __slots__ = (
        "all_tables", "cloned", "dev", "exact", "family", "kind", "match", "metric", "protocol",
        "root", "scope", "src", "table", "tos", "via",
    )  # fmt: skip

    def __init__(self) -> None:
        self.table = MAIN
        self.all_tables = False
        self.cloned = False
        self.dev: int | None = None
        self.protocol: int | None = None
        self.scope: int | None = None
        self.kind: int | None = None
        self.via: int | None = None
        self.src: int | None = None
        self.metric: int | None = None
        self.root: tuple[int, int] | None = None
        self.match: tuple[int, int] | None = None
        self.exact: tuple[int, int] | None = None
        self.family = 0

    def fits(self, route: Entry) -> bool:
        head = route.head
        if head.family != AF_INET or (not self.all_tables and route.table != self.table):
            return False
        if self.dev is not None and route.number(nl.RTA_OIF) != self.dev:
            return False
        if self.protocol is not None and head.protocol != self.protocol:
            return False
        if self.scope is not None and head.scope != self.scope:
            return False
        if self.kind is not None and head.type != self.kind:
            return False
        if self.via is not None and route.address(nl.RTA_GATEWAY) != self.via:
            return False
        if self.src is not None and route.address(nl.RTA_PREFSRC) != self.src:
            return False
        if self.metric is not None and route.number(nl.RTA_PRIORITY) != self.metric:
            return False
        length = head.dst_len
        if self.exact is not None and (route.dst, length) != self.exact:
            return False
        if self.root is not None and (
            length < self.root[1] or (route.dst ^ self.root[0]) & mask(self.root[1])
        ):
            return False
        return self.match is None or (
            length <= self.match[1] and not (route.dst ^ self.match[0]) & mask(length)
        )


async def described(ip: Ip, route: Entry, known: Filter | None = None) -> str:
    """A route in a line."""
    head = route.head
    known = known or Filter()
    cloned = bool(head.flags & nl.RTM_F_CLONED)
    text = ""
    if head.type != 1 or ip.details:
        text += f"{named(head.type, TYPES)} "
    if nl.RTA_DST not in route.attributes:
        text += "default "
    elif head.dst_len == 32:
        text += f"{ip_text(route.dst)} "
    else:
        text += f"{ip_text(route.dst)}/{head.dst_len} "
    if head.src_len:
        text += f"from {ip_text(route.address(nl.RTA_SRC))} "
    if head.tos:
        text += f"tos 0x{head.tos:02x} "
    if nl.RTA_GATEWAY in route.attributes and known.via is None:
        text += f"via {ip_text(route.address(nl.RTA_GATEWAY))} "
    if nl.RTA_OIF in route.attributes and known.dev is None:
        text += f"dev {await ip.name_of(route.number(nl.RTA_OIF))} "
    if (route.table != MAIN or ip.details) and (known.all_tables or cloned):
        text += f"table {named(route.table, TABLES)} "
    if not cloned:
        if (head.protocol != 3 or ip.details) and known.protocol is None:
            text += f"proto {named(head.protocol, PROTOCOLS)} "
        if (head.scope != 0 or ip.details) and known.scope is None:
            text += f"scope {named(head.scope, SCOPES)} "
    if nl.RTA_PREFSRC in route.attributes and known.src is None:
        text += f"src {ip_text(route.address(nl.RTA_PREFSRC))} "
    if nl.RTA_PRIORITY in route.attributes and known.metric is None:
        text += f"metric {route.number(nl.RTA_PRIORITY)} "
    if head.flags & DEAD:
        text += "dead "
    if head.flags & ONLINK:
        text += "onlink "
    if head.flags & LINKDOWN:
        text += "linkdown "
    if head.flags & nl.RTCF_MULTICAST:
        text += "rt_offload_failed "  # ip takes the bit for RTM_F_OFFLOAD_FAILED
    if nl.RTA_UID in route.attributes:
        text += f"uid {route.number(nl.RTA_UID)} "
    if cloned:
        text += f"{ip.newline}    cache {_cache(route)}"
    for number, value in sorted(route.metrics.items()):
        if number in METRICS:
            text += f"{METRICS[number]} {value} "
    if nl.RTA_IIF in route.attributes:
        text += f"iif {await ip.name_of(route.number(nl.RTA_IIF))} "
    return text


def _cache(route: Entry) -> str:
    words = [
        word
        for bit, word in (
            (nl.RTCF_LOCAL, "local"), (nl.RTCF_BROADCAST, "brd"), (nl.RTCF_MULTICAST, "mc"),
            (nl.RTCF_DOREDIRECT, "redirect"), (nl.RTCF_REDIRECTED, "redirected"),
        )
        if route.head.flags & bit
    ]  # fmt: skip
    text = f"<{','.join(words)}> " if words else ""
    data = route.attributes.get(nl.RTA_CACHEINFO, b"").ljust(32, b"\0")
    expires = struct.unpack_from("<IIi", data)[2]
    if expires:
        text += f"expires {expires // 100}sec "
    return text


async def as_json(ip: Ip, route: Entry) -> dict[str, Any]:
    """A route for -json."""
    head = route.head
    found: dict[str, Any] = {}
    if head.type != 1 or ip.details:
        found["type"] = named(head.type, TYPES)
    if nl.RTA_DST not in route.attributes:
        found["dst"] = "default"
    else:
        found["dst"] = ip_text(route.dst) + (f"/{head.dst_len}" if head.dst_len < 32 else "")
    if nl.RTA_GATEWAY in route.attributes:
        found["gateway"] = ip_text(route.address(nl.RTA_GATEWAY))
    if nl.RTA_OIF in route.attributes:
        found["dev"] = await ip.name_of(route.number(nl.RTA_OIF))
    if not head.flags & nl.RTM_F_CLONED:
        if head.protocol != 3:
            found["protocol"] = named(head.protocol, PROTOCOLS)
        if head.scope:
            found["scope"] = named(head.scope, SCOPES)
    if nl.RTA_PREFSRC in route.attributes:
        found["prefsrc"] = ip_text(route.address(nl.RTA_PREFSRC))
    if nl.RTA_PRIORITY in route.attributes:
        found["metric"] = route.number(nl.RTA_PRIORITY)
    flags = [("dead", DEAD), ("onlink", ONLINK), ("linkdown", LINKDOWN)]
    found["flags"] = [name for name, bit in flags if head.flags & bit]
    return found
