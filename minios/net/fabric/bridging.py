"""What a switch and a Linux bridge have in common: learning, filtering and flooding (IEEE 802.1D),
and which VLANs a port is in (IEEE 802.1Q).

Nothing here has a timer: an entry of the MAC table is as old as the time since its station was last
heard, and that is found out when the entry is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from minios.net.drop import Drop
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from minios.net.fabric.stp import Stp
    from minios.net.wire.ethernet import Ethernet
    from minios.sim.world import World

DISABLED, BLOCKING, LISTENING, LEARNING, FORWARDING = range(5)
"""The states of a port (802.1D 8.4). Without carrier it is disabled."""

STATE_NAMES = ("disabled", "blocking", "listening", "learning", "forwarding")

AGING = 300 * SECOND
TABLE = 1024
"""Stations that are remembered at most."""

GROUP = 1 << 40
"""The bit of a hardware address that says it is a group's."""

RESERVED = 0x0180_C200_0000
"""The first of 16 group addresses that no bridge forwards (802.1D table 7-10): STP's own."""

MAX_VID = 4094
ALL_VLANS = frozenset(range(1, MAX_VID + 1))

Dropper = Callable[[Drop, "Ethernet", str, str], None]
"""Called with a reason, the frame, the port's name, and details."""


class Station:
    """An entry of the MAC table: behind which port, and when it was last heard (ns)."""

    __slots__ = ("port", "seen", "static")

    def __init__(self, port: BridgePort, seen: int, static: bool = False) -> None:
        self.port = port
        self.seen = seen
        self.static = static


class Heard(NamedTuple):
    """A row of the MAC table as shown; ``age`` in ns, ``vid`` 0 where there are no VLANs."""

    vid: int
    mac: int
    port: str
    age: int
    static: bool


