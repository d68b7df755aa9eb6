"""What goes wrong on a line, each kind by a random stream of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.net.drop import Drop
from minios.net.fabric.link import BYTE, MILLION, OVERHEAD

if TYPE_CHECKING:
    from minios.net.fabric.link import LinkSpec, Wire
    from minios.net.wire.ethernet import Ethernet
    from minios.sim.random import Rng


class Impairments:
    """The bad luck of one direction of a cable.

    A stream is drawn from once a frame and only for what the line has, so that more loss on one
    line changes neither who is lost elsewhere nor what is duplicated here.
    """

    __slots__ = ("_streams", "spec", "wire")

    def __init__(self, wire: Wire, spec: LinkSpec) -> None:
        self.wire = wire
        self.spec = spec
        self._streams: dict[str, Rng] = {}

    def _rng(self, kind: str) -> Rng:
        rng = self._streams.get(kind)
        if rng is None:
            wire = self.wire
            rng = wire.world.stream(f"link {wire.link.name} {wire.side} {kind}")
            self._streams[kind] = rng
        return rng

    def _hit(self, kind: str, share: int) -> bool:
        return share > 0 and self._rng(kind).below(MILLION) < share

    def carry(self, frame: Ethernet) -> None:
        """:meth:`minios.net.fabric.link.Wire.carry`, and luck."""
        wire, spec = self.wire, self.spec
        world = wire.world
        now = world.now
        start = max(wire.free_at, now)
        if start - now > wire.patience:
            wire.lose(Drop.QUEUE_FULL, frame)
            return
        size = frame.size
        took = (size + OVERHEAD) * BYTE // wire.rate
        wire.free_at = start = start + took
        wire.frames += 1
        wire.octets += size
        arrives = start + wire.latency
        if self._hit("reorder", spec.reorder):
            arrives += spec.delay
        if self._hit("duplicate", spec.duplicate):
            wire.free_at += took
            self._arrive(frame.copy(), now, arrives + took)
        self._arrive(frame, now, arrives)

    def _arrive(self, frame: Ethernet, now: int, arrives: int) -> None:
        wire, spec = self.wire, self.spec
        world = wire.world
        if frame.trail is not None:
            wire.note(frame, arrives)
        for hook in world.instruments.on_frame:
            hook(wire.link, wire.side, frame, now, arrives)
        if self._hit("loss", spec.loss):
            wire.lose(Drop.LINK_LOSS, frame)
            return
        deliver = wire.deliver
        if self._hit("corrupt", spec.corrupt):
            deliver = self.bad_fcs
        if self._hit("damage", spec.damage):
            frame = self._damaged(frame)
        world.at(arrives, deliver, frame)

    def bad_fcs(self, frame: Ethernet) -> None:
        """The receiver's check of a frame with a bit error: it is not taken at all."""
        wire = self.wire
        wire.target.bad_frames += wire.link.up
        wire.link.network.drop(
            Drop.FCS if wire.link.up else Drop.UNPLUGGED,
            wire.target.owner.name,
            frame,
            wire.target.label,
        )

    def _damaged(self, frame: Ethernet) -> Ethernet:
        """The frame with one bit turned over, as bytes that the receiver has to make sense of."""
        data = bytearray(frame.pack())
        bit = self._rng("damaged bit").below(len(data) * 8)
        data[bit >> 3] ^= 1 << (bit & 7)
        spoilt = type(frame).parse(bytes(data), strict=False)
        spoilt.trail = frame.trail
        return spoilt
