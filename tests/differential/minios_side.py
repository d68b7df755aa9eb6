"""The same scripts in MiniOS."""

from __future__ import annotations

from collections.abc import Sequence

from minios.fs.access import ROOT
from minios.fs.inode import Regular
from minios.sim.world import MILLISECOND, SECOND
from minios.testing import Box
from tests.differential.linux import LIMIT, TYPED, WRAPPER, Outcome, errors


def run(script: str) -> Outcome:
    """Run ``sh -c script`` without a terminal, standard input empty."""
    box = Box()
    result = box.run(["sh", "-c", WRAPPER, "sh", script], until=LIMIT * SECOND)
    return Outcome(result.status, result.stdout, errors(result.stderr))


def run_on_terminal(script: str, keys: Sequence[str]) -> Outcome:
    """Type a script's command line at the prompt, then its keys, each after a ``ready``."""
    box = Box(tty=True)
    box.write("case", script.encode())
    kernel = box.machine.kernel
    assert kernel is not None
    tty = kernel.ttys[b"tty1"]
    tty.input(TYPED.encode() + b"\n")
    waiting = list(keys)
    end = box.world.now + LIMIT * SECOND
    while box.world.now < end:
        box.wait(50 * MILLISECOND)
        if waiting and _read(box, "out").count(b"ready\n") > len(keys) - len(waiting):
            box.wait(200 * MILLISECOND)
            tty.input(waiting.pop(0).encode())
        elif _read(box, "status"):
            break
    assert not kernel.faults
    return Outcome(int(_read(box, "status") or b"-1"), _read(box, "out"), errors(_read(box, "err")))


def _read(box: Box, name: str) -> bytes:
    vfs = box.machine.vfs
    try:
        inode = vfs.walk(ROOT, vfs.root, f"/home/{box.user}/{name}".encode()).inode
    except OSError:
        return b""
    assert isinstance(inode, Regular)
    return inode.read(0, inode.size)
