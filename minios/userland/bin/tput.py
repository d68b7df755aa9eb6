"""clear, reset and tput (ncurses 6.4) for the one kind of terminal there is, a small xterm."""

from minios.abi.flags import TCSETS
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, why, write_all
from minios.userland.lib.terminal import SANE

CLEAR = """
Usage: clear [options]

Options:
  -T TERM     for this kind of terminal, not $TERM
  -V          show the version
  -x          leave what has scrolled off alone
"""

RESET = """
Usage: reset [options] [terminal]

Make a confused terminal usable again: its modes, its keys and its screen.
"""

TPUT = """
Usage: tput [options] [command]

Options:
  -S          read commands from standard input
  -T TERM     for this kind of terminal, not $TERM
  -V          show the version
  -x          leave what has scrolled off alone

Commands:
  clear       clear the screen
  init        set the terminal up
  reset       set the terminal up again
  capname     print the value of the capability "capname"
"""

TERMINALS = (b"xterm", b"linux", b"vt100", b"vt102", b"vt220", b"screen", b"tmux", b"ansi", b"rxvt")
"""Kinds of terminals, each with or without a suffix such as -256color."""

STRINGS = {
    b"bel": b"\a", b"blink": b"\033[5m", b"bold": b"\033[1m", b"cbt": b"\033[Z",
    b"civis": b"\033[?25l", b"cnorm": b"\033[?12l\033[?25h", b"cr": b"\r", b"cub1": b"\b",
    b"cud1": b"\n", b"cuf1": b"\033[C", b"cuu1": b"\033[A", b"cvvis": b"\033[?12;25h",
    b"dch1": b"\033[P", b"dim": b"\033[2m", b"dl1": b"\033[M", b"ed": b"\033[J",
    b"el": b"\033[K", b"el1": b"\033[1K", b"home": b"\033[H", b"ht": b"\t", b"il1": b"\033[L",
    b"ind": b"\n", b"invis": b"\033[8m", b"op": b"\033[39;49m", b"rc": b"\0338",
    b"rev": b"\033[7m", b"ri": b"\033M", b"rmcup": b"\033[?1049l", b"rmir": b"\033[4l",
    b"rmkx": b"\033[?1l\033>", b"rmso": b"\033[27m", b"rmul": b"\033[24m", b"rs1": b"\033c",
    b"rs2": b"\033[!p\033[?3;4l\033[4l\033>", b"sc": b"\0337", b"sgr0": b"\033(B\033[m",
    b"sitm": b"\033[3m", b"ritm": b"\033[23m", b"smcup": b"\033[?1049h", b"smir": b"\033[4h",
    b"smkx": b"\033[?1h\033=", b"smso": b"\033[7m", b"smul": b"\033[4m", b"kcuu1": b"\033OA",
    b"kcud1": b"\033OB", b"kcuf1": b"\033OC", b"kcub1": b"\033OD", b"khome": b"\033OH",
    b"kend": b"\033OF", b"kbs": b"\x7f", b"kdch1": b"\033[3~", b"kpp": b"\033[5~",
    b"knp": b"\033[6~", b"E3": b"\033[3J",
}  # fmt: skip
FLAGS = {b"am": True, b"bce": True, b"km": True, b"mir": True, b"msgr": True, b"xenl": True,
         b"hc": False, b"os": False, b"ul": False}  # fmt: skip
NUMBERS = {b"colors": 8, b"pairs": 64, b"it": 8}

_COUNTED = {b"cub": b"D", b"cud": b"B", b"cuf": b"C", b"cuu": b"A", b"dch": b"P", b"dl": b"M",
            b"ech": b"X", b"ich": b"@", b"il": b"L", b"indn": b"S", b"rin": b"T"}  # fmt: skip


def capability(name: bytes, args: list[int]) -> bytes | None:
    """The string of a capability with its parameters put in; None if there is no such string."""
    a = args[0] if args else 0
    b = args[1] if len(args) > 1 else 0
    match name:
        case b"cup":
            return b"\033[%d;%dH" % (a + 1, b + 1)
        case b"hpa":
            return b"\033[%dG" % (a + 1)
        case b"vpa":
            return b"\033[%dd" % (a + 1)
        case b"csr":
            return b"\033[%d;%dr" % (a + 1, b + 1)
        case b"setaf" | b"setab":
            base = 30 if name == b"setaf" else 40
            return b"\033[%dm" % (base + min(a, 9))
        case b"rep":
            return bytes([a & 0xFF]) * b
    if name in _COUNTED:
        return b"\033[%d" % a + _COUNTED[name]
    return STRINGS.get(name)


def known(terminal: bytes) -> bool:
    return terminal.partition(b"-")[0] in TERMINALS


def cleared(*, keep: bool) -> bytes:
    return b"\033[H\033[2J" + (b"" if keep else b"\033[3J")


