"""AF_INET: what the sockets of the Internet family have in common, and how one is made (ip(7)).

The protocols are in :mod:`minios.net`; a socket here wraps an endpoint of theirs and adds what is
the kernel's: who may do what, sleeping, and the errors of Linux in Linux's order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_NET_ADMIN, CAP_NET_BIND_SERVICE, CAP_NET_RAW
from minios.abi.errno import Errno, error
from minios.abi.inet import IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, SOL_IP
from minios.abi.sockets import (
    AF_INET,
    SO_BINDTODEVICE,
    SO_DEBUG,
    SO_LINGER,
    SO_MARK,
    SO_PEERCRED,
    SO_PRIORITY,
    SO_RCVBUF,
    SO_RCVBUFFORCE,
    SO_RCVLOWAT,
    SO_SNDBUF,
    SO_SNDBUFFORCE,
    SOCK_DGRAM,
    SOCK_RAW,
    SOCK_STREAM,
    SOL_SOCKET,
    Address,
    Control,
    Ucred,
)
from minios.fs.access import capable
from minios.kernel.socket.sock import Sock
from minios.kernel.wait import About

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.net.host.stack import Stack

MEM_MAX = 212_992
"""net.core.rmem_max and wmem_max: what may be asked for; twice as much is given."""
RCVBUF_MIN = 2304
SNDBUF_MIN = 4608
TIOCOUTQ = 0x5411
SIOCGSTAMP = 0x8906

_NETFILTER = 64
"""Options of SOL_IP from here on are netfilter's."""


def address(value: Any) -> tuple[int, int]:
    """A sockaddr_in. EAFNOSUPPORT for one of another family, EFAULT, EINVAL for one too short."""
    if isinstance(value, tuple) and len(value) == 2:
        ip, port = value
        if (
            isinstance(ip, int)
            and isinstance(port, int)
            and 0 <= ip <= 0xFFFF_FFFF
            and 0 <= port <= 0xFFFF
        ):
            return int(ip), int(port)
        raise error(Errno.EFAULT)
    if isinstance(value, bytes):
        raise error(Errno.EAFNOSUPPORT if len(value) > 13 else Errno.EINVAL)
    if isinstance(value, tuple):
        raise error(Errno.EINVAL if len(value) < 2 else Errno.EAFNOSUPPORT)
    raise error(Errno.EFAULT)


