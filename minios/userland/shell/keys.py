"""Keys of a terminal: bytes as they come, turned into characters and names of keys."""

from minios.userland.lib.utf8 import decode, sequence_length

_FINAL = {
    "A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end",
}  # fmt: skip
_TILDE = {
    "1": "home", "7": "home", "4": "end", "8": "end", "3": "delete", "5": "pageup",
    "6": "pagedown", "2": "insert", "200": "paste",
}  # fmt: skip
PASTE_END = b"\x1b[201~"

_MAX_SEQUENCE = 32


class KeyDecoder:
    """Feed it bytes; it gives keys: a character, or a name: ``up``, ``ctrl+left``, ``alt+b`` …

    A control character is itself. ``pending`` says that a sequence has begun.
    """

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def pending(self) -> bool:
        return bool(self._held)

    def feed(self, byte: int) -> str | None:
        """The key that ``byte`` completes; None while one is incomplete; empty for an unknown."""
        held = self._held
        held.append(byte)
        if held[0] == 0x1B:
            key = _escape(bytes(held))
        else:
            key = _character(held)
        if key is not None:
            held.clear()
        return key


def _character(held: bytearray) -> str | None:
    need = sequence_length(held[0])
    if len(held) > 1 and not 0x80 <= held[-1] < 0xC0:
        # Cut in half: the stray bytes are kept as such, together with the character behind them.
        return decode(bytes(held))
    return decode(bytes(held)) if len(held) >= need else None


def _escape(held: bytes) -> str | None:
    if len(held) == 1:
        return None
    second = held[1]
    if second == 0x1B:
        return "" if len(held) > 2 else None
    if second not in (0x5B, 0x4F):
        if second < 0x20:
            return f"alt+ctrl+{chr(second + 0x60)}"
        return f"alt+{chr(second)}" if second < 0x80 else ""
    if len(held) == 2:
        return None
    last = chr(held[-1])
    if second == 0x4F:
        return _FINAL.get(last, "")
    if not "@" <= last <= "~":
        return "" if len(held) > _MAX_SEQUENCE else None
    parameters = held[2:-1].decode("latin-1").split(";")
    name = _TILDE.get(parameters[0], "") if last == "~" else _FINAL.get(last, "")
    if name and len(parameters) > 1:
        if parameters[1] in ("5", "6", "7", "8"):
            name = f"ctrl+{name}"
        elif parameters[1] in ("3", "4"):
            name = f"alt+{name}"
    return name
