"""nc(1): connect, listen, scan (OpenBSD netcat, Debian patchlevel 1.219-1)."""

from minios.abi.errno import Errno
from minios.abi.flags import F_SETFL, O_NONBLOCK, POLLOUT
from minios.abi.inet import IP_MINTTL, IP_TOS, IP_TTL, SOL_IP, ip_text
from minios.abi.sockets import (
    AF_INET,
    AF_UNIX,
    MSG_PEEK,
    SO_BROADCAST,
    SO_DEBUG,
    SO_ERROR,
    SO_RCVBUF,
    SO_REUSEADDR,
    SO_SNDBUF,
    SOCK_DGRAM,
    SOCK_STREAM,
    SOL_SOCKET,
)
from minios.userland.bin.netcat.options import (
    SECOND,
    SHORT_USAGE,
    USAGE,
    Options,
    Usage,
    port_number,
    read,
)
from minios.userland.bin.netcat.talk import Talk
from minios.userland.lib.net import services
from minios.userland.lib.net.gai import AddrInfo, GaiError, getaddrinfo, getnameinfo
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, why, write_all

UDP_SCAN_SECONDS = 3
"""How long a UDP port is tried that does not answer."""


@program(USAGE, None)
async def nc(tool: Tool) -> int:
    """nc(1)."""
    if b"--help" in tool.argv[1:]:
        await tool.line(USAGE.encode())
        return 0
    try:
        options = read(tool.argv[1:])
    except Usage as err:
        if err.text:
            await complain(tool.sys, b"nc: " + err.text)
        await complain(tool.sys, SHORT_USAGE)
        return 1
    except Failure as err:
        err.text = err.text.replace(tool.name + b": ", b"")
        raise
    if "h" in options.flags:
        await write_all(tool.sys, 2, USAGE.encode())
        return 1
    if "U" in options.flags:
        return await _local(tool, options)
    ports = await _ports(tool, options)
    if "l" in options.flags:
        return await _listen(tool, options, ports[0])
    return await _connect(tool, options, ports)


# -- the local kind ----------------------------------------------------------------------------


async def _local(tool: Tool, options: Options) -> int:
    """-U: sockets of the local kind, by path; ``@name`` is an abstract one."""
    sys = tool.sys
    path = options.host or b""
    address = b"\0" + path[1:] if path[:1] == b"@" else path
    kind = SOCK_DGRAM if options.udp else SOCK_STREAM
    try:
        fd = await sys.socket(AF_UNIX, kind)
        if "l" in options.flags:
            await sys.bind(fd, address)
            if options.verbose:
                word = b"Bound" if options.udp else b"Listening"
                await complain(sys, word + b" on " + path)
            return await _serve_local(tool, options, fd, path)
        if options.udp:
            await sys.bind(fd, b"")
        await sys.connect(fd, address)
    except OSError as err:
        raise Failure(path + b": " + why(err), 1) from None
    if options.verbose:
        await complain(sys, b"Connection to " + path + b" succeeded!")
    if "z" not in options.flags:
        await Talk(tool, options, fd).run()
    return 0


async def _serve_local(tool: Tool, options: Options, fd: int, path: bytes) -> int:
    if options.udp:
        await Talk(tool, options, fd).run()
        return 0
    await tool.sys.listen(fd, 5)
    while True:
        end, _ = await tool.sys.accept(fd)
        if options.verbose:
            await complain(tool.sys, b"Connection received on " + path)
        await Talk(tool, options, end).run()
        await tool.sys.close(end)
        if "k" not in options.flags:
            return 0


# -- names and numbers ---------------------------------------------------------------------------


async def _ports(tool: Tool, options: Options) -> list[int]:
    """The ports of the command line: numbers, ranges and names of services."""
    found: list[int] = []
    protocol = b"udp" if options.udp else b"tcp"
    for text in options.ports:
        low, dash, high = text.partition(b"-")
        if text[:1].isdigit() and dash:
            first, last = sorted((port_number(low), port_number(high)))
            found += range(first, last + 1)
        elif not text.isdigit() and (port := await services.port(tool.sys, text, protocol)):
            found.append(port)
        else:
            found.append(port_number(text))
    if "r" in options.flags:
        draws = await tool.sys.getrandom(4 * len(found))
        keys = [draws[4 * at : 4 * at + 4] for at in range(len(found))]
        found = [port for _, _, port in sorted(zip(keys, range(len(found)), found, strict=True))]
    return found


