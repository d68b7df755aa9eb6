"""How requests of ioctl(2) about network devices look in a trace (netdevice(7))."""

from __future__ import annotations

from typing import Any

from minios.abi import netdevice as nd
from minios.abi.inet import ip_text, mac_text
from minios.userland.lib.strace.pieces import STACK
from minios.userland.lib.strace.text import Style, names, pointer, quoted

_FLAGS = (
    (0x1, "IFF_UP"), (0x2, "IFF_BROADCAST"), (0x8, "IFF_LOOPBACK"), (0x10, "IFF_POINTOPOINT"),
    (0x40, "IFF_RUNNING"), (0x80, "IFF_NOARP"), (0x100, "IFF_PROMISC"), (0x200, "IFF_ALLMULTI"),
    (0x1000, "IFF_MULTICAST"),
)  # fmt: skip

_ADDRESSES = {
    nd.SIOCGIFADDR: "ifr_addr", nd.SIOCSIFADDR: "ifr_addr",
    nd.SIOCGIFDSTADDR: "ifr_dstaddr", nd.SIOCSIFDSTADDR: "ifr_dstaddr",
    nd.SIOCGIFBRDADDR: "ifr_broadaddr", nd.SIOCSIFBRDADDR: "ifr_broadaddr",
    nd.SIOCGIFNETMASK: "ifr_netmask", nd.SIOCSIFNETMASK: "ifr_netmask",
}  # fmt: skip
_NUMBERS = {
    nd.SIOCGIFMTU: "ifr_mtu", nd.SIOCSIFMTU: "ifr_mtu", nd.SIOCGIFINDEX: "ifr_ifindex",
    nd.SIOCGIFTXQLEN: "ifr_qlen", nd.SIOCSIFTXQLEN: "ifr_qlen", nd.SIOCGIFMETRIC: "ifr_metric",
}  # fmt: skip


def request(number: int, argument: Any, result: Any, failed: bool, style: Style) -> str | None:
    """What follows the request's name; None if it is not one of these."""
    if not nd.FIRST <= number <= nd.LAST:
        return None
    if number == nd.SIOCGIFCONF and isinstance(result, list):
        rows = ", ".join(
            f"{{ifr_name={quoted(name, style, None)}, ifr_addr={_sockaddr(ip)}}}"
            for name, ip in result
        )
        return f"{{ifc_len=4096 /* {len(result)} * sizeof(struct ifreq) */, ifc_buf=[{rows}]}}"
    if number == nd.SIOCGIFNAME:
        name = quoted(result, style, None) if isinstance(result, bytes) else '""'
        return f"{{ifr_ifindex={argument}, ifr_name={name}}}"
    name, value = argument if isinstance(argument, tuple) and len(argument) == 2 else (argument, 0)
    if not isinstance(name, bytes):
        return pointer(STACK)
    asks = not isinstance(argument, tuple)
    text = f"{{ifr_name={quoted(name, style, None)}"
    if asks:
        if failed or not isinstance(result, int):
            return text + "}"
        value = result
    if not isinstance(value, int):
        return pointer(STACK)
    if number in (nd.SIOCGIFFLAGS, nd.SIOCSIFFLAGS):
        return f"{text}, ifr_flags={names(value, _FLAGS, '0')}}}"
    if number in (nd.SIOCGIFHWADDR, nd.SIOCSIFHWADDR):
        kind = "ARPHRD_ETHER" if value else "ARPHRD_LOOPBACK"
        return f"{text}, ifr_hwaddr={{sa_family={kind}, sa_data={mac_text(value)}}}}}"
    if number in _ADDRESSES:
        return f"{text}, {_ADDRESSES[number]}={_sockaddr(value)}}}"
    if number in _NUMBERS:
        return f"{text}, {_NUMBERS[number]}={value}}}"
    return pointer(STACK)


def _sockaddr(ip: int) -> str:
    return f'{{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("{ip_text(ip)}")}}'
