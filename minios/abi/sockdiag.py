"""Questions about sockets by netlink: sock_diag(7), linux/inet_diag.h, linux/tcp.h."""

from __future__ import annotations

import struct
from typing import NamedTuple

SOCK_DIAG_BY_FAMILY = 20
SOCK_DESTROY = 21

INET_DIAG_INFO = 2
INET_DIAG_CONG = 4
INET_DIAG_TOS = 5
INET_DIAG_SKMEMINFO = 7
INET_DIAG_SHUTDOWN = 8

_REQUEST = struct.Struct("<BBBxI")
_ID = struct.Struct(">HHI12xI12x")
_ID_END = struct.Struct("<I8x")
_HEAD = struct.Struct("<BBBB")
_TAIL = struct.Struct("<5I")
_INFO = struct.Struct("<8B24I4Q6I4Q2I2Q4I")
_SKMEM = struct.Struct("<9I")


class SockId(NamedTuple):
    """struct inet_diag_sockid: both ends and the device it is bound to."""

    sport: int = 0
    dport: int = 0
    src: int = 0
    dst: int = 0
    ifindex: int = 0

    def pack(self) -> bytes:
        return _ID.pack(*self[:4]) + _ID_END.pack(self.ifindex)

    @classmethod
    def parse(cls, data: bytes) -> SockId:
        return cls._make((*_ID.unpack_from(data), *_ID_END.unpack_from(data, 36)))


class DiagRequest(NamedTuple):
    """struct inet_diag_req_v2. ``ext`` has bit n-1 for each attribute n that is wanted, ``states``
    bit n for each state."""

    family: int
    protocol: int
    ext: int = 0
    states: int = 0xFFFF_FFFF
    id: SockId = SockId()

    def pack(self) -> bytes:
        head = _REQUEST.pack(self.family, self.protocol, self.ext, self.states)
        return head + self.id.pack()

    @classmethod
    def parse(cls, body: bytes) -> DiagRequest:
        body = body[:56].ljust(56, b"\0")
        return cls._make((*_REQUEST.unpack_from(body), SockId.parse(body[8:])))


class DiagMessage(NamedTuple):
    """struct inet_diag_msg. ``expires`` is in ms."""

    family: int
    state: int
    timer: int
    retrans: int
    id: SockId
    expires: int = 0
    rqueue: int = 0
    wqueue: int = 0
    uid: int = 0
    inode: int = 0

    def pack(self) -> bytes:
        head = _HEAD.pack(self.family, self.state, self.timer, min(self.retrans, 255))
        return head + self.id.pack() + _TAIL.pack(*self[5:])

    @classmethod
    def parse(cls, body: bytes) -> DiagMessage:
        head = _HEAD.unpack_from(body)
        return cls._make((*head, SockId.parse(body[4:]), *_TAIL.unpack_from(body, 52)))


class SkMem(NamedTuple):
    """Memory of a socket in bytes: received, its limit, being sent, its limit, and so on."""

    rmem: int = 0
    rcvbuf: int = 0
    wmem: int = 0
    sndbuf: int = 0
    forward: int = 0
    queued: int = 0
    options: int = 0
    backlog: int = 0
    drops: int = 0

    def pack(self) -> bytes:
        return _SKMEM.pack(*self)

    @classmethod
    def parse(cls, data: bytes) -> SkMem:
        return cls(*_SKMEM.unpack(data[:36].ljust(36, b"\0")))


OPT_TIMESTAMPS, OPT_SACK, OPT_WSCALE = 1, 2, 4


class RawTcpInfo(NamedTuple):
    """struct tcp_info as it is in memory, with its C names; times are µs, ``last_…`` ms."""

    state: int
    ca_state: int
    retransmits: int
    probes: int
    backoff: int
    options: int
    wscales: int
    app_limited: int
    rto: int
    ato: int
    snd_mss: int
    rcv_mss: int
    unacked: int
    sacked: int
    lost: int
    retrans: int
    fackets: int
    last_data_sent: int
    last_ack_sent: int
    last_data_recv: int
    last_ack_recv: int
    pmtu: int
    rcv_ssthresh: int
    rtt: int
    rttvar: int
    snd_ssthresh: int
    snd_cwnd: int
    advmss: int
    reordering: int
    rcv_rtt: int
    rcv_space: int
    total_retrans: int
    pacing_rate: int
    max_pacing_rate: int
    bytes_acked: int
    bytes_received: int
    segs_out: int
    segs_in: int
    notsent_bytes: int
    min_rtt: int
    data_segs_in: int
    data_segs_out: int
    delivery_rate: int
    busy_time: int
    rwnd_limited: int
    sndbuf_limited: int
    delivered: int
    delivered_ce: int
    bytes_sent: int
    bytes_retrans: int
    dsack_dups: int
    reord_seen: int
    rcv_ooopack: int
    snd_wnd: int

    def pack(self) -> bytes:
        return _INFO.pack(*self)

    @classmethod
    def parse(cls, data: bytes) -> RawTcpInfo:
        return cls(*_INFO.unpack(data[: _INFO.size].ljust(_INFO.size, b"\0")))
