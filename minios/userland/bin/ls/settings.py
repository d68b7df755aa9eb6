"""What the options of ls ask for."""

from dataclasses import dataclass, field

from minios.abi.flags import TIOCGWINSZ
from minios.userland.lib import quoting
from minios.userland.lib.arguments import choose
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.sizes import BlockSize, SizeError, block_size, parse_size

SHORT = "abcdfghiklmnopqrstuvw:xABCFGHI:LNQRST:UXZ1"
LONG = (
    "all=a", "escape=b", "directory=d", "dired=D", "full-time", "group-directories-first",
    "human-readable=h", "inode=i", "kibibytes=k", "numeric-uid-gid=n", "no-group=G",
    "hide-control-chars=q", "reverse=r", "size=s", "width:=w", "almost-all=A", "ignore-backups=B",
    "classify::", "file-type", "si", "dereference-command-line=H",
    "dereference-command-line-symlink-to-dir", "hide:", "ignore:=I", "indicator-style:",
    "dereference=L", "literal=N", "quote-name=Q", "quoting-style:", "recursive=R", "format:",
    "show-control-chars", "sort:", "tabsize:=T", "time:", "time-style:", "zero", "color::",
    "hyperlink::", "block-size:", "context=Z", "author",
)  # fmt: skip

_WHEN = ((b"always", b"yes", b"force"), (b"never", b"no", b"none"), (b"auto", b"tty", b"if-tty"))
_FORMATS = (
    (b"verbose", b"long"), (b"commas",), (b"horizontal", b"across"), (b"vertical",),
    (b"single-column",),
)  # fmt: skip
_SORTS = (
    (b"none",), (b"time",), (b"size",), (b"extension",), (b"version",), (b"width",),
)  # fmt: skip
_TIMES = (
    (b"atime", b"access", b"use"), (b"ctime", b"status"), (b"birth", b"creation"),
)  # fmt: skip
_INDICATORS = ((b"none",), (b"slash",), (b"file-type",), (b"classify",))
_TIME_STYLES = (b"full-iso", b"long-iso", b"iso", b"locale")

_KIBI = BlockSize(1024)
_BYTES = BlockSize(1)

_FORMAT_OF = {"l": "long", "C": "vertical", "x": "horizontal", "m": "commas", "n": "long",
              "g": "long", "o": "long"}  # fmt: skip
_SORT_OF = {"t": "time", "S": "size", "X": "extension", "v": "version", "U": "none", "f": "none"}
_STYLE_OF = {"b": b"escape", "N": b"literal", "Q": b"c"}


@dataclass(slots=True)
class Settings:
    """ls's options, resolved."""

    format: str = ""
    sort: str = ""
    reverse: bool = False
    time: str = "mtime"
    hidden: str = "no"
    """``no``, ``almost`` (-A) or ``all`` (-a)."""
    directory: bool = False
    recursive: bool = False
    follow: str = ""
    """``never``, ``command-line``, ``directories`` (on the command line) or ``always``."""
    inode: bool = False
    blocks: bool = False
    owner: bool = True
    group: bool = True
    author: bool = False
    context: bool = False
    numeric: bool = False
    indicator: str = "none"
    directories_first: bool = False
    colour: bool = False
    width: int = -1
    tab: int = 8
    end: bytes = b"\n"
    style: bytes = b""
    question_marks: bool = False
    block_unit: BlockSize = _KIBI
    size_unit: BlockSize = _BYTES
    recent_format: bytes = b"%b %e %H:%M"
    old_format: bytes = b"%b %e  %Y"
    ignored: list[bytes] = field(default_factory=list)
    """Patterns of -I; ``hide`` holds those that -a and -A override."""
    hide: list[bytes] = field(default_factory=list)

    @property
    def marks(self) -> bytes:
        """What is quoted in a name so that it looks like no indicator, nor like two names."""
        space = b" " if self.style == b"escape" else b""
        return space + {"file-type": b"*=>@|", "classify": b"=>@|"}.get(self.indicator, b"")

    @property
    def aligned(self) -> bool:
        """Whether names that need no quotes are moved in by one, beside those that do."""
        if self.style not in (b"shell", b"shell-escape", b"c-maybe"):
            return False
        return self.format == "long" or (
            self.format in ("vertical", "horizontal") and self.width > 0
        )

    @property
    def needs_stat(self) -> bool:
        """Whether a file's type is not enough to list it."""
        return self.format == "long" or self.blocks or self.sort in ("time", "size") or self.context


