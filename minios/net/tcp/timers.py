"""Waiting: retransmission (RFC 6298), zero-window probes (RFC 9293 3.8.6.1), delayed
acknowledgements (RFC 1122 4.2.3.2), keepalive (4.2.3.6) and FIN-WAIT-2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.errno import Errno
from minios.net.tcp import output, rack, recovery
from minios.net.tcp.rtt import RTO_FALLBACK, RTO_INITIAL, RTO_MAX, RTO_MIN
from minios.net.tcp.state import TcpState
from minios.net.tcp.tcb import ATO_MIN, Pending
from minios.net.wire.tcp import ACK
from minios.sim.world import MILLISECOND, SECOND

if TYPE_CHECKING:
    from minios.net.tcp.tcb import Tcb

DELACK_MAX = 200 * MILLISECOND

# -- the retransmission alarm ------------------------------------------------------------------


def arm(tcb: Tcb, what: Pending, after: int) -> None:
    """Set the alarm, for one thing at a time."""
    tcb.pending = what
    tcb.alarm.set(tcb.world.now + min(after, RTO_MAX))


def rearm(tcb: Tcb) -> None:
    """New data was acknowledged, or sent: wait for the rest anew (RFC 6298 5.1 to 5.3)."""
    if tcb.sendq.segments:
        after = rack.probe_after(tcb)
        if after is not None:
            arm(tcb, Pending.TAIL, after)
        else:
            arm(tcb, Pending.RTO, tcb.rtt.rto)
    else:
        tcb.pending = Pending.NONE
        tcb.alarm.clear()


def check_probe(tcb: Tcb) -> None:
    """There is something to send, nothing under way, and the window does not take it."""
    if not tcb.sendq.segments and tcb.pending == Pending.NONE:
        tcb.probe_backoff = 0
        arm(tcb, Pending.PROBE, probe_interval(tcb))


def probe_interval(tcb: Tcb) -> int:
    return min(max(tcb.rtt.rto, RTO_MIN) << min(tcb.probe_backoff, 16), RTO_MAX)


def rung(tcb: Tcb) -> None:
    """The alarm went off."""
    what, tcb.pending = tcb.pending, Pending.NONE
    if what == Pending.RTO:
        retransmission(tcb)
    elif what == Pending.PROBE:
        probe(tcb)
    elif what == Pending.TAIL:
        rack.probe_tail(tcb)
    elif what == Pending.REORDER:
        rack.reordered_enough(tcb)


def span(retries: int, base: int) -> int:
    """How long ``retries`` doublings of ``base`` take, none beyond the longest timeout."""
    total, step = 0, base
    for _ in range(retries + 1):
        total += step
        step = min(step << 1, RTO_MAX)
    return total


def orphan_retries(tcb: Tcb) -> int:
    return tcb.tcp.setting("tcp_orphan_retries") or 8


def given_up(tcb: Tcb) -> bool:
    """Whether it has been tried for long enough (tcp_syn_retries, tcp_retries2, TCP_USER_TIMEOUT).

    By time, as Linux does: as long as that many doublings of the least timeout take.
    """
    if tcb.state in (TcpState.SYN_SENT, TcpState.SYN_RECV):
        most = tcb.syncnt or tcb.tcp.setting("tcp_syn_retries")
        if tcb.user_timeout and tcb.retrans_at:
            return tcb.world.now - tcb.retrans_at >= tcb.user_timeout * MILLISECOND
        return tcb.retransmits >= most
    if not tcb.retransmits or tcb.stuck_at is None:
        return False
    tries = orphan_retries(tcb) if tcb.orphan else tcb.tcp.setting("tcp_retries2")
    limit = span(tries, RTO_MIN)
    if tcb.user_timeout and not tcb.orphan:
        limit = tcb.user_timeout * MILLISECOND
    return tcb.world.now - tcb.stuck_at >= limit


def retransmission(tcb: Tcb) -> None:
    """The retransmission timeout (RFC 6298 5.4 to 5.7)."""
    queue = tcb.sendq
    if not queue.segments:
        return
    tcp = tcb.tcp
    if given_up(tcb):
        tcp.count("TcpExtTCPTimeouts")
        if tcb.state in (TcpState.SYN_SENT, TcpState.SYN_RECV):
            tcp.count("TcpAttemptFails")
        else:
            tcp.count("TcpExtTCPAbortOnTimeout")
        failed(tcb)
        return
    if tcb.state not in (TcpState.SYN_SENT, TcpState.SYN_RECV):
        recovery.enter_loss(tcb)
    tcp.count("TcpExtTCPTimeouts")
    tcb.tail_probe = None
    output.retransmit(tcb, queue.segments[0])
    if not tcb.retransmits:
        tcb.stuck_at = tcb.world.now
    tcb.retransmits += 1
    tcb.rtt.back_off()
    arm(tcb, Pending.RTO, tcb.rtt.rto)
    if tcb.retransmits == tcp.setting("tcp_retries1"):
        tcp.doubt_route(tcb)


def failed(tcb: Tcb) -> None:
    """Nobody answered: ETIMEDOUT, or what ICMP said of it."""
    tcb.tcp.fail(tcb, Errno(tcb.soft_error) if tcb.soft_error else Errno.ETIMEDOUT)


def probe(tcb: Tcb) -> None:
    """The window is closed: ask again, ever more seldom, for as long as somebody answers."""
    if tcb.sendq.segments or tcb.snd_nxt >= tcb.write_seq:
        tcb.probes_out = tcb.probe_backoff = 0
        return
    tcp = tcb.tcp
    now = tcb.world.now
    if not tcb.probes_out:
        tcb.probes_since = now
    most = tcp.setting("tcp_retries2")
    if tcb.orphan:
        most = orphan_retries(tcb)
        if tcp.too_many_orphans():
            tcp.count("TcpExtTCPAbortOnMemory")
            tcp.abort(tcb)
            return
    waited = tcb.user_timeout and now - tcb.probes_since >= tcb.user_timeout * MILLISECOND
    if tcb.probes_out >= most or (waited and tcb.probes_out):
        tcp.count("TcpExtTCPAbortOnTimeout")
        failed(tcb)
        return
    closed = tcb.snd_nxt >= tcb.snd_una + tcb.snd_wnd
    if not closed and output.push(tcb, flush=True) is False and tcb.sendq.segments:
        return  # it was TCP_CORK or Nagle that held it back
    if closed:
        tcp.count("TcpExtTCPWinProbe")
    if not output.probe(tcb):
        tcb.probes_out += 1
        tcb.probe_backoff += 1
        arm(tcb, Pending.PROBE, probe_interval(tcb))


# -- acknowledgements --------------------------------------------------------------------------


def delay_ack(tcb: Tcb) -> None:
    """Acknowledge before long, perhaps on data that goes the other way."""
    ato = tcb.ato
    if ato > ATO_MIN:
        longest = DELACK_MAX if tcb.pingpong else 500 * MILLISECOND
        if tcb.rtt.srtt8:
            longest = min(longest, max(tcb.srtt, ATO_MIN))
        ato = min(ato, longest)
    deadline = tcb.world.now + max(ato, ATO_MIN)
    tcb.ack_due = True
    if tcb.delack.deadline is None or deadline < tcb.delack.deadline:
        tcb.delack.set(deadline)


def delayed(tcb: Tcb) -> None:
    """The acknowledgement has waited long enough."""
    if not tcb.ack_due or tcb.state == TcpState.CLOSED:
        return
    if tcb.pingpong:
        tcb.pingpong = False
        tcb.ato = ATO_MIN
    else:
        tcb.ato = min(tcb.ato << 1, tcb.rtt.rto)
    tcb.tcp.count("TcpExtDelayedACKs")
    output.send_ack(tcb)


# -- keepalive and FIN-WAIT-2 ------------------------------------------------------------------


def keep_time(tcb: Tcb) -> int:
    return (tcb.keepidle or tcb.tcp.setting("tcp_keepalive_time")) * SECOND


def keep_alive(tcb: Tcb) -> None:
    """SO_KEEPALIVE was switched, or the connection is open now."""
    if tcb.state in (TcpState.CLOSED, TcpState.LISTEN, TcpState.SYN_SENT) or tcb.orphan:
        return
    if tcb.keep_on:
        tcb.keep.set(tcb.world.now + keep_time(tcb))
    else:
        tcb.keep.clear()


def kept(tcb: Tcb) -> None:
    """The keepalive alarm: nothing came for long; or, of an orphan in FIN-WAIT-2, its end."""
    tcp = tcb.tcp
    if tcb.orphan:
        if tcb.state == TcpState.FIN_WAIT2:
            tcp.abort(tcb)
        return
    if not tcb.keep_on or tcb.state in (TcpState.CLOSED, TcpState.SYN_SENT):
        return
    now = tcb.world.now
    if tcb.sendq.segments or tcb.snd_nxt < tcb.write_seq:
        tcb.keep.set(now + keep_time(tcb))
        return
    quiet = now - max(tcb.packet_at, tcb.acked_at)
    wait = keep_time(tcb)
    if quiet < wait:
        tcb.keep.set(now + wait - quiet)
        return
    most = tcb.keepcnt or tcp.setting("tcp_keepalive_probes")
    over = (tcb.user_timeout and tcb.keep_probes and quiet >= tcb.user_timeout * MILLISECOND) or (
        not tcb.user_timeout and tcb.keep_probes >= most
    )
    if over:
        tcp.count("TcpExtTCPAbortOnTimeout")
        output.send_reset(tcb)
        failed(tcb)
        return
    tcp.count("TcpExtTCPKeepAlive")
    output.emit(tcb, tcb.snd_una - 1, ACK)
    tcb.keep_probes += 1
    tcb.keep.set(now + (tcb.keepintvl or tcp.setting("tcp_keepalive_intvl")) * SECOND)


def await_fin(tcb: Tcb) -> None:
    """An orphan in FIN-WAIT-2: the FIN is here, though perhaps not yet in order."""
    tcb.keep.set(tcb.world.now + (tcb.linger2 or tcb.tcp.setting("tcp_fin_timeout")) * SECOND)


def first_rto(tcb: Tcb) -> None:
    """The handshake is over; if its SYN was repeated and unmeasured, wait longer (RFC 6298 5.7)."""
    if not tcb.rtt.srtt8:
        tcb.rtt.rto = RTO_FALLBACK if tcb.retrans_total else RTO_INITIAL
    tcb.rtt.backoff = 0
