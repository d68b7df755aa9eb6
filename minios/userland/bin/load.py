"""spin, hog and beat: programs that do nothing but use CPU time or memory."""

from minios.abi.flags import CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID
from minios.abi.sys import Sys
from minios.userland.lib import duration
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.sizes import SizeError, parse_size
from minios.userland.lib.stdio import why

SPIN = """
Usage: spin [-w WORK -n NAP] [SECONDS]
Compute without end, or until SECONDS of CPU time have been used.

  -w, --work=WORK  after WORK seconds of CPU time take a nap
  -n, --nap=NAP    of NAP seconds

Times may have a fraction and a suffix: s for seconds (the default), m, h or d.
"""

HOG = """
Usage: hog [-l] SIZE [SECONDS[SUFFIX]]
Map SIZE bytes of memory (K, M and G are understood), write to each page once,
and keep them for SECONDS or until killed.

  -l, --lock    lock the pages, so that they are never swapped out
"""

BEAT = """
Usage: beat [-c COST] PERIOD [TEXT]
Every PERIOD seconds use COST seconds of CPU time, as a program does that plays
sound. For each time that is not done before the next is due print TEXT ("late"
if none is given) and go on with the next.

  -c, --cost=COST  a thousandth of a second if not given
"""

CHUNK = 1_000_000
"""Cycles computed between two looks at the clock."""
_TRIAL = 1000


def _length(word: bytes) -> int:
    length = duration.parse(word)
    if length is None:
        raise Failure(b"invalid time interval " + quote(word), hint=True)
    return length


@program(SPIN, "w:n:", ("work:=w", "nap:=n"))
async def spin(tool: Tool) -> int:
    """Burn CPU."""
    sys, options = tool.sys, tool.options
    if len(tool.operands) > 1:
        raise Failure(b"extra operand " + quote(tool.operands[1]), hint=True)
    left = _length(tool.operands[0]) if tool.operands else duration.FOREVER
    work, nap = (options.last(flag) for flag in ("w", "n"))
    turn = _length(work) if work is not None else duration.FOREVER
    pause = _length(nap) if nap is not None else 0
    if not turn:
        raise Failure(b"invalid time interval " + quote(work or b""), hint=True)
    while left:
        part = min(turn, left)
        await _burn(sys, part)
        if left < duration.FOREVER:
            left -= part
        if left and pause:
            await sys.nanosleep(pause)
    return 0


async def _burn(sys: Sys, length: int) -> None:
    """Use ``length`` ns of CPU time."""
    if length >= duration.FOREVER:
        while True:
            await sys.compute(CHUNK)
    now = await sys.clock_gettime(CLOCK_PROCESS_CPUTIME_ID)
    end = now + length
    trial = min(_TRIAL, -(-length // 1000))
    await sys.compute(trial)
    begun, now = now, await sys.clock_gettime(CLOCK_PROCESS_CPUTIME_ID)
    per_trial = max(now - begun, 1)
    while now < end:
        # What is left, in cycles as long as those of the trial were.
        cycles = (end - now) * trial // per_trial
        await sys.compute(max(min(cycles, CHUNK), 1))
        now = await sys.clock_gettime(CLOCK_PROCESS_CPUTIME_ID)


PAGE = 4096


@program(BEAT, "c:", ("cost:=c",))
async def beat(tool: Tool) -> int:
    """Work against the clock."""
    sys = tool.sys
    if not tool.operands:
        raise Failure(b"missing operand", hint=True)
    period = _length(tool.operands[0])
    cost = _length(tool.options.last("c") or b"0.001")
    if not period or not cost:
        raise Failure(b"invalid time interval " + quote(b"0"), hint=True)
    text = b" ".join(tool.operands[1:]) or b"late"
    due = await sys.clock_gettime(CLOCK_MONOTONIC)
    while True:
        await _burn(sys, cost)
        due += period
        now = await sys.clock_gettime(CLOCK_MONOTONIC)
        if now > due:
            await tool.line(text)
            await tool.out.flush()
            due += (now - due) // period * period + period
        await sys.nanosleep(max(due - now, 0))


@program(HOG, "l", ("lock=l",))
async def hog(tool: Tool) -> int:
    """Keep memory."""
    sys = tool.sys
    if not tool.operands:
        raise Failure(b"missing operand", hint=True)
    try:
        size = parse_size(tool.operands[0])
    except SizeError:
        raise Failure(b"invalid size " + quote(tool.operands[0]), hint=True) from None
    length = _length(tool.operands[1]) if len(tool.operands) > 1 else duration.FOREVER
    try:
        if size:
            start = await sys.mmap(size)
            for page in range(start, start + size, PAGE):
                await sys.store(page, b"hog!")
            if "l" in tool.options:
                await sys.mlock(start, size)
    except OSError as err:
        raise Failure(why(err)) from None
    if length < duration.FOREVER:
        await sys.nanosleep(length)
        return 0
    while True:
        await sys.poll([], None)
