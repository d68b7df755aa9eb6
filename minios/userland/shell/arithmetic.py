"""Arithmetic expansion (XCU 2.6.4): signed 64-bit integers, C's operators, evaluated as read.

The pending operators are kept on an explicit stack: nesting costs no recursion. A long expression
is read step by step, for whoever drives it to pay.
"""

from typing import Protocol

from minios.userland.lib.steps import Steps, at_once
from minios.userland.shell.errors import ShellError
from minios.userland.shell.words import NAME_CHARS, NAME_START


class Variables(Protocol):
    """What an expression reads and assigns."""

    def get_number(self, name: bytes) -> int: ...

    def set_number(self, name: bytes, value: int) -> None: ...


_PRECEDENCE = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6,
    "<": 7, "<=": 7, ">": 7, ">=": 7, "<<": 8, ">>": 8,
    "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
_ASSIGNMENTS = frozenset(["=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "^=", "|="])
_OPERATORS = _ASSIGNMENTS | frozenset(_PRECEDENCE) | frozenset(["?", ":", "(", ")", "!", "~"])
STEP = 512
"""Tokens between two yields."""

_NUMBER, _NAME, _END, _BAD = "number", "name", "end", "bad"

INT64_MAX = (1 << 63) - 1
INT64_MIN = -(1 << 63)


def wrap(value: int) -> int:
    """``value`` as a two's complement 64-bit integer."""
    return ((value + (1 << 63)) & ((1 << 64) - 1)) - (1 << 63)


def scan_number(text: bytes, pos: int) -> tuple[int, int]:
    """The C integer constant at ``pos`` (a digit) and where it ends, as strtoimax(3) base 0."""
    end = len(text)
    base, start = 10, pos
    if text[pos] == 0x30:
        base = 8
        if text[pos + 1 : pos + 2] in (b"x", b"X") and _digit(text, pos + 2) < 16:
            base, start = 16, pos + 2
    pos = start
    value = 0
    while pos < end and (digit := _digit(text, pos)) < base:
        if value <= INT64_MAX:
            value = value * base + digit
        pos += 1
    return min(value, INT64_MAX), pos


def _digit(text: bytes, pos: int) -> int:
    if pos >= len(text):
        return 99
    char = text[pos] | 0x20
    if 0x30 <= text[pos] <= 0x39:
        return text[pos] - 0x30
    return char - 0x57 if 0x61 <= char <= 0x66 else 99


def parse_number(text: bytes) -> int | None:
    """A whole variable value as a number (decimal, octal or hexadecimal, signed); None if none."""
    body = text.strip(b" \t\n\v\f\r")
    if not body:
        return 0
    negative = body[:1] == b"-"
    if body[:1] in (b"-", b"+"):
        body = body[1:]
    if not body[:1].isdigit():
        return None
    value, end = scan_number(body, 0)
    if end != len(body):
        return None
    if value == INT64_MAX and body.lstrip(b"0") not in (
        b"9223372036854775807",
        b"777777777777777777777",
    ):
        exact = _exact(body)
        if negative and exact == 1 << 63:
            return INT64_MIN
        if exact > INT64_MAX:
            return None
    return -value if negative else value


def _exact(digits: bytes) -> int:
    """The value of a constant, or something too large when it has more digits than any int64."""
    if len(digits) > 24:
        return 1 << 64
    lower = digits.lower()
    base = 16 if lower.startswith(b"0x") else 8 if lower.startswith(b"0") else 10
    return int(lower.removeprefix(b"0x"), base)


def binary(op: str, a: int, b: int) -> int:
    """One of C's binary operators; ZeroDivisionError for ``/`` and ``%`` by zero."""
    if op == "+":
        return wrap(a + b)
    if op == "-":
        return wrap(a - b)
    if op == "*":
        return wrap(a * b)
    if op in ("/", "%"):
        quotient = abs(a) // abs(b)
        if (a < 0) != (b < 0):
            quotient = -quotient
        return wrap(quotient) if op == "/" else a - quotient * b
    if op == "<":
        return int(a < b)
    if op == ">":
        return int(a > b)
    if op == "==":
        return int(a == b)
    if op == "!=":
        return int(a != b)
    if op == "<=":
        return int(a <= b)
    if op == ">=":
        return int(a >= b)
    if op == "<<":
        return wrap(a << (b & 63))
    if op == ">>":
        return a >> (b & 63)
    if op == "&":
        return a & b
    if op == "|":
        return a | b
    return a ^ b


class _Pending:
    """An operator that waits for its right-hand side."""

    __slots__ = ("kind", "left", "name", "op", "skipped")

    def __init__(
        self, kind: str, op: str = "", left: int = 0, name: bytes = b"", skipped: bool = False
    ) -> None:
        self.kind = kind  # one of ( unary binary ? : =
        self.op = op
        self.left = left
        self.name = name
        self.skipped = skipped  # whether the side now read is not evaluated because of this one


Token = tuple[str, int, bytes]
"""(kind or operator, a number's value, a name)."""

_END_TOKEN: Token = (_END, 0, b"")

_cache: dict[bytes, list[Token]] = {}
_CACHE_SIZE = 512
_CACHED_LENGTH = 128


def tokens_of(text: bytes) -> list[Token]:
    """The tokens of an expression, the end included. Those of short texts are kept."""
    tokens = _cache.get(text)
    if tokens is None:
        tokens = at_once(_scan(text))
        if len(text) <= _CACHED_LENGTH:
            if len(_cache) >= _CACHE_SIZE:
                _cache.clear()
            _cache[text] = tokens
    return tokens


def _scan(text: bytes) -> Steps[list[Token]]:
    tokens: list[Token] = []
    pos, end = 0, len(text)
    while pos < end:
        if not (len(tokens) + 1) % STEP:
            yield
        char = text[pos]
        if char in b" \t\n":
            pos += 1
        elif 0x30 <= char <= 0x39:
            number, pos = scan_number(text, pos)
            tokens.append((_NUMBER, number, b""))
        elif char in NAME_START:
            start = pos
            while pos < end and text[pos] in NAME_CHARS:
                pos += 1
            tokens.append((_NAME, 0, text[start:pos]))
        else:
            for length in (3, 2, 1):
                op = text[pos : pos + length].decode("latin-1")
                if op in _OPERATORS:
                    tokens.append((op, 0, b""))
                    pos += len(op)
                    break
            else:
                tokens.append((_BAD, 0, b""))
                break
    tokens.append(_END_TOKEN)
    return tokens


class _Evaluation:
    def __init__(self, text: bytes, tokens: list[Token], variables: Variables) -> None:
        self.text = text
        self.tokens = tokens
        self.variables = variables
        self.at = 0
        self.token, self.number, self.name = tokens[0]
        self.stack: list[_Pending] = []
        self.skipping = 0

    def fail(self, what: str) -> ShellError:
        return ShellError(b'arithmetic expression: %s: "%s"' % (what.encode(), self.text))

    def advance(self) -> str:
        # Nothing is read past the end or a bad character.
        if self.at < len(self.tokens) - 1:
            self.at += 1
        self.token, self.number, self.name = self.tokens[self.at]
        return self.token

    def run(self) -> Steps[int]:
        steps = 0
        while True:
            while (operand := self._operand()) is None:
                yield
            value = operand
            while True:
                steps += 1
                if not steps % STEP:
                    yield
                value = self._close_unary(value)
                token = self.token
                precedence = _PRECEDENCE.get(token)
                if precedence is not None:
                    value = self._close_binary(value, precedence)
                    self._open("binary", token, value, _short_circuit(token, value))
                    break
                if token == "?":
                    value = self._close_binary(value, 0)
                    self._open("?", token, value, not value)
                    break
                value = self._close_all(value)
                top = self.stack[-1].kind if self.stack else ""
                if top == "(":
                    if token != ")":
                        raise self.fail("expecting ')'")
                    self.stack.pop()
                    self.advance()
                elif top == "?":
                    if token != ":":
                        raise self.fail("expecting ':'")
                    condition = self._pop().left
                    self._open(":", ":", value if condition else 0, bool(condition))
                    break
                elif token is _END:
                    return value
                else:
                    raise self.fail("expecting EOF")

    def _open(self, kind: str, op: str, left: int, skipped: bool) -> None:
        self.skipping += skipped
        self.stack.append(_Pending(kind, op, left, b"", skipped))
        self.advance()

    def _pop(self) -> _Pending:
        pending = self.stack.pop()
        self.skipping -= pending.skipped
        return pending

    def _operand(self) -> int | None:
        """Read up to and with the next number or name; opens what stands before it.

        None when that was so much that it is better to pause.
        """
        for _ in range(STEP):
            token = self.token
            if token == "(":
                self.stack.append(_Pending("("))
                self.advance()
            elif token in ("+", "-", "!", "~"):
                self.stack.append(_Pending("unary", token))
                self.advance()
            elif token is _NUMBER:
                number = self.number
                self.advance()
                return number
            elif token is _NAME:
                name = self.name
                may_assign = not self.stack or self.stack[-1].kind in ("(", "=", "?")
                op = self.advance()
                if may_assign and op in _ASSIGNMENTS:
                    self.stack.append(_Pending("=", op, 0, name))
                    self.advance()
                    continue
                return 0 if self.skipping else self.variables.get_number(name)
            else:
                raise self.fail("expecting primary")
        return None

    def _close_unary(self, value: int) -> int:
        while self.stack and self.stack[-1].kind == "unary":
            op = self._pop().op
            if op == "-":
                value = wrap(-value)
            elif op == "~":
                value = ~value
            elif op == "!":
                value = int(not value)
        return value

    def _close_binary(self, value: int, precedence: int) -> int:
        stack = self.stack
        while stack and stack[-1].kind == "binary" and _PRECEDENCE[stack[-1].op] >= precedence:
            pending = self._pop()
            op, left = pending.op, pending.left
            if op == "&&":
                value = int(bool(left and value))
            elif op == "||":
                value = int(bool(left or value))
            elif not self.skipping:
                if op in ("/", "%") and not value:
                    raise self.fail("division by zero")
                value = binary(op, left, value)
        return value

    def _close_all(self, value: int) -> int:
        """End everything that has no closing token of its own."""
        while self.stack:
            kind = self.stack[-1].kind
            if kind == "binary":
                value = self._close_binary(value, 0)
            elif kind == ":":
                pending = self._pop()
                value = pending.left if pending.skipped else value
            elif kind == "=":
                pending = self._pop()
                if not self.skipping:
                    if pending.op != "=":
                        op = pending.op[:-1]
                        if op in ("/", "%") and not value:
                            raise self.fail("division by zero")
                        value = binary(op, self.variables.get_number(pending.name), value)
                    self.variables.set_number(pending.name, value)
            else:
                break
        return value


def _short_circuit(op: str, left: int) -> bool:
    return (op == "&&" and not left) or (op == "||" and bool(left))


def evaluating(text: bytes, variables: Variables) -> Steps[int]:
    """The value of a long expression, step by step."""
    tokens = yield from _scan(text)
    return (yield from _Evaluation(text, tokens, variables).run())


def evaluate(text: bytes, variables: Variables) -> int:
    """The value of an expression. ShellError with dash's text if it has none."""
    tokens = tokens_of(text)
    count = len(tokens)
    if count == 4:
        # Most expressions are two operands and an operator between them.
        (kind, a, name), (op, _, _), (last, b, other), _ = tokens
        if op in _PLAIN and kind in _OPERANDS and last in _OPERANDS:
            if kind is _NAME:
                a = variables.get_number(name)
            if last is _NAME:
                b = variables.get_number(other)
            if b or (op != "/" and op != "%"):
                return binary(op, a, b)
    elif count == 2:
        kind, a, name = tokens[0]
        if kind is _NUMBER:
            return a
        if kind is _NAME:
            return variables.get_number(name)
    return at_once(_Evaluation(text, tokens, variables).run())


_OPERANDS = (_NUMBER, _NAME)
_PLAIN = frozenset(_PRECEDENCE) - {"&&", "||"}
