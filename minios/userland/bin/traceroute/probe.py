"""Probes: packets with a small time to live, and what comes back for them."""

from collections.abc import Callable

from minios.abi.errno import Errno
from minios.abi.flags import CLOCK_MONOTONIC
from minios.abi.inet import (
    IP_MTU_DISCOVER,
    IP_PMTUDISC_DONT,
    IP_PMTUDISC_PROBE,
    IP_RECVERR,
    IP_RECVTTL,
    IP_TOS,
    IP_TTL,
    IPPROTO_ICMP,
    IPPROTO_TCP,
    SOL_IP,
)
from minios.abi.sockets import (
    AF_INET,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    SO_BINDTODEVICE,
    SO_EE_ORIGIN_LOCAL,
    SO_MARK,
    SO_TIMESTAMP,
    SOCK_DGRAM,
    SOCK_RAW,
    SOL_SOCKET,
    ExtendedError,
    Message,
)
from minios.abi.sys import Sys
from minios.userland.bin.traceroute.options import PORT, Options
from minios.userland.lib.net.gai import inet_aton
from minios.userland.lib.program import Failure
from minios.userland.lib.stdio import why

HEADER = 20
_UNREACHABLE = {
    0: b"!N", 6: b"!N", 8: b"!N", 11: b"!N", 1: b"!H", 7: b"!H", 12: b"!H", 9: b"!X", 10: b"!X",
    13: b"!X", 3: b"", 2: b"!P", 5: b"!S", 14: b"!V", 15: b"!C",
}  # fmt: skip


class Probe:
    """One packet. ``sent`` and ``received`` are ns of CLOCK_MONOTONIC, None before; ``host`` is who
    answered (0: nobody); ``final`` says that the way ends there."""

    __slots__ = ("done", "fd", "final", "host", "mark", "received", "sent", "seq", "ttl")

    def __init__(self) -> None:
        self.done = self.final = False
        self.sent: int | None = None
        self.received: int | None = None
        self.host = 0
        self.mark = b""
        self.seq = 0
        self.fd = -1
        self.ttl = -1
        """The time to live that its answer arrived with."""

    def ended(self, what: ExtendedError) -> None:
        """What an ICMP message says of it."""
        if (what.type, what.code) == (11, 0):
            return
        self.final = True
        if what.type != 3:
            self.mark = b"!<%d-%d>" % (what.type, what.code)
        elif what.code == 4:
            self.mark = b"!F-%d" % what.info
        else:
            self.mark = _UNREACHABLE.get(what.code, b"!<%d>" % what.code)


