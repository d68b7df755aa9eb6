"""tick: says something at regular intervals, as a daemon with a heartbeat does."""

from minios.abi.flags import CLOCK_MONOTONIC
from minios.userland.lib import duration
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote

TICK = """
Usage: tick [-n SECONDS] [-c COUNT] [TEXT]...
Print TEXT (without one, a number that counts) every SECONDS, by default 1, for
ever or COUNT times. The first time is SECONDS from now.

  -c, --count=COUNT      stop after so many
  -n, --interval=SECONDS may have a fraction and a suffix: s, m, h or d
"""


@program(TICK, "c:n:", ("count:=c", "interval:=n"))
async def tick(tool: Tool) -> int:
    """Print a line at each interval. Intervals do not drift."""
    sys = tool.sys
    given, most = tool.options.last("n"), tool.options.last("c")
    interval = duration.parse(given) if given is not None else 1_000_000_000
    if not interval or interval >= duration.FOREVER:
        raise Failure(b"invalid time interval " + quote(given or b""), hint=True)
    if most is not None and not (most.isdigit() and len(most) < 10):
        raise Failure(b"invalid count " + quote(most), hint=True)
    left = int(most) if most is not None else -1
    text = b" ".join(tool.operands)
    due = await sys.clock_gettime(CLOCK_MONOTONIC)
    number = 0
    while left:
        due += interval
        now = await sys.clock_gettime(CLOCK_MONOTONIC)
        if due > now:
            await sys.nanosleep(due - now)
        number += 1
        left -= 1
        tool.out.put(text or b"%d" % number, b"\n")
        await tool.out.flush()
    return 0
