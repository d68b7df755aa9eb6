"""The machine of ``minios sh``, and how one command is run in any world without a screen.

docs/sandbox.md describes the machine to its users. It is built here directly and not from a
compiled level, because a shell that is started for every line of a script has to start at once;
:func:`level` gives the same machine as a level, for play and for recording.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from minios.game.base import User, install
from minios.game.bridge import Bridge, Sink, account
from minios.kernel.machine import Machine
from minios.sim.world import SECOND, World
from minios.userland.table import load

if TYPE_CHECKING:
    from minios.game.spec import Level

NAME = "minios"
USER = User("player", 1000, sudo="nopasswd")
CLOCK = 1_767_603_600 * SECOND
"""Mon 2026-01-05 09:00:00 UTC, as in a level that sets no clock."""

BOOT = 10 * SECOND
"""Virtual time from power-on to t = 0."""

LINGER = 10 * SECOND
"""How long what a command left in the background may still write after it ended."""

SLICE = 2048
"""Events between two looks at what the host wants."""


class Stuck(Exception):
    """Nothing can ever happen again and the command has not ended."""


class OutOfTime(Exception):
    """The limit of virtual time was reached before the command ended."""


class CannotStart(Exception):
    """The command could not be started. ``str`` is one line."""


def boot(
    seed: int = 0, *, tty: bool = False, instruments: Sequence[object] = ()
) -> tuple[World, dict[str, Machine]]:
    """The sandbox at t = 0: its world and its one machine by name.

    With ``tty`` somebody is logged in on tty1; without it no terminal asks for a login.
    """
    world = World(seed, now=-BOOT)
    for instrument in instruments:
        world.instruments.add(instrument)
    machine = Machine(world, NAME, programs=load, epoch=CLOCK)
    install(machine, hostname=NAME, users=[USER], ttys={"tty1": USER.name} if tty else {})
    machine.power_on()
    world.run_until(0)
    return world, {NAME: machine}


def level() -> Level:
    """The sandbox as a level: the same machine, with :data:`USER` logged in on tty1."""
    from minios.game.spec import Level, MachineSpec, Player, Seeds, UserSpec

    account = UserSpec(USER.name, USER.uid, USER.group, sudo=USER.sudo)
    machine = MachineSpec(NAME, hostname=NAME, users=(account,))
    return Level(
        "sandbox",
        Player(NAME, USER.name),
        (machine,),
        title="Sandbox",
        clock=CLOCK,
        seeds=Seeds(play=0),
    )


def shut_down(machines: Mapping[str, Machine]) -> None:
    """Let go of every process, when a world is not needed any more."""
    for machine in machines.values():
        if machine.kernel is not None:
            machine.kernel.shut_down()


def sh(command: bytes | None) -> list[str]:
    """The argv of ``sh -c command``, or of a shell that reads its script from stdin."""
    return ["sh"] if command is None else ["sh", "-c", command.decode("latin-1")]


class Runner:
    """Runs one command through a :class:`Bridge`, as fast as the host can, and serves its streams.

    ``read`` returns the next bytes of the host's stdin (b"" at its end) and is called only when a
    process waits for them; ``sink`` takes output in the order it was written and raises
    BrokenPipeError when nobody wants it. ``apply`` is the door: the world's own, or a play's.
    """

    def __init__(
        self,
        world: World,
        machines: Mapping[str, Machine],
        *,
        sink: Sink,
        read: Callable[[], bytes],
        apply: Callable[[str, dict[str, Any]], object] | None = None,
    ) -> None:
        self.world = world
        self.bridge = Bridge(world, machines, self._write)
        self.apply = apply if apply is not None else world.apply
        self._sink = sink
        self._read = read
        self._ended = False
        self._lost: set[int] = set()
        self._signals: list[int] = []

    def interrupt(self, sig: int) -> None:
        """Have ``sig`` sent to the command's process group soon; safe in a signal handler."""
        self._signals.append(sig)

    def run(self, machine: str, user: str, argv: Sequence[str], until: int | None = None) -> int:
        """Start ``argv`` and return its exit status (128 + n when signal n ended it).

        ``until`` is a virtual time. Raises CannotStart, Stuck or OutOfTime.
        """
        bridge = self.bridge
        try:
            account(bridge.machines[machine], user)
        except (KeyError, OSError):
            raise CannotStart(f"no user {user!r} on {machine!r}") from None
        self.apply("exec", {"machine": machine, "user": user, "argv": list(argv)})
        if bridge.failed is not None:
            raise CannotStart(f"{user}@{machine}: {bridge.failed.strerror}")
        while not bridge.ended:
            if not self._serve() and not self._pass_time(until):
                if until is not None and self.world.now >= until:
                    raise OutOfTime
                if not self._signals and not bridge.wants_input:
                    raise Stuck
        limit = self.world.now + LINGER
        while not bridge.released and self.world.now < limit:
            if not self._serve() and not self._pass_time(limit):
                break
        return bridge.status

    def _serve(self) -> bool:
        """Hand in what the host has for the world; False if that was nothing."""
        if self._signals:
            self.apply("interrupt", {"sig": self._signals.pop(0)})
        elif self._lost - self.bridge.closed:
            self.apply("hangup", {"fd": min(self._lost - self.bridge.closed)})
        elif self.bridge.wants_input and not self._ended:
            data = self._read()
            if data:
                self.apply("stdin", {"data": data.decode("latin-1")})
            elif not self._signals:
                self._ended = True
                self.apply("stdin", {"eof": True})
        else:
            return False
        return True

    def _pass_time(self, until: int | None) -> bool:
        """Let a slice of time pass; False when there is nothing to wait for before ``until``."""
        due = self.world.next_event()
        if due is None and not self.world.marks:
            return False
        if until is not None:
            return not self.world.run_until(until, SLICE)
        # The horizon must not be where the clock ends up, so it is where something happens.
        self.world.run_until(max(due or 0, self.world.now + SECOND), SLICE)
        return True

    def _write(self, fd: int, data: bytes) -> None:
        if fd in self._lost:
            return
        try:
            self._sink(fd, data)
        except BrokenPipeError:
            self._lost.add(fd)
            self.world.stop()


class Result(NamedTuple):
    """What a command left: its exit status and everything it wrote."""

    status: int
    stdout: bytes
    stderr: bytes


def run_command(
    world: World,
    machines: Mapping[str, Machine],
    argv: Sequence[str],
    *,
    machine: str = NAME,
    user: str = USER.name,
    stdin: bytes = b"",
    until: int | None = None,
) -> Result:
    """Run ``argv`` to its end in a world and collect what it wrote. ``until`` is a virtual time.

    Raises CannotStart, Stuck or OutOfTime.
    """
    written: dict[int, list[bytes]] = {1: [], 2: []}
    rest = [stdin] if stdin else []
    runner = Runner(
        world,
        machines,
        sink=lambda fd, data: written[fd].append(data),
        read=lambda: rest.pop() if rest else b"",
    )
    status = runner.run(machine, user, argv, until)
    return Result(status, b"".join(written[1]), b"".join(written[2]))
