"""What endpoints of datagrams have in common: options, the queue of what arrived, and what went
wrong (ip(7)).

An endpoint knows nothing of descriptors. Whoever has one sets ``notify``, which is called when
something arrived or failed, and gives it back with ``close``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from minios.abi.errno import Errno, error
from minios.abi.inet import (
    IP_PMTUDISC_DO,
    IP_PMTUDISC_DONT,
    IP_PMTUDISC_PROBE,
    IP_PMTUDISC_WANT,
)
from minios.abi.sockets import SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_LOCAL, ExtendedError
from minios.net.host import fib
from minios.net.host.address import multicast
from minios.net.host.route import Dst
from minios.net.wire.icmp import (
    FRAGMENTATION_NEEDED,
    PARAMETER_PROBLEM,
    REDIRECT,
    SOURCE_QUENCH,
    UNREACHABLE,
)
from minios.net.wire.ipv4 import IPv4

if TYPE_CHECKING:
    from minios.net.host.netdev import NetDevice
    from minios.net.host.stack import Stack

RCVBUF = 212_992
"""Bytes that a queue holds unless it was set (net.core.rmem_default)."""
MEMORY = 8 << 20
"""Bytes that lie in all such queues of a host; when there are more nothing is taken (udp_mem)."""
OVERHEAD = 768
"""Bytes that a queued datagram counts for besides its data, as in Linux (skb->truesize)."""

CODES: tuple[tuple[Errno, bool], ...] = (
    (Errno.ENETUNREACH, False),
    (Errno.EHOSTUNREACH, False),
    (Errno.ENOPROTOOPT, True),
    (Errno.ECONNREFUSED, True),
    (Errno.EMSGSIZE, False),
    (Errno.EOPNOTSUPP, False),
    (Errno.ENETUNREACH, True),
    (Errno.EHOSTDOWN, True),
    (Errno.ENONET, True),
    (Errno.ENETUNREACH, True),
    (Errno.EHOSTUNREACH, True),
    (Errno.ENETUNREACH, False),
    (Errno.EHOSTUNREACH, False),
    (Errno.EHOSTUNREACH, True),
    (Errno.EHOSTUNREACH, True),
    (Errno.EHOSTUNREACH, True),
)
"""What an unreachable code is to a program, and whether it is final (icmp_err_convert)."""


class Datagram(NamedTuple):
    """What arrived: data, who sent it, where to, and how it came in. ``time`` is the world's."""

    data: bytes
    source: tuple[int, int]
    target: int
    ifindex: int
    ttl: int
    tos: int
    time: int
    spec_dst: int = 0


class Failed(NamedTuple):
    """An entry of the error queue: the data that it is about, where that was to go, and what
    happened to it (IP_RECVERR of ip(7)). ``ttl`` and ``tos`` are those of the ICMP message."""

    data: bytes
    target: tuple[int, int]
    what: ExtendedError
    time: int
    ttl: int = 0
    tos: int = 0


