"""TCP of one host: which segment is for whom, and all that is not of one connection alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno
from minios.abi.inet import IPPROTO_TCP
from minios.net.drop import Drop
from minios.net.tcp import errors, input, output, window
from minios.net.tcp.congestion import DEFAULT
from minios.net.tcp.connection import Connection
from minios.net.tcp.cookies import COOKIE_AGE, MINUTE, Secrets
from minios.net.tcp.listener import Listener
from minios.net.tcp.outlet import Outlet
from minios.net.tcp.request import Request
from minios.net.tcp.sendqueue import SYN as SENT_SYN
from minios.net.tcp.sendqueue import SendQueue, Sent
from minios.net.tcp.state import TcpState
from minios.net.tcp.tcb import Pending, Tcb
from minios.net.tcp.timers import arm
from minios.net.tcp.timewait import LENGTH, TimeWait
from minios.net.transport.tcpsettings import DEFAULTS
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.tcp import TCP
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from minios.net.host.netdev import NetDevice
    from minios.net.host.stack import Stack

Key = tuple[int, int, int, int]
Known = Connection | Request | TimeWait

COUNTED = (TcpState.ESTABLISHED, TcpState.CLOSE_WAIT)
"""States that tcpCurrEstab counts (RFC 4022)."""


class Tcp(Outlet):
    """``connections`` are by both ends (ours first): connections, half open ones and those that
    rest; ``listeners`` by port."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack)
        self.portspace = stack.portspace
        self.secrets = Secrets(stack.world, stack.name)
        self.connections: dict[Key, Known] = {}
        self.listeners: dict[int, list[Listener]] = {}
        self.orphans: dict[Connection, None] = {}
        self.resting: dict[Key, TimeWait] = {}
        """Those of ``connections`` that rest, in the order in which they began to."""
        self.congestion = DEFAULT
        """What a new connection's algorithm is."""
        self.cookies_at: int | None = None
        """When the last SYN cookie was sent."""
        stack.sysctl.defaults.update(DEFAULTS)
        stack.handlers[IPPROTO_TCP] = self.input
        stack.icmp_errors[IPPROTO_TCP] = self.icmp_error
        stack.parts["tcp"] = self.digest
        stack.on_close.append(self.close)

    @property
    def cookies_about(self) -> bool:
        """Whether a cookie that was sent may still come back."""
        at = self.cookies_at
        return at is not None and self.world.now - at < COOKIE_AGE * MINUTE

    # -- the way in ----------------------------------------------------------------------------

    def input(self, packet: IPv4, dev: NetDevice) -> None:
        """A segment for this host."""
        segment = packet.payload
        stack = self.stack
        counters = stack.counters
        counters["TcpInSegs"] += 1
        if segment.__class__ is not TCP:
            counters["TcpInErrs"] += 1
            stack.drop(Drop.MALFORMED, packet, dev, "no TCP segment")
            return
        if segment.checksum is not None and segment.checksum != segment.right(
            packet.src, packet.dst
        ):
            counters["TcpInErrs"] += 1
            counters["TcpInCsumErrors"] += 1
            stack.drop(Drop.CHECKSUM, packet, dev, "of the TCP segment")
            return
        if stack.receiving is not None and stack.receiving.dst >> 40 & 1:
            stack.drop(Drop.BROADCAST, packet, dev, "TCP is for one station")
            return
        key = (packet.dst, segment.dport, packet.src, segment.sport)
        known = self.connections.get(key)
        if known is not None:
            if known.__class__ is Connection:
                reason: Any = input.arrives(known, segment)
                if reason is not None:
                    stack.drop(reason, packet, dev, _what(known, segment))
                return
            if self._others(known, packet, segment, key, dev):
                return
        self._newcomer(packet, segment, key, dev)

    def _others(
        self, known: Any, packet: IPv4, segment: TCP, key: Key, dev: NetDevice
    ) -> bool:  # fmt: skip
        """A segment for what is no connection yet, or no more; whether that was all."""
        if isinstance(known, Request):
            self._outcome(known.arrives(packet, segment), known, packet, segment, dev)
            return True
        assert isinstance(known, TimeWait)
        if known.over:
            self.forget(known)
            return False
        answer = known.arrives(packet, segment)
        if isinstance(answer, int):
            listener = self._listener(key, dev)
            if listener is not None:
                self.forget(known)
                result = listener.arrives(packet, segment, key, answer)
                self._outcome(result, listener, packet, segment, dev)
                return True
            answer = Drop.PORT_CLOSED
            self.reset_for(None, segment, packet)
        if answer is not None:
            self.stack.drop(answer, packet, dev, _what(known, segment))
        return True

    def _newcomer(self, packet: IPv4, segment: TCP, key: Key, dev: NetDevice) -> None:
        listener = self._listener(key, dev)
        if listener is not None:
            result = listener.arrives(packet, segment, key)
            self._outcome(result, listener, packet, segment, dev)
            return
        # CLOSED (3.10.7.1)
        self.stack.drop(Drop.PORT_CLOSED, packet, dev, f"TCP port {segment.dport}")
        self.reset_for(None, segment, packet)

    def _outcome(
        self, result: Any, known: Any, packet: IPv4, segment: TCP, dev: NetDevice
    ) -> None:  # fmt: skip
        """What came of a segment for a listener or a request: nothing, a reason, a connection."""
        if isinstance(result, Connection):
            reason = input.arrives(result, segment)
            if reason is not None:
                self.stack.drop(reason, packet, dev, _what(result, segment))
            parent = result.parent
            if parent is not None:
                parent.notify()
        elif result is not None:
            self.stack.drop(result, packet, dev, _what(known, segment))

    def _listener(self, key: Key, dev: NetDevice) -> Listener | None:
        """Who listens: the one bound most closely; among equals one by the other end's hash."""
        best: list[Listener] = []
        most = -1
        for listener in self.listeners.get(key[1], ()):
            bind = listener.bind
            if (bind.ip and bind.ip != key[0]) or (bind.device and bind.device != dev.name):
                continue
            score = 2 * bool(bind.ip) + bool(bind.device)
            if score > most:
                best, most = [listener], score
            elif score == most:
                best.append(listener)
        if len(best) < 2:
            return best[0] if best else None
        return best[self.secrets.spread(key) * len(best) >> 32]

    def icmp_error(
        self, type: int, code: int, info: int, quoted: IPv4, offender: int, dev: NetDevice
    ) -> None:
        """ICMP says something of a segment of ours."""
        errors.take(self, type, code, info, quoted)

    # -- beginnings ----------------------------------------------------------------------------

    def free(self, key: Key) -> TimeWait | bool:
        """Whether a pair of ends may be used by connect(2), perhaps in the place of a connection
        that rests (net.ipv4.tcp_tw_reuse)."""
        known = self.connections.get(key)
        if known is None:
            return True
        if not isinstance(known, TimeWait):
            return False
        if known.over:
            self.forget(known)
            return True
        reuse = self.setting("tcp_tw_reuse")
        near = key[0] >> 24 == 127 or key[2] >> 24 == 127 or key[0] == key[2]
        allowed = known.ts_ok and (reuse == 1 or (reuse == 2 and near))
        if allowed and self.world.now - known.ts_recent_at > SECOND:
            return known
        return False

    def open(self, tcb: Connection, over: TimeWait | None) -> None:
        """Send the SYN of connect(2)."""
        key = tcb.key
        if over is not None:
            tcb.iss = over.snd_nxt + 65535 + 2
            tcb.ts_recent, tcb.ts_recent_at = over.ts_recent, over.ts_recent_at
            self.forget(over)
        else:
            tcb.iss = self.secrets.isn(key)
        tcb.ts_offset = self.secrets.ts_offset(key)
        tcb.ident = self.secrets.spread(key) & 0xFFFF
        tcb.snd_una = tcb.iss
        tcb.snd_sml = tcb.iss
        tcb.opened_at = self.world.now
        window.begin(tcb)
        tcb.state = TcpState.SYN_SENT
        self.connections[key] = tcb
        self.count("TcpActiveOpens")
        tcb.sendq = SendQueue(tcb.iss + 1)
        output.begin_syn(tcb)

    def child(self, listener: Listener, request: Request) -> Connection:
        """The connection of a request whose handshake is complete, in SYN-RECEIVED."""
        made = Connection(self.stack)
        made.inherit(listener.model)
        key = request.key
        made.local_ip, made.local_port, made.remote_ip, made.remote_port = key
        made.bind_ = self.portspace.share(listener.bind)
        made.bind_.reuse, made.bind_.reuseport = made.reuseaddr, made.reuseport
        made.iss = made.snd_una = request.iss
        made.snd_nxt = made.snd_sml = request.iss + 1
        made.irs = request.irs
        made.rcv_nxt = made.rcv_wup = made.copied = made.space_seq = request.irs + 1
        made.ts_offset = request.ts_offset
        made.ident = self.secrets.spread(key) & 0xFFFF
        self.find_route(made)
        made.adv_mss = request.adv_mss
        made.rcv_wnd = made.rcv_ssthresh = request.rcv_wnd
        made.rcv_wscale = request.rcv_wscale
        made.sendq = SendQueue(request.iss + 1)
        syn = Sent(request.iss, request.iss + 1, SENT_SYN, request.sent_at)
        syn.times += request.retries
        made.sendq.segments.append(syn)
        made.retrans_total = request.retries
        made.bytes_acked = -1
        made.opened_at = request.sent_at
        made.trail = request.trail
        made.state = TcpState.SYN_RECV
        input.learn(made, request.offer)
        made.ts_recent = request.ts_recent
        self.connections[key] = made
        self.count("TcpPassiveOpens")
        arm(made, Pending.RTO, made.rtt.rto)
        return made

    # -- changes and ends ----------------------------------------------------------------------

    def moved(self, tcb: Tcb, before: TcpState) -> None:
        """A connection changed its state."""
        change = (tcb.state in COUNTED) - (before in COUNTED)
        if change:
            self.count("TcpCurrEstab", change)

    def _end(self, tcb: Tcb) -> None:
        """No segment will be for it any more."""
        before = tcb.state
        tcb.state = TcpState.CLOSED
        self.moved(tcb, before)
        tcb.pending = Pending.NONE
        tcb.alarm.clear()
        tcb.delack.clear()
        tcb.keep.clear()
        tcb.ack_due = False
        if self.connections.get(tcb.key) is tcb:
            del self.connections[tcb.key]
        if isinstance(tcb, Connection):
            self.orphans.pop(tcb, None)

    def done(self, tcb: Tcb) -> None:
        """CLOSED, and the port is free."""
        self._end(tcb)
        if tcb.bind_ is not None and not (isinstance(tcb, Connection) and tcb.keeps_bind):
            self.portspace.release(tcb.bind_)
            tcb.bind_ = None
        tcb.notify()

    def fail(self, tcb: Tcb, error: Errno) -> None:
        """The connection is lost; the next call says why."""
        if tcb.state in COUNTED:
            self.count("TcpEstabResets")
        tcb.error = int(error)
        tcb.sendq.data.clear()
        self.done(tcb)

    def destroy(self, known: Known | Listener) -> None:
        """End one from outside (sock_diag(7)): whoever has it finds ECONNABORTED."""
        if isinstance(known, Listener):
            known.error = int(Errno.ECONNABORTED)
            known.close()
            known.notify()
        elif isinstance(known, Connection):
            known.error = int(Errno.ECONNABORTED)
            self.abort(known)
        elif isinstance(known, Request):
            known.listener.forget(known)
        else:
            self.forget(known)

    def abort(self, tcb: Tcb) -> None:
        """Give it up and tell the other side (RFC 9293 3.10.5)."""
        if tcb.state in (
            TcpState.ESTABLISHED, TcpState.FIN_WAIT1, TcpState.FIN_WAIT2, TcpState.CLOSE_WAIT,
            TcpState.SYN_RECV,
        ):  # fmt: skip
            if tcb.state in COUNTED:
                self.count("TcpEstabResets")
            output.send_reset(tcb)
        self.done(tcb)

    def time_wait(self, tcb: Tcb) -> None:
        """Both sides are done; the pair of ends rests."""
        self._rest(tcb, TcpState.TIME_WAIT, LENGTH)

    def linger(self, tcb: Tcb) -> None:
        """FIN-WAIT-2 of a connection that nobody has: wait for the FIN, not for ever."""
        if tcb.linger2 < 0:
            self.abort(tcb)
            return
        seconds = tcb.linger2 or self.setting("tcp_fin_timeout")
        self._rest(tcb, TcpState.FIN_WAIT2, seconds * SECOND)

    def _rest(self, tcb: Tcb, state: TcpState, length: int) -> None:
        self.tidy()
        key = tcb.key
        if len(self.resting) >= self.setting("tcp_max_tw_buckets"):
            self.count("TcpExtTCPTimeWaitOverflow")
            self.done(tcb)
            return
        rest = TimeWait(tcb, state, length)
        self._end(tcb)
        if isinstance(tcb, Connection) and tcb.keeps_bind and rest.bind is not None:
            rest.bind = self.portspace.share(rest.bind)
            rest.wait(length)
            assert tcb.bind_ is not None
            tcb.bind_.expires = None
        else:
            tcb.bind_ = None
        self.connections[key] = self.resting[key] = rest
        if state == TcpState.TIME_WAIT:
            self.count("TcpExtTW")
        tcb.notify()

    def forget(self, rest: TimeWait) -> None:
        """A pair of ends may be used again."""
        self.resting.pop(rest.key, None)
        if self.connections.get(rest.key) is rest:
            del self.connections[rest.key]
        if rest.bind is not None:
            self.portspace.release(rest.bind)
            rest.bind = None

    def tidy(self) -> None:
        """Forget those that have rested for long enough."""
        while self.resting:
            first = next(iter(self.resting.values()))
            if not first.over:
                return
            self.forget(first)

    def too_many_orphans(self) -> bool:
        return len(self.orphans) > self.setting("tcp_max_orphans")

    def doubt_route(self, tcb: Tcb) -> None:
        """Segments get lost again and again: the next one asks for a route anew."""
        tcb.route = None

    # -- the whole -----------------------------------------------------------------------------

    def close(self) -> None:
        """The power is off: nothing is sent, no timer is left."""
        for known in self.connections.values():
            if isinstance(known, Connection):
                known.state = TcpState.CLOSED
                for alarm in (known.alarm, known.delack, known.keep):
                    alarm.clear()
            elif isinstance(known, Request):
                known.alarm.clear()
        self.connections.clear()
        self.resting.clear()
        self.listeners.clear()
        self.orphans.clear()

    def figures(self) -> tuple[int, int, int, int]:
        """For /proc/net/sockstat: in use, orphaned, resting, allocated."""
        from minios.net.tcp.listing import figures

        return figures(self)

    def digest(self) -> Any:
        """Plain data for the digest."""
        return (
            [(key, known.digest()) for key, known in self.connections.items()],
            [[one.digest() for one in same] for same in self.listeners.values()],
            [tcb.key for tcb in self.orphans], self.congestion, self.cookies_at,
            self.portspace.state(),
        )  # fmt: skip


def _what(known: Any, segment: TCP) -> str:
    return f"{known.state.name} at port {segment.dport}"
