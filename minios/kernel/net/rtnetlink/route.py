"""Routes: RTM_NEWROUTE, RTM_DELROUTE and RTM_GETROUTE (rtnetlink(7))."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from minios.abi import netlink as nl
from minios.abi.errno import Errno, error
from minios.abi.netlink import Nlmsg, RtMsg
from minios.abi.sockets import AF_INET
from minios.kernel.net.rtnetlink.link import find
from minios.net.host import fib
from minios.net.host.devinet import refuse
from minios.net.host.fib import MASKS, ROUTES_MAX, Route
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from minios.net.host.netdev import NetDevice
    from minios.net.host.route import Dst
    from minios.net.host.stack import Stack


def message(route: Route, kind: int, seq: int, pid: int, flags: int = 0) -> bytes:
    """A route as a message."""
    head = RtMsg(
        AF_INET, route.plen, 0, route.tos, route.table if route.table < 256 else 252,
        route.protocol, route.scope, route.type, route.flags,
    )  # fmt: skip
    body = head.pack() + nl.u32(nl.RTA_TABLE, route.table)
    if route.plen:
        body += nl.ip(nl.RTA_DST, route.dst)
    if route.priority:
        body += nl.u32(nl.RTA_PRIORITY, route.priority)
    if route.metrics:
        inner = b"".join(nl.u32(number, value) for number, value in sorted(route.metrics.items()))
        body += nl.attribute(nl.RTA_METRICS, inner)
    if route.src:
        body += nl.ip(nl.RTA_PREFSRC, route.src)
    if route.gateway:
        body += nl.ip(nl.RTA_GATEWAY, route.gateway)
    if route.dev is not None:
        body += nl.u32(nl.RTA_OIF, route.dev.ifindex)
    return Nlmsg(kind, flags, seq, pid, body).pack()


def _parse(stack: Stack, request: Nlmsg) -> tuple[RtMsg, dict[int, bytes], Route]:
    """The route that a request is about. EINVAL ENODEV."""
    head = RtMsg.parse(request.body)
    found = nl.attributes(request.body[12:])
    if head.family != AF_INET:
        raise error(Errno.EOPNOTSUPP)
    if head.dst_len > 32:
        raise refuse(Errno.EINVAL, "Invalid prefix length")
    dst = nl.address(found.get(nl.RTA_DST, b""))
    if dst & ~MASKS[head.dst_len] & 0xFFFF_FFFF:
        raise refuse(Errno.EINVAL, "Invalid prefix for given prefix length")
    dev: NetDevice | None = None
    if nl.RTA_OIF in found:
        try:
            dev = find(stack, nl.number(found[nl.RTA_OIF]))
        except OSError:
            raise error(Errno.ENODEV) from None
    if 9 in found:
        raise refuse(Errno.EINVAL, "Multipath support not enabled in kernel")
    metrics = {
        kind: nl.number(data[:4])
        for kind, data in nl.attribute_list(found.get(nl.RTA_METRICS, b""))
        if kind
    }
    table = nl.number(found[nl.RTA_TABLE]) if nl.RTA_TABLE in found else head.table
    route = Route(
        dst,
        head.dst_len,
        dev,
        nl.address(found.get(nl.RTA_GATEWAY, b"")),
        type=head.type,
        scope=head.scope,
        src=nl.address(found.get(nl.RTA_PREFSRC, b"")),
        priority=nl.number(found.get(nl.RTA_PRIORITY, b"")),
        table=table or fib.TABLE_MAIN,
        protocol=head.protocol,
        tos=head.tos,
        flags=head.flags & fib.RTNH_F_ONLINK,
        metrics=metrics,
    )
    return head, found, route


def new(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """Enter, change or replace a route (fib_table_insert). EEXIST ENETUNREACH ENOENT …"""
    _, _, route = _parse(stack, request)
    if route.type > fib.THROW or not route.type:
        raise refuse(Errno.EINVAL, "Invalid route type")
    routes = stack.routes
    stack.inet.check(route)
    if routes.count >= ROUTES_MAX:
        raise error(Errno.ENOBUFS)
    flags = request.flags
    known = routes.table(route.table).prefix(route.dst, route.plen)
    alike = [
        index
        for index, each in enumerate(known)
        if each.priority == route.priority and each.tos == route.tos
    ]
    if alike:
        if flags & nl.NLM_F_EXCL:
            raise error(Errno.EEXIST)
        if flags & nl.NLM_F_REPLACE:
            old = known[alike[0]]
            if old.same(route):
                return []
            if any(each.same(route) for each in known):
                raise error(Errno.EEXIST)
            routes.remove(old, quiet=True)
            routes.insert(route, alike[0])
            return []
        if any(known[index].same(route) for index in alike):
            raise error(Errno.EEXIST)
        routes.insert(route, None if flags & nl.NLM_F_APPEND else alike[0])
        return []
    if not flags & nl.NLM_F_CREATE:
        raise error(Errno.ENOENT)
    routes.insert(route)
    return []


def delete(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """Take out the first route that is as described (fib_table_delete). ESRCH."""
    head, found, wanted = _parse(stack, request)
    table = stack.routes.tables.get(wanted.table)
    for route in table.prefix(wanted.dst, wanted.plen) if table is not None else ():
        if (
            route.tos == wanted.tos
            and (not head.type or route.type == wanted.type)
            and (head.scope == 255 or route.scope == wanted.scope)
            and (not head.protocol or route.protocol == wanted.protocol)
            and (not wanted.src or route.src == wanted.src)
            and (nl.RTA_PRIORITY not in found or route.priority == wanted.priority)
            and (not wanted.gateway or route.gateway == wanted.gateway)
            and (wanted.dev is None or route.dev is wanted.dev)
            and all(route.metrics.get(key) == value for key, value in wanted.metrics.items())
        ):
            stack.routes.remove(route)
            return []
    raise error(Errno.ESRCH)


def get(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """All routes, or how one destination is reached. EHOSTUNREACH EINVAL ENETUNREACH …"""
    if request.flags & nl.NLM_F_DUMP == nl.NLM_F_DUMP:
        return _dump(stack, request, pid)
    head = RtMsg.parse(request.body)
    found = nl.attributes(request.body[12:])
    if head.family != AF_INET:
        raise error(Errno.EOPNOTSUPP)
    dst = nl.address(found.get(nl.RTA_DST, b""))
    src = nl.address(found.get(nl.RTA_SRC, b""))
    oif = find(stack, nl.number(found[nl.RTA_OIF])).name if nl.RTA_OIF in found else ""
    if nl.RTA_IIF in found and nl.number(found[nl.RTA_IIF]) != 1:
        return [_input(stack, request, head, dst, src, nl.number(found[nl.RTA_IIF]), pid)]
    way = stack.routes.output(dst, src, oif, head.tos)
    return [_answer(stack, request, head, way, dst, src, 0, pid)]


def _input(
    stack: Stack, request: Nlmsg, head: RtMsg, dst: int, src: int, iif: int, pid: int
) -> bytes:
    """What would become of a packet that came in by ``iif``."""
    dev = find(stack, iif)
    way = stack.routes.input(src, dst, dev)
    if way.reason is not None:
        name = way.reason.name
        number = {
            "NO_ROUTE": Errno.ENETUNREACH, "UNREACHABLE": Errno.EHOSTUNREACH,
            "PROHIBIT": Errno.EACCES, "RPF": Errno.EXDEV, "NOT_FORWARDING": Errno.EHOSTUNREACH,
        }.get(name, Errno.EINVAL)  # fmt: skip
        raise error(number)
    return _answer(stack, request, head, way, dst, src, iif, pid)


def _answer(
    stack: Stack, request: Nlmsg, head: RtMsg, way: Dst, dst: int, src: int, iif: int, pid: int
) -> bytes:
    flags = nl.RTM_F_CLONED
    if way.kind == fib.LOCAL:
        flags |= nl.RTCF_LOCAL
    elif way.kind == fib.BROADCAST:
        flags |= nl.RTCF_BROADCAST | (nl.RTCF_LOCAL if way.local else 0)
    elif way.kind == fib.MULTICAST:
        flags |= nl.RTCF_MULTICAST | (nl.RTCF_LOCAL if way.local else 0)
    learned = stack.routes.exceptions.get(dst) if way.expires else None
    if way.dev.loopback:
        flags |= nl.RTCF_LOCAL
    if way.redirect:
        flags |= nl.RTCF_DOREDIRECT
    if learned is not None and learned.gateway:
        flags |= nl.RTCF_REDIRECTED
    table = fib.TABLE_MAIN
    if way.route is not None and not stack.routes.merged:
        table = way.route.table
    answer = RtMsg(
        AF_INET, 32, 32 if src else 0, head.tos, table if table < 256 else 252, 0, 0, way.kind,
        flags,
    )  # fmt: skip
    body = answer.pack() + nl.u32(nl.RTA_TABLE, table) + nl.ip(nl.RTA_DST, dst)
    if src:
        body += nl.ip(nl.RTA_SRC, src)
    body += nl.u32(nl.RTA_OIF, way.dev.ifindex)
    if not src and not iif:
        body += nl.ip(nl.RTA_PREFSRC, way.src)
    if way.gateway:
        body += nl.ip(nl.RTA_GATEWAY, way.gateway)
    metrics = dict(way.route.metrics) if way.route is not None else {}
    expires = 0
    if learned is not None:
        if learned.mtu:
            metrics[nl.RTAX_MTU] = way.mtu
        expires = max(1, -(-(learned.expires - stack.world.now) // SECOND)) * 100
    if metrics:
        inner = b"".join(nl.u32(number, value) for number, value in sorted(metrics.items()))
        body += nl.attribute(nl.RTA_METRICS, inner)
    if not iif:
        body += nl.u32(nl.RTA_UID, nl.number(nl.attributes(request.body[12:]).get(nl.RTA_UID, b"")))
    else:
        body += nl.u32(nl.RTA_IIF, iif)
    body += nl.attribute(nl.RTA_CACHEINFO, struct.pack("<IIiIIIII", 0, 0, expires, 0, 0, 0, 0, 0))
    return Nlmsg(nl.RTM_NEWROUTE, 0, request.seq, pid, body).pack()


def _dump(stack: Stack, request: Nlmsg, pid: int) -> list[bytes]:
    """The routes of one table, if one is named and there is such (ENOENT), or of all."""
    head = RtMsg.parse(request.body)
    found = nl.attributes(request.body[12:])
    if head.family not in (0, AF_INET):
        return []
    wanted = nl.number(found[nl.RTA_TABLE]) if nl.RTA_TABLE in found else head.table
    tables = stack.routes.tables
    if wanted and wanted not in tables:
        raise refuse(Errno.ENOENT, "ipv4: FIB table does not exist")
    order = [wanted] if wanted else sorted(tables)
    return [
        message(route, nl.RTM_NEWROUTE, request.seq, pid, nl.NLM_F_MULTI)
        for number in order
        for route in tables[number]
    ]
