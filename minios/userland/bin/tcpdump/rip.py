"""RIP (RFC 1058, RFC 2453)."""

from __future__ import annotations

from minios.abi.inet import ip_text, prefix_length
from minios.userland.bin.tcpdump.dump import Dump, hexdump, printable, u2, u4

_COMMANDS = {
    1: "Request",
    2: "Response",
    3: "TraceOn",
    4: "TraceOff",
    5: "Sun Poll",
    9: "Triggered Request",
    10: "Triggered Response",
    11: "Triggered Acknowledgement",
    12: "Update Request",
    13: "Update Response",
    14: "Update Acknowledge",
}
_FAMILIES = {2: "IPv4", 0xFFFF: "Authentication"}


def message(d: Dump, p: bytes, length: int) -> None:
    """A message."""
    d.protocol = "rip"
    if len(p) < 4:
        d.trunc()
        return
    command, version = p[0], p[1]
    start = "\n\t" if d.settings.v else ""
    name = _COMMANDS.get(command, f"unknown command ({command})")
    d.put(f"{start}RIPv{version}, {name}, length: {length}")
    if not d.settings.v:
        return
    if version in (1, 2):
        if command in (1, 2):
            _table(d, p, length, version)
    else:
        d.put(", unknown version")
    if d.settings.v > 1 or (version in (1, 2) and command not in _COMMANDS):
        d.put(hexdump(p[:length]))


def _table(d: Dump, p: bytes, length: int, version: int) -> None:
    d.put(f", routes: {(length - 4) // 20}{' or less' if version == 2 else ''}")
    at = 4
    while at + 20 <= min(length, len(p)):
        if not _entry(d, p[at : at + 20], version):
            d.trunc()
            return
        at += 20
    if len(p) < length:
        d.trunc()
        return
    left = length - at
    if left:
        d.put(f"\n\t  trailing data length {left}")


def _entry(d: Dump, p: bytes, version: int) -> bool:
    """An entry of the table; False if it is no address."""
    family, tag, metric, hop = u2(p, 0), u2(p, 2), u4(p, 16), u4(p, 12)
    address = ip_text(u4(p, 4))
    if version == 1:
        if family == 2:
            d.put(f"\n\t  {address}, metric: {metric}")
        return True
    if family == 0xFFFF:
        if tag == 2:
            text = p[4:20].split(b"\0")[0]
            d.put(f"\n\t  Simple Text Authentication data: {printable(text)}")
        return True
    if family not in (0, 2):
        d.put(f"\n\t  AFI Unknown ({family})", hexdump(p[4:], "\n\t  "))
        return False
    try:
        bits = prefix_length(u4(p, 8))
    except ValueError:
        bits = -1
    d.put(
        f"\n\t  AFI {'IPv4' if family else 0}, {address:>15s}/{bits:<2d}, tag 0x{tag:04x}, "
        f"metric: {metric}, next-hop: {ip_text(hop) if hop else 'self'}"
    )
    return True
