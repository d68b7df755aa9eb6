"""nc: what is typed goes to a socket, and what comes from it is shown (OpenBSD netcat)."""

from minios.abi.errno import Errno
from minios.abi.flags import POLLERR, POLLHUP, POLLIN
from minios.abi.sockets import AF_UNIX, SHUT_WR, SOCK_DGRAM, SOCK_STREAM
from minios.abi.sys import Sys
from minios.userland.lib.duration import parse as parse_duration
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, why, write_all

USAGE = """
usage: nc [-dklNUuvz] [-q seconds] [-W recvlimit] [-w timeout] [destination] [port]
        Command Summary:
                -d              Detach from stdin
                -h              This help text
                -k              Keep inbound sockets open for multiple connects
                -l              Listen mode, for inbound connects
                -N              Shutdown the network socket after EOF on stdin
                -q secs         quit after EOF on stdin and delay of secs
                -U              Use UNIX domain socket
                -u              UDP mode
                -v              Verbose
                -W recvlimit    Terminate after receiving a number of packets
                -w timeout      Timeout for connects and final net reads
                -z              Zero-I/O mode [used for scanning]
"""

BLOCK = 16384


@program(USAGE, "dhklNUuvzq:W:w:")
async def nc(tool: Tool) -> int:
    """nc(1), for sockets of the local kind."""
    options = tool.options
    if "h" in options:
        await tool.line(USAGE.strip().encode())
        return 0
    if not tool.operands:
        await complain(tool.sys, USAGE.strip().partition("\n")[0].encode())
        return 1
    if "U" not in options:
        host, port = [*tool.operands, b"0"][:2]
        text = b'getaddrinfo for host "' + host + b'" port ' + port
        raise Failure(text + b": Temporary failure in name resolution", 1)
    path = tool.operands[0]
    address = b"\0" + path[1:] if path[:1] == b"@" else path
    try:
        if "l" in options:
            return await _serve(tool, path, address)
        fd = await tool.sys.socket(AF_UNIX, SOCK_DGRAM if "u" in options else SOCK_STREAM)
        if "u" in options:
            await tool.sys.bind(fd, b"")
        await tool.sys.connect(fd, address)
    except OSError as err:
        raise Failure(path + b": " + why(err), 1) from None
    if "v" in options:
        await complain(tool.sys, b"Connection to " + path + b" succeeded!")
    if "z" in options:
        return 0
    await _talk(tool, fd)
    return 0


async def _serve(tool: Tool, path: bytes, address: bytes) -> int:
    sys, options = tool.sys, tool.options
    datagrams = "u" in options
    fd = await sys.socket(AF_UNIX, SOCK_DGRAM if datagrams else SOCK_STREAM)
    await sys.bind(fd, address)
    if "v" in options:
        await complain(sys, (b"Bound on " if datagrams else b"Listening on ") + path)
    if datagrams:
        await _talk(tool, fd)
        return 0
    await sys.listen(fd, 5)
    while True:
        end, _ = await sys.accept(fd)
        if "v" in options:
            await complain(sys, b"Connection received on " + path)
        if "z" not in options:
            await _talk(tool, end)
        await sys.close(end)
        if "k" not in options:
            return 0


def _timeout(tool: Tool, letter: str) -> int | None:
    text = tool.options.last(letter)
    if text is None or text.startswith(b"-"):
        return None
    value = parse_duration(text)
    if value is None:
        raise Failure(b"invalid timeout: " + text, 1)
    return value


async def _talk(tool: Tool, fd: int) -> None:
    """Copy both ways until both are over, or nothing more can come."""
    sys, options = tool.sys, tool.options
    idle = _timeout(tool, "w")
    linger = _timeout(tool, "q")
    left = int(options.last("W") or b"0")
    reading, receiving = "d" not in options, True
    end: int | None = None
    while reading or receiving:
        wanted = ([(0, POLLIN)] if reading else []) + ([(fd, POLLIN)] if receiving else [])
        patience = idle
        if end is not None:
            patience = max(end - await sys.clock_gettime(1), 0)
        ready = dict(await sys.poll(wanted, patience))
        if not ready:
            return
        if fd in ready:
            try:
                data = await sys.recv(fd, BLOCK)
            except OSError as err:
                if err.errno != Errno.ECONNRESET:
                    raise
                data = b""
            if not data and "u" not in options:
                receiving = False
                return
            await write_all(sys, 1, data)
            if left:
                left -= 1
                if not left:
                    return
        if ready.get(0, 0) & (POLLIN | POLLHUP | POLLERR):
            data = await sys.read(0, BLOCK)
            if data:
                await _send(sys, fd, data)
                continue
            reading = False
            if "N" in options:
                await sys.shutdown(fd, SHUT_WR)
            if linger is not None:
                end = await sys.clock_gettime(1) + linger


async def _send(sys: Sys, fd: int, data: bytes) -> None:
    while data:
        data = data[await sys.send(fd, data) :]
