"""The five hooks of a stack, in Linux's order: raw, conntrack, mangle, nat, filter, nat, confirm.

A stack without rules has no Netfilter at all; one without anything that needs conntrack does not
track. Each hook says whether the packet goes on; if not, why is on record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minios.abi.netfilter import (
    IPS_CONFIRMED,
    IPS_DST_NAT_DONE,
    IPS_SRC_NAT_DONE,
    TABLES,
    empty,
)
from minios.abi.netfilter import Table as TableSpec
from minios.net.drop import Drop
from minios.net.netfilter import nat, nattargets, tables, translate
from minios.net.netfilter.chain import Chain
from minios.net.netfilter.conn import Error, Way
from minios.net.netfilter.conntrack import Conntrack

_DONE = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE
_PLACES = (
    ("PREROUTING", ("raw", "mangle")),
    ("INPUT", ("mangle", "filter")),
    ("FORWARD", ("mangle", "filter")),
    ("OUTPUT", ("raw", "mangle", "filter")),
    ("POSTROUTING", ("mangle",)),
)


class Netfilter:
    """Tables and connections of one stack."""

    __slots__ = (
        "_chains", "_handle", "_nat", "conntrack", "forced", "rng", "stack", "tables", "tracking",
    )  # fmt: skip

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self.rng = stack.world.stream(f"netfilter {stack.name} ports")
        self.conntrack = Conntrack(stack)
        self.tables: dict[str, tables.Table] = {}
        self.tracking = False
        self.forced = False
        """Whether to track without a rule that asks for it."""
        self._handle = 0
        self._nat: dict[str, Chain] | None = None
        self._chains: dict[str, tuple[Chain, ...]] = {}
        self._wire()
        stack.link_watchers.append(self._link_changed)
        stack.address_watchers.append(self._address_changed)

    # -- rules ---------------------------------------------------------------------------------

    def next_handle(self) -> int:
        """A number for a new rule."""
        self._handle += 1
        return self._handle

    def table(self, name: str) -> TableSpec:
        """A table as iptables gets it; one that nobody has used is empty."""
        found = self.tables.get(name)
        return empty(name) if found is None else found.snapshot()

    def replace(self, spec: TableSpec) -> None:
        """Put a table in place of the one of its name. EINVAL EMLINK ENOENT ENOMEM."""
        made = tables.build(self, spec, self.tables.get(getattr(spec, "name", "")))
        self.tables[made.name] = made
        self._wire()

    def track(self) -> None:
        """Track connections from now on, rules or not."""
        self.forced = True
        self._wire()

    def _wire(self) -> None:
        """Work out which chains a packet passes at each hook; empty ones that accept are left out,
        except that they count."""
        order = ("raw", "mangle", "filter")
        for hook, names in _PLACES:
            self._chains[hook] = tuple(
                self.tables[name].chains[hook] for name in order
                if name in names and name in self.tables
            )  # fmt: skip
        table = self.tables.get("nat")
        self._nat = None if table is None else table.chains
        self.tracking = (
            self.forced
            or table is not None
            or any(table.uses_conntrack() for table in self.tables.values())
        )

    # -- hooks ---------------------------------------------------------------------------------

    def prerouting(self, packet: Any, inside: Any) -> bool:
        """A packet that came in, before its route is looked up; it may get another destination."""
        for chain in self._chains["PREROUTING"]:
            if chain.table == "raw" and not chain.passes(packet, inside, None):
                return False
        if self.tracking and not self._track(packet):
            return False
        for chain in self._chains["PREROUTING"]:
            if chain.table != "raw" and not chain.passes(packet, inside, None):
                return False
        way = packet.ct
        if way.__class__ is Way:
            if way.conn.status & IPS_DST_NAT_DONE == 0 and not self._choose(
                packet, way, "PREROUTING", inside, None
            ):
                return False
            if way.target is not None:
                translate.to_target(packet, way)
                if self.stack.trail is not None:
                    self._note(way)
        elif way.__class__ is Error:
            translate.error_to_target(packet, way)
        return True

    def input(self, packet: Any, inside: Any) -> bool:
        """A packet for this host."""
        for chain in self._chains["INPUT"]:
            if not chain.passes(packet, inside, None):
                return False
        return self._leave(packet, "INPUT", inside, None)

    def forward(self, packet: Any, inside: Any, outside: Any) -> bool:
        """A packet on its way through."""
        for chain in self._chains["FORWARD"]:  # noqa: SIM110 (all() makes a generator each time)
            if not chain.passes(packet, inside, outside):
                return False
        return True

    def output(self, packet: Any, outside: Any) -> bool:
        """A packet of this host's own; it may get another destination."""
        for chain in self._chains["OUTPUT"]:
            if chain.table == "raw" and not chain.passes(packet, None, outside):
                return False
        if self.tracking and not self._track(packet):
            return False
        way = packet.ct
        for chain in self._chains["OUTPUT"]:
            if chain.table == "mangle" and not chain.passes(packet, None, outside):
                return False
        if way.__class__ is Way:
            if way.conn.status & IPS_DST_NAT_DONE == 0 and not self._choose(
                packet, way, "OUTPUT", None, outside
            ):
                return False
            if way.target is not None:
                translate.to_target(packet, way)
        elif way.__class__ is Error:
            translate.error_to_target(packet, way)
        for chain in self._chains["OUTPUT"]:
            if chain.table == "filter" and not chain.passes(packet, None, outside):
                return False
        return True

    def postrouting(self, packet: Any, outside: Any) -> bool:
        """A packet about to leave; it may get another source."""
        for chain in self._chains["POSTROUTING"]:
            if not chain.passes(packet, None, outside):
                return False
        if not self._leave(packet, "POSTROUTING", None, outside):
            return False
        if outside.name != "lo":
            packet.ct = None
        return True

    # -- what they share -----------------------------------------------------------------------

    def _track(self, packet: Any) -> bool:
        if packet.ct is None:
            way = self.conntrack.enter(packet)
            if way is None:
                return False
            packet.ct = way
        return True

    def _choose(self, packet: Any, way: Way, hook: str, inside: Any, outside: Any) -> bool:
        """Let the nat table decide about a new connection; without a rule, it stays as it is."""
        conn = way.conn
        kind = nat.TARGET if hook in ("PREROUTING", "OUTPUT") else nat.SOURCE
        done = IPS_DST_NAT_DONE if kind == nat.TARGET else IPS_SRC_NAT_DONE
        chains = self._nat
        if chains is None or conn.status & IPS_CONFIRMED:
            conn.status |= _DONE
            return True
        before = conn.reply.key
        if not chains[hook].passes(packet, inside, outside):
            return False
        conn.status |= done
        if conn.reply.key is before:
            # a null binding: as it is, but of a port that nobody else has
            address = before[1] if kind == nat.SOURCE else before[0]
            nat.place(self.conntrack, conn, kind, nat.Range(address, address), self.rng)
        return True

    def _leave(self, packet: Any, hook: str, inside: Any, outside: Any) -> bool:
        """The last step of a hook where packets leave: the source, and a new entry."""
        way = packet.ct
        if way.__class__ is Way:
            conn = way.conn
            status = conn.status
            if status & IPS_SRC_NAT_DONE == 0 and not self._choose(
                packet, way, hook, inside, outside
            ):
                return False
            if way.source is not None:
                translate.from_source(packet, way)
                if self.stack.trail is not None:
                    self._note(way)
            if status & IPS_CONFIRMED == 0 and not way.reply and not self.conntrack.confirm(conn):
                self.stack.drop(
                    Drop.NAT_PORTS, packet, outside or inside, "no free port or a clash"
                )
                return False
        elif way.__class__ is Error:
            translate.error_from_source(packet, way)
        return True

    def _note(self, way: Way) -> None:
        self.stack.trail.add(
            self.stack.world.now, self.stack.name, "filter", "nat", nattargets.described(way)
        )

    # -- the host ------------------------------------------------------------------------------

    def _link_changed(self, device: Any, deleted: bool) -> None:
        """An interface went down: what had borrowed an address of it is over
        (masq_device_event)."""
        if deleted or not device.up:
            self._forget(lambda conn: conn.masqueraded == device.ifindex)

    def _address_changed(self, device: Any, address: Any, deleted: bool) -> None:
        """An interface lost an address: so is what had borrowed it (masq_inet_event)."""
        if deleted:
            self._forget(
                lambda conn: conn.masqueraded == device.ifindex and conn.reply.key[1] == address.ip
            )

    def _forget(self, over: Callable[[Any], bool]) -> None:
        for conn in [conn for conn in self.conntrack.conns.values() if over(conn)]:
            self.conntrack.remove(conn)

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self._handle, self.forced,
            [self.tables[name].state() for name in TABLES if name in self.tables],
            self.conntrack.state(),
        )  # fmt: skip
