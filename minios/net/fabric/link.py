"""Cables: two ports, two directions, and what a frame meets on the way.

A direction is a queue, a line with a rate, and a latency. None of them needs an event of its own:
when the line is free again is one number, so it is known on sending when a frame will have arrived,
and a traversal is one event of the world. The queue is what waits for the line: its length in bytes
is the time until the line is free, times the rate.
"""

from __future__ import annotations

from heapq import heappush
from typing import TYPE_CHECKING, Any, NamedTuple

from minios.net.drop import Drop

if TYPE_CHECKING:
    from collections.abc import Callable

    from minios.net.fabric.impair import Impairments
    from minios.net.fabric.network import Network
    from minios.net.fabric.port import Port
    from minios.net.wire.ethernet import Ethernet

OVERHEAD = 24
"""Bytes a frame takes on the line beside its own: preamble 8, FCS 4, gap 12 (IEEE 802.3)."""

BYTE = 8_000_000_000
"""Nanoseconds in which a line of 1 bit/s carries a byte."""

_INFINITE = 1 << 80

MILLION = 1_000_000


class LinkSpec(NamedTuple):
    """What a direction of a cable is like. Shares are in parts per million of the frames.

    ``latency`` is in ns, ``rate`` in bit/s (0: no limit), ``queue`` in bytes that may wait for the
    line. ``loss`` vanishes; ``duplicate`` arrives twice; ``reorder`` arrives ``delay`` ns late, so
    that others overtake it; ``corrupt`` has a bit error that the receiver's frame check sequence
    notices; ``damage`` has one that it does not (tc-netem(8) calls that corrupt).
    """

    latency: int = 100_000
    rate: int = 100_000_000
    queue: int = 128 << 10
    loss: int = 0
    duplicate: int = 0
    reorder: int = 0
    delay: int = 1_000_000
    corrupt: int = 0
    damage: int = 0

    @property
    def clean(self) -> bool:
        """Nothing is left to chance."""
        return not (self.loss or self.duplicate or self.reorder or self.corrupt or self.damage)


