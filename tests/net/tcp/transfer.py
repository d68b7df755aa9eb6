"""A file sent over TCP from one host to another, over a cable that is not kind."""

from hashlib import sha256
from typing import Any

from minios.net.tcp import Connection, Listener
from tests.net.rig import MS, Rig, S

SENDER, RECEIVER = 0x0A000001, 0x0A000002


class Transfer:
    """``size`` random bytes from host a to host b. Keywords of ``link`` are those of the cable;
    ``window`` is the receiver's, in bytes, fixed if it is given.

    ``took`` is how long it was from connect to the last byte in ns, ``trace`` every frame.
    """

    def __init__(
        self, size: int, *, seed: int = 1, window: int = 0, congestion: str = "cubic",
        sysctl: dict[str, int] | None = None, trace: bool = False, **link: int,
    ) -> None:  # fmt: skip
        self.rig = rig = Rig(seed)
        a = rig.host("a", eth0="10.0.0.1/24", sysctl=sysctl)
        b = rig.host("b", eth0="10.0.0.2/24", sysctl=sysctl)
        self.link = rig.link("a.eth0", "b.eth0", **link)
        for stack, other, name in ((a, RECEIVER, "b"), (b, SENDER, "a")):
            _know(stack, other, rig.hosts[name].devices["eth0"].mac)
        self.trace: list[tuple[int, int, str]] = []
        if trace:
            rig.world.instruments.add(self)
        self.data = rig.world.stream("data").bytes(size)
        self._left = memoryview(self.data)
        self._got = sha256()
        self.received = 0
        self.took: int | None = None
        self.listener = Listener(b, 0, 9, 5)
        if window:
            self.listener.model.set_rcvbuf(2 * window)
        self.listener.notify = self._accept
        self.far: Connection | None = None
        self.near = near = Connection(a)
        near.congestion = congestion
        near.notify = self._fill
        near.connect(RECEIVER, 9)

    def on_frame(self, link: Any, side: int, frame: Any, sent: int, arrives: int) -> None:
        self.trace.append((sent, side, frame.summary()))

    def _fill(self) -> None:
        while self._left and self.near.writable:
            taken = self.near.write(bytes(self._left[:65536]))
            self._left = self._left[taken:]
        if not self._left and self.near.state == 1:
            self.near.shutdown(1)

    def _accept(self) -> None:
        far = self.listener.accept()
        if far is not None:
            self.far = far
            far.notify = self._drain
            self._drain()

    def _drain(self) -> None:
        assert self.far is not None
        while data := self.far.read(1 << 16):
            self._got.update(data)
            self.received += len(data)
        if data == b"" and self.took is None:
            self.took = self.rig.world.now
            self.far.close()

    @property
    def arrived(self) -> str:
        """SHA-256 of what was received."""
        return self._got.hexdigest()

    @property
    def sent(self) -> str:
        return sha256(self.data).hexdigest()

    def run(self, seconds: int = 4000) -> "Transfer":
        self.rig.run(seconds * S)
        return self

    @property
    def rate(self) -> int:
        """Kilobits per second."""
        assert self.took is not None
        return len(self.data) * 8 * MS // self.took


def _know(stack: Any, ip: int, mac: int) -> None:
    """The hardware address is known for good: a lost ARP request is not what is tested."""
    from minios.net.host.neigh import PERMANENT, Neighbour

    device = stack.devices["eth0"]
    device.neigh[ip] = Neighbour(stack.neigh, device, ip, mac, PERMANENT)
