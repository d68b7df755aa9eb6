"""A segment for a connection comes in: the checks of RFC 9293 section 3.10.7, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.errno import Errno
from minios.net.drop import Drop
from minios.net.tcp import ack as acks
from minios.net.tcp import output, receive, timers, window
from minios.net.tcp.sequence import unwrap
from minios.net.tcp.state import RECEIVES, TcpState
from minios.net.tcp.tcb import MSS_DEFAULT
from minios.net.wire.tcp import ACK, FIN, RST, SYN

if TYPE_CHECKING:
    from minios.net.tcp.tcb import Tcb
    from minios.net.wire.tcp import TCP
    from minios.net.wire.tcpoptions import TcpOptions

PAWS_IDLE = 24 * 24 * 3600 * 1_000_000_000
"""A timestamp older than 24 days says nothing (RFC 7323 5.5)."""
WSCALE_MAX = 14


def arrives(tcb: Tcb, segment: TCP) -> Drop | None:
    """A segment whose ends are those of ``tcb``. A reason when it is of no use."""
    tcb.segs_in += 1
    if tcb.state == TcpState.SYN_SENT:
        return _syn_sent(tcb, segment)
    seq = unwrap(segment.seq, tcb.rcv_nxt)
    flags = segment.flags
    refused = _validate(tcb, segment, seq)
    if refused is not None:
        return refused
    # fifth, the ACK
    if not flags & ACK:
        return Drop.TCP_STATE
    number = unwrap(segment.ack, tcb.snd_una)
    if tcb.state == TcpState.SYN_RECV:
        if not tcb.snd_una < number <= tcb.snd_nxt:
            tcb.tcp.reset_for(tcb, segment)
            return Drop.TCP_STATE
        _established(tcb, segment, seq)
    remember_timestamp(tcb, segment, seq)
    if not acks.take(tcb, segment, seq, number):
        acks.challenge(tcb)
        return Drop.TCP_SEQUENCE
    tcb.packet_at = tcb.world.now
    if _closing_acked(tcb, bool(flags & FIN)):
        return None
    # sixth the urgent pointer, which is read in line; seventh the data, eighth the FIN
    reason = None
    if segment.payload or flags & FIN:
        if tcb.state not in RECEIVES:
            # It has said already that it sends no more.
            tcb.ack_due = bool(seq + segment.span <= tcb.rcv_nxt)
        elif tcb.orphan and segment.payload and seq + len(segment.payload) > tcb.rcv_nxt:
            # Nobody is there to read it (RFC 9293 3.6.1, RFC 2525 2.17).
            tcb.tcp.count("TcpExtTCPAbortOnData")
            tcb.tcp.abort(tcb)
            return Drop.TCP_STATE
        else:
            reason = receive.take(tcb, segment, seq)
            if tcb.state == TcpState.CLOSED:
                return reason
    finish(tcb)
    return reason


def finish(tcb: Tcb) -> None:
    """After every segment: send what may go now, and the acknowledgement if it did not go along."""
    output.push(tcb)
    if tcb.ack_due and tcb.delack.deadline is None:
        output.send_ack(tcb)
    if tcb.state != TcpState.CLOSED:
        tcb.notify()


# -- SYN-SENT (3.10.7.3) -----------------------------------------------------------------------


def _syn_sent(tcb: Tcb, segment: TCP) -> Drop | None:
    flags = segment.flags
    tcp = tcb.tcp
    if flags & ACK:
        number = unwrap(segment.ack, tcb.snd_nxt)
        stamps = segment.options.timestamps if segment.options else None
        stale = (
            stamps is not None
            and stamps[1]
            and not ((tcb.ts_now() - stamps[1]) & 0xFFFF_FFFF)
            <= (tcb.world.now - tcb.opened_at) // 1_000_000 + 1
        )
        if not tcb.iss < number <= tcb.snd_nxt or stale:
            if not flags & RST:
                tcp.reset_for(tcb, segment)
            return Drop.TCP_SEQUENCE
        if flags & RST:
            tcp.count("TcpAttemptFails")
            tcp.fail(tcb, Errno.ECONNREFUSED)
            return None
    if flags & RST or not flags & SYN:
        return Drop.TCP_STATE
    tcb.irs = segment.seq
    tcb.rcv_nxt = tcb.rcv_wup = tcb.copied = tcb.irs + 1
    tcb.space_seq = tcb.copied
    tcb.packet_at = tcb.received_at = tcb.world.now
    learn(tcb, segment.options)
    tcb.snd_wl1 = tcb.irs
    tcb.snd_wnd = tcb.max_window = segment.window
    if not flags & ACK:
        # Both opened at once (figure 7): say SYN again, with an acknowledgement.
        tcb.state = TcpState.SYN_RECV
        tcb.tcp.moved(tcb, TcpState.SYN_SENT)
        output.send_syn(tcb)
        return None
    acks.take(tcb, segment, tcb.irs, number)
    tcb.snd_wnd = tcb.max_window = segment.window  # never scaled in a SYN (RFC 7323 2.2)
    _open(tcb)
    if tcb.snd_nxt < tcb.write_seq or tcb.defer_accept or tcb.pingpong:
        # The application is about to send: the acknowledgement goes along.
        timers.delay_ack(tcb)
        tcb.quick = receive.quick_acks(tcb)
        output.push(tcb)
    else:
        output.send_ack(tcb)
    if segment.payload or flags & FIN:
        receive.take(tcb, segment, tcb.irs + 1)
        finish(tcb)
    else:
        tcb.notify()
    return None


def learn(tcb: Tcb, options: TcpOptions | tuple[()]) -> None:
    """What the other side's SYN offers: an option holds if both have sent it."""
    tcp = tcb.tcp
    mss = MSS_DEFAULT
    if options and options.mss:
        mss = options.mss
    if tcb.user_mss:
        mss = min(mss, tcb.user_mss)
    tcb.mss_clamp = max(mss, tcp.setting("tcp_min_snd_mss"))
    stamps = options.timestamps if options else None
    scale = options.wscale if options else None
    tcb.ts_ok = stamps is not None and bool(tcp.setting("tcp_timestamps"))
    tcb.sack_ok = bool(options and options.sack_permitted and tcp.setting("tcp_sack"))
    tcb.wscale_ok = scale is not None and bool(tcp.setting("tcp_window_scaling"))
    if stamps is not None and tcb.ts_ok:
        tcb.ts_recent, tcb.ts_recent_at = stamps[0], tcb.world.now
    if tcb.wscale_ok:
        assert scale is not None
        tcb.snd_wscale = min(scale, WSCALE_MAX)
    else:
        tcb.snd_wscale = tcb.rcv_wscale = 0
    tcb.rcv_mss = min(max(tcb.adv_mss, 88), MSS_DEFAULT)
    output.sync_mss(tcb)


