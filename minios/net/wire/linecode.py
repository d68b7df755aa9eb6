"""The physical layer of a frame: preamble, FCS and the levels a cable has for its bits.

Three ways of Ethernet from bits to levels, and back:

``manchester``
    10 Mbit/s (IEEE 802.3 §7.3.1.1): each bit has an edge in its middle, up for 1 and down for 0.
``4b5b``
    100 Mbit/s on fibre (IEEE 802.3 §24.2, after FDDI): four bits become five, which have edges
    enough, between the delimiters J K and T R; then NRZI: a 1 is a change of the level.
``mlt3``
    100 Mbit/s on copper (§25): the same code bits, but a 1 goes on to the next of 0, +, 0, -.

Bytes go out least significant bit first. A level is 0 or 1, or -1, 0 and 1 with ``mlt3``. The
scrambler of 100BASE-TX is left out, so that a reader sees his bits; idle symbols are left out too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from minios.net.wire.checksum import fcs
from minios.net.wire.malformed import Malformed

PREAMBLE = b"\x55" * 7
SFD = 0xD5
"""Start frame delimiter: the first 11 says that the frame begins."""

CODES = ("manchester", "4b5b", "mlt3")

SYMBOLS = (
    "11110", "01001", "10100", "10101", "01010", "01011", "01110", "01111",
    "10010", "10011", "10110", "10111", "11010", "11011", "11100", "11101",
)  # fmt: skip
"""The code bits of each group of four (IEEE 802.3 table 24-1), the first of them sent first."""
START = "1100010001"
"""J and K, in the place of the first byte of the preamble."""
END = "0110100111"
"""T and R, behind the FCS."""

_NIBBLES = {symbol: nibble for nibble, symbol in enumerate(SYMBOLS)}
_MLT3 = (0, 1, 0, -1)
FRAME_MAX = 65536


def on_the_wire(frame: bytes) -> bytes:
    """All bytes of a frame on the wire: preamble, SFD, the frame, FCS."""
    return PREAMBLE + bytes((SFD,)) + frame + fcs(frame).to_bytes(4, "little")


def off_the_wire(data: bytes) -> bytes:
    """The frame in what :func:`on_the_wire` made; Malformed without an SFD or with a wrong FCS."""
    start = data[:8].find(SFD) + 1
    if not start or data[: start - 1].strip(b"\x55"):
        raise Malformed("no start of a frame")
    frame, check = data[start:-4], data[-4:]
    if len(data) < start + 4 or fcs(frame).to_bytes(4, "little") != check:
        raise Malformed("frame check sequence wrong")
    return frame


def bits(data: bytes) -> list[int]:
    """The bits in the order of their transmission."""
    return [byte >> i & 1 for byte in data for i in range(8)]


def unbits(row: Sequence[int]) -> bytes:
    """Bytes of bits; Malformed if there are not eight for each."""
    if len(row) % 8:
        raise Malformed(f"{len(row)} bits are no bytes")
    return bytes(
        sum(bit << i for i, bit in enumerate(row[at : at + 8])) for at in range(0, len(row), 8)
    )


def encode(data: bytes, code: str = "manchester") -> list[int]:
    """The levels of ``data`` on a cable, one for each half of a bit (``manchester``) or code bit.

    ``data`` is what :func:`on_the_wire` gives; ``4b5b`` and ``mlt3`` put J K for its first byte.
    """
    if code == "manchester":
        return [level for bit in bits(data) for level in ((0, 1) if bit else (1, 0))]
    if code not in CODES:
        raise ValueError(f"no such line code: {code}")
    row = START + "".join(SYMBOLS[byte & 15] + SYMBOLS[byte >> 4] for byte in data[1:]) + END
    state = 0
    levels = []
    for each in row:
        state += each == "1"
        levels.append(_MLT3[state & 3] if code == "mlt3" else state & 1)
    return levels


def decode(levels: Sequence[int], code: str = "manchester") -> bytes:
    """The bytes of these levels, as :func:`encode` took them; Malformed if no bytes give them."""
    if len(levels) > 20 * FRAME_MAX:
        raise Malformed("more levels than a frame has")
    if code == "manchester":
        return unbits(_manchester(levels))
    if code not in CODES:
        raise ValueError(f"no such line code: {code}")
    row = "".join(_edges(levels, code))
    if row[:10] != START or row[-10:] != END or len(row) < 20:
        raise Malformed("no delimiters")
    body = row[10:-10]
    symbols = [body[at : at + 5] for at in range(0, len(body), 5)]
    if len(symbols) % 2 or any(symbol not in _NIBBLES for symbol in symbols):
        raise Malformed("no data symbol")
    nibbles = [_NIBBLES[symbol] for symbol in symbols]
    pairs = zip(nibbles[::2], nibbles[1::2], strict=True)
    return PREAMBLE[:1] + bytes(low | high << 4 for low, high in pairs)


def _manchester(levels: Sequence[int]) -> list[int]:
    row = []
    for at in range(0, len(levels), 2):
        pair = tuple(levels[at : at + 2])
        if pair not in ((0, 1), (1, 0)):
            raise Malformed(f"no edge in bit {at // 2}")
        row.append(pair[1])
    return row


def _edges(levels: Sequence[int], code: str) -> Iterable[str]:
    state = 0
    for at, level in enumerate(levels):
        here = _MLT3[state & 3] if code == "mlt3" else state & 1
        if level == here:
            yield "0"
            continue
        state += 1
        if level != (_MLT3[state & 3] if code == "mlt3" else state & 1):
            raise Malformed(f"impossible level at {at}")
        yield "1"


def drawing(levels: Sequence[int]) -> tuple[str, str, str]:
    """The levels as three rows of text, high, middle and low; two-level codes leave the middle."""
    rows: list[list[str]] = [[], [], []]
    low = -1 if -1 in levels else 0
    before = None
    for level in levels:
        row = 0 if level == 1 else 2 if level == low else 1
        for i, cells in enumerate(rows):
            passed = before is not None and min(row, before) < i < max(row, before)
            cells.append("━" if i == row else "┃" if passed else " ")
        before = row
    return "".join(rows[0]), "".join(rows[1]), "".join(rows[2])
