"""stund: a STUN server (RFC 8489); with two addresses it can tell what a NAT does (RFC 5780)."""

from __future__ import annotations

from minios.abi.flags import POLLIN
from minios.abi.sys import Sys
from minios.net.wire.stun import PORT
from minios.userland.bin.punching.common import endpoint, number, receive, send, udp_socket
from minios.userland.lib.net.daemon import background
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.punching.messages import Endpoint
from minios.userland.lib.punching.stunserver import StunServer

USAGE = """
Usage: stund [-d] [-p PORT] [-o PORT] [ADDRESS [ADDRESS]]
A STUN server. With two addresses of this host it also answers from the other address and port, as
the tests of RFC 5780 need it.

  -d, --daemon      go on in the background
  -p, --port PORT   the UDP port (3478)
  -o, --other PORT  the other port, if there are two addresses (the next one)
"""


@program(USAGE, "dp:o:", ("daemon=d", "port:=p", "other:=o"), trouble=2)
async def stund(tool: Tool) -> int:
    """See the usage."""
    if len(tool.operands) > 2:
        raise Failure(b"extra operand '%b'" % tool.operands[2], hint=True)
    port = number(tool, "p", PORT, 1, 65535)
    other = number(tool, "o", port + 1, 1, 65535)
    found = [(await endpoint(tool, text, port))[0] for text in tool.operands] or [0]
    addresses = tuple(dict.fromkeys(found))
    ports = (port, other) if len(addresses) > 1 and other != port else (port,)
    fds = tuple(
        [(await udp_socket(tool, place), place) for place in StunServer(addresses, ports).sockets]
    )
    if "d" in tool.options:
        await background(tool.sys, _serve, addresses, ports, fds)
        return 0
    return await _serve(tool.sys, addresses, ports, fds)


async def _serve(
    sys: Sys, addresses: tuple[int, ...], ports: tuple[int, ...],
    fds: tuple[tuple[int, Endpoint], ...],
) -> int:  # fmt: skip
    server = StunServer(addresses, ports)
    by_place = {place: fd for fd, place in fds}
    by_fd = dict(fds)
    while True:
        for fd, _ in await sys.poll([(fd, POLLIN) for fd, _ in fds]):
            came = await receive(sys, fd)
            if came is None:
                continue
            answer = server.answer(*came, by_fd[fd])
            if answer is not None:
                data, origin = answer
                await send(sys, by_place[origin], data, came[1])
