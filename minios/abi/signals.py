"""Signal numbers, names and default actions (signal(7), Linux)."""

from enum import Enum, IntEnum


class Sig(IntEnum):
    """A standard signal, numbered as on Linux x86, ARM and RISC-V."""

    SIGHUP = 1
    SIGINT = 2
    SIGQUIT = 3
    SIGILL = 4
    SIGTRAP = 5
    SIGABRT = 6
    SIGBUS = 7
    SIGFPE = 8
    SIGKILL = 9
    SIGUSR1 = 10
    SIGSEGV = 11
    SIGUSR2 = 12
    SIGPIPE = 13
    SIGALRM = 14
    SIGTERM = 15
    SIGSTKFLT = 16
    SIGCHLD = 17
    SIGCONT = 18
    SIGSTOP = 19
    SIGTSTP = 20
    SIGTTIN = 21
    SIGTTOU = 22
    SIGURG = 23
    SIGXCPU = 24
    SIGXFSZ = 25
    SIGVTALRM = 26
    SIGPROF = 27
    SIGWINCH = 28
    SIGIO = 29
    SIGPWR = 30
    SIGSYS = 31


NSIG = 64
"""Signal numbers run from 1 to this one; 32 to 64 are the real-time signals."""

SIGRTMIN = 34
SIGRTMAX = 64


class Action(Enum):
    """What a signal does to a process that neither handles nor ignores it (signal(7))."""

    TERM = "term"
    CORE = "core"
    STOP = "stop"
    CONT = "cont"
    IGNORE = "ignore"


_CORE = {3, 4, 5, 6, 7, 8, 11, 24, 25, 31}
_STOP = {19, 20, 21, 22}
_IGNORE = {17, 23, 28}

DEFAULT_ACTION: tuple[Action, ...] = tuple(
    Action.CORE
    if n in _CORE
    else Action.STOP
    if n in _STOP
    else Action.IGNORE
    if n in _IGNORE
    else Action.CONT
    if n == 18
    else Action.TERM
    for n in range(NSIG + 1)
)
"""Indexed by signal number."""

SIG_DFL = "SIG_DFL"
SIG_IGN = "SIG_IGN"
"""The two dispositions that are not a handler (sigaction(2))."""

SA_NOCLDSTOP = 0x1
SA_NOCLDWAIT = 0x2
SA_SIGINFO = 0x4
"""The handler is called with a third argument, a ``Siginfo``."""
SA_RESETHAND = 0x8000_0000
SA_NODEFER = 0x4000_0000
SA_RESTART = 0x1000_0000

SIG_BLOCK = 0
SIG_UNBLOCK = 1
SIG_SETMASK = 2

_TEXTS = {
    1: "Hangup", 2: "Interrupt", 3: "Quit", 4: "Illegal instruction", 5: "Trace/breakpoint trap",
    6: "Aborted", 7: "Bus error", 8: "Floating point exception", 9: "Killed",
    10: "User defined signal 1", 11: "Segmentation fault", 12: "User defined signal 2",
    13: "Broken pipe", 14: "Alarm clock", 15: "Terminated", 16: "Stack fault", 17: "Child exited",
    18: "Continued", 19: "Stopped (signal)", 20: "Stopped", 21: "Stopped (tty input)",
    22: "Stopped (tty output)", 23: "Urgent I/O condition", 24: "CPU time limit exceeded",
    25: "File size limit exceeded", 26: "Virtual timer expired", 27: "Profiling timer expired",
    28: "Window changed", 29: "I/O possible", 30: "Power failure", 31: "Bad system call",
}  # fmt: skip


def strsignal(number: int) -> str:
    """The description of a signal, as ``strsignal(3)`` gives it in the C locale."""
    if number in _TEXTS:
        return _TEXTS[number]
    if SIGRTMIN <= number <= SIGRTMAX:
        return f"Real-time signal {number - SIGRTMIN}"
    return f"Unknown signal {number}"


def name_of(number: int) -> str:
    """The name without ``SIG``, as ``kill -l`` prints it: 15 is ``TERM``, 34 ``RTMIN``."""
    if 1 <= number <= 31:
        return Sig(number).name[3:]
    if number == SIGRTMIN:
        return "RTMIN"
    if number == SIGRTMAX:
        return "RTMAX"
    if SIGRTMIN < number < SIGRTMAX:
        middle = (SIGRTMIN + SIGRTMAX) // 2
        if number <= middle:
            return f"RTMIN+{number - SIGRTMIN}"
        return f"RTMAX-{SIGRTMAX - number}"
    return str(number)


_NUMBERS = {name_of(n): n for n in range(1, NSIG + 1) if n not in (32, 33)} | {
    "CLD": 17, "IOT": 6, "POLL": 29,
}  # fmt: skip


def number_of(text: str) -> int | None:
    """The signal a player means by ``TERM``, ``SIGTERM``, ``term`` or ``15``; None if none.

    ``0`` is the null signal of kill(2) and is returned as 0.
    """
    if text.isascii() and text.isdigit():
        number = int(text) if len(text) <= 3 else 999
        return number if number <= NSIG else None
    name = text.upper()
    return _NUMBERS.get(name.removeprefix("SIG"))


def mask_of(*numbers: int) -> int:
    """A signal set as the kernel keeps it: bit ``n - 1`` is signal ``n``."""
    mask = 0
    for n in numbers:
        mask |= 1 << (n - 1)
    return mask


UNBLOCKABLE = mask_of(Sig.SIGKILL, Sig.SIGSTOP)
