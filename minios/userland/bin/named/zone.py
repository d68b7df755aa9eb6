"""A zone and what it answers (RFC 1034 §4.3.2, RFC 4592 wildcards)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minios.net.wire.dns import ANY, CNAME, NS, SOA, Name, Record, fold

CHAIN = 16
"""CNAMEs followed within what is known here."""


@dataclass(slots=True)
class Found:
    """What a zone says. ``kind`` is ``answer``, ``cname``, ``referral``, ``nodata`` or
    ``nxdomain``; ``records`` the answer, the alias or the NS records of the delegation."""

    kind: str
    records: list[Record] = field(default_factory=list)


class BadZone(Exception):
    """``str`` says what is wrong, as named does."""


class Zone:
    """Names with their records, by type. ``file`` is where it came from."""

    __slots__ = ("_names", "_parents", "file", "name", "turn")

    def __init__(self, name: Name, file: str = "") -> None:
        self.name = name
        self.file = file
        self._names: dict[Name, dict[int, list[Record]]] = {}
        self._parents: dict[Name, bool] = {}
        self.turn = 0
        """How often it has answered: records take turns at the front."""

    def add(self, record: Record) -> None:
        """Enter a record; one that is there already counts once (RFC 2181 §5)."""
        name = fold(record.name)
        sets = self._names.setdefault(name, {})
        records = sets.setdefault(record.type, [])
        if any(_same(old, record) for old in records):
            return
        if records:
            record.ttl = records[0].ttl  # one TTL for a set (RFC 2181 §5.2)
        records.append(record)
        for at in range(1, len(name) - len(self.name)):
            self._parents[name[at:]] = True

    def check(self) -> None:
        """BadZone if it cannot be served: no SOA, no NS, or a CNAME beside other data."""
        apex = self._names.get(fold(self.name), {})
        if len(apex.get(SOA, ())) != 1:
            raise BadZone(f"has {len(apex.get(SOA, ()))} SOA records")
        if not apex.get(NS):
            raise BadZone("has no NS records")
        for name, sets in self._names.items():
            if CNAME in sets and (len(sets) > 1 or len(sets[CNAME]) > 1):
                shown = ".".join(label.decode("latin-1") for label in name)
                raise BadZone(f"{shown}: CNAME and other data")
        for record in apex[NS]:
            host = fold(record.data)
            inside = host[len(host) - len(self.name) :] == fold(self.name)
            if inside and not self._names.get(host) and not self._below_cut(host):
                shown = ".".join(label.decode("latin-1") for label in record.data)
                raise BadZone(f"NS '{shown}' has no address records (A or AAAA)")

    def _below_cut(self, name: Name) -> bool:
        size = len(self.name)
        return any(NS in self._names.get(name[at:], {}) for at in range(len(name) - size))

    @property
    def soa(self) -> Record:
        return self._names[fold(self.name)][SOA][0]

    @property
    def serial(self) -> int:
        serial: int = self.soa.data[2]
        return serial

    def negative_soa(self) -> Record:
        """The SOA of a negative answer, with the TTL that it may be kept for (RFC 2308 §3)."""
        soa = self.soa
        return soa.copy(min(soa.ttl, soa.data[6]))

    def records(self) -> list[Record]:
        """Every record, the SOA first, as a transfer sends them."""
        rest = [
            record
            for sets in self._names.values()
            for type, records in sets.items()
            for record in records
            if type != SOA
        ]
        return [self.soa, *rest]

    def get(self, name: Name, type: int) -> list[Record]:
        """The records of a name and type, wherever they stand: also as glue."""
        return self._names.get(fold(name), {}).get(type, [])

    def find(self, name: Name, type: int) -> Found:
        """What the zone says of a name below its own."""
        lower = fold(name)
        size = len(self.name)
        for at in range(len(lower) - size - 1, -1, -1):
            cut = self._names.get(lower[at:])
            if cut is not None and NS in cut and not (at == 0 and type == 43):
                return Found("referral", cut[NS])
        sets = self._names.get(lower)
        if sets is None:
            if lower in self._parents:
                return Found("nodata")
            sets = self._wildcard(lower)
            if sets is None:
                return Found("nxdomain")
            sets = {
                kind: [Record(name, r.type, r.ttl, r.data, r.cls) for r in records]
                for kind, records in sets.items()
            }
        if type == ANY:
            return Found("answer", [record for records in sets.values() for record in records])
        if type in sets:
            return Found("answer", self._rotated(sets[type]))
        if CNAME in sets:
            return Found("cname", sets[CNAME])
        return Found("nodata")

    def _rotated(self, records: list[Record]) -> list[Record]:
        """The records in turn: clients that take the first share the load."""
        if len(records) < 2:
            return records
        at = self.turn % len(records)
        self.turn += 1
        return records[at:] + records[:at]

    def _wildcard(self, name: Name) -> dict[int, list[Record]] | None:
        """The records of ``*`` below the closest name that exists."""
        for at in range(1, len(name) - len(self.name) + 1):
            encloser = name[at:]
            if encloser in self._names or encloser in self._parents:
                return self._names.get((b"*", *encloser))
        return None


def _same(one: Record, other: Record) -> bool:
    return bool(_folded(one.data) == _folded(other.data))


def _folded(data: Any) -> Any:
    if isinstance(data, tuple) and data and all(isinstance(part, bytes) for part in data):
        return fold(data)
    return data
