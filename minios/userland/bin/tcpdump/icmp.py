"""ICMP."""

from __future__ import annotations

from minios.abi.inet import ip_text
from minios.net.wire.checksum import checksum
from minios.userland.bin.tcpdump.dump import Dump, need, u1, u2, u4

_UNREACHABLE = {
    0: "net {} unreachable", 1: "host {} unreachable",
    5: "{} unreachable - source route failed", 6: "net {} unreachable - unknown",
    7: "host {} unreachable - unknown", 8: "{} unreachable - source host isolated",
    9: "net {} unreachable - admin prohibited", 10: "host {} unreachable - admin prohibited",
    11: "net {} unreachable - tos prohibited", 12: "host {} unreachable - tos prohibited",
    13: "host {} unreachable - admin prohibited filter",
    14: "host {} unreachable - host precedence violation",
    15: "host {} unreachable - precedence cutoff",
}  # fmt: skip
_REDIRECTS = {
    0: "redirect {} to net {}",
    1: "redirect {} to host {}",
    2: "redirect-tos {} to net {}",
    3: "redirect-tos {} to host {}",
}
_TYPES = {
    0: "echo reply", 3: "unreachable", 4: "source quench", 5: "redirect", 8: "echo request",
    9: "router advertisement", 10: "router solicitation", 11: "time exceeded",
    12: "parameter problem", 13: "time stamp request", 14: "time stamp reply",
    15: "information request", 16: "information reply", 17: "address mask request",
}  # fmt: skip
_ERRORS = frozenset({3, 4, 5, 11, 12})


def message(d: Dump, p: bytes, length: int, header: bytes, fragmented: bool) -> None:
    """A message; ``header`` is the packet it is in."""
    d.protocol = "icmp"
    kind, code = u1(p, 0), u1(p, 1)
    d.put(f"ICMP {_text(d, p, kind, code)}, length {length}")
    if d.settings.v and not fragmented and len(p) >= length:
        given = u2(p, 2)
        if checksum(p[:length]):
            right = checksum(p[:2] + b"\0\0" + p[4:length])
            d.put(f" (wrong icmp cksum {given:x} (->{right:x})!)")
    if d.settings.v and kind in _ERRORS:
        d.put("\n\t")
        quoted = p[8:]
        from minios.userland.bin.tcpdump import ip

        # What is quoted is as long as it says it was.
        ip.packet(d, quoted, u2(quoted, 2))


def _text(d: Dump, p: bytes, kind: int, code: int) -> str:
    if kind in (0, 8):
        return f"{_TYPES[kind]}, id {u2(p, 4)}, seq {u2(p, 6)}"
    if kind == 3:
        return _unreachable(d, p, code)
    if kind == 5:
        text = _REDIRECTS.get(code, f"redirect-#{code} {{}} to {{}}")
        return text.format(d.host(u4(p, 24)), d.host(u4(p, 4)))
    if kind == 9:
        return _advertisement(p)
    if kind == 11:
        need(p, 8, 20)
        return {0: "time exceeded in-transit", 1: "ip reassembly time exceeded"}.get(
            code, f"time exceeded-#{code}"
        )
    if kind == 12:
        return (
            f"parameter problem - code {code}" if code else f"parameter problem - octet {u1(p, 4)}"
        )
    if kind == 18:
        return f"address mask is 0x{u4(p, 8):08x}"
    if kind == 13:
        return f"time stamp query id {u2(p, 4)} seq {u2(p, 6)}"
    if kind == 14:
        times = [_clock(u4(p, at)) for at in (8, 12, 16)]
        return (
            f"time stamp reply id {u2(p, 4)} seq {u2(p, 6)}: "
            f"org {times[0]}, recv {times[1]}, xmit {times[2]}"
        )
    return _TYPES.get(kind, f"type-#{kind}")


def _unreachable(d: Dump, p: bytes, code: int) -> str:
    dst = d.host(u4(p, 24))
    if code == 2:
        return f"{dst} protocol {u1(p, 17)} unreachable"
    if code == 3:
        hlen = (u1(p, 8) & 15) * 4
        port = u2(p, 8 + hlen + 2)
        proto = u1(p, 17)
        if proto == 6:
            return f"{dst} tcp port {d.port(port, 'tcp')} unreachable"
        if proto == 17:
            return f"{dst} udp port {d.port(port, 'udp')} unreachable"
        return f"{dst} protocol {proto} port {port} unreachable"
    if code == 4:
        mtu = u2(p, 6)
        return f"{dst} unreachable - need to frag" + (f" (mtu {mtu})" if mtu else "")
    return _UNREACHABLE.get(code, f"{{}} unreachable - #{code}").format(dst)


def _advertisement(p: bytes) -> str:
    count, size, lifetime = u1(p, 4), u1(p, 5), u2(p, 6)
    text = "router advertisement lifetime "
    if lifetime < 60:
        text += str(lifetime)
    elif lifetime < 3600:
        text += f"{lifetime // 60}:{lifetime % 60:02d}"
    else:
        text += f"{lifetime // 3600}:{lifetime % 3600 // 60:02d}:{lifetime % 60:02d}"
    text += f" {count}:"
    if size != 2:
        return text + f" [size {size}]"
    for i in range(count):
        text += f" {{{ip_text(u4(p, 8 + 8 * i))} {u4(p, 12 + 8 * i)}}}"
    return text


def _clock(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"
