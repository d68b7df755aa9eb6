"""/proc/PID: how a process was and is scheduled (proc_pid_sched(5), sched-stats of the kernel)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.kernel import scheduling
from minios.kernel.knob import integer
from minios.kernel.proc.text import spelled
from minios.kernel.sched.policy import NICE_0

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


def core_list(mask: int) -> bytes:
    """Cores as ranges, ``0-2,5`` (cpuset(7), list format)."""
    ranges = []
    core = 0
    while mask >> core:
        if mask >> core & 1:
            first = core
            while mask >> core + 1 & 1:
                core += 1
            ranges.append(b"%d" % first if first == core else b"%d-%d" % (first, core))
        core += 1
    return b",".join(ranges)


def priority(pcb: PCB) -> int:
    """The kernel's own scale: 0 to 98 for real time, 100 to 139 by nice value."""
    return 99 - pcb.rt_priority if pcb.rt_priority else 120 + pcb.nice


def schedstat(kernel: Kernel, pcb: PCB) -> bytes:
    """ns on a core, ns waiting for one, and how often it got one."""
    run, wait, _ = scheduling.times(kernel, pcb)
    slices = pcb.nvcsw + pcb.nivcsw + (pcb.core is not None)
    return b"%d %d %d\n" % (run, wait, slices)


def sched(kernel: Kernel, pcb: PCB) -> bytes:
    """Times in ms. ``response_time`` is from birth to the first time on a core, and
    ``turnaround_time`` from birth to the end, or to now: these two are not in Linux (OSTEP ch. 7).
    """
    run, wait, off = scheduling.times(kernel, pcb)
    first = pcb.first_run if pcb.first_run is not None else kernel.world.now
    title = b"%b (%d, #threads: 1)" % (spelled(pcb), pcb.pid)
    rows: list[tuple[bytes, bytes]] = [
        (b"se.vruntime", _ms(pcb.vruntime)),
        (b"se.sum_exec_runtime", _ms(run)),
        (b"se.nr_migrations", b"%d" % pcb.migrations),
        (b"sum_sleep_runtime", _ms(off)),
        (b"wait_sum", _ms(wait)),
        (b"response_time", _ms(first - pcb.start_time)),
        (b"turnaround_time", _ms(run + wait + off)),
        (b"nr_switches", b"%d" % (pcb.nvcsw + pcb.nivcsw)),
        (b"nr_voluntary_switches", b"%d" % pcb.nvcsw),
        (b"nr_involuntary_switches", b"%d" % pcb.nivcsw),
        (b"se.load.weight", b"%d" % (pcb.weight * NICE_0)),
        (b"policy", b"%d" % pcb.policy),
        (b"prio", b"%d" % priority(pcb)),
        (b"se.slice", b"%d" % (pcb.runtime or kernel.dispatcher.params.quantum)),
    ]
    lines = [title, b"-" * 67, *(b"%-45b:%21b" % row for row in rows)]
    return b"\n".join(lines) + b"\n"


def _ms(ns: int) -> bytes:
    sign = b"-" if ns < 0 else b""
    return b"%b%d.%06d" % (sign, abs(ns) // 1_000_000, abs(ns) % 1_000_000)


def sched_core(kernel: Kernel, pcb: PCB) -> bytes:
    """The core that the manual policy gave it, -1 if none."""
    return b"%d\n" % pcb.assigned


def set_sched_core(kernel: Kernel, pcb: PCB, text: bytes, who: PCB) -> None:
    """EINVAL if the policy is not ``manual``, there is no such core, or it may not run there."""
    scheduling.assign(kernel, pcb, integer(text.strip(), -1, len(kernel.cores) - 1))
