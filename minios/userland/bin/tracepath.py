"""tracepath: the way to a host and the MTU along it, for everybody (iputils 20221126)."""

from minios.abi.errno import Errno
from minios.abi.flags import CLOCK_REALTIME, POLLERR, POLLIN
from minios.abi.inet import (
    IP_MTU_DISCOVER,
    IP_PMTUDISC_DO,
    IP_RECVERR,
    IP_RECVTTL,
    IP_TTL,
    SOL_IP,
    ip_text,
)
from minios.abi.sockets import (
    AF_INET,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    SO_EE_ORIGIN_ICMP,
    SO_EE_ORIGIN_LOCAL,
    SOCK_DGRAM,
    ExtendedError,
    Message,
)
from minios.userland.lib.net.gai import GaiError, inet_aton, name_of, resolve
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, why, write_all

USAGE = """
Usage
  tracepath [options] <destination>

Options:
  -4             use IPv4
  -b             print both name and ip
  -l <length>    use packet <length>
  -m <hops>      use maximum <hops>
  -n             no dns name resolution
  -p <port>      use destination <port>
  -V             print version and exit
  <destination>  dns name or ip address

For more details see tracepath(8).
"""

OVERHEAD = 28
MTU = 65535
HOPS = 30
PORT = 44444
SLOTS = 64
COLUMN = 52
SECOND = 1_000_000_000
TRIES = 3


