"""The states of a connection (RFC 9293 section 3.3.2), numbered as Linux numbers them."""

from enum import IntEnum


class TcpState(IntEnum):
    """Values are those of /proc/net/tcp and of the socket diagnosis messages."""

    ESTABLISHED = 1
    SYN_SENT = 2
    SYN_RECV = 3
    FIN_WAIT1 = 4
    FIN_WAIT2 = 5
    TIME_WAIT = 6
    CLOSED = 7
    CLOSE_WAIT = 8
    LAST_ACK = 9
    LISTEN = 10
    CLOSING = 11


SYNCHRONIZED = frozenset({
    TcpState.ESTABLISHED, TcpState.FIN_WAIT1, TcpState.FIN_WAIT2, TcpState.CLOSE_WAIT,
    TcpState.CLOSING, TcpState.LAST_ACK, TcpState.TIME_WAIT,
})  # fmt: skip
"""Both sides know each other's sequence numbers."""

CAN_SEND = frozenset({TcpState.ESTABLISHED, TcpState.CLOSE_WAIT})
"""The application may still send."""

SENDS = frozenset({
    TcpState.ESTABLISHED, TcpState.CLOSE_WAIT, TcpState.FIN_WAIT1, TcpState.CLOSING,
    TcpState.LAST_ACK,
})  # fmt: skip
"""There may be data or a FIN to send yet."""

RECEIVES = frozenset({TcpState.ESTABLISHED, TcpState.FIN_WAIT1, TcpState.FIN_WAIT2})
"""The other side may still send."""
