"""Which lines match, and where."""

from collections.abc import Iterator, Sequence

from minios.userland.bin.grep.settings import Settings
from minios.userland.lib.regex import Match, Regex
from minios.userland.lib.regex.union import WHOLE_LINE, WHOLE_WORD, compile_any, compile_texts

_SPECIAL = frozenset(b"\\[]*.^$+?(){}|")


class Matcher:
    """The patterns of a run. Raises RegexError when one does not compile."""

    __slots__ = ("regexes",)

    def __init__(self, settings: Settings, patterns: Sequence[bytes], utf8: bool) -> None:
        whole = None
        if settings.whole_line:
            whole = WHOLE_LINE
        elif settings.whole_word:
            whole = WHOLE_WORD
        self.regexes: list[Regex] = []
        plain = settings.matcher == "F" or all(_SPECIAL.isdisjoint(p) for p in patterns)
        if not patterns:
            return
        if plain:
            self.regexes = [compile_texts(patterns, icase=settings.icase, whole=whole)]
        else:
            self.regexes = compile_any(
                patterns, settings.syntax, icase=settings.icase, utf8=utf8, whole=whole
            )

    @property
    def size(self) -> int:
        """Bytes of memory to ask for."""
        return sum(regex.size for regex in self.regexes)

    def test(self, line: bytes) -> bool:
        return any(regex.test(line) for regex in self.regexes)

    def owing(self) -> bool:
        return any(regex.owing() for regex in self.regexes)

    def spent(self) -> int:
        return sum(regex.spent() for regex in self.regexes)

    def _search(self, line: bytes, start: int) -> Match | None:
        best: Match | None = None
        for regex in self.regexes:
            found = regex.search(line, start)
            if found and (best is None or (found.start, -found.end) < (best.start, -best.end)):
                best = found
        return best

    def spans(self, line: bytes) -> Iterator[tuple[int, int]]:
        """The matches in a line that are not empty, from left to right."""
        at = 0
        while (found := self._search(line, at)) is not None:
            start, end = found.span()
            if end > start:
                yield start, end
                at = end
            else:
                at = end + 1
            if at > len(line):
                return
