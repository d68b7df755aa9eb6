"""NETLINK_SOCK_DIAG: what ss(8) asks about TCP, UDP and raw sockets, and the end of one
(sock_diag(7))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.caps import CAP_NET_ADMIN
from minios.abi.errno import Errno, error
from minios.abi.inet import IPPROTO_RAW, IPPROTO_TCP, IPPROTO_UDP
from minios.abi.netlink import NLM_F_DUMP, NLM_F_MULTI, NLMSG_DONE, Nlmsg, attribute, u8
from minios.abi.sockdiag import (
    INET_DIAG_CONG,
    INET_DIAG_INFO,
    INET_DIAG_SHUTDOWN,
    INET_DIAG_SKMEMINFO,
    INET_DIAG_TOS,
    OPT_SACK,
    OPT_TIMESTAMPS,
    OPT_WSCALE,
    SOCK_DESTROY,
    SOCK_DIAG_BY_FAMILY,
    DiagMessage,
    DiagRequest,
    RawTcpInfo,
    SkMem,
    SockId,
)
from minios.abi.sockets import AF_INET
from minios.fs.access import capable
from minios.net.tcp.info import info
from minios.net.tcp.listing import Row, rows

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.net.tcp.connection import Connection

_MS = 1_000_000
_RAW_STATES = {True: 1, False: 7}


def handle(kernel: Kernel, pcb: PCB, sock: Any, message: Nlmsg) -> list[bytes]:
    """Answer one question. EINVAL ENOENT EOPNOTSUPP EPERM."""
    if message.type not in (SOCK_DIAG_BY_FAMILY, SOCK_DESTROY):
        raise error(Errno.EINVAL)
    request = DiagRequest.parse(message.body)
    if len(message.body) < 8 or request.family != AF_INET:
        raise error(Errno.ENOENT)
    if message.type == SOCK_DESTROY:
        _destroy(kernel, pcb, request)
        return []
    dump = message.flags & NLM_F_DUMP == NLM_F_DUMP
    answers = []
    flags = NLM_F_MULTI if dump else 0
    for body in _bodies(kernel, request, None if dump else request.id):
        answers.append(Nlmsg(SOCK_DIAG_BY_FAMILY, flags, message.seq, sock.pid, body).pack())
    if dump:
        answers.append(Nlmsg(NLMSG_DONE, NLM_F_MULTI, message.seq, sock.pid, bytes(4)).pack())
    elif not answers:
        raise error(Errno.ENOENT)
    return answers


def _bodies(kernel: Kernel, request: DiagRequest, only: SockId | None) -> list[bytes]:
    stack = kernel.net
    found = []
    if request.protocol == IPPROTO_TCP:
        for row in rows(stack.tcp):
            if request.states >> row.state & 1 and (only is None or _is(row, only)):
                found.append(_tcp(stack, row, request.ext))
        return found
    if request.protocol == IPPROTO_UDP:
        ends: Any = stack.udp.endpoints() if stack.udp is not None else ()
    elif request.protocol == IPPROTO_RAW:
        ends = stack.raw.endpoints if stack.raw is not None else ()
    else:
        raise error(Errno.ENOENT)
    for end in ends:
        state = _RAW_STATES[bool(end.remote[0] or end.remote[1])]
        if request.states >> state & 1:
            found.append(_datagram(stack, end, state, request))
    return found


def _is(row: Row, only: SockId) -> bool:
    return (only.src, only.sport, only.dst, only.dport) == (*row.local, *row.remote)


def _index(stack: Any, device: str) -> int:
    found = stack.devices.get(device) if device else None
    return found.ifindex if found is not None else 0


def _datagram(stack: Any, end: Any, state: int, request: DiagRequest) -> bytes:
    local, remote = end.local, end.remote
    if request.protocol == IPPROTO_RAW:
        local = (local[0], end.proto)
    ident = SockId(local[1], remote[1], local[0], remote[0], _index(stack, end.device))
    body = DiagMessage(AF_INET, state, 0, 0, ident, 0, end.queued, 0, end.uid, end.ino).pack()
    body += u8(INET_DIAG_SHUTDOWN, end.shut)
    if request.ext >> (INET_DIAG_TOS - 1) & 1:
        body += u8(INET_DIAG_TOS, end.tos)
    if request.ext >> (INET_DIAG_SKMEMINFO - 1) & 1:
        memory = SkMem(rmem=end.queued, rcvbuf=end.rcvbuf, sndbuf=212_992, drops=end.drops)
        body += attribute(INET_DIAG_SKMEMINFO, memory.pack())
    return body


def _tcp(stack: Any, row: Row, ext: int) -> bytes:
    (src, sport), (dst, dport) = row.local, row.remote
    ident = SockId(sport, dport, src, dst, _index(stack, row.device))
    body = DiagMessage(
        AF_INET, row.state, row.timer, row.tries, ident, -(-row.expires // _MS),
        row.receive, row.send, row.uid, row.ino,
    ).pack()  # fmt: skip
    tcb = row.tcb
    if tcb is None:
        return body
    body += u8(INET_DIAG_SHUTDOWN, row.shut)
    if ext >> (INET_DIAG_TOS - 1) & 1:
        body += u8(INET_DIAG_TOS, tcb.tos)
    if ext >> (INET_DIAG_SKMEMINFO - 1) & 1:
        memory = SkMem(
            rmem=len(tcb.recvq) + tcb.ooo.size, rcvbuf=tcb.rcvbuf, sndbuf=tcb.sndbuf,
            queued=len(tcb.sendq.data),
        )  # fmt: skip
        body += attribute(INET_DIAG_SKMEMINFO, memory.pack())
    if ext >> (INET_DIAG_INFO - 1) & 1:
        body += attribute(INET_DIAG_INFO, _info(tcb, row).pack())
    if ext >> (INET_DIAG_CONG - 1) & 1:
        body += attribute(INET_DIAG_CONG, tcb.cc.name.encode() + b"\0")
    return body


def _info(tcb: Connection, row: Row) -> RawTcpInfo:
    """struct tcp_info; of a listener its queue and its backlog stand for unacked and sacked."""
    seen = info(tcb)
    options = seen.timestamps * OPT_TIMESTAMPS | seen.sack * OPT_SACK | seen.wscale * OPT_WSCALE
    listening = row.state == 10
    return RawTcpInfo(
        row.state, seen.ca_state, seen.retransmits, seen.probes, seen.backoff, options,
        seen.snd_wscale | seen.rcv_wscale << 4, int(not seen.notsent_bytes), seen.rto, seen.ato,
        seen.snd_mss, seen.rcv_mss, row.receive if listening else seen.unacked,
        row.send if listening else seen.sacked, seen.lost, seen.retrans, 0, seen.last_data_sent, 0,
        seen.last_data_recv, seen.last_ack_recv, seen.pmtu, seen.rcv_ssthresh, seen.rtt,
        seen.rttvar, seen.snd_ssthresh, seen.snd_cwnd, seen.advmss, seen.reordering, seen.rcv_rtt,
        seen.rcv_space, seen.total_retrans, 0, 0, max(seen.bytes_acked, 0), seen.bytes_received,
        seen.segs_out, seen.segs_in, seen.notsent_bytes, seen.min_rtt, seen.data_segs_in,
        seen.data_segs_out, 0, 0, 0, 0, seen.delivered, 0, seen.bytes_sent, seen.bytes_retrans,
        seen.dsack_dups, seen.reord_seen, seen.rcv_ooopack, seen.snd_wnd,
    )  # fmt: skip


def _destroy(kernel: Kernel, pcb: PCB, request: DiagRequest) -> None:
    """``ss -K``: ECONNABORTED for whoever has it, a reset for the other end. ENOENT EPERM."""
    if not capable(pcb, CAP_NET_ADMIN):
        raise error(Errno.EPERM)
    if request.protocol != IPPROTO_TCP:
        raise error(Errno.EOPNOTSUPP)
    tcp = kernel.net.tcp
    for row in rows(tcp):
        if _is(row, request.id):
            tcp.destroy(row.known)
            return
    raise error(Errno.ENOENT)
