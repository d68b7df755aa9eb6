"""BOOTP and DHCP (RFC 951, RFC 2131, RFC 2132)."""

from __future__ import annotations

from minios.abi.inet import ip_text
from minios.userland.bin.tcpdump.dump import Dump, need, printable, u1, u2, u4

_MESSAGES = {
    1: "Discover", 2: "Offer", 3: "Request", 4: "Decline", 5: "ACK", 6: "NACK", 7: "Release",
    8: "Inform",
}  # fmt: skip
# The first letter says how the content is written: a text, i address, l number, L signed number,
# s short, p pair of addresses, B yes or no, b bytes, $ in its own way.
_TAGS = {
    0: " PAD", 1: "iSubnet-Mask", 2: "LTime-Zone", 3: "iDefault-Gateway", 4: "iTime-Server",
    5: "iIEN-Name-Server", 6: "iDomain-Name-Server", 7: "iLOG", 8: "iCS", 9: "iLPR-Server",
    10: "iIM", 11: "iRL", 12: "aHostname", 13: "sBS", 14: "aDP", 15: "aDomain-Name", 16: "iSS",
    17: "aRP", 18: "aEP", 19: "BIPF", 20: "BSRT", 21: "pPF", 22: "sRSZ", 23: "bTTL",
    24: "lMTU-Timeout", 25: "sMTU-Table", 26: "sMTU", 27: "BLSN", 28: "iBR", 29: "BMD", 30: "BMS",
    31: "BRouter-Discovery", 32: "iRSA", 33: "pStatic-Route", 34: "BUT", 35: "lAT", 36: "BIE",
    37: "bTT", 38: "lKI", 39: "BKG", 40: "aYD", 41: "iYS", 42: "iNTP", 43: "bVendor-Option",
    44: "iNetbios-Name-Server", 45: "iWDD", 46: "$Netbios-Node", 47: "aNetbios-Scope", 48: "iXFS",
    49: "iXDM", 50: "iRequested-IP", 51: "lLease-Time", 52: "$OO", 53: " DHCP-Message",
    54: "iServer-ID", 55: "bParameter-Request", 56: "aMSG", 57: "sMSZ", 58: "lRN", 59: "lRB",
    60: "aVendor-Class", 61: "$Client-ID", 64: "sN+D", 65: "iN+S", 66: "aTFTP", 67: "aBF",
    68: "iMH", 69: "iSMTP", 70: "iPOP3", 71: "iNNTP", 72: "iWWW", 73: "iFG", 74: "iIRC",
    75: "iSTS", 76: "iSTDA", 77: "$User-Class", 78: "bSLP-DA", 79: "bSLP-SCOPE", 80: "aSLP-NA",
    81: "$FQDN", 82: "$Agent-Information", 83: "bARMT", 88: "aTZSTR", 89: "bFQDNS", 90: "bAUTH",
    91: "LLast-Transaction-Time", 92: "iAssociated-IP", 93: "sARCH", 94: "bNDI", 95: "aLDAP",
    97: "bGUID", 98: "aUAP", 100: "aPOSIX-TZ", 101: "aTZ-Name", 112: "iNI", 113: "aNITAG",
    114: "aURL", 116: "BNOAUTO", 117: "sNSSEARCH", 118: "iSUBNET", 121: "$Classless-Static-Route",
    150: "iTFTP-Server-Address", 161: "aMUD-URL", 249: "$Classless-Static-Route-Microsoft",
    255: " END",
}  # fmt: skip
_HARDWARE = {1: "ether", 6: "ieee802", 15: "frelay", 7: "arcnet", 16: "atm"}
_OVERLOAD = {1: "file", 2: "sname", 3: "file+sname"}
_NODES = {1: "b-node", 2: "p-node", 4: "m-node", 8: "h-node"}
_COOKIE = 0x63825363


