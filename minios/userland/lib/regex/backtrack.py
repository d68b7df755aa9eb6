"""Matching with back-references, which no automaton can do: a search with a budget.

Matching with back-references is NP-hard, so this refuses ("Memory exhausted") after STEPS_MAX steps
instead of stopping the world. States already explored are not explored again.
"""

from minios.userland.lib.regex.program import (
    C_EDGE,
    C_EDGE_INSIDE,
    N_ASSERT,
    N_CLOSE,
    N_MATCH,
    N_OPEN,
    N_REF,
    N_SET,
    Program,
    holds,
)
from minios.userland.lib.regex.syntax import ESPACE, RegexError

STEPS_MAX = 200_000
"""Steps that one search may take."""

Spans = tuple[int, ...]
"""Start and end of groups 1, 2, …; -1 where a group took no part."""


class Backtracker:
    """One program's matcher. ``steps`` counts what it has done for the search going on."""

    __slots__ = ("groups", "icase", "limit", "program", "steps")

    def __init__(self, program: Program, groups: int, icase: bool) -> None:
        self.program = program
        self.groups = groups
        self.icase = icase
        self.steps = 0
        self.limit = STEPS_MAX

    def begin(self) -> None:
        """Start the budget of a new search."""
        self.limit = self.steps + STEPS_MAX

    def context(self, data: bytes, at: int, notedge: bool) -> int:
        """What assertions see of ``data[at]``; of the edge if there is no such byte."""
        if 0 <= at < len(data):
            return self.program.contexts[self.program.classes[data[at]]]
        return C_EDGE_INSIDE if notedge else C_EDGE

    def match(
        self, data: bytes, start: int, notbol: bool, noteol: bool, end: int = -1
    ) -> tuple[int, Spans] | None:
        """The longest match that begins at ``start`` (or the first that ends at ``end``)."""
        program = self.program
        kind, arg, outs = program.kind, program.arg, program.outs
        size = len(data)
        best: tuple[int, Spans] | None = None
        stack: list[tuple[int, int, Spans]] = [(program.start, start, (-1, -1) * self.groups)]
        seen: set[tuple[int, int, Spans]] = set()
        while stack:
            entry = stack.pop()
            if entry in seen:
                continue
            seen.add(entry)
            self.steps += 1
            if self.steps > self.limit:
                raise RegexError(ESPACE)
            node, at, spans = entry
            what = kind[node]
            if what == N_SET:
                if at < size and arg[node] >> data[at] & 1:
                    stack.append((outs[node][0], at + 1, spans))
                continue
            if what == N_MATCH:
                if end >= 0:
                    if at == end:
                        return at, spans
                elif best is None or at > best[0]:
                    best = at, spans
                    if at == size:
                        return best
                continue
            if what == N_ASSERT:
                before = self.context(data, at - 1, notbol)
                if not holds(arg[node], before, self.context(data, at, noteol)):
                    continue
            elif what == N_OPEN:
                slot = 2 * arg[node] - 2
                spans = (*spans[:slot], at, -1, *spans[slot + 2 :])
            elif what == N_CLOSE:
                slot = 2 * arg[node] - 1
                spans = (*spans[:slot], at, *spans[slot + 1 :])
            elif what == N_REF:
                begin, stop = spans[2 * arg[node] - 2 : 2 * arg[node]]
                if stop < 0:
                    continue
                text = data[begin:stop]
                here = data[at : at + len(text)]
                if text != here and not (self.icase and text.lower() == here.lower()):
                    continue
                self.steps += len(text) >> 4
                at += len(text)
            for out in reversed(outs[node]):
                stack.append((out, at, spans))
        return best
