"""grep: lines that match a pattern."""

from collections import deque

from minios.abi.errno import Errno
from minios.abi.flags import (
    O_RDONLY,
    S_IFCHR,
    S_IFDIR,
    S_IFIFO,
    S_IFMT,
    S_IFREG,
)
from minios.userland.bin.grep.matcher import Matcher
from minios.userland.bin.grep.printer import Printer
from minios.userland.bin.grep.settings import HINT, LONG, SHORT, USAGE, Settings
from minios.userland.lib.lines import Lines, close_input
from minios.userland.lib.locale import is_utf8
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.pattern import compiled
from minios.userland.lib.probes import report
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quotef
from minios.userland.lib.regex import RegexError
from minios.userland.lib.walk import Event, Walk

_HEAD_BYTES = 32
"""What a kept line of context takes besides its text."""


class _Done(Exception):
    """With ``-q`` one line is enough: exit 0 at once."""


class _Grep:
    """One run."""

    def __init__(self, tool: Tool, settings: Settings, matcher: Matcher, printer: Printer) -> None:
        self.tool = tool
        self.settings = settings
        self.matcher = matcher
        self.printer = printer
        self.found = False
        self.utf8 = is_utf8(tool.env)

    async def complain(self, name: bytes, err: OSError) -> None:
        """A file that cannot be read; exit status 2, said unless ``-s``."""
        if self.settings.silent:
            self.tool.status = 2
        else:
            await self.tool.warn(quotef(name), err, 2)

    # -- which files ---------------------------------------------------------------------------

    async def operands(self, names: list[bytes]) -> None:
        settings = self.settings
        if not names:
            if settings.recursive:
                await self.tree(b".", bare=True)
            else:
                await self.file(b"-")
            return
        for name in names:
            if name == b"-":
                await self.file(name)
            elif settings.recursive:
                await self.tree(name, bare=False)
            else:
                await self.file(name, operand=True)

    def excluded(
        self, name: bytes, exclude: list[bytes], include: list[bytes], *, whole: bool = False
    ) -> bool:
        """Whether ``--exclude`` or ``--include`` leaves a file out; the last that fits decides."""
        base = name.rstrip(b"/").rpartition(b"/")[2] if not whole else name
        names = [base]
        if whole:  # an operand may also be meant by what follows one of its slashes
            names += [name[at + 1 :] for at, c in enumerate(name) if c == 0x2F]
        if any(compiled(glob).matches(part) for glob in exclude for part in names):
            return True
        return bool(include) and not any(
            compiled(glob).matches(part) for glob in include for part in names
        )

    async def tree(self, root: bytes, bare: bool) -> None:
        """A directory and what is below it. Without operands names have no ``./``."""
        settings = self.settings
        try:
            kind = (await self.tool.sys.stat(root)).mode & S_IFMT
        except OSError as err:
            await self.complain(root, err)
            return
        if kind != S_IFDIR:
            await self.file(root, operand=True)
            return
        if not bare and self.excluded_dir(root, whole=True):
            return
        if settings.filenames is None:
            self.printer.filenames = True
        walk = Walk(self.tool, root, follow_root=True, follow=settings.follow)
        while (visit := await walk.next()) is not None:
            shown = visit.path[2:] if bare and visit.path.startswith(b"./") else visit.path
            if visit.event is Event.ENTER:
                if visit.depth and self.excluded_dir(visit.name):
                    walk.skip()
            elif visit.event in (Event.FAILED, Event.UNREADABLE):
                await self.complain(shown, visit.error or OSError(Errno.EIO))
            elif visit.event is Event.CYCLE:
                text = b"warning: recursive directory loop"
                await self.tool.warn(quotef(shown) + b": " + text, status=0)
            elif visit.event is Event.FILE:
                if visit.type != S_IFREG and not (
                    settings.devices == "read" and visit.type in (S_IFCHR, S_IFIFO)
                ):
                    continue
                if not self.excluded(visit.name, settings.exclude, settings.include):
                    await self.file(visit.path, shown)

    def excluded_dir(self, name: bytes, *, whole: bool = False) -> bool:
        name = name.rstrip(b"/") or name
        return self.excluded(name, self.settings.exclude_dir, [], whole=whole)

    async def file(self, name: bytes, shown: bytes | None = None, *, operand: bool = False) -> None:
        """Search one file and report on it."""
        settings, tool = self.settings, self.tool
        label = settings.label if name == b"-" else name if shown is None else shown
        try:
            fd = 0 if name == b"-" else await tool.sys.open(name, O_RDONLY)
            stat = await tool.sys.fstat(fd)
        except OSError as err:
            await self.complain(label, err)
            return
        kind = stat.mode & S_IFMT
        skipped = (kind == S_IFDIR and settings.directories != "read") or (
            settings.devices == "skip" and kind in (S_IFCHR, S_IFIFO) and name != b"-"
        )
        if operand and kind != S_IFDIR:
            skipped |= self.excluded(name, settings.exclude, settings.include, whole=True)
        elif operand:
            skipped |= self.excluded_dir(name, whole=True)
        if not skipped and kind == S_IFREG and not settings.quiet and not settings.list:
            ours = await tool.sys.fstat(1)
            if (ours.dev, ours.ino) == (stat.dev, stat.ino) and settings.most > 1:
                if not settings.silent:
                    await tool.warn(quotef(label) + b": input file is also the output")
                tool.status = 2
                skipped = True
        if not skipped:
            self.printer.name = label
            if settings.tab:
                size = stat.size + settings.numbers if kind == S_IFREG else (1 << 64) - 1
                self.printer.digits = len(b"%d" % size)
            try:
                count = await _Search(self, Lines(tool.sys, fd, settings.end)).run()
                await self.report(count)
            except OSError as err:
                await self.complain(label, err)
        await close_input(tool.sys, fd)

    async def report(self, count: int) -> None:
        settings, printer, out = self.settings, self.printer, self.tool.out
        self.found |= count > 0
        if settings.quiet:
            return
        if settings.count:
            head = b""
            if printer.filenames:
                mark = b"\0" if settings.null else printer.separator(b":")
                head = printer.filename() + mark
            out.put(head, b"%d\n" % count)
        if settings.list and (count > 0) == (settings.list == "l"):
            out.put(printer.filename(), b"\0" if settings.null else b"\n")
        await out.drain()


