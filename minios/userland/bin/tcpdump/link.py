"""Frames: Ethernet, 802.1Q, 802.3 with LLC, and Linux' cooked captures of all interfaces."""

from __future__ import annotations

from collections.abc import Callable

from minios.net.wire.pcap import LINKTYPE_ETHERNET, LINKTYPE_LINUX_SLL2, LINKTYPE_RAW
from minios.userland.bin.tcpdump import arp, ip, stp
from minios.userland.bin.tcpdump.dump import Dump, Truncated, hexascii, number, u1, u2

LENGTH_MAX = 1500

ETHERTYPES = {
    0x0800: "IPv4", 0x8100: "802.1Q", 0x88A8: "802.1Q-QinQ", 0x9100: "802.1Q-9100",
    0x9200: "802.1Q-9200", 0x86DD: "IPv6", 0x0806: "ARP", 0x8035: "Reverse ARP", 0x8037: "IPX",
    0x80F3: "Appletalk ARP", 0x809B: "Appletalk", 0x880B: "PPP", 0x8847: "MPLS unicast",
    0x8848: "MPLS multicast", 0x8863: "PPPoE D", 0x8864: "PPPoE S", 0x888E: "EAPOL",
    0x88C7: "RRCP", 0x8899: "RRCP", 0x9000: "Loopback", 0x88CC: "LLDP", 0x8906: "FCoE",
    0x8809: "Slow Protocols", 0x88F7: "PTP", 0x0200: "xns", 0x0BAD: "VINES", 0x6003: "DN",
    0x0600: "NS", 0x0500: "Sprite", 0x0801: "X.75", 0x6558: "TEB", 0x88E5: "MACsec",
}  # fmt: skip
"""What is printed for a type; not all of them have a printer."""

VLAN_TYPES = (0x8100, 0x88A8, 0x9100, 0x9200)

Payload = Callable[[Dump, bytes, int], None]


def payload(d: Dump, ethertype: int, p: bytes, length: int) -> bool:
    """Print what a frame of this type carries; False if there is no printer."""
    if ethertype == 0x0800:
        ip.packet(d, p, length)
    elif ethertype in (0x0806, 0x8035):
        arp.message(d, p, length)
    elif ethertype == 0x9000:
        _loopback(d, p, length)
    else:
        return False
    return True


def ethernet(d: Dump, p: bytes, length: int) -> int:
    """A frame; the length of its header."""
    d.protocol = "ether"
    if length < 14:
        raise Truncated
    if len(p) < 14:
        raise Truncated
    kind = u2(p, 12)
    if d.settings.ether:
        _header(d, p, kind, length)
    at = 14
    while True:
        body, left = p[at:], length - at
        if kind <= LENGTH_MAX:
            left = min(left, kind)
            inner = _llc(d, body[:left], left)
            if not inner:
                if not d.settings.ether:
                    _header(d, p, kind, length)
                _unknown(d, body[:left])
            return at + inner
        if kind in VLAN_TYPES:
            if len(body) < 4:
                d.protocol = "vlan"
                raise Truncated
            tag = u2(body, 0)
            if d.settings.ether:
                dei = ", DEI" if tag & 0x1000 else ""
                d.put(f"vlan {tag & 0xFFF}, p {tag >> 13}{dei}, ")
            kind = u2(body, 2)
            at += 4
            if d.settings.ether:
                _tagged(d, kind)
            continue
        if not payload(d, kind, body, left):
            if not d.settings.ether:
                _header(d, p, kind, length)
            _unknown(d, body)
        return at


def _header(d: Dump, p: bytes, kind: int, length: int) -> None:
    d.put(f"{d.mac(p, 6)} > {d.mac(p, 0)}, ")
    if kind <= LENGTH_MAX:
        d.put(f"802.3, length {kind}: ")
    else:
        d.put(f"{_type(d, kind)}, length {length}: ")


def _type(d: Dump, kind: int) -> str:
    if d.settings.q:
        return ETHERTYPES.get(kind, f"Unknown Ethertype (0x{kind:04x})")
    return f"ethertype {ETHERTYPES.get(kind, 'Unknown')} (0x{kind:04x})"


def _tagged(d: Dump, kind: int) -> None:
    """The type behind a tag."""
    d.put("802.3" if kind <= LENGTH_MAX else f"{_type(d, kind)}, ")


