"""-printf and -ls: what find tells of a file."""

from minios.abi.flags import S_IFBLK, S_IFCHR, S_IFLNK, S_IFMT
from minios.abi.records import Stat
from minios.userland.bin.find.run import Run, base_name
from minios.userland.bin.find.tests import file_system_type
from minios.userland.lib.calendar import NS, strftime
from minios.userland.lib.devices import major, minor
from minios.userland.lib.modes import render, type_letter
from minios.userland.lib.program import Failure
from minios.userland.lib.quoting import style
from minios.userland.lib.times import ls_time
from minios.userland.lib.walk import Visit

_ESCAPES = {
    0x61: b"\a", 0x62: b"\b", 0x66: b"\f", 0x6E: b"\n", 0x72: b"\r", 0x74: b"\t", 0x76: b"\v",
    0x5C: b"\\",
}  # fmt: skip
_LETTERS = b"abcdDfFgGhHiklmMnpPsStuUyYZ"
_TIMES = b"ACTB"
_NEED_STAT = frozenset(b"abcdDFgGiklmMnsStuUACT") - frozenset(b"dl")


class Directive:
    """A piece of a -printf format: literal text (no letter) or a conversion.

    ``form`` is what of C's printf stands between the percent sign and the letter.
    """

    __slots__ = ("detail", "flags", "letter", "precision", "text", "width")

    def __init__(
        self,
        text: bytes = b"",
        letter: int = 0,
        detail: int = 0,
        flags: bytes = b"",
        width: int = 0,
        precision: int | None = None,
    ) -> None:
        self.text = text
        self.letter = letter
        self.detail = detail
        self.flags = flags
        self.width = width
        self.precision = precision

    def string(self, value: bytes) -> bytes:
        if self.precision is not None:
            value = value[: self.precision]
        return value.ljust(self.width) if b"-" in self.flags else value.rjust(self.width)

    def octal(self, value: int) -> bytes:
        digits = b"%o" % value
        if b"#" in self.flags and value:
            digits = b"0" + digits
        return self._number(digits)

    def decimal(self, value: int) -> bytes:
        digits = b"%d" % value
        if b"+" in self.flags:
            digits = b"+" + digits
        return self._number(digits)

    def _number(self, digits: bytes) -> bytes:
        if b"0" in self.flags and b"-" not in self.flags:
            return digits.rjust(self.width, b"0")
        return digits.ljust(self.width) if b"-" in self.flags else digits.rjust(self.width)


async def compile_format(run: Run, template: bytes) -> tuple[list[Directive], bool]:
    """The pieces of a format, and whether ``\\c`` stops printing after them."""
    pieces: list[Directive] = []
    text = bytearray()
    at, end = 0, len(template)
    while at < end:
        c = template[at]
        at += 1
        if c == 0x5C:
            if at >= end:
                await run.tool.warn(b"warning: escape `\\' followed by nothing at all", status=0)
                text += b"\\"
                break
            c = template[at]
            at += 1
            if c in _ESCAPES:
                text += _ESCAPES[c]
            elif c == 0x63:
                pieces.append(Directive(bytes(text)))
                return pieces, True
            elif c in b"01234567":
                first = at - 1
                while at < end and at < first + 3 and template[at] in b"01234567":
                    at += 1
                text.append(int(template[first:at], 8) & 0xFF)
            else:
                shown = bytes((0x5C, c))
                await run.tool.warn(b"warning: unrecognized escape `" + shown + b"'", status=0)
                text += shown
            continue
        if c != 0x25:
            text.append(c)
            continue
        if template[at : at + 1] == b"%":
            text += b"%"
            at += 1
            continue
        if at >= end:
            raise Failure(b"error: % at end of format string")
        start = at - 1
        first = at
        while at < end and template[at] in b"-+ #0":
            at += 1
        flags = template[first:at]
        first = at
        while template[at : at + 1].isdigit():
            at += 1
        width = min(int(template[first:at][:6] or b"0"), 65536)
        precision: int | None = None
        if template[at : at + 1] == b".":
            first = at = at + 1
            while template[at : at + 1].isdigit():
                at += 1
            precision = int(template[first:at][:6] or b"0")
        letter = template[at] if at < end else 0
        at += 1
        if letter in _TIMES and letter and at < end:
            if text:
                pieces.append(Directive(bytes(text)))
                text.clear()
            pieces.append(Directive(b"", letter, template[at], flags, width, precision))
            at += 1
        elif letter and letter in _LETTERS:
            if text:
                pieces.append(Directive(bytes(text)))
                text.clear()
            pieces.append(Directive(b"", letter, 0, flags, width, precision))
        else:
            shown = template[start:at]
            message = b"warning: unrecognized format directive `%" + shown[-1:] + b"'"
            if letter and letter in _TIMES:
                message = b"warning: format directive `" + shown + b"' should be followed by "
                message += b"another character"
            await run.tool.warn(message, status=0)
            text += shown
    if text:
        pieces.append(Directive(bytes(text)))
    return pieces, False


