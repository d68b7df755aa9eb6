"""tail: the last lines or bytes of files, and what is added to them."""

from collections import deque
from collections.abc import Sequence

from minios.abi.errno import Errno
from minios.abi.flags import (
    POLLERR,
    S_IFIFO,
    S_IFMT,
    S_IFREG,
    SEEK_END,
    SEEK_SET,
)
from minios.abi.records import Stat
from minios.abi.signals import Sig
from minios.userland.bin.head import count, header
from minios.userland.lib.lines import BLOCK, open_input
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quoteaf, quotef

USAGE = """
Usage: tail [OPTION]... [FILE]...
Print the last 10 lines of each FILE, with a header if there is more than one.

  -c, --bytes=[+]NUM       the last NUM bytes; with + from byte NUM on
  -f, --follow[=descriptor|name]
                           go on with what is appended
  -F                       same as --follow=name --retry
  -n, --lines=[+]NUM       the last NUM lines; with + from line NUM on
      --pid=PID            with -f, stop when process PID is gone
  -q, --quiet              no headers
      --retry              keep trying to open a file
  -s, --sleep-interval=N   with -f, look every N seconds
  -v, --verbose            headers always
  -z, --zero-terminated    lines end in NUL
"""
_LONG = (
    "bytes:=c",
    "follow::=f",
    "lines:=n",
    "pid:",
    "quiet=q",
    "silent=q",
    "retry",
    "sleep-interval:=s",
    "verbose=v",
    "zero-terminated=z",
    "max-unchanged-stats:",
)
INTERVAL = 100_000_000
"""How often a followed file is looked at without ``-s``, in ns: inotify would be as quick."""


class _Watched:
    """A file that is followed."""

    __slots__ = ("fd", "missing", "name", "shown", "size", "stat")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.shown = b"standard input" if name == b"-" else name
        self.fd = -1
        self.size = 0
        self.stat: Stat | None = None
        self.missing = False


