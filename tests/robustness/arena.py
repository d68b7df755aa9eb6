"""Do something nasty to a machine in a process of its own, and tell what it cost the host.

``python -m tests.robustness.arena [--root] 'LINE' …`` types lines at a login and prints the report.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

from minios.abi.syscalls import COMPUTE, NAMES
from minios.kernel.kernel import Kernel
from minios.sim.world import SECOND
from minios.testing import Box

MEMORY = 600 << 20
"""Address space that a case may add to what the forking process has."""
CPU_SECONDS = 30

PROMPT = b"$ "


class Cost(NamedTuple):
    """What a case did to the host."""

    value: Any
    """What the case returned."""
    cpu: float
    """Seconds of host CPU."""
    grown: int
    """Bytes by which the resident size grew at most."""
    slowest: float
    """Seconds of host CPU of the slowest single event: nothing can come in between."""
    culprit: str
    """The program and traps of that event."""


class _Stopwatch:
    """Times every trap: the kernel's part, and the program's up to the next one."""

    def __init__(self) -> None:
        self.slowest = 0.0
        self.culprit = ""
        self._effect = Kernel.effect
        stopwatch = self

        def effect(kernel: Kernel, pcb: Any) -> None:
            before = pcb.request
            began = time.process_time()
            stopwatch._effect(kernel, pcb)
            took = time.process_time() - began
            if took > stopwatch.slowest:
                stopwatch.slowest = took
                stopwatch.culprit = f"{pcb.comm!r} {_name(before)} -> {_name(pcb.request)}"

        Kernel.effect = effect  # type: ignore[method-assign]


def _name(request: Any) -> str:
    nr, args = request
    return f"{'compute' if nr == COMPUTE else NAMES.get(nr, nr)}{args!r:.60}"


def warm_up() -> None:
    """Import every program now, so that no case pays for it."""
    from minios.userland.table import PROGRAMS, load

    for name in PROGRAMS:
        with contextlib.suppress(ImportError, AttributeError):
            load(name)
    box = Box(tty=True)
    box.type(b"ls | cat; echo *; echo $((1+1))\n")


def apart(case: Callable[..., Any], *args: Any) -> Cost:
    """Call ``case(*args)`` in a forked process with limits; what it returned and cost.

    An exception in it, running out of memory or of CPU time is an AssertionError here.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        status = 1
        try:
            data = pickle.dumps(_measured(case, args))
            status = 0
        except BaseException:
            data = traceback.format_exc().encode()
        with os.fdopen(writer, "wb") as out:
            out.write(data)
        os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as results:
        data = results.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        raise AssertionError(f"the case was ended by {name} (its limits are in arena.py)")
    if status:
        raise AssertionError(data.decode(errors="replace"))
    cost: Cost = pickle.loads(data)
    return cost


def _measured(case: Callable[..., Any], args: tuple[Any, ...]) -> Cost:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    with open("/proc/self/statm", "rb") as statm:
        most = int(statm.read().split()[0]) * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    gc.collect()
    gc.freeze()
    if os.environ.get("NOGC"):
        gc.disable()
    before = resource.getrusage(resource.RUSAGE_SELF)
    stopwatch = _Stopwatch()
    value = case(*args)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    grown = (after.ru_maxrss - before.ru_maxrss) << 10
    return Cost(value, cpu, grown, stopwatch.slowest, stopwatch.culprit)


class Aftermath(NamedTuple):
    """What became of a terminal at which something nasty was typed."""

    shown: bytes
    """All that tty1 showed."""
    alive: bool
    """Whether ``^C`` brought a prompt that takes a command."""
    digest: str


def type_at_login(
    lines: bytes,
    user: str = "player",
    seconds: int = 10,
    rescue: bytes = b"\x03",
    files: dict[str, bytes] | None = None,
) -> Aftermath:
    """Type ``lines`` at a login of ``user``, let time pass, type ``rescue``: is there a prompt?"""
    box = Box(tty=True, user=user)
    for name, data in (files or {}).items():
        box.write(name, data)
    if user == "root":
        box.type(b"sudo -s\n")
    press(box, lines)
    box.wait(seconds * SECOND)
    for key in rescue:
        press(box, bytes([key]))
        box.wait(SECOND)
    return aftermath(box)


def press(box: Box, keys: bytes) -> None:
    """Type without waiting for rest; 50 ms a key, and no less."""
    kernel = box.machine.kernel
    assert kernel is not None
    for key in keys:
        if box.machine.kernel is not None and not box.machine.kernel.halted:
            box.machine.kernel.ttys[b"tty1"].input(bytes([key]))
        box.wait(SECOND // 20)


def aftermath(box: Box, within: int = 30) -> Aftermath:
    """Whether a command still works at ``box``'s terminal, within so many virtual seconds."""
    before = len(box.output)
    press(box, b"echo al''ive\n")
    end = box.world.now + within * SECOND
    alive = None
    while alive is None and box.world.now < end:
        box.wait(SECOND // 10)
        alive = re.search(rb"(\n|2004l)alive\r?\n", box.output[before:])
    box._check()
    return Aftermath(box.output, alive is not None, box.world.digest())


def main() -> None:
    arguments = sys.argv[1:]
    user = "player"
    warm_up()
    if arguments[:1] == ["--root"]:
        user = "root"
        del arguments[0]
    for text in arguments:
        keys = text.encode() + b"\n"
        try:
            cost = apart(type_at_login, keys, user)
        except AssertionError as error:
            print(f"FAIL {text[:70]}\n{error}")
            continue
        end: Aftermath = cost.value
        verdict = "ok  " if end.alive else "DEAD"
        print(
            f"{verdict} {text[:70]!r}: cpu {cost.cpu:.2f} s, +{cost.grown >> 20} MiB,"
            f" slowest {cost.slowest * 1000:.1f} ms by {cost.culprit}"
        )
        print("    " + repr(end.shown[-500:]))


if __name__ == "__main__":
    main()
