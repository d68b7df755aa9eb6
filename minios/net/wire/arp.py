"""ARP: which hardware address has this protocol address? (RFC 826; RFC 5227 for probes)"""

from __future__ import annotations

import struct

from minios.abi.inet import ip_text, mac_text
from minios.net.wire.field import Field, fields_in_a_row, same, shown
from minios.net.wire.malformed import Malformed

REQUEST = 1
REPLY = 2

_HEAD = struct.Struct("!HHBBHHIIHII")
_FIXED = (1, 0x0800, 6, 4)
_SLOTS = ("op", "sha", "spa", "tha", "tpa")


class ARP:
    """A question or an answer about an IPv4 address on an Ethernet.

    ``sha`` and ``spa`` are the sender's hardware and protocol address, ``tha`` and ``tpa`` the
    target's.
    """

    __slots__ = _SLOTS
    __hash__ = None  # type: ignore[assignment]

    length = 28

    def __init__(self, op: int, sha: int, spa: int, tha: int, tpa: int) -> None:
        self.op = op
        self.sha = sha
        self.spa = spa
        self.tha = tha
        self.tpa = tpa

    def pack(self) -> bytes:
        """The 28 bytes on the wire."""
        return _HEAD.pack(
            *_FIXED, self.op,
            self.sha >> 32, self.sha & 0xFFFF_FFFF, self.spa,
            self.tha >> 32, self.tha & 0xFFFF_FFFF, self.tpa,
        )  # fmt: skip

    @classmethod
    def parse(cls, data: bytes) -> ARP:
        """Read a message; what follows its 28 bytes is padding. Malformed if it is too short or
        not about IPv4 on an Ethernet.
        """
        if len(data) < 28:
            raise Malformed(f"ARP of {len(data)} bytes")
        htype, ptype, hlen, plen, op, sha, sha_low, spa, tha, tha_low, tpa = _HEAD.unpack_from(data)
        if (htype, ptype, hlen, plen) != _FIXED:
            raise Malformed("ARP not for IPv4 on an Ethernet")
        return cls(op, sha << 32 | sha_low, spa, tha << 32 | tha_low, tpa)

    def copy(self) -> ARP:
        """The same message again."""
        return ARP(self.op, self.sha, self.spa, self.tha, self.tpa)

    def summary(self) -> str:
        """One line, in tcpdump's words."""
        if self.op == REQUEST:
            target = f" ({mac_text(self.tha)})" if self.tha else ""
            if self.spa == self.tpa:
                what = f"Announcement {ip_text(self.spa)}"
            elif not self.spa:
                what = f"Probe {ip_text(self.tpa)}"
            else:
                what = f"Request who-has {ip_text(self.tpa)}{target} tell {ip_text(self.spa)}"
        elif self.op == REPLY:
            what = f"Reply {ip_text(self.spa)} is-at {mac_text(self.sha)}"
        else:
            what = f"op {self.op}"
        return f"ARP, {what}, length 28"

    def fields(self) -> list[Field]:
        """Its bits."""
        names = {REQUEST: "request", REPLY: "reply"}
        return fields_in_a_row(
            ("hardware type", "1 (Ethernet)", 16),
            ("protocol type", "0x0800 (IPv4)", 16),
            ("hardware length", "6", 8),
            ("protocol length", "4", 8),
            ("operation", f"{self.op} ({names.get(self.op, 'unknown')})", 16),
            ("sender hardware address", mac_text(self.sha), 48),
            ("sender protocol address", ip_text(self.spa), 32),
            ("target hardware address", mac_text(self.tha), 48),
            ("target protocol address", ip_text(self.tpa), 32),
        )

    def __eq__(self, other: object) -> bool:
        return same(self, other, _SLOTS)

    def __repr__(self) -> str:
        return shown(self, _SLOTS)
