"""Run commands in fresh worlds: for this project's tests, and for authors of levels and programs.

    >>> run("echo hello | tr a-z A-Z").stdout
    b'HELLO\\n'

Virtual time jumps over idle stretches, so ``sleep 100`` costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minios.game import sandbox
from minios.game.sandbox import CannotStart, OutOfTime, Result, Stuck
from minios.kernel.dev.tty import Tty
from minios.kernel.machine import Machine
from minios.sim.world import MILLISECOND, SECOND

__all__ = ["Box", "CannotStart", "OutOfTime", "Result", "Stuck", "run"]


def run(
    cmd: str | bytes,
    *,
    stdin: bytes = b"",
    user: str = "player",
    seed: int = 0,
    until: int = 60 * SECOND,
    files: Mapping[str, bytes] | None = None,
) -> Result:
    """Run ``sh -c cmd`` in a fresh sandbox.

    ``until`` is how many ns of virtual time it may take (OutOfTime beyond it). ``files`` are
    written first, as ``user``'s own, relative to the home directory.
    """
    box = Box(user=user, seed=seed)
    for name, data in (files or {}).items():
        box.write(name, data)
    return box.run(cmd, stdin=stdin, until=until)


class Box:
    """A sandbox that is kept: commands one after the other, and a terminal to type at.

    A bug in a program (an exception other than OSError) fails the test that ran it.
    """

    def __init__(self, *, user: str = "player", seed: int = 0, tty: bool = False) -> None:
        """With ``tty`` the user is logged in on tty1; otherwise nobody is."""
        self.output = b""
        """What tty1 has shown so far, escape sequences included."""
        self.world, machines = sandbox.boot(seed, tty=tty, instruments=[self])
        self.machines: dict[str, Machine] = machines
        self.machine = machines[sandbox.NAME]
        self.user = user
        if tty:
            self.settle()

    def run(
        self, cmd: str | bytes | Sequence[str], *, stdin: bytes = b"", until: int = 60 * SECOND
    ) -> Result:
        """Run ``sh -c cmd``, or an argv, and wait for its end at most ``until`` ns."""
        if isinstance(cmd, str):
            cmd = cmd.encode("utf-8", "surrogateescape")
        argv = sandbox.sh(cmd) if isinstance(cmd, bytes) else list(cmd)
        result = sandbox.run_command(
            self.world,
            self.machines,
            argv,
            user=self.user,
            stdin=stdin,
            until=self.world.now + until,
        )
        self._check()
        return result

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Put a file of the user's on the disk; a relative path is below the home directory."""
        name = path if path.startswith("/") else f"/home/{self.user}/{path}"
        uid = 0 if self.user == "root" else sandbox.USER.uid
        self.machine.write_file(name.encode(), data, uid, uid, mode)

    def type(self, data: bytes) -> bytes:
        """Type at tty1, let the world come to rest, and return what was shown meanwhile."""
        kernel = self.machine.kernel
        assert kernel is not None
        before = len(self.output)
        for key in data:
            kernel.ttys[b"tty1"].input(bytes([key]))
            self.wait(50 * MILLISECOND)
        self.settle()
        return self.output[before:]

    def settle(self, limit: int = 10 * SECOND) -> None:
        """Let time pass until tty1 waits for typing, at most ``limit`` ns."""
        kernel = self.machine.kernel
        assert kernel is not None
        end = self.world.now + limit
        while not kernel.ttys[b"tty1"].at_prompt() and self.world.now < end:
            due = self.world.next_event()
            self.world.run_until(min(end, due if due is not None else end))
        self._check()

    def wait(self, ns: int) -> None:
        """Let exactly ``ns`` of virtual time pass."""
        self.world.run_until(self.world.now + ns)

    def on_output(self, tty: Tty, data: bytes) -> None:
        if tty.name == b"tty1":
            self.output += data

    def _check(self) -> None:
        kernel = self.machine.kernel
        if kernel is not None and kernel.faults:
            raise AssertionError(f"a program has a bug: {kernel.faults}")
