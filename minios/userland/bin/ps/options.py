"""The three kinds of options of ps: UNIX, BSD and GNU long ones, as procps-ng 4.0.2 reads them."""

from minios.userland.bin.ps.request import Bad, Conflict, Request
from minios.userland.lib.proc import Process
from minios.userland.lib.pscolumns import find


def _split(text: bytes) -> list[bytes]:
    words = text.replace(b"\t", b",").replace(b" ", b",").split(b",")
    if not all(words):
        raise Bad("improper list")
    return words


def _numbers(text: bytes) -> list[int]:
    found = []
    for word in _split(text):
        if not word.lstrip(b"-+").isdigit():
            raise Bad("process ID list syntax error")
        number = int(word[:12])
        if not 0 < number < 0x7FFFFFFF:
            raise Bad("process ID out of range")
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
            raise Bad(f"{what} name does not exist")
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
            raise Bad("TTY could not be found")
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
            raise Bad("improper AIX field descriptor")
        if find(name.decode("latin-1")) is None:
            raise Bad(f'unknown user-defined format specifier "{name.decode("latin-1")}"')
        if colon and not size.isdigit():
            raise Bad("column widths must be unsigned decimal numbers")
        width = int(size[:4]) if colon else 0
        if colon and not width:
            raise Bad("column widths must be unsigned decimal numbers")
        request.fields.append((name.decode("latin-1"), heading if equals else None, width))


def _sort(request: Request, text: bytes) -> None:
    for word in text.split(b","):
        name = word.lstrip(b"+-").decode("latin-1")
        if find(name) is None:
            raise Bad("unknown sort specifier")
        request.sort.append((name, word.startswith(b"-")))


class _Arguments:
    """The command line, with the options that take the rest of a word or the next one."""

    def __init__(self, args: list[bytes]) -> None:
        self.rest = list(args)

    def value(self, glued: str, complaint: str) -> bytes:
        if glued:
            return glued.encode("latin-1")
        if not self.rest:
            raise Bad(complaint)
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
            except Bad as err:
                raise err if text else Conflict(str(err)) from None
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
            raise Bad("must set personality to get -x option")
        else:
            raise Bad("unsupported SysV option")


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
                raise Conflict("conflicting format options")
            request.bsd_format = letter
        case _:
            raise Bad("unsupported option (BSD syntax)")


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
                raise Bad(complaint)
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
            raise Bad("unknown gnu long option")


def read_options(request: Request, argv: list[bytes], *, force_bsd: bool = False) -> None:
    """Fill ``request``; raises :class:`Bad`. ``force_bsd`` ignores the dash of ``-aux``."""
    args = _Arguments(argv)
    while args.rest:
        word = args.rest.pop(0).decode("latin-1")
        if word.startswith("--"):
            _long(request, word[2:], args)
        elif word.startswith("-") and not force_bsd:
            if word == "-":
                raise Conflict("garbage option")
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
            raise Bad("garbage option")
    formats = bool(request.modifiers & set("FcfjlLPTy")) + bool(request.bsd_format)
    if formats > 1 or (request.fields and request.bsd_format):
        raise Conflict("conflicting format options")
    if request.quick and request.tests:
        raise Conflict("q/-q/--quick-pid cannot be combined with other selection options.")
