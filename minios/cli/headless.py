"""One command in a world, on the host's streams: ``minios sh -c``, and scripts on stdin.

Nothing here imports click, and the sandbox needs no compiled level (benchmarks/startup.py).
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from minios.cli.errors import Failure
from minios.game import sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minios.game.spec import Level

TIMED_OUT = 124
"""The exit status when ``--until`` was reached, as timeout(1)'s."""
STUCK = 125
QUIT = 130

CHUNK = 65536


def command(text: str) -> int:
    """``minios sh -c TEXT`` in the sandbox; the exit status."""
    return _in_sandbox(sandbox.NAME, sandbox.USER.name, _argv(text))


def run(
    text: str | None,
    *,
    level: Level | None = None,
    machine: str | None = None,
    user: str | None = None,
    seed: int | None = None,
    until: int | None = None,
    record: str | None = None,
    pcap: str | None = None,
) -> int:
    """Run ``sh -c text``, or a script on stdin when ``text`` is None; the exit status.

    ``until`` is a virtual time. With ``record`` the run is written to that file, with ``pcap`` what
    passes the machine's network interfaces.
    """
    if pcap is not None:
        from minios.cli.pcap import capturing

        where = machine or (sandbox.NAME if level is None else level.player.machine)
        with capturing(pcap, level, where) as capture:
            return _run(text, level, machine, user, seed, until, record, (capture,))
    return _run(text, level, machine, user, seed, until, record)


def _run(
    text: str | None,
    level: Level | None,
    machine: str | None,
    user: str | None,
    seed: int | None,
    until: int | None,
    record: str | None,
    instruments: Sequence[object] = (),
) -> int:
    argv = _argv(text)
    if level is None and record is None:
        return _in_sandbox(
            machine or sandbox.NAME, user or sandbox.USER.name, argv, seed or 0, until, instruments
        )
    from minios.cli.recorded import open_play

    with open_play(level, seed, record, instruments) as (play, apply):
        player = play.level.player
        return _Host().run(
            play.world,
            play.machines,
            machine or player.machine,
            user or player.user,
            argv,
            until,
            apply,
        )


def _in_sandbox(
    machine: str,
    user: str,
    argv: list[str],
    seed: int = 0,
    until: int | None = None,
    instruments: Sequence[object] = (),
) -> int:
    world, machines = sandbox.boot(seed, instruments=instruments)
    try:
        return _Host().run(world, machines, machine, user, argv, until)
    finally:
        sandbox.shut_down(machines)


def _argv(text: str | None) -> list[str]:
    return sandbox.sh(None if text is None else os.fsencode(text))


class _Host:
    """This process's stdin, stdout, stderr and ctrl+c."""

    def __init__(self) -> None:
        self._interrupts = 0
        self._reading = False
        self._runner: sandbox.Runner | None = None

    def run(
        self,
        world: Any,
        machines: Any,
        machine: str,
        user: str,
        argv: list[str],
        until: int | None,
        apply: Any = None,
    ) -> int:
        if machine not in machines:
            raise Failure(f"no machine {machine!r}; there is {', '.join(sorted(machines))}")
        self._runner = sandbox.Runner(world, machines, sink=_write, read=self._read, apply=apply)
        before = signal.signal(signal.SIGINT, self._interrupt)
        try:
            return self._runner.run(machine, user, argv, until)
        except sandbox.CannotStart as err:
            raise Failure(str(err)) from None
        except sandbox.OutOfTime:
            raise Failure("the time given with --until is over", TIMED_OUT) from None
        except sandbox.Stuck:
            raise Failure("every process waits for something that cannot happen", STUCK) from None
        finally:
            signal.signal(signal.SIGINT, before)
            if os.environ.get("MINIOS_DEBUG"):
                _tell_faults(machines)

    def _interrupt(self, sig: int, frame: object) -> None:
        self._interrupts += 1
        if self._interrupts > 1:
            raise KeyboardInterrupt
        assert self._runner is not None
        self._runner.interrupt(sig)
        if self._reading:
            raise _Interrupted

    def _read(self) -> bytes:
        try:
            self._reading = True
            data = os.read(0, CHUNK)
            self._reading = False
        except _Interrupted:
            self._reading = False
            return b""
        except OSError:
            self._reading = False
            return b""
        return data


class _Interrupted(Exception):
    """ctrl+c while the host's stdin was being waited for."""


def _tell_faults(machines: Any) -> None:
    """Programs that died of a bug of their own (the player sees an ordinary SIGABRT)."""
    for machine in machines.values():
        for fault in machine.kernel.faults if machine.kernel is not None else ():
            print(f"minios: {machine.name}: {fault}", file=sys.stderr)


def _write(fd: int, data: bytes) -> None:
    """Everything to the host's ``fd``, at once. BrokenPipeError when nobody reads it."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            import select

            select.select([], [fd], [])
        except BrokenPipeError:
            raise
        except OSError as err:
            if fd == 1:
                print(f"minios: stdout: {err.strerror}", file=sys.stderr)
            raise BrokenPipeError from None
