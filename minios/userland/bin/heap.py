"""heap and leak: programs that use malloc(3) so that one can see what it does."""

from dataclasses import dataclass

from minios.abi.errno import Errno, strerror
from minios.abi.flags import CLOCK_MONOTONIC
from minios.userland.lib import duration
from minios.userland.lib.heap.layout import PAGE, Chunk, walk
from minios.userland.lib.heap.libc import Libc, Tuning
from minios.userland.lib.heap.policy import Fit, Order
from minios.userland.lib.lines import Lines, close_input, open_input
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quotef
from minios.userland.lib.sizes import SizeError, parse_size

HEAP = """
Usage: heap [OPTION]... [FILE]...
Make the calls that FILEs say, or standard input, one on each line or separated
by semicolons, on a heap of this process.

  malloc NAME SIZE   calloc NAME SIZE   realloc NAME SIZE   free NAME
  strcpy NAME TEXT   copy TEXT and a zero byte into the block
  memset NAME COUNT  fill so many bytes of the block
  show               print the blocks as their headers in memory say
  sleep TIME         wait

  -e, --execute=CALLS  make these instead of reading
  -p, --policy=FIT     first, best, worst or next [best]
  -o, --order=ORDER    of free lists: address, size+, size-, front, back [front]
  -l, --lists=SIZES    segregated lists with these bounds; 0 is one list
  -n, --no-coalesce    do not merge free neighbours
  -m, --max=SIZE       the heap may not grow beyond SIZE, nor use mmap
  -v, --verbose        print each call and what it returned

The first call that returns NULL ends it with status 1.
"""

LEAK = """
Usage: leak [OPTION]...
Allocate and use memory again and again, and forget to free it.

  -s, --size=SIZE      so much each time [1K]
  -n, --interval=TIME  that often [1s]
  -c, --count=COUNT    stop leaking after so many times, but stay
  -f, --free           do free it
  -r, --reserve=SIZE   first ask for SIZE that is never used
"""

Words = list[bytes]

_FEW, _NAME = 64, 64
"""So many names cost no memory of their own, and what each further one costs."""


