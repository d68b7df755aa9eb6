"""A pair of devices: what goes out by the one comes in by the other (veth(4))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.net.drop import Drop
from minios.net.host.netdev import NetDevice

if TYPE_CHECKING:
    from minios.net.wire.ethernet import Ethernet


class Veth(NetDevice):
    """One end; ``peer`` is the other."""

    kind = "veth"
    peer: Veth | None = None

    @property
    def carrier(self) -> bool:
        return self.peer is not None and self.peer.up

    def operstate(self) -> str:
        if self.up and not self.carrier:
            return "LOWERLAYERDOWN"
        return super().operstate()

    def open(self) -> None:
        super().open()
        self._tell()

    def stop(self) -> None:
        super().stop()
        self._tell()

    def _tell(self) -> None:
        if self.peer is not None:
            self.peer.carrier_changes += 1
            self.stack.inet.carrier(self.peer)

    def transmit(self, frame: Ethernet) -> None:
        peer = self.peer
        if peer is None or not peer.up:
            self.tx_dropped += 1
            self.stack.drop(Drop.NIC_DOWN, frame, self, "the other end is down")
            return
        self.tx_packets += 1
        self.tx_bytes += frame.size
        world = self.stack.world
        world.at(world.now, self._arrive, frame)

    def _arrive(self, frame: Ethernet) -> None:
        if self.peer is not None and not self.stack.closed:
            self.peer.receive(frame)

    def state(self) -> Any:
        return (super().state(), self.peer.name if self.peer is not None else "")
