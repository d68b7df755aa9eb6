"""Datagram sockets of AF_INET: UDP, raw IP, and the echo requests of icmp(7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.inet import (
    ICMP_FILTER,
    IP_PKTINFO,
    IP_RECVERR,
    IP_RECVORIGDSTADDR,
    IP_RECVTOS,
    IP_RECVTTL,
    IP_TOS,
    IP_TTL,
    IPPROTO_ICMP,
    SOL_IP,
    SOL_RAW,
    SOL_UDP,
    UDP_CORK,
)
from minios.abi.sockets import (
    MSG_ERRQUEUE,
    MSG_MORE,
    MSG_OOB,
    MSG_PEEK,
    SHUT_RD,
    SHUT_RDWR,
    SHUT_WR,
    SO_BROADCAST,
    SO_ERROR,
    SO_REUSEADDR,
    SO_REUSEPORT,
    SO_TIMESTAMP,
    SO_TIMESTAMPNS,
    SOCK_RAW,
    SOL_SOCKET,
    Address,
    Control,
    PacketInfo,
)
from minios.kernel.socket.inet import InetSock, address
from minios.kernel.socket.sock import Received, Wait
from minios.net.transport.endpoint import Datagram
from minios.net.transport.raw import PingEndpoint, RawEndpoint
from minios.net.transport.udp import UdpEndpoint

if TYPE_CHECKING:
    from minios.kernel.files.file import File
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


class DatagramSock(InetSock):
    """One. Its endpoint keeps what arrived; ``wanted`` are the options of SOL_IP that ask for
    ancillary messages."""

    __slots__ = ("corking", "wanted")

    end: UdpEndpoint | RawEndpoint | PingEndpoint

    def __init__(
        self, kernel: Kernel, pcb: PCB, type: int, protocol: int,
        end: UdpEndpoint | RawEndpoint | PingEndpoint,
    ) -> None:  # fmt: skip
        super().__init__(kernel, pcb, type, protocol, end)
        self.can_read.name = "__skb_wait_for_more_packets"
        self.wanted: dict[int, int] = {}
        self.corking = False

    @property
    def connected(self) -> bool:
        end = self.end
        return bool(end.remote_ip or end.remote[1])

    # -- names ---------------------------------------------------------------------------------

    def bind(self, pcb: PCB, address_: Address) -> None:
        ip, port = address(address_)
        self.end.check_local(ip)
        if isinstance(self.end, UdpEndpoint):
            self.may_bind(pcb, port)
        elif isinstance(self.end, RawEndpoint) and self.connected:
            raise error(Errno.EINVAL)
        self.end.bind(ip, port)

    def connect(self, pcb: PCB, address_: Address, nonblock: bool) -> None:
        if address_ == ():
            self.end.disconnect()
            return
        ip, port = address(address_)
        self.end.connect(ip, port)

    def name(self) -> Address:
        return self.end.local

    def peer_name(self) -> Address:
        ip, port = self.end.remote
        if (not port and isinstance(self.end, UdpEndpoint)) or not ip:
            raise error(Errno.ENOTCONN)
        return (ip, port)

    # -- sending and receiving -------------------------------------------------------------------

    def send(
        self, pcb: PCB, data: bytes, mflags: int, address_: Address, files: tuple[File, ...],
        nonblock: bool,
    ) -> int | Wait:  # fmt: skip
        return self._send(data, mflags, address_, {})

    def send_with(
        self, pcb: PCB, data: bytes, mflags: int, where: Address, control: Control, nonblock: bool
    ) -> Any:
        return self._send(data, mflags, where, self._ancillary(control))

    def _ancillary(self, control: Control) -> dict[str, Any]:
        """What ancillary messages ask for of one datagram. EINVAL."""
        asked: dict[str, Any] = {}
        for level, kind, value in control:
            if level != SOL_IP:
                continue
            if kind == IP_PKTINFO and isinstance(value, tuple) and len(value) >= 2:
                if value[0]:
                    dev = self.stack.device(value[0])
                    if dev is None:
                        raise error(Errno.ENODEV)
                    asked["oif"] = dev.name
                asked["src"] = value[1]
            elif kind == IP_TTL and isinstance(value, int) and 1 <= value <= 255:
                asked["ttl"] = value
            elif kind == IP_TOS and isinstance(value, int) and 0 <= value <= 255:
                asked["tos"] = value
            else:
                raise error(Errno.EINVAL)
        return asked

    def _send(
        self, data: bytes, mflags: int, address_: Address, asked: dict[str, Any]
    ) -> int | Wait:
        end = self.end
        if mflags & MSG_OOB and self.type != SOCK_RAW:
            raise error(Errno.EOPNOTSUPP)
        dest = None if address_ is None else address(address_)
        more = bool(mflags & MSG_MORE or self.corking) and isinstance(end, UdpEndpoint)
        return end.send(data, dest, more=more, **asked)

    def receive(self, pcb: PCB, count: int, mflags: int, nonblock: bool) -> Received | Wait:
        end = self.end
        if mflags & MSG_ERRQUEUE:
            return self._next_error(count)
        if mflags & MSG_OOB and not isinstance(end, UdpEndpoint):
            raise error(Errno.EOPNOTSUPP)
        end.take_error()
        datagram = end.receive(peek=bool(mflags & MSG_PEEK))
        if datagram is None:
            if end.shut & 1 and not nonblock:
                return Received(b"")
            return self.wait(pcb, self.can_read, self.rcvtimeo, nonblock)
        return Received(
            datagram.data[:count],
            datagram.source,
            truncated=len(datagram.data) > count,
            control=self._control(datagram),
        )

    def _control(self, datagram: Datagram) -> Control:
        """The ancillary messages that were asked for."""
        told: list[tuple[int, int, Any]] = []
        stamp = next((o for o in (SO_TIMESTAMPNS, SO_TIMESTAMP) if self.options.get(o)), 0)
        if stamp:
            told.append((SOL_SOCKET, stamp, self.kernel.machine.epoch + datagram.time))
        wanted = self.wanted
        if not wanted:
            return tuple(told)
        if wanted.get(IP_PKTINFO):
            info = PacketInfo(datagram.ifindex, datagram.spec_dst, datagram.target)
            told.append((SOL_IP, IP_PKTINFO, info))
        if wanted.get(IP_RECVTTL):
            told.append((SOL_IP, IP_TTL, datagram.ttl))
        if wanted.get(IP_RECVTOS):
            told.append((SOL_IP, IP_TOS, datagram.tos))
        if wanted.get(IP_RECVORIGDSTADDR):
            told.append((SOL_IP, IP_RECVORIGDSTADDR, (datagram.target, self.end.local[1])))
        return tuple(told)

    def _next_error(self, count: int) -> Received:
        """MSG_ERRQUEUE: what was sent, to whom, and what became of it. EAGAIN."""
        entry = self.end.next_error()
        if entry is None:
            raise error(Errno.EAGAIN)
        control: list[tuple[int, int, Any]] = []
        stamp = next((o for o in (SO_TIMESTAMPNS, SO_TIMESTAMP) if self.options.get(o)), 0)
        if stamp:
            control.append((SOL_SOCKET, stamp, self.kernel.machine.epoch + entry.time))
        if self.wanted.get(IP_RECVTTL) and entry.ttl:
            control.append((SOL_IP, IP_TTL, entry.ttl))
        control.append((SOL_IP, IP_RECVERR, entry.what))
        return Received(
            entry.data[:count], entry.target, truncated=len(entry.data) > count,
            control=tuple(control), told=MSG_ERRQUEUE,
        )  # fmt: skip

    @property
    def waiting(self) -> int:
        queue = self.end.queue
        return len(queue[0].data) if queue else 0

    def shutdown(self, how: int) -> None:
        self.end.shut |= {SHUT_RD: 1, SHUT_WR: 2, SHUT_RDWR: 3}[how]
        self.changed()
        if not self.connected:
            raise error(Errno.ENOTCONN)

    # -- looking -------------------------------------------------------------------------------

    def poll(self) -> int:
        end = self.end
        events = flags.POLLOUT
        if end.error or end.errors:
            events |= flags.POLLERR
        if end.queue:
            events |= flags.POLLIN
        if end.shut:
            if end.shut & 1:
                events |= flags.POLLIN | flags.POLLRDHUP
            if end.shut == 3:
                events |= flags.POLLHUP
        return events

    def getsockopt(self, level: int, option: int) -> Any:
        end = self.end
        if level == SOL_SOCKET and option == SO_ERROR:
            number, end.error = end.error, 0
            return number
        if level == SOL_RAW and isinstance(end, RawEndpoint):
            if option != ICMP_FILTER:
                raise error(Errno.ENOPROTOOPT)
            if self.protocol != IPPROTO_ICMP:
                raise error(Errno.EOPNOTSUPP)
            return end.icmp_filter
        if level == SOL_UDP and isinstance(end, UdpEndpoint):
            if option != UDP_CORK:
                raise error(Errno.ENOPROTOOPT)
            return int(self.corking)
        return super().getsockopt(level, option)

    def setsockopt(self, pcb: PCB, level: int, option: int, value: Any) -> None:
        end = self.end
        if level == SOL_RAW and isinstance(end, RawEndpoint):
            if option != ICMP_FILTER:
                raise error(Errno.ENOPROTOOPT)
            if self.protocol != IPPROTO_ICMP:
                raise error(Errno.EOPNOTSUPP)
            if not isinstance(value, int):
                raise error(Errno.EFAULT)
            end.icmp_filter = value & 0xFFFF_FFFF
            return
        if level == SOL_UDP and isinstance(end, UdpEndpoint):
            self._set_cork(end, option, value)
            return
        super().setsockopt(pcb, level, option, value)

    def _set_cork(self, end: UdpEndpoint, option: int, value: Any) -> None:
        if option != UDP_CORK:
            raise error(Errno.ENOPROTOOPT)
        if not isinstance(value, int):
            raise error(Errno.EFAULT)
        self.corking = value != 0
        if not self.corking and end.corked is not None:
            end.send(b"", end.corked[1])

    def option_set(self, option: int) -> None:
        end = self.end
        on = bool(self.options.get(option))
        if option == SO_BROADCAST:
            end.broadcast = on
        elif option == SO_REUSEADDR and isinstance(end, UdpEndpoint):
            end.reuseaddr = on
            if end.bound is not None:
                end.bound.reuse = on
        elif option == SO_REUSEPORT and isinstance(end, UdpEndpoint):
            end.reuseport = on
            if end.bound is not None:
                end.bound.reuseport = on

    def state(self) -> Any:
        return (super().state(), sorted(self.wanted.items()), self.corking)