def _unknown(d: Dump, body: bytes) -> None:
    settings = d.settings
    if not (settings.x or settings.hexascii or settings.q):
        d.put(hexascii(body))


def _loopback(d: Dump, p: bytes, length: int) -> None:
    skip = u1(p, 0) | u1(p, 1) << 8
    d.put(f"Loopback, skipCount {skip}")
    function = u1(p, 2) | u1(p, 3) << 8
    if function == 1:
        receipt = u1(p, 4) | u1(p, 5) << 8
        d.put(f", Reply, receipt number {receipt}, data ({length - 6} octets)")
    elif function == 2:
        d.put(f", Forward Data, forwarding address {d.mac(p, 4)}, data ({length - 10} octets)")
    else:
        d.put(f", {function:04x}")
    if len(p) < length:
        d.protocol = "loopback"
        d.trunc()


_SAPS = {
    0x42: "STP",
    0xAA: "SNAP",
    0xE0: "IPX",
    0xF0: "NetBeui",
    0xFE: "ISO",
    0x06: "IP",
    0x00: "Null",
    0xFF: "Global",
}


def _llc(d: Dump, p: bytes, length: int) -> int:
    """IEEE 802.2: BPDUs, and IP or ARP behind a SNAP header; 0 if it is none of them, else the
    length of the header.
    """
    d.protocol = "llc"
    dsap, ssap, control = u1(p, 0), u1(p, 1), u1(p, 2)
    if control & 3 != 3:
        return 0
    if d.settings.ether:
        field = ("Individual", "Group")[dsap & 1]
        role = ("Command", "Response")[ssap & 1]
        d.put(f"LLC, dsap {_sap(dsap)} {field}, ssap {_sap(ssap)} {role}, ctrl 0x{control:02x}: ")
    if dsap == ssap == 0x42:
        stp.message(d, p[3:], length - 3)
        return 3
    if dsap == ssap == 0xAA:
        oui, kind = number(p, 3, 3), u2(p, 6)
        if d.settings.ether:
            name = "Ethernet" if not oui else "Unknown"
            of = f"ethertype {ETHERTYPES.get(kind, 'Unknown')} (0x{kind:04x})"
            d.put(f"oui {name} (0x{oui:06x}), {of}, length {length - 8}: ")
        return 8 if payload(d, kind, p[8:], length - 8) else 0
    return 0


def _sap(sap: int) -> str:
    return f"{_SAPS.get(sap & 0xFE, 'Unknown')} (0x{sap & 0xFE:02x})"


_PACKET_TYPES = ("In", "B", "M", "P", "Out")


def cooked(d: Dump, p: bytes, length: int, interfaces: dict[int, str]) -> int:
    """A packet of any interface (LINKTYPE_LINUX_SLL2); the length of its header."""
    d.protocol = "linux_sll2"
    kind, index = u2(p, 0), number(p, 4, 4)
    packet_type = u1(p, 10)
    size = u1(p, 11)
    name = interfaces.get(index)
    d.put(f"{name or f'ifindex {index}':<5} ")
    d.put(f"{_PACKET_TYPES[packet_type] if packet_type < 5 else '?':<3} ")
    if d.settings.ether:
        d.put(f"ifindex {index} ")
        if size == 6:
            d.put(f"{d.mac(p, 12)} ")
        elif size:
            d.put(f"<invalid address length {size}> ")
        if not d.settings.q:
            d.put(f"ethertype {ETHERTYPES.get(kind, 'Unknown')} (0x{kind:04x}), length {length}: ")
    at = 20
    while kind in VLAN_TYPES:
        tag = u2(p, at)
        if d.settings.ether:
            dei = ", DEI" if tag & 0x1000 else ""
            d.put(f"vlan {tag & 0xFFF}, p {tag >> 13}{dei}, ")
        kind = u2(p, at + 2)
        at += 4
        if d.settings.ether:
            _tagged(d, kind)
    if kind == 4:
        inner = _llc(d, p[at:], length - at)
        if not inner:
            _unknown(d, p[at:])
        at += inner
    elif not payload(d, kind, p[at:], length - at):
        _unknown(d, p[at:])
    return at


def raw(d: Dump, p: bytes, length: int) -> int:
    """A packet without a frame."""
    ip.packet(d, p, length)
    return 0


PRINTERS = {LINKTYPE_ETHERNET: ethernet, LINKTYPE_RAW: raw}
COOKED = LINKTYPE_LINUX_SLL2
