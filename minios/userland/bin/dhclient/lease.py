"""Leases, and the file they are kept in (dhclient.leases(5))."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from minios.abi.inet import ip_text, parse_ip
from minios.net.wire.dhcp import (
    BROADCAST_ADDRESS,
    CODES,
    DNS_SERVERS,
    DOMAIN_NAME,
    HOST_NAME,
    LEASE_TIME,
    MESSAGE_TYPE,
    OPTIONS,
    REBINDING_TIME,
    RENEWAL_TIME,
    ROUTERS,
    SERVER_ID,
    SUBNET_MASK,
    Message,
    option_bytes,
    option_text,
)
from minios.userland.lib.calendar import civil, timestamp

NS = 1_000_000_000
_FIRST = (
    SUBNET_MASK, ROUTERS, LEASE_TIME, MESSAGE_TYPE, DNS_SERVERS, SERVER_ID, RENEWAL_TIME,
    BROADCAST_ADDRESS, REBINDING_TIME, HOST_NAME, DOMAIN_NAME,
)  # fmt: skip
"""The order in which ISC's client writes the usual options."""


@dataclass(slots=True)
class Lease:
    """An address that is had for a time. ``renew``, ``rebind`` and ``expire`` are seconds since
    the epoch."""

    interface: bytes
    ip: int
    options: dict[int, bytes] = field(default_factory=dict)
    renew: int = 0
    rebind: int = 0
    expire: int = 0

    def copy(self) -> Lease:
        return replace(self, options=dict(self.options))

    def number(self, code: int) -> int:
        return int.from_bytes(self.options.get(code, b"")[:4])

    def addresses(self, code: int) -> list[int]:
        data = self.options.get(code, b"")
        return [int.from_bytes(data[at : at + 4]) for at in range(0, len(data) - 3, 4)]

    @property
    def server(self) -> int:
        return self.number(SERVER_ID)

    @property
    def mask(self) -> int:
        """The subnet mask; that of the address's class if the server gave none."""
        given = self.number(SUBNET_MASK)
        if given:
            return given
        top = self.ip >> 28
        return 0xFF000000 if top < 8 else 0xFFFF0000 if top < 12 else 0xFFFFFF00

    def text(self) -> str:
        """As it stands in the file."""
        order = [code for code in _FIRST if code in self.options]
        order += [code for code in self.options if code not in _FIRST]
        lines = [
            "lease {",
            f'  interface "{self.interface.decode("latin-1")}";',
            f"  fixed-address {ip_text(self.ip)};",
        ]
        for code in order:
            name = OPTIONS.get(code, (f"unknown-{code}", ""))[0]
            lines.append(f"  option {name} {option_text(code, self.options[code])};")
        for name, when in (("renew", self.renew), ("rebind", self.rebind), ("expire", self.expire)):
            lines.append(f"  {name} {date(when)};")
        return "\n".join([*lines, "}"]) + "\n"


def date(seconds: int) -> str:
    """``0 2026/11/22 22:14:03``: the weekday, then UTC."""
    t = civil(seconds * NS)
    clock = f"{t.hour:02}:{t.minute:02}:{t.second:02}"
    return f"{t.weekday} {t.year}/{t.month:02}/{t.day:02} {clock}"


def parse_date(words: list[str]) -> int:
    """ValueError for what is no date."""
    year, month, day = map(int, words[1].split("/"))
    hour, minute, second = map(int, words[2].split(":"))
    return timestamp(year, month, day, hour, minute, second)


def from_message(message: Message, interface: bytes, now: int, fuzz: int) -> Lease:
    """The lease of an ACK (or an offer) that came at ``now``.

    ``fuzz`` is a random 32-bit number: like ISC's the client renews up to a quarter before T1.
    """
    options = {
        code: data for code, data in message.options.items() if code in OPTIONS or code >= 64
    }
    lease = Lease(interface, message.yiaddr, options)
    length = lease.number(LEASE_TIME)
    t1 = lease.number(RENEWAL_TIME) or length // 2
    t2 = lease.number(REBINDING_TIME) or length * 7 // 8
    t2 = min(t2, length)
    t1 = min(t1, t2)
    lease.renew = now + (t1 * 3 + 3) // 4 + fuzz % ((t1 + 3) // 4 + 1 if t1 > 3 else 1)
    lease.renew = min(lease.renew, now + t1)
    lease.rebind, lease.expire = now + t2, now + length
    return lease


def parse(text: str) -> list[Lease]:
    """The leases of a file, the oldest first; broken ones are passed over."""
    found: list[Lease] = []
    for block in text.split("lease {")[1:]:
        body = block.partition("\n}")[0]
        lease = Lease(b"", 0)
        try:
            for line in body.split("\n"):
                words = line.strip().rstrip(";").split()
                if not words:
                    continue
                if words[0] == "interface":
                    lease.interface = words[1].strip('"').encode("latin-1")
                elif words[0] == "fixed-address":
                    lease.ip = parse_ip(words[1])
                elif words[0] == "option":
                    code = CODES.get(words[1])
                    if code is not None:
                        value = line.strip().rstrip(";").split(None, 2)[2]
                        values = [value.strip('"')] if value[:1] == '"' else value.split(",")
                        lease.options[code] = option_bytes(code, values)
                elif words[0] in ("renew", "rebind", "expire"):
                    when = (1 << 40) if words[1] == "never" else parse_date(words[1:])
                    setattr(lease, words[0], when)
        except (ValueError, IndexError):
            continue
        if lease.ip and lease.interface:
            found.append(lease)
    return found
