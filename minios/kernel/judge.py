"""The judge: probes that look at a machine from inside and leave no trace on it.

A judge's kernel shares the machine's files, read-only, and nothing else: it has its own pids, its
own core (so that a probe takes no time from anybody) and its own table of commands, because a
player who is root could replace those on the disk. Its /proc is the machine's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.records import Stat
from minios.abi.signals import Sig
from minios.abi.syscalls import NR
from minios.kernel import birth
from minios.kernel.dev.devices import HostOut
from minios.kernel.kernel import CALLS, Kernel
from minios.kernel.process import PCB

if TYPE_CHECKING:
    from minios.kernel.machine import Machine
    from minios.net.host.stack import Stack

OUTPUT_LIMIT = 64 << 10
"""Bytes of a probe's output that are kept."""

FIRST_PID = 1 << 22
"""Linux's largest pid_max; the judge's own begin there."""
MAX_PROCESSES = 256
MAX_RAM = 16 << 20
"""Bytes that all probes together may use, whatever the machine has."""

ENVIRONMENT = {b"PATH": b"/sbin:/bin", b"HOME": b"/", b"LC_ALL": b"C"}


class JudgeKernel(Kernel):
    """See the module. It lives as long as the kernel it looks at."""

    hidden = True

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine, cores=1)
        self.ram = min(machine.ram, MAX_RAM)
        self.mm.frames.count = self.ram >> 12
        self._next_pid = FIRST_PID - 1
        self._count = 0
        self.calls = {**CALLS, NR.statx: _statx, NR.faccessat: _faccessat, NR.kill: _kill}
        self._verdicts: dict[int, Callable[[int], None]] = {}

    @property
    def net(self) -> Stack:
        """A probe speaks through the machine's own stack: it is to find what a program there
        would.
        """
        kernel = self.machine.kernel
        assert kernel is not None
        return kernel.net

    def new_pid(self) -> int:
        """Pids that no machine has, so that none is ever mistaken for one of the machine's."""
        if len(self.processes) >= MAX_PROCESSES:
            raise error(Errno.EAGAIN)
        self._next_pid += 1
        return self._next_pid

    def probe(self, argv: list[bytes], done: Callable[[int, bytes], None], limit: int) -> None:
        """Run ``argv`` and report its wait status and output, once; its children end with it."""
        output: list[bytes] = []
        room = OUTPUT_LIMIT

        def collect(data: bytes) -> None:
            nonlocal room
            output.append(data[:room])
            room -= len(output[-1])

        self._count += 1
        name = f"probe {self._count}"
        try:
            pcb = birth.start(
                self, argv, env=ENVIRONMENT, identity=name, fds={1: HostOut(self, collect)}
            )
        except OSError:
            done(127 << 8, b"")
            return
        self._verdicts[pcb.pid] = lambda status: done(status, b"".join(output))
        self.world.at(self.world.now + limit, self._too_late, pcb)

    def _too_late(self, pcb: PCB) -> None:
        if pcb.pid in self._verdicts:
            self.terminate(pcb, Sig.SIGKILL, (0, b"kernel", 0))

    def exit(self, pcb: PCB, status: int) -> None:
        super().exit(pcb, status)
        verdict = self._verdicts.pop(pcb.pid, None) if pcb.identity is not None else None
        if verdict is None:
            return
        for other in list(self.processes.values()):
            if other.lineage == pcb.lineage and not other.zombie:
                self.terminate(other, Sig.SIGKILL, (0, b"kernel", 0))
        verdict(status)

    def shut_down(self) -> None:
        super().shut_down()
        verdicts, self._verdicts = self._verdicts, {}
        for verdict in verdicts.values():
            verdict(int(Sig.SIGKILL))


# Where the judge looks for commands (its shell walks PATH), the game's table answers.

_BIN = (b"/bin/", b"/sbin/")
_NATIVE = Stat(0, 0, flags.S_IFREG | 0o755, 1, 0, 0, 0, 0, 4096, 0, 0, 0, 0)


def _own_command(kernel: Kernel, path: Any) -> bool:
    if not isinstance(path, bytes) or not path.startswith(_BIN):
        return False
    try:
        kernel.machine.programs(path.rpartition(b"/")[2].decode("latin-1"))
    except KeyError:
        return False
    return True


def _statx(kernel: Kernel, pcb: PCB, path: bytes, follow: bool) -> Any:
    if _own_command(kernel, path):
        return _NATIVE
    return CALLS[NR.statx](kernel, pcb, path, follow)


def _kill(kernel: Kernel, pcb: PCB, pid: int, sig: int) -> Any:
    """``kill -0`` asks whether a process of the machine is there; no probe signals one."""
    machine = kernel.machine.kernel
    if sig == 0 and machine is not None and pid in machine.processes:
        return None
    return CALLS[NR.kill](kernel, pcb, pid, sig)


def _faccessat(kernel: Kernel, pcb: PCB, path: bytes, mode: int, effective: bool) -> Any:
    if _own_command(kernel, path):
        return None
    return CALLS[NR.faccessat](kernel, pcb, path, mode, effective)
