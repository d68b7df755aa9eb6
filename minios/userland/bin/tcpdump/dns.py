"""DNS."""

from __future__ import annotations

from minios.abi.inet import ip_text
from minios.userland.bin.tcpdump.dump import (
    Dump,
    need,
    printable,
    seconds_text,
    u1,
    u2,
    u4,
    visible,
)

TYPES = {
    1: "A", 2: "NS", 3: "MD", 4: "MF", 5: "CNAME", 6: "SOA", 7: "MB", 8: "MG", 9: "MR", 10: "NULL",
    11: "WKS", 12: "PTR", 13: "HINFO", 14: "MINFO", 15: "MX", 16: "TXT", 17: "RP", 18: "AFSDB",
    19: "X25", 20: "ISDN", 21: "RT", 22: "NSAP", 23: "NSAP_PTR", 24: "SIG", 25: "KEY", 26: "PX",
    27: "GPOS", 28: "AAAA", 29: "LOC", 30: "NXT", 31: "EID", 32: "NIMLOC", 33: "SRV", 34: "ATMA",
    35: "NAPTR", 36: "KX", 37: "CERT", 38: "A6", 39: "DNAME", 40: "SINK", 41: "OPT", 42: "APL",
    43: "DS", 44: "SSHFP", 45: "IPSECKEY", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 99: "SPF",
    100: "UINFO", 101: "UID", 102: "GID", 103: "UNSPEC", 104: "UNSPECA", 249: "TKEY", 250: "TSIG",
    251: "IXFR", 252: "AXFR", 253: "MAILB", 254: "MAILA", 255: "ANY", 256: "URI", 32768: "TA",
    32769: "DLV",
}  # fmt: skip
CLASSES = {1: "IN", 3: "CHAOS", 4: "HS", 255: "ANY"}
_OPERATIONS = (
    "", " inv_q", " stat", " op3", " notify", " update", " op6", " op7", " op8", " updateA",
    " updateD", " updateDA", " updateM", " updateMA", " zoneInit", " zoneRef",
)  # fmt: skip
_CODES = {
    0: "", 1: " FormErr", 2: " ServFail", 3: " NXDomain", 4: " NotImp", 5: " Refused",
    6: " YXDomain", 7: " YXRRSet", 8: " NXRRSet", 9: " NotAuth", 10: " NotZone", 15: " NoChange",
}  # fmt: skip
_OPTIONS = {
    1: "LLQ", 2: "UL", 3: "NSID", 5: "DAU", 6: "DHU", 7: "N3U", 8: "ECS", 9: "EXPIRE",
    10: "COOKIE", 11: "KEEPALIVE", 12: "PADDING", 13: "CHAIN", 14: "KEY-TAG", 16: "CLIENT-TAG",
    17: "SERVER-TAG",
}  # fmt: skip
_HOPS_MAX = 64


def over_tcp(d: Dump, p: bytes, length: int) -> None:
    """A message behind its length."""
    d.protocol = "domain"
    if length < 2:
        d.put(f" [DNS over TCP: length {length} < 2] (invalid)")
        return
    size = u2(p, 0)
    length -= 2
    if size != length:
        d.put(f" [prefix length({size}) != length({length})] (invalid)")
        return
    d.put(" ")
    message(d, p[2:], length)


def message(d: Dump, p: bytes, length: int) -> None:
    """A message."""
    d.protocol = "domain"
    if length < 12:
        d.put(f"domain [length {length} < 12] (invalid)")
        return
    try:
        need(p, 0, 12)
        _message(d, p)
    except _Cut:
        d.trunc()
        return
    d.put(f" ({length})")


class _Cut(Exception):
    """A section that is not all there."""