def message(d: Dump, p: bytes, length: int) -> None:
    """A message."""
    d.protocol = "bootp"
    op, htype, hlen = u1(p, 0), u1(p, 1), u1(p, 2)
    d.put(f"BOOTP/DHCP, {({1: 'Request', 2: 'Reply'}).get(op, f'unknown (0x{op:02x})')}")
    ethernet = htype == 1 and hlen == 6
    if ethernet and op == 1:
        d.put(f" from {d.mac(p, 28)}")
    d.put(f", length {length}")
    if not d.settings.v:
        return
    need(p, 8, 2)
    if htype != 1:
        d.put(f", htype {htype}")
    if htype != 1 or hlen != 6:
        d.put(f", hlen {hlen}")
    if u1(p, 3):
        d.put(f", hops {u1(p, 3)}")
    if u4(p, 4):
        d.put(f", xid 0x{u4(p, 4):x}")
    if u2(p, 8):
        d.put(f", secs {u2(p, 8)}")
    flags = u2(p, 10)
    d.put(f", Flags [{'Broadcast' if flags & 0x8000 else 'none'}]")
    if d.settings.v > 1:
        d.put(f" (0x{flags:04x})")
    for name, at in (("Client-IP", 12), ("Your-IP", 16), ("Server-IP", 20), ("Gateway-IP", 24)):
        if u4(p, at):
            d.put(f"\n\t  {name} {d.host(u4(p, at))}")
    if ethernet:
        d.put(f"\n\t  Client-Ethernet-Address {d.mac(p, 28)}")
    for name, at, size in (("sname", 44, 64), ("file", 108, 128)):
        if u1(p, at):
            text = need(p, at, size).split(b"\0")[0]
            d.put(f'\n\t  {name} "{printable(text)}"')
    cookie = u4(p, 236)
    if cookie == _COOKIE:
        _options(d, p)
    elif cookie:
        d.put(f"\n\t  Vendor-#0x{cookie:08x}")


def _options(d: Dump, p: bytes) -> None:
    d.put(f"\n\t  Vendor-rfc1048 Extensions\n\t    Magic Cookie 0x{_COOKIE:08x}")
    at = 240
    deep = d.settings.v > 2
    while at < len(p):
        tag = p[at]
        at += 1
        if tag == 0 and not deep:
            continue
        if tag == 255 and not deep:
            return
        text = _TAGS.get(tag, "?Unknown")
        size = 0
        if tag not in (0, 255):
            size = u1(p, at)
            at += 1
        d.put(f"\n\t    {text[1:]} ({tag}), length {size}{': ' if size else ''}")
        if tag == 0:
            start = at
            while at < len(p) and not p[at]:
                at += 1
            if at > start:
                d.put(f", occurs {at - start + 1}")
        if at + size > len(p):
            d.trunc()
            return
        _option(d, tag, text[0], p[at : at + size])
        at += size


def _option(d: Dump, tag: int, form: str, body: bytes) -> None:
    if tag == 53 and len(body) == 1:
        d.put(_MESSAGES.get(body[0], f"Unknown ({body[0]})"))
        return
    if tag == 55:
        for i, wanted in enumerate(body):
            name = _TAGS.get(wanted, "?Unknown")[1:]
            d.put(", " if i % 4 else "\n\t      ", f"{name} ({wanted})")
        return
    size = len(body)
    if form == "?":
        form = "b" if size & 1 else "s" if size & 2 else "l"
    if form == "a":
        d.put(f'"{printable(body.split(bytes(1))[0])}"')
    elif form in "ilL":
        words = [u4(body, i) for i in range(0, size - 3, 4)]
        if form == "i":
            d.put(",".join(d.host(word) for word in words))
        elif form == "L":
            d.put(",".join(str(word - (1 << 32) if word >> 31 else word) for word in words))
        else:
            d.put(",".join(map(str, words)))
        _rest(d, size % 4)
    elif form == "p":
        pairs = [(u4(body, i), u4(body, i + 4)) for i in range(0, size - 7, 8)]
        d.put(",".join(f"({d.host(a)}:{d.host(b)})" for a, b in pairs))
        _rest(d, size % 8)
    elif form == "s":
        d.put(",".join(str(u2(body, i)) for i in range(0, size - 1, 2)))
        _rest(d, size % 2)
    elif form == "B":
        d.put(",".join("NY"[byte] if byte < 2 else f"{byte}?" for byte in body))
    elif form == "$":
        _special(d, tag, body)
    else:
        d.put(".".join(map(str, body)))


