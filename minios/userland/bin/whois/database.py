"""Registry objects: who holds which addresses.

A data file is objects in RPSL (RFC 2622): lines ``attribute: value``, a blank line between two;
``%`` and ``#`` begin comments, a line that begins with a blank or ``+`` goes on with the last one.
The first attribute is the object's class and key. Known to the server are

``inetnum``       a range ``a.b.c.d - e.f.g.h`` (or a prefix). Ranges within one another are the
                  hierarchy: registry, provider, customer. ``status`` says what it is (``ALLOCATED
                  PA``, ``ASSIGNED PA`` …), ``org``, ``admin-c``, ``tech-c`` name other objects,
                  ``refer`` another whois server that knows more.
``route``         a prefix and its ``origin``.
``aut-num``       an autonomous system, ``AS64500``.
``organisation``  ``ORG-…``, with ``org-name``, ``address``, ``abuse-mailbox``.
``person``, ``role``  found by name and by ``nic-hdl``.
``domain``        a domain's name.
``mntner``        who maintains objects.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from minios.abi.inet import broadcast, ip_text, network, parse_ip, parse_prefix

OBJECTS_MAX = 20_000
KEYS = {
    "person": "nic-hdl", "role": "nic-hdl", "organisation": "organisation",
}  # fmt: skip
CONTACTS = ("org", "admin-c", "tech-c", "abuse-c", "zone-c")
CLASSES = (
    "inetnum", "route", "aut-num", "organisation", "person", "role", "domain", "mntner", "as-set",
    "irt", "key-cert",
)  # fmt: skip


class BadData(Exception):
    """``str`` is ``file:line: what``."""


@dataclass(slots=True)
class Entry:
    """An object: its attributes in order. ``first`` and ``last`` are a range of addresses."""

    attributes: list[tuple[str, str]] = field(default_factory=list)
    first: int = 0
    last: int = -1

    @property
    def kind(self) -> str:
        return self.attributes[0][0]

    @property
    def key(self) -> str:
        """What it is found by."""
        wanted = KEYS.get(self.kind)
        return self.get(wanted) if wanted else self.attributes[0][1]

    def get(self, name: str) -> str:
        return next((value for key, value in self.attributes if key == name), "")

    def every(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]

    def text(self) -> str:
        """As it is shown: values begin in column 17."""
        return "".join(f"{key + ':':<16}{value}\n" for key, value in self.attributes)


def parse_range(text: str) -> tuple[int, int]:
    """First and last address of a range or prefix. ValueError."""
    first, dash, last = text.partition("-")
    if dash:
        low, high = parse_ip(first.strip()), parse_ip(last.strip())
        if high < low:
            raise ValueError(text)
        return low, high
    if "/" in text:
        ip, length = parse_prefix(text.strip())
        return network(ip, length), broadcast(ip, length)
    ip = parse_ip(text.strip())
    return ip, ip


def parse(text: str, path: str) -> list[Entry]:
    """The objects of a file. BadData."""
    found: list[Entry] = []
    entry = Entry()
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line[:1] in ("%", "#"):
            continue
        if not line.strip():
            if entry.attributes:
                _finish(entry, f"{path}:{number - 1}")
                found.append(entry)
                if len(found) > OBJECTS_MAX:
                    raise BadData(f"{path}:{number}: too many objects")
            entry = Entry()
            continue
        if line[:1] in (" ", "\t", "+") and entry.attributes:
            key, value = entry.attributes[-1]
            entry.attributes[-1] = key, f"{value} {line[1:].strip()}".strip()
            continue
        key, colon, value = line.partition(":")
        if not colon or not key.replace("-", "").isalnum():
            raise BadData(f"{path}:{number}: not an attribute: {line.strip()}")
        entry.attributes.append((key.strip().lower(), value.partition("#")[0].strip()))
    return found


def _finish(entry: Entry, where: str) -> None:
    if entry.kind not in CLASSES:
        raise BadData(f"{where}: unknown class of object '{entry.kind}'")
    if entry.kind in ("inetnum", "route"):
        try:
            entry.first, entry.last = parse_range(entry.attributes[0][1])
        except ValueError:
            raise BadData(f"{where}: not a range: {entry.attributes[0][1]}") from None
        if entry.kind == "inetnum":
            shown = f"{ip_text(entry.first)} - {ip_text(entry.last)}"
            entry.attributes[0] = "inetnum", shown


class Database:
    """All objects of a server."""

    __slots__ = ("_by_key", "entries")

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self._by_key: dict[str, list[Entry]] = {}
        for entry in entries:
            keys = {entry.key.upper(): 1}
            if entry.kind in ("person", "role"):
                keys[entry.attributes[0][1].upper()] = 1
            for name in (*entry.every("netname"), *entry.every("as-name")):
                keys[name.upper()] = 1
            for key in keys:
                self._by_key.setdefault(key, []).append(entry)

    def ranges(self, first: int, last: int, kinds: tuple[str, ...]) -> list[Entry]:
        """The ranges that contain another, the largest first."""
        found = [e for e in self.entries if e.kind in kinds and e.first <= first and e.last >= last]
        return sorted(found, key=lambda e: e.first - e.last)

    def inside(self, first: int, last: int, kinds: tuple[str, ...]) -> list[Entry]:
        """The ranges within another, but for itself, in order."""
        found = [
            e for e in self.entries
            if e.kind in kinds and first <= e.first and e.last <= last
            and (e.first, e.last) != (first, last)
        ]  # fmt: skip
        return sorted(found, key=lambda e: (e.first, e.first - e.last))

    def named(self, key: str) -> list[Entry]:
        """Objects by key or name, in any case."""
        return self._by_key.get(key.upper(), [])

    def domain(self, name: str) -> list[Entry]:
        """The object of a domain, or of the nearest one above it."""
        labels = name.upper().rstrip(".").split(".")
        for at in range(len(labels)):
            found = [e for e in self.named(".".join(labels[at:])) if e.kind == "domain"]
            if found:
                return found
        return []

    def inverse(self, attributes: list[str], value: str) -> list[Entry]:
        """Objects in which one of the attributes has a value."""
        return [
            e for e in self.entries
            if any(v.upper() == value.upper() for name in attributes for v in e.every(name))
        ]  # fmt: skip
