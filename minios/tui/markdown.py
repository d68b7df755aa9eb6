"""Level text as rows: Markdown's emphasis, lists and code, and nothing that could act.

Links are shown, not followed; HTML is text; control characters are gone before parsing.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len
from rich.style import Style

from minios.tui.canvas import BLANK, Row, Span
from minios.tui.text import clip, plain
from minios.tui.theme import Palette


@lru_cache(1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False})


def render(text: str, width: int, ink: Palette) -> list[Row]:
    """``text`` in rows of at most ``width`` cells."""
    tokens = _parser().parse(plain(text, lines=True))
    rows = _Blocks(ink, max(width, 8)).render(tokens)
    while rows and rows[-1] == BLANK:
        rows.pop()
    return rows


def wrap(spans: Iterable[Span], width: int, first: Row = (), rest: Row = ()) -> list[Row]:
    """Styled text in rows: ``first`` before the first, ``rest`` before the others."""
    room = max(width - sum(cell_len(text) for text, _ in rest or first), 4)
    rows: list[Row] = []
    line: list[Span] = []
    used = 0

    def flush() -> None:
        nonlocal used
        rows.append((*(rest if rows else first), *line))
        line.clear()
        used = 0

    for word, style, glued in _words(spans):
        if word == "\n":
            flush()
            continue
        cells = cell_len(word)
        gap = 0 if glued or not line else 1
        if line and used + gap + cells > room:
            flush()
            gap = 0
        while cells > room:
            head = word[:room]
            line.append((head, style))
            flush()
            word = word[len(head) :]
            cells = cell_len(word)
        if gap:
            same = line[-1][1] is style
            line.append((" ", style if same else Style()))
        line.append((word, style))
        used += gap + cells
    if line or not rows:
        flush()
    return rows


def _words(spans: Iterable[Span]) -> Iterable[tuple[str, Style, bool]]:
    """Words with their style, and whether they touch the one before."""
    glued = True
    for text, style in spans:
        if text == "\n":
            yield "\n", style, True
            glued = True
            continue
        parts = text.split(" ")
        for index, part in enumerate(parts):
            if index:
                glued = False
            if part:
                yield part, style, glued
                glued = True


class _Blocks:
    """Walks markdown-it's flat list of tokens."""

    def __init__(self, ink: Palette, width: int) -> None:
        self._ink = ink
        self._width = width
        self._rows: list[Row] = []
        self._prefix: list[tuple[Row, Row]] = []  # of each open list item or quotation
        self._numbers: list[int | None] = []
        self._tight = False

    def render(self, tokens: Sequence[Token]) -> list[Row]:
        style = self._ink.text
        for token in tokens:
            kind = token.type
            if kind == "heading_open":
                self._gap()
                style = self._ink.title
            elif kind == "heading_close":
                style = self._ink.text
            elif kind == "paragraph_open":
                self._tight = token.hidden
            elif kind == "inline":
                if not self._tight:
                    self._gap()
                self._paragraph(_inline(token.children or (), style, self._ink))
            elif kind in ("bullet_list_open", "ordered_list_open"):
                if not self._prefix:
                    self._gap()
                start = int(token.attrGet("start") or 1)
                self._numbers.append(start if kind.startswith("ordered") else None)
            elif kind in ("bullet_list_close", "ordered_list_close"):
                self._numbers.pop()
                self._tight = False
            elif kind == "list_item_open":
                self._open_item()
            elif kind == "blockquote_open":
                bar: Row = (("▎ ", self._ink.faint),)
                self._prefix.append((bar, bar))
            elif kind in ("list_item_close", "blockquote_close"):
                self._prefix.pop()
            elif kind in ("fence", "code_block"):
                self._code(token.content)
            elif kind == "hr":
                self._gap()
                self._rows.append((("─" * self._width, self._ink.rule),))
        return self._rows

    def _gap(self) -> None:
        if self._rows and self._rows[-1] != BLANK and not self._fresh_item():
            self._rows.append(BLANK)

    def _fresh_item(self) -> bool:
        """A list item whose bullet is not yet drawn starts on its own row."""
        return any(first is not rest for first, rest in self._prefix)

    def _open_item(self) -> None:
        number = self._numbers[-1]
        if number is None:
            mark = "• "
        else:
            mark = f"{number}. "
            self._numbers[-1] = number + 1
        rest: Row = ((" " * len(mark), self._ink.dim),)
        self._prefix.append((((mark, self._ink.accent),), rest))

    def _take_prefix(self) -> tuple[Row, Row]:
        """The prefixes of the next row and of those after; a bullet is drawn once."""
        first: Row = ()
        rest: Row = ()
        for index, (head, tail) in enumerate(self._prefix):
            first += head
            rest += tail
            self._prefix[index] = (tail, tail)
        return first, rest

    def _paragraph(self, spans: list[Span]) -> None:
        first, rest = self._take_prefix()
        self._rows += wrap(spans, self._width, first, rest)

    def _code(self, content: str) -> None:
        self._gap()
        _, rest = self._take_prefix()
        indent: Row = (*rest, ("  ", self._ink.text))
        room = self._width - sum(cell_len(text) for text, _ in indent)
        for line in content.rstrip("\n").split("\n"):
            text = f" {clip(line, room - 2)} "
            self._rows.append((*indent, (text, self._ink.code)))


def _inline(tokens: Sequence[Token], style: Style, ink: Palette) -> list[Span]:
    spans: list[Span] = []
    stack = [style]
    link = ""
    for token in tokens:
        kind = token.type
        if kind == "strong_open":
            stack.append(stack[-1] + ink.bold)
        elif kind == "em_open":
            stack.append(stack[-1] + Style(italic=True))
        elif kind in ("strong_close", "em_close"):
            stack.pop()
        elif kind == "code_inline":
            spans.append((token.content.replace(" ", "\u00a0"), ink.code))
        elif kind == "softbreak":
            spans.append((" ", stack[-1]))
        elif kind == "hardbreak":
            spans.append(("\n", stack[-1]))
        elif kind == "link_open":
            link = str(token.attrGet("href") or "")
        elif kind == "link_close":
            if link and not (spans and spans[-1][0] == link):
                spans.append((f" <{plain(link)}>", ink.dim))
        elif token.content:
            spans.append((token.content, stack[-1]))
    return spans
