"""System calls about sockets: section 2, one function each. What they do is the family's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.abi.sockets import (
    AF_INET,
    AF_NETLINK,
    AF_PACKET,
    AF_UNIX,
    MSG_CMSG_CLOEXEC,
    MSG_CTRUNC,
    MSG_TRUNC,
    SHUT_RDWR,
    SO_PASSCRED,
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
    Address,
    Control,
    Message,
)
from minios.abi.syscalls import NR
from minios.kernel.files.file import MAX_RW, File, max_fds, require_room
from minios.kernel.socket import unix
from minios.kernel.socket.sock import Received, Sock, SocketFile

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


def _inet(kernel: Kernel, pcb: PCB, type: int, protocol: int) -> Sock:
    from minios.kernel.socket.inet import create  # for machines with a network, and large

    return create(kernel, pcb, type, protocol)


def _packet(kernel: Kernel, pcb: PCB, type: int, protocol: int) -> Sock:
    from minios.kernel.socket.packet import create

    return create(kernel, pcb, type, protocol)


def _netlink(kernel: Kernel, pcb: PCB, type: int, protocol: int) -> Sock:
    from minios.kernel.socket.netlink import create

    return create(kernel, pcb, type, protocol)


FAMILIES: dict[int, Callable[[Kernel, PCB, int, int], Sock]] = {
    AF_UNIX: unix.create,
    AF_INET: _inet,
    AF_PACKET: _packet,
    AF_NETLINK: _netlink,
}
"""By address family: what makes a socket of a type and protocol. ESOCKTNOSUPPORT …"""

SOCK_MAX = 10
"""The greatest type of sockets that there is (SOCK_PACKET)."""

SCM_MAX_FD = 253
"""Descriptors that one message may carry (unix(7))."""


def _int(value: Any) -> int:
    if not isinstance(value, int):
        raise error(Errno.EFAULT)
    return value


def _data(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise error(Errno.EFAULT)
    return value if len(value) <= MAX_RW else value[:MAX_RW]


def _socket(pcb: PCB, fd: int) -> SocketFile:
    """ENOTSOCK EBADF."""
    file = pcb.fds.get(fd)
    if not isinstance(file, SocketFile):
        raise error(Errno.ENOTSOCK)
    return file


def _make(kernel: Kernel, pcb: PCB, family: int, type: int, protocol: int) -> tuple[Sock, int]:
    """A new socket, and the O_ flags of its description. EAFNOSUPPORT EINVAL."""
    extra = _int(type) & ~0xF
    if extra & ~(SOCK_NONBLOCK | SOCK_CLOEXEC) or type & 0xF > SOCK_MAX:
        raise error(Errno.EINVAL)
    create = FAMILIES.get(_int(family))
    if create is None:
        raise error(Errno.EAFNOSUPPORT)
    return create(kernel, pcb, type & 0xF, _int(protocol)), type & SOCK_NONBLOCK


def socket(kernel: Kernel, pcb: PCB, family: int, type: int, protocol: int) -> int:
    """socket(2). EAFNOSUPPORT EINVAL EMFILE ENFILE EPROTONOSUPPORT ESOCKTNOSUPPORT."""
    pcb.fds.free(0, max_fds(pcb))
    require_room(kernel)
    sock, oflag = _make(kernel, pcb, family, type, protocol)
    file = SocketFile(kernel, pcb, sock, oflag)
    return _install(pcb, file, type & SOCK_CLOEXEC)


def _install(pcb: PCB, file: File, cloexec: int) -> int:
    return pcb.fds.install(file, most=max_fds(pcb), cloexec=cloexec != 0)  # type: ignore[no-any-return]


def socketpair(kernel: Kernel, pcb: PCB, family: int, type: int, protocol: int) -> tuple[int, int]:
    """socketpair(2): two connected sockets. EOPNOTSUPP for all but AF_UNIX."""
    first = pcb.fds.free(0, max_fds(pcb))
    pcb.fds.free(first + 1, max_fds(pcb))
    require_room(kernel, 2)
    one, oflag = _make(kernel, pcb, family, type, protocol)
    other, _ = _make(kernel, pcb, family, type, protocol)
    if not isinstance(one, unix.UnixSock) or not isinstance(other, unix.UnixSock):
        raise error(Errno.EOPNOTSUPP)
    one.pair(pcb, other)
    cloexec = type & SOCK_CLOEXEC
    return (
        _install(pcb, SocketFile(kernel, pcb, one, oflag), cloexec),
        _install(pcb, SocketFile(kernel, pcb, other, oflag), cloexec),
    )


def bind(kernel: Kernel, pcb: PCB, fd: int, address: Address) -> None:
    """bind(2). EACCES EADDRINUSE EINVAL (bound already) ENOENT ENOTDIR EROFS …"""
    _socket(pcb, fd).sock.bind(pcb, address)


def listen(kernel: Kernel, pcb: PCB, fd: int, backlog: int) -> None:
    """listen(2). EINVAL EOPNOTSUPP."""
    _socket(pcb, fd).sock.listen(pcb, _int(backlog))


def accept4(kernel: Kernel, pcb: PCB, fd: int, oflag: int) -> Any:
    """accept4(2): the new descriptor and the address of its other end. EAGAIN EINVAL EMFILE."""
    if _int(oflag) & ~(SOCK_NONBLOCK | SOCK_CLOEXEC):
        raise error(Errno.EINVAL)
    file = _socket(pcb, fd)
    pcb.fds.free(0, max_fds(pcb))
    require_room(kernel)
    sock = file.sock.accept(pcb, file.nonblock)
    if not isinstance(sock, Sock):
        return sock
    made = SocketFile(kernel, pcb, sock, oflag & SOCK_NONBLOCK)
    return _install(pcb, made, oflag & SOCK_CLOEXEC), sock.caller()


def connect(kernel: Kernel, pcb: PCB, fd: int, address: Address) -> Any:
    """connect(2). EACCES EAGAIN ECONNREFUSED EISCONN ENOENT EPROTOTYPE …"""
    file = _socket(pcb, fd)
    return file.sock.connect(pcb, address, file.nonblock)


def getsockname(kernel: Kernel, pcb: PCB, fd: int) -> Address:
    return _socket(pcb, fd).sock.name()


def getpeername(kernel: Kernel, pcb: PCB, fd: int) -> Address:
    return _socket(pcb, fd).sock.peer_name()


def sendto(
    kernel: Kernel, pcb: PCB, fd: int, data: bytes, mflags: int, address: Address | None
) -> Any:
    """send(2), sendto(2). EAGAIN ECONNREFUSED EDESTADDRREQ EMSGSIZE ENOTCONN EPIPE …"""
    file = _socket(pcb, fd)
    return file.sock.send(pcb, _data(data), _int(mflags), address, (), not file.blocks(mflags))


def recvfrom(kernel: Kernel, pcb: PCB, fd: int, count: int, mflags: int, named: bool) -> Any:
    """recv(2), recvfrom(2). With MSG_TRUNC a datagram's real length cannot be told by its data:
    see recvmsg. EAGAIN ECONNREFUSED ECONNRESET ENOTCONN."""
    if _int(count) < 0:
        raise error(Errno.EINVAL)
    file = _socket(pcb, fd)
    got = file.sock.receive(pcb, min(count, MAX_RW), _int(mflags), not file.blocks(mflags))
    if not isinstance(got, Received):
        return got
    for sent in got.files:
        sent.drop()
    return (got.data, got.address) if named else got.data


def sendmsg(
    kernel: Kernel, pcb: PCB, fd: int, data: bytes, fds: tuple[int, ...], address: Address | None,
    mflags: int, control: Control = (),
) -> Any:  # fmt: skip
    """sendmsg(2) with SCM_RIGHTS or ``control``. EBADF EINVAL (too many descriptors) ETOOMANYREFS
    and send's."""
    file = _socket(pcb, fd)
    if control:
        if not isinstance(control, tuple) or not all(_is_cmsg(item) for item in control):
            raise error(Errno.EINVAL)
        nonblock = not file.blocks(_int(mflags))
        return file.sock.send_with(pcb, _data(data), mflags, address, control, nonblock)
    if not isinstance(fds, tuple):
        raise error(Errno.EFAULT)
    if len(fds) > SCM_MAX_FD:
        raise error(Errno.EINVAL)
    files = tuple(pcb.fds.get(number) for number in fds)
    return file.sock.send(pcb, _data(data), _int(mflags), address, files, not file.blocks(mflags))


