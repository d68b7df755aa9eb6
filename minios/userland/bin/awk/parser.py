"""awk's grammar: from tokens to a tree, with mawk's precedences.

From loose to tight: assignment, ``?:``, ``||``, ``&&``, ``in``, ``~``, comparison, concatenation,
``+ -``, ``* / %``, unary ``! + -``, ``| getline``, ``^``, ``++ --``, ``$``, grouping.
"""

from minios.userland.bin.awk.lexer import AwkError, Lexer, Token, unescape

DEPTH_MAX = 200
"""How deep the tree may be, which bounds the recursion of what walks it."""

NESTING_MAX = 540
"""How deep the parser may go, in calls of its own."""

_BINARY = {
    "||": 2, "&&": 3, "in": 4, "~": 5, "!~": 5, "<": 6, "<=": 6, "==": 6, "!=": 6, ">": 6, ">=": 6,
    "+": 8, "-": 8, "*": 9, "/": 9, "%": 9,
}  # fmt: skip
_CONCAT = 7
_OPERAND = frozenset(("number", "string", "name", "call", "builtin", "(", "$", "!", "++", "--"))
_ASSIGN = frozenset(("=", "+=", "-=", "*=", "/=", "%=", "^="))
_IMPURE = frozenset(("assign", "preinc", "postinc", "call", "getline"))
PURE = frozenset((
    "length", "index", "substr", "sprintf", "sin", "cos", "atan2", "exp", "log", "sqrt", "int",
    "toupper", "tolower", "mktime",
))  # fmt: skip
"""The built-in functions without effects."""
LVALUES = frozenset(("name", "field", "index"))


class Node:
    """A part of the program. ``op`` says what it is, ``text`` and ``kids`` of what.

    ``pure`` expressions change nothing and never trap, so they can be evaluated again.
    """

    __slots__ = ("depth", "kids", "line", "number", "op", "pure", "text")

    def __init__(
        self,
        op: str,
        *kids: "Node",
        text: str = "",
        number: float = 0.0,
        line: int = 0,
    ) -> None:
        self.op = op
        self.kids = kids
        self.text = text
        self.number = number
        self.line = line
        self.pure: bool = (text in PURE if op == "builtin" else op not in _IMPURE) and all(
            kid.pure for kid in kids
        )
        self.depth: int = 1 + max((kid.depth for kid in kids), default=0)
        if self.depth > DEPTH_MAX:
            raise AwkError(f"line {line}: program is nested too deep")


class Function:
    """A user's function: its parameters (locals among them) and body."""

    __slots__ = ("body", "line", "name", "params")

    def __init__(self, name: str, params: list[str], line: int) -> None:
        self.name = name
        self.params = params
        self.line = line
        self.body = Node("block")


class Rule:
    """``kind`` is BEGIN, END, always, pattern or range."""

    __slots__ = ("body", "kind", "patterns")

    def __init__(self, kind: str, patterns: list[Node], body: Node) -> None:
        self.kind = kind
        self.patterns = patterns
        self.body = body


