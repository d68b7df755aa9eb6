"""Sets of bytes and of characters.

A set of bytes is an ``int`` of 256 bits. Outside ASCII a set of characters is a list of code-point
ranges; it becomes an alternation of byte sequences, so that the automaton only ever sees bytes.
"""

Range = tuple[int, int]

ALL = (1 << 256) - 1
ASCII = (1 << 128) - 1
NEWLINE = 1 << 10


def span(first: int, last: int) -> int:
    """The set of the bytes from ``first`` to ``last``."""
    return ((1 << (last - first + 1)) - 1) << first


def members(chars: bytes) -> int:
    mask = 0
    for char in chars:
        mask |= 1 << char
    return mask


UPPER = span(0x41, 0x5A)
LOWER = span(0x61, 0x7A)
DIGIT = span(0x30, 0x39)
SPACE = members(b" \t\n\v\f\r")
ALNUM = UPPER | LOWER | DIGIT
WORD = ALNUM | 1 << 0x5F
GRAPH = span(0x21, 0x7E)

CLASSES = {
    b"alnum": ALNUM,
    b"alpha": UPPER | LOWER,
    b"blank": members(b" \t"),
    b"cntrl": span(0, 31) | 1 << 127,
    b"digit": DIGIT,
    b"graph": GRAPH,
    b"lower": LOWER,
    b"print": GRAPH | 1 << 32,
    b"punct": GRAPH & ~ALNUM,
    b"space": SPACE,
    b"upper": UPPER,
    b"xdigit": DIGIT | span(0x41, 0x46) | span(0x61, 0x66),
}
"""The character classes of the POSIX locale (XBD 7.3.1)."""

LETTERS: list[Range] = [
    (0xAA, 0xAA), (0xB5, 0xB5), (0xBA, 0xBA), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x2C1),
    (0x370, 0x373), (0x376, 0x377), (0x37B, 0x37D), (0x37F, 0x37F), (0x386, 0x386),
    (0x388, 0x3FF), (0x400, 0x481), (0x48A, 0x52F), (0x531, 0x556), (0x561, 0x587),
    (0x5D0, 0x5EA), (0x620, 0x64A), (0x671, 0x6D3), (0x904, 0x939), (0xE01, 0xE30),
    (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1E00, 0x1FBC), (0x2C00, 0x2DFF), (0x3041, 0x3096),
    (0x30A1, 0x30FA), (0x3105, 0x318E), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
    (0xA000, 0xA48C), (0xAC00, 0xD7A3), (0xF900, 0xFAD9), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A),
    (0xFF66, 0xFFDC), (0x20000, 0x2FA1D),
]  # fmt: skip
"""Letters beyond ASCII, by the large blocks of the living scripts."""

CONTROLS: list[Range] = [(0x80, 0x9F), (0x2028, 0x2029)]
SPACES: list[Range] = [
    (0x1680, 0x1680),
    (0x2000, 0x2006),
    (0x2008, 0x200A),
    (0x2028, 0x2029),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
]
UNICODE: list[Range] = [(0x80, 0xD7FF), (0xE000, 0x10FFFF)]


def complement(ranges: list[Range]) -> list[Range]:
    """The characters beyond ASCII that are in none of ``ranges``."""
    result: list[Range] = []
    for low, high in UNICODE:
        for first, last in sorted(ranges):
            if last < low or first > high:
                continue
            if first > low:
                result.append((low, first - 1))
            low = max(low, last + 1)
        if low <= high:
            result.append((low, high))
    return result


WIDE_CLASSES: dict[bytes, list[Range]] = {
    b"alnum": LETTERS,
    b"alpha": LETTERS,
    b"blank": [r for r in SPACES if r != (0x2028, 0x2029)],
    b"cntrl": CONTROLS,
    b"digit": [],
    b"graph": complement(CONTROLS + SPACES),
    b"lower": [],
    b"print": complement(CONTROLS),
    b"punct": complement(LETTERS + CONTROLS + SPACES),
    b"space": SPACES,
    b"upper": [],
    b"xdigit": [],
}
"""What the classes of a UTF-8 locale hold beyond ASCII; case is told apart in ASCII only."""


def fold(mask: int) -> int:
    """The set with the other case of each of its ASCII letters."""
    return mask | (mask & UPPER) << 32 | (mask & LOWER) >> 32


def sequences(ranges: list[Range]) -> list[list[Range]]:
    """UTF-8 byte-range sequences that match exactly the code points of ``ranges`` (RFC 3629)."""
    result: list[list[Range]] = []
    todo = sorted(ranges, reverse=True)
    while todo:
        low, high = todo.pop()
        for limit in (0x7F, 0x7FF, 0xFFFF):
            if low <= limit < high:
                todo.append((limit + 1, high))
                high = limit
        size = len(chr(low).encode("utf-8", "surrogatepass"))
        for bits in (6, 12, 18)[: size - 1]:
            mask = (1 << bits) - 1
            if low >> bits == high >> bits:
                break
            if low & mask:
                todo.append(((low | mask) + 1, high))
                high = low | mask
            elif high & mask != mask:
                todo.append((high & ~mask, high))
                high = (high & ~mask) - 1
        first = chr(low).encode("utf-8", "surrogatepass")
        last = chr(high).encode("utf-8", "surrogatepass")
        result.append(list(zip(first, last, strict=True)))
    return result
