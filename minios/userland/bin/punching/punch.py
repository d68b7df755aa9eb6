"""punch: reach a peer behind a NAT (RFC 5128), and find out what a NAT does (RFC 5780)."""

from __future__ import annotations

from minios.abi.flags import POLLIN
from minios.net.wire.stun import PORT as STUN_PORT
from minios.userland.bin.punching.common import (
    MILLISECOND,
    endpoint,
    local_address,
    now,
    number,
    receive,
    send,
    udp_socket,
)
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.punching.discovery import NAMES, Discovery
from minios.userland.lib.punching.messages import PORT, Endpoint, endpoint_text, good_name
from minios.userland.lib.punching.session import Session, State, Timing
from minios.userland.lib.stdio import why

USAGE = """
Usage: punch -s SERVER[:PORT] -n NAME --listen [OPTION]...
       punch -s SERVER[:PORT] -n NAME --peer NAME [OPTION]...
       punch --to ADDRESS:PORT [-p PORT] [OPTION]...
       punch --discover -s SERVER[:PORT] [-p PORT]
Punch a hole through NATs to a peer, with the help of a rendezvous server (rendezvousd).

  -s, --server SERVER  the rendezvous server (port 3480); with --discover a STUN server (port 3478)
  -n, --name NAME      what to register as
  -l, --listen         wait until somebody calls
  -c, --peer NAME      call that peer
  -t, --to ADDRESS     no server: probe an address and port that are known
  -p, --port PORT      the local port (any)
      --delay MS       begin to probe so much after hearing of the peer (0)
      --interval MS    between two rounds of probes (200)
      --tries N        rounds of probes (25)
      --no-relay       do not fall back to the server's relay
  -m, --message TEXT   send it to the peer once there is a way
      --linger MS      go on answering for so long when all is done (2000)
  -k, --keep           go on until killed; with --listen, take one call after the other
  -q, --quiet          say only what the peer sends
      --discover       say what kind of NAT is in between

Exit status: 0 if the peer answers directly, 3 only through the relay, 1 not at all.
"""


@program(
    USAGE,
    "s:n:lc:t:p:m:kq",
    (
        "server:=s", "name:=n", "listen=l", "peer:=c", "to:=t", "port:=p", "delay:", "interval:",
        "tries:", "no-relay", "message:=m", "linger:", "keep=k", "quiet=q", "discover",
    ),
    trouble=2,
)  # fmt: skip
async def punch(tool: Tool) -> int:
    """See the usage."""
    if tool.operands:
        raise Failure(b"extra operand '%b'" % tool.operands[0], hint=True)
    if "discover" in tool.options:
        return await _discover(tool)
    return await _punch(tool)


async def _punch(tool: Tool) -> int:
    options = tool.options
    server, direct = options.last("s"), options.last("t")
    name = (options.last("n") or b"").decode("latin-1")
    peer = (options.last("c") or b"").decode("latin-1")
    if direct is None:
        if server is None or not name or (bool(peer) == ("l" in options)):
            raise Failure(b"need a server, a name, and either --listen or --peer", hint=True)
    elif server is not None or peer or "l" in options:
        raise Failure(b"--to is for a peer that is known without a server", hint=True)
    name = name or "punch"
    for each in (name, peer):
        if each and not good_name(each):
            raise Failure(b"bad name: '%b'" % each.encode("latin-1"), 2)
    timing = Timing(
        number(tool, "delay", 0, 0, 600_000) * MILLISECOND,
        number(tool, "interval", 200, 1, 60_000) * MILLISECOND,
        number(tool, "tries", 25, 1, 10_000),
        relay="no-relay" not in options,
    )
    port = number(tool, "p", 0, 0, 65535)
    goal = await endpoint(tool, direct if direct is not None else server or b"", PORT)
    fd = await udp_socket(tool, (0, port))
    private = await _private(tool, fd, goal)
    if direct is not None:
        session = Session(name, "", None, private, timing, direct=goal)
    else:
        session = Session(name, peer, goal, private, timing)
    return await Running(tool, fd, session).run()


