"""How DNS writes names, types and data down: the presentation of master files (RFC 1035 §5.1)."""

from __future__ import annotations

from typing import Any

from minios.abi.inet import ip_text

Name = tuple[bytes, ...]
"""Labels, the most specific first; () is the root."""

TYPES = {
    "A": 1, "NS": 2, "MD": 3, "MF": 4, "CNAME": 5, "SOA": 6, "MB": 7, "MG": 8, "MR": 9, "NULL": 10,
    "WKS": 11, "PTR": 12, "HINFO": 13, "MINFO": 14, "MX": 15, "TXT": 16, "RP": 17, "AFSDB": 18,
    "SIG": 24, "KEY": 25, "AAAA": 28, "LOC": 29, "SRV": 33, "NAPTR": 35, "DNAME": 39, "OPT": 41,
    "DS": 43, "SSHFP": 44, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "NSEC3": 50, "TLSA": 52,
    "SVCB": 64, "HTTPS": 65, "SPF": 99, "IXFR": 251, "AXFR": 252, "ANY": 255, "CAA": 257,
}  # fmt: skip
CLASSES = {"IN": 1, "CH": 3, "HS": 4, "NONE": 254, "ANY": 255}
RCODES = (
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
    "NXRRSET", "NOTAUTH", "NOTZONE", "RESERVED11", "RESERVED12", "RESERVED13", "RESERVED14",
    "RESERVED15", "BADVERS",
)  # fmt: skip
OPCODES = (
    "QUERY", "IQUERY", "STATUS", "RESERVED3", "NOTIFY", "UPDATE",
    *(f"RESERVED{number}" for number in range(6, 16)),
)  # fmt: skip

_TYPE_TEXTS = {number: name for name, number in TYPES.items()}
_CLASS_TEXTS = {number: name for name, number in CLASSES.items()}
_SPECIAL = b'.;\\()"@$'


def type_text(type: int) -> str:
    """``A``, ``MX`` …; TYPE999 for what has no name (RFC 3597)."""
    return _TYPE_TEXTS.get(type) or f"TYPE{type}"


def parse_type(text: str) -> int | None:
    """The number of a type's name; None if it is none."""
    text = text.upper()
    if text.startswith("TYPE") and text[4:].isdigit() and len(text) < 10:
        return int(text[4:]) & 0xFFFF
    return TYPES.get(text)


def class_text(cls: int) -> str:
    return _CLASS_TEXTS.get(cls) or f"CLASS{cls}"


def parse_class(text: str) -> int | None:
    """The number of a class's name; None if it is none."""
    text = text.upper()
    if text.startswith("CLASS") and text[5:].isdigit() and len(text) < 11:
        return int(text[5:]) & 0xFFFF
    return {"CHAOS": 3, "HESIOD": 4}.get(text, CLASSES.get(text))


def rcode_text(rcode: int) -> str:
    return RCODES[rcode] if rcode < len(RCODES) else f"RESERVED{rcode}"


def fold(name: Name) -> Name:
    """What a name is compared by: ASCII letters of either case are the same (RFC 4343)."""
    return tuple([label.lower() for label in name])


def name_text(name: Name) -> str:
    """With its final dot; the root is ``.``."""
    if not name:
        return "."
    return "".join(label_text(label) + "." for label in name)


def label_text(label: bytes) -> str:
    if label.isalnum():
        return label.decode("ascii")
    out: list[str] = []
    for byte in label:
        if byte in _SPECIAL:
            out.append("\\" + chr(byte))
        elif 0x21 <= byte <= 0x7E:
            out.append(chr(byte))
        else:
            out.append(f"\\{byte:03d}")
    return "".join(out)


