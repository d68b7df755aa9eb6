"""What the printers of all protocols share: the text so far, the options, names, and truncation.

A printer gets the bytes of its protocol that were captured, ``p``, which may be fewer than the
protocol had on the wire, ``length``. Reading beyond them raises :class:`Truncated`, and the line
ends with ``[|protocol]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from minios.abi.inet import ip_text, mac_text


class Truncated(Exception):
    """The packet was not captured that far."""


@dataclass(slots=True)
class Settings:
    """The options that change what is printed, by their letters; ``v`` and ``q`` are counts."""

    ascii: bool = False
    ether: bool = False
    numeric: bool = False
    no_checksums: bool = False
    absolute: bool = False
    domainless: bool = False
    q: int = 0
    v: int = 0
    x: int = 0
    """1 for -x, 2 for -xx."""
    hexascii: int = 0
    """1 for -X, 2 for -XX."""
    number: bool = False
    t: int = 0


@dataclass(slots=True)
class Names:
    """Names of addresses and ports that are known; what is not is put down in ``wanted``."""

    hosts: dict[int, bytes | None] = field(default_factory=dict)
    ports: dict[tuple[int, str], bytes] = field(default_factory=dict)
    protocols: dict[int, str] = field(default_factory=dict)
    wanted: list[int] = field(default_factory=list)


Conversation = tuple[int, int, int]
"""The two addresses and, in one number, the ports of a TCP connection."""
CONVERSATIONS_MAX = 4096


class Dump:
    """One packet on its way to text."""

    __slots__ = ("conversations", "names", "out", "packets", "protocol", "settings")

    def __init__(
        self,
        settings: Settings,
        names: Names,
        conversations: dict[Conversation, tuple[int, int]],
    ) -> None:
        self.settings = settings
        self.names = names
        self.conversations = conversations
        self.out: list[str] = []
        self.packets = 0
        """How many IP packets it is, each in the one before."""
        self.protocol = ""
        """What the line says it is cut off in."""

    def put(self, *parts: str) -> None:
        """More text."""
        self.out += parts

    def trunc(self) -> None:
        """Say that the packet ends here, and go on."""
        self.out.append(f" [|{self.protocol}]")

    # -- names ---------------------------------------------------------------------------------

    def host(self, ip: int) -> str:
        """The name of an address, or the address."""
        if self.settings.numeric:
            return ip_text(ip)
        names = self.names
        if ip not in names.hosts:
            if ip not in names.wanted:
                names.wanted.append(ip)
            return ip_text(ip)
        name = names.hosts[ip]
        if name is None:
            return ip_text(ip)
        if self.settings.domainless:
            name = name.partition(b".")[0]
        return name.decode("latin-1")

    def port(self, port: int, kind: str) -> str:
        """The name of a port of ``tcp`` or ``udp``, or its number."""
        name = None if self.settings.numeric else self.names.ports.get((port, kind))
        return str(port) if name is None else name.decode("latin-1")

    def mac(self, data: bytes, at: int) -> str:
        """The hardware address there."""
        return mac_text(number(data, at, 6))


def number(p: bytes, at: int, size: int) -> int:
    """The unsigned number of ``size`` bytes there, most significant byte first."""
    end = at + size
    if end > len(p) or at < 0:
        raise Truncated
    return int.from_bytes(p[at:end], "big")


def u1(p: bytes, at: int) -> int:
    """The byte there."""
    if not 0 <= at < len(p):
        raise Truncated
    return p[at]


def u2(p: bytes, at: int) -> int:
    """The number of two bytes there."""
    if at + 2 > len(p):
        raise Truncated
    return p[at] << 8 | p[at + 1]


def u4(p: bytes, at: int) -> int:
    """The number of four bytes there."""
    return number(p, at, 4)


def need(p: bytes, at: int, size: int) -> bytes:
    """These bytes, all of them."""
    if at + size > len(p):
        raise Truncated
    return p[at : at + size]


def bits_text(values: Mapping[int, str], value: int, none: str, sep: str = ", ") -> str:
    """Names of the bits that are set, in the table's order; ``none`` if there are none."""
    return sep.join(name for bit, name in values.items() if value & bit) or none


def printable(data: bytes) -> str:
    """Bytes as tcpdump shows them in a line: ``^A`` for control characters, ``M-`` for others."""
    return "".join(visible(byte) for byte in data)


def visible(byte: int) -> str:
    """One byte, as fn_print_char does."""
    text = ""
    if byte > 127:
        byte &= 127
        text = "M-"
    if not 32 <= byte < 127:
        return f"{text}^{chr(byte ^ 0x40)}"
    return text + chr(byte)


def seconds_text(seconds: int) -> str:
    """A span of time as ``1w2d3h4m5s``, as unsigned_relts_print does."""
    if not seconds:
        return "0s"
    text = ""
    for letter, size in (
        ("y", 31536000),
        ("w", 604800),
        ("d", 86400),
        ("h", 3600),
        ("m", 60),
        ("s", 1),
    ):
        count, seconds = divmod(seconds, size)
        if count:
            text += f"{count}{letter}"
    return text


def hexdump(data: bytes, start: str = "\n\t") -> str:
    """Rows of eight groups: -x."""
    rows = []
    for at in range(0, len(data), 16):
        digits = data[at : at + 16].hex()
        groups = " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))
        rows.append(f"{start}0x{at:04x}:  {groups}")
    return "".join(rows)


def hexascii(data: bytes, start: str = "\n\t") -> str:
    """Rows of eight groups and their characters: -X, and what nobody has a printer for."""
    rows = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        digits = row.hex()
        groups = "".join(f" {digits[i : i + 4]}" for i in range(0, len(digits), 4))
        text = "".join(chr(byte) if 33 <= byte < 127 else "." for byte in row)
        rows.append(f"{start}0x{at:04x}: {groups:<40}  {text}")
    return "".join(rows)


def asciidump(data: bytes) -> str:
    """-A: the text in it."""
    out = ["\n"]
    for at, byte in enumerate(data):
        if byte == 13:
            if at + 1 < len(data) and data[at + 1] != 10:
                out.append(".")
        elif byte == 9 or byte == 10 or 32 <= byte < 127:
            out.append(chr(byte))
        else:
            out.append(".")
    return "".join(out)
