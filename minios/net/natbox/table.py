"""The table of mappings of a NAT: how they are made, found and forgotten (RFC 4787 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minios.net.natbox.mapping import Endpoint, Mapping
from minios.net.natbox.spec import ADM, EIM, NatSpec

ICMP = 1
PEERS = 1024
"""Outside ends remembered of one inside end."""


class Table:
    """Mappings by what the inside sends from (and to), and by the outside address and port."""

    __slots__ = ("_hosts", "_next", "_pool", "_rng", "_swept", "endpoints", "inside", "outside",
                 "spec", "world")  # fmt: skip

    def __init__(self, world: Any, spec: NatSpec, pool: tuple[int, ...], rng: Any) -> None:
        self.world = world
        self.spec = spec
        self.inside: dict[tuple[int, ...], Mapping] = {}
        self.outside: dict[tuple[int, int, int], Mapping] = {}
        self.endpoints: dict[tuple[int, int, int], Endpoint] = {}
        self._pool = pool
        self._hosts: dict[int, int] = {}
        """Which address of the pool an inside host has (RFC 4787 REQ-2)."""
        self._rng = rng
        self._next = spec.ports[0]
        self._swept = 0
        for proto, port, ip, own in spec.forwards:
            self._forward(proto, port, ip, own)

    def _forward(self, proto: int, port: int, ip: int, own: int) -> None:
        endpoint = self._endpoint(proto, ip, own)
        mapping = Mapping(endpoint, (proto, ip, own, -port, 0), self._pool[0], port)
        mapping.static = True
        self.outside[proto, self._pool[0], port] = mapping

    def key(self, proto: int, ip: int, port: int, dst: int, dport: int) -> tuple[int, ...]:
        """Under what a mapping is reused. ICMP queries are always endpoint-independent (RFC 5508
        REQ-1a)."""
        mapping = self.spec.mapping
        if mapping == EIM or proto == ICMP:
            return (proto, ip, port)
        if mapping == ADM:
            return (proto, ip, port, dst)
        return (proto, ip, port, dst, dport)

    def from_inside(self, proto: int, ip: int, port: int, dst: int, dport: int) -> Mapping | None:
        """The mapping of a packet that goes out, if there is one."""
        mapping = self.inside.get(self.key(proto, ip, port, dst, dport))
        if mapping is not None and mapping.expires <= self.world.now:
            self.remove(mapping)
            return None
        return mapping

    def from_outside(self, proto: int, ip: int, port: int) -> Mapping | None:
        """The mapping that an outside address and port is."""
        mapping = self.outside.get((proto, ip, port))
        if mapping is not None and mapping.expires <= self.world.now and not mapping.static:
            self.remove(mapping)
            return None
        return mapping

    def make(self, proto: int, ip: int, port: int, dst: int, dport: int) -> Mapping | None:
        """A new mapping, or None if the table or the ports are used up."""
        if len(self.inside) >= self.spec.table and not self._sweep():
            return None
        address = self._address(ip)
        chosen = self._port(proto, address, port)
        if chosen is None:
            return None
        endpoint = self._endpoint(proto, ip, port)
        endpoint.mappings += 1
        key = self.key(proto, ip, port, dst, dport)
        mapping = Mapping(endpoint, key, address, chosen)
        self.inside[key] = self.outside[proto, address, chosen] = mapping
        return mapping

    def remove(self, mapping: Mapping) -> None:
        """Forget a mapping."""
        endpoint = mapping.endpoint
        del self.inside[mapping.key]
        del self.outside[endpoint.proto, mapping.ip, mapping.port]
        endpoint.mappings -= 1
        if endpoint.mappings <= 0:
            self.endpoints.pop((endpoint.proto, endpoint.ip, endpoint.port), None)

    def live(self) -> Iterator[Mapping]:
        """The mappings that are there, oldest first, static ones too."""
        now = self.world.now
        for mapping in list(self.outside.values()):
            if mapping.static or mapping.expires > now:
                yield mapping

    def _endpoint(self, proto: int, ip: int, port: int) -> Endpoint:
        key = (proto, ip, port)
        endpoint = self.endpoints.get(key)
        if endpoint is None:
            endpoint = self.endpoints[key] = Endpoint(proto, ip, port)
        return endpoint

    def _sweep(self) -> bool:
        """Throw away what is over, at most once a second; whether there is room then."""
        now = self.world.now
        if now < self._swept:
            return False
        self._swept = now + 1_000_000_000
        for mapping in [one for one in self.inside.values() if one.expires <= now]:
            self.remove(mapping)
        return len(self.inside) < self.spec.table

    def _address(self, ip: int) -> int:
        """An address of the pool: the one the host has (paired), or the next (arbitrary)."""
        pool = self._pool
        if len(pool) == 1:
            return pool[0]
        if self.spec.pooling == "arbitrary":
            return self._rng.choice(pool)  # type: ignore[no-any-return]
        address = self._hosts.get(ip)
        if address is None:
            if len(self._hosts) >= self.spec.table:
                self._hosts.clear()
            address = self._hosts[ip] = pool[len(self._hosts) % len(pool)]
        return address

    def _port(self, proto: int, address: int, own: int) -> int | None:
        """A free port (never one in use: RFC 4787 REQ-3), of the class and parity of the own."""
        spec = self.spec
        low, high = spec.ports
        if proto == ICMP:
            low, high = 0, 65535
        elif own < 1024 and low <= 1024:
            low, high = 1, 1023
        if spec.preserve and self._free(proto, address, own):
            return own
        step = 2 if spec.parity and proto != ICMP and high > low else 1
        if step == 2 and low & 1 != own & 1:
            low += 1
        count = (high - low) // step + 1
        if spec.order == "random":
            start: int = self._rng.below(count)
        else:
            start = max(0, (self._next - low + step - 1) // step) % count
        for offset in range(count):
            port = low + (start + offset) % count * step
            if self._free(proto, address, port):
                if spec.order == "sequential":
                    self._next = port + 1 if port < high else low
                return port
        return None

    def _free(self, proto: int, address: int, port: int) -> bool:
        mapping = self.outside.get((proto, address, port))
        if mapping is None:
            return True
        if mapping.static or mapping.expires > self.world.now:
            return False
        self.remove(mapping)
        return True

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            [mapping.state() for mapping in self.outside.values()],
            sorted(self._hosts.items()), self._next, self._swept,
        )  # fmt: skip
