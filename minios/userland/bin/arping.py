"""arping: ask who has an address on the link, below IP (iputils 20221126)."""

from minios.abi.errno import Errno
from minios.abi.flags import CLOCK_MONOTONIC, POLLIN
from minios.abi.inet import MAC_BROADCAST, is_loopback, mac_text
from minios.abi.inet import ip_text as dotted
from minios.abi.signals import Sig
from minios.abi.sockets import (
    AF_INET,
    AF_PACKET,
    SO_BINDTODEVICE,
    SO_DONTROUTE,
    SOCK_DGRAM,
    SOL_SOCKET,
    PacketAddress,
)
from minios.abi.sys import Sys
from minios.userland.lib.net.gai import GaiError, resolve
from minios.userland.lib.net.rtnl import Link, rtnl
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, why, write_all

USAGE = """
Usage:
  arping [options] <destination>

Options:
  -f            quit on first reply
  -q            be quiet
  -b            keep on broadcasting, do not unicast
  -D            duplicate address detection mode
  -U            unsolicited ARP mode, update your neighbours
  -A            ARP answer mode, update your neighbours
  -V            print version and exit
  -c <count>    how many packets to send
  -w <timeout>  how long to wait for a reply
  -i <interval> set interval between packets (default: 1 second)
  -I <device>   which ethernet device to use
  -s <source>   source ip address
  <destination> dns name or ip address

For more details see arping(8).
"""

ETH_P_ARP = 0x0806
SECOND = 1_000_000_000
IFF_UP, IFF_LOOPBACK, IFF_NOARP = 0x1, 0x8, 0x80


def ip_text(ip: int) -> bytes:
    return dotted(ip).encode()


class Arping:
    """One run. ``to`` is where the next request goes: to everybody, then to who answered."""

    def __init__(self, tool: Tool, flags: set[str], link: Link, source: int, target: int) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.flags = flags
        self.link = link
        self.source = source
        self.target = target
        self.to = MAC_BROADCAST
        self.fd = -1
        self.sent = self.broadcasts = self.received = self.unicasts = self.requests = 0
        self.last = 0
        self.stopping = False

    async def send(self) -> None:
        """A request, or with -A an answer that nobody has asked for."""
        reply = "A" in self.flags
        mine = self.link.mac.to_bytes(6, "big")
        theirs = (MAC_BROADCAST if not reply else self.link.mac).to_bytes(6, "big")
        body = bytes((0, 1, 8, 0, 6, 4, 0, 2 if reply else 1)) + mine
        body += self.source.to_bytes(4, "big") + theirs + self.target.to_bytes(4, "big")
        self.last = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        where = PacketAddress(self.link.ifindex, ETH_P_ARP, 0, 1, self.to)
        try:
            await self.sys.sendto(self.fd, body, where)
        except OSError as err:
            raise Failure(b"sendto: " + why(err), 2) from None
        self.sent += 1
        self.broadcasts += self.to == MAC_BROADCAST

    async def take(self, data: bytes, frame: PacketAddress) -> bool:
        """Whether a packet was an answer; it is told."""
        if len(data) < 28 or data[6:8] not in (b"\0\1", b"\0\2") or frame.pkttype > 2:
            return False
        sender, ip = data[8:14], int.from_bytes(data[14:18], "big")
        asked = int.from_bytes(data[24:28], "big")
        if ip != self.target:
            return False
        if "D" in self.flags:
            if asked and self.source != asked:
                return False
        elif asked != self.source or data[18:24] != self.link.mac.to_bytes(6, "big"):
            return False
        now = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        mac = mac_text(int.from_bytes(sender, "big")).upper().encode()
        if "q" not in self.flags:
            way = b"Unicast" if frame.pkttype == 0 else b"Broadcast"
            kind = b"reply" if data[7] == 2 else b"request"
            us = (now - self.last) // 1000
            await self.tool.line(
                b"%b %b from %b [%b]  %d.%03dms"
                % (way, kind, ip_text(ip), mac, us // 1000, us % 1000)
            )
            await self.tool.out.flush()
        self.received += 1
        self.requests += data[7] == 1
        if frame.pkttype != 0:
            self.unicasts += 1
        if "b" not in self.flags:
            self.to = int.from_bytes(sender, "big")
        return True

    async def run(self, count: int, deadline: int, interval: int) -> None:
        """Ask once an interval, until enough were sent or answered."""
        sys = self.sys
        begin = await sys.clock_gettime(CLOCK_MONOTONIC)
        end = begin + deadline if deadline else None
        due = begin
        while not self.stopping:
            now = await sys.clock_gettime(CLOCK_MONOTONIC)
            if end is not None and now >= end:
                return
            if now >= due:
                if count and self.sent >= count:
                    return
                await self.send()
                due = now + interval
            until = due if end is None else min(due, end)
            try:
                ready = await sys.poll([(self.fd, POLLIN)], max(until - now, 0))
            except OSError as err:
                if err.errno != Errno.EINTR:
                    raise
                continue
            if not ready:
                continue
            data, frame = await sys.recvfrom(self.fd, 4096)
            if await self.take(data, frame):
                done = count and self.received >= count and "D" not in self.flags
                if self.flags & {"f"} or done:
                    return


async def _device(tool: Tool, name: bytes | None, target: int) -> Link:
    """The device that was named, or by which the way to the target leads."""
    netlink = await rtnl(tool.sys)
    links, addresses = await netlink.links(), await netlink.addresses()
    await netlink.close()
    if name is None:
        probe = await tool.sys.socket(AF_INET, SOCK_DGRAM)
        source = 0
        try:
            await tool.sys.connect(probe, (target, 1025))
            source = (await tool.sys.getsockname(probe))[0]
        except OSError:
            source = 0
        await tool.sys.close(probe)
        index = next((a.ifindex for a in addresses if a.ip == source), 0)
        found = [link for link in links if link.ifindex == index]
        if not found or is_loopback(source):
            raise Failure(b"Suitable device could not be determined. Please, use option -I.", 2)
        return found[0]
    for link in links:
        if link.name == name:
            if not link.flags & IFF_UP:
                raise Failure(b'Interface "' + name + b'" is down', 2)
            if link.flags & (IFF_NOARP | IFF_LOOPBACK):
                raise Failure(b'Interface "' + name + b'" is not ARPable', 2)
            return link
    raise Failure(b"Device " + name + b" not available.", 2)


async def _source(tool: Tool, link: Link, target: int) -> int:
    """The address that this host has on the way to the target."""
    sys = tool.sys
    fd = await sys.socket(AF_INET, SOCK_DGRAM)
    try:
        await sys.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, link.name)
        await sys.setsockopt(fd, SOL_SOCKET, SO_DONTROUTE, 1)
        await sys.connect(fd, (target, 1025))
        found: int = (await sys.getsockname(fd))[0]
    except OSError as err:
        raise Failure(b"connect: " + why(err), 2) from None
    finally:
        await sys.close(fd)
    return found


