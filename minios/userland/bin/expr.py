"""expr(1)."""

from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.regex import Regex, RegexError, Syntax, compile

USAGE = """
Usage: expr EXPRESSION
Print the value of EXPRESSION; the operators, the weakest first:
  A | B, A & B                  A if it is neither null nor 0; else B, or 0
  < <= = != >= >                comparison
  + - * / %                     arithmetic on integers
  STRING : REGEXP               how much REGEXP (anchored) matches, or its \\(...\\)
  match STRING REGEXP, substr STRING POS LENGTH, index STRING CHARS, length STRING
  + TOKEN                       TOKEN as a string; ( EXPRESSION )
"""

_SYNTAX = Syntax(False)
_DIGITS = 4000
"""Integers may have this many digits."""
_DEPTH = 40
_COMPARISONS = frozenset((b"<", b"<=", b"=", b"==", b"!=", b">=", b">"))

Value = bytes | int


@program(USAGE, trouble=2)
async def expr(tool: Tool) -> int:
    """Evaluate an expression."""
    args = tool.argv[1:]
    if len(args) == 1 and args[0] in (b"--help", b"--version"):
        tool.options.flags.append((args[0][2:].decode(), None))
        await tool.describe(USAGE)
        return 0
    if args[:1] == [b"--"]:
        args = args[1:]
    if not args:
        raise Failure(b"missing operand", hint=True)
    parser = _Parser(tool, args)
    value = await parser.either(evaluate=True)
    if parser.at < len(args):
        raise Failure(b"syntax error: unexpected argument " + quote(args[parser.at]))
    await tool.line(_text(value))
    return 1 if _is_null(value) else 0


def _text(value: Value) -> bytes:
    return b"%d" % value if isinstance(value, int) else value


def _is_integer(text: bytes) -> bool:
    digits = text[1:] if text[:1] == b"-" else text
    return digits.isdigit()


def _is_null(value: Value) -> bool:
    if isinstance(value, int):
        return value == 0
    digits = value[1:] if value[:1] == b"-" else value
    return not value or (bool(digits) and not digits.strip(b"0"))


def _integer(value: Value) -> int:
    if isinstance(value, int):
        return value
    if not _is_integer(value):
        raise Failure(b"non-integer argument")
    if len(value) > _DIGITS:
        raise Failure(b"memory exhausted")
    return int(value)