async def settings_of(tool: Tool, default_format: str) -> Settings:
    """Read the options in their order; the later one wins, as in GNU ls."""
    opts = Settings()
    tty = await tool.sys.isatty(1)
    explicit_time = False
    time_style: bytes | None = None
    qmark: bool | None = None
    for flag, value in tool.options.flags:
        match flag:
            case "a":
                opts.hidden = "all"
            case "A":
                opts.hidden = "almost"
            case "b" | "N" | "Q":
                opts.style = _STYLE_OF[flag]
            case "B":
                opts.ignored += [b"*~", b".*~"]
            case "c" | "u":
                opts.time = "ctime" if flag == "c" else "atime"
                explicit_time = True
            case "C" | "x" | "m" | "l":
                opts.format = _FORMAT_OF[flag]
            case "1":
                if opts.format != "long":
                    opts.format = "single"
            case "d":
                opts.directory = True
            case "f":
                opts.hidden = "all"
                opts.sort = "none"
                if opts.format == "long":
                    opts.format = ""
                opts.colour = opts.blocks = False
            case "F":
                opts.indicator = "classify"
            case "classify":
                if await _when(tool, "--classify", value, tty):
                    opts.indicator = "classify"
            case "g":
                opts.format, opts.owner = "long", False
            case "G":
                opts.group = False
            case "h" | "si":
                unit = BlockSize(human=1024 if flag == "h" else 1000)
                opts.block_unit = opts.size_unit = unit
            case "H":
                opts.follow = "command-line"
            case "dereference-command-line-symlink-to-dir":
                opts.follow = "directories"
            case "L":
                opts.follow = "always"
            case "i":
                opts.inode = True
            case "I":
                opts.ignored.append(value or b"")
            case "hide":
                opts.hide.append(value or b"")
            case "k":
                pass  # 1024 is the unit already; the option only undoes environment variables
            case "n":
                opts.format, opts.numeric = "long", True
            case "o":
                opts.format, opts.group = "long", False
            case "p":
                opts.indicator = "slash"
            case "file-type":
                opts.indicator = "file-type"
            case "indicator-style":
                opts.indicator = await choose(tool, "--indicator-style", value, _INDICATORS)
            case "q":
                qmark = True
            case "show-control-chars":
                qmark = False
            case "r":
                opts.reverse = True
            case "R":
                opts.recursive = True
            case "s":
                opts.blocks = True
            case "S" | "t" | "U" | "v" | "X":
                opts.sort = _SORT_OF[flag]
            case "sort":
                opts.sort = await choose(tool, "--sort", value, _SORTS)
            case "time":
                opts.time = await choose(tool, "--time", value, _TIMES)
                explicit_time = True
            case "T":
                opts.tab = _number(value or b"", b"invalid tab size")
            case "w":
                opts.width = _number(value or b"", b"invalid line width")
            case "Z":
                opts.context = True
            case "author":
                opts.author = True
            case "group-directories-first":
                opts.directories_first = True
            case "format":
                chosen = await choose(tool, "--format", value, _FORMATS)
                opts.format = {"verbose": "long", "single-column": "single"}.get(chosen, chosen)
            case "full-time":
                opts.format, time_style = "long", b"full-iso"
            case "time-style":
                time_style = value
            case "quoting-style":
                styles = [(style,) for style in quoting.STYLES]
                opts.style = (await choose(tool, "--quoting-style", value, styles)).encode()
            case "color":
                opts.colour = await _when(tool, "--color", value, tty)
                if opts.colour:
                    opts.tab = 0
            case "hyperlink":
                await _when(tool, "--hyperlink", value, tty)
            case "zero":
                opts.end = b"\0"
                opts.colour = False
                opts.style = b"literal"
                qmark = False
                if opts.format != "long":
                    opts.format = "single"
            case "block-size":
                opts.block_unit = opts.size_unit = _block_size(value or b"")
    opts.format = opts.format or default_format or ("vertical" if tty else "single")
    if not opts.sort:
        opts.sort = "time" if explicit_time and opts.format != "long" else "name"
    if not opts.follow:
        detail = opts.directory or opts.indicator == "classify" or opts.format == "long"
        opts.follow = "never" if detail else "directories"
    if not opts.style:
        wanted = tool.env.get(b"QUOTING_STYLE", b"")
        fallback = b"shell-escape" if tty and not default_format else b"literal"
        if default_format:
            fallback = b"escape"
        opts.style = wanted if wanted in quoting.STYLES else fallback
    opts.question_marks = qmark if qmark is not None else tty and not default_format
    if opts.width < 0:
        opts.width = await _terminal_width(tool, tty)
    if opts.format == "long":
        await _time_formats(tool, opts, time_style)
    return opts


