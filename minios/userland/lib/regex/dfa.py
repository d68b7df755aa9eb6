"""Deterministic automata built while they run, forwards and backwards over the same program.

A state is a row (a list): the row for each class of bytes, then the rows for the two kinds of
buffer edge, then a flag and the state's description. The flag of a row tells whether a match ended
*before* the symbol that led to it, because assertions need to see that symbol.
"""

from typing import Any

from minios.userland.lib.regex.program import (
    C_EDGE,
    C_EDGE_INSIDE,
    N_ASSERT,
    N_MATCH,
    N_SET,
    Program,
    holds,
)
from minios.userland.lib.regex.syntax import ESPACE, RegexError

CACHE_MAX = 250_000
"""Cells of rows and sets that one automaton keeps; when it is full it starts anew."""

WORK_MAX = 3_000_000
"""Node visits that one search may spend on building states."""

F_MATCH, F_DEAD = 1, 2

Row = list[Any]
"""Rows, then the flag and the :class:`State`."""


class State:
    """What a row stands for: the nodes reached, what is on the side they came from, and for each
    context on the other side their closure, made when it is first asked for."""

    __slots__ = ("alive", "closures", "context", "core")

    def __init__(self, core: tuple[int, ...], context: int) -> None:
        self.core = core
        self.context = context
        self.closures: dict[int, tuple[list[int], bool]] = {}
        self.alive: dict[int, frozenset[int]] = {}


class Automaton:
    """A lazily built DFA. ``inject`` lets a match begin (forwards) or end (backwards) anywhere."""

    __slots__ = (
        "_cells",
        "_dead",
        "_rows",
        "edge",
        "flag",
        "inject",
        "limit",
        "program",
        "symbols",
    )

    def __init__(self, program: Program, *, inject: bool) -> None:
        self.program = program
        self.inject = inject
        self.symbols = len(program.members)
        self.edge = self.symbols
        self.flag = self.symbols + 2
        self.limit = WORK_MAX
        self._cells = 0
        self._rows: dict[tuple[tuple[int, ...], int, int], Row] = {}

    # The two directions differ in these three.

    def _origin(self) -> int:
        return self.program.start

    def _closure(self, core: tuple[int, ...], before: int, after: int) -> tuple[list[int], bool]:
        """Follow empty transitions: the nodes that read a symbol, and whether a match is there."""
        program = self.program
        kind, outs = program.kind, program.outs
        seen = set(core)
        stack = list(core)
        found = False
        reading: list[int] = []
        while stack:
            node = stack.pop()
            what = kind[node]
            if what == N_SET:
                reading.append(node)
                continue
            if what == N_MATCH:
                found = True
                continue
            if what == N_ASSERT and not holds(program.arg[node], before, after):
                continue
            for out in outs[node]:
                if out not in seen:
                    seen.add(out)
                    stack.append(out)
        program.work += len(seen)
        return reading, found

    def _step(self, nodes: list[int], byte: int) -> set[int]:
        arg, outs = self.program.arg, self.program.outs
        return {outs[node][0] for node in nodes if arg[node] >> byte & 1}

    # -- rows ----------------------------------------------------------------------------------

    def _row(self, core: tuple[int, ...], context: int, flag: int) -> Row:
        key = (core, context, flag)
        row = self._rows.get(key)
        if row is None:
            if self._cells > CACHE_MAX:
                self._forget()
            self._cells += self.symbols + len(core) + 16
            if not core:
                flag |= F_DEAD
            row = [None] * (self.symbols + 2)
            row.append(flag)
            row.append(State(core, context))
            self._rows[key] = row
        return row

    def _forget(self) -> None:
        for row in self._rows.values():
            row[: self.symbols + 2] = [None] * (self.symbols + 2)
            row[-1].closures.clear()
            row[-1].alive.clear()
        self._rows.clear()
        self._cells = 0

    def begin(self, context: int) -> Row:
        """The row before a search's first symbol; ``context`` is on the side one comes from."""
        self.limit = self.program.work + WORK_MAX
        return self._row((self._origin(),), context if self.program.asserting else 0, 0)

    def nodes(self, row: Row, context: int) -> tuple[list[int], bool]:
        """The closure of ``row`` when ``context`` is what comes next."""
        state: State = row[-1]
        closure = state.closures.get(context)
        if closure is None:
            closure = self._closure(state.core, state.context, context)
            state.closures[context] = closure
            self._cells += len(closure[0])
        return closure

    def extend(self, row: Row, symbol: int) -> Row:
        """Build, remember and return ``row[symbol]``. RegexError after too much work."""
        if self.program.work > self.limit:
            raise RegexError(ESPACE)
        program = self.program
        if symbol < self.symbols:
            context = program.contexts[symbol]
        else:
            context = C_EDGE if symbol == self.edge else C_EDGE_INSIDE
        if not program.asserting:
            context = 0
        nodes, found = self.nodes(row, context)
        core: set[int] = set()
        if symbol < self.symbols:
            core = self._step(nodes, program.members[symbol])
            if self.inject:
                core.add(self._origin())
        program.work += len(nodes)
        target = self._row(tuple(sorted(core)), context, F_MATCH if found else 0)
        row[symbol] = target
        return target


class Backwards(Automaton):
    """Reads a text from its end: a node is reached if the program can go from it to a match."""

    __slots__ = ()

    def _origin(self) -> int:
        return self.program.match

    def _closure(self, core: tuple[int, ...], before: int, after: int) -> tuple[list[int], bool]:
        program = self.program
        kind, preds = program.kind, program.preds_eps
        seen = set(core)
        stack = list(core)
        while stack:
            for pred in preds[stack.pop()]:
                if pred in seen:
                    continue
                if kind[pred] == N_ASSERT and not holds(program.arg[pred], after, before):
                    continue
                seen.add(pred)
                stack.append(pred)
        program.work += len(seen)
        return list(seen), program.start in seen

    def _step(self, nodes: list[int], byte: int) -> set[int]:
        arg, preds = self.program.arg, self.program.preds_set
        return {pred for node in nodes for pred in preds[node] if arg[pred] >> byte & 1}

    def alive(self, row: Row, context: int) -> frozenset[int]:
        """The nodes from which a match is reached, when ``context`` is what comes next."""
        state: State = row[-1]
        nodes = state.alive.get(context)
        if nodes is None:
            nodes = state.alive[context] = frozenset(self.nodes(row, context)[0])
            self._cells += len(nodes)
        return nodes
