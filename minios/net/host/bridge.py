"""The Linux bridge: a device whose ports are other devices (ip-link(8), bridge(8)).

Learning and forwarding are those of every switch (:mod:`minios.net.fabric.bridging`); the bridge
itself is one more port of it, behind which is this host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.net.drop import Drop
from minios.net.fabric.bridging import DISABLED, FORWARDING, Bridge, BridgePort
from minios.net.host.netdev import NetDevice

if TYPE_CHECKING:
    from minios.net.host.stack import Stack
    from minios.net.wire.ethernet import Ethernet

SELF = ""
"""The name of the bridge's own port among its ports."""


class BridgeDevice(NetDevice):
    """``br0``. ``core`` forwards; ``ports`` are the devices that were made its ports."""

    kind = "bridge"

    def __init__(self, stack: Stack, name: str, ifindex: int, mac: int) -> None:
        super().__init__(stack, name, ifindex, mac)
        self.judged = False
        """It has had a port, and so knows whether it has carrier."""
        self.fixed_mac = False
        self.fixed_mtu = False
        self.core = Bridge(stack.world, f"{stack.name}.{name}", self._dropped)
        self.itself = self.core.add_port(SELF, self._up_to_us)
        self.ports: dict[str, NetDevice] = {}
        self.vlan_filtering = False
        self.core.add_static(mac, self.itself)

    @property
    def carrier(self) -> bool:
        return not self.judged or any(device.running for device in self.ports.values())

    def operstate(self) -> str:
        if self.up and not self.judged:
            return "UNKNOWN"
        return super().operstate()

    def _dropped(self, reason: Drop, frame: Ethernet, port: str, detail: str) -> None:
        device = self.ports.get(port, self)
        device.rx_dropped += 1
        self.stack.drop(reason, frame, device, detail)

    def groups(self) -> dict[int, int]:
        found = super().groups()
        return {**found, 0xE000_006A: 1} if found else {}  # all snoopers (RFC 4286)

    # -- ports ---------------------------------------------------------------------------------

    def enslave(self, device: NetDevice) -> None:
        """Make a device a port. EBUSY (it is one), EINVAL (loopback), ELOOP (a bridge)."""
        if device.loopback:
            raise error(Errno.EINVAL)
        if isinstance(device, BridgeDevice):
            raise error(Errno.ELOOP)
        if device.master is not None:
            raise error(Errno.EBUSY)
        port = self.core.add_port(device.name, device_sender(device))
        device.master = self
        device.slave = port
        device.handler = port.receive
        self.ports[device.name] = device
        self.judged = True
        device.promiscuous(1)
        self.core.add_static(device.mac, self.itself)
        self._choose_mac()
        self.choose_mtu()
        self.follow(device)

    def release(self, device: NetDevice) -> None:
        """Take a port away."""
        self.core.remove_port(device.name)
        del self.ports[device.name]
        self.core.stations.pop(device.mac, None)
        device.master = device.slave = device.handler = None
        device.promiscuous(-1)
        self._choose_mac()
        self.choose_mtu()
        self.stack.routes.changed()

    def choose_mtu(self) -> None:
        """A bridge has the lowest MTU of its ports, unless it was given one."""
        if not self.fixed_mtu:
            self.mtu = min((device.mtu for device in self.ports.values()), default=1500)

    def follow(self, device: NetDevice) -> None:
        """A port went up or down, or its cable did."""
        port: BridgePort = device.slave
        wanted = device.running and self.up
        if wanted == (port.state == DISABLED):
            self.core.carrier(port, wanted)

    def _choose_mac(self) -> None:
        """A bridge has the lowest address of its ports, unless it was given one."""
        if self.fixed_mac:
            return
        self.set_mac(min((device.mac for device in self.ports.values()), default=0))

    def set_mac(self, mac: int) -> None:
        """Another address of its own."""
        stations = self.core.stations
        if self.mac and self.mac not in [device.mac for device in self.ports.values()]:
            stations.pop(self.mac, None)
        self.mac = mac
        if mac:
            self.core.add_static(mac, self.itself)

    def open(self) -> None:
        super().open()
        self.itself.state = FORWARDING
        for device in self.ports.values():
            self.follow(device)

    def stop(self) -> None:
        super().stop()
        self.itself.state = DISABLED
        for device in self.ports.values():
            self.follow(device)

    # -- frames --------------------------------------------------------------------------------

    def transmit(self, frame: Ethernet) -> None:
        self.tx_packets += 1
        self.tx_bytes += frame.size
        frame.src = frame.src or self.mac
        port = self.itself
        core = self.core
        vid = 0
        if core.aware:
            vid = port.pvid if frame.vlan is None else frame.vlan & 0xFFF
        station = core.stations.get(vid << 48 | frame.dst)
        if station is not None and station.port is not port and not frame.dst >> 40 & 1:
            out = station.port
            if vid:
                out.emit(frame, vid)
            else:
                out.tx += 1
                out.send(frame)
        else:
            core.flood(frame, vid, port)

    def _up_to_us(self, frame: Ethernet) -> None:
        """A frame for this host."""
        self.receive(frame)

    def set_spanning_tree(self, on: bool, priority: int = 32768) -> None:
        """``stp_state``: whether the ports speak IEEE 802.1D. The bridge's own never does."""
        core = self.core
        if on == (core.stp is not None):
            return
        if core.stp is not None:
            core.stp.close()
            core.stp = None
            for device in self.ports.values():
                core.carrier(device.slave, device.running and self.up)
            return
        from minios.net.fabric.stp import Stp

        was, self.itself.state = self.itself.state, DISABLED
        core.stp = Stp(core, self.mac, priority)
        self.itself.state = was

    def set_filtering(self, on: bool) -> None:
        """``vlan_filtering``: whether VLAN tags decide where frames may go."""
        self.vlan_filtering = on
        self.core.aware = on
        for mac in {self.mac, *(device.mac for device in self.ports.values())}:
            if on:
                self.core.add_static(mac, self.itself, self.itself.pvid)
            self.core.add_static(mac, self.itself)

    def state(self) -> Any:
        return (super().state(), self.core.state(), list(self.ports), self.vlan_filtering)


def device_sender(device: NetDevice) -> Any:
    """What sends a frame by a device as that is now."""

    def send(frame: Ethernet) -> None:
        device.xmit(frame)

    return send
