"""Which match is which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minios.abi.netfilter import Part
from minios.net.netfilter.matches import Match
from minios.net.netfilter.matches.connection import conntrack, state
from minios.net.netfilter.matches.header import addrtype, iprange, length, mac, ttl
from minios.net.netfilter.matches.ports import icmp, multiport, tcp, udp
from minios.net.netfilter.matches.rate import limit, statistic


def comment(netfilter: Any, part: Part) -> None:
    """-m comment: for the reader."""
    return None


MATCHES: dict[str, Callable[[Any, Part], Match | None]] = {
    "addrtype": addrtype,
    "comment": comment,
    "conntrack": conntrack,
    "icmp": icmp,
    "iprange": iprange,
    "length": length,
    "limit": limit,
    "mac": mac,
    "multiport": multiport,
    "state": state,
    "statistic": statistic,
    "tcp": tcp,
    "ttl": ttl,
    "udp": udp,
}
