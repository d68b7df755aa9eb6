"""What a stack counts, under the names of the MIBs as nstat(8) prints them (RFC 2011, RFC 4293)."""

from __future__ import annotations


class Counters(dict[str, int]):
    """Counters by name (``IpInReceives``, ``TcpExtListenDrops``); one nobody counted is 0."""

    __slots__ = ()

    def __missing__(self, name: str) -> int:
        return 0
