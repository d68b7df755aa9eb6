"""Captures: what passes a host's interfaces, or a cable, written down as a pcap file.

A capture only looks: a world runs the same with one and without. Frames are packed when they pass,
because whoever owns them may change them in the next instant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minios.net.wire.pcap import FileHeader

if TYPE_CHECKING:
    from minios.net.fabric.link import Link
    from minios.net.host.netdev import NetDevice
    from minios.net.host.stack import Stack
    from minios.net.wire.ethernet import Ethernet

Write = Callable[[bytes], object]


class Capture:
    """A pcap file of Ethernet frames with times to the nanosecond.

    ``write`` takes bytes, ``epoch`` is the date of the world's time 0 in ns since 1970. ``frames``
    counts what was written.
    """

    def __init__(self, write: Write, epoch: int = 0) -> None:
        self.write = write
        self.epoch = epoch
        self.frames = 0
        self._header = FileHeader(nano=True)
        write(self._header.pack())

    def take(self, data: bytes, now: int) -> None:
        """Write down a frame that passed at ``now``."""
        self.frames += 1
        self.write(self._header.record(max(0, self.epoch + now), data))


class HostCapture(Capture):
    """All that the interfaces of one host send and take in, as ``tcpdump -i any`` sees it, but as
    whole Ethernet frames: cards and the loopback, which passes each packet once.

    An instrument: its stack is listened to when it is made, and again after the next boot.
    """

    def __init__(self, name: str, write: Write, epoch: int = 0) -> None:
        super().__init__(write, epoch)
        self.name = name

    def on_stack(self, stack: Stack) -> None:
        """A stack was made; if it is this host's, its packets are wanted."""
        if stack.name == self.name:
            self.listen(stack)

    def listen(self, stack: Stack) -> None:
        """Take down what passes the interfaces of ``stack`` from now on."""
        stack.taps.append(self._tap)
        for device in list(stack.devices.values()):
            device.settle()

    def _tap(self, frame: Ethernet, device: NetDevice, outgoing: bool) -> None:
        if device.kind:
            return  # a VLAN, a bridge: it passes a card as well
        if not (outgoing and device.loopback):
            padded = not (outgoing or device.loopback)
            data = frame.pack() if padded else frame.unpadded()
            self.take(data, device.stack.world.now)


class LinkCapture(Capture):
    """What is put on a cable in either direction, when it is: a probe at the senders' ends, which
    sees what is lost on the way too. An instrument.
    """

    def __init__(self, link: Link, write: Write, epoch: int = 0) -> None:
        super().__init__(write, epoch)
        self.link = link

    def on_frame(self, link: Link, side: int, frame: Ethernet, sent: int, arrives: int) -> None:
        """A frame was put on some cable."""
        if link is self.link:
            self.take(frame.pack(), sent)
