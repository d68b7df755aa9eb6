"""Tracked connections for programs: ctnetlink, and the text of /proc/net/nf_conntrack."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import ctnetlink as ct
from minios.abi.caps import CAP_NET_ADMIN
from minios.abi.errno import Errno, error
from minios.abi.inet import PROTOCOLS, ip_text
from minios.abi.netfilter import IPS_ASSURED, IPS_SEEN_REPLY
from minios.abi.netlink import (
    NLM_F_CREATE,
    NLM_F_DUMP,
    NLM_F_EXCL,
    NLM_F_MULTI,
    NLMSG_DONE,
    Nlmsg,
    attribute,
)
from minios.fs.access import capable
from minios.kernel.net.conntrack import PREFIX
from minios.net.netfilter.settings import DEFAULTS

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.kernel.socket.netlink import NetlinkSock
    from minios.net.netfilter.conn import Conn, Way
    from minios.net.netfilter.conntrack import Conntrack

ICMP, TCP, UDP = 1, 6, 17
SECOND = 1_000_000_000


def proc_text(kernel: Kernel) -> bytes:
    """/proc/net/nf_conntrack, as ct_seq_show writes it."""
    now = kernel.world.now
    accounting = kernel.net.netfilter.conntrack.settings["nf_conntrack_acct"]
    lines = [_line(conn, now, bool(accounting)) for conn in kernel.net.netfilter.conntrack.live()]
    return "".join(lines).encode()


def _line(conn: Conn, now: int, accounting: bool) -> str:
    proto = conn.protocol
    left = max(0, conn.expires - now) // 1_000_000_000
    name = PROTOCOLS[proto] if proto in (ICMP, TCP, UDP) else "unknown"
    line = f"ipv4     2 {name:<8} {proto} {left} "
    if conn.tcp is not None:
        line += f"{conn.tcp.state.name} "
    line += _ends(conn.forward, accounting)
    if not conn.status & IPS_SEEN_REPLY:
        line += "[UNREPLIED] "
    line += _ends(conn.reply, accounting)
    if conn.status & IPS_ASSURED:
        line += "[ASSURED] "
    return line + f"mark={conn.mark} zone=0 use=2\n"


def _ends(way: Way, accounting: bool) -> str:
    src, dst, proto, sport, dport = way.key
    text = f"src={ip_text(src)} dst={ip_text(dst)} "
    if proto in (TCP, UDP):
        text += f"sport={sport} dport={dport} "
    elif proto == ICMP:
        text += f"type={dport >> 8} code={dport & 0xFF} id={sport} "
    if accounting:
        text += f"packets={way.packets} bytes={way.bytes} "
    return text


def netlink(kernel: Kernel, pcb: PCB, sock: NetlinkSock, message: Nlmsg) -> list[bytes]:
    """Answer a message of NETLINK_NETFILTER. EINVAL ENOENT EOPNOTSUPP EPERM (CAP_NET_ADMIN)."""
    if not capable(pcb, CAP_NET_ADMIN):
        raise error(Errno.EPERM)
    netfilter = kernel.net.netfilter if kernel.networked else None
    table = getattr(netfilter, "conntrack", None)
    dump = message.flags & NLM_F_DUMP == NLM_F_DUMP
    if message.type == ct.CT_GET:
        if not dump:
            conn = _asked(table, message)
            assert table is not None
            flow = _flow(conn, kernel, table)._replace(use=2)  # the table's hold, and this one
            return [_message(ct.CT_NEW, 0, message.seq, sock.pid, flow)]
        found = [] if table is None else [
            _message(ct.CT_NEW, NLM_F_MULTI, message.seq, sock.pid, _flow(conn, kernel, table))
            for conn in table.live()
        ]  # fmt: skip
        return [*found, Nlmsg(NLMSG_DONE, NLM_F_MULTI, message.seq, sock.pid, bytes(4)).pack()]
    if message.type == ct.CT_DELETE:
        if ct.parse(message.body) is not None:
            _asked(table, message, remove_by=sock.pid)
        elif table is not None:
            table.flush(sock.pid)
        return []
    if message.type == ct.CT_GET_STATS:
        entries = 0 if table is None else sum(1 for _ in table.live())
        most = kernel.sysctl.get(PREFIX + "nf_conntrack_max", DEFAULTS["nf_conntrack_max"])
        body = ct.NFGENMSG + attribute(ct.STATS_GLOBAL_ENTRIES, entries.to_bytes(4, "big"))
        body += attribute(ct.STATS_GLOBAL_MAX, most.to_bytes(4, "big"))
        return [Nlmsg(ct.CT_GET_STATS, 0, message.seq, sock.pid, body).pack()]
    if message.type == ct.CT_GET_STATS_CPU:
        return _statistics(kernel, table, message, sock.pid)
    raise error(Errno.EOPNOTSUPP)


def _statistics(kernel: Kernel, table: Conntrack | None, message: Nlmsg, pid: int) -> list[bytes]:
    """A message for each core; packets are handled by the first."""
    answers = []
    for core in range(len(kernel.dispatcher.cores)):
        body = bytes((2, 0)) + core.to_bytes(2, "big")
        for number, name in enumerate(ct.STATS, 1):
            value = 0 if table is None or core else table.statistics.get(name, 0)
            body += attribute(number, value.to_bytes(4, "big"))
        answers.append(Nlmsg(ct.CT_GET_STATS_CPU, NLM_F_MULTI, message.seq, pid, body).pack())
    return [*answers, Nlmsg(NLMSG_DONE, NLM_F_MULTI, message.seq, pid, bytes(4)).pack()]


def _asked(table: Conntrack | None, message: Nlmsg, remove_by: int = 0) -> Conn:
    """The connection of the tuple in a message. EINVAL ENOENT."""
    flow = ct.parse(message.body)
    if flow is None:
        raise error(Errno.EINVAL)
    key = flow.original if flow.original[2] or flow.reply is None else flow.reply
    way = None if table is None else table.find(key)
    if way is None or table is None:
        raise error(Errno.ENOENT)
    if flow.ident is not None and flow.ident != way.conn.ident:
        raise error(Errno.ENOENT)
    if remove_by:
        table.remove(way.conn, remove_by)
    return way.conn


def _message(kind: int, flags: int, seq: int, pid: int, flow: ct.Flow) -> bytes:
    return Nlmsg(kind, flags, seq, pid, flow.pack()).pack()


def _flow(conn: Conn, kernel: Kernel, table: Conntrack) -> ct.Flow:
    left = max(0, conn.expires - kernel.world.now) // SECOND
    return _about(conn, table, left)._replace(mark=conn.mark, use=1)


def _about(conn: Conn, table: Conntrack, left: int) -> ct.Flow:
    there, back = conn.forward, conn.reply
    counters = None
    if table.settings["nf_conntrack_acct"]:
        counters = (there.packets, there.bytes), (back.packets, back.bytes)
    return ct.Flow(
        there.key, back.key, conn.status, left,
        None if conn.tcp is None else int(conn.tcp.state), conn.mark or None, None, conn.ident,
        counters,
    )  # fmt: skip


def watch(kernel: Kernel, sock: NetlinkSock) -> Callable[[], None]:
    """Let a socket hear of connections; what is returned ends that.

    While somebody listens the table is swept once a second, so that an end by timeout is told when
    it happens; otherwise nobody would know the difference.
    """
    from minios.kernel.net.netfilter import of

    table = of(kernel).conntrack
    world = kernel.world
    kinds = {
        1: (ct.GROUP_NEW, ct.CT_NEW, NLM_F_CREATE | NLM_F_EXCL),
        2: (ct.GROUP_UPDATE, ct.CT_NEW, 0),
        4: (ct.GROUP_DESTROY, ct.CT_DELETE, 0),
    }

    def tell(event: int, conn: Conn, by: int) -> None:
        group, kind, flags = kinds[event]
        left = max(0, conn.expires - world.now) // SECOND
        flow = _about(conn, table, left)
        if event == 4 and not left:
            flow = flow._replace(timeout=None)
        sock.multicast(group, _message(kind, flags, 0, by, flow))

    timer: Any = None

    def sweep() -> None:
        nonlocal timer
        table.sweep()
        timer = world.timer(world.now + SECOND, sweep)

    table.listeners.append(tell)
    timer = world.timer(world.now + SECOND, sweep)

    def unwatch() -> None:
        if tell in table.listeners:
            table.listeners.remove(tell)
            timer.cancel()
            kernel.net.on_close.remove(unwatch)

    kernel.net.on_close.append(unwatch)
    return unwatch
