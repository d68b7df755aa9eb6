"""The spanning tree protocol (IEEE 802.1D-1998 clause 8): a tree out of switches that form loops.

Bridges tell each other of the best root they know of. Whoever hears of a better one believes it,
and a port over which somebody else's way to the root is better than the own one is blocked. What a
port knows ages out when the root is no longer heard, and a port waits twice the forward delay
before it forwards, so that no loop ever closes for a moment.

With STP a bridge has timers: the root's hello, and those of ports that are changing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minios.net.drop import Drop
from minios.net.fabric.bridging import (
    BLOCKING,
    DISABLED,
    FORWARDING,
    LEARNING,
    LISTENING,
    Bridge,
    BridgePort,
)  # fmt: skip
from minios.net.wire.ethernet import STP_MAC, Ethernet
from minios.net.wire.malformed import Malformed
from minios.net.wire.stp import BPDU, TCN, TOPOLOGY_CHANGE, TOPOLOGY_CHANGE_ACK
from minios.sim.world import SECOND, Timer

HELLO = 2 * SECOND
MAX_AGE = 20 * SECOND
FORWARD_DELAY = 15 * SECOND
HOLD = 1 * SECOND
"""Between two configuration messages on one port, at least."""
AGE_STEP = 1 * SECOND
"""What a message gets older by at each bridge."""

PRIORITY = 32768
PORT_PRIORITY = 128
COST = 19
"""Of a port of 100 Mbit/s."""


def cost_of(rate: int) -> int:
    """The path cost of a port, by its rate in bit/s (802.1D-1998 table 8-5; 0 is no limit)."""
    for least, cost in ((10**10, 2), (10**9, 4), (10**8, 19), (10**7, 100)):
        if not rate or rate >= least:
            return cost
    return min(65535, 10**9 // rate)


class StpPort:
    """What the protocol knows at one port: the best message heard there, or its own.

    ``root cost bridge port`` are the designated ones (8.5.5); who is designated for a LAN speaks
    on it.
    """

    __slots__ = (
        "acknowledge", "age", "bridge", "cost", "delay", "hold", "ident", "inner", "path_cost",
        "pending", "port", "root", "since",
    )  # fmt: skip

    def __init__(self, inner: BridgePort) -> None:
        self.inner = inner
        self.ident = PORT_PRIORITY << 8 | inner.number
        self.path_cost = COST
        self.root = self.cost = self.bridge = self.port = 0
        self.since = 0
        """When the message heard here left the root, if it is another's."""
        self.acknowledge = False
        self.pending = False
        self.age: Timer | None = None
        self.delay: Timer | None = None
        self.hold: Timer | None = None

    def stop(self) -> None:
        """Stop its timers."""
        for timer in (self.age, self.delay, self.hold):
            if timer is not None:
                timer.cancel()
        self.age = self.delay = self.hold = None
        self.acknowledge = self.pending = False

    def state(self) -> tuple[Any, ...]:
        return (
            self.ident, self.path_cost, self.root, self.cost, self.bridge, self.port, self.since,
            self.acknowledge, self.pending,
        )  # fmt: skip


