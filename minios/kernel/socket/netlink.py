"""AF_NETLINK: messages between a process and the kernel (netlink(7)).

What a process sends is answered at once, into the queue of its socket. A protocol is an entry of
:data:`PROTOCOLS`: a function that takes one message and returns the packed answers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.netlink import (
    NETLINK_ADD_MEMBERSHIP,
    NETLINK_DROP_MEMBERSHIP,
    NETLINK_EXT_ACK,
    NETLINK_NETFILTER,
    NETLINK_ROUTE,
    NETLINK_SOCK_DIAG,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_MULTI,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    SOL_NETLINK,
    NetlinkAddress,
    Nlmsg,
    error_message,
    messages,
)
from minios.abi.sockets import (
    AF_NETLINK,
    MSG_PEEK,
    MSG_TRUNC,
    SOCK_DGRAM,
    SOCK_RAW,
    Address,
)
from minios.kernel.files.file import File
from minios.kernel.socket.sock import Received, Sock, Wait

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

Handler = Callable[["Kernel", "PCB", "NetlinkSock", Nlmsg], list[bytes]]
"""Answers one message. OSError; one with words of its own is told with them."""

DATAGRAM = 8192
"""Answers to one request are packed into datagrams of about this many bytes."""

SENT_MAX = 64 << 10
"""Bytes that one send may carry. EMSGSIZE."""


def _route() -> Handler:
    from minios.kernel.net.rtnetlink.dispatch import handle

    return handle


def _netfilter() -> Handler:
    from minios.kernel.net.netfilter import netlink

    return netlink


def _sock_diag() -> Handler:
    from minios.kernel.net.sockdiag import handle

    return handle


PROTOCOLS: dict[int, Callable[[], Handler]] = {
    NETLINK_ROUTE: _route,
    NETLINK_SOCK_DIAG: _sock_diag,
    NETLINK_NETFILTER: _netfilter,
}
"""By protocol: what finds its handler, imported when it is first needed."""


class NetlinkSock(Sock):
    """One socket. ``groups`` is a mask of the multicast groups it is in."""

    __slots__ = ("_handler", "bound", "groups", "lost", "pid", "queue", "size", "unwatch")

    def __init__(self, kernel: Kernel, type: int, protocol: int, handler: Handler) -> None:
        super().__init__(kernel, AF_NETLINK, type, protocol)
        self.can_read.name = "netlink_recvmsg"
        self._handler = handler
        self.pid = 0
        self.bound = False
        self.groups = 0
        self.queue: deque[tuple[bytes, int]] = deque()
        """Datagrams and the group each was sent to (0: to this socket)."""
        self.size = 0
        self.lost = False
        self.unwatch: Callable[[], None] | None = None
        """Undoes what joining a group did."""

    # -- names ---------------------------------------------------------------------------------

    def bind(self, pcb: PCB, address: Address) -> None:
        """Take a port (0: any) and join groups. EADDRINUSE EINVAL."""
        pid, groups = _address(address)
        if self.bound and pid not in (0, self.pid):
            raise error(Errno.EINVAL)
        if not self.bound:
            self._take(pcb, pid)
        self._join(groups)

    def _take(self, pcb: PCB, pid: int) -> None:
        table = self.kernel.sockets.netlink
        if pid:
            if (self.protocol, pid) in table:
                raise error(Errno.EADDRINUSE)
        else:
            pid = pcb.pid
            candidate = 0xFFFF_F000
            while (self.protocol, pid) in table:
                candidate -= 1
                pid = candidate
        self.pid = pid
        self.bound = True
        table[self.protocol, pid] = self

    def _join(self, groups: int) -> None:
        self.groups = groups
        if groups and self.unwatch is None and self.protocol == NETLINK_ROUTE:
            from minios.kernel.net.rtnetlink.monitor import watch

            self.unwatch = watch(self.kernel, self)
        elif groups and self.unwatch is None and self.protocol == NETLINK_NETFILTER:
            from minios.kernel.net.netfilter import watch as watch_netfilter

            self.unwatch = watch_netfilter(self.kernel, self)

    def connect(self, pcb: PCB, address: Address, nonblock: bool) -> None:
        pid, _ = _address(address)
        if pid:
            raise error(Errno.ECONNREFUSED)
        if not self.bound:
            self._take(pcb, 0)

    def name(self) -> Address:
        return NetlinkAddress(self.pid, self.groups)

    def peer_name(self) -> Address:
        return NetlinkAddress()

    # -- data ----------------------------------------------------------------------------------

    def send(
        self, pcb: PCB, data: bytes, mflags: int, address: Address, files: tuple[File, ...],
        nonblock: bool,
    ) -> int:  # fmt: skip
        """Hand requests to the kernel. ECONNREFUSED (to another process) EMSGSIZE."""
        if address:
            pid, groups = _address(address)
            if pid or groups:
                raise error(Errno.ECONNREFUSED)
        if len(data) > SENT_MAX:
            raise error(Errno.EMSGSIZE)
        if not self.bound:
            self._take(pcb, 0)
        for message in messages(data):
            self._request(pcb, message)
        return len(data)

    def _request(self, pcb: PCB, message: Nlmsg) -> None:
        if message.type < 16 or not message.flags & NLM_F_REQUEST:
            if message.flags & NLM_F_ACK:
                self.put(error_message(message, 0))
            return
        try:
            answers = self._handler(self.kernel, pcb, self, message)
        except OSError as err:
            number = err.errno or Errno.EINVAL
            words = getattr(err, "words", "") if self.options.get(-NETLINK_EXT_ACK) else ""
            self.put(error_message(message, number, words))
            return
        if message.flags & NLM_F_DUMP == NLM_F_DUMP and message.type & 3 == 2:
            done = Nlmsg(NLMSG_DONE, NLM_F_MULTI, message.seq, self.pid, bytes(4)).pack()
            self._put_all([*answers, done])
            return
        self._put_all(answers)
        if message.flags & NLM_F_ACK:
            self.put(error_message(message, 0))

    def _put_all(self, answers: list[bytes]) -> None:
        batch: list[bytes] = []
        size = 0
        for answer in answers:
            if batch and size + len(answer) > DATAGRAM:
                self.put(b"".join(batch))
                batch, size = [], 0
            batch.append(answer)
            size += len(answer)
        if batch:
            self.put(b"".join(batch))

    def put(self, data: bytes, group: int = 0) -> None:
        """A datagram from the kernel. One to a group is lost if there is no room (ENOBUFS)."""
        if group and self.size + len(data) > self.rcvbuf:
            self.lost = True
        else:
            self.queue.append((data, group))
            self.size += len(data)
        self.can_read.wake()

    def multicast(self, group: int, data: bytes) -> None:
        """A datagram to a group, if this socket is in it."""
        if self.groups >> (group - 1) & 1:
            self.put(data, group)

    def receive(self, pcb: PCB, count: int, mflags: int, nonblock: bool) -> Received | Wait:
        if self.lost:
            self.lost = False
            raise error(Errno.ENOBUFS)
        if not self.queue:
            return self.wait(pcb, self.can_read, self.rcvtimeo, nonblock)
        data, group = self.queue[0]
        if not mflags & MSG_PEEK:
            self.queue.popleft()
            self.size -= len(data)
        sender = NetlinkAddress(0, 1 << (group - 1) if group else 0)
        taken = data if mflags & MSG_TRUNC and not count else data[:count]
        return Received(taken, sender, truncated=len(data) > count)

    @property
    def waiting(self) -> int:
        return len(self.queue[0][0]) if self.queue else 0

    def poll(self) -> int:
        return flags.POLLOUT | (flags.POLLIN if self.queue or self.lost else 0)

    # -- options -------------------------------------------------------------------------------

    def setsockopt(self, pcb: PCB, level: int, option: int, value: Any) -> None:
        if level != SOL_NETLINK:
            super().setsockopt(pcb, level, option, value)
            return
        if not isinstance(value, int):
            raise error(Errno.EFAULT)
        if option in (NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP):
            if not 0 < value <= 32:
                raise error(Errno.EINVAL)
            bit = 1 << (value - 1)
            if not self.bound:
                self._take(pcb, 0)
            join = option == NETLINK_ADD_MEMBERSHIP
            self._join(self.groups | bit if join else self.groups & ~bit)
        elif 0 < option < 16:
            self.options[-option] = value
        else:
            raise error(Errno.ENOPROTOOPT)

    def getsockopt(self, level: int, option: int) -> Any:
        if level == SOL_NETLINK:
            return self.options.get(-option, 0)
        return super().getsockopt(level, option)

    def close(self) -> None:
        if self.bound:
            self.kernel.sockets.netlink.pop((self.protocol, self.pid), None)
            self.bound = False
        if self.unwatch is not None:
            self.unwatch()
            self.unwatch = None

    def state(self) -> Any:
        return (super().state(), self.protocol, self.pid, self.groups, list(self.queue), self.lost)


def _address(address: Address) -> tuple[int, int]:
    """The port and groups of a sockaddr_nl. EINVAL."""
    if not (
        isinstance(address, tuple)
        and len(address) == 2
        and all(isinstance(part, int) and 0 <= part < 1 << 32 for part in address)
    ):
        raise error(Errno.EINVAL)
    return address


def create(kernel: Kernel, pcb: PCB, type: int, protocol: int) -> NetlinkSock:
    """socket(AF_NETLINK, …). EPROTONOSUPPORT ESOCKTNOSUPPORT."""
    if type not in (SOCK_RAW, SOCK_DGRAM):
        raise error(Errno.ESOCKTNOSUPPORT)
    find = PROTOCOLS.get(protocol)
    if find is None:
        raise error(Errno.EPROTONOSUPPORT)
    try:
        handler = find()
    except ImportError:
        raise error(Errno.EPROTONOSUPPORT) from None
    return NetlinkSock(kernel, type, protocol, handler)


__all__ = ["NLMSG_ERROR", "PROTOCOLS", "NetlinkSock", "create"]
