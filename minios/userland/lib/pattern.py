"""Shell patterns (XCU 2.13) on bytes, in bounded time.

A pattern is bytes in which a backslash takes the meaning from what follows. Whole matches need no
more than (length of pattern × length of subject) steps; the trimming operators run all prefixes at
once, as a set of pattern positions in one integer. Where pattern and subject may be long, the work
is a generator of steps (:mod:`minios.userland.lib.steps`).
"""

from minios.userland.lib.steps import STRIDE, Steps, at_once

STAR = -1
"""The token for ``*``; every other token is the 256-bit set of bytes it accepts."""

_ANY = (1 << 256) - 1
_LIMIT = 256


def _class(members: bytes) -> int:
    mask = 0
    for char in members:
        mask |= 1 << char
    return mask


def _between(first: int, last: int) -> int:
    return (1 << last + 1) - (1 << first) if first <= last else 0


_UPPER = _between(0x41, 0x5A)
_LOWER = _between(0x61, 0x7A)
_DIGIT = _between(0x30, 0x39)
_GRAPH = _between(0x21, 0x7E)

CLASSES = {
    b"alnum": _UPPER | _LOWER | _DIGIT,
    b"alpha": _UPPER | _LOWER,
    b"blank": _class(b" \t"),
    b"cntrl": _between(0, 31) | 1 << 127,
    b"digit": _DIGIT,
    b"graph": _GRAPH,
    b"lower": _LOWER,
    b"print": _GRAPH | 1 << 32,
    b"punct": _GRAPH & ~(_UPPER | _LOWER | _DIGIT),
    b"space": _class(b" \t\n\v\f\r"),
    b"upper": _UPPER,
    b"xdigit": _DIGIT | _between(0x41, 0x46) | _between(0x61, 0x66),
}
"""The character classes of the C locale."""


def escape(text: bytes) -> bytes:
    """``text`` as a pattern that matches it alone."""
    if b"\\" in text:
        text = text.replace(b"\\", b"\\\\")
    for char in (b"*", b"?", b"["):
        if char in text:
            text = text.replace(char, b"\\" + char)
    for char in (b"]", b"-", b"!", b"^"):
        # These mean something only between brackets that an unquoted "[" around them may open.
        if char in text:
            text = text.replace(char, b"\\" + char)
    return text


def unescape(pattern: bytes) -> bytes:
    """The text of a pattern in which nothing is special."""
    if b"\\" not in pattern:
        return pattern
    out = bytearray()
    at, end = 0, len(pattern)
    while at < end:
        if pattern[at] == 0x5C and at + 1 < end:
            at += 1
        out.append(pattern[at])
        at += 1
    return bytes(out)


def has_meta(pattern: bytes) -> bool:
    """Whether anything in ``pattern`` is special: ``*``, ``?`` or a closed ``[``."""
    if not (b"*" in pattern or b"?" in pattern or b"[" in pattern):
        return False
    at, end = 0, len(pattern)
    dead: set[int] = set()
    while at < end:
        char = pattern[at]
        if char == 0x5C:
            at += 1
        elif char in b"*?" or (char == 0x5B and _bracket(pattern, at + 1, dead) is not None):
            return True
        at += 1
    return False


def _bracket(
    pattern: bytes, at: int, dead: set[int], caret: bool = False
) -> tuple[int, int] | None:
    """The set of the bracket expression whose ``[`` is before ``at``, and where it ends.

    ``dead`` gathers the places from which no end was found, so that looking for the ends of many
    brackets that have none takes no longer than for one.
    """
    end = len(pattern)
    invert = at < end and (pattern[at] == 0x21 or (caret and pattern[at] == 0x5E))
    if invert:
        at += 1
    mask = 0
    first = True
    visited: list[int] = []
    while True:
        if at >= end or (at in dead and not first):
            break
        char = pattern[at]
        if not first:
            visited.append(at)
        at += 1
        if char == 0x5D and not first:
            return (_ANY & ~mask if invert else mask), at
        first = False
        if char == 0x5B and pattern[at : at + 1] == b":":
            close = pattern.find(b":]", at + 1, at + 16)
            members = CLASSES.get(pattern[at + 1 : close]) if close >= 0 else None
            if members is not None:
                mask |= members
                at = close + 2
                continue
        elif char == 0x5C:
            if at >= end:
                break
            char = pattern[at]
            at += 1
        if pattern[at : at + 1] == b"-" and at + 1 < end and pattern[at + 1] != 0x5D:
            last = pattern[at + 1]
            at += 2
            if last == 0x5C and at < end:
                last = pattern[at]
                at += 1
            mask |= _between(char, last)
        else:
            mask |= 1 << char
    dead.update(visited)
    return None


