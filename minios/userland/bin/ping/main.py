"""ping: ask a host for an answer, again and again, and keep count (iputils 20221126)."""

from minios.abi.inet import ip_text
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.userland.bin.ping.options import USAGE, USER_INTERVAL, Options, read
from minios.userland.bin.ping.run import Ping
from minios.userland.lib.net.gai import inet_aton
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import write_all

VERSION = b"ping from iputils 20221126"


@program(USAGE, None)
async def ping(tool: Tool) -> int:
    """ping(8). 0 if there was an answer, 1 if there was none, 2 for other trouble."""
    sys = tool.sys
    if b"--help" in tool.argv[1:]:
        tool.out.put(USAGE.encode())
        return 0
    options = read(tool.argv[1:])
    if "h" in options.flags:
        await write_all(sys, 2, USAGE.encode())
        return 2
    if "V" in options.flags:
        await tool.line(VERSION)
        return 0
    if not options.target:
        raise Failure(b"usage error: Destination address required", 1)
    await _user_limits(sys, options)
    run = Ping(tool, options)
    await run.resolve()
    await run.open()
    await _signals(sys, run)
    address = ip_text(run.ip).encode()
    head = b""
    if options.pattern:
        head = b"PATTERN: 0x%b\n" % options.pattern.hex().encode()
    head += b"PING %b (%b) " % (run.hostname, address)
    if options.source:
        device = b"" if inet_aton(options.source) is not None else options.source
        head += b"from %b %b: " % (ip_text(run.source).encode(), device)
    head += b"%d(%d) bytes of data." % (run.size, run.size + 28)
    await tool.line(head)
    await tool.out.flush()
    await run.run()
    tool.out.put(run.summary())
    short = options.deadline and run.received < options.count
    return 1 if not run.received or short else 0


async def _user_limits(sys: Sys, options: Options) -> None:
    """What only root may: to send faster, and more at once."""
    if await sys.getuid() == 0:
        return
    if options.preload > 3:
        text = b"cannot set preload to value greater than 3: %d" % options.preload
        raise Failure(text, 2)
    if options.interval < USER_INTERVAL and not options.adaptive:
        text = b"cannot flood, minimal interval for user must be >= %d ms, use -i 0.002 (or higher)"
        raise Failure(text % USER_INTERVAL, 2)


async def _signals(sys: Sys, run: Ping) -> None:
    async def stop(sys: Sys, sig: int) -> None:
        run.stopping = True

    async def tell(sys: Sys, sig: int) -> None:
        run.asked = True

    await sys.sigaction(Sig.SIGINT, stop)
    await sys.sigaction(Sig.SIGQUIT, tell)
