"""Checking what a program passes to a system call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


def integer(value: Any) -> int:
    """EFAULT for what is no integer."""
    if not isinstance(value, int):
        raise error(Errno.EFAULT)
    return value


def find(kernel: Kernel, pcb: PCB, pid: int) -> PCB:
    """The process with this pid, the caller for 0. ESRCH."""
    found = kernel.processes.get(integer(pid)) if pid else pcb
    if found is None:
        raise error(Errno.ESRCH)
    return found
