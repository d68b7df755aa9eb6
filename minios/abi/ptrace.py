"""Tracing: ptrace(2)'s requests, options and events, and seccomp(2)'s actions."""

from typing import Any, NamedTuple

PTRACE_TRACEME = 0
PTRACE_PEEKTEXT = 1
PTRACE_PEEKDATA = 2
PTRACE_POKETEXT = 4
PTRACE_POKEDATA = 5
PTRACE_CONT = 7
PTRACE_KILL = 8
PTRACE_ATTACH = 16
PTRACE_DETACH = 17
PTRACE_SYSCALL = 24
PTRACE_SETOPTIONS = 0x4200
PTRACE_GETEVENTMSG = 0x4201
PTRACE_GETSIGINFO = 0x4202
PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
PTRACE_LISTEN = 0x4208
PTRACE_GET_SYSCALL_INFO = 0x420E
PTRACE_SET_SYSCALL_INFO = 0x4212
PTRACE_PROBES = 0x4D00
"""MiniOS's own: with data 1 the tracee's library functions report their calls, with 0 no more.
ltrace(1) elsewhere plants breakpoints; here a library function has a probe that is switched on."""

PTRACE_O_TRACESYSGOOD = 0x1
PTRACE_O_TRACEFORK = 0x2
PTRACE_O_TRACEVFORK = 0x4
PTRACE_O_TRACECLONE = 0x8
PTRACE_O_TRACEEXEC = 0x10
PTRACE_O_TRACEVFORKDONE = 0x20
PTRACE_O_TRACEEXIT = 0x40
PTRACE_O_TRACESECCOMP = 0x80
PTRACE_O_EXITKILL = 0x100000
PTRACE_O_MASK = 0x1000FF

PTRACE_EVENT_FORK = 1
PTRACE_EVENT_VFORK = 2
PTRACE_EVENT_CLONE = 3
PTRACE_EVENT_EXEC = 4
PTRACE_EVENT_VFORK_DONE = 5
PTRACE_EVENT_EXIT = 6
PTRACE_EVENT_SECCOMP = 7
PTRACE_EVENT_STOP = 128

SYSCALL_INFO_NONE = 0
SYSCALL_INFO_ENTRY = 1
SYSCALL_INFO_EXIT = 2
SYSCALL_INFO_SECCOMP = 3

ERESTARTSYS = 512
"""The call is made again if the handler's action has SA_RESTART."""
ERESTARTNOINTR = 513
ERESTARTNOHAND = 514
"""It is made again if there was no handler at all."""
ERESTART_RESTARTBLOCK = 516
"""So, but with what is left of its time: restart_syscall(2)."""

TRAP_BRKPT = 1
"""si_code of the SIGTRAP of a probe."""

SECCOMP_SET_MODE_STRICT = 0
SECCOMP_SET_MODE_FILTER = 1

SECCOMP_RET_KILL_PROCESS = 0x8000_0000
SECCOMP_RET_TRAP = 0x0003_0000
SECCOMP_RET_ERRNO = 0x0005_0000
"""The low 16 bits are the errno."""
SECCOMP_RET_TRACE = 0x7FF0_0000
SECCOMP_RET_LOG = 0x7FFC_0000
SECCOMP_RET_ALLOW = 0x7FFF_0000
SECCOMP_RET_DATA = 0xFFFF


class SyscallInfo(NamedTuple):
    """What a stopped process is about to call or has called (PTRACE_GET_SYSCALL_INFO).

    ``arch`` names the table that serves its calls. ``rval`` is the result, the errno if
    ``is_error``; both arguments and results are plain data, an address for what is code.
    """

    op: int
    arch: str
    nr: int
    args: tuple[Any, ...]
    rval: Any = None
    is_error: bool = False


class Probe(NamedTuple):
    """A library function of a traced process was called, or returned ``value``."""

    name: bytes
    args: tuple[Any, ...] | None
    """None for a return."""
    value: Any = None
    out: tuple[Any, ...] = ()
    """What a call has stored for its caller."""


class Filter(NamedTuple):
    """A seccomp filter: what becomes of the calls it names, and of all others.

    Linux has a program for this; a set of numbers is what such programs mostly are.
    """

    numbers: frozenset[int]
    action: int
    otherwise: int = SECCOMP_RET_ALLOW
