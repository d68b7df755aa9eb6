"""The routing table of RIP, without clocks or sockets (RFC 2453 §3.9)."""

from __future__ import annotations

from dataclasses import dataclass

from minios.abi.inet import mask, prefix_length
from minios.net.wire.rip import AF_INET, INFINITY, Entry

ROUTES_MAX = 4096
"""Routes that others may tell of; more are not believed."""

Prefix = tuple[int, int]


@dataclass(slots=True)
class Route:
    """A destination. ``gateway`` 0: it is this router's own to tell of.

    ``expires`` is when it is no longer believed, ``gone`` when it is forgotten (both ns of
    CLOCK_MONOTONIC; 0: never). ``changed``: it has not been told of since.
    """

    prefix: Prefix
    metric: int
    gateway: int = 0
    ifindex: int = 0
    source: int = 0
    tag: int = 0
    expires: int = 0
    gone: int = 0
    changed: bool = True
    installed: bool = False


class Table:
    """Routes by prefix, and the rules by which they change."""

    __slots__ = ("garbage", "routes", "timeout")

    def __init__(self, timeout: int, garbage: int) -> None:
        self.routes: dict[Prefix, Route] = {}
        self.timeout = timeout
        self.garbage = garbage

    def own(self, prefix: Prefix, metric: int, ifindex: int) -> bool:
        """A route that is not learnt; whether that is news."""
        old = self.routes.get(prefix)
        if old is not None and not old.gateway and old.metric == metric and not old.gone:
            return False
        route = Route(prefix, metric, ifindex=ifindex)
        if old is not None:
            route.installed = old.installed
        self.routes[prefix] = route
        return True

    def withdraw(self, route: Route, now: int) -> bool:
        """A route ends: it is told of as unreachable for a while, then forgotten."""
        if route.gone:
            return False
        route.metric = INFINITY
        route.expires, route.gone = 0, now + self.garbage
        route.changed = True
        return True

    def learn(
        self, entry: Entry, source: int, ifindex: int, now: int, cost: int = 1
    ) -> Route | None:
        """Take one entry of a neighbour's response; the route if it has changed (§3.9.2)."""
        prefix = valid(entry)
        if prefix is None:
            return None
        metric = min(entry.metric + cost, INFINITY)
        gateway = entry.next_hop or source
        route = self.routes.get(prefix)
        if route is None:
            if metric >= INFINITY or len(self.routes) >= ROUTES_MAX:
                return None
            route = Route(prefix, metric, gateway, ifindex, source, entry.tag, now + self.timeout)
            self.routes[prefix] = route
            return route
        if not route.gateway and not route.gone:
            return None  # what is connected is known better
        if route.source == source:
            if metric < INFINITY:
                route.expires, route.gone = now + self.timeout, 0
            if metric == route.metric and gateway == route.gateway:
                return None
            if metric >= INFINITY:
                return route if self.withdraw(route, now) else None
            self._adopt(route, entry, metric, gateway, ifindex, source)
            return route
        better = metric < route.metric
        # A route that is about to time out may be replaced by one that is as good.
        stale = (
            metric == route.metric
            and metric < INFINITY
            and route.expires
            and (route.expires - now < self.timeout // 2)
        )
        if better or stale:
            self._adopt(route, entry, metric, gateway, ifindex, source)
            route.expires, route.gone = now + self.timeout, 0
            return route
        return None

    @staticmethod
    def _adopt(
        route: Route, entry: Entry, metric: int, gateway: int, ifindex: int, source: int
    ) -> None:
        route.metric, route.gateway, route.ifindex = metric, gateway, ifindex
        route.source, route.tag, route.changed = source, entry.tag, True

    def expire(self, now: int) -> tuple[list[Route], list[Route]]:
        """(routes whose time was over just now, routes that are forgotten)."""
        ended = [r for r in self.routes.values() if r.expires and r.expires <= now and not r.gone]
        for route in ended:
            self.withdraw(route, now)
        forgotten = [r for r in self.routes.values() if r.gone and r.gone <= now]
        for route in forgotten:
            del self.routes[route.prefix]
        return ended, forgotten

    def next_event(self) -> int | None:
        """When :meth:`expire` has something to do."""
        times = [route.gone or route.expires for route in self.routes.values()]
        return min((time for time in times if time), default=None)

    def advertise(self, ifindex: int, *, changed: bool = False, poison: bool = True) -> list[Entry]:
        """What is told on an interface: what was learnt there is unreachable from here (§3.4.3)."""
        found: list[Entry] = []
        for route in self.routes.values():
            if changed and not route.changed:
                continue
            metric = route.metric
            if route.gateway and route.ifindex == ifindex:
                if not poison:
                    continue
                metric = INFINITY
            network, length = route.prefix
            found.append(Entry(network, mask(length), metric, tag=route.tag))
        return found


def valid(entry: Entry) -> Prefix | None:
    """The prefix of an entry that may be believed; None for others (§3.9.2)."""
    if entry.family != AF_INET or not 1 <= entry.metric <= INFINITY:
        return None
    try:
        length = prefix_length(entry.mask)
    except ValueError:
        return None
    network = entry.destination
    top = network >> 24
    if top == 127 or top >= 224 or (top == 0 and (network or length)):
        return None
    if network & ~mask(length) & 0xFFFFFFFF:
        return None
    return network, length
