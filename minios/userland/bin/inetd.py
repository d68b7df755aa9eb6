"""inetd: listens for others, and knows a few simple services itself (inetd(8) of OpenBSD).

Each line of the configuration is a service: its name or port, stream or dgram, tcp or udp, wait or
nowait, a user, and a program with its arguments, or ``internal``. The internal ones are echo (RFC
862), discard (863), chargen (864), daytime (867) and time (868).
"""

from dataclasses import dataclass

from minios.abi.errno import Errno
from minios.abi.flags import POLLIN, WNOHANG
from minios.abi.signals import Sig
from minios.abi.sockets import (
    AF_INET,
    SO_REUSEADDR,
    SOCK_CLOEXEC,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOCK_STREAM,
    SOL_SOCKET,
)
from minios.abi.sys import Sys
from minios.userland.lib.calendar import strftime
from minios.userland.lib.net import services
from minios.userland.lib.net.daemon import Log, background
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import read_file, why
from minios.userland.lib.users import by_name

USAGE = """
Usage: inetd [-d] [configuration file]
Listen on the ports of /etc/inetd.conf and start what is to answer.

  -d    stay in the foreground, and say what happens on standard error
"""

CONFIGURATION = b"/etc/inetd.conf"
BLOCK = 16384
SINCE_1900 = 2_208_988_800
"""Seconds from 1900 to 1970 (RFC 868)."""
LINE = 72
CHILDREN = 64
"""How many conversations there are at once; one more waits."""
_RING = bytes(range(32, 127))


@dataclass(slots=True)
class Service:
    """A line of the configuration. ``argv`` is empty for an internal service."""

    name: bytes
    stream: bool
    wait: bool
    user: bytes
    program: bytes
    argv: list[bytes]
    port: int
    fd: int = -1


def chargen_line(number: int) -> bytes:
    """The n-th line of the character generator: 72 of the printable ones, one further each time."""
    start = number % len(_RING)
    return (_RING + _RING)[start : start + LINE] + b"\r\n"


def daytime(ns: int) -> bytes:
    return strftime(b"%a %b %e %H:%M:%S %Y\r\n", ns)


