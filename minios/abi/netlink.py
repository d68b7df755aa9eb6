"""Netlink: messages and attributes as bytes, and numbers of rtnetlink (netlink(7), rtnetlink(7)).

Everything is in the byte order of the machine, which is little endian; only addresses stand as they
do on the wire.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

NETLINK_ROUTE = 0
NETLINK_SOCK_DIAG = 4
NETLINK_NETFILTER = 12

NLM_F_REQUEST = 0x01
NLM_F_MULTI = 0x02
NLM_F_ACK = 0x04
NLM_F_ECHO = 0x08
NLM_F_ROOT = 0x100
NLM_F_MATCH = 0x200
NLM_F_DUMP = NLM_F_ROOT | NLM_F_MATCH
NLM_F_REPLACE = 0x100
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400
NLM_F_APPEND = 0x800
NLM_F_CAPPED = 0x100
NLM_F_ACK_TLVS = 0x200

NLMSG_NOOP = 1
NLMSG_ERROR = 2
NLMSG_DONE = 3

NLMSGERR_ATTR_MSG = 1

SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
NETLINK_DROP_MEMBERSHIP = 2
NETLINK_EXT_ACK = 11
NETLINK_GET_STRICT_CHK = 12

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK = 16, 17, 18, 19
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE = 32, 33, 34

RTM_NAMES = {
    16: "RTM_NEWLINK", 17: "RTM_DELLINK", 18: "RTM_GETLINK", 19: "RTM_SETLINK",
    20: "RTM_NEWADDR", 21: "RTM_DELADDR", 22: "RTM_GETADDR", 24: "RTM_NEWROUTE",
    25: "RTM_DELROUTE", 26: "RTM_GETROUTE", 28: "RTM_NEWNEIGH", 29: "RTM_DELNEIGH",
    30: "RTM_GETNEIGH", 32: "RTM_NEWRULE", 33: "RTM_DELRULE", 34: "RTM_GETRULE",
    1: "NLMSG_NOOP", 2: "NLMSG_ERROR", 3: "NLMSG_DONE",
}  # fmt: skip

RTNLGRP_LINK = 1
RTNLGRP_NEIGH = 3
RTNLGRP_IPV4_IFADDR = 5
RTNLGRP_IPV4_ROUTE = 7
RTNLGRP_IPV4_RULE = 8
"""Multicast groups; group n is bit n - 1 of the groups of an address."""

IFLA_ADDRESS = 1
IFLA_BROADCAST = 2
IFLA_IFNAME = 3
IFLA_MTU = 4
IFLA_LINK = 5
IFLA_QDISC = 6
IFLA_MASTER = 10
IFLA_TXQLEN = 13
IFLA_OPERSTATE = 16
IFLA_LINKMODE = 17
IFLA_LINKINFO = 18
IFLA_IFALIAS = 20
IFLA_STATS64 = 23
IFLA_GROUP = 27
IFLA_EXT_MASK = 29
IFLA_AF_SPEC = 26
IFLA_PROMISCUITY = 30
IFLA_NUM_TX_QUEUES = 31
IFLA_NUM_RX_QUEUES = 32
IFLA_CARRIER = 33
IFLA_CARRIER_CHANGES = 35
IFLA_PERM_ADDRESS = 54
IFLA_MIN_MTU = 50
IFLA_MAX_MTU = 51
IFLA_PROTINFO = 12
IFLA_INFO_KIND = 1
IFLA_INFO_DATA = 2
IFLA_INFO_SLAVE_KIND = 4
IFLA_INFO_SLAVE_DATA = 5
IFLA_VLAN_ID = 1
IFLA_VLAN_PROTOCOL = 5
IFLA_BR_FORWARD_DELAY = 1
IFLA_BR_HELLO_TIME = 2
IFLA_BR_MAX_AGE = 3
IFLA_BR_AGEING_TIME = 4
IFLA_BR_STP_STATE = 5
IFLA_BR_PRIORITY = 6
IFLA_BR_VLAN_FILTERING = 7
IFLA_BR_VLAN_DEFAULT_PVID = 39
IFLA_BRPORT_STATE = 1
IFLA_BRPORT_PRIORITY = 2
IFLA_BRPORT_COST = 3
IFLA_BRPORT_MODE = 4
IFLA_BRPORT_LEARNING = 8
IFLA_BRPORT_UNICAST_FLOOD = 9
IFLA_BRIDGE_FLAGS = 0
IFLA_BRIDGE_VLAN_INFO = 2
BRIDGE_VLAN_INFO_MASTER = 0x01
BRIDGE_VLAN_INFO_PVID = 0x02
BRIDGE_VLAN_INFO_UNTAGGED = 0x04
RTEXT_FILTER_BRVLAN = 0x02

OPERSTATES = ("UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP")

IFA_ADDRESS = 1
IFA_LOCAL = 2
IFA_LABEL = 3
IFA_BROADCAST = 4
IFA_CACHEINFO = 6
IFA_FLAGS = 8
IFA_RT_PRIORITY = 9

RTA_DST = 1
RTA_SRC = 2
RTA_IIF = 3
RTA_OIF = 4
RTA_GATEWAY = 5
RTA_PRIORITY = 6
RTA_PREFSRC = 7
RTA_METRICS = 8
RTA_CACHEINFO = 12
RTA_TABLE = 15
RTA_UID = 25
RTAX_MTU = 2
RTAX_ADVMSS = 8
RTM_F_CLONED = 0x200
RTM_F_LOOKUP_TABLE = 0x1000
RTCF_LOCAL = 0x8000_0000
RTCF_BROADCAST = 0x1000_0000
RTCF_MULTICAST = 0x2000_0000
RTCF_DOREDIRECT = 0x0100_0000
RTCF_REDIRECTED = 0x0004_0000

NDA_DST = 1
NDA_LLADDR = 2
NDA_CACHEINFO = 3
NDA_PROBES = 4
NDA_VLAN = 5
NDA_MASTER = 9
NTF_SELF = 0x02
NTF_MASTER = 0x04
NTF_PROXY = 0x08

FRA_DST = 1
FRA_SRC = 2
FRA_IIFNAME = 3
FRA_PRIORITY = 6
FRA_TABLE = 15
FRA_OIFNAME = 17

_HEADER = struct.Struct("<IHHII")
_ATTRIBUTE = struct.Struct("<HH")
_NDMSG = struct.Struct("<BxHiHBB")
_RTMSG = struct.Struct("<BBBBBBBBI")
_IFADDR = struct.Struct("<BBBBI")
_IFINFO = struct.Struct("<BxHiII")

AF_BRIDGE = 7


class NetlinkAddress(NamedTuple):
    """struct sockaddr_nl: the port (0: the kernel) and a mask of groups."""

    pid: int = 0
    groups: int = 0


class Nlmsg(NamedTuple):
    """A message without its length."""

    type: int
    flags: int
    seq: int
    pid: int
    body: bytes

    def pack(self) -> bytes:
        """The bytes, padded to four."""
        head = _HEADER.pack(16 + len(self.body), self.type, self.flags, self.seq, self.pid)
        return head + self.body + bytes(-len(self.body) & 3)


def messages(data: bytes) -> Iterator[Nlmsg]:
    """The messages of a datagram; one that is cut off ends it."""
    at = 0
    while len(data) - at >= 16:
        length, kind, flags, seq, pid = _HEADER.unpack_from(data, at)
        if length < 16 or at + length > len(data):
            return
        yield Nlmsg(kind, flags, seq, pid, data[at + 16 : at + length])
        at += length + 3 & ~3


def attribute(kind: int, data: bytes) -> bytes:
    """One attribute, padded."""
    return _ATTRIBUTE.pack(4 + len(data), kind) + data + bytes(-len(data) & 3)


def u8(kind: int, value: int) -> bytes:
    return attribute(kind, bytes((value & 255,)))


def u16(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("<H", value & 0xFFFF))


def u32(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("<I", value & 0xFFFF_FFFF))


def text(kind: int, value: str) -> bytes:
    """A string with its NUL."""
    return attribute(kind, value.encode("latin-1", "replace") + b"\0")


def ip(kind: int, value: int) -> bytes:
    """An IPv4 address."""
    return attribute(kind, value.to_bytes(4, "big"))


def mac(kind: int, value: int) -> bytes:
    """A hardware address."""
    return attribute(kind, value.to_bytes(6, "big"))


def attribute_list(data: bytes) -> list[tuple[int, bytes]]:
    """Attributes in their order; what is cut off is left out. NLA_F_NESTED is taken away."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while len(data) - at >= 4:
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < 4 or at + length > len(data):
            break
        found.append((kind & 0x3FFF, data[at + 4 : at + length]))
        at += length + 3 & ~3
    return found


