"""The transmission control block: all there is of one connection (RFC 9293 section 3.3.1).

The functions that work on it are in the other files of this package: ``input`` and ``ack`` take
segments in, ``recovery`` finds out what was lost, ``output`` sends, ``timers`` wait. Times are ns
of virtual time unless said otherwise; sequence numbers do not wrap (net/tcp/sequence.py).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from minios.net.tcp.alarm import Alarm
from minios.net.tcp.congestion import ALGORITHMS, Congestion
from minios.net.tcp.reassembly import Reassembly
from minios.net.tcp.rtt import RoundTrip
from minios.net.tcp.sendqueue import SendQueue
from minios.net.tcp.state import TcpState
from minios.sim.world import MILLISECOND

if TYPE_CHECKING:
    from minios.net.tcp.protocol import Tcp
    from minios.net.transport.portspace import Bind

INFINITE_SSTHRESH = 0x7FFF_FFFF
INITIAL_WINDOW = 10
"""Segments that may be sent before anything is acknowledged (RFC 6928)."""
MSS_DEFAULT = 536
"""Of a peer that does not say (RFC 9293 3.7.1)."""
ATO_MIN = 40 * MILLISECOND
"""The shortest and first delay of an acknowledgement."""


class Phase(IntEnum):
    """What congestion control is about, as Linux numbers it.

    DISORDER: something is missing, nothing is lost yet. RECOVERY: fast retransmit has begun. LOSS:
    a retransmission timeout.
    """

    OPEN = 0
    DISORDER = 1
    RECOVERY = 3
    LOSS = 4


class Pending(IntEnum):
    """What the retransmission alarm is set for."""

    NONE = 0
    RTO = 1
    PROBE = 2
    TAIL = 3
    REORDER = 4


OPTIONS = (
    "reuseaddr", "reuseport", "keep_on", "linger", "ttl", "tos", "mtu_discover", "user_mss",
    "keepidle", "keepintvl", "keepcnt", "user_timeout", "syncnt", "linger2", "defer_accept",
    "window_clamp", "rcvlowat", "mark", "device", "uid", "priority",
)  # fmt: skip
"""Socket options: an accepted connection has its listener's."""


def nobody() -> None:
    """Nobody wants to know."""


