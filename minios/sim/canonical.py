"""One byte string for one value: the encoding under every digest.

Plain data only. A function is named, never addressed; an object that is not plain data stands for
its type, because its content is what its owner encodes.
"""

from collections.abc import Mapping
from typing import Any


def encode(value: Any) -> bytes:
    """A prefix-free encoding: equal values give equal bytes, unequal ones different bytes."""
    parts: list[bytes] = []
    _put(value, parts)
    return b"".join(parts)


def _put(value: Any, parts: list[bytes]) -> None:
    if value is None:
        parts.append(b"n")
    elif value is True:
        parts.append(b"t")
    elif value is False:
        parts.append(b"f")
    elif isinstance(value, int):
        parts.append(b"i%d;" % value)
    elif isinstance(value, (bytes, bytearray)):
        parts.append(b"b%d:" % len(value))
        parts.append(bytes(value))
    elif isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
        parts.append(b"s%d:" % len(data))
        parts.append(data)
    elif isinstance(value, (tuple, list)):
        parts.append(b"l%d:" % len(value))
        for item in value:
            _put(item, parts)
    elif isinstance(value, Mapping):
        parts.append(b"d%d:" % len(value))
        for key in sorted(value):
            _put(key, parts)
            _put(value[key], parts)
    else:
        named = value if hasattr(value, "__qualname__") else type(value)
        parts.append(f"o{named.__module__}.{named.__qualname__};".encode())
