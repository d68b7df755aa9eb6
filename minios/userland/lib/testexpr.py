"""The logic of test(1), shared by the shell's built-in and the programs in /bin.

The grammar is dash's (XCU ``test`` for up to four arguments, precedence beyond). Who calls words
the errors: dash's and GNU's texts differ.
"""

from collections.abc import Callable, Sequence

from minios.abi import flags
from minios.abi.records import Stat
from minios.abi.sys import Sys

UNARY = frozenset(f"-{letter}".encode() for letter in "rwxefdcbpugkstznhOGLS")
_BINARY = frozenset(b"= != < > -eq -ne -ge -gt -le -lt -nt -ot -ef".split())
_OR, _AND, _NOT, _LEFT, _RIGHT = b"-o", b"-a", b"!", b"(", b")"

MAX_DEPTH = 50
"""Parentheses may be nested this deep."""

ARGUMENT, PAREN, UNEXPECTED, NUMBER = "argument", "paren", "unexpected", "number"


_NUMERIC: dict[bytes, Callable[[int, int], bool]] = {
    b"-eq": lambda a, b: a == b,
    b"-ne": lambda a, b: a != b,
    b"-lt": lambda a, b: a < b,
    b"-le": lambda a, b: a <= b,
    b"-gt": lambda a, b: a > b,
    b"-ge": lambda a, b: a >= b,
}


class TestError(Exception):
    """A malformed expression; the exit status is 2.

    ``kind``: ARGUMENT expected after operator ``word``; closing PAREN expected; ``word`` is an
    UNEXPECTED operator (or operand); ``word`` is no NUMBER.
    """

    __test__ = False  # not for pytest, whatever the name

    def __init__(self, kind: str, word: bytes = b"") -> None:
        super().__init__(kind, word)
        self.kind = kind
        self.word = word


def number(text: bytes) -> int:
    """An operand of ``-eq`` and its like; blanks around it do not matter."""
    if text.isdigit() and len(text) < 19:
        return int(text)
    body = text.strip(b" \t\n\v\f\r")
    digits = body[1:] if body[:1] in (b"-", b"+") else body
    if not digits.isdigit() or len(digits) > 19:
        raise TestError(NUMBER, text)
    value = int(body)
    if not -(1 << 63) <= value < 1 << 63:
        raise TestError(NUMBER, text)
    return value


def compare(left: bytes, operator: bytes, right: bytes) -> bool:
    """A binary operator that looks at nothing but its operands."""
    numeric = _NUMERIC.get(operator)
    if numeric is not None:
        return numeric(number(left), number(right))
    if operator == b"!=":
        return left != right
    if operator == b"<":
        return left < right
    if operator == b">":
        return left > right
    return left == right


def quick(args: Sequence[bytes]) -> bool | None:
    """The common expressions, which need no system call; None for all others."""
    count = len(args)
    if count == 3:
        operator = args[1]
        if operator in _BINARY and operator not in (b"-nt", b"-ot", b"-ef"):
            return compare(args[0], operator, args[2])
    elif count == 2:
        if args[0] == b"-n":
            return bool(args[1])
        if args[0] == b"-z":
            return not args[1]
    elif count == 1:
        # A lone operator is a string like any other; only "!" negates what is missing.
        return bool(args[0])
    elif count == 0:
        return False
    return None


