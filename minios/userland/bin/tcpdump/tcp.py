"""TCP, with sequence numbers relative to the first that was seen of a connection."""

from __future__ import annotations

from minios.net.wire.checksum import checksum, pseudo
from minios.userland.bin.tcpdump import dns, text
from minios.userland.bin.tcpdump.dump import (
    CONVERSATIONS_MAX,
    Dump,
    printable,
    u1,
    u2,
    u4,
)

_FLAGS = (
    (0x01, "F"),
    (0x02, "S"),
    (0x04, "R"),
    (0x08, "P"),
    (0x10, "."),
    (0x20, "U"),
    (0x40, "E"),
    (0x80, "W"),
)
_OPTIONS = {
    0: "eol", 1: "nop", 2: "mss", 3: "wscale", 4: "sackOK", 5: "sack", 6: "echo", 7: "echoreply",
    8: "TS", 11: "cc", 12: "ccnew", 13: "ccecho", 19: "md5", 20: "scps", 28: "uto", 29: "tcp-ao",
    30: "mptcp", 34: "tfo", 254: "exp",
}  # fmt: skip
_WORD = 0xFFFF_FFFF


def segment(d: Dump, p: bytes, length: int, header: bytes, fragmented: bool) -> None:
    """A segment; ``header`` is the packet it is in."""
    d.protocol = "tcp"
    src, dst = u4(header, 12), u4(header, 16)
    if len(p) < 4:
        d.put(f"{d.host(src)} > {d.host(dst)}:")
        d.trunc()
        return
    sport, dport = u2(p, 0), u2(p, 2)
    d.put(f"{d.host(src)}.{d.port(sport, 'tcp')} > {d.host(dst)}.{d.port(dport, 'tcp')}: ")
    if len(p) < 20:
        d.trunc()
        return
    hlen = (p[12] >> 4) * 4
    if hlen < 20:
        d.put(f" tcp {length - hlen} [bad hdr length {hlen} - too short, < 20]")
        return
    long = f" [bad hdr length {hlen} - too long, > {length}]" if hlen > length else ""
    if d.settings.q:
        d.put(f"tcp {length - hlen & _WORD}{long}")
        return
    flags = p[13]
    letters = "".join(letter for bit, letter in _FLAGS if flags & bit) or "none"
    d.put(f"Flags [{letters}]")
    seq, ack, base_seq, base_ack, reverse = _relative(d, p, src, dst, sport, dport, flags)
    if long:
        d.put(long)
        return
    if d.settings.v and not d.settings.no_checksums and not fragmented and len(p) >= length:
        given = u2(p, 16)
        d.put(f", cksum 0x{given:04x}")
        if checksum(p[:length], pseudo(src, dst, 6, length)):
            right = checksum(p[:16] + b"\0\0" + p[18:length], pseudo(src, dst, 6, length))
            d.put(f" (incorrect -> 0x{right:04x})")
        else:
            d.put(" (correct)")
    length -= hlen
    if d.settings.v > 1 or length or flags & 0x07:
        d.put(f", seq {seq}")
        if length:
            d.put(f":{seq + length & _WORD}")
    if flags & 0x10:
        d.put(f", ack {ack}")
    d.put(f", win {u2(p, 14)}")
    if flags & 0x20:
        d.put(f", urg {u2(p, 18)}")
    if hlen > 20 and not _options(d, p[:hlen], hlen, base_seq if reverse else base_ack):
        return
    d.put(f", length {length}")
    if length:
        _data(d, p[hlen:], length, sport, dport, flags)


def _relative(
    d: Dump, p: bytes, src: int, dst: int, sport: int, dport: int, flags: int
) -> tuple[int, int, int, int, bool]:
    """Numbers to show, what they are relative to, and whether the segment goes the other way."""
    seq, ack = u4(p, 4), u4(p, 8)
    if d.settings.absolute or not flags & 0x10:
        return seq, ack, 0, 0, False
    reverse = sport > dport or (sport == dport and src > dst)
    key = (dst, src, dport << 16 | sport) if reverse else (src, dst, sport << 16 | dport)
    known = d.conversations.get(key)
    if known is None or flags & 0x02:
        base = (ack - 1 & _WORD, seq) if reverse else (seq, ack - 1 & _WORD)
        if len(d.conversations) >= CONVERSATIONS_MAX:
            del d.conversations[next(iter(d.conversations))]
        d.conversations[key] = base
    else:
        base = known
        if reverse:
            seq, ack = seq - base[1] & _WORD, ack - base[0] & _WORD
        else:
            seq, ack = seq - base[0] & _WORD, ack - base[1] & _WORD
    return seq, ack, base[0], base[1], reverse


