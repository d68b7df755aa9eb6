"""Reading sed scripts, with the messages of GNU sed."""

from minios.userland.bin.sed.script import (
    Address,
    Case,
    Command,
    Kind,
    Piece,
    Script,
    Sink,
    Substitution,
)
from minios.userland.lib.program import Failure
from minios.userland.lib.regex import SED_BASIC, SED_EXTENDED, Regex, RegexError, compile

_SPACE = b" \t\n\v\f\r"
_CONTROL = {0x61: 7, 0x66: 12, 0x72: 13, 0x74: 9, 0x76: 11}
_RADIX = {0x64: (10, 3), 0x6F: (8, 3), 0x78: (16, 2)}
_TEXT_COMMANDS = "aic"
_VERSION = (4, 9, 0)


class Parser:
    """Reads the pieces of a script (``-e`` and ``-f``) one after the other."""

    def __init__(self, *, extended: bool, posix: bool, sandbox: bool, utf8: bool) -> None:
        self.script = Script()
        self.extended = extended
        self.posix = posix
        self.sandbox = sandbox
        self.utf8 = utf8
        self._blocks: list[tuple[Command, bytes]] = []
        self._labels: dict[bytes, int] = {}
        self._unfinished: tuple[Command, bytearray] | None = None
        self._text = b""
        self._at = 0
        self._where = b""
        self._lines = False  # complain with a line number instead of a character's

    # -- complaints and characters -------------------------------------------------------------

    def bad(self, message: bytes | str, at: int | None = None) -> Failure:
        """The complaint about what was just read."""
        if isinstance(message, str):
            message = message.encode()
        if self._lines:
            line = self._text.count(b"\n", 0, self._at) + 1
            if self._text[self._at - 1 : self._at] == b"\n":
                line -= 1
            return Failure(self._where + b" line %d: " % max(line, 1) + message)
        return Failure(
            self._where
            + b", char %d: " % (min(self._at, len(self._text)) if at is None else at)
            + message
        )

    def _get(self) -> int:
        """The next byte; -1 at the end."""
        self._at += 1
        return self._text[self._at - 1] if self._at <= len(self._text) else -1

    def _skip_blanks(self) -> int:
        """The next byte that is no blank, consumed."""
        char = self._get()
        while char in (0x20, 0x09):
            char = self._get()
        return char

    def _number(self, char: int) -> int:
        """The number that begins with ``char``; what follows it is left."""
        start = self._at - 1
        while 0x30 <= char <= 0x39:
            char = self._get()
        self._at -= 1
        digits = self._text[start : self._at]
        return int(digits) if len(digits) < 19 else 1 << 62

    # -- the script ----------------------------------------------------------------------------

    def piece(self, text: bytes, where: bytes, *, lines: bool = False, first: bool) -> None:
        """Read one piece. ``where`` names it in complaints. Raises Failure."""
        self._text, self._at, self._where, self._lines = text, 0, where, lines
        if first and text[:2] == b"#n":
            self.script.silent = True
        if self._unfinished is not None:
            command, begun = self._unfinished
            self._read_text(command, begun)
        while self._command():
            pass

    def finish(self) -> Script:
        """The end of the script: everything must be closed and every label known."""
        if self._blocks:
            raise Failure(self._blocks[-1][1] + b"unmatched `{'")
        if self._unfinished is not None:
            command, begun = self._unfinished
            command.text = bytes(begun)
        commands = self.script.commands
        for command in commands:
            if command.name in ("b", "t", "T"):
                if not command.label:
                    command.target = len(commands)
                elif command.label in self._labels:
                    command.target = self._labels[command.label]
                else:
                    raise Failure(b"can't find label for jump to `" + command.label + b"'", 4)
        return self.script

    def _command(self) -> bool:
        """Read one command; False at the end of the piece."""
        char = self._get()
        while char == 0x3B or (char >= 0 and char in _SPACE):
            char = self._get()
        if char < 0:
            return False
        command = Command()
        char = self._addresses(command, char)
        if char < 0:
            raise self.bad("missing command")
        name = chr(char)
        command.name = name
        self.script.size += 64
        if name == "#":
            if command.first:
                raise self.bad("comments don't accept any addresses")
            while char not in (-1, 0x0A):
                char = self._get()
            return True
        if name == ":":
            self._label(command)
            return True
        if name == "}":
            self._close(command)
            return True
        if name not in "{=abcdDeFgGhHiIlnNpPqQrRstTvwWxyz" or name == "I":
            raise self.bad(b"unknown command: `" + bytes((char,)) + b"'")
        if name in "qQ=aircR" and command.second and (name in "qQ" or self.posix):
            raise self.bad("command only uses one address")
        if name != "v":
            self.script.commands.append(command)
        self._arguments(command)
        return True

    def _addresses(self, command: Command, char: int) -> int:
        """Read addresses and ``!``; the byte that names the command."""
        command.first = self._address(char)
        if command.first is not None:
            if command.first.kind in (Kind.PLUS, Kind.MULTIPLE):
                raise self.bad("invalid usage of +N or ~N as first address")
            command.zero = command.first.kind is Kind.LINE and command.first.first == 0
            char = self._skip_blanks()
            if char == 0x2C:
                command.second = self._address(self._skip_blanks())
                if command.second is None:
                    raise self.bad("unexpected `,'")
                char = self._skip_blanks()
            if command.zero and (
                command.second is None or command.second.kind is not Kind.REGEX or self.posix
            ):
                raise self.bad("invalid usage of line address 0")
        if char == 0x21:
            command.negate = True
            char = self._skip_blanks()
            if char == 0x21:
                raise self.bad("multiple `!'s")
        return char

    def _address(self, char: int) -> Address | None:
        if char == 0x24:
            return Address(Kind.LAST)
        if char in (0x2F, 0x5C):
            if char == 0x5C:
                char = self._get()
            if char < 0:
                raise self.bad("unterminated address regex")
            pattern = self._delimited(char, regex=True)
            if pattern is None:
                raise self.bad("unterminated address regex")
            icase = newline = False
            while True:
                flag = self._skip_blanks()
                if flag == 0x49:
                    icase = True
                elif flag == 0x4D:
                    newline = True
                else:
                    self._at -= 1
                    break
            return Address(Kind.REGEX, regex=self._compile(pattern, icase, newline))
        if 0x30 <= char <= 0x39:
            first = self._number(char)
            char = self._skip_blanks()
            if char != 0x7E:
                self._at -= 1
                return Address(Kind.LINE, first)
            char = self._skip_blanks()
            step = 0
            if 0x30 <= char <= 0x39:
                step = self._number(char)
            else:
                self._at -= 1
            return Address(Kind.STEP, first, step) if step else Address(Kind.LINE, first)
        if char in (0x2B, 0x7E):
            kind = Kind.PLUS if char == 0x2B else Kind.MULTIPLE
            char = self._skip_blanks()
            if 0x30 <= char <= 0x39:
                return Address(kind, self._number(char))
            self._at -= 1
            return Address(kind, 0)
        return None

    def _compile(self, pattern: bytes, icase: bool, newline: bool) -> Regex | None:
        """Compile a regular expression; None for the empty one, which means the last one used."""
        if not pattern:
            if icase or newline:
                raise self.bad("cannot specify modifiers on empty regexp")
            return None
        syntax = SED_EXTENDED if self.extended else SED_BASIC
        text = escapes(pattern)
        try:
            regex = compile(text, syntax=syntax, icase=icase, newline=newline, utf8=self.utf8)
        except RegexError as err:
            if str(err).startswith("character class"):
                raise Failure(str(err).encode(), 4) from None
            raise self.bad(str(err)) from None
        self.script.size += regex.size
        return regex

    def _label(self, command: Command) -> None:
        if command.first:
            raise self.bad(": doesn't want any addresses")
        label = self._word()
        if not label:
            raise self.bad('":" lacks a label')
        self._labels[label] = len(self.script.commands)

    def _close(self, command: Command) -> None:
        if not self._blocks:
            raise self.bad("unexpected `}'")
        if command.first:
            raise self.bad("`}' doesn't want any addresses")
        opened, _ = self._blocks.pop()
        opened.target = len(self.script.commands)
        self._end()

    # -- arguments -----------------------------------------------------------------------------

    def _arguments(self, command: Command) -> None:
        name = command.name
        if name == "{":
            line = self._text.count(b"\n", 0, self._at) + 1
            where = b" line %d: " % line if self._lines else b", char 0: "
            self._blocks.append((command, self._where + where))
        elif name in _TEXT_COMMANDS:
            self._text_argument(command)
        elif name in "btT":
            command.label = self._word()
            self._end()
        elif name in "rRwW":
            filename = self._filename()
            if not filename:
                raise self.bad("missing filename in r/R/w/W commands")
            if self.sandbox:
                raise self.bad("e/r/w commands disabled in sandbox mode")
            command.text = filename
            if name in "wW":
                command.sink = self._sink(filename)
        elif name in "lLqQ":
            char = self._skip_blanks()
            if 0x30 <= char <= 0x39:
                command.number = self._number(char)
            else:
                self._at -= 1
            self._end()
        elif name == "s":
            self._substitute(command)
        elif name == "y":
            self._transliterate(command)
        elif name == "v":
            self._version()
        elif name == "e":
            if self.sandbox:
                raise self.bad("e/r/w commands disabled in sandbox mode")
            char = self._skip_blanks()
            self._at -= 1
            if char not in (-1, 0x0A):
                command.text = self._filename()
            else:
                self._end()
        else:
            self._end()

    def _end(self) -> None:
        """Nothing but ``;``, ``}``, ``#`` or a newline may follow."""
        char = self._skip_blanks()
        if char in (0x7D, 0x23):
            self._at -= 1
        elif char not in (-1, 0x3B, 0x0A, 0x0D):
            raise self.bad("extra characters after command")

    def _word(self) -> bytes:
        char = self._skip_blanks()
        start = self._at - 1
        while char >= 0 and char not in _SPACE and char not in b";}":
            char = self._get()
        self._at -= 1
        return self._text[start : self._at]

    def _filename(self) -> bytes:
        """The rest of the line."""
        char = self._skip_blanks()
        start = self._at - 1
        while char not in (-1, 0x0A):
            char = self._get()
        return self._text[start : self._at - 1]

    def _sink(self, name: bytes) -> Sink:
        return self.script.sinks.setdefault(name, Sink(name))

    def _text_argument(self, command: Command) -> None:
        """The text of ``a``, ``i`` and ``c``: on the same line or, behind a backslash, the next."""
        char = self._skip_blanks()
        if char < 0:
            raise self.bad("expected \\ after `a', `c' or `i'")
        if char == 0x5C:
            char = self._skip_blanks()
            if char < 0:
                self._unfinished = (command, bytearray())
                return
            if char != 0x0A:
                # a\text keeps blanks in front; they were skipped to look for the newline
                self._at -= 1
                while self._text[self._at - 1 : self._at] in (b" ", b"\t"):
                    self._at -= 1
        elif char == 0x0A:
            return
        else:
            self._at -= 1
        self._read_text(command, bytearray())

    def _read_text(self, command: Command, text: bytearray) -> None:
        """Text up to a newline without backslash; the next piece goes on if this one ends."""
        self._unfinished = None
        while True:
            char = self._get()
            if char in (-1, 0x0A):
                break
            if char == 0x5C:
                char = self._get()
                if char < 0:
                    text += b"\n"
                    self._unfinished = (command, text)
                    return
                if char == 0x0A:
                    text += b"\n"
                else:
                    value, self._at = escape(self._text, self._at - 1)
                    text += bytes((value,))
            else:
                text.append(char)
        text += b"\n"
        command.text = bytes(text)
        self.script.size += len(text)

    def _version(self) -> None:
        wanted = self._word()
        numbers = [int(part) if part.isdigit() else 0 for part in wanted[:20].split(b".")]
        if tuple(numbers) > _VERSION:
            raise self.bad("expected newer version of sed")
        self._end()

    # -- s and y -------------------------------------------------------------------------------

    def _delimited(self, delimiter: int, *, regex: bool) -> bytes | None:
        """What stands before the next ``delimiter``; None if there is none.

        A backslash before the delimiter goes, and in a regular expression ``\\n`` is a newline and
        a bracket expression may hold the delimiter.
        """
        out = bytearray()
        while True:
            char = self._get()
            if char in (-1, 0x0A):
                self._at -= char == 0x0A
                return None
            if char == delimiter:
                return bytes(out)
            if char == 0x5C:
                char = self._get()
                if char < 0:
                    return None
                if char == delimiter:
                    if not regex and char == 0x26:
                        out.append(0x5C)
                elif char == 0x6E and regex:
                    char = 0x0A
                elif char == 0x0A and regex:
                    pass
                else:
                    out.append(0x5C)
                out.append(char)
                continue
            out.append(char)
            if char == 0x5B and regex and delimiter != 0x5B and not self._bracket(out):
                return None

    def _bracket(self, out: bytearray) -> bool:
        """Copy the rest of a bracket expression; False if it has no end."""
        char = self._get()
        if char == 0x5E:
            out.append(char)
            char = self._get()
        first = True
        while char >= 0 and (char != 0x5D or first):
            first = False
            if char == 0x0A:
                self._at -= 1
                return False
            if char == 0x5C and self._text[self._at : self._at + 1] == b"n":
                self._at += 1
                char = 0x0A
            out.append(char)
            kind = self._text[self._at : self._at + 1]
            if char == 0x5B and kind in (b":", b".", b"="):
                close = self._text.find(kind + b"]", self._at + 1)
                if close >= 0:
                    out += self._text[self._at : close + 2]
                    self._at = close + 2
            char = self._get()
        if char < 0:
            return False
        out.append(char)
        return True

    def _substitute(self, command: Command) -> None:
        delimiter = self._delimiter("s")
        pattern = self._delimited(delimiter, regex=True)
        replacement = None if pattern is None else self._replacement_text(delimiter)
        if pattern is None or replacement is None:
            raise self.bad("unterminated `s' command")
        substitution = Substitution(None, pieces_of(replacement))
        icase, newline = self._flags(substitution)
        substitution.regex = self._compile(pattern, icase, newline)
        if substitution.regex and substitution.groups > substitution.regex.groups:
            text = b"invalid reference \\%d on `s' command's RHS" % substitution.groups
            raise self.bad(text)
        self.script.size += len(replacement)
        command.substitution = substitution

    def _delimiter(self, name: str) -> int:
        char = self._get()
        if char in (-1, 0x0A, 0x5C):
            raise self.bad(f"unterminated `{name}' command")
        return char

    def _replacement_text(self, delimiter: int) -> bytes | None:
        """Like :meth:`_delimited`, but a newline behind a backslash belongs to the text."""
        out = bytearray()
        while True:
            char = self._get()
            if char in (-1, 0x0A):
                return None
            if char == delimiter:
                return bytes(out)
            if char == 0x5C:
                char = self._get()
                if char < 0:
                    return None
                if char != delimiter or char == 0x26:
                    out.append(0x5C)
            out.append(char)

    def _flags(self, substitution: Substitution) -> tuple[bool, bool]:
        """The flags of ``s``: (ignore case, multiple lines)."""
        icase = newline = numbered = False
        while True:
            char = self._get()
            if char in (0x69, 0x49):
                icase = True
            elif char in (0x6D, 0x4D):
                newline = True
            elif char == 0x65:
                if self.sandbox:
                    raise self.bad("e/r/w commands disabled in sandbox mode")
                substitution.evaluate = True
            elif char == 0x70:
                if substitution.print:
                    raise self.bad("multiple `p' options to `s' command")
                substitution.print = 1 + substitution.evaluate
            elif char == 0x67:
                if substitution.everywhere:
                    raise self.bad("multiple `g' options to `s' command")
                substitution.everywhere = True
            elif char == 0x77:
                if self.sandbox:
                    raise self.bad("e/r/w commands disabled in sandbox mode")
                filename = self._filename()
                if not filename:
                    raise self.bad("missing filename in r/R/w/W commands")
                substitution.sink = self._sink(filename)
                return icase, newline
            elif 0x30 <= char <= 0x39:
                if numbered:
                    raise self.bad("multiple number options to `s' command")
                substitution.number = self._number(char)
                if substitution.number == 0:
                    raise self.bad("number option to `s' command may not be zero")
                numbered = True
            elif char in (0x7D, 0x23):
                self._at -= 1
                return icase, newline
            elif char in (-1, 0x0A, 0x3B):
                return icase, newline
            elif char == 0x0D and self._text[self._at : self._at + 1] in (b"\n", b""):
                self._at += 1
                return icase, newline
            elif char in (0x20, 0x09):
                continue
            else:
                raise self.bad("unknown option to `s'")

    def _transliterate(self, command: Command) -> None:
        delimiter = self._delimiter("y")
        source = self._delimited(delimiter, regex=False)
        target = None if source is None else self._delimited(delimiter, regex=False)
        if source is None or target is None:
            raise self.bad("unterminated `y' command")
        one, other = self._characters(source), self._characters(target)
        if len(one) != len(other):
            raise self.bad("strings for `y' command are different lengths")
        if max([*one, *other, 0]) < 256 and not self.utf8:
            table = bytearray(range(256))
            for char, into in zip(one, other, strict=True):
                table[char] = into
            command.table = bytes(table)
        else:
            command.table = dict(zip(one, other, strict=True))
        self._end()

    def _characters(self, text: bytes) -> list[int]:
        """The characters of one side of ``y``, escapes carried out."""
        out = bytearray()
        at = 0
        while at < len(text):
            char = text[at]
            at += 1
            if char == 0x5C and at < len(text):
                following = text[at]
                if following == 0x5C:
                    at += 1
                elif following == 0x6E:
                    char = 0x0A
                    at += 1
                elif following in _CONTROL or following in _RADIX or following == 0x63:
                    char, at = escape(text, at)
                elif following == 0x0A:
                    char = 0x0A
                    at += 1
                else:
                    char = following
                    at += 1
            out.append(char)
        if self.utf8:
            return [ord(char) for char in bytes(out).decode("utf-8", "surrogateescape")]
        return list(out)