class Parser:
    """Reads a whole program into ``rules`` and ``functions``."""

    def __init__(self, source: bytes) -> None:
        self.lexer = Lexer(source)
        self.token = self.lexer.next()
        self.rules: list[Rule] = []
        self.functions: dict[str, Function] = {}
        self._calls: list[tuple[str, int, int]] = []
        self._depth = 0
        self._loops = 0
        self._inside = ""  # function, BEGIN, END or rule
        self._no_greater = False  # > would redirect
        self._program()

    # -- tokens --------------------------------------------------------------------------------

    def _advance(self) -> Token:
        token = self.token
        self.token = self.lexer.next()
        return token

    def _fail(self) -> AwkError:
        return AwkError(f"line {self.token.line}: syntax error at or near {self.token.text}")

    def _deeper(self, calls: int) -> None:
        """Count what is called from here on; taken back by whoever counted it."""
        self._depth += calls
        if self._depth > NESTING_MAX:
            raise AwkError(f"line {self.token.line}: program is nested too deep")

    def _expect(self, kind: str) -> Token:
        if self.token.kind != kind:
            raise self._fail()
        return self._advance()

    def _take(self, kind: str) -> bool:
        if self.token.kind != kind:
            return False
        self._advance()
        return True

    def _newlines(self, also: str = "newline") -> None:
        while self.token.kind in ("newline", also):
            self._advance()

    def _end_statement(self) -> None:
        if self.token.kind in (";", "newline"):
            self._advance()
            self._newlines()
        elif self.token.kind not in ("}", "eof"):
            raise self._fail()

    # -- program -------------------------------------------------------------------------------

    def _program(self) -> None:
        self._newlines(";")
        while self.token.kind != "eof":
            if self.token.kind == "function":
                self._function()
            else:
                self._rule()
            self._newlines(";")
        for name, given, line in self._calls:
            if name not in self.functions:
                raise AwkError(f"line {line}: function {name} never defined")
            if given > len(self.functions[name].params):
                raise AwkError(f"line {line}: too many arguments in call to {name}")

    def _function(self) -> None:
        line = self._advance().line
        if self.token.kind not in ("name", "call"):
            raise self._fail()
        name = self._advance().text
        if name in self.functions:
            raise AwkError(f"line {line}: {name} was defined before")
        function = Function(name, [], line)
        self._expect("(")
        while self.token.kind != ")":
            if function.params:
                self._expect(",")
                self._newlines()
            param = self._expect("name").text
            if param in function.params or param == name:
                raise AwkError(f"line {line}: bad parameter {param} of {name}")
            function.params.append(param)
        self._advance()
        self._newlines()
        self.functions[name] = function
        self._inside = "function"
        function.body = self._block()

    def _rule(self) -> None:
        kind = self.token.kind
        if kind in ("BEGIN", "END"):
            self._advance()
            self._inside = kind
            if self.token.kind != "{":
                raise self._fail()
            self.rules.append(Rule(kind, [], self._block()))
            return
        self._inside = "rule"
        patterns: list[Node] = []
        if self.token.kind != "{":
            patterns.append(self._expr())
            if self._take(","):
                self._newlines()
                patterns.append(self._expr())
        if self.token.kind == "{":
            body = self._block()
        else:
            if self.token.kind not in ("newline", ";", "eof"):
                raise self._fail()
            body = Node("print", text="")
        self.rules.append(Rule(("always", "pattern", "range")[len(patterns)], patterns, body))

    # -- statements ----------------------------------------------------------------------------

    def _block(self) -> Node:
        line = self._expect("{").line
        statements: list[Node] = []
        self._newlines(";")
        while self.token.kind != "}":
            if self.token.kind == "eof":
                raise AwkError(f"line {self.token.line}: missing }} near end of file")
            statements.append(self._statement())
            self._newlines(";")
        self._advance()
        return Node("block", *statements, line=line)

    def _statement(self) -> Node:
        self._deeper(3)
        kind = self.token.kind
        if kind == "{":
            node = self._block()
        elif kind == "if":
            node = self._if()
        elif kind == "while":
            line = self._advance().line
            condition = self._condition()
            if self._take(";"):
                node = Node("while", condition, Node("block"), line=line)
            else:
                node = Node("while", condition, self._body(), line=line)
        elif kind == "do":
            node = self._do()
        elif kind == "for":
            node = self._for()
        elif kind == ";":
            self._advance()
            node = Node("block")
        else:
            node = self._simple()
            self._end_statement()
        self._depth -= 3
        return node

    def _condition(self) -> Node:
        self._expect("(")
        condition = self._free()
        self._expect(")")
        return condition

    def _body(self) -> Node:
        """The body of a loop."""
        self._loops += 1
        self._newlines()
        node = self._statement()
        self._loops -= 1
        return node

    def _if(self) -> Node:
        line = self._advance().line
        condition = self._condition()
        self._newlines()
        then = self._statement()
        self._newlines(";" if then.op == "block" else "newline")
        if not self._take("else"):
            return Node("if", condition, then, line=line)
        self._newlines()
        return Node("if", condition, then, self._statement(), line=line)

    def _do(self) -> Node:
        line = self._advance().line
        body = self._body()
        self._newlines(";")
        self._expect("while")
        condition = self._condition()
        self._end_statement()
        return Node("do", body, condition, line=line)

    def _for(self) -> Node:
        line = self._advance().line
        self._expect("(")
        empty = Node("block")
        start = empty if self.token.kind == ";" else self._simple()
        if start.op == "expr" and start.kids[0].op == "in" and self.token.kind == ")":
            within = start.kids[0]
            if len(within.kids) == 1 and within.kids[0].op in LVALUES:
                self._advance()
                return Node("forin", within.kids[0], self._body(), text=within.text, line=line)
        self._expect(";")
        self._newlines()
        condition = Node("num", number=1.0) if self.token.kind == ";" else self._free()
        self._expect(";")
        self._newlines()
        step = empty if self.token.kind == ")" else self._simple()
        self._expect(")")
        if self._take(";"):
            return Node("for", start, condition, step, empty, line=line)
        return Node("for", start, condition, step, self._body(), line=line)

    def _simple(self) -> Node:
        kind, line = self.token.kind, self.token.line
        if kind in ("print", "printf"):
            return self._print()
        if kind in ("break", "continue"):
            self._advance()
            if not self._loops:
                raise AwkError(f"line {line}: {kind} statement outside of loop")
            return Node(kind, line=line)
        if kind in ("next", "nextfile"):
            self._advance()
            if self._inside in ("BEGIN", "END"):
                raise AwkError(f"line {line}: improper use of {kind}")
            return Node(kind, line=line)
        if kind in ("exit", "return"):
            self._advance()
            if kind == "return" and self._inside != "function":
                raise AwkError(f"line {line}: return outside function body")
            if self.token.kind in (";", "newline", "}", "eof"):
                return Node(kind, line=line)
            return Node(kind, self._free(), line=line)
        if kind == "delete":
            self._advance()
            grouped = self._take("(")
            target = self._primary()
            if grouped:
                self._expect(")")
            if target.op not in ("name", "index"):
                raise self._fail()
            return Node("delete", *target.kids, text=target.text, line=line)
        return Node("expr", self._free(), line=line)

    def _print(self) -> Node:
        word = self._advance()
        before, self._no_greater = self._no_greater, True
        values: list[Node] = []
        if self.token.kind not in (";", "newline", "}", "eof", ">", ">>", "|"):
            values = self._list()
            if len(values) == 1 and values[0].op == "group":
                values = list(values[0].kids)
        self._no_greater = before
        if word.kind == "printf" and not values:
            raise self._fail()
        mode = ""
        if self.token.kind in (">", ">>", "|"):
            mode = self._advance().kind
            before, self._no_greater = self._no_greater, True
            values.append(self._binary(_CONCAT))
            self._no_greater = before
        return Node(word.kind, *values, text=mode, line=word.line)

    # -- expressions ---------------------------------------------------------------------------

    def _free(self) -> Node:
        """An expression where ``>`` compares."""
        before, self._no_greater = self._no_greater, False
        node = self._expr()
        self._no_greater = before
        return node

    def _list(self) -> list[Node]:
        nodes = [self._expr()]
        while self._take(","):
            self._newlines()
            nodes.append(self._expr())
        return nodes

    def _expr(self) -> Node:
        self._deeper(8)
        node = self._binary(2)
        if self.token.kind == "?":
            line = self._advance().line
            self._newlines()
            then = self._expr()
            self._newlines()
            self._expect(":")
            self._newlines()
            node = Node("cond", node, then, self._expr(), line=line)
        self._depth -= 8
        return node

    def _binary(self, least: int) -> Node:
        self._deeper(2)
        left = self._operators(self._unary(), least)
        self._depth -= 2
        return left

    def _operators(self, left: Node, least: int) -> Node:
        """The operators that bind at least so tight, and their right operands."""
        while True:
            kind, line = self.token.kind, self.token.line
            level = _BINARY.get(kind, 0)
            if kind == ">" and self._no_greater:
                return left
            if level:
                if level < least:
                    return left
                self._advance()
                if kind == "in":
                    name = self._expect("name").text
                    kids = left.kids if left.op == "group" else (left,)
                    left = Node("in", *kids, text=name, line=line)
                    continue
                if kind in ("&&", "||"):
                    self._newlines()
                left = Node(
                    _OPS.get(kind, "binary"), left, self._binary(level + 1), text=kind, line=line
                )
            elif kind in _OPERAND and least <= _CONCAT:
                right = self._binary(_CONCAT + 1)
                # A chain is one node: long ones are common, and deep trees are not welcome.
                parts = left.kids if left.op == "concat" else (left,)
                left = Node("concat", *parts, right, line=line)
            else:
                return left

    def _unary(self) -> Node:
        kind, line = self.token.kind, self.token.line
        if kind in ("!", "-", "+"):
            self._deeper(1)
            self._advance()
            node = Node({"!": "not", "-": "neg", "+": "plus"}[kind], self._unary(), line=line)
            self._depth -= 1
            return node
        node = self._power()
        while self.token.kind == "|getline":
            self._advance()
            node = self._getline_into("|", node, line)
        return node

    def _power(self) -> Node:
        node = self._postfix()
        if self.token.kind != "^":
            return node
        self._deeper(2)
        line = self._advance().line
        exponent = self._unary() if self.token.kind in ("-", "+", "!") else self._power()
        self._depth -= 2
        return Node("binary", node, exponent, text="^", line=line)

    def _postfix(self) -> Node:
        line = self.token.line
        bare = self.token.kind in ("name", "$")
        node = self._primary()
        if node.op not in LVALUES:
            return node
        if self.token.kind in ("++", "--"):
            step = 1.0 if self._advance().kind == "++" else -1.0
            return Node("postinc", node, number=step, line=line)
        if bare and self.token.kind in _ASSIGN:
            sign = self._advance().kind[:-1]
            self._newlines()
            return Node("assign", node, self._expr(), text=sign, line=line)
        return node

    def _primary(self) -> Node:
        token = self.token
        kind, line = token.kind, token.line
        if kind == "number":
            self._advance()
            return Node("num", number=float(token.text), line=line)
        if kind == "string":
            self._advance()
            return Node("str", text=unescape(token.text).decode("latin-1"), line=line)
        if kind in ("/", "/="):
            pattern = self.lexer.regex("=" if kind == "/=" else "")
            self._advance()
            return Node("regex", text=pattern.decode("latin-1"), line=line)
        if kind == "name":
            return self._name()
        if kind == "call":
            self._advance()
            return self._call(token.text, line)
        if kind == "builtin":
            return self._builtin()
        if kind == "(":
            return self._group()
        if kind == "$":
            return self._field()
        if kind in ("++", "--"):
            self._advance()
            self._deeper(1)
            target = self._primary()
            self._depth -= 1
            if target.op not in LVALUES:
                raise self._fail()
            return Node("preinc", target, number=1.0 if kind == "++" else -1.0, line=line)
        if kind == "getline":
            self._advance()
            return self._getline_into("", None, line)
        if kind in ("-", "+", "!"):
            return self._unary()
        raise self._fail()

    def _name(self) -> Node:
        token = self._advance()
        if self.token.kind == "[":
            self._advance()
            before, self._no_greater = self._no_greater, False
            kids = self._list()
            self._no_greater = before
            self._expect("]")
            return Node("index", *kids, text=token.text, line=token.line)
        if self.token.kind == "(" and token.text in self.functions:
            return self._call(token.text, token.line)
        return Node("name", text=token.text, line=token.line)

    def _arguments(self) -> list[Node]:
        self._expect("(")
        before, self._no_greater = self._no_greater, False
        self._newlines()
        nodes = [] if self.token.kind == ")" else self._list()
        self._newlines()
        self._expect(")")
        self._no_greater = before
        return nodes

    def _call(self, name: str, line: int) -> Node:
        arguments = self._arguments()
        self._calls.append((name, len(arguments), line))
        return Node("call", *arguments, text=name, line=line)

    def _builtin(self) -> Node:
        token = self._advance()
        if self.token.kind != "(":
            if token.text != "length":
                raise self._fail()
            return Node("builtin", text="length", line=token.line)
        return Node("builtin", *self._arguments(), text=token.text, line=token.line)

    def _group(self) -> Node:
        line = self.token.line
        nodes = self._arguments()
        if not nodes:
            raise self._fail()
        if len(nodes) > 1:
            return Node("group", *nodes, line=line)
        return nodes[0]

    def _field(self) -> Node:
        line = self._advance().line
        self._deeper(2)
        number = self._primary()
        self._depth -= 2
        return Node("field", number, line=line)

    def _getline_into(self, how: str, source: Node | None, line: int) -> Node:
        """``getline [lvalue] [< file]``; the kids are the source, if any, then the lvalue."""
        kids: list[Node] = []
        self._deeper(3)
        if self.token.kind in ("name", "$"):
            target = self._primary()
            if target.op not in LVALUES:
                raise self._fail()
            kids.append(target)
        if source is not None:
            kids.insert(0, source)
        elif self.token.kind == "<":
            self._advance()
            how = "<"
            kids.insert(0, self._postfix())
        self._depth -= 3
        return Node("getline", *kids, text=how, line=line)


_OPS = {"&&": "and", "||": "or", "~": "match", "!~": "match"}
