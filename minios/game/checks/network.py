"""Checks of the network: who is reached, which ports are open, what is translated."""

from __future__ import annotations

from typing import Any

from minios.abi.inet import IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, parse_ip
from minios.game.checks.bound import Bound, Scene, kernel_of
from minios.game.net.spec import parse_end
from minios.game.spec import NatCheck, PortCheck, ReachableCheck
from minios.kernel.kernel import Kernel
from minios.sim.world import MARK_POWER, MILLISECOND

SAMPLE = 100 * MILLISECOND
"""How often ports and translations are looked at while somebody wants to know."""

_ECHO = bytes((8, 0, 0, 0, 0, 0, 0, 1)) + bytes(range(56))
_PROTOS = {"icmp": IPPROTO_ICMP, "tcp": IPPROTO_TCP, "udp": IPPROTO_UDP}


class BoundReachable(Bound):
    """Sends probes from the machine's own stack, as monitoring does, and says how the last went.

    A TCP connection that is made is reset at once; a refused one is no answer. A UDP probe is an
    empty datagram, answered by any.
    """

    __slots__ = (
        "_deadline", "_enabled", "_end", "_next", "_scene", "_stack", "_verdict", "check",
    )  # fmt: skip

    def __init__(self, check: ReachableCheck, scene: Scene) -> None:
        self.marks = MARK_POWER
        self.due = None
        self.check = check
        self._scene = scene
        self._enabled = False
        self._verdict = False
        self._end: Any = None
        self._stack: Any = None
        """Whose socket the probe has; it may be gone before the probe is over."""
        self._next = 0
        self._deadline = 0

    def enable(self, on: bool) -> None:
        self._enabled = on
        if not on:
            self._stop(False)

    def holds(self, now: int) -> bool:
        kernel = kernel_of(self._scene, self.check.on)
        if not self._enabled or kernel is None:
            self._stop(False)
            self.due = None
            return False
        if self._end is not None:
            if self._answered():
                self._stop(True)
            elif now >= self._deadline or self._failed():
                self._stop(False)
        if self._end is None and now >= self._next:
            self._next = now - now % self.check.every + self.check.every
            self._start(kernel, now)
        self.due = self._next if self._end is None else self._deadline
        return self._verdict

    def _stop(self, verdict: bool) -> None:
        """The probe is over."""
        self._verdict = verdict
        end, self._end = self._end, None
        if end is not None and not self._stack.closed:
            end.notify = _nobody
            if self.check.proto == "tcp":
                end.abort()
            end.close()

    def _target(self) -> int:
        """The address to reach: as it is now, if the machine's is meant. 0 if it has none."""
        try:
            return parse_ip(self.check.to)
        except ValueError:
            pass
        if self.check.to not in self._scene.hosts:
            return 0
        kernel = kernel_of(self._scene, self.check.to)
        if kernel is None or not kernel.networked:
            return 0
        for device in kernel.net.devices.values():
            if not device.loopback and device.addresses:
                return device.addresses[0].ip
        return 0

    def _start(self, kernel: Kernel, now: int) -> None:
        check = self.check
        target = self._target()
        stack = kernel.net
        if not target:
            self._verdict = False
            return
        end: Any
        if check.proto == "tcp":
            from minios.net.tcp.connection import Connection

            end = Connection(stack)
        elif check.proto == "udp":
            from minios.net.transport.udp import UdpEndpoint

            end = UdpEndpoint(stack)
        else:
            from minios.net.transport.raw import PingEndpoint

            end = PingEndpoint(stack)
        self._end = end
        self._stack = stack
        self._deadline = now + check.timeout
        end.notify = self._notice
        try:
            end.connect(target, check.port)
            if check.proto != "tcp":
                end.send(_ECHO if check.proto == "icmp" else b"")
        except OSError:
            self._stop(False)

    def _notice(self) -> None:
        """Something happened at the probe's socket: look at the end of this instant."""
        self._scene.wake(self)

    def _answered(self) -> bool:
        end = self._end
        if self.check.proto == "tcp":
            return bool(end.state.name == "ESTABLISHED")
        try:
            return end.receive() is not None
        except OSError:
            return False

    def _failed(self) -> bool:
        return bool(self._end.error) or (
            self.check.proto == "tcp" and self._end.state.name == "CLOSED"
        )


def _nobody() -> None:
    """Nobody listens to the probe's socket any more."""


class Sampled(Bound):
    """A check of tables that say nothing when they change: looked at ten times a second."""

    __slots__ = ("_enabled",)

    def __init__(self) -> None:
        self.marks = MARK_POWER
        self.due = None
        self._enabled = False

    def enable(self, on: bool) -> None:
        self._enabled = on

    def holds(self, now: int) -> bool:
        if not self._enabled:
            self.due = None
            return False
        self.due = now - now % SAMPLE + SAMPLE
        return self.look()

    def look(self) -> bool:
        """What is the case now."""
        raise NotImplementedError


