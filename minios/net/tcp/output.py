"""Sending: when, how much, and with what in the header (RFC 9293 3.8.6.2.1, 3.7.4; RFC 7323)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.net.tcp import timers, window
from minios.net.tcp.sendqueue import FIN as SENT_FIN
from minios.net.tcp.sendqueue import SYN as SENT_SYN
from minios.net.tcp.sendqueue import Sent
from minios.net.tcp.sequence import MASK
from minios.net.tcp.state import SENDS, TcpState
from minios.net.tcp.tcb import ATO_MIN, INFINITE_SSTHRESH, INITIAL_WINDOW, Pending, Phase
from minios.net.wire.tcp import ACK, FIN, PSH, RST, SYN, TCP
from minios.net.wire.tcpoptions import TcpOptions

if TYPE_CHECKING:
    from minios.net.tcp.tcb import Tcb

TIMESTAMPS_LENGTH = 12
HEADERS = 40
"""Bytes of the IP and TCP headers without options."""


# -- sizes -------------------------------------------------------------------------------------


def current_mss(tcb: Tcb) -> int:
    """Bytes of data that a segment may carry now: at most half of the greatest window ever seen,
    so that small buffers are not waited for in vain (RFC 9293 3.8.6.2.1)."""
    mss = tcb.mss_cache
    most = tcb.max_window >> 1 if tcb.max_window > 536 else tcb.max_window
    if most and mss > most:
        mss = max(most, 28)
    if tcb.ts_ok:
        mss -= TIMESTAMPS_LENGTH
    blocks = _blocks(tcb)
    if blocks:
        mss -= 4 + 8 * len(blocks)
    return max(mss, 8)


def sync_mss(tcb: Tcb) -> None:
    """Fit the segment size to the path's MTU (RFC 1191) and to what the other side takes."""
    mss = min(tcb.pmtu - HEADERS, tcb.mss_clamp)
    tcb.mss_cache = max(mss, tcb.tcp.setting("tcp_min_snd_mss"))


# -- one segment -------------------------------------------------------------------------------


def _blocks(tcb: Tcb) -> tuple[tuple[int, int], ...]:
    """The SACK blocks to report: what came twice first (RFC 2883), then the newest."""
    if not tcb.sack_ok:
        return ()
    blocks = tcb.ooo.blocks
    if tcb.dsack is not None:
        return (tcb.dsack, *blocks)[: 3 if tcb.ts_ok else 4]
    return tuple(blocks[:3]) if blocks and tcb.ts_ok else tuple(blocks)


def _options(tcb: Tcb) -> TcpOptions | tuple[()]:
    stamps = (tcb.ts_now(), tcb.ts_recent) if tcb.ts_ok else None
    blocks = _blocks(tcb)
    if blocks:
        sack = tuple((low & MASK, high & MASK) for low, high in blocks)
        return TcpOptions(timestamps=stamps, sack=sack)
    return TcpOptions(timestamps=stamps) if stamps is not None else ()


def emit(tcb: Tcb, seq: int, flags: int, payload: bytes = b"") -> None:
    """Send one segment of an open connection; whatever it is, it acknowledges."""
    options = _options(tcb)
    size = window.advertise(tcb)
    acked(tcb)
    tcb.segs_out += 1
    segment = TCP(
        tcb.local_port, tcb.remote_port, seq & MASK, tcb.rcv_nxt & MASK, flags, size, payload,
        options,
    )  # fmt: skip
    tcb.tcp.send(tcb, segment)


def acked(tcb: Tcb) -> None:
    """What was received is acknowledged by a segment that is just being sent."""
    tcb.ack_due = False
    tcb.dsack = None
    if tcb.quick:
        tcb.quick -= 1
        if not tcb.quick:
            tcb.ato = ATO_MIN
    if tcb.delack.deadline is not None:
        tcb.delack.clear()


def send_ack(tcb: Tcb) -> None:
    """An acknowledgement, now."""
    if tcb.state != TcpState.CLOSED:
        emit(tcb, tcb.snd_nxt, ACK)


def send_reset(tcb: Tcb) -> None:
    """Tell the other side that the connection is gone (ABORT, RFC 9293 3.10.5)."""
    tcb.tcp.count("TcpOutRsts")
    emit(tcb, tcb.snd_nxt, RST | ACK)


