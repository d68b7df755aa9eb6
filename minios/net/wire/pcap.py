"""The format of capture files (pcap-savefile(5)), which Wireshark and tcpdump read and write."""

from __future__ import annotations

import struct
from typing import NamedTuple

from minios.net.wire.malformed import Malformed

MICRO = 0xA1B2C3D4
NANO = 0xA1B23C4D
HEADER = 24
RECORD = 16
SNAPLEN = 262144
"""Bytes of a packet that are kept at most, unless somebody wants fewer; tcpdump's default."""

LINKTYPE_ETHERNET = 1
LINKTYPE_RAW = 101
LINKTYPE_LINUX_SLL2 = 276

LINKTYPES = {
    LINKTYPE_ETHERNET: ("EN10MB", "Ethernet"),
    LINKTYPE_RAW: ("RAW", "Raw IP"),
    LINKTYPE_LINUX_SLL2: ("LINUX_SLL2", "Linux cooked v2"),
}
"""Name and description of link types (pcap-linktype(7))."""


class FileHeader(NamedTuple):
    """What a capture file begins with. ``order`` is ``"<"`` or ``">"``."""

    linktype: int = LINKTYPE_ETHERNET
    snaplen: int = SNAPLEN
    nano: bool = False
    order: str = "<"

    def pack(self) -> bytes:
        """Its 24 bytes."""
        magic = NANO if self.nano else MICRO
        return struct.pack(f"{self.order}IHHiIII", magic, 2, 4, 0, 0, self.snaplen, self.linktype)

    @classmethod
    def parse(cls, data: bytes) -> FileHeader:
        """Read it; Malformed if these are no 24 bytes of a capture file of version 2.4."""
        if len(data) < HEADER:
            raise Malformed("truncated dump file")
        for order in "<>":
            magic, major, minor, _, _, snaplen, linktype = struct.unpack_from(
                f"{order}IHHiIII", data
            )
            if magic in (MICRO, NANO):
                if (major, minor) != (2, 4):
                    raise Malformed(f"unsupported pcap savefile version {major}.{minor}")
                return cls(linktype & 0x0FFF_FFFF, snaplen, magic == NANO, order)
        raise Malformed("unknown file format")

    def record(self, time: int, data: bytes, length: int | None = None) -> bytes:
        """A packet of ``length`` bytes at ``time`` (ns since 1970), of which ``data`` is kept."""
        seconds, rest = divmod(time, 1_000_000_000)
        if not self.nano:
            rest //= 1000
        data = data[: self.snaplen]
        size = len(data)
        full = size if length is None else length
        head = struct.pack(f"{self.order}IIII", seconds & 0xFFFF_FFFF, rest, size, full)
        return head + data

    def parse_record(self, data: bytes) -> tuple[int, int, int]:
        """(time in ns, bytes kept, bytes on the wire) of a record's 16 bytes; Malformed."""
        seconds, rest, size, full = struct.unpack_from(f"{self.order}IIII", data)
        if size > max(self.snaplen, SNAPLEN):
            raise Malformed(
                f"invalid packet capture length {size}, bigger than maximum of {SNAPLEN}"
            )
        return seconds * 1_000_000_000 + rest * (1 if self.nano else 1000), size, full
