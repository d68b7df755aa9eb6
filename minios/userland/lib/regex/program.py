"""Thompson's construction: postfix operations into a nondeterministic automaton.

Alternatives keep their order and optional copies nest as glibc's do, because the order decides
which of several ways of matching the same text the subexpressions report.
"""

from minios.userland.lib.regex.charset import ALL, NEWLINE, WORD
from minios.userland.lib.regex.parse import (
    ALT,
    ASSERT,
    BACKREF,
    BOL,
    BUFFER_END,
    BUFFER_START,
    CAT,
    EMPTY,
    EOL,
    GROUP,
    NOT_AFTER_WORD,
    NOT_WORD_EDGE,
    REPEAT,
    SET,
    WORD_EDGE,
    WORD_END,
    WORD_START,
    Op,
)
from minios.userland.lib.regex.syntax import ESIZE, RegexError

NODES_MAX = 32768
"""Nodes of one automaton; a pattern that needs more is "too big"."""
LIST_MAX = 262144
"""The same for a list of plain texts."""

N_SET, N_SPLIT, N_JUMP, N_ASSERT, N_OPEN, N_CLOSE, N_REF, N_MATCH = range(8)

# What a position knows of the byte on one of its sides.
C_WORD, C_NEWLINE, C_EDGE, C_EDGE_INSIDE = 1, 2, 4, 8
"""A word byte; a newline where lines count; the buffer's edge; that edge where it is no line's."""

Holes = list[tuple[int, int]]


def holds(kind: int, left: int, right: int) -> bool:
    """Whether an assertion holds between two bytes of the given contexts."""
    if kind == BOL:
        return left & (C_NEWLINE | C_EDGE) != 0
    if kind == EOL:
        return right & (C_NEWLINE | C_EDGE) != 0
    if kind == BUFFER_START:
        return left & (C_EDGE | C_EDGE_INSIDE) != 0
    if kind == BUFFER_END:
        return right & (C_EDGE | C_EDGE_INSIDE) != 0
    if kind == WORD_EDGE:
        return (left ^ right) & C_WORD != 0
    if kind == NOT_WORD_EDGE:
        return (left ^ right) & C_WORD == 0
    if kind == WORD_START:
        return right & ~left & C_WORD != 0
    if kind == WORD_END:
        return left & ~right & C_WORD != 0
    if kind == NOT_AFTER_WORD:
        return left & C_WORD == 0
    return right & C_WORD == 0


