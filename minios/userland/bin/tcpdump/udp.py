"""UDP."""

from __future__ import annotations

from minios.net.wire.checksum import checksum, pseudo
from minios.userland.bin.tcpdump import bootp, dns, rip, text
from minios.userland.bin.tcpdump.dump import Dump, u2, u4


def datagram(d: Dump, p: bytes, length: int, header: bytes, fragmented: bool) -> None:
    """A datagram; ``header`` is the packet it is in."""
    d.protocol = "udp"
    src, dst = u4(header, 12), u4(header, 16)
    if len(p) < 4:
        d.put(f"{d.host(src)} > {d.host(dst)}: ")
        d.trunc()
        return
    sport, dport = u2(p, 0), u2(p, 2)
    d.put(f"{d.host(src)}.{d.port(sport, 'udp')} > {d.host(dst)}.{d.port(dport, 'udp')}: ")
    if length < 8:
        d.put(f"truncated-udp {length}")
        return
    size = u2(p, 4)
    if size < 8:
        d.put(f"truncated-udplength {size}")
        return
    if len(p) < 8:
        d.trunc()
        return
    size -= 8
    length = min(length - 8, size)
    body = p[8:]
    if d.settings.v > 1 and not (d.settings.no_checksums or fragmented):
        given = u2(p, 6)
        if not given:
            d.put("[no cksum] ")
        elif len(body) >= length:
            total = length + 8
            if checksum(p[:total], pseudo(src, dst, 17, total)):
                right = checksum(p[:6] + b"\0\0" + p[8:total], pseudo(src, dst, 17, total))
                d.put(f"[bad udp cksum 0x{given:04x} -> 0x{right:04x}!] ")
            else:
                d.put("[udp sum ok] ")
    if not d.settings.q and _application(d, body[:length], length, (sport, dport)):
        return
    if size > length and not fragmented:
        d.put(f"UDP, bad length {size} > {length}")
    else:
        d.put(f"UDP, length {size}")


def _application(d: Dump, p: bytes, length: int, ports: tuple[int, int]) -> bool:
    """Print what is in it by its ports; False if no printer is for them."""
    if 53 in ports:
        dns.message(d, p, length)
    elif 67 in ports or 68 in ports:
        bootp.message(d, p, length)
    elif 520 in ports:
        rip.message(d, p, length)
    elif 514 in ports:
        text.syslog(d, p, length)
    else:
        return False
    return True
