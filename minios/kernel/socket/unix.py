"""AF_UNIX: sockets between processes of one machine (unix(7)).

A bound name is a node of type ``s``, whose ``driver`` is the socket as long as that lives, or an
abstract name, kept in ``kernel.sockets.abstract``. Data lies in the queue of who is to receive it.
"""

from __future__ import annotations

from collections import deque
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.signals import Sig
from minios.abi.sockets import (
    AF_UNIX,
    MSG_NOSIGNAL,
    MSG_PEEK,
    MSG_WAITALL,
    SHUT_RD,
    SHUT_RDWR,
    SHUT_WR,
    SO_PEERCRED,
    SOCK_DGRAM,
    SOCK_RAW,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
    UNIX_PATH_MAX,
    Address,
    Ucred,
)
from minios.fs.access import MAY_WRITE, require, require_change
from minios.kernel.files.file import File
from minios.kernel.files.pipe import SOFT_LIMIT
from minios.kernel.process import limit
from minios.kernel.socket.sock import Received, Sock, SocketFile, Wait
from minios.kernel.sysctl import value
from minios.kernel.wait import About, WaitQueue

if TYPE_CHECKING:
    from minios.fs.inode import Inode
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

_NOBODY = Ucred(0, -1, -1)
_SMALL = 4096
"""Bytes that a queue holds when all pipes and queues together hold too much."""


class Packet:
    """What one send put into a queue. ``data`` of a stream is eaten from the front."""

    __slots__ = ("address", "cred", "data", "files")

    def __init__(self, data: bytes, address: Address, cred: Ucred, files: tuple[File, ...]) -> None:
        self.data = data
        self.address = address
        self.cred = cred
        self.files = files

    def state(self) -> Any:
        held = blake2b(self.data, digest_size=16).digest()
        # Not what a socket holds in its turn: it may be on its way through itself.
        files = [File.state(file) for file in self.files]
        return (len(self.data), held, self.cred, files)


