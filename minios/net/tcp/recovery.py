"""Finding out what was lost, and slowing down for it.

With SACK: by time (RFC 8985, net/tcp/rack.py) or by counting (RFC 6675). Without: NewReno
(RFC 6582), where each duplicate acknowledgement stands for a segment that arrived. How much goes
out meanwhile is proportional rate reduction (RFC 6937). A reduction that turns out to be a mistake
is taken back (RFC 3522 by timestamps, RFC 3708 by duplicate SACKs).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minios.net.tcp import rack
from minios.net.tcp.tcb import Phase
from minios.sim.world import MILLISECOND

if TYPE_CHECKING:
    from minios.net.tcp.tcb import Tcb


# -- what the other side has -------------------------------------------------------------------


class Report(NamedTuple):
    """What SACK blocks said: how many segments are newly reported, when (ns) the newest of them was
    sent that was sent once (``once``) and of the others (``again``; -1: none), and whether
    something arrived twice."""

    new: int = 0
    once: int = -1
    again: int = -1
    twice: bool = False


def take_blocks(
    tcb: Tcb, blocks: tuple[tuple[int, int], ...], ack: int, echo: int | None
) -> Report:
    """Mark the segments that SACK blocks report. Impossible blocks are ignored (RFC 2018 8)."""
    queue = tcb.sendq
    new, once, again = 0, -1, -1
    low, high = blocks[0]
    twice = high <= ack or _inside(low, high, blocks[1:])
    if twice:
        _duplicate(tcb, low, high)
        rack.duplicate_seen(tcb)
    for low, high in blocks:
        if not (tcb.snd_una <= low < high <= tcb.snd_nxt):
            continue
        highest = max((s.end for s in queue.segments if s.sacked), default=0)
        position = 0
        for at, sent in enumerate(queue.segments):
            if sent.seq >= high:
                break
            if sent.seq < low or sent.end > high or sent.sacked:
                continue
            if sent.end < highest and sent.times == 1 and not sent.lost:
                position = max(position, _distance(tcb, at, highest))
            rack.arrived(tcb, sent, echo)
            if sent.times == 1:
                once = max(once, sent.sent_at)
            else:
                again = max(again, sent.sent_at)
            queue.mark_sacked(sent)
            tcb.delivered += 1
            new += 1
        if position > tcb.reordering:
            tcb.reordering = min(position, tcb.tcp.setting("tcp_max_reordering"))
            tcb.reord_seen += 1
            tcb.tcp.count("TcpExtTCPSACKReorder")
    return Report(new, once, again, twice)


def _inside(low: int, high: int, blocks: tuple[tuple[int, int], ...]) -> bool:
    return any(b[0] <= low and high <= b[1] for b in blocks[:1])


def _distance(tcb: Tcb, at: int, highest: int) -> int:
    """How many segments before the highest one that arrived this one was sent."""
    segments = tcb.sendq.segments
    count = 0
    for i in range(at, len(segments)):
        if segments[i].seq >= highest:
            break
        count += 1
    return count


def _duplicate(tcb: Tcb, low: int, high: int) -> None:
    """The other side got something twice (RFC 2883)."""
    tcb.dsack_dups += 1
    tcb.tcp.count("TcpExtTCPDSACKRecv")
    if tcb.undo_from is not None and low >= tcb.undo_from and tcb.undo_left > 0:
        tcb.undo_left -= 1


# -- what is lost ------------------------------------------------------------------------------


def mark_losses(tcb: Tcb) -> None:
    """With RACK by time; else by RFC 6675's IsLost: DupThresh segments behind it have arrived."""
    queue = tcb.sendq
    if not tcb.sack_ok:
        if queue.reno >= tcb.reordering and queue.segments:
            queue_head_lost(tcb)
        return
    if rack.enabled(tcb):
        rack.detect(tcb)
        return
    above = 0
    for sent in reversed(queue.segments):
        if sent.sacked:
            above += 1
        elif above >= tcb.reordering and not sent.lost and not sent.again:
            queue.mark_lost(sent)