async def _private(tool: Tool, fd: int, goal: Endpoint) -> Endpoint:
    try:
        address = await local_address(tool.sys, goal)
    except OSError as err:
        raise Failure(b"%b: %b" % (endpoint_text(goal).encode(), why(err)), 1) from None
    port: int = (await tool.sys.getsockname(fd))[1]
    return address, port


class Running:
    """A session on a socket."""

    def __init__(self, tool: Tool, fd: int, session: Session) -> None:
        self.tool = tool
        self.fd = fd
        self.session = session
        self.quiet = "q" in tool.options

    async def run(self) -> int:
        """Until it is over, and a while longer for the peer's sake."""
        tool, session = self.tool, self.session
        sys = tool.sys
        session.start(await now(sys))
        await self._flush()
        while True:
            while not session.over:
                await self._turn(session.deadline)
            if session.state is State.FAILED:
                return 1
            text = tool.options.last("m")
            if text is not None:
                session.send(text.decode("utf-8", "replace"))
                await self._flush()
            end = await now(sys) + number(tool, "linger", 2000, 0, 3_600_000) * MILLISECOND
            while session.over and ("k" in tool.options or await now(sys) < end):
                await self._turn(None if "k" in tool.options else end)
            if session.over:
                break
        return 0 if session.state is State.CONNECTED else 3

    async def _turn(self, deadline: int | None) -> None:
        """Wait for a datagram or the deadline, and deal with it."""
        sys, session = self.tool.sys, self.session
        limits = [t for t in (deadline, session.deadline) if t is not None]
        timeout = max(0, min(limits) - await now(sys)) if limits else None
        if await sys.poll([(self.fd, POLLIN)], timeout):
            came = await receive(sys, self.fd)
            if came is not None:
                session.receive(await now(sys), *came)
        session.tick(await now(sys))
        await self._flush()

    async def _flush(self) -> None:
        tool, session = self.tool, self.session
        for data, goal in session.take():
            await send(tool.sys, self.fd, data, goal)
        if not self.quiet:
            for line in session.progress:
                await tool.line(line.encode("utf-8", "replace"))
        session.progress.clear()
        for text in session.received:
            await tool.line(f"{session.peer}: {text}".encode("utf-8", "replace"))
        session.received.clear()
        await tool.out.flush()


async def _discover(tool: Tool) -> int:
    """What RFC 5780's tests say of the NAT between here and a STUN server."""
    text = tool.options.last("s")
    if text is None:
        raise Failure(b"--discover needs a STUN server (-s)", hint=True)
    sys = tool.sys
    goal = await endpoint(tool, text, STUN_PORT)
    fd = await udp_socket(tool, (0, number(tool, "p", 0, 0, 65535)))
    local = await _private(tool, fd, goal)
    tests = Discovery(goal, local, await sys.getrandom(8))
    tests.start(await now(sys))
    while not tests.done:
        for data, to in tests.take():
            await send(sys, fd, data, to)
        timeout = None
        if tests.deadline is not None:
            timeout = max(0, tests.deadline - await now(sys))
        if await sys.poll([(fd, POLLIN)], timeout):
            came = await receive(sys, fd)
            if came is not None:
                tests.receive(await now(sys), *came)
        tests.tick(await now(sys))
    found = tests.found
    if tests.error:
        raise Failure(tests.error.encode(), 1)
    assert found.mapped is not None
    await tool.line(f"local address:   {endpoint_text(found.local)}".encode())
    await tool.line(f"mapped address:  {endpoint_text(found.mapped)}".encode())
    if not found.nat:
        await tool.line(b"no NAT")
        if found.filtering:
            await tool.line(f"filtering:       {NAMES[found.filtering]}".encode())
        return 0
    for word, kind in (("mapping:  ", found.mapping), ("filtering:", found.filtering)):
        shown = f" ({kind})" if kind else ""
        await tool.line(f"{word}       {NAMES[kind]}{shown}".encode())
    hairpin = "yes" if found.hairpin else "no"
    await tool.line(f"hairpinning:     {hairpin}".encode())
    return 0
