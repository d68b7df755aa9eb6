"""memwalk: touch memory in a pattern, to see what a working set is and what becomes of it."""

from minios.abi import flags
from minios.userland.lib import duration
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.sizes import SizeError, parse_size
from minios.userland.lib.stdio import why

USAGE = """
Usage: memwalk [OPTION]... SIZE
Map SIZE bytes (K, M and G are understood) and touch them again and again.

  -p, --pattern=HOW   loop (the default): from one end to the other, again and again;
                      random: any page; zipf: few pages often, most seldom;
                      hot: nine of ten accesses to the first tenth; once: loop, once
  -s, --stride=BYTES  how far the next access of a loop is (default 4K)
  -w, --write=PERCENT how many of the accesses write (default 50)
  -t, --think=CYCLES  computation between two accesses (default 100)
  -n, --count=N       how many accesses (default: until killed)
  -T, --time=TIME     for how long
  -m, --map=FILE      memory of FILE instead of anonymous memory
  -S, --shared        a shared mapping
  -l, --lock          lock it in memory
  -e, --every=TIME    report the rate of accesses every TIME
  -k, --keep          keep the memory afterwards, until killed
      --seed=N        of the random patterns (default 1)

At the end, or on each report, it says how many accesses a second it made.
"""

NS = 1_000_000_000
_MASK = (1 << 64) - 1
PATTERNS = (b"loop", b"random", b"zipf", b"hot", b"once")


class Walker:
    """Where the next access goes. Random numbers are its own (xorshift64*)."""

    def __init__(self, pattern: bytes, size: int, stride: int, seed: int) -> None:
        self.pattern = pattern
        self.size = size
        self.stride = stride
        self.pages = max(size // 4096, 1)
        self._at = -stride
        self._state = seed * 0x9E3779B97F4A7C15 & _MASK or 1

    def random(self, bound: int) -> int:
        """A number of 0 … bound - 1."""
        x = self._state
        x ^= x >> 12
        x ^= x << 25 & _MASK
        x ^= x >> 27
        self._state = x
        return (x * 0x2545F4914F6CDD1D & _MASK) * bound >> 64

    def next(self) -> int:
        """The offset of the next access."""
        if self.pattern in (b"loop", b"once"):
            self._at += self.stride
            if self._at + 4 > self.size:
                self._at = 0
            return self._at
        if self.pattern == b"random":
            page = self.random(self.pages)
        elif self.pattern == b"hot":
            hot = max(self.pages // 10, 1)
            page = self.random(hot) if self.random(10) < 9 else self.random(self.pages)
        else:
            # A page of a random prefix of random length: page k comes about as often as 1 / k.
            bound = self.pages
            page = self.random(self.random(bound) + 1)
        return page * 4096 + self.random(1024) * 4 % min(4096, self.size)


def _time(word: bytes) -> int:
    length = duration.parse(word)
    if not length:
        raise Failure(b"invalid time interval " + quote(word), hint=True)
    return length


def _count(tool: Tool, flag: str, default: int, most: int = 1 << 62) -> int:
    word = tool.options.last(flag)
    if word is None:
        return default
    if not word.isdigit() or int(word[:20]) > most:
        raise Failure(b"invalid number " + quote(word), hint=True)
    return int(word)


def _size(word: bytes) -> int:
    try:
        size = parse_size(word)
    except SizeError:
        raise Failure(b"invalid size " + quote(word), hint=True) from None
    if size < 4:
        raise Failure(b"invalid size " + quote(word), hint=True)
    return size


@program(
    USAGE, "p:s:w:t:n:T:m:Sle:k",
    ("pattern:=p", "stride:=s", "write:=w", "think:=t", "count:=n", "time:=T", "map:=m",
     "shared=S", "lock=l", "every:=e", "keep=k", "seed:"),
)  # fmt: skip
async def memwalk(tool: Tool) -> int:
    """Touch memory in a pattern."""
    options = tool.options
    if len(tool.operands) != 1:
        raise Failure(b"missing operand" if not tool.operands else b"extra operand", hint=True)
    size = _size(tool.operands[0])
    pattern = options.last("p") or b"loop"
    if pattern not in PATTERNS:
        raise Failure(b"invalid pattern " + quote(pattern), hint=True)
    word = options.last("s")
    stride = _size(word) if word is not None else 4096
    walker = Walker(pattern, size, stride, _count(tool, "seed", 1))
    count = _count(tool, "n", 0)
    if pattern == b"once":
        count = -(-size // stride)
    await _walk(tool, walker, await _map(tool, size), count)
    while "k" in options:
        await tool.out.flush()
        await tool.sys.poll([], None)
    return 0


async def _map(tool: Tool, size: int) -> int:
    """The memory to walk in."""
    sys, options = tool.sys, tool.options
    kind = flags.MAP_SHARED if "S" in options else flags.MAP_PRIVATE
    path = options.last("m")
    try:
        if path is None:
            start = await sys.mmap(size, mflags=kind | flags.MAP_ANONYMOUS)
        else:
            fd = await sys.open(path, flags.O_RDWR if "S" in options else flags.O_RDONLY)
            start = await sys.mmap(size, mflags=kind, fd=fd)
            await sys.close(fd)
        if "l" in options:
            await sys.mlock(start, size)
    except OSError as err:
        raise Failure((quote(path) + b": " if path else b"") + why(err)) from None
    return start


async def _walk(tool: Tool, walker: Walker, start: int, count: int) -> None:
    sys, options = tool.sys, tool.options
    percent = _count(tool, "w", 50, 100)
    think = _count(tool, "t", 100)
    word = options.last("T")
    begun = await sys.clock_gettime(flags.CLOCK_MONOTONIC)
    end = begun + _time(word) if word is not None else 0
    every = options.last("e")
    period = _time(every) if every is not None else 0
    # The clock is only looked at when somebody wants to know, and not at every access.
    done = told = 0
    due = begun + period
    owed = 0
    while not count or done < count:
        at = start + walker.next()
        owed += percent
        if owed >= 100:
            owed -= 100
            await sys.store(at, done.to_bytes(8, "little")[:4])
        else:
            await sys.load(at, 4)
        done += 1
        if think:
            await sys.compute(think)
        if (end or period) and done % 16 == 0:
            now = await sys.clock_gettime(flags.CLOCK_MONOTONIC)
            if end and now >= end:
                break
            if period and now >= due:
                await tool.line(b"%d accesses/s" % ((done - told) * NS // (now - due + period)))
                await tool.out.flush()
                told, due = done, now + period
    if not period and (count or end):
        now = await sys.clock_gettime(flags.CLOCK_MONOTONIC)
        await tool.line(b"%d accesses, %d/s" % (done, done * NS // max(now - begun, 1)))