def attributes(data: bytes) -> dict[int, bytes]:
    """Attributes by type; of several of a type the last."""
    return dict(attribute_list(data))


def number(data: bytes) -> int:
    """The number in an attribute, of eight bytes at most."""
    return int.from_bytes(data[:8], "little")


def address(data: bytes) -> int:
    """The address in an attribute, IPv4 or hardware."""
    return int.from_bytes(data, "big")


def string(data: bytes) -> str:
    """The text in an attribute."""
    return data.partition(b"\0")[0].decode("latin-1")


class IfInfo(NamedTuple):
    """struct ifinfomsg."""

    family: int = 0
    type: int = 0
    ifindex: int = 0
    flags: int = 0
    change: int = 0

    def pack(self) -> bytes:
        return _IFINFO.pack(*self)

    @classmethod
    def parse(cls, body: bytes) -> IfInfo:
        return cls(*_IFINFO.unpack(body[:16].ljust(16, b"\0")))


class IfAddr(NamedTuple):
    """struct ifaddrmsg."""

    family: int = 0
    prefixlen: int = 0
    flags: int = 0
    scope: int = 0
    ifindex: int = 0

    def pack(self) -> bytes:
        return _IFADDR.pack(*self)

    @classmethod
    def parse(cls, body: bytes) -> IfAddr:
        return cls(*_IFADDR.unpack(body[:8].ljust(8, b"\0")))


