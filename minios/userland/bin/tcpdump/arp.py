"""ARP and RARP."""

from __future__ import annotations

from minios.userland.bin.tcpdump.dump import Dump, hexascii, u1, u2, u4

_OPERATIONS = {
    1: "Request", 2: "Reply", 3: "Reverse Request", 4: "Reverse Reply", 8: "Inverse Request",
    9: "Inverse Reply", 10: "NACK Reply",
}  # fmt: skip
_HARDWARE = {
    1: "Ethernet",
    6: "TokenRing",
    7: "ArcNet",
    15: "FrameRelay",
    16: "ATM",
    24: "IEEE1394",
    32: "Infiniband",
}


def message(d: Dump, p: bytes, length: int) -> None:
    """A message; ``length`` is what the frame has room for."""
    d.protocol = "arp"
    if not d.settings.ether:
        d.put("ARP, ")
    hrd, pro = u2(p, 0), u2(p, 2)
    hln, pln, op = u1(p, 4), u1(p, 5), u2(p, 6)
    size = 8 + 2 * hln + 2 * pln
    if len(p) < size:
        d.trunc()
        d.put(hexascii(p))
        return
    verbose = d.settings.v
    if (pro not in (0x0800, 0x1000)) or pln != 4 or not hln or verbose:
        name = _HARDWARE.get(hrd, f"Unknown Hardware ({hrd})")
        kind = {0x0800: "IPv4", 0x1000: "IPv4"}.get(pro, f"Unknown Protocol (0x{pro:04x})")
        d.put(f"{name} (len {hln}), {kind} (len {pln})")
        if not verbose:
            d.put(", ")
    d.put(f"{', ' if verbose else ''}{_OPERATIONS.get(op, f'Unknown ({op})')} ")
    if _body(d, p, op, hln, pln):
        d.put(f", length {length}")


def _body(d: Dump, p: bytes, op: int, hln: int, pln: int) -> bool:
    """What it asks or says; False for an operation nobody knows, which is shown as bytes."""
    sha = p[8 : 8 + hln]
    tha = p[8 + hln + pln : 8 + 2 * hln + pln]
    spa = _ip(d, p, 8 + hln, pln)
    tpa = _ip(d, p, 8 + 2 * hln + pln, pln)
    if op == 1:
        d.put(f"who-has {tpa}")
        if tha.strip(b"\0"):
            d.put(f" ({_hardware(tha)})")
        d.put(f" tell {spa}")
    elif op == 2:
        d.put(f"{spa} is-at {_hardware(sha)}")
    elif op == 3:
        d.put(f"who-is {_hardware(tha)} tell {_hardware(sha)}")
    elif op == 4:
        d.put(f"{_hardware(tha)} at {tpa}")
    elif op == 8:
        d.put(f"who-is {_hardware(tha)} tell {_hardware(sha)}")
    elif op == 9:
        d.put(f"{_hardware(sha)} at {spa}")
    else:
        d.put(hexascii(p))
        return False
    return True


def _hardware(address: bytes) -> str:
    return address.hex(":") or "<No address>"


def _ip(d: Dump, p: bytes, at: int, size: int) -> str:
    if size != 4:
        return "<wrong len>"
    return d.host(u4(p, at))
