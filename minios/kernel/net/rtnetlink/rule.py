"""Policy rules: RTM_NEWRULE, RTM_DELRULE and RTM_GETRULE (ip-rule(8))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi import netlink as nl
from minios.abi.errno import Errno, error
from minios.abi.netlink import Nlmsg, RtMsg
from minios.abi.sockets import AF_INET
from minios.net.host.fib import PROHIBIT, TABLE_MAIN, Rule

if TYPE_CHECKING:
    from minios.net.host.stack import Stack

RULES = 1024
"""Rules that a host has at most. ENOBUFS."""


def message(rule: Rule, kind: int, seq: int, pid: int, flags: int = 0) -> bytes:
    """A rule as a message; its action is where a route has its type."""
    body = RtMsg(
        AF_INET, rule.dst_len, rule.src_len, 0, rule.table if rule.table < 256 else 252, 0, 0,
        rule.action, 0,
    ).pack()  # fmt: skip
    body += nl.u32(nl.FRA_TABLE, rule.table)
    if rule.priority:
        body += nl.u32(nl.FRA_PRIORITY, rule.priority)
    if rule.dst_len:
        body += nl.ip(nl.FRA_DST, rule.dst)
    if rule.src_len:
        body += nl.ip(nl.FRA_SRC, rule.src)
    if rule.iif:
        body += nl.text(nl.FRA_IIFNAME, rule.iif)
    if rule.oif:
        body += nl.text(nl.FRA_OIFNAME, rule.oif)
    return Nlmsg(kind, flags, seq, pid, body).pack()


def get(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """All rules."""
    head = RtMsg.parse(request.body)
    if head.family not in (0, AF_INET):
        return []
    return [
        message(rule, nl.RTM_NEWRULE, request.seq, pid, nl.NLM_F_MULTI)
        for rule in stack.routes.rules
    ]


def _parse(request: Nlmsg) -> tuple[Rule, dict[int, bytes]]:
    head = RtMsg.parse(request.body)
    found = nl.attributes(request.body[12:])
    if head.family != AF_INET:
        raise error(Errno.EOPNOTSUPP)
    if head.dst_len > 32 or head.src_len > 32:
        raise error(Errno.EINVAL)
    rule = Rule(
        nl.number(found.get(nl.FRA_PRIORITY, b"")),
        nl.number(found[nl.FRA_TABLE]) if nl.FRA_TABLE in found else head.table,
        src=nl.address(found.get(nl.FRA_SRC, b"")),
        src_len=head.src_len,
        dst=nl.address(found.get(nl.FRA_DST, b"")),
        dst_len=head.dst_len,
        iif=nl.string(found.get(nl.FRA_IIFNAME, b"")),
        oif=nl.string(found.get(nl.FRA_OIFNAME, b"")),
        action=head.type or 1,
        protocol=head.protocol,
    )
    return rule, found


def new(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """Add a rule; without a priority before the first that is not that of the local table."""
    rule, found = _parse(request)
    rules = stack.routes.rules
    if rule.action not in (1, *range(6, PROHIBIT + 1)):
        raise error(Errno.EINVAL)
    if rule.action == 1 and not rule.table:
        rule.table = TABLE_MAIN
    if nl.FRA_PRIORITY not in found:
        first = next((each.priority for each in rules if each.priority), 0)
        rule.priority = max(first - 1, 0)
    if len(rules) >= RULES:
        raise error(Errno.ENOBUFS)
    if any(each.state() == rule.state() for each in rules):
        raise error(Errno.EEXIST)
    at = len(rules)
    while at and rules[at - 1].priority > rule.priority:
        at -= 1
    stack.routes.insert_rule(rule, at)
    stack.routes.changed()
    return []


def delete(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """Take out the first rule that is as described. ENOENT."""
    wanted, found = _parse(request)
    rules = stack.routes.rules
    for rule in rules:
        if (
            (nl.FRA_PRIORITY not in found or rule.priority == wanted.priority)
            and (not wanted.table or rule.table == wanted.table)
            and (not wanted.src_len or (rule.src, rule.src_len) == (wanted.src, wanted.src_len))
            and (not wanted.dst_len or (rule.dst, rule.dst_len) == (wanted.dst, wanted.dst_len))
            and (not wanted.iif or rule.iif == wanted.iif)
            and (not wanted.oif or rule.oif == wanted.oif)
        ):
            stack.routes.remove_rule(rule)
            stack.routes.changed()
            return []
    raise error(Errno.ENOENT)
