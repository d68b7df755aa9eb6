"""select(2) on ppoll's other half: bit masks of descriptors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.signals import UNBLOCKABLE
from minios.kernel.arguments import integer
from minios.kernel.files.file import MAX_FDS
from minios.kernel.wait import Sleep, WaitQueue

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

_READ = flags.POLLIN | flags.POLLHUP | flags.POLLERR
_WRITE = flags.POLLOUT | flags.POLLERR
_EXCEPT = flags.POLLPRI

Sets = tuple[int, int, int]


def _mask(value: int | None, count: int) -> int:
    """A set's bits below ``count``; None is an empty one. EFAULT."""
    if value is None:
        return 0
    if integer(value) < 0:
        raise error(Errno.EFAULT)
    return value & (1 << count) - 1


def pselect6(
    kernel: Kernel,
    pcb: PCB,
    count: int,
    reading: int | None,
    writing: int | None,
    excepted: int | None,
    timeout: int | None,
    mask: int | None = None,
) -> Sets | Sleep:
    """pselect(2): which descriptors below ``count`` can be read, be written, or have something
    exceptional. EBADF EINTR EINVAL."""
    if integer(count) < 0:
        raise error(Errno.EINVAL)
    if timeout is not None and integer(timeout) < 0:
        raise error(Errno.EINVAL)
    count = min(count, MAX_FDS)
    wanted = (_mask(reading, count), _mask(writing, count), _mask(excepted, count))
    found = [0, 0, 0]
    queues: dict[WaitQueue, None] = {}
    table = dict(pcb.fds.items())
    left = wanted[0] | wanted[1] | wanted[2]
    while left:
        bit = left & -left
        left ^= bit
        file = table.get(bit.bit_length() - 1)
        if file is None:
            raise error(Errno.EBADF)
        events = file.poll()
        for at, kind in enumerate((_READ, _WRITE, _EXCEPT)):
            if wanted[at] & bit and events & kind:
                found[at] |= bit
        for queue in file.queues():
            queues[queue] = None
    if any(found) or timeout == 0 or pcb.expired(kernel.world.now):
        if pcb.saved_mask is not None:
            pcb.blocked, pcb.saved_mask = pcb.saved_mask, None
        return (found[0], found[1], found[2])
    if mask is not None and pcb.saved_mask is None:
        pcb.saved_mask = pcb.blocked
        pcb.blocked = integer(mask) & ~UNBLOCKABLE
    if timeout is None:
        for fd, file in table.items():
            if wanted[0] >> fd & 1:
                file.begin_wait()
    return Sleep(tuple(queues), timeout, name="do_select")
