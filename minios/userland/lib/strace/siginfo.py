"""siginfo_t as strace prints it (sigaction(2))."""

from minios.abi import flags, ptrace
from minios.abi.records import Siginfo
from minios.abi.signals import Sig
from minios.userland.lib.strace import tables
from minios.userland.lib.strace.text import pointer, signal_name

_CODES = {
    flags.SI_USER: "SI_USER", flags.SI_KERNEL: "SI_KERNEL", flags.SI_QUEUE: "SI_QUEUE",
    flags.SI_TKILL: "SI_TKILL",
}  # fmt: skip
_SEGV = {1: "SEGV_MAPERR", 2: "SEGV_ACCERR"}
_BUS = {1: "BUS_ADRALN", 2: "BUS_ADRERR"}


def siginfo(info: Siginfo) -> str:
    """``{si_signo=SIGINT, si_code=SI_USER, si_pid=12, si_uid=0}``."""
    head = f"{{si_signo={signal_name(info.signo)}, si_code={_code(info)}"
    return head + _rest(info) + "}"


def _code(info: Siginfo) -> str:
    if info.signo == Sig.SIGCHLD and info.code in tables.CHILD:
        return tables.CHILD[info.code]
    if info.signo == Sig.SIGSEGV and info.code in _SEGV:
        return _SEGV[info.code]
    if info.signo == Sig.SIGBUS and info.code in _BUS:
        return _BUS[info.code]
    if info.signo == Sig.SIGTRAP and info.code == ptrace.TRAP_BRKPT:
        return "TRAP_BRKPT"
    return _CODES.get(info.code, f"{info.code:#x}")


def _rest(info: Siginfo) -> str:
    sender = f", si_pid={info.pid}, si_uid={info.uid}"
    if info.signo == Sig.SIGCHLD and info.code in tables.CHILD:
        exited = info.code == flags.CLD_EXITED
        status = str(info.status) if exited else signal_name(info.status)
        return f"{sender}, si_status={status}, si_utime=0, si_stime=0"
    if info.signo in (Sig.SIGSEGV, Sig.SIGBUS) and info.code in (1, 2):
        return f", si_addr={pointer(info.addr)}"
    if info.code == flags.SI_KERNEL:
        return ""
    if info.code == flags.SI_QUEUE:
        return f"{sender}, si_int={info.value}, si_ptr={pointer(info.value)}"
    return sender