class BridgePort:
    """One port of a bridge. ``send`` is what takes a frame that goes out there.

    ``vlans`` are the VLANs it carries, ``pvid`` the one of frames without a tag (0: none are
    taken), and those of ``untagged`` go out without a tag.
    """

    __slots__ = (
        "bridge", "name", "number", "pvid", "rx", "send", "state", "tx", "untagged", "vlans",
    )  # fmt: skip

    def __init__(
        self, bridge: Bridge, name: str, number: int, send: Callable[[Ethernet], None]
    ) -> None:
        self.bridge = bridge
        self.name = name
        self.number = number
        self.send = send
        self.state = DISABLED
        self.vlans: frozenset[int] = frozenset({1})
        self.pvid = 1
        self.untagged: frozenset[int] = frozenset({1})
        self.rx = 0
        self.tx = 0

    def access(self, vid: int) -> None:
        """Make it an access port: stations there know nothing of VLANs and are in ``vid``."""
        self.vlans = self.untagged = frozenset({vid})
        self.pvid = vid
        self.bridge.aware = True

    def trunk(self, vids: Iterable[int] | None = None, native: int = 1) -> None:
        """Make it a trunk of ``vids`` (all): tagged, but for the ``native`` one (0: none is)."""
        self.vlans = ALL_VLANS if vids is None else frozenset(vids) | ({native} - {0})
        self.pvid = native
        self.untagged = frozenset({native} - {0})
        self.bridge.aware = True

    def receive(self, frame: Ethernet) -> None:
        """A frame came in here: learn from it, and send it where it has to go."""
        bridge = self.bridge
        self.rx += 1
        dst = frame.dst
        if self.state != FORWARDING or dst & GROUP or bridge.aware or frame.trail is not None:
            self._decide(frame)
            return
        # The usual case at once: two stations that are known, and no VLANs.
        now = bridge.world.now
        stations = bridge.stations
        station = stations.get(frame.src)
        if station is not None and station.port is self:
            station.seen = now
            station = stations.get(dst)
            if station is not None and now - station.seen <= bridge.aging:
                out = station.port
                if out is not self and out.state == FORWARDING:
                    out.tx += 1
                    out.send(frame)
                    return
        self._decide(frame)

    def _decide(self, frame: Ethernet) -> None:
        bridge = self.bridge
        src, dst = frame.src, frame.dst
        odd = self.state != FORWARDING or src & GROUP or dst & ~15 == RESERVED
        if odd and not self._unusual(frame):
            return
        vid = 0
        if bridge.aware:
            vid = self._vid(frame)
            if not vid:
                return
        bridge.learn(vid << 48 | src, self)
        if self.state != FORWARDING:
            bridge.drop(Drop.STP_BLOCKED, frame, self.name, STATE_NAMES[self.state])
            return
        station = None if dst & GROUP else bridge.known(vid << 48 | dst)
        if station is None:
            bridge.flood(frame, vid, self)
        else:
            self._forward(frame, vid, station.port)

    def _forward(self, frame: Ethernet, vid: int, out: BridgePort) -> None:
        """Send a frame to a station that is known to be behind a port."""
        bridge = self.bridge
        if frame.trail is not None:
            bridge.note(frame, f"port {self.name} → port {out.name}")
        if out is self:
            bridge.drop(Drop.SAME_PORT, frame, self.name, "")
        elif out.state != FORWARDING:
            bridge.drop(Drop.STP_BLOCKED, frame, out.name, STATE_NAMES[out.state])
        elif not vid:
            out.tx += 1
            out.send(frame)
        elif vid in out.vlans:
            out.emit(frame, vid)
        else:
            bridge.drop(Drop.VLAN, frame, out.name, f"VLAN {vid}")

    def _unusual(self, frame: Ethernet) -> bool:
        """Whether a frame is to be looked at any further."""
        bridge = self.bridge
        if self.state == DISABLED:
            bridge.drop(Drop.NIC_DOWN, frame, self.name, "")
            return False
        if frame.src & GROUP:
            bridge.drop(Drop.MALFORMED, frame, self.name, "sent by a group address")
            return False
        if frame.dst & ~15 == RESERVED:
            if bridge.stp is not None and frame.dst == RESERVED:
                bridge.stp.receive(self, frame)
                return False
            if frame.dst != RESERVED:
                bridge.drop(Drop.NOT_FOR_US, frame, self.name, "a link-local group address")
                return False
        if self.state < LEARNING:
            bridge.drop(Drop.STP_BLOCKED, frame, self.name, STATE_NAMES[self.state])
            return False
        return True

    def _vid(self, frame: Ethernet) -> int:
        """In which VLAN a frame is that came in here; 0, and a drop, if in none of the port's."""
        tci = frame.vlan
        vid = 0 if tci is None else tci & 0xFFF
        if not vid:  # untagged, or only a priority
            vid = self.pvid
            if not vid:
                self.bridge.drop(Drop.VLAN, frame, self.name, "no tag")
        elif vid not in self.vlans:
            self.bridge.drop(Drop.VLAN, frame, self.name, f"VLAN {vid}")
            return 0
        return vid

    def emit(self, frame: Ethernet, vid: int) -> None:
        """Send a frame of a VLAN out, with or without its tag."""
        tci = frame.vlan
        if vid in self.untagged:
            if tci is not None:
                frame.vlan = None
                frame.size = max(frame.size - 4, 60)
        elif tci is None:
            frame.vlan = vid
            frame.size += 4
        elif tci & 0xFFF != vid:
            frame.vlan = tci & 0xF000 | vid
        self.tx += 1
        self.send(frame)