class _Parser:
    """Recursive descent; what ``&`` and ``|`` do not need is read but not evaluated."""

    def __init__(self, tool: Tool, args: list[bytes]) -> None:
        self.tool = tool
        self.args = args
        self.at = 0
        self.depth = 0

    def next_is(self, word: bytes) -> bool:
        if self.at < len(self.args) and self.args[self.at] == word:
            self.at += 1
            return True
        return False

    def more(self) -> None:
        """There must be another argument."""
        if self.at >= len(self.args):
            text = b"syntax error: missing argument after "
            raise Failure(text + quote(self.args[self.at - 1]))

    async def either(self, *, evaluate: bool) -> Value:
        left = await self.both(evaluate=evaluate)
        while self.next_is(b"|"):
            right = await self.both(evaluate=evaluate and _is_null(left))
            if _is_null(left):
                left = 0 if _is_null(right) else right
        return left

    async def both(self, *, evaluate: bool) -> Value:
        left = await self.comparison(evaluate=evaluate)
        while self.next_is(b"&"):
            right = await self.comparison(evaluate=evaluate and not _is_null(left))
            if _is_null(left) or _is_null(right):
                left = 0
        return left

    async def comparison(self, *, evaluate: bool) -> Value:
        left = await self.sum(evaluate=evaluate)
        while self.at < len(self.args) and self.args[self.at] in _COMPARISONS:
            operator = self.args[self.at]
            self.at += 1
            right = await self.sum(evaluate=evaluate)
            left = int(evaluate and _compare(operator, left, right))
        return left

    async def sum(self, *, evaluate: bool) -> Value:
        left = await self.product(evaluate=evaluate)
        while True:
            if self.next_is(b"+"):
                sign = 1
            elif self.next_is(b"-"):
                sign = -1
            else:
                return left
            right = await self.product(evaluate=evaluate)
            if evaluate:
                left = self.bounded(_integer(left) + sign * _integer(right))

    async def product(self, *, evaluate: bool) -> Value:
        left = await self.matching(evaluate=evaluate)
        while self.at < len(self.args) and self.args[self.at] in (b"*", b"/", b"%"):
            operator = self.args[self.at]
            self.at += 1
            right = await self.matching(evaluate=evaluate)
            if evaluate:
                left = self.bounded(_multiply(operator, _integer(left), _integer(right)))
                await self.tool.sys.compute(20)
        return left

    def bounded(self, value: int) -> int:
        if value.bit_length() > _DIGITS * 3:
            raise Failure(b"memory exhausted")
        return value

    async def matching(self, *, evaluate: bool) -> Value:
        left = await self.prefix(evaluate=evaluate)
        while self.next_is(b":"):
            right = await self.prefix(evaluate=evaluate)
            if evaluate:
                left = await self.match(_text(left), _text(right))
        return left

    async def prefix(self, *, evaluate: bool) -> Value:
        """The operators that are words, ``+ TOKEN``, parentheses and strings."""
        self.more()
        if self.next_is(b"+"):
            self.more()
            self.at += 1
            return self.args[self.at - 1]
        if self.next_is(b"length"):
            return len(_text(await self.prefix(evaluate=evaluate)))
        if self.next_is(b"match"):
            left = await self.prefix(evaluate=evaluate)
            right = await self.prefix(evaluate=evaluate)
            return await self.match(_text(left), _text(right)) if evaluate else left
        if self.next_is(b"index"):
            left = await self.prefix(evaluate=evaluate)
            chars = _text(await self.prefix(evaluate=evaluate))
            found = (n for n, c in enumerate(_text(left), 1) if c in chars)
            return next(found, 0)
        if self.next_is(b"substr"):
            text = _text(await self.prefix(evaluate=evaluate))
            position = await self.prefix(evaluate=evaluate)
            length = await self.prefix(evaluate=evaluate)
            return _substr(text, position, length)
        if self.next_is(b"("):
            return await self.parenthesis(evaluate=evaluate)
        if self.next_is(b")"):
            raise Failure(b"syntax error: unexpected ')'")
        self.at += 1
        return self.args[self.at - 1]

    async def parenthesis(self, *, evaluate: bool) -> Value:
        self.depth += 1
        if self.depth > _DEPTH:
            raise Failure(b"memory exhausted")
        value = await self.either(evaluate=evaluate)
        self.depth -= 1
        if self.at >= len(self.args):
            text = b"syntax error: expecting ')' after "
            raise Failure(text + quote(self.args[self.at - 1]))
        if not self.next_is(b")"):
            text = b"syntax error: expecting ')' instead of "
            raise Failure(text + quote(self.args[self.at]))
        return value

    async def match(self, text: bytes, pattern: bytes) -> Value:
        """``TEXT : PATTERN``: the first group, or the length of the match at the beginning."""
        regex: Regex | None = None
        try:
            regex = compile(pattern, syntax=_SYNTAX)
            await self.tool.retain(regex.size)
            end = regex.match(text)
            found = regex.search(text) if end >= 0 and regex.groups else None
        except RegexError as err:
            raise Failure(str(err).encode()) from None
        await self.tool.sys.compute(regex.spent())
        if regex.groups:
            return found.group(1) if found is not None else b""
        return max(end, 0)


def _multiply(operator: bytes, left: int, right: int) -> int:
    if operator == b"*":
        return left * right
    if right == 0:
        raise Failure(b"division by zero")
    quotient = abs(left) // abs(right)
    if (left < 0) != (right < 0):
        quotient = -quotient
    return quotient if operator == b"/" else left - quotient * right


def _compare(operator: bytes, left: Value, right: Value) -> bool:
    """As integers if both are, else as strings."""
    a, b = _text(left), _text(right)
    order: int
    if _is_integer(a) and _is_integer(b):
        one, two = _integer(a), _integer(b)
        order = (one > two) - (one < two)
    else:
        order = (a > b) - (a < b)
    match operator:
        case b"<":
            return order < 0
        case b"<=":
            return order <= 0
        case b">":
            return order > 0
        case b">=":
            return order >= 0
        case b"!=":
            return order != 0
    return order == 0


def _substr(text: bytes, position: Value, length: Value) -> bytes:
    first, count = _text(position), _text(length)
    if not _is_integer(first) or not _is_integer(count):
        return b""
    start, size = _integer(first), _integer(count)
    if start <= 0 or size <= 0:
        return b""
    return text[start - 1 : start - 1 + size]
