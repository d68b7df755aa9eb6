"""An acknowledgement comes in (RFC 9293 3.10.7.4, fifth; RFC 5681; RFC 7323; RFC 5961 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.net.tcp import output, rack, recovery, timers, window
from minios.net.tcp.sendqueue import SYN as SENT_SYN
from minios.net.tcp.sequence import unwrap
from minios.net.tcp.tcb import Pending, Phase
from minios.sim.world import MILLISECOND

if TYPE_CHECKING:
    from minios.net.tcp.tcb import Tcb
    from minios.net.wire.tcp import TCP


def take(tcb: Tcb, segment: TCP, seq: int, ack: int) -> bool:
    """Process the acknowledgement ``ack`` of a segment that was found acceptable.

    False says that it acknowledges what was never sent, or is too old to be true.
    """
    una = tcb.snd_una
    queue = tcb.sendq
    if ack > tcb.snd_nxt or ack < una - tcb.max_window:
        return False
    options = segment.options
    echo = options.timestamps[1] if options and options.timestamps and tcb.ts_ok else None
    blocks: tuple[tuple[int, int], ...] = ()
    if options and options.sack and tcb.sack_ok:
        blocks = tuple((unwrap(low, una), unwrap(high, una)) for low, high in options.sack)
    if ack < una:
        if blocks and queue.segments:
            report = recovery.take_blocks(tcb, blocks, ack, echo)
            recovery.on_ack(
                tcb, advanced=False, gone=0, sacked=report.new, duplicate=False, echo=None
            )  # fmt: skip
            output.retransmit_lost(tcb)
        return True
    now = tcb.world.now
    advanced = ack > una
    opened = _update_window(tcb, segment, seq, ack)
    tcb.acked_at = now
    tcb.soft_error = 0
    tcb.keep_probes = 0
    if not queue.segments:
        tcb.probes_out = 0
        _window_opened(tcb)
        return True
    tcb.probes_out = 0
    report = recovery.take_blocks(tcb, blocks, ack, echo) if blocks else recovery.Report()
    gone = _release(tcb, ack, echo, report) if advanced else 0
    if advanced:
        tcb.retransmits = 0
        tcb.stuck_at = None
        if queue.segments:
            timers.arm(tcb, Pending.RTO, tcb.rtt.rto)
        else:
            timers.rearm(tcb)
            if tcb.phase == Phase.OPEN:
                tcb.retrans_at = 0
    rack.tail_answered(tcb, ack, report.twice)
    carried = bool(segment.payload) or bool(segment.flags & 3)
    duplicate = not advanced and not carried and (bool(blocks) or not opened)
    phase = tcb.phase
    if phase != Phase.OPEN or not advanced or queue.sacked or queue.reno or queue.lost:
        recovery.on_ack(
            tcb, advanced=advanced, gone=gone, sacked=report.new, duplicate=duplicate, echo=echo
        )
    if gone and Phase.RECOVERY not in (phase, tcb.phase):
        if tcb.cwnd_limited or tcb.phase == Phase.LOSS:
            tcb.cc.acked(tcb, gone)
            tcb.cwnd = min(tcb.cwnd, 1 << 20)
        window.grow_send_buffer(tcb)
    output.retransmit_lost(tcb)
    if advanced and tcb.phase == Phase.OPEN and tcb.pending == Pending.RTO:
        timers.rearm(tcb)
    if not queue.segments:
        _window_opened(tcb)
    return True


def _update_window(tcb: Tcb, segment: TCP, seq: int, ack: int) -> bool:
    """SND.WND, SND.WL1 and SND.WL2; whether the window is another one."""
    size = segment.window << tcb.snd_wscale
    if (
        ack > tcb.snd_una
        or seq > tcb.snd_wl1
        or (seq == tcb.snd_wl1 and (size > tcb.snd_wnd or not size))
    ):
        changed = size != tcb.snd_wnd
        tcb.snd_wl1 = seq
        tcb.snd_wnd = size
        if size > tcb.max_window:
            tcb.max_window = size
        return changed
    return False


def _window_opened(tcb: Tcb) -> None:
    """Nothing is under way: whether the probes for a closed window are over."""
    if tcb.pending == Pending.PROBE and (
        tcb.snd_nxt >= tcb.write_seq or tcb.snd_nxt < tcb.snd_una + tcb.snd_wnd
    ):
        tcb.pending = Pending.NONE
        tcb.alarm.clear()


def _release(tcb: Tcb, ack: int, echo: int | None, report: recovery.Report) -> int:
    """Let go of what is acknowledged; how many segments that was. Measures the round trip."""
    queue = tcb.sendq
    now = tcb.world.now
    gone = 0
    once, again = report.once, report.again
    while queue.segments:
        sent = queue.segments[0]
        if sent.end > ack:
            if sent.seq < ack:
                sent.seq = ack
                sent.flag &= ~SENT_SYN
            break
        queue.segments.popleft()
        queue.uncount(sent)
        gone += 1
        if not sent.sacked:
            tcb.delivered += 1
            rack.arrived(tcb, sent, echo)
            if sent.times == 1:
                once = max(once, sent.sent_at)
            else:
                again = max(again, sent.sent_at)
    tcb.bytes_acked += ack - tcb.snd_una
    tcb.snd_una = ack
    queue.release(min(ack, queue.end))
    if once > again:
        # What was sent last is what this answers, and it was sent once (Karn's rule).
        tcb.rtt.sample(now - once)
    elif again >= 0 and report.twice:
        # What arrived twice is answered at once; the echo is of the one that came first.
        tcb.rtt.sample(now - again)
    elif again >= 0 and echo:
        # Of what was sent again only a timestamp says which one is acknowledged (RFC 7323 4).
        took = (tcb.ts_now() - echo) & 0xFFFF_FFFF
        if took < 1 << 31:
            tcb.rtt.sample(max(took, 1) * MILLISECOND)
    return gone


def answer_rarely(tcb: Tcb) -> bool:
    """An acknowledgement for what was not asked for, at most one in net.ipv4.tcp_invalid_ratelimit
    ms: two ends that disagree must not answer each other for ever. Whether it was sent."""
    now = tcb.world.now
    last = tcb.oow_at
    pause = tcb.tcp.setting("tcp_invalid_ratelimit") * MILLISECOND
    if last is not None and now - last < pause:
        return False
    tcb.oow_at = now
    output.send_ack(tcb)
    return True


def challenge(tcb: Tcb) -> None:
    """An acknowledgement that makes an honest peer show itself (RFC 5961)."""
    if answer_rarely(tcb):
        tcb.tcp.count("TcpExtTCPChallengeACK")