class Wire:
    """One direction of a cable; ``side`` is 0 from the link's first port, 1 from its second."""

    __slots__ = (
        "back", "deliver", "frames", "free_at", "impairments", "latency", "link", "octets",
        "patience", "rate", "side", "source", "spec", "target", "times", "until", "world",
    )  # fmt: skip

    back: Wire
    """The other direction."""

    def __init__(self, link: Link, side: int, source: Port, target: Port, spec: LinkSpec) -> None:
        self.link = link
        self.world = link.network.world
        self.side = side
        self.source = source
        self.target = target
        self.free_at = link.network.world.now  # a boot runs at negative times
        self.until = self.free_at
        """When the last of what was sent before it became such a line will have arrived."""
        self.latency = 0
        self.spec = spec
        self.frames = 0
        """Frames that were put on the line."""
        self.octets = 0
        self.impairments: Impairments | None = None
        self.deliver: Callable[[Ethernet], None] = target.receive
        self.set(spec)

    def set(self, spec: LinkSpec) -> None:
        """Make it such a line from now on. What is on it arrives when it would have."""
        self.until = self.last_arrival()
        self.spec = spec
        self.latency = spec.latency
        self.rate = spec.rate or _INFINITE
        self.times: dict[int, int] = {}
        self.patience = spec.queue * BYTE // self.rate
        if spec.clean:
            self.impairments = None
        else:
            from minios.net.fabric.impair import Impairments

            self.impairments = Impairments(self, spec)

    def carry(self, frame: Ethernet) -> None:
        """Put a frame on the line, behind what waits there; it arrives, or the queue is full."""
        if self.impairments is not None:
            self.impairments.carry(frame)
            return
        world = self.world
        now = world.now
        size = frame.size
        start = self.free_at
        if start < now:
            start = now
        elif start - now > self.patience:
            self.lose(Drop.QUEUE_FULL, frame)
            return
        try:
            start += self.times[size]
        except KeyError:
            start += self.time_of(size)
        self.free_at = start
        self.frames += 1
        self.octets += size
        start += self.latency
        world.seq = seq = world.seq + 1
        heappush(world.heap, (start, seq, self.deliver, (frame,)))
        if frame.trail is not None:
            self.note(frame, start)
        hooks = world.instruments.on_frame
        if hooks:
            for hook in hooks:
                hook(self.link, self.side, frame, now, start)

    def time_of(self, size: int) -> int:
        """How long a frame of so many bytes takes on the line; worked out once for each size."""
        took = self.times[size] = (size + OVERHEAD) * BYTE // self.rate
        return took

    def note(self, frame: Ethernet, arrives: int) -> None:
        """Write down that a frame somebody follows is on the line now."""
        now = self.world.now
        took = arrives - now
        what = f"{self.source.label} → {self.target.label} on {self.link.name}, {took} ns"
        frame.trail.add(now, self.source.owner.name, "physical", "out", what)

    def lose(self, reason: Drop, frame: Ethernet) -> None:
        """A frame ends here."""
        link = self.link
        link.network.drop(reason, link.name, frame, f"{self.source.label} > {self.target.label}")

    def waiting(self) -> int:
        """Bytes that wait for the line or are being put on it."""
        return max(self.free_at - self.world.now, 0) * self.rate // BYTE if self.spec.rate else 0

    def last_arrival(self) -> int:
        """Nothing that is on the way arrives later than this."""
        late = self.free_at + self.latency
        if self.impairments is not None:
            late += self.spec.delay
        return max(late, self.until)

    def arrive_at(self, old: Callable[[Ethernet], None], new: Callable[[Ethernet], None]) -> None:
        """Frames, those on the way included, arrive at ``new`` where it was ``old`` so far."""
        self.deliver = new
        if self.last_arrival() >= self.world.now and self.frames:
            self.world.redirect(old, new)

    def cut(self, frame: Ethernet) -> None:
        """A frame was on the line when the cable was pulled."""
        self.lose(Drop.UNPLUGGED, frame)

    def state(self) -> tuple[Any, ...]:
        """Plain data for the digest."""
        return (
            tuple(self.spec), self.free_at, self.frames, self.octets, self.target.bad_frames,
            self.source.unsent,
        )  # fmt: skip


class Link:
    """A cable between two ports. ``back`` is what the way from b to a is like, if another."""

    __slots__ = ("a", "b", "name", "network", "up", "wires")

    def __init__(
        self,
        network: Network,
        name: str,
        a: Port,
        b: Port,
        spec: LinkSpec | None = None,
        back: LinkSpec | None = None,
    ) -> None:
        if a.wire is not None or b.wire is not None or a is b:
            raise ValueError("a port takes one cable")
        self.network = network
        self.name = name
        self.a = a
        self.b = b
        self.up = False
        spec = spec or LinkSpec()
        there = Wire(self, 0, a, b, spec)
        again = Wire(self, 1, b, a, back or spec)
        there.back, again.back = again, there
        self.wires = (there, again)
        for wire in self.wires:
            wire.source.wire = wire
            wire.source.network = network
        network.add_link(self)
        self.plug()

    def set(self, spec: LinkSpec, back: LinkSpec | None = None) -> None:
        """Change what it is like."""
        self.wires[0].set(spec)
        self.wires[1].set(back or spec)

    def plug(self) -> None:
        """Plug the cable in at both ends."""
        if self.up:
            return
        self.up = True
        for wire in self.wires:
            wire.source.send = wire.carry
        self._tell()

    def unplug(self) -> None:
        """Pull the cable: what is on it or waits for it is gone."""
        if not self.up:
            return
        self.up = False
        for wire in self.wires:
            wire.source.send = wire.source.no_cable
            self.network.world.redirect(wire.deliver, wire.cut)
            wire.until = wire.last_arrival()
            wire.free_at = self.network.world.now
        self._tell()

    def _tell(self) -> None:
        for wire in self.wires:
            wire.source.owner.carrier(wire.source, self.up)

    def state(self) -> tuple[Any, ...]:
        """Plain data for the digest."""
        return (self.name, self.up, self.wires[0].state(), self.wires[1].state())
