"""LISTEN: the SYN queue and the accept queue of a port (listen(2), tcp(7)).

Both are bounded by the backlog. When the first is full, SYNs are answered by cookies and nothing is
kept; when the second is, SYNs and completed handshakes are dropped, and the other side tries again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi.inet import ip_text
from minios.net.drop import Drop
from minios.net.tcp import window
from minios.net.tcp.request import Request
from minios.net.tcp.sequence import MASK
from minios.net.tcp.state import TcpState
from minios.net.tcp.tcb import OPTIONS, nobody
from minios.net.wire.tcp import ACK, FIN, RST, SYN, TCP
from minios.net.wire.tcpoptions import TcpOptions

if TYPE_CHECKING:
    from minios.net.host.stack import Stack
    from minios.net.tcp.connection import Connection
    from minios.net.wire.ipv4 import IPv4


class Listener:
    """A port that takes connections. What is accepted has the options that were set here.

    ``notify`` is called when a connection is ready. ``requests`` are half open ones by their ends.
    """

    state = TcpState.LISTEN

    def __init__(
        self, stack: Stack, ip: int, port: int, backlog: int, *, of: Connection | None = None
    ) -> None:
        """EADDRINUSE EADDRNOTAVAIL. ``of`` is a socket that is bound already, whose options and
        port these become."""
        from minios.net.tcp.connection import Connection

        if of is None:
            of = Connection(stack)
            of.bind(ip, port)
        self.model = of
        self.tcp = of.tcp
        assert of.bind_ is not None
        self.bind = of.bind_
        self.bind.reuse, self.bind.reuseport = of.reuseaddr, of.reuseport
        self.tcp.portspace.listen(self.bind)
        self.backlog = backlog
        self.requests: dict[tuple[int, int, int, int], Request] = {}
        self.queue: deque[Connection] = deque()
        self.notify: Callable[[], None] = nobody
        self.error = 0
        self.closed = False
        self._scratch = Connection(stack)
        self.warned = False
        """Whether the log has been told of a flood."""
        of.state = TcpState.LISTEN
        self.tcp.listeners.setdefault(self.bind.port, []).append(self)

    def __getattr__(self, name: str) -> Any:
        """Options are the model's."""
        if name in OPTIONS or name in ("rcvbuf", "sndbuf", "nodelay", "cork", "congestion", "ino"):
            return getattr(self.model, name)
        raise AttributeError(name)

    @property
    def local(self) -> tuple[int, int]:
        return (self.bind.ip, self.bind.port)

    @property
    def pending(self) -> int:
        """Connections that wait to be accepted."""
        return len(self.queue)

    @property
    def readable(self) -> bool:
        return bool(self.queue)

    @property
    def full(self) -> bool:
        """Whether no more may wait to be accepted. A backlog of n lets n + 1 wait, as in Linux."""
        return len(self.queue) > self.backlog

    def accept(self) -> Connection | None:
        """The connection that has waited longest; None if there is none."""
        if not self.queue:
            return None
        made = self.queue.popleft()
        made.parent = None
        return made

    def close(self) -> None:
        """Nobody listens any more; who was not accepted is reset."""
        if self.closed:
            return
        self.closed = True
        tcp = self.tcp
        same = tcp.listeners.get(self.bind.port, [])
        if self in same:
            same.remove(self)
        if not same:
            tcp.listeners.pop(self.bind.port, None)
        for request in list(self.requests.values()):
            self.forget(request)
        while self.queue:
            waiting = self.queue.popleft()
            waiting.parent = None
            tcp.abort(waiting)
        self.model.state = TcpState.CLOSED
        tcp.portspace.release(self.bind)
        self.model.bind_ = None

    # -- SYN -----------------------------------------------------------------------------------

    def arrives(
        self, packet: IPv4, segment: TCP, key: tuple[int, int, int, int], isn: int | None = None
    ) -> Drop | Connection | None:
        """A segment for no known connection (RFC 9293 3.10.7.2)."""
        tcp = self.tcp
        flags = segment.flags
        if flags & RST:
            return Drop.TCP_STATE
        if flags & ACK:
            made = self._by_cookie(segment, key) if not flags & SYN else None
            if made is not None:
                return made
            tcp.reset_for(None, segment, packet)
            return Drop.PORT_CLOSED
        if not flags & SYN or flags & FIN:
            return Drop.TCP_STATE
        crowded = len(self.requests) > self.backlog
        cookies = tcp.setting("tcp_syncookies")
        with_cookie = cookies == 2 or (crowded and cookies == 1)
        if crowded and isn is None:
            self._flooded(bool(cookies))
            if not cookies:
                tcp.count("TcpExtListenDrops")
                return Drop.BACKLOG_FULL
        if self.full:
            tcp.count("TcpExtListenOverflows")
            tcp.count("TcpExtListenDrops")
            return Drop.BACKLOG_FULL
        most = tcp.setting("tcp_max_syn_backlog")
        if not cookies and most - len(self.requests) < most >> 2:
            tcp.count("TcpExtListenDrops")
            return Drop.BACKLOG_FULL
        if not self._reachable(key):
            tcp.count("TcpExtListenDrops")
            return Drop.NO_ROUTE
        request = Request(self, key, segment, isn if isn is not None else tcp.secrets.isn(key))
        if with_cookie and isn is None:
            mss = (segment.options.mss if segment.options else 0) or 536
            tcp.count("TcpExtSyncookiesSent")
            tcp.cookies_at = tcp.world.now
            request.answer(cookie=tcp.secrets.cookie(key, segment.seq, mss))
            return None
        self.requests[key] = tcp.connections[key] = request
        request.start()
        return None

    def _flooded(self, cookies: bool) -> None:
        tcp = self.tcp
        tcp.count("TcpExtTCPReqQFullDoCookies" if cookies else "TcpExtTCPReqQFullDrop")
        if not self.warned:
            self.warned = True
            what = "Sending cookies" if cookies else "Dropping request"
            tcp.stack.printk(
                6,
                f"TCP: request_sock_TCP: Possible SYN flooding on port "
                f"{ip_text(self.bind.ip)}:{self.bind.port}. {what}.",
            )

    def _by_cookie(self, segment: TCP, key: tuple[int, int, int, int]) -> Connection | None:
        """The acknowledgement of a SYN/ACK that was a cookie."""
        tcp = self.tcp
        if not tcp.setting("tcp_syncookies") or segment.flags & RST or not tcp.cookies_about:
            return None
        irs, iss = (segment.seq - 1) & MASK, (segment.ack - 1) & MASK
        mss = tcp.secrets.cookie_mss(key, irs, iss)
        if mss is None:
            tcp.count("TcpExtSyncookiesFailed")
            return None
        tcp.count("TcpExtSyncookiesRecv")
        if self.full:
            tcp.count("TcpExtListenOverflows")
            return None
        offer = TcpOptions(mss=mss)
        stamps = segment.options.timestamps if segment.options else None
        if stamps is not None:
            low = stamps[1] & 0x3F
            scale = None if low & 0xF == 15 else low & 0xF
            offer = TcpOptions(
                mss=mss, wscale=scale, sack_permitted=bool(low & 0x10), timestamps=stamps
            )
        syn = TCP(segment.sport, segment.dport, irs, 0, SYN, segment.window, b"", offer)
        return self.complete(Request(self, key, syn, iss))

    def _reachable(self, key: tuple[int, int, int, int]) -> bool:
        """Whether there is a way back to who sent a SYN; it says how large segments may be."""
        tcb = self._scratch
        tcb.inherit(self.model)
        tcb.route = None
        tcb.local_ip, tcb.local_port, tcb.remote_ip, tcb.remote_port = key
        return self.tcp.find_route(tcb) is not None

    def first_window(
        self, key: tuple[int, int, int, int], timestamps: bool
    ) -> tuple[int, int, int]:
        """MSS, window and scale that a SYN/ACK tells."""
        self._reachable(key)
        tcb = self._scratch
        window.begin(tcb, 12 if timestamps else 0)
        return tcb.adv_mss, tcb.rcv_wnd, tcb.rcv_wscale

    # -- the end of a handshake ----------------------------------------------------------------

    def forget(self, request: Request) -> None:
        """A request is over, one way or the other."""
        request.alarm.clear()
        self.requests.pop(request.key, None)
        if self.tcp.connections.get(request.key) is request:
            del self.tcp.connections[request.key]

    def complete(self, request: Request) -> Connection:
        """Make a connection of a request. It is ready when its segment has been processed."""
        self.forget(request)
        made = self.tcp.child(self, request)
        made.parent = self
        self.queue.append(made)
        return made

    def defer_tries(self) -> int:
        """TCP_DEFER_ACCEPT in SYN/ACKs: as many as are sent in that many seconds."""
        seconds, tries, step, total = int(self.model.defer_accept), 0, 1, 0
        while total < seconds:
            total += step
            step = min(step << 1, 120)
            tries += 1
        return tries

    def digest(self) -> Any:
        return (
            self.bind.state(), self.backlog, [r.digest() for r in self.requests.values()],
            [c.key for c in self.queue], self.warned, self.error,
        )  # fmt: skip