async def _addresses(
    tool: Tool, options: Options, host: bytes | None, port: int, *, passive: bool = False
) -> list[AddrInfo]:
    kind = SOCK_DGRAM if options.udp else SOCK_STREAM
    try:
        return await getaddrinfo(
            tool.sys, host, b"%d" % port, kind, passive=passive, numeric=options.numeric
        )
    except GaiError as err:
        if passive:
            raise Failure(b"getaddrinfo: " + err.text, 1) from None
        text = b'getaddrinfo for host "%b" port %d: ' % (host or b"", port)
        raise Failure(text + err.text, 1) from None


async def _report(tool: Tool, options: Options, what: bytes, address: tuple[int, int]) -> None:
    """``WHAT on HOST PORT`` on standard error."""
    host, port = await getnameinfo(
        tool.sys, address, numeric_host=options.numeric or not address[0], numeric_service=True
    )
    await complain(tool.sys, what + b" on " + host + b" " + port)


async def _set_up(tool: Tool, options: Options, fd: int) -> None:
    """The options of sockets that nc has options for."""
    sys = tool.sys
    if "b" in options.flags:
        await sys.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 1)
    if "D" in options.flags:
        await sys.setsockopt(fd, SOL_SOCKET, SO_DEBUG, 1)
    if options.tos >= 0:
        await sys.setsockopt(fd, SOL_IP, IP_TOS, options.tos)
    if options.rcvbuf:
        await sys.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, options.rcvbuf)
    if options.sndbuf:
        await sys.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, options.sndbuf)
    if options.ttl:
        await sys.setsockopt(fd, SOL_IP, IP_TTL, options.ttl)
    if options.minttl:
        await sys.setsockopt(fd, SOL_IP, IP_MINTTL, options.minttl)


# -- connecting --------------------------------------------------------------------------------


async def _connect(tool: Tool, options: Options, ports: list[int]) -> int:
    """Try every port; talk to those that answer, unless with -z."""
    sys = tool.sys
    status = 1
    protocol = b"udp" if options.udp else b"tcp"
    host = options.host or b""
    for at, port in enumerate(ports):
        if at and options.interval:
            await sys.nanosleep(options.interval)
        found = await _reach(tool, options, host, port, protocol)
        if found is None:
            continue
        fd, ip = found
        status = 0
        scanning = "z" in options.flags
        if options.verbose or scanning:
            if options.udp and not await _answers(tool, options, fd):
                status = 1
                await sys.close(fd)
                continue
            if options.verbose:
                await _succeeded(tool, options, host, ip, port, protocol)
        if not scanning:
            await Talk(tool, options, fd).run()
        await sys.close(fd)
    return status


async def _succeeded(
    tool: Tool, options: Options, host: bytes, ip: bytes, port: int, protocol: bytes
) -> None:
    name = None if options.numeric else await services.name(tool.sys, port, protocol)
    where = host if options.numeric or host == ip else host + b" (" + ip + b")"
    await complain(
        tool.sys,
        b"Connection to %b %d port [%b/%b] succeeded!" % (where, port, protocol, name or b"*"),
    )


async def _reach(
    tool: Tool, options: Options, host: bytes, port: int, protocol: bytes
) -> tuple[int, bytes] | None:
    """A socket that is connected to one of the host's addresses, and that address."""
    sys = tool.sys
    for info in await _addresses(tool, options, host, port):
        fd = await sys.socket(AF_INET, info.socktype)
        await _set_up(tool, options, fd)
        if options.source or options.source_port:
            await _bind_source(tool, options, fd)
        ip = ip_text(info.address[0]).encode()
        trouble = await _try(tool, options, fd, info.address)
        if trouble is None:
            return fd, ip
        await sys.close(fd)
        if options.verbose:
            where = host if options.numeric or host == ip else host + b" (" + ip + b")"
            how = b"timed out" if trouble.errno == Errno.EINPROGRESS else b"failed"
            text = b"nc: connect to %b port %d (%b) %b: " % (where, port, protocol, how)
            await complain(sys, text + why(trouble))
    return None


