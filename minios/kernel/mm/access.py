"""LOAD and STORE: a native program touches memory by address, as a machine instruction would.

They go through the memory unit of the core the process runs on. An access that faults is made
again when the fault is resolved, from the page it had come to. What costs more than a cycle
(words, walks, faults) is paid before the program's next request takes effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.abi.flags import BUS_ADRERR
from minios.abi.records import Siginfo
from minios.abi.signals import SIG_DFL, Sig
from minios.abi.syscalls import LOAD as LOAD_NR
from minios.abi.syscalls import STORE as STORE_NR
from minios.kernel import signals
from minios.kernel.mm import oom
from minios.kernel.mm.area import PAGE, PAGE_BITS
from minios.kernel.mm.fault import WALK_CYCLES, BadAccess, resolve
from minios.kernel.mm.space import AddressSpace
from minios.kernel.process import WORK_PAGES
from minios.kernel.wait import Held, WaitQueue
from minios.memory.frames import OutOfFrames
from minios.memory.mmu import LOAD, STORE, Mmu, PageFault

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.mm.memory import Memory
    from minios.kernel.process import PCB

MAX_ACCESS = 1 << 20
"""Bytes that one request moves at most, so that it is bounded host work."""
ADDRESSES = 1 << 32
MAX_ROUNDS = 1000
"""Faults of one access that are resolved before the page counts as one that nobody can give."""


class Partial:
    """How far an access over several pages has come."""

    __slots__ = ("data", "done")

    def __init__(self) -> None:
        self.data = bytearray()
        self.done = 0

    def cancel(self) -> None:
        """The process dies; nothing is to be undone."""


def load(kernel: Kernel, pcb: PCB, address: int, count: int) -> bytes | WaitQueue:
    """The bytes at an address of the caller. EFAULT for what is no address at all."""
    if type(address) is not int or type(count) is not int or not 0 <= count <= MAX_ACCESS:
        raise error(Errno.EFAULT)
    memory = kernel.mm
    space: AddressSpace = pcb.mm
    mmu = _unit(kernel, pcb, space)
    partial = pcb.progress
    walks = mmu.walks
    if partial is None:
        memory.cycles = 0
        at = _at_once(memory, mmu, space, address, count, LOAD)
        if at >= 0:
            data = memory.frames.read(at >> PAGE_BITS, at & PAGE - 1, count)
            cycles = (count - 1 >> 2) + (mmu.walks - walks) * WALK_CYCLES
            if cycles <= 0:
                return data
            _charge(kernel, pcb, LOAD_NR, data, cycles)
        partial = Partial()
    memory.pressure.end(pcb)
    while partial.done < count:
        at = address + partial.done
        found = _touch(kernel, pcb, mmu, space, at, LOAD)
        if isinstance(found, WaitQueue):
            pcb.progress = partial
            return found
        start = at & PAGE - 1
        length = min(PAGE - start, count - partial.done)
        partial.data += memory.frames.page(found >> PAGE_BITS)[start : start + length]
        partial.done += length
    cycles = (count - 1 >> 2) + (mmu.walks - walks) * WALK_CYCLES + memory.cycles
    _charge(kernel, pcb, LOAD_NR, bytes(partial.data), cycles)
    raise AssertionError  # _charge does not return


def store(kernel: Kernel, pcb: PCB, address: int, data: bytes) -> WaitQueue | None:
    """Write bytes at an address of the caller. EFAULT for what is no address at all."""
    if type(address) is not int or type(data) is not bytes or len(data) > MAX_ACCESS:
        raise error(Errno.EFAULT)
    memory = kernel.mm
    space: AddressSpace = pcb.mm
    mmu = _unit(kernel, pcb, space)
    count = len(data)
    partial = pcb.progress
    walks = mmu.walks
    if partial is None:
        memory.cycles = 0
        at = _at_once(memory, mmu, space, address, count, STORE)
        if at >= 0:
            start = at & PAGE - 1
            memory.frames.page(at >> PAGE_BITS)[start : start + count] = data
            cycles = (count - 1 >> 2) + (mmu.walks - walks) * WALK_CYCLES
            if cycles <= 0:
                return None
            _charge(kernel, pcb, STORE_NR, None, cycles)
        partial = Partial()
    memory.pressure.end(pcb)
    while partial.done < count:
        at = address + partial.done
        found = _touch(kernel, pcb, mmu, space, at, STORE)
        if isinstance(found, WaitQueue):
            pcb.progress = partial
            return found
        start = at & PAGE - 1
        length = min(PAGE - start, count - partial.done)
        memory.frames.page(found >> PAGE_BITS)[start : start + length] = data[
            partial.done : partial.done + length
        ]
        partial.done += length
    cycles = (count - 1 >> 2) + (mmu.walks - walks) * WALK_CYCLES + memory.cycles
    _charge(kernel, pcb, STORE_NR, None, cycles)
    raise AssertionError  # _charge does not return


def _at_once(
    memory: Memory, mmu: Mmu, space: AddressSpace, address: int, count: int, access: int
) -> int:
    """The physical address, if all of the access lies on one page that is there; else -1."""
    if (address & PAGE - 1) + count > PAGE or not 0 <= address < ADDRESSES:
        return -1
    try:
        at = mmu.translate(space.space, address, access)
    except PageFault:
        mmu.walks -= 1  # the same walk is made again when the fault is resolved
        mmu.tlb.misses -= 1
        return -1
    if memory.hears:
        memory.touched(at >> PAGE_BITS, write=access == STORE)
    return at


def _unit(kernel: Kernel, pcb: PCB, space: AddressSpace) -> Mmu:
    if not space.space.asid:
        kernel.mm.assign(space)
    return kernel.mm.unit(pcb.core.index if pcb.core is not None else 0)


def _charge(kernel: Kernel, pcb: PCB, nr: int, result: Any, cycles: int) -> None:
    """Give the program its result, and let it pay before what it asks for next. Raises Held."""
    kernel.finish(pcb, nr, result)
    pcb.burst += cycles * kernel.cycle_ns
    raise Held


def _touch(
    kernel: Kernel, pcb: PCB, mmu: Mmu, space: AddressSpace, address: int, access: int
) -> int | WaitQueue:
    """The physical address behind ``address``, or where to wait for it.

    Raises Held if the process is dead, or runs a handler, instead.
    """
    memory = kernel.mm
    for _ in range(MAX_ROUNDS):
        try:
            at = mmu.translate(space.space, address, access)
        except PageFault:
            try:
                queue = resolve(memory, pcb, space, address, access)
            except BadAccess as bad:
                _segv(kernel, pcb, bad)
                raise Held from None
            except OutOfFrames:
                if not oom.kill(kernel, pcb, 0):
                    kernel.terminate(pcb, Sig.SIGKILL, (0, b"kernel", 0))
                if pcb.zombie:
                    raise Held from None
                continue
            if queue is not None:
                memory.pressure.begin(pcb)
                return queue
            continue
        if memory.hears:
            memory.touched(at >> PAGE_BITS, write=access == STORE)
        return at
    _segv(kernel, pcb, BadAccess(Sig.SIGBUS, BUS_ADRERR, address, access))
    raise Held


def _segv(kernel: Kernel, pcb: PCB, bad: BadAccess) -> None:
    """Send SIGSEGV or SIGBUS for an access; after a handler the access is made again."""
    pcb.progress = None
    address = bad.address & 0xFFFFFFFF
    pcb.fault = (bad.sig, bad.code, address, bad.why)
    bit = 1 << (bad.sig - 1)
    if pcb.blocked & bit or not callable(pcb.handlers[bad.sig]):
        # A signal that its own instruction caused cannot wait or be ignored (force_sig).
        pcb.blocked &= ~bit
        pcb.handlers[bad.sig] = SIG_DFL
        kernel.log.put(
            b"%b[%d]: unhandled signal %d code 0x%x at 0x%08x"
            % (pcb.comm, pcb.pid, bad.sig, bad.code, address)
        )
    for hook in kernel.world.instruments.on_fault:
        hook(pcb, address, "denied")
    pcb.frames[-1].resume = ("request", pcb.request, kernel.cycle_ns)
    signals.post(kernel, pcb, bad.sig, info=Siginfo(bad.sig, bad.code, 0, 0, addr=address))
    if not pcb.zombie:
        kernel.leave(pcb)


def page_in(kernel: Kernel, pcb: PCB) -> bool:
    """Bring in what a native program cannot go on without; whether it must wait for that.

    It then sleeps in the pseudo request PAGEIN, from which the kernel leaves as from any call.
    """
    memory = kernel.mm
    space: AddressSpace = pcb.mm
    memory.pressure.end(pcb)
    waits: WaitQueue | None = None
    for vpn in space.image():
        entry = space.table.get(vpn)
        if not entry or entry & 1:
            continue
        for _ in range(MAX_ROUNDS):
            try:
                queue = resolve(memory, pcb, space, vpn << PAGE_BITS, LOAD)
            except BadAccess:
                break  # the program gave that part of its image away itself
            except OutOfFrames:
                oom.kill(kernel, pcb, 0)
                if pcb.zombie:
                    return True
                continue
            waits = waits or queue
            break
    if waits is None:
        pcb.work &= ~WORK_PAGES
        space.pinned = 0
        return False
    space.pinned = 1
    memory.pressure.begin(pcb)
    kernel.wait_for_pages(pcb, waits)
    return True


def pagein(kernel: Kernel, pcb: PCB) -> None:
    """The pseudo request of a process that waits for its image: on, or wait for the next page."""
    kernel.leave(pcb)
    raise Held
