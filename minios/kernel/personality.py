"""Personalities: which table of system calls serves a process, and what becomes of the others.

All tables share the same kernel functions. A kernel serves its own table (``personality:`` of its
machine), and a further one when ``abi.NAME`` is set in /proc/sys (as the Linux kernel has had
``/proc/sys/abi`` for its execution domains). A program of any other brand is loaded all the same:
its calls are then taken for what their numbers mean here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from minios.abi import flags, xv6
from minios.abi.errno import Errno, error
from minios.abi.personality import Dialect, Service, dialect
from minios.abi.signals import Sig
from minios.abi.syscalls import COSTS, NR, TRAP_CYCLES
from minios.kernel.wait import Sleep, WaitQueue

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB, Table

Handler = Callable[..., Any]

_VARARGS = 4
"""CO_VARARGS of a function's code: it takes what it is given."""
_ARGUMENTS = 8
"""Registers for arguments: a call made by mistake has no more."""


def assume(kernel: Kernel, pcb: PCB, brand: str) -> None:
    """Serve ``pcb``, which is about to run a program of ``brand``, by the right table."""
    native = kernel.personality
    kernel.parts.setdefault("personality", lambda: _state(kernel))
    pcb.brand = brand
    pcb.personality = brand if brand == native or kernel.sysctl.get(f"abi.{brand}") else native
    calls = _table(kernel, pcb.personality)
    if pcb.personality != brand:
        calls = Mistaken(calls)
    pcb.costs = _costs(pcb.personality)
    if pcb.seccomp is not None:
        pcb.seccomp = type(pcb.seccomp)(calls, pcb.seccomp.filters)
        calls = pcb.seccomp
    if pcb.tracer is not None:
        pcb.tracer.rebase(calls)
    else:
        pcb.calls = calls


def _state(kernel: Kernel) -> Any:
    """Plain data for the digest: whose tables are not the kernel's own."""
    return [
        (p.pid, p.brand, p.personality)
        for p in kernel.processes.values()
        if p.brand != kernel.personality
    ]


def _table(kernel: Kernel, name: str) -> Table:
    if name == "linux":
        return kernel.calls
    found: Table | None = kernel.tables.get(name)
    if found is None:
        found = kernel.tables[name] = Foreign(dialect(name), kernel.calls)
    return found


def _costs(name: str) -> Mapping[int, int]:
    if name == "linux":
        return COSTS
    services = dialect(name).services
    return {number: COSTS.get(service.nr, TRAP_CYCLES) for number, service in services.items()}


class Foreign:
    """Another table over the kernel's own functions."""

    __slots__ = ("_base", "_dialect", "_made")

    def __init__(self, spoken: Dialect, base: Table) -> None:
        self._dialect = spoken
        self._base = base
        self._made: dict[int, Handler] = {}

    def get(self, nr: int) -> Handler | None:
        if nr < 0:
            return self._base.get(nr)
        made = self._made.get(nr)
        if made is None:
            made = self._made[nr] = self._make(nr)
        return made

    def _make(self, nr: int) -> Handler:
        if nr == NR.rt_sigreturn:  # the kernel's own, at the end of a traced handler
            found = self._base.get(nr)
            assert found is not None
            return found
        service = self._dialect.services.get(nr)
        if service is None:
            return _UNKNOWN[self._dialect.table.name]
        if self._dialect.table.name == "xv6" and nr == xv6.READ:
            return self._served(service, _read_xv6)
        function = self._base.get(service.nr)
        return self._served(service, function if function is not None else _none)

    def _served(self, service: Service, function: Handler) -> Handler:
        refuse = self._dialect.refuse

        def served(kernel: Kernel, pcb: PCB, *args: Any) -> Any:
            try:
                result = function(kernel, pcb, *service.take(args))
            except OSError as err:
                raise refuse(err) from None
            if type(result) in (WaitQueue, Sleep):
                return result
            return service.give(result, args)

        return served


def _none(kernel: Kernel, pcb: PCB, *args: Any) -> Any:
    raise error(Errno.ENOSYS)


def _no_bsd_call(kernel: Kernel, pcb: PCB, *args: Any) -> Any:
    """nosys(): whoever makes a call that does not exist gets SIGSYS (FreeBSD's sigaction(2))."""
    kernel.signal(pcb, Sig.SIGSYS)
    raise OSError(78, "")


def _no_xv6_call(kernel: Kernel, pcb: PCB, *args: Any) -> Any:
    """syscall(): the console is told, and the caller gets -1."""
    kernel.log.put(b"%d %b: unknown sys call %d" % (pcb.pid, pcb.comm, pcb.request[0]))
    raise OSError(1, "")


_UNKNOWN: dict[str, Handler] = {"bsd": _no_bsd_call, "xv6": _no_xv6_call}


def _read_xv6(kernel: Kernel, pcb: PCB, fd: int, count: int) -> Any:
    """read(): of a directory it gives the entries as they lie on the disk."""
    file = pcb.fds.get(fd)
    if file.inode.mode & flags.S_IFMT != flags.S_IFDIR:
        read = kernel.calls.get(NR.read)
        assert read is not None
        return read(kernel, pcb, fd, count)
    listing = file.getdents(pcb)
    fit = listing[: max(count, 0) // xv6.ENTRY]
    file.pos -= len(listing) - len(fit)
    return xv6.entries(fit)


class Mistaken:
    """The table of a program on a kernel that takes its calls for others.

    The call that its number means here gets as many arguments as it has: those that are left over
    are not looked at, missing ones are 0. What makes no sense at all is a bad address.
    """

    __slots__ = ("_base",)

    def __init__(self, base: Table) -> None:
        self._base = base

    def get(self, nr: int) -> Handler | None:
        function = self._base.get(nr)
        if function is None or nr < 0:
            return function

        def mistaken(kernel: Kernel, pcb: PCB, *args: Any) -> Any:
            given = args
            code = function.__code__
            if not code.co_flags & _VARARGS:
                given = (*args, *([0] * _ARGUMENTS))[: code.co_argcount - 2]
            try:
                return function(kernel, pcb, *given)
            except (TypeError, ValueError, IndexError, AttributeError):
                raise error(Errno.EFAULT) from None

        return mistaken