def _is_cmsg(item: Any) -> bool:
    """Whether something is an ancillary message: level, type, content."""
    return (
        isinstance(item, tuple)
        and len(item) == 3
        and isinstance(item[0], int)
        and isinstance(item[1], int)
    )


def recvmsg(kernel: Kernel, pcb: PCB, fd: int, count: int, mflags: int) -> Any:
    """recvmsg(2): descriptors that came along are installed; those for which there is no room are
    closed, and MSG_CTRUNC says so."""
    if _int(count) < 0:
        raise error(Errno.EINVAL)
    file = _socket(pcb, fd)
    got = file.sock.receive(pcb, min(count, MAX_RW), _int(mflags), not file.blocks(mflags))
    if not isinstance(got, Received):
        return got
    told = got.told | (MSG_TRUNC if got.truncated else 0)
    numbers: list[int] = []
    for sent in got.files:
        try:
            numbers.append(_install(pcb, sent, mflags & MSG_CMSG_CLOEXEC))
        except OSError:
            told |= MSG_CTRUNC
        sent.drop()
    cred = got.cred if file.sock.options.get(SO_PASSCRED) else None
    return Message(got.data, got.address, tuple(numbers), told, cred, got.control)


def setsockopt(kernel: Kernel, pcb: PCB, fd: int, level: int, option: int, value: Any) -> None:
    _socket(pcb, fd).sock.setsockopt(pcb, _int(level), _int(option), value)


def getsockopt(kernel: Kernel, pcb: PCB, fd: int, level: int, option: int) -> Any:
    return _socket(pcb, fd).sock.getsockopt(_int(level), _int(option))


def shutdown(kernel: Kernel, pcb: PCB, fd: int, how: int) -> None:
    """shutdown(2). EINVAL ENOTCONN."""
    if not 0 <= _int(how) <= SHUT_RDWR:
        raise error(Errno.EINVAL)
    _socket(pcb, fd).sock.shutdown(how)


CALLS: dict[int, Callable[..., Any]] = {
    NR.socket: socket,
    NR.socketpair: socketpair,
    NR.bind: bind,
    NR.listen: listen,
    NR.accept4: accept4,
    NR.connect: connect,
    NR.getsockname: getsockname,
    NR.getpeername: getpeername,
    NR.sendto: sendto,
    NR.recvfrom: recvfrom,
    NR.sendmsg: sendmsg,
    NR.recvmsg: recvmsg,
    NR.setsockopt: setsockopt,
    NR.getsockopt: getsockopt,
    NR.shutdown: shutdown,
}
