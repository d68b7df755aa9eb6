"""Which sockets: states, and expressions about addresses and ports (ss(8))."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minios.abi.inet import mask, parse_ip

STATES = {
    b"established": 1, b"syn-sent": 2, b"syn-recv": 3, b"fin-wait-1": 4, b"fin-wait-2": 5,
    b"time-wait": 6, b"unconnected": 7, b"closed": 7, b"close-wait": 8, b"last-ack": 9,
    b"listening": 10, b"closing": 11,
}  # fmt: skip
ALL = 0xFFE
LISTENING = 1 << 10
CLOSED = 1 << 7
CONNECTED = ALL & ~(LISTENING | CLOSED | 1 << 6 | 1 << 3)
"""What is shown without -a and -l."""

_GROUPS = {
    b"all": ALL,
    b"connected": ALL & ~(LISTENING | CLOSED),
    b"synchronized": ALL & ~(LISTENING | CLOSED | 1 << 2),
    b"bucket": 1 << 3 | 1 << 6,
    b"big": ALL & ~(1 << 3 | 1 << 6),
}


class FilterError(Exception):
    """What is wrong with a filter: lines for standard error, and the exit status."""

    def __init__(self, text: bytes, status: int, *, usage: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.usage = usage


def states_of(name: bytes) -> int:
    """A mask of states by one's name or a group's."""
    found = _GROUPS.get(name)
    if found is not None:
        return found
    for known, number in STATES.items():
        if known == name:
            return 1 << number
    if name == b"listen":
        return LISTENING
    raise FilterError(b"ss: wrong state name: " + name, 255)


@dataclass(frozen=True, slots=True)
class Ends:
    """What an expression looks at. Addresses of other families than IPv4 are None."""

    local: int | None
    lport: int
    remote: int | None
    rport: int
    device: bytes = b""
    name: bytes = b""


Test = Callable[[Ends], bool]

_OPERATORS = {
    b"=": "=", b"==": "=", b"eq": "=", b"!=": "!", b"ne": "!", b"neq": "!", b">=": ">=",
    b"ge": ">=", b"geq": ">=", b"<=": "<=", b"le": "<=", b"leq": "<=", b">": ">", b"gt": ">",
    b"<": "<", b"lt": "<",
}  # fmt: skip
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "=": lambda a, b: a == b,
    "!": lambda a, b: a != b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}
_SUBJECTS = (b"dst", b"src", b"dport", b"sport", b"dev")

DEPTH = 64
"""Brackets within brackets."""


class Parser:
    """Reads an expression; ``port_of`` finds a service's port by its name, or None."""

    def __init__(self, words: list[bytes], port_of: Callable[[bytes], int | None]) -> None:
        self._words = _tokens(words)
        self._at = 0
        self._depth = 0
        self._port_of = port_of

    def parse(self) -> Test | None:
        """FilterError. None for an empty expression."""
        if not self._words:
            return None
        test = self._either()
        if self._at < len(self._words):
            raise _syntax()
        return test

    def _peek(self) -> bytes:
        return self._words[self._at] if self._at < len(self._words) else b""

    def _next(self) -> bytes:
        word = self._peek()
        self._at += 1
        return word

    def _either(self) -> Test:
        test = self._both()
        while self._peek() in (b"or", b"|", b"||"):
            self._at += 1
            test = _or(test, self._both())
        return test

    def _both(self) -> Test:
        test = self._one()
        while True:
            word = self._peek()
            if word in (b"and", b"&", b"&&"):
                self._at += 1
            elif not word or word in (b"or", b"|", b"||", b")"):
                return test
            test = _and(test, self._one())

    def _one(self) -> Test:
        word = self._next()
        if word in (b"not", b"!"):
            inner = self._one()
            return lambda ends: not inner(ends)
        if word == b"(":
            self._depth += 1
            if self._depth > DEPTH:
                raise _syntax()
            inner = self._either()
            if self._next() != b")":
                raise _syntax()
            self._depth -= 1
            return inner
        if not word or word == b")" or word in _OPERATORS:
            raise _syntax()
        if word not in _SUBJECTS:
            return self._host(b"dst", "=", word)
        operator = "="
        if self._peek() in _OPERATORS:
            operator = _OPERATORS[self._next()]
        value = self._next()
        if not value or value in (b"(", b")"):
            raise _syntax()
        if word == b"dev":
            name = value
            return lambda ends: (ends.device == name) == (operator == "=")
        if word in (b"dport", b"sport"):
            return self._port(word, operator, value)
        return self._host(word, operator, value)

    def _port(self, side: bytes, operator: str, value: bytes) -> Test:
        port = self._number(value.rpartition(b":")[2])
        compare = _COMPARE[operator]
        if side == b"sport":
            return lambda ends: compare(ends.lport, port)
        return lambda ends: compare(ends.rport, port)

    def _number(self, text: bytes) -> int:
        if text.isdigit() and len(text) <= 5:
            return int(text)
        port = self._port_of(text)
        if port is None:
            raise FilterError(b'Error: "' + text + b'" does not look like a port.', 1)
        return port

    def _host(self, side: bytes, operator: str, value: bytes) -> Test:
        """``[ADDRESS[/LENGTH]][:PORT]``."""
        text, colon, service = value.partition(b":")
        port = None
        if colon and service not in (b"", b"*"):
            port = self._number(service)
        address, length = 0, 0
        if text not in (b"", b"*"):
            host, slash, bits = text.partition(b"/")
            try:
                address = parse_ip(host.decode("latin-1"))
                length = int(bits) if slash else 32
                if not 0 <= length <= 32:
                    raise ValueError
            except ValueError:
                raise FilterError(
                    b'Error: an inet prefix is expected rather than "' + text + b'".\n'
                    b"Cannot parse dst/src address.", 1,
                ) from None  # fmt: skip
        bits_ = mask(length)
        local = side == b"src"

        def test(ends: Ends) -> bool:
            ip, number = (ends.local, ends.lport) if local else (ends.remote, ends.rport)
            if length and (ip is None or (ip ^ address) & bits_):
                return False
            return port is None or number == port

        return test if operator != "!" else lambda ends: not test(ends)


def _and(one: Test, other: Test) -> Test:
    return lambda ends: one(ends) and other(ends)


def _or(one: Test, other: Test) -> Test:
    return lambda ends: one(ends) or other(ends)


def _tokens(words: list[bytes]) -> list[bytes]:
    """Words of the command line, and within them brackets and ``!`` as words of their own."""
    found: list[bytes] = []
    for word in b" ".join(words).replace(b"(", b" ( ").replace(b")", b" ) ").split():
        if word[:1] == b"!" and len(word) > 1 and word != b"!=":
            found += [b"!", word[1:]]
        else:
            found.append(word)
    return found


def _syntax() -> FilterError:
    return FilterError(
        b'ss: bison bellows (while parsing filter): "syntax error!" Sorry.', 255, usage=True
    )