class Pattern:
    """A compiled pattern. With ``caret``, ``[^a]`` means ``[!a]`` (fnmatch(3); dash does not)."""

    __slots__ = ("prefix", "suffix", "text", "tokens")

    def __init__(self, pattern: bytes, caret: bool = False) -> None:
        at_once(self._compile(pattern, caret))

    @classmethod
    def compiling(cls, pattern: bytes) -> Steps["Pattern"]:
        """A long pattern, compiled step by step."""
        new = cls.__new__(cls)
        yield from new._compile(pattern, False)
        return new

    def _compile(self, pattern: bytes, caret: bool) -> Steps[None]:
        tokens: list[int] = []
        dead: set[int] = set()
        literal = bytearray()
        plain = True
        at, end = 0, len(pattern)
        while at < end:
            char = pattern[at]
            at += 1
            if not at % STRIDE:
                yield
            if char == 0x2A:
                if not tokens or tokens[-1] != STAR:
                    tokens.append(STAR)
                continue
            if char == 0x3F:
                tokens.append(_ANY)
                plain = False
                continue
            if char == 0x5B:
                found = _bracket(pattern, at, dead, caret)
                if found is not None:
                    tokens.append(found[0])
                    at = found[1]
                    plain = False
                    continue
            elif char == 0x5C and at < end:
                char = pattern[at]
                at += 1
            tokens.append(1 << char)
            literal.append(char)
        self.tokens = tuple(tokens)
        stars = tokens.count(STAR)
        # The three forms that most patterns have, as their literal text.
        self.text = bytes(literal) if plain and not stars else None
        self.prefix = bytes(literal) if plain and stars == 1 and tokens[-1] == STAR else None
        self.suffix = bytes(literal) if plain and stars == 1 and tokens[0] == STAR else None

    def matches(self, subject: bytes) -> bool:
        """Whether the whole of ``subject`` matches."""
        return at_once(self.matching(subject))

    def matching(self, subject: bytes) -> Steps[bool]:
        """The same, step by step."""
        if self.text is not None:
            return subject == self.text
        if self.prefix is not None:
            return subject.startswith(self.prefix)
        if self.suffix is not None:
            return subject.endswith(self.suffix)
        tokens, count = self.tokens, len(self.tokens)
        at = token = 0
        end = len(subject)
        retry, retry_at = -1, 0  # where to go on when what follows the last star fails
        steps = 0
        while at < end:
            steps += 1
            if not steps % STRIDE:
                yield
            if token < count and tokens[token] == STAR:
                token += 1
                retry, retry_at = token, at
            elif token < count and tokens[token] >> subject[at] & 1:
                token += 1
                at += 1
            elif retry >= 0:
                retry_at += 1
                token, at = retry, retry_at
            else:
                return False
        while token < count and tokens[token] == STAR:
            token += 1
        return token == count

    def prefix_length(self, subject: bytes, longest: bool) -> int | None:
        """The length of the shortest or longest prefix that matches; None if none does."""
        return at_once(self.measuring_prefix(subject, longest))

    def measuring_prefix(self, subject: bytes, longest: bool) -> Steps[int | None]:
        """The same, step by step."""
        if self.text is not None:
            return len(self.text) if subject.startswith(self.text) else None
        if self.suffix is not None:
            found = subject.rfind(self.suffix) if longest else subject.find(self.suffix)
            return None if found < 0 else found + len(self.suffix)
        if self.prefix is not None:
            if not subject.startswith(self.prefix):
                return None
            return len(subject) if longest else len(self.prefix)
        return (yield from self._scan(self.tokens, subject, longest))

    def suffix_length(self, subject: bytes, longest: bool) -> int | None:
        """The length of the shortest or longest suffix that matches; None if none does."""
        return at_once(self.measuring_suffix(subject, longest))

    def measuring_suffix(self, subject: bytes, longest: bool) -> Steps[int | None]:
        """The same, step by step."""
        if self.text is not None:
            return len(self.text) if subject.endswith(self.text) else None
        if self.prefix is not None:
            found = subject.find(self.prefix) if longest else subject.rfind(self.prefix)
            return None if found < 0 else len(subject) - found
        if self.suffix is not None:
            if not subject.endswith(self.suffix):
                return None
            return len(subject) if longest else len(self.suffix)
        return (yield from self._scan(self.tokens[::-1], subject[::-1], longest))

    def _scan(self, tokens: tuple[int, ...], subject: bytes, longest: bool) -> Steps[int | None]:
        count = len(tokens)
        accept = 1 << count
        stars = _positions([token == STAR for token in tokens])
        advance: dict[int, int] = {}
        states = 1
        states |= (states & stars) << 1
        best = 0 if states & accept else None
        if best is not None and not longest:
            return 0
        cost = 1 + count // 256  # of a step on integers of so many bits
        steps = 0
        for length, char in enumerate(subject, 1):
            steps += cost
            step = advance.get(char)
            if step is None:
                step = _positions([token != STAR and token >> char & 1 for token in tokens])
                advance[char] = step
                steps += count
            if steps >= STRIDE:
                steps = 0
                yield
            states = (states & step) << 1 | states & stars
            states |= (states & stars) << 1
            if states & accept:
                best = length
                if not longest:
                    break
            elif not states:
                break
        return best


def _positions(chosen: list[bool] | list[int]) -> int:
    """The set of the positions that are true, as an integer."""
    packed = bytearray(len(chosen) // 8 + 1)
    for index, is_in in enumerate(chosen):
        if is_in:
            packed[index >> 3] |= 1 << (index & 7)
    return int.from_bytes(packed, "little")


_cache: dict[bytes, Pattern] = {}


def compiled(pattern: bytes) -> Pattern:
    """The compiled form; the last few hundred are kept."""
    return at_once(compiling(pattern))


def compiling(pattern: bytes) -> Steps[Pattern]:
    """The same, step by step."""
    found = _cache.get(pattern)
    if found is None:
        found = yield from Pattern.compiling(pattern)
        if len(_cache) >= _LIMIT:
            _cache.clear()
        if len(pattern) <= STRIDE:
            _cache[pattern] = found
    return found
