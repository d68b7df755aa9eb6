"""The Internet checksum (RFC 1071), its incremental update (RFC 1624), and Ethernet's CRC-32."""

from __future__ import annotations

from zlib import crc32


def checksum(data: bytes, start: int = 0) -> int:
    """The one's complement of the one's complement sum of the 16-bit words of ``data``.

    ``start`` is what else is summed up, e.g. :func:`pseudo`. One's complement addition is addition
    modulo 65535, so the sum is the remainder of the whole as one number.
    """
    total = int.from_bytes(data, "big")
    if len(data) & 1:
        total <<= 8
    total += start
    return 0xFFFF - (total % 0xFFFF or 0xFFFF) if total else 0xFFFF


def pseudo(src: int, dst: int, proto: int, length: int) -> int:
    """The sum of the pseudo header of UDP and TCP (RFC 768, RFC 9293 §3.1)."""
    return (src >> 16) + (src & 0xFFFF) + (dst >> 16) + (dst & 0xFFFF) + proto + length


def update(checksum: int, old: int, new: int) -> int:
    """The checksum after one 16-bit word changed from ``old`` to ``new`` (RFC 1624, equation 3).

    A checksum that was wrong stays wrong by as much.
    """
    total = (checksum ^ 0xFFFF) + (old ^ 0xFFFF) + new
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def update32(checksum: int, old: int, new: int) -> int:
    """The same for a number of 32 bits, an address or a sequence number."""
    return update(update(checksum, old >> 16, new >> 16), old & 0xFFFF, new & 0xFFFF)


def fcs(frame: bytes) -> int:
    """The frame check sequence of IEEE 802.3 §3.2.9; it is sent least significant byte first."""
    return crc32(frame)
