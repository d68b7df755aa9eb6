"""What a resolver remembers, until its time is over (RFC 1034 §5.3.3, RFC 2181 §5.4, RFC 2308)."""

from __future__ import annotations

from dataclasses import dataclass

from minios.net.wire.dns import SOA, Name, Record, fold

ENTRIES_MAX = 4096
"""Sets of records; the one that was entered first goes when there are more."""
NXDOMAIN_KEY = 0
"""The type under which it is kept that a name does not exist."""

GLUE, AUTHORITY, ANSWER = 1, 2, 3
"""How much a set is to be believed (RFC 2181 §5.4.1)."""

SECOND = 1_000_000_000


@dataclass(slots=True)
class Entry:
    """A set of records, or that there is none: ``negative`` is ``nodata`` or ``nxdomain`` and
    ``records`` the SOA that says so. ``expires`` is in ns of CLOCK_MONOTONIC."""

    records: list[Record]
    expires: int
    rank: int
    negative: str = ""


class Cache:
    """Sets by name and type."""

    __slots__ = ("_entries", "max_ncache", "max_ttl")

    def __init__(self, max_ttl: int = 604800, max_ncache: int = 10800) -> None:
        self._entries: dict[tuple[Name, int], Entry] = {}
        self.max_ttl = max_ttl
        self.max_ncache = max_ncache

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        self._entries.clear()

    def put(self, records: list[Record], rank: int, now: int) -> None:
        """Remember a set; what is believed more and has time left stays."""
        first = records[0]
        key = fold(first.name), first.type
        old = self._entries.get(key)
        if old is not None and old.rank > rank and old.expires > now:
            return
        ttl = min(min(record.ttl for record in records), self.max_ttl)
        self._enter(key, Entry([r.copy(ttl) for r in records], now + ttl * SECOND, rank))

    def deny(self, name: Name, type: int, soa: Record | None, nxdomain: bool, now: int) -> None:
        """Remember that there is nothing: for as long as the SOA says (RFC 2308 §5).

        Without an SOA a negative answer is not to be remembered.
        """
        if soa is None or soa.type != SOA or isinstance(soa.data, bytes):
            return
        ttl = min(soa.ttl, soa.data[6], self.max_ncache)
        key = fold(name), NXDOMAIN_KEY if nxdomain else type
        kind = "nxdomain" if nxdomain else "nodata"
        self._enter(key, Entry([soa.copy(ttl)], now + ttl * SECOND, ANSWER, kind))

    def _enter(self, key: tuple[Name, int], entry: Entry) -> None:
        self._entries.pop(key, None)
        while len(self._entries) >= ENTRIES_MAX:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = entry

    def get(self, name: Name, type: int, now: int, rank: int = AUTHORITY) -> Entry | None:
        """What is known, if it is to be believed as much as ``rank``."""
        lower = fold(name)
        for key in ((lower, type), (lower, NXDOMAIN_KEY)):
            entry = self._entries.get(key)
            if entry is None:
                continue
            if entry.expires <= now:
                del self._entries[key]
            elif entry.rank >= rank:
                return entry
        return None

    @staticmethod
    def aged(entry: Entry, now: int) -> list[Record]:
        """The records with the seconds that they have left."""
        left = max((entry.expires - now + SECOND - 1) // SECOND, 0)
        return [record.copy(min(left, record.ttl)) for record in entry.records]
