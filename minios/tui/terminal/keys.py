"""Which bytes a key is: xterm's, as `infocmp -1 xterm-256color` lists them."""

_LETTERS = {"up": "A", "down": "B", "right": "C", "left": "D", "home": "H", "end": "F"}
_NUMBERS = {"insert": 2, "delete": 3, "pageup": 5, "pagedown": 6}
_PLAIN = {"enter": "\r", "tab": "\t", "escape": "\x1b", "backspace": "\x7f", "space": " "}

_CONTROLS = {
    "at": 0x00,
    "space": 0x00,
    "2": 0x00,
    "left_square_bracket": 0x1B,
    "3": 0x1B,
    "backslash": 0x1C,
    "4": 0x1C,
    "right_square_bracket": 0x1D,
    "5": 0x1D,
    "circumflex_accent": 0x1E,
    "6": 0x1E,
    "underscore": 0x1F,
    "slash": 0x1F,
    "minus": 0x1F,
    "7": 0x1F,
    "question_mark": 0x7F,
    "8": 0x7F,
    "backspace": 0x08,
}

_NAMED = {
    "full_stop": ".",
    "comma": ",",
    "slash": "/",
    "minus": "-",
    "underscore": "_",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "number_sign": "#",
    "question_mark": "?",
    "backslash": "\\",
    "asterisk": "*",
}


def encode(key: str, character: str | None, application_cursor: bool = False) -> bytes | None:
    """The bytes of Textual's ``key`` (``ctrl+c``, ``alt+f``, ``shift+up``…) with its ``character``.

    None for what a terminal sends nothing for, and for function keys, which are the game's.
    """
    *modifiers, name = key.split("+")
    shift, alt, ctrl = ("shift" in modifiers, "alt" in modifiers, "ctrl" in modifiers)
    modifier = 1 + shift + 2 * alt + 4 * ctrl
    if name in _LETTERS:
        letter = _LETTERS[name]
        if modifier > 1:
            return f"\x1b[1;{modifier}{letter}".encode()
        return f"\x1b{'O' if application_cursor else '['}{letter}".encode()
    if name in _NUMBERS:
        suffix = f";{modifier}~" if modifier > 1 else "~"
        return f"\x1b[{_NUMBERS[name]}{suffix}".encode()
    if {"super", "hyper", "meta"} & set(modifiers):
        return None
    prefix = b"\x1b" if alt else b""
    if name == "tab" and shift:
        return b"\x1b[Z"
    if ctrl:
        control = _control(name)
        return None if control is None else prefix + bytes([control])
    if name in _PLAIN:
        return prefix + _PLAIN[name].encode()
    if alt:
        plain = _NAMED.get(name, name)
        plain = plain.upper() if shift else plain
        return prefix + plain.encode() if len(plain) == 1 else None
    if character is not None and character.isprintable():
        return character.encode("utf-8", "replace")
    return None


def _control(name: str) -> int | None:
    if len(name) == 1 and name.isascii() and name.isalpha():
        return ord(name.lower()) & 0x1F
    if name in ("enter", "tab", "escape"):
        return ord(_PLAIN[name])
    return _CONTROLS.get(name)
