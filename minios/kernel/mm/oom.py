"""The out-of-memory killer: who dies when no page can be freed, and why (proc_pid_oom_score(5)).

The badness of a process is the share of RAM and swap that it takes, in thousandths, plus its
``oom_score_adj``. The worst one is killed; -1000 means never.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.signals import Sig
from minios.kernel.log import LOG_ERR, LOG_WARNING

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

NEVER = -1000


def badness(kernel: Kernel, pcb: PCB) -> int | None:
    """Pages a process is worth, oom_score_adj counted in; None for one that may not be killed."""
    space = pcb.mm
    if pcb.zombie or pcb.pid == 1 or space is None or pcb.oom_score_adj == NEVER:
        return None
    total = kernel.mm.frames.count + kernel.mm.swap.size
    points: int = space.rss + space.swapped + space.table.tables()
    return points + pcb.oom_score_adj * total // 1000


def score(kernel: Kernel, pcb: PCB) -> int:
    """What /proc/PID/oom_score shows: 0 to 2000, 666 being everything without an adjustment."""
    points = badness(kernel, pcb)
    if points is None:
        return 0
    total = kernel.mm.frames.count + kernel.mm.swap.size
    return max(0, (1000 + points * 1000 // max(total, 1)) * 2 // 3)


def choose(kernel: Kernel) -> PCB | None:
    """The process with the greatest badness, the oldest of equals."""
    worst: PCB | None = None
    most = 0
    for pcb in kernel.processes.values():
        points = badness(kernel, pcb)
        if points is not None and (worst is None or points > most):
            worst, most = pcb, points
    return worst


def kill(kernel: Kernel, who: PCB, order: int) -> bool:
    """Kill a process because ``who`` needs memory that is not there; False if none may be killed.

    What the kernel log says of it is what Linux says (mm/oom_kill.c).
    """
    victim = choose(kernel)
    log = kernel.log
    log.put(
        b"%b invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), "
        b"order=%d, oom_score_adj=%d" % (who.comm, order, who.oom_score_adj),
        LOG_WARNING,
    )
    memory = kernel.mm
    log.put(
        b"%d total pages RAM, %d free, %d in swap cache; free swap %dkB of %dkB"
        % (memory.frames.count, memory.frames.free, len(memory.swap.frames),
           memory.swap.free << 2, memory.swap.size << 2)
    )  # fmt: skip
    log.put(b"Tasks state (memory values in pages):")
    log.put(b"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name")
    for pcb in kernel.processes.values():
        if pcb.mm is None or pcb.zombie:
            continue
        log.put(
            b"[%7d] %5d %5d %8d %8d %8d %8d         %5d %b"
            % (pcb.pid, pcb.uid, pcb.pid, pcb.mm.total, pcb.mm.rss,
               pcb.mm.table.tables() << 12, pcb.mm.swapped, pcb.oom_score_adj, pcb.comm)
        )  # fmt: skip
    if victim is None:
        log.put(b"Out of memory and no killable processes...", LOG_WARNING)
        return False
    space = victim.mm
    log.put(
        b"oom-kill:constraint=CONSTRAINT_NONE,task=%b,pid=%d,uid=%d"
        % (victim.comm, victim.pid, victim.uid)
    )
    log.put(
        b"Out of memory: Killed process %d (%b) total-vm:%dkB, anon-rss:%dkB, file-rss:%dkB, "
        b"shmem-rss:%dkB, UID:%d pgtables:%dkB oom_score_adj:%d"
        % (victim.pid, victim.comm, space.total << 2, space.anon << 2, space.file << 2,
           space.shmem << 2, victim.uid, space.table.tables() << 2, victim.oom_score_adj),
        LOG_ERR,
    )  # fmt: skip
    memory.count("oom_kill")
    victim.oom_killed = True
    kernel.terminate(victim, Sig.SIGKILL, (0, b"kernel", 0))
    return True
