"""grep's options."""

from minios.abi.sys import Sys
from minios.userland.lib.lines import read_operand
from minios.userland.lib.options import Parsed, UsageError
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.quoting import quotef
from minios.userland.lib.regex import GREP_BASIC, GREP_EXTENDED, Syntax
from minios.userland.lib.stdio import why

USAGE = """
Usage: grep [OPTION]... PATTERNS [FILE]...
Print the lines of each FILE that match one of PATTERNS, which newlines separate.

  -E, --extended-regexp     PATTERNS are extended regular expressions
  -F, --fixed-strings       PATTERNS are plain text
  -G, --basic-regexp        PATTERNS are basic regular expressions
  -e, --regexp=PATTERNS     these PATTERNS
  -f, --file=FILE           the PATTERNS in FILE
  -i, --ignore-case         upper and lower case are equal
  -w, --word-regexp         match whole words only
  -x, --line-regexp         match whole lines only
  -v, --invert-match        the lines that do not match
  -z, --null-data           lines end in NUL
  -m, --max-count=NUM       stop after NUM lines
  -b, --byte-offset         with the offset of each line
  -n, --line-number         with the number of each line
  -H, --with-filename       with the name of the file
  -h, --no-filename         without it
      --label=LABEL         the name of standard input
  -o, --only-matching       only what matched
  -c, --count               only how many lines
  -l, --files-with-matches  only the names of files with such lines
  -L, --files-without-match only the names of files without
  -q, --quiet, --silent     nothing; the exit status tells
  -s, --no-messages         no complaints about files
  -A, --after-context=NUM   and NUM lines after
  -B, --before-context=NUM  and NUM lines before
  -C, --context=NUM, -NUM   and NUM lines around
      --group-separator=SEP between groups of lines; --no-group-separator
  -r, --recursive           directories too
  -R, --dereference-recursive   and through symbolic links
      --include=GLOB, --exclude=GLOB, --exclude-dir=GLOB, --exclude-from=FILE
  -a, --text                binary files are text; -I: without matches
  -d, -D ACTION             read or skip directories and devices (-d recurse)
  -T, --initial-tab  -Z, --null  --color[=always|never|auto]  --line-buffered
"""
SHORT = "0123456789A:B:C:D:EFGHILPTUVX:abcd:e:f:hilm:noqrRsuvwxyzZ"
LONG = (
    "basic-regexp=G",
    "extended-regexp=E",
    "fixed-regexp=F",
    "fixed-strings=F",
    "perl-regexp=P",
    "after-context:=A",
    "before-context:=B",
    "binary-files:",
    "byte-offset=b",
    "color::",
    "colour::=color",
    "context:=C",
    "count=c",
    "dereference-recursive=R",
    "devices:=D",
    "directories:=d",
    "exclude:",
    "exclude-from:",
    "exclude-dir:",
    "file:=f",
    "files-with-matches=l",
    "files-without-match=L",
    "group-separator:",
    "ignore-case=i",
    "no-ignore-case",
    "include:",
    "initial-tab=T",
    "label:",
    "line-buffered",
    "line-number=n",
    "line-regexp=x",
    "max-count:=m",
    "no-filename=h",
    "no-group-separator",
    "no-messages=s",
    "null=Z",
    "null-data=z",
    "only-matching=o",
    "quiet=q",
    "recursive=r",
    "regexp:=e",
    "silent=q",
    "text=a",
    "binary=U",
    "unix-byte-offsets=u",
    "invert-match=v",
    "with-filename=H",
    "word-regexp=w",
)
HINT = b"Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information."
_HUGE = 1 << 62


