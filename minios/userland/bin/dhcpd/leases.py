"""The server's leases and the file that outlives it (dhcpd.leases(5))."""

from __future__ import annotations

from dataclasses import dataclass

from minios.abi.inet import ip_text, mac_text, parse_ip, parse_mac
from minios.userland.bin.dhclient.lease import date, parse_date
from minios.userland.bin.dhcpd.config import Config, Scope, Subnet

FREE, ACTIVE, EXPIRED, RELEASED, ABANDONED = (
    "free", "active", "expired", "released", "abandoned",
)  # fmt: skip
OFFERED = "offered"
"""Only in memory: held for who was offered it."""


@dataclass(slots=True)
class Lease:
    """What is known of an address. Times are seconds since the epoch."""

    ip: int
    state: str = FREE
    mac: int = 0
    starts: int = 0
    ends: int = 0
    client_id: bytes = b""
    hostname: bytes = b""

    def taken(self, now: int) -> bool:
        """Whether somebody has it, or is about to."""
        return self.state in (ACTIVE, OFFERED, ABANDONED) and self.ends > now

    def text(self) -> str:
        """As it stands in the file."""
        lines = [
            f"lease {ip_text(self.ip)} {{",
            f"  starts {date(self.starts)};",
            f"  ends {date(self.ends)};",
            f"  cltt {date(self.starts)};",
            f"  binding state {self.state};",
            "  next binding state free;",
        ]
        if self.mac:
            lines.append(f"  hardware ethernet {mac_text(self.mac)};")
        if self.client_id:
            lines.append("  uid " + ":".join(f"{byte:02x}" for byte in self.client_id) + ";")
        if self.hostname:
            lines.append(f'  client-hostname "{self.hostname.decode("latin-1")}";')
        return "\n".join([*lines, "}"]) + "\n"


class Leases:
    """All addresses that were ever handed out, and who may have which."""

    __slots__ = ("by_ip",)

    def __init__(self) -> None:
        self.by_ip: dict[int, Lease] = {}

    def read(self, text: str) -> None:
        """Take over a file; the last word on an address counts."""
        for block in text.split("\nlease ")[1:] if text else []:
            head, _, body = block.partition("{")
            try:
                lease = Lease(parse_ip(head.strip()))
                for line in body.partition("\n}")[0].split("\n"):
                    words = line.strip().rstrip(";").split()
                    if words[:2] == ["binding", "state"]:
                        lease.state = words[2]
                    elif words[:1] in (["starts"], ["ends"]):
                        setattr(lease, words[0], parse_date(words[1:]))
                    elif words[:1] == ["hardware"]:
                        lease.mac = parse_mac(words[2])
                    elif words[:1] == ["uid"]:
                        lease.client_id = bytes(int(part, 16) for part in words[1].split(":"))
                    elif words[:1] == ["client-hostname"]:
                        lease.hostname = words[1].strip('"').encode("latin-1")
            except (ValueError, IndexError):
                continue
            self.by_ip[lease.ip] = lease

    def text(self) -> str:
        """The whole file."""
        head = "# The format of this file is documented in the dhcpd.leases(5) manual page.\n\n"
        leases = (lease for lease in self.by_ip.values() if lease.state != OFFERED)
        return head + "".join(lease.text() for lease in leases)

    def of(self, mac: int, client_id: bytes, subnet: Subnet) -> Lease | None:
        """The lease that a client has or had last in a subnet (RFC 2131 §4.3.1)."""
        found = [
            lease
            for lease in self.by_ip.values()
            if subnet.contains(lease.ip)
            and lease.state not in (ABANDONED, FREE)
            and (
                lease.client_id == client_id if client_id and lease.client_id else lease.mac == mac
            )
        ]
        return max(found, key=lambda lease: lease.ends, default=None)

    def get(self, ip: int) -> Lease:
        lease = self.by_ip.get(ip)
        if lease is None:
            lease = self.by_ip[ip] = Lease(ip)
        return lease

    def free(
        self, config: Config, subnet: Subnet, now: int, known: bool, wanted: int = 0
    ) -> Lease | None:
        """An address to hand out: the one that is asked for, else one that nobody ever had, else
        the one that has been free for longest, else one that was given up as lost."""
        reserved = {ip: True for host in config.hosts for ip in host.addresses}

        def usable(ip: int, scope: Scope | None) -> bool:
            if scope is None or ip in reserved:
                return False
            return known or scope.get("unknown_clients", True)

        if wanted and subnet.contains(wanted) and usable(wanted, subnet.scope_of(wanted)):
            lease = self.by_ip.get(wanted)
            if lease is None or not lease.taken(now):
                return self.get(wanted)
        oldest: Lease | None = None
        lost: Lease | None = None
        for first, last, scope in subnet.ranges:
            for ip in range(first, last + 1):
                if not usable(ip, scope):
                    continue
                lease = self.by_ip.get(ip)
                if lease is None:
                    return self.get(ip)
                if lease.state == ABANDONED:
                    if lost is None or lease.ends < lost.ends:
                        lost = lease
                elif not lease.taken(now) and (oldest is None or lease.ends < oldest.ends):
                    oldest = lease
        return oldest if oldest is not None else lost
