"""AF_PACKET: sockets that see frames and send them (packet(7))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_NET_RAW
from minios.abi.errno import Errno, error
from minios.abi.sockets import (
    AF_PACKET,
    MSG_PEEK,
    PACKET_ADD_MEMBERSHIP,
    PACKET_DROP_MEMBERSHIP,
    PACKET_MR_PROMISC,
    PACKET_STATISTICS,
    SO_BINDTODEVICE,
    SO_ERROR,
    SO_RCVBUF,
    SO_RCVBUFFORCE,
    SO_TIMESTAMP,
    SO_TIMESTAMPNS,
    SOCK_DGRAM,
    SOCK_RAW,
    SOL_PACKET,
    SOL_SOCKET,
    Address,
    PacketAddress,
)
from minios.fs.access import capable
from minios.kernel.socket.inet import MEM_MAX, RCVBUF_MIN
from minios.kernel.socket.sock import Received, Sock, Wait
from minios.kernel.wait import About
from minios.net.transport.tap import PacketEndpoint

if TYPE_CHECKING:
    from minios.kernel.files.file import File
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

MAC_MAX = (1 << 48) - 1


def address(value: Any) -> PacketAddress:
    """A sockaddr_ll. EFAULT EINVAL."""
    if not isinstance(value, tuple):
        raise error(Errno.EINVAL if isinstance(value, bytes) else Errno.EFAULT)
    if not 1 <= len(value) <= 5:
        raise error(Errno.EINVAL)
    if not all(isinstance(part, int) for part in value):
        raise error(Errno.EFAULT)
    made = PacketAddress(*value)
    if not (0 <= made.ethertype <= 0xFFFF and 0 <= made.mac <= MAC_MAX):
        raise error(Errno.EFAULT)
    return made


class PacketSock(Sock):
    """One: see :class:`minios.net.transport.tap.PacketEndpoint`."""

    __slots__ = ("end",)

    def __init__(self, kernel: Kernel, pcb: PCB, type: int, ethertype: int) -> None:
        super().__init__(kernel, AF_PACKET, type, ethertype)
        self.end = PacketEndpoint(kernel.net, ethertype, cooked=type == SOCK_DGRAM)
        self.end.uid = pcb.euid
        self.end.notify = self.can_read.wake
        self.rcvbuf = self.end.rcvbuf
        self.sndbuf = MEM_MAX
        self.can_read.name = "packet_recvmsg"
        self.can_read.key = flags.POLLIN
        self.can_write.key = flags.POLLOUT
        self.can_read.about = lambda: About(
            "socket", "until a frame passes", (), "whatever goes over the wire"
        )

    def opened(self) -> None:
        self.end.ino = self.ino

    def bind(self, pcb: PCB, address_: Address) -> None:
        where = address(address_)
        self.end.bind(where.ifindex, where.ethertype)

    def send(
        self, pcb: PCB, data: bytes, mflags: int, address_: Address, files: tuple[File, ...],
        nonblock: bool,
    ) -> int | Wait:  # fmt: skip
        return self.end.send(data, None if address_ is None else address(address_))

    def receive(self, pcb: PCB, count: int, mflags: int, nonblock: bool) -> Received | Wait:
        end = self.end
        number, end.error = end.error, 0
        if number:
            raise error(Errno(number))
        seen = end.receive(peek=bool(mflags & MSG_PEEK))
        if seen is None:
            return self.wait(pcb, self.can_read, self.rcvtimeo, nonblock)
        stamp = next((o for o in (SO_TIMESTAMPNS, SO_TIMESTAMP) if self.options.get(o)), 0)
        control = (
            ((SOL_SOCKET, stamp, self.kernel.machine.epoch + seen.time),) if stamp else ()
        )  # fmt: skip
        return Received(
            seen.data[:count], seen.source, truncated=len(seen.data) > count, control=control
        )

    @property
    def waiting(self) -> int:
        queue = self.end.queue
        return len(queue[0].data) if queue else 0

    def name(self) -> Address:
        end = self.end
        device = end.stack.device(end.ifindex)
        if device is None:
            return PacketAddress(end.ifindex, end.ethertype)
        return PacketAddress(end.ifindex, end.ethertype, 0, device.hatype, device.mac)

    def peer_name(self) -> Address:
        raise error(Errno.EOPNOTSUPP)

    def poll(self) -> int:
        events = flags.POLLOUT
        if self.end.queue:
            events |= flags.POLLIN
        if self.end.error:
            events |= flags.POLLERR
        return events

    def getsockopt(self, level: int, option: int) -> Any:
        if level == SOL_PACKET:
            if option == PACKET_STATISTICS:
                return self.end.statistics()
            raise error(Errno.ENOPROTOOPT)
        if level == SOL_SOCKET and option == SO_ERROR:
            number, self.end.error = self.end.error, 0
            return number
        if level != SOL_SOCKET:
            raise error(Errno.ENOPROTOOPT)
        return super().getsockopt(level, option)

    def setsockopt(self, pcb: PCB, level: int, option: int, value: Any) -> None:
        if level == SOL_PACKET:
            if option not in (PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP):
                raise error(Errno.ENOPROTOOPT)
            if not (isinstance(value, tuple) and len(value) == 2):
                raise error(Errno.EFAULT if not isinstance(value, int) else Errno.EINVAL)
            ifindex, kind = value
            if not isinstance(ifindex, int) or kind != PACKET_MR_PROMISC:
                raise error(Errno.EINVAL)
            self.end.promisc(ifindex, option == PACKET_ADD_MEMBERSHIP)
            return
        if level == SOL_SOCKET and option in (SO_RCVBUF, SO_RCVBUFFORCE):
            if not isinstance(value, int):
                raise error(Errno.EFAULT)
            self.rcvbuf = max(2 * max(0, min(value, MEM_MAX)), RCVBUF_MIN)
            self.end.rcvbuf = self.rcvbuf
            return
        if level == SOL_SOCKET and option == SO_BINDTODEVICE:
            if not isinstance(value, bytes):
                raise error(Errno.EFAULT)
            device = self.end.stack.devices.get(value.split(b"\0")[0].decode("latin-1"))
            if device is None:
                raise error(Errno.ENODEV)
            self.end.bind(device.ifindex, 0)
            return
        super().setsockopt(pcb, level, option, value)

    def close(self) -> None:
        self.end.close()
        self.can_read.wake()

    def state(self) -> Any:
        return (super().state(), self.rcvbuf, self.rcvtimeo, sorted(self.options.items()))


def create(kernel: Kernel, pcb: PCB, type: int, protocol: int) -> PacketSock:
    """socket(2) of AF_PACKET; ``protocol`` is an ethertype, a plain number as all
    are here. EPERM without CAP_NET_RAW, ESOCKTNOSUPPORT."""
    if not capable(pcb, CAP_NET_RAW):
        raise error(Errno.EPERM)
    if type not in (SOCK_RAW, SOCK_DGRAM):
        raise error(Errno.ESOCKTNOSUPPORT)
    return PacketSock(kernel, pcb, type, protocol & 0xFFFF)
