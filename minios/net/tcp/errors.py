"""What ICMP says of segments (RFC 9293 3.9.2.2, RFC 5927, RFC 1191).

An error ends a connection that is being opened. One that is open keeps it for the case that it will
have to give up; all else could be forged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.errno import Errno
from minios.net.tcp import output, recovery
from minios.net.tcp.request import Request
from minios.net.tcp.sequence import unwrap
from minios.net.tcp.state import TcpState
from minios.net.tcp.tcb import Tcb
from minios.net.wire.icmp import (
    FRAGMENTATION_NEEDED,
    PARAMETER_PROBLEM,
    TIME_EXCEEDED,
    UNREACHABLE,
)

if TYPE_CHECKING:
    from minios.net.tcp.protocol import Tcp
    from minios.net.wire.ipv4 import IPv4

_CODES = {
    0: Errno.ENETUNREACH, 1: Errno.EHOSTUNREACH, 2: Errno.ENOPROTOOPT, 3: Errno.ECONNREFUSED,
    4: Errno.EMSGSIZE, 5: Errno.EOPNOTSUPP, 6: Errno.ENETUNREACH, 7: Errno.EHOSTDOWN,
    8: Errno.ENONET, 9: Errno.ENETUNREACH, 10: Errno.EHOSTUNREACH, 11: Errno.ENETUNREACH,
    12: Errno.EHOSTUNREACH, 13: Errno.EHOSTUNREACH, 14: Errno.EHOSTUNREACH,
    15: Errno.EHOSTUNREACH,
}  # fmt: skip
"""Codes of Destination Unreachable, as icmp(7) translates them."""


def meaning(type: int, code: int) -> Errno | None:
    """The errno of an ICMP error; None if it says nothing to TCP."""
    if type == UNREACHABLE:
        return _CODES.get(code)
    if type == TIME_EXCEEDED:
        return Errno.EHOSTUNREACH
    if type == PARAMETER_PROBLEM:
        return Errno.EPROTO
    return None


def take(tcp: Tcp, type: int, code: int, info: int, quoted: IPv4) -> None:
    """An error about a segment of which ``quoted`` holds the first bytes."""
    head = quoted.payload
    if not isinstance(head, bytes) or len(head) < 8:
        return
    sport, dport = int.from_bytes(head[:2], "big"), int.from_bytes(head[2:4], "big")
    number = int.from_bytes(head[4:8], "big")
    known = tcp.connections.get((quoted.src, sport, quoted.dst, dport))
    if known is None:
        tcp.count("IcmpInErrors")
        return
    error = meaning(type, code)
    if error is None:
        return
    if isinstance(known, Request):
        if number == known.iss:
            known.listener.forget(known)
            tcp.count("TcpExtListenDrops")
            tcp.count("TcpAttemptFails")
        return
    if not isinstance(known, Tcb):
        return
    seq = unwrap(number, known.snd_una)
    if not known.snd_una <= seq <= known.snd_nxt:
        tcp.count("TcpExtOutOfWindowIcmps")
        return
    if type == UNREACHABLE and code == FRAGMENTATION_NEEDED:
        _too_big(tcp, known)
    elif known.state in (TcpState.SYN_SENT, TcpState.SYN_RECV):
        tcp.count("TcpAttemptFails")
        tcp.fail(known, error)
    else:
        known.soft_error = int(error)


def _too_big(tcp: Tcp, tcb: Tcb) -> None:
    """The path takes only smaller packets: send again, in smaller segments, what did not fit."""
    before = tcb.mss_cache
    tcb.route = None
    tcp.find_route(tcb)
    if tcb.mss_cache >= before or tcb.state in (TcpState.SYN_SENT, TcpState.SYN_RECV):
        return
    mss = output.current_mss(tcb)
    queue = tcb.sendq
    lost = False
    for sent in queue.segments:
        if sent.end - sent.seq > mss and not sent.sacked:
            queue.mark_lost(sent)
            lost = True
    if lost:
        recovery.simple_retransmit(tcb)
        output.retransmit_lost(tcb)
        output.push(tcb)
