"""test(1) and [(1), with GNU's grammar, which differs from the shell's in what is an error."""

from minios.abi.records import Stat
from minios.userland.lib import testexpr
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote

USAGE = """
Usage: test EXPRESSION, or [ EXPRESSION ]
Exit with 0 if EXPRESSION is true, with 1 if not, with 2 if it is none.
  -e -f -d -L -h -p -S -b -c    exists; regular file, directory, link, pipe, socket, device
  -r -w -x -O -G -u -g -k -s -N    readable, writable, executable, own, mode bits, not empty
  -n -z = != -eq -ne -lt -le -gt -ge -nt -ot -ef    strings, numbers, files
  ! EXPR, EXPR -a EXPR, EXPR -o EXPR, ( EXPR )
"""

_BINARY = frozenset(b"= == != -nt -ot -ef -eq -ne -lt -le -gt -ge".split())
_NUMERIC = frozenset(b"-eq -ne -lt -le -gt -ge".split())
_UNARY = frozenset(b"-e -r -w -x -N -O -G -f -d -s -S -c -b -p -L -h -u -g -k -n -z -t".split())
_DEPTH = 60
"""Parentheses may be nested this deep."""


@program(USAGE, trouble=2)
async def test(tool: Tool) -> int:
    """Evaluate an expression."""
    args = tool.argv[1:]
    if tool.name.rpartition(b"/")[2] == b"[":
        if len(args) == 1 and args[0] in (b"--help", b"--version"):
            tool.options.flags.append((args[0][2:].decode(), None))
            await tool.describe(USAGE)
            return 0
        if args[-1:] != [b"]"]:
            raise Failure(b"missing " + quote(b"]"))
        args.pop()
    if not args:
        return 1
    expression = _Expression(tool, args)
    try:
        value = await expression.posix(len(args))
    except testexpr.TestError as err:
        raise Failure(b"invalid integer " + quote(err.word)) from None
    if expression.at != len(args):
        raise Failure(b"extra argument " + quote(args[expression.at]))
    return 0 if value else 1