class UnixSock(Sock):
    """One end. ``peer`` is the other one of a connection, or where a datagram socket sends.

    ``shut`` has bit 1 when it will receive no more and bit 2 when it will send no more. ``number``
    is the order of its making.
    """

    __slots__ = (
        "_inode",
        "_stream",
        "accepting",
        "address",
        "backlog",
        "closed",
        "connecting",
        "cred",
        "made_by",
        "number",
        "peer",
        "pending",
        "queue",
        "shut",
        "size",
    )  # fmt: skip

    def __init__(self, kernel: Kernel, pcb: PCB, type: int) -> None:
        super().__init__(kernel, AF_UNIX, type, 0)
        self._stream = type == SOCK_STREAM
        self.can_read.name = (
            "unix_stream_read_generic" if self._stream else "__skb_wait_for_more_packets"
        )
        self.can_read.key = flags.POLLIN
        self.can_write.key = flags.POLLOUT
        self.address: bytes = b""
        self._inode: Inode | None = None
        self.peer: UnixSock | None = None
        self.queue: deque[Packet] = deque()
        self.size = 0
        self.backlog = -1
        self.pending: deque[UnixSock] = deque()
        self.connecting = WaitQueue(kernel, "unix_wait_for_peer")
        self.made_by = Ucred(pcb.pid, pcb.euid, pcb.egid)
        self.cred = _NOBODY
        """Who is at the other end (SO_PEERCRED)."""
        self.shut = 0
        self.closed = False
        self.can_read.about = lambda: self._about("until something comes", "somebody who connects")
        self.can_write.about = lambda: self._about("until the other end reads", "")
        self.connecting.about = lambda: About(
            "socket", "until there is room in its queue", tuple(_users(kernel, self))
        )
        kernel.sockets.made += 1
        self.number = kernel.sockets.made
        kernel.sockets.unix[self.number] = self

    def _about(self, text: str, outside: str) -> About:
        """What a sleeper waits for: whoever has the other end."""
        if self.peer is None:
            return About("socket", text, (), outside)
        return About("socket", text, tuple(_users(self.kernel, self.peer)))

    # -- names ---------------------------------------------------------------------------------

    def bind(self, pcb: PCB, address: Address) -> None:
        if not isinstance(address, bytes):
            raise error(Errno.EFAULT)
        if len(address) > UNIX_PATH_MAX:
            raise error(Errno.EINVAL)
        require_change(pcb)
        kernel = self.kernel
        if not address:
            if self.address:
                return
            address = self._unused_name()
        if address[0] == 0:
            if self.address:
                raise error(Errno.EINVAL)
            if (address, self.type) in kernel.sockets.abstract:
                raise error(Errno.EADDRINUSE)
            kernel.sockets.abstract[address, self.type] = self
        else:
            mode = flags.S_IFSOCK | 0o777 & ~pcb.umask
            try:
                inode = kernel.vfs.mknod(pcb, pcb.cwd, address, mode).inode
            except OSError as err:
                if err.errno == Errno.EEXIST:
                    raise error(Errno.EADDRINUSE) from None
                raise
            if self.address:  # only now, as in Linux
                kernel.vfs.unlink(pcb, pcb.cwd, address)
                raise error(Errno.EINVAL)
            self._inode = inode
            inode.driver = self
        self.address = address

    def _unused_name(self) -> bytes:
        """Autobind: an abstract name of five hexadecimal digits (unix(7))."""
        for number in range(1 << 20):
            name = b"\0%05x" % number
            if (name, self.type) not in self.kernel.sockets.abstract:
                return name
        raise error(Errno.ENOSPC)

    def _find(self, pcb: PCB, address: Address) -> UnixSock:
        """The socket that a name leads to. EACCES ECONNREFUSED ENOENT EPROTOTYPE …"""
        if not isinstance(address, bytes):
            raise error(Errno.EFAULT)
        if not address or len(address) > UNIX_PATH_MAX:
            raise error(Errno.EINVAL)
        kernel = self.kernel
        if address[0] == 0:
            found = kernel.sockets.abstract.get((address, self.type))
        else:
            inode = kernel.vfs.walk(pcb, pcb.cwd, address).inode
            require(pcb, inode, MAY_WRITE)
            found = inode.driver
        if not isinstance(found, UnixSock) or found.closed or found.kernel is not kernel:
            raise error(Errno.ECONNREFUSED)
        if found.type != self.type:
            raise error(Errno.EPROTOTYPE)
        return found

    def name(self) -> Address:
        return self.address

    def peer_name(self) -> Address:
        if self.peer is None:
            raise error(Errno.ENOTCONN)
        return self.peer.address

    # -- connections ---------------------------------------------------------------------------

    @property
    def listening(self) -> bool:
        return self.backlog >= 0

    def pair(self, pcb: PCB, other: UnixSock) -> None:
        """socketpair(2)."""
        self.peer, other.peer = other, self
        self.cred = other.cred = self.made_by

    def listen(self, pcb: PCB, backlog: int) -> None:
        if self.type not in (SOCK_STREAM, SOCK_SEQPACKET):
            raise error(Errno.EOPNOTSUPP)
        if not self.address or self.peer is not None:
            raise error(Errno.EINVAL)
        most = value(self.kernel, "net.core.somaxconn")
        self.backlog = backlog if 0 <= backlog <= most else most
        self.made_by = Ucred(pcb.pid, pcb.euid, pcb.egid)
        self.connecting.wake()

    def accept(self, pcb: PCB, nonblock: bool) -> UnixSock | Wait:
        if self.type not in (SOCK_STREAM, SOCK_SEQPACKET):
            raise error(Errno.EOPNOTSUPP)
        if not self.listening:
            raise error(Errno.EINVAL)
        if not self.pending:
            if self.shut & 1 and not nonblock:
                raise error(Errno.EINVAL)
            return self.wait(pcb, self.can_read, self.rcvtimeo, nonblock)
        sock = self.pending.popleft()
        self.connecting.wake()
        return sock

    def connect(self, pcb: PCB, address: Address, nonblock: bool) -> Wait | None:
        if pcb.judge:
            raise error(Errno.EROFS)
        if self.type == SOCK_DGRAM:
            self._aim(pcb, address)
            return None
        found = self._find(pcb, address)
        if not found.listening or found.shut & 1:
            raise error(Errno.ECONNREFUSED)
        if len(found.pending) > found.backlog:
            return self.wait(pcb, found.connecting, self.sndtimeo, nonblock)
        if self.peer is not None or self.listening:
            raise error(Errno.EINVAL if self.listening else Errno.EISCONN)
        end = UnixSock(self.kernel, pcb, self.type)
        end.address, end._inode = found.address, None
        end.peer, self.peer = self, end
        end.cred, self.cred = Ucred(pcb.pid, pcb.euid, pcb.egid), found.made_by
        found.pending.append(end)
        found.can_read.wake()
        return None

    def _aim(self, pcb: PCB, address: Address) -> None:
        """A datagram socket's connect: where it sends, and from whom alone it receives."""
        found = self._find(pcb, address) if address else None
        if found is not None and found.peer is not None and found.peer is not self:
            raise error(Errno.EPERM)
        old, self.peer = self.peer, found
        if old is not None and old is not found:
            self._parted(old)

    def _parted(self, old: UnixSock) -> None:
        """A datagram socket has another peer, or none: what the old one sent is lost, and it is
        told."""
        if self.queue:
            self.discard()
            self.wake_all()
            if not old.closed and old.peer is self:
                old.error = int(Errno.ECONNRESET)
                old.wake_all()

    # -- sending -------------------------------------------------------------------------------

    def room(self) -> int:
        """Bytes that this queue still takes."""
        full = self.kernel.pipe_bytes >= SOFT_LIMIT
        return min(self.rcvbuf, _SMALL if full else self.rcvbuf) - self.size

    def send(
        self, pcb: PCB, data: bytes, mflags: int, address: Address, files: tuple[File, ...],
        nonblock: bool,
    ) -> int | Wait:  # fmt: skip
        if files:
            self._may_pass(pcb, len(files))
        if self.type == SOCK_DGRAM:
            return self._send_datagram(pcb, data, address, files, nonblock)
        peer = self.peer
        if self._stream and address is not None and address != b"":
            raise error(Errno.EISCONN if peer is not None else Errno.EOPNOTSUPP)
        done: int = pcb.progress or 0
        if peer is None:
            raise error(Errno.ENOTCONN)
        total = len(data)
        if not self._stream and total > self.sndbuf - 32:
            raise error(Errno.EMSGSIZE)
        if not self._stream:
            self.take_error()
        if self.shut & 2 or peer.closed or peer.shut & 1:
            if done:
                return done
            if self._stream and not mflags & MSG_NOSIGNAL:
                self.kernel.signal(pcb, Sig.SIGPIPE)
            raise error(Errno.EPIPE)
        self.take_error()
        room = peer.room()
        if not self._stream:
            if room >= total or not peer.queue:
                peer.put(Packet(data, b"", self._who(pcb), _held(files)))
                return total
            return self.wait(pcb, self.can_write, self.sndtimeo, nonblock)
        if room > 0 and total:
            piece = data[done : done + room]
            peer.put(Packet(piece, b"", self._who(pcb), _held(files) if not done else ()))
            done += len(piece)
        if done == total:
            return total
        if done and nonblock:
            return done
        queue = self.wait(pcb, self.can_write, self.sndtimeo, nonblock)
        if done:
            pcb.progress = done
        return queue

    def _send_datagram(
        self, pcb: PCB, data: bytes, address: Address, files: tuple[File, ...], nonblock: bool
    ) -> int | Wait:
        if len(data) > self.sndbuf - 32:
            raise error(Errno.EMSGSIZE)
        self.take_error()
        if self.shut & 2:
            raise error(Errno.EPIPE)
        if address is None or address == b"":
            target = self.peer
            if target is None:
                raise error(Errno.ENOTCONN)
            if target.closed:
                self.peer = None
                self._parted(target)
                raise error(Errno.ECONNREFUSED)
        else:
            if pcb.judge:
                raise error(Errno.EROFS)
            target = self._find(pcb, address)
        if target.peer is not None and target.peer is not self:
            raise error(Errno.EPERM)
        if target.shut & 1:
            raise error(Errno.EPIPE)
        crowded = len(target.queue) > value(self.kernel, "net.unix.max_dgram_qlen")
        if crowded or (target.queue and target.room() < len(data)):
            return self.wait(pcb, target.connecting, self.sndtimeo, nonblock)
        target.put(Packet(data, self.address, self._who(pcb), _held(files)))
        return len(data)

    def _who(self, pcb: PCB) -> Ucred:
        return Ucred(pcb.pid, pcb.euid, pcb.egid)

    def _may_pass(self, pcb: PCB, count: int) -> None:
        """ETOOMANYREFS when as many descriptors are under way as the caller may have open."""
        if self.kernel.sockets.in_flight + count > limit(pcb, flags.RLIMIT_NOFILE):
            raise error(Errno.ETOOMANYREFS)

    def put(self, packet: Packet) -> None:
        """Queue what arrived."""
        self.queue.append(packet)
        self.size += len(packet.data)
        self.kernel.pipe_bytes += len(packet.data)
        self.kernel.sockets.in_flight += len(packet.files)
        self.can_read.wake()

    # -- receiving -----------------------------------------------------------------------------

    def receive(self, pcb: PCB, count: int, mflags: int, nonblock: bool) -> Received | Wait:
        if self.type != SOCK_DGRAM and self.peer is None:
            raise error(Errno.EINVAL if self._stream else Errno.ENOTCONN)
        if not self._stream:
            self.take_error()
        if not self.queue:
            self.take_error()
            at_end = self.shut & 1 and not (nonblock and self.type == SOCK_DGRAM)
            if at_end or (not count and self._stream):
                return Received(b"")
            return self.wait(pcb, self.can_read, self.rcvtimeo, nonblock)
        if not self._stream:
            return self._receive_packet(count, mflags)
        want_all = mflags & MSG_WAITALL and not self.shut & 1 and not nonblock
        if want_all and self.size < min(count, self.rcvbuf):
            return self.wait(pcb, self.can_read, self.rcvtimeo, nonblock)
        return self._receive_stream(count, mflags)

    def _receive_packet(self, count: int, mflags: int) -> Received:
        packet = self.queue[0]
        files = packet.files
        if mflags & MSG_PEEK:
            files = _held(files)
        else:
            self.queue.popleft()
            self._took(len(packet.data), len(files))
        data = packet.data[:count]
        return Received(data, packet.address, files, len(packet.data) > count, packet.cred)

    def _receive_stream(self, count: int, mflags: int) -> Received:
        """Bytes of several sends, as long as no descriptors come in between."""
        first = self.queue[0]
        files = first.files
        pieces: list[bytes] = []
        peeked = 0
        while count and peeked < len(self.queue):
            packet = self.queue[peeked]
            if packet.files and packet is not first:
                break
            piece = packet.data[:count]
            pieces.append(piece)
            count -= len(piece)
            if mflags & MSG_PEEK:
                peeked += 1
                continue
            taken = len(packet.files)
            packet.files = ()
            whole = len(piece) == len(packet.data)
            if whole:
                self.queue.popleft()
            else:
                packet.data = packet.data[len(piece) :]
            self._took(len(piece), taken, whole=whole)
            if taken:
                break
        if mflags & MSG_PEEK:
            files = _held(files)
        address = self.peer.address if self.peer is not None else b""
        return Received(b"".join(pieces), address, files, False, first.cred)

    def _took(self, count: int, files: int, *, whole: bool = True) -> None:
        """Room has become free; who watches it is told when it was that of a whole packet."""
        self.size -= count
        self.kernel.pipe_bytes -= count
        self.kernel.sockets.in_flight -= files
        if self.peer is not None and (whole or self.peer.can_write.sleepers):
            self.peer.can_write.wake()
        if self.type == SOCK_DGRAM:
            self.connecting.wake()

    @property
    def waiting(self) -> int:
        if self._stream:
            return self.size
        return len(self.queue[0].data) if self.queue else 0

    # -- the end -------------------------------------------------------------------------------

    def shutdown(self, how: int) -> None:
        mine = {SHUT_RD: 1, SHUT_WR: 2, SHUT_RDWR: 3}[how]
        self.shut |= mine
        self.wake_all()
        peer = self.peer
        if peer is not None and self.type != SOCK_DGRAM:
            peer.shut |= (mine & 1) << 1 | mine >> 1
            peer.wake_all()

    def wake_all(self) -> None:
        """Whoever waits looks again."""
        self.can_read.wake(0)
        self.can_write.wake(0)
        self.connecting.wake()

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        kernel = self.kernel
        del kernel.sockets.unix[self.number]
        if self._inode is not None:
            self._inode.driver = None
        if kernel.sockets.abstract.get((self.address, self.type)) is self:
            del kernel.sockets.abstract[self.address, self.type]
        for end in self.pending:
            end.close()
            if end.peer is not None:
                end.peer.error = int(Errno.ECONNRESET)
        self.pending.clear()
        peer = self.peer
        if peer is not None and self.type != SOCK_DGRAM:
            peer.shut = 3
            if self.size or len(self.queue) > 1:
                peer.error = int(Errno.ECONNRESET)
            peer.wake_all()
        self.discard()
        self.wake_all()
        if kernel.sockets.in_flight:
            collect(kernel)

    def discard(self) -> None:
        """Throw away what was not received."""
        packets, self.queue = self.queue, deque()
        kernel = self.kernel
        kernel.pipe_bytes -= self.size
        self.size = 0
        for packet in packets:
            kernel.sockets.in_flight -= len(packet.files)
            for file in packet.files:
                file.drop()

    # -- looking -------------------------------------------------------------------------------

    def poll(self) -> int:
        events = 0
        if self.queue or self.pending or self.shut & 1:
            events |= flags.POLLIN
        if self.shut & 1:
            events |= flags.POLLRDHUP
        if self.error:
            events |= flags.POLLERR
        if self.shut == 3:
            events |= flags.POLLHUP
        if self.type == SOCK_DGRAM:
            peer = self.peer
            if peer is None or len(peer.queue) <= value(self.kernel, "net.unix.max_dgram_qlen"):
                events |= flags.POLLOUT
            return events
        if self.peer is None and not self.listening:
            events |= flags.POLLHUP
        if not self.listening and (self.peer is None or self.shut & 2 or self.peer.room() > 0):
            events |= flags.POLLOUT
        return events

    def queues(self) -> tuple[WaitQueue, ...]:
        if self.type == SOCK_DGRAM and self.peer is not None:
            return (self.can_read, self.can_write, self.peer.connecting)
        return (self.can_read, self.can_write)

    def getsockopt(self, level: int, option: int) -> Any:
        if level == SOL_SOCKET and option == SO_PEERCRED:
            return self.cred
        return super().getsockopt(level, option)

    def state(self) -> Any:
        """Plain data for the digest; connections that nobody accepted yet are part of it."""
        return (
            self.number, self.type, self.address, self.peer.number if self.peer else 0,
            self.backlog, self.cred, self.shut, self.error, self.rcvbuf, self.sndbuf,
            sorted(self.options.items()), [packet.state() for packet in self.queue],
            [end.state() for end in self.pending],
        )  # fmt: skip


