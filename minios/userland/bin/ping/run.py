"""One run of ping: the sockets, what is sent, what comes back."""

from minios.abi.errno import Errno
from minios.abi.flags import CLOCK_MONOTONIC, CLOCK_REALTIME, POLLERR, POLLIN
from minios.abi.inet import (
    INADDR_BROADCAST,
    IP_MTU_DISCOVER,
    IP_MULTICAST_LOOP,
    IP_MULTICAST_TTL,
    IP_RECVERR,
    IP_RECVTTL,
    IP_TOS,
    IP_TTL,
    IPPROTO_ICMP,
    SOL_IP,
    ip_text,
    is_multicast,
)
from minios.abi.sockets import (
    AF_INET,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    SO_BINDTODEVICE,
    SO_BROADCAST,
    SO_EE_ORIGIN_ICMP,
    SO_EE_ORIGIN_LOCAL,
    SO_MARK,
    SO_RCVBUF,
    SO_SNDBUF,
    SO_TIMESTAMP,
    SOCK_DGRAM,
    SOL_SOCKET,
    ExtendedError,
    Message,
)
from minios.userland.bin.ping.options import Options
from minios.userland.bin.ping.tally import STAMP, Tally
from minios.userland.bin.ping.words import message, round_trip
from minios.userland.lib.net.gai import GaiError, getaddrinfo, inet_aton, name_of
from minios.userland.lib.net.rtnl import rtnl
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.stdio import complain, why, write_all

MIN_MS = 10
REMEMBERED = 0x10000
"""Sequence numbers that are remembered, to know a duplicate."""
SCREEN = 80