class _Expression:
    """The arguments, and how far they are read."""

    def __init__(self, tool: Tool, args: list[bytes]) -> None:
        self.sys = tool.sys
        self.args = args
        self.at = 0
        self.depth = 0

    def beyond(self) -> Failure:
        return Failure(b"missing argument after " + quote(self.args[-1]))

    def advance(self, *, more: bool = False) -> None:
        self.at += 1
        if more and self.at >= len(self.args):
            raise self.beyond()

    def has(self, word: bytes, offset: int = 0) -> bool:
        at = self.at + offset
        return at < len(self.args) and self.args[at] == word

    async def posix(self, count: int) -> bool:
        """The next ``count`` arguments, by XCU test's rules for up to four of them."""
        if count == 1:
            return self.one()
        if count == 2:
            return await self.two()
        if count == 3:
            return await self.three()
        if count == 4:
            if self.has(b"!"):
                self.advance(more=True)
                return not await self.three()
            if self.has(b"(") and self.has(b")", 3):
                self.advance()
                value = await self.two()
                self.advance()
                return value
        return await self.either()

    def one(self) -> bool:
        self.at += 1
        return self.args[self.at - 1] != b""

    async def two(self) -> bool:
        word = self.args[self.at]
        if word == b"!":
            self.advance()
            return not self.one()
        if word[:1] == b"-" and len(word) == 2:
            return await self.unary()
        raise self.beyond()

    async def three(self) -> bool:
        middle = self.args[self.at + 1]
        if middle in _BINARY:
            return await self.binary()
        if self.has(b"!"):
            self.advance(more=True)
            return not await self.two()
        if self.has(b"(") and self.has(b")", 2):
            self.advance()
            value = self.one()
            self.advance()
            return value
        if middle in (b"-a", b"-o"):
            return await self.either()
        raise Failure(quote(middle) + b": binary operator expected")

    async def either(self) -> bool:
        if self.at >= len(self.args):
            raise self.beyond()
        value = await self.both()
        while self.has(b"-o"):
            self.advance()
            value |= await self.both()
        return value

    async def both(self) -> bool:
        value = await self.term()
        while self.has(b"-a"):
            self.advance()
            value &= await self.term()
        return value

    async def term(self) -> bool:
        negated = False
        while self.has(b"!"):
            self.advance(more=True)
            negated = not negated
        if self.at >= len(self.args):
            raise self.beyond()
        left = len(self.args) - self.at
        word = self.args[self.at]
        if word == b"(":
            value = await self.parenthesis()
        elif left >= 4 and word == b"-l" and self.args[self.at + 2] in _BINARY:
            self.advance()
            value = await self.binary(length=True)
        elif left >= 3 and self.args[self.at + 1] in _BINARY:
            value = await self.binary()
        elif word[:1] == b"-" and len(word) == 2:
            value = await self.unary()
        else:
            value = self.one()
        return negated ^ value

    async def parenthesis(self) -> bool:
        self.advance(more=True)
        self.depth += 1
        if self.depth > _DEPTH:
            raise Failure(quote(b")") + b" expected")
        count = 1
        while self.at + count < len(self.args) and self.args[self.at + count] != b")":
            if count == 4:
                count = len(self.args) - self.at
                break
            count += 1
        value = await self.posix(count)
        self.depth -= 1
        if self.at >= len(self.args):
            raise Failure(quote(b")") + b" expected")
        if not self.has(b")"):
            raise Failure(quote(b")") + b" expected, found " + quote(self.args[self.at]))
        self.advance()
        return value

    async def unary(self) -> bool:
        operator = self.args[self.at]
        if operator not in _UNARY:
            raise Failure(quote(operator) + b": unary operator expected")
        self.advance(more=True)
        operand = self.args[self.at]
        self.at += 1
        if operator == b"-N":
            try:
                st = await self.sys.stat(operand)
            except OSError:
                return False
            return st.mtime > st.atime
        return await testexpr.unary(self.sys, operator, operand)

    async def binary(self, *, length: bool = False) -> bool:
        """``LEFT OP RIGHT``; a number may be written as ``-l STRING``, the length of it."""
        left, operator = self.args[self.at], self.args[self.at + 1]
        self.at += 2
        right_length = self.has(b"-l") and self.at + 1 < len(self.args)
        if right_length and operator in _NUMERIC:
            self.at += 1
        elif self.at >= len(self.args):
            raise self.beyond()
        right = self.args[self.at]
        self.at += 1
        if operator in _NUMERIC:
            a = len(left) if length else _number(left)
            b = len(right) if right_length else _number(right)
            return bool({
                b"-eq": a == b, b"-ne": a != b, b"-lt": a < b, b"-le": a <= b, b"-gt": a > b,
                b"-ge": a >= b,
            }[operator])  # fmt: skip
        if operator in (b"-nt", b"-ot", b"-ef"):
            if length or right_length:
                raise Failure(operator + b" does not accept -l")
            return await self.files(left, operator, right)
        return (left == right) ^ (operator == b"!=")

    async def files(self, left: bytes, operator: bytes, right: bytes) -> bool:
        """A file that does not exist is older than any that does."""
        stats: list[Stat | None] = []
        for path in (left, right):
            try:
                stats.append(await self.sys.stat(path))
            except OSError:
                stats.append(None)
        one, two = stats
        if operator == b"-ef":
            return one is not None and two is not None and one[:2] == two[:2]
        if operator == b"-ot":
            one, two = two, one
        return one is not None and (two is None or one.mtime > two.mtime)


def _number(text: bytes) -> int:
    """An integer of any size, with blanks around it."""
    body = text.strip(b" \t\n\v\f\r")
    digits = body[1:] if body[:1] in (b"-", b"+") else body
    if not digits.isdigit() or len(digits) > 4000:
        raise testexpr.TestError(testexpr.NUMBER, text)
    return int(body)
