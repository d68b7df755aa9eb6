"""The host's side of a world without a screen: its standard streams, its ctrl+c, one command.

What comes from the host passes the door like a key does, so that a headless run can be recorded and
re-simulated: ``exec`` starts the command, ``stdin`` feeds it, ``interrupt`` signals it, ``hangup``
says that nobody reads its output any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.abi.flags import wifexited, wtermsig
from minios.abi.signals import Sig
from minios.fs.access import ROOT
from minios.fs.inode import Regular
from minios.game.base import User, environment
from minios.kernel import birth
from minios.kernel.dev.devices import HostIn, HostOut
from minios.kernel.signals import post_group

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.machine import Machine
    from minios.kernel.process import PCB
    from minios.kernel.wait import WaitQueue
    from minios.sim.world import World

Sink = Callable[[int, bytes], None]
"""Takes what the command wrote: the descriptor (1 or 2) and the bytes."""


def _nowhere(fd: int, data: bytes) -> None:
    pass


class Bridge:
    """One command in a world, with its streams on the host. Registers the inputs it understands."""

    def __init__(
        self, world: World, machines: Mapping[str, Machine], sink: Sink = _nowhere
    ) -> None:
        self.world = world
        self.machines = machines
        self.sink = sink
        self.process: PCB | None = None
        self.failed: OSError | None = None
        """Why the command could not be started."""
        self.closed: set[int] = set()
        """Descriptors that nobody reads on the host's side."""
        self._kernel: Kernel | None = None
        self._input: HostIn | None = None
        self._outputs: list[HostOut] = []
        world.door("exec", self._exec)
        world.door("stdin", self._stdin)
        world.door("interrupt", self._interrupt)
        world.door("hangup", self._hangup)
        world.instruments.add(self)

    # -- what the host asks --------------------------------------------------------------------

    @property
    def wants_input(self) -> bool:
        """Whether a process sleeps until the host's stdin gives something."""
        return self._input is not None and self._input.waiting

    @property
    def ended(self) -> bool:
        """Whether the command itself has ended; others may still hold its streams."""
        return self.process is not None and self.process.zombie

    @property
    def released(self) -> bool:
        """Whether no process could write to the host any more."""
        return all(output.refs <= 0 for output in self._outputs)

    @property
    def status(self) -> int:
        """The exit status a shell would show: the code, or 128 plus the signal."""
        assert self.process is not None
        status = self.process.exit_status
        return status >> 8 & 0xFF if wifexited(status) else 128 + wtermsig(status)

    def on_exit(self, pcb: PCB) -> None:
        if pcb is self.process:
            self.world.stop()

    # -- inputs --------------------------------------------------------------------------------

    def _exec(self, data: Mapping[str, Any]) -> None:
        machine = self.machines.get(data["machine"])
        kernel = machine.kernel if machine is not None else None
        try:
            if machine is None or kernel is None or kernel.halted:
                raise error(Errno.ENXIO)
            self._start(machine, kernel, data["user"], [w.encode("latin-1") for w in data["argv"]])
        except OSError as err:
            self.failed = err

    def _start(self, machine: Machine, kernel: Kernel, name: str, argv: Sequence[bytes]) -> None:
        user, groups = account(machine, name)
        env = environment(user)
        try:
            machine.vfs.walk(ROOT, machine.vfs.root, env[b"HOME"])
            cwd = env[b"HOME"]
        except OSError:
            cwd = b"/"
        self._kernel = kernel
        self._input = _Input(kernel)
        self._outputs = [_Output(kernel, self, 1), _Output(kernel, self, 2)]
        self.process = birth.start(
            kernel,
            argv,
            path=argv[0] if b"/" in argv[0] else b"/bin/" + argv[0],
            uid=user.uid,
            gid=user.group,
            groups=groups,
            env=env,
            cwd=cwd,
            fds={0: self._input, 1: self._outputs[0], 2: self._outputs[1]},
        )

    def _stdin(self, data: Mapping[str, Any]) -> None:
        if self._input is None:
            return
        if data.get("data"):
            self._input.feed(data["data"].encode("latin-1"))
        if data.get("eof"):
            self._input.end()

    def _interrupt(self, data: Mapping[str, Any]) -> None:
        if self._kernel is not None and self.process is not None:
            post_group(self._kernel, self.process.pgid, data["sig"])

    def _hangup(self, data: Mapping[str, Any]) -> None:
        self.closed.add(data["fd"])


class _Input(HostIn):
    """Stops the world in the instant somebody has to wait for the host."""

    __slots__ = ()

    def read(self, pcb: PCB, count: int) -> bytes | WaitQueue:
        result = super().read(pcb, count)
        if not isinstance(result, bytes):
            self.kernel.world.stop()
        return result

    def queues(self) -> tuple[WaitQueue, ...]:
        self.kernel.world.stop()
        return super().queues()


class _Output(HostOut):
    """Fails as a pipe does when the host has gone away."""

    __slots__ = ("bridge", "fd")

    def __init__(self, kernel: Kernel, bridge: Bridge, fd: int) -> None:
        super().__init__(kernel, lambda data: bridge.sink(fd, data))
        self.bridge = bridge
        self.fd = fd

    def write(self, pcb: PCB, data: bytes) -> int:
        if self.fd in self.bridge.closed:
            self.kernel.signal(pcb, Sig.SIGPIPE)
            raise error(Errno.EPIPE)
        return super().write(pcb, data)


def account(machine: Machine, name: str) -> tuple[User, tuple[int, ...]]:
    """A user by name, as /etc/passwd and /etc/group have it now, and all its gids. ENOENT."""
    rows = [line.split(":") for line in _lines(machine, b"/etc/passwd")]
    for row in rows:
        if row[0] == name and len(row) == 7 and row[2].isdigit() and row[3].isdigit():
            gid = int(row[3])
            user = User(name, int(row[2]), gid, home=row[5], shell=row[6] or "/bin/sh")
            break
    else:
        raise error(Errno.ENOENT)
    groups = [line.split(":") for line in _lines(machine, b"/etc/group")]
    also = [
        int(row[2])
        for row in groups
        if len(row) == 4 and row[2].isdigit() and name in row[3].split(",")
    ]
    return user, tuple(dict.fromkeys([gid, *also]))


def _lines(machine: Machine, path: bytes) -> list[str]:
    try:
        inode = machine.vfs.walk(ROOT, machine.vfs.root, path).inode
    except OSError:
        return []
    if not isinstance(inode, Regular):
        return []
    return inode.read(0, inode.size).decode("latin-1").splitlines()