def send_syn(tcb: Tcb) -> None:
    """SYN of an active open, or SYN and ACK of a simultaneous one; again when repeated."""
    tcp = tcb.tcp
    active = tcb.state == TcpState.SYN_SENT
    stamps = None
    if tcb.ts_ok or (active and tcp.setting("tcp_timestamps")):
        stamps = (tcb.ts_now(), 0 if active else tcb.ts_recent)
    scale = tcb.rcv_wscale if tcb.wscale_ok or active else None
    if active and not tcp.setting("tcp_window_scaling"):
        scale = None
    sack = bool(tcb.sack_ok or (active and tcp.setting("tcp_sack")))
    options = TcpOptions(
        mss=tcb.adv_mss, wscale=scale, sack_permitted=sack, timestamps=stamps
    )  # fmt: skip
    size = min(tcb.rcv_wnd, window.WINDOW_MAX)
    flags, number = (SYN, 0) if active else (SYN | ACK, tcb.rcv_nxt & MASK)
    if not active:
        acked(tcb)
        tcb.rcv_wup = tcb.rcv_nxt
    tcb.segs_out += 1
    segment = TCP(
        tcb.local_port, tcb.remote_port, tcb.iss & MASK, number, flags, size, b"", options
    )
    tcp.send(tcb, segment)


def begin_syn(tcb: Tcb) -> None:
    """The SYN takes the first sequence number; it is repeated until it is answered."""
    tcb.sendq.base = tcb.iss + 1
    tcb.sendq.segments.append(Sent(tcb.iss, tcb.iss + 1, SENT_SYN, tcb.world.now))
    tcb.snd_nxt = tcb.iss + 1
    tcb.retrans_at = 0
    send_syn(tcb)
    timers.arm(tcb, Pending.RTO, tcb.rtt.rto)


# -- data --------------------------------------------------------------------------------------


def nagle_waits(tcb: Tcb) -> bool:
    """Whether less than a full segment has to wait (RFC 9293 3.7.4, in Minshall's variant: only
    while another small one is under way; TCP_CORK: always)."""
    if tcb._cork:
        return True
    if tcb._nodelay:
        return False
    return bool(tcb.sendq.segments) and tcb.snd_una < tcb.snd_sml <= tcb.snd_nxt


def push(tcb: Tcb, *, flush: bool = False) -> bool:
    """Send what may be sent; ``flush`` also what Nagle or TCP_CORK holds back.

    Whether something is left that only the other side's window or a timer can bring on its way.
    """
    if tcb.state not in SENDS:
        return False
    queue = tcb.sendq
    now = tcb.world.now
    idle = not queue.segments
    if tcb.snd_nxt < tcb.write_seq:
        tcb.tcp.find_route(tcb)
        if idle:
            restart_after_idle(tcb)
    mss = current_mss(tcb)
    sent = 0
    blocked = False
    while True:
        seq = tcb.snd_nxt
        left = queue.end - seq
        if left <= 0 and not (tcb.fin_queued and left == 0):
            break
        if queue.in_flight >= tcb.cwnd:
            blocked = True
            break
        size = min(left, mss)
        last = size == left
        fin = last and tcb.fin_queued
        if seq + size + fin > tcb.snd_una + tcb.snd_wnd:
            break
        if size < mss and not fin and not flush and nagle_waits(tcb):
            break
        end = seq + size + fin
        queue.segments.append(Sent(seq, end, SENT_FIN if fin else 0, now))
        tcb.snd_nxt = end
        if size < mss:
            tcb.snd_sml = end
        flags = ACK | (FIN if fin else 0) | (PSH if last and size else 0)
        emit(tcb, seq, flags, queue.slice(seq, seq + size))
        tcb.bytes_sent += size
        if size:
            tcb.data_out += 1
        tcb.prr_out += 1
        sent += 1
        if idle:
            timers.arm(tcb, Pending.RTO, tcb.rtt.rto)
            idle = False
    waiting = tcb.pending in (Pending.RTO, Pending.TAIL) and not tcb.retransmits
    if sent and waiting and tcb.phase == Phase.OPEN:
        timers.rearm(tcb)
    if sent or blocked:
        flight = queue.in_flight
        starting = tcb.cwnd < tcb.ssthresh and 2 * flight > tcb.cwnd
        tcb.cwnd_limited = blocked or flight >= tcb.cwnd or starting
    if sent:
        if tcb.received_at and now - tcb.received_at < tcb.ato:
            tcb.pingpong = True
        tcb.sent_at = now
    if tcb.snd_nxt < tcb.write_seq and not queue.segments:
        timers.check_probe(tcb)
        return True
    return False