class Method:
    """How probes are sent. The base class sends UDP datagrams, each from a socket of its own to the
    next port (or with ``fixed`` always to the same)."""

    fixed = False
    header = 8

    def __init__(self, sys: Sys, options: Options, ip: int) -> None:
        self.sys = sys
        self.options = options
        self.ip = ip
        self.port = options.port or PORT
        self.length = max(options.length - HEADER - self.header, 0)
        self.mtu = 0
        """The path's MTU, when it has just become known (--mtu)."""

    @property
    def whole(self) -> int:
        """Bytes of a packet, for the first line."""
        return self.length + HEADER + self.header

    async def open(self) -> None:
        """Sockets that all probes share."""

    async def make(self, kind: int, protocol: int) -> int:
        """A socket with the options of the command line."""
        sys, options = self.sys, self.options
        fd = await sys.socket(AF_INET, kind, protocol)
        if options.device:
            try:
                await sys.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options.device)
            except OSError as err:
                raise Failure(b"setsockopt SO_BINDTODEVICE: " + why(err), 1) from None
        source = inet_aton(options.source) if options.source else 0
        if source:
            try:
                await sys.bind(fd, (source, 0))
            except OSError as err:
                raise Failure(b"bind: " + why(err), 1) from None
        if options.mark:
            await sys.setsockopt(fd, SOL_SOCKET, SO_MARK, options.mark)
        if options.tos:
            await sys.setsockopt(fd, SOL_IP, IP_TOS, options.tos)
        mode = IP_PMTUDISC_PROBE if "F" in options.flags else IP_PMTUDISC_DONT
        await sys.setsockopt(fd, SOL_IP, IP_MTU_DISCOVER, mode)
        await sys.setsockopt(fd, SOL_IP, IP_RECVERR, 1)
        await sys.setsockopt(fd, SOL_IP, IP_RECVTTL, 1)
        await sys.setsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, 1)
        return fd

    async def connect(self, fd: int, port: int) -> None:
        try:
            await self.sys.connect(fd, (self.ip, port))
        except OSError as err:
            raise Failure(b"connect: " + why(err), 1) from None

    async def now(self) -> int:
        return await self.sys.clock_gettime(CLOCK_MONOTONIC)

    def data(self) -> bytes:
        """What is in a packet: letters in a row."""
        return bytes(0x40 + (at & 0x3F) for at in range(self.length))

    async def send(self, probe: Probe, ttl: int) -> None:
        """Send one."""
        fd = await self.make(SOCK_DGRAM, 0)
        await self.sys.setsockopt(fd, SOL_IP, IP_TTL, ttl)
        await self.connect(fd, self.port)
        if not self.fixed:
            self.port = self.port + 1 if self.port < 65535 else 1
        probe.fd = fd
        await self.push(probe, fd, self.data())

    async def push(self, probe: Probe, fd: int, data: bytes) -> None:
        """Hand a packet to the network; one that is too long for the first link is cut (--mtu), or
        that is its answer."""
        while True:
            probe.sent = await self.now()
            try:
                await self.sys.send(fd, data)
            except OSError as err:
                if err.errno == Errno.EMSGSIZE and await self._shrink(fd):
                    data = data[: self.length]
                    continue
                if err.errno == Errno.EHOSTUNREACH:
                    continue  # what became of another probe; it is told by its own message
                if err.errno == Errno.EMSGSIZE:
                    return
                raise Failure(b"send: " + why(err), 1) from None
            return

    async def _shrink(self, fd: int) -> bool:
        """Whether the error queue tells a smaller MTU, and --mtu wants to know it."""
        try:
            got = await self.sys.recvmsg(fd, 64, MSG_ERRQUEUE | MSG_DONTWAIT)
        except OSError:
            return False
        for _, kind, what in got.control:
            if kind == IP_RECVERR and what.info and "u" in self.options.flags:
                self.learn(what.info)
                return True
        return False

    def learn(self, mtu: int) -> None:
        """The MTU of the path so far."""
        self.mtu = mtu
        self.length = min(self.length, mtu - HEADER - self.header)

    def waiting(self, probes: list[Probe]) -> list[int]:
        """The descriptors at which something may arrive."""
        return [probe.fd for probe in probes if probe.fd >= 0]

    async def receive(self, fd: int, probes: list[Probe]) -> None:
        """Take in what has arrived at a descriptor."""
        probe = next((p for p in probes if p.fd == fd), None)
        if probe is None:
            return
        while not probe.done:
            got = await self.next(fd)
            if got is None:
                return
            await self.take(probe, got)

    async def next(self, fd: int) -> Message | None:
        """What there is: an error first."""
        for mflags in (MSG_ERRQUEUE | MSG_DONTWAIT, MSG_DONTWAIT):
            try:
                return await self.sys.recvmsg(fd, 1500, mflags)
            except OSError:
                continue
        return None

    async def take(self, probe: Probe, got: Message) -> None:
        """A probe's answer: an ICMP message about it, or what its destination says."""
        what: ExtendedError | None = None
        stamp = None
        for level, kind, value in got.control:
            if level == SOL_SOCKET:
                stamp = value
            elif kind == IP_RECVERR:
                what = value
            elif kind == IP_TTL:
                probe.ttl = value
        if what is not None and what.origin == SO_EE_ORIGIN_LOCAL:
            return
        if what is not None and what.errno == Errno.EMSGSIZE and "u" in self.options.flags:
            self.learn(what.info)
            await self.again(probe)
            return
        probe.received = await self.arrived(stamp)
        probe.host = what.offender if what is not None else got.address[0]
        if what is None:
            probe.final = True
        else:
            probe.ended(what)
        await self.finish(probe)

    async def again(self, probe: Probe) -> None:
        """A shorter packet in the place of one that was too long."""
        if probe.fd >= 0:
            await self.push(probe, probe.fd, self.data())

    async def arrived(self, stamp: int | None) -> int:
        """When it came in, by the kernel's stamp, on this program's clock."""
        now = await self.now()
        if stamp is None:
            return now
        return now - (await self.sys.clock_gettime(0) - stamp)

    async def finish(self, probe: Probe) -> None:
        """Nothing more is expected of a probe."""
        probe.done = True
        if probe.fd >= 0:
            await self.sys.close(probe.fd)
            probe.fd = -1


class Fixed(Method):
    """-U: UDP to one port, 53 unless said otherwise."""

    fixed = True

    def __init__(self, sys: Sys, options: Options, ip: int) -> None:
        super().__init__(sys, options, ip)
        self.port = options.port or 53


