"""dd(1)."""

from minios.abi.errno import Errno
from minios.abi.flags import (
    CLOCK_MONOTONIC,
    F_GETFL,
    F_SETFL,
    O_APPEND,
    O_CREAT,
    O_DIRECT,
    O_DIRECTORY,
    O_DSYNC,
    O_EXCL,
    O_NOFOLLOW,
    O_NONBLOCK,
    O_RDONLY,
    O_RDWR,
    O_SYNC,
    O_TRUNC,
    O_WRONLY,
    S_IFBLK,
    S_IFMT,
    S_IFREG,
    SEEK_CUR,
)
from minios.abi.signals import SIG_DFL, SIG_IGN, Sig
from minios.abi.sys import Sys
from minios.userland.lib.options import parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quoteaf
from minios.userland.lib.sizes import SizeError, parse_size
from minios.userland.lib.stdio import why, write_all

USAGE = """
Usage: dd [OPERAND]...
Copy a file in blocks, converting it.
  if=FILE of=FILE     instead of standard input and output
  bs=N ibs=N obs=N    bytes a block (512); N takes c w b K M G, kB MB, and x between factors
  count=N             so many input blocks (with a B behind it: bytes)
  skip=N seek=N       leave out blocks at the start of the input, of the output
  conv=WORDS          ucase lcase swab sync noerror notrunc excl nocreat sparse block unblock fsync
  iflag=WORDS oflag=WORDS    append fullblock count_bytes skip_bytes seek_bytes nonblock …
  status=none|noxfer|progress
"""

_CONVERSIONS = frozenset(
    b"block unblock lcase ucase sparse swab noerror nocreat excl notrunc sync fdatasync "
    b"fsync".split()
)
_FLAGS = {
    b"append": O_APPEND, b"directory": O_DIRECTORY, b"nofollow": O_NOFOLLOW,
    b"nonblock": O_NONBLOCK, b"direct": O_DIRECT, b"dsync": O_DSYNC, b"sync": O_SYNC,
    b"noatime": 0, b"nocache": 0, b"noctty": 0,
    b"binary": 0, b"text": 0, b"nolinks": 0,
}  # fmt: skip
_INPUT_ONLY = frozenset((b"fullblock", b"count_bytes", b"skip_bytes"))
_OUTPUT_ONLY = frozenset((b"seek_bytes",))
_NUMBERS = {
    b"bs": 1, b"ibs": 1, b"obs": 1, b"cbs": 1, b"count": 0, b"skip": 0, b"iseek": 0, b"seek": 0,
    b"oseek": 0,
}  # fmt: skip
"""The smallest value that each takes."""
_LIMIT = (1 << 63) - 1
_PIECE = 65536
"""Bytes read or written at once, however large the blocks are."""


@program(USAGE)
async def dd(tool: Tool) -> int:
    """Copy and convert a file."""
    tool.options = parse(tool.argv[1:], "", ("help", "version"))
    if await tool.describe(USAGE):
        return 0
    run = _Copy(tool)
    for operand in tool.operands:
        run.read_operand(operand)
    run.check()
    await run.open_files()
    await run.copy()
    await run.report()
    return tool.status


def _number(text: bytes) -> int:
    """``2x4K``: factors with suffixes."""
    total = 1
    for factor in text.split(b"x"):
        try:
            total *= parse_size(factor, b"bcEGkKMPTwYZ0", limit=_LIMIT)
        except SizeError as err:
            reason = b": Value too large for defined data type" if err.kind == "overflow" else b""
            raise Failure(b"invalid number: " + quote(text) + reason) from None
        if not factor[:1].isdigit() or total > _LIMIT:
            raise Failure(b"invalid number: " + quote(text))
    return total


