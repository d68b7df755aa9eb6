"""What proc(5) tells about processes, parsed. Only files below /proc are read.

CPU times and start times are clock ticks of 1/100 s, sizes are bytes unless a name says otherwise.
"""

from dataclasses import dataclass, field

from minios.abi.sys import Sys
from minios.userland.lib.procfiles import boot_time as boot_time
from minios.userland.lib.procfiles import pids as pids
from minios.userland.lib.procfiles import read_optional as read_optional
from minios.userland.lib.stdio import read_file

HZ = 100
"""Clock ticks a second (USER_HZ)."""
PAGE = 4096


@dataclass(slots=True)
class Process:
    """One process as /proc/PID/stat and, where asked for, status and cmdline describe it."""

    pid: int
    comm: bytes
    state: str
    ppid: int
    pgrp: int
    session: int
    tty_nr: int
    tpgid: int
    flags: int
    minflt: int
    majflt: int
    utime: int
    stime: int
    cutime: int
    cstime: int
    priority: int
    nice: int
    threads: int
    starttime: int
    vsize: int
    rss: int
    """Resident pages."""
    text: int
    """Bytes of program code."""
    processor: int
    rtprio: int
    policy: int
    argv: list[bytes] = field(default_factory=list)
    status: dict[bytes, bytes] = field(default_factory=dict)
    uids: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Real, effective, saved and file-system user ids."""
    gids: tuple[int, int, int, int] = (0, 0, 0, 0)
    environ: list[bytes] = field(default_factory=list)
    wchan: bytes = b"-"
    exe: bytes = b"-"
    cgroup: bytes = b"-"

    @property
    def ruid(self) -> int:
        return self.uids[0]

    @property
    def euid(self) -> int:
        return self.uids[1]

    @property
    def tty(self) -> bytes:
        """``tty1``, ``pts/0`` or ``?`` without a terminal."""
        return tty_name(self.tty_nr)

    @property
    def cpu(self) -> int:
        """Ticks of CPU used by itself."""
        return self.utime + self.stime

    @property
    def stat(self) -> str:
        """The state with its marks, as ``ps -o stat`` prints it."""
        marks = "<" if self.nice < 0 else "N" if self.nice > 0 else ""
        if self.number(b"VmLck"):
            marks += "L"
        if self.session == self.pid:
            marks += "s"
        if self.threads > 1:
            marks += "l"
        if self.tpgid == self.pgrp:
            marks += "+"
        return self.state + marks

    @property
    def resident(self) -> int:
        """Resident size in KiB; status is exact where stat may lag behind."""
        return self.number(b"VmRSS") or self.rss * (PAGE // 1024)

    def number(self, key: bytes) -> int:
        """The first number of a line of status; 0 if there is no such line."""
        words = self.status.get(key, b"").split()
        return int(words[0]) if words and words[0].isdigit() else 0


def tty_name(device: int) -> bytes:
    """The name below /dev of a terminal's device number (tty_nr of proc_pid_stat(5))."""
    major, minor = device >> 8 & 0xFFF, device & 0xFF | device >> 12 & 0xFFF00
    if not device:
        return b"?"
    if major == 4:
        return b"tty%d" % minor if minor < 64 else b"ttyS%d" % (minor - 64)
    if 136 <= major < 144:
        return b"pts/%d" % (minor + 256 * (major - 136))
    if (major, minor) == (5, 1):
        return b"console"
    return b"?"


def parse_stat(text: bytes) -> Process:
    """Parse /proc/PID/stat; the name stands in parentheses and may hold any byte."""
    left, right = text.index(b"("), text.rindex(b")")
    words = text[right + 2 :].split()
    n = [int(word) for word in words[1:]]
    return Process(
        pid=int(text[:left]),
        comm=text[left + 1 : right],
        state=words[0].decode("latin-1"),
        ppid=n[0],
        pgrp=n[1],
        session=n[2],
        tty_nr=n[3],
        tpgid=n[4],
        flags=n[5],
        minflt=n[6],
        majflt=n[8],
        utime=n[10],
        stime=n[11],
        cutime=n[12],
        cstime=n[13],
        priority=n[14],
        nice=n[15],
        threads=n[16],
        starttime=n[18],
        vsize=n[19],
        rss=n[20],
        text=max(n[23] - n[22], 0) if 0 < n[22] < n[23] else 0,
        processor=n[35] if len(n) > 35 else 0,
        rtprio=n[36] if len(n) > 36 else 0,
        policy=n[37] if len(n) > 37 else 0,
    )


def parse_status(text: bytes) -> dict[bytes, bytes]:
    """The ``Key: value`` lines of /proc/PID/status, /proc/meminfo and the like."""
    found: dict[bytes, bytes] = {}
    for line in text.split(b"\n"):
        key, colon, value = line.partition(b":")
        if colon:
            found[key] = value.strip()
    return found


def _four(words: bytes) -> tuple[int, int, int, int]:
    a, b, c, d = (int(word) for word in words.split()[:4])
    return a, b, c, d


async def read_process(
    sys: Sys, pid: int, *, status: bool = True, argv: bool = True, environ: bool = False
) -> Process | None:
    """A process; None if it has gone meanwhile. Files that may not be read stay empty."""
    base = b"/proc/%d/" % pid
    try:
        process = parse_stat(await read_file(sys, base + b"stat"))
        if status:
            process.status = parse_status(await read_file(sys, base + b"status"))
            process.uids = _four(process.status[b"Uid"])
            process.gids = _four(process.status[b"Gid"])
        if argv:
            process.argv = (await read_file(sys, base + b"cmdline")).split(b"\0")[:-1]
    except (OSError, ValueError, IndexError, KeyError):
        return None
    if environ:
        process.environ = (await read_optional(sys, base + b"environ")).split(b"\0")[:-1]
    await sys.compute(20)
    return process


async def processes(
    sys: Sys, *, status: bool = True, argv: bool = True, environ: bool = False
) -> list[Process]:
    """Every process in order of its pid. The caller asks for memory (brk) if it keeps many."""
    found: list[Process] = []
    for pid in await pids(sys):
        process = await read_process(sys, pid, status=status, argv=argv, environ=environ)
        if process is not None:
            found.append(process)
    return found


async def uptime(sys: Sys) -> int:
    """Ticks since boot (/proc/uptime)."""
    whole, _, part = (await read_file(sys, b"/proc/uptime")).split()[0].partition(b".")
    return int(whole) * HZ + int(part[:2].ljust(2, b"0"))


async def meminfo(sys: Sys) -> dict[bytes, int]:
    """/proc/meminfo, in KiB."""
    table = parse_status(await read_file(sys, b"/proc/meminfo"))
    return {key: int(value.split()[0]) for key, value in table.items()}


async def pid_digits(sys: Sys) -> int:
    """How wide a column of pids is: what the highest pid needs, and at least 5."""
    return max(5, len((await read_optional(sys, b"/proc/sys/kernel/pid_max")).strip()))