async def _terminal(tool: Tool, name: bytes | None) -> bytes:
    """The kind of terminal, which has to be one that is known."""
    term = name if name is not None else tool.env.get(b"TERM")
    if not term:
        await complain(tool.sys, b"TERM environment variable not set.")
        raise Failure(status=1)
    return term


@program(CLEAR)
async def clear(tool: Tool) -> int:
    """clear(1)."""
    try:
        options = parse(tool.argv[1:], "T:Vx")
    except UsageError as err:
        await complain(tool.sys, tool.name + b": " + str(err).encode("latin-1"))
        await complain(tool.sys, CLEAR.strip().encode())
        return 1
    if options.operands:
        await complain(tool.sys, CLEAR.strip().encode())
        return 1
    if "V" in options:
        await tool.line(b"ncurses 6.4.20221231")
        return 0
    term = await _terminal(tool, options.last("T"))
    if not known(term):
        await complain(tool.sys, b"'" + term + b"': unknown terminal type.")
        return 1
    tool.out.put(cleared(keep="x" in options))
    return 0


@program(RESET)
async def reset(tool: Tool) -> int:
    """reset(1), which is tset under its better known name."""
    sys = tool.sys
    try:
        options = parse(tool.argv[1:], "a:cd:e::Ii:k::m:p:QqrsVw")
    except UsageError as err:
        await complain(sys, tool.name + b": " + str(err).encode("latin-1"))
        await complain(sys, RESET.strip().encode())
        return 1
    if "V" in options:
        await tool.line(b"ncurses 6.4.20221231")
        return 0
    term = options.operands[0] if options.operands else tool.env.get(b"TERM", b"xterm")
    if "q" in options:
        await tool.line(term)
        return 0
    if not known(term):
        await complain(sys, b"reset: unknown terminal type " + term)
        return 1
    for fd in (2, 1, 0):
        try:
            await sys.tcsetattr(fd, SANE, TCSETS)
            break
        except OSError as err:
            reason = err
    else:
        await complain(sys, b"reset: terminal attributes: " + why(reason) + b"\n")
        return 1
    # 1049l before the rest: a program that died may have left the other screen on.
    await write_all(sys, fd, b"\033[?1049l\033c" + STRINGS[b"rs2"] + b"\r")
    return 0


@program(TPUT)
async def tput(tool: Tool) -> int:
    """tput(1)."""
    sys = tool.sys
    try:
        options = parse(tool.argv[1:], "ST:Vx", permute=False)
    except UsageError as err:
        await complain(sys, tool.name + b": " + str(err).encode("latin-1"))
        await complain(sys, TPUT.strip().encode())
        return 2
    if "V" in options:
        await tool.line(b"ncurses 6.4.20221231")
        return 0
    term = options.last("T") or tool.env.get(b"TERM")
    if not term:
        raise Failure(b"No value for $TERM and no -T specified", 2)
    if not known(term):
        raise Failure(b'unknown terminal "' + term + b'"', 3)
    if "S" not in options:
        if not options.operands:
            await complain(sys, TPUT.strip().encode())
            return 2
        return await _put(tool, options.operands, term, keep="x" in options)
    text = b""
    while data := await sys.read(0, 4096):
        text = (text + data)[:65536]
    status = 0
    for line in text.split(b"\n"):
        if words := line.split():
            status = await _put(tool, words, term, keep="x" in options) or status
    return status


async def _put(tool: Tool, words: list[bytes], term: bytes, *, keep: bool) -> int:
    name, args = words[0], words[1:]
    if name in (b"cols", b"lines"):
        await tool.line(b"%d" % await _size(tool, name))
    elif name == b"clear":
        tool.out.put(cleared(keep=keep))
    elif name in (b"init", b"reset"):
        tool.out.put((b"\033c" if name == b"reset" else b"") + STRINGS[b"rs2"])
    elif name == b"longname":
        tool.out.put(term + b" terminal emulator")
    elif name in FLAGS:
        return 0 if FLAGS[name] else 1
    elif name in NUMBERS:
        colours = b"256color" in term and name == b"colors"
        await tool.line(b"%d" % (256 if colours else NUMBERS[name]))
    else:
        numbers = [int(word[:6]) if word.isdigit() else 0 for word in args]
        value = capability(name, numbers)
        if value is None:
            await tool.warn(b"unknown terminfo capability '" + name + b"'")
            return 4
        tool.out.put(value)
    return 0


async def _size(tool: Tool, name: bytes) -> int:
    for fd in (1, 2, 0):
        try:
            size = await tool.sys.winsize(fd)
        except OSError:
            continue
        return (size.cols if name == b"cols" else size.rows) or (80 if name == b"cols" else 24)
    given = tool.env.get(b"COLUMNS" if name == b"cols" else b"LINES", b"")
    if given.isdigit():
        return int(given[:5])
    return 80 if name == b"cols" else 24