class _Copy:
    """The operands, and how far the copy is."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.source: bytes | None = None
        self.target: bytes | None = None
        self.numbers: dict[bytes, int] = {}
        self.bytes_counted: set[bytes] = set()
        self.conversions: set[bytes] = set()
        self.flags: dict[bytes, set[bytes]] = {b"iflag": set(), b"oflag": set()}
        self.status = b""
        self.ibs = self.obs = 512
        self.width = 0
        self.blocks = self.unblocks = self.direct = False
        self.in_full = self.in_part = self.out_full = self.out_part = 0
        self.truncated = 0
        self.written = 0
        self.start = 0
        self.column = 0
        self.spaces = 0
        self.buffer = bytearray()
        self.odd = b""
        self.asked = self.interrupted = False
        self.hole = False

    def read_operand(self, operand: bytes) -> None:
        name, equals, value = operand.partition(b"=")
        if not equals:
            raise Failure(b"unrecognized operand " + quote(operand), hint=True)
        if name == b"if":
            self.source = value
        elif name == b"of":
            self.target = value
        elif name == b"conv":
            for word in value.split(b","):
                if word not in _CONVERSIONS:
                    raise Failure(b"invalid conversion: " + quote(word), hint=True)
                self.conversions.add(word)
        elif name in self.flags:
            only = _INPUT_ONLY if name == b"iflag" else _OUTPUT_ONLY
            kind = b"input" if name == b"iflag" else b"output"
            for word in value.split(b","):
                if word not in _FLAGS and word not in only:
                    raise Failure(b"invalid " + kind + b" flag: " + quote(word), hint=True)
                self.flags[name].add(word)
        elif name == b"status":
            if value not in (b"none", b"noxfer", b"progress"):
                raise Failure(b"invalid status level: " + quote(value), hint=True)
            self.status = value
        elif name in _NUMBERS:
            name = {b"iseek": b"skip", b"oseek": b"seek"}.get(name, name)
            if (
                name in (b"count", b"skip", b"seek")
                and value.endswith(b"B")
                and (value[:-1].isdigit())
            ):
                self.bytes_counted.add(name)
                value = value[:-1]
            number = _number(value)
            if number < _NUMBERS[name]:
                raise Failure(b"invalid number: " + quote(value))
            self.numbers[name] = number
        else:
            raise Failure(b"unrecognized operand " + quote(operand), hint=True)

    def check(self) -> None:
        """What cannot be combined, and what follows from the rest."""
        conv = self.conversions
        for one, two in (
            (b"block", b"unblock"), (b"lcase", b"ucase"), (b"excl", b"nocreat"),
        ):  # fmt: skip
            if one in conv and two in conv:
                raise Failure(b"cannot combine " + one + b" and " + two)
        block = self.numbers.get(b"bs")
        self.ibs = block or self.numbers.get(b"ibs", 512)
        self.obs = block or self.numbers.get(b"obs", 512)
        for flag, name in (
            (b"count_bytes", b"count"), (b"skip_bytes", b"skip"), (b"seek_bytes", b"seek"),
        ):  # fmt: skip
            if flag in self.flags[b"iflag"] or flag in self.flags[b"oflag"]:
                self.bytes_counted.add(name)
        self.width = self.numbers.get(b"cbs", 0)
        self.blocks = b"block" in conv and self.width > 0
        self.unblocks = b"unblock" in conv and self.width > 0
        self.direct = bool(block) and not self.blocks and not self.unblocks

    def in_bytes(self, name: bytes, block: int) -> int:
        """count, skip or seek in bytes."""
        number = self.numbers.get(name, 0)
        return number if name in self.bytes_counted else number * block

    # -- files ---------------------------------------------------------------------------------

    async def open_files(self) -> None:
        sys = self.sys
        self.start = await sys.clock_gettime(CLOCK_MONOTONIC)
        await self.tool.retain(min(self.ibs, 1 << 40) + min(self.obs, 1 << 40))
        if self.source is not None:
            await self._open(self.source, O_RDONLY | self._bits(b"iflag"), 0)
        if self.target is not None:
            conv = self.conversions
            bits = self._bits(b"oflag")
            bits |= 0 if b"nocreat" in conv else O_CREAT
            bits |= O_EXCL if b"excl" in conv else 0
            seek = self.in_bytes(b"seek", self.obs)
            bits |= 0 if b"notrunc" in conv or seek else O_TRUNC
            if seek:
                try:
                    await self._open(self.target, O_RDWR | bits, 1)
                except Failure:
                    await self._open(self.target, O_WRONLY | bits, 1)
            else:
                await self._open(self.target, O_WRONLY | bits, 1)
            if seek and b"notrunc" not in conv:
                try:
                    await sys.ftruncate(1, seek)
                except OSError as err:
                    if (await sys.fstat(1)).mode & S_IFMT == S_IFREG:
                        text = b"failed to truncate to %d bytes in output file " % seek
                        raise Failure(text + quoteaf(self.target) + b": " + why(err)) from None

    def _bits(self, name: bytes) -> int:
        bits = 0
        for word in self.flags[name]:
            bits |= _FLAGS.get(word, 0)
        return bits

    async def _open(self, name: bytes, bits: int, fd: int) -> None:
        try:
            opened = await self.sys.open(name, bits, 0o666)
        except OSError as err:
            raise Failure(b"failed to open " + quoteaf(name) + b": " + why(err)) from None
        if opened != fd:
            await self.sys.dup2(opened, fd)
            await self.sys.close(opened)

    def name_of(self, fd: int) -> bytes:
        given = self.source if fd == 0 else self.target
        fallback = b"standard input" if fd == 0 else b"standard output"
        return quoteaf(fallback if given is None else given)

    # -- copying -------------------------------------------------------------------------------

    async def copy(self) -> None:
        sys = self.sys
        await sys.sigaction(Sig.SIGUSR1, self._on_usr1)
        if await sys.sigaction(Sig.SIGINT) != SIG_IGN:
            await sys.sigaction(Sig.SIGINT, self._on_int)
        if not await self._seek():
            return
        if not await self._skip():
            return
        limit = blocks = None
        if b"count" in self.bytes_counted:
            limit = self.numbers[b"count"]
        elif b"count" in self.numbers:
            blocks = self.numbers[b"count"]  # what one read gives is one, however short
        taken = 0
        failures = 0
        while limit is None or taken < limit:
            if blocks is not None and self.in_full + self.in_part >= blocks:
                break
            want = self.ibs if limit is None else min(self.ibs, limit - taken)
            try:
                data = await self._read_block(want)
            except OSError as err:
                await self.tool.warn(b"error reading " + self.name_of(0), err)
                if b"noerror" not in self.conversions or failures > 100:
                    break
                failures += 1
                await self._report_lines()
                try:
                    await sys.lseek(0, self.ibs, SEEK_CUR)
                except OSError:
                    break
                data = b""
                if b"sync" not in self.conversions:
                    continue
            else:
                if not data:
                    break
                failures = 0
            taken += len(data)
            if len(data) == self.ibs:
                self.in_full += 1
            else:
                self.in_part += 1
                if b"sync" in self.conversions:
                    fill = b" " if self.blocks or self.unblocks else b"\0"
                    data = data.ljust(self.ibs, fill)
            if not await self._put(self._converted(data)):
                return
            await sys.compute(4 + len(data) // 64)
            await self._signals()
        await self._finish()

    async def _seek(self) -> bool:
        seek = self.in_bytes(b"seek", self.obs)
        if not seek:
            return True
        try:
            await self.sys.lseek(1, seek, SEEK_CUR)
        except OSError as err:
            await self.tool.warn(self.name_of(1) + b": cannot seek", err)
            return False
        return True

    async def _skip(self) -> bool:
        """Leave out the beginning of the input, by seeking where that is possible."""
        skip = self.in_bytes(b"skip", self.ibs)
        if not skip:
            return True
        sys = self.sys
        shown = self.source if self.source is not None else quoteaf(b"standard input")
        try:
            st = await sys.fstat(0)
            if st.mode & S_IFMT == S_IFBLK:
                await sys.lseek(0, skip, SEEK_CUR)
                return True
            if st.mode & S_IFMT == S_IFREG:
                at = await sys.lseek(0, skip, SEEK_CUR)
                if at > st.size:
                    await self.tool.warn(shown + b": cannot skip to specified offset", status=0)
                return True
            left = skip
            while left > 0:
                data = await sys.read(0, min(left, _PIECE))
                if not data:
                    await self.tool.warn(shown + b": cannot skip to specified offset", status=0)
                    return True
                left -= len(data)
        except OSError as err:
            await self.tool.warn(b"error reading " + self.name_of(0), err)
            return False
        return True

    async def _read_block(self, size: int) -> bytes:
        """A block of input: what one read gives, or all of it with fullblock."""
        full = b"fullblock" in self.flags[b"iflag"]
        parts: list[bytes] = []
        got = 0
        while got < size:
            try:
                data = await self.sys.read(0, min(size - got, _PIECE))
            except OSError as err:
                if err.errno != Errno.EINTR:
                    raise
                await self._signals()
                continue
            if not data:
                break
            parts.append(data)
            got += len(data)
            if not full and len(data) < _PIECE:
                break
        return b"".join(parts)

    def _converted(self, data: bytes) -> bytes:
        conv = self.conversions
        if b"ucase" in conv:
            data = data.upper()
        elif b"lcase" in conv:
            data = data.lower()
        if b"swab" in conv:
            data = self.odd + data
            self.odd = data[-1:] if len(data) % 2 else b""
            pairs = bytearray(data[: len(data) // 2 * 2])
            pairs[0::2], pairs[1::2] = pairs[1::2], pairs[0::2]
            data = bytes(pairs)
        if self.blocks:
            return self._blocked(data)
        return self._unblocked(data) if self.unblocks else data

    def _blocked(self, data: bytes) -> bytes:
        """Lines become records of ``cbs`` bytes, filled with spaces or cut."""
        out = bytearray()
        lines = data.split(b"\n")
        for number, line in enumerate(lines):
            room = max(self.width - self.column, 0)
            if len(line) > room and self.column <= self.width:
                self.truncated += 1
            out += line[:room]
            self.column += len(line)
            if number < len(lines) - 1:
                out += b" " * max(self.width - self.column, 0)
                self.column = 0
        return bytes(out)

    def _unblocked(self, data: bytes) -> bytes:
        """Records of ``cbs`` bytes become lines without the spaces at their ends."""
        out = bytearray()
        while data:
            piece, data = data[: self.width - self.column], data[self.width - self.column :]
            bare = piece.rstrip(b" ")
            if bare:
                out += b" " * self.spaces + bare
                self.spaces = 0
            self.spaces += len(piece) - len(bare)
            self.column += len(piece)
            if self.column == self.width:
                out += b"\n"
                self.column = self.spaces = 0
        return bytes(out)

    async def _put(self, data: bytes) -> bool:
        """Write what came in: as it is with ``bs``, else in blocks of ``obs``."""
        if self.direct:
            return await self._write(data)
        self.buffer += data
        while len(self.buffer) >= self.obs:
            block = bytes(self.buffer[: self.obs])
            del self.buffer[: self.obs]
            if not await self._write(block):
                return False
        return True

    async def _write(self, block: bytes) -> bool:
        if not block:
            return True
        done = 0
        if b"sparse" in self.conversions and not block.strip(b"\0"):
            try:
                await self.sys.lseek(1, len(block), SEEK_CUR)
                done = len(block)
                self.hole = True
            except OSError:
                done = 0
        if b"direct" in self.flags[b"oflag"] and len(block) % 512 and self.target is not None:
            # The kernel takes whole sectors only; the rest goes through the cache (dd.c, iwrite).
            await self.sys.fcntl(1, F_SETFL, await self.sys.fcntl(1, F_GETFL) & ~O_DIRECT)
        while done < len(block):
            self.hole = False
            try:
                done += await self.sys.write(1, block[done : done + _PIECE])
            except OSError as err:
                if err.errno == Errno.EINTR:
                    await self._signals()
                    continue
                self.written += done
                if done:
                    self.out_part += 1
                await self.tool.warn(b"error writing " + self.name_of(1), err)
                return False
        self.written += done
        if len(block) == self.obs:
            self.out_full += 1
        else:
            self.out_part += 1
        return True

    async def _finish(self) -> None:
        if self.odd:
            rest, self.odd = self.odd, b""
            self.buffer += rest if not self.direct else b""
            if self.direct and not await self._write(rest):
                return
        if self.blocks and self.column:
            self.buffer += b" " * max(self.width - self.column, 0)
        if self.unblocks and self.column:
            self.buffer += b"\n"
        if self.buffer and not await self._write(bytes(self.buffer)):
            return
        if self.hole:
            try:
                end = await self.sys.lseek(1, 0, SEEK_CUR)
                await self.sys.ftruncate(1, end)
            except OSError as err:
                await self.tool.warn(b"failed to truncate to output file " + self.name_of(1), err)

        for word, call in ((b"fdatasync", self.sys.fdatasync), (b"fsync", self.sys.fsync)):
            if word not in self.conversions:
                continue
            try:
                await call(1)
            except OSError as err:
                await self.tool.warn(word + b" failed for " + self.name_of(1), err)

    # -- telling -------------------------------------------------------------------------------

    async def _on_usr1(self, sys: Sys, number: int) -> None:
        self.asked = True

    async def _on_int(self, sys: Sys, number: int) -> None:
        self.interrupted = True

    async def _signals(self) -> None:
        if self.asked:
            self.asked = False
            await self.report()
        if self.interrupted:
            await self.report()
            await self.sys.sigaction(Sig.SIGINT, SIG_DFL)
            await self.sys.kill(await self.sys.getpid(), Sig.SIGINT)

    async def _say(self, text: bytes) -> None:
        try:
            await write_all(self.sys, 2, text)
        except OSError:
            return

    async def _report_lines(self) -> None:
        await self._say(
            b"%d+%d records in\n%d+%d records out\n"
            % (self.in_full, self.in_part, self.out_full, self.out_part)
        )
        if self.truncated:
            plural = b"s" if self.truncated > 1 else b""
            await self._say(b"%d truncated record%s\n" % (self.truncated, plural))

    async def report(self) -> None:
        """The statistics on standard error."""
        if self.status == b"none":
            return
        await self._report_lines()
        if self.status == b"noxfer":
            return
        elapsed = await self.sys.clock_gettime(CLOCK_MONOTONIC) - self.start
        await self._say(transfer(self.written, elapsed) + b"\n")


def _scaled(amount: int, divisor: int, base: int) -> bytes:
    """``amount / divisor`` in three figures with a unit, rounded to the nearest."""
    power = 0
    while power < 8 and amount >= divisor * base ** (power + 1):
        power += 1
    unit = divisor * base**power
    tenths = (amount * 20 + unit) // (unit * 2)
    if tenths >= base * 10 and power < 8:
        power, tenths = power + 1, 10
    letters = b" kMGTPEZY"[power : power + 1] if base == 1000 else b" KMGTPEZY"[power : power + 1]
    most = 999 if base == 1000 else 99
    if power == 0 and divisor == 1:
        return b"%d " % amount
    figure = b"%d.%d" % divmod(tenths, 10) if tenths <= most else b"%d" % ((tenths + 5) // 10)
    return figure + b" " + letters.strip() + (b"i" if base == 1024 and power else b"")


def transfer(size: int, elapsed: int) -> bytes:
    """``5000 bytes (5.0 kB, 4.9 KiB) copied, 0.02 s, 250 kB/s``; ``elapsed`` in ns."""
    text = b"%d byte%s" % (size, b"" if size == 1 else b"s")
    if size >= 1000:
        text += b" (" + _scaled(size, 1, 1000) + b"B"
        if size >= 1024:
            text += b", " + _scaled(size, 1, 1024) + b"B"
        text += b")"
    seconds = b"%g" % (elapsed / 10**9)
    if size == 0 or elapsed <= 0:
        rate = b"0.0 kB/s" if elapsed > 0 else b"Infinity B/s"
    else:
        rate = _scaled(size * 10**9, elapsed, 1000) + b"B/s"
    return text + b" copied, " + seconds + b" s, " + rate
