"""RACK-TLP (RFC 8985): losses found by time instead of by counting, and a probe for a lost tail.

What was sent well before something that arrived is lost. "Well" is the reordering window, a part
of the least round trip. If nothing arrives at all a probe goes out after two round trips, so that
there is something to be reported before the retransmission timeout. net.ipv4.tcp_recovery and
net.ipv4.tcp_early_retrans switch the two off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.net.tcp import output, recovery, timers
from minios.net.tcp.rtt import RTO_MIN
from minios.net.tcp.tcb import Pending, Phase
from minios.sim.world import MILLISECOND

if TYPE_CHECKING:
    from minios.net.tcp.sendqueue import Sent
    from minios.net.tcp.tcb import Tcb

STEPS_MAX = 255


def enabled(tcb: Tcb) -> bool:
    return tcb.sack_ok and bool(tcb.tcp.setting("tcp_recovery") & 1)


def arrived(tcb: Tcb, sent: Sent, echo: int | None) -> None:
    """A segment has arrived: remember the one that was sent last (section 6.2 steps 1 and 2)."""
    took = tcb.world.now - sent.sent_at
    if sent.times > 1:
        if echo and tcb.ts_ok:
            stamp = (sent.sent_at // MILLISECOND + tcb.ts_offset) & 0xFFFF_FFFF
            if 0 < (stamp - echo) & 0xFFFF_FFFF < 1 << 31:
                return
        elif took < tcb.rtt.minimum:
            return
    if (sent.sent_at, sent.end) > (tcb.rack_time, tcb.rack_end):
        tcb.rack_time, tcb.rack_end, tcb.rack_rtt = sent.sent_at, sent.end, took


def reordering_window(tcb: Tcb) -> int:
    """Step 4."""
    if not tcb.reord_seen and (
        tcb.phase in (Phase.RECOVERY, Phase.LOSS) or tcb.sendq.sacked >= tcb.reordering
    ):
        return 0
    return min((tcb.rtt.minimum >> 2) * tcb.rack_steps, tcb.srtt)


def duplicate_seen(tcb: Tcb) -> None:
    """Something was sent again in vain: be more patient, once in a round trip."""
    if tcb.snd_una >= tcb.rack_widened:
        tcb.rack_steps = min(tcb.rack_steps + 1, STEPS_MAX)
        tcb.rack_widened = tcb.snd_nxt


def detect(tcb: Tcb) -> None:
    """Mark what is lost; come back for what may be soon (step 5)."""
    queue = tcb.sendq
    if not tcb.rack_end:
        return
    now = tcb.world.now
    slack = tcb.rack_rtt + reordering_window(tcb)
    latest = 0
    for sent in queue.segments:
        if sent.sacked or (sent.lost and not sent.again):
            continue
        if (sent.sent_at, sent.end) >= (tcb.rack_time, tcb.rack_end):
            continue
        left = sent.sent_at + slack - now
        if left <= 0:
            if sent.again:
                tcb.tcp.count("TcpExtTCPLostRetransmit")
            queue.mark_lost(sent)
        else:
            latest = max(latest, left)
    if latest and tcb.pending != Pending.REORDER:
        timers.arm(tcb, Pending.REORDER, latest)


def reordered_enough(tcb: Tcb) -> None:
    """The reordering window is over, and what it was waited for has not come."""
    before = tcb.sendq.lost
    detect(tcb)
    if tcb.sendq.lost > before or (tcb.sendq.lost and tcb.phase == Phase.OPEN):
        recovery.lost_found(tcb)
        output.retransmit_lost(tcb)
    if tcb.pending == Pending.NONE:
        timers.rearm(tcb)


# -- the tail ----------------------------------------------------------------------------------


def probe_after(tcb: Tcb) -> int | None:
    """How long to wait for any answer before probing (section 7.2); None: do not probe."""
    queue = tcb.sendq
    if (
        not tcb.sack_ok
        or tcb.phase != Phase.OPEN
        or queue.sacked
        or tcb.tail_probe is not None
        or not tcb.rtt.srtt8
        or not tcb.tcp.setting("tcp_early_retrans")
    ):
        return None
    wait = 2 * tcb.srtt
    # Less than two full segments may be waiting for a delayed acknowledgement.
    few = tcb.snd_nxt - tcb.snd_una < 2 * output.current_mss(tcb)
    wait += RTO_MIN if few else 2 * MILLISECOND
    return wait if wait < tcb.rtt.rto else None


def probe_tail(tcb: Tcb) -> None:
    """Nothing came: send something new, else the last segment again (section 7.3)."""
    queue = tcb.sendq
    if not queue.segments:
        return
    tcb.tcp.count("TcpExtTCPLossProbes")
    before = tcb.snd_nxt
    cwnd, tcb.cwnd = tcb.cwnd, queue.in_flight + 1
    output.push(tcb, flush=True)
    tcb.cwnd = cwnd
    again = tcb.snd_nxt == before
    if again:
        last = queue.segments[-1]
        output.retransmit(tcb, last)
        queue.again -= last.again
        last.again = False
    tcb.tail_probe = (tcb.snd_nxt, again)
    timers.arm(tcb, Pending.RTO, tcb.rtt.rto)


def tail_answered(tcb: Tcb, ack: int, twice: bool) -> None:
    """An acknowledgement reaches the probe: if the probe is what repaired the loss, slow down for
    it (section 7.4)."""
    if tcb.tail_probe is None:
        return
    end, again = tcb.tail_probe
    if not again:
        tcb.tail_probe = None
    elif twice:
        tcb.tail_probe = None  # both came
    elif ack >= end:
        tcb.tail_probe = None
        tcb.tcp.count("TcpExtTCPLossProbeRecovery")
        tcb.ssthresh = tcb.cc.reduced(tcb)
        tcb.cwnd = tcb.ssthresh