class Endpoint:
    """Options are plain attributes; ``ttl`` and ``tos`` 0 are the defaults, ``device`` "" is any.

    ``error`` is an errno that the next call reports. ``queued`` is what the queues count for.
    ``shut`` has bit 1 when nothing more is received and bit 2 when nothing more is sent.
    """

    __slots__ = (
        "address_chosen", "broadcast", "device", "drops", "error", "errors", "groups", "ino",
        "local_ip", "mark", "mtu_discover", "multicast_if", "multicast_loop", "multicast_ttl",
        "notify", "proto", "queue", "queued", "rcvbuf", "recverr", "remote_ip", "shut", "stack",
        "tos", "ttl", "uid",
    )  # fmt: skip

    def __init__(self, stack: Stack, proto: int) -> None:
        self.stack = stack
        self.proto = proto
        self.notify: Callable[[], None] = nobody
        self.local_ip = 0
        self.remote_ip = 0
        self.address_chosen = False
        """Whether bind(2) named the local address, and not connect(2)."""
        self.queue: deque[Datagram] = deque()
        self.errors: deque[Failed] = deque()
        self.queued = 0
        self.rcvbuf = RCVBUF
        self.drops = 0
        self.error = 0
        self.shut = 0
        self.uid = self.ino = 0
        self.broadcast = self.recverr = False
        self.device = ""
        self.mark = self.ttl = self.tos = 0
        self.mtu_discover = (
            IP_PMTUDISC_DONT if stack.sysctl["ip_no_pmtu_disc"] else IP_PMTUDISC_WANT
        )
        self.multicast_ttl = 1
        self.multicast_loop = True
        self.multicast_if: tuple[int, int] = (0, 0)
        """The address and the index of the device that multicasts leave by."""
        self.groups: list[tuple[int, NetDevice]] = []

    # -- addresses -----------------------------------------------------------------------------

    def check_local(self, ip: int) -> None:
        """EADDRNOTAVAIL unless ``ip`` can be bound: one of this host's, a broadcast or a group."""
        stack = self.stack
        if ip and not (
            stack.is_local(ip)
            or multicast(ip)
            or stack.is_broadcast(ip)
            or stack.sysctl["ip_nonlocal_bind"]
        ):
            raise error(Errno.EADDRNOTAVAIL)

    @property
    def source_ip(self) -> int:
        """The address that packets from here get; 0 lets the route choose."""
        ip = self.local_ip
        if ip and (multicast(ip) or self.stack.is_broadcast(ip)):
            return 0
        return ip

    def route(self, dst: int, src: int = 0, oif: str = "") -> Dst:
        """The way to ``dst``. EACCES for a broadcast without SO_BROADCAST, and routes' errors."""
        src = src or self.source_ip
        oif = oif or self.device
        if multicast(dst):
            ip, index = self.multicast_if
            if not oif and index:
                oif = next((d.name for d in self.stack.devices.values() if d.ifindex == index), "")
            src = src or ip
        found = self.stack.routes.output(dst, src, oif, self.tos & 0x1C)
        if found.kind == fib.BROADCAST and not self.broadcast:
            raise error(Errno.EACCES)
        return found

    def join(self, group: int, dev: NetDevice) -> None:
        """IP_ADD_MEMBERSHIP. EADDRINUSE ENOBUFS."""
        if (group, dev) in self.groups:
            raise error(Errno.EADDRINUSE)
        if len(self.groups) >= 20:
            raise error(Errno.ENOBUFS)
        self.groups.append((group, dev))
        dev.multicast[group] = dev.multicast.get(group, 0) + 1
        self.stack.routes.changed()

    def leave(self, group: int, dev: NetDevice | None) -> None:
        """IP_DROP_MEMBERSHIP. EADDRNOTAVAIL."""
        for entry in self.groups:
            if entry[0] == group and dev in (None, entry[1]):
                self.groups.remove(entry)
                held = entry[1].multicast
                held[group] -= 1
                if not held[group]:
                    del held[group]
                self.stack.routes.changed()
                return
        raise error(Errno.EADDRNOTAVAIL)

    # -- what arrives --------------------------------------------------------------------------

    def hears(self, dst: int, dev: NetDevice) -> bool:
        """Whether what came in by ``dev`` may be for it: SO_BINDTODEVICE, and the groups it joined
        (who joined none hears all that others did, IP_MULTICAST_ALL)."""
        if self.device and self.device != dev.name:
            return False
        if not multicast(dst) or dst == 0xE000_0001 or not self.groups:
            return True
        return any(group == dst and device is dev for group, device in self.groups)

    def take(self, datagram: Datagram) -> bool:
        """Queue what arrived; False if there is no room."""
        size = len(datagram.data) + OVERHEAD
        if self.queued > self.rcvbuf or self.stack.datagram_memory > MEMORY:
            self.drops += 1
            return False
        self._charge(size)
        self.queue.append(datagram)
        self.notify()
        return True

    def _charge(self, size: int) -> None:
        self.queued += size
        self.stack.datagram_memory += size

    def receive(self, *, peek: bool = False) -> Datagram | None:
        """The next datagram; None if there is none."""
        if not self.queue:
            return None
        if peek:
            return self.queue[0]
        datagram = self.queue.popleft()
        self._charge(-len(datagram.data) - OVERHEAD)
        return datagram

    # -- what goes wrong -----------------------------------------------------------------------

    def icmp_error(
        self, type: int, code: int, info: int, data: bytes, target: tuple[int, int],
        offender: int, *, connected: bool,
    ) -> None:  # fmt: skip
        """An ICMP message came about something sent from here (udp_err of Linux)."""
        if type in (SOURCE_QUENCH, REDIRECT):
            return
        number, final = Errno.EHOSTUNREACH, False
        if type == PARAMETER_PROBLEM:
            number, final = Errno.EPROTO, True
        elif type == UNREACHABLE and code == FRAGMENTATION_NEEDED:
            if self.mtu_discover == IP_PMTUDISC_DONT:
                return
            number, final = Errno.EMSGSIZE, True
        elif type == UNREACHABLE and code < len(CODES):
            number, final = CODES[code]
        if self.recverr:
            told = info if number == Errno.EMSGSIZE else 0
            what = ExtendedError(int(number), SO_EE_ORIGIN_ICMP, type, code, told, offender)
            frame = self.stack.receiving
            told_by = frame.payload if frame is not None else None
            by_whom = (told_by.ttl, told_by.tos) if told_by.__class__ is IPv4 else (0, 0)
            self.failed(Failed(data, target, what, self.stack.world.now, *by_whom))
        elif not final or not connected:
            return
        self.error = int(number)
        self.notify()

    def failed(self, entry: Failed) -> None:
        """Put an entry on the error queue, if there is room."""
        if self.queued + len(entry.data) + OVERHEAD < self.rcvbuf:
            self._charge(len(entry.data) + OVERHEAD)
            self.errors.append(entry)

    def next_error(self) -> Failed | None:
        """Take the first entry of the error queue; ``error`` becomes that of the next one."""
        if not self.errors:
            return None
        entry = self.errors.popleft()
        self._charge(-len(entry.data) - OVERHEAD)
        if self.errors and self.errors[0].what.origin == SO_EE_ORIGIN_ICMP:
            self.error = self.errors[0].what.errno
        elif entry.what.origin == SO_EE_ORIGIN_ICMP:
            self.error = 0
        if self.errors:
            self.notify()
        return entry

    def take_error(self) -> None:
        """Raise what went wrong meanwhile, once."""
        number, self.error = self.error, 0
        if number:
            raise error(Errno(number))

    # -- sending -------------------------------------------------------------------------------

    def may_send(self) -> None:
        """Raise what went wrong meanwhile, or EPIPE when nothing more is to be sent."""
        self.take_error()
        if self.shut & 2:
            raise error(Errno.EPIPE)

    def fits(self, to: Dst, length: int, target: tuple[int, int]) -> bool:
        """Whether DF is set on a packet of ``length`` bytes; EMSGSIZE if it may not be cut.

        Then IP_RECVERR tells the MTU, and of the socket's own peer the port (ip_local_error).
        """
        mode = self.mtu_discover
        mtu = to.dev.mtu if mode == IP_PMTUDISC_PROBE else to.mtu
        if mode in (IP_PMTUDISC_DO, IP_PMTUDISC_PROBE):
            if length > mtu:
                if self.recverr:
                    what = ExtendedError(int(Errno.EMSGSIZE), SO_EE_ORIGIN_LOCAL, 0, 0, mtu)
                    self.failed(Failed(b"", target, what, self.stack.world.now))
                raise error(Errno.EMSGSIZE)
            return True
        return mode == IP_PMTUDISC_WANT and length <= mtu

    def way(self, to: Dst) -> Dst:
        """The route that is sent by: under IP_PMTUDISC_PROBE what is known of the path's MTU does
        not count."""
        if self.mtu_discover != IP_PMTUDISC_PROBE or to.mtu >= to.dev.mtu:
            return to
        probing = Dst(
            to.kind, to.dev, to.nexthop, to.gateway, to.src, to.dev.mtu, to.generation, to.route
        )
        probing.local = to.local
        return probing

    def packet(
        self, to: Dst, dst: int, src: int, payload: Any, *, df: bool, ttl: int = 0, tos: int = -1
    ) -> IPv4:
        """A packet with this endpoint's options."""
        if not ttl:
            if multicast(dst):
                ttl = self.multicast_ttl
            else:
                ttl = self.ttl or self.stack.sysctl["ip_default_ttl"]
        tos = self.tos if tos < 0 else tos
        return IPv4(src or to.src, dst, self.proto, payload, ttl, 0, tos, df)

    # -- the end -------------------------------------------------------------------------------

    def close(self) -> None:
        """Nothing reaches it any more; what was not received is lost."""
        self.notify = nobody
        while self.groups:
            group, dev = self.groups[-1]
            self.leave(group, dev)
        self.queue.clear()
        self.errors.clear()
        self._charge(-self.queued)

    def state(self) -> Any:
        """Plain data for the digest."""
        held = blake2b(digest_size=16)
        for datagram in self.queue:
            held.update(datagram.data)
        return (
            self.proto, self.local_ip, self.remote_ip, self.device, self.ino, self.uid, self.error,
            self.shut, self.rcvbuf, self.queued, self.drops, self.ttl, self.tos, self.mark,
            self.mtu_discover, self.recverr, self.broadcast, self.multicast_ttl,
            self.multicast_loop, self.multicast_if,
            [(group, dev.name) for group, dev in self.groups],
            [tuple(d[1:]) for d in self.queue], held.digest(),
            [(tuple(f.what), f.target) for f in self.errors],
        )  # fmt: skip


def nobody() -> None:
    """Nobody wants to know."""