def queue_head_lost(tcb: Tcb) -> None:
    """The first segment that did not arrive is lost."""
    for sent in tcb.sendq.segments:
        if not sent.sacked:
            if not sent.lost:
                tcb.sendq.mark_lost(sent)
            return


# -- the phases --------------------------------------------------------------------------------


def on_ack(
    tcb: Tcb, *, advanced: bool, gone: int, sacked: int, duplicate: bool, echo: int | None
) -> None:
    """An acknowledgement came: ``gone`` segments left the queue, ``sacked`` were newly reported.

    ``duplicate`` as RFC 5681 section 2 defines it; ``echo`` is the timestamp it echoes.
    """
    queue = tcb.sendq
    before = tcb.phase
    if advanced and before != Phase.OPEN and _finish(tcb, echo):
        before = tcb.phase
    if not tcb.sack_ok:
        _count_duplicates(tcb, advanced, gone, duplicate)
    delivered = gone + sacked
    if before == Phase.LOSS:
        if advanced:
            if echo is not None and _echo_is_early(tcb, echo):
                undo(tcb, "TcpExtTCPLossUndo")
                return
            if not tcb.sack_ok:
                queue_head_lost(tcb)
        mark_losses(tcb)
        return
    if before == Phase.RECOVERY:
        if advanced and not tcb.sack_ok:
            queue_head_lost(tcb)
        if advanced and echo is not None and _echo_is_early(tcb, echo) and not queue.sacked:
            undo(tcb, "TcpExtTCPPartialUndo")
            return
    else:
        mark_losses(tcb)
        if not (queue.sacked or queue.reno or queue.lost):
            tcb.phase = Phase.OPEN
            return
        if queue.sacked + queue.reno < tcb.reordering and not queue.lost:
            tcb.phase = Phase.DISORDER
            return
        _enter_recovery(tcb)
        delivered = max(delivered, 1)
    mark_losses(tcb)
    _reduce(tcb, delivered)


def lost_found(tcb: Tcb) -> None:
    """Without an acknowledgement: the time for reordering is over."""
    if tcb.phase in (Phase.OPEN, Phase.DISORDER):
        _enter_recovery(tcb)
        _reduce(tcb, 1)


def _count_duplicates(tcb: Tcb, advanced: bool, gone: int, duplicate: bool) -> None:
    """Without SACK, a duplicate acknowledgement says that one segment more arrived, and one for
    new data that so many less are kept there."""
    queue = tcb.sendq
    if advanced:
        if tcb.phase in (Phase.RECOVERY, Phase.LOSS):
            queue.reno = max(queue.reno - max(gone - 1, 0), 0)
        else:
            queue.reno = 0
    elif duplicate:
        queue.reno += 1
    queue.reno = min(queue.reno, max(len(queue.segments) - queue.lost, 0))


def _enter_recovery(tcb: Tcb) -> None:
    """Fast retransmit: the first loss of this window (RFC 5681 3.2)."""
    tcb.tcp.count("TcpExtTCPSackRecovery" if tcb.sack_ok else "TcpExtTCPRenoRecovery")
    _remember(tcb)
    tcb.ssthresh = tcb.cc.reduced(tcb)
    tcb.phase = Phase.RECOVERY
    tcb.high_seq = tcb.snd_nxt
    tcb.prr_from = max(tcb.cwnd, 1)
    tcb.prr_delivered = tcb.prr_out = 0
    queue_head_lost(tcb)


