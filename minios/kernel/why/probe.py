"""A traced probe from this machine: an echo request, a SYN or an empty datagram (``why ping``).

It is real: it leaves by the stack like anybody's packet, meets every queue, rule and table on the
way, and what it causes there stays (ARP entries, tracked connections). A :class:`Trail` goes along
and collects what happens; what of that is told is :mod:`minios.kernel.why.path`'s business.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.abi.inet import parse_ip
from minios.abi.sockets import ExtendedError
from minios.kernel.wait import About, WaitQueue
from minios.net.trail import Trail
from minios.net.wire.icmp import ECHO, ICMP
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.udp import UDP
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.sim.world import Timer

KINDS = (b"ping", b"tcp", b"udp")

LIMIT = 5 * SECOND
"""How long an answer is waited for. ARP gives up after 3 s."""

AT_ONCE = 8
"""Probes of one machine that may be under way."""

DATA = bytes(range(48))

_LOOPBACK = 0x7F00_0001
"""What 0.0.0.0 is as a destination (connect(2) of Linux)."""


class Probe:
    """One. ``answered`` is when (ns) the answer came, ``error`` the errno that ended it, ``told``
    what ICMP said and who; all None or 0 if nothing came in time."""

    def __init__(
        self, kernel: Kernel, kind: bytes, subject: bytes, sleeper: Kernel | None = None
    ) -> None:
        """``sleeper`` is the kernel of whoever waits, if that is another (a judge's)."""
        self.kernel = kernel
        self.stack = kernel.net
        self.kind = kind.decode()
        ip, self.port = _target(kind, subject)
        self.ip = ip or _LOOPBACK
        self.trail = Trail()
        self.began = kernel.world.now
        self.done = False
        self.answered: int | None = None
        self.error = 0
        self.told: ExtendedError | None = None
        self.queue = WaitQueue(sleeper or kernel, "why_probe")
        self.queue.about = lambda: About("probe", "until its probe is answered", outside="the net")
        self._end: Any = None
        self._timer: Timer | None = None
        probes = kernel.causes.probes
        if len(probes) >= AT_ONCE:
            raise error(Errno.EAGAIN)
        probes.append(self)
        try:
            {"ping": self._ping, "tcp": self._tcp, "udp": self._udp}[self.kind]()
        except OSError as err:
            self.error = err.errno or 0
            self._astray()
            self._finish()
        if not self.done:
            self._timer = kernel.world.timer(self.began + LIMIT, self._finish)
            self._look()

    # -- sending -------------------------------------------------------------------------------

    def _ping(self) -> None:
        from minios.net.transport.raw import PingEndpoint

        end = self._end = PingEndpoint(self.stack)
        end.recverr = True
        end.notify = self._look
        end.bind(0, 0)
        message = ICMP(ECHO, 0, end.local[1] << 16 | 1, DATA)
        self.stack.ip_output(IPv4(0, self.ip, 1, message, df=True), trail=self.trail)

    def _udp(self) -> None:
        from minios.net.transport.udp import UdpEndpoint

        end = self._end = UdpEndpoint(self.stack)
        end.recverr = True
        end.notify = self._look
        end.connect(self.ip, self.port)
        source, sport = end.local
        datagram = UDP(sport, self.port, b"")
        self.stack.ip_output(IPv4(source, self.ip, 17, datagram, df=True), trail=self.trail)

    def _tcp(self) -> None:
        from minios.net.tcp.connection import Connection

        end = self._end = Connection(self.stack)
        end.notify = self._look
        end.trail = self.trail
        self.stack.route(self.ip)
        end.connect(self.ip, self.port)
        end.trail = None  # what is sent again, and the end, are not part of the answer

    def _astray(self) -> None:
        """It could not be sent: if there is no route, have the stack say so for the record."""
        if self.trail.log.drops:
            return
        try:
            self.stack.route(self.ip)
        except OSError:
            nothing: Any = UDP(0, self.port, b"")
            with suppress(OSError):
                self.stack.ip_output(IPv4(0, self.ip, 17, nothing), trail=self.trail)

    # -- hearing -------------------------------------------------------------------------------

    def _look(self) -> None:
        """Something may have come."""
        end = self._end
        if self.done or end is None:
            return
        if self.kind == "tcp":
            if end.state.name == "ESTABLISHED":
                self.answered = self.kernel.world.now
            elif end.error:
                self.error = end.error
            else:
                return
        elif end.queue:
            self.answered = self.kernel.world.now
        elif end.errors:
            self.told = end.errors[0].what
            self.error = self.told.errno
        elif end.error:
            self.error = end.error
        else:
            return
        # Not at once: this may be in the middle of the stack's work.
        self.kernel.world.at(self.kernel.world.now, self._finish)

    def _finish(self) -> None:
        if self.done:
            return
        self.done = True
        if self._timer is not None:
            self._timer.cancel()
        end, self._end = self._end, None
        if end is not None and not self.stack.closed:
            end.notify = _nothing
            end.close()
        self.kernel.causes.probes.remove(self)
        self.queue.wake()


def ask(
    kernel: Kernel, pcb: PCB, kind: bytes, subject: bytes, sleeper: Kernel | None = None
) -> WaitQueue | Probe:
    """Where to wait for a probe of ``kind``, which the first such call of a process sends off; the
    probe when it is over. EAGAIN EINVAL."""
    probe = pcb.progress
    if type(probe) is not Probe:
        pcb.progress = probe = Probe(kernel, kind, subject, sleeper)
    return probe if probe.done else probe.queue


def _target(kind: bytes, subject: bytes) -> tuple[int, int]:
    """Address and port of ``1.2.3.4`` or ``1.2.3.4:80``. EINVAL."""
    address, _, port = subject.partition(b":")
    try:
        ip = parse_ip(address.decode("ascii"))
        number = int(port) if port else 0
    except ValueError:
        raise error(Errno.EINVAL) from None
    if number > 65535 or (number <= 0) != (kind == b"ping") or (port and not port.isdigit()):
        raise error(Errno.EINVAL)
    return ip, number


def _nothing() -> None:
    """Nobody is interested any more."""
