"""Sequence numbers (RFC 9293 section 3.4).

On the wire they are 32 bits and wrap. Inside they never do: a number that comes in is taken for the
one nearest to where the connection is, so that the rest of this package compares plain integers.
"""

MASK = 0xFFFF_FFFF

_HALF = 1 << 31


def unwrap(wire: int, near: int) -> int:
    """The number ``wire`` stands for, if it is within 2 GiB of ``near``."""
    return near + ((wire - near + _HALF) & MASK) - _HALF
