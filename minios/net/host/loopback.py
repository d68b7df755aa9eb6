"""Devices without a wire: the loopback, and dummies that swallow what is sent (ip-link(8))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.net.host.netdev import (
    ARPHRD_LOOPBACK,
    IFF_BROADCAST,
    IFF_LOOPBACK,
    IFF_NOARP,
    NetDevice,
)

if TYPE_CHECKING:
    from minios.net.host.stack import Stack
    from minios.net.wire.ethernet import Ethernet


class Loopback(NetDevice):
    """``lo``: what is sent comes in again, in an event of its own at the same instant."""

    hatype = ARPHRD_LOOPBACK
    loopback = True
    mtu_max = 1 << 31

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack, "lo", 1, 0, 65536)
        self.flags = IFF_LOOPBACK

    def operstate(self) -> str:
        return "UNKNOWN" if self.up else "DOWN"

    def transmit(self, frame: Ethernet) -> None:
        self.tx_packets += 1
        self.tx_bytes += frame.size
        world = self.stack.world
        world.at(world.now, self._again, frame)

    def _again(self, frame: Ethernet) -> None:
        if not self.stack.closed:
            self.receive(frame)


class Dummy(NetDevice):
    """A device that exists only to have addresses."""

    kind = "dummy"

    def __init__(self, stack: Stack, name: str, ifindex: int, mac: int) -> None:
        super().__init__(stack, name, ifindex, mac)
        self.flags = IFF_BROADCAST | IFF_NOARP

    def operstate(self) -> str:
        return "UNKNOWN" if self.up else "DOWN"

    def transmit(self, frame: Ethernet) -> None:
        self.tx_packets += 1
        self.tx_bytes += frame.size