async def _bind_source(tool: Tool, options: Options, fd: int) -> None:
    """-s and -p."""
    sys = tool.sys
    port = options.source_port or b"0"
    kind = SOCK_DGRAM if options.udp else SOCK_STREAM
    await sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1)
    try:
        found = await getaddrinfo(
            sys, options.source or None, port, kind, passive=True, numeric=options.numeric
        )
    except GaiError as err:
        raise Failure(b"getaddrinfo: " + err.text, 1) from None
    try:
        await sys.bind(fd, found[0].address)
    except OSError as err:
        raise Failure(b"bind failed: " + why(err), 1) from None


async def _try(tool: Tool, options: Options, fd: int, address: tuple[int, int]) -> OSError | None:
    """connect(2), for as long as -w lets it; what went wrong."""
    sys = tool.sys
    if options.timeout is None:
        try:
            await sys.connect(fd, address)
        except OSError as err:
            return err
        return None
    await sys.fcntl(fd, F_SETFL, O_NONBLOCK)
    trouble: OSError | None = None
    try:
        await sys.connect(fd, address)
    except OSError as err:
        if err.errno != Errno.EINPROGRESS:
            return err
        if not await sys.poll([(fd, POLLOUT)], options.timeout):
            return err
        number = await sys.getsockopt(fd, SOL_SOCKET, SO_ERROR)
        trouble = OSError(number, "") if number else None
    await sys.fcntl(fd, F_SETFL, 0)
    return trouble


async def _answers(tool: Tool, options: Options, fd: int) -> bool:
    """Whether nobody says that a UDP port is closed, in some seconds."""
    sys = tool.sys
    seconds = UDP_SCAN_SECONDS if options.timeout is None else options.timeout // SECOND
    for turn in range(2 + seconds):
        if turn > 1:
            await sys.nanosleep(SECOND)
        try:
            await sys.send(fd, b"X")
        except OSError as err:
            if turn == 0 or err.errno == Errno.ECONNREFUSED:
                return False
    return True


# -- listening ---------------------------------------------------------------------------------


async def _listen(tool: Tool, options: Options, port: int) -> int:
    sys = tool.sys
    host = options.host or options.source or None
    info = (await _addresses(tool, options, host, port, passive=True))[0]
    fd = await sys.socket(AF_INET, info.socktype)
    await sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1)
    await _set_up(tool, options, fd)
    try:
        await sys.bind(fd, info.address)
        if not options.udp:
            await sys.listen(fd, 1)
    except OSError as err:
        raise Failure(why(err), 1) from None
    if options.verbose:
        what = b"Bound" if options.udp else b"Listening"
        await _report(tool, options, what, await sys.getsockname(fd))
    if options.udp:
        return await _listen_udp(tool, options, fd)
    while True:
        try:
            end, peer = await sys.accept(fd)
        except OSError as err:
            if err.errno == Errno.EINTR:
                continue
            raise Failure(b"accept: " + why(err), 1) from None
        if options.verbose:
            await _report(tool, options, b"Connection received", peer)
        await Talk(tool, options, end).run()
        await sys.close(end)
        if "k" not in options.flags:
            return 0


async def _listen_udp(tool: Tool, options: Options, fd: int) -> int:
    """The first who sends something is the one it talks to; with -k everybody is."""
    sys = tool.sys
    if "k" not in options.flags:
        _, peer = await sys.recvfrom(fd, 16384, MSG_PEEK)
        await sys.connect(fd, peer)
        if options.verbose:
            await _report(tool, options, b"Connection received", peer)
    await Talk(tool, options, fd).run()
    return 0
