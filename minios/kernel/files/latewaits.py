"""epoll and select, loaded when a process first uses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi.syscalls import NR

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


def epoll_create1(kernel: Kernel, pcb: PCB, cflags: int) -> Any:
    """epoll_create1(2)."""
    from minios.kernel.files.epoll import epoll_create1 as create

    return create(kernel, pcb, cflags)


def epoll_ctl(
    kernel: Kernel, pcb: PCB, epfd: int, op: int, fd: int, event: tuple[int, int] | None
) -> Any:
    """epoll_ctl(2)."""
    from minios.kernel.files.epoll import epoll_ctl as control

    return control(kernel, pcb, epfd, op, fd, event)


def epoll_pwait(
    kernel: Kernel, pcb: PCB, epfd: int, most: int, timeout: int, mask: int | None = None
) -> Any:
    """epoll_pwait(2)."""
    from minios.kernel.files.epoll import epoll_pwait as wait

    return wait(kernel, pcb, epfd, most, timeout, mask)


def pselect6(
    kernel: Kernel,
    pcb: PCB,
    count: int,
    reading: int | None,
    writing: int | None,
    excepted: int | None,
    timeout: int | None,
    mask: int | None = None,
) -> Any:
    """pselect6(2)."""
    from minios.kernel.files.select import pselect6 as select

    return select(kernel, pcb, count, reading, writing, excepted, timeout, mask)


CALLS: dict[int, Callable[..., Any]] = {
    NR.epoll_create1: epoll_create1,
    NR.epoll_ctl: epoll_ctl,
    NR.epoll_pwait: epoll_pwait,
    NR.pselect6_time64: pselect6,
}