def parse_name(text: str | bytes, origin: Name = ()) -> Name:
    """The name of a text; ``origin`` is put behind one without a final dot.

    ValueError, worded as BIND does: ``empty label``, ``label too long``, ``ran out of space``,
    ``bad escape``.
    """
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    if data == b".":
        return ()
    if data == b"@":
        return origin
    labels: list[bytes] = []
    label = bytearray()
    at, size, ended = 0, len(data), False
    while at < size:
        byte = data[at]
        at += 1
        ended = False
        if byte == 0x2E:
            if not label:
                raise ValueError("empty label")
            labels.append(bytes(label))
            label = bytearray()
            ended = True
            continue
        if byte == 0x5C:
            digits = data[at : at + 3]
            if digits.isdigit() and len(digits) == 3 and int(digits) < 256:
                byte = int(digits)
                at += 3
            elif at < size and not data[at : at + 1].isdigit():
                byte = data[at]
                at += 1
            else:
                raise ValueError("bad escape")
        label.append(byte)
        if len(label) > 63:
            raise ValueError("label too long")
    if label:
        labels.append(bytes(label))
    if not labels:
        raise ValueError("unexpected end of input")
    name = tuple(labels) if ended else (*labels, *origin)
    if sum(len(label) + 1 for label in name) + 1 > 255:
        raise ValueError("ran out of space")
    return name


def reverse_name(ip: int) -> Name:
    """Where an IPv4 address has its PTR records: ``4.3.2.1.in-addr.arpa``."""
    return (*(b"%d" % (ip >> shift & 255) for shift in (0, 8, 16, 24)), b"in-addr", b"arpa")


def string_text(text: bytes) -> str:
    """A character string in its quotes."""
    out: list[str] = []
    for byte in text:
        if byte in b'"\\':
            out.append("\\" + chr(byte))
        elif 0x20 <= byte <= 0x7E:
            out.append(chr(byte))
        else:
            out.append(f"\\{byte:03d}")
    return '"' + "".join(out) + '"'


def ip6_text(value: int) -> str:
    """An IPv6 address (RFC 5952): the longest run of zero groups is ``::``."""
    groups = [value >> shift & 0xFFFF for shift in range(112, -16, -16)]
    best, best_at, run = 0, -1, 0
    for at, group in enumerate(groups):
        run = run + 1 if group == 0 else 0
        if run > best and run > 1:
            best, best_at = run, at - run + 1
    words = [f"{group:x}" for group in groups]
    if best_at < 0:
        return ":".join(words)
    return ":".join(words[:best_at]) + "::" + ":".join(words[best_at + best :])


def parse_ip6(text: str) -> int:
    """ValueError for what is no IPv6 address."""
    head, double, tail = text.partition("::")
    before = head.split(":") if head else []
    after = tail.split(":") if tail else []
    missing = 8 - len(before) - len(after)
    if (missing < 1) if double else (missing != 0):
        raise ValueError(text)
    value = 0
    for word in [*before, *["0"] * (missing if double else 0), *after]:
        if not 1 <= len(word) <= 4 or any(char not in "0123456789abcdefABCDEF" for char in word):
            raise ValueError(text)
        value = value << 16 | int(word, 16)
    return value


def rdata_text(type: int, data: Any) -> str:
    """The data of a record, as a master file and dig have it."""
    if isinstance(data, bytes):
        return f"\\# {len(data)} {data.hex().upper()}" if data else "\\# 0"
    kind = type_text(type)
    if kind == "A":
        return ip_text(data)
    if kind == "AAAA":
        return ip6_text(data)
    if kind in ("NS", "CNAME", "PTR"):
        return name_text(data)
    if kind == "SOA":
        return " ".join((name_text(data[0]), name_text(data[1]), *map(str, data[2:])))
    if kind == "MX":
        return f"{data[0]} {name_text(data[1])}"
    if kind == "SRV":
        return f"{data[0]} {data[1]} {data[2]} {name_text(data[3])}"
    if kind == "CAA":
        return f"{data[0]} {data[1].decode('latin-1')} {string_text(data[2])}"
    return " ".join(map(string_text, data))