def _options(d: Dump, p: bytes, end: int, base: int) -> bool:
    """The options; False if they are cut off or wrong, which ends the line."""
    d.put(", options [")
    at = 20
    sep = ""
    try:
        while at < end:
            d.put(sep)
            kind = u1(p, at)
            size = 1
            if kind > 1:
                size = u1(p, at + 1)
                if size < 2 or (at + size > end and size - 1 > end - at - 1):
                    raise _Bad
            d.put(_OPTIONS.get(kind, f"unknown-{kind}"))
            used = _option(d, kind, p, at, size, end, base) + (1 if kind <= 1 else 2)
            at += used
            if used != size:
                d.put(f"[len {size}]")
            sep = ","
            if kind == 0:
                break
    except _Bad:
        d.put("[bad opt]", ">" if sep else "")
        return False
    except _Short:
        d.trunc()
        d.put(">" if sep else "")
        return False
    d.put("]")
    return True


class _Short(Exception):
    """The content of an option that was not captured."""


class _Bad(Exception):
    """An option that does not fit."""


def _option(d: Dump, kind: int, p: bytes, at: int, size: int, end: int, base: int) -> int:
    """Print the content of an option; how many bytes of it were used."""
    body = at + 2

    def check(count: int) -> None:
        if body + count > end:
            raise _Bad
        if body + count > len(p):
            raise _Short

    if kind == 2:
        check(2)
        d.put(f" {u2(p, body)}")
        return 2
    if kind == 3:
        check(1)
        d.put(f" {u1(p, body)}")
        return 1
    if kind == 5:
        count = size - 2
        if count % 8:
            d.put(" invalid sack")
            return count
        d.put(f" {count // 8} ")
        for i in range(0, count, 8):
            check(i + 8)
            left, right = u4(p, body + i) - base & _WORD, u4(p, body + i + 4) - base & _WORD
            d.put(f"{{{left}:{right}}}")
        return count
    if kind == 8:
        check(8)
        d.put(f" val {u4(p, body)}")
        d.put(f" ecr {u4(p, body + 4)}")
        return 8
    if kind in (0, 1, 4):
        return 0
    if kind == 34:
        count = size - 2
        check(count)
        d.put(f"  cookie {p[body : body + count].hex()}" if count else "  cookiereq")
        return count
    if kind == 28:
        check(2)
        value = u2(p, body)
        d.put(f" 0x{value:x} {(value >> 1) * (60 if value & 1 else 1)}")
        return 2
    if kind == 19:
        check(16)
        d.put(" shared secret not supplied with -M, can't check - ", p[body : body + 16].hex())
        return 16
    if kind == 254:
        check(size - 2)
        d.put(f"-{u2(p, body):04x}")
        return size - 2
    count = size - 2
    check(count)
    if count:
        d.put(f" 0x{p[body : body + count].hex()}")
    return count


def _data(d: Dump, p: bytes, length: int, sport: int, dport: int, flags: int) -> None:
    p = p[:length]
    if flags & 0x04 and d.settings.v:
        d.put(" [!RST" if len(p) < length else " [RST", "+" * (length > 28), " ", printable(p[:28]))
        d.put("]")
        return
    ports = (sport, dport)
    if 80 in ports or 8080 in ports or 3128 in ports:
        d.put(": ")
        text.http(d, p, length)
    elif 25 in ports:
        d.put(": ")
        text.smtp(d, p, length)
    elif 21 in ports:
        d.put(": ")
        text.ftp(d, p, length)
    elif 22 in ports:
        text.ssh(d, p, length)
    elif 53 in ports:
        dns.over_tcp(d, p, length)
