"""stty: show and change terminal modes (coreutils 9.1). The line speed is fixed."""

from dataclasses import dataclass

from minios.abi.errno import Errno
from minios.abi.flags import (
    ICANON,
    O_RDWR,
    TIOCSWINSZ,
    VEOF,
    VERASE,
    VINTR,
    VKILL,
    VLNEXT,
    VMIN,
    VQUIT,
    VREPRINT,
    VSTART,
    VSTOP,
    VSUSP,
    VTIME,
    VWERASE,
)
from minios.abi.records import Termios, Winsize
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.stdio import why
from minios.userland.lib.terminal import SANE

USAGE = """
Usage: stty [-F DEVICE | --file=DEVICE] [SETTING]...
  or:  stty [-F DEVICE | --file=DEVICE] [-a|--all]
  or:  stty [-F DEVICE | --file=DEVICE] [-g|--save]
Show or change the modes of the terminal on standard input.

  -a, --all          show every mode, readably
  -g, --save         show every mode in a form that stty reads back
  -F, --file=DEVICE  this terminal and not standard input

A SETTING is a mode (echo, icanon, isig, opost ...) with a '-' before it to
turn it off; a key and what it does (intr ^C, erase ^H, eof undef); rows N,
cols N, size; or one of sane, raw, cooked, cbreak, nl, ek, crt, dec.
"""

SPEED = 38400
_VDISABLE = 0
_VEOL, _VEOL2, _VSWTC, _VDISCARD = 11, 16, 7, 13
_SAVED_CHARS = 32

KEYS = {
    "intr": VINTR, "quit": VQUIT, "erase": VERASE, "kill": VKILL, "eof": VEOF, "eol": _VEOL,
    "eol2": _VEOL2, "swtch": _VSWTC, "start": VSTART, "stop": VSTOP, "susp": VSUSP,
    "rprnt": VREPRINT, "werase": VWERASE, "lnext": VLNEXT, "discard": _VDISCARD,
}  # fmt: skip
"""Names of the special characters, in the order they are shown."""

_SANE_KEYS = SANE.cc