class _Search:
    """The search in one file."""

    def __init__(self, run: _Grep, source: Lines) -> None:
        self.run_ = run
        self.tool = run.tool
        self.settings = run.settings
        self.source = source
        self.silent = bool(run.settings.count or run.settings.list or run.settings.quiet)
        self.number = 0
        self.offset = 0
        self.count = 0
        self.after = 0  # lines of context still to print
        self.last_printed = 0
        self.binary = False
        self.held: deque[tuple[int, int, bytes]] = deque()

    async def run(self) -> int:
        """How many lines were selected, after printing them."""
        settings, matcher = self.settings, self.run_.matcher
        if settings.most == 0:
            return 0
        step = len(settings.end)
        invert = settings.invert
        simple = settings.before <= 0 and settings.after <= 0
        text_only = settings.binary == "text"
        while lines := await self.source.batch():
            if not text_only and not self.binary and step and settings.end == b"\n":
                self.binary = any(b"\0" in line for line in lines)
                if self.binary and settings.binary == "without-match":
                    return 0
            for at, line in enumerate(lines):
                self.number += 1
                selected = matcher.test(line) != invert
                if matcher.owing():
                    await self.tool.sys.compute(matcher.spent())
                if self.tool.sys.probes:
                    await report(self.tool.sys, b"regexec", (line,), int(selected == invert))
                if selected:
                    self.count += 1
                    if await self.select(line):
                        self.drop_held()
                        return self.count
                    if self.count >= settings.most:
                        await self.trailing(lines[at + 1 :])
                        return self.count
                elif not simple:
                    await self.context(line)
                self.offset += len(line) + step
            await self.tool.sys.compute(matcher.spent() + len(lines))
            await self.tool.out.drain()
        self.drop_held()
        return self.count

    async def trailing(self, rest: list[bytes]) -> None:
        """``-m`` is reached: the context behind the last line, and the file's offset."""
        left = self.after
        ahead = list(rest)
        index = 0
        while left > 0 and not self.silent and not self.binary:
            if index == len(ahead):
                ahead = await self.source.batch()
                index = 0
                if not ahead:
                    break
            line = ahead[index]
            self.number += 1
            if self.run_.matcher.test(line) != self.settings.invert:
                break
            self.offset += 1
            await self.run_.printer.line(line, b"-", self.number, self.offset)
            index += 1
            left -= 1
        self.drop_held()
        if self.source.fd == 0:
            await self.source.unread(ahead[index:])

    async def select(self, line: bytes) -> bool:
        """Print a selected line with what comes before it; True when that settles the file."""
        settings, printer = self.settings, self.run_.printer
        if settings.quiet:
            raise _Done
        if settings.list:
            return True
        if self.silent:
            return False
        if not self.binary and settings.binary != "text" and self.run_.utf8:
            self.binary = not _valid(line)
            if self.binary and settings.binary == "without-match":
                self.count = 0
                return True
        if self.binary:
            await self.tool.warn(quotef(printer.name) + b": binary file matches", status=0)
            return True
        first = self.held[0][0] if self.held else self.number
        grouped = settings.before >= 0 or settings.after >= 0
        if grouped and printer.any and (not self.last_printed or first > self.last_printed + 1):
            printer.group()
        for number, offset, held in self.held:
            await printer.line(held, b"-", number, offset)
        self.drop_held()
        await printer.line(line, b":", self.number, self.offset)
        printer.any = True
        self.last_printed = self.number
        self.after = max(settings.after, 0)
        await self.tool.out.drain()
        if settings.line_buffered:
            await self.tool.out.flush()
        return False

    async def context(self, line: bytes) -> None:
        """A line that was not selected: print it behind one that was, or keep it."""
        if self.silent or self.binary:
            return
        if self.after > 0:
            self.after -= 1
            await self.run_.printer.line(line, b"-", self.number, self.offset)
            self.last_printed = self.number
            await self.tool.out.drain()
        elif self.settings.before > 0:
            await self.tool.retain(len(line) + _HEAD_BYTES)
            self.held.append((self.number, self.offset, line))
            if len(self.held) > self.settings.before:
                self.tool.release(len(self.held.popleft()[2]) + _HEAD_BYTES)

    def drop_held(self) -> None:
        self.tool.release(sum(len(line) + _HEAD_BYTES for _, _, line in self.held))
        self.held.clear()


