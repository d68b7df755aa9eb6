"""The shortest edit script between two sequences, with the choices that diff(1) makes.

E. Myers, "An O(ND) Difference Algorithm and Its Variations" (Algorithmica 1986), in linear space:
search from both ends for the middle of a shortest path, then treat both halves the same way.
Afterwards each run of changed lines slides as far down as it can, which is where GNU diff shows it.
"""

from collections.abc import Sequence

MAX_COST = 1500
"""Edits looked for from each end; a stretch that differs more counts as wholly changed."""


def changes(a: Sequence[int], b: Sequence[int]) -> tuple[bytearray, bytearray, int]:
    """Which lines of ``a`` are deleted and which of ``b`` are inserted; and the steps it took.

    Both arrays have one entry more than lines, which is always 0.
    """
    gone, new = bytearray(len(a) + 1), bytearray(len(b) + 1)
    steps = 0
    todo = [(0, len(a), 0, len(b))]
    while todo:
        a0, a1, b0, b1 = todo.pop()
        while a0 < a1 and b0 < b1 and a[a0] == b[b0]:
            a0, b0 = a0 + 1, b0 + 1
        while a0 < a1 and b0 < b1 and a[a1 - 1] == b[b1 - 1]:
            a1, b1 = a1 - 1, b1 - 1
        steps += 1
        if a0 == a1 or b0 == b1:
            middle = None
        else:
            middle, cost = _middle(a, b, a0, a1, b0, b1)
            steps += cost
        if middle is None:
            gone[a0:a1] = b"\1" * (a1 - a0)
            new[b0:b1] = b"\1" * (b1 - b0)
            continue
        x, y = middle
        todo += ((a0, x, b0, y), (x, a1, y, b1))
    _slide(a, gone, new)
    _slide(b, new, gone)
    return gone, new, steps


def _middle(
    a: Sequence[int], b: Sequence[int], a0: int, a1: int, b0: int, b1: int
) -> tuple[tuple[int, int] | None, int]:
    """A point in the middle of a shortest path, None when that costs too much; and the steps.

    Diagonals are numbered ``x - y``; ``forward[d]`` is the farthest x reached on d from the start,
    ``backward[d]`` the least x reached from the end.
    """
    low, high = a0 - b1, a1 - b0
    start, end = a0 - b0, a1 - b1
    odd = (start - end) & 1
    far = a1 + b1 + 2
    forward, backward = {start: a0}, {end: a1}
    f_low = f_high = start
    b_low = b_high = end
    steps = 0
    for _ in range(MAX_COST):
        f_low, f_high = _widen(forward, f_low, f_high, low, high, -1)
        for d in range(f_high, f_low - 1, -2):
            below, above = forward.get(d - 1, -1), forward.get(d + 1, -1)
            x = above if below < above else below + 1
            y = x - d
            while x < a1 and y < b1 and a[x] == b[y]:
                x, y = x + 1, y + 1
            forward[d] = x
            steps += 1
            if odd and b_low <= d <= b_high and backward.get(d, far) <= x:
                return (x, y), steps
        b_low, b_high = _widen(backward, b_low, b_high, low, high, far)
        for d in range(b_high, b_low - 1, -2):
            below, above = backward.get(d - 1, far), backward.get(d + 1, far)
            x = below if below < above else above - 1
            y = x - d
            while a0 < x and b0 < y and a[x - 1] == b[y - 1]:
                x, y = x - 1, y - 1
            backward[d] = x
            steps += 1
            if not odd and f_low <= d <= f_high and x <= forward.get(d, -1):
                return (x, y), steps
    return None, steps


def _widen(
    reached: dict[int, int], least: int, most: int, low: int, high: int, never: int
) -> tuple[int, int]:
    """One diagonal more on either side, unless that would leave the rectangle."""
    if least > low:
        least -= 1
        reached[least - 1] = never
    else:
        least += 1
    if most < high:
        most += 1
        reached[most + 1] = never
    else:
        most -= 1
    return least, most


def _slide(lines: Sequence[int], changed: bytearray, other: bytearray) -> None:
    """Move each run of changes down as far as equal lines let it, or beside the other side's.

    The entry behind the last line is 0 and is what index -1 finds, too.
    """
    count = len(lines)
    at = across = 0
    while True:
        while at < count and not changed[at]:
            while other[across]:
                across += 1
            across += 1
            at += 1
        if at >= count:
            return
        start = at
        while at < count and changed[at]:
            at += 1
        while other[across]:
            across += 1
        while True:
            length = at - start
            while start and lines[start - 1] == lines[at - 1]:
                start, at = start - 1, at - 1
                changed[start], changed[at] = 1, 0
                while start and changed[start - 1]:
                    start -= 1
                across -= 1
                while other[across]:
                    across -= 1
            beside = at if other[across - 1] else count
            while at < count and lines[start] == lines[at]:
                changed[start], changed[at] = 0, 1
                start, at = start + 1, at + 1
                while at < count and changed[at]:
                    at += 1
                across += 1
                while other[across]:
                    across += 1
                    beside = at
            if at - start == length:
                break
        while beside < at:
            start, at = start - 1, at - 1
            changed[start], changed[at] = 1, 0
            across -= 1
            while other[across]:
                across -= 1
