"""What dhclient-script(8) does: address, routes, /etc/resolv.conf and the host's name."""

from __future__ import annotations

from contextlib import suppress

from minios.abi.flags import O_CREAT, O_TRUNC, O_WRONLY
from minios.abi.inet import broadcast, ip_text, mask, network, prefix_length
from minios.abi.sys import Sys
from minios.net.wire.dhcp import (
    BROADCAST_ADDRESS,
    CLASSLESS_ROUTES,
    DNS_SERVERS,
    DOMAIN_NAME,
    DOMAIN_SEARCH,
    HOST_NAME,
    OPTIONS,
    ROUTERS,
    option_text,
)
from minios.userland.bin.dhclient.lease import Lease
from minios.userland.lib.net.rtnl import RTPROT_BOOT, Route, Rtnl, rtnl
from minios.userland.lib.stdio import write_all

RESOLV_CONF = b"/etc/resolv.conf"
NEW = ("BOUND", "RENEW", "REBIND", "REBOOT")
GONE = ("EXPIRE", "FAIL", "RELEASE", "STOP")


class Script:
    """Configures an interface; ``path`` names a program that does it instead."""

    __slots__ = ("ifindex", "interface", "path", "sys")

    def __init__(self, sys: Sys, interface: bytes, ifindex: int, path: bytes | None) -> None:
        self.sys = sys
        self.interface = interface
        self.ifindex = ifindex
        self.path = path

    async def run(self, reason: str, new: Lease | None = None, old: Lease | None = None) -> None:
        """``reason`` as in dhclient-script(8). OSError if the address cannot be set."""
        if self.path is not None:
            await self._external(self.path, reason, new, old)
            return
        netlink = await rtnl(self.sys)
        try:
            if reason == "PREINIT":
                await netlink.set_up(self.ifindex, True)
            elif reason in NEW and new is not None:
                await self._configure(netlink, new, old, reason in ("BOUND", "REBOOT"))
            elif reason in GONE and old is not None:
                await self._remove(netlink, old)
        except OSError:
            await netlink.close()
            raise
        await netlink.close()

    async def _configure(self, netlink: Rtnl, new: Lease, old: Lease | None, fresh: bool) -> None:
        if old is not None and old.ip != new.ip:
            await self._remove(netlink, old)
        length = prefix_length(new.mask)
        bcast = new.number(BROADCAST_ADDRESS) or (broadcast(new.ip, length) if length < 31 else 0)
        left = new.expire - await self.sys.clock_gettime(0) // 1_000_000_000
        await netlink.add_address(self.ifindex, new.ip, length, bcast, self.interface, max(left, 1))
        if fresh or old is None or old.ip != new.ip or _routes(old) != _routes(new):
            await self._add_routes(netlink, new, length)
        await self._resolv_conf(new)
        name = new.options.get(HOST_NAME, b"")
        if name and (await self.sys.uname()).nodename in (b"", b"(none)", b"localhost"):
            with suppress(OSError):
                await self.sys.sethostname(name)

    async def _add_routes(self, netlink: Rtnl, lease: Lease, length: int) -> None:
        for destination, size, gateway in _routes(lease):
            if gateway and (gateway ^ lease.ip) & mask(length):
                # A router outside the subnet is reached on the link first.
                link = Route(gateway, 32, 0, self.ifindex, 0, RTPROT_BOOT)
                with suppress(OSError):
                    await netlink.add_route(link)
            route = Route(destination, size, gateway, self.ifindex, 0, RTPROT_BOOT)
            with suppress(OSError):
                await netlink.add_route(route)

    async def _remove(self, netlink: Rtnl, lease: Lease) -> None:
        for destination, size, gateway in _routes(lease):
            with suppress(OSError):
                await netlink.del_route(
                    Route(destination, size, gateway, self.ifindex, 0, RTPROT_BOOT)
                )
        with suppress(OSError):
            await netlink.del_address(self.ifindex, lease.ip, prefix_length(lease.mask))

    async def _resolv_conf(self, lease: Lease) -> None:
        servers = lease.addresses(DNS_SERVERS)
        domain = lease.options.get(DOMAIN_NAME, b"").rstrip(b"\0")
        search = _names(lease.options.get(DOMAIN_SEARCH, b"")) or domain
        if not servers and not domain:
            return
        text = b""
        if domain:
            text += b"domain " + domain.split(b" ")[0] + b"\n"
        if search:
            text += b"search " + search + b"\n"
        for server in servers:
            text += b"nameserver " + ip_text(server).encode() + b"\n"
        with suppress(OSError):
            fd = await self.sys.open(RESOLV_CONF, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            await write_all(self.sys, fd, text)
            await self.sys.close(fd)

    async def _external(
        self, path: bytes, reason: str, new: Lease | None, old: Lease | None
    ) -> None:
        env = {
            b"reason": reason.encode(),
            b"interface": self.interface,
            b"PATH": b"/usr/sbin:/usr/bin:/sbin:/bin",
        }
        for prefix, lease in ((b"new_", new), (b"old_", old)):
            if lease is not None:
                env |= {prefix + key: value for key, value in variables(lease).items()}
        pid = await self.sys.spawn(path, [path], env)
        await self.sys.waitpid(pid)


def variables(lease: Lease) -> dict[bytes, bytes]:
    """A lease as the script's environment has it, without new_ or old_."""
    found = {
        b"ip_address": ip_text(lease.ip).encode(),
        b"network_number": ip_text(network(lease.ip, prefix_length(lease.mask))).encode(),
        b"expiry": b"%d" % lease.expire,
    }
    for code, data in lease.options.items():
        if code in OPTIONS:
            name = OPTIONS[code][0].replace("-", "_").encode()
            found[name] = option_text(code, data).strip('"').replace(",", " ").encode("latin-1")
    return found


def _routes(lease: Lease) -> list[tuple[int, int, int]]:
    """(destination, prefix length, gateway): classless ones, else the default by each router."""
    data = lease.options.get(CLASSLESS_ROUTES, b"")
    found: list[tuple[int, int, int]] = []
    while data:
        size = data[0]
        octets = (size + 7) // 8
        if size > 32 or len(data) < 1 + octets + 4:
            break
        destination = int.from_bytes(data[1 : 1 + octets].ljust(4, b"\0"))
        gateway = int.from_bytes(data[1 + octets : 5 + octets])
        found.append((destination & mask(size), size, gateway))
        data = data[5 + octets :]
    if found:
        return found
    return [(0, 0, router) for router in lease.addresses(ROUTERS)[:1]]


def _names(data: bytes) -> bytes:
    """The domains of a search option, separated by blanks (RFC 3397, uncompressed)."""
    names: list[bytes] = []
    labels: list[bytes] = []
    while data:
        size = data[0]
        if size == 0:
            names.append(b".".join(labels))
            labels = []
        elif size > 63:
            break
        else:
            labels.append(data[1 : 1 + size])
        data = data[1 + size :]
    return b" ".join(names)
