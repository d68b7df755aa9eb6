"""BPDUs of the spanning tree protocol."""

from __future__ import annotations

from minios.userland.bin.tcpdump.dump import Dump, bits_text, u1, u2, u4

_PROTOCOLS = {0: "802.1d", 2: "802.1w", 3: "802.1s", 4: "802.1aq"}
_TYPES = {0x00: "Config", 0x02: "Rapid STP", 0x80: "Topology Change"}
_FLAGS = {0x01: "Topology change", 0x80: "Topology change ACK"}


def message(d: Dump, p: bytes, length: int) -> None:
    """A BPDU behind its LLC header."""
    d.protocol = "stp"
    if length < 4:
        d.trunc()
        return
    protocol, version, kind = u2(p, 0), u1(p, 2), u1(p, 3)
    name = _PROTOCOLS.get(version, f"Unknown STP protocol (0x{version:02x})")
    d.put(f"STP {name}")
    if protocol or version not in _PROTOCOLS:
        return
    d.put(f", {_TYPES.get(kind, f'Unknown BPDU Type (0x{kind:02x})')}")
    if kind == 0:
        if length < 35:
            d.trunc()
            return
        _config(d, p, length)
    elif kind == 2:
        d.put(f", length {length}")


def _config(d: Dump, p: bytes, length: int) -> None:
    flags = u1(p, 4)
    d.put(f", Flags [{bits_text(_FLAGS, flags, 'none')}]")
    d.put(f", bridge-id {_bridge(d, p, 17)}.{u2(p, 25):04x}, length {length}")
    if not d.settings.v:
        return
    d.put(
        f"\n\tmessage-age {_seconds(p, 27)}, max-age {_seconds(p, 29)}, "
        f"hello-time {_seconds(p, 31)}, forwarding-delay {_seconds(p, 33)}"
        f"\n\troot-id {_bridge(d, p, 5)}, root-pathcost {u4(p, 13)}"
    )


def _bridge(d: Dump, p: bytes, at: int) -> str:
    return f"{u2(p, at):04x}.{d.mac(p, at + 2)}"


def _seconds(p: bytes, at: int) -> str:
    return f"{u1(p, at)}.{u1(p, at + 1) * 100 // 256:02d}s"
