"""Who has which local port: one table for all transport protocols of a host.

What may be bound beside what is Linux's rule, not POSIX's: see :meth:`PortSpace.bind`. Ephemeral
ports are drawn from a random stream of the host's own (RFC 6056), and those given out by
connect(2) are of the other parity than those given out by bind(2), so that the one hardly ever
searches among what the other took.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from minios.abi.errno import Errno, error
from minios.sim.world import World

EPHEMERAL = (32768, 60999)
"""net.ipv4.ip_local_port_range at boot, both included."""

_UDP = 17


class Bind:
    """A local address that somebody has. Address 0 is all of them; ``device`` "" every device.

    ``chosen`` says that connect(2) took the port: then others may connect from it too, to other
    destinations. ``expires`` is when a TIME_WAIT gives it up, None as long as a socket has it.
    """

    __slots__ = (
        "chosen", "device", "expires", "ip", "listening", "port", "proto", "reuse", "reuseport",
        "uid",
    )  # fmt: skip

    def __init__(
        self, proto: int, ip: int, port: int, *, reuse: bool = False, reuseport: bool = False,
        uid: int = 0, device: str = "", chosen: bool = False,
    ) -> None:  # fmt: skip
        self.proto = proto
        self.ip = ip
        self.port = port
        self.reuse = reuse
        self.reuseport = reuseport
        self.uid = uid
        self.device = device
        self.chosen = chosen
        self.listening = False
        self.expires: int | None = None

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self.proto, self.ip, self.port, self.reuse, self.reuseport, self.uid, self.device,
            self.chosen, self.listening, self.expires,
        )  # fmt: skip


class PortSpace:
    """The ports of one host."""

    __slots__ = ("_binds", "_rng", "_world", "high", "low", "reserved")

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._rng = world.stream(f"ports {name}")
        self._binds: dict[tuple[int, int], list[Bind]] = {}
        self.low, self.high = EPHEMERAL
        self.reserved: frozenset[int] = frozenset()
        """net.ipv4.ip_local_reserved_ports: never given out, though they may be asked for."""

    # -- asking --------------------------------------------------------------------------------

    def binds(self, proto: int, port: int) -> list[Bind]:
        """Who has a port now; a TIME_WAIT that is over has it no more."""
        found = self._binds.get((proto, port))
        if found is None:
            return []
        now = self._world.now
        live = [b for b in found if b.expires is None or b.expires > now]
        if len(live) != len(found):
            if live:
                self._binds[proto, port] = live
            else:
                del self._binds[proto, port]
        return live

    def conflicts(self, bind: Bind, *, explicit: bool = True) -> bool:
        """Whether ``bind`` may not be had beside those that are there.

        Two of the same port get along if their devices or addresses differ (0.0.0.0 differs from
        none), or if both have SO_REUSEPORT and one user, or if both have SO_REUSEADDR and, for TCP,
        the older one is not listening. A port that the kernel picks (not ``explicit``) is for TCP
        never one that lives by SO_REUSEADDR alone.
        """
        tcp = bind.proto != _UDP
        for other in self.binds(bind.proto, bind.port):
            if other is bind or (bind.device and other.device and bind.device != other.device):
                continue
            if bind.ip and other.ip and bind.ip != other.ip:
                continue
            same_owner = bind.uid == other.uid or other.expires is not None
            if bind.reuseport and other.reuseport and same_owner:
                continue
            shareable = not tcp or (explicit and not other.listening)
            if not (bind.reuse and other.reuse and shareable):
                return True
        return False

    # -- taking --------------------------------------------------------------------------------

    def bind(
        self, proto: int, ip: int, port: int, *, reuse: bool = False, reuseport: bool = False,
        uid: int = 0, device: str = "",
    ) -> Bind:  # fmt: skip
        """bind(2): a port, or any with ``port`` 0. EADDRINUSE, also when there is none left."""
        made = Bind(proto, ip, port, reuse=reuse, reuseport=reuseport, uid=uid, device=device)
        if port:
            if self.conflicts(made):
                raise error(Errno.EADDRINUSE)
        else:
            for candidate in self._candidates(odd=True):
                made.port = candidate
                if not self.conflicts(made, explicit=False):
                    break
            else:
                raise error(Errno.EADDRINUSE)
        self._add(made)
        return made

    def connect(
        self, proto: int, ip: int, free: Callable[[int], bool], *, uid: int = 0, device: str = ""
    ) -> Bind:
        """A port for connect(2) from ``ip``; ``free(port)`` says whether that pair of ends is.

        A port that bind(2) gave to somebody is left alone, one that only connect(2) gave out is
        shared. EADDRNOTAVAIL when all are taken.
        """
        for port in self._candidates(odd=False):
            if all(other.chosen for other in self.binds(proto, port)) and free(port):
                made = Bind(proto, ip, port, uid=uid, device=device, chosen=True)
                self._add(made)
                return made
        raise error(Errno.EADDRNOTAVAIL)

    def share(self, bind: Bind) -> Bind:
        """The same port once more: an accepted connection has its listener's."""
        made = Bind(
            bind.proto, bind.ip, bind.port, reuse=bind.reuse, reuseport=bind.reuseport,
            uid=bind.uid, device=bind.device, chosen=bind.chosen,
        )  # fmt: skip
        self._add(made)
        return made

    def listen(self, bind: Bind) -> None:
        """listen(2). EADDRINUSE if another one listens there by now (both had SO_REUSEADDR)."""
        if self.conflicts(bind):
            raise error(Errno.EADDRINUSE)
        bind.listening = True

    def release(self, bind: Bind) -> None:
        """Nobody has it any more. Of no effect if it is gone already."""
        found = self._binds.get((bind.proto, bind.port))
        if found is None:
            return
        if bind in found:
            found.remove(bind)
        if not found:
            del self._binds[bind.proto, bind.port]

    def clear(self) -> None:
        """The host is off."""
        self._binds.clear()

    def _add(self, bind: Bind) -> None:
        self._binds.setdefault((bind.proto, bind.port), []).append(bind)

    def _candidates(self, *, odd: bool) -> Iterator[int]:
        """Every ephemeral port once, from a random one on: first those of one parity (seen from the
        low end of the range), then the others."""
        low = self.low
        count = self.high + 1 - low
        if count <= 0:
            return
        if count > 1:
            count &= ~1
        start = self._rng.below(count)
        start = start | 1 if odd and count > 1 else start & ~1
        for first in (start, start ^ 1) if count > 1 else (start,):
            for step in range(0, count, 2):
                port = low + (first + step) % count
                if port not in self.reserved:
                    yield port

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self.low, self.high, sorted(self.reserved),
            [(key, [b.state() for b in found]) for key, found in sorted(self._binds.items())],
        )  # fmt: skip
