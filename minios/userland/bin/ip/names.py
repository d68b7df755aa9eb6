"""What numbers of routing are called (/etc/iproute2)."""

from __future__ import annotations

TABLES = {255: "local", 254: "main", 253: "default", 0: "unspec"}
PROTOCOLS = {
    0: "unspec", 1: "redirect", 2: "kernel", 3: "boot", 4: "static", 8: "gated", 9: "ra",
    10: "mrt", 11: "zebra", 12: "bird", 13: "dnrouted", 14: "xorp", 15: "ntk", 16: "dhcp",
    18: "keepalived", 42: "babel", 186: "bgp", 187: "isis", 188: "ospf", 189: "rip",
    192: "eigrp",
}  # fmt: skip
SCOPES = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
TYPES = {
    1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast", 6: "blackhole",
    7: "unreachable", 8: "prohibit", 9: "throw", 10: "nat", 11: "xresolve",
}  # fmt: skip
STATES = {
    0x01: "INCOMPLETE", 0x02: "REACHABLE", 0x04: "STALE", 0x08: "DELAY", 0x10: "PROBE",
    0x20: "FAILED", 0x40: "NOARP", 0x80: "PERMANENT",
}  # fmt: skip

LINK_FLAGS = (
    (0x8, "LOOPBACK"), (0x2, "BROADCAST"), (0x10, "POINTOPOINT"), (0x1000, "MULTICAST"),
    (0x80, "NOARP"), (0x200, "ALLMULTI"), (0x100, "PROMISC"), (0x1, "UP"),
    (0x10000, "LOWER_UP"),
)  # fmt: skip

RUNNING = 0x40


def named(number: int, names: dict[int, str]) -> str:
    """The name, or the number."""
    return names.get(number) or str(number)


def numbered(text: str, names: dict[int, str], most: int = 255) -> int | None:
    """The number of a name, or of a number as text; None if it is neither."""
    for number, name in names.items():
        if name == text:
            return number
    try:
        number = int(text, 0)
    except ValueError:
        return None
    return number if 0 <= number <= most else None


def link_flags(flags: int, *, lower_down: bool = False) -> str:
    """``<BROADCAST,MULTICAST,UP,LOWER_UP>``."""
    words = ["NO-CARRIER"] if flags & 1 and not flags & RUNNING else []
    words += [name for bit, name in LINK_FLAGS if flags & bit]
    if lower_down:
        words.append("M-DOWN")
    return f"<{','.join(words)}>"
