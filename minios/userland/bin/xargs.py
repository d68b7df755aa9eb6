"""xargs: run a command with arguments read from standard input."""

from collections.abc import AsyncIterator

from minios.abi.errno import Errno
from minios.abi.flags import (
    ARG_MAX,
    O_CLOEXEC,
    O_RDONLY,
    WNOHANG,
    wexitstatus,
    wifexited,
    wtermsig,
)
from minios.abi.sys import Sys
from minios.userland.lib.execvp import execvp
from minios.userland.lib.lines import BLOCK
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quotef
from minios.userland.lib.stdio import complain, why, write_all

USAGE = """
Usage: xargs [OPTION]... COMMAND [INITIAL-ARGS]...
Run COMMAND (echo) with INITIAL-ARGS and more arguments read from standard input.

  -0, --null                 arguments end in NUL; nothing is quoted
  -a, --arg-file=FILE        read the arguments from FILE
  -d, --delimiter=CHAR       arguments end in CHAR; nothing is quoted
  -E END                     stop at the argument END
  -I R                       for each line run COMMAND with the line in place of R
  -L, --max-lines=N          use at most N lines for one COMMAND
  -n, --max-args=N           use at most N arguments for one COMMAND
  -P, --max-procs=N          run up to N COMMANDs at a time (0: as many as possible)
  -p, --interactive          ask before each COMMAND
  -r, --no-run-if-empty      do not run COMMAND without arguments
  -s, --max-chars=N          use at most N bytes for one COMMAND
  -t, --verbose              show each COMMAND
  -x, --exit                 stop when -s is exceeded
"""
_LONG = (
    "null=0",
    "arg-file:=a",
    "delimiter:=d",
    "eof::=e",
    "replace::=i",
    "max-lines::=l",
    "max-args:=n",
    "interactive=p",
    "max-procs:=P",
    "no-run-if-empty=r",
    "max-chars:=s",
    "verbose=t",
    "exit=x",
    "open-tty=o",
    "show-limits",
    "process-slot-var:",
    "help",
    "version",
)
CHARS_MAX = 131072
"""The longest command line by default, as findutils has it."""
HEADROOM = 2048
_ESCAPES = {b"a": 7, b"b": 8, b"f": 12, b"n": 10, b"r": 13, b"t": 9, b"v": 11, b"\\": 92, b"0": 0}
_ECHO = b"echo"


def _number(option: str, text: bytes, least: int) -> int:
    if not text.isdigit() or len(text) > 15:
        message = b"invalid number " + quote(text) + b" for -" + option.encode() + b" option"
        raise Failure(message, 1)
    number = int(text)
    if number < least:
        message = b"value %s for -%s option should be >= %d" % (text, option.encode(), least)
        raise Failure(message, 1)
    return number


def _delimiter(text: bytes) -> bytes:
    if len(text) == 1:
        return text
    if text[:1] == b"\\" and text[1:] in _ESCAPES:
        return bytes((_ESCAPES[text[1:]],))
    for prefix, base in ((b"\\x", 16), (b"\\0", 8), (b"\\", 8)):
        digits = text[len(prefix) :]
        if text.startswith(prefix) and digits and not digits.strip(b"0123456789abcdefABCDEF"):
            try:
                return bytes((int(digits, base) & 0xFF,))
            except ValueError:
                break
    raise Failure(
        b"Invalid input delimiter specification " + text + b": the delimiter must be either a "
        b"single character or an escape sequence starting with \\.",
        1,
    )


class _Settings:
    """The options."""

    def __init__(self, tool: Tool) -> None:
        self.delimiter: bytes | None = None
        self.end: bytes | None = None
        self.replace: bytes | None = None
        self.lines = self.arguments = 0
        self.parallel = 1
        self.verbose = self.ask = self.skip_empty = self.strict = False
        used = sum(len(k) + len(v) + 2 for k, v in tool.env.items())
        self.most = min(CHARS_MAX, ARG_MAX - used - HEADROOM)
        self.input: bytes | None = None
        for flag, value in tool.options.flags:
            text = value or b""
            if flag == "0":
                self.delimiter = b"\0"
            elif flag == "d":
                self.delimiter = _delimiter(text)
            elif flag == "a":
                self.input = text
            elif flag in ("E", "e"):
                self.end = text or None
            elif flag in ("I", "i"):
                self.replace = text or b"{}"
                self.lines = self.arguments = 0
            elif flag in ("L", "l"):
                self.lines = _number(flag, text, 1) if value is not None else 1
                self.arguments, self.replace = 0, None
            elif flag == "n":
                self.arguments = _number(flag, text, 1)
                self.lines = 0
                if self.arguments == 1 and self.replace is not None:
                    self.arguments = 0  # -I takes one line at a time anyway
                else:
                    self.replace = None
            elif flag == "P":
                self.parallel = _number(flag, text, 0) or 1 << 30
            elif flag == "s":
                self.most = min(self.most, _number(flag, text, 1))
            elif flag == "t":
                self.verbose = True
            elif flag == "p":
                self.ask = self.verbose = True
            elif flag == "r":
                self.skip_empty = True
            elif flag == "x":
                self.strict = True