class Ping(Tally):
    """One run. Times are ns of CLOCK_MONOTONIC, round trips are microseconds."""

    def __init__(self, tool: Tool, options: Options) -> None:
        super().__init__(options)
        self.tool = tool
        self.sys = tool.sys
        self.fd = -1
        self.ip = 0
        self.source = 0
        self.numeric = "n" in options.flags
        self.names: dict[int, bytes] = {}
        self.stopping = False
        self.asked = False
        """Whether somebody wants to know how it goes (SIGQUIT)."""
        self.credit = 0
        self.due: int | None = None
        """When to stop waiting for the last replies."""
        self.answered: dict[int, None] = {}
        self.size = options.size

    # -- getting ready ---------------------------------------------------------------------------

    async def resolve(self) -> None:
        """The destination's address; ping prints the name that it really has."""
        target = self.options.target
        ip = inet_aton(target)
        if ip is not None:
            self.ip, self.numeric = ip, True
            return
        try:
            found = (await getaddrinfo(self.sys, target, b"0", SOCK_DGRAM))[0]
        except GaiError as err:
            raise Failure(target + b": " + err.text, 2) from None
        self.ip = found.address[0]
        self.hostname = found.canonname or target

    async def open(self) -> None:
        """The socket, and the address that the packets will have."""
        sys, options = self.sys, self.options
        device = await self._interface()
        probe = await sys.socket(AF_INET, SOCK_DGRAM)
        try:
            if device:
                await self._device(probe, device)
            if self.source:
                await self._bind(probe, 0)
            if is_multicast(self.ip):
                await sys.setsockopt(probe, SOL_IP, IP_MULTICAST_TTL, options.ttl or 1)
            await self._find_source(probe, device)
        finally:
            await sys.close(probe)
        try:
            fd = await sys.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)
        except OSError as err:
            raise Failure(b"socket: " + why(err), 2) from None
        self.fd = fd
        if device:
            await self._device(fd, device)
        if (options.source and not device) or options.ident:
            await self._bind(fd, options.ident)
        await sys.setsockopt(fd, SOL_IP, IP_RECVERR, 1)
        await sys.setsockopt(fd, SOL_IP, IP_RECVTTL, 1)
        await sys.setsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, 1)
        await sys.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, max(65536, (self.size + 512) * 2))
        if options.sndbuf:
            await sys.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, options.sndbuf)
        if "b" in options.flags:
            await sys.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 1)
        if options.mtu_discover is not None:
            await sys.setsockopt(fd, SOL_IP, IP_MTU_DISCOVER, options.mtu_discover)
        if options.tos:
            await sys.setsockopt(fd, SOL_IP, IP_TOS, options.tos)
        if options.ttl:
            await sys.setsockopt(fd, SOL_IP, IP_TTL, options.ttl)
            await sys.setsockopt(fd, SOL_IP, IP_MULTICAST_TTL, options.ttl)
        if "L" in options.flags:
            await sys.setsockopt(fd, SOL_IP, IP_MULTICAST_LOOP, 0)
        if options.mark:
            await sys.setsockopt(fd, SOL_SOCKET, SO_MARK, options.mark)

    async def _interface(self) -> bytes:
        """-I: the name of a device, or an address, which is remembered."""
        name = self.options.source
        if not name:
            return b""
        ip = inet_aton(name)
        if ip is None:
            return name
        self.source = ip
        return b""

    async def _device(self, fd: int, device: bytes) -> None:
        try:
            await self.sys.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device)
        except OSError as err:
            raise Failure(b"SO_BINDTODEVICE " + device + b": " + why(err), 2) from None

    async def _bind(self, fd: int, ident: int) -> None:
        try:
            await self.sys.bind(fd, (self.source, ident))
        except OSError as err:
            raise Failure(b"bind: " + why(err), 2) from None

    async def _has(self, device: bytes, ip: int) -> bool:
        """Whether a device has an address."""
        netlink = await rtnl(self.sys)
        index = next((link.ifindex for link in await netlink.links() if link.name == device), 0)
        found = any(a.ifindex == index and a.ip == ip for a in await netlink.addresses())
        await netlink.close()
        return found

    async def _find_source(self, probe: int, device: bytes) -> None:
        """Whether there is a way, and what our end of it is called."""
        sys, given = self.sys, "b" in self.options.flags
        try:
            try:
                await sys.connect(probe, (self.ip, 1025))
            except OSError as err:
                if err.errno != Errno.EACCES:
                    raise
                if not given:
                    text = b"Do you want to ping broadcast? Then -b. If not, check your local "
                    raise Failure(text + b"firewall rules", 2) from None
                await complain(sys, b"WARNING: pinging broadcast address")
                await sys.setsockopt(probe, SOL_SOCKET, SO_BROADCAST, 1)
                await sys.connect(probe, (self.ip, 1025))
        except OSError as err:
            raise Failure(b"connect: " + why(err), 2) from None
        if not self.source:
            self.source = (await sys.getsockname(probe))[0]
        if not self.ip:
            self.ip = self.source
        if device and not await self._has(device, self.source):
            await self._complain(
                b"Warning: source address might be selected on device other than: " + device
            )

    # -- sending -------------------------------------------------------------------------------

    async def now(self) -> int:
        return await self.sys.clock_gettime(CLOCK_MONOTONIC)

    def _data(self, stamp: int) -> bytes:
        pattern = self.options.pattern
        if pattern:
            body = (pattern * (self.size // len(pattern) + 1))[: self.size]
        else:
            body = (bytes(range(256)) * (self.size // 256 + 1))[: self.size]
        if not self.timing:
            return body
        seconds, rest = divmod(stamp, 1_000_000_000)
        head = seconds.to_bytes(8, "little") + (rest // 1000).to_bytes(8, "little")
        return head + body[STAMP:]

    async def pinger(self) -> int:
        """Send the next packet if it is time; how many ms until the next one, 0 or less: now."""
        options = self.options
        if self.stopping or (options.count and self.sent >= options.count and not options.deadline):
            return 1000
        now = await self.now()
        if self.first is None:
            self.first = self.last = now
            self.credit = options.interval * (options.preload - 1)
        else:
            passed = (now - self.last) // 1_000_000
            if not options.interval and passed < MIN_MS and self.in_flight >= options.preload:
                # A flood waits at most so long for the answer to the last packet.
                return MIN_MS - passed
            self.credit += passed
            most = options.interval * options.preload
            self.credit = min(self.credit, most) if options.interval else 0
            if options.interval and self.credit < options.interval:
                return options.interval - self.credit
            self.credit -= options.interval
            self.last = now
        if "O" in options.flags and self.sent > 0 and self.sent & 0xFFFF not in self.answered:
            await self._stamp()
            await self.tool.line(b"no answer yet for icmp_seq=%d" % (self.sent & 0xFFFF))
            await self.tool.out.flush()
        await self._send()
        return options.interval - self.credit if options.interval else 0

    @property
    def in_flight(self) -> int:
        return (self.sent - self.confirmed) & 0xFFFF

    async def _send(self) -> None:
        sys = self.sys
        seq = (self.sent + 1) & 0xFFFF
        self.answered.pop(seq, None)
        stamp = await sys.clock_gettime(CLOCK_REALTIME)
        packet = bytes((8, 0, 0, 0, 0, 0)) + seq.to_bytes(2, "big") + self._data(stamp)
        while True:
            try:
                await sys.sendto(self.fd, packet, (self.ip, 0))
            except OSError as err:
                if err.errno == Errno.EINTR:
                    continue
                net, _ = await self.read_errors()
                self._counted()
                if net and not self.options.quiet:
                    if self.options.flood:
                        await write_all(sys, 1, b"E")
                    else:
                        await self._complain(b"sendmsg: " + why(err))
                self.credit = 0
                return
            break
        self._counted()
        options = self.options
        if options.flood and not options.quiet and self.in_flight < SCREEN:
            await write_all(sys, 1, b".")

    def _counted(self) -> None:
        self.sent += 1

    async def _complain(self, text: bytes) -> None:
        await self.tool.out.flush()
        await complain(self.sys, self.tool.name + b": " + text)

    # -- receiving -----------------------------------------------------------------------------

    async def listen(self, timeout: int) -> None:
        """Wait at most so many ns for something, and take in all that there is."""
        ready = await self.sys.poll([(self.fd, POLLIN | POLLERR)], timeout)
        while ready:
            try:
                got = await self.sys.recvmsg(self.fd, self.size + 4096, MSG_DONTWAIT)
            except OSError as err:
                if err.errno in (Errno.EAGAIN, Errno.EINTR):
                    net, local = await self.read_errors()
                    if net or local:
                        continue
                    return
                net, local = await self.read_errors()
                if not net and not local:
                    await self._complain(b"recvmsg: " + why(err))
                    return
                continue
            await self.reply(got)
            if self.done:
                return

    async def read_errors(self) -> tuple[int, int]:
        """The error queue's next entry; how many errors of the network and of our own it was."""
        try:
            got = await self.sys.recvmsg(self.fd, 4096, MSG_ERRQUEUE | MSG_DONTWAIT)
        except OSError:
            return 0, 0
        what: ExtendedError | None = None
        for _, kind, value in got.control:
            if kind == IP_RECVERR:
                what = value
        if what is None:
            return 0, 0
        if what.origin == SO_EE_ORIGIN_LOCAL:
            await self._local_error(what)
            return 0, 1
        if what.origin == SO_EE_ORIGIN_ICMP and got.address[0] == self.ip and len(got.data) >= 8:
            await self._icmp_error(what, int.from_bytes(got.data[6:8], "big"))
            return 1, 0
        return 0, 0

    async def _local_error(self, what: ExtendedError) -> None:
        self.errors += 1
        if self.options.quiet:
            return
        if self.options.flood:
            await write_all(self.sys, 1, b"E")
        elif what.errno == Errno.EMSGSIZE:
            await self._complain(b"local error: message too long, mtu=%d" % what.info)
        else:
            await self._complain(b"local error: " + why(OSError(what.errno, "")))

    async def _icmp_error(self, what: ExtendedError, seq: int) -> None:
        self.acknowledge(seq)
        self.errors += 1
        if self.options.quiet:
            return
        if self.options.flood:
            await write_all(self.sys, 1, b"\bE")
            return
        await self._stamp()
        who = await self.name(what.offender)
        text = message(what.type, what.code, what.info)
        await self.tool.line(b"From %b icmp_seq=%d %b" % (who, seq, text))
        await self.tool.out.flush()

    async def reply(self, got: Message) -> None:
        """An echo reply."""
        data = got.data
        if len(data) < 8 or data[0] != 0:
            return
        stamp = ttl = None
        for level, kind, value in got.control:
            if level == SOL_SOCKET:
                stamp = value
            elif kind == IP_TTL:
                ttl = value
        seq = int.from_bytes(data[6:8], "big")
        sender = got.address[0]
        wide = is_multicast(self.ip) or "b" in self.options.flags or self.ip == INADDR_BROADCAST
        elsewhere = sender != self.ip and not wide
        self.received += 1
        self.acknowledge(seq)
        trip = await self._round_trip(data, stamp)
        again = seq in self.answered
        if again:
            self.received -= 1
            self.repeats += 1
        else:
            self.answered[seq] = None
            if len(self.answered) > REMEMBERED:
                del self.answered[next(iter(self.answered))]
        if self.options.quiet:
            return
        if self.options.flood:
            await write_all(self.sys, 1, b"\b \b")
            return
        await self._stamp()
        text = b"%d bytes from %b: icmp_seq=%d" % (len(data), await self.name(sender), seq)
        if "v" in self.options.flags:
            text += b" ident=%d" % int.from_bytes(data[4:6], "big")
        if ttl is not None:
            text += b" ttl=%d" % ttl
        if len(data) < self.size + 8:
            text += b" (truncated)"
        else:
            if trip is not None:
                text += b" time=" + round_trip(trip)
            if again and (not is_multicast(self.ip) or "v" in self.options.flags):
                text += b" (DUP!)"
            if elsewhere:
                text += b" (DIFFERENT ADDRESS!)"
            text += self._damage(data[8:])
        if "a" in self.options.flags:
            text += b"\a"
        await self.tool.line(text)
        await self.tool.out.flush()

    async def _round_trip(self, data: bytes, stamp: int | None) -> int | None:
        if not self.timing or len(data) < 8 + STAMP:
            return None
        if stamp is None or "U" in self.options.flags:
            stamp = await self.sys.clock_gettime(CLOCK_REALTIME)
        sent = int.from_bytes(data[8:16], "little") * 1_000_000 + int.from_bytes(
            data[16:24], "little"
        )
        trip = stamp // 1000 - sent
        if not 0 <= trip < 1 << 40:
            await self._complain(b"Warning: time of day goes back (%dus), taking countermeasures"
                                 % trip)  # fmt: skip
            trip = 0
        self.trip(trip)
        if self.options.adaptive:
            self._adapt()
        return trip

    def _adapt(self) -> None:
        """-A: as often as replies come, with one packet or a few under way."""
        self.options.interval = self.average // 8 // 1000

    def _damage(self, body: bytes) -> bytes:
        """The first byte of the data that is not what was sent, and a dump of it all."""
        wanted = self._data(0)
        start = STAMP if self.timing else 0
        for at in range(start, self.size):
            if body[at] != wanted[at]:
                text = b"\nwrong data byte #%d should be 0x%x but was 0x%x" % (
                    at, wanted[at], body[at],
                )  # fmt: skip
                for here in range(start, self.size):
                    if (here - start) % 32 == 0:
                        text += b"\n#%d\t" % here
                    text += b"%x " % body[here]
                return text
        return b""

    async def name(self, ip: int) -> bytes:
        """An address with its name, if it has one and names are wanted (pr_addr)."""
        text = ip_text(ip).encode()
        if self.numeric:
            return text
        if ip not in self.names:
            if len(self.names) > 64:
                self.names.clear()
            self.names[ip] = await name_of(self.sys, ip) or b""
        found = self.names[ip]
        return found + b" (" + text + b")" if found else text

    async def _stamp(self) -> None:
        if "D" in self.options.flags:
            now = await self.sys.clock_gettime(CLOCK_REALTIME)
            seconds, rest = divmod(now, 1_000_000_000)
            self.tool.out.put(b"[%d.%06d] " % (seconds, rest // 1000))

    # -- the whole -----------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        count = self.options.count
        return bool(
            self.stopping
            or (count and self.received + self.errors >= count)
            or (self.options.deadline and self.errors)
        )

    async def run(self) -> None:
        """Send and receive until it is over."""
        options, begin = self.options, await self.now()
        end = begin + options.deadline * 1_000_000_000 if options.deadline else None
        while not self.done:
            if self.asked:
                await self.status()
            wait = await self.pinger()
            while wait <= 0 and not self.done:
                if not options.interval:
                    break
                wait = await self.pinger()
            now = await self.now()
            until = now + max(wait, 0) * 1_000_000
            if options.count and self.sent >= options.count and not options.deadline:
                until = self._last_wait(now)
            if end is not None:
                until = min(until, end)
            try:
                await self.listen(max(until - now, 0))
            except OSError as err:
                if err.errno != Errno.EINTR:
                    raise
            now = await self.now()
            if (end is not None and now >= end) or (self.due is not None and now >= self.due):
                self.stopping = True

    def _last_wait(self, now: int) -> int:
        """All are sent: how long to wait for the rest (__schedule_exit)."""
        if self.due is None:
            if self.received:
                wait = max(2 * self.times[1], 1000 * self.options.interval)
            else:
                wait = self.options.linger * 1000
            self.due = now + wait * 1000
        return self.due

    async def status(self) -> None:
        """How it goes so far, on standard error (SIGQUIT)."""
        self.asked = False
        await complain(self.sys, self.progress())
