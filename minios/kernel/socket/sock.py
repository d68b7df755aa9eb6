"""What every family's sockets have: their methods, their options, and their open description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.sockets import (
    MSG_DONTWAIT,
    SO_ACCEPTCONN,
    SO_DOMAIN,
    SO_ERROR,
    SO_PROTOCOL,
    SO_RCVBUF,
    SO_RCVTIMEO,
    SO_SNDBUF,
    SO_SNDTIMEO,
    SO_TYPE,
    SOL_SOCKET,
    Address,
    Control,
    Ucred,
)
from minios.kernel.files.file import File, anonymous
from minios.kernel.wait import Sleep, WaitQueue

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

BUFFER = 64 << 10
"""SO_SNDBUF and SO_RCVBUF, in bytes, unless set."""
BUFFER_MIN, BUFFER_MAX = 2048, 208 << 10

Wait = WaitQueue | Sleep


class Received(NamedTuple):
    """What a receive took: ``files`` are open descriptions that came along."""

    data: bytes
    address: Address = b""
    files: tuple[File, ...] = ()
    truncated: bool = False
    cred: Ucred | None = None
    control: Control = ()
    told: int = 0
    """Flags of the message besides MSG_TRUNC."""


class Sock:
    """An endpoint. The base class is one that can do nothing: EOPNOTSUPP.

    ``timeouts`` are SO_RCVTIMEO and SO_SNDTIMEO in ns, 0 for none; ``error`` is what SO_ERROR or
    the next call reports, once.
    """

    __slots__ = (
        "can_read", "can_write", "error", "family", "ino", "kernel", "options", "protocol",
        "rcvbuf", "rcvtimeo", "sndbuf", "sndtimeo", "type",
    )  # fmt: skip

    def __init__(self, kernel: Kernel, family: int, type: int, protocol: int) -> None:
        self.kernel = kernel
        self.family = family
        self.type = type
        self.protocol = protocol
        self.ino = 0
        self.error = 0
        self.rcvbuf = self.sndbuf = BUFFER
        self.rcvtimeo = self.sndtimeo = 0
        self.options: dict[int, int] = {}
        """Those of SOL_SOCKET that are only remembered."""
        self.can_read = WaitQueue(kernel, "skb_wait_for_more_packets")
        self.can_write = WaitQueue(kernel, "sock_alloc_send_pskb")

    def bind(self, pcb: PCB, address: Address) -> None:
        raise error(Errno.EOPNOTSUPP)

    def listen(self, pcb: PCB, backlog: int) -> None:
        raise error(Errno.EOPNOTSUPP)

    def accept(self, pcb: PCB, nonblock: bool) -> Sock | Wait:
        """A connection that somebody made."""
        raise error(Errno.EOPNOTSUPP)

    def connect(self, pcb: PCB, address: Address, nonblock: bool) -> Wait | None:
        raise error(Errno.EOPNOTSUPP)

    def send(
        self, pcb: PCB, data: bytes, mflags: int, address: Address, files: tuple[File, ...],
        nonblock: bool,
    ) -> int | Wait:  # fmt: skip
        """How much was taken. ``files`` are descriptions that go along; the socket takes its own
        hold of them."""
        raise error(Errno.EOPNOTSUPP)

    def send_with(
        self, pcb: PCB, data: bytes, mflags: int, where: Address, control: Control, nonblock: bool
    ) -> Any:
        """sendmsg(2) with ancillary messages other than descriptors. EINVAL."""
        raise error(Errno.EINVAL)

    def receive(self, pcb: PCB, count: int, mflags: int, nonblock: bool) -> Received | Wait:
        raise error(Errno.EOPNOTSUPP)

    def shutdown(self, how: int) -> None:
        raise error(Errno.EOPNOTSUPP)

    def ioctl(self, pcb: PCB, request: int, argument: Any) -> Any:
        """ioctl(2). EINVAL ENOTTY."""
        if request == flags.FIONREAD:
            if self.listening:
                raise error(Errno.EINVAL)
            return self.waiting
        if 0x890B <= request <= 0x89FF:  # netdevice(7)
            from minios.kernel.socket.netdevice import ioctl

            return ioctl(self.kernel, pcb, request, argument)
        raise error(Errno.ENOTTY)

    def name(self) -> Address:
        """getsockname(2)."""
        raise error(Errno.EOPNOTSUPP)

    def peer_name(self) -> Address:
        """getpeername(2). ENOTCONN."""
        raise error(Errno.ENOTCONN)

    def caller(self) -> Address:
        """Whose connection this is, as accept(2) says."""
        return self.peer_name()

    @property
    def listening(self) -> bool:
        return False

    @property
    def waiting(self) -> int:
        """Bytes that may be received (FIONREAD)."""
        return 0

    def poll(self) -> int:
        return 0

    def queues(self) -> tuple[WaitQueue, ...]:
        return (self.can_read, self.can_write)

    def opened(self) -> None:
        """There is a descriptor for it; ``ino`` is its inode's."""

    def close(self) -> None:
        """The last descriptor is gone."""

    def state(self) -> Any:
        """Plain data for the digest."""
        return (self.ino, self.family, self.type, self.error)

    # -- shared --------------------------------------------------------------------------------

    def take_error(self) -> None:
        """Raise what went wrong meanwhile, once."""
        number, self.error = self.error, 0
        if number:
            raise error(Errno(number))

    def wait(self, pcb: PCB, queue: WaitQueue, timeout: int, nonblock: bool) -> Wait:
        """Where to sleep; EAGAIN if the caller will not, or has for long enough."""
        if nonblock or (timeout and pcb.expired(self.kernel.world.now)):
            raise error(Errno.EAGAIN)
        return Sleep((queue,), timeout) if timeout else queue

    def getsockopt(self, level: int, option: int) -> Any:
        """getsockopt(2). ENOPROTOOPT EOPNOTSUPP."""
        if level != SOL_SOCKET:
            raise error(Errno.EOPNOTSUPP)
        if option == SO_ERROR:
            number, self.error = self.error, 0
            return number
        known = {
            SO_TYPE: self.type, SO_DOMAIN: self.family, SO_PROTOCOL: self.protocol,
            SO_SNDBUF: self.sndbuf, SO_RCVBUF: self.rcvbuf, SO_ACCEPTCONN: int(self.listening),
            SO_RCVTIMEO: self.rcvtimeo, SO_SNDTIMEO: self.sndtimeo,
        }  # fmt: skip
        if option in known:
            return known[option]
        if not 0 < option < 64:
            raise error(Errno.ENOPROTOOPT)
        return self.options.get(option, 0)

    def setsockopt(self, pcb: PCB, level: int, option: int, value: Any) -> None:
        """setsockopt(2); a buffer size is doubled and kept within bounds, as socket(7) says."""
        if level != SOL_SOCKET or option in (SO_TYPE, SO_ERROR, SO_DOMAIN, SO_PROTOCOL):
            raise error(Errno.ENOPROTOOPT)
        if not isinstance(value, int):
            raise error(Errno.EFAULT)
        if option in (SO_SNDBUF, SO_RCVBUF):
            size = max(BUFFER_MIN, min(2 * max(value, 0), BUFFER_MAX))
            if option == SO_SNDBUF:
                self.sndbuf = size
            else:
                self.rcvbuf = size
        elif option in (SO_RCVTIMEO, SO_SNDTIMEO):
            if not 0 <= value < 1 << 62:
                raise error(Errno.EDOM)
            if option == SO_RCVTIMEO:
                self.rcvtimeo = value
            else:
                self.sndtimeo = value
        elif 0 < option < 64:
            self.options[option] = int(value != 0)
        else:
            raise error(Errno.ENOPROTOOPT)