class Printer:
    """Prints a compiled format for one file after the other."""

    def __init__(self, pieces: list[Directive]) -> None:
        self.pieces = pieces
        self.file_systems: dict[int, bytes] = {}
        self.needs_stat = any(piece.letter in _NEED_STAT for piece in pieces if piece.letter)

    async def show(self, run: Run, visit: Visit) -> bytes | None:
        """The text for a file; None if its inode cannot be read."""
        st: Stat | None = None
        if self.needs_stat:
            st = await run.stat(visit)
            if st is None:
                return None
        out: list[bytes] = []
        for piece in self.pieces:
            out.append(piece.text if not piece.letter else await self.value(run, visit, st, piece))
        return b"".join(out)

    async def value(self, run: Run, visit: Visit, st: Stat | None, piece: Directive) -> bytes:
        letter = chr(piece.letter)
        match letter:
            case "p":
                return piece.string(visit.path)
            case "f":
                name = base_name(visit)
                slashed = visit.path.endswith(b"/") and name != b"/"
                return piece.string(name + b"/" if slashed else name)
            case "h":
                return piece.string(_directory(visit))
            case "H":
                return piece.string(run.root)
            case "P":
                return piece.string(_below_root(visit, run.root))
            case "d":
                return piece.decimal(visit.depth)
            case "y":
                return piece.string(_kind(visit.type))
            case "Y":
                return piece.string(await _followed_kind(run, visit))
            case "l":
                return piece.string(await _target(run, visit))
            case "Z":
                return piece.string(b"")
        assert st is not None
        match letter:
            case "a" | "c" | "t":
                ns = {"a": st.atime, "c": st.ctime, "t": st.mtime}[letter]
                return piece.string(_ctime(ns))
            case "A" | "C" | "T":
                ns = {"A": st.atime, "C": st.ctime, "T": st.mtime}[letter]
                return piece.string(_time(ns, piece.detail))
            case "b":
                return piece.string(b"%d" % st.blocks)
            case "D":
                return piece.string(b"%d" % st.dev)
            case "F":
                return piece.string(await file_system_type(run, st, self.file_systems))
            case "g":
                return piece.string(await run.names.group(st.gid) or b"%d" % st.gid)
            case "G":
                return piece.string(b"%d" % st.gid)
            case "i":
                return piece.string(b"%d" % st.ino)
            case "k":
                return piece.string(b"%d" % -(-st.blocks // 2))
            case "m":
                return piece.octal(st.mode & 0o7777)
            case "M":
                return piece.string(render(st.mode))
            case "n":
                return piece.string(b"%d" % st.nlink)
            case "s":
                return piece.string(b"%d" % st.size)
            case "S":
                return piece.string(_sparseness(st))
            case "u":
                return piece.string(await run.names.user(st.uid) or b"%d" % st.uid)
            case "U":
                return piece.string(b"%d" % st.uid)
        return b""


def _directory(visit: Visit) -> bytes:
    """%h: what stands before the last slash; ``.`` if there is none."""
    head, slash, _ = visit.path.rpartition(b"/")
    return head if slash else b"."


def _below_root(visit: Visit, root: bytes) -> bytes:
    return visit.path[len(root) :].removeprefix(b"/") if visit.depth else b""


def _kind(kind: int) -> bytes:
    letter = type_letter(kind) if kind else "U"
    return {"-": b"f", "?": b"U"}.get(letter, letter.encode())


async def _followed_kind(run: Run, visit: Visit) -> bytes:
    if visit.type != S_IFLNK:
        return _kind(visit.type)
    try:
        return _kind((await run.sys.stat(visit.path)).mode & S_IFMT)
    except OSError as err:
        return {2: b"N", 20: b"N", 40: b"L"}.get(err.errno or 0, b"?")


async def _target(run: Run, visit: Visit) -> bytes:
    if visit.type != S_IFLNK:
        return b""
    try:
        return await run.sys.readlink(visit.path)
    except OSError:
        return b""


def _sparseness(st: Stat) -> bytes:
    """%S: how much of the size is on disk."""
    if st.size == 0:
        return b"1" if st.blocks == 0 else b"inf"
    return b"%g" % (512 * st.blocks / st.size)


def _fraction(ns: int) -> bytes:
    return b".%09d0" % (ns % NS)


def _ctime(ns: int) -> bytes:
    return strftime(b"%a %b %e %H:%M:%S", ns) + _fraction(ns) + strftime(b" %Y", ns)


def _time(ns: int, letter: int) -> bytes:
    """%Tk and the others: strftime's letters, with fractions of seconds where seconds are shown."""
    match chr(letter):
        case "@":
            return b"%d" % (ns // NS) + _fraction(ns)
        case "+":
            return strftime(b"%Y-%m-%d+%H:%M:%S", ns) + _fraction(ns)
        case "S":
            return strftime(b"%S", ns) + _fraction(ns)
        case "T" | "X":
            return strftime(b"%H:%M:%S", ns) + _fraction(ns)
        case "n" | "t" | "%":
            return strftime(b"%" + bytes((letter,)), ns)
    return strftime(b"%" + bytes((letter,)), ns)


class Lister:
    """-ls; columns grow with what has been shown."""

    def __init__(self) -> None:
        self.widths = {"ino": 9, "blocks": 6, "links": 3, "user": 8, "group": 8, "size": 8,
                       "major": 3, "minor": 3}  # fmt: skip

    def fit(self, column: str, text: bytes) -> int:
        self.widths[column] = max(self.widths[column], len(text))
        return self.widths[column]

    def right(self, column: str, number: int) -> bytes:
        text = b"%d" % number
        return text.rjust(self.fit(column, text))

    def left(self, column: str, text: bytes) -> bytes:
        return text.ljust(self.fit(column, text))

    def unnamed_user(self, uid: int) -> bytes:
        """A number for a name; as in GNU find the column is one wider from the next line on."""
        text = (b"%d" % uid).ljust(8)
        self.fit("user", text + b" ")
        return text

    async def line(self, run: Run, visit: Visit) -> bytes | None:
        st = await run.stat(visit)
        if st is None:
            return None
        user = await run.names.user(st.uid)
        group = await run.names.group(st.gid)
        parts = [
            self.right("ino", st.ino),
            self.right("blocks", -(-st.blocks // 2)),
            render(st.mode),
            self.right("links", st.nlink),
            self.unnamed_user(st.uid) if user is None else self.left("user", user),
            self.left("group", b"%d" % st.gid if group is None else group),
        ]
        if st.mode & S_IFMT in (S_IFCHR, S_IFBLK):
            parts.append(
                self.right("major", major(st.rdev)) + b", " + self.right("minor", minor(st.rdev))
            )
        else:
            parts.append(self.right("size", st.size))
        parts.append(ls_time(st.mtime, run.now))
        parts.append(style(visit.path, b"escape", b" "))
        if st.mode & S_IFMT == S_IFLNK:
            try:
                target = await run.sys.readlink(visit.path)
            except OSError as err:
                await run.complain(visit.path, err)
                return None
            parts += [b"->", style(target, b"escape", b" ")]
        return b" ".join(parts) + b"\n"