class InetSock(Sock):
    """What TCP, UDP, raw and ping sockets share. ``end`` is the endpoint of the protocol."""

    __slots__ = ("end", "stack")

    def __init__(self, kernel: Kernel, pcb: PCB, type: int, protocol: int, end: Any) -> None:
        super().__init__(kernel, AF_INET, type, protocol)
        self.stack: Stack = kernel.net
        self.end = end
        self.rcvbuf = self.sndbuf = MEM_MAX
        self.can_read.key = flags.POLLIN
        self.can_write.key = flags.POLLOUT
        self.can_read.about = lambda: About(
            "socket", "until something comes from the network", (), "whoever sends it something"
        )
        self.can_write.about = lambda: About(
            "socket", "until the network takes more", (), "the other end"
        )
        end.uid = pcb.euid
        end.notify = self.changed

    def opened(self) -> None:
        self.end.ino = self.ino

    def changed(self) -> None:
        """The endpoint has something new: who waits looks again."""
        self.can_read.wake(0)
        self.can_write.wake(0)

    def may_bind(self, pcb: PCB, port: int) -> None:
        """EACCES for a privileged port, unless with CAP_NET_BIND_SERVICE."""
        low = self.stack.sysctl["ip_unprivileged_port_start"]
        if port and port < low and not capable(pcb, CAP_NET_BIND_SERVICE):
            raise error(Errno.EACCES)

    def send_with(
        self, pcb: PCB, data: bytes, mflags: int, where: Address, control: Control, nonblock: bool
    ) -> Any:
        """sendmsg(2) with ancillary messages. EINVAL for those that are not known."""
        return self.send(pcb, data, mflags, where, (), nonblock)

    # -- options -------------------------------------------------------------------------------

    def getsockopt(self, level: int, option: int) -> Any:
        if level == SOL_SOCKET:
            if option == SO_PEERCRED:
                return Ucred(0, -1, -1)
            if option == SO_BINDTODEVICE:
                return self.end.device.encode()
            if option == SO_MARK:
                return self.end.mark
            if option == SO_RCVLOWAT:
                return self.options.get(option, 1)
            if option == SO_LINGER:
                return self._linger()
            return super().getsockopt(level, option)
        if level == SOL_IP:
            if option >= _NETFILTER:
                from minios.kernel.net import netfilter

                return netfilter.getsockopt(self.kernel, self, option)
            from minios.kernel.socket.ipoptions import get

            return get(self, option)
        raise error(Errno.EOPNOTSUPP)

    def setsockopt(self, pcb: PCB, level: int, option: int, value: Any) -> None:
        if level == SOL_IP:
            if option >= _NETFILTER:
                from minios.kernel.net import netfilter

                netfilter.setsockopt(self.kernel, pcb, option, value)
                return
            from minios.kernel.socket.ipoptions import put

            put(self, pcb, option, value)
            return
        if level != SOL_SOCKET:
            raise error(Errno.ENOPROTOOPT)
        if option == SO_BINDTODEVICE:
            self._bind_to_device(pcb, value)
        elif option == SO_LINGER:
            self._set_linger(value)
        elif option in (SO_SNDBUF, SO_RCVBUF, SO_SNDBUFFORCE, SO_RCVBUFFORCE):
            self._set_buffer(pcb, option, value)
        elif option in (SO_PRIORITY, SO_MARK, SO_RCVLOWAT):
            self._set_number(pcb, option, value)
        else:
            if option == SO_DEBUG and value and not capable(pcb, CAP_NET_ADMIN):
                raise error(Errno.EACCES)
            super().setsockopt(pcb, level, option, value)
            self.option_set(option)

    def option_set(self, option: int) -> None:
        """An option of SOL_SOCKET that is on or off has changed."""

    def _linger(self) -> tuple[int, int]:
        """struct linger: whether, and how many seconds."""
        value = self.options.get(SO_LINGER, -1)
        return (int(value >= 0), max(value, 0))

    def _set_linger(self, value: Any) -> None:
        if not (isinstance(value, tuple) and len(value) == 2):
            raise error(Errno.EFAULT if not isinstance(value, int) else Errno.EINVAL)
        on, seconds = value
        if not isinstance(on, int) or not isinstance(seconds, int):
            raise error(Errno.EFAULT)
        self.options[SO_LINGER] = max(0, min(seconds, 0x7FFF)) if on else -1
        self.option_set(SO_LINGER)

    def _set_number(self, pcb: PCB, option: int, value: Any) -> None:
        if not isinstance(value, int):
            raise error(Errno.EFAULT)
        if option == SO_RCVLOWAT:
            self.options[option] = min(max(value, 1) if value >= 0 else 1 << 30, 1 << 30)
        elif option == SO_MARK:
            if not capable(pcb, CAP_NET_ADMIN) and not capable(pcb, CAP_NET_RAW):
                raise error(Errno.EPERM)
            self.end.mark = value & 0xFFFF_FFFF
        else:
            if not 0 <= value <= 6 and not capable(pcb, CAP_NET_ADMIN):
                raise error(Errno.EPERM)
            self.options[option] = value & 0x7FFF_FFFF
        self.option_set(option)

    def _set_buffer(self, pcb: PCB, option: int, value: Any) -> None:
        if not isinstance(value, int):
            raise error(Errno.EFAULT)
        forced = option in (SO_SNDBUFFORCE, SO_RCVBUFFORCE)
        if forced and not capable(pcb, CAP_NET_ADMIN):
            raise error(Errno.EPERM)
        size = 2 * max(0, min(value & 0xFFFF_FFFF, MEM_MAX))
        if option in (SO_SNDBUF, SO_SNDBUFFORCE):
            self.set_buffers(sndbuf=max(size, SNDBUF_MIN))
        else:
            self.set_buffers(rcvbuf=max(size, RCVBUF_MIN))

    def set_buffers(self, *, sndbuf: int = 0, rcvbuf: int = 0) -> None:
        """Change the size of one of the queues, in bytes."""
        self.sndbuf = sndbuf or self.sndbuf
        if rcvbuf:
            self.rcvbuf = self.end.rcvbuf = rcvbuf

    def _bind_to_device(self, pcb: PCB, value: Any) -> None:
        """SO_BINDTODEVICE: a name, or b"" for all devices. ENODEV, EPERM when it is bound."""
        if not isinstance(value, bytes):
            raise error(Errno.EFAULT)
        name = value.split(b"\0")[0].decode("latin-1")[:15]
        if self.end.device and not capable(pcb, CAP_NET_RAW):
            raise error(Errno.EPERM)
        if name and name not in self.stack.devices:
            raise error(Errno.ENODEV)
        self.end.device = name

    def ioctl(self, pcb: PCB, request: int, argument: Any) -> Any:
        """ioctl(2) of sockets. ENOTTY EINVAL."""
        if request == flags.FIONREAD:
            if self.listening:
                raise error(Errno.EINVAL)
            return self.waiting
        if request == TIOCOUTQ:
            return self.unsent
        return super().ioctl(pcb, request, argument)

    @property
    def unsent(self) -> int:
        """Bytes that are not sent and acknowledged yet (TIOCOUTQ)."""
        return 0

    def close(self) -> None:
        self.end.close()
        self.changed()

    def state(self) -> Any:
        """Plain data for the digest; the endpoint is part of the stack's."""
        return (
            super().state(), self.rcvbuf, self.sndbuf, self.rcvtimeo, self.sndtimeo,
            sorted(self.options.items()),
        )  # fmt: skip


def create(kernel: Kernel, pcb: PCB, type: int, protocol: int) -> Sock:
    """socket(2) of AF_INET. EACCES EINVAL EPERM EPROTONOSUPPORT ESOCKTNOSUPPORT."""
    from minios.kernel.socket.datagram import DatagramSock
    from minios.net.transport.raw import PingEndpoint, RawEndpoint
    from minios.net.transport.udp import UdpEndpoint

    if not 0 <= protocol < 263:
        raise error(Errno.EINVAL)
    if type not in (SOCK_STREAM, SOCK_DGRAM, SOCK_RAW):
        raise error(Errno.ESOCKTNOSUPPORT)
    stack = kernel.net
    if type == SOCK_STREAM:
        if protocol not in (0, IPPROTO_TCP):
            raise error(Errno.EPROTONOSUPPORT)
        from minios.kernel.socket.stream import TcpSock
        from minios.net.tcp.connection import Connection

        return TcpSock(kernel, pcb, Connection(stack))
    if type == SOCK_RAW:
        if protocol == 0:
            raise error(Errno.EPROTONOSUPPORT)
        if not capable(pcb, CAP_NET_RAW):
            raise error(Errno.EPERM)
        return DatagramSock(kernel, pcb, type, protocol, RawEndpoint(stack, protocol))
    if protocol == IPPROTO_ICMP:
        return DatagramSock(kernel, pcb, type, protocol, PingEndpoint(stack))
    if protocol not in (0, IPPROTO_UDP):
        raise error(Errno.EPROTONOSUPPORT)
    return DatagramSock(kernel, pcb, type, IPPROTO_UDP, UdpEndpoint(stack))
