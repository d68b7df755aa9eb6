"""A port: where a cable goes into a machine or a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from minios.net.drop import Drop

if TYPE_CHECKING:
    from minios.net.fabric.link import Wire
    from minios.net.fabric.network import Network
    from minios.net.wire.ethernet import Ethernet


class Owner(Protocol):
    """Whose port it is: a machine, a switch, a hub, a NAT box."""

    name: str

    def carrier(self, port: Port, up: bool) -> None:
        """The cable was plugged in or pulled out."""


class Port:
    """One socket for a cable, with its hardware address (0: it has none, as a hub's).

    ``send(frame)`` puts a frame on the wire and gives it away; ``receive`` is set by the owner and
    is called with each frame that arrives. It has to be a callable of this port's own (a bound
    method of the interface, say): what is in flight is found again by it when the cable is pulled
    or the owner sets another one (a machine that was switched off).
    """

    __slots__ = (
        "_receive", "bad_frames", "mac", "name", "network", "owner", "send", "unsent", "wire",
    )  # fmt: skip

    def __init__(
        self, owner: Owner, name: str, mac: int = 0, network: Network | None = None
    ) -> None:
        self.owner = owner
        self.name = name
        self.mac = mac
        self.network = network
        self.wire: Wire | None = None
        """The direction that leaves from here, if there is a cable at all."""
        self.bad_frames = 0
        """Frames whose check sequence was wrong (CRC errors)."""
        self.unsent = 0
        """Frames that had no cable to go on."""
        self.send: Callable[[Ethernet], None] = self.no_cable
        self._receive: Callable[[Ethernet], None] = self.nobody

    @property
    def label(self) -> str:
        """``machine.port``, as level files have it."""
        return f"{self.owner.name}.{self.name}"

    @property
    def up(self) -> bool:
        """There is a cable, and it is plugged in at both ends (carrier)."""
        return self.wire is not None and self.wire.link.up

    @property
    def peer(self) -> Port | None:
        """The port at the other end of the cable."""
        return self.wire.target if self.wire is not None else None

    @property
    def receive(self) -> Callable[[Ethernet], None]:
        """Who takes the frames that arrive."""
        return self._receive

    @receive.setter
    def receive(self, fn: Callable[[Ethernet], None]) -> None:
        old, self._receive = self._receive, fn
        if self.wire is not None:
            self.wire.back.arrive_at(old, fn)

    def no_cable(self, frame: Ethernet) -> None:
        """What ``send`` is without carrier."""
        self.unsent += 1
        if self.network is not None:
            self.network.drop(Drop.UNPLUGGED, self.owner.name, frame, self.label)

    def nobody(self, frame: Ethernet) -> None:
        """What ``receive`` is while nobody has set it: the owner has no power."""
        if self.network is not None:
            self.network.drop(Drop.HOST_DOWN, self.owner.name, frame, self.label)
