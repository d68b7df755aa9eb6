"""Filter expressions compiled to tests of packets (pcap-filter(7)).

``and`` and ``or`` bind equally and to the left, ``not`` binds tighter. An id without qualifiers
takes those of the one before it. What follows a ``vlan`` looks behind the tag.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minios.userland.bin.tcpdump.match import (
    Beyond,
    Meta,
    Test,
    Value,
    both,
    either,
    load,
    negated,
)
from minios.userland.bin.tcpdump.primitives import (
    ETHERTYPES,
    PROTOCOLS,
    QUALIFIERS,
    Head,
    Known,
    Primitives,
)
from minios.userland.bin.tcpdump.tokens import (
    KEYWORDS,
    SYNTAX,
    BadFilter,
)

_TYPES = ("host", "net", "port", "portrange", "proto", "gateway")
_RELATIONS: dict[str, Callable[[int, int], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
_WORD = 0xFFFF_FFFF
_OPERATORS: dict[str, tuple[int, Callable[[int, int], int]]] = {
    "|": (1, lambda a, b: a | b),
    "^": (1, lambda a, b: a ^ b),
    "&": (2, lambda a, b: a & b),
    "<<": (3, lambda a, b: a << b & _WORD if b < 32 else 0),
    ">>": (3, lambda a, b: a >> b if b < 32 else 0),
    "+": (4, lambda a, b: a + b & _WORD),
    "-": (4, lambda a, b: a - b & _WORD),
    "*": (5, lambda a, b: a * b & _WORD),
    "/": (5, lambda a, b: a // b),
    "%": (5, lambda a, b: a % b),
}


@dataclass(frozen=True, slots=True)
class Term:
    """Arithmetic: a value, what it is known to be, and the tests under which it can be read."""

    value: Value
    constant: int | None = None
    guards: tuple[Test, ...] = ()


class Filter:
    """A compiled expression; ``matches(packet, meta)``."""

    def __init__(self, test: Test) -> None:
        self._test = test

    def matches(self, p: bytes, meta: Meta) -> bool:
        """Whether the packet is wanted."""
        try:
            return self._test(p, meta)
        except Beyond:
            return False


def compiled(text: str, linktype: int, known: Known, netmask: int = 0, live: bool = True) -> Filter:
    """The filter of an expression. BadFilter if it is none, UnknownName for what to look up."""
    if not text.strip():
        return Filter(lambda p, m: True)
    return Filter(_Compiler(text, linktype, known, netmask, live).whole())


class _Compiler(Primitives):
    # -- the grammar ---------------------------------------------------------------------------

    def whole(self) -> Test:
        test = self.expression()[0]
        if self.here.kind != "end":
            raise BadFilter(SYNTAX)
        return test

    def expression(self) -> tuple[Test, Head | None]:
        test, head = self.term(None)
        while True:
            self.more()
            word = self.took("and", "or")
            if not word:
                return test, head
            other, head = self.term(head)
            test = both(test, other) if word == "and" else either(test, other)

    def term(self, before: Head | None) -> tuple[Test, Head | None]:
        self.deeper()
        try:
            if self.took("not"):
                test, head = self.term(before)
                return negated(test), head
            if self.here.text == "(" and not self._is_relation():
                self.at += 1
                if before is not None and self.here.kind in ("number", "dotted", "mac", "name"):
                    test = self.ids(before)
                    self.expect(")")
                    return test, before
                test, inner = self.expression()
                self.expect(")")
                return test, inner
            return self.primitive(before)
        finally:
            self.depth -= 1

    def _is_relation(self) -> bool:
        """Whether what begins here is arithmetic: a relation follows before an and or the end."""
        depth = 0
        KEYWORDS - QUALIFIERS - {"len"}
        token = self.here
        if token.kind == "word" and token.text not in QUALIFIERS and token.text != "len":
            return False
        if token.kind in ("dotted", "mac", "name"):
            return False
        if token.kind == "word" and token.text != "len" and self.tokens[self.at + 1].text != "[":
            return False
        for token in self.tokens[self.at :]:
            if token.text in ("(", "["):
                depth += 1
            elif token.text in (")", "]"):
                depth -= 1
                if depth < 0:
                    return False
            elif token.kind == "end" or (
                token.kind == "word" and token.text not in QUALIFIERS and token.text != "len"
            ):
                return False
            elif not depth and token.text in _RELATIONS:
                return True
        return False

    def primitive(self, before: Head | None) -> tuple[Test, Head | None]:
        token = self.here
        if self._is_relation():
            return self.relation(), None
        if token.kind in ("number", "dotted", "mac", "name"):
            if before is None:
                raise BadFilter(SYNTAX)
            return self.identifier(before), before
        if token.kind != "word":
            raise BadFilter(SYNTAX)
        special = getattr(self, f"_special_{token.text}", None)
        if special is not None:
            self.at += 1
            test: Test = special()
            return test, None
        head = self.head()
        if head is None:
            raise BadFilter(SYNTAX)
        if not head.type and head.way == "alone":
            return self.named(head.proto), None
        if self.took("("):
            test = self.ids(head)
            self.expect(")")
            return test, head
        return self.identifier(head), head

    def ids(self, head: Head) -> Test:
        """Several ids in parentheses with the qualifiers in front of them."""
        inverted = bool(self.took("not"))
        test = self.identifier(head)
        test = negated(test) if inverted else test
        while word := self.took("and", "or"):
            inverted = bool(self.took("not"))
            other = self.identifier(head)
            other = negated(other) if inverted else other
            test = both(test, other) if word == "and" else either(test, other)
        return test

    def head(self) -> Head | None:
        """The qualifiers that are here: protocol, direction, type."""
        proto = self.took(*QUALIFIERS)
        if proto and self.took("broadcast"):
            return Head(f"{proto} broadcast", "alone")
        if proto and self.took("multicast"):
            return Head(f"{proto} multicast", "alone")
        way = self.took("src", "dst")
        if way:
            mark = self.at
            word = self.took("and", "or")
            if word and self.took("src", "dst") not in ("", way):
                way = word
            else:
                self.at = mark
        kind = self.took(*_TYPES)
        if not proto and not way and not kind:
            return None
        if proto and not way and not kind and not self._has_id():
            return Head(proto, "alone")
        return Head(proto, way or "or", kind)

    def _has_id(self) -> bool:
        return self.here.kind in ("number", "dotted", "mac", "name")

    # -- arithmetic ----------------------------------------------------------------------------

    def relation(self) -> Test:
        left = self.arithmetic(0)
        name = self.next().text
        relation = _RELATIONS.get(name)
        if relation is None:
            raise BadFilter(SYNTAX)
        right = self.arithmetic(0)
        guards = (*left.guards, *right.guards)
        one, other = left.value, right.value

        def test(p: bytes, m: Meta) -> bool:
            return all(guard(p, m) for guard in guards) and relation(one(p, m), other(p, m))

        return test

    def arithmetic(self, level: int) -> Term:
        self.deeper()
        left = self.operand()
        while True:
            token = self.here
            found = _OPERATORS.get(token.text) if token.kind == "op" else None
            if found is None or found[0] <= level:
                self.depth -= 1
                return left
            self.at += 1
            right = self.arithmetic(found[0])
            left = self._combined(token.text, left, right)

    def _combined(self, name: str, left: Term, right: Term) -> Term:
        operator = _OPERATORS[name][1]
        self.more()
        if name in "/%" and right.constant == 0:
            raise BadFilter("division by zero" if name == "/" else "modulus by zero")
        guards = (*left.guards, *right.guards)
        one, other = left.value, right.value
        if left.constant is not None and right.constant is not None:
            number = operator(left.constant, right.constant)
            return Term(lambda p, m: number, number)

        def value(p: bytes, m: Meta) -> int:
            b = other(p, m)
            if not b and name in "/%":
                raise Beyond
            return operator(one(p, m), b)

        return Term(value, None, guards)

    def operand(self) -> Term:
        self.deeper()
        try:
            if self.took("-"):
                inner = self.operand()
                zero = Term(lambda p, m: 0, 0)
                return self._combined("-", zero, inner)
            if self.took("("):
                inner = self.arithmetic(0)
                self.expect(")")
                return inner
            if self.took("len"):
                return Term(lambda p, m: m.length)
            token = self.next()
            if token.kind == "number":
                number = token.value
                return Term(lambda p, m: number, number)
            if token.kind == "word" and token.text in QUALIFIERS:
                return self.access(token.text)
            raise BadFilter(SYNTAX)
        finally:
            self.depth -= 1

    def access(self, proto: str) -> Term:
        """``proto [ index : size ]``."""
        self.expect("[")
        index = self.arithmetic(0)
        size = 1
        if self.took(":"):
            token = self.next()
            if token.kind != "number":
                raise BadFilter(SYNTAX)
            size = token.value
            if size not in (1, 2, 4):
                raise BadFilter("data size must be 1, 2, or 4")
        self.expect("]")
        where, layout = index.value, self.layout
        if proto == "ether":
            return Term(lambda p, m: load(p, where(p, m), size), None, index.guards)
        if proto in ETHERTYPES:
            base = layout.network
            guards = (layout.type_is(ETHERTYPES[proto]), *index.guards)
            return Term(lambda p, m: load(p, base + where(p, m), size), None, guards)
        guards = (layout.carries(PROTOCOLS[proto]), layout.first(), *index.guards)
        return Term(lambda p, m: load(p, layout.transport(p) + where(p, m), size), None, guards)
