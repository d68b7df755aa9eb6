"""A hub: what comes in at one port goes out at all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.net.fabric.port import Port

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minios.net.fabric.network import Network
    from minios.net.wire.ethernet import Ethernet


class Hub:
    """A repeater (IEEE 802.3 clause 9) that knows nothing of addresses."""

    def __init__(self, network: Network, name: str, ports: Iterable[str]) -> None:
        self.name = name
        self.world = network.world
        self.ports: dict[str, Port] = {}
        for each in ports:
            port = self.ports[each] = Port(self, each, network=network)
            port.receive = _Repeat(self, port).receive
        self.frames = 0
        """Frames that were repeated."""
        network.add_device(self)

    def carrier(self, port: Port, up: bool) -> None:
        """A hub has no state that a cable changes."""

    def repeat(self, frame: Ethernet, source: Port) -> None:
        """Send it on, a copy out of every other port that has a cable."""
        self.frames += 1
        if frame.trail is not None:
            text = f"port {source.name} → all others"
            frame.trail.add(self.world.now, self.name, "physical", "bridge", text)
        last: Port | None = None
        for port in self.ports.values():
            if port is source or not port.up:
                continue
            if last is not None:
                last.send(frame.copy())
            last = port
        if last is not None:
            last.send(frame)

    def state(self) -> tuple[Any, ...]:
        """Plain data for the digest."""
        return ("hub", self.frames)


class _Repeat:
    """One port's side of a hub."""

    __slots__ = ("hub", "port")

    def __init__(self, hub: Hub, port: Port) -> None:
        self.hub = hub
        self.port = port

    def receive(self, frame: Ethernet) -> None:
        self.hub.repeat(frame, self.port)