CONTROL, INPUT, OUTPUT, LOCAL = range(4)


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode: its bits in one of the four words. ``sane`` is what it is when sane, None if either.

    ``mask`` is given for modes that share a field; such a mode cannot be turned off. ``hidden``
    ones are other names.
    """

    group: int
    bits: int
    sane: bool | None = None
    mask: int = 0
    hidden: bool = False


MODES: dict[str, Mode] = {
    "parenb": Mode(CONTROL, 0o400), "parodd": Mode(CONTROL, 0o1000),
    "cmspar": Mode(CONTROL, 0o10000000000),
    "cs5": Mode(CONTROL, 0, mask=0o60), "cs6": Mode(CONTROL, 0o20, mask=0o60),
    "cs7": Mode(CONTROL, 0o40, mask=0o60), "cs8": Mode(CONTROL, 0o60, mask=0o60),
    "hupcl": Mode(CONTROL, 0o2000), "hup": Mode(CONTROL, 0o2000, hidden=True),
    "cstopb": Mode(CONTROL, 0o100), "cread": Mode(CONTROL, 0o200, True),
    "clocal": Mode(CONTROL, 0o4000), "crtscts": Mode(CONTROL, 0o20000000000),
    "ignbrk": Mode(INPUT, 0o1, False), "brkint": Mode(INPUT, 0o2, True),
    "ignpar": Mode(INPUT, 0o4), "parmrk": Mode(INPUT, 0o10), "inpck": Mode(INPUT, 0o20),
    "istrip": Mode(INPUT, 0o40), "inlcr": Mode(INPUT, 0o100, False),
    "igncr": Mode(INPUT, 0o200, False), "icrnl": Mode(INPUT, 0o400, True),
    "ixon": Mode(INPUT, 0o2000), "ixoff": Mode(INPUT, 0o10000, False),
    "tandem": Mode(INPUT, 0o10000, hidden=True), "iuclc": Mode(INPUT, 0o1000, False),
    "ixany": Mode(INPUT, 0o4000, False), "imaxbel": Mode(INPUT, 0o20000, True),
    "iutf8": Mode(INPUT, 0o40000, False),
    "opost": Mode(OUTPUT, 0o1, True), "olcuc": Mode(OUTPUT, 0o2, False),
    "ocrnl": Mode(OUTPUT, 0o10, False), "onlcr": Mode(OUTPUT, 0o4, True),
    "onocr": Mode(OUTPUT, 0o20, False), "onlret": Mode(OUTPUT, 0o40, False),
    "ofill": Mode(OUTPUT, 0o100, False), "ofdel": Mode(OUTPUT, 0o200, False),
    "nl1": Mode(OUTPUT, 0o400, False, mask=0o400), "nl0": Mode(OUTPUT, 0, True, mask=0o400),
    "cr3": Mode(OUTPUT, 0o3000, False, mask=0o3000),
    "cr2": Mode(OUTPUT, 0o2000, False, mask=0o3000),
    "cr1": Mode(OUTPUT, 0o1000, False, mask=0o3000), "cr0": Mode(OUTPUT, 0, True, mask=0o3000),
    "tab3": Mode(OUTPUT, 0o14000, False, mask=0o14000),
    "tab2": Mode(OUTPUT, 0o10000, False, mask=0o14000),
    "tab1": Mode(OUTPUT, 0o4000, False, mask=0o14000), "tab0": Mode(OUTPUT, 0, True, mask=0o14000),
    "bs1": Mode(OUTPUT, 0o20000, False, mask=0o20000), "bs0": Mode(OUTPUT, 0, True, mask=0o20000),
    "vt1": Mode(OUTPUT, 0o40000, False, mask=0o40000), "vt0": Mode(OUTPUT, 0, True, mask=0o40000),
    "ff1": Mode(OUTPUT, 0o100000, False, mask=0o100000),
    "ff0": Mode(OUTPUT, 0, True, mask=0o100000),
    "isig": Mode(LOCAL, 0o1, True), "icanon": Mode(LOCAL, 0o2, True),
    "iexten": Mode(LOCAL, 0o100000, True), "echo": Mode(LOCAL, 0o10, True),
    "echoe": Mode(LOCAL, 0o20, True), "crterase": Mode(LOCAL, 0o20, hidden=True),
    "echok": Mode(LOCAL, 0o40, True), "echonl": Mode(LOCAL, 0o100, False),
    "noflsh": Mode(LOCAL, 0o200, False), "xcase": Mode(LOCAL, 0o4, False),
    "tostop": Mode(LOCAL, 0o400, False), "echoprt": Mode(LOCAL, 0o2000, False),
    "prterase": Mode(LOCAL, 0o2000, hidden=True), "echoctl": Mode(LOCAL, 0o1000, True),
    "ctlecho": Mode(LOCAL, 0o1000, hidden=True), "echoke": Mode(LOCAL, 0o4000, True),
    "crtkill": Mode(LOCAL, 0o4000, hidden=True), "flusho": Mode(LOCAL, 0o10000, False),
    "extproc": Mode(LOCAL, 0o200000, False),
}  # fmt: skip

_MEANS = {
    "nl": "-icrnl -onlcr", "-nl": "icrnl -inlcr -igncr onlcr -ocrnl -onlret",
    "cooked": "brkint ignpar istrip icrnl ixon opost isig icanon",
    "-raw": "brkint ignpar istrip icrnl ixon opost isig icanon",
    "raw": "-ignbrk -brkint -ignpar -parmrk -inpck -istrip -inlcr -igncr -icrnl -ixon -ixoff "
    "-iuclc -ixany -imaxbel -opost -isig -icanon -xcase min 1 time 0",
    "-cooked": "-ignbrk -brkint -ignpar -parmrk -inpck -istrip -inlcr -igncr -icrnl -ixon -ixoff "
    "-iuclc -ixany -imaxbel -opost -isig -icanon -xcase min 1 time 0",
    "cbreak": "-icanon", "-cbreak": "icanon", "crt": "echoe echoctl echoke",
    "evenp": "parenb -parodd cs7", "-evenp": "-parenb cs8", "parity": "parenb -parodd cs7",
    "-parity": "-parenb cs8", "oddp": "parenb parodd cs7", "-oddp": "-parenb cs8",
    "pass8": "-parenb -istrip cs8", "-pass8": "parenb istrip cs7",
    "litout": "-parenb -istrip -opost cs8", "-litout": "parenb istrip opost cs7",
    "decctlq": "-ixany", "-decctlq": "ixany", "tabs": "tab0", "-tabs": "tab3",
    "dec": "echoe echoctl echoke -ixany intr ^C erase ^? kill ^U",
    "lcase": "xcase iuclc olcuc", "LCASE": "xcase iuclc olcuc",
    "-lcase": "-xcase -iuclc -olcuc", "-LCASE": "-xcase -iuclc -olcuc",
}  # fmt: skip
"""Settings that stand for several others."""


def visible(byte: int) -> str:
    """A special character as stty shows it: ``^C``, ``^?``, ``M-a``, ``<undef>``."""
    if byte == _VDISABLE:
        return "<undef>"
    prefix = "M-" if byte & 0x80 else ""
    byte &= 0x7F
    if byte < 32:
        return f"{prefix}^{chr(byte + 64)}"
    return prefix + ("^?" if byte == 127 else chr(byte))


def _word(modes: Termios, group: int) -> int:
    return (modes.cflag, modes.iflag, modes.oflag, modes.lflag)[group]


class _Wrapped:
    """Text that goes on in the next line where the screen ends."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[str] = [""]

    def put(self, text: str) -> None:
        line = self.lines[-1]
        if line and self.width - len(line) < len(text) + 1:
            self.lines.append(text)
        else:
            self.lines[-1] = f"{line} {text}" if line else text

    def end(self) -> None:
        self.lines.append("")

    def text(self) -> str:
        return "\n".join(self.lines[:-1] if not self.lines[-1] else self.lines)