def _reduce(tcb: Tcb, delivered: int) -> None:
    """RFC 6937: send in proportion to what arrives, until the threshold is reached."""
    flight = tcb.sendq.in_flight
    tcb.prr_delivered += delivered
    if flight > tcb.ssthresh:
        send = -(-tcb.prr_delivered * tcb.ssthresh // tcb.prr_from) - tcb.prr_out
    else:
        limit = max(tcb.prr_delivered - tcb.prr_out, delivered) + 1
        send = min(tcb.ssthresh - flight, limit)
    if not tcb.prr_out:
        send = max(send, 1)
    tcb.cwnd = max(flight + max(send, 0), 1)


def enter_loss(tcb: Tcb) -> None:
    """The timer ran out: take all that was not reported for lost, and start slowly (RFC 5681 3.1).

    ssthresh is reduced once for a window, not for each time the same segment is lost.
    """
    queue = tcb.sendq
    fresh = tcb.phase in (Phase.OPEN, Phase.DISORDER) or tcb.high_seq <= tcb.snd_una
    if fresh or (tcb.phase == Phase.LOSS and not tcb.retransmits):
        _remember(tcb)
        tcb.ssthresh = tcb.cc.reduced(tcb)
    tcb.cc.timed_out(tcb)
    queue.reno = 0
    for sent in queue.segments:
        if not sent.sacked:
            queue.mark_lost(sent)
    if tcb.sack_ok and queue.segments and queue.segments[0].sacked:
        # It reports what it does not acknowledge: it has thrown it away (RFC 2018 section 8).
        tcb.tcp.count("TcpExtTCPSACKReneging")
        for sent in queue.segments:
            if sent.sacked:
                sent.sacked = False
                queue.sacked -= 1
                queue.mark_lost(sent)
    tcb.cwnd = queue.in_flight + 1
    tcb.phase = Phase.LOSS
    tcb.high_seq = tcb.snd_nxt


def _finish(tcb: Tcb, echo: int | None) -> bool:
    """Whether everything that was out when it began has been acknowledged."""
    if tcb.snd_una < tcb.high_seq:
        return False
    queue = tcb.sendq
    if tcb.undo_from is not None and _mistaken(tcb, echo) and tcb.phase != Phase.DISORDER:
        undo(tcb, "TcpExtTCPFullUndo")
        return True
    if tcb.phase == Phase.RECOVERY:
        if not tcb.sack_ok and tcb.snd_una == tcb.high_seq and queue.segments:
            return False  # RFC 6582 section 3.2 step 5: duplicates of before may still come
        tcb.cwnd = max(tcb.ssthresh, 1)
    tcb.phase = Phase.OPEN
    tcb.undo_from = None
    tcb.retrans_at = 0
    queue.reno = 0
    return True


# -- mistakes ----------------------------------------------------------------------------------


def _remember(tcb: Tcb) -> None:
    """How fast it was, in case nothing was lost."""
    if tcb.phase in (Phase.OPEN, Phase.DISORDER):
        tcb.prior_cwnd, tcb.prior_ssthresh = tcb.cwnd, tcb.ssthresh
    tcb.undo_from = tcb.snd_una
    tcb.undo_left = sum(sent.again for sent in tcb.sendq.segments)
    tcb.retrans_at = 0


def _echo_is_early(tcb: Tcb, echo: int) -> bool:
    """Whether what is acknowledged was sent before anything was sent again (RFC 3522)."""
    if not tcb.ts_ok or not tcb.retrans_at or not echo or tcb.undo_from is None:
        return False
    again = (tcb.retrans_at // MILLISECOND + tcb.ts_offset) & 0xFFFF_FFFF
    return 0 < ((again - echo) & 0xFFFF_FFFF) < 1 << 31


def _mistaken(tcb: Tcb, echo: int | None) -> bool:
    if tcb.retrans_at and tcb.undo_left == 0:
        return True
    return echo is not None and _echo_is_early(tcb, echo)


def undo(tcb: Tcb, counter: str) -> None:
    """Nothing was lost, it was only late: go on as before."""
    tcb.tcp.count(counter)
    queue = tcb.sendq
    for sent in queue.segments:
        queue.unmark_lost(sent)
    tcb.cwnd = max(tcb.cwnd, tcb.prior_cwnd)
    tcb.ssthresh = max(tcb.ssthresh, tcb.prior_ssthresh)
    tcb.phase = Phase.OPEN
    tcb.undo_from = None
    tcb.retrans_at = 0
    tcb.retransmits = 0
    queue.reno = 0


def simple_retransmit(tcb: Tcb) -> None:
    """Segments were too large for the path: send them again, without slowing down."""
    if tcb.phase != Phase.LOSS:
        tcb.high_seq = tcb.snd_nxt
        tcb.ssthresh = tcb.cwnd
        tcb.prior_ssthresh = 0
        tcb.undo_from = None
        tcb.phase = Phase.LOSS
