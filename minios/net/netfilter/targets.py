"""Targets of rules that do something (iptables-extensions(8)); :data:`TARGETS` has them by name.

A target is called with the packet, its devices, and the chain and rule it belongs to. It returns a
verdict of :mod:`~minios.net.netfilter.chain`, or None to go on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minios.abi.errno import Errno, error
from minios.abi.netfilter import REJECTS, TABLES, Part
from minios.abi.netfilter import Rule as RuleSpec
from minios.net.netfilter import nattargets
from minios.net.netfilter.conn import UNTRACKED
from minios.net.netfilter.flow import TCP
from minios.net.netfilter.log import Log
from minios.net.netfilter.reject import Reject

Target = Callable[[Any, Any, Any, Any, Any], int | None]

INFO = 6
_WHO = "x_tables: ip_tables: "
"""Whose words the kernel's log has."""


def build(netfilter: Any, table: str, chain: str, spec: RuleSpec) -> Target:
    """The target of a rule. ENOENT if there is none of that name, EINVAL in the wrong place."""
    part = spec.target
    assert part is not None
    maker, tables, hooks = TARGETS.get(part.name, (None, (), ()))
    if maker is None:
        raise error(Errno.ENOENT)
    say = netfilter.stack.printk
    if tables and table not in tables:
        say(INFO, f"{_WHO}{part.name} target: only valid in {tables[0]} table, not {table}")
        raise error(Errno.EINVAL)
    if hooks and chain in TABLES[table] and chain not in hooks:
        usable = "/".join(hooks)
        say(
            INFO,
            f"{_WHO}{part.name} target: used from hooks {chain}, but only usable from {usable}",
        )
        raise error(Errno.EINVAL)
    return maker(netfilter, part, spec)


def _reject(netfilter: Any, part: Part, spec: RuleSpec) -> Target:
    kind = part.get("reject-with", "icmp-port-unreachable")
    if kind not in REJECTS:
        raise error(Errno.EINVAL)
    if kind == "tcp-reset" and spec.protocol != (TCP, False):
        netfilter.stack.printk(INFO, "ipt_REJECT: TCP_RESET invalid for non-tcp")
        raise error(Errno.EINVAL)
    return Reject(netfilter.stack, *REJECTS[kind])


def _log(netfilter: Any, part: Part, spec: RuleSpec) -> Target:
    return Log(netfilter.stack, part)


def _notrack(netfilter: Any, part: Part, spec: RuleSpec) -> Target:
    def leave(packet: Any, inside: Any, outside: Any, chain: Any, rule: Any) -> int | None:
        if packet.ct is None:
            packet.ct = UNTRACKED
        return None

    return leave


def _ttl(netfilter: Any, part: Part, spec: RuleSpec) -> Target:
    (option,) = part.options
    value = option.value

    def change(packet: Any, inside: Any, outside: Any, chain: Any, rule: Any) -> int | None:
        if option.name == "ttl-set":
            packet.ttl = value
        elif option.name == "ttl-inc":
            packet.ttl = min(255, packet.ttl + value)
        else:
            packet.ttl = max(0, packet.ttl - value)
        packet.checksum = None
        return None

    return change


def _tcpmss(netfilter: Any, part: Part, spec: RuleSpec) -> Target:
    """Lower the MSS of a SYN, to a number or to what the way out takes (RFC 4459)."""
    (option,) = part.options

    def clamp(packet: Any, inside: Any, outside: Any, chain: Any, rule: Any) -> int | None:
        segment = packet.payload
        options = getattr(segment, "options", ())
        if not options or options.mss is None:
            return None
        most = option.value
        if option.name == "clamp-mss-to-pmtu":
            mtus = [device.mtu for device in (inside, outside) if device is not None]
            most = min(mtus) - 40 if mtus else options.mss
        if options.mss > most:
            segment.options = type(options)(
                most, options.wscale, options.sack_permitted, options.timestamps, options.sack
            )
            segment.checksum = None
        return None

    return clamp


Maker = Callable[[Any, Part, RuleSpec], Target]

_INTO = ("PREROUTING", "OUTPUT")
_OUT_OF = ("INPUT", "POSTROUTING")

TARGETS: dict[str, tuple[Maker, tuple[str, ...], tuple[str, ...]]] = {
    "CT": (_notrack, ("raw",), ()),
    "DNAT": (nattargets.dnat, ("nat",), _INTO),
    "LOG": (_log, (), ()),
    "MASQUERADE": (nattargets.masquerade, ("nat",), ("POSTROUTING",)),
    "NOTRACK": (_notrack, ("raw",), ()),
    "REDIRECT": (nattargets.redirect, ("nat",), _INTO),
    "REJECT": (_reject, ("filter",), ()),
    "SNAT": (nattargets.snat, ("nat",), _OUT_OF),
    "TCPMSS": (_tcpmss, (), ()),
    "TTL": (_ttl, ("mangle",), ()),
}
"""By name: what makes it, in which tables it may be, and in which built-in chains (empty: any)."""