def restart_after_idle(tcb: Tcb) -> None:
    """After a pause longer than the timeout, what is known of the path is old (RFC 5681 4.1)."""
    pause = tcb.world.now - tcb.sent_at
    if not tcb.bytes_sent or pause <= tcb.rtt.rto:
        return
    tcb.cc.idle(tcb, pause)
    if tcb.tcp.setting("tcp_slow_start_after_idle") and tcb.ssthresh:
        if tcb.ssthresh < INFINITE_SSTHRESH:
            tcb.ssthresh = max(tcb.ssthresh, (tcb.cwnd >> 1) + (tcb.cwnd >> 2))
        restart = min(INITIAL_WINDOW, tcb.cwnd)
        while pause > tcb.rtt.rto and tcb.cwnd > restart:
            pause -= tcb.rtt.rto
            tcb.cwnd = max(tcb.cwnd >> 1, restart)
        tcb.cwnd_limited = False


def retransmit(tcb: Tcb, sent: Sent) -> bool:
    """Send a segment again, in a size that the path takes now. False if it did not go out."""
    queue = tcb.sendq
    if sent.flag & SENT_SYN:
        sent.times += 1
        sent.sent_at = tcb.world.now
        if not tcb.retrans_at:
            tcb.retrans_at = sent.sent_at
        tcb.retrans_total += 1
        tcb.tcp.count("TcpRetransSegs")
        send_syn(tcb)
        return True
    seq = max(sent.seq, tcb.snd_una)
    edge = tcb.snd_una + tcb.snd_wnd
    if seq >= edge and seq != tcb.snd_una:
        return False
    tcb.tcp.find_route(tcb)
    mss = current_mss(tcb)
    length = sent.end - seq - bool(sent.flag & SENT_FIN)
    if tcb.snd_una < edge < seq + length:
        mss = min(mss, edge - seq)
    if length > mss:
        queue.split(queue.segments.index(sent), seq + mss)
        length = mss
    now = tcb.world.now
    sent.times += 1
    sent.sent_at = now
    queue.mark_again(sent)
    if not tcb.retrans_at:
        tcb.retrans_at = now
    tcb.undo_left += 1
    tcb.prr_out += 1
    tcb.retrans_total += 1
    tcb.bytes_retrans += length
    tcb.bytes_sent += length
    if length:
        tcb.data_out += 1
    tcb.tcp.count("TcpRetransSegs")
    tcb.sent_at = now
    last = sent.end >= queue.end
    flags = ACK | (FIN if sent.flag & SENT_FIN else 0) | (PSH if last and length else 0)
    emit(tcb, seq, flags, queue.slice(seq, seq + length))
    return True


def retransmit_lost(tcb: Tcb) -> None:
    """Send again what is taken for lost, as far as the congestion window goes (RFC 6675)."""
    queue = tcb.sendq
    if not queue.lost:
        return
    at = -1
    while at + 1 < len(queue.segments):
        at += 1  # a segment that is cut in two makes the list longer
        sent = queue.segments[at]
        if queue.in_flight >= tcb.cwnd:
            return
        if sent.lost and not sent.again:
            if not retransmit(tcb, sent):
                return
            tcb.tcp.count(
                "TcpExtTCPSlowStartRetrans" if tcb.phase == Phase.LOSS else "TcpExtTCPFastRetrans"
            )
            if tcb.pending in (Pending.NONE, Pending.TAIL):
                timers.arm(tcb, Pending.RTO, tcb.rtt.rto)


def probe(tcb: Tcb) -> bool:
    """Ask for the window, or whether anybody is there: a segment that must be answered.

    A piece of data if the window takes any, else an old sequence number (tcp_write_wakeup).
    """
    seq, edge = tcb.snd_nxt, tcb.snd_una + tcb.snd_wnd
    queue = tcb.sendq
    left = queue.end - seq
    if tcb.state in SENDS and seq < edge and (left > 0 or (tcb.fin_queued and left == 0)):
        mss = current_mss(tcb)
        size = min(edge - seq, left, mss)
        fin = tcb.fin_queued and size == left and seq + size < edge
        idle = not queue.segments
        queue.segments.append(Sent(seq, seq + size + fin, SENT_FIN if fin else 0, tcb.world.now))
        tcb.snd_nxt = seq + size + fin
        tcb.bytes_sent += size
        tcb.data_out += 1
        flags = ACK | PSH | (FIN if fin else 0)
        emit(tcb, seq, flags, queue.slice(seq, seq + size))
        tcb.sent_at = tcb.world.now
        if idle:
            timers.arm(tcb, Pending.RTO, tcb.rtt.rto)
        return True
    emit(tcb, tcb.snd_una - 1, ACK)
    return False
