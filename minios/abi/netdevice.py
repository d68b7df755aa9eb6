"""Requests of ioctl(2) about network devices, routes and ARP (netdevice(7), route(7), arp(7)).

What the C structures carry is plain here: a request that asks is given the device's name and
returns the value; one that sets is given ``(name, value)``. Names are bytes, addresses integers.
"""

from __future__ import annotations

from typing import NamedTuple

SIOCADDRT = 0x890B
SIOCDELRT = 0x890C
SIOCGIFNAME = 0x8910
SIOCGIFCONF = 0x8912
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
SIOCGIFADDR = 0x8915
SIOCSIFADDR = 0x8916
SIOCGIFDSTADDR = 0x8917
SIOCSIFDSTADDR = 0x8918
SIOCGIFBRDADDR = 0x8919
SIOCSIFBRDADDR = 0x891A
SIOCGIFNETMASK = 0x891B
SIOCSIFNETMASK = 0x891C
SIOCGIFMETRIC = 0x891D
SIOCGIFMTU = 0x8921
SIOCSIFMTU = 0x8922
SIOCSIFNAME = 0x8923
SIOCSIFHWADDR = 0x8924
SIOCGIFHWADDR = 0x8927
SIOCGIFINDEX = 0x8933
SIOCGIFTXQLEN = 0x8942
SIOCSIFTXQLEN = 0x8943
SIOCETHTOOL = 0x8946
SIOCDARP = 0x8953
SIOCGARP = 0x8954
SIOCSARP = 0x8955

FIRST, LAST = 0x890B, 0x89FF
"""All of them are in between."""

NAMES: dict[int, str] = {
    number: name for name, number in list(globals().items()) if name.startswith("SIOC")
}

RTF_UP = 0x0001
RTF_GATEWAY = 0x0002
RTF_HOST = 0x0004
RTF_DYNAMIC = 0x0010
RTF_MODIFIED = 0x0020
RTF_MTU = 0x0040
RTF_WINDOW = 0x0080
RTF_REJECT = 0x0200

ATF_COM = 0x02
ATF_PERM = 0x04
ATF_PUBL = 0x08
ATF_NETMASK = 0x20

ETHTOOL_GSET = 0x01
ETHTOOL_GDRVINFO = 0x03
ETHTOOL_GLINK = 0x0A
ETHTOOL_GSTATS = 0x1D
ETHTOOL_GPERMADDR = 0x20


class RtEntry(NamedTuple):
    """struct rtentry; ``metric`` is one more than it says, 0 for none, as in C."""

    dst: int
    genmask: int
    gateway: int = 0
    flags: int = 0
    metric: int = 0
    dev: bytes = b""
    mtu: int = 0
    window: int = 0


class ArpReq(NamedTuple):
    """struct arpreq. ``ha`` is the hardware address."""

    pa: int
    ha: int = 0
    flags: int = 0
    netmask: int = 0
    dev: bytes = b""


class LinkSettings(NamedTuple):
    """What ETHTOOL_GSET tells: Mbit/s (0: unknown), full duplex, autonegotiation."""

    speed: int
    full: bool
    autoneg: bool
    port: str


class DriverInfo(NamedTuple):
    """ETHTOOL_GDRVINFO."""

    driver: bytes
    version: bytes
    bus: bytes
    statistics: int
