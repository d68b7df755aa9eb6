"""What iptables and the kernel say to each other about packets (iptables(8), linux/netfilter_ipv4).

A table travels as plain tuples: getsockopt(IPT_SO_GET_ENTRIES) gives a :class:`Table`, iptables
changes it, and setsockopt(IPT_SO_SET_REPLACE) puts it back whole. A rule that was there before
keeps its ``handle``, and with it what its matches remember; counters below zero mean those it has.
"""

from typing import Any, NamedTuple

SOL_IP = 0
IPT_SO_SET_REPLACE = 64
"""setsockopt: a :class:`Table` takes the place of the one of its name."""
IPT_SO_GET_INFO = 64
"""getsockopt: the names of the tables that are in use."""
IPT_SO_GET_ENTRIES = 128
"""getsockopt, plus the table's place in :data:`TABLES`: a :class:`Table`."""
SO_ORIGINAL_DST = 80
"""getsockopt: the ``(address, port)`` a connection was made to before DNAT or REDIRECT."""

TABLES: dict[str, tuple[str, ...]] = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
}
"""The tables and their built-in chains, in the order they are listed."""

CHAIN_NAME_MAX = 28
"""Bytes of a chain's name (XT_EXTENSION_MAXNAMELEN - 1)."""
IFNAMSIZ = 16
MULTIPORT_MAX = 15
"""Ports of one multiport match; a range counts twice."""
LOG_PREFIX_MAX = 127
COMMENT_MAX = 256

# -m conntrack --ctstate (linux/netfilter/xt_conntrack.h)
CT_INVALID = 1 << 0
CT_ESTABLISHED = 1 << 1
CT_RELATED = 1 << 2
CT_NEW = 1 << 3
CT_SNAT = 1 << 6
CT_DNAT = 1 << 7
CT_UNTRACKED = 1 << 8

# an entry's status (linux/netfilter/nf_conntrack_common.h)
IPS_EXPECTED = 1 << 0
IPS_SEEN_REPLY = 1 << 1
IPS_ASSURED = 1 << 2
IPS_CONFIRMED = 1 << 3
IPS_SRC_NAT = 1 << 4
IPS_DST_NAT = 1 << 5
IPS_SRC_NAT_DONE = 1 << 7
IPS_DST_NAT_DONE = 1 << 8

# LOG flags
LOG_TCPSEQ, LOG_TCPOPT, LOG_IPOPT, LOG_UID = 1, 2, 4, 8

# addrtype (linux/rtnetlink.h): bits of 1 << RTN_*
ADDRTYPES = (
    "UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE",
    "PROHIBIT", "THROW", "NAT", "XRESOLVE",
)  # fmt: skip

REJECTS: dict[str, tuple[int, int]] = {
    "icmp-net-unreachable": (3, 0),
    "icmp-host-unreachable": (3, 1),
    "icmp-proto-unreachable": (3, 2),
    "icmp-port-unreachable": (3, 3),
    "icmp-net-prohibited": (3, 9),
    "icmp-host-prohibited": (3, 10),
    "tcp-reset": (-1, 0),
    "icmp-admin-prohibited": (3, 13),
}
"""``--reject-with``: type and code; -1 is a TCP segment with RST."""

STANDARD = ("ACCEPT", "DROP", "RETURN")


class Option(NamedTuple):
    """One option of a match or target: what it is called, whether a ``!`` stands before it, and its
    value (an int, a str, a range as a pair, or a tuple of them)."""

    name: str
    value: Any = None
    inverted: bool = False


class Part(NamedTuple):
    """A match (``-m``) or a target (``-j``) with its options, in the order iptables-save has."""

    name: str
    options: tuple[Option, ...] = ()

    def get(self, name: str, default: Any = None) -> Any:
        """The value of an option that may be there."""
        for option in self.options:
            if option.name == name:
                return option.value
        return default


class Rule(NamedTuple):
    """A rule. Addresses are ``(address, mask, inverted)``, interfaces ``(name, inverted)`` where a
    ``+`` at the end stands for any ending, the protocol ``(number, inverted)``; None is any."""

    source: tuple[int, int, bool] | None = None
    destination: tuple[int, int, bool] | None = None
    inside: tuple[str, bool] | None = None
    outside: tuple[str, bool] | None = None
    protocol: tuple[int, bool] | None = None
    fragment: tuple[bool] | None = None
    """``-f``; whether it is inverted."""
    matches: tuple[Part, ...] = ()
    target: Part | None = None
    goto: bool = False
    packets: int = 0
    bytes: int = 0
    handle: int = 0

    def spec(self) -> tuple[Any, ...]:
        """What makes two rules the same one: all but counters and handle."""
        return tuple(self[:9])


class Chain(NamedTuple):
    """A chain. ``policy`` is ACCEPT or DROP, empty for one of the user's."""

    name: str
    policy: str
    packets: int
    bytes: int
    rules: tuple[Rule, ...]


class Table(NamedTuple):
    """A table: its built-in chains first, then the user's in the order they were made."""

    name: str
    chains: tuple[Chain, ...]


def empty(name: str) -> Table:
    """A table as it is before anybody used it."""
    return Table(name, tuple(Chain(chain, "ACCEPT", 0, 0, ()) for chain in TABLES[name]))