def _established(tcb: Tcb, segment: TCP, seq: int) -> None:
    """SYN-RECEIVED is acknowledged."""
    tcb.snd_wnd = tcb.max_window = segment.window << tcb.snd_wscale
    tcb.snd_wl1 = seq
    _open(tcb)


def _open(tcb: Tcb) -> None:
    """ESTABLISHED at last."""
    before = tcb.state
    tcb.state = TcpState.ESTABLISHED
    timers.first_rto(tcb)
    tcb.retransmits = 0
    tcb.retrans_at = 0
    window.grow_send_buffer(tcb)
    if tcb.keep_on:
        timers.keep_alive(tcb)
    tcb.tcp.moved(tcb, before)


# -- first to fourth: is it acceptable? --------------------------------------------------------


def _validate(tcb: Tcb, segment: TCP, seq: int) -> Drop | None:
    """Sequence number, RST and SYN (RFC 9293 with RFC 5961), before them PAWS (RFC 7323 5.3)."""
    flags = segment.flags
    if not flags & RST and _too_old(tcb, segment, seq):
        tcb.tcp.count("TcpExtPAWSEstab")
        if not flags & SYN:
            _answer_outside(tcb, segment, seq)
            return Drop.TCP_SEQUENCE
    if not acceptable(tcb, seq, segment.span):
        if not flags & RST:
            if flags & SYN:
                acks.challenge(tcb)
            else:
                _answer_outside(tcb, segment, seq)
        elif seq == tcb.rcv_nxt:
            _reset(tcb)
            return None if tcb.state != TcpState.CLOSED else Drop.TCP_STATE
        return Drop.TCP_SEQUENCE
    if flags & RST:
        if seq == tcb.rcv_nxt or _at_sacked_end(tcb, seq):
            _reset(tcb)
        else:
            acks.challenge(tcb)
        return Drop.TCP_STATE
    if flags & SYN:
        if tcb.state == TcpState.SYN_RECV and flags & ACK and seq + 1 == tcb.rcv_nxt:
            return None
        acks.challenge(tcb)
        tcb.tcp.count("TcpExtTCPSYNChallenge")
        return Drop.TCP_STATE
    return None