class Echo(Method):
    """-I: echo requests, all from one socket, told apart by their sequence numbers."""

    def __init__(self, sys: Sys, options: Options, ip: int) -> None:
        super().__init__(sys, options, ip)
        self.shared = -1
        self.seq = options.port or 1

    async def open(self) -> None:
        try:
            self.shared = await self.make(SOCK_DGRAM, IPPROTO_ICMP)
        except OSError as err:
            raise Failure(b"socket: " + why(err), 1) from None
        await self.connect(self.shared, 0)

    async def send(self, probe: Probe, ttl: int) -> None:
        await self.sys.setsockopt(self.shared, SOL_IP, IP_TTL, ttl)
        probe.seq = self.seq & 0xFFFF
        self.seq += 1
        await self.push(probe, self.shared, self._packet(probe))

    def _packet(self, probe: Probe) -> bytes:
        return bytes((8, 0, 0, 0, 0, 0)) + probe.seq.to_bytes(2, "big") + self.data()

    async def again(self, probe: Probe) -> None:
        await self.push(probe, self.shared, self._packet(probe))

    def waiting(self, probes: list[Probe]) -> list[int]:
        return [self.shared]

    async def receive(self, fd: int, probes: list[Probe]) -> None:
        while (got := await self.next(fd)) is not None:
            if len(got.data) < 8:
                continue
            seq = int.from_bytes(got.data[6:8], "big")
            for probe in probes:
                if probe.seq == seq and probe.sent is not None and not probe.done:
                    await self.take(probe, got)
                    break


class Syn(Method):
    """-T: SYNs from a raw socket; the kernel resets what comes of them. For root."""

    header = 20

    def __init__(self, sys: Sys, options: Options, ip: int) -> None:
        super().__init__(sys, options, ip)
        self.port = options.port or 80
        self.length = 20
        self.shared = -1
        self.source = 0
        self.seq = 0

    @property
    def whole(self) -> int:
        return 60

    async def open(self) -> None:
        sys = self.sys
        try:
            self.shared = await self.make(SOCK_RAW, IPPROTO_TCP)
        except OSError:
            text = b"You do not have enough privileges to use this traceroute method."
            raise Failure(text + b"\nsocket: Operation not permitted", 1) from None
        await self.connect(self.shared, 0)
        self.source = (await sys.getsockname(self.shared))[0]
        self.seq = 32768 + int.from_bytes(await sys.getrandom(2), "big") % 28000

    async def send(self, probe: Probe, ttl: int) -> None:
        await self.sys.setsockopt(self.shared, SOL_IP, IP_TTL, ttl)
        self.seq = self.seq + 1 if self.seq < 60999 else 32768
        probe.seq = self.seq
        number = await self.sys.getrandom(4)
        options = bytes((2, 4, 5, 0xB4, 4, 2, 8, 10)) + number + bytes(4) + bytes((1, 3, 3, 2))
        head = probe.seq.to_bytes(2, "big") + self.port.to_bytes(2, "big") + number + bytes(4)
        head += bytes((0xA0, 2, 0x16, 0xD0, 0, 0, 0, 0)) + options
        await self.push(probe, self.shared, self._checked(head))

    def _checked(self, packet: bytes) -> bytes:
        """The segment with its checksum."""
        pseudo = (
            self.source.to_bytes(4, "big") + self.ip.to_bytes(4, "big")
            + bytes((0, IPPROTO_TCP)) + len(packet).to_bytes(2, "big")
        )  # fmt: skip
        total = sum((pseudo + packet)[0::2]) * 256 + sum((pseudo + packet)[1::2])
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return packet[:16] + (total ^ 0xFFFF).to_bytes(2, "big") + packet[18:]

    async def again(self, probe: Probe) -> None:
        return

    def waiting(self, probes: list[Probe]) -> list[int]:
        return [self.shared]

    async def receive(self, fd: int, probes: list[Probe]) -> None:
        while (got := await self.next(fd)) is not None:
            data = got.data
            failed = any(kind == IP_RECVERR for _, kind, _ in got.control)
            if failed:
                port = int.from_bytes(data[0:2], "big")
            elif len(data) >= 40 and int.from_bytes(data[20:22], "big") == self.port:
                port = int.from_bytes(data[22:24], "big")
            else:
                continue
            for probe in probes:
                if probe.seq == port and probe.sent is not None and not probe.done:
                    await self.take(probe, got)
                    break


METHODS: dict[str, Callable[[Sys, Options, int], Method]] = {
    "default": Method, "udp": Fixed, "icmp": Echo, "tcp": Syn,
}  # fmt: skip