def escape(text: bytes, at: int) -> tuple[int, int]:
    """The byte that the escape at ``text[at]`` (behind the backslash) means, and its end."""
    char = text[at]
    if char in _CONTROL:
        return _CONTROL[char], at + 1
    if char == 0x6E:
        return 0x0A, at + 1
    if char in _RADIX:
        radix, most = _RADIX[char]
        digits = b"0123456789abcdef"[:radix]
        end = at + 1
        while end < min(at + 1 + most, len(text)) and text[end : end + 1].lower() in digits:
            end += 1
        if end > at + 1:
            return int(text[at + 1 : end], radix) & 0xFF, end
    if char == 0x63 and at + 1 < len(text):
        end = at + 3 if text[at + 1 : at + 3] == b"\\\\" else at + 2
        return text[at + 1 : at + 2].upper()[0] ^ 0x40, end
    return char, at + 1


def escapes(pattern: bytes) -> bytes:
    """A regular expression with GNU's character escapes carried out."""
    if b"\\" not in pattern:
        return pattern
    out = bytearray()
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char != 0x5C or at == len(pattern):
            out.append(char)
            continue
        following = pattern[at]
        if following in _CONTROL or following in _RADIX or following == 0x63:
            value, end = escape(pattern, at)
            if end > at + 1 or following in _CONTROL:
                if value == 0x5C:
                    out.append(0x5C)
                out.append(value)
                at = end
                continue
        out += bytes((char, following))
        at += 1
    return bytes(out)


def pieces_of(text: bytes) -> list[Piece]:
    """The replacement of ``s`` taken apart."""
    pieces: list[Piece] = []
    plain = bytearray()

    def flush() -> None:
        if plain:
            pieces.append(bytes(plain))
            plain.clear()

    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == 0x26:
            flush()
            pieces.append(0)
        elif char == 0x5C and at < len(text):
            following = text[at]
            if 0x30 <= following <= 0x39:
                flush()
                pieces.append(following - 0x30)
                at += 1
            elif following in b"ULEul":
                flush()
                pieces.append(Case(chr(following)))
                at += 1
            elif following == 0x26 or following == 0x0A:
                plain.append(following)
                at += 1
            else:
                value, at = escape(text, at)
                plain.append(value)
        else:
            plain.append(char)
    flush()
    return pieces