class Trace:
    """One run. ``slots`` remembers for each of the last probes its hop and when it was sent; the
    port that it went to says which it was."""

    def __init__(self, tool: Tool, ip: int, port: int, mtu: int, hops: int) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.ip = ip
        self.port = port
        self.mtu = mtu
        self.hops = hops
        self.numeric = self.both = False
        self.fd = -1
        self.ttl = 0
        self.slot = 0
        self.slots: list[tuple[int, int]] = [(0, 0)] * SLOTS
        self.hops_to = self.hops_from = -1

    async def run(self) -> None:
        """Hop by hop, until the destination answers."""
        sys = self.sys
        self.fd = await sys.socket(AF_INET, SOCK_DGRAM)
        await sys.setsockopt(self.fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        await sys.setsockopt(self.fd, SOL_IP, IP_RECVERR, 1)
        await sys.setsockopt(self.fd, SOL_IP, IP_RECVTTL, 1)
        if not await self._hops():
            await self.tool.line(b"     Too many hops: pmtu %d" % self.mtu)
        text = b"     Resume: pmtu %d " % self.mtu
        if self.hops_to >= 0:
            text += b"hops %d " % self.hops_to
        if self.hops_from >= 0:
            text += b"back %d " % self.hops_from
        await self.tool.line(text)

    async def _hops(self) -> bool:
        """Whether the way came to an end."""
        for ttl in range(1, self.hops + 1):
            self.ttl = ttl
            await self.sys.setsockopt(self.fd, SOL_IP, IP_TTL, ttl)
            tries, got = 0, -1
            while tries < TRIES:
                before = self.mtu
                got = await self._probe()
                if self.mtu != before:
                    tries = 0
                    continue
                if got == 0:
                    return True
                if got > 0:
                    break
                tries += 1
            if got < 0:
                await self.tool.line(b"%2d:  no reply" % ttl)
            await self.tool.out.flush()
        return False

    async def _probe(self) -> int:
        """Send a packet as long as the MTU and hear what comes of it: 0 the end, -1 nothing."""
        sys = self.sys
        tries = 0
        while tries < 10:
            now = await sys.clock_gettime(CLOCK_REALTIME)
            self.slots[self.slot] = (self.ttl, now)
            room = self.mtu - OVERHEAD
            head = self.ttl.to_bytes(4, "little") + now.to_bytes(16, "little")
            try:
                await sys.sendto(self.fd, head[:room].ljust(room, b"\0"),
                                 (self.ip, self.port + self.slot))  # fmt: skip
                break
            except OSError:
                got = await self._errors()
            self.slots[self.slot] = (0, 0)
            if got == 0:
                return 0
            tries = 0 if got > 0 else tries + 1
        else:
            await self.tool.line(b"%2d:  send failed" % self.ttl)
            return 0
        self.slot = (self.slot + 1) % SLOTS
        await sys.poll([(self.fd, POLLIN | POLLERR)], SECOND)
        try:
            data = await sys.recv(self.fd, self.mtu, MSG_DONTWAIT)
        except OSError:
            data = b""
        if data:
            await self.tool.line(b"%2d?: reply received 8)" % self.ttl)
            return 0
        return await self._errors()

    async def _errors(self) -> int:
        """Tell of everything on the error queue: 0 the end, -1 nothing, else the MTU."""
        progress = -1
        while True:
            try:
                got = await self.sys.recvmsg(self.fd, 64, MSG_ERRQUEUE | MSG_DONTWAIT)
            except OSError as err:
                if err.errno == Errno.EAGAIN:
                    return progress
                continue
            progress = self.mtu
            what: ExtendedError | None = None
            ttl = -1
            for _, kind, value in got.control:
                if kind == IP_RECVERR:
                    what = value
                elif kind == IP_TTL:
                    ttl = value
            if what is None:
                return 0
            if not await self._tell(got, what, ttl):
                return 0
            progress = self.mtu

    async def _tell(self, got: Message, what: ExtendedError, ttl: int) -> bool:
        """A line about one error; whether to go on."""
        now = await self.sys.clock_gettime(CLOCK_REALTIME)
        sent, since = -1, 0
        slot = got.address[1] - self.port
        if 0 <= slot < SLOTS - 1 and self.slots[slot][0]:
            sent, since = self.slots[slot]
            self.slots[slot] = (0, 0)
        text = b""
        if what.origin == SO_EE_ORIGIN_LOCAL:
            text = b"%2d?: %-32b " % (self.ttl, b"[LOCALHOST]")
        elif what.origin == SO_EE_ORIGIN_ICMP:
            text = b"%2d:  " % sent if sent > 0 else b"%2d?: " % self.ttl
            text += (await self._host(what.offender)).ljust(COLUMN)
        if sent > 0:
            us = (now - since) // 1000
            text += b"%3d.%03dms " % (us // 1000, us % 1000)
        back = -1
        if ttl >= 0:
            back = 65 - ttl if ttl <= 64 else 129 - ttl if ttl <= 128 else 256 - ttl
        more = True
        if what.errno == Errno.EMSGSIZE:
            text += b"pmtu %d" % what.info
            self.mtu = what.info
        elif what.errno == Errno.ECONNREFUSED:
            text += b"reached"
            self.hops_to = self.ttl if sent < 0 else sent
            self.hops_from = back
            more = False
        elif what.errno == Errno.EHOSTUNREACH and (what.type, what.code) == (11, 0):
            expected = sent if sent >= 0 else self.ttl
            if back >= 0 and back != expected:
                text += b"asymm %2d " % back
        elif what.errno != Errno.ETIMEDOUT:
            marks = {Errno.EPROTO: b"!P", Errno.EHOSTUNREACH: b"!H", Errno.ENETUNREACH: b"!N",
                     Errno.EACCES: b"!A"}  # fmt: skip
            mark = next((text for number, text in marks.items() if number == what.errno), b"")
            text += mark
            more = False
            if not mark:
                await self.tool.line(text)
                await self.tool.warn(b"NET ERROR: " + why(OSError(what.errno, "")))
                return False
        await self.tool.line(text)
        return more

    async def _host(self, ip: int) -> bytes:
        """Who it was, in as many columns as there are for it."""
        text = ip_text(ip).encode()
        if self.numeric:
            return text
        name = await name_of(self.sys, ip) or b"???"
        return (name + b" (" + text + b")" if self.both else name)[: COLUMN - 1]


def _number(text: bytes, low: int, high: int) -> int:
    if not text.isdigit():
        raise Failure(b"invalid argument: '" + text + b"'", 1)
    value = int(text)
    if not low <= value <= high:
        bounds = b": out of range: %d <= value <= %d" % (low, high)
        raise Failure(b"invalid argument: '" + text + b"'" + bounds, 1)
    return value


@program(USAGE, None)
async def tracepath(tool: Tool) -> int:
    """tracepath(8)."""
    try:
        options = parse(tool.argv[1:], "4bhl:m:np:V", ("help=h",))
    except UsageError as err:
        await complain(tool.sys, tool.name + b": " + str(err).encode("latin-1"))
        await write_all(tool.sys, 2, USAGE.encode())
        return 255
    if "V" in options:
        await tool.line(b"tracepath from iputils 20221126")
        return 0
    if "h" in options or len(options.operands) != 1:
        await write_all(tool.sys, 2, USAGE.encode())
        return 255
    target = options.operands[0]
    name, slash, tail = target.partition(b"/")
    port = _number(options.last("p") or (tail if slash else b"") or b"%d" % PORT, 1, 65535)
    mtu = _number(options.last("l") or b"%d" % MTU, OVERHEAD + 1, 65535)
    hops = _number(options.last("m") or b"%d" % HOPS, 1, 255)
    try:
        ip = await resolve(tool.sys, name)
    except GaiError as err:
        raise Failure(target + b": " + err.text, 1) from None
    trace = Trace(tool, ip, port, mtu, hops)
    trace.numeric = "n" in options
    trace.both = "b" in options
    if inet_aton(name) == 0:
        trace.ip = 0x7F000001
    await trace.run()
    return 0