async def _when(tool: Tool, option: str, value: bytes | None, tty: bool) -> bool:
    if value is None:
        return True
    chosen = await choose(tool, option, value, _WHEN)
    return chosen == "always" or (chosen == "auto" and tty)


def _number(text: bytes, complaint: bytes) -> int:
    try:
        return min(parse_size(text, b""), 1 << 30)
    except SizeError as err:
        if err.kind == "overflow":
            return 0
        raise Failure(complaint + b": " + quoting.quote(text), 2) from None


def _block_size(text: bytes) -> BlockSize:
    try:
        return block_size(text)
    except SizeError as err:
        if err.kind == "suffix":
            raise Failure(
                b"invalid suffix in --block-size argument " + quoting.quote(text), 2
            ) from None
        if err.kind == "overflow":
            raise Failure(b"--block-size argument " + quoting.quote(text) + b" too large", 2) from (
                None
            )
        raise Failure(b"invalid --block-size argument " + quoting.quote(text), 2) from None


async def _terminal_width(tool: Tool, tty: bool) -> int:
    if tty:
        try:
            size = await tool.sys.ioctl(1, TIOCGWINSZ)
        except OSError:
            size = None
        if size is not None and size.cols > 0:
            return int(size.cols)
    columns = tool.env.get(b"COLUMNS", b"")
    if columns:
        if columns.isdigit():
            return int(columns[:9])
        text = b"ignoring invalid width in environment variable COLUMNS: "
        await tool.warn(text + quoting.quote(columns), status=0)
    return 80


async def _time_formats(tool: Tool, opts: Settings, style: bytes | None) -> None:
    if style is None:
        style = tool.env.get(b"TIME_STYLE") or b"locale"
    if style.startswith(b"posix-"):
        return
    if style.startswith(b"+"):
        old, newline, recent = style[1:].partition(b"\n")
        if b"\n" in recent:
            raise Failure(b"invalid time style format " + quoting.quote(style[1:]), 2)
        opts.old_format, opts.recent_format = old, recent if newline else old
        return
    matches = [name for name in _TIME_STYLES if name.startswith(style)]
    if style not in _TIME_STYLES and len(matches) != 1:
        kind = b"ambiguous" if matches else b"invalid"
        raise Failure(
            kind + b" argument " + quoting.quote(style) + b" for 'time style'\n"
            b"Valid arguments are:\n"
            b"  - [posix-]full-iso\n  - [posix-]long-iso\n  - [posix-]iso\n  - [posix-]locale\n"
            b"  - +FORMAT (e.g., +%H:%M) for a 'date'-style format",
            2,
            hint=True,
        )
    match style if style in _TIME_STYLES else matches[0]:
        case b"full-iso":
            opts.old_format = opts.recent_format = b"%Y-%m-%d %H:%M:%S.%N %z"
        case b"long-iso":
            opts.old_format = opts.recent_format = b"%Y-%m-%d %H:%M"
        case b"iso":
            opts.old_format, opts.recent_format = b"%Y-%m-%d ", b"%m-%d %H:%M"