class Stp:
    """The protocol of one bridge. ``ident`` is its identifier, priority << 48 | MAC."""

    def __init__(
        self,
        bridge: Bridge,
        mac: int,
        priority: int = PRIORITY,
        *,
        hello: int = HELLO,
        max_age: int = MAX_AGE,
        forward_delay: int = FORWARD_DELAY,
    ) -> None:
        self.bridge = bridge
        self.world = bridge.world
        self.mac = mac
        self.ident = priority << 48 | mac
        self.own = (max_age, hello, forward_delay)
        """Its own parameters (ns), which count while it is the root."""
        self.max_age, self.hello, self.forward_delay = self.own
        self.aging = bridge.aging
        self.root = self.ident
        self.root_cost = 0
        self.root_port: StpPort | None = None
        self.changing = False
        """A topology change is on: entries of the MAC table age within the forward delay."""
        self.detected = False
        self._hello: Timer | None = None
        self._tcn: Timer | None = None
        self._change: Timer | None = None
        self.ports: dict[str, StpPort] = {}
        bridge.stp = self
        for inner in bridge.ports.values():
            if inner.state != DISABLED:
                self.carrier(inner, True)

    @property
    def is_root(self) -> bool:
        """Whether it believes to be the root."""
        return self.root == self.ident

    def role(self, inner: BridgePort) -> str:
        """``root``, ``designated``, ``alternate`` or ``disabled``."""
        port = self.ports.get(inner.name)
        if port is None or inner.state == DISABLED:
            return "disabled"
        if port is self.root_port:
            return "root"
        return "designated" if self._designated(port) else "alternate"

    def set_times(self, hello: int, max_age: int, forward_delay: int) -> None:
        """Its own parameters (ns); the tree has them as far as it is, or becomes, the root."""
        self.own = (max_age, hello, forward_delay)
        if self.is_root:
            self.max_age, self.hello, self.forward_delay = self.own
        if self.changing:
            self.bridge.aging = min(forward_delay, self.aging)

    # -- from outside --------------------------------------------------------------------------

    def carrier(self, inner: BridgePort, up: bool) -> None:
        """A port came up or went down (8.8.2, 8.8.3)."""
        port = self.ports.get(inner.name)
        if port is None:
            port = self.ports[inner.name] = StpPort(inner)
        was_root = self.is_root
        port.stop()
        self._become_designated(port)
        inner.state = BLOCKING if up else DISABLED
        self._update()
        if self.is_root and (not was_root or self._hello is None):
            self._become_root()

    def set_cost(self, inner: BridgePort, cost: int) -> None:
        """The path cost of a port (8.8.6)."""
        port = self.ports.get(inner.name)
        if port is None:
            port = self.ports[inner.name] = StpPort(inner)
        if port.path_cost != cost:
            port.path_cost = cost
            self._update()

    def close(self) -> None:
        """Stop: the bridge forwards everywhere from now on."""
        for port in self.ports.values():
            port.stop()
        for timer in (self._hello, self._tcn, self._change):
            if timer is not None:
                timer.cancel()
        self.bridge.stp = None
        self.bridge.aging = self.aging
        for port in self.ports.values():
            if port.inner.state != DISABLED:
                port.inner.state = FORWARDING

    def receive(self, inner: BridgePort, frame: Ethernet) -> None:
        """A message came in at a port (8.7)."""
        payload = frame.payload
        try:
            bpdu = payload if isinstance(payload, BPDU) else BPDU.parse(payload)
        except Malformed as err:
            self.bridge.drop(Drop.MALFORMED, frame, inner.name, str(err))
            return
        port = self.ports[inner.name]
        if bpdu.type == TCN:
            if self._designated(port):
                self._topology_changed()
                port.acknowledge = True
                self._send(port)
        elif self._better(port, bpdu):
            self._believe(port, bpdu)
        elif self._designated(port):
            self._send(port)

    # -- choosing ------------------------------------------------------------------------------

    def _designated(self, port: StpPort) -> bool:
        return port.bridge == self.ident and port.port == port.ident

    def _better(self, port: StpPort, bpdu: BPDU) -> bool:
        """Whether a message supersedes what a port knows (8.6.2.2)."""
        heard = (bpdu.root, bpdu.cost, bpdu.bridge)
        known = (port.root, port.cost, port.bridge)
        if heard != known:
            return heard < known
        return bpdu.bridge != self.ident or bpdu.port <= port.port

    def _believe(self, port: StpPort, bpdu: BPDU) -> None:
        was_root = self.is_root
        age = bpdu.message_age * SECOND >> 8
        port.root, port.cost = bpdu.root, bpdu.cost
        port.bridge, port.port = bpdu.bridge, bpdu.port
        port.since = self.world.now - age
        if port.age is not None:
            port.age.cancel()
        left = max((bpdu.max_age * SECOND >> 8) - age, 0)
        port.age = self.world.timer(self.world.now + left, self._too_old, port)
        self._update()
        if was_root and not self.is_root:
            self._hello = _cancelled(self._hello)
            if self.detected:
                self._change = _cancelled(self._change)
                self._notify()
        if port is self.root_port:
            self.max_age = bpdu.max_age * SECOND >> 8
            self.hello = bpdu.hello_time * SECOND >> 8
            self.forward_delay = bpdu.forward_delay * SECOND >> 8
            self._set_changing(bool(bpdu.flags & TOPOLOGY_CHANGE))
            self._speak()
            if bpdu.flags & TOPOLOGY_CHANGE_ACK:
                self.detected = False
                self._tcn = _cancelled(self._tcn)

    def _update(self) -> None:
        """Choose the root and who is designated, and let ports follow (8.6.8 … 8.6.11)."""
        best: tuple[int, int, int, int, int] | None = None
        self.root_port = None
        for port in self.ports.values():
            if port.inner.state == DISABLED or self._designated(port) or port.root >= self.ident:
                continue
            way = (port.root, port.cost + port.path_cost, port.bridge, port.port, port.ident)
            if best is None or way < best:
                best, self.root_port = way, port
        self.root, self.root_cost = (self.ident, 0) if best is None else best[:2]
        for port in self.ports.values():
            known = (port.cost, port.bridge, port.port)
            if (
                self._designated(port)
                or port.root != self.root
                or (self.root_cost, self.ident, port.ident) < known
            ):
                self._become_designated(port)
        for port in self.ports.values():
            self._choose_state(port)

    def _become_designated(self, port: StpPort) -> None:
        port.root, port.cost = self.root, self.root_cost
        port.bridge, port.port = self.ident, port.ident

    def _choose_state(self, port: StpPort) -> None:
        inner = port.inner
        if inner.state == DISABLED:
            return
        designated = self._designated(port)
        if designated and port is not self.root_port:
            port.age = _cancelled(port.age)
        else:
            port.pending = port.acknowledge = False
        if port is self.root_port or designated:
            if inner.state == BLOCKING:
                inner.state = LISTENING
                self._wait(port)
        elif inner.state != BLOCKING:
            carried = inner.state >= LEARNING
            inner.state = BLOCKING
            port.delay = _cancelled(port.delay)
            self.bridge.flush(inner)
            if carried:
                self._topology_changed()

    # -- timers --------------------------------------------------------------------------------

    def _timer(self, delay: int, fn: Callable[..., None], *args: Any) -> Timer:
        return self.world.timer(self.world.now + delay, fn, *args)

    def _wait(self, port: StpPort) -> None:
        port.delay = self._timer(self.forward_delay, self._waited, port)

    def _waited(self, port: StpPort) -> None:
        """The forward delay is over (8.7.5)."""
        port.delay = None
        if port.inner.state == LISTENING:
            port.inner.state = LEARNING
            self._wait(port)
        elif port.inner.state == LEARNING:
            port.inner.state = FORWARDING
            if any(each.bridge == self.ident for each in self.ports.values()):
                self._topology_changed()

    def _too_old(self, port: StpPort) -> None:
        """The root was not heard for too long over this port (8.7.4)."""
        port.age = None
        was_root = self.is_root
        self._become_designated(port)
        self._update()
        if self.is_root and not was_root:
            self._become_root()

    def _become_root(self) -> None:
        self.max_age, self.hello, self.forward_delay = self.own
        self._tcn = _cancelled(self._tcn)
        self._topology_changed()
        self._say_hello()

    def _say_hello(self) -> None:
        self._hello = _cancelled(self._hello)
        if any(port.inner.state != DISABLED for port in self.ports.values()):
            self._speak()
            self._hello = self._timer(self.hello, self._say_hello)

    def _topology_changed(self) -> None:
        """Some way through the tree is another one now (8.6.14)."""
        if self.is_root:
            self._set_changing(True)
            self._change = _cancelled(self._change)
            self._change = self._timer(self.own[0] + self.own[2], self._calm)
        elif not self.detected:
            self._notify()
        self.detected = True

    def _calm(self) -> None:
        self._change = None
        self.detected = False
        self._set_changing(False)

    def _notify(self) -> None:
        """Tell the root, over the designated bridge, until that one has acknowledged it."""
        self._tcn = _cancelled(self._tcn)
        if self.root_port is not None:
            self._transmit(self.root_port, BPDU(TCN, max_age=0, hello_time=0, forward_delay=0))
            self._tcn = self._timer(self.own[1], self._notify)

    def _set_changing(self, on: bool) -> None:
        """While a change is on, who was not heard for a forward delay is forgotten (8.3.5)."""
        if self.changing == on:
            return
        self.changing = on
        if on:
            self.bridge.aging = min(self.forward_delay, self.aging)
        else:
            self.bridge.forget_older(self.bridge.aging)
            self.bridge.aging = self.aging

    # -- speaking ------------------------------------------------------------------------------

    def _speak(self) -> None:
        """A configuration message on every LAN it is designated for (8.6.4)."""
        for port in self.ports.values():
            if self._designated(port) and port.inner.state != DISABLED:
                self._send(port)

    def _send(self, port: StpPort) -> None:
        if port.hold is not None:
            port.pending = True
            return
        age = 0
        if self.root_port is not None:
            age = self.world.now - self.root_port.since + AGE_STEP
        if age >= self.max_age:
            return
        flags = TOPOLOGY_CHANGE if self.changing else 0
        if port.acknowledge:
            flags |= TOPOLOGY_CHANGE_ACK
        port.acknowledge = port.pending = False
        port.hold = self._timer(HOLD, self._held, port)
        self._transmit(port, BPDU(
            0, flags, self.root, self.root_cost, self.ident, port.ident, _ticks(age),
            _ticks(self.max_age), _ticks(self.hello), _ticks(self.forward_delay),
        ))  # fmt: skip

    def _held(self, port: StpPort) -> None:
        port.hold = None
        if port.pending and self._designated(port):
            self._send(port)

    def _transmit(self, port: StpPort, bpdu: BPDU) -> None:
        source = self.mac + port.inner.number
        port.inner.send(Ethernet(STP_MAC, source, bpdu.length, bpdu))

    def state(self) -> tuple[Any, ...]:
        """Plain data for the digest."""
        return (
            self.ident, self.root, self.root_cost, self.changing, self.detected,
            self.max_age, self.hello, self.forward_delay,
            [(name, port.state()) for name, port in self.ports.items()],
        )  # fmt: skip


def _cancelled(timer: Timer | None) -> Timer | None:
    """None, for where the timer was kept."""
    if timer is not None:
        timer.cancel()
    return None


def _ticks(ns: int) -> int:
    """Units of 1/256 s."""
    return (ns << 8) // SECOND