class _Tail:
    """One run: the options and what has been printed."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        options = tool.options
        self.bytes = False
        self.from_start = False
        self.number = 10
        self.headers: bool | None = None
        self.follow = self.by_name = False
        self.retry = "retry" in options
        self.interval = INTERVAL
        self.end = b"\0" if "z" in options else b"\n"
        self.pids: list[int] = []
        self.printed = b""  # whose header came last
        self.any = False
        for flag, value in options.flags:
            text = value or b""
            if flag in ("c", "n"):
                self.bytes = flag == "c"
                self.from_start = text.startswith(b"+")
                what = b"bytes" if self.bytes else b"lines"
                digits = text[1:] if text[:1] in (b"+", b"-") else text
                self.number = count(digits, what) if digits else count(text, what)
            elif flag in ("q", "v"):
                self.headers = flag == "v"
            elif flag == "F":
                self.follow = self.by_name = self.retry = True
            elif flag == "f":
                if value is not None and value not in (b"descriptor", b"name"):
                    raise Failure(b"invalid argument " + quote(text) + b" for '--follow'")
                self.follow = True
                self.by_name = value == b"name"
            elif flag == "s":
                self.interval = _seconds(text)
            elif flag == "pid":
                if not text.isdigit():
                    raise Failure(b"invalid PID: " + quote(text))
                self.pids.append(int(text))

    async def run(self, names: Sequence[bytes]) -> int:
        tool = self.tool
        if self.retry and not self.follow:
            text = b"warning: --retry ignored; --retry is useful only when following"
            await tool.warn(text, status=0)
        if self.by_name and b"-" in names:
            raise Failure(b"cannot follow '-' by name")
        if self.headers is None:
            self.headers = len(names) > 1
        files = [_Watched(name) for name in names]
        for file in files:
            await self.print_end(file)
        await tool.out.flush()
        if self.follow:
            await self.watch(files)
        return tool.status

    async def heading(self, file: _Watched) -> None:
        if self.headers:
            await header(self.tool, file.name, not self.any)
        self.any = True
        self.printed = file.name

    async def print_end(self, file: _Watched) -> None:
        """The part of the file that was asked for, from where it stands now."""
        tool = self.tool
        try:
            file.fd = await open_input(tool.sys, file.name)
        except OSError as err:
            await tool.warn(b"cannot open " + quoteaf(file.name) + b" for reading", err)
            file.missing = True
            return
        await self.heading(file)
        try:
            file.stat = await tool.sys.fstat(file.fd)
            regular = file.stat.mode & S_IFMT == S_IFREG
            start = await tool.sys.lseek(file.fd, 0, 1) if regular else 0
            if self.from_start:
                await self._skip(file.fd)
            elif regular:
                await self._seek_back(file.fd, start)
            else:
                await self._last(file.fd)
            if regular:
                file.size = await tool.sys.lseek(file.fd, 0, 1)
        except OSError as err:
            await tool.out.flush()
            await tool.warn(b"error reading " + quoteaf(file.shown), err)
            file.missing = True
        if (file.missing or not self.follow) and file.fd > 0:
            await tool.sys.close(file.fd)
            file.fd = -1

    async def _copy(self, fd: int) -> None:
        """The rest of the file."""
        while data := await self.tool.sys.read(fd, BLOCK):
            self.tool.out.put(data)
            await self.tool.out.drain()

    async def _skip(self, fd: int) -> None:
        """``+NUM``: everything from line or byte NUM on."""
        left = max(self.number - 1, 0)
        sys = self.tool.sys
        while left:
            data = await sys.read(fd, BLOCK)
            if not data:
                return
            await sys.compute(1 + len(data) // 64)
            if self.bytes:
                at = min(left, len(data))
                left -= at
            else:
                at = 0
                while left and at < len(data):
                    at = data.find(self.end, at) + 1 or len(data) + 1
                    left -= at <= len(data)
            self.tool.out.put(data[at:])
        await self._copy(fd)

    async def _seek_back(self, fd: int, start: int) -> None:
        """The last NUM lines or bytes of a regular file: read backwards until they are found."""
        sys = self.tool.sys
        size = await sys.lseek(fd, 0, SEEK_END)
        if self.bytes:
            at = max(start, size - self.number)
        else:
            at = await self._line_start(fd, start, size)
        await sys.lseek(fd, at, SEEK_SET)
        await self._copy(fd)

    async def _line_start(self, fd: int, start: int, size: int) -> int:
        """The offset of the NUMth line from the end, not before ``start``."""
        sys = self.tool.sys
        left = self.number
        at = size
        if left == 0:
            return size
        while at > start:
            low = max(start, at - BLOCK)
            await sys.lseek(fd, low, SEEK_SET)
            data = await sys.read(fd, at - low)
            await sys.compute(1 + len(data) // 64)
            stop = len(data)
            if at == size and data.endswith(self.end):
                stop -= 1  # the end of the last line begins no other
            while (found := data.rfind(self.end, 0, stop)) >= 0:
                left -= 1
                if left == 0:
                    return low + found + 1
                stop = found
            at = low
        return start

    async def _last(self, fd: int) -> None:
        """The last NUM lines or bytes of what cannot seek: keep the end of it."""
        tool = self.tool
        blocks: deque[tuple[bytes, int]] = deque()  # each with its size or its lines
        total = 0
        last = b""
        while data := await tool.sys.read(fd, BLOCK):
            await tool.sys.compute(1 + len(data) // 64)
            await tool.retain(len(data) + 64)
            amount = len(data) if self.bytes else data.count(self.end)
            blocks.append((data, amount))
            total += amount
            last = data
            while total - blocks[0][1] > self.number:
                oldest, amount = blocks.popleft()
                tool.release(len(oldest) + 64)
                total -= amount
        if last and not self.bytes and not last.endswith(self.end):
            total += 1
        surplus = total - self.number
        for data, _ in blocks:
            at = 0
            if surplus > 0 and self.bytes:
                at = min(surplus, len(data))
                surplus -= at
            while surplus > 0 and not self.bytes and at < len(data):
                at = data.find(self.end, at) + 1 or len(data) + 1
                surplus -= at <= len(data)
            tool.release(len(data) + 64)
            tool.out.put(data[at:])
            await tool.out.drain()

    # -- following -----------------------------------------------------------------------------

    async def watch(self, files: list[_Watched]) -> None:
        """Print what is appended until nothing is left to follow."""
        tool = self.tool
        for file in files:
            if file.fd == 0 and file.stat and file.stat.mode & S_IFMT == S_IFIFO:
                file.fd = -1  # a pipe has been read to its end
            elif file.missing and not self.retry:
                file.name = b"-"
        live = [file for file in files if file.fd >= 0 or (self.retry and file.missing)]
        if not live and not any(file.missing for file in files):
            return
        while live:
            for file in live:
                if self.by_name or file.fd < 0:
                    await self._reopen(file)
                if file.fd >= 0:
                    await self._appended(file)
            await tool.out.flush()
            live = [file for file in live if file.fd >= 0 or (self.retry and self.follow)]
            if self.pids and not [pid for pid in self.pids if await self._alive(pid)]:
                return
            if live:
                await self._pause()
        await tool.warn(b"no files remaining")

    async def _pause(self) -> None:
        """Wait, but not for ever if whoever read our output is gone."""
        sys = self.tool.sys
        for fd, events in await sys.poll([(1, 0)], self.interval):
            if fd == 1 and events & POLLERR:
                await sys.kill(await sys.getpid(), Sig.SIGPIPE)
                raise Failure
            await sys.nanosleep(self.interval)

    async def _alive(self, pid: int) -> bool:
        try:
            await self.tool.sys.kill(pid, 0)
        except OSError as err:
            return err.errno != Errno.ESRCH
        return True

    async def _appended(self, file: _Watched) -> None:
        tool = self.tool
        stat = await tool.sys.fstat(file.fd)
        if stat.mode & S_IFMT == S_IFREG:
            if stat.size < file.size:
                await tool.warn(quotef(file.shown) + b": file truncated", status=0)
                file.size = await tool.sys.lseek(file.fd, 0, SEEK_SET)
            if stat.size == file.size:
                return
        while data := await tool.sys.read(file.fd, BLOCK):
            if self.printed != file.name:
                await self.heading(file)
            file.size += len(data)
            tool.out.put(data)
            await tool.out.flush()

    async def _reopen(self, file: _Watched) -> None:
        """Follow by name: notice that the name leads elsewhere, or nowhere, or somewhere again."""
        tool = self.tool
        shown = quoteaf(file.shown)
        try:
            stat = await tool.sys.stat(file.name)
        except OSError as err:
            if not file.missing:
                file.missing = True
                await tool.warn(shown + b" has become inaccessible", err, status=0)
                await self._close(file)
            return
        same = file.stat is not None and (stat.dev, stat.ino) == (file.stat.dev, file.stat.ino)
        if same and file.fd >= 0:
            return
        try:
            fd = await tool.sys.open(file.name)
        except OSError as err:
            if not file.missing:
                file.missing = True
                await tool.warn(shown + b" has become inaccessible", err, status=0)
            return
        if file.missing:
            text = shown + b" has appeared;  following new file"
        else:
            text = shown + b" has been replaced;  following new file"
        await tool.warn(text, status=0)
        await self._close(file)
        file.fd, file.stat, file.size, file.missing = fd, stat, 0, False

    async def _close(self, file: _Watched) -> None:
        if file.fd > 0:
            await self.tool.sys.close(file.fd)
        file.fd = -1


def _seconds(text: bytes) -> int:
    """A decimal number of seconds, in ns."""
    whole, _, fraction = text.partition(b".")
    if not (whole or fraction) or not (whole + fraction).isdigit() or len(text) > 15:
        raise Failure(b"invalid number of seconds: " + quote(text))
    return int(whole or b"0") * 10**9 + int(fraction[:9].ljust(9, b"0"))


def _obsolete(args: list[bytes]) -> list[bytes]:
    """Rewrite a first argument ``-5``, ``+5c`` or ``-5f`` into today's options (POSIX.2-1992)."""
    if not args or len(args) > 2 or args[0][:1] not in (b"-", b"+"):
        return args
    if len(args) == 2 and len(args[1]) > 1 and args[1].startswith(b"-"):
        return args
    body = args[0][1:]
    rest = body.lstrip(b"0123456789")
    digits = body[: len(body) - len(rest)]
    if not digits and args[0][:1] == b"-":
        return args
    sign = b"+" if args[0][:1] == b"+" else b""
    option, scale = b"-n", 1
    if rest[:1] in (b"b", b"c", b"l"):
        option = b"-n" if rest[:1] == b"l" else b"-c"
        scale = 512 if rest[:1] == b"b" else 1
        rest = rest[1:]
    follow = rest == b"f"
    if rest and not follow:
        return args
    number = b"%d" % (int(digits or b"10") * scale) if len(digits) < 20 else digits
    return [option + sign + number, *([b"-f"] if follow else []), *args[1:]]


@program(USAGE)
async def tail(tool: Tool) -> int:
    """tail(1)."""
    try:
        tool.options = parse(_obsolete(tool.argv[1:]), "c:Ffn:qs:vz", [*_LONG, "help", "version"])
    except UsageError as err:
        option = str(err)[-2:-1]
        if not option.isdigit():
            raise
        raise Failure(b"option used in invalid context -- " + option.encode()) from None
    if await tool.describe(USAGE):
        return 0
    return await _Tail(tool).run(tool.operands or [b"-"])