def acceptable(tcb: Tcb, seq: int, length: int) -> bool:
    """The table of RFC 9293 3.10.7.4, with Linux's indulgence for what was received already."""
    end = seq + length
    return end >= tcb.rcv_wup and seq <= tcb.rcv_nxt + tcb.receive_window


def _at_sacked_end(tcb: Tcb, seq: int) -> bool:
    """A reset behind what came early is as good as one at RCV.NXT."""
    blocks = tcb.ooo.blocks
    return tcb.sack_ok and bool(blocks) and seq == max(end for _, end in blocks)


def _too_old(tcb: Tcb, segment: TCP, seq: int) -> bool:
    """PAWS: a timestamp from before the newest one."""
    options = segment.options
    if not tcb.ts_ok or not options or options.timestamps is None:
        return False
    behind = (tcb.ts_recent - options.timestamps[0]) & 0xFFFF_FFFF
    if not 0 < behind < 1 << 31:
        return False
    if tcb.world.now - tcb.ts_recent_at >= PAWS_IDLE:
        return False
    # A pure acknowledgement that was overtaken is harmless.
    harmless = (
        segment.flags & ACK
        and seq == tcb.rcv_nxt
        and not segment.span
        and unwrap(segment.ack, tcb.snd_una) == tcb.snd_una
        and segment.window << tcb.snd_wscale == tcb.snd_wnd
        and behind <= tcb.rtt.rto // 1_000_000
    )
    return not harmless


def remember_timestamp(tcb: Tcb, segment: TCP, seq: int) -> None:
    """TS.Recent: the timestamp of what the next acknowledgement is for (RFC 7323 4.3)."""
    options = segment.options
    if not tcb.ts_ok or not options or options.timestamps is None or seq > tcb.rcv_wup:
        return
    value, echo = options.timestamps
    if (value - tcb.ts_recent) & 0xFFFF_FFFF < 1 << 31:
        tcb.ts_recent, tcb.ts_recent_at = value, tcb.world.now
    if segment.payload and echo and len(segment.payload) >= tcb.rcv_mss:
        window.measure_echo(tcb, echo)


def _answer_outside(tcb: Tcb, segment: TCP, seq: int) -> None:
    """An unacceptable segment is answered by what would be acceptable; data that came twice is
    reported as such (RFC 2883)."""
    if segment.span and seq < tcb.rcv_nxt:
        tcb.tcp.count("TcpExtDelayedACKLost")
        receive.enter_quick(tcb)
        receive.report_twice(tcb, seq, seq + segment.span)
    if segment.payload:
        output.send_ack(tcb)
    else:
        acks.answer_rarely(tcb)


def _reset(tcb: Tcb) -> None:
    """The other side does not know this connection, or does not want it any more."""
    tcp = tcb.tcp
    if tcb.state == TcpState.SYN_RECV:
        error = Errno.ECONNREFUSED
    elif tcb.state == TcpState.CLOSE_WAIT:
        error = Errno.EPIPE
    else:
        error = Errno.ECONNRESET
    tcp.fail(tcb, error)


def _closing_acked(tcb: Tcb, fin: bool) -> bool:
    """Whether our FIN is acknowledged, and what follows from it; True when all is over.

    ``fin`` says that theirs comes in the same segment.
    """
    if not tcb.fin_queued or tcb.snd_una < tcb.write_seq:
        return False
    if tcb.state == TcpState.FIN_WAIT1:
        tcb.state = TcpState.FIN_WAIT2
        tcb.tcp.moved(tcb, TcpState.FIN_WAIT1)
        if tcb.orphan and fin:
            timers.await_fin(tcb)
        elif tcb.orphan:
            tcb.tcp.linger(tcb)
            return True
        tcb.notify()
    elif tcb.state == TcpState.CLOSING:
        tcb.tcp.time_wait(tcb)
        return True
    elif tcb.state == TcpState.LAST_ACK:
        tcb.tcp.done(tcb)
        return True
    return False
