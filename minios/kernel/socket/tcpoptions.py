"""The options of the level SOL_TCP (tcp(7))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.caps import CAP_NET_ADMIN
from minios.abi.errno import Errno, error
from minios.abi.inet import (
    TCP_CONGESTION,
    TCP_CORK,
    TCP_DEFER_ACCEPT,
    TCP_INFO,
    TCP_KEEPCNT,
    TCP_KEEPIDLE,
    TCP_KEEPINTVL,
    TCP_LINGER2,
    TCP_MAXSEG,
    TCP_NODELAY,
    TCP_QUICKACK,
    TCP_SYNCNT,
    TCP_USER_TIMEOUT,
    TCP_WINDOW_CLAMP,
)
from minios.fs.access import capable
from minios.net.tcp.state import TcpState

if TYPE_CHECKING:
    from minios.kernel.process import PCB
    from minios.net.tcp.connection import Connection

RESTRICTED = ("cubic", "reno")
"""Congestion controls that everybody may choose (tcp_allowed_congestion_control)."""

_SWITCHES = {TCP_NODELAY: "nodelay", TCP_CORK: "cork", TCP_QUICKACK: "quickack"}
_BOUNDED = {
    TCP_KEEPIDLE: ("keepidle", "tcp_keepalive_time", 32767),
    TCP_KEEPINTVL: ("keepintvl", "tcp_keepalive_intvl", 32767),
    TCP_KEEPCNT: ("keepcnt", "tcp_keepalive_probes", 127),
    TCP_SYNCNT: ("syncnt", "tcp_syn_retries", 127),
}
"""Numbers from 1: the attribute, the parameter that holds for 0, and the greatest."""
MSS_MIN, MSS_MAX = 88, 32767
FIN_TIMEOUT_MAX = 120


def get(end: Connection, option: int) -> Any:
    """getsockopt(2). ENOPROTOOPT."""
    if option in _SWITCHES:
        return int(getattr(end, _SWITCHES[option]))
    if option in _BOUNDED:
        name, parameter, _ = _BOUNDED[option]
        return getattr(end, name) or end.tcp.setting(parameter)
    if option == TCP_MAXSEG:
        return end.mss or end.mss_cache
    if option == TCP_LINGER2:
        return end.linger2 or end.tcp.setting("tcp_fin_timeout")
    if option == TCP_DEFER_ACCEPT:
        return end.defer_accept
    if option == TCP_WINDOW_CLAMP:
        return end.window_clamp
    if option == TCP_USER_TIMEOUT:
        return end.user_timeout
    if option == TCP_CONGESTION:
        return end.congestion.encode()
    if option == TCP_INFO:
        return end.info()
    raise error(Errno.ENOPROTOOPT)


def put(end: Connection, pcb: PCB, option: int, value: Any) -> None:
    """setsockopt(2). EFAULT EINVAL ENOENT ENOPROTOOPT EPERM."""
    if option == TCP_CONGESTION:
        _congestion(end, pcb, value)
        return
    if not isinstance(value, int):
        raise error(Errno.EFAULT)
    if option in _SWITCHES:
        setattr(end, _SWITCHES[option], value != 0)
    elif option in _BOUNDED:
        name, _, most = _BOUNDED[option]
        if not 1 <= value <= most:
            raise error(Errno.EINVAL)
        setattr(end, name, value)
        if end.keepalive:
            end.keepalive = True
    elif option == TCP_MAXSEG:
        if value and not MSS_MIN <= value <= MSS_MAX:
            raise error(Errno.EINVAL)
        end.mss = value
    elif option == TCP_LINGER2:
        end.linger2 = -1 if value < 0 or value > FIN_TIMEOUT_MAX else value
    elif option == TCP_DEFER_ACCEPT:
        end.defer_accept = max(value, 0)
    elif option == TCP_WINDOW_CLAMP:
        if not value and end.state != TcpState.CLOSED:
            raise error(Errno.EINVAL)
        end.window_clamp = max(value, 1152) if value else 0
    elif option == TCP_USER_TIMEOUT:
        if value < 0:
            raise error(Errno.EINVAL)
        end.user_timeout = value
    else:
        raise error(Errno.ENOPROTOOPT)


def _congestion(end: Connection, pcb: PCB, value: Any) -> None:
    if not isinstance(value, bytes):
        raise error(Errno.EFAULT)
    name = value.split(b"\0")[0].decode("latin-1")
    before = end.congestion
    end.congestion = name
    if name not in RESTRICTED and not capable(pcb, CAP_NET_ADMIN):
        end.congestion = before
        raise error(Errno.EPERM)
