"""Messages as BIND's tools print them."""

from __future__ import annotations

from typing import Any

from minios.net.wire.dns import AA, AD, CD, DO, OPT, QR, RA, RD, SOA, TC, Message, Question, Record
from minios.net.wire.dnstext import (
    OPCODES,
    class_text,
    name_text,
    rcode_text,
    rdata_text,
    type_text,
)

TAB = 8
FULL = (24, 32, 40, 48)
SHORTER = (24, 24, 32, 40)
MULTILINE = (24, 24, 24, 32)
"""Columns of the TTL, the class, the type and the data."""

COOKIE = 10
"""EDNS option (RFC 7873)."""
ERROR = 15
"""EDNS option: extended DNS error (RFC 8914)."""
_ERRORS = (
    "Other", "Unsupported DNSKEY Algorithm", "Unsupported DS Digest Type", "Stale Answer",
    "Forged Answer", "DNSSEC Indeterminate", "DNSSEC Bogus", "Signature Expired",
    "Signature Not Yet Valid", "DNSKEY Missing", "RRSIGs Missing", "No Zone Key Bit Set",
    "NSEC Missing", "Cached Error", "Not Ready", "Blocked", "Censored", "Filtered", "Prohibited",
    "Stale NXDOMAIN Answer", "Not Authoritative", "Not Supported", "No Reachable Authority",
    "Network Error", "Invalid Data",
)  # fmt: skip
_FLAGS = ((QR, "qr"), (AA, "aa"), (TC, "tc"), (RD, "rd"), (RA, "ra"), (AD, "ad"), (CD, "cd"))


def indent(text: str, target: int) -> str:
    """``text`` filled up to a column with tabs and blanks; with one blank if it is past it."""
    column = len(text.rpartition("\n")[2].expandtabs(TAB))
    target = max(target, column + 1)
    tabs = target // TAB - column // TAB
    if tabs > 0:
        return text + "\t" * tabs + " " * (target % TAB)
    return text + " " * (target - column)


def question_line(question: Question, columns: tuple[int, ...] = FULL) -> str:
    text = indent(name_text(question.name), columns[1])
    return ";" + indent(text + class_text(question.cls), columns[2]) + type_text(question.type)


def record_line(
    record: Record,
    columns: tuple[int, ...] = FULL,
    *,
    ttl: bool = True,
    cls: bool = True,
    units: bool = False,
    multiline: bool = False,
) -> str:
    """One record on a line (a SOA on several, if ``multiline``)."""
    text = name_text(record.name)
    if ttl:
        text = indent(text, columns[0]) + (ttl_units(record.ttl) if units else str(record.ttl))
    if cls:
        text = indent(text, columns[1]) + class_text(record.cls)
    text = indent(indent(text, columns[2]) + type_text(record.type), columns[3])
    if multiline and record.type == SOA and not isinstance(record.data, bytes):
        return text + _soa(record.data)
    return text + rdata_text(record.type, record.data)


def _soa(data: tuple[Any, ...]) -> str:
    lines = [f"{name_text(data[0])} {name_text(data[1])} ("]
    names = ("serial", "refresh", "retry", "expire", "minimum")
    for name, value in zip(names, data[2:], strict=True):
        wide = f"\t\t\t\t{value:<10} ; {name}"
        lines.append(wide if name == "serial" else f"{wide} ({verbose_units(value)})")
    return "\n".join([*lines, "\t\t\t\t)"])


def _units(seconds: int) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for size, name in ((604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute")):
        count, seconds = divmod(seconds, size)
        if count:
            found.append((count, name))
    if seconds or not found:
        found.append((seconds, "second"))
    return found


def ttl_units(seconds: int) -> str:
    """``1h30m``."""
    return "".join(f"{count}{name[0]}" for count, name in _units(seconds))


def verbose_units(seconds: int) -> str:
    """``1 hour 30 minutes``."""
    return " ".join(f"{count} {name}{'s' * (count != 1)}" for count, name in _units(seconds))


def header_lines(message: Message) -> list[str]:
    flags = "".join(f" {name}" for bit, name in _FLAGS if message.flags & bit)
    update = message.opcode == 5
    names = ("ZONE", "PREREQ", "UPDATE") if update else ("QUERY", "ANSWER", "AUTHORITY")
    sizes = len(message.questions), len(message.answers), len(message.authorities)
    counts = ", ".join(f"{name}: {size}" for name, size in zip(names, sizes, strict=True))
    return [
        f";; ->>HEADER<<- opcode: {OPCODES[message.opcode]}, "
        f"status: {rcode_text(message.rcode)}, id: {message.id}",
        f";; flags:{flags}; {counts}, ADDITIONAL: {len(message.additionals)}",
    ]


def opt_options(record: Record) -> list[tuple[int, bytes]]:
    """(code, data) of the options in an OPT record; what breaks off is left out."""
    found: list[tuple[int, bytes]] = []
    data = record.data if isinstance(record.data, bytes) else b""
    while len(data) >= 4:
        code, size = int.from_bytes(data[:2]), int.from_bytes(data[2:4])
        if len(data) < 4 + size:
            break
        found.append((code, data[4 : 4 + size]))
        data = data[4 + size :]
    return found


def opt_lines(record: Record, cookie: bytes = b"") -> list[str]:
    """The pseudosection of EDNS. ``cookie`` is what the client had sent."""
    flags = " do" if record.ttl & DO else ""
    version = record.ttl >> 16 & 255
    lines = [
        ";; OPT PSEUDOSECTION:",
        f"; EDNS: version: {version}, flags:{flags}; udp: {record.cls}",
    ]
    for code, data in opt_options(record):
        if code == COOKIE:
            mark = ""
            if cookie and len(data) >= 16:
                mark = " (good)" if data[:8] == cookie[:8] else " (bad)"
            lines.append(f"; COOKIE: {data.hex()}{mark}")
        elif code == ERROR and len(data) >= 2:
            number = int.from_bytes(data[:2])
            text = f" ({_ERRORS[number]})" if number < len(_ERRORS) else ""
            extra = data[2:].decode("latin-1")
            lines.append(f"; EDE: {number}{text}" + (f": ({extra})" if extra else ""))
        else:
            lines.append(f"; OPT={code}: " + " ".join(f"{byte:02x}" for byte in data))
    return lines


def without_opt(records: list[Record]) -> list[Record]:
    return [record for record in records if record.type != OPT]
