"""A connection as sockets have it: open, read, write, close (RFC 9293 section 3.10, tcp(7)).

Nothing here sleeps. What cannot be done now says so, and ``notify`` is called when it may be worth
trying again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.errno import Errno, error
from minios.abi.inet import IPPROTO_TCP
from minios.abi.sockets import SHUT_RD, SHUT_RDWR, SHUT_WR
from minios.net.host.address import multicast
from minios.net.tcp import output, receive, timers, window
from minios.net.tcp.congestion import ALGORITHMS
from minios.net.tcp.info import TcpInfo, info
from minios.net.tcp.state import CAN_SEND, TcpState
from minios.net.tcp.tcb import Tcb
from minios.net.tcp.timewait import TimeWait

if TYPE_CHECKING:
    from minios.net.host.stack import Stack
    from minios.net.tcp.listener import Listener

_CONNECTING = (TcpState.SYN_SENT, TcpState.SYN_RECV)
_OVER = (TcpState.CLOSED, TcpState.LISTEN)
_CLOSES = {
    TcpState.ESTABLISHED: TcpState.FIN_WAIT1,
    TcpState.SYN_RECV: TcpState.FIN_WAIT1,
    TcpState.CLOSE_WAIT: TcpState.LAST_ACK,
}


class Connection(Tcb):
    """One end of a connection, from socket(2) to its end, which may be long after close(2).

    Options are attributes: see :data:`minios.net.tcp.tcb.OPTIONS`, and those below that act at
    once. ``error`` is what went wrong and was not told yet.
    """

    __slots__ = ("_bound", "_ever")

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack.tcp)
        self._bound = False
        """Whether bind(2) named the port."""
        self._ever = False
        """Whether it was ever connected: only then is there an end of file."""

    # -- names ---------------------------------------------------------------------------------

    @property
    def local(self) -> tuple[int, int]:
        """getsockname(2)."""
        return (self.local_ip, self.local_port)

    @property
    def remote(self) -> tuple[int, int]:
        """The other end; (0, 0) before there is one."""
        return (self.remote_ip, self.remote_port)

    @property
    def keeps_bind(self) -> bool:
        """Whether its port stays its own when the connection ends."""
        return self._bound and not self.orphan

    # -- opening -------------------------------------------------------------------------------

    def bind(self, ip: int, port: int) -> None:
        """bind(2). EADDRINUSE EADDRNOTAVAIL EINVAL (bound already, or connected)."""
        stack = self.tcp.stack
        if self.state != TcpState.CLOSED or self.bind_ is not None:
            raise error(Errno.EINVAL)
        wide = multicast(ip) or stack.is_broadcast(ip)
        if ip and not (wide or stack.is_local(ip) or stack.sysctl["ip_nonlocal_bind"]):
            raise error(Errno.EADDRNOTAVAIL)
        self.bind_ = self.tcp.portspace.bind(
            IPPROTO_TCP, ip, port, reuse=self.reuseaddr, reuseport=self.reuseport, uid=self.uid,
            device=self.device,
        )  # fmt: skip
        self._bound = port != 0
        self.local_ip, self.local_port = ip, self.bind_.port

    def listen(self, backlog: int) -> Listener:
        """listen(2): the port becomes a listener's. EADDRINUSE EINVAL (connected)."""
        from minios.net.tcp.listener import Listener

        if self.state != TcpState.CLOSED:
            raise error(Errno.EINVAL)
        if self.bind_ is None:
            self.bind(0, 0)
        return Listener(self.tcp.stack, self.local_ip, self.local_port, backlog, of=self)

    def connect(self, ip: int, port: int) -> None:
        """Send a SYN; the rest happens by itself. 0.0.0.0 is this host.

        EADDRNOTAVAIL EADDRINUSE EALREADY EINVAL EISCONN ENETUNREACH EHOSTUNREACH.
        """
        if self.state in _CONNECTING:
            raise error(Errno.EALREADY)
        if self.state != TcpState.CLOSED:
            raise error(Errno.EISCONN)
        tcp = self.tcp
        stack = tcp.stack
        if multicast(ip) or stack.is_broadcast(ip):
            raise error(Errno.ENETUNREACH)
        source = self.bind_.ip if self.bind_ is not None else 0
        if not stack.is_local(source):
            source = 0
        route = stack.route(ip, source, self.device, self.tos)
        ip = ip or route.nexthop
        self.route = None
        self.forget_past()
        self.local_ip, self.remote_ip, self.remote_port = source or route.src, ip, port
        over: TimeWait | bool = True
        if self.bind_ is not None:
            over = tcp.free((self.local_ip, self.bind_.port, ip, port))
            if over is False:
                self.remote_ip = self.remote_port = 0
                raise error(Errno.EADDRNOTAVAIL)
        else:
            here = self.local_ip
            try:
                self.bind_ = tcp.portspace.connect(
                    IPPROTO_TCP, here, lambda mine: tcp.free((here, mine, ip, port)) is not False,
                    uid=self.uid, device=self.device,
                )  # fmt: skip
            except OSError:
                self.remote_ip = self.remote_port = self.local_ip = 0
                raise
            over = tcp.free((here, self.bind_.port, ip, port))
        self.local_port = self.bind_.port
        self._ever = True
        tcp.find_route(self)
        tcp.open(self, over if isinstance(over, TimeWait) else None)

    def forget_past(self) -> None:
        """A socket is connected once more: nothing of the last time counts."""
        fresh = Tcb(self.tcp)
        fresh.inherit(self)
        kept = ("bind_", "ino", "notify", "trail", "local_ip", "local_port")
        for name in kept:
            setattr(fresh, name, getattr(self, name))
        for name in Tcb.__slots__:
            if name not in ("alarm", "delack", "keep"):
                setattr(self, name, getattr(fresh, name))

    def disconnect(self) -> None:
        """connect(2) with AF_UNSPEC: the connection is reset, the socket may be used again."""
        bound, state = self._bound, self.state
        ip = self.bind_.ip if self.bind_ is not None else 0
        if state not in _OVER:
            self.tcp.abort(self)
        self.error = 0
        self.remote_ip = self.remote_port = 0
        self.local_ip = ip
        if not bound:
            self.local_port = 0
        self.shut = 0

    # -- what can be done ----------------------------------------------------------------------

    @property
    def available(self) -> int:
        """Bytes that may be read."""
        return len(self.recvq)

    @property
    def room(self) -> int:
        """Bytes that write() would take."""
        if self.state not in CAN_SEND and self.state not in _CONNECTING:
            return 0
        return max(self.sndbuf - len(self.sendq.data), 0)

    @property
    def eof(self) -> bool:
        """No more than what is there will come."""
        return self.fin_received or bool(self.shut & 1) or (self.state == TcpState.CLOSED)

    @property
    def readable(self) -> bool:
        """POLLIN: a read would not wait."""
        return len(self.recvq) >= max(self.rcvlowat, 1) or self.eof or self.error != 0

    @property
    def writable(self) -> bool:
        """POLLOUT: a third of the buffer is free, or writing would fail."""
        if self.state in _CONNECTING:
            return False
        if self.state not in CAN_SEND or self.error:
            return True
        return self.room >= len(self.sendq.data) >> 1 and self.room > 0

    @property
    def hup(self) -> bool:
        """POLLHUP: nothing goes in either direction any more."""
        return self.state == TcpState.CLOSED or (self.shut & 2 != 0 and self.fin_received)

    @property
    def drained(self) -> bool:
        """Everything that was written has been acknowledged, or never will be (SO_LINGER)."""
        return self.state not in (TcpState.FIN_WAIT1, TcpState.CLOSING, TcpState.LAST_ACK)

    @property
    def oob(self) -> None:
        """Urgent data is read in line, as with SO_OOBINLINE."""
        return None

    def take_error(self) -> int:
        """SO_ERROR: the errno that was not told yet, once."""
        number, self.error = self.error, 0
        return number

    def _raise(self) -> None:
        number = self.take_error()
        if number:
            raise error(Errno(number))

    # -- data ----------------------------------------------------------------------------------

    def write(self, data: bytes) -> int:
        """Take as much of ``data`` as there is room for, perhaps nothing. ENOTCONN EPIPE, or what
        became of the connection."""
        self._raise()
        if self.shut & 2 or (self._ever_connected and self.state not in (*CAN_SEND, *_CONNECTING)):
            raise error(Errno.EPIPE)
        if self.state not in CAN_SEND:
            if self.state in _CONNECTING:
                return 0
            raise error(Errno.EPIPE)
        size = min(len(data), self.room)
        if size:
            self.sendq.data += data[:size] if size < len(data) else data
            output.push(self)
        return size

    @property
    def _ever_connected(self) -> bool:
        return self._ever or self.irs != 0

    def read(self, count: int, peek: bool = False) -> bytes | None:
        """Up to ``count`` bytes; b"" at the end, None if there is nothing yet. ENOTCONN, or what
        became of the connection, once."""
        queue = self.recvq
        if queue and count > 0:
            data = bytes(queue[:count])
            if not peek:
                del queue[: len(data)]
                self.copied += len(data)
                window.adjust(self)
                if receive.taken(self, len(data)):
                    output.send_ack(self)
            return data
        if self.state == TcpState.LISTEN:
            raise error(Errno.ENOTCONN)
        if self.error:
            self._raise()
        if self.eof:
            if self.state == TcpState.CLOSED and not self._ever_connected:
                raise error(Errno.ENOTCONN)
            return b""
        return None if count > 0 else b""

    # -- closing -------------------------------------------------------------------------------

    def shutdown(self, how: int) -> None:
        """shutdown(2). ENOTCONN EINVAL."""
        if how not in (SHUT_RD, SHUT_WR, SHUT_RDWR):
            raise error(Errno.EINVAL)
        if self.state == TcpState.CLOSED:
            raise error(Errno.ENOTCONN)
        if self.state == TcpState.SYN_SENT:
            self.tcp.done(self)
            self.shut |= how + 1
            return
        self.shut |= how + 1
        if how != SHUT_RD:
            self._finish()
        self.notify()

    def _finish(self) -> None:
        """Send a FIN after everything that was written (CLOSE, RFC 9293 3.10.4)."""
        after = _CLOSES.get(self.state)
        if after is None or self.fin_queued:
            return
        before, self.state = self.state, after
        self.fin_queued = True
        self.tcp.moved(self, before)
        output.push(self, flush=True)

    def close(self) -> None:
        """close(2): nobody has it any more. It goes on by itself until all is sent and told.

        Data that was not read, or SO_LINGER with 0 s, make it a reset (RFC 2525 2.17).
        """
        tcp = self.tcp
        if self.orphan:
            return
        self.orphan = True
        self.shut = 3
        state = self.state
        if state == TcpState.SYN_SENT or state in _OVER:
            tcp.done(self)
            return
        tcp.tidy()
        if self.recvq:
            tcp.count("TcpExtTCPAbortOnClose")
            self.recvq.clear()
            tcp.abort(self)
            return
        if self.linger == 0:
            tcp.count("TcpExtTCPAbortOnData")
            tcp.abort(self)
            return
        self._finish()
        self.keep.clear()
        if self.state == TcpState.FIN_WAIT2:
            tcp.linger(self)
            return
        if self.state == TcpState.CLOSED:
            return
        tcp.orphans[self] = None
        if tcp.too_many_orphans():
            tcp.count("TcpExtTCPAbortOnMemory")
            tcp.stack.printk(6, "TCP: too many orphaned sockets")
            tcp.abort(self)

    def abort(self) -> None:
        """Reset it and let go of it."""
        self.orphan = True
        self.shut = 3
        self.tcp.abort(self)

    # -- options that act at once --------------------------------------------------------------

    @property
    def nodelay(self) -> bool:
        """TCP_NODELAY."""
        return self._nodelay

    @nodelay.setter
    def nodelay(self, on: bool) -> None:
        self._nodelay = bool(on)
        if on:
            output.push(self, flush=not self._cork)

    @property
    def cork(self) -> bool:
        """TCP_CORK."""
        return self._cork

    @cork.setter
    def cork(self, on: bool) -> None:
        self._cork = bool(on)
        if not on:
            output.push(self, flush=True)

    @property
    def keepalive(self) -> bool:
        """SO_KEEPALIVE."""
        return self.keep_on

    @keepalive.setter
    def keepalive(self, on: bool) -> None:
        self.keep_on = bool(on)
        timers.keep_alive(self)

    @property
    def mss(self) -> int:
        """TCP_MAXSEG: what was asked for until there is a connection, then what is in use."""
        if self.state in _OVER:
            return self.user_mss
        return output.current_mss(self)

    @mss.setter
    def mss(self, size: int) -> None:
        self.user_mss = size
        if size and self.state not in _OVER:
            self.mss_clamp = min(self.mss_clamp, size)
            output.sync_mss(self)

    @property
    def quickack(self) -> bool:
        """TCP_QUICKACK: whether acknowledgements are not delayed now."""
        return not self.pingpong

    @quickack.setter
    def quickack(self, on: bool) -> None:
        self.pingpong = not on
        if on and self.ack_due:
            output.send_ack(self)

    @property
    def congestion(self) -> str:
        """TCP_CONGESTION."""
        return self.cc.name

    @congestion.setter
    def congestion(self, name: str) -> None:
        """ENOENT if there is no such algorithm."""
        if name not in ALGORITHMS:
            raise error(Errno.ENOENT)
        self.cc = ALGORITHMS[name]()

    def set_rcvbuf(self, size: int) -> None:
        """SO_RCVBUF, doubled already: from now on it stays what it is."""
        self.rcvbuf, self.rcvbuf_locked = size, True

    def set_sndbuf(self, size: int) -> None:
        """SO_SNDBUF, likewise."""
        self.sndbuf, self.sndbuf_locked = size, True
        self.notify()

    def info(self) -> TcpInfo:
        """TCP_INFO."""
        return info(self)

    # -- alarms --------------------------------------------------------------------------------

    def _ring(self) -> None:
        timers.rung(self)

    def _ring_delack(self) -> None:
        timers.delayed(self)

    def _ring_keep(self) -> None:
        timers.kept(self)
