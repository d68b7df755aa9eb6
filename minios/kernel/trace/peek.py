"""PTRACE_PEEKDATA and PTRACE_POKEDATA: a word of a stopped process's memory (ptrace(2))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.errno import Errno, error
from minios.kernel.mm.area import PAGE, PAGE_BITS
from minios.kernel.mm.fault import BadAccess, resolve
from minios.kernel.wait import WaitQueue
from minios.memory.frames import OutOfFrames
from minios.memory.mmu import LOAD, STORE, PageFault

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

WORD = 4


def peek(kernel: Kernel, target: PCB, address: int) -> int | WaitQueue:
    """The word at an address. EIO where nothing may be read."""
    data = bytearray()
    for at in range(address, address + WORD):
        found = _frame(kernel, target, at, LOAD)
        if isinstance(found, WaitQueue):
            return found
        data.append(kernel.mm.frames.page(found >> PAGE_BITS)[at & PAGE - 1])
    return int.from_bytes(data, "little")


def poke(kernel: Kernel, target: PCB, address: int, word: int) -> int | WaitQueue:
    """Write a word. EIO where nothing may be written, text pages among them."""
    for at, byte in enumerate((word & 0xFFFFFFFF).to_bytes(WORD, "little"), address):
        found = _frame(kernel, target, at, STORE)
        if isinstance(found, WaitQueue):
            return found
        kernel.mm.frames.page(found >> PAGE_BITS)[at & PAGE - 1] = byte
    return 0


def _frame(kernel: Kernel, target: PCB, address: int, access: int) -> int | WaitQueue:
    """The physical address behind one of the target's, brought in if it has to be."""
    memory, space = kernel.mm, target.mm
    if not 0 <= address < 1 << 32:
        raise error(Errno.EIO)
    if not space.space.asid:
        memory.assign(space)
    unit = memory.unit(0)
    while True:
        try:
            at: int = unit.translate(space.space, address, access)
            return at
        except PageFault:
            pass
        try:
            queue = resolve(memory, target, space, address, access)
        except BadAccess:
            raise error(Errno.EIO) from None
        except OutOfFrames:
            raise error(Errno.ENOMEM) from None
        if queue is not None:
            return queue