class SocketFile(File):
    """The open description of a socket."""

    __slots__ = ("sock",)

    def __init__(self, kernel: Kernel, pcb: PCB, sock: Sock, oflag: int = 0) -> None:
        dentry = anonymous(kernel, flags.S_IFSOCK | 0o777, pcb.euid, pcb.egid, b"socket:[%d]")
        super().__init__(kernel, dentry, flags.O_RDWR | oflag)
        self.sock = sock
        sock.ino = self.inode.ino
        sock.opened()

    def read(self, pcb: PCB, count: int) -> bytes | WaitQueue | Sleep:
        got = self.sock.receive(pcb, count, 0, self.nonblock)
        if not isinstance(got, Received):
            return got
        for file in got.files:
            file.drop()
        return got.data

    def write(self, pcb: PCB, data: bytes) -> int | WaitQueue | Sleep:
        return self.sock.send(pcb, data, 0, None, (), self.nonblock)

    def blocks(self, mflags: int) -> bool:
        """Whether a call with these flags may sleep."""
        return not self.nonblock and not mflags & MSG_DONTWAIT

    def ioctl(self, pcb: PCB, request: int, argument: Any) -> Any:
        return self.sock.ioctl(pcb, request, argument)

    def poll(self) -> int:
        return self.sock.poll()

    def queues(self) -> tuple[WaitQueue, ...]:
        return self.sock.queues()

    def close(self) -> None:
        self.sock.close()
        super().close()

    def state(self) -> Any:
        return (super().state(), self.sock.state())
