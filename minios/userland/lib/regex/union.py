"""Several patterns as one, as grep has them: any may match, as a whole line or word if asked."""

from collections.abc import Sequence

from minios.userland.lib.regex import charset
from minios.userland.lib.regex.parse import (
    ALT,
    ASSERT,
    BOL,
    CAT,
    EMPTY,
    EOL,
    NOT_AFTER_WORD,
    NOT_BEFORE_WORD,
    OPS_MAX,
    SET,
    Op,
    Parser,
)
from minios.userland.lib.regex.program import LIST_MAX
from minios.userland.lib.regex.regex import Regex
from minios.userland.lib.regex.syntax import ESIZE, RegexError, Syntax

WHOLE_LINE, WHOLE_WORD = (BOL, EOL), (NOT_AFTER_WORD, NOT_BEFORE_WORD)


def _around(ops: list[Op], whole: tuple[int, int] | None) -> list[Op]:
    """The pattern between two assertions."""
    if whole is None:
        return ops
    return [(ASSERT, whole[0], 0), *ops, (CAT, 0, 0), (ASSERT, whole[1], 0), (CAT, 0, 0)]


def compile_any(
    patterns: Sequence[bytes],
    syntax: Syntax,
    *,
    icase: bool = False,
    utf8: bool = False,
    whole: tuple[int, int] | None = None,
) -> list[Regex]:
    """Patterns of which one must match; those with back-references stay by themselves."""
    joined: list[Op] = []
    alone: list[Regex] = []
    for pattern in patterns:
        parser = Parser(pattern, syntax, icase=icase, newline=False, utf8=utf8)
        ops = parser.parse()
        if parser.references:
            alone.append(
                Regex(
                    _around(ops, whole),
                    groups=parser.groups,
                    references=True,
                    icase=icase,
                    utf8=utf8,
                )
            )
            continue
        if joined:
            joined += ops
            joined.append((ALT, 0, 0))
        else:
            joined = ops
        if len(joined) > OPS_MAX:
            raise RegexError(ESIZE)
    if joined:
        alone.insert(0, Regex(_around(joined, whole), icase=icase, utf8=utf8))
    return alone


def compile_texts(
    texts: Sequence[bytes], *, icase: bool = False, whole: tuple[int, int] | None = None
) -> Regex:
    """Plain texts of which one must occur, as a tree of their common beginnings."""
    ops: list[Op] = []

    def put(char: int) -> None:
        mask = 1 << char
        ops.append((SET, charset.fold(mask) if icase else mask, 0))

    if sum(map(len, texts)) > LIST_MAX:
        raise RegexError(ESIZE)
    if icase:
        texts = [text.lower() for text in texts]
    ordered = sorted(set(texts))
    # Each entry is a stretch of ``ordered`` whose texts agree on the bytes before ``depth``, and
    # what is to be put behind it: how many CATs, and whether an ALT.
    todo: list[tuple[int, int, int]] = [(0, len(ordered), 0)]
    while todo:
        low, high, depth = todo.pop()
        if high < 0:
            ops.append((CAT if low else ALT, 0, 0))
            continue
        first, last = ordered[low], ordered[high - 1]
        same = depth
        limit = min(len(first), len(last))
        while same < limit and first[same] == last[same]:
            same += 1
        for at in range(depth, same):
            put(first[at])
            if at > depth:
                ops.append((CAT, 0, 0))
        if low + 1 == high:
            if same == depth:
                ops.append((EMPTY, 0, 0))
            continue
        if same > depth:
            todo.append((1, -1, 0))
        branches: list[tuple[int, int, int]] = []
        at = low
        while at < high:
            stop = at + 1
            if len(ordered[at]) > same:
                while stop < high and ordered[stop][same] == ordered[at][same]:
                    stop += 1
            branches.append((at, stop, same))
            at = stop
        for count, branch in enumerate(reversed(branches)):
            if count < len(branches) - 1:
                todo.append((0, -1, 0))
            todo.append(branch)
    return Regex(_around(ops, whole), icase=icase, limit=LIST_MAX)