class Tcb:
    """See the module; what a field is for stands beside it."""

    __slots__ = (
        *OPTIONS, "_cork", "_nodelay",
        # who
        "bind_", "ino", "local_ip", "local_port", "notify", "orphan", "parent", "remote_ip",
        "remote_port", "route", "state", "tcp", "trail", "world",
        # what the application did and is told
        "error", "fin_queued", "fin_received", "shut", "soft_error",
        # sending
        "iss", "max_window", "sendq", "snd_nxt", "snd_sml", "snd_una", "snd_wl1",
        "snd_wnd", "snd_wscale", "sndbuf", "sndbuf_locked",
        # receiving
        "copied", "fin_at", "irs", "ooo", "rcv_nxt", "rcv_ssthresh", "rcv_wnd", "rcv_wscale",
        "rcv_wup", "rcvbuf", "rcvbuf_locked", "recvq", "rcv_rtt", "rcv_rtt_seq", "rcv_rtt_time",
        "space_copied", "space_time", "space_seq",
        # agreed on in the handshake, and sizes
        "adv_mss", "ident", "mss_cache", "mss_clamp", "pmtu", "rcv_mss", "sack_ok",
        "ts_offset", "ts_ok", "ts_recent", "ts_recent_at", "wscale_ok",
        # congestion and recovery
        "cc", "cwnd", "cwnd_limited", "delivered", "high_seq", "phase",
        "prior_cwnd", "prior_ssthresh", "prr_delivered", "prr_from", "prr_out", "rack_end",
        "rack_rtt", "rack_steps", "rack_time", "rack_widened", "tail_probe",
        "reordering", "ssthresh", "undo_from", "undo_left",
        # time
        "alarm", "delack", "keep", "pending", "probes_out", "probes_since", "retransmits",
        "retrans_at", "rtt", "keep_probes", "probe_backoff",
        "stuck_at",
        # acknowledging
        "ack_due", "ato", "dsack", "oow_at", "pingpong", "quick",
        # when what last happened, and counts
        "acked_at", "bytes_acked", "bytes_received", "bytes_retrans", "bytes_sent",
        "data_in", "data_out", "received_at", "retrans_total", "segs_in", "segs_out", "sent_at",
        "opened_at", "packet_at", "dsack_dups", "reord_seen",
    )  # fmt: skip

    def __init__(self, tcp: Tcp) -> None:
        world = tcp.world
        now = world.now
        self.reuseaddr = self.reuseport = self.keep_on = False
        self.linger: int | None = None
        """SO_LINGER in seconds, None if off."""
        self.ttl = self.tos = self.mark = self.uid = self.priority = 0
        self.mtu_discover = 1
        self.user_mss = self.window_clamp = self.defer_accept = 0
        self.rcvlowat = 1
        self.device = ""
        self.keepidle = self.keepintvl = self.keepcnt = self.syncnt = 0
        self.user_timeout = self.linger2 = 0
        """In the units of tcp(7); 0 is what the sysctl says."""
        self._cork = self._nodelay = False
        self.tcp = tcp
        self.world = world
        self.state = TcpState.CLOSED
        self.bind_: Bind | None = None
        self.ino = 0
        self.local_ip = self.local_port = self.remote_ip = self.remote_port = 0
        self.notify: Callable[[], None] = nobody
        self.orphan = False
        self.parent: Any = None
        """The listener that has not handed it to anybody yet."""
        self.route: Any = None
        """The routing decision for the other end, asked anew when it is void."""
        self.trail: Any = None
        """Who follows the segments that it sends (minios.net.trail)."""
        self.error = self.soft_error = 0
        self.shut = 0
        """1: the application reads no more, 2: it writes no more."""
        self.fin_queued = self.fin_received = False

        self.iss = self.snd_una = self.snd_nxt = 0
        self.snd_sml = 0
        """The end of the last segment that was not full (Minshall's Nagle)."""
        self.snd_wl1 = self.snd_wnd = self.max_window = self.snd_wscale = 0
        self.sendq = SendQueue(0)
        self.sndbuf = tcp.setting("tcp_wmem_default")
        self.sndbuf_locked = False

        self.irs = self.rcv_nxt = self.rcv_wup = self.rcv_wnd = self.rcv_wscale = 0
        self.rcv_ssthresh = 0
        self.copied = 0
        """The number of the next byte that the application reads."""
        self.recvq = bytearray()
        self.ooo = Reassembly()
        self.fin_at: int | None = None
        """Where a FIN that came early belongs."""
        self.rcvbuf = tcp.setting("tcp_rmem_default")
        self.rcvbuf_locked = False
        self.rcv_rtt = self.rcv_rtt_seq = self.rcv_rtt_time = 0
        self.space_copied = self.space_time = self.space_seq = 0

        self.adv_mss = self.mss_cache = self.mss_clamp = self.rcv_mss = MSS_DEFAULT
        self.pmtu = 1500
        self.ident = 0
        self.sack_ok = self.ts_ok = self.wscale_ok = False
        self.ts_offset = self.ts_recent = self.ts_recent_at = 0

        self.cc: Congestion = ALGORITHMS[tcp.congestion]()
        self.cwnd = INITIAL_WINDOW
        self.ssthresh = INFINITE_SSTHRESH
        self.cwnd_limited = False
        self.phase = Phase.OPEN
        self.high_seq = 0
        """Recovery is over when this is acknowledged (RFC 6582's recover)."""
        self.reordering = tcp.setting("tcp_reordering")
        self.prior_cwnd = self.prior_ssthresh = 0
        self.prr_delivered = self.prr_out = self.prr_from = 0
        self.undo_from: int | None = None
        self.undo_left = 0
        self.rack_time = 0
        """When the segment was sent that is the newest of those that arrived (RFC 8985)."""
        self.rack_end = self.rack_rtt = self.rack_widened = 0
        self.rack_steps = 1
        self.tail_probe: tuple[int, bool] | None = None
        """Up to where a tail loss probe reaches, and whether it sent something again."""
        self.delivered = 0

        self.rtt = RoundTrip()
        self.alarm = Alarm(world, self._ring)
        self.delack = Alarm(world, self._ring_delack)
        self.keep = Alarm(world, self._ring_keep)
        self.pending = Pending.NONE
        self.retransmits = self.probes_out = self.probes_since = self.retrans_at = 0
        self.probe_backoff = 0
        self.keep_probes = 0
        self.stuck_at: int | None = None
        """Since when nothing has been acknowledged in spite of retransmissions."""

        self.ack_due = False
        self.quick = 0
        """How many segments are acknowledged at once before delays begin."""
        self.ato = 0
        self.pingpong = False
        """The application answers what it gets: acknowledgements travel on the answers."""
        self.dsack: tuple[int, int] | None = None
        self.oow_at: int | None = None
        """When a segment outside of the window was last answered (RFC 5961)."""

        self.acked_at = self.received_at = self.sent_at = self.packet_at = now
        self.opened_at = now
        self.bytes_acked = self.bytes_received = self.bytes_retrans = self.bytes_sent = 0
        self.data_in = self.data_out = self.segs_in = self.segs_out = 0
        self.retrans_total = self.dsack_dups = self.reord_seen = 0

    # -- what follows from it ------------------------------------------------------------------

    @property
    def now(self) -> int:
        return self.world.now

    @property
    def srtt(self) -> int:
        return self.rtt.srtt8 >> 3

    @property
    def write_seq(self) -> int:
        """The number after everything that the application gave us, FIN and all."""
        return self.sendq.end + self.fin_queued

    @property
    def in_flight(self) -> int:
        return self.sendq.in_flight

    @property
    def key(self) -> tuple[int, int, int, int]:
        """Both ends, ours first."""
        return (self.local_ip, self.local_port, self.remote_ip, self.remote_port)

    @property
    def receive_window(self) -> int:
        """What is left of the window that was last told (RCV.WND counted from RCV.NXT)."""
        return max(self.rcv_wup + self.rcv_wnd - self.rcv_nxt, 0)

    def ts_now(self) -> int:
        """Our timestamp clock, in ms (RFC 7323 5.4), from a start that tells nothing of us."""
        return (self.world.now // MILLISECOND + self.ts_offset) & 0xFFFF_FFFF

    def inherit(self, other: Tcb) -> None:
        """Take over all options of ``other``."""
        for name in OPTIONS:
            setattr(self, name, getattr(other, name))
        self._cork, self._nodelay = other._cork, other._nodelay
        self.sndbuf, self.sndbuf_locked = other.sndbuf, other.sndbuf_locked
        self.rcvbuf, self.rcvbuf_locked = other.rcvbuf, other.rcvbuf_locked
        self.cc = type(other.cc)()

    def _ring(self) -> None:
        raise NotImplementedError

    def _ring_delack(self) -> None:
        raise NotImplementedError

    def _ring_keep(self) -> None:
        raise NotImplementedError

    def digest(self) -> Any:
        """Plain data for the digest: every number of it."""
        numbers = [int(value) for name in _NUMBERS if isinstance(value := getattr(self, name), int)]
        return (
            self.key, numbers, self.linger, self.device, self.sendq.state(), bytes(self.recvq),
            self.ooo.state(), self.fin_at, self.rtt.state(), self.cc.state(), self.dsack,
            self.oow_at, self.tail_probe, self.stuck_at, self.alarm.deadline,
            self.delack.deadline, self.keep.deadline,
        )  # fmt: skip


_OTHER = frozenset({
    "alarm", "bind_", "cc", "delack", "device", "dsack", "keep", "linger", "notify", "ooo",
    "oow_at", "parent", "recvq", "route", "rtt", "sendq", "stuck_at", "tail_probe", "tcp", "trail",
    "undo_from", "world",
})  # fmt: skip
_NUMBERS = tuple(sorted(name for name in Tcb.__slots__ if name not in _OTHER))
