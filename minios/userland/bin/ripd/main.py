"""ripd: interfaces, timers, messages, and the kernel's routes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from minios.abi.flags import CLOCK_MONOTONIC, POLLIN
from minios.abi.inet import (
    IP_ADD_MEMBERSHIP,
    IP_MULTICAST_IF,
    IP_MULTICAST_LOOP,
    IP_MULTICAST_TTL,
    ip_text,
    mask,
    network,
)
from minios.abi.signals import Sig
from minios.abi.sockets import AF_INET, SO_REUSEADDR, SOCK_CLOEXEC, SOCK_DGRAM, SOL_SOCKET
from minios.abi.sys import Sys
from minios.net.wire.malformed import Malformed
from minios.net.wire.rip import ENTRIES, GROUP, INFINITY, PORT, REQUEST, RESPONSE, Entry, Message
from minios.userland.bin.ripd.config import SECOND, BadConfig, Config, parse
from minios.userland.bin.ripd.table import Route, Table
from minios.userland.lib.net import rtnl
from minios.userland.lib.net.daemon import ERR, Log, background
from minios.userland.lib.net.tasks import Loop, Task, ready, sleep_until
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file, why

USAGE = """
Usage: ripd [-d] [-f FILE] [-t]
Tells neighbouring routers of the networks it can reach, and learns theirs (RIPv2).

  -d        go to the background
  -f FILE   the configuration (/etc/ripd.conf)
  -t        only look whether the configuration is right
"""
CONFIG = b"/etc/ripd.conf"
SO_BINDTODEVICE = 25
METRIC = 20
"""Of RIP's routes in the kernel, so that others come before them."""
JITTER = 5 * SECOND
"""Updates come up to this much off the beat, so that routers do not fall into step (§3.8)."""
TRIGGER_MIN, TRIGGER_MAX = SECOND, 5 * SECOND
"""How long a triggered update waits for more changes (§3.10.1)."""
RTMGRP_LINK, RTMGRP_IPV4_IFADDR = 0x1, 0x10
PACKET_MAX = 4 + 20 * ENTRIES


@dataclass(slots=True)
class Interface:
    """An interface that RIP runs on."""

    ifindex: int
    name: bytes
    ip: int
    length: int
    fd: int


@program(USAGE, "df:tu:g:i:z:P:A:")
async def ripd(tool: Tool) -> int:
    """ripd(8)."""
    path = tool.options.last("f") or CONFIG
    shown = path.decode("latin-1")
    try:
        config = parse((await read_file(tool.sys, path)).decode("latin-1"), shown)
    except OSError as err:
        await complain(tool.sys, b"ripd: " + path + b": " + why(err))
        return 1
    except BadConfig as err:
        await complain(tool.sys, b"ripd: " + str(err).encode("latin-1"))
        return 1
    if "t" in tool.options:
        return 0
    if "d" in tool.options:
        await background(tool.sys, _run, config, path)
        return 0
    return await _run(tool.sys, config, path)


async def _run(sys: Sys, config: Config, path: bytes) -> int:
    return await Ripd(sys, config, path).run()