@dataclass(slots=True)
class _Player:
    """The state of a script: which name has which pointer."""

    tool: Tool
    libc: Libc
    verbose: bool
    pointers: dict[bytes, int]

    async def play(self, line: bytes, number: int) -> None:
        """Make the calls of a line."""
        for call in line.partition(b"#")[0].split(b";"):
            words = call.split()
            if words:
                await self._call(words, call.strip(), number)

    async def _call(self, words: Words, call: bytes, number: int) -> None:
        name, arguments = words[0], words[1:]
        counts = {b"free": 1, b"show": 0, b"sleep": 1}
        if name == b"strcpy":
            arguments = call.split(None, 2)[1:]
        if name not in _CALLS:
            raise self._wrong(number, b"unknown call " + quote(name))
        if len(arguments) != counts.get(name, 2):
            raise self._wrong(number, b"wrong number of arguments: " + quote(call))
        if name == b"show":
            await self.show()
        elif name == b"sleep":
            time = duration.parse(arguments[0])
            if time is None or time >= duration.FOREVER:
                raise self._wrong(number, b"invalid time interval " + quote(arguments[0]))
            await self._flush()
            await self.tool.sys.nanosleep(time)
        elif name in (b"malloc", b"calloc", b"realloc"):
            await self._allocate(name, arguments, number)
        else:
            if arguments[0] not in self.pointers:
                raise self._wrong(number, b"no block is called " + quote(arguments[0]))
            await self._use(name, self.pointers[arguments[0]], arguments, number)

    async def _allocate(self, call: bytes, arguments: Words, number: int) -> None:
        name, size = arguments[0], self._size(arguments[1], number)
        old = self.pointers.get(name, 0)
        if call == b"malloc":
            pointer, shown = await self.libc.malloc(size), b"malloc(%d)" % size
        elif call == b"calloc":
            pointer, shown = await self.libc.calloc(1, size), b"calloc(1, %d)" % size
        else:
            pointer = await self.libc.realloc(old, size)
            shown = b"realloc(%s, %d)" % (_address(old), size)
        await self._say(shown + b" = " + _address(pointer))
        if not pointer and size:
            raise self._wrong(number, shown + b": " + strerror(Errno.ENOMEM).encode())
        if name not in self.pointers and len(self.pointers) >= _FEW:
            await self.tool.retain(_NAME + len(name))
        self.pointers.pop(name, None)
        self.pointers[name] = pointer  # the last to get an address is its owner

    async def _use(self, call: bytes, pointer: int, arguments: Words, number: int) -> None:
        sys = self.tool.sys
        if call == b"free":
            await self._say(b"free(" + _address(pointer) + b")")
            await self._flush()
            await self.libc.free(pointer)
        elif call == b"strcpy":
            await self._say(b"strcpy(%s, %s)" % (_address(pointer), quote(arguments[1])))
            await sys.store(pointer, arguments[1] + b"\0")
        else:
            count = self._size(arguments[1], number)
            await self._say(b"memset(%s, 'x', %d)" % (_address(pointer), count))
            for at in range(0, count, PAGE):
                await sys.store(pointer + at, b"x" * min(PAGE, count - at))

    def _size(self, word: bytes, number: int) -> int:
        try:
            return parse_size(word)
        except SizeError:
            raise self._wrong(number, b"invalid size " + quote(word)) from None

    def _wrong(self, number: int, text: bytes) -> Failure:
        return Failure((b"line %d: " % number if number else b"") + text)

    async def _say(self, text: bytes) -> None:
        if self.verbose:
            await self.tool.line(text)

    async def _flush(self) -> None:
        """What was said comes before what an abort says."""
        await self.tool.out.flush()

    async def show(self) -> None:
        """Print the chunks as memory has them."""
        start, end = self.libc.bounds
        if not start:
            await self.tool.line(b"no heap yet")
            return
        memory = b"".join(
            [await self.tool.sys.load(at, min(PAGE, end - at)) for at in range(start, end, PAGE)]
        )
        found = walk(lambda address, count: memory[address - start :][:count], start, end)
        owners = {pointer: name for name, pointer in self.pointers.items()}
        for chunk in found.chunks:
            kind = b"top" if chunk.top else b"used" if chunk.used else b"free"
            name = owners.get(chunk.pointer, b"") if chunk.used else b""
            row = b"%s  %-4s %7d  %s" % (_address(chunk.pointer), kind, chunk.size, name)
            await self.tool.line(row.rstrip())
        await self.tool.line(_summary(found.chunks))
        if found.broken:
            await self.tool.line(b"corrupted: " + found.broken.encode())


_CALLS = (b"malloc", b"calloc", b"realloc", b"free", b"strcpy", b"memset", b"show", b"sleep")


def _address(pointer: int) -> bytes:
    return b"%#x" % pointer if pointer else b"NULL"


def _summary(chunks: tuple[Chunk, ...]) -> bytes:
    used = [chunk.size for chunk in chunks if chunk.used]
    free = [chunk.size for chunk in chunks if not chunk.used and not chunk.top]
    return b"%d used %d, %d free %d, largest %d" % (
        len(used),
        sum(used),
        len(free),
        sum(free),
        max(free, default=0),
    )


def _choice(word: bytes | None, kinds: type[Fit] | type[Order], what: bytes) -> Fit | Order | None:
    if word is None:
        return None
    try:
        return kinds(word.decode("ascii", "replace").lower())
    except ValueError:
        raise Failure(b"invalid " + what + b" " + quote(word), hint=True) from None


def _bounds(word: bytes) -> tuple[int, ...]:
    parts = word.split(b",")
    if word == b"0":
        return ()
    if not all(part.isdigit() and len(part) < 8 for part in parts):
        raise Failure(b"invalid lists " + quote(word), hint=True)
    bounds = tuple(int(part) for part in parts)
    if any(a >= b for a, b in zip((0, *bounds), bounds, strict=False)) or len(bounds) > 64:
        raise Failure(b"invalid lists " + quote(word), hint=True)
    return bounds