def create(kernel: Kernel, pcb: PCB, type: int, protocol: int) -> UnixSock:
    """socket(2) of AF_UNIX. EPROTONOSUPPORT ESOCKTNOSUPPORT."""
    if protocol not in (0, AF_UNIX):
        raise error(Errno.EPROTONOSUPPORT)
    if type == SOCK_RAW:
        type = SOCK_DGRAM
    if type not in (SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET):
        raise error(Errno.ESOCKTNOSUPPORT)
    return UnixSock(kernel, pcb, type)


def _users(kernel: Kernel, sock: UnixSock) -> list[int]:
    """The pids that have a socket open."""
    return [
        pcb.pid
        for pcb in kernel.processes.values()
        if pcb.fds is not None
        and any(isinstance(f, SocketFile) and f.sock is sock for _, f in pcb.fds.items())
    ]


def _held(files: tuple[File, ...]) -> tuple[File, ...]:
    """The same files with one more hold on each."""
    for file in files:
        file.refs += 1
    return files


def collect(kernel: Kernel) -> None:
    """Close sockets that only messages in each other's queues hold (unix(7)'s garbage collector).

    What somebody has open is reachable, and what lies in the queue of something reachable; the rest
    of what is under way is lost for everybody.
    """
    flying: dict[File, int] = {}
    for sock in kernel.sockets.unix.values():
        for packet in sock.queue:
            for file in packet.files:
                flying[file] = flying.get(file, 0) + 1
    inside = {file.sock: file for file in flying if isinstance(file, SocketFile)}
    todo = [
        sock
        for sock in kernel.sockets.unix.values()
        if sock not in inside or inside[sock].refs > flying[inside[sock]]
    ]
    seen: dict[Sock, None] = dict.fromkeys(todo)
    while todo:
        sock = todo.pop()
        for packet in (p for end in (sock, *sock.pending) for p in end.queue):
            for file in packet.files:
                if isinstance(file, SocketFile) and file.sock not in seen:
                    assert isinstance(file.sock, UnixSock)
                    seen[file.sock] = None
                    todo.append(file.sock)
    for sock in list(kernel.sockets.unix.values()):
        if sock not in seen and not sock.closed:
            sock.discard()


def listing(kernel: Kernel) -> bytes:
    """/proc/net/unix: one line a socket, an abstract name with ``@`` for its NULs."""
    lines = [b"Num       RefCount Protocol Flags    Type St Inode Path\n"]
    for sock in kernel.sockets.unix.values():
        accepting = 0x10000 if sock.listening else 0
        status = 3 if sock.peer is not None and sock.type != SOCK_DGRAM else 1
        if not sock.ino:
            status = 2
        line = b"%08x: %08X %08X %08X %04X %02X %5d" % (
            sock.number, 3 if sock.peer is not None else 2, 0, accepting, sock.type, status,
            sock.ino,
        )  # fmt: skip
        if sock.address:
            line += b" " + sock.address.replace(b"\0", b"@")
        lines.append(line + b"\n")
    return b"".join(lines)
