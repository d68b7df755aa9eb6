"""rendezvousd: introduces peers to each other, and relays for those who find no way."""

from __future__ import annotations

from minios.abi.flags import POLLIN
from minios.abi.sys import Sys
from minios.userland.bin.punching.common import now, number, receive, send, udp_socket
from minios.userland.lib.net.daemon import background
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.punching.messages import PORT
from minios.userland.lib.punching.rendezvous import Rendezvous

USAGE = """
Usage: rendezvousd [-d] [-p PORT] [--no-relay]
The server that punch registers with: tells peers where they are seen, and relays for those who
cannot reach each other.

  -d, --daemon    go on in the background
  -p, --port      the UDP port (3480)
      --no-relay  introduce only
"""


@program(USAGE, "dp:", ("daemon=d", "port:=p", "no-relay"), trouble=2)
async def rendezvousd(tool: Tool) -> int:
    """See the usage."""
    if tool.operands:
        raise Failure(b"extra operand '%b'" % tool.operands[0], hint=True)
    port = number(tool, "p", PORT, 1, 65535)
    fd = await udp_socket(tool, (0, port))
    relaying = "no-relay" not in tool.options
    if "d" in tool.options:
        await background(tool.sys, _serve, fd, relaying)
        return 0
    return await _serve(tool.sys, fd, relaying)


async def _serve(sys: Sys, fd: int, relaying: bool) -> int:
    secret = int.from_bytes(await sys.getrandom(4), "big") | 1
    server = Rendezvous(relaying=relaying, secret=secret)
    while True:
        await sys.poll([(fd, POLLIN)])
        came = await receive(sys, fd)
        if came is None:
            continue
        for data, goal in server.receive(await now(sys), *came):
            await send(sys, fd, data, goal)