class Program:
    """The automaton as parallel lists: ``kind``, ``arg`` (a set, an assertion, a group) and
    ``outs``, the successors in order of preference.

    ``classes`` maps each byte to its equivalence class, ``members`` a class to one of its bytes and
    ``contexts`` a class to what assertions see of it.
    """

    __slots__ = (
        "arg",
        "asserting",
        "classes",
        "contexts",
        "kind",
        "limit",
        "match",
        "members",
        "optional",
        "outs",
        "preds_eps",
        "preds_set",
        "start",
        "work",
    )

    def __init__(
        self,
        ops: list[Op],
        *,
        newline: bool = False,
        utf8: bool = False,
        loose: bool = False,
        limit: int = NODES_MAX,
    ) -> None:
        self.limit = limit
        self.kind: list[int] = []
        self.arg: list[int] = []
        self.outs: list[list[int]] = []
        self.optional: set[int] = set()
        self.asserting = False
        self.work = 0  # node visits of the automata over it
        self._build(ops, loose)
        self._classify(newline, utf8)
        size = len(self.kind)
        self.preds_eps: list[list[int]] = [[] for _ in range(size)]
        self.preds_set: list[list[int]] = [[] for _ in range(size)]
        for node, outs in enumerate(self.outs):
            into = self.preds_set if self.kind[node] == N_SET else self.preds_eps
            for out in outs:
                into[out].append(node)

    # -- construction --------------------------------------------------------------------------

    def _node(self, kind: int, arg: int, outs: list[int]) -> int:
        if len(self.kind) >= self.limit:
            raise RegexError(ESIZE)
        self.kind.append(kind)
        self.arg.append(arg)
        self.outs.append(outs)
        return len(self.kind) - 1

    def _patch(self, holes: Holes, target: int) -> None:
        for node, slot in holes:
            self.outs[node][slot] = target

    def _copy(self, low: int, high: int) -> int:
        """Copy the unfinished nodes ``low`` to ``high``; how far the copy is shifted."""
        shift = len(self.kind) - low
        for node in range(low, high):
            outs = [out + shift if out >= 0 else out for out in self.outs[node]]
            self._node(self.kind[node], self.arg[node], outs)
        return shift

    def _build(self, ops: list[Op], loose: bool) -> None:
        """Evaluate ``ops`` on a stack of fragments (first node, entry, holes).

        A fragment's nodes are the last ones made when it is on top, so repeating is copying a
        range. ``loose`` lets a back-reference match anything, for a first sieve.
        """
        stack: list[tuple[int, int, Holes]] = []
        for op, a, b in ops:
            if op == CAT:
                _, entry, holes = stack.pop()
                low, first, joints = stack.pop()
                self._patch(joints, entry)
                stack.append((low, first, holes))
            elif op == ALT:
                _, right, more = stack.pop()
                low, left, holes = stack.pop()
                holes.extend(more)
                stack.append((low, self._node(N_SPLIT, 0, [left, right]), holes))
            elif op == GROUP:
                low, entry, joints = stack.pop()
                opening = self._node(N_OPEN, a, [entry])
                closing = self._node(N_CLOSE, a, [-1])
                self._patch(joints, closing)
                stack.append((low, opening, [(closing, 0)]))
            elif op == REPEAT:
                stack.append(self._repeat(*stack.pop(), a, b))
            else:
                if op == BACKREF and loose:
                    node = self._node(N_SET, ALL, [len(self.kind) + 1])
                    split = self._node(N_SPLIT, 0, [node, -1])
                    stack.append((node, split, [(split, 1)]))
                    continue
                self.asserting |= op == ASSERT
                kind = {SET: N_SET, EMPTY: N_JUMP, ASSERT: N_ASSERT, BACKREF: N_REF}[op]
                node = self._node(kind, a, [-1])
                stack.append((node, node, [(node, 0)]))
        _, self.start, holes = stack.pop()
        self.match = self._node(N_MATCH, 0, [])
        self._patch(holes, self.match)

    def _repeat(
        self, low: int, entry: int, holes: Holes, least: int, most: int
    ) -> tuple[int, int, Holes]:
        """``x{least,most}`` as ``x…x`` followed by ``x*`` or ``(((x?)x)?x)?``: glibc's shape."""
        high = len(self.kind)
        if most == 0:
            node = self._node(N_JUMP, 0, [-1])
            return low, node, [(node, 0)]
        grouped = entry == high - 2 and self.kind[high - 1] == N_CLOSE
        looping = most < 0 and least > 0 and (not grouped or high - low > 64)
        total = most if most > 0 else least + (not looping)
        copies = [(entry, holes)]
        while len(copies) < total:
            shift = self._copy(low, high)
            copies.append((entry + shift, [(node + shift, slot) for node, slot in holes]))
        if grouped and not looping and total > least:
            # glibc marks the first optional copy and forgets the marks in copies of copies.
            self.optional.add(copies[least][1][0][0])

        head = copies[0][0]
        tail: Holes = []
        for at, out in copies[:least]:
            self._patch(tail, at)
            tail = out
        if looping:
            split = self._node(N_SPLIT, 0, [copies[-1][0], -1])
            self._patch(tail, split)
            return low, head, [(split, 1)]
        optional = copies[least:]
        if not optional:
            return low, head, tail
        at, out = optional[0]
        split = self._node(N_SPLIT, 0, [at, -1])
        if most < 0:
            self._patch(out, split)
            out = []
        out = [*out, (split, 1)]
        for at, more in optional[1:]:
            self._patch(out, at)
            split = self._node(N_SPLIT, 0, [split, -1])
            out = [*more, (split, 1)]
        self._patch(tail, split)
        return low, head if least else split, out

    # -- the alphabet --------------------------------------------------------------------------

    def _classify(self, newline: bool, utf8: bool) -> None:
        """Partition the bytes into those that no node and no assertion tells apart."""
        word = WORD | (ALL >> 128 << 128) if utf8 else WORD
        masks = dict.fromkeys(
            arg for kind, arg in zip(self.kind, self.arg, strict=True) if kind == N_SET
        )
        if self.asserting:
            masks[word] = masks[NEWLINE] = None
        parts = [ALL]
        for mask in masks:
            split: list[int] = []
            for part in parts:
                inside = part & mask
                if inside and inside != part:
                    split.append(inside)
                    split.append(part & ~mask)
                else:
                    split.append(part)
            parts = split
        table = bytearray(256)
        self.members: list[int] = []
        self.contexts: list[int] = []
        for number, part in enumerate(parts):
            rest = part
            while rest:
                bit = rest & -rest
                table[bit.bit_length() - 1] = number
                rest ^= bit
            byte = (part & -part).bit_length() - 1
            self.members.append(byte)
            context = C_WORD if word >> byte & 1 else C_NEWLINE if newline and byte == 10 else 0
            self.contexts.append(context if self.asserting else 0)
        self.classes = bytes(table)