class Bridge:
    """Ports, and the table of who was heard where.

    ``aging`` is in ns. A full table learns nobody new until somebody is forgotten: frames to who is
    not in it are flooded. ``stp`` is set by :class:`minios.net.fabric.stp.Stp`.
    """

    __slots__ = (
        "_swept", "aging", "aware", "drop", "limit", "name", "ports", "stations", "stp",
        "unlearnt", "world",
    )  # fmt: skip

    def __init__(
        self, world: World, name: str, drop: Dropper, *, aging: int = AGING, limit: int = TABLE
    ) -> None:
        self.world = world
        self.name = name
        self.drop = drop
        self.aging = aging
        self.limit = limit
        self.aware = False
        """Whether it knows of VLANs at all."""
        self.ports: dict[str, BridgePort] = {}
        self.stations: dict[int, Station] = {}
        self.stp: Stp | None = None
        self.unlearnt = 0
        """Stations that the full table had no room for."""
        self._swept = 0

    def add_port(self, name: str, send: Callable[[Ethernet], None]) -> BridgePort:
        """Another port, without carrier yet; its frames have to be given to its ``receive``."""
        number = max((port.number for port in self.ports.values()), default=0) + 1
        port = self.ports[name] = BridgePort(self, name, number, send)
        return port

    def remove_port(self, name: str) -> None:
        """Take a port away, and forget who was behind it."""
        port = self.ports[name]
        self.carrier(port, False)
        del self.ports[name]
        for key in [key for key, each in self.stations.items() if each.port is port]:
            del self.stations[key]

    def carrier(self, port: BridgePort, up: bool) -> None:
        """A port's cable was plugged in or pulled out."""
        if self.stp is not None:
            self.stp.carrier(port, up)
        else:
            port.state = FORWARDING if up else DISABLED
        if not up:
            self.flush(port)

    def flush(self, port: BridgePort | None = None) -> None:
        """Forget whom it learnt of, behind one port or all."""
        self._forget(lambda each: port is None or each.port is port)

    def forget_older(self, age: int) -> None:
        """Forget whom it did not hear of for ``age`` ns."""
        now = self.world.now
        self._forget(lambda each: now - each.seen > age)

    def _forget(self, whom: Callable[[Station], bool]) -> None:
        for key in [key for key, each in self.stations.items() if not each.static and whom(each)]:
            del self.stations[key]

    def learn(self, key: int, port: BridgePort) -> None:
        """A station (its address and VLAN) was heard behind a port where it was not known."""
        stations = self.stations
        now = self.world.now
        station = stations.get(key)
        if station is not None:
            if not station.static:
                station.port = port
                station.seen = now
            return
        if len(stations) >= self.limit and not self._make_room(now):
            self.unlearnt += 1
            return
        stations[key] = Station(port, now)

    def known(self, key: int) -> Station | None:
        """Where a station (its address and VLAN) is; None if it was not heard for too long."""
        station = self.stations.get(key)
        if station is None:
            return None
        if station.static or self.world.now - station.seen <= self.aging:
            return station
        del self.stations[key]
        return None

    def _make_room(self, now: int) -> bool:
        """Forget who was not heard for long; looked for once a second at most."""
        if now - self._swept < SECOND and self._swept:
            return False
        self._swept = now
        self.forget_older(self.aging)
        return len(self.stations) < self.limit

    def add_static(self, mac: int, port: BridgePort, vid: int = 0) -> None:
        """A station that is always behind that port."""
        self.stations[vid << 48 | mac] = Station(port, self.world.now, static=True)

    def flood(self, frame: Ethernet, vid: int, source: BridgePort | None = None) -> None:
        """Send a frame out of every port of its VLAN but the one it came from."""
        if frame.trail is not None:
            self.note(frame, f"port {source.name if source else 'none'} → all others")
        last: BridgePort | None = None
        for port in self.ports.values():
            if port is source or port.state != FORWARDING or (vid and vid not in port.vlans):
                continue
            if last is not None:
                self._out(last, frame.copy(), vid)
            last = port
        if last is not None:
            self._out(last, frame, vid)
        elif source is not None and not frame.dst & GROUP:
            self.drop(Drop.SAME_PORT, frame, source.name, "no other port")

    def note(self, frame: Ethernet, what: str) -> None:
        """Write down what became of a frame that somebody follows."""
        frame.trail.add(self.world.now, self.name, "link", "bridge", what)

    @staticmethod
    def _out(port: BridgePort, frame: Ethernet, vid: int) -> None:
        if vid:
            port.emit(frame, vid)
        else:
            port.tx += 1
            port.send(frame)

    def table(self) -> list[Heard]:
        """The MAC table, by VLAN and address, without who is too old."""
        now = self.world.now
        return [
            Heard(key >> 48, key & 0xFFFF_FFFF_FFFF, each.port.name, now - each.seen, each.static)
            for key, each in sorted(self.stations.items())
            if each.static or now - each.seen <= self.aging
        ]

    def state(self) -> tuple[Any, ...]:
        """Plain data for the digest."""
        return (
            [
                (key, each.port.name, each.seen, each.static)
                for key, each in self.stations.items()
            ],
            [
                (
                    port.name, port.state, port.pvid, len(port.vlans), sum(port.vlans),
                    sum(port.untagged), port.rx, port.tx,
                )
                for port in self.ports.values()
            ],
            self.aging, self.limit, self.unlearnt,
            None if self.stp is None else self.stp.state(),
        )  # fmt: skip
