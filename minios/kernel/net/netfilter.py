"""The kernel's side of iptables: tables through get- and setsockopt, and SO_ORIGINAL_DST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.caps import CAP_NET_ADMIN
from minios.abi.errno import Errno, error
from minios.abi.netfilter import (
    IPT_SO_GET_ENTRIES,
    IPT_SO_GET_INFO,
    IPT_SO_SET_REPLACE,
    SO_ORIGINAL_DST,
    TABLES,
    Table,
    empty,
)
from minios.fs.access import capable
from minios.kernel.net.conntrack import adopt
from minios.kernel.net.ctnetlink import netlink, watch

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.kernel.socket.sock import Sock
    from minios.net.netfilter.netfilter import Netfilter

__all__ = ["SO_ORIGINAL_DST", "getsockopt", "netlink", "of", "setsockopt", "watch"]


def of(kernel: Kernel) -> Netfilter:
    """The stack's Netfilter, made when it is first needed."""
    stack = kernel.net
    if stack.netfilter is None:
        from minios.net.netfilter.netfilter import Netfilter

        made = stack.netfilter = Netfilter(stack)
        adopt(kernel, made)
    found: Netfilter = stack.netfilter
    return found


def getsockopt(kernel: Kernel, sock: Sock, option: int) -> Any:
    """Options of SOL_IP from 64 on. ENOPROTOOPT EPERM."""
    if option == SO_ORIGINAL_DST:
        return _original(kernel, sock)
    asking = kernel.acting
    if asking is None or not capable(asking, CAP_NET_ADMIN):
        raise error(Errno.EPERM)
    netfilter = kernel.net.netfilter
    if option == IPT_SO_GET_INFO:
        return () if netfilter is None else tuple(netfilter.tables)
    index = option - IPT_SO_GET_ENTRIES
    if not 0 <= index < len(TABLES):
        raise error(Errno.ENOPROTOOPT)
    name = list(TABLES)[index]
    return empty(name) if netfilter is None else netfilter.table(name)


def setsockopt(kernel: Kernel, pcb: PCB, option: int, value: Any) -> None:
    """EINVAL EMLINK ENOENT ENOMEM (see minios.net.netfilter.tables) ENOPROTOOPT EPERM."""
    if not capable(pcb, CAP_NET_ADMIN):
        raise error(Errno.EPERM)
    if option != IPT_SO_SET_REPLACE:
        raise error(Errno.ENOPROTOOPT)
    if not isinstance(value, Table):
        raise error(Errno.EFAULT)
    of(kernel).replace(value)


def _original(kernel: Kernel, sock: Any) -> tuple[int, int]:
    """Where a connection was made to before it was redirected. ENOENT ENOTCONN."""
    netfilter = kernel.net.netfilter
    ip, port = sock.name()
    peer_ip, peer_port = sock.peer_name()
    way = None
    if netfilter is not None:
        # what we send is the reply of what the peer has begun
        way = netfilter.conntrack.find((ip, peer_ip, sock.protocol or 6, port, peer_port))
    if way is None:
        raise error(Errno.ENOENT)
    key = way.conn.forward.key
    return key[1], key[4]
