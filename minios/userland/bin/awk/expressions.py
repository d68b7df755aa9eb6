"""From the tree of an expression to Python closures that evaluate it.

Operators are functions of their operands' values. Where all operands are pure the whole becomes one
closure, evaluated in one step of the machine; otherwise :mod:`codegen` puts the operands on the
stack first. A function that has an effect has it last, after all that may raise NeedMemory.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any

from minios.userland.bin.awk import builtins
from minios.userland.bin.awk.analysis import Arrays
from minios.userland.bin.awk.lexer import AwkError
from minios.userland.bin.awk.machine import (
    ARGC,
    ARGV,
    ELEMENT,
    ENVIRON,
    SMALL,
    SPECIAL,
    Machine,
    Slot,
    array_size,
    size_of,
)
from minios.userland.bin.awk.parser import LVALUES, Node, Parser
from minios.userland.bin.awk.values import Array, Value, comparison, number, truth
from minios.userland.lib import regex

Get = Callable[[], Any]
Function = Callable[..., Any]
Strict = tuple[Sequence[Node], Function]
"""Operands, and the function of their values."""

_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">": operator.gt,
    ">=": operator.ge,
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": builtins.divide,
    "%": builtins.modulo, "^": builtins.power,
}  # fmt: skip


class Lvalue:
    """``get`` and ``put`` take the values of ``kids`` (subscripts); ``put`` then the new value."""

    __slots__ = ("get", "kids", "put")

    def __init__(self, kids: Sequence[Node], get: Function, put: Function) -> None:
        self.kids = kids
        self.get = get
        self.put = put


class Expressions:
    """Compiles expressions; :class:`~.codegen.Code` adds what needs steps of its own."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self.arrays = Arrays(parser)
        self.scope = ""
        self.places: dict[str, int] = {name: at for at, name in enumerate(SPECIAL)}
        self.places["ENVIRON"], self.places["ARGV"] = ENVIRON, ARGV
        self.globals: list[Slot] = [None] * len(self.places)
        self.globals[ENVIRON], self.globals[ARGV] = {}, {}
        self.machine: Machine
        self.used: set[str] = set()
        """What the program uses that must be prepared for: rand."""

    # -- names ---------------------------------------------------------------------------------

    def local(self, name: str) -> int:
        """The place of a parameter in its frame; -1 for a global name."""
        params = self.parser.functions[self.scope].params if self.scope else ()
        return params.index(name) if name in params else -1

    def is_array(self, name: str) -> bool:
        return self.arrays.key(name, self.scope) in self.arrays.names

    def place(self, name: str) -> int:
        """The place of a global variable."""
        if name not in self.places:
            self.places[name] = len(self.globals)
            self.globals.append({} if ("", name) in self.arrays.names else None)
        return self.places[name]

    def array(self, name: str) -> Callable[[], Array]:
        if not self.is_array(name):
            raise AwkError(f"illegal reference to variable {name}")
        machine, at = self.machine, self.local(name)
        if at >= 0:
            return lambda: machine.frame[at]  # type: ignore[return-value]
        array: Any = self.globals[self.place(name)]
        return lambda: array

    # -- values --------------------------------------------------------------------------------

    def value(self, node: Node) -> Get:
        """A pure expression's value."""
        op, machine = node.op, self.machine
        if op == "num":
            constant = node.number
            return lambda: constant
        if op == "none":
            return lambda: None
        if op == "str":
            text = node.text.encode("latin-1")
            return lambda: text
        if op in ("and", "or", "not", "regex", "match", "in") or (
            op == "binary" and node.text in _TESTS
        ):
            test = self.test(node)
            return lambda: 1.0 if test() else 0.0
        if op == "cond":
            test, then, other = self.test(node.kids[0]), *map(self.value, node.kids[1:])
            return lambda: then() if test() else other()
        if op == "name":
            return self._name(node)
        if op == "field" and node.kids[0].op == "num":
            which, field = node.kids[0].number, machine.field
            return lambda: field(which)
        if op == "binary" and node.text in "+-*":
            return self._arithmetic(node)
        kids, function = self.strict(node)
        return self.apply(function, [self.value(kid) for kid in kids])

    def apply(self, function: Function, gets: Sequence[Get]) -> Get:
        if not gets:
            return function
        if len(gets) == 1:
            first = gets[0]
            return lambda: function(first())
        if len(gets) == 2:
            first, second = gets
            return lambda: function(first(), second())
        if len(gets) == 3:
            first, second, third = gets
            return lambda: function(first(), second(), third())
        return lambda: function(*[get() for get in gets])

    def _name(self, node: Node) -> Get:
        machine, at = self.machine, self.local(node.text)
        if self.is_array(node.text):
            raise AwkError(f"line {node.line}: illegal reference to array {node.text}")
        if at >= 0:
            return lambda: machine.frame[at]
        place = self.place(node.text)
        if place <= ARGC:
            special = machine.get_special
            if node.text == "NF":
                return lambda: special(place)
        values = self.globals
        return lambda: values[place]

    def _arithmetic(self, node: Node) -> Get:
        left, right = map(self.value, node.kids)
        if node.text == "+":

            def add() -> float:
                a, b = left(), right()
                return (a if type(a) is float else number(a)) + (
                    b if type(b) is float else number(b)
                )

            return add
        if node.text == "-":

            def subtract() -> float:
                a, b = left(), right()
                return (a if type(a) is float else number(a)) - (
                    b if type(b) is float else number(b)
                )

            return subtract

        def multiply() -> float:
            a, b = left(), right()
            return (a if type(a) is float else number(a)) * (b if type(b) is float else number(b))

        return multiply

    # -- conditions ----------------------------------------------------------------------------

    def test(self, node: Node) -> Callable[[], bool]:
        """Whether a pure expression is true."""
        op, machine = node.op, self.machine
        if op == "not":
            inner = self.test(node.kids[0])
            return lambda: not inner()
        if op == "and":
            left, right = map(self.test, node.kids)
            return lambda: left() and right()
        if op == "or":
            left, right = map(self.test, node.kids)
            return lambda: left() or right()
        if op == "regex":
            pattern, test, whole = self.pattern(node), machine.patterns.test, machine.whole
            return lambda: test(pattern, whole())
        if op in ("match", "in") or (op == "binary" and node.text in _TESTS):
            kids, function = self.strict_test(node)
            return self.apply(function, [self.value(kid) for kid in kids])
        get = self.value(node)

        def true() -> bool:
            value = get()
            return value != 0.0 if type(value) is float else truth(value)

        return true

    def strict_test(self, node: Node) -> Strict:
        """The function that tests the operands' values: comparison, match, in."""
        machine = self.machine
        if node.op == "binary":
            return node.kids, comparison(_TESTS[node.text], machine.number_text)
        if node.op == "in":
            array, key = self.array(node.text), self.subscript(len(node.kids))
            return node.kids, lambda *subs: key(*subs) in array()
        text, test = machine.text, machine.patterns.test
        wanted = node.text == "~"
        left, right = node.kids
        if right.op == "regex":
            pattern = self.pattern(right)
            return (left,), lambda value: test(pattern, text(value)) is wanted
        compiled = machine.patterns.compile

        def dynamic(value: Value, source: Value) -> bool:
            return test(compiled(bytes(text(source))), text(value)) is wanted

        return (left, right), dynamic

    def pattern(self, node: Node) -> regex.Regex:
        """A regular expression that stands in the program; kept for as long as it runs."""
        source = node.text.encode("latin-1")
        patterns = self.machine.patterns
        try:
            return patterns.compile(source)
        except AwkError as err:
            raise AwkError(f"line {node.line}: {err}") from None

    # -- operators as functions ----------------------------------------------------------------

    def strict(self, node: Node) -> Strict:
        """The operands of an operator that evaluates all of them, and what it does with them."""
        op = node.op
        if op in ("match", "in") or (op == "binary" and node.text in _TESTS):
            kids, test = self.strict_test(node)
            return kids, lambda *values: 1.0 if test(*values) else 0.0
        if op == "binary":
            compute = _ARITHMETIC[node.text]
            return node.kids, lambda a, b: compute(number(a), number(b))
        if op == "neg":
            return node.kids, lambda a: -number(a)
        if op == "plus":
            return node.kids, number
        if op == "not":
            return node.kids, lambda a: 0.0 if truth(a) else 1.0
        if op == "concat":
            return node.kids, self._concat
        if op in ("field", "index"):
            lvalue = self.lvalue(node)
            return lvalue.kids, lvalue.get
        if op == "assign":
            return self._assign(node)
        if op in ("preinc", "postinc"):
            return self._increment(node)
        if op == "builtin":
            return self._builtin(node)
        if op == "group":
            raise AwkError(f"line {node.line}: syntax error at or near ,")
        assert op in ("num", "str", "name", "regex"), op
        return (), self.value(node)

    def _concat(self, *values: Value) -> bytes:
        machine = self.machine
        texts = [v if isinstance(v, bytes) else machine.text(v) for v in values]
        size = sum(map(len, texts))
        if size > SMALL:
            machine.need(size)
        return b"".join(texts)

    def subscript(self, count: int) -> Callable[..., bytes]:
        machine = self.machine
        if count == 1:
            return machine.key
        return lambda *subs: machine.subsep.join([bytes(machine.text(sub)) for sub in subs])

    def lvalue(self, node: Node) -> Lvalue:
        machine = self.machine
        if node.op == "field":
            field, set_field = machine.field, machine.set_field
            return Lvalue(
                node.kids,
                lambda which: field(number(which)),
                lambda which, value: set_field(number(which), value),
            )
        if node.op == "index":
            return self._element(node)
        assert node.op == "name"
        get, at = self._name(node), self.local(node.text)
        if at < 0:
            place = self.place(node.text)
            if place <= ARGC:
                special = machine.set_special
                return Lvalue((), get, lambda value: special(place, value))
            values = self.globals

            def put(value: Value) -> None:
                old = values[place]
                if type(value) is not float or type(old) is not float:
                    machine.grow(size_of(value) - size_of(old))
                values[place] = value

            return Lvalue((), get, put)

        def put_local(value: Value) -> None:
            machine.grow(size_of(value) - size_of(machine.frame[at]))
            machine.frame[at] = value

        return Lvalue((), get, put_local)

    def _element(self, node: Node) -> Lvalue:
        machine = self.machine
        array, key = self.array(node.text), self.subscript(len(node.kids))

        def get(*subs: Value) -> Value:
            elements, name = array(), key(*subs)
            try:
                return elements[name]
            except KeyError:
                machine.grow(ELEMENT + len(name))
                elements[name] = None
                return None

        def put(*subs: Value) -> None:
            *names, value = subs
            elements, name = array(), key(*names)
            if name in elements:
                machine.grow(size_of(value) - size_of(elements[name]))
            else:
                machine.grow(ELEMENT + len(name) + size_of(value))
            elements[name] = value

        return Lvalue(node.kids, get, put)

    def _assign(self, node: Node) -> Strict:
        target, right = node.kids
        lvalue = self.lvalue(target)
        put, get = lvalue.put, lvalue.get
        if not node.text:

            def assign(*values: Value) -> Value:
                put(*values)
                return values[-1]

            return (*lvalue.kids, right), assign
        compute = _ARITHMETIC[node.text]

        def update(*values: Value) -> Value:
            *subs, value = values
            new = compute(number(get(*subs)), number(value))
            put(*subs, new)
            return new

        return (*lvalue.kids, right), update

    def _increment(self, node: Node) -> Strict:
        lvalue = self.lvalue(node.kids[0])
        put, get, step = lvalue.put, lvalue.get, node.number
        after = node.op == "postinc"

        def increment(*subs: Value) -> float:
            old = number(get(*subs))
            put(*subs, old + step)
            return old if after else old + step

        return lvalue.kids, increment

    # -- built-in functions --------------------------------------------------------------------

    def arguments(self, node: Node, least: int, most: int) -> Sequence[Node]:
        if not least <= len(node.kids) <= most:
            raise AwkError(f"line {node.line}: wrong number of arguments in call to {node.text}")
        return node.kids

    def _builtin(self, node: Node) -> Strict:
        name, machine = node.text, self.machine
        text = machine.text
        if name in builtins.MATHS:
            return self.arguments(node, 1, 1), builtins.MATHS[name]
        if name == "length":
            return self._length(node)
        if name == "substr":
            kids = self.arguments(node, 2, 3)
            if len(kids) == 2:
                return kids, lambda s, m: builtins.substr(text(s), number(m), None)
            return kids, lambda s, m, n: builtins.substr(text(s), number(m), number(n))
        if name == "index":
            kids = self.arguments(node, 2, 2)
            return kids, lambda s, t: float(text(s).find(text(t)) + 1)
        if name == "toupper":
            return self.arguments(node, 1, 1), lambda s: text(s).upper()
        if name == "tolower":
            return self.arguments(node, 1, 1), lambda s: text(s).lower()
        if name == "sprintf":
            kids = self.arguments(node, 1, 1 << 20)
            return kids, lambda form, *rest: machine.format(bytes(text(form)), "sprintf", rest)
        if name == "atan2":
            return self.arguments(node, 2, 2), builtins.atan2
        if name == "mktime":
            return self.arguments(node, 1, 1), lambda s: builtins.mktime(text(s))
        if name == "rand":
            self.used.add("rand")
            self.arguments(node, 0, 0)
            return (), machine.next_random
        if name == "srand":
            return self.arguments(node, 1, 1), machine.seed_random
        if name == "match":
            return self._match(node)
        if name == "split":
            return self._split(node)
        assert name in ("sub", "gsub"), name
        return self._substitute(node)

    def _length(self, node: Node) -> Strict:
        machine = self.machine
        kids = self.arguments(node, 0, 1)
        if not kids:
            return (), lambda: float(len(machine.whole()))
        if kids[0].op == "name" and self.is_array(kids[0].text):
            array = self.array(kids[0].text)
            return (), lambda: float(len(array()))
        return kids, lambda s: float(len(machine.text(s)))

    def _pattern_of(self, node: Node) -> tuple[Sequence[Node], Callable[[Any], regex.Regex]]:
        """A pattern argument: the operand it needs, and the compiled pattern of its value."""
        if node.op == "regex":
            pattern = self.pattern(node)
            return (Node("num"),), lambda _: pattern
        compiled, text = self.machine.patterns.compile, self.machine.text
        return (node,), lambda value: compiled(bytes(text(value)))

    def _match(self, node: Node) -> Strict:
        machine = self.machine
        subject, source = self.arguments(node, 2, 2)
        kids, pattern = self._pattern_of(source)
        return (subject, *kids), lambda s, p: builtins.match(machine, machine.text(s), pattern(p))

    def _split(self, node: Node) -> Strict:
        machine = self.machine
        kids = self.arguments(node, 2, 3)
        if kids[1].op != "name":
            raise AwkError(f"line {node.line}: type error in arg(2) in call to split")
        array, text, patterns = self.array(kids[1].text), machine.text, machine.patterns
        if len(kids) == 2:
            return kids[:1], lambda s: builtins.split(machine, text(s), array(), machine.splitter)
        if kids[2].op == "regex":
            self.pattern(kids[2])
            splitter = patterns.splitter(kids[2].text.encode("latin-1"), literal=True)
            return kids[:1], lambda s: builtins.split(machine, text(s), array(), splitter)

        def split(s: Value, separator: Value) -> float:
            by = patterns.splitter(bytes(text(separator)))
            return builtins.split(machine, text(s), array(), by)

        return (kids[0], kids[2]), split

    def _substitute(self, node: Node) -> Strict:
        machine = self.machine
        source, put, *rest = self.arguments(node, 2, 3)
        target = rest[0] if rest else Node("field", Node("num"), line=node.line)
        if target.op not in LVALUES:
            raise AwkError(f"line {node.line}: type error in arg(3) in call to {node.text}")
        lvalue = self.lvalue(target)
        pattern_kids, pattern = self._pattern_of(source)
        every, text = node.text == "gsub", machine.text

        def substitute(p: Value, new: Value, *subs: Value) -> float:
            old = text(lvalue.get(*subs))
            result, count = builtins.substitute(machine, pattern(p), text(new), old, every)
            if count:
                lvalue.put(*subs, result)
            machine.finished = None
            return float(count)

        return (*pattern_kids, put, *lvalue.kids), substitute

    # -- arrays --------------------------------------------------------------------------------

    def delete(self, node: Node) -> Strict:
        """delete a[i], delete a."""
        machine, array = self.machine, self.array(node.text)
        if not node.kids:

            def clear() -> None:
                elements = array()
                machine.grow(-array_size(elements))
                elements.clear()

            return (), clear
        key = self.subscript(len(node.kids))

        def delete(*subs: Value) -> None:
            elements, name = array(), key(*subs)
            if name in elements:
                machine.grow(-(ELEMENT + len(name) + size_of(elements.pop(name))))

        return node.kids, delete
