"""Which extension is which."""

from __future__ import annotations

from minios.userland.lib.iptables import conntrack, header, nat, rate, targets, transport
from minios.userland.lib.iptables.extension import Extension

MATCHES: dict[str, type[Extension]] = {
    extension.name: extension
    for extension in (
        header.Addrtype, header.Comment, conntrack.Conntrack, transport.Icmp, header.Iprange,
        header.Length, rate.Limit, header.Mac, transport.Multiport, conntrack.State,
        rate.Statistic, transport.Tcp, header.Ttl, transport.Udp,
    )
}  # fmt: skip

TARGETS: dict[str, type[Extension]] = {
    extension.name: extension
    for extension in (
        targets.Ct, nat.Dnat, targets.Log, nat.Masquerade, targets.Notrack, nat.Redirect,
        targets.Reject, nat.Snat, targets.Tcpmss, targets.Ttl,
    )
}  # fmt: skip

IMPLIED = {6: "tcp", 17: "udp", 1: "icmp"}
"""The match that comes with a protocol when one of its options is used."""