class BoundPort(Sampled):
    """Sockets of a machine by their local port; see :class:`minios.game.spec.PortCheck`."""

    __slots__ = ("_address", "_remote", "_scene", "check")

    def __init__(self, check: PortCheck, scene: Scene) -> None:
        super().__init__()
        self.check = check
        self._scene = scene
        self._address = _ip(check.address) if check.address else None
        self._remote = _ip(check.remote) if check.remote else None

    def look(self) -> bool:
        kernel = kernel_of(self._scene, self.check.on)
        ends = self._ends(kernel) if kernel is not None and kernel.networked else []
        if self.check.state == "closed":
            return kernel is not None and not ends
        if not self.check.by:
            return bool(ends)
        return kernel is not None and any(self._held(kernel, end) for end in ends)

    def _ends(self, kernel: Kernel) -> list[Any]:
        """The endpoints that fit."""
        check = self.check
        stack = kernel.net
        found: list[Any] = []
        if check.proto == "udp":
            found = [end for end in stack.udp.endpoints() if end.local[1] == check.port]
            if check.state == "connected":
                found = [end for end in found if end.remote[0]]
        else:
            if check.state != "connected":
                found = list(stack.tcp.listeners.get(check.port, ()))
            if check.state != "listening":
                found += [
                    end
                    for key, end in stack.tcp.connections.items()
                    if key[1] == check.port and end.state.name == "ESTABLISHED"
                ]
        if self._address is not None:
            mine = (self._address, 0) if stack.is_local(self._address) else (self._address,)
            found = [end for end in found if end.local[0] in mine]
        if self._remote is not None:
            found = [end for end in found if end.remote[0] == self._remote]
        return found

    def _held(self, kernel: Kernel, end: Any) -> bool:
        """Whether a process of the wanted identities has a descriptor of it."""
        for pcb in kernel.processes.values():
            if pcb.identity not in self.check.by or pcb.fds is None:
                continue
            for _, file in pcb.fds.items():
                sock = getattr(file, "sock", None)
                mine = getattr(sock, "end", None)
                if mine is not None and (mine is end or getattr(end, "model", None) is mine):
                    return True
        return False


class BoundNat(Sampled):
    """Translations in a machine's conntrack, or of a NAT box."""

    __slots__ = ("_ends", "_scene", "check")

    def __init__(self, check: NatCheck, scene: Scene) -> None:
        super().__init__()
        self.check = check
        self._scene = scene
        self._ends = [_end(text) for text in (check.inside, check.outside, check.remote)]

    def look(self) -> bool:
        return any(self._fits(row) for row in self._rows()) is self.check.exists

    def _rows(self) -> list[tuple[int, tuple[int, int], tuple[int, int], tuple[int, int]]]:
        """(protocol, inside, outside, remote) of each translation."""
        name = self.check.on
        if name not in self._scene.hosts:
            network = self._scene.network
            box = network.nodes.get(name) if network is not None else None
            return _mappings(box) if box is not None else []
        kernel = kernel_of(self._scene, name)
        if kernel is None or not kernel.networked or kernel.net.netfilter is None:
            return []
        return _tracked(kernel.net.netfilter)

    def _fits(self, row: tuple[int, tuple[int, int], tuple[int, int], tuple[int, int]]) -> bool:
        proto, *ends = row
        if self.check.proto and proto != _PROTOS[self.check.proto]:
            return False
        for (ip, port), (its_ip, its_port) in zip(self._ends, ends, strict=True):
            if ip not in (None, its_ip) or port not in (None, its_port):
                return False
        return True


def _ip(text: str) -> int:
    """An address; one that a seed has spoilt is nobody's."""
    try:
        return parse_ip(text)
    except ValueError:
        return -1


def _end(text: str) -> tuple[int | None, int | None]:
    try:
        return parse_end(text) if text else (None, None)
    except ValueError:
        return -1, -1


def _tracked(netfilter: Any) -> list[Any]:
    """Connections whose addresses are changed: who began them, as what, and with whom.

    Of one whose source is translated the beginner is inside; of one whose destination is (a
    forwarded port) the target is, and the beginner is the remote.
    """
    rows = []
    for conn in netfilter.conntrack.live():
        src, dst, proto, sport, dport = conn.forward.key
        rsrc, rdst, _, rsport, rdport = conn.reply.key
        if proto == IPPROTO_ICMP:  # the identifier is on the inside, and a kind for a port
            dport, rsport, rdport = 0, 0, rsport
        if (rdst, rdport) != (src, sport):
            rows.append((proto, (src, sport), (rdst, rdport), (rsrc, rsport)))
        elif (rsrc, rsport) != (dst, dport):
            rows.append((proto, (rsrc, rsport), (dst, dport), (src, sport)))
    return rows


def _mappings(box: Any) -> list[Any]:
    """The mappings of a NAT box; the remote is the peer of one that is for one peer only."""
    return [(row.proto, row.inside, row.outside, row.peer) for row in box.mappings()]