class Ripd:
    """The process."""

    def __init__(self, sys: Sys, config: Config, path: bytes) -> None:
        self.sys = sys
        self.config = config
        self.path = path
        self.log = Log(sys, b"ripd")
        self.loop = Loop(sys)
        self.table = Table(config.timeout, config.garbage)
        self.interfaces: dict[int, Interface] = {}
        self.netlink: rtnl.Rtnl | None = None
        self.links: dict[int, rtnl.Link] = {}
        self.trigger: int | None = None
        self._tasks: dict[int, Task] = {}
        self._expiry: int | None = None
        self.next_update = 0

    async def now(self) -> int:
        return await self.sys.clock_gettime(CLOCK_MONOTONIC)

    async def random(self, below: int) -> int:
        return int.from_bytes(await self.sys.getrandom(8)) % max(below, 1)

    async def run(self) -> int:
        self.netlink = await rtnl.rtnl(self.sys)
        await self.log.say("ripd starting: RIP version 2")
        await self._clean()
        await self.rescan()
        await self.loop.on_signal(Sig.SIGHUP, self.hangup)
        await self.loop.on_signal(Sig.SIGTERM, self.terminate)
        await self.loop.on_signal(Sig.SIGINT, self.terminate)
        await self.loop.on_signal(Sig.SIGUSR1, self.show)
        self.next_update = await self.now() + await self.random(JITTER)
        self.loop.start(self.beat)
        self.loop.start(self.watch)
        await self.loop.run()
        return 0

    # -- signals ---------------------------------------------------------------------------------

    async def hangup(self) -> None:
        shown = self.path.decode("latin-1")
        try:
            config = parse((await read_file(self.sys, self.path)).decode("latin-1"), shown)
        except OSError as err:
            await self.log.say(why(err), ERR)
            return
        except BadConfig as err:
            await self.log.say(str(err), ERR)
            return
        self.config = config
        self.table.timeout, self.table.garbage = config.timeout, config.garbage
        await self.log.say("configuration read again")
        await self.rescan()

    async def terminate(self) -> None:
        """Tell the neighbours that nothing is reachable here any more, and take the routes out."""
        now = await self.now()
        for route in self.table.routes.values():
            self.table.withdraw(route, now)
        await self.advertise(changed=False)
        for route in list(self.table.routes.values()):
            await self.uninstall(route)
        await self.log.say("ripd stopping")
        self.loop.stop()

    async def show(self) -> None:
        """The table goes to the log."""
        now = await self.now()
        for route in self.table.routes.values():
            net, length = route.prefix
            via = ip_text(route.gateway) if route.gateway else "self"
            left = (route.gone or route.expires) - now
            age = f" {left // SECOND} s" if left > 0 else ""
            await self.log.say(f"{ip_text(net)}/{length} metric {route.metric} via {via}{age}")

    # -- interfaces ------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Interfaces and addresses that come and go are seen at once."""
        fd = await self.sys.socket(rtnl.AF_NETLINK, 3 | SOCK_CLOEXEC, rtnl.NETLINK_ROUTE)
        try:
            await self.sys.bind(fd, (0, RTMGRP_LINK | RTMGRP_IPV4_IFADDR))
        except OSError:
            await self.sys.close(fd)
            return
        while True:
            await ready(fd, POLLIN)
            with suppress(OSError):
                await self.sys.recv(fd, 65536)
            await self.rescan()

    async def rescan(self) -> None:
        """Bring interfaces and own routes up to date with the kernel."""
        assert self.netlink is not None
        links = {link.ifindex: link for link in await self.netlink.links()}
        addresses = await self.netlink.addresses()
        self.links = links
        wanted: dict[int, rtnl.Address] = {}
        own: dict[tuple[int, int], tuple[int, int]] = {}
        config = self.config
        for address in addresses:
            link = links.get(address.ifindex)
            if link is None or link.flags & rtnl.IFF_LOOPBACK:
                continue
            if not (link.flags & rtnl.IFF_UP and link.flags & rtnl.IFF_RUNNING):
                continue
            prefix = network(address.ip, address.length), address.length
            if config.enabled(link.name, address.ip):
                wanted.setdefault(address.ifindex, address)
                own[prefix] = 1, address.ifindex
            elif config.connected is not None:
                own.setdefault(prefix, (max(config.connected, 1), address.ifindex))
        await self._redistribute(own)
        for ifindex, interface in list(self.interfaces.items()):
            kept = wanted.get(ifindex)
            if kept is None or kept.ip != interface.ip:
                await self._down(interface)
        for ifindex, address in wanted.items():
            if ifindex not in self.interfaces:
                await self._up(links[ifindex], address)
        now = await self.now()
        news = False
        for route in list(self.table.routes.values()):
            if not route.gateway and route.prefix not in own:
                news = self.table.withdraw(route, now) or news
            elif (
                route.gateway
                and route.ifindex not in self.interfaces
                and self.table.withdraw(route, now)
            ):
                await self.uninstall(route)
                news = True
        for prefix, (metric, ifindex) in own.items():
            old = self.table.routes.get(prefix)
            if old is not None and old.gateway:
                await self.uninstall(old)
            news = self.table.own(prefix, metric, ifindex) or news
        if news:
            await self.changed()

    async def _redistribute(self, own: dict[tuple[int, int], tuple[int, int]]) -> None:
        config = self.config
        for prefix in config.routes:
            own.setdefault((network(*prefix), prefix[1]), (1, 0))
        if config.default:
            own.setdefault((0, 0), (1, 0))
        if config.static is None and config.kernel is None:
            return
        assert self.netlink is not None
        for route in await self.netlink.routes():
            if route.protocol in (rtnl.RTPROT_RIP, 2) or not route.gateway:
                continue
            metric = config.static if config.static is not None else config.kernel
            if route.length or config.default:
                key = route.destination & mask(route.length), route.length
                own.setdefault(key, (max(metric or 1, 1), route.ifindex))

    async def _up(self, link: rtnl.Link, address: rtnl.Address) -> None:
        sys = self.sys
        fd = await sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC)
        try:
            await sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1)
            await sys.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, link.name)
            await sys.bind(fd, (0, PORT))
            await sys.setsockopt(fd, 0, IP_MULTICAST_TTL, 1)
            await sys.setsockopt(fd, 0, IP_MULTICAST_LOOP, 0)
            await sys.setsockopt(fd, 0, IP_ADD_MEMBERSHIP, (GROUP, address.ip, link.ifindex))
            await sys.setsockopt(fd, 0, IP_MULTICAST_IF, (0, address.ip, link.ifindex))
        except OSError as err:
            await self.log.say(link.name + b": " + why(err), ERR)
            await sys.close(fd)
            return
        interface = Interface(link.ifindex, link.name, address.ip, address.length, fd)
        self.interfaces[link.ifindex] = interface
        await self.log.say(f"interface {link.name.decode('latin-1')} {ip_text(address.ip)} up")
        self._tasks[link.ifindex] = self.loop.start(self.listen, interface)
        if not self.config.silent(link.name):
            await self._send(interface, Message.whole_table(), GROUP)

    async def _down(self, interface: Interface) -> None:
        await self.log.say(f"interface {interface.name.decode('latin-1')} down")
        del self.interfaces[interface.ifindex]
        task = self._tasks.pop(interface.ifindex, None)
        if task is not None:
            self.loop.cancel(task)
        await self.sys.close(interface.fd)

    # -- messages --------------------------------------------------------------------------------

    async def listen(self, interface: Interface) -> None:
        while True:
            await ready(interface.fd, POLLIN)
            try:
                data, source = await self.sys.recvfrom(interface.fd, PACKET_MAX + 1)
            except OSError:
                continue
            try:
                message = Message.parse(data)
            except Malformed as err:
                await self.log.say(f"{ip_text(source[0])}: bad message: {err}")
                continue
            if source[0] == interface.ip or message.version != 2:
                continue
            if message.command == REQUEST:
                await self.requested(interface, message, source)
            else:
                await self.heard(interface, message, source)

    async def requested(
        self, interface: Interface, message: Message, source: tuple[int, int]
    ) -> None:
        """The whole table, or what is known of some routes (§3.9.1)."""
        entries = message.entries
        if self.config.silent(interface.name):
            return
        if len(entries) == 1 and entries[0].family == 0 and entries[0].metric == INFINITY:
            await self._tell(
                interface, self.table.advertise(interface.ifindex, poison=self.config.poison),
                source,
            )  # fmt: skip
            return
        for entry in entries:
            known = next(
                (r for (net, length), r in self.table.routes.items()
                 if net == entry.destination and mask(length) == entry.mask), None,
            )  # fmt: skip
            entry.metric = known.metric if known is not None else INFINITY
        message.command = RESPONSE
        with suppress(OSError):
            await self.sys.sendto(interface.fd, message.pack(), source)

    async def heard(self, interface: Interface, message: Message, source: tuple[int, int]) -> None:
        """A neighbour's routes (§3.9.2): only from the port of routers, and from a neighbour."""
        ip, port = source
        if port != PORT or network(ip, interface.length) != network(interface.ip, interface.length):
            await self.log.say(f"response from {ip_text(ip)} port {port} ignored")
            return
        now = await self.now()
        news = False
        for entry in message.entries:
            if entry.next_hop == interface.ip or network(
                entry.next_hop, interface.length
            ) != network(interface.ip, interface.length):
                entry.next_hop = 0  # a next hop off the network is the sender itself
            route = self.table.learn(entry, ip, interface.ifindex, now)
            if route is None:
                continue
            news = True
            if route.metric >= INFINITY:
                await self.uninstall(route)
            else:
                await self.install(route)
        if news:
            await self.changed()

    async def changed(self) -> None:
        """Tell the neighbours soon; not if an update is due anyway."""
        now = await self.now()
        if self.trigger is None:
            wait = TRIGGER_MIN + await self.random(TRIGGER_MAX - TRIGGER_MIN)
            self.trigger = now + wait
            self.loop.start(self.triggered, self.trigger)
        self.loop.start(self.expiry)

    async def triggered(self, when: int) -> None:
        await sleep_until(when)
        self.trigger = None
        if when < self.next_update:
            await self.advertise(changed=True)

    async def advertise(self, *, changed: bool) -> None:
        """An update on every interface: everything, or what has changed."""
        for interface in self.interfaces.values():
            if self.config.silent(interface.name):
                continue
            entries = self.table.advertise(
                interface.ifindex, changed=changed, poison=self.config.poison
            )
            await self._tell(interface, entries, (GROUP, PORT))
        for ip in self.config.neighbours:
            for interface in self.interfaces.values():
                if network(ip, interface.length) == network(interface.ip, interface.length):
                    entries = self.table.advertise(interface.ifindex, changed=changed)
                    await self._tell(interface, entries, (ip, PORT))
        for route in self.table.routes.values():
            route.changed = False

    async def _tell(
        self, interface: Interface, entries: list[Entry], target: tuple[int, int]
    ) -> None:
        for at in range(0, len(entries), ENTRIES):
            message = Message(RESPONSE, entries[at : at + ENTRIES])
            with suppress(OSError):
                await self.sys.sendto(interface.fd, message.pack(), target)

    async def _send(self, interface: Interface, message: Message, ip: int) -> None:
        with suppress(OSError):
            await self.sys.sendto(interface.fd, message.pack(), (ip, PORT))

    # -- time ------------------------------------------------------------------------------------

    async def beat(self) -> None:
        """The regular update."""
        while True:
            await sleep_until(self.next_update)
            await self.advertise(changed=False)
            jitter = await self.random(JITTER) - JITTER // 2
            self.next_update = await self.now() + self.config.update + jitter

    async def expiry(self) -> None:
        """Routes whose time is over go; one such task waits at a time."""
        when = self.table.next_event()
        if when is None or (self._expiry is not None and self._expiry <= when):
            return
        self._expiry = when
        await sleep_until(when)
        if self._expiry == when:
            self._expiry = None
        ended, forgotten = self.table.expire(await self.now())
        for route in (*ended, *forgotten):
            await self.uninstall(route)
        if ended:
            await self.changed()
        else:
            self.loop.start(self.expiry)

    # -- the kernel's table ----------------------------------------------------------------------

    def _kernel(self, route: Route) -> rtnl.Route:
        net, length = route.prefix
        return rtnl.Route(net, length, route.gateway, route.ifindex, METRIC, rtnl.RTPROT_RIP)

    async def install(self, route: Route) -> None:
        assert self.netlink is not None
        try:
            await self.netlink.add_route(self._kernel(route), replace=True)
            route.installed = True
        except OSError as err:
            net, length = route.prefix
            await self.log.say(f"{ip_text(net)}/{length}: {why(err).decode()}", ERR)

    async def uninstall(self, route: Route) -> None:
        if not route.installed:
            return
        route.installed = False
        assert self.netlink is not None
        net, length = route.prefix
        with suppress(OSError):
            await self.netlink.del_route(rtnl.Route(net, length, 0, 0, METRIC, rtnl.RTPROT_RIP))

    async def _clean(self) -> None:
        """Routes that a ripd before this one has left."""
        assert self.netlink is not None
        for route in await self.netlink.routes():
            if route.protocol == rtnl.RTPROT_RIP:
                with suppress(OSError):
                    await self.netlink.del_route(route)