def _message(d: Dump, p: bytes) -> None:
    flags = u2(p, 2)
    counts = [u2(p, 4), u2(p, 6), u2(p, 8), u2(p, 10)]
    op = _OPERATIONS[flags >> 11 & 15]
    if flags & 0x8000:
        code = flags & 15
        d.put(
            f"{u2(p, 0)}{op}{_CODES.get(code, f' Resp{code}')}{'*' if flags & 0x0400 else ''}"
            f"{'' if flags & 0x0080 else '-'}{'|' if flags & 0x0200 else ''}"
            f"{'$' if flags & 0x0020 else ''}"
        )
        if counts[0] != 1:
            d.put(f" [{counts[0]}q]")
        at = 12
        for i in range(counts[0]):
            if i:
                d.put(",")
            if d.settings.v > 1:
                d.put(" q:")
                at = _question(d, p, at)
            else:
                at = _skip(p, at) + 4
                if at >= len(p) and i + 1 < counts[0]:
                    raise _Cut
        d.put(f" {counts[1]}/{counts[2]}/{counts[3]}")
        at = _section(d, p, at, counts[1], "")
        if d.settings.v > 1:
            at = _section(d, p, at, counts[2], " ns:")
            _section(d, p, at, counts[3], " ar:")
        return
    d.put(f"{u2(p, 0)}{op}{'+' if flags & 0x0100 else ''}{'%' if flags & 0x0010 else ''}")
    if flags & 0x06CF:
        d.put(f" [b2&3=0x{flags:x}]")
    if flags >> 11 & 15 == 1:
        if counts[0]:
            d.put(f" [{counts[0]}q]")
        if counts[1] != 1:
            d.put(f" [{counts[1]}a]")
    else:
        if counts[1]:
            d.put(f" [{counts[1]}a]")
        if counts[0] != 1:
            d.put(f" [{counts[0]}q]")
    if counts[2]:
        d.put(f" [{counts[2]}n]")
    if counts[3]:
        d.put(f" [{counts[3]}au]")
    at = 12
    for _ in range(counts[0]):
        if at >= len(p):
            raise _Cut
        at = _question(d, p, at)
    if d.settings.v > 1:
        at = _section(d, p, at, counts[1], "")
        at = _section(d, p, at, counts[2], " ns:")
        _section(d, p, at, counts[3], " ar:")


def _section(d: Dump, p: bytes, at: int, count: int, title: str) -> int:
    if not count:
        return at
    if at >= len(p):
        raise _Cut
    d.put(title)
    for i in range(count):
        if i:
            if at >= len(p):
                raise _Cut
            d.put(",")
        at = _record(d, p, at)
    return at


def _skip(p: bytes, at: int) -> int:
    """Where what follows a name begins."""
    while True:
        if at >= len(p):
            raise _Cut
        size = p[at]
        if size >= 0xC0:
            return at + 2
        if size & 0xC0:
            raise _Cut
        at += 1 + size
        if not size:
            return at


def _name(d: Dump, p: bytes, at: int) -> int:
    """Print a name; where what follows it begins."""
    after = -1
    hops = 0
    if at < len(p) and p[at] == 0:
        d.put(".")
        return at + 1
    limit = at
    while True:
        if at >= len(p):
            raise _Cut
        size = p[at]
        if size >= 0xC0:
            target = u2(p, at) & 0x3FFF
            if after < 0:
                after = at + 2
            hops += 1
            if target >= limit or hops > _HOPS_MAX:
                d.put("<BAD PTR>")
                raise _Cut
            at = limit = target
            if at < len(p) and p[at] == 0:
                d.put(".")
                return after
            continue
        if size & 0xC0:
            raise _Cut
        if not size:
            return at + 1 if after < 0 else after
        label = p[at + 1 : at + 1 + size]
        d.put(printable(label), ".")
        if len(label) < size:
            raise _Cut
        at += 1 + size


def _question(d: Dump, p: bytes, at: int) -> int:
    end = _skip(p, at)
    if end + 4 > len(p):
        raise _Cut
    kind, cls = u2(p, end), u2(p, end + 2)
    d.put(f" {TYPES.get(kind, f'Type{kind}')}")
    if cls != 1:
        d.put(f" {CLASSES.get(cls, f'(Class {cls})')}")
    d.put("? ")
    _name(d, p, at)
    return end + 4


