"""What conntrack makes of TCP segments (nf_conntrack_proto_tcp.c): states, windows, timeouts."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from minios.abi.netfilter import IPS_ASSURED, IPS_CONFIRMED, IPS_SEEN_REPLY
from minios.net.netfilter.conn import Conn, Way
from minios.net.netfilter.window import Side, after, before, in_window

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


class State(IntEnum):
    """States of a tracked connection, under the names conntrack(8) prints."""

    NONE = 0
    SYN_SENT = 1
    SYN_RECV = 2
    ESTABLISHED = 3
    FIN_WAIT = 4
    CLOSE_WAIT = 5
    LAST_ACK = 6
    TIME_WAIT = 7
    CLOSE = 8
    SYN_SENT2 = 9
    IGNORE = 10
    INVALID = 11


_NO, _SS, _SR, _ES, _FW, _CW, _LA, _TW, _CL, _S2, _IG, _IV = State

# by kind of segment (SYN, SYN+ACK, FIN, ACK, RST) and state; the first half for the direction that
# opened the connection, the second for the other
_SYN, _SYNACK, _FIN, _ACK, _RST, _OTHER = range(6)
_NEXT: tuple[tuple[tuple[State, ...], ...], ...] = (
    (
        (_SS, _SS, _IG, _IG, _IG, _IG, _IG, _SS, _SS, _S2),
        (_IV, _IV, _SR, _IV, _IV, _IV, _IV, _IV, _IV, _SR),
        (_IV, _IV, _FW, _FW, _LA, _LA, _LA, _TW, _CL, _IV),
        (_ES, _IV, _ES, _ES, _CW, _CW, _TW, _TW, _CL, _IV),
        (_IV, _CL, _CL, _CL, _CL, _CL, _CL, _CL, _CL, _CL),
        (_IV,) * 10,
    ),
    (
        (_IV, _S2, _IV, _IV, _IV, _IV, _IV, _SS, _IV, _S2),
        (_IV, _SR, _IG, _IG, _IG, _IG, _IG, _IG, _IG, _SR),
        (_IV, _IV, _FW, _FW, _LA, _LA, _LA, _TW, _CL, _IV),
        (_IV, _IG, _SR, _ES, _CW, _CW, _TW, _TW, _CL, _IG),
        (_IV, _CL, _CL, _CL, _CL, _CL, _CL, _CL, _CL, _CL),
        (_IV,) * 10,
    ),
)

TIMEOUTS = {
    State.SYN_SENT: "nf_conntrack_tcp_timeout_syn_sent",
    State.SYN_RECV: "nf_conntrack_tcp_timeout_syn_recv",
    State.ESTABLISHED: "nf_conntrack_tcp_timeout_established",
    State.FIN_WAIT: "nf_conntrack_tcp_timeout_fin_wait",
    State.CLOSE_WAIT: "nf_conntrack_tcp_timeout_close_wait",
    State.LAST_ACK: "nf_conntrack_tcp_timeout_last_ack",
    State.TIME_WAIT: "nf_conntrack_tcp_timeout_time_wait",
    State.CLOSE: "nf_conntrack_tcp_timeout_close",
    State.SYN_SENT2: "nf_conntrack_tcp_timeout_syn_sent",
}

_VALID_FLAGS = frozenset({
    SYN, SYN | URG, SYN | PSH, SYN | PSH | URG, SYN | ACK, SYN | ACK | PSH, RST, RST | ACK,
    RST | ACK | PSH, FIN | ACK, FIN | ACK | PSH, FIN | ACK | URG, FIN | ACK | URG | PSH, ACK,
    ACK | PSH, ACK | URG, ACK | URG | PSH,
} | {RST | PSH, SYN | ACK | URG, SYN | ACK | URG | PSH})  # fmt: skip
"""Combinations of flags that make sense (tcp_valid_flags)."""


def kind_of(flags: int) -> int:
    """Which row of the table a segment belongs to."""
    if flags & RST:
        return _RST
    if flags & SYN:
        return _SYNACK if flags & ACK else _SYN
    if flags & FIN:
        return _FIN
    return _ACK if flags & ACK else _OTHER


class Tcp:
    """The TCP part of a connection."""

    __slots__ = (
        "last_ack", "last_end", "last_kind", "last_reply", "last_seq", "last_win", "retrans",
        "sides", "state",
    )  # fmt: skip

    def __init__(self) -> None:
        self.state = State.NONE
        self.sides = (Side(), Side())
        """What each end has sent and offered: the opener's, the other's."""
        self.last_kind = _OTHER
        self.last_reply = False
        self.last_seq = self.last_ack = self.last_end = self.last_win = 0
        self.retrans = 0

    def state_tuple(self) -> tuple[Any, ...]:
        """Plain data for the digest."""
        return (
            int(self.state), self.sides[0].state(), self.sides[1].state(), self.last_kind,
            self.last_reply, self.last_seq, self.last_ack, self.last_end, self.last_win,
            self.retrans,
        )  # fmt: skip


ACCEPT, REFUSE, REPEAT, FORGET = range(4)
"""What becomes of a segment: it belongs, it is invalid, it begins a new connection in place of this
one, or it belongs and ends the connection at once."""


def begin(conn: Conn, segment: Any, settings: dict[str, int]) -> bool:
    """The first segment of an unknown connection; False if it cannot be one (tcp_new)."""
    state = _NEXT[0][kind_of(segment.flags)][_NO]
    if state >= State.IGNORE:
        return False
    tcp = conn.tcp = Tcp()
    if state == State.SYN_SENT:
        tcp.sides[0].open(segment)
        return True
    if not settings["nf_conntrack_tcp_loose"]:
        return False
    # picked up in the middle: the window is not known
    tcp.sides[0].pick_up(segment)
    tcp.sides[0].liberal = tcp.sides[1].liberal = True
    return True


def segment_seen(conn: Conn, way: Way, segment: Any, now: int, settings: dict[str, int]) -> int:
    """Move a connection on by one segment. One of ACCEPT, REFUSE, REPEAT, FORGET."""
    flags = segment.flags
    if flags & 0x3F & ~PSH not in _VALID_FLAGS and flags & 0x3F not in _VALID_FLAGS:
        return REFUSE
    if conn.tcp is None and (conn.status & IPS_CONFIRMED or not begin(conn, segment, settings)):
        return REFUSE
    tcp: Tcp = conn.tcp
    reply = way.reply
    kind = kind_of(flags)
    old = tcp.state
    new = _NEXT[reply][kind][old]
    sender, receiver = tcp.sides[reply], tcp.sides[not reply]
    if new == _SS and old >= _TW:
        # a SYN for a connection that is over: this one makes room if it was really closed
        if (
            sender.closing
            or receiver.closing
            or (tcp.last_reply == reply and tcp.last_kind == _RST)
        ):
            return REPEAT
        new = _IG
    if new == _IG:
        if (
            kind == _SYNACK
            and tcp.last_kind == _SYN
            and tcp.last_reply != reply
            and segment.ack == tcp.last_end
        ):
            # the entry was out of date, both ends have begun anew
            tcp.state = old = _SS
            tcp.sides[tcp.last_reply].reopen(tcp.last_seq, tcp.last_end, tcp.last_win)
            tcp.sides[reply].open(segment)
            new = _SR
        else:
            _remember(tcp, kind, reply, segment)
            return ACCEPT
    elif new == _IV:
        return REFUSE
    elif new == _CL and kind == _RST and old != _CL:
        verdict = _reset(conn, tcp, reply, segment, settings)
        if verdict == REFUSE:
            return REFUSE
        if verdict == FORGET:
            new = old
    if not in_window(tcp, reply, segment, old, settings):
        return REFUSE
    if kind == _ACK and (
        tcp.last_kind == _ACK
        and tcp.last_reply == reply
        and (tcp.last_seq, tcp.last_ack, tcp.last_win) == (segment.seq, segment.ack, segment.window)
        and segment.payload
    ):
        tcp.retrans += 1
    elif kind == _ACK:
        tcp.retrans = 0
    _remember(tcp, kind, reply, segment)
    tcp.state = new
    if old != new and new == _FW:
        sender.closing = True
    seconds = settings[TIMEOUTS[new]]
    most = settings["nf_conntrack_tcp_timeout_max_retrans"]
    unacked = settings["nf_conntrack_tcp_timeout_unacknowledged"]
    if tcp.retrans >= settings["nf_conntrack_tcp_max_retrans"] and seconds > most:
        seconds = most
    elif kind == _RST:
        seconds = settings["nf_conntrack_tcp_timeout_close"]
    elif (sender.unacked or receiver.unacked) and seconds > unacked:
        seconds = unacked
    elif segment.window == 0 and seconds > most:
        seconds = most
    if not conn.status & IPS_SEEN_REPLY and not reply:
        if new == _ES and seconds > unacked:
            # nobody has answered a connection that was picked up in the middle
            seconds = unacked
    elif not conn.status & IPS_SEEN_REPLY and kind == _RST:
        return FORGET
    elif not conn.status & IPS_ASSURED and old in (_SR, _ES) and new == _ES:
        conn.status |= IPS_ASSURED
    conn.expires = now + seconds * 1_000_000_000
    return ACCEPT


def _remember(tcp: Tcp, kind: int, reply: bool, segment: Any) -> None:
    tcp.last_kind = kind
    tcp.last_reply = reply
    tcp.last_seq = segment.seq
    tcp.last_ack = segment.ack
    tcp.last_win = segment.window
    size = len(segment.payload) + (segment.flags & SYN != 0) + (segment.flags & FIN != 0)
    tcp.last_end = (segment.seq + size) & 0xFFFFFFFF


def _reset(conn: Conn, tcp: Tcp, reply: bool, segment: Any, settings: dict[str, int]) -> int:
    """Whether a RST closes (ACCEPT), leaves the state alone (FORGET) or is none (REFUSE).

    RFC 5961 has an end answer a RST inside the window with a challenge, so only one that is exactly
    the next expected ends an entry at once.
    """
    other = tcp.sides[not reply]
    if tcp.last_kind in (_SYN, _ACK) and segment.ack == tcp.last_end and tcp.last_reply != reply:
        return ACCEPT
    if other.acked is not None:
        if before(segment.seq, other.acked) and not settings["nf_conntrack_tcp_ignore_invalid_rst"]:
            return REFUSE
        if tcp.state < _ES or segment.seq == other.acked:
            return ACCEPT
        if (tcp.last_kind, tcp.last_reply, tcp.last_end) == (_ACK, reply, segment.seq):
            return ACCEPT
        return FORGET
    return ACCEPT


__all__ = ["ACCEPT", "FORGET", "REFUSE", "REPEAT", "State", "Tcp", "after", "segment_seen"]