def _set(modes: Termios, name: str, *, on: bool) -> Termios | None:
    """The modes with one of them changed; None if that is not a mode or cannot be off."""
    mode = MODES.get(name)
    if mode is None or (mode.mask and not on):
        return None
    word = _word(modes, mode.group) & ~(mode.mask or mode.bits)
    if on:
        word |= mode.bits
    words = [modes.cflag, modes.iflag, modes.oflag, modes.lflag]
    words[mode.group] = word
    return Termios(words[INPUT], words[OUTPUT], words[CONTROL], words[LOCAL], modes.cc)


def _sane(modes: Termios) -> Termios:
    for name, mode in MODES.items():
        if mode.sane is not None and (mode.sane or not mode.mask):
            modes = _set(modes, name, on=mode.sane) or modes
    return modes._replace(cc=_SANE_KEYS)


def _key(modes: Termios, index: int, value: int) -> Termios:
    cc = bytearray(modes.cc)
    cc[index] = value
    return modes._replace(cc=bytes(cc))


def _number(word: bytes, limit: int) -> int:
    """An integer, octal and hexadecimal ones too."""
    text = word.decode("latin-1").lower()
    base = 16 if text.startswith("0x") else 8 if text.startswith("0") else 10
    digits = text[2:] if base == 16 else text
    alphabet = "0123456789abcdef"[:base]
    if not digits or any(char not in alphabet for char in digits) or len(digits) > 12:
        raise Failure(b"invalid integer argument: " + quote(word))
    value = int(digits, base)
    if value > limit:
        tail = b": Numerical result out of range"
        raise Failure(b"invalid integer argument: " + quote(word) + tail)
    return value


