"""Which file of /proc shows what. A name may have one directory before it, as ``net/unix``.

To add a file, write its text in the module of its subject and put a line here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from minios.abi.errno import Errno, error
from minios.kernel.dev import interrupts, printer
from minios.kernel.files import locks
from minios.kernel.mm import shm
from minios.kernel.net import conntrack
from minios.kernel.proc import cpu, datagrams, files, memory, net, pid, sched, system, tcp
from minios.kernel.process import PCB
from minios.kernel.socket import unix

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel


class RootFile(NamedTuple):
    """A file of /proc: its mode, its text and, if it can be written, who takes that."""

    read: Callable[[Kernel], bytes]
    mode: int = 0o444
    write: Callable[[Kernel, bytes, PCB], None] | None = None
    """(kernel, what was written, the writer). EINVAL and the like."""


class PidFile(NamedTuple):
    """A file of /proc/PID. ``private`` ones are EACCES unless the reader may trace the process."""

    read: Callable[[Kernel, PCB], bytes]
    mode: int = 0o444
    write: Callable[[Kernel, PCB, bytes, PCB], None] | None = None
    """(kernel, the process, what was written, the writer)."""
    private: bool = False


def _nothing(kernel: Kernel, pcb: PCB) -> bytes:
    """What a file that is only written to says. EINVAL."""
    raise error(Errno.EINVAL)


ROOT_FILES: dict[bytes, RootFile] = {
    b"cmdline": RootFile(system.cmdline),
    b"cpuinfo": RootFile(cpu.cpuinfo),
    b"filesystems": RootFile(system.filesystems),
    b"devices": RootFile(system.devices),
    b"driver/lp0/panel": RootFile(lambda kernel: b"", 0o200, printer.press),
    b"driver/lp0/status": RootFile(printer.status_text),
    b"driver/lp0/tray": RootFile(printer.tray_text),
    b"interrupts": RootFile(interrupts.listing),
    b"loadavg": RootFile(cpu.loadavg),
    b"locks": RootFile(locks.listing),
    b"meminfo": RootFile(memory.meminfo),
    b"pressure/memory": RootFile(memory.pressure),
    b"diskstats": RootFile(files.diskstats),
    b"mounts": RootFile(files.mounts),
    b"partitions": RootFile(files.partitions),
    b"net/arp": RootFile(net.arp),
    b"net/dev": RootFile(net.dev),
    b"net/dev_mcast": RootFile(net.dev_mcast),
    b"net/nf_conntrack": RootFile(conntrack.text, 0o440),
    b"net/igmp": RootFile(net.igmp),
    b"net/netstat": RootFile(net.netstat),
    b"net/route": RootFile(net.route),
    b"net/icmp": RootFile(datagrams.icmp),
    b"net/packet": RootFile(datagrams.packet),
    b"net/raw": RootFile(datagrams.raw),
    b"net/snmp": RootFile(net.snmp),
    b"net/tcp": RootFile(tcp.tcp),
    b"net/tcp6": RootFile(tcp.tcp6),
    b"net/udp": RootFile(datagrams.udp),
    b"net/sockstat": RootFile(net.sockstat),
    b"net/unix": RootFile(unix.listing),
    b"stat": RootFile(cpu.stat),
    b"swaps": RootFile(memory.swaps),
    b"sysvipc/shm": RootFile(shm.listing),
    b"tlb": RootFile(memory.tlb),
    b"sysstat": RootFile(lambda kernel: kernel.history.text()),
    b"uptime": RootFile(cpu.uptime),
    b"version": RootFile(system.version),
    b"vmstat": RootFile(memory.vmstat),
}

PID_FILES: dict[bytes, PidFile] = {
    b"cgroup": PidFile(lambda kernel, pcb: b"0::%b\n" % pcb.cgroup),
    b"clear_refs": PidFile(_nothing, 0o200, memory.clear_refs, private=True),
    b"cmdline": PidFile(pid.cmdline),
    b"comm": PidFile(pid.comm, 0o644, pid.set_comm),
    b"environ": PidFile(pid.environ, 0o400, private=True),
    b"io": PidFile(pid.io, 0o400, private=True),
    b"limits": PidFile(pid.limits),
    b"maps": PidFile(memory.maps, private=True),
    b"mountinfo": PidFile(lambda kernel, pcb: files.mountinfo(kernel)),
    b"mounts": PidFile(lambda kernel, pcb: files.mounts(kernel)),
    b"sched": PidFile(sched.sched),
    b"sched_core": PidFile(sched.sched_core, 0o644, sched.set_sched_core),
    b"schedstat": PidFile(sched.schedstat),
    b"oom_score": PidFile(memory.oom_score),
    b"oom_score_adj": PidFile(memory.oom_score_adj, 0o644, memory.set_oom_score_adj),
    b"pagetable": PidFile(memory.page_table, 0o400, private=True),
    b"reclaim": PidFile(_nothing, 0o200, memory.set_reclaim),
    b"smaps": PidFile(memory.smaps, private=True),
    b"smaps_rollup": PidFile(memory.smaps_rollup, private=True),
    b"stack": PidFile(pid.stack, 0o400, private=True),
    b"stat": PidFile(pid.stat),
    b"statm": PidFile(memory.statm),
    b"status": PidFile(pid.status),
    b"wchan": PidFile(pid.wchan),
    b"syscall": PidFile(pid.syscall, 0o400, private=True),
}
