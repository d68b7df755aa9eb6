"""802.1Q devices: one VLAN of another device (ip-link(8), type vlan)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.net.host.netdev import NetDevice

if TYPE_CHECKING:
    from minios.net.host.stack import Stack
    from minios.net.wire.ethernet import Ethernet


class Vlan(NetDevice):
    """``eth0.5``: frames of VLAN ``vid`` of ``lower``, without their tags."""

    kind = "vlan"

    def __init__(self, stack: Stack, name: str, ifindex: int, lower: NetDevice, vid: int) -> None:
        if not 0 <= vid < 4095:
            raise error(Errno.ERANGE)
        if vid in lower.vlans:
            raise error(Errno.EEXIST)
        super().__init__(stack, name, ifindex, lower.mac, lower.mtu)
        self.lower = lower
        self.vid = vid
        lower.vlans[vid] = self
        lower.settle()

    @property
    def carrier(self) -> bool:
        return self.lower.running

    def operstate(self) -> str:
        if self.up and not self.lower.up:
            return "LOWERLAYERDOWN"
        return super().operstate()

    def open(self) -> None:
        if not self.lower.up:
            raise error(Errno.ENETDOWN)
        super().open()

    def transmit(self, frame: Ethernet) -> None:
        self.tx_packets += 1
        self.tx_bytes += frame.size
        frame.vlan = self.vid
        frame.resize()
        self.lower.xmit(frame)

    def unregister(self) -> None:
        """It goes away."""
        self.lower.vlans.pop(self.vid, None)
        self.lower.settle()

    def state(self) -> Any:
        return (super().state(), self.lower.name, self.vid)
