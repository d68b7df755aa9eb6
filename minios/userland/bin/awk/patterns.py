"""Regular expressions and separators, compiled once and kept."""

from collections.abc import Callable

from minios.userland.bin.awk.lexer import AwkError
from minios.userland.lib import regex

Splitter = Callable[[bytes], list[bytes]]

LONG = 4096
"""Shorter texts are split without asking."""

PART = 48
"""Bytes that a part takes."""

_KEPT = 64
"""So many compiled patterns are kept; then all make room."""


class Patterns:
    """``spent`` collects the CPU cycles of matching until somebody pays them."""

    def __init__(self, need: Callable[[int], None]) -> None:
        """``need(n)`` is asked before ``n`` bytes are made; it may raise."""
        self._need = need
        self.spent = 0
        self._compiled: dict[bytes, regex.Regex] = {}
        self._splitters: dict[tuple[bytes, bool], Splitter] = {}

    def compile(self, pattern: bytes) -> regex.Regex:
        """Raises AwkError."""
        found = self._compiled.get(pattern)
        if found is None:
            if len(self._compiled) >= _KEPT:
                self._compiled.clear()
            try:
                found = regex.compile(pattern, syntax=regex.AWK)
            except regex.RegexError as err:
                shown = pattern.decode("latin-1")
                raise AwkError(f"regular expression compile failed ({err})\n{shown}") from None
            self._compiled[pattern] = found
        return found

    def test(self, pattern: regex.Regex, data: bytes) -> bool:
        found = pattern.test(data)
        if len(data) > 256 or pattern.owing():
            self.spent += pattern.spent()
        return found

    def search(self, pattern: regex.Regex, data: bytes, start: int = 0) -> regex.Match | None:
        found = pattern.search(data, start)
        if len(data) > 256 or pattern.owing():
            self.spent += pattern.spent()
        return found

    def splitter(self, separator: bytes, *, literal: bool = False) -> Splitter:
        """What splits a text as FS does; ``literal`` was written as /…/.

        A blank splits at runs of white space, nothing at every byte, another byte at itself.
        """
        key = separator, literal
        found = self._splitters.get(key)
        if found is None:
            if len(self._splitters) >= _KEPT:
                self._splitters.clear()
            found = self._splitter(separator, literal)
            self._splitters[key] = found
        return found

    def _splitter(self, separator: bytes, literal: bool) -> Splitter:
        if separator == b" " and not literal:
            return self._counted(bytes.split, b" ", b"\t", b"\n")
        if separator == b"":
            return self._bytes_of
        if len(separator) == 1 and not literal:
            return self._counted(lambda data: data.split(separator) if data else [], separator)
        pattern = self.compile(separator)
        text = pattern.literal
        if text:
            return self._counted(lambda data: data.split(text) if data else [], text)
        return self._by(pattern)

    def _counted(self, split: Splitter, *separators: bytes) -> Splitter:
        """``split``, asking for memory before it makes many parts."""

        def counted(data: bytes) -> list[bytes]:
            if len(data) > LONG:
                self._need(len(data) + PART * sum(map(data.count, separators)))
            return split(data)

        return counted

    def _bytes_of(self, data: bytes) -> list[bytes]:
        if len(data) > LONG:
            self._need(PART * len(data))
        return [data[at : at + 1] for at in range(len(data))]

    def _by(self, pattern: regex.Regex) -> Splitter:
        def split(data: bytes) -> list[bytes]:
            if not data:
                return []
            parts: list[bytes] = []
            first = at = 0
            while at <= len(data):
                match = pattern.search(data, at)
                if match is None:
                    break
                if match.end == match.start:
                    at = match.end + 1
                    continue
                parts.append(data[first : match.start])
                if len(parts) > 64 and not len(parts) & (len(parts) - 1):
                    self._need(PART * len(parts))
                first = at = match.end
            parts.append(data[first:])
            self.spent += pattern.spent() + len(parts) // 8
            return parts

        return split


def replacement(text: bytes) -> list[bytes | None]:
    """What sub and gsub put in: texts, and None for what was matched (``&``; ``\\&`` is itself)."""
    if b"&" not in text:
        return [text]
    parts: list[bytes | None] = []
    out = bytearray()
    at = 0
    while at < len(text):
        char = text[at : at + 1]
        following = text[at + 1 : at + 2]
        if char == b"\\" and following == b"&":
            out += b"&"
            at += 2
        elif char == b"\\" and following == b"\\" and text[at + 2 : at + 3] == b"&":
            out += b"\\"
            at += 2
        elif char == b"&":
            if out:
                parts.append(bytes(out))
                out.clear()
            parts.append(None)
            at += 1
        else:
            out += char
            at += 1
    if out:
        parts.append(bytes(out))
    return parts
