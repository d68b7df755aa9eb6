"""What a tracer sees of arguments and results: plain data, and addresses for what is code."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from minios.sim.canonical import encode

_CODE = 0x10000
_DATA = 0x7FFE_0000


def plain(value: Any) -> Any:
    """A value as a tracer sees it: plain data, and the address of what is code."""
    if value is None or isinstance(value, (int, bytes, str)):
        return value
    if callable(value):
        name = getattr(value, "__qualname__", None) or type(value).__qualname__
        return Address(_CODE + (crc32(name.encode()) & 0xFFFFC))
    if isinstance(value, tuple):
        items = [plain(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    return 0


def word(value: Any) -> int:
    """A value as a register holds it: a number, or the address of what is none."""
    seen = plain(value)
    if isinstance(seen, int):
        return seen & 0xFFFF_FFFF
    return 0 if seen is None else _DATA + (crc32(encode(seen)) & 0xFFFC)


class Address(int):
    """A number that is an address."""
