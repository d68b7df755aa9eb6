"""The routing tables: prefixes, routes, and the longest match (RFC 1812 5.2.4.3, ip-route(8)).

A table is a dict of prefixes for each length in use; a look-up tries the lengths from the longest.
Among routes of one prefix the lowest metric wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno
from minios.abi.inet import mask, prefix_text

if TYPE_CHECKING:
    from minios.net.host.netdev import NetDevice

TABLE_DEFAULT = 253
TABLE_MAIN = 254
TABLE_LOCAL = 255

UNICAST = 1
LOCAL = 2
BROADCAST = 3
ANYCAST = 4
MULTICAST = 5
BLACKHOLE = 6
UNREACHABLE = 7
PROHIBIT = 8
THROW = 9
NAT = 10
"""RTN_*: what becomes of a packet that a route is for."""

TYPES = {
    UNICAST: "unicast", LOCAL: "local", BROADCAST: "broadcast", ANYCAST: "anycast",
    MULTICAST: "multicast", BLACKHOLE: "blackhole", UNREACHABLE: "unreachable",
    PROHIBIT: "prohibit", THROW: "throw", NAT: "nat",
}  # fmt: skip

ERRORS: dict[int, Errno] = {
    BLACKHOLE: Errno.EINVAL,
    UNREACHABLE: Errno.EHOSTUNREACH,
    PROHIBIT: Errno.EACCES,
}
"""What a sender is told by routes that lead nowhere."""

PROT_UNSPEC = 0
PROT_REDIRECT = 1
PROT_KERNEL = 2
PROT_BOOT = 3
PROT_STATIC = 4
PROT_DHCP = 16
PROT_RIP = 189

RTNH_F_DEAD = 1
RTNH_F_ONLINK = 4
RTNH_F_LINKDOWN = 16

MASKS = [mask(length) for length in range(33)]

ROUTES_MAX = 1 << 16
"""Routes that a host keeps at most; ENOBUFS beyond."""


class Route:
    """A route. ``priority`` is the metric; ``gateway`` 0 if the destination is on the link;
    ``dev`` is None where it leads nowhere. ``metrics`` are RTAX_* numbers (2 is the MTU).
    """

    __slots__ = (
        "dev", "dst", "flags", "gateway", "metrics", "plen", "priority", "protocol", "scope",
        "src", "table", "tos", "type",
    )  # fmt: skip

    def __init__(
        self,
        dst: int,
        plen: int,
        dev: NetDevice | None,
        gateway: int = 0,
        *,
        type: int = UNICAST,
        scope: int = 0,
        src: int = 0,
        priority: int = 0,
        table: int = TABLE_MAIN,
        protocol: int = PROT_BOOT,
        tos: int = 0,
        flags: int = 0,
        metrics: dict[int, int] | None = None,
    ) -> None:
        self.dst = dst
        self.plen = plen
        self.dev = dev
        self.gateway = gateway
        self.type = type
        self.scope = scope
        self.src = src
        self.priority = priority
        self.table = table
        self.protocol = protocol
        self.tos = tos
        self.flags = flags
        self.metrics = metrics or {}

    def same(self, other: Route) -> bool:
        """Whether both say the same (fib_find_info)."""
        return self.key() == other.key()

    def key(self) -> tuple[Any, ...]:
        return (
            self.table, self.dst, self.plen, self.tos, self.priority, self.type, self.scope,
            self.protocol, self.src, self.gateway, self.dev.name if self.dev else "",
            tuple(sorted(self.metrics.items())),
        )  # fmt: skip

    def state(self) -> tuple[Any, ...]:
        return (*self.key(), self.flags)

    def __repr__(self) -> str:
        where = self.dev.name if self.dev else TYPES[self.type]
        return f"<Route {prefix_text(self.dst, self.plen)} {where} metric {self.priority}>"


class Table:
    """One routing table."""

    __slots__ = ("_lengths", "_prefixes", "count", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.count = 0
        self._prefixes: dict[int, dict[int, list[Route]]] = {}
        """Routes by prefix, by length; those of a prefix by metric, then as they were added."""
        self._lengths: list[tuple[int, dict[int, list[Route]]]] = []
        """(netmask, prefixes) from the longest."""

    def prefix(self, dst: int, plen: int) -> list[Route]:
        """The routes of one prefix, best first."""
        return self._prefixes.get(plen, {}).get(dst, [])

    def insert(self, route: Route, at: int | None = None) -> None:
        """Enter a route: at a place among those of its prefix, else after those of its metric."""
        lengths = self._prefixes.get(route.plen)
        if lengths is None:
            lengths = self._prefixes[route.plen] = {}
            self._sort()
        routes = lengths.setdefault(route.dst, [])
        if at is None:
            at = len(routes)
            while at and (routes[at - 1].priority, -routes[at - 1].tos) > (
                route.priority,
                -route.tos,
            ):
                at -= 1
        routes.insert(at, route)
        self.count += 1

    def remove(self, route: Route) -> None:
        """Take out this very route."""
        lengths = self._prefixes[route.plen]
        routes = lengths[route.dst]
        routes.remove(route)
        self.count -= 1
        if not routes:
            del lengths[route.dst]
            if not lengths:
                del self._prefixes[route.plen]
                self._sort()

    def _sort(self) -> None:
        self._lengths = [
            (MASKS[plen], self._prefixes[plen]) for plen in sorted(self._prefixes, reverse=True)
        ]

    def match(self, dst: int, oif: str = "", tos: int = 0, scope: int = 0) -> Route | None:
        """The route with the longest prefix that ``dst`` is in, by ``oif`` if that is given, and of
        ``scope`` or nearer."""
        for netmask, prefixes in self._lengths:
            routes = prefixes.get(dst & netmask)
            if routes is not None:
                for route in routes:
                    if route.flags & RTNH_F_DEAD or (route.tos and route.tos != tos):
                        continue
                    if route.scope < scope:
                        continue
                    if route.flags & RTNH_F_LINKDOWN and _ignored(route):
                        continue
                    if oif and route.dev is not None and route.dev.name != oif:
                        continue
                    return route
        return None

    def __iter__(self) -> Iterator[Route]:
        """All routes, in the order of their addresses, the shorter prefix first (fib_trie)."""
        routes = [
            (dst, plen, index, route)
            for plen, prefixes in self._prefixes.items()
            for dst, same in prefixes.items()
            for index, route in enumerate(same)
        ]
        routes.sort(key=lambda entry: entry[:3])
        return iter([entry[3] for entry in routes])


def _ignored(route: Route) -> bool:
    """Whether routes of a device without carrier do not count (ignore_routes_with_linkdown)."""
    dev = route.dev
    return dev is not None and bool(dev.stack.sysctl.conf(dev.name, "ignore_routes_with_linkdown"))


class Rule:
    """A policy rule (ip-rule(8)): who looks into which table. ``action`` is 1 to look it up, or one
    of BLACKHOLE, UNREACHABLE, PROHIBIT."""

    __slots__ = (
        "action", "dst", "dst_len", "iif", "mark", "oif", "priority", "protocol", "src", "src_len",
        "table",
    )  # fmt: skip

    def __init__(
        self, priority: int, table: int, *, src: int = 0, src_len: int = 0, dst: int = 0,
        dst_len: int = 0, iif: str = "", oif: str = "", action: int = 1, protocol: int = 2,
    ) -> None:  # fmt: skip
        self.priority = priority
        self.table = table
        self.src = src
        self.src_len = src_len
        self.dst = dst
        self.dst_len = dst_len
        self.iif = iif
        self.oif = oif
        self.action = action
        self.protocol = protocol

    def matches(self, dst: int, src: int, iif: str, oif: str) -> bool:
        return (
            (src ^ self.src) & MASKS[self.src_len] == 0
            and (dst ^ self.dst) & MASKS[self.dst_len] == 0
            and (not self.iif or self.iif == (iif or "lo"))
            and (not self.oif or self.oif == oif)
        )

    def state(self) -> tuple[Any, ...]:
        return (
            self.priority, self.table, self.src, self.src_len, self.dst, self.dst_len, self.iif,
            self.oif, self.action, self.protocol,
        )  # fmt: skip


class Fib:
    """All tables of a host. ``generation`` changes with each change, so that who kept a decision
    knows when to ask again."""

    __slots__ = ("count", "generation", "merged", "rules", "tables", "watchers")

    def __init__(self) -> None:
        self.tables: dict[int, Table] = {TABLE_LOCAL: Table(TABLE_LOCAL)}
        self.rules: list[Rule] = [
            Rule(0, TABLE_LOCAL),
            Rule(32766, TABLE_MAIN),
            Rule(32767, TABLE_DEFAULT),
        ]
        self.merged = True
        """As long as nobody has touched the rules, Linux keeps local and main in one trie: there
        the longest prefix of both wins."""
        self.generation = 0
        self.count = 0
        self.watchers: list[Any] = []
        """Called as ``fn(route, deleted)``."""

    def table(self, number: int) -> Table:
        found = self.tables.get(number)
        if found is None:
            found = self.tables[number] = Table(number)
        return found

    def insert(self, route: Route, at: int | None = None, *, quiet: bool = False) -> None:
        self.table(route.table).insert(route, at)
        self.count += 1
        self.generation += 1
        if not quiet:
            for watcher in self.watchers:
                watcher(route, False)

    def remove(self, route: Route, *, quiet: bool = False) -> None:
        self.tables[route.table].remove(route)
        self.count -= 1
        self.generation += 1
        if not quiet:
            for watcher in self.watchers:
                watcher(route, True)

    def insert_rule(self, rule: Rule, at: int) -> None:
        """Put a rule into the list, which is by priority."""
        self.rules.insert(at, rule)
        self.merged = False
        self.generation += 1

    def remove_rule(self, rule: Rule) -> None:
        self.rules.remove(rule)
        self.merged = False
        self.generation += 1

    def flush(self, wanted: Any) -> None:
        """Take out all routes for which ``wanted(route)``; as Linux, nobody is told of them."""
        for table in self.tables.values():
            for route in [route for route in table if wanted(route)]:
                self.remove(route, quiet=True)

    def lookup(
        self, dst: int, src: int = 0, iif: str = "", oif: str = "", tos: int = 0, scope: int = 0
    ) -> Route | Errno:
        """The route to ``dst`` by all rules, or why there is none (ENETUNREACH; ERRORS)."""
        if self.merged:
            found = self._both(dst, oif, tos, scope)
            if found is not None and found.type != THROW:
                return found if found.dev is not None else ERRORS[found.type]
        for rule in self.rules:
            if not rule.matches(dst, src, iif, oif):
                continue
            if rule.action != 1:
                return ERRORS[rule.action]
            table = self.tables.get(rule.table)
            if table is None:
                continue
            route = table.match(dst, oif, tos, scope)
            if route is None or route.type == THROW:
                continue
            return route if route.dev is not None else ERRORS[route.type]
        return Errno.ENETUNREACH

    def _both(self, dst: int, oif: str, tos: int, scope: int) -> Route | None:
        """The longest match in local and main."""
        local = self.tables[TABLE_LOCAL].match(dst, oif, tos, scope)
        main = self.tables.get(TABLE_MAIN)
        route = main.match(dst, oif, tos, scope) if main is not None else None
        if local is None or (route is not None and route.plen > local.plen):
            return route
        return local

    def matching(self, dst: int) -> Route | None:
        """The route that decides for ``dst``, errors included (what ``why`` shows)."""
        if self.merged:
            both = self._both(dst, "", 0, 0)
            if both is not None and both.type != THROW:
                return both
        for rule in self.rules:
            table = self.tables.get(rule.table)
            route = table.match(dst) if table is not None and rule.matches(dst, 0, "", "") else None
            if route is not None and route.type != THROW:
                return route
        return None

    def state(self) -> Any:
        return (
            [[route.state() for route in self.tables[number]] for number in sorted(self.tables)],
            [rule.state() for rule in self.rules], self.merged,
        )  # fmt: skip