def _number(text: bytes | None, low: int) -> int:
    if text is None:
        return 0
    if not text.isdigit():
        raise Failure(b"invalid argument: '" + text + b"'", 1)
    if int(text) < low:
        bounds = b": out of range: %d <= value <= 9223372036854775807" % low
        raise Failure(b"invalid argument: '" + text + b"'" + bounds, 1)
    return int(text)


@program(USAGE, None)
async def arping(tool: Tool) -> int:
    """arping(8). 0 if somebody answered (with -D: if nobody did), 1 if not, 2 for trouble."""
    sys = tool.sys
    try:
        options = parse(tool.argv[1:], "fqbDUAVc:w:i:I:s:h", ("help=h",))
    except UsageError as err:
        await complain(sys, tool.name + b": " + str(err).encode("latin-1"))
        await write_all(sys, 2, USAGE.encode())
        return 2
    if "V" in options:
        await tool.line(b"arping from iputils 20221126")
        return 0
    if "h" in options or len(options.operands) != 1:
        await write_all(sys, 2, USAGE.encode())
        return 2
    flags = {flag for flag, value in options.flags if value is None}
    count = _number(options.last("c"), 1)
    deadline = _number(options.last("w"), 0) * SECOND
    interval = (_number(options.last("i"), 1) or 1) * SECOND
    name = options.operands[0]
    try:
        target = await resolve(sys, name)
        source = await resolve(sys, options.last("s") or b"0")
    except GaiError as err:
        raise Failure(name + b": " + err.text, 2) from None
    try:
        fd = await sys.socket(AF_PACKET, SOCK_DGRAM, ETH_P_ARP)
    except OSError as err:
        raise Failure(b"socket: " + why(err), 2) from None
    link = await _device(tool, options.last("I"), target)
    if flags & {"A", "U"} and not source:
        source = target
    if not source and "D" not in flags:
        source = await _source(tool, link, target)
    run = Arping(tool, flags, link, source, target)
    run.fd = fd
    await sys.bind(fd, (link.ifindex, ETH_P_ARP))

    async def stop(sys: Sys, sig: int) -> None:
        run.stopping = True

    await sys.sigaction(Sig.SIGINT, stop)
    if "q" not in flags:
        head = b"ARPING %b from %b %b" % (ip_text(target), ip_text(source), link.name)
        await tool.line(head)
        await tool.out.flush()
    await run.run(count, deadline, interval)
    if "q" not in flags:
        await tool.line(b"Sent %d probes (%d broadcast(s))" % (run.sent, run.broadcasts))
        extra = b"".join(
            b"%b%d %b" % (b", " if at else b"", number, word)
            for at, (number, word) in enumerate(
                pair
                for pair in ((run.requests, b"request(s)"), (run.unicasts, b"broadcast(s)"))
                if pair[0]
            )
        )
        text = b"Received %d response(s)" % run.received
        await tool.line(text + (b" (" + extra + b")" if extra else b""))
    if "D" in flags:
        return int(run.received > 0)
    if flags & {"U", "A"}:
        return 0
    return int(run.received == 0)