def time_of(ns: int) -> bytes:
    """Seconds since 1900, as four bytes."""
    return ((ns // 1_000_000_000 + SINCE_1900) & 0xFFFFFFFF).to_bytes(4, "big")


async def _parse(tool: Tool, log: Log, text: bytes) -> list[Service]:
    found: list[Service] = []
    for line in text.split(b"\n"):
        words = line.partition(b"#")[0].split()
        if not words:
            continue
        if len(words) < 6 or words[1] not in (b"stream", b"dgram"):
            await log.say(b"bad line: " + line, 3)
            continue
        name, kind, protocol, how, user, server, *rest = words
        port = int(name) if name.isdigit() else await services.port(tool.sys, name, protocol[:3])
        if port is None or not 0 < port < 65536:
            await log.say(name + b"/" + protocol + b": unknown service", 3)
            continue
        argv = [] if server == b"internal" else rest or [server.rpartition(b"/")[2]]
        if server == b"internal" and name not in _INTERNAL:
            await log.say(b"internal service " + name + b" unknown", 3)
            continue
        waits = how.partition(b".")[0] == b"wait"
        found.append(Service(name, kind == b"stream", waits, user, server, argv, port))
    return found


async def _open(sys: Sys, log: Log, service: Service) -> bool:
    kind = SOCK_STREAM if service.stream else SOCK_DGRAM
    fd = await sys.socket(AF_INET, kind | SOCK_CLOEXEC | SOCK_NONBLOCK)
    try:
        await sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1)
        await sys.bind(fd, (0, service.port))
        if service.stream:
            await sys.listen(fd, 128)
    except OSError as err:
        protocol = b"tcp" if service.stream else b"udp"
        await log.say(service.name + b"/" + protocol + b": bind: " + why(err), 3)
        await sys.close(fd)
        return False
    service.fd = fd
    return True


# -- the services themselves ---------------------------------------------------------------------


async def _send(sys: Sys, fd: int, data: bytes) -> bool:
    try:
        while data:
            data = data[await sys.send(fd, data) :]
    except OSError:
        return False
    return True


async def _recv(sys: Sys, fd: int) -> bytes:
    try:
        return await sys.recv(fd, BLOCK)
    except OSError:
        return b""


async def _talk(sys: Sys, name: bytes, fd: int) -> int:
    """An internal service over a connection."""
    await sys.sigaction(Sig.SIGPIPE, "SIG_IGN")
    if name == b"echo":
        while data := await _recv(sys, fd):
            if not await _send(sys, fd, data):
                break
    elif name == b"discard":
        while await _recv(sys, fd):
            pass
    elif name == b"chargen":
        number = 0
        while await _send(sys, fd, chargen_line(number)):
            number += 1
    elif name == b"daytime":
        await _send(sys, fd, daytime(await sys.clock_gettime()))
    else:
        await _send(sys, fd, time_of(await sys.clock_gettime()))
    await sys.close(fd)
    return 0


_INTERNAL = (b"echo", b"discard", b"chargen", b"daytime", b"time")


class Inetd:
    """The server. ``lines`` counts what chargen has sent over UDP."""

    def __init__(self, sys: Sys, log: Log, found: list[Service]) -> None:
        self.sys = sys
        self.log = log
        self.services = found
        self.children: dict[int, Service] = {}
        self.busy: set[int] = set()
        self.lines = 0

    async def run(self) -> int:
        """For ever."""
        sys = self.sys

        async def woken(sys: Sys, sig: int) -> None:
            pass

        await sys.sigaction(Sig.SIGCHLD, woken)
        while True:
            await self._reap()
            wanted = [
                (service.fd, POLLIN)
                for service in self.services
                if service.fd not in self.busy
                and (not service.stream or len(self.children) < CHILDREN)
            ]
            try:
                ready = {fd for fd, _ in await sys.poll(wanted)}
            except OSError as err:
                if err.errno != Errno.EINTR:
                    raise
                continue
            for service in self.services:
                if service.fd in ready:
                    await self._serve(service)

    async def _reap(self) -> None:
        while self.children:
            try:
                ended = await self.sys.waitpid(-1, WNOHANG)
            except OSError:
                return
            if not ended.pid:
                return
            service = self.children.pop(ended.pid, None)
            if service is not None and service.wait:
                self.busy.discard(service.fd)

    async def _serve(self, service: Service) -> None:
        sys = self.sys
        if not service.argv and not service.stream:
            await self._answer(service)
            return
        fd = service.fd
        if service.stream and not service.wait:
            try:
                fd, _ = await sys.accept(service.fd)
            except OSError:
                return
        try:
            if service.argv:
                pid = await sys.fork(_start, service, fd)
            else:
                pid = await sys.fork(_talk, service.name, fd)
        except OSError as err:
            await self.log.say(b"fork: " + why(err), 3)
        else:
            self.children[pid] = service
            if service.wait:
                self.busy.add(service.fd)
        if fd != service.fd:
            await sys.close(fd)

    async def _answer(self, service: Service) -> None:
        """An internal service for one datagram. Nothing goes to a port of another such service: two
        of them would talk to each other for ever (CERT CA-1996-01)."""
        sys = self.sys
        try:
            data, sender = await sys.recvfrom(service.fd, BLOCK)
        except OSError:
            return
        if service.name == b"discard" or sender[1] in (7, 13, 19, 37):
            return
        now = await sys.clock_gettime()
        if service.name == b"echo":
            reply = data
        elif service.name == b"chargen":
            reply = chargen_line(self.lines)
            self.lines = (self.lines + 1) % len(_RING)
        else:
            reply = daytime(now) if service.name == b"daytime" else time_of(now)
        try:
            await sys.sendto(service.fd, reply, sender)
        except OSError:
            return


async def _start(sys: Sys, service: Service, fd: int) -> int:
    """A service that is a program: its standard files are the socket."""
    for number in (0, 1, 2):
        await sys.dup2(fd, number)
    if fd > 2:
        await sys.close(fd)
    user = await by_name(sys, service.user.partition(b".")[0].partition(b":")[0])
    if user is None:
        return 1
    if user.uid:
        await sys.setgid(user.gid)
        await sys.setuid(user.uid)
    path = {b"PATH": b"/usr/sbin:/usr/bin:/sbin:/bin", b"USER": user.name}
    await sys.execve(service.program, service.argv, path)
    return 1


@program(USAGE, "d")
async def inetd(tool: Tool) -> int:
    """inetd(8)."""
    sys = tool.sys
    path = tool.operands[0] if tool.operands else CONFIGURATION
    log = Log(sys, b"inetd", stderr="d" in tool.options)
    try:
        text = await read_file(sys, path)
    except OSError as err:
        raise Failure(path + b": " + why(err), 1) from None
    found = [s for s in await _parse(tool, log, text) if await _open(sys, log, s)]
    if not found:
        raise Failure(b"no services", 1)
    server = Inetd(sys, log, found)
    if "d" in tool.options:
        return await server.run()
    await background(sys, _run, found)
    return 0


async def _run(sys: Sys, found: list[Service]) -> int:
    return await Inetd(sys, Log(sys, b"inetd"), found).run()