def _string(d: Dump, p: bytes, at: int) -> int:
    size = u1(p, at)
    body = need(p, at + 1, size)
    d.put("".join(visible(byte) for byte in body))
    return at + 1 + size


def _record(d: Dump, p: bytes, at: int) -> int:
    if d.settings.v:
        d.put(" ")
        at = _name(d, p, at)
    else:
        at = _skip(p, at)
    if at + 10 > len(p):
        return len(p)
    kind, cls, ttl, size = u2(p, at), u2(p, at + 2), u4(p, at + 4), u2(p, at + 8)
    if cls != 1 and kind != 41:
        d.put(f" {CLASSES.get(cls, f'(Class {cls})')}")
    if kind != 41 and d.settings.v > 2:
        d.put(f" [{seconds_text(ttl)}]")
    at += 10
    end = at + size
    d.put(f" {TYPES.get(kind, f'Type{kind}')}")
    if end > len(p):
        raise _Cut
    _rdata(d, p, at, end, kind, cls, ttl)
    return end


def _rdata(d: Dump, p: bytes, at: int, end: int, kind: int, cls: int, ttl: int) -> None:
    if kind == 1:
        d.put(f" {ip_text(u4(p, at))}")
    elif kind in (2, 5, 12, 39):
        d.put(" ")
        _name(d, p, at)
    elif kind == 6:
        if d.settings.v:
            d.put(" ")
            at = _name(d, p, at)
            d.put(" ")
            at = _name(d, p, at)
            d.put(*(f" {u4(p, at + 4 * i)}" for i in range(5)))
    elif kind == 15:
        d.put(" ")
        _name(d, p, at + 2)
        d.put(f" {u2(p, at)}")
    elif kind in (16, 99):
        while at < end:
            d.put(' "')
            at = _string(d, p, at)
            d.put('"')
    elif kind == 33:
        d.put(" ")
        _name(d, p, at + 6)
        d.put(f":{u2(p, at + 4)} {u2(p, at)} {u2(p, at + 2)}")
    elif kind == 28:
        d.put(f" {_ip6(need(p, at, 16))}")
    elif kind == 41:
        d.put(f" UDPsize={cls}")
        if ttl & 0x8000:
            d.put(" DO")
        _edns(d, p, at, end)


def _edns(d: Dump, p: bytes, at: int, end: int) -> None:
    if at >= end:
        return
    d.put(" [")
    while at < end:
        if at + 4 > len(p):
            raise _Cut
        kind, size = u2(p, at), u2(p, at + 2)
        d.put(_OPTIONS.get(kind, f"Opt{kind}"))
        at += 4 + size
        if size:
            body = need(p, at - size, size)
            d.put(f" {_edns_value(kind, body)}")
        if at < end:
            d.put(",")
    d.put("]")


def _edns_value(kind: int, body: bytes) -> str:
    if kind == 10:
        return body[:8].hex() + (f" {body[8:].hex()}" if body[8:] else "")
    if kind == 8 and len(body) >= 4:
        octets = (body[4:] + bytes(4))[:4]
        return f"{ip_text(int.from_bytes(octets, 'big'))}/{body[2]}/{body[3]}"
    return body.hex()


def _ip6(data: bytes) -> str:
    """An IPv6 address, the longest run of zeros left out (RFC 5952)."""
    words = [data[i] << 8 | data[i + 1] for i in range(0, 16, 2)]
    best, start = 1, -1
    at = 0
    while at < 8:
        run = 0
        while at + run < 8 and not words[at + run]:
            run += 1
        if run > best:
            best, start = run, at
        at += run or 1
    if (start == 0 and best == 6) or (start == 0 and best == 5 and words[5] == 0xFFFF):
        dotted = ip_text(int.from_bytes(data[12:], "big"))
        return f"::{'ffff:' if best == 5 else ''}{dotted}"
    text = [f"{word:x}" for word in words]
    if start < 0:
        return ":".join(text)
    return ":".join(text[:start]) + "::" + ":".join(text[start + best :])