def _rest(d: Dump, left: int) -> None:
    if left:
        d.put(f"\n\t  trailing data length {left}")


def _special(d: Dump, tag: int, body: bytes) -> None:
    if not body:
        d.put("[ERROR: length < 1 bytes]")
        return
    if tag == 46:
        d.put(_NODES.get(body[0], f"#{body[0]}"))
    elif tag == 52:
        d.put(_OVERLOAD.get(body[0], f"#{body[0]}"))
    elif tag == 61:
        _client(d, body)
    elif tag == 81:
        _fqdn(d, body)
    elif tag in (121, 249):
        _routes(d, body)
    elif tag == 77:
        _classes(d, body)
    elif tag == 82:
        _agent(d, body)
    else:
        d.put(f"[unknown special tag {tag}, size {len(body)}]")


def _client(d: Dump, body: bytes) -> None:
    kind, rest = body[0], body[1:]
    if kind == 0:
        d.put(f'"{printable(rest)}"')
    elif kind == 255 and len(rest) >= 4:
        d.put(f"hardware-type 255, {rest.hex(':')}")
    else:
        name = _HARDWARE.get(kind)
        d.put(f"{name} {rest.hex(':')}" if name else f"hardware-type {kind}, {rest.hex(':')}")


def _fqdn(d: Dump, body: bytes) -> None:
    if len(body) < 3:
        d.put("[ERROR: length < 3 bytes]")
        return
    flags = body[0]
    if flags:
        letters = "".join(
            letter for bit, letter in ((1, "S"), (2, "O"), (4, "E"), (8, "N")) if flags & bit
        )
        d.put(f"[{letters or 'none'}] ")
    if body[1] or body[2]:
        d.put(f"{body[1]}/{body[2]} ")
    d.put(f'"{printable(body[3:])}"')


def _routes(d: Dump, body: bytes) -> None:
    if len(body) < 5:
        d.put("[ERROR: length < 5 bytes]")
        return
    at = 0
    first = True
    while at < len(body):
        if not first:
            d.put(",")
        first = False
        width = body[at]
        at += 1
        if width > 32:
            d.put(f"bad mask width {width}")
            return
        significant = (width + 7) // 8
        if at + significant + 4 > len(body):
            d.put("[ERROR: remaining bytes < significant + 4]" if False else "")
            return
        if width:
            octets = ".".join(map(str, body[at : at + significant]))
            if significant < 4:
                octets += ".0" * (4 - significant)
            d.put(f"({octets}/{width}")
        else:
            d.put("(default")
        at += significant
        d.put(f":{ip_text(u4(body, at))})")
        at += 4


def _classes(d: Dump, body: bytes) -> None:
    at = 0
    number = 1
    while at < len(body):
        size = body[at]
        at += 1
        text = body[at : at + size]
        d.put(f"\n\t      instance#{number}: ")
        if not size:
            d.put("ERROR: invalid option")
            return
        d.put(f'"{printable(text)}", length {size}')
        at += size
        number += 1


_AGENT = {1: "Circuit-ID", 2: "Remote-ID", 6: "Subscriber-ID", 9: "Vendor-Specific"}


def _agent(d: Dump, body: bytes) -> None:
    at = 0
    while at + 2 <= len(body):
        kind, size = body[at], body[at + 1]
        at += 2
        text = body[at : at + size]
        d.put(f"\n\t      {_AGENT.get(kind, 'Unknown')} SubOption {kind}, length {size}: ")
        if len(text) < size:
            d.put("length goes past end of option")
            return
        d.put(printable(text) if kind in (1, 2, 6) else "0x" + text.hex())
        at += size