def _key_value(word: bytes) -> int:
    if len(word) < 2:
        return word[0] if word else _VDISABLE
    if word in (b"^-", b"undef"):
        return _VDISABLE
    if word.startswith(b"^"):
        return 127 if word[1:2] == b"?" else word[1] & ~0o140
    return _number(word, 255)


class _Terminal:
    """The terminal being looked at and what is to become of it."""

    def __init__(self, tool: Tool, fd: int, device: bytes) -> None:
        self.tool = tool
        self.fd = fd
        self.device = device
        self.modes = SANE
        self.size = Winsize(0, 0)
        self.changed = False

    async def load(self) -> None:
        try:
            self.modes = await self.tool.sys.tcgetattr(self.fd)
        except OSError as err:
            shown = self.device if self.device != b"standard input" else quote(self.device)
            raise Failure(shown + b": " + why(err)) from None
        try:
            self.size = await self.tool.sys.winsize(self.fd)
        except OSError:
            self.size = Winsize(0, 0)

    def width(self) -> int:
        return self.size.cols or 80

    async def resize(self, *, rows: int | None = None, cols: int | None = None) -> None:
        self.size = Winsize(
            self.size.rows if rows is None else rows, self.size.cols if cols is None else cols
        )
        await self.tool.sys.ioctl(self.fd, TIOCSWINSZ, self.size)

    async def apply(self, words: list[bytes]) -> None:
        """Apply settings one after the other."""
        words = list(words)
        while words:
            word = words.pop(0)
            name = word.decode("latin-1")
            if await self._plain(name):
                continue
            if name in KEYS or name in ("min", "time", "rows", "cols", "columns", "line",
                                        "ispeed", "ospeed", "flush"):  # fmt: skip
                if not words:
                    raise Failure(b"missing argument to " + quote(word), hint=True)
                await self._with_value(name, words.pop(0))
            elif not self._saved(word):
                raise Failure(b"invalid argument " + quote(word), hint=True)

    async def _plain(self, name: str) -> bool:
        """A setting without an argument; False if this is none."""
        if name == "size":
            await self.tool.line(b"%d %d" % self.size)
        elif name == "speed":
            await self.tool.line(b"%d" % SPEED)
        elif name == "sane":
            self.modes = _sane(self.modes)
            self.changed = True
        elif name == "ek":
            self.modes = _key(_key(self.modes, VERASE, 0x7F), VKILL, 0x15)
            self.changed = True
        elif name in ("drain", "-drain") or name == str(SPEED):
            pass
        elif name in _MEANS:
            await self.apply([part.encode() for part in _MEANS[name].split()])
        else:
            modes = _set(self.modes, name.removeprefix("-"), on=not name.startswith("-"))
            if modes is None:
                return False
            self.modes = modes
            self.changed = True
        return True

    async def _with_value(self, name: str, word: bytes) -> None:
        if name == "rows":
            await self.resize(rows=_number(word, 65535))
        elif name in ("cols", "columns"):
            await self.resize(cols=_number(word, 65535))
        elif name in ("min", "time"):
            index = VMIN if name == "min" else VTIME
            self.modes = _key(self.modes, index, _number(word, 255))
            self.changed = True
        elif name == "line":
            _number(word, 255)
        elif name in ("ispeed", "ospeed"):
            if not word.isdigit():
                raise Failure(b"invalid argument " + quote(word), hint=True)
        else:
            index = KEYS.get(name, _VDISCARD)
            self.modes = _key(self.modes, index, _key_value(word))
            self.changed = True

    def _saved(self, word: bytes) -> bool:
        """The output of ``stty -g``; False if it is not that."""
        parts = word.split(b":")
        if len(parts) != 4 + _SAVED_CHARS:
            return False
        try:
            numbers = [int(part, 16) for part in parts]
        except ValueError:
            return False
        cc = bytes(number & 0xFF for number in numbers[4 : 4 + len(self.modes.cc)])
        iflag, oflag, cflag, lflag = numbers[:4]
        self.modes = Termios(iflag, oflag, cflag, lflag, cc)
        self.changed = True
        return True

    def saved(self) -> str:
        m = self.modes
        cc = m.cc.ljust(_SAVED_CHARS, b"\0")
        return ":".join(f"{n:x}" for n in (m.iflag, m.oflag, m.cflag, m.lflag, *cc))

    def all(self) -> str:
        """Every mode."""
        out = _Wrapped(self.width())
        out.put(f"speed {SPEED} baud;")
        out.put(f"rows {self.size.rows};")
        out.put(f"columns {self.size.cols};")
        out.put("line = 0;")
        out.end()
        for name, index in KEYS.items():
            out.put(f"{name} = {visible(self.modes.cc[index])};")
        out.put(f"min = {self.modes.cc[VMIN]};")
        out.put(f"time = {self.modes.cc[VTIME]};")
        group = -1
        for name, mode in MODES.items():
            if mode.group != group:
                out.end()
                group = mode.group
            if mode.hidden:
                continue
            on = _word(self.modes, group) & (mode.mask or mode.bits) == mode.bits
            if on or not mode.mask:
                out.put(name if on else f"-{name}")
        return out.text()

    def unusual(self) -> str:
        """What differs from a sane terminal."""
        out = _Wrapped(self.width())
        out.put(f"speed {SPEED} baud;")
        out.put("line = 0;")
        out.end()
        for name, index in KEYS.items():
            if self.modes.cc[index] != _SANE_KEYS[index]:
                out.put(f"{name} = {visible(self.modes.cc[index])};")
        if not self.modes.lflag & ICANON:
            out.put(f"min = {self.modes.cc[VMIN]}; time = {self.modes.cc[VTIME]};")
        if out.lines[-1]:
            out.end()
        group = CONTROL
        for name, mode in MODES.items():
            if mode.group != group:
                if out.lines[-1]:
                    out.end()
                group = mode.group
            if mode.hidden:
                continue
            on = _word(self.modes, group) & (mode.mask or mode.bits) == mode.bits
            if on and mode.sane is False:
                out.put(name)
            elif not on and mode.sane and not mode.mask:
                out.put(f"-{name}")
        return out.text()


