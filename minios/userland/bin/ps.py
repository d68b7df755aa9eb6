"""ps: report the processes (procps-ng 4.0.2). Reads /proc and nothing else.

``pids``, ``ttys`` and other lists select by union, as POSIX has it; without any selection ps shows
the caller's processes on its terminal. UNIX options come after a dash, BSD options without one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from minios.abi.sys import Sys
from minios.userland.lib import users
from minios.userland.lib.proc import Process, meminfo, pid_digits, read_process, uptime
from minios.userland.lib.procfiles import boot_time, pids, read_optional
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.pscolumns import ALIASES, COLUMNS, Column, Fit, View, find, names
from minios.userland.lib.stdio import complain, list_dir
from minios.userland.lib.utf8 import cells, clip, decode, encode

USAGE = """
Usage:
 ps [options]

 Try 'ps --help <simple|list|output|threads|misc|all>'
  or 'ps --help <s|l|o|t|m|a>'
 for additional help text.

For more details see ps(1).
"""

HELP = {
    "simple": """Basic options:
 -A, -e               every process
 -a                   those with a terminal, except session leaders
  a                   those with a terminal, of every user
 -d                   all except session leaders
 -N, --deselect       turn the selection around
  r                   only running ones
  T                   those on this terminal
  x                   those without a terminal too""",
    "list": """Selection by list:
 -C <command>         command name
 -G, --Group <GID>    real group id or name
 -g, --group <group>  session or effective group name
 -p, p, --pid <PID>   process id
        --ppid <PID>  parent process id
 -q, q, --quick-pid <PID>
                      process id, in the order given
 -s, --sid <session>  session id
 -t, t, --tty <tty>   terminal
 -u, U, --user <UID>  effective user id or name
 -U, --User <UID>     real user id or name

  Lists are separated by commas or blanks: '-u root,nobody' or '-p "123 4567"'.""",
    "output": """Output formats:
 -F                   extra full
 -f                   full, with command lines
  f, --forest         tree, drawn in ASCII
 -H                   tree, indented
 -j                   jobs format
  j                   BSD jobs format
 -l                   long format
  l                   BSD long format
 -O <format>          the default columns and these
 -o, o, --format <format>
                      these columns
  -P                  with the processor
  s                   signals
  u                   user-oriented
  v                   virtual memory
 -y                   with -l: no flags, rss for addr
     --headers, --no-headers
     --cols, --columns, --width <num>
                      width of the screen""",
    "threads": """Show threads:
 -L                   with LWP and NLWP columns
 -T                   with the SPID column""",
    "misc": """Miscellaneous options:
 -c                   scheduling class with -l
  c                   the name of the program in place of the command line
  e                   the environment after the command
  k,    --sort        order: [+|-]key[,[+|-]key[,...]]
  L                   list the format specifiers
  n                   numbers in place of user names
  S,    --cumulative  with the time of children that ended
 -V, V, --version     version
 -w, w                wider output; twice: as wide as it takes""",
}


class _Bad(Exception):
    """A complaint about the options; the usage follows it."""


class _Conflict(_Bad):
    """A complaint that reading ``-aux`` as ``aux`` would not mend."""


@dataclass(slots=True)
class Field:
    """A chosen column with its heading and width."""

    column: Column
    header: bytes
    width: int
    fit: Fit


Test = Callable[["Request", Process], bool]


@dataclass(slots=True)
class Request:
    """What the command line asks for."""

    everything: bool = False
    """-A, -e, or ``ax``."""
    tests: list[Test] = field(default_factory=list)
    bsd: bool = False
    bsd_a: bool = False
    bsd_x: bool = False
    running: bool = False
    negate: bool = False
    modifiers: set[str] = field(default_factory=set)
    """UNIX format letters: F c f j l L P T y M."""
    bsd_format: str = ""
    fields: list[tuple[str, bytes | None, int]] = field(default_factory=list)
    """Of -o: specifier, heading if one was given, width if one was given."""
    preload: bool = False
    sort: list[tuple[str, bool]] = field(default_factory=list)
    tree: str = ""
    """``f`` for branches, ``H`` for indentation."""
    header: bool = True
    repeat: bool = False
    wide: int = 0
    columns: int | None = None
    quick: list[int] = field(default_factory=list)
    view: View = field(default_factory=View)
    me: Process | None = None
    accounts: list[users.Passwd] = field(default_factory=list)
    teams: list[users.Group] = field(default_factory=list)
    ttys: dict[bytes, int] = field(default_factory=dict)
    listing: bool = False
    version: bool = False
    help: bytes | None = None


def _split(text: bytes) -> list[bytes]:
    words = text.replace(b"\t", b",").replace(b" ", b",").split(b",")
    if not all(words):
        raise _Bad("improper list")
    return words


def _numbers(text: bytes) -> list[int]:
    found = []
    for word in _split(text):
        if not word.lstrip(b"-+").isdigit():
            raise _Bad("process ID list syntax error")
        number = int(word[:12])
        if not 0 < number < 0x7FFFFFFF:
            raise _Bad("process ID out of range")
        found.append(number)
    return found


def _ids(text: bytes, known: dict[bytes, int], what: str) -> list[int]:
    found = []
    for word in _split(text):
        if word.isdigit():
            found.append(int(word[:12]))
        elif word in known:
            found.append(known[word])
        else:
            raise _Bad(f"{what} name does not exist")
    return found


def _uids(request: Request, text: bytes) -> list[int]:
    return _ids(text, {a.name: a.uid for a in request.accounts}, "user")


def _gids(request: Request, text: bytes) -> list[int]:
    return _ids(text, {g.name: g.gid for g in request.teams}, "group")


def _terminals(request: Request, text: bytes) -> list[bytes]:
    found = []
    for word in _split(text):
        name = word.removeprefix(b"/dev/")
        tries = (name, b"tty" + name, b"pts/" + name)
        known = next((t for t in tries if t in request.ttys), None)
        if known is None and name not in (b"?", b"-"):
            raise _Bad("TTY could not be found")
        found.append(known or b"?")
    return found


def _select(request: Request, kind: str, text: bytes) -> None:
    """Add a selection by list."""
    match kind:
        case "p":
            numbers = _numbers(text)
            request.tests.append(lambda _, p: p.pid in numbers)
        case "q":
            request.quick += _numbers(text)
        case "ppid":
            numbers = _numbers(text)
            request.tests.append(lambda _, p: p.ppid in numbers)
        case "s":
            numbers = _numbers(text)
            request.tests.append(lambda _, p: p.session in numbers)
        case "C":
            commands = [name[:15] for name in _split(text)]
            request.tests.append(lambda _, p: p.comm[:15] in commands)
        case "u":
            numbers = _uids(request, text)
            request.tests.append(lambda _, p: p.euid in numbers)
        case "U":
            numbers = _uids(request, text)
            request.tests.append(lambda _, p: p.ruid in numbers)
        case "G":
            numbers = _gids(request, text)
            request.tests.append(lambda _, p: p.gids[0] in numbers)
        case "g":
            if all(word.isdigit() for word in _split(text)):
                sessions = [int(word[:12]) for word in _split(text)]
                request.tests.append(lambda _, p: p.session in sessions)
            else:
                numbers = _gids(request, text)
                request.tests.append(lambda _, p: p.gids[1] in numbers)
        case "t":
            ttys = _terminals(request, text)
            request.tests.append(lambda _, p: p.tty in ttys)


_LIST_NAMES = {
    "C": "list of command names must follow -C",
    "G": "list of real groups must follow -G",
    "g": "list of session leaders OR effective group names must follow -g",
    "p": "list of process IDs must follow -p",
    "q": "list of process IDs must follow -q",
    "s": "list of session leaders must follow -s",
    "t": "list of terminals (tty, pty...) must follow -t",
    "u": "list of users must follow -u",
    "U": "list of real users must follow -U",
}


def _format(request: Request, text: bytes) -> None:
    """The argument of -o: ``pid,comm=NAME,user:20``."""
    for word in text.replace(b" ", b",").replace(b"\t", b",").split(b","):
        if not word:
            continue
        spec, equals, heading = word.partition(b"=")
        name, colon, size = spec.partition(b":")
        if b"%" in name[:1] and find(name.decode("latin-1")) is None:
            raise _Bad("improper AIX field descriptor")
        if find(name.decode("latin-1")) is None:
            raise _Bad(f'unknown user-defined format specifier "{name.decode("latin-1")}"')
        if colon and not size.isdigit():
            raise _Bad("column widths must be unsigned decimal numbers")
        width = int(size[:4]) if colon else 0
        if colon and not width:
            raise _Bad("column widths must be unsigned decimal numbers")
        request.fields.append((name.decode("latin-1"), heading if equals else None, width))


def _sort(request: Request, text: bytes) -> None:
    for word in text.split(b","):
        name = word.lstrip(b"+-").decode("latin-1")
        if find(name) is None:
            raise _Bad("unknown sort specifier")
        request.sort.append((name, word.startswith(b"-")))


class _Arguments:
    """The command line, with the options that take the rest of a word or the next one."""

    def __init__(self, args: list[bytes]) -> None:
        self.rest = list(args)

    def value(self, glued: str, complaint: str) -> bytes:
        if glued:
            return glued.encode("latin-1")
        if not self.rest:
            raise _Bad(complaint)
        return self.rest.pop(0)


def _has_tty(_: Request, p: Process) -> bool:
    return p.tty_nr != 0


def _unix(request: Request, text: str, args: _Arguments) -> None:
    """Options after one dash."""
    while text:
        letter, text = text[0], text[1:]
        if letter in _LIST_NAMES:
            value = args.value(text, _LIST_NAMES[letter])
            try:
                _select(request, letter, value)
            except _Bad as err:
                raise err if text else _Conflict(str(err)) from None
            return
        if letter in "oO":
            request.preload |= letter == "O"
            _format(request, args.value(text, f"format specification must follow -{letter}"))
            return
        if letter in "Ae":
            request.everything = True
        elif letter == "a":
            request.tests.append(lambda _, p: p.tty_nr != 0 and p.session != p.pid)
        elif letter == "d":
            request.tests.append(lambda _, p: p.session != p.pid)
        elif letter == "N":
            request.negate = not request.negate
        elif letter in "FcfjlLPTyM":
            request.modifiers.add(letter)
            if letter == "F":
                request.modifiers.add("f")
        elif letter == "Z":
            request.modifiers.add("M")
        elif letter == "H":
            request.tree = "H"
        elif letter == "V":
            request.version = True
        elif letter == "w":
            request.wide += 1
        elif letter == "m":
            pass
        elif letter == "x":
            raise _Bad("must set personality to get -x option")
        else:
            raise _Bad("unsupported SysV option")


def _bsd(request: Request, text: str, args: _Arguments) -> None:
    """Options without a dash."""
    request.bsd = True
    while text:
        letter, text = text[0], text[1:]
        if letter in "ptqU":
            kind = {"U": "u"}.get(letter, letter)
            complaint = {
                "p": "list of process IDs must follow p",
                "q": "list of process IDs must follow q",
                "t": "list of terminals (tty, pty...) must follow t",
                "U": "list of users must follow U",
            }[letter]
            if letter == "t" and not text and not args.rest:
                _this_terminal(request)
                return
            _select(request, kind, args.value(text, complaint))
            return
        if letter in "oO":
            complaint = (
                "format specification must follow o"
                if letter == "o"
                else "format or sort specification must follow O"
            )
            request.preload |= letter == "O"
            _format(request, args.value(text, complaint))
            return
        if letter == "k":
            _sort(request, args.value(text, "long sort specification must follow 'k'"))
            return
        _bsd_flag(request, letter)


def _this_terminal(request: Request) -> None:
    tty = request.me.tty_nr if request.me else 0
    request.tests.append(lambda _, p: p.tty_nr == tty)


def _bsd_flag(request: Request, letter: str) -> None:
    match letter:
        case "a":
            request.bsd_a = True
        case "x":
            request.bsd_x = True
        case "r":
            request.running = True
        case "T":
            _this_terminal(request)
        case "c":
            request.view.true_name = True
        case "e":
            request.view.environment = True
        case "f":
            request.tree = "f"
        case "h":
            request.header = False
        case "n":
            request.view.numeric = True
        case "S":
            request.view.cumulative = True
        case "L":
            request.listing = True
        case "V":
            request.version = True
        case "w":
            request.wide += 1
        case "g" | "H" | "m":
            pass
        case "Z":
            request.modifiers.add("M")
        case "j" | "l" | "s" | "u" | "v":
            if request.bsd_format not in ("", letter):
                raise _Conflict("conflicting format options")
            request.bsd_format = letter
        case _:
            raise _Bad("unsupported option (BSD syntax)")


_LONG_LISTS = {
    "Group": ("G", "list of real groups must follow --Group"),
    "User": ("U", "list of real users must follow --User"),
    "group": ("g", "list of effective groups must follow --group"),
    "pid": ("p", "list of process IDs must follow --pid"),
    "ppid": ("ppid", "list of process IDs must follow --ppid"),
    "quick-pid": ("q", "list of process IDs must follow --quick-pid"),
    "sid": ("s", "list of session leaders must follow --sid"),
    "tty": ("t", "list of ttys must follow --tty"),
    "user": ("u", "list of effective users must follow --user"),
}


def _long(request: Request, text: str, args: _Arguments) -> None:
    name, equals, value = text.partition("=")
    glued = value if equals else ""
    match name:
        case "format":
            _format(request, args.value(glued, "format specification must follow --format"))
        case "sort":
            _sort(request, args.value(glued, "long sort specification must follow --sort"))
        case "cols" | "columns" | "width" | "lines" | "rows":
            across = name in ("cols", "columns", "width")
            complaint = (
                "number of columns must follow --cols, --width, or --columns"
                if across
                else "number of rows must follow --rows or --lines"
            )
            size = args.value(glued, complaint)
            if not size.isdigit() or not int(size[:6]):
                raise _Bad(complaint)
            if across:
                request.columns = int(size[:6])
        case "forest":
            request.tree = "f"
        case "deselect":
            request.negate = not request.negate
        case "cumulative":
            request.view.cumulative = True
        case "no-headers" | "no-heading" | "no-headings" | "noheader" | "noheaders" | "noheading":
            request.header = False
        case "headers" | "heading" | "headings":
            request.repeat = True
        case "context":
            request.modifiers.add("M")
        case "version":
            request.version = True
        case "help":
            request.help = glued.encode() or (args.rest.pop(0) if args.rest else b"")
        case _ if name in _LONG_LISTS:
            kind, complaint = _LONG_LISTS[name]
            _select(request, kind, args.value(glued, complaint))
        case _:
            raise _Bad("unknown gnu long option")


def read_options(request: Request, argv: list[bytes], *, force_bsd: bool = False) -> None:
    """Fill ``request``; raises :class:`_Bad`. ``force_bsd`` ignores the dash of ``-aux``."""
    args = _Arguments(argv)
    while args.rest:
        word = args.rest.pop(0).decode("latin-1")
        if word.startswith("--"):
            _long(request, word[2:], args)
        elif word.startswith("-") and not force_bsd:
            if word == "-":
                raise _Conflict("garbage option")
            if word[1:].replace(",", "").isdigit():
                groups = _numbers(word[1:].encode())
                request.bsd = True
                request.tests.append(lambda _, p, groups=groups: p.pgrp in groups)  # type: ignore[misc]
            else:
                _unix(request, word[1:], args)
        elif word[:1].isdigit():
            request.bsd = True
            _select(request, "p", word.encode("latin-1"))
        elif word:
            _bsd(request, word.removeprefix("-"), args)
        else:
            raise _Bad("garbage option")
    formats = bool(request.modifiers & set("FcfjlLPTy")) + bool(request.bsd_format)
    if formats > 1 or (request.fields and request.bsd_format):
        raise _Conflict("conflicting format options")
    if request.quick and request.tests:
        raise _Conflict("q/-q/--quick-pid cannot be combined with other selection options.")


def _unix_columns(request: Request) -> list[str]:
    """The columns of -f, -l, -j and their combinations, in the order of the SysV tools."""
    m = request.modifiers
    long, full = "l" in m, "f" in m
    chosen: list[str] = ["label"] if "M" in m else []
    if long:
        chosen += ["s"] if "y" in m else ["f", "s"]
    if full:
        chosen.append("uid_hack")
    elif long:
        chosen.append("uid")
    chosen.append("pid")
    if "T" in m:
        chosen.append("spid")
    if full or long:
        chosen.append("ppid")
    if "j" in m:
        chosen += ["pgid", "sid"]
    if "L" in m:
        chosen.append("lwp")
    if "P" in m:
        chosen.append("psr")
    if "c" in m:
        chosen += ["class", "pri"]
    elif full or long:
        chosen.append("c")
        if "L" in m and full:
            chosen.append("nlwp")
        if long:
            chosen += ["opri", "ni"]
    if long:
        chosen += ["rss", "sz"] if "y" in m else ["addr_1", "sz"]
        chosen.append("wchan")
    if "F" in m:
        chosen += ["rss", "psr"] if long else ["sz", "rss", "psr"]
    if full:
        chosen.append("stime")
    chosen += ["tname", "stat", "bsdtime"] if request.bsd else ["tname", "time"]
    chosen.append("cmd" if full else "ucmd")
    return chosen


_BSD_COLUMNS = {
    "": "pid tname stat bsdtime args",
    "j": "ppid pid pgid sid tname tpgid stat uid bsdtime args",
    "l": "f uid pid ppid priority ni vsz rss wchan stat tname bsdtime args",
    "s": "uid pid pending blocked ignored caught stat tname bsdtime args",
    "u": "user pid pcpu pmem vsz rss tname stat start_time bsdtime args",
    "v": "pid tname stat bsdtime maj_flt m_trs drs rss pmem args",
}


def choose(request: Request) -> list[Field]:
    """The columns to print."""
    chosen: list[tuple[str, bytes | None, int]]
    if request.fields:
        chosen = list(request.fields)
        if request.preload:
            around = ["tname", "time", "ucomm" if request.bsd else "args"]
            chosen = [("pid", None, 0), *chosen, ("s", None, 0)]
            chosen += [(name, None, 0) for name in around]
    elif request.bsd_format or (request.bsd and not request.modifiers):
        chosen = [(name, None, 0) for name in _BSD_COLUMNS[request.bsd_format].split()]
        if "M" in request.modifiers:
            chosen.insert(0, ("label", None, 0))
    else:
        chosen = [(name, None, 0) for name in _unix_columns(request)]
    fields = []
    for name, heading, size in chosen:
        column = find(name)
        assert column is not None
        header = column.header if heading is None else heading
        width = request.view.pid_width if column.fit is Fit.PID else column.width
        if heading is not None or column.fit is Fit.PID:
            width = max(width, len(header))
        width = size or width
        fields.append(Field(column, header, width, column.fit))
    return fields


def matches(request: Request, p: Process) -> bool:
    """Whether the process is selected."""
    if request.running and p.state not in ("R", "D"):
        return request.negate
    if request.everything or (request.bsd_a and request.bsd_x):
        chosen = True
    elif request.tests or request.quick:
        chosen = any(test(request, p) for test in request.tests)
        chosen = chosen or _simple(request, p)
    elif request.bsd_a or request.bsd_x or (request.bsd and not request.tests):
        chosen = _simple(request, p) or (
            not request.bsd_a and not request.bsd_x and _mine(request, p) and p.tty_nr != 0
        )
    else:
        chosen = _mine(request, p) and request.me is not None and p.tty_nr == request.me.tty_nr
    return chosen != request.negate


def _mine(request: Request, p: Process) -> bool:
    return request.me is not None and p.euid == request.me.euid


def _simple(request: Request, p: Process) -> bool:
    if request.bsd_a:
        return p.tty_nr != 0
    return request.bsd_x and _mine(request, p)


def row(fields: list[Field], texts: list[bytes], numeric: bool) -> bytes:
    """One line; a value wider than its column borrows from the blanks that follow."""
    out = ""
    actual = correct = 0
    last = len(fields) - 1
    for at, (part, raw) in enumerate(zip(fields, texts, strict=True)):
        text = decode(raw)
        right = part.fit in (Fit.RIGHT, Fit.PID)
        if part.fit is Fit.USER:
            right = numeric
            if at != last and cells(text) > part.width:
                text = clip(text, part.width - 1) + "+"
        elif part.fit is Fit.CUT and at != last:
            text = clip(text, part.width)
        size = cells(text)
        blank = correct - actual + (max(part.width - size, 0) if right else 0)
        if blank < 1:
            blank = 1 if at else 0
        out += " " * blank + text
        actual += blank + size
        correct += part.width + 1
    return encode(out)


def line_width(fields: list[Field], screen: int) -> int:
    """Cells a line may take: as many whole screen lines as the columns need before the last one."""
    last = fields[-1]
    total = sum(part.width + 1 for part in fields[:-1])
    total += 3 if last.fit is Fit.CUT else last.width
    return screen * max(-(-total // screen), 1)


def arrange(request: Request, found: list[Process]) -> list[tuple[Process, str]]:
    """Order the processes; in a tree each comes with what is drawn before its command."""
    for name, backwards in reversed(request.sort):
        column = COLUMNS[ALIASES.get(name, name)]
        found.sort(key=lambda p, get=column.value: get(request.view, p), reverse=backwards)  # type: ignore[misc]
    if not request.tree:
        return [(p, "") for p in found]
    if not request.sort:
        found.sort(key=lambda p: (p.starttime, p.pid))
    found.sort(key=lambda p: p.ppid)
    children: dict[int, list[Process]] = {}
    shown = {p.pid for p in found}
    roots = []
    for p in found:
        if p.ppid in shown and p.ppid != p.pid:
            children.setdefault(p.ppid, []).append(p)
        else:
            roots.append(p)
    result: list[tuple[Process, str]] = []
    stack = [(p, "", 0, False) for p in roots]
    while stack:
        p, trunk, depth, more = stack.pop()
        if request.tree == "H":
            result.append((p, "  " * depth))
            below = ""
        else:
            result.append((p, trunk + " \\_ " if depth else ""))
            below = trunk + (" |  " if more else "    ") if depth else ""
        offspring = children.get(p.pid, [])
        step = 0 if p.pid == 1 and request.tree == "f" else 1
        stack += [
            (child, below, depth + step, at < len(offspring) - 1)
            for at, child in reversed(list(enumerate(offspring)))
        ]
    return result


async def _screen(tool: Tool, request: Request) -> int | None:
    """Columns of the screen; None when a line may be as long as it likes."""
    width: int | None = None
    given = tool.env.get(b"COLUMNS", b"")
    if request.columns is not None:
        width = request.columns
    elif given.isdigit() and int(given[:6]):
        width = int(given[:6])
    else:
        for fd in (1, 2, 0) if await tool.sys.isatty(1) else ():
            try:
                width = (await tool.sys.winsize(fd)).cols or 80
                break
            except OSError:
                continue
    if request.wide >= 2:
        return None
    if width is not None and request.wide == 1:
        width = max(width, 132)
    return width


async def _devices(sys: Sys) -> dict[bytes, int]:
    """Terminals by their name below /dev."""
    found: dict[bytes, int] = {}
    for folder, prefix in ((b"/dev", b""), (b"/dev/pts", b"pts/")):
        try:
            listed = await list_dir(sys, folder)
        except OSError:
            continue
        for name in listed:
            if prefix or name.startswith(b"tty") or name == b"console":
                found[prefix + name] = 1
    return found


async def _prepare(tool: Tool) -> Request:
    sys = tool.sys
    request = Request()
    request.accounts = await users.passwd(sys)
    request.teams = await users.groups(sys)
    request.ttys = await _devices(sys)
    view = request.view
    view.users = {a.uid: a.name for a in reversed(request.accounts)}
    view.groups = {g.gid: g.name for g in reversed(request.teams)}
    try:
        view.uptime = await uptime(sys)
        view.memory = max((await meminfo(sys)).get(b"MemTotal", 1), 1)
    except (OSError, ValueError):
        raise Failure(b"cannot read /proc", 1) from None
    view.boot = await boot_time(sys)
    view.pid_width = await pid_digits(sys)
    request.me = await read_process(sys, await sys.getpid())
    return request


async def _collect(tool: Tool, request: Request, fields: list[Field]) -> list[Process]:
    """Read the selected processes, with no more files than the columns need."""
    sys = tool.sys
    names_used = {part.column for part in fields}
    wants_wchan = any(column.header == b"WCHAN" for column in names_used)
    wants_exe = COLUMNS["exe"] in names_used
    wants_group = any(COLUMNS[name] in names_used for name in ("cgroup", "unit", "slice"))
    found = []
    every = request.quick or await pids(sys)
    for pid in every:
        p = await read_process(sys, pid, environ=request.view.environment)
        if p is None or not (request.quick or matches(request, p)):
            continue
        if wants_wchan:
            p.wchan = (await read_optional(sys, b"/proc/%d/wchan" % pid)).strip()
        if wants_group:
            p.cgroup = (await read_optional(sys, b"/proc/%d/cgroup" % pid)).strip() or b"-"
        if wants_exe:
            try:
                p.exe = await sys.readlink(b"/proc/%d/exe" % pid)
            except OSError:
                p.exe = b"-"
        await tool.retain(512 + sum(map(len, p.argv)) + sum(map(len, p.environ)))
        found.append(p)
    return found


async def _usage(tool: Tool, topic: bytes) -> None:
    word = topic.decode("latin-1")
    topics = [name for name in HELP if word in (name, name[0], "all", "a")]
    if not topics:
        await tool.line(USAGE.rstrip().encode())
        return
    text = "\nUsage:\n ps [options]\n\n" + "\n\n".join(HELP[name] for name in topics)
    await tool.line((text + "\n\nFor more details see ps(1).").encode())


@program(USAGE)
async def ps(tool: Tool) -> int:
    """ps(1)."""
    request = await _prepare(tool)
    try:
        read_options(request, tool.argv[1:])
    except _Conflict as err:
        await _complain(tool, err)
        return 1
    except _Bad as first:
        request = await _prepare(tool)
        try:
            read_options(request, tool.argv[1:], force_bsd=True)
        except _Bad:
            await _complain(tool, first)
            return 1
    if request.help is not None:
        await _usage(tool, request.help)
        return 0
    if request.version:
        await tool.line(b"ps from procps-ng 4.0.2")
        return 0
    if request.listing:
        for name in names():
            column = find(name)
            assert column is not None
            await tool.line(f"{name:<12} {column.header.decode():<8}".encode())
        return 0
    return await _report(tool, request)


async def _complain(tool: Tool, err: _Bad) -> None:
    text = str(err)
    if not text.startswith("q/"):
        text = f"error: {text}\n{USAGE.rstrip()}"
    await complain(tool.sys, text.encode())


async def _report(tool: Tool, request: Request) -> int:
    fields = choose(request)
    view = request.view
    screen = await _screen(tool, request)
    room = line_width(fields, screen) if screen else 1 << 20
    found = await _collect(tool, request, fields)
    if request.header and any(part.header for part in fields):
        heading = row(fields, [part.header for part in fields], view.numeric)
        await tool.line(heading)
    for p, prefix in arrange(request, found):
        view.prefix = prefix
        texts = [part.column.text(view, p) for part in fields]
        await tool.sys.compute(10 * len(fields))
        line = row(fields, texts, view.numeric)
        if fields[-1].fit is Fit.CUT and len(line) > room:
            line = encode(clip(decode(line), room))
        await tool.line(line)
    return 0 if found else 1
