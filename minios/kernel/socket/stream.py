"""TCP sockets of AF_INET (tcp(7)); the protocol is :mod:`minios.net.tcp`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.inet import IPPROTO_TCP, SOL_TCP
from minios.abi.signals import Sig
from minios.abi.sockets import (
    MSG_ERRQUEUE,
    MSG_NOSIGNAL,
    MSG_OOB,
    MSG_PEEK,
    MSG_WAITALL,
    SHUT_RD,
    SHUT_RDWR,
    SHUT_WR,
    SO_ERROR,
    SO_KEEPALIVE,
    SO_LINGER,
    SO_PRIORITY,
    SO_RCVLOWAT,
    SO_REUSEADDR,
    SO_REUSEPORT,
    SOCK_STREAM,
    SOL_SOCKET,
    Address,
    Control,
)
from minios.kernel.socket import tcpoptions
from minios.kernel.socket.inet import InetSock, address
from minios.kernel.socket.sock import Received, Wait
from minios.net.host.address import multicast
from minios.net.tcp.connection import Connection
from minios.net.tcp.listener import Listener
from minios.net.tcp.state import TcpState

if TYPE_CHECKING:
    from minios.kernel.files.file import File
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

OPENING = (TcpState.SYN_SENT, TcpState.SYN_RECV)
NEED_RESET = (
    TcpState.SYN_SENT, TcpState.SYN_RECV, TcpState.ESTABLISHED, TcpState.CLOSE_WAIT,
    TcpState.FIN_WAIT1, TcpState.FIN_WAIT2,
)  # fmt: skip
"""States in which disconnecting is an error that somebody should hear of (tcp_need_reset)."""
ENDED = -2
CAN_SEND = (TcpState.ESTABLISHED, TcpState.CLOSE_WAIT)


class TcpSock(InetSock):
    """One. ``end`` is its connection until it listens; then that is ``listener``, which has taken
    over the connection's port and options.

    ``connecting`` is the call that it is in (SS_CONNECTING): 0, the pid that waits for it, or -1;
    -2 when what came of it was shut down before anybody asked (SS_DISCONNECTING). ``sport`` is
    the port that it had last: getsockname(2) goes on telling it.
    """

    __slots__ = ("connecting", "listener", "nospace", "seen", "shut", "sport")

    end: Connection

    def __init__(self, kernel: Kernel, pcb: PCB, end: Connection) -> None:
        super().__init__(kernel, pcb, SOCK_STREAM, IPPROTO_TCP, end)
        self.can_read.name = self.can_write.name = "wait_woken"
        self.rcvbuf, self.sndbuf = end.rcvbuf, end.sndbuf
        self.listener: Listener | None = None
        self.connecting = 0
        self.shut = 0
        self.sport = 0
        self.nospace = False
        """Whether somebody found no room to write since there was some last."""
        self.seen: tuple[int, Any] = (0, None)
        """The bytes that could be read and the state, when it was last looked at."""

    # -- what the connection tells -----------------------------------------------------------------

    def changed(self) -> None:
        """Wake those for whom something is new: more to read, room again, or another state."""
        if self.listener is not None:
            self.can_read.wake()
            return
        end = self.end
        state = (end.state, end.error, end.eof)
        available, before = end.available, self.seen
        self.seen = (available, state)
        if state != before[1]:
            self.nospace = False
            self.can_read.wake(0)
            self.can_write.wake(0)
            return
        if available > before[0]:
            self.can_read.wake()
        if self.nospace and end.writable:
            self.nospace = False
            self.can_write.wake()

    # -- names ---------------------------------------------------------------------------------

    def bind(self, pcb: PCB, address_: Address) -> None:
        ip, port = address(address_)
        stack = self.stack
        wide = stack.is_broadcast(ip) or multicast(ip)
        if ip and not (wide or stack.is_local(ip) or stack.sysctl["ip_nonlocal_bind"]):
            raise error(Errno.EADDRNOTAVAIL)
        self.may_bind(pcb, port)
        bound = self.end.bind_ is not None
        if self.listener is not None or self.end.state != TcpState.CLOSED or bound:
            raise error(Errno.EINVAL)
        try:
            self.end.bind(ip, port)
        except OSError:
            self.end.local_ip = 0
            raise

    def name(self) -> Address:
        if self.listener is not None:
            return self.listener.local
        ip, port = self.end.local
        return (ip, port or self.sport)

    def peer_name(self) -> Address:
        end = self.end
        if self.listener is not None or end.state in (TcpState.CLOSED, TcpState.SYN_SENT):
            raise error(Errno.ENOTCONN)
        return end.remote

    def caller(self) -> Address:
        # Who was reset before he was accepted still has a name here.
        return self.end.remote

    # -- connecting ----------------------------------------------------------------------------

    def connect(self, pcb: PCB, address_: Address, nonblock: bool) -> Wait | None:
        if address_ == ():
            self._disconnect()
            return None
        ip, port = address(address_)
        end = self.end
        if self.listener is not None:
            raise error(Errno.EISCONN)
        trouble = Errno.EINPROGRESS
        if self.connecting == ENDED:
            raise error(Errno.EINVAL)
        if not self.connecting:
            if end.state != TcpState.CLOSED:
                raise error(Errno.EISCONN)
            end.connect(ip, port)
            self.sport = end.local_port
            self.connecting = pcb.pid
        elif self.connecting != pcb.pid:
            trouble = Errno.EALREADY
        if end.state in OPENING:
            if nonblock or (self.sndtimeo and pcb.expired(self.kernel.world.now)):
                self.connecting = -1
                raise error(trouble)
            return self.wait(pcb, self.can_write, self.sndtimeo, nonblock)
        self.connecting = 0
        if end.state == TcpState.CLOSED:
            number = end.error
            end.disconnect()
            self.shut = 0
            raise error(Errno(number) if number else Errno.ECONNABORTED)
        return None

    def _disconnect(self) -> None:
        """connect(2) to an address of AF_UNSPEC: the connection is reset."""
        if self.listener is not None:
            self._stop_listening()
        else:
            end = self.end
            number = int(Errno.ECONNRESET) if end.state in NEED_RESET else end.error
            end.disconnect()
            end.error = number
        self.connecting = 0
        self.shut = 0
        self.changed()

    # -- listening -----------------------------------------------------------------------------

    @property
    def listening(self) -> bool:
        return self.listener is not None

    def listen(self, pcb: PCB, backlog: int) -> None:
        from minios.kernel.sysctl import value

        most = value(self.kernel, "net.core.somaxconn")
        backlog = backlog if 0 <= backlog <= most else most
        if self.listener is not None:
            self.listener.backlog = backlog
            return
        if self.end.state != TcpState.CLOSED or self.connecting:
            raise error(Errno.EINVAL)
        self.listener = self.end.listen(backlog)
        self.listener.notify = self.changed
        self.can_read.name = "inet_csk_accept"

    def _stop_listening(self) -> None:
        """Whoever was not accepted is reset; the socket is one that does nothing."""
        assert self.listener is not None
        bound = self.listener.local if self.end.keeps_bind else None
        self.sport = self.listener.local[1]
        self.listener.close()
        self.listener = None
        fresh = Connection(self.stack)
        fresh.uid, fresh.ino, fresh.notify = self.end.uid, self.ino, self.changed
        fresh.reuseaddr, fresh.reuseport = self.end.reuseaddr, self.end.reuseport
        if bound is not None:
            fresh.bind(*bound)
        self.end = fresh
        self.seen = (0, None)

    def accept(self, pcb: PCB, nonblock: bool) -> TcpSock | Wait:
        listener = self.listener
        if listener is None:
            raise error(Errno.EINVAL)
        connection = listener.accept()
        if connection is None:
            return self.wait(pcb, self.can_read, self.rcvtimeo, nonblock)
        sock = TcpSock(self.kernel, pcb, connection)
        sock.options = dict(self.options)
        connection.uid = listener.uid
        return sock

    # -- sending -------------------------------------------------------------------------------

    def send(
        self, pcb: PCB, data: bytes, mflags: int, address_: Address, files: tuple[File, ...],
        nonblock: bool,
    ) -> int | Wait:  # fmt: skip
        end = self.end
        done: int = pcb.progress or 0
        if self.listener is None and end.state in OPENING and not end.error:
            return self.wait(pcb, self.can_write, self.sndtimeo, nonblock)
        broken = self.listener is not None or end.state not in CAN_SEND or self.shut & 2
        if end.error or broken:
            if done:
                return done
            raise self._broken(pcb, mflags)
        try:
            done += end.write(data[done:])
        except OSError:
            if done:
                return done
            raise
        if done == len(data):
            return done
        self.nospace = True
        if nonblock or (self.sndtimeo and pcb.expired(self.kernel.world.now)):
            if done:
                return done
            raise error(Errno.EAGAIN)
        if done:
            pcb.progress = done
        return self.wait(pcb, self.can_write, self.sndtimeo, nonblock)

    def _broken(self, pcb: PCB, mflags: int) -> OSError:
        """Nothing can be sent: why it failed, else EPIPE with SIGPIPE."""
        number, self.end.error = self.end.error, 0
        if number and number != Errno.EPIPE:
            return error(Errno(number))
        if not mflags & MSG_NOSIGNAL:
            self.kernel.signal(pcb, Sig.SIGPIPE)
        return error(Errno.EPIPE)

    def send_with(
        self, pcb: PCB, data: bytes, mflags: int, where: Address, control: Control, nonblock: bool
    ) -> Any:
        return self.send(pcb, data, mflags, where, (), nonblock)

    # -- receiving -----------------------------------------------------------------------------

    def receive(self, pcb: PCB, count: int, mflags: int, nonblock: bool) -> Received | Wait:
        if mflags & MSG_ERRQUEUE:
            raise error(Errno.EAGAIN)
        if self.listener is not None:
            raise error(Errno.ENOTCONN)
        if mflags & MSG_OOB:
            raise error(Errno.EINVAL)
        end = self.end
        available = end.available
        least = count if mflags & MSG_WAITALL else self.options.get(SO_RCVLOWAT, 1)
        least = max(min(least, count, end.rcvbuf // 2), min(count, 1))
        over = end.error or end.eof or self.shut & 1
        waited = nonblock or (self.rcvtimeo and pcb.expired(self.kernel.world.now))
        if available and (available >= least or over or waited):
            data = end.read(count, bool(mflags & MSG_PEEK)) or b""
            self.seen = (end.available, self.seen[1])
            return Received(data, ())
        if not over:
            return self.wait(pcb, self.can_read, self.rcvtimeo, nonblock)
        if end.error:
            number, end.error = end.error, 0
            raise error(Errno(number))
        if self.shut & 1 or end.remote_ip:
            return Received(b"", ())
        raise error(Errno.ENOTCONN)

    @property
    def waiting(self) -> int:
        return self.end.available

    @property
    def unsent(self) -> int:
        if self.listener is not None:
            raise error(Errno.EINVAL)
        return len(self.end.sendq.data)

    # -- the end -------------------------------------------------------------------------------

    def shutdown(self, how: int) -> None:
        mine = {SHUT_RD: 1, SHUT_WR: 2, SHUT_RDWR: 3}[how]
        if self.listener is not None:
            if mine & 1:
                self._stop_listening()
                self.changed()
            return
        end = self.end
        if end.state == TcpState.CLOSED:
            if self.connecting:
                self.connecting = ENDED
            self.shut |= mine
            self.can_read.wake()
            self.can_write.wake()
            raise error(Errno.ENOTCONN)
        if end.state in OPENING:
            end.disconnect()
            self.connecting = 0
        else:
            self.shut |= mine
            end.shutdown(how)
        self.can_read.wake()
        self.can_write.wake()

    def close(self) -> None:
        if self.listener is not None:
            self.listener.close()
        else:
            self.end.close()
        self.can_read.wake()
        self.can_write.wake()

    # -- looking -------------------------------------------------------------------------------

    def poll(self) -> int:
        if self.listener is not None:
            return flags.POLLIN if self.listener.pending else 0
        end = self.end
        events = 0
        state = end.state
        reading_over = bool(self.shut & 1) or (end.eof and end.remote_ip != 0)
        if state == TcpState.CLOSED or (self.shut & 2 and reading_over):
            events |= flags.POLLHUP
        if reading_over:
            events |= flags.POLLIN | flags.POLLRDHUP
        if state not in OPENING:
            least = min(self.options.get(SO_RCVLOWAT, 1), end.rcvbuf // 2)
            if end.available >= max(least, 1):
                events |= flags.POLLIN
            if self.shut & 2 or state == TcpState.CLOSED or end.writable:
                events |= flags.POLLOUT
            else:
                self.nospace = True
        if end.error:
            events |= flags.POLLERR
        return events

    # -- options -------------------------------------------------------------------------------

    def getsockopt(self, level: int, option: int) -> Any:
        if level == SOL_TCP:
            return tcpoptions.get(self.end, option)
        if level == SOL_SOCKET and option == SO_ERROR:
            number, self.end.error = self.end.error, 0
            return number
        return super().getsockopt(level, option)

    def setsockopt(self, pcb: PCB, level: int, option: int, value: Any) -> None:
        if level == SOL_TCP:
            tcpoptions.put(self.end, pcb, option, value)
        else:
            super().setsockopt(pcb, level, option, value)

    def option_set(self, option: int) -> None:
        end, value = self.end, self.options.get(option, 0)
        if option == SO_REUSEADDR:
            end.reuseaddr = bool(value)
        elif option == SO_REUSEPORT:
            end.reuseport = bool(value)
        elif option == SO_KEEPALIVE:
            end.keepalive = bool(value)
        elif option == SO_LINGER:
            end.linger = value if value >= 0 else None
        elif option == SO_PRIORITY:
            end.priority = value
        elif option == SO_RCVLOWAT:
            end.rcvlowat = value

    def set_buffers(self, *, sndbuf: int = 0, rcvbuf: int = 0) -> None:
        if sndbuf:
            self.end.set_sndbuf(sndbuf)
            self.sndbuf = sndbuf
        if rcvbuf:
            self.end.set_rcvbuf(rcvbuf)
            self.rcvbuf = rcvbuf

    def state(self) -> Any:
        return (super().state(), self.connecting, self.shut, self.nospace, self.listening)