@program(USAGE)
async def stty(tool: Tool) -> int:
    """stty(1)."""
    sys = tool.sys
    words = []
    device: bytes | None = None
    everything = save = False
    args = tool.argv[1:]
    while args:
        arg = args.pop(0)
        if arg in (b"--help", b"--version"):
            tool.options.flags.append((arg[2:].decode(), None))
            await tool.describe(USAGE)
            return 0
        if arg in (b"-a", b"--all"):
            everything = True
        elif arg in (b"-g", b"--save"):
            save = True
        elif arg.startswith((b"-F", b"--file")):
            value = arg.partition(b"=")[2] if arg.startswith(b"--") else arg[2:]
            if not value and not args:
                raise Failure(b"option requires an argument -- 'F'", hint=True)
            if device is not None:
                raise Failure(b"only one device may be specified")
            device = value or args.pop(0)
        else:
            words.append(arg)
    if everything and save:
        raise Failure(
            b"the options for verbose and stty-readable output styles are\nmutually exclusive"
        )
    if words and (everything or save):
        raise Failure(b"when specifying an output style, modes may not be set")
    fd = 0
    if device is not None:
        try:
            fd = await sys.open(device, O_RDWR | 0o4000)
        except OSError as err:
            raise Failure(device + b": " + why(err)) from None
    terminal = _Terminal(tool, fd, device or b"standard input")
    await terminal.load()
    await sys.compute(20)
    if not words:
        text = terminal.saved() if save else terminal.all() if everything else terminal.unusual()
        await tool.line(text.encode("latin-1"))
        return 0
    await terminal.apply(words)
    if terminal.changed:
        try:
            await sys.tcsetattr(fd, terminal.modes)
        except OSError as err:
            if err.errno == Errno.EINTR:
                return 1
            raise Failure(quote(terminal.device) + b": " + why(err)) from None
    return 0
