"""Two applications that write, read and close as they like, over cables of every kind.

What arrives is what was sent, all of it unless an end was told of an error; in the end nothing is
left. A long run: ``MINIOS_EXAMPLES=20000 pytest tests/net/tcp/test_conversations.py``.
"""

import os

import pytest

from minios.net.tcp import Connection, Listener
from minios.net.tcp.timewait import TimeWait
from minios.sim.random import Rng
from tests.net.rig import MS, Rig, S
from tests.net.tcp.transfer import RECEIVER, SENDER, _know

EXAMPLES = int(os.environ.get("MINIOS_EXAMPLES", "300"))
SWITCHES = (
    "tcp_sack", "tcp_timestamps", "tcp_window_scaling", "tcp_dsack", "tcp_recovery",
    "tcp_early_retrans",
)  # fmt: skip


class Application:
    """One side: it has ``data`` to send, and keeps what it ``got``."""

    def __init__(self, chance: Rng, data: bytes) -> None:
        self.chance = chance
        self.data = data
        self.sent = 0
        self.got = bytearray()
        self.end: Connection | None = None
        self.closed = self.over = False
        self.errors: list[int | None] = []

    @property
    def done(self) -> bool:
        return self.closed and self.over

    def act(self) -> None:
        """Write some, read some, or neither."""
        end, chance = self.end, self.chance
        if end is None or end.state.name in ("SYN_SENT", "SYN_RECV"):
            return
        try:
            if not self.closed and chance.below(3):
                size = chance.choice((1, 100, 3000, 100_000))
                self.sent += end.write(self.data[self.sent : self.sent + size])
                if self.sent == len(self.data):
                    end.shutdown(1)
                    self.closed = True
            if chance.below(3):
                taken = end.read(chance.choice((1, 500, 70_000)))
                self.over = self.over or taken == b""
                self.got += taken or b""
        except OSError as err:
            self.errors.append(err.errno)
            self.closed = self.over = True


def converse(seed: int) -> tuple[Application, Application, Rig]:
    rig = Rig(seed)
    chance = rig.world.stream("conversation")
    sysctl = {name: 0 for name in SWITCHES if chance.below(4) == 0}
    a = rig.host("a", eth0="10.0.0.1/24", sysctl=sysctl)
    b = rig.host("b", eth0="10.0.0.2/24", sysctl=sysctl)
    rig.link(
        "a.eth0", "b.eth0",
        latency=chance.choice((0, 1, 20, 150)) * MS,
        rate=chance.choice((0, 1_000_000, 100_000_000)),
        queue=chance.choice((4000, 1 << 16, 1 << 20)),
        loss=chance.choice((0, 0, 20_000, 100_000, 200_000)),
        duplicate=chance.choice((0, 50_000)),
        reorder=chance.choice((0, 200_000)),
        delay=chance.choice((1, 30)) * MS,
        damage=chance.choice((0, 0, 30_000)),
    )  # fmt: skip
    _know(a, RECEIVER, b.devices["eth0"].mac)
    _know(b, SENDER, a.devices["eth0"].mac)
    near, far = (
        Application(chance, chance.bytes(chance.choice((0, 1, 5000, 60_000)))) for _ in "ab"
    )
    listener = Listener(b, 0, 9, 3)
    near.end = Connection(a)
    for end in (listener.model, near.end):
        if chance.below(3) == 0:
            end.set_rcvbuf(chance.choice((2048, 5000, 20_000)))
        if chance.below(3) == 0:
            end.set_sndbuf(chance.choice((3000, 20_000)))
        end.congestion = chance.choice(("reno", "cubic"))
        end.nodelay = chance.below(3) == 0
        end.cork = chance.below(5) == 0
    near.end.connect(RECEIVER, 9)

    def turn() -> None:
        if far.end is None:
            far.end = listener.accept()
        near.act()
        far.act()
        if (near.done and far.done) or rig.world.now > 3000 * S:
            for side in (near, far):
                if side.end is not None:
                    side.end.close()
        else:
            rig.world.at(rig.world.now + chance.choice((1, 10, 50, 300)) * MS, turn)

    rig.world.at(0, turn)
    rig.run(20_000 * S)
    return near, far, rig


@pytest.mark.parametrize("part", range(10))
def test_what_arrives_is_what_was_sent_and_nothing_is_left(part: int) -> None:
    for seed in range(part, EXAMPLES, 10):
        near, far, rig = converse(seed)
        trouble = near.errors + far.errors
        for one, other in ((near, far), (far, near)):
            assert one.data.startswith(bytes(other.got)), seed
            assert trouble or len(other.got) == len(one.data), seed
        for stack in rig.hosts.values():
            stack.tcp.tidy()
            left = stack.tcp.connections.values()
            assert all(isinstance(known, TimeWait) and known.over for known in left), seed
