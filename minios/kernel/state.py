"""What a digest says of a running kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.sim.canonical import encode

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel


def digest(kernel: Kernel) -> bytes:
    """The canonical state: processes, cores, queues, terminals. Never Python frames."""
    rows = [
        (
            pcb.pid, pcb.ppid, pcb.pgid, pcb.sid, pcb.uid, pcb.euid, pcb.gid, pcb.egid,
            pcb.groups, pcb.nice, pcb.comm, pcb.program, pcb.argv, pcb.environ, pcb.state,
            pcb.cwd.path() if pcb.cwd is not None else b"", pcb.umask,
            pcb.minflt, pcb.majflt, pcb.oom_score_adj, pcb.pending,
            pcb.blocked, [h if isinstance(h, str) else "handler" for h in pcb.handlers],
            pcb.deadline, pcb.wchan, pcb.progress, pcb.request, pcb.burst, pcb.trace,
            pcb.utime, pcb.stime, pcb.cutime, pcb.cstime, pcb.vruntime, pcb.last_core,
            pcb.exit_status, pcb.report, pcb.timer, pcb.timer_interval, pcb.runnable,
            pcb.cgroup, tuple(pcb.caps), pcb.attributes, pcb.death_signal, pcb.awaited,
            [tuple(info) for info in pcb.queued or ()], sorted(pcb.rlimits.items()),
            [frame.sig for frame in pcb.frames], pcb.fds.state() if not pcb.zombie else (),
            pcb.rchar, pcb.wchar, pcb.read_bytes, pcb.write_bytes,
        )
        for pcb in kernel.processes.values()
    ]  # fmt: skip
    cores = [
        (
            core.current.pid if core.current is not None else 0, core.since, core.slice_end,
            core.switches, core.queue.order(),
        )
        for core in kernel.cores
    ]  # fmt: skip
    ttys = [(name, tty.state()) for name, tty in sorted(kernel.ttys.items())]
    figures = (
        kernel.forks, kernel.ram_used, kernel.last_pid, kernel.hostname, kernel.halted,
        sorted(kernel.sysctl.items()), kernel.log.state(),
    )  # fmt: skip
    parts = [(name, part()) for name, part in sorted(kernel.parts.items())]
    return encode((rows, cores, ttys, figures, kernel.load_averages(), parts))
