"""Natural order of names with numbers in them (filevercmp of gnulib): ``ls -v``, ``sort -V``."""

from functools import cmp_to_key


def _suffix_start(name: bytes) -> int:
    """Where the longest ``(\\.[A-Za-z~][A-Za-z0-9~]*)*`` at the end begins."""
    start = len(name)
    at = 0
    while at < len(name):
        start = at
        while name[at : at + 1] == b"." and _opens_suffix(name[at + 1 : at + 2]):
            at += 2
            while at < len(name) and _in_suffix(name[at : at + 1]):
                at += 1
        if at == len(name):
            return start
        at += 1 if at == start else 0
        start = len(name)
    return start


def _opens_suffix(char: bytes) -> bool:
    return char.isalpha() or char == b"~"


def _in_suffix(char: bytes) -> bool:
    return char.isalnum() or char == b"~"


def _order(name: bytes, at: int, end: int) -> int:
    if at >= end:
        return -1
    c = name[at : at + 1]
    if c.isdigit():
        return 0
    if c.isalpha():
        return name[at]
    if c == b"~":
        return -2
    return name[at] + 256


def _compare(a: bytes, a_end: int, b: bytes, b_end: int) -> int:
    """verrevcmp: runs of other bytes by :func:`_order`, runs of digits by value."""
    at = bt = 0
    while at < a_end or bt < b_end:
        while (at < a_end and not a[at : at + 1].isdigit()) or (
            bt < b_end and not b[bt : bt + 1].isdigit()
        ):
            left, right = _order(a, at, a_end), _order(b, bt, b_end)
            if left != right:
                return left - right
            at += 1
            bt += 1
        while a[at : at + 1] == b"0" and at < a_end:
            at += 1
        while b[bt : bt + 1] == b"0" and bt < b_end:
            bt += 1
        first = 0
        while at < a_end and bt < b_end and a[at : at + 1].isdigit() and b[bt : bt + 1].isdigit():
            first = first or a[at] - b[bt]
            at += 1
            bt += 1
        if at < a_end and a[at : at + 1].isdigit():
            return 1
        if bt < b_end and b[bt : bt + 1].isdigit():
            return -1
        if first:
            return first
    return 0


def compare(a: bytes, b: bytes) -> int:
    """Negative, zero or positive as ``a`` sorts before, with or after ``b``."""
    if not a or not b:
        return bool(a) - bool(b)
    for special in (b".", b".."):
        if a == special or b == special:
            return (b == special) - (a == special) if a != b else 0
    if a.startswith(b".") != b.startswith(b"."):
        return -1 if a.startswith(b".") else 1
    a_end, b_end = _suffix_start(a), _suffix_start(b)
    if a[:a_end] == b[:b_end]:
        a_end, b_end = len(a), len(b)
    return _compare(a, a_end, b, b_end)


version_key = cmp_to_key(compare)
"""A sort key; equal keys are ordered by byte."""