class RtMsg(NamedTuple):
    """struct rtmsg."""

    family: int = 0
    dst_len: int = 0
    src_len: int = 0
    tos: int = 0
    table: int = 0
    protocol: int = 0
    scope: int = 0
    type: int = 0
    flags: int = 0

    def pack(self) -> bytes:
        return _RTMSG.pack(*self)

    @classmethod
    def parse(cls, body: bytes) -> RtMsg:
        return cls(*_RTMSG.unpack(body[:12].ljust(12, b"\0")))


class NdMsg(NamedTuple):
    """struct ndmsg."""

    family: int = 0
    ifindex: int = 0
    state: int = 0
    flags: int = 0
    type: int = 0

    def pack(self) -> bytes:
        return _NDMSG.pack(self.family, 0, *self[1:])

    @classmethod
    def parse(cls, body: bytes) -> NdMsg:
        family, _, *rest = _NDMSG.unpack(body[:12].ljust(12, b"\0"))
        return cls(family, *rest)


def error_message(request: Nlmsg, errno: int, words: str = "") -> bytes:
    """NLMSG_ERROR about a request: an acknowledgement if ``errno`` is 0. ``words`` say more."""
    head = _HEADER.pack(
        16 + len(request.body), request.type, request.flags, request.seq, request.pid
    )
    body = struct.pack("<i", -errno) + head
    flags = 0
    if errno:
        body += request.body + bytes(-len(request.body) & 3)
    else:
        flags |= NLM_F_CAPPED
    if words:
        flags |= NLM_F_ACK_TLVS
        body += text(NLMSGERR_ATTR_MSG, words)
    return Nlmsg(NLMSG_ERROR, flags, request.seq, request.pid, body).pack()


def parse_error(message: Nlmsg) -> tuple[int, str]:
    """The errno (0: acknowledged) and the words of an NLMSG_ERROR."""
    if len(message.body) < 20:
        return 5, ""
    (code,) = struct.unpack_from("<i", message.body)
    words = ""
    if message.flags & NLM_F_ACK_TLVS:
        (length,) = struct.unpack_from("<I", message.body, 4)
        at = 20 if message.flags & NLM_F_CAPPED else 4 + (length + 3 & ~3)
        words = string(attributes(message.body[at:]).get(NLMSGERR_ATTR_MSG, b""))
    return -code, words
