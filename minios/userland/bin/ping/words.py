"""How ping words ICMP messages and times."""

from minios.abi.inet import ip_text

UNREACHABLE = (
    b"Destination Net Unreachable", b"Destination Host Unreachable",
    b"Destination Protocol Unreachable", b"Destination Port Unreachable",
    b"Frag needed and DF set", b"Source Route Failed", b"Destination Net Unknown",
    b"Destination Host Unknown", b"Source Host Isolated", b"Destination Net Prohibited",
    b"Destination Host Prohibited", b"Destination Net Unreachable for Type of Service",
    b"Destination Host Unreachable for Type of Service", b"Packet filtered",
    b"Precedence Violation", b"Precedence Cutoff",
)  # fmt: skip
_REDIRECT = (
    b"Redirect Network", b"Redirect Host", b"Redirect Type of Service and Network",
    b"Redirect Type of Service and Host",
)  # fmt: skip
_EXCEEDED = (b"Time to live exceeded", b"Frag reassembly time exceeded")


def message(type: int, code: int, info: int) -> bytes:
    """What an ICMP message about an echo request says (pr_icmph)."""
    if type == 3:
        if code >= len(UNREACHABLE):
            return b"Dest Unreachable, Bad Code: %d" % code
        tail = b" (mtu = %d)" % info if code == 4 else b""
        return UNREACHABLE[code] + tail
    if type == 4:
        return b"Source Quench"
    if type == 5:
        text = _REDIRECT[code] if code < 4 else b"Redirect, Bad Code: %d" % code
        return text + b"(New nexthop: %b)" % ip_text(info).encode()
    if type == 11:
        return _EXCEEDED[code] if code < 2 else b"Time exceeded, Bad Code: %d" % code
    if type == 12:
        return b"Parameter problem: pointer = %d" % (info >> 24)
    return b"Bad ICMP type: %d" % type


def round_trip(us: int) -> bytes:
    """A time in microseconds, in ms with three digits or fewer that count."""
    if us >= 100_000 - 50:
        return b"%d ms" % ((us + 500) // 1000)
    if us >= 10_000 - 5:
        return b"%d.%01d ms" % ((us + 50) // 1000, (us + 50) % 1000 // 100)
    if us >= 1000:
        return b"%d.%02d ms" % ((us + 5) // 1000, (us + 5) % 1000 // 10)
    return b"%d.%03d ms" % (us // 1000, us % 1000)


def millis(us: int) -> bytes:
    """A time in microseconds, in ms with three decimals."""
    return b"%d.%03d" % (us // 1000, us % 1000)


def percent(part: int, of: int) -> bytes:
    """``100 * part / of`` as ``%g`` prints it: six digits that count, no zeros behind them."""
    if part == of or not part:
        return b"100" if part else b"0"
    places = 0
    while part * 100 * 10**places < of * 100_000 and places < 9:
        places += 1
    scaled = (part * 100 * 10**places * 2 + of) // (2 * of)
    whole, rest = divmod(scaled, 10**places)
    decimals = (b"%0*d" % (places, rest)).rstrip(b"0") if places else b""
    return b"%d" % whole + (b"." + decimals if decimals else b"")


def root(value: int) -> int:
    """The whole square root (llsqrt)."""
    low = value
    while low * low > value:
        low = (low + value // low) // 2
    return low
