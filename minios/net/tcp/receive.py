"""Data comes in, and when it is acknowledged (RFC 9293 3.10.7.4 seventh and eighth, RFC 5681 4.2,
RFC 2018, RFC 2883; delays as Linux chooses them)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.net.drop import Drop
from minios.net.tcp import timers, window
from minios.net.tcp.state import TcpState
from minios.net.tcp.tcb import ATO_MIN
from minios.net.wire.tcp import FIN

if TYPE_CHECKING:
    from minios.net.tcp.tcb import Tcb
    from minios.net.wire.tcp import TCP

QUICK_MAX = 16


def take(tcb: Tcb, segment: TCP, seq: int) -> Drop | None:
    """The data and FIN of an acceptable segment; a reason if nothing of it was of use."""
    data = segment.payload
    end = seq + len(data)
    fin = bool(segment.flags & FIN)
    if end + fin <= tcb.rcv_nxt:
        # All of it was here before: the acknowledgement was lost, or the sender too quick.
        tcb.tcp.count("TcpExtDelayedACKLost")
        report_twice(tcb, seq, end + fin)
        _now(tcb)
        return Drop.TCP_SEQUENCE
    edge = tcb.rcv_nxt + tcb.receive_window
    if seq > tcb.rcv_nxt:
        return _early(tcb, data, seq, fin, edge)
    if seq < tcb.rcv_nxt:
        report_twice(tcb, seq, tcb.rcv_nxt)
        data = data[tcb.rcv_nxt - seq :]
    if tcb.rcv_nxt + len(data) > edge:
        if edge <= tcb.rcv_nxt:
            tcb.tcp.count("TcpExtTCPZeroWindowDrop")
            _now(tcb)
            return Drop.RCVBUF_FULL
        data, fin = data[: edge - tcb.rcv_nxt], False
    if data:
        _append(tcb, data)
    if fin:
        _fin(tcb)
    if tcb.fin_at is not None and tcb.fin_at == tcb.rcv_nxt and not tcb.fin_received:
        _fin(tcb)
    if len(tcb.ooo):
        _now(tcb)
    return None


def _append(tcb: Tcb, data: bytes | bytearray) -> None:
    """Data in order: the application may have it, and what it makes whole."""
    size = len(data)
    tcb.recvq += data
    tcb.rcv_nxt += size
    tcb.bytes_received += size
    tcb.data_in += 1
    _heard(tcb, size)
    if len(tcb.ooo):
        more = tcb.ooo.take(tcb.rcv_nxt)
        if more:
            tcb.recvq += more
            tcb.rcv_nxt += len(more)
            tcb.bytes_received += len(more)
        _now(tcb)
    _schedule(tcb)


def _early(tcb: Tcb, data: bytes, seq: int, fin: bool, edge: int) -> Drop | None:
    """Something is missing before it: keep it, and say at once what is missing."""
    if seq >= edge:
        _now(tcb)
        return Drop.TCP_SEQUENCE
    if seq + len(data) > edge:
        data, fin = data[: edge - seq], False
    tcb.data_in += 1
    enter_quick(tcb)
    if data:
        tcb.tcp.count("TcpExtTCPOFOQueue")
        twice = tcb.ooo.add(seq, data)
        if twice is not None:
            report_twice(tcb, *twice)
        lost = tcb.ooo.prune(tcb.rcvbuf)
        if lost:
            tcb.tcp.count("TcpExtOfoPruned")
    if fin:
        tcb.fin_at = seq + len(data)
    tcb.received_at = tcb.world.now
    _now(tcb)
    return None


def _fin(tcb: Tcb) -> None:
    """The other side sends no more."""
    tcb.rcv_nxt += 1
    tcb.fin_received = True
    tcb.fin_at = None
    tcb.ooo.clear()
    tcp = tcb.tcp
    before = tcb.state
    if before in (TcpState.ESTABLISHED, TcpState.SYN_RECV):
        # The application will close before long: the acknowledgement travels on our FIN.
        tcb.state = TcpState.CLOSE_WAIT
        tcb.pingpong = True
        tcp.moved(tcb, before)
        if not tcb.ack_due or tcb.delack.deadline is not None:
            timers.delay_ack(tcb)
        return
    _now(tcb)
    if before == TcpState.FIN_WAIT1:
        # Both closed at once, unless this segment acknowledges our FIN, which was seen before.
        tcb.state = TcpState.CLOSING
        tcp.moved(tcb, before)
    elif before == TcpState.FIN_WAIT2:
        tcp.acknowledge(tcb)
        tcp.time_wait(tcb)


# -- acknowledging -----------------------------------------------------------------------------


def _now(tcb: Tcb) -> None:
    """Acknowledge at the end of this segment."""
    tcb.ack_due = True
    tcb.delack.clear()


def quick_acks(tcb: Tcb) -> int:
    """How many segments to acknowledge at once while the other side starts slowly."""
    return min(max(tcb.rcv_wnd // (2 * max(tcb.rcv_mss, 1)), 2), QUICK_MAX)


def enter_quick(tcb: Tcb) -> None:
    """The other side needs to hear from us."""
    tcb.quick = max(tcb.quick, quick_acks(tcb))
    tcb.pingpong = False
    tcb.ato = ATO_MIN


def report_twice(tcb: Tcb, low: int, high: int) -> None:
    """A duplicate SACK with the next acknowledgement (RFC 2883)."""
    if tcb.sack_ok and tcb.tcp.setting("tcp_dsack") and low < high:
        tcb.tcp.count("TcpExtTCPDSACKOldSent" if high <= tcb.rcv_nxt else "TcpExtTCPDSACKOfoSent")
        tcb.dsack = (low, high)
    enter_quick(tcb)


def _heard(tcb: Tcb, size: int) -> None:
    """Learn from data that came in order: its sizes, its rhythm (tcp_event_data_recv)."""
    now = tcb.world.now
    if size >= tcb.rcv_mss:
        tcb.rcv_mss = min(size, tcb.adv_mss)
    elif size >= 88 and not tcb.rcv_mss:
        tcb.rcv_mss = size
    window.measure(tcb)
    if not tcb.ato:
        tcb.quick = max(tcb.quick, quick_acks(tcb))
        tcb.ato = ATO_MIN
    else:
        pause = now - tcb.received_at
        if pause <= ATO_MIN >> 1:
            tcb.ato = (tcb.ato >> 1) + (ATO_MIN >> 1)
        elif pause < tcb.ato:
            tcb.ato = min((tcb.ato >> 1) + pause, tcb.rtt.rto)
        elif pause > tcb.rtt.rto:
            tcb.quick = max(tcb.quick, quick_acks(tcb))
    tcb.received_at = now
    window.grow(tcb, size)


def _schedule(tcb: Tcb) -> None:
    """At once for every second full segment, while data comes out of order, and at the start;
    otherwise before long."""
    many = tcb.rcv_nxt - tcb.rcv_wup > tcb.rcv_mss and (
        window.select(tcb) >= tcb.receive_window or len(tcb.recvq) < tcb.rcvlowat
    )
    if many or (tcb.quick and not tcb.pingpong) or len(tcb.ooo):
        _now(tcb)
    elif not tcb.ack_due or tcb.delack.deadline is not None:
        timers.delay_ack(tcb)


def taken(tcb: Tcb, copied: int) -> bool:
    """The application read: whether the other side should be told now that there is room
    (tcp_cleanup_rbuf)."""
    if tcb.state in (TcpState.CLOSED, TcpState.SYN_SENT, TcpState.LISTEN):
        return False
    if tcb.ack_due and tcb.rcv_nxt - tcb.rcv_wup > tcb.rcv_mss:
        return True
    if copied and not tcb.fin_received:
        now = tcb.receive_window
        most = tcb.window_clamp or window.capacity(tcb)
        if 2 * now <= most:
            new = window.select(tcb)
            return bool(new and new >= 2 * now)
    return False
