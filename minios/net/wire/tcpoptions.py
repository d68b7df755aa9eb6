"""Options of TCP: MSS (RFC 9293), window scale and timestamps (RFC 7323), SACK (RFC 2018)."""

from __future__ import annotations

import struct

from minios.net.wire.field import same, shown
from minios.net.wire.malformed import Malformed

EOL, NOP, MSS, WSCALE, SACK_PERMITTED, SACK, TIMESTAMPS = 0, 1, 2, 3, 4, 5, 8

_TIMESTAMPS = struct.Struct("!II")
_SLOTS = ("mss", "wscale", "sack_permitted", "timestamps", "sack", "raw")


class TcpOptions:
    """The options of a segment; None and () stand for what is not there.

    ``timestamps`` is (value, echo reply); ``sack`` has the blocks (left edge, right edge). They are
    laid out as Linux does. ``raw`` keeps the bytes of a segment that was laid out otherwise, and
    ``length`` is how long they are on the wire, a multiple of 4.
    """

    __slots__ = ("length", "mss", "raw", "sack", "sack_permitted", "timestamps", "wscale")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        mss: int | None = None,
        wscale: int | None = None,
        sack_permitted: bool = False,
        timestamps: tuple[int, int] | None = None,
        sack: tuple[tuple[int, int], ...] = (),
        raw: bytes | None = None,
    ) -> None:
        self.mss = mss
        self.wscale = wscale
        self.sack_permitted = sack_permitted
        self.timestamps = timestamps
        self.sack = sack
        self.raw = raw
        if raw is not None:
            self.length = len(raw)
            return
        length = 0
        if mss is not None:
            length = 4
        if timestamps is not None:
            length += 12  # with SACK_PERMITTED, or two NOPs, in front
        elif sack_permitted:
            length += 4
        if wscale is not None:
            length += 4
        if sack:
            length += 4 + 8 * len(sack)
        self.length = length

    def pack(self) -> bytes:
        """The bytes on the wire; nothing is checked to fit into the 40 that TCP allows."""
        if self.raw is not None:
            return self.raw
        out = b""
        if self.mss is not None:
            out = bytes((MSS, 4, self.mss >> 8, self.mss & 255))
        if self.timestamps is not None:
            front = bytes((SACK_PERMITTED, 2)) if self.sack_permitted else bytes((NOP, NOP))
            out += front + bytes((TIMESTAMPS, 10)) + _TIMESTAMPS.pack(*self.timestamps)
        elif self.sack_permitted:
            out += bytes((NOP, NOP, SACK_PERMITTED, 2))
        if self.wscale is not None:
            out += bytes((NOP, WSCALE, 3, self.wscale))
        if self.sack:
            out += bytes((NOP, NOP, SACK, 2 + 8 * len(self.sack)))
            out += b"".join([_TIMESTAMPS.pack(*block) for block in self.sack])
        return out

    @classmethod
    def parse(cls, data: bytes) -> TcpOptions:
        """Read the options behind a header of 20 bytes.

        As Linux' tcp_parse_options: what has a wrong length is passed over, and reading ends,
        without an error, where an option would reach beyond the header.
        """
        mss: int | None = None
        wscale: int | None = None
        permitted = False
        stamps: tuple[int, int] | None = None
        sack: tuple[tuple[int, int], ...] = ()
        at, end = 0, len(data)
        while at < end:
            kind = data[at]
            if kind == EOL:
                break
            if kind == NOP:
                at += 1
                continue
            size = data[at + 1] if at + 1 < end else 0
            if size < 2 or at + size > end:
                break
            body = data[at + 2 : at + size]
            if kind == MSS and size == 4:
                mss = body[0] << 8 | body[1]
            elif kind == WSCALE and size == 3:
                wscale = body[0]
            elif kind == SACK_PERMITTED and size == 2:
                permitted = True
            elif kind == TIMESTAMPS and size == 10:
                stamps = _TIMESTAMPS.unpack(body)
            elif kind == SACK and size >= 10 and size % 8 == 2:
                sack = tuple(_TIMESTAMPS.iter_unpack(body))
            at += size
        options = cls(mss, wscale, permitted, stamps, sack)
        if options.pack() != data:
            options.raw = bytes(data)
            options.length = end
        return options

    def summary(self) -> str:
        """As tcpdump writes them between its brackets."""
        return ",".join(texts(self.pack()))

    def __bool__(self) -> bool:
        return self.length > 0

    def __eq__(self, other: object) -> bool:
        return same(self, other, _SLOTS)

    def __repr__(self) -> str:
        return shown(self, _SLOTS)


def split(data: bytes) -> list[tuple[int, bytes]]:
    """Every option as (kind, body), in order; Malformed where one reaches beyond ``data``."""
    options = []
    at = 0
    while at < len(data):
        kind = data[at]
        if kind in (EOL, NOP):
            options.append((kind, b""))
            at += 1
            if kind == EOL:
                break
            continue
        size = data[at + 1] if at + 1 < len(data) else 0
        if size < 2 or at + size > len(data):
            raise Malformed(f"TCP option {kind} of {size} bytes")
        options.append((kind, bytes(data[at + 2 : at + size])))
        at += size
    return options


def texts(data: bytes) -> list[str]:
    """Each option in tcpdump's words."""
    try:
        options = split(data)
    except Malformed:
        return ["[bad opt]"]
    return [option_text(kind, body) for kind, body in options]


def option_text(kind: int, body: bytes) -> str:
    """One option in tcpdump's words."""
    size = len(body)
    if kind == EOL:
        return "eol"
    if kind == NOP:
        return "nop"
    if kind == MSS and size == 2:
        return f"mss {int.from_bytes(body, 'big')}"
    if kind == WSCALE and size == 1:
        return f"wscale {body[0]}"
    if kind == SACK_PERMITTED and not size:
        return "sackOK"
    if kind == TIMESTAMPS and size == 8:
        value, echo = _TIMESTAMPS.unpack(body)
        return f"TS val {value} ecr {echo}"
    if kind == SACK and size and size % 8 == 0:
        blocks = "".join(f"{{{left}:{right}}}" for left, right in _TIMESTAMPS.iter_unpack(body))
        return f"sack {size // 8} {blocks}"
    return f"unknown-{kind} 0x{body.hex()}"
