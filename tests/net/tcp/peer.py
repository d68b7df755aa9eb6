"""A host's TCP against a bare peer that says exactly what a test wants, when it wants.

::

    peer = Peer()
    listener = peer.listen(80)
    peer.send(0, "S", 0, mss=1000)                  # send this at t …
    peer.expect(0, "S.", 0, ack=1)                  # … expect that at t
    peer.send(100, ".", 1, ack=1)

Times are ms. Sequence numbers are relative: the peer's own from 0, the host's from its SYN. The
cable has no latency and no rate, so that what is answered at once is answered at the same time.
"""

from typing import Any

from minios.abi.inet import ip_text
from minios.net.tcp import Connection, Listener
from minios.net.wire.arp import ARP
from minios.net.wire.ethernet import Ethernet
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.tcp import TCP, flags_text
from minios.net.wire.tcpoptions import TcpOptions
from tests.net.rig import MS, Rig

HOST, PEER = 0x0A000001, 0x0A000002
BITS = {"F": 1, "S": 2, "R": 4, "P": 8, ".": 16, "U": 32}
ISN = 1000
"""The number on the wire of the peer's SYN."""
MASK = 0xFFFF_FFFF


class Peer:
    """The host has 10.0.0.1, the peer 10.0.0.2; the connection looked at is of these ports."""

    def __init__(self, *, mtu: int = 0, isn: int = ISN, **sysctl: int) -> None:
        self.rig = Rig()
        self.stack = self.rig.host("host", eth0=f"{ip_text(HOST)}/24", mtu=mtu, sysctl=sysctl)
        self.station = self.rig.station("peer")
        self.station.answer = self._arp
        self.rig.link("host.eth0", "peer.0")
        self.isn = isn
        self.host_isn: int | None = None
        self.port, self.host_port = 4000, 80
        self.listener: Listener | None = None
        self.connection: Connection | None = None
        self.mac = next(iter(self.stack.devices["eth0"].addresses), None) and (
            self.stack.devices["eth0"].mac
        )
        self.ts = 0
        """The timestamp of ours that the host echoed last."""

    def _arp(self, frame: Ethernet) -> Ethernet | None:
        if isinstance(frame.payload, ARP) and frame.payload.op == 1:
            ask = frame.payload
            reply = ARP(2, self.station.mac, PEER, ask.sha, ask.spa)
            return Ethernet(ask.sha, self.station.mac, 0x0806, reply)
        return None

    # -- time ----------------------------------------------------------------------------------

    @property
    def world(self) -> Any:
        return self.rig.world

    def until(self, t: int) -> None:
        """Let time pass until ``t`` ms, and everything of that instant happen."""
        self.rig.run(t * MS)

    # -- the host ------------------------------------------------------------------------------

    def listen(self, port: int = 80, backlog: int = 5) -> Listener:
        self.host_port = port
        self.listener = Listener(self.stack, 0, port, backlog)
        return self.listener

    def connect(self, t: int = 0, port: int = 80) -> Connection:
        """The host connects to the peer."""
        self.until(t)
        self.port = port
        connection = Connection(self.stack)
        connection.connect(PEER, port)
        self.host_port = connection.local_port
        self.connection = connection
        self.until(t)
        return connection

    def accepted(
        self, *, mss: int = 1000, win: int = 65535, rtt: int = 0, setup: Any = None, **options: Any
    ) -> Connection:
        """A connection that the peer opened and the host accepted, at 0 ms; its last segment comes
        at ``rtt``."""
        listener = self.listen()
        if setup is not None:
            setup(listener.model)
        stamps = {"ts": (1, 0)} if options.pop("timestamps", False) else {}
        self.send(0, "S", 0, win=win, mss=mss, **stamps, **options)
        self.expect(0, "S.", 0, ack=1)
        more = {"ts": (1, self.ts)} if stamps else {}
        self.send(rtt, ".", 1, ack=1, win=win >> (options.get("wscale") or 0), **more)
        connection = listener.accept()
        assert connection is not None
        self.connection = connection
        return connection

    # -- segments ------------------------------------------------------------------------------

    def send(
        self, t: int, flags: str, seq: int, data: bytes | int = b"", *, ack: int = 0,
        win: int = 65535, sport: int | None = None, src: int = PEER, **options: Any,
    ) -> None:  # fmt: skip
        """A segment from the peer at ``t``; ``data`` may be a number of bytes."""
        self.until(t)
        bits = sum(BITS[letter] for letter in flags)
        number = (ack + (self.host_isn or 0)) & MASK if bits & 16 else 0
        ts = options.pop("ts", None)
        sack = tuple(
            ((low + (self.host_isn or 0)) & MASK, (high + (self.host_isn or 0)) & MASK)
            for low, high in options.pop("blocks", ())
        )
        made: Any = ()
        if options or ts or sack:
            made = TcpOptions(
                mss=options.get("mss"), wscale=options.get("wscale"),
                sack_permitted=options.get("sack", False), timestamps=ts, sack=sack,
            )  # fmt: skip
        payload = bytes(data) if isinstance(data, int) else data
        segment = TCP(
            self.port if sport is None else sport, self.host_port, (self.isn + seq) & MASK, number,
            bits, win, payload, made,
        )  # fmt: skip
        self.raw(IPv4(src, HOST, 6, segment, df=True))

    def raw(self, packet: IPv4) -> None:
        mac = self.stack.devices["eth0"].mac
        self.station.send(Ethernet(mac, self.station.mac, 0x0800, packet))
        self.rig.run(self.world.now)

    def take(self) -> tuple[int, IPv4] | None:
        """The next packet that the host sent, with its time in ns."""
        self.rig.run(self.world.now)
        while self.station.got:
            at, frame = self.station.got.pop(0)
            if isinstance(frame.payload, IPv4):
                return at, frame.payload
        return None

    def expect(
        self, t: int, flags: str, seq: int, data: int = 0, *, ack: int | None = None,
        win: int | None = None, sport: int | None = None,
    ) -> TCP:  # fmt: skip
        """The host's next segment: sent at ``t``, with these flags (PSH does not matter) and
        numbers, and ``data`` bytes."""
        if t * MS > self.world.now:
            self.until(t)
        found = self.take()
        assert found is not None, f"nothing was sent; expected {flags} {seq}:{seq + data} at {t} ms"
        at, packet = found
        segment = packet.payload
        assert isinstance(segment, TCP), packet.summary()
        if segment.flags & 2:
            self.host_isn = segment.seq
        zero = self.host_isn if self.host_isn is not None else segment.seq
        said = flags_text(segment.flags & ~8)
        got = (at / MS, said, (segment.seq - zero) & MASK, len(segment.payload))
        assert got == (t, flags, seq & MASK, data), f"sent {got}: {segment.summary()}"
        if ack is not None:
            assert (segment.ack - self.isn) & MASK == ack, segment.summary()
        if win is not None:
            assert segment.window == win, segment.summary()
        if segment.options and segment.options.timestamps:
            self.ts = segment.options.timestamps[0]
        return segment

    def nothing(self, t: int) -> None:
        """The host sends nothing (more) until ``t`` ms."""
        self.until(t)
        found = self.take()
        assert found is None, f"at {found[0] / MS} ms: {found[1].summary()}"