class _Parser:
    """Walks over the arguments as dash does: ``at`` is the word the current token is on."""

    def __init__(self, sys: Sys, args: list[bytes], binary: frozenset[bytes]) -> None:
        self.sys = sys
        self.args = args
        self.at = 0
        self.binary = binary
        self.depth = 0

    def word(self, index: int) -> bytes | None:
        return self.args[index] if index < len(self.args) else None

    def _operator(self, index: int) -> bytes | None:
        """The word at ``index`` if it acts as an operator there; None for operands and the end."""
        word = self.word(index)
        if word is None:
            return None
        if word in UNARY:
            # A unary operator with nothing to work on, or before a binary one, is an operand.
            following = self.word(index + 1)
            if following is None:
                return None
            if self.word(index + 2) is not None and following in self.binary:
                return None
            return word
        if word == _LEFT:
            return word if self.word(index + 1) is not None else None
        if word in self.binary or word in (_OR, _AND, _NOT, _RIGHT):
            return word
        return None

    async def either(self) -> bool:
        result = False
        while True:
            result |= await self._both()
            if self._operator(self.at + 1) != _OR:
                return result
            self.at += 2

    async def _both(self) -> bool:
        result = True
        while True:
            if not await self._negated():
                result = False
            if self._operator(self.at + 1) != _AND:
                return result
            self.at += 2

    async def _negated(self) -> bool:
        invert = False
        while self._operator(self.at) == _NOT:
            invert = not invert
            if self.word(self.at + 1) is None:
                return invert  # of nothing, which is false
            self.at += 1
        return invert ^ await self._primary()

    async def _primary(self) -> bool:
        word = self.word(self.at)
        if word is None:
            return False
        operator = self._operator(self.at)
        if operator == _LEFT:
            self.at += 1
            if self._operator(self.at) == _RIGHT:
                return False
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise TestError(PAREN)
            result = await self.either()
            self.depth -= 1
            self.at += 1
            if self._operator(self.at) != _RIGHT:
                raise TestError(PAREN)
            return result
        if operator is not None and operator in UNARY:
            self.at += 1
            operand = self.word(self.at)
            if operand is None:
                raise TestError(ARGUMENT, operator)
            return await self._unary(operator, operand)
        binary = self._operator(self.at + 1)
        if binary is not None and (binary in self.binary):
            return await self.relation()
        return bool(word)

    async def relation(self) -> bool:
        """``left operator right`` at the current word."""
        left = self.args[self.at]
        operator = self.args[self.at + 1]
        self.at += 2
        right = self.word(self.at)
        if right is None:
            raise TestError(ARGUMENT, operator)
        if operator not in (b"-nt", b"-ot", b"-ef"):
            return compare(left, operator, right)
        one, two = await self._stat(left), await self._stat(right)
        if operator == b"-ef":
            return one is not None and two is not None and one[:2] == two[:2]
        if one is None or two is None:
            return False
        return one.mtime > two.mtime if operator == b"-nt" else one.mtime < two.mtime

    async def _stat(self, path: bytes, follow: bool = True) -> Stat | None:
        try:
            return await (self.sys.stat(path) if follow else self.sys.lstat(path))
        except OSError:
            return None

    async def _unary(self, operator: bytes, operand: bytes) -> bool:
        if operator == b"-n":
            return bool(operand)
        if operator == b"-z":
            return not operand
        if operator == b"-t":
            return await self.sys.isatty(number(operand))
        if operator in _ACCESS:
            try:
                await self.sys.eaccess(operand, _ACCESS[operator])
            except OSError:
                return False
            return True
        stat = await self._stat(operand, operator not in (b"-h", b"-L"))
        if stat is None:
            return False
        if operator == b"-e":
            return True
        if operator == b"-s":
            return stat.size > 0
        if operator == b"-O":
            return stat.uid == await self.sys.geteuid()
        if operator == b"-G":
            return stat.gid == await self.sys.getegid()
        if operator in _MODE_BITS:
            return bool(stat.mode & _MODE_BITS[operator])
        return stat.mode & flags.S_IFMT == _TYPES[operator]


_ACCESS = {b"-r": flags.R_OK, b"-w": flags.W_OK, b"-x": flags.X_OK}
_MODE_BITS = {b"-u": flags.S_ISUID, b"-g": flags.S_ISGID, b"-k": flags.S_ISVTX}
_TYPES = {
    b"-f": flags.S_IFREG,
    b"-d": flags.S_IFDIR,
    b"-c": flags.S_IFCHR,
    b"-b": flags.S_IFBLK,
    b"-p": flags.S_IFIFO,
    b"-S": flags.S_IFSOCK,
    b"-h": flags.S_IFLNK,
    b"-L": flags.S_IFLNK,
}


async def evaluate(sys: Sys, args: Sequence[bytes], *, gnu: bool = False) -> bool:
    """Whether the expression (without ``[`` and ``]``) is true. Raises :class:`TestError`."""
    words = list(args)
    binary = _BINARY | {b"=="} if gnu else _BINARY
    invert = False
    while True:
        count = len(words)
        if count < 1:
            return invert
        if count == 3 and words[1] in binary:
            return invert ^ await _Parser(sys, words, binary).relation()
        if count in (3, 4):
            if words[0] == _LEFT and words[-1] == _RIGHT:
                words = words[1:-1]
            elif words[0] == _NOT:
                invert = not invert
                words = words[1:]
                continue
        break
    parser = _Parser(sys, words, binary)
    result = await parser.either()
    rest = words[parser.at :]
    if len(rest) > 1:
        raise TestError(UNEXPECTED, rest[0])
    return invert ^ result


async def unary(sys: Sys, operator: bytes, operand: bytes) -> bool:
    """One unary primary, such as ``-f file``."""
    return await _Parser(sys, [], _BINARY)._unary(operator, operand)
