"""What TCP_INFO says of a connection (tcp(7), struct tcp_info)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minios.net.tcp import output
from minios.sim.world import MILLISECOND

if TYPE_CHECKING:
    from minios.net.tcp.tcb import Tcb

MICRO = 1000


class TcpInfo(NamedTuple):
    """Times are µs, those of ``last_…`` ms; sizes bytes; windows and counts segments unless a name
    says bytes. The names are those of the C structure without ``tcpi_``."""

    state: int
    ca_state: int
    retransmits: int
    probes: int
    backoff: int
    timestamps: bool
    sack: bool
    wscale: bool
    snd_wscale: int
    rcv_wscale: int
    rto: int
    ato: int
    snd_mss: int
    rcv_mss: int
    unacked: int
    sacked: int
    lost: int
    retrans: int
    last_data_sent: int
    last_data_recv: int
    last_ack_recv: int
    pmtu: int
    rcv_ssthresh: int
    rtt: int
    rttvar: int
    snd_ssthresh: int
    snd_cwnd: int
    advmss: int
    reordering: int
    rcv_rtt: int
    rcv_space: int
    total_retrans: int
    bytes_acked: int
    bytes_received: int
    segs_out: int
    segs_in: int
    notsent_bytes: int
    min_rtt: int
    data_segs_in: int
    data_segs_out: int
    delivered: int
    bytes_sent: int
    bytes_retrans: int
    dsack_dups: int
    reord_seen: int
    rcv_ooopack: int
    snd_wnd: int
    rcv_wnd: int
    congestion: str


def info(tcb: Tcb) -> TcpInfo:
    """A look at a connection; it changes nothing."""
    now = tcb.world.now
    queue = tcb.sendq
    return TcpInfo(
        int(tcb.state), int(tcb.phase), tcb.retransmits, tcb.probes_out or tcb.keep_probes,
        tcb.rtt.backoff, tcb.ts_ok, tcb.sack_ok, tcb.wscale_ok, tcb.snd_wscale, tcb.rcv_wscale,
        tcb.rtt.rto // MICRO, tcb.ato // MICRO, output.current_mss(tcb), tcb.rcv_mss,
        len(queue.segments), queue.sacked + queue.reno, queue.lost, queue.again,
        (now - tcb.sent_at) // MILLISECOND, (now - tcb.received_at) // MILLISECOND,
        (now - tcb.acked_at) // MILLISECOND, tcb.pmtu, tcb.rcv_ssthresh, tcb.srtt // MICRO,
        tcb.rtt.rttvar // MICRO, tcb.ssthresh, tcb.cwnd, tcb.adv_mss, tcb.reordering,
        tcb.rcv_rtt // MICRO, tcb.space_copied or min(tcb.rcv_wnd, 10 * tcb.adv_mss),
        tcb.retrans_total, tcb.bytes_acked, tcb.bytes_received, tcb.segs_out, tcb.segs_in,
        max(tcb.write_seq - tcb.snd_nxt, 0), tcb.rtt.minimum // MICRO, tcb.data_in, tcb.data_out,
        tcb.delivered, tcb.bytes_sent, tcb.bytes_retrans, tcb.dsack_dups, tcb.reord_seen,
        len(tcb.ooo), tcb.snd_wnd, tcb.receive_window, tcb.cc.name,
    )  # fmt: skip
