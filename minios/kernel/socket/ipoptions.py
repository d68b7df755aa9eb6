"""The options of the level SOL_IP (ip(7))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.caps import CAP_NET_ADMIN, CAP_NET_RAW
from minios.abi.errno import Errno, error
from minios.abi.inet import (
    IP_ADD_MEMBERSHIP,
    IP_BIND_ADDRESS_NO_PORT,
    IP_DROP_MEMBERSHIP,
    IP_FREEBIND,
    IP_HDRINCL,
    IP_MINTTL,
    IP_MTU,
    IP_MTU_DISCOVER,
    IP_MULTICAST_IF,
    IP_MULTICAST_LOOP,
    IP_MULTICAST_TTL,
    IP_NODEFRAG,
    IP_OPTIONS,
    IP_PKTINFO,
    IP_RECVERR,
    IP_RECVOPTS,
    IP_RECVORIGDSTADDR,
    IP_RECVTOS,
    IP_RECVTTL,
    IP_TOS,
    IP_TRANSPARENT,
    IP_TTL,
)
from minios.abi.sockets import SOCK_STREAM
from minios.fs.access import capable
from minios.kernel.socket.datagram import DatagramSock
from minios.net.host.address import multicast
from minios.net.host.netdev import NetDevice
from minios.net.transport.raw import RawEndpoint

if TYPE_CHECKING:
    from minios.kernel.process import PCB
    from minios.kernel.socket.inet import InetSock

_TOLD = (IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR, IP_RECVOPTS)
"""Those that ask for ancillary messages."""
_KEPT = (IP_FREEBIND, IP_NODEFRAG, IP_BIND_ADDRESS_NO_PORT)
"""Those that are only remembered, under numbers of their own among the socket's options."""
_OWN = 1 << 10


def get(sock: InetSock, option: int) -> Any:
    """getsockopt(2). ENOPROTOOPT ENOTCONN."""
    end = sock.end
    if option == IP_TTL:
        return end.ttl or sock.stack.sysctl["ip_default_ttl"]
    if option == IP_TOS:
        return end.tos
    if option == IP_MTU_DISCOVER:
        return end.mtu_discover
    if option == IP_MTU:
        if not end.remote_ip:
            raise error(Errno.ENOTCONN)
        mtu = sock.stack.routes.output(end.remote_ip, end.local_ip, end.device).mtu
        return min(mtu, 0xFFFF)
    if option == IP_HDRINCL:
        return int(isinstance(end, RawEndpoint) and end.hdrincl)
    if option == IP_OPTIONS:
        return b""
    if option in (*_KEPT, IP_MINTTL, IP_TRANSPARENT):
        return sock.options.get(_OWN + option, 0)
    if option == IP_RECVERR:
        own = sock.options.get(_OWN + option, 0)
        return int(getattr(end, "recverr", own))
    if isinstance(sock, DatagramSock):
        ends = sock.end
        if option in _TOLD:
            return sock.wanted.get(option, 0)
        if option == IP_MULTICAST_TTL:
            return ends.multicast_ttl
        if option == IP_MULTICAST_LOOP:
            return int(ends.multicast_loop)
        if option == IP_MULTICAST_IF:
            return ends.multicast_if[0]
    elif option in _TOLD:
        return 0
    raise error(Errno.ENOPROTOOPT)


def put(sock: InetSock, pcb: PCB, option: int, value: Any) -> None:
    """setsockopt(2). EFAULT EINVAL ENODEV ENOPROTOOPT EPERM."""
    end = sock.end
    if option in (IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, IP_MULTICAST_IF):
        _group(sock, option, value)
        return
    if option == IP_OPTIONS:
        if value:
            raise error(Errno.EINVAL)
        return
    if not isinstance(value, int):
        raise error(Errno.EFAULT)
    if option == IP_TTL:
        if value != -1 and not 1 <= value <= 255:
            raise error(Errno.EINVAL)
        end.ttl = max(value, 0)
    elif option == IP_TOS:
        if sock.type == SOCK_STREAM:
            value = value & ~3 | end.tos & 3
        end.tos = value & 0xFF
    elif option == IP_MTU_DISCOVER:
        if not 0 <= value <= 5:
            raise error(Errno.EINVAL)
        end.mtu_discover = value
    elif option == IP_HDRINCL:
        if not isinstance(end, RawEndpoint):
            raise error(Errno.ENOPROTOOPT)
        end.hdrincl = value != 0
    elif option == IP_TRANSPARENT:
        if value and not capable(pcb, CAP_NET_RAW) and not capable(pcb, CAP_NET_ADMIN):
            raise error(Errno.EPERM)
        sock.options[_OWN + option] = int(value != 0)
    elif option == IP_MINTTL:
        if not 0 <= value <= 255:
            raise error(Errno.EINVAL)
        sock.options[_OWN + option] = value
    elif option == IP_RECVERR:
        if isinstance(sock, DatagramSock):
            sock.end.recverr = value != 0
            if not value:
                _purge(sock)
        else:
            sock.options[_OWN + option] = int(value != 0)
    elif option in _KEPT:
        sock.options[_OWN + option] = int(value != 0)
    elif option in _TOLD:
        if isinstance(sock, DatagramSock):
            sock.wanted[option] = int(value != 0)
    elif option == IP_MULTICAST_TTL and isinstance(sock, DatagramSock):
        if value != -1 and not 0 <= value <= 255:
            raise error(Errno.EINVAL)
        sock.end.multicast_ttl = 1 if value == -1 else value
    elif option == IP_MULTICAST_LOOP and isinstance(sock, DatagramSock):
        sock.end.multicast_loop = value != 0
    else:
        raise error(Errno.ENOPROTOOPT)


def _purge(sock: DatagramSock) -> None:
    """IP_RECVERR off: what is on the error queue goes."""
    while sock.end.next_error() is not None:
        pass


def _device(sock: InetSock, ip: int, index: int) -> NetDevice | None:
    """The device of an index, or that has an address."""
    if index:
        return sock.stack.device(index)
    return sock.stack.owner_of(ip) if ip else None


def _group(sock: InetSock, option: int, value: Any) -> None:
    """Multicast: ``value`` is (group, own address) or (group, own address, ifindex), and for
    IP_MULTICAST_IF an address, or (0, address, ifindex)."""
    if not isinstance(sock, DatagramSock):
        raise error(Errno.EPROTO if option != IP_MULTICAST_IF else Errno.EINVAL)
    if isinstance(value, int) and option == IP_MULTICAST_IF:
        value = (0, value, 0)
    if not isinstance(value, tuple) or not 2 <= len(value) <= 3:
        raise error(Errno.EFAULT if not isinstance(value, int) else Errno.EINVAL)
    group, ip, index = (*value, 0)[:3]
    if not all(isinstance(part, int) and 0 <= part <= 0xFFFF_FFFF for part in (group, ip, index)):
        raise error(Errno.EFAULT)
    dev = _device(sock, ip, index)
    if option == IP_MULTICAST_IF:
        if (ip or index) and dev is None:
            raise error(Errno.EADDRNOTAVAIL)
        sock.end.multicast_if = (ip, dev.ifindex if dev is not None else 0)
        return
    if not multicast(group):
        raise error(Errno.EINVAL)
    if option == IP_DROP_MEMBERSHIP:
        sock.end.leave(group, dev)
        return
    if dev is None and not ip and not index:
        dev = sock.stack.routes.device_for(group)
    if dev is None:
        raise error(Errno.ENODEV)
    sock.end.join(group, dev)