def _valid(line: bytes) -> bool:
    if line.isascii():
        return True
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


@program(USAGE, trouble=2)
async def grep(tool: Tool) -> int:
    """grep(1), egrep and fgrep. 0 if a line was selected, 1 if none was, 2 after an error."""
    name = tool.name.rpartition(b"/")[2].decode("latin-1")
    try:
        tool.options = parse(tool.argv[1:], SHORT, [*LONG, "help", "version=V"])
        if await tool.describe(USAGE):
            return 0
        settings = Settings(tool.options, name)
        await settings.read_patterns(tool)
    except UsageError as err:
        text = HINT if not str(err) else str(err).encode("latin-1") + b"\n" + HINT
        if not str(err):
            await tool.sys.write(2, HINT + b"\n")
            return 2
        raise Failure(text) from None
    utf8 = is_utf8(tool.env)
    try:
        matcher = Matcher(settings, settings.patterns or [], utf8)
    except RegexError as err:
        raise Failure(str(err).encode()) from None
    if tool.sys.probes:
        await report(tool.sys, b"regcomp", (b"|".join(settings.patterns or []),), 0)
    await tool.retain(matcher.size)
    await tool.sys.compute(matcher.spent())
    color = settings.color == "always" or (
        settings.color == "auto"
        and tool.env.get(b"TERM", b"dumb") != b"dumb"
        and await tool.sys.isatty(1)
    )
    printer = Printer(tool, settings, matcher, color)
    printer.filenames = bool(settings.filenames) or (
        settings.filenames is None and len(tool.operands) > 1
    )
    if not tool.operands and settings.recursive and settings.filenames is None:
        printer.filenames = True
    run = _Grep(tool, settings, matcher, printer)
    try:
        await run.operands(tool.operands)
    except _Done:
        return 0
    except RegexError as err:
        raise Failure(str(err).lower().encode()) from None
    if tool.status and not (settings.quiet and run.found):
        return 2
    return 0 if run.found else 1
