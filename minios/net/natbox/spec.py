"""How a NAT behaves, in the words of RFC 4787, RFC 5382 and RFC 5508."""

from __future__ import annotations

from typing import NamedTuple

SECOND = 1_000_000_000

EIM, ADM, APDM = "eim", "adm", "apdm"
"""Endpoint-independent, address-dependent, address-and-port-dependent mapping (RFC 4787 4.1)."""
EIF, ADF, APDF = "eif", "adf", "apdf"
"""The same of filtering (RFC 4787 5)."""

MAPPINGS = (EIM, ADM, APDM)
FILTERINGS = (EIF, ADF, APDF)

UDP_LEAST = 120 * SECOND
"""RFC 4787 REQ-5: a mapping of UDP lives at least two minutes."""
ICMP_LEAST = 60 * SECOND
"""RFC 5508 REQ-2."""
ESTABLISHED_LEAST = (2 * 3600 + 4 * 60) * SECOND
TRANSITORY_LEAST = 240 * SECOND
"""RFC 5382 REQ-5."""


class NatSpec(NamedTuple):
    """The knobs of a NAT; what is given nothing is as the RFCs require or recommend.

    ``preserve`` keeps the inside port where it is free, ``parity`` its being even or odd, and
    ``ports`` bounds the others, taken in ``order``; ``pooling`` says whether one inside host keeps
    one outside address. ``refresh_inbound``: packets from outside lengthen a mapping's life, too.
    ``unsolicited`` is what becomes of datagrams that nobody asked for. Times are ns. ``forwards``
    are ``(protocol, outside port, inside address, inside port)``.
    """

    mapping: str = EIM
    filtering: str = APDF
    hairpin: bool = True
    preserve: bool = False
    parity: bool = True
    order: str = "random"
    ports: tuple[int, int] = (1024, 65535)
    pooling: str = "paired"
    refresh_inbound: bool = False
    unsolicited: str = "drop"
    udp_timeout: int = 300 * SECOND
    icmp_timeout: int = 60 * SECOND
    tcp_established: int = ESTABLISHED_LEAST
    tcp_transitory: int = TRANSITORY_LEAST
    table: int = 8192
    forwards: tuple[tuple[int, int, int, int], ...] = ()

    def check(self) -> None:
        """ValueError for a value that means nothing; timers may be set below what the RFCs want,
        which is how a broken device is told from a good one."""
        for name, value, allowed in (
            ("mapping", self.mapping, MAPPINGS),
            ("filtering", self.filtering, FILTERINGS),
            ("order", self.order, ("random", "sequential")),
            ("pooling", self.pooling, ("paired", "arbitrary")),
            ("unsolicited", self.unsolicited, ("drop", "reject")),
        ):
            if value not in allowed:
                raise ValueError(f"{name}: {value!r} is none of {', '.join(allowed)}")
        low, high = self.ports
        if not 1 <= low <= high <= 65535:
            raise ValueError(f"ports: {low}-{high} is no range of ports")
        if self.table < 1:
            raise ValueError("table: it must hold something")
        for protocol, outside, _, inside in self.forwards:
            if protocol not in (6, 17) or not (0 < outside < 65536 and 0 < inside < 65536):
                raise ValueError("forwards: protocol 6 or 17, and ports of 1 to 65535")


def parse_class(text: str) -> tuple[str, str]:
    """``eim/apdf`` as (mapping, filtering). ValueError."""
    mapping, slash, filtering = text.lower().partition("/")
    if not slash or mapping not in MAPPINGS or filtering not in FILTERINGS:
        raise ValueError(
            f"{text!r} is no class of NAT: one of {', '.join(MAPPINGS)}, a slash, "
            f"and one of {', '.join(FILTERINGS)}"
        )
    return mapping, filtering
