"""Patterns of file names, as fnmatch(3) and XCU 2.13 have them, on bytes (C locale).

Matching takes time in proportion to pattern × text at worst and never recurses.
"""

_LOWER, _UPPER, _DIGIT = range(97, 123), range(65, 91), range(48, 58)
_PUNCT = (*range(33, 48), *range(58, 65), *range(91, 97), *range(123, 127))

_CLASSES: dict[bytes, frozenset[int]] = {
    b"alnum": frozenset((*_LOWER, *_UPPER, *_DIGIT)),
    b"alpha": frozenset((*_LOWER, *_UPPER)),
    b"blank": frozenset(b" \t"),
    b"cntrl": frozenset((*range(32), 127)),
    b"digit": frozenset(_DIGIT),
    b"graph": frozenset(range(33, 127)),
    b"lower": frozenset(_LOWER),
    b"print": frozenset(range(32, 127)),
    b"punct": frozenset(_PUNCT),
    b"space": frozenset(b" \t\n\v\f\r"),
    b"upper": frozenset(_UPPER),
    b"xdigit": frozenset((*_DIGIT, *range(65, 71), *range(97, 103))),
}

_STAR = None
_ANY = frozenset(range(256))

Token = frozenset[int] | None
"""The bytes that may stand here; None is ``*``."""


class Glob:
    """A compiled pattern."""

    __slots__ = ("tokens",)

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self.tokens = tokens

    def match(self, text: bytes) -> bool:
        """Whether the whole of ``text`` fits."""
        tokens = self.tokens
        count, size = len(tokens), len(text)
        at = token = 0
        retry_token, retry_at = -1, 0
        while at < size:
            wanted = tokens[token] if token < count else frozenset()
            if token < count and wanted is _STAR:
                retry_token, retry_at = token, at
                token += 1
            elif wanted is not None and text[at] in wanted:
                token += 1
                at += 1
            elif retry_token >= 0:
                retry_at += 1
                at, token = retry_at, retry_token + 1
            else:
                return False
        return all(left is _STAR for left in tokens[token:])


def compile_glob(pattern: bytes, *, fold: bool = False) -> Glob:
    """Read a pattern; ``fold`` ignores the case of ASCII letters.

    A backslash takes the special meaning from the byte after it; a bracket that is never closed
    stands for itself.
    """
    tokens: list[Token] = []
    at = 0
    while at < len(pattern):
        c = pattern[at]
        at += 1
        if c == 0x2A:  # *
            if not tokens or tokens[-1] is not _STAR:
                tokens.append(_STAR)
            continue
        if c == 0x3F:  # ?
            tokens.append(_ANY)
            continue
        if c == 0x5B:  # [
            found = _bracket(pattern, at)
            if found is not None:
                members, at = found
                tokens.append(_folded(members) if fold else members)
                continue
        if c == 0x5C and at < len(pattern):  # backslash
            c = pattern[at]
            at += 1
        tokens.append(_folded(frozenset((c,))) if fold else frozenset((c,)))
    return Glob(tuple(tokens))


def fnmatch(text: bytes, pattern: bytes) -> bool:
    """fnmatch(3) with no flags."""
    return compile_glob(pattern).match(text)


def _folded(members: frozenset[int]) -> frozenset[int]:
    out: set[int] = set(members)
    for c in members:
        if 65 <= c < 91:
            out.add(c + 32)
        elif 97 <= c < 123:
            out.add(c - 32)
    return frozenset(out)


def _bracket(pattern: bytes, at: int) -> tuple[frozenset[int], int] | None:
    """The bytes of a bracket expression that opened before ``at``, and where it ends."""
    negated = pattern[at : at + 1] in (b"!", b"^")
    at += negated
    members: set[int] = set()
    first = True
    while True:
        if at >= len(pattern):
            return None
        if pattern[at] == 0x5D and not first:
            break
        first = False
        if pattern[at : at + 2] == b"[:":
            end = pattern.find(b":]", at + 2)
            named = _CLASSES.get(pattern[at + 2 : end]) if end >= 0 else None
            if named is not None:
                members |= named
                at = end + 2
                continue
        low = _element(pattern, at)
        if low is None:
            return None
        low_byte, at = low
        high_byte = low_byte
        if pattern[at : at + 1] == b"-" and pattern[at + 1 : at + 2] not in (b"]", b""):
            high = _element(pattern, at + 1)
            if high is None:
                return None
            high_byte, at = high
        members.update(range(low_byte, high_byte + 1))
    chosen = _ANY - members if negated else frozenset(members)
    return frozenset(chosen), at + 1


def _element(pattern: bytes, at: int) -> tuple[int, int] | None:
    """One member of a bracket: a byte, an escaped byte, ``[.x.]`` or ``[=x=]``."""
    for opening, closing in ((b"[.", b".]"), (b"[=", b"=]")):
        if pattern[at : at + 2] == opening and pattern[at + 3 : at + 5] == closing:
            return pattern[at + 2], at + 5
    if pattern[at] == 0x5C and at + 1 < len(pattern):
        at += 1
    if at >= len(pattern):
        return None
    return pattern[at], at + 1
