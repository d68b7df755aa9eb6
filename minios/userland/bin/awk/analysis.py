"""Which names are arrays: found from how they are used, across calls, before anything runs."""

from collections.abc import Iterator

from minios.userland.bin.awk.lexer import AwkError
from minios.userland.bin.awk.machine import SPECIAL
from minios.userland.bin.awk.parser import Node, Parser

Key = tuple[str, str]
"""(function, or nothing for global; name)"""


class Arrays:
    """``names`` are the variables that are arrays."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self.names: set[Key] = {("", "ENVIRON"), ("", "ARGV")}
        self._scalars: dict[Key, int] = {}
        self._links: list[tuple[Key, Key, int, int]] = []  # argument, parameter, its place, line
        for function in parser.functions.values():
            self._walk(function.body, function.name)
        for rule in parser.rules:
            for node in (*rule.patterns, rule.body):
                self._walk(node, "")
        self._spread()
        for name in parser.functions:
            for scope, other in [*self.names, *self._scalars]:
                if other == name and not scope:
                    raise AwkError(f"{name} is a function and a variable")

    def key(self, name: str, scope: str) -> Key:
        local = scope and name in self._parser.functions[scope].params
        return (scope, name) if local else ("", name)

    def _spread(self) -> None:
        """Carry arrays from parameters to arguments, complain, then from arguments on."""
        for scope, name in self.names:
            if not scope and name in SPECIAL:
                raise AwkError(f"illegal reference to variable {name}")
        changed = True
        while changed:
            changed = False
            for given, param, _, _ in self._links:
                if param in self.names and given not in self.names:
                    self.names.add(given)
                    changed = True
        for given, param, place, line in self._links:
            special = not given[0] and given[1] in SPECIAL
            if param in self.names and (special or given in self._scalars):
                raise AwkError(f"line {line}: type error in arg({place}) in call to {param[0]}")
        for key, line in self._scalars.items():
            if key in self.names:
                raise AwkError(f"line {line}: illegal reference to array {key[1]}")
        changed = True
        while changed:
            changed = False
            for given, param, place, line in self._links:
                if given in self.names and param not in self.names:
                    if param in self._scalars:
                        name = param[0]
                        raise AwkError(f"line {line}: type error in arg({place}) in call to {name}")
                    self.names.add(param)
                    changed = True

    def _walk(self, node: Node, scope: str) -> None:
        op = node.op
        if op in ("index", "in", "forin", "delete"):
            self.names.add(self.key(node.text, scope))
        elif op == "name":
            self._scalars.setdefault(self.key(node.text, scope), node.line)
        elif op == "call":
            function = self._parser.functions[node.text]
            for place, kid in enumerate(node.kids):
                if kid.op == "name":
                    param = (function.name, function.params[place])
                    self._links.append((self.key(kid.text, scope), param, place + 1, node.line))
        for kid in self._scalar_kids(node, scope):
            self._walk(kid, scope)

    def _scalar_kids(self, node: Node, scope: str) -> Iterator[Node]:
        """The parts of a node without the names that may be arrays."""
        for place, kid in enumerate(node.kids):
            if kid.op == "name" and node.op == "call":
                continue
            if kid.op == "name" and node.op == "builtin":
                if node.text == "length":
                    continue
                if node.text == "split" and place == 1:
                    self.names.add(self.key(kid.text, scope))
                    continue
            yield kid
