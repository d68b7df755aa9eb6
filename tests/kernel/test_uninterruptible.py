"""State D: a process that waits for a disk, and what signals do to it meanwhile (ps(1), signal(7)).

``sync`` stands in for a call that waits for a disk: it sleeps until the test says it is over.
"""

from collections.abc import Callable
from typing import Any

import pytest

from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.abi.syscalls import NR
from minios.kernel import signals
from minios.kernel.process import PCB
from minios.kernel.wait import WaitQueue
from tests.kernel.rig import Rig


class SlowDisk:
    """A machine on which sync(2) takes until :meth:`finish`."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.ready = False
        self.queue = WaitQueue(self.rig.kernel, "io_schedule", disk=True)
        self.rig.kernel.calls = {**self.rig.kernel.calls, NR.sync: self._sync}
        self.log: list[Any] = []

    def _sync(self, kernel: Any, pcb: PCB) -> WaitQueue | None:
        return None if self.ready else self.queue

    def finish(self) -> None:
        self.ready = True
        self.queue.wake()
        self.rig.run()

    def sleeper(self, prepare: Callable[[Sys], Any] | None = None) -> PCB:
        async def main(sys: Sys) -> int:
            if prepare is not None:
                await prepare(sys)
            await sys.sync()
            self.log.append("synced")
            return 3

        pcb = self.rig.start(main)
        self.rig.run()
        return pcb


@pytest.fixture
def slow() -> SlowDisk:
    return SlowDisk()


def test_it_is_in_state_d_and_counts_as_load(slow: SlowDisk) -> None:
    pcb = slow.sleeper()
    assert (pcb.state, pcb.wchan) == ("D", "io_schedule")
    slow.rig.run(36000)
    assert slow.rig.kernel.load_averages() == (65536, 65536, 65536)
    slow.finish()
    slow.rig.run(36000)
    assert slow.rig.kernel.load_averages() == (0, 0, 0)


def test_a_fatal_signal_waits_for_the_disk(slow: SlowDisk) -> None:
    pcb = slow.sleeper()
    signals.post(slow.rig.kernel, pcb, Sig.SIGTERM)
    slow.rig.run()
    assert pcb.state == "D"
    slow.finish()
    assert pcb.exit_status == Sig.SIGTERM
    assert slow.log == []


def test_sigkill_does_not_wait(slow: SlowDisk) -> None:
    pcb = slow.sleeper()
    signals.post(slow.rig.kernel, pcb, Sig.SIGKILL)
    assert pcb.zombie
    slow.rig.run(36000)
    assert slow.rig.kernel.load_averages() == (0, 0, 0)


def test_a_stop_takes_effect_afterwards(slow: SlowDisk) -> None:
    pcb = slow.sleeper()
    signals.post(slow.rig.kernel, pcb, Sig.SIGSTOP)
    assert pcb.state == "D"
    slow.finish()
    assert (pcb.state, slow.log) == ("T", [])
    signals.post(slow.rig.kernel, pcb, Sig.SIGCONT)
    slow.rig.run()
    assert (pcb.exit_status, slow.log) == (3 << 8, ["synced"])


def test_a_handler_runs_afterwards_and_the_call_is_not_made_again(slow: SlowDisk) -> None:
    async def note(sys: Sys, sig: int) -> None:
        slow.log.append("handler")

    async def prepare(sys: Sys) -> None:
        await sys.sigaction(Sig.SIGUSR1, note)

    pcb = slow.sleeper(prepare)
    signals.post(slow.rig.kernel, pcb, Sig.SIGUSR1)
    slow.rig.run()
    assert slow.log == []
    slow.finish()
    assert slow.log == ["handler", "synced"]
