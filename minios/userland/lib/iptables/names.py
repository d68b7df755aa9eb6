"""Names of ports, protocols and hosts, for rules that are read or shown with them."""

from __future__ import annotations

from minios.abi.inet import PROTOCOLS, parse_ip
from minios.userland.lib.iptables.extension import Problem, strtoul

PROTOCOL_NAMES = {name: number for number, name in PROTOCOLS.items() if name != "ip"}
NETWORKS = {0x00000000: "default", 0x7F000000: "loopback", 0xA9FE0000: "link-local"}
"""/etc/networks of Debian's netbase."""
_FIRST = {"tcp": 6, "udp": 17, "udplite": 136, "icmp": 1, "icmpv6": 58, "ipv6-icmp": 58, "esp": 50,
          "ah": 51, "sctp": 132, "mh": 135, "all": 0}  # fmt: skip
"""The protocols that xtables knows by itself."""


class Names:
    """What /etc/services says, and which names addresses have."""

    def __init__(self, services: list[tuple[int, bytes, list[bytes]]]) -> None:
        self.ports: dict[tuple[str, str], int] = {}
        self.services: dict[tuple[int, str], str] = {}
        for port, protocol, names in services:
            kind = protocol.decode("latin-1")
            self.services.setdefault((port, kind), names[0].decode("latin-1"))
            for name in names:
                self.ports.setdefault((name.decode("latin-1"), kind), port)
        self.warnings: list[str] = []
        """What is to be said on standard error though nothing is wrong."""
        self.hosts: dict[int, str] = {}
        """Names of addresses, as far as somebody has looked."""

    def port(self, text: str, protocol: int) -> int:
        """A port by number or name."""
        number = strtoul(text)
        if number is None:
            number = self.ports.get((text, PROTOCOLS.get(protocol, "")))
        if number is None or number > 65535:
            raise Problem(f"invalid port/service `{text}' specified")
        return number

    def service(self, port: int, protocol: int) -> str:
        """The name of a port, or its number."""
        return self.services.get((port, PROTOCOLS.get(protocol, "")), str(port))


def protocol_number(text: str) -> int:
    """``-p``: a number or a name, in any case."""
    number = strtoul(text)
    lower = text.lower()
    if number is None:
        number = _FIRST.get(lower, PROTOCOL_NAMES.get(lower))
    if number is None or number > 255:
        raise Problem(f'unknown protocol "{text}" specified')
    return number


def protocol_name(number: int) -> str:
    """A protocol for iptables-save."""
    if number == 0:
        return "all"
    for name, known in _FIRST.items():
        if known == number and name != "icmpv6":
            return name
    return PROTOCOLS.get(number, str(number))


def address_mask(text: str, hosts: dict[str, int]) -> tuple[int, int]:
    """``-s``: an address or host name with or without a mask or prefix length."""
    host, slash, mask_text = text.partition("/")
    mask = 0xFFFFFFFF
    if slash:
        length = strtoul(mask_text) if mask_text.isdigit() else None
        if length is not None:
            if length > 32:
                raise Problem(f"invalid mask `{mask_text}' specified")
            mask = 0xFFFFFFFF << 32 - length & 0xFFFFFFFF if length else 0
        else:
            try:
                mask = parse_ip(mask_text)
            except ValueError:
                raise Problem(f"invalid mask `{mask_text}' specified") from None
    address = hosts.get(host)
    if address is None:
        address = _dotted(host)
    if address is None:
        raise Problem(f"host/network `{host}' not found")
    return address & mask, mask


def _dotted(text: str) -> int | None:
    """``10.1`` is 10.1.0.0 for iptables."""
    parts = text.split(".")
    if not 1 <= len(parts) <= 4:
        return None
    value = 0
    for index in range(4):
        part = parts[index] if index < len(parts) else "0"
        if not (part.isascii() and part.isdigit()) or int(part) > 255 or len(part) > 3:
            return None
        value = value << 8 | int(part)
    return value


def mask_text(mask: int) -> str:
    """``/24``, or ``/255.0.255.0`` for one that is no prefix."""
    from minios.abi.inet import ip_text

    length = mask.bit_count()
    if mask == (0xFFFFFFFF << 32 - length & 0xFFFFFFFF if length else 0):
        return f"/{length}"
    return f"/{ip_text(mask)}"