def _tuning(tool: Tool) -> Tuning:
    options = tool.options
    fit = _choice(options.last("p"), Fit, b"policy") or Fit.BEST
    order = _choice(options.last("o"), Order, b"order") or Order.FRONT
    assert isinstance(fit, Fit) and isinstance(order, Order)
    lists = Tuning().lists
    given, most = options.last("l"), options.last("m")
    if given is not None:
        lists = _bounds(given)
    elif fit is Fit.NEXT:
        lists = ()
    if fit is Fit.NEXT and lists:
        raise Failure(b"policy 'next' needs one list", hint=True)
    limit = _whole(most) if most is not None else 0
    if most is None:
        return Tuning(fit=fit, order=order, coalesce="n" not in options, lists=lists)
    return Tuning(
        fit=fit,
        order=order,
        coalesce="n" not in options,
        lists=lists,
        limit=max(limit, 1),
        top_pad=0,
        mmap_threshold=1 << 31,
    )


def _whole(word: bytes) -> int:
    try:
        return parse_size(word)
    except SizeError:
        raise Failure(b"invalid size " + quote(word), hint=True) from None


@program(
    HEAP,
    "e:p:o:l:nm:v",
    (
        "execute:=e", "policy:=p", "order:=o", "lists:=l", "no-coalesce=n", "max:=m", "verbose=v",
    ),
)  # fmt: skip
async def heap(tool: Tool) -> int:
    """Play a script of allocations."""
    player = _Player(tool, Libc(tool.sys, _tuning(tool)), "v" in tool.options, {})
    scripts = tool.options.every("e")
    for script in scripts:
        for line in script.split(b"\n"):
            await player.play(line, 0)
    if scripts and not tool.operands:
        return 0
    for name in tool.operands or [b"-"]:
        try:
            fd = await open_input(tool.sys, name)
        except OSError as err:
            await tool.warn(quotef(name), err)
            continue
        await _read(tool, player, Lines(tool.sys, fd))
        await close_input(tool.sys, fd)
    return tool.status


async def _read(tool: Tool, player: _Player, lines: Lines) -> None:
    number = 0
    while True:
        await tool.out.flush()  # whoever sends the next line may wait for the answer to the last
        batch = await lines.batch()
        if not batch:
            return
        for line in batch:
            number += 1
            await player.play(line, number)


@program(LEAK, "s:n:c:fr:", ("size:=s", "interval:=n", "count:=c", "free=f", "reserve:=r"))
async def leak(tool: Tool) -> int:
    """Use more and more memory."""
    sys, options = tool.sys, tool.options
    if tool.operands:
        raise Failure(b"extra operand " + quote(tool.operands[0]), hint=True)
    size = _whole(options.last("s") or b"1K")
    word = options.last("n") or b"1"
    interval = duration.parse(word)
    if not interval or interval >= duration.FOREVER:
        raise Failure(b"invalid time interval " + quote(word), hint=True)
    most = options.last("c")
    if most is not None and not (most.isdigit() and len(most) < 10):
        raise Failure(b"invalid count " + quote(most), hint=True)
    libc = Libc(sys)
    reserve = options.last("r")
    if reserve is not None and not await libc.malloc(_whole(reserve)):
        raise Failure(b"memory exhausted")
    left = int(most) if most is not None else -1
    due = await sys.clock_gettime(CLOCK_MONOTONIC)
    while left:
        pointer = await libc.malloc(size)
        if not pointer:
            raise Failure(b"memory exhausted")
        for at in range(0, size, PAGE):
            await sys.store(pointer + at, b"leak" * (min(PAGE, size - at) // 4))
        if "f" in options:
            await libc.free(pointer)
        left -= 1
        due += interval
        now = await sys.clock_gettime(CLOCK_MONOTONIC)
        if due > now:
            await sys.nanosleep(due - now)
    while True:
        await sys.poll([], None)