class Settings:
    """The options, read once. ``before`` and ``after`` are -1 where no context was asked for."""

    def __init__(self, options: Parsed, program: str) -> None:
        given = {name for name, _ in options.flags}
        self.patterns: list[bytes] | None = None
        self.matcher = {"egrep": "E", "fgrep": "F"}.get(program, "")
        self.icase = False
        self.invert = "v" in given
        self.whole_line = "x" in given
        self.whole_word = "w" in given
        self.count = "c" in given
        self.list = ""  # "l" or "L"
        self.quiet = "q" in given
        self.silent = "s" in given
        self.only_matching = "o" in given
        self.numbers = "n" in given
        self.offsets = "b" in given
        self.filenames: bool | None = None
        self.null = "Z" in given
        self.end = b"\0" if "z" in given else b"\n"
        self.tab = "T" in given
        self.label = options.last("label") or b"(standard input)"
        self.most = _HUGE
        self.before = self.after = -1
        self.separator: bytes | None = b"--"
        self.recursive = self.follow = False
        self.directories = "read"
        self.devices = "read-unless-recursive"
        self.binary = "binary"
        self.color = "never"
        self.line_buffered = "line-buffered" in given
        self.include: list[bytes] = []
        self.exclude: list[bytes] = []
        self.exclude_dir: list[bytes] = []
        self._read(options)

    @property
    def syntax(self) -> Syntax:
        return GREP_EXTENDED if self.matcher == "E" else GREP_BASIC

    def _read(self, options: Parsed) -> None:
        digits = b""
        context = -1
        for flag, value in options.flags:
            text = value or b""
            if flag in ("E", "F", "G", "P"):
                if self.matcher not in ("", flag):
                    raise Failure(b"conflicting matchers specified")
                self.matcher = flag
            elif flag in ("i", "y"):
                self.icase = True
            elif flag == "no-ignore-case":
                self.icase = False
            elif flag in ("l", "L"):
                self.list = flag
            elif flag in ("H", "h"):
                self.filenames = flag == "H"
            elif flag == "m":
                self.most = _number(text, b"invalid max count")
            elif flag == "A":
                self.after = _context(text)
            elif flag == "B":
                self.before = _context(text)
            elif flag == "C":
                context = _context(text)
            elif flag.isdigit():
                digits += flag.encode()
                context = _context(digits)
            elif flag in ("r", "R"):
                self.directories = "recurse"
                self.follow = flag == "R"
            elif flag == "d":
                self.directories = _one_of(b"--directories", text, ("read", "recurse", "skip"))
            elif flag == "D":
                if text not in (b"read", b"skip"):
                    raise Failure(b"unknown devices method")
                self.devices = text.decode()
            elif flag == "binary-files":
                if text not in (b"binary", b"text", b"without-match"):
                    raise Failure(b"unknown binary-files type")
                self.binary = text.decode()
            elif flag in ("a", "I"):
                self.binary = "text" if flag == "a" else "without-match"
            elif flag == "color":
                self.color = _color(value)
            elif flag == "group-separator":
                self.separator = text
            elif flag == "no-group-separator":
                self.separator = None
            elif flag in ("include", "exclude"):
                getattr(self, flag).append(text)
            elif flag == "exclude-dir":
                self.exclude_dir.append(text.rstrip(b"/") or b"/")
        self.recursive = self.directories == "recurse"
        if context >= 0:
            self.before = context if self.before < 0 else self.before
            self.after = context if self.after < 0 else self.after
        if self.matcher == "P":
            raise Failure(
                b"support for the -P option is not compiled into this --disable-perl-regexp binary"
            )

    async def read_patterns(self, tool: Tool) -> None:
        """Gather PATTERNS from ``-e``, ``-f`` and the first operand; raises UsageError."""
        patterns: list[bytes] | None = None
        for flag, value in tool.options.flags:
            if flag == "e":
                patterns = [*(patterns or []), *(value or b"").split(b"\n")]
            elif flag == "f":
                data = await _pattern_file(tool.sys, value or b"")
                lines = data.removesuffix(b"\n").split(b"\n") if data else []
                patterns = [*(patterns or []), *lines]
            elif flag == "exclude-from":
                globs = await _pattern_file(tool.sys, value or b"")
                self.exclude += [line for line in globs.split(b"\n") if line]
        if patterns is None:
            if not tool.operands:
                raise UsageError("")
            patterns = tool.operands.pop(0).split(b"\n")
        await tool.retain(sum(map(len, patterns)) + 64 * len(patterns))
        self.patterns = list(dict.fromkeys(patterns))


async def _pattern_file(sys: Sys, path: bytes) -> bytes:
    try:
        return await read_operand(sys, path)
    except OSError as err:
        raise Failure(quotef(path) + b": " + why(err)) from None


def _number(text: bytes, what: bytes) -> int:
    digits = text.removeprefix(b"-")
    if not digits.isdigit():
        raise Failure(what)
    number = int(digits) if len(digits) < 19 else _HUGE
    return _HUGE if text.startswith(b"-") and number else number


def _context(text: bytes) -> int:
    if not text.isdigit():
        raise Failure(text + b": invalid context length argument")
    return int(text) if len(text) < 19 else _HUGE


def _color(value: bytes | None) -> str:
    if value is None or value in (b"auto", b"tty", b"if-tty"):
        return "auto"
    if value in (b"always", b"yes", b"force"):
        return "always"
    if value in (b"never", b"no", b"none"):
        return "never"
    raise UsageError("")


def _one_of(option: bytes, text: bytes, words: tuple[str, ...]) -> str:
    matches = [word for word in words if word.encode().startswith(text)] if text else []
    if len(matches) != 1:
        kind = b"ambiguous" if matches else b"invalid"
        shown = b"".join(b"\n  - '" + word.encode() + b"'" for word in words)
        message = kind + b" argument '" + text + b"' for '" + option + b"'"
        raise Failure(message + b"\nValid arguments are:" + shown + b"\n" + HINT)
    return matches[0]
