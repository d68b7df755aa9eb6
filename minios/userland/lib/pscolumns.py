"""The columns that ``ps -o`` knows: header, width, alignment, value, and how it is shown.

Behaviour is that of procps-ng 4.0.2; the names and headers are those ``ps L`` lists.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from minios.userland.lib.calendar import NS, civil, strftime
from minios.userland.lib.proc import HZ, PAGE, Process, tty_name
from minios.userland.lib.utf8 import clip, decode, encode, stray, width


@dataclass(slots=True)
class View:
    """What showing a process needs besides the process."""

    uptime: int = 0
    boot: int = 0
    memory: int = 1
    pid_width: int = 5
    users: dict[int, bytes] = field(default_factory=dict)
    groups: dict[int, bytes] = field(default_factory=dict)
    numeric: bool = False
    true_name: bool = False
    environment: bool = False
    cumulative: bool = False
    prefix: str = ""
    """The branches of the tree, drawn before the command."""

    def elapsed(self, p: Process) -> int:
        return max(self.uptime - p.starttime, 0)

    def started(self, p: Process) -> int:
        """Start time in seconds since the epoch."""
        return self.boot + p.starttime // HZ

    def now(self) -> int:
        return self.boot + self.uptime // HZ

    def ticks(self, p: Process) -> int:
        return p.cpu + (p.cutime + p.cstime if self.cumulative else 0)

    def share(self, p: Process) -> int:
        """CPU use over the life of the process, in thousandths of a core."""
        elapsed = self.elapsed(p)
        return self.ticks(p) * 1000 // elapsed if elapsed else 0

    def user(self, uid: int) -> bytes:
        name = None if self.numeric else self.users.get(uid)
        return b"%d" % uid if name is None else name

    def group(self, gid: int) -> bytes:
        name = None if self.numeric else self.groups.get(gid)
        return b"%d" % gid if name is None else name


class Fit(Enum):
    """How a value stands in its column."""

    LEFT = "left"
    RIGHT = "right"
    USER = "user"
    """Left; a name that is too long ends in ``+``. Right when numbers were asked for."""
    CUT = "cut"
    """Left, cut to the width unless it is the last column, which may take the rest of the line."""
    PID = "pid"
    """Right, as wide as the highest pid."""


Value = int | bytes


@dataclass(frozen=True, slots=True)
class Column:
    """A format specifier. ``value`` is what ``--sort`` compares; ``show`` (if any) words it."""

    header: bytes
    width: int
    fit: Fit
    value: Callable[[View, Process], Value]
    show: Callable[[View, Process], bytes] | None = None

    def text(self, view: View, process: Process) -> bytes:
        if self.show is not None:
            return self.show(view, process)
        value = self.value(view, process)
        return value if isinstance(value, bytes) else b"%d" % value


def clean(text: bytes) -> str:
    """Text that a terminal can show: controls and stray bytes become ``?``."""
    if text.isascii() and text.isalnum():
        return text.decode("ascii")
    return "".join("?" if width(c) < 0 or stray(c) else c for c in decode(text))


def _comm(view: View, p: Process) -> bytes:
    return encode(view.prefix + clean(p.comm))


def command(view: View, p: Process) -> bytes:
    """The command line, or ``[name]`` where there is none to read."""
    if view.true_name:
        return _comm(view, p)
    if p.argv:
        text = clean(b" ".join(p.argv).replace(b"\n", b" "))
        if view.environment and p.environ:
            text += " " + clean(b" ".join(p.environ))
        return encode(view.prefix + text)
    return encode(f"{view.prefix}[{clean(p.comm)}]" + (" <defunct>" if p.state == "Z" else ""))


def clock(seconds: int) -> bytes:
    """``[DD-]HH:MM:SS``."""
    days, rest = divmod(seconds, 86_400)
    text = b"%02d:%02d:%02d" % (rest // 3600, rest // 60 % 60, rest % 60)
    return b"%d-%b" % (days, text) if days else text


def _bsd_time(view: View, p: Process) -> bytes:
    minutes, seconds = divmod(view.ticks(p) // HZ, 60)
    return b"%3d:%02d" % (minutes, seconds)


def _etime(view: View, p: Process) -> bytes:
    text = clock(view.elapsed(p) // HZ)
    return text[3:] if text.startswith(b"00:") else text


def _stime(view: View, p: Process) -> bytes:
    start, now = view.started(p), view.now()
    a, b = civil(start * NS), civil(now * NS)
    if a.year != b.year:
        return strftime(b"%Y", start * NS)
    return strftime(b"%H:%M" if a.yearday == b.yearday else b"%b%d", start * NS)


def _start(view: View, p: Process) -> bytes:
    start = view.started(p)
    if view.now() - start < 86_400:
        return strftime(b"%H:%M:%S", start * NS)
    return strftime(b"  %b %d", start * NS)


def _bsd_start(view: View, p: Process) -> bytes:
    start = view.started(p)
    form = b"%H:%M" if view.now() - start < 86_400 else b"%b %d"
    return strftime(form, start * NS).rjust(6)


def tenths(permille: int) -> bytes:
    """Thousandths as ps writes percentages: ``0.3``, ``12.5``, and ``100`` without a fraction."""
    return b"%d" % (permille // 10) if permille > 999 else b"%d.%d" % divmod(permille, 10)


def _pmem(view: View, p: Process) -> int:
    return min(p.resident * 1000 // view.memory, 999)


_CLASSES = {0: b"TS", 1: b"FF", 2: b"RR", 3: b"B", 4: b"ISO", 5: b"IDL", 6: b"DLN"}


def _class(_: View, p: Process) -> bytes:
    return _CLASSES.get(p.policy, b"?")


def _nice(_: View, p: Process) -> bytes:
    return b"%d" % p.nice if p.policy in (0, 3) else b"-"


def _size(p: Process) -> int:
    return p.number(b"VmData") + p.number(b"VmStk")


def _wchan(view: View, p: Process) -> bytes:
    return b"-" if p.wchan in (b"", b"0") or p.state == "R" else clean(p.wchan).encode()


def _unit(view: View, p: Process) -> bytes:
    """The service that a process belongs to (systemd.unit(5))."""
    name = p.cgroup.rpartition(b"/")[2]
    return name if name.endswith((b".service", b".scope")) else b"-"


def _slice(view: View, p: Process) -> bytes:
    part = next((part for part in p.cgroup.split(b"/") if part.endswith(b".slice")), b"")
    return part or b"-.slice"


def _sig(key: bytes) -> Callable[[View, Process], bytes]:
    return lambda _, p: p.status.get(key, b"0" * 16)


def _supplementary(view: View, p: Process, *, names: bool) -> bytes:
    gids = p.status.get(b"Groups", b"").split()
    if not gids:
        return b"-"
    return b",".join(view.groups.get(int(g), g) if names else g for g in gids)


def _ppid(_: View, p: Process) -> int:
    return p.ppid


def _tty(_: View, p: Process) -> bytes:
    return tty_name(p.tty_nr)


_PIDS: dict[str, tuple[bytes, Callable[[View, Process], int]]] = {
    "pid": (b"PID", lambda _, p: p.pid),
    "tgid": (b"TGID", lambda _, p: p.pid),
    "lwp": (b"LWP", lambda _, p: p.pid),
    "spid": (b"SPID", lambda _, p: p.pid),
    "tid": (b"TID", lambda _, p: p.pid),
    "ppid": (b"PPID", _ppid),
    "pgid": (b"PGID", lambda _, p: p.pgrp),
    "pgrp": (b"PGRP", lambda _, p: p.pgrp),
    "sid": (b"SID", lambda _, p: p.session),
    "sess": (b"SESS", lambda _, p: p.session),
    "session": (b"SESS", lambda _, p: p.session),
    "tpgid": (b"TPGID", lambda _, p: p.tpgid),
}

_NUMBERS: dict[str, tuple[bytes, int, Callable[[View, Process], int]]] = {
    "pri": (b"PRI", 3, lambda _, p: 39 - p.priority),
    "opri": (b"PRI", 3, lambda _, p: p.priority + 60),
    "intpri": (b"PRI", 3, lambda _, p: p.priority + 60),
    "priority": (b"PRI", 3, lambda _, p: p.priority),
    "pri_foo": (b"FOO", 3, lambda _, p: p.priority - 20),
    "pri_bar": (b"BAR", 3, lambda _, p: p.priority + 1),
    "pri_baz": (b"BAZ", 3, lambda _, p: p.priority + 100),
    "pri_api": (b"API", 3, lambda _, p: -1 - p.priority),
    "sched": (b"SCH", 3, lambda _, p: p.policy),
    "nlwp": (b"NLWP", 4, lambda _, p: p.threads),
    "thcount": (b"THCNT", 5, lambda _, p: p.threads),
    "psr": (b"PSR", 3, lambda _, p: p.processor),
    "cpuid": (b"CPUID", 5, lambda _, p: p.processor),
    "cp": (b"CP", 3, lambda v, p: min(v.share(p), 999)),
    "c": (b"C", 2, lambda v, p: min(v.share(p) // 10, 99)),
    "etimes": (b"ELAPSED", 7, lambda v, p: v.elapsed(p) // HZ),
    "cputimes": (b"TIME", 8, lambda v, p: v.ticks(p) // HZ),
    "vsz": (b"VSZ", 6, lambda _, p: p.vsize // 1024),
    "rss": (b"RSS", 5, lambda _, p: p.resident),
    "sz": (b"SZ", 5, lambda _, p: p.vsize // PAGE),
    "size": (b"SIZE", 5, lambda _, p: _size(p)),
    "trs": (b"TRS", 4, lambda _, p: p.text // 1024),
    "m_trs": (b"TRS", 5, lambda _, p: p.text // 1024),
    "drs": (b"DRS", 5, lambda _, p: (p.vsize - p.text) // 1024),
    "min_flt": (b"MINFL", 6, lambda _, p: p.minflt),
    "maj_flt": (b"MAJFL", 6, lambda _, p: p.majflt),
    "uid": (b"UID", 5, lambda _, p: p.euid),
    "euid": (b"EUID", 5, lambda _, p: p.euid),
    "ruid": (b"RUID", 5, lambda _, p: p.ruid),
    "suid": (b"SUID", 5, lambda _, p: p.uids[2]),
    "fsuid": (b"FSUID", 5, lambda _, p: p.uids[3]),
    "gid": (b"GID", 5, lambda _, p: p.gids[1]),
    "egid": (b"EGID", 5, lambda _, p: p.gids[1]),
    "rgid": (b"RGID", 5, lambda _, p: p.gids[0]),
    "sgid": (b"SGID", 5, lambda _, p: p.gids[2]),
    "fsgid": (b"FSGID", 5, lambda _, p: p.gids[3]),
}

COLUMNS: dict[str, Column] = {
    **{name: Column(head, 0, Fit.PID, get) for name, (head, get) in _PIDS.items()},
    **{name: Column(h, w, Fit.RIGHT, get) for name, (h, w, get) in _NUMBERS.items()},
    "user": Column(b"USER", 8, Fit.USER, lambda v, p: v.user(p.euid)),
    "euser": Column(b"EUSER", 8, Fit.USER, lambda v, p: v.user(p.euid)),
    "ruser": Column(b"RUSER", 8, Fit.USER, lambda v, p: v.user(p.ruid)),
    "suser": Column(b"SUSER", 8, Fit.USER, lambda v, p: v.user(p.uids[2])),
    "fsuser": Column(b"FSUSER", 8, Fit.USER, lambda v, p: v.user(p.uids[3])),
    "uid_hack": Column(b"UID", 8, Fit.USER, lambda v, p: v.user(p.euid)),
    "group": Column(b"GROUP", 8, Fit.USER, lambda v, p: v.group(p.gids[1])),
    "egroup": Column(b"EGROUP", 8, Fit.USER, lambda v, p: v.group(p.gids[1])),
    "rgroup": Column(b"RGROUP", 8, Fit.USER, lambda v, p: v.group(p.gids[0])),
    "sgroup": Column(b"SGROUP", 8, Fit.USER, lambda v, p: v.group(p.gids[2])),
    "fsgroup": Column(b"FSGROUP", 8, Fit.USER, lambda v, p: v.group(p.gids[3])),
    "supgid": Column(b"SUPGID", 20, Fit.CUT, lambda v, p: _supplementary(v, p, names=False)),
    "supgrp": Column(b"SUPGRP", 40, Fit.CUT, lambda v, p: _supplementary(v, p, names=True)),
    "comm": Column(b"COMMAND", 15, Fit.CUT, lambda _, p: p.comm, _comm),
    "ucmd": Column(b"CMD", 15, Fit.CUT, lambda _, p: p.comm, _comm),
    "fname": Column(b"COMMAND", 8, Fit.LEFT, lambda _, p: clip(clean(p.comm), 8).encode()),
    "args": Column(b"COMMAND", 27, Fit.CUT, lambda v, p: b" ".join(p.argv) or p.comm, command),
    "cmd": Column(b"CMD", 27, Fit.CUT, lambda v, p: b" ".join(p.argv) or p.comm, command),
    "exe": Column(b"EXE", 27, Fit.CUT, lambda _, p: p.exe),
    "stat": Column(b"STAT", 4, Fit.LEFT, lambda _, p: p.stat.encode()),
    "s": Column(b"S", 1, Fit.LEFT, lambda _, p: p.state.encode()),
    "ni": Column(b"NI", 3, Fit.RIGHT, lambda _, p: p.nice, _nice),
    "class": Column(b"CLS", 3, Fit.LEFT, _class),
    "cls": Column(b"CLS", 3, Fit.RIGHT, _class),
    "policy": Column(b"POL", 3, Fit.LEFT, _class),
    "rtprio": Column(
        b"RTPRIO", 6, Fit.RIGHT, lambda _, p: p.rtprio,
        lambda _, p: b"%d" % p.rtprio if p.policy in (1, 2) else b"-",
    ),
    "sgi_p": Column(
        b"P", 1, Fit.RIGHT, lambda _, p: p.processor,
        lambda _, p: b"%d" % p.processor if p.state == "R" else b"*",
    ),
    "pcpu": Column(
        b"%CPU", 4, Fit.RIGHT, lambda v, p: v.share(p), lambda v, p: tenths(v.share(p))
    ),
    "pmem": Column(b"%MEM", 4, Fit.RIGHT, _pmem, lambda v, p: tenths(_pmem(v, p))),
    "f": Column(
        b"F", 1, Fit.RIGHT, lambda _, p: p.flags >> 6 & 7, lambda _, p: b"%o" % (p.flags >> 6 & 7)
    ),
    "addr": Column(b"ADDR", 4, Fit.RIGHT, lambda _, p: b"-"),
    "addr_1": Column(b"ADDR", 1, Fit.LEFT, lambda _, p: b"-"),
    "wchan": Column(b"WCHAN", 6, Fit.CUT, _wchan),
    "cgroup": Column(b"CGROUP", 27, Fit.CUT, lambda _, p: p.cgroup.removesuffix(b"0::/") or b"-"),
    "unit": Column(b"UNIT", 31, Fit.LEFT, _unit),
    "slice": Column(b"SLICE", 31, Fit.LEFT, _slice),
    "tty": Column(b"TT", 8, Fit.LEFT, _tty),
    "tname": Column(b"TTY", 8, Fit.LEFT, _tty),
    "time": Column(
        b"TIME", 8, Fit.RIGHT, lambda v, p: v.ticks(p), lambda v, p: clock(v.ticks(p) // HZ)
    ),
    "bsdtime": Column(b"TIME", 6, Fit.RIGHT, lambda v, p: v.ticks(p), _bsd_time),
    "etime": Column(b"ELAPSED", 11, Fit.RIGHT, lambda v, p: v.elapsed(p), _etime),
    "stime": Column(b"STIME", 5, Fit.RIGHT, lambda v, p: p.starttime, _stime),
    "start_time": Column(b"START", 5, Fit.RIGHT, lambda v, p: p.starttime, _stime),
    "start": Column(b"STARTED", 8, Fit.RIGHT, lambda v, p: p.starttime, _start),
    "bsdstart": Column(b"START", 6, Fit.RIGHT, lambda v, p: p.starttime, _bsd_start),
    "lstart": Column(
        b"STARTED", 24, Fit.RIGHT, lambda v, p: p.starttime,
        lambda v, p: strftime(b"%c", v.started(p) * NS),
    ),
    "pending": Column(b"PENDING", 16, Fit.RIGHT, _sig(b"ShdPnd")),
    "tsig": Column(b"PENDING", 16, Fit.RIGHT, _sig(b"SigPnd")),
    "blocked": Column(b"BLOCKED", 16, Fit.RIGHT, _sig(b"SigBlk")),
    "ignored": Column(b"IGNORED", 16, Fit.RIGHT, _sig(b"SigIgn")),
    "caught": Column(b"CAUGHT", 16, Fit.RIGHT, _sig(b"SigCgt")),
    "label": Column(b"LABEL", 31, Fit.CUT, lambda _, p: b"-"),
}  # fmt: skip

ALIASES = {
    "%cpu": "pcpu", "%mem": "pmem", "atime": "time", "cputime": "time", "times": "cputimes",
    "command": "args", "flag": "f", "flags": "f", "nice": "ni",
    "rssize": "rss", "rsz": "rss", "vsize": "vsz", "state": "s", "tt": "tty", "tty8": "tname",
    "longtname": "tname", "tty4": "tname", "ucomm": "comm", "uname": "user", "util": "c",
    "lastcpu": "c", "sigmask": "blocked", "sig_block": "blocked", "sigignore": "ignored",
    "sig_ignore": "ignored", "sigcatch": "caught", "sig_catch": "caught", "sig": "pending",
    "sig_pend": "pending", "svuid": "suid", "svuser": "suser", "svgid": "sgid",
    "svgroup": "sgroup", "fuid": "fsuid", "fuser": "fsuser", "fgid": "fsgid",
    "fgroup": "fsgroup", "wname": "wchan", "context": "label", "pagein": "maj_flt",
    "minflt": "min_flt", "majflt": "maj_flt",
}  # fmt: skip

_HEADERS = {
    "sig_block": b"BLOCKED", "sig_catch": b"CATCHED", "sig_pend": b"SIGNAL",
    "longtname": b"TTY", "tty4": b"TTY", "fuid": b"FUID", "fuser": b"FUSER", "fgid": b"FGID",
    "fgroup": b"FGROUP", "svuid": b"SVUID", "svuser": b"SVUSER", "svgid": b"SVGID",
    "svgroup": b"SVGROUP", "rsz": b"RSZ", "pagein": b"PAGEIN", "context": b"CONTEXT",
    "minflt": b"MINFLT", "majflt": b"MAJFLT",
}  # fmt: skip


def find(name: str) -> Column | None:
    """The column of a format specifier."""
    column = COLUMNS.get(ALIASES.get(name, name))
    if column is not None and name in _HEADERS:
        return Column(_HEADERS[name], column.width, column.fit, column.value, column.show)
    return column


def names() -> list[str]:
    """Every specifier, sorted, as ``ps L`` lists them."""
    hidden = {"addr", "addr_1"}
    return sorted((COLUMNS.keys() | ALIASES.keys()) - hidden)