class _Words:
    """The arguments in the input, one at a time; ``line`` counts lines that had any."""

    def __init__(self, tool: Tool, fd: int, settings: _Settings) -> None:
        self.tool = tool
        self.fd = fd
        self.settings = settings

    async def blocks(self) -> AsyncIterator[bytes]:
        while True:
            try:
                data = await self.tool.sys.read(self.fd, BLOCK)
            except OSError as err:
                raise Failure(b"read error: " + why(err), 1) from None
            if not data:
                return
            await self.tool.sys.compute(1 + len(data) // 16)
            yield data

    async def words(self) -> AsyncIterator[tuple[bytes, bool]]:
        """(argument, whether its line ends here)."""
        most = self.settings.most
        if self.settings.delimiter is not None:
            rest = b""
            async for data in self.blocks():
                parts = (rest + data).split(self.settings.delimiter)
                rest = parts.pop()
                for part in parts:
                    yield part, True
                if len(rest) > most:
                    raise Failure(b"argument line too long", 1)
            if rest:
                yield rest, True
            return
        async for word, ended in self._quoted():
            if self.settings.end is not None and word == self.settings.end:
                return
            yield word, ended

    async def _quoted(self) -> AsyncIterator[tuple[bytes, bool]]:
        """Words between blanks, with quotes and backslashes; with -I whole lines."""
        by_line = self.settings.replace is not None
        word = bytearray()
        quoting = 0
        escaped = started = False
        blank_before_newline = False
        pending: bytes | None = None  # a word waits to learn whether its line ends
        async for data in self.blocks():
            for char in data:
                if escaped:
                    word.append(char)
                    escaped = False
                elif quoting:
                    if char == quoting:
                        quoting = 0
                    elif char == 0x0A:
                        kind = b"double" if quoting == 0x22 else b"single"
                        raise Failure(
                            b"unmatched " + kind + b" quote; by default quotes are special to "
                            b"xargs unless you use the -0 option",
                            1,
                        )
                    else:
                        word.append(char)
                    continue
                elif char == 0x0A:
                    if started:
                        if pending is not None:
                            yield pending, False
                        yield bytes(word), True
                        pending = None
                        word.clear()
                        started = False
                    elif pending is not None:
                        # a blank at the end of a line lets it go on (-L)
                        yield pending, not blank_before_newline
                        pending = None
                    blank_before_newline = False
                    continue
                elif char in b" \t" and not (by_line and started):
                    if started:
                        if pending is not None:
                            yield pending, False
                        pending = bytes(word)
                        word.clear()
                        started = False
                    blank_before_newline = True
                    continue
                elif char == 0x5C:
                    escaped = True
                elif char in b"'\"":
                    quoting = char
                else:
                    word.append(char)
                started = True
                blank_before_newline = False
                if len(word) > self.settings.most:
                    raise Failure(b"argument line too long", 1)
        if quoting:
            kind = b"double" if quoting == 0x22 else b"single"
            raise Failure(
                b"unmatched " + kind + b" quote; by default quotes are special to xargs unless "
                b"you use the -0 option",
                1,
            )
        if pending is not None:
            yield pending, not started
        if started:
            yield bytes(word), True


class _Runner:
    """Starts commands and collects their statuses."""

    def __init__(self, tool: Tool, settings: _Settings, command: list[bytes], own: bool) -> None:
        self.tool = tool
        self.settings = settings
        self.command = command
        self.own_input = own
        self.running: set[int] = set()
        self.status = 0

    async def run(self, argv: list[bytes]) -> None:
        tool, settings = self.tool, self.settings
        if settings.verbose:
            shown = b" ".join(argv)
            if settings.ask:
                await write_all(tool.sys, 2, shown + b"?...")
                if not await self._agreed():
                    return
            else:
                await complain(tool.sys, shown)
        while len(self.running) >= settings.parallel:
            await self.wait()
        read_end, write_end = await tool.sys.pipe(O_CLOEXEC)
        try:
            pid = await tool.sys.fork(_child, argv, dict(tool.env), write_end, not self.own_input)
        except OSError as err:
            raise Failure(b"cannot fork: " + why(err), 1) from None
        await tool.sys.close(write_end)
        trouble = await tool.sys.read(read_end, 16)
        await tool.sys.close(read_end)
        self.running.add(pid)
        if trouble:
            number = int(trouble)
            await tool.warn(argv[0], OSError(number, ""), status=0)
            await self.wait()
            raise Failure(status=127 if number == Errno.ENOENT else 126)
        if settings.parallel == 1:
            await self.wait()
        else:
            while self.running and await self.wait(WNOHANG):
                pass

    async def _agreed(self) -> bool:
        try:
            fd = await self.tool.sys.open(b"/dev/tty", O_RDONLY)
            answer = await self.tool.sys.read(fd, 256)
            await self.tool.sys.close(fd)
        except OSError:
            return False
        return answer[:1] in (b"y", b"Y")

    async def wait(self, options: int = 0) -> bool:
        """Take note of one command that ended; False if none has."""
        waited = await self.tool.sys.waitpid(-1, options)
        if not waited.pid:
            return False
        self.running.discard(waited.pid)
        status = waited.status
        name = quotef(self.command[0])
        if wifexited(status):
            code = wexitstatus(status)
            if code == 255:
                raise Failure(name + b": exited with status 255; aborting", 124)
            if code:
                self.status = 123
        else:
            raise Failure(name + b": terminated by signal %d" % wtermsig(status), 125)
        return True

    async def finish(self) -> None:
        while self.running:
            await self.wait()


async def _child(
    sys: Sys, argv: list[bytes], env: dict[bytes, bytes], report: int, silent: bool
) -> int:
    """In the child: standard input from /dev/null, then exec; the errno goes up the pipe."""
    if silent:
        try:
            fd = await sys.open(b"/dev/null", O_RDONLY)
            await sys.dup2(fd, 0)
            await sys.close(fd)
        except OSError:
            await sys.close(0)
    try:
        await execvp(sys, argv, env)
    except OSError as err:
        await write_all(sys, report, b"%d" % (err.errno or 0))
    return 127


@program(USAGE)
async def xargs(tool: Tool) -> int:
    """xargs(1). 123 if a command failed, 124 if it exited with 255, 125 if it was killed, 126 if
    it cannot be run, 127 if there is none."""
    try:
        tool.options = parse(tool.argv[1:], "0a:d:E:e::i::I:l::L:n:prs:txP:o", _LONG, permute=False)
    except UsageError as err:
        raise Failure(str(err).encode("latin-1"), 1, hint=True) from None
    if await tool.describe(USAGE):
        return 0
    settings = _Settings(tool)
    command = tool.operands or [_ECHO]
    base = sum(len(part) + 1 for part in command)
    fd = 0
    if settings.input is not None and settings.input != b"-":
        try:
            fd = await tool.sys.open(settings.input, O_RDONLY | O_CLOEXEC)
        except OSError as err:
            text = b"Cannot open input file " + quote(settings.input) + b": " + why(err)
            raise Failure(text, 1) from None
    words = _Words(tool, fd, settings)
    runner = _Runner(tool, settings, command, own=fd != 0)
    try:
        if settings.replace is not None:
            await _replaced(tool, settings, words, runner)
        else:
            await _appended(tool, settings, words, runner, base)
        await runner.finish()
    except Failure as failure:
        if failure.status in (126, 127, 124, 125):
            while runner.running:
                await tool.sys.waitpid()
                runner.running.pop()
        raise
    return runner.status


async def _replaced(tool: Tool, settings: _Settings, words: _Words, runner: _Runner) -> None:
    """``-I``: a command for each line."""
    assert settings.replace is not None
    async for word, _ in words.words():
        argv = [part.replace(settings.replace, word) for part in runner.command]
        if sum(len(part) + 1 for part in argv) > settings.most:
            raise Failure(b"argument list too long", 1)
        await runner.run(argv)


async def _appended(
    tool: Tool, settings: _Settings, words: _Words, runner: _Runner, base: int
) -> None:
    """Fill command lines up to the limits."""
    if base > settings.most:
        raise Failure(b"cannot fit single argument within argument list size limit", 1)
    batch: list[bytes] = []
    size = base
    lines = 0
    ran = False
    async for word, ended in words.words():
        if size + len(word) + 1 > settings.most:
            if not batch or settings.strict:
                text = (
                    b"argument line too long"
                    if batch
                    else (b"cannot fit single argument within argument list size limit")
                )
                raise Failure(text, 1)
            await runner.run([*runner.command, *batch])
            ran = True
            batch.clear()
            tool.release(size - base)
            size = base
            lines = 0
        await tool.retain(len(word) + 1)
        batch.append(word)
        size += len(word) + 1
        lines += ended
        if (settings.arguments and len(batch) >= settings.arguments) or (
            settings.lines and lines >= settings.lines
        ):
            await runner.run([*runner.command, *batch])
            ran = True
            batch.clear()
            tool.release(size - base)
            size = base
            lines = 0
    if batch or not (ran or settings.skip_empty):
        await runner.run([*runner.command, *batch])
