"""What a running awk program holds: variables, the record and its fields, memory and the stack."""

from collections.abc import Awaitable, Callable, Generator
from typing import Any, NamedTuple

from minios.userland.bin.awk.format import Format, Numbers
from minios.userland.bin.awk.lexer import AwkError
from minios.userland.bin.awk.patterns import Patterns
from minios.userland.bin.awk.streams import Streams
from minios.userland.bin.awk.values import Array, Field, Value, clamp, integer_text, number
from minios.userland.lib import regex
from minios.userland.lib.program import RETAIN_STEP, Tool

SPECIAL = (
    "NF", "NR", "FNR", "FS", "OFS", "ORS", "RS", "FILENAME", "SUBSEP", "RSTART", "RLENGTH",
    "CONVFMT", "OFMT", "ARGC",
)  # fmt: skip
"""The variables that awk knows; a variable's place is its index here."""

NF, NR, FNR, FS, OFS, ORS, RS, FILENAME, SUBSEP, RSTART, RLENGTH, CONVFMT, OFMT, ARGC = range(14)
ENVIRON, ARGV = 14, 15

SMALL = 4096
"""Strings up to this size pass for free while they are computed with; what is kept is charged."""

ELEMENT = 100
"""Bytes that an array element takes besides its texts."""

FRAME = 200
FIELD = 64
TICKS = range(500)
"""Steps of the program between two looks at the clock."""

CYCLES_PER_STEP = 2
COST_MAX = 20000
HALT = -2
AWAIT = -1
CALLS_MAX = 20000

Slot = Value | Array
Action = Callable[[], Awaitable[int]]


class Call(NamedTuple):
    """What a function returns to, what its frame is charged with, and which arrays are its own."""

    where: int
    frame: list[Slot]
    charged: int
    own: tuple[int, ...]
    base: int


