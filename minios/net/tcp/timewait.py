"""TIME-WAIT, and FIN-WAIT-2 of connections that nobody has any more (RFC 9293 3.6, RFC 6191,
RFC 1337). It has no timer: whoever looks sees whether it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.net.drop import Drop
from minios.net.tcp.sequence import MASK, unwrap
from minios.net.tcp.state import TcpState
from minios.net.wire.tcp import ACK, FIN, RST, SYN, TCP
from minios.net.wire.tcpoptions import TcpOptions
from minios.sim.world import MILLISECOND, SECOND

if TYPE_CHECKING:
    from minios.net.tcp.protocol import Tcp
    from minios.net.tcp.tcb import Tcb
    from minios.net.transport.portspace import Bind
    from minios.net.wire.ipv4 import IPv4

LENGTH = 60 * SECOND
"""How long a pair of ends rests (Linux's TCP_TIMEWAIT_LEN, for 2·MSL)."""


class TimeWait:
    """What is kept of a connection. ``deadline`` is when it is forgotten, ``created`` when it
    began, both ns."""

    __slots__ = (
        "bind", "created", "deadline", "key", "oow_at", "rcv_nxt", "rcv_wnd", "rcv_wscale",
        "snd_nxt", "state", "tcp", "tos", "ts_offset", "ts_ok", "ts_recent", "ts_recent_at", "uid",
    )  # fmt: skip

    def __init__(self, tcb: Tcb, state: TcpState, length: int) -> None:
        self.tcp: Tcp = tcb.tcp
        now = tcb.world.now
        self.key = tcb.key
        self.bind: Bind | None = tcb.bind_
        self.state = state
        self.snd_nxt, self.rcv_nxt = tcb.snd_nxt, tcb.rcv_nxt
        self.rcv_wnd, self.rcv_wscale = tcb.receive_window, tcb.rcv_wscale
        self.ts_ok, self.ts_offset = tcb.ts_ok, tcb.ts_offset
        self.ts_recent, self.ts_recent_at = tcb.ts_recent, tcb.ts_recent_at
        self.tos, self.uid = tcb.tos, tcb.uid
        if self.bind is not None:
            self.bind.reuse, self.bind.reuseport = tcb.reuseaddr, tcb.reuseport
        self.created = now
        self.oow_at: int | None = None
        self.deadline = now
        self.wait(length)

    def wait(self, length: int) -> None:
        """Rest for so long from now on."""
        self.deadline = self.tcp.world.now + length
        if self.bind is not None:
            self.bind.expires = self.deadline

    @property
    def over(self) -> bool:
        return self.deadline <= self.tcp.world.now

    # -- segments ------------------------------------------------------------------------------

    def arrives(self, packet: IPv4, segment: TCP) -> Drop | int | None:
        """A segment for it. A number says that it is a new connection's SYN, which may have that
        initial sequence number (RFC 6191); a reason that it was of no use."""
        seq = unwrap(segment.seq, self.rcv_nxt)
        end = seq + segment.span
        flags = segment.flags
        stamps = segment.options.timestamps if segment.options and self.ts_ok else None
        old = False
        if stamps is not None:
            old = 0 < (self.ts_recent - stamps[0]) & MASK < 1 << 31 and not flags & RST
        if self.state == TcpState.FIN_WAIT2:
            return self._fin_wait2(segment, seq, end, old, stamps)
        if not old and seq == self.rcv_nxt and (end == seq or flags & RST):
            if flags & RST:
                if not self.tcp.setting("tcp_rfc1337"):
                    self.tcp.forget(self)
            else:
                self.wait(LENGTH)
                self._stamp(stamps)
            return None
        newer = stamps is not None and not old and stamps[0] != self.ts_recent
        if flags & SYN and not flags & (RST | ACK) and not old and (seq > self.rcv_nxt or newer):
            return (self.snd_nxt + 65535 + 2) & MASK
        if old:
            self.tcp.count("TcpExtPAWSEstab")
        if flags & RST:
            return Drop.TCP_STATE
        if old or flags & ACK:
            self.wait(LENGTH)
        self._answer()
        return Drop.TCP_STATE

    def _fin_wait2(
        self, segment: TCP, seq: int, end: int, old: bool, stamps: tuple[int, int] | None
    ) -> Drop | None:
        tcp = self.tcp
        flags = segment.flags
        if old or end < self.rcv_nxt or seq > self.rcv_nxt + self.rcv_wnd:
            self._answer()
            return Drop.TCP_SEQUENCE
        if flags & RST:
            tcp.forget(self)
            return None
        if flags & SYN:
            tcp.forget(self)
            tcp.reset_for(None, segment)
            return Drop.TCP_STATE
        if not flags & ACK or end <= self.rcv_nxt or end == seq:
            return None
        if not flags & FIN or end != self.rcv_nxt + 1:
            # Data that nobody will read (RFC 9293 3.6.1).
            tcp.forget(self)
            tcp.reset_for(None, segment)
            return Drop.TCP_STATE
        self.state = TcpState.TIME_WAIT
        self.rcv_nxt = end
        self._stamp(stamps)
        self.wait(LENGTH)
        self._answer(limited=False)
        return None

    def _stamp(self, stamps: tuple[int, int] | None) -> None:
        if stamps is not None:
            self.ts_recent, self.ts_recent_at = stamps[0], self.tcp.world.now

    def _answer(self, *, limited: bool = True) -> None:
        """Acknowledge once more; the last acknowledgement may have been lost."""
        now = self.tcp.world.now
        pause = self.tcp.setting("tcp_invalid_ratelimit") * MILLISECOND
        if limited and self.oow_at is not None and now - self.oow_at < pause:
            return
        self.oow_at = now
        options: TcpOptions | tuple[()] = ()
        if self.ts_ok:
            value = (now // MILLISECOND + self.ts_offset) & MASK
            options = TcpOptions(timestamps=(value, self.ts_recent))
        local, port, remote, other = self.key
        segment = TCP(
            port, other, self.snd_nxt & MASK, self.rcv_nxt & MASK, ACK,
            self.rcv_wnd >> self.rcv_wscale, b"", options,
        )  # fmt: skip
        self.tcp.send_for(local, remote, segment, tos=self.tos)

    def digest(self) -> Any:
        return (
            self.key, int(self.state), self.snd_nxt, self.rcv_nxt, self.rcv_wnd, self.deadline,
            self.ts_recent, self.ts_recent_at, self.oow_at,
        )  # fmt: skip
