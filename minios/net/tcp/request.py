"""A connection that is being asked for: a SYN came, SYN and ACK went out (RFC 9293 3.10.7.2).

It is small, because anybody can make one with a forged address; the connection itself is made when
the handshake is complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.net.drop import Drop
from minios.net.tcp.alarm import Alarm
from minios.net.tcp.rtt import RTO_INITIAL, RTO_MAX
from minios.net.tcp.sequence import MASK, unwrap
from minios.net.tcp.state import TcpState
from minios.net.wire.tcp import ACK, RST, SYN, TCP
from minios.net.wire.tcpoptions import TcpOptions
from minios.sim.world import MILLISECOND

if TYPE_CHECKING:
    from minios.net.tcp.connection import Connection
    from minios.net.tcp.listener import Listener
    from minios.net.wire.ipv4 import IPv4


class Request:
    """Half open. ``offer`` are the options of the SYN; ``adv_mss``, ``rcv_wnd`` and ``rcv_wscale``
    what is told in the answer."""

    __slots__ = (
        "acked", "adv_mss", "alarm", "irs", "iss", "key", "listener", "offer", "oow_at", "rcv_wnd",
        "rcv_wscale", "retries", "sent_at", "timeouts", "trail", "ts_offset", "ts_recent", "window",
    )  # fmt: skip

    state = TcpState.SYN_RECV

    def __init__(
        self, listener: Listener, key: tuple[int, int, int, int], segment: TCP, iss: int
    ) -> None:
        tcp = listener.tcp
        self.listener = listener
        self.key = key
        self.irs = segment.seq
        self.iss = iss
        self.offer: TcpOptions | tuple[()] = segment.options
        self.window = segment.window
        stamps = segment.options.timestamps if segment.options else None
        self.ts_recent = stamps[0] if stamps else 0
        self.ts_offset = tcp.secrets.ts_offset(key)
        timed = stamps is not None and bool(tcp.setting("tcp_timestamps"))
        self.adv_mss, self.rcv_wnd, self.rcv_wscale = listener.first_window(key, timed)
        self.retries = self.timeouts = 0
        self.acked = False
        self.oow_at: int | None = None
        self.sent_at = tcp.world.now
        self.trail: Any = None
        self.alarm = Alarm(tcp.world, self._rung)

    # -- SYN/ACK -------------------------------------------------------------------------------

    def answer(self, *, cookie: int | None = None) -> None:
        """Send SYN and ACK, with those options that the SYN had too."""
        tcp = self.listener.tcp
        offer = self.offer
        stamps = None
        if offer and offer.timestamps is not None and tcp.setting("tcp_timestamps"):
            value = tcp.world.now // MILLISECOND + self.ts_offset
            if cookie is not None:
                value = cookie_stamp(value, offer)
            stamps = (value & MASK, self.ts_recent)
        scale = None
        if offer and offer.wscale is not None and tcp.setting("tcp_window_scaling"):
            scale = self.rcv_wscale
        sack = bool(offer and offer.sack_permitted and tcp.setting("tcp_sack"))
        if cookie is not None and stamps is None:
            scale, sack = None, False
        local, port, remote, other = self.key
        iss = self.iss if cookie is None else cookie
        segment = TCP(
            port, other, iss, (self.irs + 1) & MASK, SYN | ACK, min(self.rcv_wnd, 65535), b"",
            TcpOptions(mss=self.adv_mss, wscale=scale, sack_permitted=sack, timestamps=stamps),
        )  # fmt: skip
        tcp.send_for(
            local, remote, segment, tos=self.listener.tos, ttl=self.listener.ttl, trail=self.trail
        )

    def start(self) -> None:
        """The first answer, and the clock for the next."""
        self.answer()
        self.alarm.set(self.sent_at + RTO_INITIAL)

    def _rung(self) -> None:
        listener = self.listener
        tcp = listener.tcp
        most = listener.syncnt or tcp.setting("tcp_synack_retries")
        if self.timeouts >= most:
            tcp.count("TcpAttemptFails")
            listener.forget(self)
            return
        self.timeouts += 1
        if not self.acked or self.timeouts >= listener.defer_tries():
            self.retries += 1
            self.sent_at = tcp.world.now
            tcp.count("TcpRetransSegs")
            tcp.count("TcpExtTCPSynRetrans")
            self.answer()
        self.alarm.set(tcp.world.now + min(RTO_INITIAL << self.timeouts, RTO_MAX))

    # -- what comes ----------------------------------------------------------------------------

    def arrives(self, packet: IPv4, segment: TCP) -> Drop | Connection | None:
        """A segment for it (tcp_check_req). A connection says that the handshake is complete, and
        that the segment is now for that one."""
        listener = self.listener
        tcp = listener.tcp
        flags = segment.flags
        first = self.irs + 1
        seq = unwrap(segment.seq, first)
        end = seq + segment.span
        stamps = segment.options.timestamps if segment.options else None
        timed = bool(self.offer and self.offer.timestamps)
        old = (
            timed
            and stamps is not None
            and 0 < (self.ts_recent - stamps[0]) & MASK < 1 << 31
            and not flags & RST
        )
        if seq == self.irs and flags & (SYN | ACK | RST) == SYN and not old:
            # The answer was lost, or is slow.
            if self._may_answer():
                self.retries += 1
                tcp.count("TcpRetransSegs")
                tcp.count("TcpExtTCPSynRetrans")
                self.answer()
            return None
        if flags & ACK and segment.ack != (self.iss + 1) & MASK:
            if not flags & RST:
                tcp.reset_for(None, segment, packet)
            return Drop.TCP_SEQUENCE
        if old or end < first or seq > first + self.rcv_wnd:
            if not flags & RST and self._may_answer():
                tcp.acknowledge_for(self)
            return Drop.TCP_SEQUENCE
        if stamps is not None and timed and seq <= first:
            self.ts_recent = stamps[0]
        if flags & RST or (flags & SYN and seq != self.irs):
            if not flags & RST:
                tcp.reset_for(None, segment, packet)
            tcp.count("TcpExtEmbryonicRsts")
            tcp.count("TcpAttemptFails")
            listener.forget(self)
            return Drop.TCP_STATE
        if not flags & ACK:
            return Drop.TCP_STATE
        if self.timeouts < listener.defer_tries() and end == first:
            # TCP_DEFER_ACCEPT: the application wants to hear of it when there is data.
            self.acked = True
            tcp.count("TcpExtTCPDeferAcceptDrop")
            return None
        if listener.full:
            tcp.count("TcpExtListenOverflows")
            tcp.count("TcpExtListenDrops")
            if tcp.setting("tcp_abort_on_overflow"):
                tcp.reset_for(None, segment, packet)
                listener.forget(self)
            return Drop.BACKLOG_FULL
        return listener.complete(self)

    def _may_answer(self) -> bool:
        now = self.listener.tcp.world.now
        pause = self.listener.tcp.setting("tcp_invalid_ratelimit") * MILLISECOND
        if self.oow_at is not None and now - self.oow_at < pause:
            return False
        self.oow_at = now
        return True

    def digest(self) -> Any:
        return (
            self.key, self.irs, self.iss, self.retries, self.timeouts, self.acked, self.ts_recent,
            self.alarm.deadline, self.oow_at, self.sent_at,
        )  # fmt: skip


def cookie_stamp(value: int, offer: TcpOptions) -> int:
    """A timestamp, not later than ``value``, whose low bits hold the other options of a SYN."""
    scale = 15 if offer.wscale is None else min(offer.wscale, 14)
    bits = scale | offer.sack_permitted << 4
    stamp = value & ~0x3F | bits
    return stamp if stamp <= value else stamp - 0x40
