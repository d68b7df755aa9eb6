"""Words and names: the characters they consist of, and what is known of a word by itself."""

from minios.userland.shell.syntax import Part, Text, Word

KEYWORDS = {
    word: word.decode()
    for word in b"! case do done elif else esac fi for if in then until while { }".split()
}

NAME_START = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
NAME_CHARS = NAME_START | frozenset(b"0123456789")
SPECIAL_NAMES = frozenset(b"*@#?-$!0123456789")
DIGITS = frozenset(b"0123456789")


def is_name(text: bytes) -> bool:
    """Whether ``text`` may name a variable (XBD 3.235)."""
    return bool(text) and text[0] in NAME_START and all(c in NAME_CHARS for c in text)


def has_glob(text: bytes) -> bool:
    """Whether unquoted ``text`` may be a pattern; a ``[`` needs a ``]`` somewhere behind it."""
    if b"*" in text or b"?" in text:
        return True
    at = text.find(b"[")
    return at >= 0 and text.find(b"]", at + 1) >= 0


def make_word(parts: list[Part]) -> Word:
    """Build a word and find out what is known of it before any expansion."""
    literal: bytes | None = None
    tilde = False
    if len(parts) == 1:
        part = parts[0]
        if type(part) is Text:
            tilde = not part.quoted and part.value[:1] == b"~"
            if part.quoted or not (tilde or has_glob(part.value)):
                literal = part.value
        return Word(tuple(parts), literal, tilde)
    if parts:
        first = parts[0]
        tilde = type(first) is Text and not first.quoted and first.value[:1] == b"~"
        if not tilde and all(type(part) is Text for part in parts):
            loose = b"".join(part.value for part in parts if not part.quoted)  # type: ignore[union-attr]
            if not has_glob(loose):
                literal = b"".join(part.value for part in parts)  # type: ignore[union-attr]
    else:
        literal = b""
    return Word(tuple(parts), literal, tilde)
