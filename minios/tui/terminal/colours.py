"""SGR: select graphic rendition (ECMA-48 8.3.117, ISO 8613-6 for 38 and 48)."""

from functools import lru_cache

from minios.tui.terminal.cells import PLAIN, Look

NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_LEVELS = (0x00, 0x5F, 0x87, 0xAF, 0xD7, 0xFF)

_MARKS: dict[int, tuple[str, bool]] = {
    1: ("bold", True),
    2: ("dim", True),
    3: ("italic", True),
    4: ("underline", True),
    7: ("reverse", True),
    8: ("conceal", True),
    9: ("strike", True),
    21: ("underline", True),
    23: ("italic", False),
    24: ("underline", False),
    27: ("reverse", False),
    28: ("conceal", False),
    29: ("strike", False),
}


def indexed(n: int) -> str:
    """Colour ``n`` of the 256: the sixteen by name, the cube and the greys by value."""
    if n < 8:
        return NAMES[n]
    if n < 16:
        return "bright" + NAMES[n - 8]
    if n < 232:
        n -= 16
        red, green, blue = _LEVELS[n // 36], _LEVELS[n // 6 % 6], _LEVELS[n % 6]
    else:
        red = green = blue = 8 + 10 * (min(n, 255) - 232)
    return f"#{red:02x}{green:02x}{blue:02x}"


@lru_cache(1024)
def rendition(params: str, look: Look) -> Look:
    """``look`` after ``CSI params m``; what is not understood changes nothing."""
    fields: dict[str, object] = {}
    codes = [[int(part or 0) for part in group.split(":")] for group in params.split(";")]
    at = 0
    while at < len(codes):
        group = codes[at]
        code = group[0]
        at += 1
        if code == 0:
            look, fields = PLAIN, {}
        elif code == 4 and len(group) > 1:
            fields["underline"] = group[1] != 0
        elif code in _MARKS:
            name, value = _MARKS[code]
            fields[name] = value
        elif code == 22:
            fields["bold"] = fields["dim"] = False
        elif 30 <= code <= 37:
            fields["fg"] = NAMES[code - 30]
        elif 40 <= code <= 47:
            fields["bg"] = NAMES[code - 40]
        elif 90 <= code <= 97:
            fields["fg"] = "bright" + NAMES[code - 90]
        elif 100 <= code <= 107:
            fields["bg"] = "bright" + NAMES[code - 100]
        elif code == 39:
            fields["fg"] = "default"
        elif code == 49:
            fields["bg"] = "default"
        elif code in (38, 48):
            if len(group) > 1:
                colour = _extended(group[1:])
            else:
                rest = [part for (part, *_) in codes[at : at + 4]]
                colour = _extended(rest)
                at += {2: 4, 5: 2}.get(rest[0], 1) if rest else 0
            if colour:
                fields["fg" if code == 38 else "bg"] = colour
    changed = look._replace(**fields)  # type: ignore[arg-type]
    return PLAIN if changed == PLAIN else changed


def _extended(args: list[int]) -> str | None:
    """The colour of ``5;n`` or ``2;r;g;b`` (with colons a colour space may come before r)."""
    if len(args) >= 2 and args[0] == 5:
        return indexed(min(args[1], 255))
    if len(args) >= 4 and args[0] == 2:
        red, green, blue = (min(part, 255) for part in args[-3:])
        return f"#{red:02x}{green:02x}{blue:02x}"
    return None
