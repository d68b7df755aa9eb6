"""dhcpd's command line and its start."""

from __future__ import annotations

from contextlib import suppress

from minios.abi.flags import POLLIN
from minios.abi.inet import ip_text, mac_text
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.net.wire.dhcp import SERVER_PORT
from minios.userland.bin.dhcpd.config import BadConfig, Config, parse
from minios.userland.bin.dhcpd.context import Interface
from minios.userland.bin.dhcpd.server import Server
from minios.userland.lib.net.daemon import Log, background, udp
from minios.userland.lib.net.rawudp import raw_udp
from minios.userland.lib.net.rtnl import IFF_LOOPBACK, Address, Link, rtnl
from minios.userland.lib.net.tasks import Loop, ready
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file, why

USAGE = """
Usage: dhcpd [-46dfqtT] [-cf config-file] [-lf lease-file] [if0 [...ifN]]
The DHCP server: hands out the addresses of dhcpd.conf and remembers to whom.

  -cf FILE  the configuration (/etc/dhcp/dhcpd.conf)
  -lf FILE  the leases (/var/lib/dhcp/dhcpd.leases)
  -d        in the foreground, log to standard error
  -f        in the foreground
  -t        only look whether the configuration is right
"""
CONFIG = b"/etc/dhcp/dhcpd.conf"
LEASES = b"/var/lib/dhcp/dhcpd.leases"
BANNER = (
    "Internet Systems Consortium DHCP Server 4.4.3-P1",
    "Copyright 2004-2022 Internet Systems Consortium.",
    "All rights reserved.",
    "For info, please visit https://www.isc.org/software/dhcp/",
)
LEASE_BYTES = 256


@program(USAGE, None)
async def dhcpd(tool: Tool) -> int:
    """dhcpd(8)."""
    sys = tool.sys
    values = {"-cf": CONFIG, "-lf": LEASES}
    flags: list[str] = []
    names: list[bytes] = []
    rest = list(tool.argv[1:])
    while rest:
        word = rest.pop(0).decode("latin-1")
        if word == "--help":
            await tool.line(USAGE.strip().encode())
            return 0
        if word == "--version":
            await tool.line(b"isc-dhcpd-4.4.3-P1")
            return 0
        if word in ("-cf", "-lf", "-pf", "-p", "-user", "-group") and rest:
            values[word] = rest.pop(0)
        elif word.startswith("-"):
            if not all(letter in "46dfqtT" for letter in word[1:]):
                await complain(sys, USAGE.strip().partition("\n")[0].encode())
                return 1
            flags += word[1:]
        else:
            names.append(word.encode("latin-1"))
    try:
        text = await read_file(sys, values["-cf"])
    except OSError as err:
        await complain(sys, b"Can't open " + values["-cf"] + b": " + why(err))
        return 1
    try:
        config = parse(text.decode("latin-1"), values["-cf"].decode("latin-1"))
    except BadConfig as err:
        await complain(sys, str(err).encode("latin-1"))
        await complain(sys, b"Configuration file errors encountered -- exiting")
        return 1
    if "t" in flags:
        return 0
    if "d" in flags or "f" in flags:
        return await _run(sys, tool, config, values["-lf"], names, "d" in flags)
    await background(sys, _child, config, values["-lf"], names)
    return 0


async def _child(sys: Sys, config: Config, path: bytes, names: list[bytes]) -> int:
    return await _run(sys, Tool(sys, [b"dhcpd"], {}), config, path, names, False)


async def _run(
    sys: Sys, tool: Tool, config: Config, path: bytes, names: list[bytes], stderr: bool
) -> int:
    log = Log(sys, b"dhcpd", stderr=stderr)
    for line in BANNER:
        await log.say(line)
    loop = Loop(sys)
    server = Server(sys, loop, log, config, path)
    addresses = sum(last - first + 1 for s in config.subnets for first, last, _ in s.ranges)
    await tool.retain(addresses * LEASE_BYTES)
    with suppress(OSError):
        server.leases.read("\n" + (await read_file(sys, path, 4 << 20)).decode("latin-1"))
    await server.rewrite()
    await log.say(f"Wrote {len(server.leases.by_ip)} leases to leases file.")
    if not await _listen(sys, server, names):
        await log.say("")
        await log.say("Not configured to listen on any interfaces!", 3)
        return 1
    with suppress(OSError):
        # So that nobody is told that the port is closed; what comes is heard by the raw sockets.
        loop.start(_swallow, sys, await udp(sys, (0, SERVER_PORT), reuse=True))
    await log.say("Server starting service.")

    async def stop() -> None:
        loop.stop()

    await loop.on_signal(Sig.SIGTERM, stop)
    await loop.on_signal(Sig.SIGINT, stop)
    await loop.run()
    return 0


async def _swallow(sys: Sys, fd: int) -> None:
    while True:
        await ready(fd, POLLIN)
        with suppress(OSError):
            await sys.recv(fd, 65535)


async def _listen(sys: Sys, server: Server, names: list[bytes]) -> bool:
    """Hear every interface with an address in a subnet of the configuration."""
    netlink = await rtnl(sys)
    links, known = await netlink.links(), await netlink.addresses()
    await netlink.close()
    heard = False
    for link in links:
        if link.flags & IFF_LOOPBACK or not link.mac or (names and link.name not in names):
            continue
        for address in known:
            if address.ifindex == link.ifindex:
                heard = await _hear(sys, server, link, address, bool(names)) or heard
                break
    return heard


async def _hear(sys: Sys, server: Server, link: Link, address: Address, named: bool) -> bool:
    subnet = server.config.subnet_of(address.ip)
    shown = link.name.decode("latin-1")
    if subnet is None:
        if named:
            await server.log.say(f"No subnet declaration for {shown} ({ip_text(address.ip)}).")
        return False
    try:
        raw = await raw_udp(sys, link.ifindex, link.mac)
    except OSError as err:
        await server.log.say(f"Open a socket for LPF: {why(err).decode()}", 3)
        return False
    network = f"{ip_text(subnet.network)}/{subnet.length}"
    where = f"LPF/{shown}/{mac_text(link.mac)}/{network}"
    await server.log.say(f"Listening on {where}")
    await server.log.say(f"Sending on   {where}")
    server.loop.start(server.serve, Interface(link.name, address.ip, raw))
    return True