class NeedMemory(Exception):
    """Raised before anything was changed: the step is done again when there is more memory."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


class Aside(Exception):
    """Raised before anything was changed: long work to do in pieces, ``finished`` when it is done
    again. The work yields what memory it needs."""

    def __init__(self, work: Generator[int, None, tuple[bytes, int]], pattern: regex.Regex) -> None:
        super().__init__()
        self.work = work
        self.pattern = pattern


def size_of(value: "Slot") -> int:
    """What a kept value is charged for."""
    return len(value) if isinstance(value, bytes) else 0


def array_size(array: Array) -> int:
    return sum(len(key) + size_of(value) + ELEMENT for key, value in array.items())


class Machine:
    """The state, and the loop that runs a compiled program over it.

    A step either does all of its work or raises :class:`NeedMemory` before it has changed anything.
    Steps that trap leave an ``action`` behind and return AWAIT.
    """

    def __init__(self, tool: Tool, globals_: list[Slot]) -> None:
        self.tool = tool
        self.globals = globals_
        self.patterns = Patterns(self.need)
        self.streams = Streams(tool, self.patterns)
        self.stack: list[Any] = []  # values, arrays, and what for-in loops iterate over
        self.frame: list[Slot] = []
        self.calls: list[Call] = []
        self.action: Action | None = None
        self.status = 0
        self.ending = False
        self.cost = 0
        self.retained = 0
        self.granted = 0
        self.transient = 0
        self.seed: Value = 0.0
        self.random = 1
        self.finished: tuple[bytes, int] | None = None  # the result of work done aside
        self._formats: dict[bytes, Format] = {}
        self._keys: dict[float, bytes] = {}
        # The record: its text unless stale, its fields if split, those set by the program apart.
        self.record = b""
        self.stale = False
        self.split_done = True
        self.fields: list[bytes] = []
        self.assigned: dict[int, Value] = {}
        defaults: dict[int, Value] = {
            NF: 0.0, NR: 0.0, FNR: 0.0, FS: b" ", OFS: b" ", ORS: b"\n", RS: b"\n",
            SUBSEP: b"\x1c", RSTART: 0.0, RLENGTH: -1.0, CONVFMT: b"%.6g", OFMT: b"%.6g",
        }  # fmt: skip
        for place, value in defaults.items():
            globals_[place] = value
        self.numbers = self.output_numbers = Numbers(b"%.6g", self.need)
        self.ofs, self.ors, self.subsep = b" ", b"\n", b"\x1c"
        self.splitter = self.patterns.splitter(b" ")

    # -- memory --------------------------------------------------------------------------------

    def need(self, size: int) -> None:
        """Ask before ``size`` bytes are made for a while."""
        self.transient += size
        self.cost += size >> 6
        if self.retained + self.transient > self.granted:
            raise NeedMemory(self.transient)

    def grow(self, size: int) -> None:
        """Ask before ``size`` bytes more are kept (fewer, if negative)."""
        if size > 0 and self.retained + size > self.granted:
            raise NeedMemory(size)
        self.retained += size

    async def grant(self, size: int) -> None:
        """More memory for a step that raised NeedMemory. AwkError if there is none."""
        missing = self.retained + size - self.granted
        if missing > 0:
            unit = RETAIN_STEP if self.granted < 1 << 20 else 4 * RETAIN_STEP
            step = -(-missing // unit) * unit
            try:
                await self.tool.sys.brk(step)
            except OSError:
                raise AwkError("out of memory") from None
            self.granted += step

    async def commit(self, change: Callable[[], object]) -> None:
        """Do what may raise NeedMemory in code that may trap."""
        while True:
            self.transient = 0
            try:
                change()
                return
            except NeedMemory as asked:
                await self.grant(asked.size)

    # -- the loop ------------------------------------------------------------------------------

    async def run(self, steps: list[Callable[[], int]]) -> None:
        compute = self.tool.sys.compute
        patterns = self.patterns
        pc = 0
        fresh = -1  # the step whose transient memory is known to be its own
        while True:
            done = 0
            try:
                for done in TICKS:  # noqa: B007
                    pc = steps[pc]()
                    if pc < 0 or self.cost > COST_MAX:
                        break
            except NeedMemory as asked:
                self.transient = 0
                if fresh == pc:
                    await self.grant(asked.size)
                fresh = pc
                continue
            except Aside as long:
                await self._work(long)
                continue
            fresh = -1
            self.transient = 0
            await compute((done + 1) * CYCLES_PER_STEP + self.cost + patterns.spent)
            self.cost = patterns.spent = 0
            if pc >= 0:
                continue
            action = self.action
            if pc == HALT or action is None:
                return
            self.action = None
            pc = await action()
            if pc == HALT:
                return

    async def _work(self, long: Aside) -> None:
        """Long work, with memory and time asked for between its pieces."""
        size = 0
        while True:
            try:
                size += next(long.work)
            except StopIteration as stop:
                self.finished = stop.value
                return
            await self.grant(size)
            await self.tool.sys.compute(64 + long.pattern.spent())

    def take(self, count: int) -> list[Any]:
        """The top of the stack, in order; it stays until :meth:`drop`."""
        return self.stack[-count:] if count else []

    def drop(self, count: int) -> None:
        if count:
            for value in self.stack[-count:]:
                if isinstance(value, bytes) and len(value) > SMALL:
                    self.retained -= len(value)
            del self.stack[-count:]

    def push(self, value: Slot) -> None:
        if isinstance(value, bytes) and len(value) > SMALL:
            self.grow(len(value))
        self.stack.append(value)

    def set_status(self, value: Slot) -> None:
        """exit's argument."""
        assert not isinstance(value, dict)
        self.status = clamp(number(value), -(1 << 31), 1 << 31) & 0xFF

    def unwind(self) -> None:
        """Leave all functions (next, exit)."""
        while self.calls:
            self.leave()
        self.drop(len(self.stack))

    def leave(self) -> int:
        """Leave a function: its memory is free again. Where to go on."""
        call = self.calls.pop()
        self.drop(len(self.stack) - call.base)
        self.retained -= call.charged
        for value in self.frame:
            if isinstance(value, bytes):
                self.retained -= len(value)
        for place in call.own:
            array = self.frame[place]
            if isinstance(array, dict):
                self.retained -= array_size(array)
        self.frame = call.frame
        return call.where

    def enter(self, count: int, size: int, own: tuple[int, ...], where: int) -> None:
        """Call a function: ``count`` arguments are on the stack, ``size`` variables are its."""
        if len(self.calls) >= CALLS_MAX:
            raise AwkError(f"program limit exceeded: function calls={CALLS_MAX}")
        given = self.take(count)
        charged = FRAME + 16 * size
        self.grow(charged + sum(map(size_of, given)))
        self.drop(count)
        frame: list[Slot] = given + [None] * (size - count)
        for place in own:
            frame[place] = {}
        self.calls.append(Call(where, self.frame, charged, own, len(self.stack)))
        self.frame = frame

    # -- text ----------------------------------------------------------------------------------

    def text(self, value: Slot) -> bytes:
        if isinstance(value, bytes):
            return value
        if value is None:
            return b""
        assert isinstance(value, float)
        return integer_text(value) or self.numbers.text(value)

    def number_text(self, value: float) -> bytes:
        return integer_text(value) or self.numbers.text(value)

    def output(self, value: Slot) -> bytes:
        """The text that print prints."""
        if isinstance(value, bytes):
            return value
        if value is None:
            return b""
        assert isinstance(value, float)
        return integer_text(value) or self.output_numbers.text(value)

    def key(self, value: Slot) -> bytes:
        """The text of a subscript."""
        if type(value) is float:
            found = self._keys.get(value)
            if found is None:
                found = self.text(value)
                if integer_text(value) is not None and len(self._keys) < 4096:
                    self._keys[value] = found
            return found
        return bytes(value) if type(value) is Field else self.text(value)

    def format(self, source: bytes, where: str, values: list[Value]) -> bytes:
        found = self._formats.get(source)
        if found is None:
            if len(self._formats) > 64:
                self._formats.clear()
            found = self._formats[source] = Format(source, where)
        return found.render(values, self.text, self.need)

    # -- the record and its fields -------------------------------------------------------------

    def set_record(self, text: bytes) -> None:
        self.grow(len(text) - len(self.record))
        self.record = text
        self.stale = self.split_done = False
        if self.assigned:
            self.assigned.clear()

    def split_record(self) -> None:
        """Find the fields."""
        if self.split_done:
            return
        self.fields = self.splitter(self.record)
        self.split_done = True
        self.globals[NF] = float(len(self.fields))

    def whole(self) -> bytes:
        """The text of ``$0``."""
        if self.stale:
            parts = self.fields
            if self.assigned:
                parts = [self.field_text(at) for at in range(len(parts))]
            size = sum(map(len, parts)) + len(parts) * len(self.ofs)
            if size > SMALL:
                self.need(size)
            record = self.ofs.join(parts)
            self.grow(len(record) - len(self.record))
            self.record = record
            self.stale = False
        return self.record

    def field_text(self, at: int) -> bytes:
        if at in self.assigned:
            return self.text(self.assigned[at])
        return self.fields[at]

    def field(self, which: float) -> Value:
        if which == 0.0:
            return Field(self.whole())
        at = self.place(which)
        if not self.split_done:
            self.split_record()
        if at > len(self.fields):
            return Field()
        if self.assigned and at - 1 in self.assigned:
            return self.assigned[at - 1]
        return Field(self.fields[at - 1])

    def place(self, which: float) -> int:
        if which < 0.0:
            raise self.trouble(f"negative field index ${clamp(which, -(1 << 31), 0)}")
        return clamp(which, 0, 1 << 40)

    def set_field(self, which: float, value: Value) -> None:
        at = self.place(which)
        if at == 0:
            self.set_record(bytes(self.text(value)))
            return
        self.split_record()
        more = max(at - len(self.fields), 0)
        self.grow(more * FIELD + size_of(value) + FIELD)
        if more:
            self.fields += [b""] * more
            self.globals[NF] = float(at)
            self.cost += more
        self.assigned[at - 1] = value
        self.stale = True

    def set_count(self, count: float) -> None:
        """An assignment to NF."""
        size = clamp(count, -1, 1 << 40)
        if size < 0:
            raise self.trouble("negative value assigned to NF")
        self.split_record()
        more = size - len(self.fields)
        if more > 0:
            self.grow(more * FIELD)
            self.fields += [b""] * more
            self.cost += more
        else:
            del self.fields[size:]
            self.assigned = {at: v for at, v in self.assigned.items() if at < size}
        self.stale = True

    # -- variables -----------------------------------------------------------------------------

    def get_special(self, place: int) -> Value:
        if place == NF:
            self.split_record()
        value = self.globals[place]
        assert not isinstance(value, dict)
        return value

    def set_special(self, place: int, value: Value) -> None:
        """Assign to a variable that means something to awk."""
        if place == NF:
            self.set_count(number(value))
            self.globals[NF] = value
            return
        self.grow(size_of(value) - size_of(self.globals[place]))
        if place in (FS, RS):
            if not self.split_done:
                self.split_record()  # the record was read under the old separator
            self.globals[place] = value
            if place == FS:
                self.splitter = self.patterns.splitter(bytes(self.text(value)))
            else:
                self.streams.separate(bytes(self.text(value)), self.patterns)
        elif place == OFS:
            if self.stale:
                self.whole()
            self.ofs = bytes(self.text(value))
        elif place == ORS:
            self.ors = bytes(self.text(value))
        elif place == SUBSEP:
            self.subsep = bytes(self.text(value))
        elif place == CONVFMT:
            self.numbers = Numbers(bytes(self.text(value)), self.need)
        elif place == OFMT:
            self.output_numbers = Numbers(bytes(self.text(value)), self.need)
        self.globals[place] = value

    def trouble(self, why: str) -> AwkError:
        """A run time error, with where the input was."""
        name = self.text(self.globals[FILENAME]).decode("latin-1")
        count, total = (self.text(self.globals[at]).decode("latin-1") for at in (FNR, NR))
        return AwkError(f'run time error: {why}\n\tFILENAME="{name}" FNR={count} NR={total}')

    # -- random numbers ------------------------------------------------------------------------

    def seed_random(self, seed: Value) -> Value:
        before, self.seed = self.seed, seed
        state = 0x9E3779B97F4A7C15
        for byte in self.text(seed):
            state = ((state ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
        self.random = state or 1
        return before

    def next_random(self) -> float:
        """xorshift64* (Marsaglia; Vigna): 0 <= value < 1."""
        x = self.random
        x ^= x >> 12
        x = (x ^ (x << 25)) & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 27
        self.random = x
        return ((x * 0x2545F4914F6CDD1D & 0xFFFFFFFFFFFFFFFF) >> 11) / (1 << 53)
