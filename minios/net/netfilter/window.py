"""Whether a TCP segment lies where it may: conntrack's window tracking.

Guido van Rooij, "Real stateful TCP packet filtering in IP Filter", as tcp_in_window has it.
"""

from __future__ import annotations

from typing import Any

FIN, SYN, RST, ACK = 1, 2, 4, 16
_MASK = 0xFFFFFFFF
_LEAST_ACK_WINDOW = 66000
"""How far behind an acknowledgement may be (MAXACKWINCONST)."""
_SYN_SENT, _SYN_RECV = 1, 2


def before(a: int, b: int) -> bool:
    """Whether sequence number ``a`` comes before ``b`` (RFC 9293, 3.4)."""
    return (a - b) & _MASK > 0x7FFFFFFF


def after(a: int, b: int) -> bool:
    return (b - a) & _MASK > 0x7FFFFFFF


class Side:
    """One end. ``end`` is the highest sequence number it has sent plus one, ``most`` the highest it
    may reach, ``window`` the largest it has offered, ``acked`` the highest it has acknowledged."""

    __slots__ = ("acked", "closing", "end", "liberal", "most", "scale", "scales", "unacked",
                 "window")  # fmt: skip

    def __init__(self) -> None:
        self.end = self.most = self.window = self.scale = 0
        self.acked: int | None = None
        self.scales = False
        """Whether its SYN had a window scale."""
        self.liberal = self.closing = self.unacked = False

    def open(self, segment: Any) -> None:
        """Begin with a SYN."""
        self.end = self.most = _end(segment)
        self.window = segment.window or 1
        self.acked = None
        self.liberal = self.closing = self.unacked = False
        scale = getattr(segment.options, "wscale", None)
        self.scales = scale is not None
        self.scale = min(scale, 14) if scale is not None else 0

    def reopen(self, seq: int, end: int, window: int) -> None:
        """Begin with a SYN that went by before."""
        self.end = self.most = end
        self.window = window or 1
        self.acked = None
        self.closing = self.unacked = False
        self.scale, self.scales = 0, False

    def pick_up(self, segment: Any) -> None:
        """Begin in the middle of a connection."""
        self.end = _end(segment)
        self.window = segment.window or 1
        self.most = (self.end + self.window) & _MASK
        self.scale = 14

    def state(self) -> tuple[Any, ...]:
        return (
            self.end, self.most, self.window, self.scale, self.scales, self.acked, self.liberal,
            self.closing, self.unacked,
        )  # fmt: skip


def _end(segment: Any) -> int:
    flags = segment.flags
    size = len(segment.payload) + (flags & SYN != 0) + (flags & FIN != 0)
    return (segment.seq + size) & _MASK  # type: ignore[no-any-return]


def in_window(tcp: Any, reply: bool, segment: Any, state: int, settings: dict[str, int]) -> bool:
    """Whether the segment fits what both ends have said; what it says is remembered if so."""
    sender: Side = tcp.sides[reply]
    receiver: Side = tcp.sides[not reply]
    flags, seq, ack, window = segment.flags, segment.seq, segment.ack, segment.window
    end = _end(segment)
    if sender.window == 0:
        if flags & SYN:
            sender.open(segment)
            if not (sender.scales and receiver.scales):
                sender.scale = receiver.scale = 0
            if not flags & ACK:
                return True
        else:
            sender.end = end
            sender.window = (window << sender.scale) or 1
            sender.most = (end + sender.window) & _MASK
            if receiver.window == 0:
                receiver.end = receiver.most = ack
            elif ack == (receiver.end + 1) & _MASK:
                receiver.end = ack
    elif flags & SYN and ((not reply and state == _SYN_SENT) or (reply and state == _SYN_RECV)):
        sender.open(segment)
        if reply and not (sender.scales and receiver.scales):
            sender.scale = receiver.scale = 0
        if reply and not flags & ACK:
            return True
    if not flags & ACK or (flags & RST and ack == 0):
        ack = receiver.end
    if flags & RST and seq == 0 and state == _SYN_SENT:
        seq = end = sender.end
    reach = max(sender.window, _LEAST_ACK_WINDOW)
    fits = (
        before(seq, (sender.most + 1) & _MASK)
        and after(end, (sender.end - receiver.window - 1) & _MASK)
        and before(ack, (receiver.end + 1) & _MASK)
        and after(ack, (receiver.end - reach - 1) & _MASK)
    )
    if not fits:
        return sender.liberal or receiver.liberal or settings["nf_conntrack_tcp_be_liberal"] != 0
    if not flags & SYN:
        window <<= sender.scale
    if sender.window < window:
        sender.window = window
    if after(end, sender.end):
        sender.end = end
        sender.unacked = True
    if flags & ACK and (sender.acked is None or after(ack, sender.acked)):
        sender.acked = ack
    if receiver.window and after(end, sender.most):
        receiver.window += (end - sender.most) & _MASK
    if after((ack + window) & _MASK, (receiver.most - 1) & _MASK):
        receiver.most = (ack + window + (window == 0)) & _MASK
    if ack == receiver.end:
        receiver.unacked = False
    return True
