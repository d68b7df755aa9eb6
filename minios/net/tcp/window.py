"""The receive window: how much the other side may send (RFC 9293 3.8.6, RFC 1122 4.2.3.3).

Half of the receive buffer is for data, the rest stands for what keeping it costs. The window that
is told opens as data comes (Linux's rcv_ssthresh), never shrinks, and does not open by less than is
worth a segment; the buffer grows with what the application takes per round trip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minios.net.tcp.tcb import Tcb

WINDOW_MAX = 65535


def capacity(tcb: Tcb) -> int:
    """Bytes of data that the receive buffer takes."""
    return tcb.rcvbuf >> 1


def free(tcb: Tcb) -> int:
    """Bytes of data that it takes beside what is there."""
    return max((tcb.rcvbuf >> 1) - len(tcb.recvq) - tcb.ooo.size, 0)


def begin(tcb: Tcb, options: int = 0) -> None:
    """The window and scale of the first segment, once the MSS is known (RFC 7323 section 2).

    It is a multiple of what a segment will carry, ``options`` being the length of those that every
    segment is known to have.
    """
    clamp = tcb.window_clamp
    if tcb.rcvbuf_locked:
        clamp = min(clamp, capacity(tcb)) if clamp else capacity(tcb)
    space = capacity(tcb)
    if clamp:
        space = min(space, clamp)
    mss = tcb.adv_mss - options
    if space > mss:
        space -= space % mss
    tcb.rcv_wnd = min(space, WINDOW_MAX)
    tcb.rcv_ssthresh = tcb.rcv_wnd
    tcb.rcv_wscale = 0
    if tcb.tcp.setting("tcp_window_scaling"):
        most = max(capacity(tcb), tcb.tcp.setting("tcp_rmem_max"))
        if clamp:
            most = min(most, clamp)
        tcb.rcv_wscale = min(max(most.bit_length() - 16, 0), 14)


def select(tcb: Tcb) -> int:
    """The window that could be told now (RFC 9293 3.8.6.2.2: no silly ones)."""
    full = capacity(tcb)
    if tcb.window_clamp:
        full = min(full, tcb.window_clamp)
    space = free(tcb)
    mss = min(tcb.rcv_mss, full)
    if space < full >> 1:
        tcb.quick = 0
        space = space >> tcb.rcv_wscale << tcb.rcv_wscale
        if space < full >> 4 or space < mss:
            return 0
    space = min(space, tcb.rcv_ssthresh)
    if tcb.rcv_wscale:
        return -(-space >> tcb.rcv_wscale) << tcb.rcv_wscale
    window = tcb.rcv_wnd
    if window <= space - mss or window > space:
        return space - space % mss if mss else space
    if mss == full and space > window + (full >> 1):
        return space
    return window


def advertise(tcb: Tcb) -> int:
    """Settle the window that goes into a segment now; the number for its header."""
    scale = tcb.rcv_wscale
    now = tcb.receive_window
    new = select(tcb)
    if new < now:
        # What was promised is not taken back.
        new = -(-now >> scale) << scale
        if not new >> scale:
            new = now
    tcb.rcv_wnd = min(new, WINDOW_MAX << scale)
    tcb.rcv_wup = tcb.rcv_nxt
    return tcb.rcv_wnd >> scale


def grow(tcb: Tcb, size: int) -> None:
    """Data came in: let the window open further (tcp_grow_window)."""
    most = capacity(tcb)
    if tcb.window_clamp:
        most = min(most, tcb.window_clamp)
    if tcb.rcv_ssthresh < most and size >= 128:
        tcb.rcv_ssthresh = min(tcb.rcv_ssthresh + 2 * max(tcb.adv_mss, size), most)


def measure(tcb: Tcb) -> None:
    """A round trip seen from the receiver: how long a whole window takes to come."""
    now = tcb.world.now
    if tcb.rcv_rtt_time:
        if tcb.rcv_nxt < tcb.rcv_rtt_seq:
            return
        took = max(now - tcb.rcv_rtt_time, 1)
        tcb.rcv_rtt = min(tcb.rcv_rtt, took) if tcb.rcv_rtt else took
    tcb.rcv_rtt_seq = tcb.rcv_nxt + max(tcb.rcv_wnd, 1)
    tcb.rcv_rtt_time = now


def measure_echo(tcb: Tcb, echo_ms: int) -> None:
    """The same by a timestamp that came back with data."""
    took = max(((tcb.ts_now() - echo_ms) & 0xFFFF_FFFF) * 1_000_000, 1_000_000)
    if took < 1 << 37:
        old = tcb.rcv_rtt
        tcb.rcv_rtt = old + (took - old >> 3) if old else took


def adjust(tcb: Tcb) -> None:
    """The application read: make the buffer larger if it takes more in a round trip than last time
    (dynamic right-sizing, net.ipv4.tcp_moderate_rcvbuf)."""
    now = tcb.world.now
    if not tcb.space_time:
        tcb.space_time, tcb.space_seq = now, tcb.copied
        tcb.space_copied = min(max(tcb.rcv_wnd, tcb.adv_mss), INITIAL * tcb.adv_mss)
        return
    if not tcb.rcv_rtt or now - tcb.space_time < tcb.rcv_rtt:
        return
    copied = tcb.copied - tcb.space_seq
    if copied > tcb.space_copied:
        if tcb.tcp.setting("tcp_moderate_rcvbuf") and not tcb.rcvbuf_locked:
            window = 2 * copied + 16 * tcb.adv_mss
            window += 2 * (window * (copied - tcb.space_copied) // tcb.space_copied)
            most = tcb.tcp.setting("tcp_rmem_max")
            tcb.rcvbuf = max(tcb.rcvbuf, min(2 * window, most))
        tcb.space_copied = copied
    tcb.space_time, tcb.space_seq = now, tcb.copied


INITIAL = 10
"""Segments that are taken for the first round trip's."""


def grow_send_buffer(tcb: Tcb) -> None:
    """Room for two congestion windows, as segments count in memory (tcp_sndbuf_expand)."""
    if tcb.sndbuf_locked:
        return
    size = tcb.mss_cache + 640
    cost = (1 << (size - 1).bit_length()) + 256
    want = 2 * cost * max(tcb.cwnd, 10, tcb.reordering + 1)
    if want > tcb.sndbuf:
        tcb.sndbuf = min(want, tcb.tcp.setting("tcp_wmem_max"))
