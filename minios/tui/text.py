"""Words on the screen: times, sizes, and text that came from somewhere else."""

import unicodedata

from rich.cells import cell_len

SECOND = 1_000_000_000


def plain(text: str, *, lines: bool = False) -> str:
    """``text`` without anything a terminal could obey: controls, direction overrides, joiners.

    Tabs become spaces; newlines stay only with ``lines``.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char
        if char == "\n" and lines
        else "    "
        if char == "\t"
        else " "
        if char == "\n"
        else ""
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else char
        for char in text
    )


def clock(ns: int) -> str:
    """``00:12.480``: minutes, seconds and thousandths; hours when there are any."""
    ms = abs(ns) // 1_000_000
    minutes, ms = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02}" if hours else f"{minutes:02}"
    return f"{'-' if ns < 0 else ''}{head}:{ms // 1000:02}.{ms % 1000:03}"


def delta(ns: int) -> str:
    """``−3.1`` or ``+0.4``: seconds against something better or worse, with a real minus."""
    tenths = round(abs(ns) / 100_000_000)
    sign = "±" if not tenths else "−" if ns < 0 else "+"
    return f"{sign}{tenths // 10}.{tenths % 10}"


def size(n: int) -> str:
    """Bytes as ``ls -h`` has them: ``512``, ``4.0K``, ``16M``."""
    if n < 1024:
        return str(n)
    value = float(n)
    for unit in "KMGT":
        value /= 1024
        if value < 1024 or unit == "T":
            break
    return f"{value:.1f}{unit}" if value < 10 else f"{value:.0f}{unit}"


def percent(thousandths: int) -> str:
    """``48.2%`` of 482."""
    return f"{thousandths // 10}.{thousandths % 10}%"


_BARS = "▁▂▃▄▅▆▇█"


def spark(shares: tuple[int, ...]) -> str:
    """A bar a share, thousandths; nothing is a dot so that a little can be told from none."""
    return "".join(
        "·" if share <= 0 else _BARS[min(share, 999) * len(_BARS) // 1000] for share in shares
    )


def clip(text: str, cells: int) -> str:
    """``text`` in at most ``cells`` cells; an ellipsis says that it went on."""
    if cell_len(text) <= cells:
        return text
    if cells <= 0:
        return ""
    kept, used = [], 0
    for char in text:
        used += cell_len(char)
        if used > cells - 1:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…"


def pad(text: str, cells: int) -> str:
    """``text`` clipped or filled with blanks to exactly ``cells`` cells."""
    text = clip(text, cells)
    return text + " " * (cells - cell_len(text))


def wrap(text: str, cells: int) -> list[str]:
    """``text`` as lines of at most ``cells`` cells, broken at blanks where there are any."""
    cells = max(cells, 1)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            while cell_len(word) > cells:
                room = cells - (cell_len(line) + 1 if line else 0)
                if room < 2 and line:
                    lines.append(line)
                    line, room = "", cells
                cut = len(word)
                while cell_len(word[:cut]) > room:
                    cut -= 1
                cut = max(cut, 1)
                lines.append(f"{line} {word[:cut]}" if line else word[:cut])
                line, word = "", word[cut:]
            if line and cell_len(line) + 1 + cell_len(word) > cells:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line and word else line or word
        lines.append(line)
    return lines


def count(n: int, noun: str, plural: str = "") -> str:
    """``1 key``, ``2 keys``; ``plural`` where an s will not do."""
    return f"{n} {noun}" if n == 1 else f"{n} {plural or noun + 's'}"
