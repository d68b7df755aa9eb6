"""awk's tokens. Whether ``/`` divides or begins a regular expression only the parser knows."""

from typing import NamedTuple

KEYWORDS = frozenset((
    "BEGIN", "END", "function", "if", "else", "while", "for", "do", "break", "continue", "next",
    "nextfile", "exit", "return", "delete", "in", "getline", "print", "printf",
))  # fmt: skip
BUILTINS = frozenset((
    "length", "index", "substr", "split", "sprintf", "sub", "gsub", "match", "int", "rand",
    "srand", "sin", "cos", "atan2", "exp", "log", "sqrt", "system", "close", "fflush", "toupper",
    "tolower", "systime", "mktime", "strftime",
))  # fmt: skip
_PUNCTUATION = (
    "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "==", "<=", ">=", "!=", "!~", ">>",
    "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", ">", "<", "|", "?",
    ":", "~", "$", "=",
)  # fmt: skip
_ESCAPES = {
    '"': '"', "\\": "\\", "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r",
    "t": "\t", "v": "\v",
}  # fmt: skip
_DIGITS = "0123456789"
_HEX = _DIGITS + "abcdefABCDEF"
_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_" + _DIGITS


class AwkError(Exception):
    """Ends awk with status 2; ``str`` is the text after its name, in Latin-1."""


class Token(NamedTuple):
    """``kind`` is the word or the sign itself, or one of name, call (a name with its parenthesis
    right behind), builtin, number, string, newline, eof, and ``|getline``."""

    kind: str
    text: str
    line: int


def unescape(text: str) -> bytes:
    """Carry out the escapes of a string constant; an unknown one stays as it is written."""
    if "\\" not in text:
        return text.encode("latin-1")
    out: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char != "\\" or at >= len(text):
            out.append(char)
            continue
        char = text[at]
        if char in "01234567":
            first = at
            while at < len(text) and at - first < 3 and text[at] in "01234567":
                at += 1
            out.append(chr(int(text[first:at], 8) & 0xFF))
            continue
        if char == "x" and at + 1 < len(text) and text[at + 1] in _HEX:
            first = at = at + 1
            while at < len(text) and at - first < 2 and text[at] in _HEX:
                at += 1
            out.append(chr(int(text[first:at], 16)))
            continue
        at += 1
        if char != "\n":
            out.append(_ESCAPES.get(char, "\\" + char))
    return "".join(out).encode("latin-1")


class Lexer:
    """A program's text, token by token."""

    def __init__(self, source: bytes) -> None:
        self.text = source.decode("latin-1")
        self.at = 0
        self.line = 1

    def fail(self, why: str) -> AwkError:
        return AwkError(f"line {self.line}: {why}")

    def next(self) -> Token:
        self._skip()
        text, at = self.text, self.at
        if at >= len(text):
            return Token("eof", "end of file", self.line)
        char = text[at]
        if char == "\n":
            self.at += 1
            self.line += 1
            return Token("newline", "end of line", self.line - 1)
        if char in _DIGITS or (char == "." and text[at + 1 : at + 2] in tuple(_DIGITS)):
            return self._number()
        if char in _NAME:
            return self._word()
        if char == '"':
            return self._string()
        for sign in _PUNCTUATION:
            if text.startswith(sign, at):
                self.at += len(sign)
                if sign == "|":
                    return self._pipe()
                return Token(sign, sign, self.line)
        raise self.fail(f"unexpected character {char!r}")

    def regex(self, begun: str) -> bytes:
        """The rest of a regular expression after its slash, as written (``\\/`` is ``/``)."""
        first = self.at
        inside = False
        out = begun
        while True:
            char = self.text[self.at : self.at + 1]
            if char in ("", "\n"):
                shown = self.text[first : self.at][:40]
                raise self.fail(f"runaway regular expression /{shown} ...")
            self.at += 1
            if char == "/" and not inside:
                return out.encode("latin-1")
            if char == "\\":
                following = self.text[self.at : self.at + 1]
                if following == "\n":
                    continue
                self.at += len(following)
                out += following if following == "/" else char + following
                continue
            if char == "[" and not inside:
                inside = True
                out += char
                # A bracket right at the beginning of a list stands for itself.
                for sign in "^]":
                    if self.text[self.at : self.at + 1] == sign:
                        out += sign
                        self.at += 1
                continue
            if char == "[" and self.text[self.at : self.at + 1] in (":", "=", "."):
                end = self.text.find(self.text[self.at] + "]", self.at + 1)
                if 0 <= end - self.at < 16:
                    out += char + self.text[self.at : end + 2]
                    self.at = end + 2
                    continue
            if char == "]":
                inside = False
            out += char

    def _skip(self) -> None:
        """Pass over blanks, comments and continued lines."""
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            if char in " \t\r\f\v":
                self.at += 1
            elif char == "#":
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            elif char == "\\" and text[self.at + 1 : self.at + 2] == "\n":
                self.at += 2
                self.line += 1
            elif char == "\\" and text[self.at + 1 : self.at + 3] == "\r\n":
                self.at += 3
                self.line += 1
            else:
                return

    def _run(self, at: int, allowed: str) -> int:
        while at < len(self.text) and self.text[at] in allowed:
            at += 1
        return at

    def _number(self) -> Token:
        first = self.at
        at = self._run(first, _DIGITS)
        if self.text[at : at + 1] == ".":
            at = self._run(at + 1, _DIGITS)
        if self.text[at : at + 1] in ("e", "E"):
            sign = at + 1 + (self.text[at + 1 : at + 2] in ("+", "-"))
            end = self._run(sign, _DIGITS)
            if end > sign:
                at = end
        self.at = at
        text = self.text[first:at]
        if float(text) == float("inf"):
            raise self.fail(f"{text} : decimal overflow")
        return Token("number", text, self.line)

    def _word(self) -> Token:
        first = self.at
        self.at = self._run(first, _NAME)
        word = self.text[first : self.at]
        if word in KEYWORDS:
            return Token(word, word, self.line)
        if word in BUILTINS:
            return Token("builtin", word, self.line)
        called = self.text[self.at : self.at + 1] == "("
        return Token("call" if called else "name", word, self.line)

    def _string(self) -> Token:
        at = first = self.at + 1
        while True:
            char = self.text[at : at + 1]
            if char in ("", "\n"):
                raise self.fail(f'runaway string constant "{self.text[first:at][:40]} ...')
            if char == '"':
                break
            if char == "\\":
                if self.text[at + 1 : at + 2] == "\n":
                    self.line += 1
                at += 1
            at += 1
        self.at = at + 1
        return Token("string", self.text[first:at], self.line)

    def _pipe(self) -> Token:
        line = self.line
        self._skip()
        end = self._run(self.at, _NAME)
        if self.text[self.at : end] == "getline":
            self.at = end
            return Token("|getline", "| getline", line)
        return Token("|", "|", line)
