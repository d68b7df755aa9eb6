"""Setting up one interface over netlink, as ``ip link``, ``ip addr`` and ``ip route`` do."""

from __future__ import annotations

from struct import Struct

from minios.abi.errno import Errno, error
from minios.userland.lib.net.rtnl import (
    AF_INET,
    IFA_ADDRESS,
    IFA_BROADCAST,
    IFA_LABEL,
    IFA_LOCAL,
    IFF_UP,
    IFLA_ADDRESS,
    IFLA_MTU,
    NLM_F_CREATE,
    NLM_F_EXCL,
    RT_SCOPE_UNIVERSE,
    RT_TABLE_MAIN,
    RTA_GATEWAY,
    RTA_OIF,
    RTA_PRIORITY,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWROUTE,
    RTN_UNICAST,
    RTPROT_BOOT,
    Rtnl,
    attribute,
)

RTNH_F_ONLINK = 4

_IFINFO = Struct("<BxHiII")
_IFADDR = Struct("<BBBBI")
_ROUTE = Struct("<BBBBBBBBI")


class Setter:
    """Changes to the interface called ``name``. All raise OSError with the kernel's errno."""

    def __init__(self, netlink: Rtnl, name: bytes) -> None:
        self.netlink = netlink
        self.name = name
        self._index = 0

    async def index(self) -> int:
        """Its number. ENODEV."""
        if not self._index:
            for link in await self.netlink.links():
                if link.name == self.name:
                    self._index = link.ifindex
        if not self._index:
            raise error(Errno.ENODEV)
        return self._index

    async def link(self, *, up: bool | None = None, mtu: int = 0, mac: int = 0) -> None:
        """``ip link set``."""
        flags, mask = (IFF_UP if up else 0, IFF_UP) if up is not None else (0, 0)
        body = _IFINFO.pack(0, 0, await self.index(), flags, mask)
        if mtu:
            body += attribute(IFLA_MTU, mtu.to_bytes(4, "little"))
        if mac:
            body += attribute(IFLA_ADDRESS, mac.to_bytes(6))
        await self.netlink.request(RTM_NEWLINK, 0, body)

    async def address(self, ip: int, length: int, broadcast: int = 0) -> None:
        """``ip addr add … label NAME``. EEXIST."""
        body = _IFADDR.pack(AF_INET, length, 0, RT_SCOPE_UNIVERSE, await self.index())
        body += attribute(IFA_LOCAL, ip.to_bytes(4)) + attribute(IFA_ADDRESS, ip.to_bytes(4))
        if broadcast:
            body += attribute(IFA_BROADCAST, broadcast.to_bytes(4))
        body += attribute(IFA_LABEL, self.name + b"\0")
        await self.netlink.request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body)

    async def default(self, gateway: int, metric: int = 0) -> None:
        """``ip route add default via … onlink``. EEXIST."""
        body = _ROUTE.pack(
            AF_INET, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_UNIVERSE, RTN_UNICAST,
            RTNH_F_ONLINK,
        )  # fmt: skip
        body += attribute(RTA_GATEWAY, gateway.to_bytes(4))
        body += attribute(RTA_OIF, (await self.index()).to_bytes(4, "little"))
        if metric:
            body += attribute(RTA_PRIORITY, metric.to_bytes(4, "little"))
        await self.netlink.request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, body)

    async def flush(self) -> None:
        """``ip -4 addr flush``: take all its addresses away."""
        index = await self.index()
        for address in await self.netlink.addresses():
            if address.ifindex == index:
                await self.netlink.del_address(index, address.ip, address.length)
